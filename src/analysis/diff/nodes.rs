//! Node roles, and how instance metadata answers: nodes come and go, so they are compared by cluster and role.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::identity::instance::Nodes;
use crate::model::facts::node::MetadataOptions;
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind};

use super::{Change, Common, Found, Sign, Topic};

/// What the nodes of one role have in common: the most open of each option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Openness {
    nodes: usize,
    /// The largest hop limit of an endpoint that answers; 0 when none does.
    hops: i64,
    /// Some endpoint answers without a session token (IMDSv1).
    without_token: bool,
    /// The options of some node were not read.
    unread: bool,
}

impl Openness {
    fn add(&mut self, options: Option<&MetadataOptions>) {
        self.nodes += 1;
        match options {
            Some(options) if options.endpoint => {
                self.hops = self.hops.max(options.hop_limit);
                self.without_token |= !options.tokens_required;
            }
            Some(_) => {}
            None => self.unread = true,
        }
    }

    /// What code in a pod can do by it; a pod is one hop away from its node.
    fn lines(self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.hops > 0 {
            lines.push("pods on the network of the node reach its metadata".to_owned());
        }
        if self.hops > 1 {
            lines.push("pods reach its metadata over the pod network".to_owned());
        }
        if self.without_token {
            lines.push("metadata answers without a session token (IMDSv1)".to_owned());
        }
        lines.sort();
        lines
    }
}

fn by_role(inventory: &Inventory, cluster: &ClusterFacts) -> BTreeMap<Name, Openness> {
    let nodes = Nodes::new(inventory, cluster);
    let mut roles: BTreeMap<Name, Openness> = BTreeMap::new();
    for node in &cluster.nodes {
        let class = nodes.of(&node.meta.name);
        if let Some(role) = class.role.arn() {
            roles.entry(role.clone()).or_default().add(class.metadata.as_ref());
        }
    }
    roles
}

pub(super) fn compare(before: &Inventory, after: &Inventory, common: &Common<'_>, found: &mut Found) {
    for label in &common.clusters {
        let (old, new) = (&before.clusters[*label], &after.clusters[*label]);
        let (was, is) = (by_role(before, old), by_role(after, new));
        for (role, openness) in &is {
            match was.get(role) {
                Some(earlier) => changed(label, role, *earlier, *openness, found),
                None if old.nodes.is_complete() => one(label, role, Sign::Appeared, found),
                None => found.unread(subject(label, role), "the nodes were not read before"),
            }
        }
        for role in was.keys().filter(|role| !is.contains_key(*role)) {
            if new.nodes.is_complete() {
                one(label, role, Sign::Vanished, found);
            } else {
                found.unread(subject(label, role), "the nodes were not read after");
            }
        }
    }
}

fn subject(cluster: &Name, role: &Name) -> EntityKey {
    EntityKey::role(role).unwrap_or_else(|| EntityKey::plain(Kind::Cluster, cluster))
}

fn one(cluster: &Name, role: &Name, sign: Sign, found: &mut Found) {
    let line = vec![format!("nodes of {cluster} sign with {role}")];
    let (gained, lost) = if sign == Sign::Appeared { (line, Vec::new()) } else { (Vec::new(), line) };
    let text = match sign {
        Sign::Appeared => format!("is a node role of {cluster} now"),
        _ => format!("is no node role of {cluster} any more"),
    };
    let (topic, subject) = (Topic::Node, subject(cluster, role));
    found.changes.push(Change { topic, sign, subject, text, gained, lost, certain: true, documents: Vec::new() });
}

fn changed(cluster: &Name, role: &Name, old: Openness, new: Openness, found: &mut Found) {
    if old.unread != new.unread {
        let when = if old.unread { "before" } else { "after" };
        found.unread(subject(cluster, role), format!("metadata options of nodes of {cluster} were not read {when}"));
        return;
    }
    let (was, is) = (old.lines(), new.lines());
    let missing = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    let (gained, lost) = (missing(&is, &was), missing(&was, &is));
    if gained.is_empty() && lost.is_empty() {
        return;
    }
    found.changes.push(Change {
        topic: Topic::Node,
        sign: Sign::Changed,
        subject: subject(cluster, role),
        text: format!("instance metadata of its nodes in {cluster} answers otherwise"),
        gained,
        lost,
        certain: !old.unread,
        documents: Vec::new(),
    });
}
