//! The query language of the filter line, of `list` and of saved filters (ux.md section 7).
//!
//! A [`Query`] is parsed once. [`Query::matches`] asks one row; a [`Table`] holds the rows of a long list so that a
//! hundred thousand of them are asked within a keystroke. Both give the same answer.

mod field;
mod parse;
mod pattern;
mod table;

pub use field::{Field, Shape, severity_rank};
pub use parse::{QueryError, parse};
pub use pattern::Pattern;
pub use table::{Table, TableBuilder};

use std::cmp::Ordering;

/// What a list says of its rows.
pub trait Row {
    /// The names that bare words look in. Calls `out` with each.
    fn names(&self, out: &mut dyn FnMut(&str));

    /// The values of a field. Calls `out` with each; a field without a value matches nothing.
    fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>));
}

/// One value of a field: text for [`Shape::Text`], else a number (severities as ranks, times as seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

/// A parsed query. Empty matches everything.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// All hold.
    pub(crate) groups: Vec<AnyOf>,
}

/// Terms of which one holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnyOf {
    pub terms: Vec<Term>,
}

#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub negated: bool,
    pub test: Test,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Word(Pattern),
    Text(Field, Vec<Pattern>),
    Number(Field, Vec<(Comparison, i64)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

impl Comparison {
    pub fn holds(self, left: i64, right: i64) -> bool {
        let order = left.cmp(&right);
        match self {
            Comparison::AtLeast => order != Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Above => order == Ordering::Greater,
            Comparison::Below => order == Ordering::Less,
            Comparison::Equal => order == Ordering::Equal,
        }
    }
}

impl Test {
    pub fn field(&self) -> Option<Field> {
        match self {
            Test::Word(_) => None,
            Test::Text(field, _) | Test::Number(field, _) => Some(*field),
        }
    }

    fn accepts(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Test::Text(_, patterns), Value::Text(text)) => patterns.iter().any(|it| it.matches_alone(text)),
            (Test::Number(_, tests), Value::Number(number)) => tests.iter().any(|(it, limit)| it.holds(number, *limit)),
            _ => false,
        }
    }

    fn matches(&self, row: &dyn Row) -> bool {
        let mut found = false;
        match self {
            Test::Word(pattern) => row.names(&mut |name| found |= pattern.matches_alone(name)),
            Test::Text(field, _) | Test::Number(field, _) => {
                row.values(*field, &mut |value| found |= self.accepts(value));
            }
        }
        found
    }
}

impl Query {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether a row of a list that knows these fields is in. Terms on other fields do not count (ux.md section 7).
    pub fn matches(&self, row: &dyn Row, known: &[Field]) -> bool {
        self.groups.iter().all(|group| {
            let mut used = group.terms.iter().filter(|term| is_used(&term.test, known)).peekable();
            used.peek().is_none() || used.any(|term| term.test.matches(row) != term.negated)
        })
    }

    /// Fields of the query that a list does not know, in order, each once.
    pub fn unused(&self, known: &[Field]) -> Vec<Field> {
        let mut unused = Vec::new();
        for field in self.fields() {
            if !known.contains(&field) && !unused.contains(&field) {
                unused.push(field);
            }
        }
        unused
    }

    /// Fields that the query asks for, in its order.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.groups.iter().flat_map(|group| &group.terms).filter_map(|term| term.test.field())
    }

    /// Literal values asked of one field, in the order of the query: what "nearest" suggestions start from.
    pub fn literals(&self, wanted: Field) -> Vec<&str> {
        let mut found = Vec::new();
        for term in self.groups.iter().flat_map(|group| &group.terms).filter(|term| !term.negated) {
            if let Test::Text(field, patterns) = &term.test
                && *field == wanted
            {
                found.extend(patterns.iter().filter_map(Pattern::literal));
            }
        }
        found
    }

    /// Every row that this query matches is one that `wider` matches, as far as that can be told from the text alone:
    /// `wider` is a start of this query and its last word only grew.
    pub fn narrows(&self, wider: &Query) -> bool {
        let Some((last, whole)) = wider.groups.split_last() else { return true };
        if self.groups.len() < wider.groups.len() {
            return false;
        }
        let same_start = whole.iter().zip(&self.groups).all(|(a, b)| a.is_same(b));
        same_start && last.is_wider_than(&self.groups[wider.groups.len() - 1])
    }
}

impl AnyOf {
    fn is_same(&self, other: &AnyOf) -> bool {
        self.terms.len() == other.terms.len()
            && self.terms.iter().zip(&other.terms).all(|(a, b)| format!("{a:?}") == format!("{b:?}"))
    }

    fn is_wider_than(&self, other: &AnyOf) -> bool {
        if self.is_same(other) {
            return true;
        }
        match (self.terms.as_slice(), other.terms.as_slice()) {
            ([a], [b]) => match (&a.test, &b.test) {
                (Test::Word(a_word), Test::Word(b_word)) => !a.negated && !b.negated && a_word.is_wider_than(b_word),
                _ => false,
            },
            _ => false,
        }
    }
}

pub(crate) fn is_used(test: &Test, known: &[Field]) -> bool {
    test.field().is_none_or(|field| known.contains(&field))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pod;

    impl Row for Pod {
        fn names(&self, out: &mut dyn FnMut(&str)) {
            out("payments/payments-api");
            out("Payments-Api-Role");
        }

        fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
            match field {
                Field::Ns => out(Value::Text("payments")),
                Field::Role => out(Value::Text("Payments-Api-Role")),
                Field::Mech => ["PI", "pod-identity"].into_iter().for_each(|it| out(Value::Text(it))),
                Field::Sev => out(Value::Number(severity_rank("high").expect("a severity"))),
                Field::Age => out(Value::Number(3 * 3600)),
                Field::Pods => out(Value::Number(3)),
                Field::Label => out(Value::Text("app=web")),
                _ => {}
            }
        }
    }

    const KNOWN: &[Field] =
        &[Field::Ns, Field::Role, Field::Mech, Field::Sev, Field::Age, Field::Pods, Field::Label, Field::Node];

    #[track_caller]
    fn check(matching: &[&str], other: &[&str]) {
        for text in matching {
            assert!(parse(text).expect(text).matches(&Pod, KNOWN), "{text}");
        }
        for text in other {
            assert!(!parse(text).expect(text).matches(&Pod, KNOWN), "{text}");
        }
    }

    #[test]
    fn words_are_substrings_of_the_names_and_lower_case_ignores_case() {
        check(
            &["", "pay", "api-role", "Api-Role", "s/pay", "\"payments/pay\"", "!orders", "role payments"],
            &["orders", "api-rOle", "!pay", "pay orders"],
        );
    }

    #[test]
    fn words_have_fuzzy_regex_start_and_end_forms() {
        check(&["~pyapi", "/^pay.*role$/", "^payments/", "role$", "/PAY/|pay"], &["~zz", "/^role/", "^api", "pay$"]);
    }

    #[test]
    fn field_values_match_whole_with_globs_and_alternatives() {
        check(
            &[
                "ns:payments",
                "ns:pay*",
                "ns:orders|payments|ci",
                "mech:pi",
                "mech:pod-identity",
                "role:*api*",
                "role:Pay*",
                "label:app=web",
                "!ns:orders",
                "ns:~pmt",
                "ns:/^pay/",
                "ns:PAY*|pay*",
                "ns:paymen?s",
            ],
            &["ns:pay", "ns:orders|ci", "mech:ir", "role:PAY*", "!ns:payments", "node:*", "ns:payment?s?"],
        );
    }

    #[test]
    fn numbers_severities_and_times_compare() {
        check(
            &[
                "sev:>=med",
                "sev:high",
                "sev:<crit",
                "pods:>2",
                "pods:3",
                "age:<1d",
                "age:>=3h",
                "sev:high|low",
                "age:1d",
            ],
            &["sev:>high", "sev:low", "pods:<3", "age:>1d"],
        );
    }

    #[test]
    fn one_of_a_group_is_enough_and_all_groups_hold() {
        check(
            &["orders|payments", "ns:orders|role:*role", "pods:>5|api", "ns:payments|mech:ir sev:high"],
            &["orders|ci", "x|z pay"],
        );
    }

    #[test]
    fn a_field_the_list_does_not_know_stays_and_does_not_count() {
        let query = parse("ns:payments hops:<3 action:s3:Put*").expect("parses");
        assert!(query.matches(&Pod, KNOWN));
        assert_eq!(query.unused(KNOWN), [Field::Hops, Field::Action]);
    }

    #[test]
    fn only_a_query_that_grew_narrows() {
        let narrows = |a: &str, b: &str| parse(a).expect(a).narrows(&parse(b).expect(b));
        assert!(narrows("pay", "pa"));
        assert!(narrows("pay", ""));
        assert!(narrows("ns:a pay x", "ns:a pa"));
        assert!(!narrows("p", "pa"));
        assert!(!narrows("!pay", "!pa"));
        assert!(!narrows("pay|x", "pa"));
        assert!(!narrows("Pay", "PA"));
    }
}
