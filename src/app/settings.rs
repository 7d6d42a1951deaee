//! What is fixed when the program starts: where the data comes from, and the options of the user.

use std::time::Duration;

/// Where the data comes from; decides the word in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataOrigin {
    Live,
    Demo,
    /// With the path as the user gave it.
    Snapshot(String),
}

/// Options, from flags, environment and configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub origin: DataOrigin,
    /// Size of the terminal: columns and rows.
    pub size: (u16, u16),
    /// Draw with ASCII only.
    pub ascii: bool,
    /// `false`: no colour at all; bold and reverse stay.
    pub color: bool,
    /// The terminal takes 24-bit colours.
    pub true_color: bool,
    /// Name of a theme.
    pub theme: String,
    pub mouse: bool,
    /// `ctrl-c` asks before it quits.
    pub confirm_quit: bool,
    /// Live data older than this is STALE.
    pub stale_after: Duration,
    /// Namespace to start in; `None` for all.
    pub namespace: Option<String>,
    /// Cluster to start in; all of them when none.
    pub cluster: Option<String>,
    /// The file of accepted findings.
    pub accepted: String,
    /// Who accepts findings; empty when not known.
    pub user: String,
    /// The start of headless commands that `C` copies, such as `rolewalk --demo`.
    pub command: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            origin: DataOrigin::Live,
            size: (100, 30),
            ascii: false,
            color: true,
            true_color: false,
            theme: String::from("terminal"),
            mouse: false,
            confirm_quit: false,
            stale_after: Duration::from_secs(30 * 60),
            namespace: None,
            cluster: None,
            accepted: String::from("rolewalk-accepted.yaml"),
            user: String::new(),
            command: String::from("rolewalk"),
        }
    }
}
