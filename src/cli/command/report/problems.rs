//! Findings on the page: what to fix first, then all of them by owner, then those that somebody accepted.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::command::findings::first::{self, ChangeRecord};
use crate::cli::command::findings::record::{FindingRecord, FixRecord};
use crate::findings::fix_first::FixFirst;
use crate::findings::{Finding, Severity};

use super::html::{Cell, Html, bounded};

/// Findings that are shown whole, the worst first.
const FINDINGS: usize = 1000;
/// Pieces of evidence of one finding.
const EVIDENCE: usize = 20;
/// Other things that one finding concerns.
const ALSO: usize = 10;
/// Findings named for one change.
const MENDED: usize = 12;
/// Characters of one value.
const VALUE: usize = 2000;
/// Above this many groups all of them are closed at first.
const OPEN_GROUPS: usize = 60;

/// Findings that the page shows, which links may lead to.
pub struct Shown<'a> {
    rows: Vec<&'a FindingRecord>,
    prints: BTreeSet<&'a str>,
    left_out: usize,
}

/// Chooses what is shown: all that nobody accepted, or the worst of them.
pub fn shown(rows: &[FindingRecord]) -> Shown<'_> {
    let open: Vec<&FindingRecord> = rows.iter().filter(|it| it.accepted.is_none()).collect();
    let left_out = open.len().saturating_sub(FINDINGS);
    // They come worst first.
    let rows: Vec<&FindingRecord> = open.into_iter().take(FINDINGS).collect();
    Shown { prints: rows.iter().map(|it| it.fingerprint.as_str()).collect(), rows, left_out }
}

fn anchor(fingerprint: &str) -> String {
    format!("finding-{fingerprint}")
}

/// The few changes to begin with.
pub fn changes(answer: &FixFirst, findings: &[Finding], shown: &Shown<'_>) -> Html {
    let mut html = Html::default();
    let records = first::records(answer, findings);
    let sums = first::sums(answer);
    // It begins a paragraph here.
    html.paragraph(&format!("{}{}.", sums[..1].to_uppercase(), &sums[1..]));
    if !records.iter().any(|it| it.rank.is_some()) {
        html.paragraph("No single change cuts anything.");
        return html;
    }
    html.element("ol", &[], |it| {
        for record in records.iter().filter(|it| it.rank.is_some()) {
            it.element("li", &[], |it| change(it, record, shown));
        }
    });
    html.aside("A pair counts when every step between the two is certain. `rolewalk findings --first -o json` lists every change.");
    html
}

fn change(html: &mut Html, record: &ChangeRecord, shown: &Shown<'_>) {
    html.element("h3", &[], |it| {
        it.severity(record.severity).text(" ").text(&record.text);
    });
    let (cuts, alone) = (record.cuts.unwrap_or_default(), record.alone);
    let alone = alone.filter(|it| *it != cuts).map_or_else(String::new, |it| format!(", {it} if it is made alone"));
    html.paragraph(&format!(
        "Cuts {cuts} pairs{alone}. Lose something: {} workloads, users or groups. Reached by fewer: {} sensitive things.",
        record.starts.unwrap_or_default(),
        record.targets.unwrap_or_default()
    ));
    html.element("p", &[], |it| {
        it.text("Mends ");
        for (at, mended) in record.findings.iter().take(MENDED).enumerate() {
            it.text(if at > 0 { ", " } else { "" });
            let name = format!("{} {}", mended.id, mended.subject);
            if shown.prints.contains(mended.fingerprint.as_str()) {
                it.element("a", &[("href", &format!("#{}", anchor(&mended.fingerprint)))], |it| {
                    it.text(&name);
                });
            } else {
                it.text(&name);
            }
        }
        let more = record.findings.len().saturating_sub(MENDED);
        it.text(&if more > 0 { format!(" and {more} more.") } else { ".".to_owned() });
    });
    fixes(html, &record.fix);
}

fn fixes(html: &mut Html, fixes: &[FixRecord]) {
    for fix in fixes {
        html.element("pre", &[("tabindex", "0"), ("aria-label", &format!("fix: {}", fix.tool))], |it| {
            it.element("code", &[], |it| {
                it.lines(&bounded(&fix.text, VALUE * 4));
            });
        });
    }
}

/// All findings by the workload that people know them by, else by the thing itself.
pub fn groups(shown: &Shown<'_>) -> Html {
    let mut html = Html::default();
    let mut groups: BTreeMap<&str, Vec<&FindingRecord>> = BTreeMap::new();
    for row in &shown.rows {
        groups.entry(row.owner.as_deref().unwrap_or(&row.subject)).or_default().push(row);
    }
    let mut groups: Vec<(&str, Vec<&FindingRecord>)> = groups.into_iter().collect();
    groups.sort_by_key(|(owner, rows)| (rows.iter().map(|it| it.worst).min(), std::cmp::Reverse(rows.len()), *owner));
    if groups.is_empty() {
        html.paragraph("None.");
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let open: &[(&str, &str)] = if groups.len() <= OPEN_GROUPS { &[("open", "")] } else { &[] };
    for (owner, rows) in &groups {
        html.element("details", open, |it| {
            it.element("summary", &[], |it| {
                it.text(owner);
                for severity in Severity::ALL {
                    let count = rows.iter().filter(|it| it.worst == severity).count();
                    if count > 0 {
                        it.text(&format!(" {count} "));
                        it.severity(severity.word());
                    }
                }
            });
            rows.iter().for_each(|row| finding(it, row, seen.insert(&row.fingerprint)));
        });
    }
    if shown.left_out > 0 {
        html.aside(&format!(
            "{} findings of the lowest severities are left out of this page. `rolewalk findings -o json` has them all.",
            shown.left_out
        ));
    }
    html
}

fn finding(html: &mut Html, row: &FindingRecord, first: bool) {
    let id = anchor(&row.fingerprint);
    // No two elements of a page may have one id.
    let attributes: &[(&str, &str)] = if first { &[("id", &id)] } else { &[] };
    html.element("article", attributes, |it| {
        it.element("h4", &[], |it| {
            it.severity(row.severity);
            it.text(&format!(" {} {}: {}", row.id, row.slug, row.message));
        });
        let certain = if row.certain { "Certain" } else { "Not certain: something that could settle it was not read" };
        it.element("p", &[], |it| {
            it.text(if row.impact.is_empty() { "" } else { "Impact: " });
            it.text(&bounded(&row.impact, VALUE));
            it.text(if row.impact.is_empty() { "" } else { ". " });
            it.text(certain);
            it.text(if row.platform { ". Part of the platform." } else { "." });
        });
        if let Some(technique) = &row.technique {
            it.paragraph(&format!(
                "How: {} gains {}.",
                technique.steps.join(", then "),
                bounded(&technique.gains, VALUE)
            ));
        }
        evidence(it, row);
        if !row.also.is_empty() {
            let named: Vec<&str> = row.also.iter().take(ALSO).map(String::as_str).collect();
            let more = row.also.len().saturating_sub(ALSO);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            it.aside(&format!("Also concerned: {}{more}.", named.join(", ")));
        }
        fixes(it, &row.fix);
        it.aside(&format!("Fingerprint {}", row.fingerprint));
    });
}

fn evidence(html: &mut Html, row: &FindingRecord) {
    if row.evidence.is_empty() {
        return;
    }
    let caption = match row.evidence.len().saturating_sub(EVIDENCE) {
        0 => format!("Evidence for {} on {}", row.id, row.subject),
        more => format!("Evidence for {} on {}, {more} more left out", row.id, row.subject),
    };
    let rows = row.evidence.iter().take(EVIDENCE).map(|it| {
        vec![Cell::Code(it.object.clone()), Cell::Code(it.path.clone()), Cell::Code(bounded(&it.value, VALUE))]
    });
    html.table(&caption, &["object", "where", "value"], rows);
}

/// Findings that somebody accepted.
pub fn accepted(rows: &[FindingRecord]) -> Html {
    let mut html = Html::default();
    let accepted: Vec<Vec<Cell>> = rows
        .iter()
        .filter_map(|row| {
            let accepted = row.accepted.as_ref()?;
            Some(vec![
                Cell::Severity(row.severity),
                Cell::Text(row.id.to_owned()),
                Cell::Code(row.subject.clone()),
                Cell::Text(bounded(&accepted.reason, VALUE)),
                Cell::Text(accepted.by.clone()),
                Cell::Text(accepted.until.clone()),
            ])
        })
        .collect();
    if accepted.is_empty() {
        html.paragraph("None.");
    } else {
        html.table("Accepted findings", &["severity", "rule", "subject", "reason", "by", "until"], accepted);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Category, Kind, Rule};
    use crate::identity::Evidence;
    use crate::model::EntityKey;

    static RULE: Rule = Rule {
        id: "TRUST-001",
        slug: "made-for-this-test",
        severity: Severity::High,
        kind: Kind::Open,
        category: Category::Trust,
        needs: &[],
        references: &[],
        check: |_, _| {},
    };

    fn record(number: usize, evidence: usize, value: &str) -> FindingRecord {
        let subject = EntityKey::plain(crate::model::Kind::Cluster, &format!("c{number}"));
        let it = Evidence { object: subject.clone(), path: "x".into(), value: value.into() };
        let finding = Finding {
            rule: &RULE,
            severity: Severity::High,
            subject,
            also: Vec::new(),
            message: "wrong".into(),
            evidence: vec![it; evidence],
            impact: String::new(),
            fix: Vec::new(),
            fingerprint: format!("{number:016x}"),
            owner: None,
            certain: true,
            platform: false,
            accepted: None,
            technique: None,
        };
        FindingRecord::new(&finding, false)
    }

    #[test]
    fn a_page_has_a_bound_and_says_what_is_left_out() {
        let rows: Vec<FindingRecord> = (0..FINDINGS + 7).map(|number| record(number, 1, "v")).collect();
        let shown = shown(&rows);
        let page = groups(&shown).finish();
        assert_eq!(page.matches("<article").count(), FINDINGS);
        assert!(
            page.contains("7 findings of the lowest severities are left out of this page. `rolewalk findings -o json`")
        );
        assert!(!page.contains("<details open"), "so many groups begin closed");

        let one = [record(1, EVIDENCE + 3, &"long ".repeat(100_000))];
        let page = groups(&super::shown(&one)).finish();
        assert!(page.contains("3 more left out") && page.contains("more characters)"));
        assert!(page.len() < 100_000, "{} bytes", page.len());
        assert!(page.contains("<details open"));
    }
}
