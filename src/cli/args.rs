//! Flags and commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, Parser, ValueEnum};
use jiff::Timestamp;

use super::command::Command;

const EXAMPLES: &str = "\
Examples:
  rolewalk --demo                                   look around in a built-in estate
  rolewalk --snapshot dumps/                        open a directory of kubectl and AWS CLI output
  rolewalk list identities --snapshot dumps/ -o ndjson
  rolewalk show pod/payments/api-7d9c6b5f4-x2lqk --snapshot dumps/
  rolewalk snapshot script > dump.sh                the commands that make such a directory

Exit codes: 0 answered, 1 condition does not hold, 2 usage, 3 unknown, 4 nothing could be read, 5 bug,
130 interrupted, 141 reader of the pipe gone.";

/// Shows which cloud identity every Kubernetes workload really has, why, and what is wrong. Read-only.
#[derive(Debug, Parser)]
#[command(name = "rolewalk", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// Where the data comes from.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Data")]
pub struct SourceArgs {
    /// Read a saved snapshot (- is stdin), or a directory of kubectl and AWS CLI output
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "demo")]
    pub snapshot: Option<PathBuf>,
    /// Use the built-in demo estate
    #[arg(long, global = true)]
    pub demo: bool,
    /// Only this cluster
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Only this namespace
    #[arg(short, long, global = true, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// All namespaces (the default)
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,
    /// Count dates and ages to this time (RFC 3339) instead of the time of the data
    #[arg(long, global = true, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// How the answer is written.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format of the answer
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Write to this file instead of stdout; an existing file is not overwritten
    #[arg(long, global = true, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Columns of table and csv, comma separated
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Option<Vec<String>>,
    /// No header line in table and csv
    #[arg(long, global = true)]
    pub no_headers: bool,
    /// One block per record and nothing cut, for screen readers
    #[arg(long, global = true)]
    pub plain: bool,
    /// Guard cells that a spreadsheet would run as formulas
    #[arg(long, global = true)]
    pub csv_safe: bool,
    /// Exit with 3 when anything the answer rests on was not read
    #[arg(long, global = true)]
    pub strict: bool,
    /// Say nothing beside the answer
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// How the screens look.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Screen")]
pub struct ScreenArgs {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Theme: terminal, mono, dark, light, high-contrast, cvd-dark, cvd-light
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Take mouse clicks and the wheel
    #[arg(long, global = true)]
    pub mouse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    /// SARIF 2.1.0, for findings
    Sarif,
    /// Markdown, for notes and tickets
    Md,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// Help and version go to stdout with 0; everything else is a usage error.
pub fn refuse(error: &clap::Error) -> ExitCode {
    // The help may be piped into a pager that has gone.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(super::failure::Kind::Usage.code()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Args::command().debug_assert();
    }
}
