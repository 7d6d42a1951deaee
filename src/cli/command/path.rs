//! `rolewalk path FROM TO`: how one thing becomes another, step by step, and what would cut it (protocols.md section 7).

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::blast::assumes;
use crate::analysis::path::path;
use crate::analysis::picture::{Picture, certainty_word};
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::{Outcome, output, source};
use crate::graph::evidence;
use crate::graph::path::{Limits, Paths};
use crate::graph::reach::{Direction, Hop};

use super::blast::{EvidenceRecord, nothing, world};
use super::show::find;

#[derive(Debug, ClapArgs)]
pub struct PathArgs {
    /// Where it starts, such as pod/NS/NAME or group/NAME
    pub from: String,
    /// Where it should lead, such as role/NAME or cluster/NAME
    #[arg(value_name = "TO")]
    pub target: String,
    /// Every path without a detour through one thing twice, not only the first
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Serialize)]
struct Question {
    ask: &'static str,
    from: String,
    to: String,
    all: bool,
    assumes: &'static str,
    /// A limit ended the search: there may be more paths.
    more: bool,
}

#[derive(Debug, Serialize)]
struct Record {
    steps: Vec<Step>,
    /// Single edges without which no path is left.
    cut_by: Vec<Cut>,
    certainty: &'static str,
}

#[derive(Debug, Serialize)]
struct Step {
    from: String,
    edge: &'static str,
    to: String,
    certainty: &'static str,
    rule: &'static str,
    evidence: Vec<EvidenceRecord>,
}

#[derive(Clone, Debug, Serialize)]
struct Cut {
    from: String,
    edge: &'static str,
    to: String,
    how: &'static str,
}

pub fn run(args: &PathArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let (from, to) = (find(&estate, &args.from)?, find(&estate, &args.target)?);
    let world = world(&estate);
    let limits = if args.all { Limits::default() } else { Limits { detour: 0, ..Limits::default() } };
    let Some(mut found) = path(world, &from, &to, limits) else {
        return Err(nothing(&estate, &from));
    };
    if !args.all {
        found.paths.truncate(1);
    }
    let record = |hops: &[Hop]| Record {
        steps: hops
            .iter()
            .map(|hop| Step {
                from: hop.from.to_string(),
                edge: hop.kind.word(),
                to: hop.to.to_string(),
                certainty: certainty_word(hop.certainty),
                rule: hop.kind.row().rule,
                evidence: evidence::of(world.graph, world.inventory, world.pods, hop)
                    .into_iter()
                    .map(|it| EvidenceRecord { object: it.object.to_string(), path: it.path, value: it.value })
                    .collect(),
            })
            .collect(),
        cut_by: cuts(&found),
        certainty: certainty_word(hops.iter().fold(crate::base::Truth::Yes, |so_far, hop| so_far.and(hop.certainty))),
    };
    let records: Vec<Record> = found.paths.iter().map(|it| record(&it.hops)).collect();
    let mut out = output::open(output)?;
    let picture = || Picture::of_paths(&from, &to, &found.paths);
    match output.output {
        Format::Dot => out.write_all(picture().dot().as_bytes())?,
        Format::Mermaid => out.write_all(picture().mermaid().as_bytes())?,
        Format::Svg => out.write_all(picture().svg().as_bytes())?,
        Format::Html => out.write_all(picture().html().as_bytes())?,
        Format::Graphml => out.write_all(picture().graphml().as_bytes())?,
        Format::Table => text(&mut out, &from.to_string(), &to.to_string(), &found, &records)?,
        Format::Csv => csv(&mut out, &records)?,
        Format::Md | Format::Sarif => return Err(output::no_such_form(output.output)),
        Format::Json | Format::Ndjson => {
            let question = Question {
                ask: "path",
                from: from.to_string(),
                to: to.to_string(),
                all: args.all,
                assumes: assumes(&from, Direction::Forward),
                more: found.more,
            };
            if output.output == Format::Json {
                output::json(&mut out, &estate, question, &records)?;
            } else {
                output::ndjson(&mut out, &estate, question, &records)?;
            }
        }
    }
    out.flush()?;
    drop(out);
    let ended = output::finish(&estate, output)?;
    // Without a path, what was not read could hide one.
    let open = found.paths.is_empty() && output.strict && estate.inventory.coverage.gaps().next().is_some();
    Ok(if open { ExitCode::from(3) } else { ended })
}

fn cuts(found: &Paths) -> Vec<Cut> {
    found
        .cuts
        .iter()
        .map(|hop| Cut {
            from: hop.from.to_string(),
            edge: hop.kind.word(),
            to: hop.to.to_string(),
            how: hop.kind.row().cut,
        })
        .collect()
}

fn csv(out: &mut dyn Write, records: &[Record]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["path", "step", "from", "edge", "to", "certainty", "rule"])?;
    for (at, record) in records.iter().enumerate() {
        for (number, step) in record.steps.iter().enumerate() {
            let (path, number) = ((at + 1).to_string(), (number + 1).to_string());
            writer.write_record([&path, &number, &step.from, step.edge, &step.to, step.certainty, step.rule])?;
        }
    }
    writer.flush()
}

fn text(out: &mut dyn Write, from: &str, to: &str, found: &Paths, records: &[Record]) -> io::Result<()> {
    let mut line = |text: String| writeln!(out, "{}", clean(text.trim_end()));
    if records.is_empty() {
        return line(format!("No path from {from} to {to}."));
    }
    for (at, record) in records.iter().enumerate() {
        line(format!(
            "path {} of {}{}   {}",
            at + 1,
            records.len(),
            if found.more { "+" } else { "" },
            record.certainty
        ))?;
        line(format!("  {}", record.steps.first().map_or("", |step| &step.from)))?;
        for step in &record.steps {
            let mark = if step.certainty == "certain" { "" } else { "  ?" };
            line(format!("    {:<22} {}  ({}){mark}", step.edge, step.to, step.rule))?;
            for it in &step.evidence {
                line(format!("      {} {} = {}", it.object, it.path, shortened(&it.value)))?;
            }
        }
    }
    match records.first().map(|record| &record.cut_by[..]) {
        Some([]) | None => line("no single edge cuts every path".into())?,
        Some(cuts) => {
            for cut in cuts {
                line(format!("cut {} -{}-> {}: {}", cut.from, cut.edge, cut.to, cut.how))?;
            }
        }
    }
    Ok(())
}

/// Documents are too long for a line.
fn shortened(value: &str) -> String {
    let value: String = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match value.char_indices().nth(140) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value,
    }
}
