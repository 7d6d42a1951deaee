//! Lists as columns: for people aligned, for spreadsheets as CSV, for screen readers one block per record.

use std::io::{self, Write};

use crate::analysis::query::{Field, Row, Shape, Value};
use crate::base::text::{clean, shorten, width};

use super::args::OutputArgs;
use super::failure::Failure;

/// A column of a list of `T`.
pub struct Column<T> {
    /// Name for `--columns` and the header.
    pub name: &'static str,
    /// Shown when no columns are chosen.
    pub usual: bool,
    /// The field of the query language that asks for it.
    pub field: Option<Field>,
    /// Bare words of a query look in it.
    pub named: bool,
    pub cell: fn(&T) -> String,
}

impl<T> Column<T> {
    pub const fn new(name: &'static str, cell: fn(&T) -> String) -> Column<T> {
        Column { name, usual: true, field: None, named: false, cell }
    }

    /// Only shown when asked for.
    #[must_use]
    pub const fn extra(mut self) -> Column<T> {
        self.usual = false;
        self
    }

    #[must_use]
    pub const fn field(mut self, field: Field) -> Column<T> {
        self.field = Some(field);
        self
    }

    #[must_use]
    pub const fn named(mut self) -> Column<T> {
        self.named = true;
        self
    }
}

/// A record as the query language sees it: through its columns.
pub struct Record<'a, T> {
    pub columns: &'a [Column<T>],
    pub record: &'a T,
}

impl<T> Row for Record<'_, T> {
    fn names(&self, out: &mut dyn FnMut(&str)) {
        self.columns.iter().filter(|column| column.named).for_each(|column| out(&(column.cell)(self.record)));
    }

    fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
        for column in self.columns.iter().filter(|column| column.field == Some(field)) {
            let cell = (column.cell)(self.record);
            match field.shape() {
                Shape::Text => out(Value::Text(&cell)),
                Shape::Number | Shape::Time | Shape::Severity => {
                    cell.parse().into_iter().for_each(|number| out(Value::Number(number)));
                }
            }
        }
    }
}

/// The columns that were asked for, in that order; else the usual ones.
pub fn choose<'a, T>(all: &'a [Column<T>], wanted: Option<&[String]>) -> Result<Vec<&'a Column<T>>, Failure> {
    let Some(wanted) = wanted else { return Ok(all.iter().filter(|column| column.usual).collect()) };
    wanted
        .iter()
        .map(|name| {
            all.iter().find(|column| column.name.eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
                let names: Vec<&str> = all.iter().map(|column| column.name).collect();
                Failure::usage(format!("there is no column `{name}`")).hint(format!("columns: {}", names.join(", ")))
            })
        })
        .collect()
}

/// Aligned columns. With `limit` (the width of a terminal) the widest column gives way until a row fits.
pub fn aligned<T>(
    out: &mut dyn Write,
    columns: &[&Column<T>],
    rows: &[T],
    args: &OutputArgs,
    limit: Option<usize>,
) -> io::Result<()> {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| clean(&(column.cell)(row)).into_owned()).collect()).collect();
    let heads: Vec<String> = columns.iter().map(|column| column.name.to_uppercase().replace('_', " ")).collect();
    let mut widths: Vec<usize> = heads.iter().map(|head| if args.no_headers { 0 } else { width(head) }).collect();
    for row in &cells {
        for (at, cell) in row.iter().enumerate() {
            widths[at] = widths[at].max(width(cell));
        }
    }
    if let Some(limit) = limit {
        fit(&mut widths, limit);
    }
    let mut line = |row: &[String]| -> io::Result<()> {
        let mut text = String::new();
        for (at, cell) in row.iter().enumerate() {
            let cell = shorten(cell, widths[at], "…");
            text.push_str(&cell);
            if at + 1 < row.len() {
                text.extend(std::iter::repeat_n(' ', widths[at].saturating_sub(width(&cell)) + 2));
            }
        }
        writeln!(out, "{}", text.trim_end())
    };
    if !args.no_headers {
        line(&heads)?;
    }
    cells.iter().try_for_each(|row| line(row))
}

/// Takes cells from the widest column until all fit; no column becomes narrower than 8.
fn fit(widths: &mut [usize], limit: usize) {
    loop {
        let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let Some(widest) = widths.iter_mut().max() else { return };
        if total <= limit || *widest <= 8 {
            return;
        }
        *widest -= (total - limit).min(*widest - 8);
    }
}

/// One block per record, a line per column, nothing cut.
pub fn blocks<T>(out: &mut dyn Write, columns: &[&Column<T>], rows: &[T]) -> io::Result<()> {
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for column in columns {
            writeln!(out, "{}: {}", column.name.replace('_', " "), clean(&(column.cell)(row)))?;
        }
    }
    Ok(())
}

/// A table of Markdown.
pub fn markdown<T>(out: &mut dyn Write, columns: &[&Column<T>], rows: &[T]) -> io::Result<()> {
    let heads: Vec<String> = columns.iter().map(|column| column.name.replace('_', " ")).collect();
    writeln!(out, "| {} |", heads.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(columns.len()))?;
    for row in rows {
        let cells = columns.iter().map(|column| clean(&(column.cell)(row)).replace('\\', "\\\\").replace('|', "\\|"));
        writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
    }
    Ok(())
}

/// CSV as RFC 4180 has it. `--csv-safe` puts a quote before cells that a spreadsheet would run.
pub fn csv<T>(out: &mut dyn Write, columns: &[&Column<T>], rows: &[T], args: &OutputArgs) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if !args.no_headers {
        writer.write_record(columns.iter().map(|column| column.name))?;
    }
    for row in rows {
        writer.write_record(columns.iter().map(|column| {
            let cell = clean(&(column.cell)(row)).into_owned();
            let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if args.csv_safe && runs { format!("'{cell}") } else { cell }
        }))?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way() {
        let mut widths = [40, 10, 12];
        fit(&mut widths, 50);
        assert_eq!(widths, [24, 10, 12]);
        let mut narrow = [9, 9];
        fit(&mut narrow, 5);
        assert_eq!(narrow, [8, 8]);
    }
}
