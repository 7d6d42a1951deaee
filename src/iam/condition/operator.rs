//! The condition operators, one row each. `IfExists` and the set prefixes are read off the name (rules C2 to C11).
//!
//! To add one more: add its row, and if it compares in a new way a [`Test`] with its arm in `operand.rs`.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// How one request value is compared with one policy value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    TextEquals,
    TextEqualsIgnoreCase,
    TextLike,
    Number(Order),
    Date(Order),
    Bool,
    Bytes,
    Address,
    Arn,
    Null,
}

/// The request value stands so to the policy value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Test {
    /// The comparison that holds of a present, well-formed value exactly when this one, negated or not, does not, and
    /// whose answer for an absent key is the other one too.
    pub(super) fn opposite(self, negated: bool) -> (Test, bool) {
        (self, !negated)
    }
}

/// One row of the operator table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub test: Test,
    /// Holds when no value matches, and when the key is absent (rules C1, C2).
    pub negated: bool,
}

const fn row(name: &'static str, test: Test, negated: bool) -> Row {
    Row { name, test, negated }
}

/// Every operator of the IAM policy language (UG, IAM JSON policy elements: Condition operators).
pub static OPERATORS: &[Row] = &[
    row("StringEquals", Test::TextEquals, false),
    row("StringNotEquals", Test::TextEquals, true),
    row("StringEqualsIgnoreCase", Test::TextEqualsIgnoreCase, false),
    row("StringNotEqualsIgnoreCase", Test::TextEqualsIgnoreCase, true),
    row("StringLike", Test::TextLike, false),
    row("StringNotLike", Test::TextLike, true),
    row("NumericEquals", Test::Number(Order::Equal), false),
    row("NumericNotEquals", Test::Number(Order::Equal), true),
    row("NumericLessThan", Test::Number(Order::Less), false),
    row("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    row("NumericGreaterThan", Test::Number(Order::Greater), false),
    row("NumericGreaterThanEquals", Test::Number(Order::GreaterOrEqual), false),
    row("DateEquals", Test::Date(Order::Equal), false),
    row("DateNotEquals", Test::Date(Order::Equal), true),
    row("DateLessThan", Test::Date(Order::Less), false),
    row("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    row("DateGreaterThan", Test::Date(Order::Greater), false),
    row("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    row("Bool", Test::Bool, false),
    row("BinaryEquals", Test::Bytes, false),
    row("IpAddress", Test::Address, false),
    row("NotIpAddress", Test::Address, true),
    // Rule C10: the two names of each pair mean the same.
    row("ArnEquals", Test::Arn, false),
    row("ArnLike", Test::Arn, false),
    row("ArnNotEquals", Test::Arn, true),
    row("ArnNotLike", Test::Arn, true),
    row("Null", Test::Null, false),
];

/// Prefixes for keys with many values (rule C11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    ForAllValues,
    ForAnyValue,
}

/// A row with what was written around its name.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    pub quantifier: Option<Quantifier>,
    pub row: &'static Row,
    pub if_exists: bool,
}

impl Operator {
    /// None for a name that is no operator; case is ignored (rule P4). `Null` takes neither prefix nor `IfExists` (C4).
    pub fn parse(text: &str) -> Option<Operator> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(Quantifier::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let find = |name: &str| OPERATORS.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        let (row, if_exists) = match find(rest) {
            Some(row) => (row, false),
            None => {
                let cut = rest.len().checked_sub("IfExists".len())?;
                let (name, suffix) = (rest.get(..cut)?, rest.get(cut..)?);
                if !suffix.eq_ignore_ascii_case("IfExists") {
                    return None;
                }
                (find(name)?, true)
            }
        };
        if row.test == Test::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Operator { quantifier, row, if_exists })
    }

    /// Without an `IfExists` that changes nothing: a negated operator already holds for an absent key, and
    /// `ForAllValues` too.
    pub fn plain(self) -> Operator {
        let idle = match self.quantifier {
            None => self.row.negated,
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => false,
        };
        Operator { if_exists: self.if_exists && !idle, ..self }
    }
}

impl PartialEq for Operator {
    fn eq(&self, other: &Operator) -> bool {
        let (a, b) = (self.plain(), other.plain());
        (a.quantifier, a.row.test, a.row.negated, a.if_exists) == (b.quantifier, b.row.test, b.row.negated, b.if_exists)
    }
}

impl Eq for Operator {}

impl Hash for Operator {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let plain = self.plain();
        (plain.quantifier, plain.row.test, plain.row.negated, plain.if_exists).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_regard_to_case() {
        let operator = Operator::parse("forallvalues:stringNotLikeifexists").expect("an operator");
        assert_eq!(operator.row.name, "StringNotLike");
        assert!(operator.if_exists && operator.quantifier == Some(Quantifier::ForAllValues));
        for wrong in
            ["StringEqual", "NullIfExists", "ForAnyValue:Null", "For:Bool", "", "IfExists", "StringEquals:x", "é"]
        {
            assert!(Operator::parse(wrong).is_none(), "{wrong}");
        }
        for row in OPERATORS {
            assert_eq!(Operator::parse(row.name).expect("a row").row.name, row.name);
        }
    }
}
