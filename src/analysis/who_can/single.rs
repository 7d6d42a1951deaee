//! One session asked by itself: every action of a question, or the levels of access that it has to one resource.

use std::sync::Arc;

use crate::base::Name;
use crate::iam::catalogue::{Catalogue, Level};
use crate::identity::documents::Documents;
use crate::model::Inventory;

use super::decide::{self, Grant};
use super::question::{Question, What};
use super::requests::{Requests, Target};
use crate::analysis::session::{ResourceSide, Session};
use crate::analysis::verdict::Verdict;

fn sides(
    inventory: &Inventory,
    documents: &Documents,
    caller: Option<&str>,
    asked: &Requests,
) -> Vec<Arc<ResourceSide>> {
    let of = |target: &Target| {
        let resource = target.resource.arn().unwrap_or("*");
        Arc::new(ResourceSide::find(inventory, documents, caller, resource))
    };
    asked.targets.iter().map(of).collect()
}

fn all(requests: &Requests) -> Vec<u16> {
    (0..requests.asks.len()).filter_map(|at| u16::try_from(at).ok()).collect()
}

/// What one session may do of a question: the list of `can`. Every ask is answered, denied ones too.
pub fn can(inventory: &Inventory, documents: &Documents, session: &Session, question: &Question) -> Vec<Grant> {
    let requests = Requests::new(Catalogue::bundled(), question);
    let sides = sides(inventory, documents, session.principal.account(), &requests);
    decide::grants(session, &requests, &all(&requests), &sides, &question.given)
}

/// The questions for each level of access to one resource whose policy was read, made once for all who are asked.
#[derive(Debug)]
pub struct Levelled {
    levels: Vec<(Level, Requests, Vec<Arc<ResourceSide>>)>,
}

impl Levelled {
    pub fn new(inventory: &Inventory, documents: &Documents, resource: &Name) -> Levelled {
        let of = |level: Level| {
            let question = Question { what: What::Level(level), resource: resource.clone(), given: Vec::new() };
            let requests = Requests::new(Catalogue::bundled(), &question);
            let sides = sides(inventory, documents, None, &requests);
            (level, requests, sides)
        };
        Levelled { levels: Level::ALL.into_iter().map(of).collect() }
    }

    /// What a session may do, action by action.
    pub fn grants(&self, session: &Session) -> impl Iterator<Item = Grant> {
        self.levels
            .iter()
            .flat_map(|(_, requests, sides)| decide::grants(session, requests, &all(requests), sides, &[]))
    }

    /// The best verdict of a session at each level. Cost: a decision for each action on such a resource.
    pub fn ask(&self, session: &Session) -> impl Iterator<Item = (Level, Verdict)> {
        self.levels.iter().map(|(level, requests, sides)| {
            let grants = decide::grants(session, requests, &all(requests), sides, &[]);
            (*level, grants.iter().map(|it| it.verdict).min().unwrap_or(Verdict::Deny))
        })
    }
}
