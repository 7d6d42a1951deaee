//! The outer form of a saved snapshot: a header that can be read alone, a directory of frames, and the frames.
//!
//! ```text
//! magic      8 bytes    89 R W S N A P 0A
//! schema     u32        what the rest means; a reader knows the schemas up to its own
//! header     u32        its length, then JSON (see `Header`)
//! frames     u32        how many, then 32 bytes each: kind, owner, list, values, base (u32 each), unpacked and packed
//!                       length (u32 each), CRC-32 of the packed bytes
//! checksum   u32        CRC-32 of everything above
//! data       frame after frame, each compressed with zstd on its own
//! ```
//!
//! All numbers are little-endian. Nothing follows the last frame.

use rayon::prelude::*;

use super::problem::Damage;

pub const MAGIC: [u8; 8] = *b"\x89RWSNAP\n";

/// Number of the format. A change to what is written needs a new one, and a reader for the old one.
pub const SCHEMA: u32 = 1;

/// Unpacked bytes after which a writer begins a new frame: small enough that all cores have work.
pub const FULL: usize = 1 << 20;

/// The longest header, the most frames and the largest unpacked frame that a reader believes.
const HEADER_LIMIT: usize = 4 << 20;
const FRAMES_LIMIT: usize = 1 << 16;
const FRAME_LIMIT: usize = 256 << 20;
/// How many unpacked bytes a packed byte of a file may stand for, over a floor that every file has. Real files stay
/// below 40; zstd itself would allow tens of thousands.
const RATIO_LIMIT: usize = 256;
const RATIO_FLOOR: usize = 16 << 20;

const ENTRY: usize = 32;

/// Level 3 packs 5 % larger than 9 and four times as fast.
const LEVEL: i32 = 3;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum FrameKind {
    Texts = 0,
    Labels = 1,
    Rules = 2,
    Managers = 3,
    Specs = 4,
    Templates = 5,
    /// Places, readings and coverage.
    Index = 6,
    /// Objects of one list.
    Objects = 7,
}

impl FrameKind {
    const ALL: [FrameKind; 8] = [
        FrameKind::Texts,
        FrameKind::Labels,
        FrameKind::Rules,
        FrameKind::Managers,
        FrameKind::Specs,
        FrameKind::Templates,
        FrameKind::Index,
        FrameKind::Objects,
    ];
}

/// One frame before it is packed.
#[derive(Debug)]
pub struct Frame {
    pub kind: FrameKind,
    /// Number of the cluster, account or region that objects belong to, in the order of the index.
    pub owner: u32,
    /// Number of the list of that owner.
    pub list: u32,
    /// How many values it holds.
    pub values: u32,
    /// How many texts the file had said before this frame.
    pub base: u32,
    pub bytes: Vec<u8>,
}

/// The directory entry of one frame.
#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: FrameKind,
    pub owner: u32,
    pub list: u32,
    pub values: u32,
    pub base: u32,
    pub unpacked: usize,
    /// Where its packed bytes stand in the file.
    pub start: usize,
    pub packed: usize,
    checksum: u32,
    /// Its number in the directory.
    pub number: usize,
}

impl Entry {
    pub fn place(&self) -> String {
        format!("frame {} ({:?})", self.number, self.kind).to_lowercase()
    }
}

/// Puts header and frames into one file.
pub fn assemble(header: &str, frames: &[Frame]) -> Vec<u8> {
    let packed: Vec<Vec<u8>> = frames
        .par_iter()
        .map(|frame| zstd::bulk::compress(&frame.bytes, LEVEL).expect("packing into memory has no way to fail"))
        .collect();
    let size = packed.iter().map(Vec::len).sum::<usize>();
    let mut file = Vec::with_capacity(size + header.len() + ENTRY * frames.len() + 32);
    let number = |file: &mut Vec<u8>, number: usize| {
        let number = u32::try_from(number).expect("frames are cut long before 4 GiB");
        file.extend_from_slice(&number.to_le_bytes());
    };
    file.extend_from_slice(&MAGIC);
    number(&mut file, SCHEMA as usize);
    number(&mut file, header.len());
    file.extend_from_slice(header.as_bytes());
    number(&mut file, frames.len());
    for (frame, packed) in frames.iter().zip(&packed) {
        for value in [frame.kind as u32, frame.owner, frame.list, frame.values, frame.base] {
            number(&mut file, value as usize);
        }
        number(&mut file, frame.bytes.len());
        number(&mut file, packed.len());
        number(&mut file, crc32fast::hash(packed) as usize);
    }
    let checksum = crc32fast::hash(&file);
    number(&mut file, checksum as usize);
    packed.iter().for_each(|packed| file.extend_from_slice(packed));
    file
}

/// The beginning of a file taken apart: header text and directory.
#[derive(Clone, Debug)]
pub struct Outline {
    pub schema: u32,
    pub header: String,
    pub entries: Vec<Entry>,
    /// Where the frames begin.
    pub data: usize,
}

/// Reads numbers of the beginning of a file.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize, what: &str) -> Result<&'a [u8], Damage> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            let place = format!("byte {} ({what})", self.at);
            let found = format!("the end of the file at byte {}", self.bytes.len());
            return Err(Damage::new(place, found, format!("{length} bytes")));
        };
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn number(&mut self, what: &str) -> Result<u32, Damage> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were taken")))
    }

    fn length(&mut self, what: &str, limit: usize) -> Result<usize, Damage> {
        let place = format!("byte {} ({what})", self.at);
        let length = self.number(what)? as usize;
        if length > limit {
            return Err(Damage::new(place, length.to_string(), format!("at most {limit}")));
        }
        Ok(length)
    }
}

/// How many more bytes the beginning of a file has; `None` once it is whole or cannot be one.
pub fn wanted(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    let fixed = MAGIC.len() + 8;
    let Some(header) = number(fixed - 4) else { return Some(fixed - bytes.len()) };
    if !bytes.starts_with(&MAGIC) || header > HEADER_LIMIT {
        return None;
    }
    let Some(frames) = number(fixed + header) else { return Some(fixed + header + 4 - bytes.len()) };
    let end = fixed + header + 4 + frames.min(FRAMES_LIMIT) * ENTRY + 4;
    (end > bytes.len()).then(|| end - bytes.len())
}

/// Reads the beginning of a file: magic, schema, header, directory. `bytes` may end behind the directory.
pub fn outline(bytes: &[u8]) -> Result<Outline, Damage> {
    let mut cursor = Cursor { bytes, at: 0 };
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if magic != MAGIC {
        return Err(Damage::new("byte 0", describe(magic), "a saved snapshot of rolewalk"));
    }
    cursor.take(MAGIC.len(), "magic")?;
    let schema = cursor.number("schema")?;
    if schema == 0 || schema > SCHEMA {
        let expected = format!("schema 1 to {SCHEMA}, which this version reads; a newer rolewalk reads newer ones");
        return Err(Damage::new("byte 8", format!("schema {schema}"), expected));
    }
    let length = cursor.length("length of the header", HEADER_LIMIT)?;
    let at = cursor.at;
    let header = std::str::from_utf8(cursor.take(length, "header")?)
        .map_err(|_| Damage::new(format!("byte {at} (header)"), "bytes that are no text", "JSON"))?
        .to_owned();
    let count = cursor.length("number of frames", FRAMES_LIMIT)?;
    let mut entries = Vec::with_capacity(count.min(bytes.len() / ENTRY + 1));
    for number in 0..count {
        let at = cursor.at;
        let kind = cursor.number("kind of a frame")? as usize;
        let Some(kind) = FrameKind::ALL.get(kind).copied() else {
            return Err(Damage::new(format!("byte {at} (kind of frame {number})"), kind.to_string(), "a known kind"));
        };
        let what = "entry of a frame";
        let (owner, list, values, base) =
            (cursor.number(what)?, cursor.number(what)?, cursor.number(what)?, cursor.number(what)?);
        let unpacked = cursor.length("unpacked length of a frame", FRAME_LIMIT)?;
        let packed = cursor.number(what)? as usize;
        let checksum = cursor.number(what)?;
        entries.push(Entry { kind, owner, list, values, base, unpacked, start: 0, packed, checksum, number });
    }
    let covered = cursor.at;
    let found = cursor.number("checksum")?;
    let expected = crc32fast::hash(&bytes[..covered]);
    if found != expected {
        let place = format!("byte {covered} (checksum of header and directory)");
        return Err(Damage::new(place, format!("{found:08x}"), format!("{expected:08x}")));
    }
    let data = cursor.at;
    let mut start = data;
    for entry in &mut entries {
        entry.start = start;
        start = start.saturating_add(entry.packed);
    }
    Ok(Outline { schema, header, entries, data })
}

/// Checks that a file is as long as its directory says, and that it does not unpack into more than files do.
pub fn check_size(outline: &Outline, length: usize) -> Result<(), Damage> {
    let end = outline.entries.last().map_or(outline.data, |last| last.start.saturating_add(last.packed));
    if end != length {
        return Err(Damage::new("the end of the file", format!("{length} bytes"), format!("{end} bytes")));
    }
    let unpacked = outline.entries.iter().fold(0_usize, |sum, entry| sum.saturating_add(entry.unpacked));
    let limit = length.saturating_mul(RATIO_LIMIT).saturating_add(RATIO_FLOOR);
    if unpacked > limit {
        return Err(Damage::new("the directory", format!("{unpacked} unpacked bytes"), format!("at most {limit}")));
    }
    Ok(())
}

/// Unpacks one frame after checking it. `file` was found to be long enough by [`check_size`].
pub fn unpack(file: &[u8], entry: &Entry) -> Result<Vec<u8>, Damage> {
    let packed = entry
        .start
        .checked_add(entry.packed)
        .and_then(|end| file.get(entry.start..end))
        .ok_or_else(|| Damage::new(entry.place(), "the end of the file", format!("{} bytes", entry.packed)))?;
    let found = crc32fast::hash(packed);
    if found != entry.checksum {
        let expected = format!("{:08x}", entry.checksum);
        return Err(Damage::new(format!("checksum of {}", entry.place()), format!("{found:08x}"), expected));
    }
    let bytes = zstd::bulk::decompress(packed, entry.unpacked)
        .map_err(|error| Damage::new(entry.place(), format!("damaged zstd data ({error})"), "zstd data"))?;
    if bytes.len() != entry.unpacked {
        let expected = format!("{} as the directory says", entry.unpacked);
        return Err(Damage::new(entry.place(), format!("{} unpacked bytes", bytes.len()), expected));
    }
    Ok(bytes)
}

/// What a file seems to be by its first bytes, for people who named the wrong one.
fn describe(start: &[u8]) -> String {
    let text = start.trim_ascii_start();
    match start {
        [] => "an empty file".to_owned(),
        [0x1f, 0x8b, ..] => "a gzip file".to_owned(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "a zstd file".to_owned(),
        _ if text.starts_with(b"{") || text.starts_with(b"[") => {
            "JSON (a single dump is read as part of its directory: pass that)".to_owned()
        }
        _ if MAGIC.starts_with(start) => format!("{} bytes of a saved snapshot", start.len()),
        _ => format!("`{}`", start.escape_ascii()),
    }
}
