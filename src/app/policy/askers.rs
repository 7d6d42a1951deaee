//! Who asks for a role, and what its trust policy answers: the refusing clause and the smallest edit that would admit.

use rustc_hash::FxHashMap;

use crate::app::explain::truth_word;
use crate::app::text::{Line, Target, Tone};
use crate::base::Truth;
use crate::estate::Estate;
use crate::iam::Document;
use crate::identity::{Edit, Hop, Source, asker};
use crate::model::{EntityKey, Lookup};

/// More than these are counted only.
const MOST: usize = 24;

/// A service account whose pods ask for the role.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The row of the Explorer that asks, the first of its service account.
    pub key: EntityKey,
    pub account: EntityKey,
    pub source: Source,
    /// The steps of the trust policy.
    pub hops: Vec<Hop>,
}

impl Asker {
    pub fn verdict(&self) -> Truth {
        self.hops.iter().fold(Truth::Yes, |truth, hop| truth.and(hop.result))
    }

    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.hops.iter().flat_map(|hop| &hop.edits)
    }
}

/// Service accounts of the rows that ask for the role, refused ones first, each once.
pub(super) fn of_role(estate: &Estate, key: &EntityKey) -> Vec<Asker> {
    let Lookup::Found(role) = estate.role(key) else { return Vec::new() };
    let mut found: Vec<Asker> = Vec::new();
    let mut known: FxHashMap<(EntityKey, Source), ()> = FxHashMap::default();
    for group in &estate.groups {
        let Some(entry) = group.members.first().map(|at| &estate.pods[*at as usize]) else { continue };
        let asking = (0..entry.containers.len()).find_map(|at| Some((at, asker::asks(entry, at, &role.arn)?)));
        let Some((at, source)) = asking else { continue };
        let account = group.account_key();
        if found.len() < MOST && known.insert((account.clone(), source), ()).is_none() {
            let hops = asker::trust_hops(&estate.inventory, entry, at, source, role);
            found.push(Asker { key: group.key.clone(), account, source, hops });
        }
    }
    found.sort_by_key(|asker| (asker.verdict(), asker.account.clone()));
    found
}

/// The service account of a row of the Explorer.
pub(super) fn account_of(estate: &Estate, row: &EntityKey) -> Option<EntityKey> {
    estate.groups.iter().find(|group| group.key == *row).map(|group| group.account_key())
}

pub(super) fn lines(askers: &[Asker], lines: &mut Vec<Line>) {
    lines.push(Line::strong("Who asks for the role"));
    if askers.is_empty() {
        lines.push(Line::dim(" no pod that was read asks by IRSA or Pod Identity"));
    }
    for asker in askers {
        let (word, tone) = truth_word(asker.verdict());
        let name = format!("{}/{} by {}", asker.account.namespace, asker.account.name, asker.source.title());
        lines.push(
            Line::default()
                .with(format!(" {word:<4}"), tone)
                .with(name, Tone::Plain)
                .to(Target::Thing(asker.key.clone())),
        );
        for hop in asker.hops.iter().filter(|hop| !hop.result.is_yes()) {
            lines.push(Line::plain(format!("   {}", hop.found)));
        }
        // The same clause may refuse both actions of the agent.
        let mut edits: Vec<&Edit> = asker.edits().collect();
        edits.dedup();
        if !edits.is_empty() {
            lines.push(Line::dim("   smallest edit that admits it"));
        }
        for edit in edits {
            lines.push(Line::dim(format!("   {}", short(&edit.path))));
            for (sign, text) in [("-", &edit.from), ("+", &edit.to)] {
                if !text.is_empty() {
                    lines.push(Line::plain(format!("   {sign} {}", short(text))));
                }
            }
        }
    }
    lines.push(Line::default());
}

/// A text without the paths of EKS issuers, whose ids nobody reads: the last eight characters tell them apart.
fn short(text: &str) -> String {
    let mut rest = text;
    let mut shown = String::new();
    while let Some(at) = rest.find("oidc.eks.") {
        let (before, issuer) = rest.split_at(at);
        let id = issuer.find("/id/").map_or(0, |slash| slash + 4);
        let length = issuer[id..].bytes().take_while(u8::is_ascii_hexdigit).count();
        if id == 0 || length < 16 || issuer[..id].contains(['"', ' ']) {
            shown.push_str(before);
            shown.push_str("oidc.eks.");
            rest = &issuer["oidc.eks.".len()..];
            continue;
        }
        shown.push_str(before);
        shown.push('…');
        shown.push_str(&issuer[id + length - 8..id + length]);
        rest = &issuer[id + length..];
    }
    shown + rest
}

/// The line (from 0) that an edit is about: the condition, the action or the principal that it names.
pub(super) fn line_of(document: &Document, edit: &Edit) -> Option<usize> {
    let statement = document.statements.get(edit.statement)?;
    let clause = edit.path.split_once("].").map_or("", |(_, clause)| clause);
    let line = if clause.starts_with("Action") {
        statement.actions.span.line
    } else if clause.starts_with("Principal") {
        statement.principals.as_ref()?.span.line
    } else if let Some(condition) = clause.strip_prefix("Condition.") {
        // A path of the operator alone renames its key, and says which in `from`.
        let about = statement.conditions.iter().find(|it| {
            condition == format!("{}.{}", it.written, it.key)
                || condition == it.written.as_str() && edit.from.contains(it.key.as_str())
        });
        let operator = || statement.conditions.iter().find(|it| condition.starts_with(it.written.as_str()));
        about.or_else(operator)?.span.line
    } else {
        statement.span.line
    };
    (line as usize).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_of_eks_are_shortened_and_nothing_else() {
        let id = "oidc.eks.eu-west-1.amazonaws.com/id/54ED45F4522CA1228CB50552C80C6B90";
        assert_eq!(short(&format!("Condition.StringEquals.{id}:sub")), "Condition.StringEquals.…C80C6B90:sub");
        assert_eq!(short(&format!("[\"{id}:aud\",\"{id}:sub\"]")), "[\"…C80C6B90:aud\",\"…C80C6B90:sub\"]");
        for text in ["", "oidc.eks.", "oidc.eks./id/", "oidc.eks.x/id/ABC:sub", "token.actions.example/id/1:é"] {
            assert_eq!(short(text), text);
        }
    }
}
