//! `rolewalk report`: one page for people who have no terminal at hand, in one file that loads nothing.
//!
//! To add one more section: a function that gives an [`html::Html`], and a line in `page`.

mod estate;
pub mod html;
mod page;
mod problems;

use std::io::Write;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::analysis::query;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::command::findings::{accepted, rows};
use crate::cli::envelope::seconds;
use crate::cli::failure::Failure;
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;
use crate::findings::fix_first::fix_first;

use page::Section;

#[derive(Debug, ClapArgs)]
pub struct ReportArgs {
    /// Findings that were accepted with a reason, until a day, as for `findings`
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
}

/// Changes that are named at the top.
const CHANGES: usize = 8;

pub fn run(args: &ReportArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    // Nobody asks for a table of a page: the form that is meant without -o is HTML.
    if !matches!(output.output, Format::Table | Format::Html) {
        return Err(Failure::usage("a report is a page of HTML")
            .hint("`rolewalk findings` has -o json, csv, md and sarif, `rolewalk list identities` -o csv"));
    }
    let estate = source::estate(data)?;
    let text = page(&estate, args, data)?;
    let mut out = output::open(output)?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    drop(out);
    output::finish(&estate, output)
}

fn page(estate: &Estate, args: &ReportArgs, data: &SourceArgs) -> Result<String, Failure> {
    let mut findings = estate.findings().all.clone();
    if let Some(file) = &args.accepted {
        accepted::apply(&mut findings, estate, file)?;
    }
    let everything = query::parse("").map_err(|error| Failure::usage(error.to_string()))?;
    let rows = rows(&findings, &everything, data, &Default::default());
    let wanted: std::collections::BTreeSet<&str> = rows.iter().map(|it| it.fingerprint.as_str()).collect();
    findings.retain(|it| wanted.contains(it.fingerprint.as_str()));
    let first = fix_first(&estate.inventory, estate.graph(), &findings, CHANGES);
    let shown = problems::shown(&rows);
    let sections = vec![
        Section { id: "summary", title: "Summary", body: estate::summary(estate, &rows) },
        Section { id: "first", title: "What to fix first", body: problems::changes(&first, &findings, &shown) },
        Section { id: "findings", title: "Findings by owner", body: problems::groups(&shown) },
        Section { id: "identities", title: "Identities of workloads", body: estate::identities(estate, data) },
        Section { id: "not-evaluated", title: "Rules not evaluated", body: estate::not_evaluated(estate) },
        Section { id: "accepted", title: "Accepted findings", body: problems::accepted(&rows) },
        Section { id: "coverage", title: "What was not read", body: estate::coverage(estate) },
    ];
    Ok(page::page(&title(estate, data), &lines(estate, data), sections))
}

/// The clusters, or how many there are.
fn title(estate: &Estate, data: &SourceArgs) -> String {
    let names: Vec<&str> = match &data.cluster {
        Some(cluster) => vec![cluster],
        None => estate.inventory.clusters.keys().map(|it| it.as_str()).collect(),
    };
    match names.len() {
        0 => "AWS identities of workloads".to_owned(),
        1..=3 => format!("AWS identities of workloads in {}", names.join(", ")),
        more => format!("AWS identities of workloads in {more} clusters"),
    }
}

fn lines(estate: &Estate, data: &SourceArgs) -> Vec<String> {
    let time = estate
        .data_time()
        .map_or_else(|| "at a time that no source told".to_owned(), |it| format!("of {}", seconds(it)));
    let gaps = estate.inventory.coverage.gaps().count();
    let whole = match gaps {
        0 => "every source was read whole".to_owned(),
        1 => "1 source was not read whole".to_owned(),
        more => format!("{more} sources were not read whole"),
    };
    let mut lines =
        vec![format!("Data {time}; {whole}. Written by {} {}.", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))];
    if let Some(namespace) = &data.namespace {
        lines.push(format!("Findings and identities of namespace {namespace} only."));
    }
    lines
}
