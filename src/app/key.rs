//! Keys as the program knows them: what every terminal can send, and no more.

use std::fmt;

/// A key without its modifiers. Shift is in the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// One key press. Alt is left out: no binding uses it, and many terminals send it as escape and a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub code: Code,
    /// Only ever set together with a lower case letter or a named key.
    pub ctrl: bool,
}

/// Names of the keys that are no characters, as config files and help write them.
const NAMED: [(&str, Code); 16] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("del", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
    ("comma", Code::Char(',')),
];

impl Key {
    pub const fn new(code: Code) -> Key {
        Key { code, ctrl: false }
    }

    pub const fn char(character: char) -> Key {
        Key::new(Code::Char(character))
    }

    pub const fn ctrl(character: char) -> Key {
        Key { code: Code::Char(character), ctrl: true }
    }

    /// Reads the form that [`fmt::Display`] writes, names in any case: `j`, `ctrl-d`, `shift-tab`, `F1`, `PgDn`.
    pub fn parse(text: &str) -> Option<Key> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == lower) {
            return Some(Key::new(*code));
        }
        if let Some(rest) = lower.strip_prefix("ctrl-") {
            let key = Key::parse(rest)?;
            return (!key.ctrl).then_some(Key { ctrl: true, ..key });
        }
        if let Some(number) = lower.strip_prefix('f')
            && let Ok(number @ 1..=12) = number.parse()
        {
            return Some(Key::new(Code::F(number)));
        }
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_control() && character != ' ' => Some(Key::char(character)),
            _ => None,
        }
    }

    /// The character that the key puts into an input.
    pub fn text(self) -> Option<char> {
        match self.code {
            Code::Char(character) if !self.ctrl => Some(character),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        match self.code {
            Code::Up => f.write_str("up"),
            Code::F(number) => write!(f, "F{number}"),
            code => match NAMED.iter().find(|(_, it)| *it == code) {
                Some((name, _)) if *name != "comma" => f.write_str(name),
                _ => match code {
                    Code::Char(character) => write!(f, "{character}"),
                    _ => Ok(()),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_is_written() {
        for text in ["j", "G", "ctrl-d", "shift-tab", "F1", "pgdn", "space", "/", "-", ",", "enter", "f", "~"] {
            assert_eq!(Key::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Key::parse("PgDn"), Some(Key::new(Code::PageDown)));
        for text in ["", "ab", "ctrl-", "ctrl-ctrl-a", "F13", "alt-x"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
