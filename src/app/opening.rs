//! Other data than what the program shows: what can be opened while it runs, and what there is when nothing could be read.

use super::App;
use super::command::{Cmd, Scope};
use super::diff::Stored;
use super::settings::DataOrigin;
use super::text::{Line, Tone};

/// Data that can be opened in place of what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The built-in estate.
    Demo,
    /// A saved snapshot by its name or its path, or a directory of dumps, as typed.
    File(String),
    /// A context of the kubeconfig, read live.
    Context(String),
}

/// What there is to open, for choosing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openable {
    /// Saved snapshots of any cluster, newest first.
    pub snapshots: Vec<Stored>,
    /// Names of the contexts of the kubeconfig, in its order.
    pub contexts: Vec<String>,
}

/// Data that was found to be there and is read from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub opening: Opening,
    pub origin: DataOrigin,
    /// The start of headless commands that ask the same data.
    pub command: String,
}

/// The ways out when nothing could be read.
pub const WAYS_OUT: [Cmd; 3] = [Cmd::Demo, Cmd::Open, Cmd::Context];

impl App {
    /// Nothing could be read, and there is nothing else to show: why, in one line.
    pub fn nothing(&self) -> Option<&str> {
        self.nothing.as_deref()
    }

    /// `No cluster found in kubeconfig.  d open the demo   o open a snapshot   c choose a context`
    pub(super) fn nothing_line(&self) -> Option<Line> {
        let mut line = Line::default().with(format!(" {} ", sentence(self.nothing()?)), Tone::Plain);
        for (at, (key, word)) in self.ways_out().into_iter().enumerate() {
            line = line.with(if at == 0 { " " } else { "   " }, Tone::Plain).with(key, Tone::Strong);
            line = line.with(format!(" {word}"), Tone::Plain);
        }
        Some(line)
    }

    /// The same in lines of their own, for the middle of the screen.
    pub fn nothing_page(&self) -> Vec<Line> {
        let Some(why) = self.nothing() else { return Vec::new() };
        let mut lines = vec![Line::default(), Line::plain(sentence(why)), Line::default()];
        let keys = self.ways_out().into_iter().chain(self.keymap.label(Cmd::Reload).map(|key| (key, "read again")));
        for (key, word) in keys {
            lines.push(Line::default().with(format!("  {key:<8}"), Tone::Strong).with(word, Tone::Plain));
        }
        lines
    }

    /// The key of a command as things are: one that counts only while nothing could be read is none otherwise.
    pub(super) fn key_now(&self, cmd: Cmd) -> Option<String> {
        self.keymap.label(cmd).filter(|_| cmd.spec().scope != Scope::Unread || self.nothing.is_some())
    }

    /// Keys and what they do.
    pub(super) fn ways_out(&self) -> Vec<(String, &'static str)> {
        let way = |cmd: &Cmd| {
            let name = || format!(":{}", cmd.spec().name);
            (self.keymap.label(*cmd).unwrap_or_else(name), cmd.spec().hint.unwrap_or_default())
        };
        WAYS_OUT.iter().map(way).collect()
    }
}

/// A message as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
