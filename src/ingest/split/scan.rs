//! Finds the end of one JSON value without reading it: strings, escapes and brackets only.

/// Steps through a value in pieces of any size. Brackets are counted, not matched with each other.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// A number or a word at the top: it ends where something else begins.
    in_word: bool,
}

impl Scan {
    /// Goes over the next piece. `Some(n)`: the value ends behind `n` bytes of it.
    pub fn feed(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                let stop = memchr::memchr2(b'"', b'\\', &piece[at..])?;
                at += stop + 1;
                if piece[at - 1] == b'\\' {
                    self.escaped = true;
                    continue;
                }
                self.in_string = false;
                if self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match piece[at] {
                b'"' if self.in_word => return Some(at),
                b'"' => self.in_string = true,
                b'{' | b'[' if self.in_word => return Some(at),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    if self.depth <= 1 {
                        // At depth 0 the bracket belongs to what is around the value.
                        return Some(if self.depth == 1 { at + 1 } else { at });
                    }
                    self.depth -= 1;
                }
                b',' | b':' if self.depth == 0 => return Some(at),
                b' ' | b'\t' | b'\r' | b'\n' if self.in_word => return Some(at),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.in_word = self.depth == 0,
            }
            at += 1;
        }
        None
    }

    /// The input may end here: what was seen is a whole word or number.
    pub fn is_whole_at_end(&self) -> bool {
        self.in_word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, piece: usize) -> Option<usize> {
        let (mut scan, mut seen) = (Scan::default(), 0);
        for part in text.as_bytes().chunks(piece) {
            if let Some(more) = scan.feed(part) {
                return Some(seen + more);
            }
            seen += part.len();
        }
        None
    }

    #[test]
    fn the_end_does_not_depend_on_how_the_text_comes() {
        for (text, expected) in [
            (r#"{"a":"}\"","b":[{}]}, x"#, Some(20)),
            (r#""a\\" "#, Some(5)),
            ("12, 3", Some(2)),
            ("true]", Some(4)),
            (r#"[["\u005d"]"#, None),
            ("]", Some(0)),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(end(text, piece), expected, "{text} by {piece}");
            }
        }
    }
}
