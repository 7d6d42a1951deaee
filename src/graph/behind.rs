//! What an edge rests on, where its two ends do not tell: who takes that away takes the edge away.

use crate::base::Name;

use super::AccessGraph;
use super::authorization::{Authorization, Grant, Mapping};
use super::build::Proof;
use super::escalation::Gain;
use super::links::{Edge, NO_PROOF};

/// What an edge rests on.
#[derive(Clone, Debug)]
pub enum Behind<'a> {
    /// Facts about its two ends.
    Ends,
    /// Rights in a cluster: the edge is there while one of these grants is, sorted.
    Grants { cluster: &'a Name, grants: Vec<&'a Grant> },
    /// An access entry or a line of `aws-auth`.
    Mapping { cluster: &'a Name, mapping: &'a Mapping },
    /// A technique of escalation.
    Gain(&'a Gain),
}

impl AccessGraph {
    /// What an edge rests on. Of several powers of one kind between the same two things the graph keeps one edge, and a
    /// grant of everything hides the powers beside it; so the grants of all of them are named. Cost: the powers of one
    /// subject.
    pub fn behind(&self, edge: &Edge) -> Behind<'_> {
        if edge.proof == NO_PROOF {
            return Behind::Ends;
        }
        let cluster =
            |at: u32| -> Option<&Authorization> { self.sources.authorizations.get(at as usize).map(|it| &**it) };
        match self.sources.proofs.get(edge.proof as usize) {
            Some(Proof::Power { cluster: at, power }) => cluster(*at).map(|it| of_power(it, *power)),
            Some(Proof::Grant { cluster: at, grant }) => cluster(*at).map(|it| of_grant(it, *grant)),
            Some(Proof::Mapping { cluster: at, mapping }) => cluster(*at)
                .and_then(|it| Some(Behind::Mapping { cluster: &it.cluster, mapping: it.mappings.get(*mapping)? })),
            Some(Proof::Gain(at)) => self.gains().all().get(*at).map(Behind::Gain),
            None => None,
        }
        .unwrap_or(Behind::Ends)
    }
}

fn of_power(authorization: &Authorization, power: usize) -> Behind<'_> {
    let held = &authorization.powers()[power];
    let same = authorization.powers_of(&held.subject).filter(|it| {
        it.subject == held.subject && it.power == held.power && (it.scope == held.scope || it.scope.covers_all())
    });
    named(authorization, same.flat_map(|it| it.grants.iter().copied()).collect())
}

fn of_grant(authorization: &Authorization, grant: usize) -> Behind<'_> {
    let subject = &authorization.grants()[grant].subject;
    let hidden = authorization
        .powers_of(subject)
        .filter(|it| it.subject == *subject && it.grants.contains(&grant))
        .flat_map(|it| it.grants.iter().copied());
    let mut grants: Vec<usize> = hidden.collect();
    grants.push(grant);
    named(authorization, grants)
}

fn named(authorization: &Authorization, mut grants: Vec<usize>) -> Behind<'_> {
    grants.sort_unstable();
    grants.dedup();
    Behind::Grants {
        cluster: &authorization.cluster,
        grants: grants.into_iter().map(|at| &authorization.grants()[at]).collect(),
    }
}
