//! Sets of actions, and the classes of actions that the supplied documents tell apart (rules S1, S2).
//!
//! An action of the catalogue is a bit. All other names, which AWS may add tomorrow, are [`Region`]s: a pattern minus
//! patterns, none of it in the catalogue (rule P10). Two actions that lie in the same entries of all statements get the
//! same answer, so the work is done once for each class.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::base::Truth;
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::document::Effect;
use crate::iam::glob::{self, Glob};
use crate::iam::pattern::ActionPattern;
use crate::iam::permissions::meet::meet_in;

/// Regions before refining stops; entries that then cut a region are unknown for it, which shows too much and hides nothing.
const MAX_REGIONS: usize = 1_500;

/// Patterns for what two patterns of names share. AWS may add names to each of them, so a few are worth telling; a pair
/// like `*Tag*` and `*Group*List*` shares dozens.
const MAX_SHARED: usize = 3;

/// All actions, or those of one service whose lower-case name matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionGlob {
    Everything,
    Service { prefix: Box<str>, name: GlobText },
}

/// A glob that sorts by the way it prints.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobText(pub Glob);

impl PartialOrd for GlobText {
    fn partial_cmp(&self, other: &GlobText) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GlobText {
    fn cmp(&self, other: &GlobText) -> std::cmp::Ordering {
        self.0.tokens().cmp(other.0.tokens())
    }
}

impl ActionGlob {
    /// None for a pattern that IAM refuses (rule P9).
    pub fn of(pattern: &ActionPattern) -> Option<ActionGlob> {
        if pattern.is_everything() {
            return Some(ActionGlob::Everything);
        }
        Some(ActionGlob::service(pattern.service()?, pattern.name()?.clone()))
    }

    pub fn service(prefix: &str, name: Glob) -> ActionGlob {
        ActionGlob::Service { prefix: prefix.into(), name: GlobText(name) }
    }

    pub fn matches(&self, prefix: &str, lower_name: &str) -> bool {
        match self {
            ActionGlob::Everything => true,
            ActionGlob::Service { prefix: own, name } => **own == *prefix && name.0.matches(lower_name),
        }
    }

    pub fn contains(&self, inner: &ActionGlob) -> bool {
        match (self, inner) {
            (ActionGlob::Everything, _) => true,
            (ActionGlob::Service { .. }, ActionGlob::Everything) => false,
            (ActionGlob::Service { prefix: a, name: x }, ActionGlob::Service { prefix: b, name: y }) => {
                a == b && glob::contains(&x.0, &y.0)
            }
        }
    }

    pub fn disjoint(&self, other: &ActionGlob) -> bool {
        match (self, other) {
            (ActionGlob::Everything, _) | (_, ActionGlob::Everything) => false,
            (ActionGlob::Service { prefix: a, name: x }, ActionGlob::Service { prefix: b, name: y }) => {
                a != b || glob::disjoint(&x.0, &y.0)
            }
        }
    }

    /// What both match; none when it takes too many patterns.
    fn meet(&self, other: &ActionGlob) -> Option<Vec<ActionGlob>> {
        match (self, other) {
            (ActionGlob::Everything, it) | (it, ActionGlob::Everything) => Some(vec![it.clone()]),
            (ActionGlob::Service { prefix: a, .. }, ActionGlob::Service { prefix: b, .. }) if a != b => {
                Some(Vec::new())
            }
            (ActionGlob::Service { prefix, name: x }, ActionGlob::Service { name: y, .. }) => Some(
                meet_in(&x.0, &y.0, MAX_SHARED)?.into_iter().map(|name| ActionGlob::service(prefix, name)).collect(),
            ),
        }
    }

    /// The actions of the catalogue in it.
    pub fn known(&self, catalogue: &Catalogue) -> Vec<ActionId> {
        match self {
            ActionGlob::Everything => catalogue.ids().collect(),
            ActionGlob::Service { prefix, name } => {
                let Some(service) = catalogue.service(prefix) else {
                    return Vec::new();
                };
                let all = service.actions();
                if name.0.is_any() {
                    return all.collect();
                }
                let start: String = name.0.literal_prefix().collect();
                all.filter(|id| {
                    let action = catalogue.action(*id).lower_name();
                    action.starts_with(&start) && name.0.matches(action)
                })
                .collect()
            }
        }
    }

    /// Whether it is of a service that the catalogue lacks.
    pub fn is_beyond(&self, catalogue: &Catalogue) -> bool {
        matches!(self, ActionGlob::Service { prefix, .. } if catalogue.service(prefix).is_none())
    }

    /// Whether it is one action, and one that the catalogue has.
    fn is_one_known(&self, catalogue: &Catalogue) -> bool {
        let ActionGlob::Service { prefix, name } = self else {
            return false;
        };
        name.0.as_literal().is_some_and(|name| catalogue.find(&format!("{prefix}:{name}")).is_some())
    }
}

impl std::fmt::Display for ActionGlob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ActionGlob::Everything => f.write_str("*"),
            ActionGlob::Service { prefix, name } => write!(f, "{prefix}:{}", name.0),
        }
    }
}

/// Names outside the catalogue: those of `within` that none of `except` matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    pub within: ActionGlob,
    pub except: Vec<ActionGlob>,
}

/// The actions that one `Action` or `NotAction` element names, prepared for telling classes apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entries {
    globs: Vec<ActionGlob>,
    /// Over `service:name` in lower case: what IAM refuses and only a Deny may count (rule P9).
    refused: Vec<Glob>,
    /// `NotAction`.
    inverted: bool,
}

impl Entries {
    /// An Allow ignores what IAM refuses.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p ActionPattern>, inverted: bool, effect: Effect) -> Entries {
        let (mut globs, mut refused) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match ActionGlob::of(pattern) {
                Some(glob) => globs.push(glob),
                None if effect == Effect::Allow => {}
                None => refused.push(Glob::new(&pattern.as_str().to_ascii_lowercase())),
            }
        }
        globs.sort();
        globs.dedup();
        Entries { globs, refused, inverted }
    }

    /// Whether it names the action of this service prefix and name, both in lower case.
    pub fn names(&self, prefix: &str, lower_name: &str) -> Truth {
        let listed = if self.globs.iter().any(|glob| glob.matches(prefix, lower_name)) {
            Truth::Yes
        } else if self.refused.iter().any(|glob| glob.matches(&format!("{prefix}:{lower_name}"))) {
            Truth::Unknown
        } else {
            Truth::No
        };
        self.finish(listed)
    }

    /// Every action.
    pub fn everything() -> Entries {
        Entries { globs: vec![ActionGlob::Everything], refused: Vec::new(), inverted: false }
    }

    /// The actions of the catalogue that it certainly names.
    pub fn known(&self, catalogue: &Catalogue) -> FixedBitSet {
        let mut set = self.listed(catalogue);
        if self.inverted {
            set.toggle_range(..);
            for id in catalogue.ids().filter(|id| set.contains(id.index())).collect::<Vec<_>>() {
                if !self.refused.is_empty() && !self.of_action(&FixedBitSet::new(), catalogue, id).is_yes() {
                    set.set(id.index(), false);
                }
            }
        }
        set
    }

    fn listed(&self, catalogue: &Catalogue) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(catalogue.len());
        for glob in &self.globs {
            match glob {
                ActionGlob::Everything => set.insert_range(..),
                glob => glob.known(catalogue).into_iter().for_each(|id| set.insert(id.index())),
            }
        }
        set
    }

    fn finish(&self, listed: Truth) -> Truth {
        if self.inverted { !listed } else { listed }
    }

    fn of_action(&self, known: &FixedBitSet, catalogue: &Catalogue, id: ActionId) -> Truth {
        let listed = if known.contains(id.index()) {
            Truth::Yes
        } else if self.refused.is_empty() {
            Truth::No
        } else {
            let full = catalogue.action(id).to_string().to_ascii_lowercase();
            if self.refused.iter().any(|glob| glob.matches(&full)) { Truth::Unknown } else { Truth::No }
        };
        self.finish(listed)
    }

    /// `open` are the globs that name more than one action of the catalogue.
    fn of_region(&self, open: &[&ActionGlob], region: &Region) -> Truth {
        let cut =
            |glob: &&ActionGlob| !glob.disjoint(&region.within) && !region.except.iter().any(|out| out.contains(glob));
        let listed = if open.iter().any(|glob| glob.contains(&region.within)) {
            Truth::Yes
        } else if !self.refused.is_empty() || open.iter().any(cut) {
            Truth::Unknown
        } else {
            Truth::No
        };
        self.finish(listed)
    }
}

/// Actions that all entries treat alike.
#[derive(Clone, Debug)]
pub struct Class {
    pub known: Vec<ActionId>,
    pub regions: Vec<Region>,
    /// For each of the given [`Entries`], whether it names these actions; unknown where it may name some of them.
    pub named: Box<[Truth]>,
}

/// Of which names outside the catalogue the classes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// All: new actions of known services too.
    Names,
    /// Those of services that the catalogue lacks, which is enough to say which services can be reached.
    Services,
}

/// The classes of all actions there can be, in no particular order. Cost: the entries' matches in the catalogue, plus
/// classes times entries, plus for [`Outside::Names`] the square of the patterns of each service.
pub fn classes(catalogue: &Catalogue, all: &[Entries], outside: Outside) -> Vec<Class> {
    let known: Vec<FixedBitSet> = all.iter().map(|entries| entries.listed(catalogue)).collect();
    let mut by_name: FxHashMap<Box<[Truth]>, Class> = FxHashMap::default();
    for ids in split(catalogue, all, &known) {
        let Some(first) = ids.first() else { continue };
        let named: Box<[Truth]> =
            all.iter().zip(&known).map(|(entries, known)| entries.of_action(known, catalogue, *first)).collect();
        class(&mut by_name, named).known.extend(ids);
    }
    let is_open = |glob: &&ActionGlob| match outside {
        // What names one action of the catalogue names nothing outside it.
        Outside::Names => !glob.is_one_known(catalogue),
        Outside::Services => glob.is_beyond(catalogue) || **glob == ActionGlob::Everything,
    };
    let open: Vec<Vec<&ActionGlob>> =
        all.iter().map(|entries| entries.globs.iter().filter(is_open).collect()).collect();
    for region in regions(&open) {
        let named: Box<[Truth]> =
            all.iter().zip(&open).map(|(entries, open)| entries.of_region(open, &region)).collect();
        class(&mut by_name, named).regions.push(region);
    }
    by_name.into_values().collect()
}

/// The classes of these actions only, for questions about a few. Cost: actions times entries.
pub fn classes_of(catalogue: &Catalogue, all: &[Entries], ids: &[ActionId]) -> Vec<Class> {
    let mut by_name: FxHashMap<Box<[Truth]>, Class> = FxHashMap::default();
    for id in ids {
        let action = catalogue.action(*id);
        let (prefix, name) = (action.service().prefix(), action.lower_name());
        let named = all.iter().map(|entries| entries.names(prefix, name)).collect();
        class(&mut by_name, named).known.push(*id);
    }
    by_name.into_values().collect()
}

fn class(by_name: &mut FxHashMap<Box<[Truth]>, Class>, named: Box<[Truth]>) -> &mut Class {
    by_name.entry(named.clone()).or_insert_with(|| Class { known: Vec::new(), regions: Vec::new(), named })
}

/// Partition refinement over the catalogue: each set splits the blocks that it cuts.
fn split(catalogue: &Catalogue, all: &[Entries], known: &[FixedBitSet]) -> Vec<Vec<ActionId>> {
    let mut block_of: Vec<u32> = vec![0; catalogue.len()];
    let mut sizes: Vec<u32> = vec![catalogue.len() as u32];
    let mut cut = |members: &mut dyn Iterator<Item = usize>| {
        let mut moved: FxHashMap<u32, u32> = FxHashMap::default();
        for at in members {
            let from = block_of[at];
            let to = *moved.entry(from).or_insert_with(|| {
                sizes.push(0);
                sizes.len() as u32 - 1
            });
            block_of[at] = to;
            sizes[from as usize] -= 1;
            sizes[to as usize] += 1;
        }
    };
    for (entries, known) in all.iter().zip(known) {
        if !known.is_full() {
            cut(&mut known.ones());
        }
        for refused in &entries.refused {
            cut(&mut catalogue
                .ids()
                .filter(|id| refused.matches(&catalogue.action(*id).to_string().to_ascii_lowercase()))
                .map(ActionId::index));
        }
    }
    let mut blocks: Vec<Vec<ActionId>> = vec![Vec::new(); sizes.len()];
    for id in catalogue.ids() {
        blocks[block_of[id.index()] as usize].push(id);
    }
    blocks
}

/// The regions of names outside the catalogue that the entries tell apart.
fn regions(open: &[Vec<&ActionGlob>]) -> Vec<Region> {
    let mut regions = vec![Region { within: ActionGlob::Everything, except: Vec::new() }];
    let mut globs: Vec<&ActionGlob> = open.iter().flatten().copied().collect();
    globs.sort();
    globs.dedup();
    for glob in globs {
        if *glob == ActionGlob::Everything || regions.len() > MAX_REGIONS {
            continue;
        }
        for at in 0..regions.len() {
            let region = &regions[at];
            if glob.contains(&region.within)
                || glob.disjoint(&region.within)
                || region.except.iter().any(|out| out.contains(glob))
            {
                continue;
            }
            let Some(shared) = region.within.meet(glob) else {
                continue;
            };
            let inside: Vec<Region> = shared
                .into_iter()
                .filter(|within| !region.except.iter().any(|out| out.contains(within)))
                .map(|within| {
                    let except = region.except.iter().filter(|out| !out.disjoint(&within)).cloned().collect();
                    Region { within, except }
                })
                .collect();
            regions[at].except.push(glob.clone());
            regions.extend(inside);
        }
    }
    regions
}

/// Actions of the catalogue and regions outside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionSet {
    pub known: Vec<ActionId>,
    pub regions: Vec<Region>,
}

impl ActionSet {
    pub fn extend(&mut self, class: &Class) {
        self.known.extend(&class.known);
        self.regions.extend(class.regions.iter().cloned());
    }

    pub fn sort(&mut self) {
        self.known.sort_unstable();
        self.known.dedup();
        self.regions.sort();
        self.regions.dedup();
    }

    /// Whether the action is one of these.
    pub fn matches(&self, catalogue: &Catalogue, action: &str) -> bool {
        let lower = action.to_ascii_lowercase();
        if let Some(id) = catalogue.find(&lower) {
            return self.known.binary_search(&id).is_ok();
        }
        let (prefix, name) = lower.split_once(':').unwrap_or((&lower, ""));
        self.regions.iter().any(|region| {
            region.within.matches(prefix, name) && !region.except.iter().any(|out| out.matches(prefix, name))
        })
    }
}
