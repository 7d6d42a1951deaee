//! `rolewalk snapshot show FILE`: the header of a saved snapshot, its counts, and how far each source was read.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::base::Name;
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs};
use crate::cli::envelope::{self, Envelope};
use crate::cli::failure::{Failure, Kind};
use crate::cli::{ANSWERED, Outcome, output};
use crate::ingest::Options;
use crate::ingest::saved::Saved;

#[derive(Debug, Serialize)]
struct SnapshotRecord {
    /// Number of the format of the file.
    format: u32,
    /// Of the program that wrote it.
    version: String,
    /// Bytes.
    size: usize,
    redacted: bool,
    clusters: Vec<Name>,
    accounts: Vec<Name>,
    counts: BTreeMap<String, u64>,
    sources: Vec<SourceRecord>,
}

#[derive(Debug, Serialize)]
struct SourceRecord {
    source: String,
    status: &'static str,
    objects: u64,
    lost: u64,
    why: String,
}

pub fn run(saved: &Saved, args: &OutputArgs) -> Outcome {
    let inventory =
        saved.load(Options::default()).map_err(|error| Failure::new(Kind::Unreadable, error.to_string()))?;
    let header = saved.header();
    let record = SnapshotRecord {
        format: saved.schema(),
        version: header.version.clone(),
        size: saved.size(),
        redacted: header.redacted,
        clusters: header.clusters.clone(),
        accounts: header.accounts.clone(),
        counts: header.counts.clone(),
        sources: inventory
            .coverage
            .sources()
            .map(|(source, report)| SourceRecord {
                source: source.to_string(),
                status: report.status.word(),
                objects: report.count,
                lost: report.lost,
                why: report.why.clone(),
            })
            .collect(),
    };
    let envelope = Envelope::of_inventory(&inventory, "snapshot show");
    let time = envelope.data_time.clone().unwrap_or_else(|| "not known".to_owned());
    let mut out = output::open(args)?;
    match args.output {
        Format::Json => output::enveloped(&mut out, envelope, &[record])?,
        Format::Ndjson => {
            output::line(&mut out, &envelope)?;
            output::line(&mut out, &record)?;
        }
        _ => text(&mut out, &record, &time)?,
    }
    out.flush()?;
    if args.strict && !envelope::completeness(&inventory.coverage).complete {
        return Err(Failure::new(Kind::Unknown, "some sources were not read whole, and --strict asks for all of them"));
    }
    Ok(ANSWERED)
}

fn text(out: &mut dyn Write, record: &SnapshotRecord, time: &str) -> std::io::Result<()> {
    let names = |names: &[Name]| names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(" ");
    let redacted = if record.redacted { ", names replaced" } else { "" };
    writeln!(out, "format     {}, written by rolewalk {}{redacted}", record.format, clean(&record.version))?;
    writeln!(out, "data time  {time}")?;
    writeln!(out, "size       {} bytes", record.size)?;
    writeln!(out, "clusters   {}", names(&record.clusters))?;
    writeln!(out, "accounts   {}", names(&record.accounts))?;
    for (name, count) in &record.counts {
        writeln!(out, "{:<10} {count}", clean(&name.replace('_', " ")))?;
    }
    writeln!(out)?;
    let width = record.sources.iter().map(|it| it.source.len()).max().unwrap_or_default();
    for source in &record.sources {
        let lost = if source.lost > 0 { format!(", {} lost", source.lost) } else { String::new() };
        let why = if source.why.is_empty() { String::new() } else { format!("  {}", clean(&source.why)) };
        let (name, status, objects) = (clean(&source.source), source.status, source.objects);
        writeln!(out, "{name:<width$}  {status:<8} {objects} objects{lost}{why}")?;
    }
    Ok(())
}
