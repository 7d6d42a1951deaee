//! Reads a policy document from any form in which it comes (rules P1 to P12). Total: odd input becomes issues.

mod statement;

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustc_hash::FxHashSet;

use crate::base::Name;

use super::document::{Damage, Document, DocumentKind, Issue, ServiceIndex, Severity, quoted};
use super::json::{self, Member, Node, Span, Value};

/// Issues that are listed of one document; damage is marked all the same.
const MAX_ISSUES: usize = 200;

/// Reads a document from JSON text, percent-encoded JSON text, or a JSON string that holds either.
///
/// Never fails: what cannot be read is named in the issues and marked as damage in the document, so that answers that
/// it could change are not given as certain. Time is linear in the text.
pub fn parse(text: &str, kind: DocumentKind) -> (Document, Vec<Issue>) {
    parse_shared(Arc::from(text), kind)
}

/// As [`parse`], keeping the given text where it needs no decoding.
pub fn parse_shared(text: Arc<str>, kind: DocumentKind) -> (Document, Vec<Issue>) {
    let mut text = text;
    let mut issues = Vec::new();
    // A string in a string, or an encoded string: two layers are seen in dumps, four are certain to end.
    for _ in 0..4 {
        match decode(&text) {
            Some(decoded) => text = decoded,
            None => break,
        }
    }
    let document = match json::read(&text) {
        Ok(node) => Reader { text: &text, kind, issues: &mut issues }.document(&node),
        Err(fault) => {
            issues.push(Issue {
                severity: Severity::Error,
                path: String::new(),
                line: fault.line,
                column: json::column(&text, fault.at),
                found: fault.found,
                expected: fault.expected.to_owned(),
            });
            empty(kind, &text)
        }
    };
    (document, issues)
}

fn empty(kind: DocumentKind, text: &Arc<str>) -> Document {
    Document {
        kind,
        text: Arc::clone(text),
        version: None,
        id: None,
        statements: Vec::new(),
        damage: Damage::Unreadable,
        index: ServiceIndex::default(),
    }
}

/// One layer of encoding taken off, if there is one (rule P1). `+` stays a plus.
fn decode(text: &str) -> Option<Arc<str>> {
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        return Some(Arc::from(rest));
    }
    let start = text.trim_start();
    let encoded = start.starts_with('%') || (start.starts_with('{') && start[1..].trim_start().starts_with('%'));
    if encoded {
        return Some(Arc::from(percent_decode_str(text).decode_utf8_lossy()));
    }
    if start.starts_with('"')
        && let Ok(Node { value: Value::Text(inner), .. }) = json::read(text)
    {
        return Some(Arc::from(inner));
    }
    None
}

struct Reader<'a> {
    text: &'a Arc<str>,
    kind: DocumentKind,
    issues: &'a mut Vec<Issue>,
}

impl Reader<'_> {
    fn report(
        &mut self,
        severity: Severity,
        path: &str,
        span: Span,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        // Columns are counted from the start of the line, which in compact JSON is the whole text.
        if self.issues.len() >= MAX_ISSUES {
            return;
        }
        self.issues.push(Issue {
            severity,
            path: path.to_owned(),
            line: span.line,
            column: json::column(self.text, span.start as usize),
            found: found.into(),
            expected: expected.into(),
        });
    }

    fn error(&mut self, path: &str, span: Span, found: impl Into<String>, expected: impl Into<String>) {
        self.report(Severity::Error, path, span, found, expected);
    }

    fn warn(&mut self, path: &str, span: Span, found: impl Into<String>, expected: impl Into<String>) {
        self.report(Severity::Warning, path, span, found, expected);
    }

    fn document(&mut self, node: &Node<'_>) -> Document {
        let mut document = Document { damage: Damage::None, ..empty(self.kind, self.text) };
        let Value::Map(members) = &node.value else {
            self.error("", node.span, node.value.kind(), "an object with `Statement`");
            document.damage = Damage::Unreadable;
            return document;
        };
        if self.repeated("", members) {
            document.damage = Damage::Unreadable;
        }
        let mut variables = false;
        let mut statements = None;
        for member in members {
            match &*member.key {
                "Version" => match &member.node.value {
                    Value::Text(version) if matches!(&**version, "2012-10-17" | "2008-10-17") => {
                        variables = version == "2012-10-17";
                        document.version = Some(Name::new(version));
                    }
                    other => {
                        self.error("Version", member.node.span, describe(other), "`2012-10-17` or `2008-10-17`");
                        document.damage = document.damage.max(Damage::Doubtful);
                    }
                },
                "Id" => match &member.node.value {
                    Value::Text(id) => document.id = Some(Name::new(id)),
                    other => {
                        self.error("Id", member.node.span, other.kind(), "a string");
                        document.damage = document.damage.max(Damage::Doubtful);
                    }
                },
                "Statement" => statements = Some(&member.node),
                other => {
                    self.error(other, member.key_span, quoted(other), "`Version`, `Id` or `Statement`");
                    document.damage = Damage::Unreadable;
                }
            }
        }
        match statements {
            None => {
                self.error("Statement", node.span, "no `Statement`", "an object or an array of objects");
                document.damage = Damage::Unreadable;
            }
            Some(Node { value: Value::List(items), .. }) => {
                document.statements.reserve(items.len());
                for (index, item) in items.iter().enumerate() {
                    let path = format!("Statement[{index}]");
                    let statement = self.statement(index, &path, item, variables);
                    document.statements.push(statement);
                }
            }
            Some(node) => {
                let statement = self.statement(0, "Statement", node, variables);
                document.statements.push(statement);
            }
        }
        self.repeated_sids(&document);
        document.index = ServiceIndex::new(&document.statements);
        document
    }

    /// Reports names that occur twice in one object, which IAM refuses. Readers elsewhere keep only the last one.
    fn repeated(&mut self, path: &str, members: &[Member<'_>]) -> bool {
        let mut seen = FxHashSet::default();
        let mut any = false;
        for member in members {
            if !seen.insert(&*member.key) {
                let path = join(path, &member.key);
                self.error(&path, member.key_span, format!("{} a second time", quoted(&member.key)), "each name once");
                any = true;
            }
        }
        any
    }

    /// IAM refuses a repeated Sid when writing; here statements are named by their index first (rule P7).
    fn repeated_sids(&mut self, document: &Document) {
        let mut seen = FxHashSet::default();
        for statement in &document.statements {
            let Some(sid) = statement.sid.as_ref().filter(|sid| !sid.is_empty()) else {
                continue;
            };
            if !seen.insert(sid.clone()) {
                let path = format!("Statement[{}].Sid", statement.index);
                self.warn(&path, statement.span, format!("{} a second time", quoted(sid)), "each Sid once");
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn describe(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Number(text) => format!("the number {}", quoted(text)),
        Value::Bool(value) => format!("the boolean `{value}`"),
        other => other.kind().to_owned(),
    }
}

#[cfg(test)]
mod tests;
