//! Flags and commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, Parser, ValueEnum};
use jiff::Timestamp;

use super::command::Command;

const EXAMPLES: &str = "\
Examples:
  rolewalk                                          the current kubeconfig context and the AWS account behind it
  rolewalk list pods --context prod --context staging
  rolewalk list roles --profile audit --region eu-west-1
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
    /// Read this context of the kubeconfig instead of the current one; may be repeated
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["demo", "snapshot"])]
    pub context: Vec<String>,
    /// Read every context of the kubeconfig
    #[arg(long, global = true, conflicts_with_all = ["demo", "snapshot", "context"])]
    pub all_contexts: bool,
    /// Kubeconfig to use instead of $KUBECONFIG and ~/.kube/config
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["demo", "snapshot"])]
    pub kubeconfig: Option<PathBuf>,
    /// AWS profile to ask as; repeat it for further accounts
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["demo", "snapshot"])]
    pub profile: Vec<String>,
    /// AWS region, instead of that of the profile; the region of a cluster is known from its context
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["demo", "snapshot"])]
    pub region: Option<String>,
    /// Ask every AWS service at this address
    #[arg(long, global = true, value_name = "URL", conflicts_with_all = ["demo", "snapshot"])]
    pub endpoint_url: Option<String>,
    /// Read AWS again after this many minutes; without it, only when asked (ctrl-r)
    #[arg(long, global = true, value_name = "MINUTES", value_parser = positive, conflicts_with_all = ["demo", "snapshot"])]
    pub refresh_aws: Option<f64>,
    /// Do not ask AWS
    #[arg(long, global = true, conflicts_with_all = ["profile", "region", "endpoint_url"])]
    pub no_aws: bool,
    /// Save no snapshot of what was read live
    #[arg(long, global = true)]
    pub no_save: bool,
    /// Give a request up after this many seconds
    #[arg(long, global = true, value_name = "SECONDS", value_parser = positive)]
    pub timeout: Option<f64>,
    /// Touch no network: only --snapshot and --demo can be read
    #[arg(long, global = true)]
    pub offline: bool,
    /// Only this cluster
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Only this namespace
    #[arg(short, long, global = true, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// All namespaces (the default)
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,
    /// Use this action catalogue instead of the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// Count dates and ages to this time (RFC 3339) instead of the time of the data
    #[arg(long, global = true, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// `-q` of the output.
    #[arg(skip)]
    pub quiet: bool,
}

/// Seconds or minutes that can be waited for.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(seconds),
        _ => Err("a number above 0 is expected".to_owned()),
    }
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
    /// The file of accepted findings that the screens read and write [default: rolewalk-accepted.yaml]
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
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
    /// Graphviz, for blast, path and graph
    Dot,
    /// For blast, path and graph
    Mermaid,
    /// For blast, path and graph
    Svg,
    /// One page that loads nothing, for blast, path and graph
    Html,
    /// For blast, path and graph
    Graphml,
    /// Markdown, for notes and tickets
    Md,
    /// SARIF 2.1.0, for findings: what code scanning reads
    Sarif,
}

impl Format {
    /// A drawing rather than rows.
    pub fn is_picture(self) -> bool {
        matches!(self, Format::Dot | Format::Mermaid | Format::Svg | Format::Html | Format::Graphml)
    }
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

    /// An argument of a command that has the name of a flag for all of them would be taken for it.
    #[test]
    fn no_command_names_an_argument_like_a_flag_for_all() {
        fn check(command: &clap::Command, global: &[String], wrong: &mut Vec<String>) {
            for argument in command.get_arguments().filter(|it| !it.is_global_set()) {
                if global.contains(&argument.get_id().to_string()) {
                    wrong.push(format!("{} {}", command.get_name(), argument.get_id()));
                }
            }
            command.get_subcommands().for_each(|it| check(it, global, wrong));
        }
        let all = super::Args::command();
        let global: Vec<String> =
            all.get_arguments().filter(|it| it.is_global_set()).map(|it| it.get_id().to_string()).collect();
        assert!(global.iter().any(|it| it == "to"), "{global:?}");
        let mut wrong = Vec::new();
        check(&all, &global, &mut wrong);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
