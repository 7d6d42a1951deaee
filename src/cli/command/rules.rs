//! `rolewalk rules list|show`: the catalogue of rules, from the rules themselves.

use std::io::Write;

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use crate::cli::args::{Format, OutputArgs};
use crate::cli::failure::Failure;
use crate::cli::table::{self, Column};
use crate::cli::{ANSWERED, Outcome, output};
use crate::findings::{Entry, rules};

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List every rule with its severity and what it needs
    List,
    /// Explain one rule: what it checks, why it matters, how to fix it
    Show(ShowRuleArgs),
}

#[derive(Debug, ClapArgs)]
pub struct ShowRuleArgs {
    /// Id or slug, such as TRUST-001 or trust-open-to-cluster
    pub rule: String,
}

#[derive(Debug, Serialize)]
struct RuleRecord {
    id: &'static str,
    slug: &'static str,
    severity: &'static str,
    kind: &'static str,
    category: &'static str,
    title: &'static str,
    needs: Vec<&'static str>,
    references: Vec<ReferenceRecord>,
    documentation: String,
}

#[derive(Debug, Serialize)]
struct ReferenceRecord {
    standard: &'static str,
    item: &'static str,
    title: &'static str,
}

type Col = Column<RuleRecord>;

const COLUMNS: &[Col] = &[
    Col::new("id", |it| it.id.to_owned()),
    Col::new("slug", |it| it.slug.to_owned()),
    Col::new("severity", |it| it.severity.to_owned()),
    Col::new("kind", |it| it.kind.to_owned()),
    Col::new("title", |it| it.title.to_owned()),
    Col::new("category", |it| it.category.to_owned()).extra(),
    Col::new("needs", |it| it.needs.join(" ")).extra(),
    Col::new("references", |it| {
        it.references.iter().map(|it| format!("{} {}", it.standard, it.item)).collect::<Vec<_>>().join("; ")
    })
    .extra(),
];

pub fn run(command: &RulesCommand, args: &OutputArgs) -> Outcome {
    let entries = match command {
        RulesCommand::List => rules::by_id(),
        RulesCommand::Show(show) => vec![find(&show.rule)?],
    };
    let rows: Vec<RuleRecord> = entries.iter().map(|entry| record(entry)).collect();
    let chosen = table::choose(COLUMNS, args.columns.as_deref())?;
    let mut out = output::open(args)?;
    match (args.output, command) {
        (Format::Dot | Format::Mermaid | Format::Svg | Format::Html | Format::Graphml | Format::Sarif, _) => {
            return Err(output::no_such_form(args.output));
        }
        (Format::Json, _) => {
            serde_json::to_writer_pretty(&mut out, &rows).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        (Format::Ndjson, _) => rows.iter().try_for_each(|row| output::line(&mut out, row))?,
        (Format::Csv, _) => table::csv(&mut out, &chosen, &rows, args)?,
        (Format::Table | Format::Md, RulesCommand::Show(_)) => {
            entries.iter().try_for_each(|entry| explain(&mut out, entry))?;
        }
        (Format::Md, RulesCommand::List) => write!(out, "{}", rules::table())?,
        (Format::Table, RulesCommand::List) if args.plain => table::blocks(&mut out, &chosen, &rows)?,
        (Format::Table, RulesCommand::List) => table::aligned(&mut out, &chosen, &rows, args, output::limit(args))?,
    }
    out.flush()?;
    Ok(ANSWERED)
}

/// The rule that a word names, or the nearest slugs.
fn find(word: &str) -> Result<&'static Entry, Failure> {
    rules::find(word).ok_or_else(|| {
        let slugs = rules::ALL.iter().map(|it| it.rule.slug);
        let near = crate::findings::similar::nearest(word, slugs, 3);
        let failure = Failure::usage(format!("there is no rule `{word}`"));
        match near.is_empty() {
            true => failure.hint("`rolewalk rules list` names them all"),
            false => failure.hint(format!("did you mean {}?", near.join(", "))),
        }
    })
}

fn record(entry: &Entry) -> RuleRecord {
    let rule = entry.rule;
    RuleRecord {
        id: rule.id,
        slug: rule.slug,
        severity: rule.severity.word(),
        kind: rule.kind.word(),
        category: rule.category.title(),
        title: entry.title(),
        needs: rule.needs.iter().map(|it| it.file()).collect(),
        references: rule
            .references
            .iter()
            .map(|it| ReferenceRecord { standard: it.standard.title(), item: it.item, title: it.title })
            .collect(),
        documentation: entry.documentation(),
    }
}

fn explain(out: &mut dyn Write, entry: &Entry) -> std::io::Result<()> {
    let rule = entry.rule;
    writeln!(out, "# {} {}\n\n{}.\n", rule.id, rule.slug, entry.title())?;
    writeln!(out, "Severity {}, {}.\n", rule.severity.word(), rule.kind.word())?;
    writeln!(out, "{}\n", entry.documentation())?;
    writeln!(out, "## References\n")?;
    for it in rule.references {
        writeln!(out, "- {} {}: {}", it.standard.title(), it.item, it.title)?;
    }
    writeln!(out, "\n## Needs\n")?;
    rule.needs.iter().try_for_each(|it| writeln!(out, "- {} ({})", it.file(), it.permission()))
}
