//! Findings as Markdown, for tickets and reports.

use std::io::{self, Write};

use crate::base::text::clean;
use crate::estate::Estate;

use super::record::FindingRecord;

/// One section a finding, worst first. Foreign text is put into code so that it stays text.
pub fn write(out: &mut dyn Write, estate: &Estate, rows: &[FindingRecord]) -> io::Result<()> {
    writeln!(out, "# Findings\n")?;
    let rules = estate.findings().rules;
    writeln!(
        out,
        "{} of {rules} rules; {} not evaluated everywhere.",
        rows.len(),
        estate.findings().not_evaluated.len()
    )?;
    for row in rows {
        writeln!(out, "\n## {} {}: {}\n", row.severity, row.id, code(&row.subject))?;
        writeln!(out, "{}.\n", text(&row.message))?;
        writeln!(out, "Impact: {}.\n", text(&row.impact))?;
        for it in &row.evidence {
            writeln!(out, "- {} {} = {}", code(&it.object), code(&it.path), code(&it.value))?;
        }
        for fix in &row.fix {
            let longest = longest_run(&fix.text).max(2) + 1;
            let fence = "`".repeat(longest);
            writeln!(
                out,
                "\n{fence}{}\n{}\n{fence}",
                if fix.tool == "hand" { "text" } else { "sh" },
                clean(&fix.text)
            )?;
        }
        if let Some(accepted) = &row.accepted {
            writeln!(out, "\nAccepted until {}: {}", accepted.until, text(&accepted.reason))?;
        }
        writeln!(out, "\nFingerprint {}", code(&row.fingerprint))?;
    }
    Ok(())
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
