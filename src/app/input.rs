//! A line of input with readline keys and a history.

use tui_input::{Input as Buffer, InputRequest};

use super::key::{Code, Key};

/// What an input line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    Filter,
    Search,
    Command,
    Save,
    /// The action and resource of a question.
    Explain,
    /// A resource and an action or level.
    WhoCan,
    /// Why a finding is accepted, and until when.
    Reason,
    Until,
}

impl Purpose {
    pub fn prompt(self) -> &'static str {
        match self {
            Purpose::Filter => "filter ",
            Purpose::Search => "search ",
            Purpose::Command => ":",
            Purpose::Save => "save as ",
            Purpose::Explain => "explain ",
            Purpose::WhoCan => "who can ",
            Purpose::Reason => "accept because ",
            Purpose::Until => "accept until ",
        }
    }
}

/// An open input line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    buffer: Buffer,
    /// Position in the history while looking through it.
    past: Option<usize>,
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Changed,
    Moved,
    Accepted,
    Cancelled,
    Complete,
    Ignored,
}

impl Line {
    pub fn new(text: &str) -> Line {
        Line { buffer: Buffer::from(text), past: None }
    }

    pub fn text(&self) -> &str {
        self.buffer.value()
    }

    /// The text in front of the cursor.
    pub fn before_cursor(&self) -> &str {
        let text = self.text();
        let end = text.char_indices().nth(self.buffer.cursor()).map_or(text.len(), |(at, _)| at);
        &text[..end]
    }

    pub fn set(&mut self, text: &str) {
        self.buffer = Buffer::from(text);
    }

    /// Pasted text, in one line.
    pub fn insert(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for character in words.join(" ").chars().filter(|it| !it.is_control()) {
            self.buffer.handle(InputRequest::InsertChar(character));
        }
    }

    /// Takes a key: readline's, arrows for the history (newest last), tab to complete.
    pub fn key(&mut self, key: Key, history: &[String]) -> Typed {
        let request = match (key.ctrl, key.code) {
            (false, Code::Enter) => return Typed::Accepted,
            (false, Code::Esc) | (true, Code::Char('c')) => return Typed::Cancelled,
            (false, Code::Tab) => return Typed::Complete,
            (false, Code::Up) | (true, Code::Char('p')) => return self.recall(history, -1),
            (false, Code::Down) | (true, Code::Char('n')) => return self.recall(history, 1),
            (false, Code::Char(character)) => InputRequest::InsertChar(character),
            (false, Code::Backspace) => InputRequest::DeletePrevChar,
            (false, Code::Delete) | (true, Code::Char('d')) => InputRequest::DeleteNextChar,
            (false, Code::Left) | (true, Code::Char('b')) => InputRequest::GoToPrevChar,
            (false, Code::Right) | (true, Code::Char('f')) => InputRequest::GoToNextChar,
            (true, Code::Left) => InputRequest::GoToPrevWord,
            (true, Code::Right) => InputRequest::GoToNextWord,
            (false, Code::Home) | (true, Code::Char('a')) => InputRequest::GoToStart,
            (false, Code::End) | (true, Code::Char('e')) => InputRequest::GoToEnd,
            (true, Code::Char('w')) => InputRequest::DeletePrevWord,
            (true, Code::Char('u')) => InputRequest::DeleteFromStart,
            (true, Code::Char('k')) => InputRequest::DeleteTillEnd,
            (true, Code::Char('y')) => InputRequest::Yank,
            _ => return Typed::Ignored,
        };
        match self.buffer.handle(request) {
            Some(change) if change.value => Typed::Changed,
            Some(_) => Typed::Moved,
            None => Typed::Ignored,
        }
    }

    fn recall(&mut self, history: &[String], step: isize) -> Typed {
        let now = self.past.unwrap_or(history.len());
        let Some(next) = now.checked_add_signed(step).filter(|next| *next <= history.len()) else {
            return Typed::Ignored;
        };
        self.past = Some(next);
        self.buffer = Buffer::from(history.get(next).map_or("", String::as_str));
        Typed::Changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readline_keys_edit_and_arrows_recall() {
        let mut line = Line::default();
        for character in "ns:pay x".chars() {
            line.key(Key::char(character), &[]);
        }
        assert_eq!(line.key(Key::ctrl('w'), &[]), Typed::Changed);
        assert_eq!(line.text(), "ns:pay ");
        line.key(Key::ctrl('u'), &[]);
        assert_eq!(line.text(), "");
        let history = ["a".to_owned(), "b".to_owned()];
        line.key(Key::new(Code::Up), &history);
        line.key(Key::new(Code::Up), &history);
        assert_eq!(line.text(), "a");
        assert_eq!(line.key(Key::new(Code::Up), &history), Typed::Ignored);
    }

    #[test]
    fn pasted_text_becomes_one_line_without_control_characters() {
        let mut line = Line::default();
        line.insert("a\nb\u{1b}[31m\tc");
        assert_eq!(line.text(), "a b[31m c");
    }
}
