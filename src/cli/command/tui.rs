//! `rolewalk` without a command: the screens.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

use crate::cli::Outcome;
use crate::cli::args::{Args, Color, ScreenArgs, SourceArgs};
use crate::cli::failure::{Failure, Kind, note};
use crate::cli::source;
use crate::runtime::base::Bases;
use crate::runtime::live::LiveReader;
use crate::runtime::shelf::{Shelf, Source, quoted};
use crate::runtime::snapshot::SnapshotReader;
use crate::runtime::store::Store;
use crate::runtime::{self, DataOrigin, Fault, Options, Reader, Settings, log, terminal};

#[derive(Debug, Subcommand)]
pub enum DebugCommand {
    /// Panic on purpose, to see that the terminal is restored
    Panic { place: Place },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Place {
    /// Where the screens are drawn
    Ui,
    /// In a background job
    Worker,
}

pub fn debug(args: &Args, debug: &DebugCommand) -> Outcome {
    match debug {
        DebugCommand::Panic { place: Place::Ui } => run(args, Some(Fault::Ui)),
        DebugCommand::Panic { place: Place::Worker } => run(args, Some(Fault::Worker)),
    }
}

pub fn run(args: &Args, fault: Option<Fault>) -> Outcome {
    if !terminal::available() {
        terminal::no_terminal("rolewalk").lines().for_each(note);
        return Ok(ExitCode::from(Kind::Usage.code()));
    }
    let reader = reader(&args.source)?;
    // The log is a convenience: without it the program works.
    if let Err(error) = log::start(LevelFilter::INFO, None) {
        note(&format!("no log: {error}"));
    }
    let settings = settings(&args.source, &args.screen, |name| std::env::var(name).ok());
    let store = Store::of_user().ok();
    let keeps = store.clone().filter(|_| source::saves(&args.source));
    let bases = match &store {
        _ if args.source.demo => Bases::Demo,
        Some(store) => Bases::Stored(store.clone()),
        None => Bases::None,
    };
    let shelf = Shelf {
        live: Some(source::live_options(&args.source)).filter(|_| !args.source.offline),
        files: source::options(&args.source),
        saves: !args.source.no_save && args.source.at.is_none(),
        command: live_command(&SourceArgs { context: Vec::new(), all_contexts: false, ..args.source.clone() }),
        store,
    };
    let code = runtime::run(Options { settings, source: Source { reader, keeps, bases }, shelf, fault })
        .map_err(|error| Failure::usage(format!("the terminal cannot be used: {error}")))?;
    Ok(ExitCode::from(code))
}

/// Where the data comes from. Live data is looked for when the screen is up, which can tell what is missing.
fn reader(args: &SourceArgs) -> Result<Arc<dyn Reader>, Failure> {
    if source::is_live(args) {
        if args.offline {
            source::live(args)?;
        }
        return Ok(Arc::new(LiveReader::new(source::live_options(args))));
    }
    if args.snapshot.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("the screens need the keyboard, which stdin is").hint("save it to a file first"));
    }
    let input = source::input(args)?;
    // What cannot be read at all is said before the terminal changes.
    input.open(source::options(args)).map_err(source::unreadable)?;
    Ok(Arc::new(SnapshotReader::new(input, source::options(args))))
}

fn settings(source: &SourceArgs, screen: &ScreenArgs, variable: impl Fn(&str) -> Option<String>) -> Settings {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let color = match screen.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
    };
    // The first of these that is set decides on the characters of the terminal (POSIX).
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let utf8 = locale.to_ascii_lowercase().replace('-', "").contains("utf8");
    let origin = match &source.snapshot {
        Some(directory) => DataOrigin::Snapshot(directory.display().to_string()),
        None if source.demo => DataOrigin::Demo,
        None => DataOrigin::Live,
    };
    let command = match &source.snapshot {
        Some(directory) => format!("rolewalk --snapshot {}", quoted(directory)),
        None if source.demo => "rolewalk --demo".to_owned(),
        None => live_command(source),
    };
    let defaults = Settings::default();
    Settings {
        origin,
        ascii: screen.ascii || !utf8,
        color,
        true_color: matches!(set("COLORTERM").as_deref(), Some("truecolor" | "24bit")),
        theme: screen.theme.clone().unwrap_or_else(|| defaults.theme.clone()),
        mouse: screen.mouse,
        namespace: source.namespace.clone(),
        cluster: source.cluster.clone(),
        accepted: screen.accepted.as_ref().map_or_else(|| defaults.accepted.clone(), |it| it.display().to_string()),
        user: set("USER").or_else(|| set("LOGNAME")).unwrap_or_default(),
        command,
        ..defaults
    }
}

/// The start of a headless command that reads the same clusters.
fn live_command(source: &SourceArgs) -> String {
    let mut command = "rolewalk".to_owned();
    if let Some(file) = &source.kubeconfig {
        command += &format!(" --kubeconfig {}", quoted(file));
    }
    for context in &source.context {
        command += &format!(" --context {}", quoted(Path::new(context)));
    }
    if source.all_contexts {
        command += " --all-contexts";
    }
    if source.no_aws {
        command += " --no-aws";
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], color: Color) -> Settings {
        let screen = ScreenArgs { color, ascii: false, theme: None, accepted: None, mouse: false };
        let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        settings(&SourceArgs::default(), &screen, variable)
    }

    #[test]
    fn no_color_takes_the_colours_away_unless_they_are_asked_for() {
        assert!(with(&[], Color::Auto).color && with(&[("NO_COLOR", "")], Color::Auto).color);
        assert!(!with(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Color::Auto).color);
        assert!(!with(&[("TERM", "dumb")], Color::Auto).color && !with(&[], Color::Never).color);
        assert!(with(&[("NO_COLOR", "1")], Color::Always).color);
    }

    #[test]
    fn the_locale_decides_on_the_characters() {
        assert!(!with(&[("LANG", "de_DE.UTF-8")], Color::Auto).ascii);
        assert!(!with(&[("LC_ALL", "C.utf8"), ("LANG", "C")], Color::Auto).ascii);
        assert!(with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")], Color::Auto).ascii && with(&[], Color::Auto).ascii);
    }
}
