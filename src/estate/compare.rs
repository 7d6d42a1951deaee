//! Two estates side by side: what `diff` and the Diff screen ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::diff::{self, Diff, Mark, MarkKind, Marks, Side};
use crate::graph::authorization::{Authorization, HeldPower, Scope};
use crate::model::Kind;

use super::Estate;

/// What changed from one estate to the other in terms of access. Runs the rules on both, if nobody did before.
pub fn diff(before: &Estate, after: &Estate) -> Diff {
    let (old, new) = rayon::join(|| marks(before), || marks(after));
    let side = |estate, marks| -> Side<'_> {
        let estate: &Estate = estate;
        Side { inventory: &estate.inventory, pods: &estate.pods, marks }
    };
    diff::diff(side(before, &old), side(after, &new))
}

/// Findings and powers that stay under their name from one load to the next: not those of single pods, which come and go.
fn marks(estate: &Estate) -> Marks {
    let findings = estate.findings();
    let mut blind = BTreeMap::new();
    for it in &findings.not_evaluated {
        blind.insert((MarkKind::Finding, it.rule.slug.into()), it.needs.iter().cloned().collect::<BTreeSet<_>>());
    }
    let lasting = findings.all.iter().filter(|it| !matches!(it.subject.kind, Kind::Pod | Kind::Container));
    let mut all: Vec<Mark> = lasting
        .map(|it| Mark {
            kind: MarkKind::Finding,
            judge: it.rule.slug.into(),
            name: it.rule.slug.into(),
            subject: it.subject.clone(),
            severity: it.severity.code(),
            text: it.message.clone(),
            certain: it.certain,
        })
        .collect();
    for authorization in estate.authorizations.values() {
        blind.insert(
            (MarkKind::Rbac, authorization.cluster.clone()),
            authorization.missing.iter().cloned().collect::<BTreeSet<_>>(),
        );
        all.extend(authorization.powers.iter().map(|held| power(authorization, held)));
    }
    Marks { all, blind }
}

/// `impersonate users in ns`, under which it is met again.
fn power(authorization: &Authorization, held: &HeldPower) -> Mark {
    let scope = match &held.scope {
        Scope::Cluster => "in the whole cluster".to_owned(),
        Scope::Namespace(name) | Scope::Pattern(name) => format!("in {name}"),
    };
    let names = held.names.as_ref().map_or_else(String::new, |names| {
        let names: Vec<&str> = names.iter().map(|it| it.as_str()).collect();
        format!(", only {}", names.join(", "))
    });
    let text = format!("may {} ({}) {scope}{names}", held.power.word(), held.object);
    Mark {
        kind: MarkKind::Rbac,
        judge: authorization.cluster.clone(),
        name: text.as_str().into(),
        subject: held.subject.key(&authorization.cluster),
        severity: "",
        text,
        certain: held.certainty.is_yes(),
    }
}
