//! `rolewalk` without a command: the screens.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

use crate::app::{DataOrigin, Settings};
use crate::cli::Outcome;
use crate::cli::args::{Args, Color, ScreenArgs};
use crate::cli::failure::{Kind, note};
use crate::cli::source;
use crate::ingest::Snapshot;
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;
use crate::runtime::{self, Fault, Options, Reader};

#[derive(Debug, Subcommand)]
pub enum DebugCommand {
    /// Panic on purpose, to see that the terminal is restored
    Panic { place: Place },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    Ui,
    Worker,
}

pub fn debug(args: &Args, command: &DebugCommand) -> Outcome {
    let DebugCommand::Panic { place } = command;
    run(
        args,
        Some(match place {
            Place::Ui => Fault::Ui,
            Place::Worker => Fault::Worker,
        }),
    )
}

pub fn run(args: &Args, fault: Option<Fault>) -> Outcome {
    let snapshot = source::snapshot(&args.source)?;
    if !runtime::terminal::available() {
        note_lines(&runtime::terminal::no_terminal("rolewalk"));
        return Ok(ExitCode::from(Kind::Usage.code()));
    }
    runtime::panic::install();
    // The log is a convenience: without it the program works.
    if let Err(error) = runtime::log::start(LevelFilter::INFO, None) {
        note(&format!("no log: {error}"));
    }
    let settings = settings(args);
    let reader = Arc::new(SnapshotReader { snapshot });
    let code = runtime::panic::guard(|| match runtime::run(Options { settings, reader, fault }) {
        Ok(code) => code,
        Err(error) => {
            note(&format!("error: the terminal cannot be used: {error}"));
            Kind::Usage.code()
        }
    });
    Ok(ExitCode::from(code))
}

fn note_lines(text: &str) {
    text.lines().for_each(note);
}

/// Reads a directory of dumps, or the demo, for the screens.
struct SnapshotReader {
    snapshot: Snapshot,
}

impl Reader for SnapshotReader {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String> {
        self.snapshot.read(|delta| {
            if !stop.load(Ordering::Relaxed) {
                sink(delta);
            }
        });
        Ok(())
    }

    fn raw(&self, origin: &Origin) -> Result<String, String> {
        Err(format!("{origin:?}"))
    }
}

fn settings(args: &Args) -> Settings {
    let source = &args.source;
    let (origin, flags) = match &source.snapshot {
        Some(path) => (DataOrigin::Snapshot(path.display().to_string()), format!(" --snapshot {}", quoted(path))),
        None => (DataOrigin::Demo, " --demo".to_owned()),
    };
    Settings {
        origin,
        ascii: args.screen.ascii || !locale_is_utf8(),
        color: has_color(&args.screen),
        true_color: matches!(variable("COLORTERM").as_deref(), Some("truecolor" | "24bit")),
        theme: args.screen.theme.clone().unwrap_or_else(|| "terminal".to_owned()),
        mouse: args.screen.mouse,
        namespace: source.namespace.clone(),
        command: format!("rolewalk{flags}"),
        ..Settings::default()
    }
}

/// A path as a shell takes it.
fn quoted(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+@%,=:".contains(it);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `--color`, then NO_COLOR (no-color.org), then a terminal that knows none.
fn has_color(args: &ScreenArgs) -> bool {
    match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => variable("NO_COLOR").is_none() && variable("TERM").as_deref() != Some("dumb"),
    }
}

/// The locale's character set, as setlocale(3) finds it; without any the C locale counts, which is ASCII.
fn locale_is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
