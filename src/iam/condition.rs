//! One condition: an operator, a key, its values; true, false or unknown under a context (rules C1 to C14).

mod operand;
mod operator;

use std::hash::{Hash, Hasher};

use crate::base::{Name, Truth};

use super::document::Effect;
use super::glob::Glob;
use super::json::Span;
use super::request::{Context, Lookup};

pub use operand::Operand;
pub use operator::{OPERATORS, Operator, Quantifier, Row, Test};

/// One key under one operator. Statements AND their conditions (rule C1).
#[derive(Clone, Debug)]
pub struct Condition {
    pub operator: Operator,
    /// The operator as written, with its prefix and `IfExists`.
    pub written: Name,
    /// The key as written.
    pub key: Name,
    /// The key in lower case, by which it is looked up (rule C14).
    pub folded: Name,
    /// The values as written; numbers and booleans keep their literal text (rule P3).
    pub values: Vec<Name>,
    operands: Vec<Operand>,
    /// Where key and values stand in the stored text.
    pub span: Span,
}

impl Condition {
    /// None for an operator that does not exist. `variables` is false under version 2008-10-17.
    pub fn new(operator: &str, key: &str, values: Vec<Name>, variables: bool, span: Span) -> Option<Condition> {
        let parsed = Operator::parse(operator)?;
        let operands = values.iter().map(|value| Operand::new(parsed.row.test, value, variables)).collect();
        Some(Condition {
            operator: parsed,
            written: Name::new(operator),
            key: Name::new(key),
            folded: Name::new(&key.to_ascii_lowercase()),
            values,
            operands,
            span,
        })
    }

    /// The values in the form in which they are compared, in written order.
    pub fn operands(&self) -> &[Operand] {
        &self.operands
    }

    /// Lower-case keys on which the answer hangs: its own, then those of variables in its values.
    pub fn keys(&self) -> impl Iterator<Item = &Name> {
        std::iter::once(&self.folded).chain(self.operands.iter().flat_map(Operand::variables))
    }

    /// Whether it holds. `effect` is that of the statement: rule C12 reads a multivalued key without set operator as
    /// "does not match" in an Allow and as "may match" in a Deny.
    pub fn holds(&self, context: &Context, effect: Effect) -> Truth {
        let lookup = context.get(&self.folded);
        if self.operator.row.test == Test::Null {
            return self.null(lookup);
        }
        match (self.operator.quantifier, lookup) {
            (_, Lookup::Unknown) => self.unknown(context),
            (None, Lookup::One(value)) => self.one(value, context),
            (None, Lookup::Many(values)) if !values.is_empty() => match effect {
                Effect::Allow => Truth::No,
                Effect::Deny => Truth::Unknown,
            },
            (Some(Quantifier::ForAllValues), Lookup::One(value)) => self.one(value, context),
            (Some(Quantifier::ForAnyValue), Lookup::One(value)) => self.one(value, context),
            (Some(Quantifier::ForAllValues), Lookup::Many(values)) if !values.is_empty() => {
                values.iter().fold(Truth::Yes, |all, value| all.and(self.one(value, context)))
            }
            (Some(Quantifier::ForAnyValue), Lookup::Many(values)) if !values.is_empty() => {
                values.iter().fold(Truth::No, |any, value| any.or(self.one(value, context)))
            }
            (_, Lookup::Absent | Lookup::Many(_)) => self.absent(),
        }
    }

    /// The answer for a key that is not in the request (rules C2, C3, C11).
    fn absent(&self) -> Truth {
        match self.operator.quantifier {
            Some(Quantifier::ForAllValues) => Truth::Yes,
            // Rule C11: not documented.
            Some(Quantifier::ForAnyValue) if self.operator.if_exists => Truth::Unknown,
            Some(Quantifier::ForAnyValue) => Truth::No,
            None => (self.operator.if_exists || self.operator.row.negated).into(),
        }
    }

    /// One request value against all policy values: any for positive operators, none for negated ones (rule C1).
    fn one(&self, value: &str, context: &Context) -> Truth {
        let any = self.operands.iter().fold(Truth::No, |any, operand| {
            if any == Truth::Yes { any } else { any.or(operand.matches(self.operator.row.test, value, context)) }
        });
        if self.operator.row.negated { !any } else { any }
    }

    /// The key is not known. Still certain where presence and value make no difference.
    fn unknown(&self, context: &Context) -> Truth {
        let any = if self.operands.iter().any(|operand| operand.matches_all(self.operator.row.test)) {
            Truth::Yes
        } else if self.operands.iter().all(|operand| operand.matches_none(context)) {
            Truth::No
        } else {
            return Truth::Unknown;
        };
        let present = if self.operator.row.negated { !any } else { any };
        if present == self.absent() { present } else { Truth::Unknown }
    }

    /// Rule C4. Several values OR.
    fn null(&self, lookup: Lookup<'_>) -> Truth {
        let wants = |wanted: bool| self.operands.contains(&Operand::Presence(Some(wanted)));
        let (absent, present) = (Truth::from(wants(true)), Truth::from(wants(false)));
        match lookup {
            Lookup::Absent => absent,
            Lookup::One(_) => present,
            Lookup::Many(values) if !values.is_empty() => present,
            // Unknown, or an empty set, on which the documents are silent.
            _ if absent == present => absent,
            _ => Truth::Unknown,
        }
    }

    /// The same question: equal operator, key and values, wherever it stands and however it is spelt.
    pub fn asks_the_same(&self, other: &Condition) -> bool {
        self.operator == other.operator && self.asks_of_the_same(other)
    }

    /// Equal key and values, whatever the operator.
    pub fn asks_of_the_same(&self, other: &Condition) -> bool {
        self.folded == other.folded
            && (self.values == other.values
                || (self.values.len() == other.values.len()
                    && self.values.len() <= 64
                    && self.values.iter().all(|value| other.values.contains(value))
                    && other.values.iter().all(|value| self.values.contains(value))))
    }

    /// Whether exactly one of the two holds, whatever the request: `StringEquals` and `StringNotEquals`, `ForAllValues:X`
    /// and `ForAnyValue:NotX`, `Null` true and false (rule S6). `IfExists` has no such partner but its own negation.
    pub fn is_complement_of(&self, other: &Condition) -> bool {
        let (a, b) = (self.operator.plain(), other.operator.plain());
        if a.row.test == Test::Null && b.row.test == Test::Null {
            let value = |condition: &Condition| match condition.operands.as_slice() {
                [Operand::Presence(Some(value))] => Some(*value),
                _ => None,
            };
            return self.folded == other.folded && value(self).is_some_and(|it| value(other) == Some(!it));
        }
        let quantifiers = match (a.quantifier, b.quantifier) {
            (None, None) => true,
            (Some(x), Some(y)) => x != y,
            _ => false,
        };
        quantifiers
            && !a.if_exists
            && !b.if_exists
            && a.row.test.opposite(a.row.negated) == (b.row.test, b.row.negated)
            && self.asks_of_the_same(other)
    }

    /// The texts of which the key must be one for this, or its negation, to hold; none where it is no exact comparison
    /// without variables, or where an absent key meets it.
    pub fn literal_choices(&self, negate: bool) -> Option<Vec<&str>> {
        self.pins(negate, Test::TextEquals)?;
        self.operands.iter().map(Operand::as_literal).collect()
    }

    /// The same for patterns: the key must fit one of them.
    pub fn pattern_choices(&self, negate: bool) -> Option<Vec<&Glob>> {
        self.pins(negate, Test::TextLike)?;
        self.operands.iter().map(Operand::as_pattern).collect()
    }

    /// Holds only for a present key with a value among those written.
    fn pins(&self, negate: bool, test: Test) -> Option<()> {
        let operator = self.operator.plain();
        let pins = operator.row.test == test
            && operator.row.negated == negate
            && !operator.if_exists
            && operator.quantifier.is_none();
        pins.then_some(())
    }
}

/// The same operator, key and values in the same order; the place in the text does not count.
impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        self.operator == other.operator && self.folded == other.folded && self.operands == other.operands
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operator.hash(state);
        self.folded.hash(state);
        self.values.hash(state);
    }
}

#[cfg(test)]
mod tests;
