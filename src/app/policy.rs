//! The Policy screen: one document of a role as text, with its statements, and what is known of the selected one.

mod askers;
mod layout;
mod words;

use std::ops::RangeInclusive;

use crate::analysis::explain::Answer;
use crate::estate::{DocumentRole, Estate, RoleDocument, Severity};
use crate::iam::{Document, DocumentKind, Issue, parse};
use crate::model::EntityKey;

use super::place::PolicyPlace;
use super::text::Line;

pub use askers::Asker;
pub use layout::readable;

/// A document on the screen. Built when it is opened; moving in it costs nothing.
#[derive(Debug)]
pub struct PolicyView {
    pub role: EntityKey,
    pub documents: Vec<RoleDocument>,
    pub at: usize,
    /// The text by lines, free of what a terminal would obey. Empty when the text was not read.
    pub lines: Vec<String>,
    /// The lines were broken for reading; the stored text stands on one.
    pub relaid: bool,
    /// First and last line of each statement, from 0.
    pub statements: Vec<RangeInclusive<usize>>,
    document: Document,
    pub issues: Vec<Issue>,
    /// What the rules found in it, by line.
    pub flags: Vec<Flag>,
    /// Things that use the document.
    used_by: Vec<EntityKey>,
    /// Of a trust policy: who asks for the role and what it answers, refusals first.
    pub askers: Vec<Asker>,
}

/// A finding that points into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// From 0.
    pub line: usize,
    pub severity: Severity,
    pub rule: &'static str,
    pub text: String,
}

/// The findings that point into one document of a role, by line; none before the rules have run.
fn flags(estate: &Estate, role: &EntityKey, at: usize, text: &str) -> Vec<Flag> {
    let Some((findings, found)) = estate.found_already() else { return Vec::new() };
    let mut flags: Vec<Flag> = Vec::new();
    for finding in found.of(role).iter().filter_map(|it| findings.all.get(*it as usize)) {
        let line = finding.evidence.iter().find_map(|it| {
            let (of, document, inside) = super::findings::statement(estate, &it.object, &it.path)?;
            if of == *role && document == at { super::json_path::line_of(text, &inside) } else { None }
        });
        let flag =
            |line| Flag { line, severity: finding.severity, rule: finding.rule.slug, text: finding.message.clone() };
        flags.extend(line.map(flag));
    }
    flags.sort_by_key(|flag| (flag.line, flag.severity));
    flags
}

impl PolicyView {
    /// `None` when the role has no documents because it was not read.
    pub fn open(estate: &Estate, role: &EntityKey, at: usize) -> Option<PolicyView> {
        let documents = estate.documents(role);
        let at = at.min(documents.len().checked_sub(1)?);
        let chosen = &documents[at];
        let stored = chosen.text.as_deref().unwrap_or_default();
        let (text, relaid) = readable(stored);
        let kind = match chosen.role {
            DocumentRole::Trust => DocumentKind::Trust,
            DocumentRole::Boundary => DocumentKind::Boundary,
            DocumentRole::Inline | DocumentRole::CustomerManaged | DocumentRole::AwsManaged => DocumentKind::Identity,
        };
        let (document, issues) =
            if chosen.text.is_some() { parse(&text, kind) } else { (parse("{}", kind).0, Vec::new()) };
        let lines: Vec<String> =
            text.lines().map(|line| crate::base::text::clean(&line.replace('\t', "    ")).into_owned()).collect();
        let statements = document
            .statements
            .iter()
            .map(|statement| {
                let lines = document.lines(statement.span);
                (*lines.start() as usize).saturating_sub(1)..=(*lines.end() as usize).saturating_sub(1)
            })
            .collect();
        let used_by = match &chosen.arn {
            Some(arn) => {
                let key = crate::graph::policy_key(&role.scope, arn);
                estate.graph().used_by(&key).into_iter().map(|it| it.key).collect()
            }
            None => vec![role.clone()],
        };
        let flags = flags(estate, role, at, &document.text);
        let askers = if chosen.role == DocumentRole::Trust { askers::of_role(estate, role) } else { Vec::new() };
        Some(PolicyView {
            role: role.clone(),
            documents,
            at,
            lines,
            relaid,
            statements,
            document,
            issues,
            flags,
            used_by,
            askers,
        })
    }

    /// The document of a place; the asker it is read for speaks first.
    pub fn open_for(estate: &Estate, place: &PolicyPlace) -> Option<PolicyView> {
        let mut view = PolicyView::open(estate, &place.role, place.document)?;
        if let Some(account) = place.asker.as_ref().and_then(|key| askers::account_of(estate, key)) {
            view.askers.sort_by_key(|asker| asker.account != account);
        }
        Some(view)
    }

    /// The line (from 0) of the clause that refuses the first asker.
    pub fn refusing_line(&self) -> Option<usize> {
        let edit = self.askers.first()?.edits().next()?;
        askers::line_of(&self.document, edit)
    }

    /// A clause on this line keeps somebody out.
    pub fn refuses_at(&self, line: usize) -> bool {
        self.askers.iter().flat_map(Asker::edits).any(|edit| askers::line_of(&self.document, edit) == Some(line))
    }

    pub fn chosen(&self) -> &RoleDocument {
        &self.documents[self.at]
    }

    /// The statement that a line belongs to.
    pub fn statement_at(&self, line: usize) -> Option<usize> {
        self.statements.iter().position(|lines| lines.contains(&line))
    }

    /// The worst of the issues and findings on a line.
    pub fn issue_at(&self, line: usize) -> Option<Severity> {
        let issues = self.issues.iter().filter(|issue| issue.line as usize == line + 1);
        let flags = self.flags.iter().filter(|flag| flag.line == line).map(|flag| flag.severity);
        issues.map(|issue| words::severity(issue.severity)).chain(flags).min()
    }

    /// Lines with something wrong, ascending.
    pub fn troubled_lines(&self) -> Vec<usize> {
        let issues = self.issues.iter().map(|issue| (issue.line as usize).saturating_sub(1));
        let mut lines: Vec<usize> = issues.chain(self.flags.iter().map(|flag| flag.line)).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The lines of the right pane for the statement on a line; `asked` is the current question about the role.
    pub fn words(&self, line: usize, asked: Option<&Answer>) -> Vec<Line> {
        words::lines(self, self.statement_at(line), asked)
    }

    /// The line (from 0) of a path in the document, or the start of its statement.
    pub fn line_of_path(&self, path: &str) -> Option<usize> {
        super::json_path::line_of(&self.document.text, path)
    }

    /// The first line of the first statement that names an action of a service.
    pub fn line_of_service(&self, service: &str) -> Option<usize> {
        let speaks = |pattern: &crate::iam::pattern::ActionPattern| {
            pattern.is_everything() || pattern.service().is_some_and(|it| it.eq_ignore_ascii_case(service))
        };
        let mut statements = self.document.statements.iter();
        let statement =
            statements.find(|it| it.actions.negated || it.actions.entries.iter().any(|entry| speaks(&entry.value)))?;
        self.statements.get(statement.index).map(|lines| *lines.start())
    }

    pub fn title(&self) -> String {
        let document = self.chosen();
        let version =
            if document.version.is_empty() { String::new() } else { format!("   {} default", document.version) };
        format!("{}{version}   {}   {} of {}", document.name, document.role.title(), self.at + 1, self.documents.len())
    }

    /// `documents (h l): identity policies 3 · trust 1 · boundary 1`
    pub fn summary(&self) -> String {
        let count = |keep: &dyn Fn(DocumentRole) -> bool| self.documents.iter().filter(|it| keep(it.role)).count();
        format!(
            "documents (h l): identity policies {} · trust {} · boundary {}",
            count(&DocumentRole::is_identity_policy),
            count(&|it| it == DocumentRole::Trust),
            count(&|it| it == DocumentRole::Boundary)
        )
    }
}
