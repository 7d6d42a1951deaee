//! Roles: which came and went, whom they admit, what they may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::analysis::session::{Origin, Session};
use crate::base::Name;
use crate::iam::DocumentKind;
use crate::iam::catalogue::Catalogue;
use crate::iam::permissions::permissions;
use crate::identity::documents::Documents;
use crate::model::facts::iam::{PolicyText, Role};
use crate::model::{AccountFacts, EntityKey, Inventory, Kind, Lookup};

use super::{Change, ChangedDocument, Common, Found, NotComparable, Sign, Topic, grants, trust};

pub(super) fn compare(before: &Inventory, after: &Inventory, common: &Common<'_>, found: &mut Found) {
    let documents = (Documents::default(), Documents::default());
    for id in &common.accounts {
        let (old, new) = (&before.accounts[*id], &after.accounts[*id]);
        let ceilings = same_ceilings(old, new);
        let pairs: Vec<(&Arc<Role>, &Arc<Role>)> = new
            .roles
            .iter()
            .filter_map(|role| match old.role(&role.name) {
                Lookup::Found(earlier) => Some((earlier, role)),
                _ => None,
            })
            .collect();
        for role in new.roles.iter() {
            match old.role(&role.name) {
                Lookup::Found(_) => {}
                Lookup::Absent => found.changes.push(one(role, Sign::Appeared)),
                Lookup::Unknown => found.unread(key(role), "the roles of its account were not read whole before"),
            }
        }
        for role in old.roles.iter() {
            match new.role(&role.name) {
                Lookup::Found(_) => {}
                Lookup::Absent => found.changes.push(one(role, Sign::Vanished)),
                Lookup::Unknown => found.unread(key(role), "the roles of its account were not read whole after"),
            }
        }
        let sides = (
            Compared { inventory: before, documents: &documents.0 },
            Compared { inventory: after, documents: &documents.1 },
        );
        let results: Vec<Pair> =
            pairs.par_iter().map(|(old, new)| pair(&sides.0, &sides.1, old, new, ceilings)).collect();
        for Pair { changes, not_comparable } in results {
            found.changes.extend(changes);
            found.not_comparable.extend(not_comparable);
        }
    }
}

fn key(role: &Role) -> EntityKey {
    EntityKey::scoped(Kind::Role, &role.account, &role.name)
}

/// A role that is only on one side: what it may do is told by whoever signs with it.
fn one(role: &Role, sign: Sign) -> Change {
    let line = vec![format!("{} exists, with {} policies", role.arn, role.inline.len() + role.attached.len())];
    let (gained, lost) = if sign == Sign::Appeared { (line, Vec::new()) } else { (Vec::new(), line) };
    let text = if sign == Sign::Appeared { "new role" } else { "role is gone" }.to_owned();
    let (topic, subject) = (Topic::Role, key(role));
    Change { topic, sign, subject, text, gained, lost, certain: true, documents: Vec::new() }
}

/// The organisation's policies say the same on both sides, as far as they were read.
fn same_ceilings(old: &AccountFacts, new: &AccountFacts) -> bool {
    old.target_policies.items() == new.target_policies.items()
        && old.target_policies_by_target.items() == new.target_policies_by_target.items()
        && old.parents.items() == new.parents.items()
        && old.organization_policies.len() == new.organization_policies.len()
        && old
            .organization_policies
            .iter()
            .zip(new.organization_policies.iter())
            .all(|(a, b)| (&a.id, &a.text) == (&b.id, &b.text))
}

struct Compared<'a> {
    inventory: &'a Inventory,
    documents: &'a Documents,
}

#[derive(Default)]
struct Pair {
    changes: Vec<Change>,
    not_comparable: Vec<NotComparable>,
}

fn pair(before: &Compared<'_>, after: &Compared<'_>, old: &Role, new: &Role, ceilings: bool) -> Pair {
    let mut found = Pair::default();
    if old.trust != new.trust {
        trust_of(before, after, old, new, &mut found);
    }
    let (was, is) = (texts(before.inventory, old), texts(after.inventory, new));
    if was != is || !ceilings {
        permissions_of(before, after, (old, &was), (new, &is), &mut found);
    }
    found
}

/// Texts by what the role calls them: `inline NAME`, the ARN of a managed policy, `boundary ARN`. `None` where the text
/// was not read.
type Texts = BTreeMap<Name, Option<PolicyText>>;

fn texts(inventory: &Inventory, role: &Role) -> Texts {
    let managed = |arn: &Name| match inventory.accounts.get(&role.account).map(|account| account.policy(arn)) {
        Some(Lookup::Found(policy)) => policy.default_text().cloned(),
        _ => None,
    };
    let inline = role.inline.iter().map(|it| (Name::from(format!("inline {}", it.name)), Some(it.text.clone())));
    let attached = role.attached.iter().map(|arn| (arn.clone(), managed(arn)));
    let boundary = role.boundary.iter().map(|arn| (Name::from(format!("boundary {arn}")), managed(arn)));
    inline.chain(attached).chain(boundary).collect()
}

fn changed_documents(was: &Texts, is: &Texts) -> Vec<ChangedDocument> {
    let names: std::collections::BTreeSet<&Name> = was.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .map(|name| ChangedDocument {
            name: name.clone(),
            before: was.get(name).cloned().flatten(),
            after: is.get(name).cloned().flatten(),
        })
        .filter(|it| it.before != it.after)
        .collect()
}

fn trust_of(before: &Compared<'_>, after: &Compared<'_>, old: &Role, new: &Role, found: &mut Pair) {
    let (Some(was), Some(is)) = (&old.trust, &new.trust) else {
        let when = if old.trust.is_none() { "before" } else { "after" };
        let why = format!("its trust policy was not read {when}");
        found.not_comparable.push(NotComparable { subject: key(new), why });
        return;
    };
    let read = |side: &Compared<'_>, text: &PolicyText| side.documents.get(DocumentKind::Trust, text);
    let (first, second) = (read(before, was), read(after, is));
    let (gained, lost) = (trust::beyond(&second, &first), trust::beyond(&first, &second));
    let text = match (gained.is_empty(), lost.is_empty()) {
        (false, true) => "trust policy admits more",
        (true, false) => "trust policy admits fewer",
        (false, false) => "trust policy admits others",
        (true, true) => "trust policy is written otherwise and admits the same",
    };
    found.changes.push(Change {
        topic: Topic::Trust,
        sign: Sign::Changed,
        subject: key(new),
        text: text.to_owned(),
        gained,
        lost,
        certain: trust::is_readable(&first) && trust::is_readable(&second),
        documents: vec![ChangedDocument {
            name: "trust policy".into(),
            before: old.trust.clone(),
            after: new.trust.clone(),
        }],
    });
}

fn permissions_of(
    before: &Compared<'_>,
    after: &Compared<'_>,
    (old, was): (&Role, &Texts),
    (new, is): (&Role, &Texts),
    found: &mut Pair,
) {
    let unread = |texts: &Texts| -> Vec<Name> {
        texts.iter().filter(|(_, text)| text.is_none()).map(|(name, _)| name.clone()).collect()
    };
    let (missing_before, missing_after) = (unread(was), unread(is));
    let differ = missing_before.iter().find(|name| is.get(*name).is_none_or(Option::is_some));
    let differ = differ.map(|name| (name, "before")).or_else(|| {
        missing_after.iter().find(|name| was.get(*name).is_none_or(Option::is_some)).map(|name| (name, "after"))
    });
    if let Some((name, when)) = differ {
        let why = format!("`{name}` was not read {when}");
        found.not_comparable.push(NotComparable { subject: key(new), why });
        return;
    }
    let of = |side: &Compared<'_>, role: &Role| Session::new(side.inventory, side.documents, role, Origin::default());
    let (first, second) = (of(before, old), of(after, new));
    if first.unread.scps != second.unread.scps {
        let when = if first.unread.scps { "before" } else { "after" };
        let why = format!("the organisation's policies were not read {when}");
        found.not_comparable.push(NotComparable { subject: key(new), why });
        return;
    }
    let catalogue = Catalogue::bundled();
    let rows = |session: &Session| permissions(catalogue, &session.principal, &session.policies, &session.context);
    let (first, second) = (rows(&first), rows(&second));
    let gained = grants::beyond(catalogue, &second, &first);
    let lost = grants::beyond(catalogue, &first, &second);
    let documents = changed_documents(was, is);
    if documents.is_empty() && gained.is_empty() && lost.is_empty() {
        return;
    }
    let text = match (gained.is_empty(), lost.is_empty()) {
        (false, true) => "may do more",
        (true, false) => "may do less",
        (false, false) => "may do other things",
        (true, true) => "policies are written otherwise and allow the same",
    };
    found.changes.push(Change {
        topic: Topic::Permissions,
        sign: Sign::Changed,
        subject: key(new),
        text: text.to_owned(),
        gained,
        lost,
        certain: missing_before.is_empty(),
        documents,
    });
}
