//! The stored text of one object, found again in its file.

use std::io::{self, Read};

use serde_json::value::RawValue;

use crate::model::facts::meta::Origin;

use super::Snapshot;
use super::files::reason;
use super::stream::Stream;

/// The longest object that is shown; longer ones are not read either.
const LIMIT: u64 = 16 << 20;

impl Snapshot {
    /// The text of an object as it is stored, keys in order, moved to the left margin. Reads the file up to it again.
    ///
    /// # Errors
    /// Why the text cannot be shown: it came over the network, the file is gone or was changed meanwhile.
    pub fn raw(&self, origin: &Origin) -> Result<String, String> {
        if origin.file.is_empty() {
            return Err("it was not read from a file".to_owned());
        }
        let found =
            self.stored(origin).map_err(|error| format!("cannot read `{}`: {}", origin.file, reason(&error)))?;
        found.map(|text| to_margin(&text)).ok_or_else(|| format!("`{}` has changed since it was read", origin.file))
    }

    fn stored(&self, origin: &Origin) -> io::Result<Option<String>> {
        let mut stream = Stream::open(self.files(), &origin.file)?;
        let before = io::copy(&mut stream.by_ref().take(origin.offset), &mut io::sink())?;
        if before < origin.offset {
            return Ok(None);
        }
        if origin.length == 0 {
            // The end of a list element is not noted; its syntax tells it.
            let mut values = serde_json::Deserializer::from_reader(stream.take(LIMIT)).into_iter::<Box<RawValue>>();
            return match values.next() {
                Some(Ok(value)) => Ok(Some(String::from(Box::<str>::from(value)))),
                Some(Err(error)) if error.is_io() => Err(error.into()),
                _ => Ok(None),
            };
        }
        let mut text = Vec::new();
        stream.take(u64::from(origin.length).min(LIMIT)).read_to_end(&mut text)?;
        let whole = text.len() as u64 == u64::from(origin.length);
        Ok(whole.then(|| String::from_utf8_lossy(&text).into_owned()))
    }
}

/// Takes the indentation off that an object had because of where it stood: that of its last line.
fn to_margin(text: &str) -> String {
    let text = text.trim_end();
    let Some((first, rest)) = text.split_once('\n') else { return text.to_owned() };
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    // The closing brace of JSON; in YAML the first line is a dash or a key, and every line keeps its depth to it.
    let surplus = rest.lines().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or(0);
    let mut out = first.to_owned();
    for line in rest.lines() {
        out.push('\n');
        out.push_str(line.get(surplus.min(indentation(line))..).unwrap_or(line));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Options;
    use crate::ingest::files::Files;

    const PODS: &[u8] =
        b"{\"kind\": \"List\", \"items\": [\n    {\n        \"z\": 1,\n        \"a\": \"}\"\n    },\n    {}]}";

    fn raw(offset: u64, length: u32) -> Result<String, String> {
        let files = Files::Embedded(&[("clusters/a/pods.json", PODS)]);
        let snapshot = Snapshot::open(files, Options::default()).expect("it is there");
        snapshot.raw(&Origin { file: "clusters/a/pods.json".into(), offset, length, ..Origin::default() })
    }

    #[test]
    fn an_object_is_found_again_and_moved_to_the_margin() {
        let start = 32;
        assert_eq!(PODS[start], b'{');
        let expected = "{\n    \"z\": 1,\n    \"a\": \"}\"\n}";
        assert_eq!(raw(start as u64, 0).as_deref(), Ok(expected));
        assert_eq!(raw(start as u64, 45).as_deref(), Ok(expected));
    }

    #[test]
    fn a_file_that_changed_is_an_error_and_not_another_text() {
        for offset in [3, 5000] {
            assert!(raw(offset, 0).expect_err("nothing stands there").contains("has changed"));
        }
        assert!(raw(32, 5000).is_err());
    }

    #[test]
    fn an_object_of_the_network_has_no_stored_text() {
        let snapshot = Snapshot::open(Files::Embedded(&[]), Options::default()).expect("empty");
        assert!(snapshot.raw(&Origin::default()).is_err());
    }
}
