//! Gains of one principal under way: targets that are reached alike become one gain.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::iam::escalation::Technique;
use crate::model::EntityKey;

use super::adding::Holdings;
use super::ground::Ground;
use super::held::Held;
use super::holder::{Holder, Who};
use super::{Gain, Gained, Targets};

/// Collects the gains of one principal.
pub(super) struct Out<'h> {
    ground: &'h Ground<'h>,
    holder: &'h Holder<'h>,
    holdings: Holdings<'h>,
    /// Whether a role adds anything, by its place.
    adds: FxHashMap<u32, bool>,
    gains: Vec<Gain>,
}

/// Targets by how surely they are reached, each list in order.
pub(super) type Grouped<T> = BTreeMap<Held, Vec<T>>;

impl<'h> Out<'h> {
    pub fn new(holder: &'h Holder<'h>) -> Out<'h> {
        let holdings = Holdings::new(holder);
        Out { ground: holder.ground, holder, holdings, adds: FxHashMap::default(), gains: Vec::new() }
    }

    pub fn push(&mut self, technique: &'static Technique, to: Gained, held: &Held) {
        self.push_needing(technique, to, held, &[]);
    }

    pub fn push_needing(&mut self, technique: &'static Technique, to: Gained, held: &Held, further: &[&str]) {
        let needs: Vec<Name> = technique.needs.iter().chain(further).map(|it| Name::new(it)).collect();
        let sure = !held.open && needs.is_empty() && !self.holder.damaged;
        let gain = Gain {
            from: self.holder.key().clone(),
            technique,
            to,
            certainty: if sure { Truth::Yes } else { Truth::Unknown },
            keys: held.keys.clone().into(),
            needs: needs.into(),
        };
        let same = |it: &&mut Gain| std::ptr::eq(it.technique, technique) && it.to == gain.to && it.needs == gain.needs;
        match self.gains.iter_mut().find(same) {
            Some(known) if (known.certainty, gain.keys.len()) < (gain.certainty, known.keys.len()) => *known = gain,
            Some(_) => {}
            None => self.gains.push(gain),
        }
    }

    /// A set of one.
    pub fn only(&self, key: &EntityKey) -> Targets {
        Targets { all: Arc::from([key.clone()]), without: Arc::from([]) }
    }

    /// A shared set of users, nodes or the like.
    pub fn set(&self, mut keys: Vec<EntityKey>) -> Targets {
        keys.sort_unstable();
        keys.dedup();
        Targets { all: self.ground.key_set(keys), without: Arc::from([]) }
    }

    /// The shared set of these roles, without those that add nothing; none when nothing is left. Places in order.
    pub fn roles(&mut self, places: Vec<u32>) -> Option<Targets> {
        let mut without = Vec::new();
        for (at, place) in places.iter().enumerate() {
            if !self.adds(*place) {
                without.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        if without.len() == places.len() {
            return None;
        }
        Some(Targets { all: self.ground.role_set(places), without: without.into() })
    }

    /// Whether becoming a role adds anything: it is not the principal, and it may do more, or is named somewhere.
    pub fn adds(&mut self, place: u32) -> bool {
        let Some(role) = self.ground.roles.get(place as usize) else { return false };
        if role.reserved || role.key == *self.holder.key() {
            return false;
        }
        // What one may do in one's own account says nothing of another.
        let foreign = self.ground.accounts[role.account].id != self.holder.account.id;
        if foreign || self.ground.named.contains(&role.facts.arn) {
            return true;
        }
        if let Some(known) = self.adds.get(&place) {
            return *known;
        }
        let adds = self.holdings.lack(self.ground.role_policies(role));
        self.adds.insert(place, adds);
        adds
    }

    /// As [`Out::adds`], for a user.
    pub fn user_adds(&self, user: &super::ground::User<'_>) -> bool {
        let own = matches!(self.holder.who, Who::User(it) if it.key == user.key);
        !own && (self.ground.named.contains(&user.facts.arn) || self.holdings.lack(self.ground.user_policies(user)))
    }

    pub fn holdings(&self) -> &Holdings<'h> {
        &self.holdings
    }

    /// The gains, cheapest first (R189).
    pub fn finish(self) -> Vec<Gain> {
        let mut gains = self.gains;
        gains.sort_by_key(cost);
        gains
    }
}

fn cost(gain: &Gain) -> (std::cmp::Reverse<Truth>, usize, usize, usize, u8) {
    let technique = gain.technique;
    let number = if technique.is_escalation() { technique.number } else { u8::MAX };
    (std::cmp::Reverse(gain.certainty), gain.needs.len(), technique.steps.len(), gain.keys.len(), number)
}
