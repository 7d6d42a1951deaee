//! What the terminal reports, as messages of the app.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use smallvec::{SmallVec, smallvec};

use crate::app::{Code, Key, Mouse, MouseKind, Msg};

/// The messages of one event: none for what the app does not know (key releases, focus, mouse motion), two for a key
/// with alt.
pub fn messages(event: Event) -> SmallVec<[Msg; 2]> {
    match event {
        Event::Key(key) => keys(key).into_iter().map(Msg::Key).collect(),
        Event::Paste(text) => smallvec![Msg::Paste(text)],
        Event::Resize(width, height) => smallvec![Msg::Resize { width, height }],
        Event::Mouse(event) => mouse(event).map(Msg::Mouse).into_iter().collect(),
        Event::FocusGained | Event::FocusLost => SmallVec::new(),
    }
}

fn keys(event: KeyEvent) -> SmallVec<[Key; 2]> {
    let KeyEvent { code, modifiers, kind, .. } = event;
    if kind == KeyEventKind::Release
        || modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META)
    {
        return SmallVec::new();
    }
    let Some(key) = plain(code, modifiers.contains(KeyModifiers::CONTROL)) else { return SmallVec::new() };
    if modifiers.contains(KeyModifiers::ALT) {
        // To a terminal, alt and a letter are the same bytes as escape and the letter typed quickly. Nothing is bound to
        // alt, so it is the latter.
        smallvec![Key::new(Code::Esc), key]
    } else {
        smallvec![key]
    }
}

fn plain(code: KeyCode, ctrl: bool) -> Option<Key> {
    let code = match code {
        // Some terminals send ctrl-h for the backspace key; nothing is bound to ctrl-h.
        KeyCode::Char('h' | 'H') if ctrl => return Some(Key::new(Code::Backspace)),
        KeyCode::Char(character) if ctrl => Code::Char(character.to_ascii_lowercase()),
        KeyCode::Char(character) => Code::Char(character),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(Key { code, ctrl })
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let kind = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Press,
        MouseEventKind::ScrollUp => MouseKind::ScrollUp,
        MouseEventKind::ScrollDown => MouseKind::ScrollDown,
        _ => return None,
    };
    Some(Mouse { column: event.column, row: event.row, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Vec<String> {
        keys(KeyEvent::new(code, modifiers)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_arrive_as_people_name_them() {
        for (code, modifiers, name) in [
            (KeyCode::Char('j'), KeyModifiers::NONE, "j"),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('d'), KeyModifiers::CONTROL, "ctrl-d"),
            (KeyCode::Char('D'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, "ctrl-d"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::PageDown, KeyModifiers::NONE, "pgdn"),
            (KeyCode::F(1), KeyModifiers::NONE, "F1"),
            (KeyCode::Char('h'), KeyModifiers::CONTROL, "backspace"),
        ] {
            assert_eq!(pressed(code, modifiers), [name]);
        }
    }

    #[test]
    fn escape_and_a_letter_in_one_go_are_two_keys() {
        assert_eq!(pressed(KeyCode::Char('j'), KeyModifiers::ALT), ["esc", "j"]);
    }

    #[test]
    fn releases_and_keys_of_the_desktop_are_ignored() {
        let release = KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE) };
        assert!(keys(release).is_empty());
        assert!(pressed(KeyCode::Char('j'), KeyModifiers::SUPER).is_empty());
        assert!(pressed(KeyCode::CapsLock, KeyModifiers::NONE).is_empty());
    }

    #[test]
    fn a_repeated_key_counts() {
        let repeat = KeyEvent { kind: KeyEventKind::Repeat, ..KeyEvent::new(KeyCode::Down, KeyModifiers::NONE) };
        assert_eq!(keys(repeat).as_slice(), [Key::new(Code::Down)]);
    }
}
