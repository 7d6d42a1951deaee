//! Findings as Markdown, for tickets and reports.

use std::io::{self, Write};

use crate::base::text::clean;
use crate::cli::envelope::seconds;
use crate::estate::Estate;

use super::first::ChangeRecord;
use super::record::{FindingRecord, FixRecord};

/// One section a finding, worst first. Foreign text is put into code so that it stays text.
pub fn write(out: &mut dyn Write, estate: &Estate, rows: &[FindingRecord]) -> io::Result<()> {
    writeln!(out, "# Findings\n")?;
    let findings = estate.findings();
    let time = estate.data_time().map_or_else(String::new, |it| format!(" in data of {}", seconds(it)));
    let gaps = estate.inventory.coverage.gaps().count();
    writeln!(
        out,
        "{} findings of {} rules{time}. Not judged everywhere: {} rules. Not read whole: {gaps} sources.",
        rows.len(),
        findings.rules,
        findings.not_evaluated.len()
    )?;
    for row in rows {
        writeln!(out, "\n## {} {}: {}\n", row.severity, row.id, code(&row.subject))?;
        out.write_all(paragraphs(row).as_bytes())?;
    }
    let missed = &estate.findings().not_evaluated;
    if !missed.is_empty() {
        writeln!(out, "\n## Not evaluated everywhere\n")?;
    }
    for it in missed {
        let needs: Vec<String> = it.needs.iter().map(|it| code(&it.to_string())).collect();
        writeln!(out, "- {} {} needs {}", it.rule.id, it.rule.slug, needs.join(", "))?;
    }
    Ok(())
}

/// The changes to begin with, as a numbered list.
pub fn changes(out: &mut dyn Write, rows: &[ChangeRecord]) -> io::Result<()> {
    writeln!(out, "# What to fix first\n")?;
    if rows.is_empty() {
        writeln!(out, "No single change cuts anything.")?;
    }
    for (at, row) in rows.iter().enumerate() {
        let cuts = row.cuts.unwrap_or_default();
        writeln!(out, "{}. {}: cuts {cuts}, mends {}", at + 1, text(&row.text), text(&row.mends()))?;
        for fix in &row.fix {
            // Inside the item of the list.
            let fenced = fence(fix).replace('\n', "\n   ");
            writeln!(out, "\n   {}", fenced.trim_end())?;
        }
    }
    Ok(())
}

/// One finding without its heading.
pub fn paragraphs(row: &FindingRecord) -> String {
    let mut out = format!("{}.\n\nImpact: {}.\n\n", text(&row.message), text(&row.impact));
    if !row.certain {
        out.push_str("Not certain: something that could settle it was not read.\n\n");
    }
    for it in &row.evidence {
        out.push_str(&format!("- {} {} = {}\n", code(&it.object), code(&it.path), code(&it.value)));
    }
    for fix in &row.fix {
        out.push('\n');
        out.push_str(&fence(fix));
    }
    if let Some(accepted) = &row.accepted {
        out.push_str(&format!("\nAccepted until {}: {}\n", accepted.until, text(&accepted.reason)));
    }
    out.push_str(&format!("\nFingerprint {}\n", code(&row.fingerprint)));
    out
}

/// A block of code that no back-tick in it can end.
fn fence(fix: &FixRecord) -> String {
    let fence = "`".repeat(longest_run(&fix.text).max(2) + 1);
    let language = match fix.tool {
        "hand" => "text",
        "terraform" => "hcl",
        _ => "sh",
    };
    let lines: Vec<_> = fix.text.lines().map(clean).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(text: &str) -> usize {
    text.split(|it| it != '`').map(str::len).max().unwrap_or(0)
}

/// A code span that no back-tick in it can end.
fn code(text: &str) -> String {
    let text = clean(text).replace('\n', " ");
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Running text in which nothing is markup.
fn text(text: &str) -> String {
    let mut out = String::new();
    for it in clean(text).replace('\n', " ").chars() {
        if "\\*_[]<>#|".contains(it) {
            out.push('\\');
        }
        out.push(it);
    }
    out
}
