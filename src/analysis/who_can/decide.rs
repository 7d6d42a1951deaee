//! One caller asked all requests: what it may do, under which conditions, and because of which statement.
//!
//! Every verdict is one of [`crate::iam::decide_with`] about a literal resource. For a pattern a resource that no policy
//! names is asked first; where that is not allowed, the permission set says which resources are left, and one of each
//! such set is asked.

use std::sync::Arc;

use crate::base::Name;
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::document::Effect;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::permissions::{Permissions, Status, permissions, permissions_of};
use crate::iam::{Layer, Reason, Request, Resource, Source, certainty, decide_with};

use super::requests::{Ask, Requests, Target, member};
use crate::analysis::session::{ResourceSide, Session};
use crate::analysis::verdict::{Verdict, conditions};

/// What a caller may do with the same verdict for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// By name.
    pub actions: Vec<Name>,
    pub verdict: Verdict,
    /// No document that was not read could still change it.
    pub certain: bool,
    /// In words; see [`conditions`].
    pub conditions: Vec<String>,
    /// The first Allow that takes part.
    pub because: Option<Arc<Source>>,
    /// Documents and layers that were not read, by name.
    pub unread: Vec<Name>,
    /// Where a pattern was asked: the patterns of resources under which there are some that it holds for, and what is
    /// left out of them. Nothing is left out of a pattern as wide as the question, though some of it may be denied.
    pub on: Vec<Name>,
    pub except: Vec<Name>,
    /// A resource that was asked, for which it holds.
    pub example: Name,
}

/// The answer to one ask.
struct Outcome {
    verdict: Verdict,
    certain: bool,
    conditions: Vec<String>,
    because: Option<Arc<Source>>,
    unread: Vec<Name>,
    on: Vec<Name>,
    except: Vec<Name>,
    example: Name,
}

/// Asks a caller all of the asks named. `sides` holds what stands at each target, for callers of this account. Answers
/// are grouped; denied asks are in groups of their own.
pub(super) fn grants(
    session: &Session,
    requests: &Requests,
    asks: &[u16],
    sides: &[Arc<ResourceSide>],
    given: &[(String, String)],
) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for (at, target) in requests.targets.iter().enumerate() {
        let of_target: Vec<&Ask> =
            asks.iter().map(|ask| &requests.asks[usize::from(*ask)]).filter(|ask| ask.target == at).collect();
        if of_target.is_empty() {
            continue;
        }
        let mut session = session.clone();
        session.meet(&sides[at]);
        given.iter().for_each(|(key, value)| session.give(key, value));
        let caller = Caller::new(session, target, &sides[at]);
        for (ask, outcome) in caller.outcomes(&of_target) {
            collect(&mut grants, ask, outcome);
        }
    }
    grants.iter_mut().for_each(|grant| grant.actions.sort());
    grants
}

fn collect(grants: &mut Vec<Grant>, ask: &Ask, outcome: Outcome) {
    let same = grants.iter_mut().find(|it| {
        it.verdict == outcome.verdict
            && (it.verdict == Verdict::Deny || it.certain == outcome.certain && it.conditions == outcome.conditions)
    });
    match same {
        Some(grant) => {
            grant.actions.push(ask.name.clone());
            grant.certain &= outcome.certain;
            for (list, more) in
                [(&mut grant.unread, outcome.unread), (&mut grant.on, outcome.on), (&mut grant.except, outcome.except)]
            {
                for name in more {
                    if !list.contains(&name) {
                        list.push(name);
                    }
                }
            }
        }
        None => {
            let Outcome { verdict, certain, conditions, because, unread, on, except, example } = outcome;
            let actions = vec![ask.name.clone()];
            grants.push(Grant { actions, verdict, certain, conditions, because, unread, on, except, example });
        }
    }
}

/// A caller in front of one target.
struct Caller<'a> {
    session: Session,
    target: &'a Target,
    request: Request,
}

impl<'a> Caller<'a> {
    fn new(session: Session, target: &'a Target, side: &ResourceSide) -> Caller<'a> {
        let request = Request {
            principal: session.principal.clone(),
            action: crate::iam::pattern::Action::new(""),
            resource: target.resource.clone(),
            resource_account: side.owner.clone(),
            context: session.context.clone(),
        };
        Caller { session, target, request }
    }

    fn outcomes<'r>(mut self, asks: &[&'r Ask]) -> Vec<(&'r Ask, Outcome)> {
        let resource = self.target.resource.clone();
        let mut found: Vec<(&Ask, Outcome)> = asks.iter().map(|ask| (*ask, self.ask(ask, resource.clone()))).collect();
        let Some(glob) = &self.target.glob else { return found };
        for (_, outcome) in &mut found {
            outcome.on = vec![self.target.shown.clone()];
        }
        let open: Vec<ActionId> =
            found.iter().filter(|it| it.1.verdict != Verdict::Allow).filter_map(|it| it.0.id).collect();
        let unknown = found.iter().any(|it| it.1.verdict != Verdict::Allow && it.0.id.is_none());
        if open.is_empty() && !unknown {
            return found;
        }
        let (principal, policies, context) = (&self.session.principal, &self.session.policies, &self.session.context);
        let rows = match unknown {
            false => permissions_of(Catalogue::bundled(), &open, principal, policies, context),
            true => permissions(Catalogue::bundled(), principal, policies, context),
        };
        for (ask, outcome) in found.iter_mut().filter(|it| it.1.verdict != Verdict::Allow) {
            for (set, status) in self.sets(ask, &rows, glob) {
                let better = self.of_set(ask, &set, status);
                if better.verdict < outcome.verdict {
                    *outcome = better;
                }
            }
        }
        found
    }

    /// The sets of resources under the pattern that a permission set has for an action; where the resource's policy must
    /// agree, also what its own statements leave of them.
    fn sets(&self, ask: &Ask, rows: &Permissions, glob: &ArnGlob) -> Vec<(ResourceSet, Status)> {
        let named = |row: &&crate::iam::permissions::Row| match ask.id {
            Some(id) => row.actions.known.binary_search(&id).is_ok(),
            None => row.actions.matches(Catalogue::bundled(), &ask.name),
        };
        let mut sets: Vec<(ResourceSet, Status)> = Vec::new();
        for row in rows.rows.iter().filter(named) {
            let (Some(set), _) = row.resources.within(std::slice::from_ref(glob)) else { continue };
            let allows = self.session.policies.resource.iter().flat_map(|it| &it.document.statements);
            for statement in allows.filter(|it| it.effect == Some(Effect::Allow)) {
                let Some(clause) = statement.resources.as_ref().filter(|it| !it.negated) else { continue };
                let patterns: Vec<ArnGlob> = clause.values().map(|it| it.widest(&self.session.context)).collect();
                if let (Some(part), _) = set.within(&patterns)
                    && part != set
                {
                    sets.push((part, row.status()));
                }
            }
            sets.push((set, row.status()));
        }
        sets
    }

    /// One resource of a set is asked; a set of which none can be written down has the verdict of its row.
    fn of_set(&mut self, ask: &Ask, set: &ResourceSet, status: Status) -> Outcome {
        let names = |list: &[ArnGlob]| list.iter().map(|it| Name::from(it.to_string())).collect::<Vec<_>>();
        let (on, except) = (names(set.any_of()), names(set.except()));
        match member(set) {
            Some(text) => Outcome { on, except, ..self.ask(ask, Resource::Arn(text.into())) },
            None => Outcome {
                verdict: match status {
                    Status::Exact => Verdict::Allow,
                    Status::Conditional => Verdict::Cond,
                    Status::Approximated | Status::Unknown => Verdict::Unk,
                },
                certain: false,
                conditions: vec!["too intricate to name one resource".to_owned()],
                because: None,
                unread: Vec::new(),
                example: self.target.shown.clone(),
                on,
                except,
            },
        }
    }

    fn ask(&mut self, ask: &Ask, resource: Resource) -> Outcome {
        self.request.action = ask.action.clone();
        self.request.resource = resource;
        let (request, policies) = (&self.request, &self.session.policies);
        let answer = decide_with(request, policies, ask.facts);
        let verdict = Verdict::of(&answer);
        let (certain, unread) = certainty(request, policies, ask.facts, self.session.unread, &answer);
        let because = answer.reasons.iter().find_map(|reason| match reason {
            Reason::Statement(it)
                if it.effect == Effect::Allow && matches!(it.layer, Layer::Identity | Layer::Resource) =>
            {
                Some(Arc::clone(it))
            }
            _ => None,
        });
        Outcome {
            verdict,
            certain: certain && verdict != Verdict::Unk,
            conditions: if matches!(verdict, Verdict::Cond | Verdict::Unk) {
                conditions(&answer.residual)
            } else {
                Vec::new()
            },
            because: because.filter(|_| verdict.is_open()),
            unread,
            on: Vec::new(),
            except: Vec::new(),
            example: request.resource.as_str().into(),
        }
    }
}
