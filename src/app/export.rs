//! Lists and pages as files: plain text, CSV, JSON, Markdown.

use serde_json::json;

use crate::base::text::clean;
use crate::estate::{Estate, Severity};

use super::list::{ListKind, ListLine, ListRow, ListView};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Csv,
    Json,
    Markdown,
}

impl Format {
    pub fn from_word(word: &str) -> Option<Format> {
        match word {
            "txt" | "text" => Some(Format::Text),
            "csv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            "md" | "markdown" => Some(Format::Markdown),
            _ => None,
        }
    }

    /// By the end of a file name; anything unknown is text.
    pub fn of_file(file: &str) -> Format {
        file.rsplit_once('.').and_then(|(_, end)| Format::from_word(&end.to_lowercase())).unwrap_or(Format::Text)
    }

    pub fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Markdown => "md",
        }
    }
}

const COLUMNS: [&str; 9] = ["cluster", "namespace", "name", "pods", "source", "role", "verdict", "worst", "address"];

fn cells(estate: &Estate, row: &ListRow) -> [String; 9] {
    let identity = row.group.and_then(|at| estate.groups.get(at as usize)).map(|group| &group.identity);
    [
        row.cluster.to_string(),
        row.section.to_string(),
        row.name.to_string(),
        row.count.to_string(),
        identity.map_or_else(|| row.code.to_owned(), |it| it.identity.source.word().to_owned()),
        identity.and_then(|it| it.identity.role.as_deref()).unwrap_or_default().to_owned(),
        identity.map_or("", |it| it.verdict.word()).to_owned(),
        row.worst.map_or("", Severity::word).to_owned(),
        row.key.to_string(),
    ]
}

const FINDING_COLUMNS: [&str; 9] =
    ["severity", "id", "slug", "subject", "message", "owner", "pods", "certain", "accepted"];

fn finding_cells(estate: &Estate, row: &ListRow) -> Option<[String; 9]> {
    let finding = estate.found_already()?.0.all.get(row.finding? as usize)?;
    Some([
        finding.severity.word().to_owned(),
        finding.rule.id.to_owned(),
        finding.rule.slug.to_owned(),
        finding.subject.to_string(),
        finding.message.clone(),
        finding.owner.as_ref().map_or_else(String::new, ToString::to_string),
        row.count.to_string(),
        finding.certain.to_string(),
        row.accepted.to_string(),
    ])
}

/// The rows shown, in their order.
pub fn list(estate: &Estate, view: &ListView, format: Format) -> String {
    if view.index.kind == ListKind::Findings {
        let rows = view.lines.iter().filter_map(|line| match line {
            ListLine::Row(at) => finding_cells(estate, &view.index.rows[*at as usize]),
            ListLine::Header(_) => None,
        });
        return table(&FINDING_COLUMNS, rows, format);
    }
    let rows = view.lines.iter().filter_map(|line| match line {
        ListLine::Row(at) => Some(cells(estate, &view.index.rows[*at as usize])),
        ListLine::Header(_) => None,
    });
    table(&COLUMNS, rows, format)
}

pub(super) fn table<const N: usize>(
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
    format: Format,
) -> String {
    match format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            // Writing to memory does not fail.
            let _ = writer.write_record(columns);
            rows.for_each(|row| drop(writer.write_record(&row)));
            String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
        }
        Format::Json => {
            let object = |row: [String; N]| {
                let pairs = columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell)));
                serde_json::Value::Object(pairs.collect())
            };
            let rows: Vec<serde_json::Value> = rows.map(object).collect();
            let mut text = serde_json::to_string_pretty(&rows).unwrap_or_default();
            text.push('\n');
            text
        }
        Format::Markdown => {
            let mut text = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(N));
            for row in rows {
                let row = row.map(|cell| clean(&cell).replace('|', "\\|"));
                text.push_str(&format!("| {} |\n", row.join(" | ")));
            }
            text
        }
        Format::Text => {
            let rows: Vec<[String; N]> = rows.map(|row| row.map(|cell| clean(&cell).into_owned())).collect();
            let width = |at: usize| {
                let cells = rows.iter().map(|row| crate::base::text::width(&row[at]));
                cells.max().unwrap_or(0).max(columns[at].len())
            };
            let widths: Vec<usize> = (0..N).map(width).collect();
            let heading: [String; N] = columns.map(str::to_uppercase);
            let mut text = String::new();
            for row in std::iter::once(&heading).chain(&rows) {
                for (cell, width) in row.iter().zip(&widths) {
                    text.push_str(cell);
                    text.extend(std::iter::repeat_n(' ', width - crate::base::text::width(cell) + 2));
                }
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
            text
        }
    }
}

/// Lines of a document or page.
pub fn text(lines: &[String], format: Format) -> String {
    match format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(lines).unwrap_or_default();
            text.push('\n');
            text
        }
        Format::Csv => table(&["line"], lines.iter().map(|line| [line.clone()]), Format::Csv),
        Format::Markdown => format!("```\n{}\n```\n", lines.join("\n")),
        Format::Text => format!("{}\n", lines.join("\n")),
    }
}
