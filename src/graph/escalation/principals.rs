//! Roles, users and groups that a principal gains through IAM and STS (techniques 5 to 24 and 29).

use std::cell::{OnceCell, Ref, RefCell};

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::iam::DocumentKind;
use crate::iam::escalation::{On, Technique};
use crate::iam::pattern::ArnGlob;
use crate::model::{EntityKey, Kind, Lookup};

use super::assuming::{LettingIn, takable};
use super::ground::{Group, Role, User};
use super::held::Held;
use super::holder::{Chosen, Holder, Rights, Target, Who};
use super::out::{Grouped, Out};
use super::services::Profile;
use super::{Gained, policy_of};

/// What several techniques of one principal ask alike.
#[derive(Default)]
pub(super) struct Shared {
    takable: OnceCell<Vec<(u32, Held)>>,
    letting_in: OnceCell<LettingIn>,
    passable: RefCell<FxHashMap<(&'static str, Profile), Grouped<u32>>>,
}

impl Shared {
    pub fn takable(&self, holder: &Holder<'_>) -> &[(u32, Held)] {
        self.takable.get_or_init(|| takable(holder))
    }

    /// Roles that may be passed to a service, found when first asked for.
    pub fn passable(&self, key: (&'static str, Profile), find: impl FnOnce() -> Grouped<u32>) -> Ref<'_, Grouped<u32>> {
        if !self.passable.borrow().contains_key(&key) {
            let found = find();
            self.passable.borrow_mut().insert(key, found);
        }
        Ref::map(self.passable.borrow(), |all| all.get(&key).expect("it was just put there"))
    }

    fn lets_in(&self, holder: &Holder<'_>, arn: &str) -> Option<Held> {
        self.letting_in.get_or_init(|| LettingIn::new(holder)).over(holder, arn)
    }
}

/// The rights of a technique's steps on each kind of target.
struct Steps<'h> {
    on: Vec<(On, Rights<'h>)>,
}

impl<'h> Steps<'h> {
    fn new(holder: &'h Holder<'_>, technique: &'static Technique) -> Steps<'h> {
        let policy = holder.account.administrator_access();
        let chosen: [Chosen<'_>; 1] = [("iam:PolicyARN", Some(&policy))];
        let rights = |action: &str| holder.rights(action, if action.contains(":Attach") { &chosen } else { &[] });
        let steps = technique.steps.iter().filter(|step| !matches!(step.on, On::Any | On::Own | On::Trust));
        Steps { on: steps.map(|step| (step.on, rights(step.action))).collect() }
    }

    fn over_role(&self, holder: &Holder<'_>, role: &Role<'_>) -> Option<Held> {
        self.on.iter().try_fold(Held::surely(), |held, (on, rights)| {
            let one = match on {
                On::RolePolicy => Held::best(role.facts.attached.iter().filter_map(|arn| {
                    let policy = holder.ground.customer_policy(holder.account, arn)?;
                    Some(rights.over(Target::bare(&policy.arn))?.and(&Held::from(policy.has_room())?))
                })),
                _ => rights.over(role.target()),
            };
            Some(held.and(&one?))
        })
    }

    fn over_user(&self, holder: &Holder<'_>, user: &User<'_>) -> Option<Held> {
        self.on.iter().filter(|(on, _)| *on != On::Group).try_fold(Held::surely(), |held, (on, rights)| {
            let one = match on {
                On::UserGroup => {
                    let groups = holder.ground.groups_of(user);
                    Held::best(groups.iter().filter_map(|group| rights.over(Target::bare(&group.facts.arn))))
                }
                _ => rights.over(user.target()),
            };
            Some(held.and(&one?))
        })
    }

    fn over_group(&self, group: &Group<'_>) -> Option<Held> {
        let of_group = self.on.iter().filter(|(on, _)| *on == On::Group);
        of_group.map(|(_, rights)| rights.over(Target::bare(&group.facts.arn))).next()?
    }
}

/// Roles that can be taken, as they are or with policies of one's choosing.
pub(super) fn roles(
    holder: &Holder<'_>,
    shared: &Shared,
    technique: &'static Technique,
    fixed: &Held,
    with_anything: bool,
    out: &mut Out<'_>,
) {
    let steps = Steps::new(holder, technique);
    let own_account = !steps.on.is_empty();
    let by_trust = technique.steps.iter().any(|step| step.on == On::Trust);
    let rewrites_trust = technique.actions().any(|it| it == "iam:UpdateAssumeRolePolicy");
    let mut found: Grouped<u32> = Grouped::new();
    let mut consider = |place: u32, taking: Held| {
        let Some(role) = holder.ground.roles.get(place as usize) else { return };
        let foreign = *holder.ground.accounts[role.account].id != *holder.account.id;
        let is_own = role.key == *holder.key();
        // An administrator has its account already; other accounts it has not.
        if role.reserved || is_own || (own_account && foreign) || (holder.administrator.is_yes() && !foreign) {
            return;
        }
        let Some(held) = steps.over_role(holder, role) else { return };
        let mut held = fixed.and(&taking).and(&held);
        if rewrites_trust {
            match shared.lets_in(holder, &role.facts.arn) {
                Some(letting) => held = held.and(&letting),
                None => return,
            }
        }
        found.entry(held).or_default().push(place);
    };
    if by_trust {
        for (place, taking) in shared.takable(holder) {
            consider(*place, taking.clone());
        }
    } else {
        for place in holder.account.roles.clone() {
            consider(u32::try_from(place).unwrap_or(u32::MAX), Held::surely());
        }
    }
    for (held, places) in found {
        if !with_anything {
            if let Some(targets) = out.roles(places) {
                out.push(technique, Gained::Roles(targets), &held);
            }
            continue;
        }
        let is_bounded = |place: &u32| holder.ground.roles[*place as usize].facts.boundary.is_some();
        let (bounded, free): (Vec<u32>, Vec<u32>) = places.into_iter().partition(is_bounded);
        let keys = |places: &[u32]| places.iter().map(|it| holder.ground.roles[*it as usize].key.clone()).collect();
        let boundaries = bounded.iter().filter_map(|it| holder.ground.roles[*it as usize].facts.boundary.as_ref());
        let widens = boundaries.into_iter().any(|arn| boundary_adds(holder, arn, out));
        if widens {
            let targets = out.set(keys(&bounded));
            out.push(technique, Gained::Ceiling(targets), &held);
        }
        let through = (!free.is_empty()).then(|| out.set(keys(&free)));
        everything(holder, technique, through, &held, out);
    }
}

/// Principals without a boundary get policies of one's choosing.
fn everything(
    holder: &Holder<'_>,
    technique: &'static Technique,
    through: Option<super::Targets>,
    held: &Held,
    out: &mut Out<'_>,
) {
    let (Some(through), Some(then)) = (through, Held::from(holder.account.unbounded)) else { return };
    let account = holder.account.id.clone();
    out.push(technique, Gained::Account { account, through: Some(through) }, &held.and(&then));
}

/// Whether a boundary policy leaves more than the principal has; yes where it was not read.
fn boundary_adds(holder: &Holder<'_>, arn: &str, out: &Out<'_>) -> bool {
    let Lookup::Found(policy) = holder.account.facts.policy(arn) else { return true };
    let Some(text) = policy.default_text() else { return true };
    let document = holder.ground.documents.get(DocumentKind::Boundary, text);
    out.holdings().lack_any([&document])
}

/// A new role of the principal's making (technique 12). Where a boundary is asked for, it caps the role (rule e).
pub(super) fn new_role(holder: &Holder<'_>, shared: &Shared, technique: &'static Technique, out: &mut Out<'_>) {
    let [make, grant] = technique.steps else { return };
    let account = holder.account;
    let arn = format!("arn:{}:iam::{}:role/*", account.partition, account.id);
    let role = ArnGlob::new(&arn);
    let Some(letting) = shared.lets_in(holder, &arn.replace('*', "new")) else { return };
    let admin = account.administrator_access();
    let under = |boundary: Option<&str>| {
        let bound: Chosen<'_> = ("iam:PermissionsBoundary", boundary);
        let make = holder.rights(make.action, &[bound]);
        let grant = holder.rights(grant.action, &[bound, ("iam:PolicyARN", Some(&admin))]);
        Some(make.in_common(&grant, &role)?.and(&letting))
    };
    if let Some(held) = under(None) {
        if let Some(then) = Held::from(account.unbounded) {
            let to = Gained::Account { account: account.id.clone(), through: None };
            out.push(technique, to, &held.and(&then));
        }
        return;
    }
    let asked = [make, grant].into_iter().flat_map(|step| holder.asked(step.action, "iam:permissionsboundary"));
    let mut boundaries: Vec<Name> = asked.collect();
    boundaries.sort_unstable();
    boundaries.dedup();
    for boundary in boundaries {
        let known: Vec<Name> = if boundary.contains(['*', '?']) {
            let pattern = ArnGlob::new(&boundary);
            let policies = account.facts.policies.iter().map(|it| &it.arn);
            policies.filter(|arn| pattern.matches(arn)).cloned().collect()
        } else {
            vec![boundary]
        };
        for arn in known {
            if let Some(held) = under(Some(&arn))
                && boundary_adds(holder, &arn, out)
            {
                let of = out.only(&policy_of(&account.id, &arn));
                out.push(technique, Gained::Ceiling(of), &held);
            }
        }
    }
}

/// What comes of a user that is gained.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UserGain {
    AsIs,
    WithAnything,
    InService,
}

pub(super) fn users(
    holder: &Holder<'_>,
    technique: &'static Technique,
    fixed: &Held,
    gain: UserGain,
    out: &mut Out<'_>,
) {
    let steps = Steps::new(holder, technique);
    let mut found: Grouped<&User<'_>> = Grouped::new();
    for user in &holder.ground.users[holder.account.users.clone()] {
        let adds = gain == UserGain::WithAnything || out.user_adds(user);
        if user.key == *holder.key() || !adds {
            continue;
        }
        if let Some(held) = steps.over_user(holder, user) {
            found.entry(fixed.and(&held)).or_default().push(user);
        }
    }
    for (held, users) in found {
        let keys = |users: &[&User<'_>]| users.iter().map(|it| it.key.clone()).collect();
        match gain {
            UserGain::AsIs => {
                let targets = out.set(keys(&users));
                out.push(technique, Gained::Users(targets), &held);
            }
            UserGain::InService => {
                let targets = out.set(keys(&users));
                out.push(technique, Gained::UsersInService(targets), &held);
            }
            UserGain::WithAnything => {
                let (bounded, free): (Vec<&User<'_>>, Vec<&User<'_>>) =
                    users.into_iter().partition(|it| it.facts.boundary.is_some());
                let widens = bounded
                    .iter()
                    .filter_map(|it| it.facts.boundary.as_ref())
                    .any(|arn| boundary_adds(holder, arn, out));
                if widens {
                    let targets = out.set(keys(&bounded));
                    out.push(technique, Gained::Ceiling(targets), &held);
                }
                let through = (!free.is_empty()).then(|| out.set(keys(&free)));
                everything(holder, technique, through, &held, out);
            }
        }
    }
}

/// Groups that a user joins by itself, or that a user under control is put into.
pub(super) fn groups(holder: &Holder<'_>, technique: &'static Technique, fixed: &Held, out: &mut Out<'_>) {
    let steps = Steps::new(holder, technique);
    let members: Option<Held> = match holder.who {
        Who::User(_) if technique.by == crate::iam::escalation::By::User => Some(Held::surely()),
        _ => {
            let users = holder.ground.users[holder.account.users.clone()].iter();
            Held::best(users.filter_map(|user| steps.over_user(holder, user)))
        }
    };
    let Some(member) = members else { return };
    let own: Vec<&EntityKey> = holder.groups().into_iter().map(|it| &it.key).collect();
    let mut found: Grouped<EntityKey> = Grouped::new();
    for group in &holder.ground.groups[holder.account.groups.clone()] {
        if own.contains(&&group.key) || !group_adds(holder, group, out) {
            continue;
        }
        if let Some(held) = steps.over_group(group) {
            found.entry(fixed.and(&member).and(&held)).or_default().push(group.key.clone());
        }
    }
    for (held, keys) in found {
        debug_assert!(keys.iter().all(|key| key.kind == Kind::Resource));
        let targets = out.set(keys);
        out.push(technique, Gained::Groups(targets), &held);
    }
}

fn group_adds(holder: &Holder<'_>, group: &Group<'_>, out: &Out<'_>) -> bool {
    let documents = &holder.ground.documents;
    let inline = group.facts.inline.iter().map(|it| Some(documents.get(DocumentKind::Identity, &it.text)));
    let attached = group.facts.attached.iter().map(|arn| match holder.account.facts.policy(arn) {
        Lookup::Found(policy) => policy.default_text().map(|text| documents.get(DocumentKind::Identity, text)),
        _ => None,
    });
    inline.chain(attached).any(|document| document.is_none_or(|it| out.holdings().lack_any([&it])))
}
