//! Damaged, foreign and hostile files: an error that names file, place, found and expected; never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;
use rolewalk::ingest::Options;
use rolewalk::ingest::saved::{Saved, encode};

use super::demo_inventory;

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| encode(&demo_inventory()));

fn load(bytes: &[u8]) -> Result<(), String> {
    let saved = Saved::from_bytes("x.rwsnap", bytes.to_vec()).map_err(|error| error.to_string())?;
    saved.load(Options::default()).map(drop).map_err(|error| error.to_string())
}

fn error(bytes: &[u8]) -> String {
    load(bytes).expect_err("it is damaged")
}

#[test]
fn foreign_files_are_named_for_what_they_are() {
    let expected = "expected a saved snapshot of rolewalk";
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"{\"items\":[]}", "JSON (a single dump is read as part of its directory: pass that)"),
        (b"\x1f\x8b\x08\0", "a gzip file"),
        (b"hello world", "`hello wo`"),
        (b"\x89RWS", "4 bytes of a saved snapshot"),
    ] {
        let said = error(bytes);
        assert_eq!(said, format!("cannot read the saved snapshot `x.rwsnap`: byte 0: found {found}, {expected}"));
    }
}

#[test]
fn a_newer_file_says_which_schemas_are_read() {
    let mut newer = FILE.clone();
    newer[8] = 200;
    assert_eq!(
        error(&newer),
        "cannot read the saved snapshot `x.rwsnap`: byte 8: found schema 200, expected schema 1 to 1, which this \
         version reads; a newer rolewalk reads newer ones"
    );
}

#[test]
fn a_file_that_was_cut_says_where() {
    let whole = FILE.len();
    assert!(
        error(&FILE[..whole - 1])
            .contains(&format!("the end of the file: found {} bytes, expected {whole}", whole - 1))
    );
    assert!(error(&FILE[..40]).contains("(header): found the end of the file at byte 40, expected"));
    let mut longer = FILE.clone();
    longer.push(0);
    assert!(error(&longer).contains(&format!("found {} bytes, expected {whole} bytes", whole + 1)));
}

#[test]
fn a_flipped_byte_of_a_frame_is_found_by_its_checksum() {
    let mut flipped = FILE.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    assert!(error(&flipped).contains("checksum of frame"), "{}", error(&flipped));
}

/// A file around one frame: checksums are right, whatever else is said.
fn crafted(unpacked: u32, packed: &[u8]) -> Vec<u8> {
    let header =
        r#"{"version":"0.1.0","data_time":null,"clusters":[],"accounts":[],"gaps":0,"redacted":false,"counts":{}}"#;
    let mut file = b"\x89RWSNAP\n".to_vec();
    file.extend(1_u32.to_le_bytes());
    file.extend((header.len() as u32).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(1_u32.to_le_bytes());
    for number in [0, 0, 0, 1, 0, unpacked, packed.len() as u32, crc32fast::hash(packed)] {
        file.extend(number.to_le_bytes());
    }
    file.extend(crc32fast::hash(&file).to_le_bytes());
    file.extend(packed);
    file
}

#[test]
fn a_small_file_cannot_unpack_into_a_large_one() {
    let bomb = zstd::bulk::compress(&vec![b'a'; 200 << 20], 3).expect("packed");
    assert!(bomb.len() < 100_000);
    let said = error(&crafted(200 << 20, &bomb));
    assert!(said.contains("the directory: found 209715200 unpacked bytes, expected at most"), "{said}");
    // What the directory does not admit is not unpacked either.
    let said = error(&crafted(1000, &bomb));
    assert!(said.contains("damaged zstd data"), "{said}");
    let said = error(&crafted(1000, b"no zstd"));
    assert!(said.contains("damaged zstd data"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_and_cut_files_give_an_error_or_the_estate(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = FILE.clone();
        for (at, mask) in &flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = &cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let changed = bytes != *FILE;
        match load(&bytes) {
            Ok(()) => prop_assert!(!changed),
            Err(said) => {
                prop_assert!(changed);
                prop_assert!(said.contains("`x.rwsnap`") && said.contains("found") && said.contains("expected"), "{}", said);
            }
        }
    }

    /// Damage that the checksums do not see, since whoever made it made them too.
    #[test]
    fn hostile_frames_with_right_checksums_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let bytes = reframed(&FILE, |frames| {
            for (frame, at, byte) in &flips {
                let at_frame = frame.index(frames.len());
                let frame = &mut frames[at_frame];
                if !frame.is_empty() {
                    let at = at.index(frame.len());
                    frame[at] = *byte;
                }
            }
        });
        // Names may be changed without a trace; everything else is refused.
        let _ = load(&bytes);
    }
}

/// Takes a file apart, changes its unpacked frames, and puts it together with right lengths and checksums.
fn reframed(file: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let directory = 16 + number(12) + 4;
    let count = number(directory - 4);
    let mut data = directory + 32 * count + 4;
    let mut frames: Vec<Vec<u8>> = (0..count)
        .map(|frame| {
            let (unpacked, packed) = (number(directory + 32 * frame + 20), number(directory + 32 * frame + 24));
            data += packed;
            zstd::bulk::decompress(&file[data - packed..data], unpacked).expect("whole")
        })
        .collect();
    change(&mut frames);
    let mut out = file[..directory].to_vec();
    let packed: Vec<Vec<u8>> = frames.iter().map(|it| zstd::bulk::compress(it, 1).expect("packed")).collect();
    for (frame, packed) in packed.iter().enumerate() {
        out.extend(&file[directory + 32 * frame..directory + 32 * frame + 20]);
        for number in [frames[frame].len() as u32, packed.len() as u32, crc32fast::hash(packed)] {
            out.extend(number.to_le_bytes());
        }
    }
    out.extend(crc32fast::hash(&out).to_le_bytes());
    packed.iter().for_each(|packed| out.extend(packed));
    out
}

#[test]
fn taking_apart_and_putting_together_changes_nothing() {
    assert_eq!(load(&reframed(&FILE, |_| {})), Ok(()));
}
