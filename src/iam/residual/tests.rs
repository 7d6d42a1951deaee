//! Tests of what remains of a condition.

use super::*;
use crate::iam::json::Span;
use proptest::prelude::*;
use proptest::sample::select;

fn atom(operator: &str, key: &str, values: &[&str]) -> Residual {
    let values = values.iter().map(|value| Name::new(value)).collect();
    let condition = Condition::new(operator, key, values, true, Span::default()).expect("an operator");
    Residual::atom(Test::Condition(Arc::new(condition)), None)
}

#[test]
fn contradictions_and_completions_are_seen() {
    let (a, b) = (atom("StringEquals", "k", &["x"]), atom("Bool", "l", &["true"]));
    assert_eq!(Residual::all([a.clone(), a.clone().not()]), Residual::No);
    assert_eq!(Residual::any([a.clone(), a.clone().not()]), Residual::Yes);
    assert_eq!(Residual::any([a.clone(), atom("StringNotEquals", "K", &["x"])]), Residual::Yes);
    assert_eq!(Residual::all([a.clone(), atom("StringEquals", "k", &["y"])]), Residual::No);
    assert_eq!(Residual::all([a.clone(), Residual::any([a.clone(), b.clone()])]), a);
    assert_eq!(
        Residual::any([a.clone(), Residual::all([a.clone().not(), b.clone()])]),
        Residual::any([a.clone(), b.clone()])
    );
    assert_eq!(Residual::all([a.clone(), Residual::Yes, a.clone()]), a);
    let both = Residual::all([a.clone(), b.clone()]);
    assert_eq!(both.clone().not().not(), both);
}

#[test]
fn what_no_value_can_meet_or_fail_is_settled() {
    let no = [
        Residual::all([atom("StringEquals", "k", &["x"]), atom("StringNotEquals", "k", &["x", "y"])]),
        Residual::all([atom("StringEquals", "k", &["b"]), atom("StringLike", "k", &["a*"])]),
        Residual::all([atom("StringLike", "k", &["b*"]), atom("StringLike", "k", &["a*"])]),
        Residual::all([atom("StringNotEquals", "k", &["x"]).not(), atom("StringEquals", "k", &["y"])]),
        Residual::all([atom("DateLessThan", "k", &["2026"]), atom("DateGreaterThan", "k", &["2027"])]),
        Residual::all([atom("Null", "k", &["true"]), atom("Bool", "k", &["true"])]),
    ];
    for formula in no {
        assert_eq!(formula.clone().settle(), Residual::No, "{formula:?}");
    }
    let yes = [
        Residual::any([atom("StringNotEquals", "k", &["x"]), atom("StringNotEquals", "k", &["y"])]),
        Residual::any([
            atom("Null", "k", &["true"]),
            atom("DateLessThan", "k", &["2026"]),
            atom("DateLessThan", "k", &["2026"]).not(),
        ]),
    ];
    for formula in yes {
        assert_eq!(formula.clone().settle(), Residual::Yes, "{formula:?}");
    }
}

#[test]
fn if_exists_and_its_negation_leave_the_absent_key_open() {
    let a = atom("StringEqualsIfExists", "k", &["x"]);
    let b = atom("StringNotEquals", "k", &["x"]);
    assert!(matches!(Residual::all([a.clone(), b.clone()]), Residual::All(_)));
    assert_eq!(Residual::all([a.clone(), b]).truth(&Context::complete()), Truth::Yes);
    assert_eq!(Residual::all([a.clone(), a.not()]), Residual::No);
}

#[test]
fn what_becomes_known_disappears() {
    let formula = Residual::all([atom("StringEquals", "k", &["x"]), atom("Bool", "l", &["true"])]);
    let known = formula.given(&Context::open().with("k", "x"));
    assert_eq!(known, atom("Bool", "l", &["true"]));
    assert_eq!(known.keys(), [Name::new("l")]);
    assert_eq!(formula.given(&Context::open().without("l")), Residual::No);
}

#[test]
fn an_oversized_formula_keeps_its_keys() {
    let big = Residual::all((0..100).map(|index| atom("StringEquals", &format!("k{index:03}"), &["x"])));
    let capped = big.capped();
    assert_eq!((capped.atoms().len(), capped.keys().len()), (1, 100));
}

/// A formula as it was before any simplification.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(&'static str, &'static str, Vec<&'static str>),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

impl Tree {
    fn built(&self) -> Residual {
        match self {
            Tree::Leaf(operator, key, values) => atom(operator, key, values),
            Tree::Not(inner) => inner.built().not(),
            Tree::All(parts) => Residual::all(parts.iter().map(Tree::built)),
            Tree::Any(parts) => Residual::any(parts.iter().map(Tree::built)),
        }
    }

    fn plain(&self, context: &Context) -> Truth {
        match self {
            Tree::Leaf(operator, key, values) => atom(operator, key, values).truth(context),
            Tree::Not(inner) => !inner.plain(context),
            Tree::All(parts) => parts.iter().fold(Truth::Yes, |all, part| all.and(part.plain(context))),
            Tree::Any(parts) => parts.iter().fold(Truth::No, |any, part| any.or(part.plain(context))),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let operators = vec![
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIfExists",
        "StringNotEqualsIfExists",
        "StringLike",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringNotEquals",
        "ForAllValues:StringNotEquals",
    ];
    let values = select(vec![vec!["x"], vec!["y"], vec!["x", "y"], vec!["y", "x"]]);
    let test =
        (select(operators), select(vec!["k", "l"]), values).prop_map(|(op, key, values)| Tree::Leaf(op, key, values));
    let null =
        (select(vec!["k", "l"]), select(vec!["true", "false"])).prop_map(|(key, it)| Tree::Leaf("Null", key, vec![it]));
    prop_oneof![6 => test, 1 => null].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| Tree::Not(Box::new(it))),
            prop::collection::vec(inner.clone(), 1..5).prop_map(Tree::All),
            prop::collection::vec(inner, 1..5).prop_map(Tree::Any),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn simplification_changes_no_answer(tree in tree()) {
        let built = tree.built();
        let each = [None, Some("x"), Some("y"), Some("z")];
        for k in each {
            for l in each {
                let mut context = Context::complete();
                for (key, value) in [("k", k), ("l", l)] {
                    if let Some(value) = value {
                        context = context.with(key, value);
                    }
                }
                prop_assert_eq!(built.truth(&context), tree.plain(&context), "{:?} {:?}", k, l);
                prop_assert_eq!(built.clone().settle().truth(&context), tree.plain(&context), "{:?} {:?}", k, l);
            }
        }
    }
}
