//! Text that is safe and aligned on a terminal: control characters made visible, widths counted in cells.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Foreign text without anything a terminal would obey.
///
/// C0, DEL and C1 characters, line breaks, bidirectional overrides and other invisible format characters become
/// `\u{..}` escapes, so that two different names never look alike because one hides something. Borrows when clean.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Cells that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `cells` cells, its middle replaced by `gap` when it does not fit: both ends of a name say something.
pub fn shorten<'a>(text: &'a str, cells: usize, gap: &str) -> Cow<'a, str> {
    let total = width(text);
    if total <= cells {
        return Cow::Borrowed(text);
    }
    let gap_width = width(gap);
    if cells <= gap_width {
        return Cow::Owned(take_start(text, cells).to_owned());
    }
    let room = cells - gap_width;
    let (head, tail) = (take_start(text, room.div_ceil(2)), take_end(text, room / 2));
    Cow::Owned(format!("{head}{gap}{tail}"))
}

/// The longest start of the text that fits into `cells` cells, cut between graphemes.
pub fn take_start(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > cells {
            return &text[..at];
        }
    }
    text
}

/// The longest end of the text that fits into `cells` cells, cut between graphemes.
pub fn take_end(text: &str, cells: usize) -> &str {
    let (mut used, mut start) = (0, text.len());
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += width(grapheme);
        if used > cells {
            break;
        }
        start = at;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_become_visible() {
        assert_eq!(clean("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(clean("a\u{202e}b\n\u{9b}"), "a\\u{202e}b\\u{a}\\u{9b}");
        assert!(matches!(clean("größe 名前"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shorten("payments-api-role", 9, "…"), "paym…role");
        assert_eq!(shorten("short", 9, "…"), "short");
        assert_eq!(shorten("名前名前", 5, "…"), "名…前");
        assert_eq!(shorten("abc", 0, "…"), "");
    }
}
