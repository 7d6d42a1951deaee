//! Action sets as a person writes them: few patterns that say exactly the set, and what the catalogue does not know apart.

use fixedbitset::FixedBitSet;

use crate::iam::catalogue::{ActionId, Catalogue, Service};
use crate::iam::glob::{Glob, Token};
use crate::iam::permissions::actions::{ActionGlob, ActionSet, Region};
use crate::iam::permissions::meet::meet;

/// How deep the cover of a pattern by several regions is looked for.
const MAX_DEPTH: usize = 4;

/// An action set in patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notation {
    /// Patterns whose union is exactly the set, apart from `loose`; sorted.
    pub exact: Vec<String>,
    /// Names outside the catalogue that no pattern says without also saying what is not in the set.
    pub loose: Option<Loose>,
}

/// Patterns, and patterns of actions that are certainly not meant; both sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    pub within: Vec<String>,
    pub except: Vec<String>,
}

/// Writes the set down. Cost: a few passes over its actions, and patterns times regions.
pub fn notation(catalogue: &Catalogue, set: &ActionSet) -> Notation {
    let mut wanted = FixedBitSet::with_capacity(catalogue.len());
    set.known.iter().for_each(|id| wanted.insert(id.index()));
    let mut writer = Writer { catalogue, wanted, regions: &set.regions, said: Vec::new(), exact: Vec::new() };
    if !writer.say(ActionGlob::Everything) {
        for service in catalogue.services() {
            writer.service(service);
        }
        // Services that the catalogue does not have, and odd patterns in those that it has.
        let mut regions: Vec<&Region> = set.regions.iter().collect();
        regions.sort_by_key(|region| match &region.within {
            ActionGlob::Everything => 0,
            ActionGlob::Service { name, .. } => name.0.tokens().len(),
        });
        for region in regions {
            writer.say(region.within.clone());
        }
    }
    let mut exact: Vec<String> = writer.exact.clone();
    exact.sort_by_cached_key(|text| text.to_ascii_lowercase());
    let left: Vec<&Region> =
        set.regions.iter().filter(|region| !writer.said.iter().any(|said| said.contains(&region.within))).collect();
    let loose = (!left.is_empty()).then(|| writer.loose(&left));
    Notation { exact, loose }
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
    wanted: FixedBitSet,
    regions: &'a [Region],
    said: Vec<ActionGlob>,
    exact: Vec<String>,
}

impl Writer<'_> {
    /// Adds the pattern if it says nothing beyond the set.
    fn say(&mut self, glob: ActionGlob) -> bool {
        if self.said.iter().any(|said| said.contains(&glob)) {
            return true;
        }
        let known = glob.known(self.catalogue);
        if !known.iter().all(|id| self.wanted.contains(id.index())) || !self.covered(&glob, MAX_DEPTH) {
            return false;
        }
        self.exact.push(self.spell(&glob, &known));
        self.said.push(glob);
        true
    }

    fn service(&mut self, service: Service<'_>) {
        let ids: Vec<ActionId> = service.actions().filter(|id| self.wanted.contains(id.index())).collect();
        if ids.is_empty() {
            return;
        }
        let prefix = service.prefix();
        if self.say(ActionGlob::service(prefix, Glob::any())) {
            return;
        }
        let from = self.said.len();
        let own = |glob: &ActionGlob| matches!(glob, ActionGlob::Service { prefix: it, .. } if **it == *prefix);
        let mut wide: Vec<&Region> = self.regions.iter().filter(|region| own(&region.within)).collect();
        wide.sort_by_cached_key(|region| region.within.known(self.catalogue).len());
        for region in wide.into_iter().rev() {
            self.say(region.within.clone());
        }
        // Runs of names with the same first word: `s3:Put*`.
        let mut rest = ids.as_slice();
        while let Some(first) = rest.first() {
            let word = first_word(self.catalogue.action(*first).name()).to_ascii_lowercase();
            let same = rest
                .iter()
                .take_while(|id| first_word(self.catalogue.action(**id).name()).eq_ignore_ascii_case(&word))
                .count();
            let (run, others) = rest.split_at(same);
            rest = others;
            if same > 2 && !word.is_empty() {
                let tokens = word.chars().map(Token::Char).chain([Token::Many]);
                self.say(ActionGlob::service(prefix, Glob::from_tokens(tokens)));
            }
            for id in run {
                let action = self.catalogue.action(*id);
                if !self.said[from..].iter().any(|said| said.matches(prefix, action.lower_name())) {
                    self.exact.push(action.to_string());
                }
            }
        }
    }

    /// Whether every name outside the catalogue that the pattern matches lies in some region. A no may be too careful.
    fn covered(&self, glob: &ActionGlob, depth: usize) -> bool {
        self.regions.iter().any(|region| {
            region.within.contains(glob)
                && region.except.iter().all(|out| {
                    out.disjoint(glob)
                        || (depth > 0
                            && common(out, glob)
                                .is_some_and(|shared| shared.iter().all(|part| self.covered(part, depth - 1))))
                })
        })
    }

    /// In the catalogue's capitals, as far as it has an action that starts like this.
    fn spell(&self, glob: &ActionGlob, known: &[ActionId]) -> String {
        let (ActionGlob::Service { prefix, name }, Some(first)) = (glob, known.first()) else {
            return glob.to_string();
        };
        let start: String = name.0.literal_prefix().collect();
        let action = self.catalogue.action(*first);
        match action.name().get(..start.len()) {
            Some(spelt) if spelt.eq_ignore_ascii_case(&start) => {
                let rest = Glob::from_tokens(name.0.tokens()[start.chars().count()..].iter().copied());
                format!("{prefix}:{spelt}{rest}")
            }
            _ => glob.to_string(),
        }
    }

    fn loose(&self, regions: &[&Region]) -> Loose {
        let inside = |a: &ActionGlob, b: &ActionGlob| b.contains(a) && !(a.contains(b) && a <= b);
        let within: Vec<&ActionGlob> = regions
            .iter()
            .map(|region| &region.within)
            .filter(|it| !regions.iter().any(|other| inside(it, &other.within)))
            .collect();
        // What one region leaves out may lie in another.
        let spared = |out: &ActionGlob, other: &Region| {
            out.disjoint(&other.within) || other.except.iter().any(|it| it.contains(out))
        };
        let mut out: Vec<&ActionGlob> = regions.iter().flat_map(|region| &region.except).collect();
        out.retain(|out| regions.iter().all(|other| spared(out, other)));
        let mut except: Vec<String> = out.iter().map(|it| self.spell(it, &it.known(self.catalogue))).collect();
        // Actions of the catalogue are never outside it.
        for id in within.iter().flat_map(|glob| glob.known(self.catalogue)) {
            let action = self.catalogue.action(id);
            let (prefix, name) = (action.service().prefix(), action.lower_name());
            if !self.wanted.contains(id.index()) && !out.iter().any(|it| it.matches(prefix, name)) {
                except.push(action.to_string());
            }
        }
        let mut within: Vec<String> = within.iter().map(|it| self.spell(it, &it.known(self.catalogue))).collect();
        for list in [&mut within, &mut except] {
            list.sort_by_cached_key(|text| text.to_ascii_lowercase());
            list.dedup();
        }
        Loose { within, except }
    }
}

fn common(a: &ActionGlob, b: &ActionGlob) -> Option<Vec<ActionGlob>> {
    match (a, b) {
        (ActionGlob::Everything, it) | (it, ActionGlob::Everything) => Some(vec![it.clone()]),
        (ActionGlob::Service { prefix, name: x }, ActionGlob::Service { name: y, .. }) => {
            Some(meet(&x.0, &y.0)?.into_iter().map(|name| ActionGlob::service(prefix, name)).collect())
        }
    }
}

/// `Get` of `GetObject`, `DB` of `DBThing` is `DBThing`: a word ends before a capital that follows a small letter.
fn first_word(name: &str) -> &str {
    let bytes = name.as_bytes();
    let end = (1..bytes.len()).find(|at| bytes[*at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase());
    &name[..end.unwrap_or(name.len())]
}
