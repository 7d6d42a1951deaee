//! What a rule is: data, a check, and the documentation at the top of its file.

use crate::model::SourceKind;

use super::context::Context;
use super::reference::Reference;
use super::severity::Severity;
use super::sink::Sink;

/// Something that may be wrong, and how to see it. One file in `rules/` holds one rule.
#[derive(Debug)]
pub struct Rule {
    /// `IRSA-001`. Never reused or renumbered.
    pub id: &'static str,
    /// The name of the file with hyphens. As public and as stable as the id.
    pub slug: &'static str,
    /// Where no clause of the check raises or lowers it.
    pub severity: Severity,
    pub kind: Kind,
    pub category: Category,
    /// What must have been read. The rule runs on what there is; where one of these was not read whole it also counts
    /// as not evaluated (R192).
    pub needs: &'static [SourceKind],
    pub references: &'static [Reference],
    pub check: fn(&Context<'_>, &mut Sink<'_>),
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It does not work.
    Broken,
    /// Too much access.
    Open,
    Both,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Broken => "broken",
            Kind::Open => "open",
            Kind::Both => "both",
        }
    }
}

/// The families of rules, in the order of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    Irsa,
    Trust,
    PodIdentity,
    Node,
    Pod,
    Rbac,
    Auth,
    Permission,
    Drift,
    Hygiene,
}

impl Category {
    pub const ALL: [Category; 10] = [
        Category::Irsa,
        Category::Trust,
        Category::PodIdentity,
        Category::Node,
        Category::Pod,
        Category::Rbac,
        Category::Auth,
        Category::Permission,
        Category::Drift,
        Category::Hygiene,
    ];

    /// The letters in front of its ids.
    pub fn prefix(self) -> &'static str {
        match self {
            Category::Irsa => "IRSA",
            Category::Trust => "TRUST",
            Category::PodIdentity => "PODID",
            Category::Node => "NODE",
            Category::Pod => "POD",
            Category::Rbac => "RBAC",
            Category::Auth => "AUTH",
            Category::Permission => "PERM",
            Category::Drift => "DRIFT",
            Category::Hygiene => "HYG",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Category::Irsa => "IRSA: is it injected, does it work",
            Category::Trust => "Who may assume the role",
            Category::PodIdentity => "EKS Pod Identity",
            Category::Node => "Instance role and metadata",
            Category::Pod => "Exposure of pods",
            Category::Rbac => "Kubernetes rights that give AWS identities",
            Category::Auth => "IAM principals in the cluster",
            Category::Permission => "What the role can do",
            Category::Drift => "Declared and running differ",
            Category::Hygiene => "Upkeep",
        }
    }
}

/// A rule with the text of its file, whose leading `//!` lines are its documentation.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub rule: &'static Rule,
    pub source: &'static str,
}

/// Headings that every rule explains itself under, in this order.
pub const HEADINGS: [&str; 4] = ["What it checks", "Why it matters", "How to fix", "For newcomers"];

impl Entry {
    /// The first line of the documentation: what is wrong, as a heading. No final period.
    pub fn title(&self) -> &'static str {
        self.source.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default()
    }

    /// The documentation in Markdown, heading line left out.
    pub fn documentation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!")).skip(1);
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// The paragraphs under one heading, line breaks kept.
    pub fn section(&self, heading: &str) -> String {
        let documentation = self.documentation();
        let lines = documentation.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
        lines.take_while(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}
