//! The Findings screen: what is said of the chosen finding, its page, the catalogue of rules, and the last line.

use rustc_hash::FxHashSet;

use crate::base::text::width;
use crate::estate::{DocumentRole, Estate};
use crate::findings::{Acceptance, Entry, Finding, Findings, Severity, rules};
use crate::model::{EntityKey, Kind, SourceId};

use super::explorer::{Columns, age};
use super::list::{ListView, finding_key, label};
use super::text::{Line, Target, Tone};
use super::{App, header::plural};

const LABEL: usize = 9;

/// What the right of the status line and the last line name at most.
const NAMED: usize = 4;

impl App {
    /// The finding that is chosen on the Findings screen, or whose page is open there.
    pub fn finding(&self) -> Option<&Finding> {
        let (findings, _) = self.estate().found_already()?;
        findings.all.get(self.row()?.finding? as usize)
    }

    /// What is chosen among the lines below the list.
    pub fn finding_pick(&self) -> Option<&Target> {
        self.columns.detail.get(self.finding_line()?)?.target.as_ref()
    }

    /// The line of that choice.
    pub fn finding_line(&self) -> Option<usize> {
        let chosen = |line: &Line| line.target.is_some() && line.target == self.place.picks[0];
        let lines = &self.columns.detail;
        lines.iter().position(chosen).or_else(|| lines.iter().position(|line| line.target.is_some()))
    }

    /// How old what the finding at a position is about was at the time of the data; empty where that is not told.
    pub fn finding_age(&self, at: u32) -> String {
        let estate = self.estate();
        let made = estate.found_already().and_then(|(_, found)| found.made(at as usize));
        match (estate.data_time(), made) {
            (Some(now), Some(made)) => age(now.as_second() - made.as_second()),
            _ => String::new(),
        }
    }

    pub(super) fn findings_crumbs(&self) -> String {
        let mut parts = vec![String::from("Findings")];
        if let Some(about) = &self.place.ask.about {
            parts.push(format!("about {}", label(about)));
        }
        if let Some(row) = self.row().filter(|row| row.finding.is_some()) {
            parts.extend([row.section.to_string(), row.name.to_string()]);
        }
        parts.join(" › ")
    }

    pub(super) fn finding_columns(&self) -> Columns {
        let Some(finding) = self.finding() else { return Columns::default() };
        let acceptance = self.accepted.covering(&finding.fingerprint, self.today());
        Columns { detail_title: title(finding), detail: summary(finding, acceptance), ..Columns::default() }
    }

    /// Title and lines of the page of the chosen finding.
    pub(super) fn finding_page(&self, key: &EntityKey) -> (String, Vec<Line>) {
        let found = self.estate().found_already();
        let print = key.name.split('+').next().unwrap_or_default();
        let known = self.finding().filter(|it| it.fingerprint == print);
        let Some(finding) = known.or_else(|| found?.0.all.iter().find(|it| it.fingerprint == print)) else {
            return (key.to_string(), vec![Line::dim("it is not there any more")]);
        };
        let acceptance = self.accepted.covering(print, self.today());
        let cells = usize::from(self.size.0.saturating_sub(4)).max(40);
        (title(finding), page(finding, acceptance, cells))
    }

    /// Every rule with what it found, or what it would have to read.
    pub(super) fn rules_page(&self) -> Vec<Line> {
        match self.estate().found_already() {
            Some((findings, _)) => rules_page(findings),
            None => vec![Line::dim(self.findings_wait())],
        }
    }

    /// Every acceptance of the file, with what it came to.
    pub(super) fn accepted_page(&self) -> Vec<Line> {
        let (today, found) = (self.today(), self.estate().found_already());
        let prints: Option<FxHashSet<&str>> =
            found.map(|(findings, _)| findings.all.iter().map(|it| it.fingerprint.as_str()).collect());
        let mut lines = Vec::new();
        for row in self.accepted.rows() {
            let print = row.fingerprint.as_str();
            let (word, tone) = match &prints {
                None => ("?", Tone::Unknown),
                Some(prints) if !prints.contains(print) => ("gone", Tone::Dim),
                Some(_) if self.accepted.covering(print, today).is_some() => ("accepted", Tone::Good),
                Some(_) => ("run out", Tone::Bad),
            };
            let line = Line::default()
                .with(format!("{word:<9} "), tone)
                .with(format!("{:<10} until {}  {}", row.rule, row.until, row.subject), Tone::Plain);
            lines.push(line.to(Target::Thing(finding_key(print))));
            let by = if row.by.is_empty() { String::new() } else { format!("  ({})", row.by) };
            lines.push(Line::dim(format!("{:<10}{}{by}", "", row.reason)));
        }
        if lines.is_empty() {
            lines.push(Line::dim("no finding is accepted; a on a finding accepts it, with a reason and a last day"));
        }
        lines
    }

    /// Why there are no findings yet.
    pub fn findings_wait(&self) -> &'static str {
        if self.loading { "the rules run when everything is read" } else { "the rules are running …" }
    }

    /// What stands in place of an empty list.
    pub fn no_findings(&self) -> String {
        let Some((findings, _)) = self.estate().found_already() else { return self.findings_wait().to_owned() };
        let Some(view) = self.list() else { return String::new() };
        if view.matched == 0 && view.total > 0 {
            return "nothing matches".to_owned();
        }
        let pods = self.estate().pods.iter().filter(|it| it.pod.is_some()).count();
        let mut text = match (&view.ask.about, view.ask.scope.is_all()) {
            (Some(key), _) => format!("No findings about {key}."),
            (None, true) => "No findings.".to_owned(),
            (None, false) => format!("No findings in {}.", view.ask.scope.label()),
        };
        text.push_str(&format!(" {} ran over {}.", plural(findings.rules, "rule"), plural(pods, "pod")));
        if let Some(unread) = unread(findings) {
            text.push_str(&format!(" Not evaluated: {} ({unread}).", findings.not_evaluated.len()));
        }
        text
    }

    /// The last line of the screen: rules that were not evaluated, and why; what is accepted.
    pub fn findings_footer(&self) -> Line {
        let Some((findings, _)) = self.estate().found_already() else { return Line::dim(self.findings_wait()) };
        let mut line = Line::default();
        if let Some(view) = self.list().filter(|view| view.index.accepted > 0) {
            let shown = if view.ask.accepted { "shown" } else { "! shows" };
            line = line.with(format!("{} accepted ({shown})  ·  ", view.index.accepted), Tone::Plain);
        }
        match unread(findings) {
            Some(unread) => {
                let count = plural(findings.not_evaluated.len(), "rule");
                line.with(format!("not evaluated everywhere: {count} ({unread})  :rules"), Tone::Unknown)
            }
            None => line.with(format!("all {} evaluated", plural(findings.rules, "rule")), Tone::Dim),
        }
    }
}

/// `15 CRIT 37 HIGH 20 MED`
pub(super) fn by_severity(view: &ListView) -> Option<String> {
    let counts = Severity::ALL.iter().zip(view.severities).filter(|(_, count)| *count > 0);
    let parts: Vec<String> = counts.map(|(severity, count)| format!("{count} {}", severity.code())).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What was not read, in a few words.
fn unread(findings: &Findings) -> Option<String> {
    let mut needs: Vec<&SourceId> = findings.not_evaluated.iter().flat_map(|it| &it.needs).collect();
    needs.sort();
    needs.dedup();
    let first = needs.first()?;
    Some(match needs.len() {
        1 => format!("{first} not read"),
        count => format!("{first} and {} not read", plural(count - 1, "other")),
    })
}

fn title(finding: &Finding) -> String {
    let certain = if finding.certain { "" } else { "   uncertain" };
    format!("{} {} {}{certain}", finding.severity.code(), finding.rule.id, finding.rule.slug)
}

fn heading(finding: &Finding) -> String {
    format!("{}.", capital(&finding.message))
}

/// With a capital letter, unless the first word is a name.
fn capital(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if word.is_empty() || !word.chars().all(|it| it.is_ascii_lowercase()) {
        return text.to_owned();
    }
    text[..1].to_uppercase() + &text[1..]
}

/// What stands below the list: text, path, fix, certainty.
fn summary(finding: &Finding, acceptance: Option<&Acceptance>) -> Vec<Line> {
    let label = |name: &str, text: &str| Line::label(name, LABEL, text);
    let mut lines = vec![Line::strong(heading(finding))];
    if !finding.impact.is_empty() {
        lines.push(label("so", &format!("{}.", finding.impact)));
    }
    lines.extend(accepted(acceptance));
    let mut evidence = evidence(finding).into_iter();
    let mut fixes = finding.fix.iter().enumerate().map(|(at, fix)| {
        let mut text = fix.text.lines();
        let first = text.next().unwrap_or_default();
        let more = if text.next().is_some() { " …" } else { "" };
        let line = label(if at < 2 { "fix" } else { "" }, "").with(format!("{:<9} ", fix.tool.word()), Tone::Dim);
        line.with(format!("{first}{more}"), Tone::Plain)
    });
    // The first of each is seen without scrolling.
    lines.extend(evidence.next());
    lines.extend(fixes.next());
    lines.push(certainty(finding));
    lines.extend(evidence);
    lines.extend(fixes);
    lines
}

fn evidence(finding: &Finding) -> Vec<Line> {
    let line = |(at, it): (usize, &crate::identity::Evidence)| {
        let object = if it.object == finding.subject { String::new() } else { format!("{}  ", label(&it.object)) };
        let mut line = Line::label(if at < 2 { "where" } else { "" }, LABEL, "")
            .with(object, Tone::Dim)
            .with(&it.path, Tone::Plain);
        if !it.value.is_empty() {
            line = line.with(" = ", Tone::Dim).with(&it.value, Tone::Plain);
        }
        line.to(Target::Place(it.object.clone(), it.path.clone()))
    };
    finding.evidence.iter().enumerate().map(line).collect()
}

fn certainty(finding: &Finding) -> Line {
    let line = Line::label("certain", LABEL, "");
    if finding.certain {
        return line.with("yes", Tone::Good);
    }
    line.with("no: the verdict under it is unknown, so it is no more than info", Tone::Unknown)
}

fn accepted(acceptance: Option<&Acceptance>) -> Option<Line> {
    let it = acceptance?;
    let by = if it.by.is_empty() { String::new() } else { format!(" by {}", it.by) };
    Some(Line::label("accepted", LABEL, format!("until {}{by}: {}", it.until, it.reason)))
}

/// Everything about a finding, for `cells` cells, with the text of its rule for newcomers.
fn page(finding: &Finding, acceptance: Option<&Acceptance>, cells: usize) -> Vec<Line> {
    let label_line = |name: &str, text: &str| Line::label(name, LABEL, text);
    let mut lines: Vec<Line> = broken(&heading(finding), cells).map(Line::strong).collect();
    let so = if finding.impact.is_empty() { String::new() } else { format!("{}.", finding.impact) };
    for (at, text) in broken(&so, cells - LABEL - 2).enumerate() {
        lines.push(label_line(if at == 0 { "so" } else { "" }, &text));
    }
    lines.push(label_line("subject", &finding.subject.to_string()).to(Target::Thing(finding.subject.clone())));
    if let Some(owner) = finding.owner.as_ref().filter(|owner| **owner != finding.subject) {
        lines.push(label_line("owner", &owner.to_string()).to(Target::Thing(owner.clone())));
    }
    lines.push(certainty(finding));
    lines.extend(accepted(acceptance));
    lines.extend(evidence(finding));
    for (at, key) in finding.also.iter().enumerate() {
        lines.push(label_line(if at == 0 { "also" } else { "" }, &key.to_string()).to(Target::Thing(key.clone())));
    }
    for (at, fix) in finding.fix.iter().enumerate() {
        lines.push(Line::default());
        lines.push(Line::strong(format!("fix {} of {}: {}", at + 1, finding.fix.len(), fix.tool.word())));
        lines.extend(fix.text.lines().map(|line| Line::plain(format!("  {line}"))));
    }
    if let Some(entry) = rules::find(finding.rule.id) {
        lines.push(Line::default());
        lines.push(Line::strong(format!("{}: {}", finding.rule.id, entry.title())));
        documentation(entry, cells, &mut lines);
    }
    lines.push(Line::default());
    lines.push(label_line("print", &finding.fingerprint));
    lines
}

/// The text of a rule, with what others audit by.
fn documentation(entry: &Entry, cells: usize, lines: &mut Vec<Line>) {
    let text = entry.documentation();
    let mut paragraph = String::new();
    for line in text.lines().chain([""]) {
        let prose = !line.is_empty() && !line.starts_with(['#', '-', '`', '|', ' ']);
        if !prose && !paragraph.is_empty() {
            lines.extend(broken(&std::mem::take(&mut paragraph), cells).map(Line::plain));
        }
        match line.strip_prefix("## ") {
            Some(heading) => lines.push(Line::strong(heading)),
            None if prose => {
                paragraph.push_str(line);
                paragraph.push(' ');
            }
            None if line.is_empty() => {}
            None => lines.extend(broken(line, cells).map(Line::plain)),
        }
    }
    for reference in entry.rule.references {
        lines.push(Line::dim(format!("{} {}: {}", reference.standard.title(), reference.item, reference.title)));
    }
}

/// A text in lines of at most `cells` cells, broken at blanks; a longer word keeps its line.
fn broken(text: &str, cells: usize) -> impl Iterator<Item = String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter()
}

fn rules_page(findings: &Findings) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in rules::by_id() {
        let rule = entry.rule;
        let found = findings.all.iter().filter(|it| it.rule.id == rule.id).count();
        let unread = findings.not_evaluated.iter().find(|it| it.rule.id == rule.id);
        let mut line = Line::default()
            .with(format!("{:<10} ", rule.id), Tone::Strong)
            .with(format!("{:<38} ", rule.slug), Tone::Plain);
        line = match (found, unread) {
            (0, None) => line.with("clear", Tone::Good),
            (0, Some(_)) => line.with("not evaluated everywhere; nothing found in the rest", Tone::Unknown),
            (count, None) => line.with(plural(count, "finding"), Tone::Plain),
            (count, Some(_)) => {
                line.with(plural(count, "finding"), Tone::Plain).with(", not evaluated everywhere", Tone::Unknown)
            }
        };
        lines.push(line);
        if let Some(it) = unread {
            let mut needs: Vec<String> = it.needs.iter().take(NAMED).map(ToString::to_string).collect();
            if it.needs.len() > NAMED {
                needs.push(format!("and {} more", it.needs.len() - NAMED));
            }
            lines.push(Line::dim(format!("{:<11}needs {}", "", needs.join(", "))));
        }
    }
    lines
}

/// The document that a piece of evidence points into: the role, its position among the role's documents, and the path of
/// the statement inside, empty where the whole document is meant.
pub(super) fn statement(estate: &Estate, object: &EntityKey, path: &str) -> Option<(EntityKey, usize, String)> {
    let named = |word: &str| path.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
    let whole = ["AssumeRolePolicyDocument", "RolePolicyList", "AttachedManagedPolicies"].into_iter().any(named);
    let at = path.find("Statement[").or_else(|| whole.then_some(path.len()))?;
    let (document, inside) = (path[..at].trim_end_matches('.'), path[at..].to_owned());
    let role = match object.kind {
        Kind::Role => object.clone(),
        Kind::Policy => estate.graph().used_by(object).into_iter().find(|it| it.key.kind == Kind::Role)?.key,
        _ => return None,
    };
    let documents = estate.documents(&role);
    let ends = |arn: &str| arn.rsplit('/').next() == Some(object.name.as_str());
    let found = match (object.kind, document) {
        (Kind::Policy, _) => documents.iter().position(|it| it.arn.as_deref().is_some_and(ends)),
        (_, "" | "AssumeRolePolicyDocument") => documents.iter().position(|it| it.role == DocumentRole::Trust),
        // `RolePolicyList[NAME]`, `AttachedManagedPolicies[ARN]`, or a bare name in front.
        (_, named) => {
            let name = named.split_once('[').map_or(named, |(_, rest)| rest.trim_end_matches(".PolicyDocument"));
            let name = name.trim_end_matches(']').trim_start_matches("inline ");
            documents.iter().position(|it| it.name.as_str() == name || it.arn.as_deref() == Some(name))
        }
    };
    Some((role, found?, inside))
}
