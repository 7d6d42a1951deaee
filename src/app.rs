//! The terminal program without a terminal: state, messages, update, effects.
//!
//! Everything that can happen arrives as one [`Msg`]; [`App::update`] changes the state and answers with [`Effect`]s
//! that somebody else carries out. Nothing here knows of a terminal, a thread pool, a cluster or an account.

pub mod effect;
pub mod key;
pub mod msg;
pub mod settings;

pub use effect::{Effect, Lane, Work};
pub use key::{Code, Key};
pub use msg::{Copied, Layout, Mouse, MouseKind, Msg};
pub use settings::{DataOrigin, Settings};

/// The state of the program and the only ways to change it.
#[derive(Debug)]
pub struct App {
    settings: Settings,
}

impl App {
    /// The state before the first message. The first effects come from the first [`App::update`].
    pub fn new(settings: Settings) -> App {
        App { settings }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes one message in and says what is to be done outside. Never blocks, never fails; what is large runs as
    /// [`Work`].
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) if key == Key::char('q') => vec![Effect::Quit],
            _ => Vec::new(),
        }
    }
}
