//! Copying: over SSH through the terminal (OSC 52), else by the desktop, else through the terminal.

use std::ffi::OsString;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Most encoded bytes that are sent to a terminal; longer ones are cut or refused by several of them.
pub const LIMIT: usize = 74_994;

/// GNU screen takes no string longer than 768 bytes.
const SCREEN_PIECE: usize = 700;

/// How a copy leaves the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The clipboard of the desktop.
    Desktop,
    /// The terminal, by OSC 52.
    Terminal,
    /// The terminal behind tmux, which passes it on if `allow-passthrough` is on.
    Tmux,
    /// The terminal behind GNU screen.
    Screen,
}

impl Way {
    /// As messages name it: `copied 12 characters by NAME`.
    pub fn name(self) -> &'static str {
        match self {
            Way::Desktop => "the desktop clipboard",
            Way::Terminal => "OSC 52",
            Way::Tmux => "OSC 52 through tmux",
            Way::Screen => "OSC 52 through screen",
        }
    }
}

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub way: Way,
    /// In characters.
    pub length: usize,
}

/// Why a copy was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{encoded} encoded bytes are too many for a terminal, which takes {LIMIT}")]
pub struct TooLong {
    pub encoded: usize,
}

/// What of the environment decides on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub ssh: bool,
    pub tmux: bool,
    pub screen: bool,
}

impl Surroundings {
    /// From a look-up of environment variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Surroundings {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let tmux = set("TMUX");
        Surroundings {
            ssh: set("SSH_TTY") || set("SSH_CONNECTION") || set("SSH_CLIENT"),
            tmux,
            // Inside tmux TERM often says `screen` too.
            screen: !tmux && set("STY"),
        }
    }

    fn terminal(self) -> Way {
        match (self.tmux, self.screen) {
            (true, _) => Way::Tmux,
            (false, true) => Way::Screen,
            (false, false) => Way::Terminal,
        }
    }
}

/// The clipboard. Kept for as long as the program runs: on X11 a copy is served by the program that made it.
#[derive(Default)]
pub struct Clipboard {
    surroundings: Surroundings,
    #[cfg(feature = "clipboard")]
    desktop: Option<arboard::Clipboard>,
}

impl fmt::Debug for Clipboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clipboard").field("surroundings", &self.surroundings).finish_non_exhaustive()
    }
}

impl Clipboard {
    pub fn new(surroundings: Surroundings) -> Clipboard {
        Clipboard { surroundings, ..Clipboard::default() }
    }

    /// Copies a text. A sequence for the terminal is handed to `send`.
    ///
    /// # Errors
    /// The text is too long for a terminal and there is no other way. Whether a terminal obeyed cannot be known.
    pub fn copy(&mut self, text: &str, send: impl FnOnce(&str)) -> Result<Copied, TooLong> {
        let length = text.chars().count();
        if !self.surroundings.ssh && self.copy_to_desktop(text) {
            return Ok(Copied { way: Way::Desktop, length });
        }
        let way = self.surroundings.terminal();
        send(&sequence(text, way)?);
        Ok(Copied { way, length })
    }

    #[cfg(feature = "clipboard")]
    fn copy_to_desktop(&mut self, text: &str) -> bool {
        if self.desktop.is_none() {
            self.desktop =
                arboard::Clipboard::new().map_err(|error| tracing::debug!("no desktop clipboard: {error}")).ok();
        }
        self.desktop.as_mut().is_some_and(|desktop| desktop.set_text(text).is_ok())
    }

    #[cfg(not(feature = "clipboard"))]
    fn copy_to_desktop(&mut self, _: &str) -> bool {
        false
    }
}

/// The sequence that makes a terminal copy the text.
fn sequence(text: &str, way: Way) -> Result<String, TooLong> {
    let encoded = STANDARD.encode(text);
    if encoded.len() > LIMIT {
        return Err(TooLong { encoded: encoded.len() });
    }
    let plain = format!("\x1b]52;c;{encoded}\x07");
    Ok(match way {
        Way::Desktop | Way::Terminal => plain,
        Way::Tmux => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        Way::Screen => plain
            .as_bytes()
            .chunks(SCREEN_PIECE)
            .map(|piece| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        Surroundings::from_variables(|name| variables.iter().find(|it| it.0 == name).map(|it| it.1.into()))
    }

    #[test]
    fn over_ssh_a_copy_goes_through_the_terminal() {
        let mut clipboard = Clipboard::new(surroundings(&[("SSH_TTY", "/dev/pts/3")]));
        let mut sent = String::new();
        let copied = clipboard.copy("rôle", |sequence| sent.push_str(sequence)).expect("short");
        assert_eq!(copied, Copied { way: Way::Terminal, length: 4 });
        assert_eq!(sent, "\x1b]52;c;csO0bGU=\x07");
    }

    #[test]
    fn multiplexers_get_the_sequence_wrapped() {
        let tmux = surroundings(&[("TMUX", "/tmp/tmux,1,0"), ("TERM", "screen-256color"), ("SSH_CLIENT", "::1")]);
        assert_eq!((tmux.terminal(), tmux.ssh), (Way::Tmux, true));
        assert_eq!(sequence("a", Way::Tmux).expect("short"), "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\");
        assert_eq!(surroundings(&[("STY", "1.pts-0")]).terminal(), Way::Screen);
        assert_eq!(sequence("a", Way::Screen).expect("short"), "\x1bP\x1b]52;c;YQ==\x07\x1b\\");
    }

    #[test]
    fn screen_gets_pieces_that_it_can_take() {
        let sequence = sequence(&"a".repeat(3000), Way::Screen).expect("short enough");
        let pieces: Vec<&str> = sequence.split("\x1b\\").collect();
        assert!(pieces.len() > 5 && pieces.iter().all(|piece| piece.len() <= 768));
        let whole: String = pieces.iter().map(|piece| piece.strip_prefix("\x1bP").unwrap_or(piece)).collect();
        assert!(whole.starts_with("\x1b]52;c;YWFh") && whole.ends_with("\x07"));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_and_not_cut() {
        let longest = LIMIT / 4 * 3;
        assert!(sequence(&"a".repeat(longest), Way::Terminal).is_ok());
        assert_eq!(sequence(&"a".repeat(longest + 1), Way::Terminal), Err(TooLong { encoded: 74_996 }));
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        assert_eq!(surroundings(&[("SSH_TTY", ""), ("TMUX", "")]), Surroundings::default());
    }
}
