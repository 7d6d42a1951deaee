//! The policies of resources, as far as they were read, between sessions and data: they may refuse, let in, or have to
//! agree.
//!
//! What a policy says to everybody of an account alike is asked once, of a caller who may do everything: a ceiling of
//! actions. Only callers whom a policy names or tells from others are asked one by one, by the engine of who-can.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::verdict::Verdict;
use crate::analysis::who_can::{Levelled, PolicyState, Roster, is_harmless, lets_in, singles_out};
use crate::base::{Name, Truth};
use crate::iam::access::Levels;
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::document::Document;
use crate::iam::pattern::ArnGlob;
use crate::iam::privilege::everything;
use crate::iam::{Policies, Principal};
use crate::identity::session::{Session, is_personal};
use crate::model::{Arn, Inventory};

use super::{Grant, Holding, KINDS, Known, Touch};

/// What the policies of resources leave to whoever of one account may do everything by its own.
#[derive(Debug, Default)]
pub(in crate::analysis) struct Ceilings {
    /// By position among the known; `None` where the policy leaves everything.
    of: Vec<Option<u32>>,
    classes: Vec<Ceiling>,
}

/// Actions that are left and those that may be, sorted. Buckets with the same policy but for the name share one.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct Ceiling(Vec<(ActionId, Truth)>);

impl Ceilings {
    pub fn class(&self, known: usize) -> Option<usize> {
        self.of.get(known).copied().flatten().map(|it| it as usize)
    }

    /// What is left of some actions, on the resource itself and in it.
    pub(super) fn limit<'t>(&self, class: usize, touches: impl Iterator<Item = &'t Touch>) -> [Grant; 2] {
        let mut left = [Grant::default(); 2];
        let Some(Ceiling(actions)) = self.classes.get(class) else { return left };
        for touch in touches {
            let Ok(place) = actions.binary_search_by_key(&touch.id, |it| it.0) else { continue };
            for (part, is_meant) in left.iter_mut().zip([touch.own, touch.inside]) {
                if is_meant {
                    part.levels.insert(touch.level);
                    if actions[place].1.is_yes() {
                        part.certain.insert(touch.level);
                    }
                }
            }
        }
        left
    }
}

/// Asks the policies of resources.
pub(super) struct Guard<'a> {
    pub known: &'a [Known],
    pub inventory: &'a Inventory,
    pub roster: &'a Roster,
}

impl Guard<'_> {
    /// What the policies leave to the callers of an account, of whom `example` is one. Kept with the roster. Cost when it is
    /// not there yet: a few hundred decisions for each policy that may refuse.
    pub fn ceilings(&self, account: &str, example: &Session) -> Arc<Ceilings> {
        self.roster.ceilings(account, || {
            let session = anybody(account, example);
            let shared = |at: &usize| self.known[*at].document.as_ref().is_some_and(|it| !is_about_callers(it));
            let asked: Vec<usize> =
                (0..self.known.len()).filter(|at| shared(at) && self.bears(*at, &session)).collect();
            let found: Vec<Ceiling> = asked.par_iter().map(|at| self.ceiling(*at, &session)).collect();
            let mut ceilings = Ceilings { of: vec![None; self.known.len()], classes: Vec::new() };
            let mut classes: FxHashMap<Ceiling, u32> = FxHashMap::default();
            for (at, ceiling) in asked.into_iter().zip(found) {
                let class = *classes.entry(ceiling).or_insert_with_key(|ceiling| {
                    ceilings.classes.push(ceiling.clone());
                    u32::try_from(ceilings.classes.len() - 1).unwrap_or(u32::MAX)
                });
                ceilings.of[at] = Some(class);
            }
            ceilings
        })
    }

    /// Whether the policy of a resource may keep anything from everybody of the account.
    fn bears(&self, at: usize, session: &Session) -> bool {
        let known = &self.known[at];
        known.document.as_ref().is_some_and(|document| self.agrees(known, session) || !is_harmless(document, session))
    }

    /// Whether the policy has to agree: that of another account, and that of a key, which hands its account the right to
    /// grant, or does not (rule L10).
    fn agrees(&self, known: &Known, session: &Session) -> bool {
        known.owner.as_deref() != session.principal.account() || KINDS[known.kind].service == "kms"
    }

    fn ceiling(&self, at: usize, session: &Session) -> Ceiling {
        let catalogue = Catalogue::bundled();
        let question = Levelled::new(self.inventory, &self.roster.parsed, &self.known[at].arn);
        let mut actions: Vec<(ActionId, Truth)> = Vec::new();
        for grant in question.grants(session) {
            let truth = match grant.verdict {
                Verdict::Allow => Truth::Yes,
                Verdict::Cond | Verdict::Unk => Truth::Unknown,
                Verdict::Deny => continue,
            };
            actions.extend(grant.actions.iter().filter_map(|name| Some((catalogue.find(name)?, truth))));
        }
        // An action may be asked of the resource and of what is in it: the better answer counts.
        actions.sort_unstable_by_key(|it| (it.0, std::cmp::Reverse(it.1)));
        actions.dedup_by_key(|it| it.0);
        Ceiling(actions)
    }

    /// For each session the grants that take the place of what identity policies say, by position among the known: an
    /// empty one where the resource's side refuses. Answers are shared by sessions that no policy tells apart.
    ///
    /// Cost: a look at each pair of session and policy, and a few hundred decisions for those of which a policy may
    /// change the answer.
    pub fn ask(
        &self,
        sessions: &[Option<(&Session, &[u32])>],
        place: &[Option<usize>],
        holdings: &[Holding],
    ) -> Vec<Vec<(usize, Grant)>> {
        let guarded: Vec<(usize, &Known)> = self
            .known
            .iter()
            .enumerate()
            .filter(|(_, it)| it.owner.is_some() && it.policy != PolicyState::NotAsked)
            .collect();
        let asked: Vec<Vec<(usize, Said)>> = sessions
            .par_iter()
            .zip(place)
            .map(|(session, place)| {
                let (Some((session, _)), Some(place)) = (session, place) else { return Vec::new() };
                let holding = &holdings[*place];
                let said =
                    guarded.iter().filter_map(|(at, known)| Some((*at, self.said(session, holding, *at, known)?)));
                said.collect()
            })
            .collect();
        let mut jobs: FxHashMap<(usize, usize), usize> = FxHashMap::default();
        let mut list: Vec<(usize, usize)> = Vec::new();
        for ((said, place), session) in asked.iter().zip(place).zip(0..) {
            for (at, said) in said {
                let Said::Ask { personal } = said else { continue };
                // Positions of distinct holdings are below those of sessions put behind them.
                let who = if *personal { holdings.len() + session } else { place.unwrap_or_default() };
                jobs.entry((who, *at)).or_insert_with(|| {
                    list.push((session, *at));
                    list.len() - 1
                });
            }
        }
        let mut resources: Vec<usize> = list.iter().map(|it| it.1).collect();
        resources.sort_unstable();
        resources.dedup();
        let parsed = &self.roster.parsed;
        let questions: Vec<Levelled> =
            resources.par_iter().map(|at| Levelled::new(self.inventory, parsed, &self.known[*at].arn)).collect();
        let answer = |(session, at): &(usize, usize)| {
            let (Some((session, _)), Ok(question)) = (sessions[*session], resources.binary_search(at)) else {
                return Grant::default();
            };
            let mut grant = Grant::default();
            for (level, verdict) in questions[question].ask(session) {
                match verdict {
                    Verdict::Allow => {
                        grant.levels.insert(level);
                        grant.certain.insert(level);
                    }
                    Verdict::Cond | Verdict::Unk => grant.levels.insert(level),
                    Verdict::Deny => {}
                }
            }
            grant
        };
        let answers: Vec<Grant> = list.par_iter().map(answer).collect();
        let of = |session: usize, place: Option<usize>, (at, said): &(usize, Said)| {
            let grant = match said {
                Said::Grant(grant) => *grant,
                Said::Ask { personal } => {
                    let who = if *personal { holdings.len() + session } else { place.unwrap_or_default() };
                    jobs.get(&(who, *at)).and_then(|job| answers.get(*job)).copied().unwrap_or_default()
                }
            };
            (*at, grant)
        };
        let lists = asked.iter().zip(place).zip(0..);
        lists.map(|((said, place), session)| said.iter().map(|it| of(session, *place, it)).collect()).collect()
    }

    /// What the resource's side has to say about a session; `None` when it leaves the answer to identity policies.
    fn said(&self, session: &Session, holding: &Holding, at: usize, known: &Known) -> Option<Said> {
        let found = holding.grants.binary_search_by_key(&at, |it| it.0).ok();
        let granted = found.map(|place| holding.grants[place].1);
        let foreign = known.owner.as_deref() != session.principal.account();
        let Some(document) = &known.document else {
            // Both accounts must agree: without a policy the other does not, and of one not read nobody knows.
            let granted = granted.filter(|_| foreign)?;
            let certain = Levels::default();
            let unread = known.policy == PolicyState::Unread;
            return Some(Said::Grant(if unread { Grant { certain, ..granted } } else { Grant::default() }));
        };
        let named = lets_in(document, &session.principal, &session.context);
        let personal = named || singles_out(document, &session.principal, &session.context);
        if granted.is_none() && !named {
            return None;
        }
        // What it says to everybody is in the ceiling, unless it draws lines inside the resource.
        let asks = match personal {
            true => named || self.agrees(known, session) || !is_harmless(document, session),
            false => draws_lines(document, known) && self.bears(at, session),
        };
        asks.then_some(Said::Ask { personal })
    }
}

/// A role of the same account that no policy names and nothing of its own limits.
fn anybody(account: &str, example: &Session) -> Session {
    let partition = match &example.principal {
        Principal::Role { arn, .. } | Principal::User { arn, .. } => Arn::parse(arn).map_or("aws", |it| it.partition),
        _ => "aws",
    };
    let arn = Name::from(format!("arn:{partition}:iam::{account}:role/rolewalk~anybody"));
    let context = example.context.clone().with("aws:PrincipalArn", arn.clone());
    let principal = Principal::Role { account: account.into(), arn };
    let policies = Policies { identity: vec![everything()], ..Policies::default() };
    Session { principal, policies, context, ..example.clone() }
}

/// Whether a policy asks who the caller is, beyond naming some: then it says nothing to all alike.
fn is_about_callers(document: &Document) -> bool {
    document
        .statements
        .iter()
        .any(|statement| is_personal(statement) || statement.principals.as_ref().is_some_and(|clause| clause.negated))
}

/// Whether a policy tells parts of the resource apart, such as objects by their prefix.
fn draws_lines(document: &Document, known: &Known) -> bool {
    document.statements.iter().any(|statement| {
        statement.resources.as_ref().is_some_and(|clause| {
            clause.entries.iter().any(|entry| {
                let glob = ArnGlob::new(&entry.written);
                !glob.contains(&known.inside) && !glob.disjoint(&known.inside)
            })
        })
    })
}

/// What the side of a resource says.
enum Said {
    Grant(Grant),
    /// Its policy is to be asked; `personal` where it tells this session from others with the same documents.
    Ask {
        personal: bool,
    },
}
