//! Opens a file of a snapshot, takes its compression off, and tells what kind of text it holds.

use std::io::{self, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::files::Files;

type Source = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// Reads through gzip and zstd, whatever the extension says: the first bytes decide.
pub enum Stream {
    Plain(Source),
    Gzip(Box<MultiGzDecoder<Source>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, io::BufReader<Source>>>),
}

impl Stream {
    pub fn open(files: &Files, path: &str) -> io::Result<Stream> {
        let mut input = files.open(path)?;
        let mut head = Vec::new();
        input.by_ref().take(4).read_to_end(&mut head)?;
        let source = |head: Vec<u8>| Cursor::new(head).chain(input);
        Ok(if head.starts_with(&[0x1f, 0x8b]) {
            Stream::Gzip(Box::new(MultiGzDecoder::new(source(head))))
        } else if head == [0x28, 0xb5, 0x2f, 0xfd] {
            Stream::Zstd(Box::new(zstd::stream::read::Decoder::new(source(head))?))
        } else {
            Stream::Plain(source(head))
        })
    }

    /// How its data is packed, for messages.
    pub fn packing(&self) -> &'static str {
        match self {
            Stream::Plain(_) => "",
            Stream::Gzip(_) => "gzip",
            Stream::Zstd(_) => "zstd",
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(input) => input.read(buffer),
            Stream::Gzip(input) => input.read(buffer),
            Stream::Zstd(input) => input.read(buffer),
        }
    }
}

/// The first bytes of a file, decompressed.
pub fn head(files: &Files, path: &str, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Stream::open(files, path)?.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file holds, by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Json,
    Yaml,
    /// Nothing but white space.
    Empty,
    /// What a tool said instead of an answer, in one line.
    Message {
        text: String,
        denied: bool,
    },
    /// Something else, in words.
    Other(&'static str),
}

/// Judges the beginning of a decompressed file.
pub fn content(head: &[u8]) -> Content {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Content::Other("UTF-16 text");
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let near = &head[..head.len().min(4096)];
    let zeros = near.iter().filter(|byte| **byte == 0).count();
    if zeros > 0 {
        let every_other = |from: usize| near.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
        let half = near.len() / 2;
        let utf16 = near.len() >= 4 && (every_other(0) * 10 > half * 8 || every_other(1) * 10 > half * 8);
        return Content::Other(if utf16 { "UTF-16 text" } else { "binary data" });
    }
    let Some(start) = near.iter().position(|byte| !byte.is_ascii_whitespace()) else { return Content::Empty };
    let body = &near[start..];
    match body[0] {
        b'{' | b'[' | b'"' => return Content::Json,
        b'<' => {
            let lower = body[..body.len().min(200)].to_ascii_lowercase();
            let html = memchr::memmem::find(&lower, b"<html").is_some() || lower.starts_with(b"<!doctype html");
            return Content::Other(if html { "an HTML page" } else { "an XML document" });
        }
        byte if byte < 0x20 || byte == 0x7f => return Content::Other("binary data"),
        _ => {}
    }
    let Ok(text) = std::str::from_utf8(body).or_else(|error| match error.error_len() {
        // The piece ends inside a character.
        None => std::str::from_utf8(&body[..error.valid_up_to()]),
        Some(_) => Err(error),
    }) else {
        let odd = body.iter().filter(|byte| **byte < 0x20 && !byte.is_ascii_whitespace()).count();
        return Content::Other(if odd > 0 { "binary data" } else { "text that is not UTF-8" });
    };
    let line = text.lines().next().unwrap_or_default().trim();
    const SAID: &[&str] = &[
        "An error occurred",
        "Error from server",
        "error:",
        "Error:",
        "Unable to locate credentials",
        "The connection to the server",
        "No resources found",
        "aws: error",
        "usage:",
        "Unable to connect",
    ];
    if SAID.iter().any(|start| line.starts_with(start)) {
        const DENIED: &[&str] = &["AccessDenied", "Forbidden", "forbidden", "UnauthorizedOperation", "not authorized"];
        let denied = DENIED.iter().any(|word| line.contains(word));
        return Content::Message { text: crate::base::text::clean(line).chars().take(400).collect(), denied };
    }
    let yaml = line.starts_with("---")
        || line.starts_with("- ")
        || line.starts_with('#')
        || line.starts_with('%')
        || line.split_once(':').is_some_and(|(key, rest)| {
            (rest.is_empty() || rest.starts_with(' ')) && !key.is_empty() && !key.contains(char::is_whitespace)
        });
    if yaml { Content::Yaml } else { Content::Other("text that is neither JSON nor YAML") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_told_by_the_first_bytes() {
        for (bytes, expected) in [
            (&b" \n{\"items\":[]}"[..], Content::Json),
            (b"\xef\xbb\xbf[]", Content::Json),
            (b"apiVersion: v1\nitems:\n", Content::Yaml),
            (b"---\n", Content::Yaml),
            (b" \n\t", Content::Empty),
            (b"", Content::Empty),
            (b"\xff\xfe{\0", Content::Other("UTF-16 text")),
            (b"{\0\"\0a\0", Content::Other("UTF-16 text")),
            (b"\x7fELF\x02\x01\0\0\0", Content::Other("binary data")),
            (b"<!DOCTYPE html><html>", Content::Other("an HTML page")),
            (b"<?xml version=\"1.0\"?><Error/>", Content::Other("an XML document")),
            (b"gr\xfc\xdfe", Content::Other("text that is not UTF-8")),
            (b"hello there", Content::Other("text that is neither JSON nor YAML")),
        ] {
            assert_eq!(content(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_a_tool_said_instead_of_an_answer_is_kept() {
        let text = "An error occurred (AccessDenied) when calling the ListRoles operation: no";
        assert_eq!(content(text.as_bytes()), Content::Message { text: text.to_owned(), denied: true });
    }
}
