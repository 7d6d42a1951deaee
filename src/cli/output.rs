//! Where answers go and in which format.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

use crate::estate::Estate;
use crate::model::Inventory;

use super::args::{Format, OutputArgs};
use super::envelope::Envelope;
use super::failure::{Failure, Kind, note};
use super::table::{self, Column};
use super::{ANSWERED, Outcome};

/// stdout, or the file of `--to`.
pub fn open(args: &OutputArgs) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = &args.to else { return Ok(Box::new(BufWriter::with_capacity(1 << 16, io::stdout().lock()))) };
    let file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| Failure::usage(format!("cannot write `{}`: {error}", path.display())))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Width to cut to: that of the terminal, when the answer goes to one.
pub fn limit(args: &OutputArgs) -> Option<usize> {
    if args.to.is_some() || !io::stdout().is_terminal() {
        return None;
    }
    crate::runtime::terminal::columns().map(usize::from)
}

/// Writes a list in the format that was asked for, then says what was not read.
pub fn list<T: Serialize, Q: Serialize>(
    estate: &Estate,
    question: Q,
    columns: &[Column<T>],
    rows: &[T],
    args: &OutputArgs,
) -> Outcome {
    written(Envelope::new(estate, question), columns, rows, args)?;
    finish(estate, args)
}

/// Writes a list that rests on no estate.
pub fn plain_list<T: Serialize>(question: &str, columns: &[Column<T>], rows: &[T], args: &OutputArgs) -> Outcome {
    written(Envelope::of_inventory(&Inventory::default(), question), columns, rows, args)?;
    Ok(ANSWERED)
}

/// Writes rows in the format that was asked for to where the answer goes, and nothing else.
pub fn written<Q: Serialize, T: Serialize>(
    envelope: Envelope<Q>,
    columns: &[Column<T>],
    rows: &[T],
    args: &OutputArgs,
) -> Result<(), Failure> {
    let mut out = open(args)?;
    form(&mut out, envelope, columns, rows, args)?;
    out.flush()?;
    Ok(())
}

/// Writes rows to `out` in the format that was asked for. Pictures are for the commands that draw.
pub fn rows<Q: Serialize, T: Serialize>(
    out: &mut dyn Write,
    estate: &Estate,
    question: Q,
    columns: &[Column<T>],
    rows: &[T],
    args: &OutputArgs,
) -> Result<(), Failure> {
    form(out, Envelope::new(estate, question), columns, rows, args)
}

fn form<Q: Serialize, T: Serialize>(
    out: &mut dyn Write,
    envelope: Envelope<Q>,
    columns: &[Column<T>],
    rows: &[T],
    args: &OutputArgs,
) -> Result<(), Failure> {
    let chosen = table::choose(columns, args.columns.as_deref())?;
    match args.output {
        Format::Json => enveloped(out, envelope, rows)?,
        Format::Ndjson => {
            line(out, &envelope)?;
            rows.iter().try_for_each(|row| line(out, row))?;
        }
        Format::Csv => table::csv(out, &chosen, rows, args)?,
        Format::Md => table::markdown(out, &chosen, rows)?,
        Format::Table if args.plain => table::blocks(out, &chosen, rows)?,
        Format::Table => table::aligned(out, &chosen, rows, args, limit(args))?,
        Format::Dot | Format::Mermaid | Format::Svg | Format::Html | Format::Graphml | Format::Sarif => {
            return Err(no_such_form(args.output));
        }
    }
    Ok(())
}

/// A header line with the envelope, then a line per row.
pub fn ndjson<Q: Serialize, T: Serialize>(
    out: &mut dyn Write,
    estate: &Estate,
    question: Q,
    rows: &[T],
) -> io::Result<()> {
    line(out, &Envelope::new(estate, question))?;
    rows.iter().try_for_each(|row| line(out, row))
}

/// The JSON envelope with its results.
pub fn json<Q: Serialize, T: Serialize>(
    out: &mut dyn Write,
    estate: &Estate,
    question: Q,
    results: &[T],
) -> io::Result<()> {
    enveloped(out, Envelope::new(estate, question), results)
}

/// An envelope with its results, as one JSON document.
pub fn enveloped<Q: Serialize, T: Serialize>(
    out: &mut dyn Write,
    envelope: Envelope<Q>,
    results: &[T],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Answer<'a, Q, T> {
        #[serde(flatten)]
        envelope: Envelope<Q>,
        results: &'a [T],
    }
    let answer = Answer { envelope, results };
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}

/// A format that this command has not.
pub fn no_such_form(format: Format) -> Failure {
    let word = clap::ValueEnum::to_possible_value(&format).map_or_else(String::new, |it| it.get_name().to_owned());
    Failure::usage(format!("this answer has no {word} form")).hint("use -o table or -o json")
}

/// A value on one line.
pub fn line<T: Serialize>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Gaps to stderr where the format does not carry them, and the exit code of `--strict`.
pub fn finish(estate: &Estate, args: &OutputArgs) -> Outcome {
    let gaps: Vec<String> = estate
        .inventory
        .coverage
        .gaps()
        .map(|gap| {
            let why = if gap.report.why.is_empty() { String::new() } else { format!(" ({})", gap.report.why) };
            format!("not read whole: {}: {}{why}", gap.source, gap.report.status.word())
        })
        .collect();
    if !args.quiet && !matches!(args.output, Format::Json | Format::Ndjson) {
        gaps.iter().for_each(|gap| note(gap));
        for (_, report) in estate.inventory.coverage.sources() {
            report.losses.iter().for_each(|loss| note(&format!("lost: {}", loss.message())));
        }
    }
    if args.strict && !gaps.is_empty() {
        return Err(Failure::new(Kind::Unknown, "some sources were not read whole, and --strict asks for all of them"));
    }
    Ok(ANSWERED)
}
