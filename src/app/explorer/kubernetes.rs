//! The lines "in Kubernetes": what an account may do at the API server, worst first, as screen 7 has it in full.
//!
//! Everything comes from the authorization that the estate holds. Cost: the powers and grants of one subject.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::list::ListKind;
use crate::app::rbac::{Holder, severity};
use crate::app::text::{Line, Target, Tone};
use crate::base::{Name, Truth};
use crate::estate::Severity;
use crate::graph::authorization::{Authorization, Scope, Subject as Account};
use crate::graph::{EdgeKind, Foothold};
use crate::rbac::Power;

use super::Subject;

/// Roles that give no power, and sources, that are written out; `r` has all.
const SHOWN: usize = 4;

/// Where something is held.
#[derive(Default)]
struct Places<'a> {
    everywhere: bool,
    namespaces: BTreeSet<&'a Name>,
    /// Over any object, not only over named ones.
    any: bool,
    certain: bool,
}

impl<'a> Places<'a> {
    fn add(&mut self, scope: &'a Scope, any: bool, certainty: Truth) {
        match scope {
            Scope::Cluster => self.everywhere = true,
            Scope::Namespace(name) | Scope::Pattern(name) => {
                self.namespaces.insert(name);
            }
        }
        self.any |= any;
        self.certain |= certainty.is_yes();
    }

    /// `everywhere`, `in data`, `in 3 namespaces`.
    fn text(&self) -> String {
        let place = match (self.everywhere, self.namespaces.len()) {
            (true, _) => "everywhere".to_owned(),
            (false, 1) => format!("in {}", self.namespaces.iter().next().map_or("", |it| it.as_str())),
            (false, count) => format!("in {count} namespaces"),
        };
        if self.any { place } else { format!("{place}, by name") }
    }
}

/// What the account of the row may do, or the principal that a role is to its clusters.
pub(super) fn lines(subject: &Subject<'_>) -> Vec<Line> {
    let holders = holders(subject);
    let mut lines = Vec::new();
    for holder in &holders {
        lines.push(Line::default());
        let title =
            if holders.len() > 1 { format!("in Kubernetes  {}", holder.cluster) } else { "in Kubernetes".into() };
        lines.push(Line::dim(title));
        match subject.estate.authorization(&holder.cluster) {
            Some(authorization) => of_holder(authorization, holder, &mut lines),
            None => lines.push(Line::default().with(" unknown: the cluster was not read", Tone::Unknown)),
        }
    }
    lines
}

fn holders(subject: &Subject<'_>) -> Vec<Holder> {
    if subject.kind == ListKind::Roles {
        let mapped = |it: &Authorization| {
            let counted = it.mappings.iter().filter(|one| !one.counts.is_no()).map(|one| one.subject());
            let mine = counted.into_iter().find(|one| one.key(&it.cluster) == subject.row.key)?;
            Some(Holder { cluster: it.cluster.clone(), subject: mine })
        };
        return subject.estate.authorizations.values().filter_map(|it| mapped(it)).collect();
    }
    let account = subject.account().and_then(|key| Some((key.scope.clone(), Account::from_key(&key)?)));
    account.map(|(cluster, subject)| Holder { cluster, subject }).into_iter().collect()
}

fn of_holder(authorization: &Authorization, holder: &Holder, lines: &mut Vec<Line>) {
    let key = holder.key();
    let before = lines.len();
    let mut powers: BTreeMap<Power, Places<'_>> = BTreeMap::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for held in authorization.powers_of(&holder.subject) {
        powers.entry(held.power).or_default().add(&held.scope, held.names.is_none(), held.certainty);
        used.extend(&held.grants);
    }
    let everything = everything(authorization, holder);
    if let Some(places) = &everything {
        lines.push(
            Line::plain(" ")
                .with("C ", Tone::Severity(Severity::Critical))
                .with("every right", Tone::Plain)
                .with(format!(" {}", places.text()), Tone::Dim)
                .to(Target::Rights(key.clone(), None)),
        );
    }
    // Every power follows from that; which ones, screen 7 says.
    powers.retain(|_, _| !everything.as_ref().is_some_and(|it| it.everywhere));
    for (power, places) in &powers {
        let severity = severity(*power);
        let (mark, tone) = if places.certain { ("", Tone::Plain) } else { ("?", Tone::Unknown) };
        lines.push(
            Line::plain(" ")
                .with(format!("{} ", severity.letter()), Tone::Severity(severity))
                .with(format!("{}{mark}", power.word()), tone)
                .with(format!(" {}", places.text()), Tone::Dim)
                .to(Target::Rights(key.clone(), Some(*power))),
        );
    }
    other_roles(authorization, holder, &used, lines);
    if lines.len() > before {
        lines.push(Line::dim("   r shows the rules"));
    } else if authorization.missing.is_empty() {
        lines.push(Line::dim(" no rights of its own"));
    }
    if !authorization.missing.is_empty() {
        lines.push(Line::default().with(" more is possible; not read:", Tone::Unknown));
        for source in authorization.missing.iter().take(SHOWN) {
            // The directory is that of the cluster, which is known.
            let file = source.to_string();
            let file = file.rsplit('/').next().unwrap_or_default();
            lines.push(Line::default().with(format!("  {file}"), Tone::Unknown));
        }
        if authorization.missing.len() > SHOWN {
            let more = authorization.missing.len() - SHOWN;
            lines.push(Line::default().with(format!("  and {more} more (:sources)"), Tone::Unknown));
        }
    }
}

/// Where all verbs on all resources are surely held.
fn everything<'a>(authorization: &'a Authorization, holder: &Holder) -> Option<Places<'a>> {
    let is_all = |names: &[Name]| names.iter().any(|it| it == "*");
    let mut found = Places::default();
    let subjects = std::iter::once(holder.subject.clone()).chain(holder.subject.implied());
    for subject in subjects {
        let grants = authorization.grants_of(&subject).iter().map(|at| &authorization.grants[*at]);
        for grant in grants.filter(|it| it.certainty.is_yes()) {
            let rules = authorization.roles[grant.role].rules.iter().flat_map(|it| it.iter());
            let mut all = rules.filter(|it| is_all(&it.verbs) && is_all(&it.api_groups) && is_all(&it.resources));
            if all.any(|it| it.resource_names.is_empty()) {
                found.add(&grant.scope, true, grant.certainty);
            }
        }
    }
    (found.everywhere || !found.namespaces.is_empty()).then_some(found)
}

/// Roles that it is bound to and that give none of the powers above, such as `view`; those that were not read first, as
/// any right may be in them.
fn other_roles(authorization: &Authorization, holder: &Holder, used: &BTreeSet<usize>, lines: &mut Vec<Line>) {
    let key = holder.key();
    let mut roles: BTreeMap<(bool, &Name), Places<'_>> = BTreeMap::new();
    let mut implied = Vec::new();
    for other in holder.subject.implied() {
        implied.extend_from_slice(authorization.grants_of(&other));
    }
    let own = authorization.grants_of(&holder.subject);
    for (number, is_own) in own.iter().map(|at| (at, true)).chain(implied.iter().map(|at| (at, false))) {
        let grant = &authorization.grants[*number];
        let role = &authorization.roles[grant.role];
        let read = role.rules.is_some();
        // What everybody has is said only where it is not known.
        if (is_own && !used.contains(number)) || !read {
            roles.entry((read, &role.name)).or_default().add(&grant.scope, true, grant.certainty);
        }
    }
    for ((read, name), places) in roles.iter().take(SHOWN) {
        let line = Line::plain(" ").with("· ", Tone::Dim);
        let line = match read {
            true => line.with(name, Tone::Plain).with(format!(" {}", places.text()), Tone::Dim),
            false => line.with(format!("{name}? not read, {}", places.text()), Tone::Unknown),
        };
        lines.push(line.to(Target::Rights(key.clone(), None)));
    }
    if roles.len() > SHOWN {
        let text = format!(" · and {} roles more (r)", roles.len() - SHOWN);
        lines.push(Line::dim(text).to(Target::Rights(key, None)));
    }
}

/// Whether a token for the API server lies in the pods of the row.
pub(super) fn token(subject: &Subject<'_>) -> Option<Truth> {
    let graph = subject.estate.graph();
    let pod = *subject.group?.members.first()?;
    let group = graph.group_of(pod as usize)?;
    let mounted = graph.out(group.inside).find(|(_, edge)| edge.kind == EdgeKind::RunsAs)?.1.to;
    let mut to_api = graph.out(mounted).filter(|(_, edge)| graph.foothold(edge.to) == Foothold::Api);
    Some(to_api.next().map_or(Truth::No, |(_, edge)| edge.certainty))
}
