//! The commands, one file each.

pub mod blast;
pub mod can;
pub mod completion;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod findings;
pub mod graph;
pub mod list;
pub mod man;
pub mod path;
pub mod perms;
pub mod rbac;
pub mod report;
pub mod rules;
pub mod show;
pub mod snapshot;
pub mod tui;
pub mod used_by;
pub mod who_can;

use clap::Subcommand;

use super::Outcome;
use super::args::{self, Args};
use super::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Browse in the terminal (what happens without a command, too)
    Tui,
    /// List pods, accounts, roles and what belongs to them
    List(list::ListArgs),
    /// Show one thing with everything known about it
    Show(show::ShowArgs),
    /// List each source with its state, counts and losses
    Doctor(doctor::DoctorArgs),
    /// Say what changed between two snapshots in terms of access
    Diff(diff::DiffArgs),
    /// Decide IAM requests given as JSON lines on stdin
    Eval,
    /// Say whether a thing may do an action on a resource, and why
    Explain(explain::ExplainArgs),
    /// Say what falls if a thing falls, or who can become it
    Blast(blast::BlastArgs),
    /// Say how one thing can become another, step by step, and what would cut it
    Path(path::PathArgs),
    /// List everything that points at a thing
    UsedBy(used_by::UsedByArgs),
    /// Write the access graph, or the neighbourhood of things, for programs that draw or store graphs
    Graph(graph::GraphArgs),
    /// Say what is wrong, with evidence, impact and fix
    Findings(findings::FindingsArgs),
    /// Write one page of HTML: findings, what to fix first, identities, what was not read
    Report(report::ReportArgs),
    /// The rules behind the findings
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// List who can do an action, or something of an access level, on a resource
    WhoCan(who_can::WhoCanArgs),
    /// List what a thing may do of an action or access level on a resource
    Can(can::CanArgs),
    /// Say what principals may do at all, given as JSON lines on stdin
    Perms,
    /// Say who may do what in a cluster
    #[command(subcommand)]
    Rbac(rbac::RbacCommand),
    /// Save, list, check and share snapshots
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
    /// Print a completion script for a shell
    Completion(completion::CompletionArgs),
    /// Print the manual page
    Man,
    /// For trying the program itself
    #[command(subcommand, hide = true)]
    Debug(tui::DebugCommand),
}

pub fn run(mut args: Args) -> Outcome {
    args.source.quiet = args.output.quiet;
    if let Some(file) = &args.source.catalogue {
        super::source::catalogue(file)?;
    }
    let draws =
        matches!(args.command, Some(Command::Blast(_) | Command::Path(_) | Command::Graph(_) | Command::Report(_)));
    if args.output.output.is_picture() && !draws {
        return Err(Failure::usage("this answer is no graph")
            .hint("dot, mermaid, svg, html and graphml are for blast, path and graph"));
    }
    if args.output.output == args::Format::Sarif && !matches!(args.command, Some(Command::Findings(_))) {
        return Err(Failure::usage("this answer has no sarif form").hint("sarif is for findings"));
    }
    if args.command.is_some() && args.screen.accepted.is_some() {
        return Err(Failure::usage("`--accepted` stands behind the command that uses it")
            .hint("rolewalk findings --accepted FILE"));
    }
    match &args.command {
        None | Some(Command::Tui) => tui::run(&args, None),
        Some(Command::Debug(debug)) => tui::debug(&args, debug),
        Some(Command::List(list)) => list::run(list, &args.source, &args.output),
        Some(Command::Show(show)) => show::run(show, &args.source, &args.output),
        Some(Command::Doctor(doctor)) => doctor::run(doctor, &args.source, &args.output),
        Some(Command::Diff(diff)) => diff::run(diff, &args.source, &args.output),
        Some(Command::Eval) => eval::run(&args.output),
        Some(Command::Explain(explain)) => explain::run(explain, &args.source, &args.output),
        Some(Command::Blast(blast)) => blast::run(blast, &args.source, &args.output),
        Some(Command::Path(path)) => path::run(path, &args.source, &args.output),
        Some(Command::UsedBy(used_by)) => used_by::run(used_by, &args.source, &args.output),
        Some(Command::Graph(graph)) => graph::run(graph, &args.source, &args.output),
        Some(Command::Findings(findings)) => findings::run(findings, &args.source, &args.output),
        Some(Command::Report(report)) => report::run(report, &args.source, &args.output),
        Some(Command::Rules(rules)) => rules::run(rules, &args.output),
        Some(Command::WhoCan(who_can)) => who_can::run(who_can, &args.source, &args.output),
        Some(Command::Can(can)) => can::run(can, &args.source, &args.output),
        Some(Command::Perms) => perms::run(&args.output),
        Some(Command::Rbac(rbac)) => rbac::run(rbac, &args.source, &args.output),
        Some(Command::Snapshot(snapshot)) => snapshot::run(snapshot, &args),
        Some(Command::Completion(completion)) => completion::run(completion, &args.output),
        Some(Command::Man) => man::run(&args.output),
    }
}
