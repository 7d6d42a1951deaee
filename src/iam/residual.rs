//! What an answer still hangs on: atoms under all and any, simplified as it is built (rules S6, T2).

mod settle;

use std::sync::Arc;

use crate::base::{Name, Truth};

use super::condition::Condition;
use super::document::{Effect, Statement};
use super::glob;
use super::pattern::{Match, ResourcePattern};
use super::policies::{Layer, Policies, Policy};
use super::request::Context;

/// Largest number of atoms that is kept; beyond it a part becomes [`Test::Complex`] (rule S6).
pub const MAX_ATOMS: usize = 64;

/// A formula over atoms. Build it with [`Residual::all`], [`Residual::any`] and [`Residual::not`], which simplify;
/// negation is kept at the atoms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Residual {
    Yes,
    No,
    Atom(Atom),
    /// At least two parts, none of them `Yes`, `No` or `All`.
    All(Vec<Residual>),
    /// At least two parts, none of them `Yes`, `No` or `Any`.
    Any(Vec<Residual>),
}

/// One open question and where it comes from.
#[derive(Clone, Debug)]
pub struct Atom {
    pub test: Test,
    pub negate: bool,
    /// The statement that asks, when one does.
    pub source: Option<Arc<Source>>,
}

/// A statement, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    pub layer: Layer,
    /// Of SCPs and RCPs.
    pub level: Option<Name>,
    pub policy: Name,
    pub statement: usize,
    pub sid: Option<Name>,
    pub effect: Effect,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Condition(Arc<Condition>),
    /// A resource pattern with a variable that is not known.
    Resource {
        pattern: Arc<ResourcePattern>,
        arn: Name,
    },
    /// Not settled by any key: says what is missing, such as a key policy.
    Open(Name),
    /// A place that could not be read: path and reason.
    Broken(Name),
    /// Too large to keep; holds or not, by these keys (lower case, sorted).
    Complex {
        keys: Vec<Name>,
    },
}

impl Source {
    /// Names a statement of a policy among the policies of a caller; none for a document that is unreadable as a whole.
    pub(super) fn of(
        layer: Layer,
        level: Option<usize>,
        policy: &Policy,
        statement: Option<&Statement>,
        effect: Effect,
        policies: &Policies,
    ) -> Source {
        let levels = if layer == Layer::Scp { &policies.scps } else { &policies.rcps };
        Source {
            layer,
            level: level.and_then(|index| levels.get(index)).map(|level| level.name.clone()),
            policy: policy.name.clone(),
            statement: statement.map_or(0, |statement| statement.index),
            sid: statement.and_then(|statement| statement.sid.clone()),
            effect,
        }
    }
}

impl Atom {
    /// Lower-case context keys on which it hangs.
    pub fn keys(&self) -> Vec<Name> {
        match &self.test {
            Test::Condition(condition) => condition.keys().cloned().collect(),
            Test::Resource { pattern, .. } => pattern.variables().cloned().collect(),
            Test::Complex { keys } => keys.clone(),
            Test::Open(_) | Test::Broken(_) => Vec::new(),
        }
    }

    fn truth(&self, context: &Context) -> Truth {
        let effect = self.source.as_ref().map_or(Effect::Allow, |source| source.effect);
        let truth = match &self.test {
            Test::Condition(condition) => condition.holds(context, effect),
            Test::Resource { pattern, arn } => match pattern.matches(arn, context) {
                Match::Yes => Truth::Yes,
                Match::Unknown => Truth::Unknown,
                Match::Spans => (effect == Effect::Allow).into(),
                Match::No => Truth::No,
            },
            Test::Open(_) | Test::Broken(_) | Test::Complex { .. } => Truth::Unknown,
        };
        if self.negate { !truth } else { truth }
    }

    fn negated(mut self) -> Atom {
        self.negate = !self.negate;
        self
    }

    /// Whether the two hold in exactly the same requests.
    fn same(&self, other: &Atom) -> bool {
        match (&self.test, &other.test) {
            (Test::Condition(a), Test::Condition(b)) => {
                if self.negate == other.negate {
                    a.asks_the_same(b)
                } else {
                    a.is_complement_of(b)
                }
            }
            (a, b) => self.negate == other.negate && a == b && !matches!(a, Test::Complex { .. }),
        }
    }

    /// Whether exactly one of the two holds in every request.
    fn opposite(&self, other: &Atom) -> bool {
        // Two unread places, or one read as an Allow and as a Deny, may say different things.
        let settled_by_keys = matches!(self.test, Test::Condition(_) | Test::Resource { .. });
        settled_by_keys && self.same(&other.clone().negated())
    }

    /// Whether no request meets both: one key cannot be two different texts, nor fit two patterns that share none.
    fn clashes(&self, other: &Atom) -> bool {
        let (Test::Condition(a), Test::Condition(b)) = (&self.test, &other.test) else {
            return false;
        };
        if a.folded != b.folded {
            return false;
        }
        let fails_all = |choices: Vec<&str>, atom: &Atom, condition: &Condition| {
            // Values with variables hang on more than this key.
            choices.len() * condition.values.len() <= 4096
                && condition.keys().nth(1).is_none()
                && condition.operator.quantifier.is_none()
                && choices
                    .iter()
                    .all(|choice| atom.truth(&Context::complete().with(&condition.folded, *choice)).is_no())
        };
        if let Some(choices) = a.literal_choices(self.negate) {
            return fails_all(choices, other, b);
        }
        if let Some(choices) = b.literal_choices(other.negate) {
            return fails_all(choices, self, a);
        }
        match (a.pattern_choices(self.negate), b.pattern_choices(other.negate)) {
            (Some(x), Some(y)) => x.len() * y.len() <= 256 && x.iter().all(|x| y.iter().all(|y| glob::disjoint(x, y))),
            _ => false,
        }
    }
}

/// Equal questions, wherever they come from.
impl PartialEq for Atom {
    fn eq(&self, other: &Atom) -> bool {
        self.same(other)
    }
}

impl Eq for Atom {}

impl Residual {
    pub fn atom(test: Test, source: Option<Arc<Source>>) -> Residual {
        Residual::Atom(Atom { test, negate: false, source })
    }

    /// All of the parts: flattened, each once, `No` when two contradict each other.
    pub fn all(parts: impl IntoIterator<Item = Residual>) -> Residual {
        join(parts, true)
    }

    /// Any of the parts: flattened, each once, `Yes` when two complete each other.
    pub fn any(parts: impl IntoIterator<Item = Residual>) -> Residual {
        join(parts, false)
    }

    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "reads as the logic it is, beside all and any")]
    pub fn not(self) -> Residual {
        match self {
            Residual::Yes => Residual::No,
            Residual::No => Residual::Yes,
            Residual::Atom(atom) => Residual::Atom(atom.negated()),
            Residual::All(parts) => Residual::any(parts.into_iter().map(Residual::not)),
            Residual::Any(parts) => Residual::all(parts.into_iter().map(Residual::not)),
        }
    }

    /// The answer once more is known. Under a complete context only what no key settles stays unknown.
    pub fn truth(&self, context: &Context) -> Truth {
        match self {
            Residual::Yes => Truth::Yes,
            Residual::No => Truth::No,
            Residual::Atom(atom) => atom.truth(context),
            Residual::All(parts) => parts.iter().fold(Truth::Yes, |all, part| all.and(part.truth(context))),
            Residual::Any(parts) => parts.iter().fold(Truth::No, |any, part| any.or(part.truth(context))),
        }
    }

    /// The formula under a context: what is settled by it disappears.
    pub fn given(&self, context: &Context) -> Residual {
        match self {
            Residual::Yes | Residual::No => self.clone(),
            Residual::Atom(atom) => match atom.truth(context) {
                Truth::Yes => Residual::Yes,
                Truth::No => Residual::No,
                Truth::Unknown => self.clone(),
            },
            Residual::All(parts) => Residual::all(parts.iter().map(|part| part.given(context))),
            Residual::Any(parts) => Residual::any(parts.iter().map(|part| part.given(context))),
        }
    }

    /// Every atom, in written order.
    pub fn atoms(&self) -> Vec<&Atom> {
        let mut out = Vec::new();
        self.visit(&mut |atom| out.push(atom));
        out
    }

    fn visit<'r>(&'r self, see: &mut impl FnMut(&'r Atom)) {
        match self {
            Residual::Yes | Residual::No => {}
            Residual::Atom(atom) => see(atom),
            Residual::All(parts) | Residual::Any(parts) => parts.iter().for_each(|part| part.visit(see)),
        }
    }

    /// Lower-case keys on which it hangs, sorted, each once.
    pub fn keys(&self) -> Vec<Name> {
        let mut keys: Vec<Name> = self.atoms().into_iter().flat_map(Atom::keys).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether part of it is a place that could not be read.
    pub fn is_broken(&self) -> bool {
        self.atoms().iter().any(|atom| matches!(atom.test, Test::Broken(_)))
    }

    /// The formula, or one opaque atom with its keys when it has more than [`MAX_ATOMS`]. Unread places are never folded
    /// away.
    pub fn capped(self) -> Residual {
        if self.atoms().len() <= MAX_ATOMS || self.is_broken() {
            return self;
        }
        Residual::atom(Test::Complex { keys: self.keys() }, None)
    }
}

/// Comparing each pair is quadratic; beyond this many parts only constants are folded.
const MAX_COMPARED: usize = 128;

fn join(parts: impl IntoIterator<Item = Residual>, all: bool) -> Residual {
    let (idle, decides) = if all { (Residual::Yes, Residual::No) } else { (Residual::No, Residual::Yes) };
    let mut kept: Vec<Residual> = Vec::new();
    let mut open: Vec<Residual> = parts.into_iter().collect();
    open.reverse();
    while let Some(part) = open.pop() {
        match part {
            Residual::All(inner) if all => open.extend(inner.into_iter().rev()),
            Residual::Any(inner) if !all => open.extend(inner.into_iter().rev()),
            part if part == idle => {}
            part if part == decides => return decides,
            part if kept.len() < MAX_COMPARED => {
                if kept.contains(&part) {
                    continue;
                }
                if let Residual::Atom(atom) = &part
                    && kept.iter().any(|other| match other {
                        Residual::Atom(other) => atom.opposite(other) || (all && atom.clashes(other)),
                        _ => false,
                    })
                {
                    return decides;
                }
                kept.push(part);
            }
            part => kept.push(part),
        }
    }
    if kept.len() <= MAX_COMPARED {
        absorb(&mut kept, all);
    }
    match kept.len() {
        0 => idle,
        1 => kept.remove(0),
        _ if all => Residual::All(kept),
        _ => Residual::Any(kept),
    }
}

/// `A or (A and B)` is `A`; `A and (A or B)` is `A`; `A and (not A or B)` is `A and B`, and the same turned round.
fn absorb(kept: &mut Vec<Residual>, all: bool) {
    let atoms: Vec<Atom> = kept
        .iter()
        .filter_map(|part| if let Residual::Atom(atom) = part { Some(atom.clone()) } else { None })
        .collect();
    if atoms.is_empty() || atoms.len() == kept.len() {
        return;
    }
    let mut changed = false;
    let parts = std::mem::take(kept);
    for part in parts {
        let inner = match part {
            Residual::Any(inner) if all => inner,
            Residual::All(inner) if !all => inner,
            other => {
                kept.push(other);
                continue;
            }
        };
        let has = |part: &Residual, test: fn(&Atom, &Atom) -> bool| matches!(part, Residual::Atom(inner) if atoms.iter().any(|atom| test(atom, inner)));
        if inner.iter().any(|part| has(part, Atom::same)) {
            continue;
        }
        let before = inner.len();
        let left: Vec<Residual> = inner.into_iter().filter(|part| !has(part, Atom::opposite)).collect();
        changed |= left.len() != before;
        kept.push(if all { Residual::any(left) } else { Residual::all(left) });
    }
    if changed {
        // A part may have become an atom or a constant; each round has fewer atoms, so this ends.
        let parts = std::mem::take(kept);
        match join(parts, all) {
            Residual::All(parts) if all => *kept = parts,
            Residual::Any(parts) if !all => *kept = parts,
            other => *kept = vec![other],
        }
    }
}

#[cfg(test)]
mod tests;
