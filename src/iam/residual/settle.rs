//! Whether a formula is true, or false, whatever its keys are: exact where values can be told apart by finitely many
//! examples, careful elsewhere (rule T3).

use jiff::Timestamp;

use crate::base::{Name, Truth};
use crate::iam::condition::{Condition, Operand, Quantifier, Test as Compared};
use crate::iam::request::{Context, Value};

use super::{Atom, Residual, Test};

/// Examples that are tried for one formula.
const MAX_TRIALS: usize = 512;

/// A text that no policy writes, standing for all others.
const OTHER: &str = "\u{1}";

/// What is varied: a key over examples of all its classes of values, or an atom as such.
enum Axis<'r> {
    Key {
        key: &'r Name,
        examples: Vec<Option<Value>>,
    },
    /// Not told apart by examples; may hold or not, independently of all else. That is careful: more is tried than can be.
    Opaque(&'r Atom),
}

impl Residual {
    /// The formula, or its value when every request gives the same.
    ///
    /// Exact for comparisons of texts, dates and booleans and for small sets of texts; patterns, numbers, address ranges
    /// and variables count as independent questions, so that a formula may stay open though it is settled.
    pub fn settle(self) -> Residual {
        if matches!(self, Residual::Yes | Residual::No | Residual::Atom(_)) {
            return self;
        }
        // Larger formulas would cost more than they are worth, and rarely have few enough trials.
        if self.atoms().len() > super::MAX_ATOMS || self.asks_each_key_once() {
            return self;
        }
        let Some(axes) = axes(&self) else { return self };
        let trials = axes.iter().try_fold(1usize, |trials, axis| {
            let size = if let Axis::Key { examples, .. } = axis { examples.len() } else { 2 };
            trials.checked_mul(size).filter(|trials| *trials <= MAX_TRIALS)
        });
        let Some(trials) = trials else { return self };
        let mut seen: Option<Truth> = None;
        for trial in 0..trials {
            let mut rest = trial;
            let mut context = Context::complete();
            let mut opaque: Vec<(&Atom, Truth)> = Vec::new();
            for axis in &axes {
                match axis {
                    Axis::Key { key, examples } => {
                        if let Some(value) = &examples[rest % examples.len()] {
                            context.set_folded(key, value.clone());
                        }
                        rest /= examples.len();
                    }
                    Axis::Opaque(atom) => {
                        opaque.push((atom, (rest % 2 == 0).into()));
                        rest /= 2;
                    }
                }
            }
            let truth = self.evaluate(&|atom| {
                let same = opaque.iter().find(|(it, _)| it.same(atom)).map(|(_, truth)| *truth);
                same.or_else(|| opaque.iter().find(|(it, _)| it.opposite(atom)).map(|(_, truth)| !*truth))
                    .unwrap_or_else(|| atom.truth(&context))
            });
            if truth.is_unknown() || seen.is_some_and(|seen| seen != truth) {
                return self;
            }
            seen = Some(truth);
        }
        match seen {
            Some(Truth::Yes) => Residual::Yes,
            Some(Truth::No) => Residual::No,
            _ => self,
        }
    }

    /// Then each atom holds and fails independently of the others, and so the whole does both: the usual case.
    fn asks_each_key_once(&self) -> bool {
        let mut keys: Vec<&Name> = Vec::new();
        for atom in self.atoms() {
            let Test::Condition(condition) = &atom.test else {
                return false;
            };
            for key in condition.keys() {
                if keys.contains(&key) {
                    return false;
                }
                keys.push(key);
            }
        }
        true
    }

    fn evaluate(&self, of: &impl Fn(&Atom) -> Truth) -> Truth {
        match self {
            Residual::Yes => Truth::Yes,
            Residual::No => Truth::No,
            Residual::Atom(atom) => of(atom),
            Residual::All(parts) => parts.iter().fold(Truth::Yes, |all, part| all.and(part.evaluate(of))),
            Residual::Any(parts) => parts.iter().fold(Truth::No, |any, part| any.or(part.evaluate(of))),
        }
    }
}

/// None when part of the formula is not settled by keys at all.
fn axes(formula: &Residual) -> Option<Vec<Axis<'_>>> {
    let atoms = formula.atoms();
    let mut keys: Vec<(&Name, Vec<&Condition>)> = Vec::new();
    let mut axes = Vec::new();
    for atom in &atoms {
        match &atom.test {
            Test::Condition(condition) => match keys.iter_mut().find(|(key, _)| **key == condition.folded) {
                Some((_, conditions)) => conditions.push(condition),
                None => keys.push((&condition.folded, vec![condition])),
            },
            Test::Resource { .. } => axes.push(Axis::Opaque(atom)),
            Test::Open(_) | Test::Broken(_) | Test::Complex { .. } => return None,
        }
    }
    for (key, conditions) in keys {
        match examples(&conditions) {
            Some(examples) => axes.push(Axis::Key { key, examples }),
            None => {
                for atom in &atoms {
                    let here = matches!(&atom.test, Test::Condition(condition) if condition.folded == *key);
                    let seen =
                        axes.iter().any(|axis| matches!(axis, Axis::Opaque(it) if it.same(atom) || it.opposite(atom)));
                    if here && !seen {
                        axes.push(Axis::Opaque(atom));
                    }
                }
            }
        }
    }
    Some(axes)
}

/// One value of each class that these conditions tell apart, and absence. None where that is not finite or not simple.
fn examples(conditions: &[&Condition]) -> Option<Vec<Option<Value>>> {
    let mut family: Option<(Option<()>, std::mem::Discriminant<Compared>)> = None;
    for condition in conditions.iter().filter(|it| it.operator.row.test != Compared::Null) {
        let this = (condition.operator.quantifier.map(|_| ()), std::mem::discriminant(&condition.operator.row.test));
        if *family.get_or_insert(this) != this {
            return None;
        }
        // On an absent key its answer is not documented.
        if condition.operator.quantifier == Some(Quantifier::ForAnyValue) && condition.operator.if_exists {
            return None;
        }
    }
    let operands: Vec<&Operand> = conditions.iter().flat_map(|it| it.operands()).collect();
    let test = conditions.iter().map(|it| it.operator.row.test).find(|test| *test != Compared::Null);
    let mut texts: Vec<String> = Vec::new();
    for operand in &operands {
        match (operand, test) {
            (Operand::Presence(_), _) => {}
            (Operand::Text(_), Some(Compared::TextEquals)) => texts.push(operand.as_literal()?.to_owned()),
            (Operand::Text(_), Some(Compared::TextEqualsIgnoreCase | Compared::Bool)) => {
                texts.push(operand.as_literal()?.to_lowercase());
            }
            (Operand::Date(date), _) => texts.extend(date.iter().flat_map(around)),
            _ => return None,
        }
    }
    if test == Some(Compared::Bool) {
        texts.extend(["true".to_owned(), "false".to_owned()]);
    }
    texts.push(OTHER.to_owned());
    texts.sort_unstable();
    texts.dedup();
    let sets = family.is_some_and(|(quantifier, _)| quantifier.is_some());
    let mut out = vec![None];
    if sets {
        if texts.len() > 5 {
            return None;
        }
        for chosen in 0..1u32 << texts.len() {
            let values = texts.iter().enumerate().filter(|(index, _)| chosen >> index & 1 == 1);
            let values: Vec<Name> = values.map(|(_, text)| Name::new(text)).collect();
            // Of an empty set it is not documented whether the key is present.
            if values.is_empty() && conditions.iter().any(|it| it.operator.row.test == Compared::Null) {
                return None;
            }
            out.push(Some(Value::Many(values.into())));
        }
    } else {
        out.extend(texts.iter().map(|text| Some(Value::One(Name::new(text)))));
    }
    Some(out)
}

/// A moment and its neighbours: comparisons with it tell no others apart.
fn around(moment: &Timestamp) -> impl Iterator<Item = String> {
    let step = jiff::SignedDuration::from_nanos(1);
    [moment.checked_sub(step).ok(), Some(*moment), moment.checked_add(step).ok()]
        .into_iter()
        .flatten()
        .map(|moment| moment.to_string())
}
