//! Tests of conditions.

use super::*;

fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
    Condition::new(operator, key, values.iter().map(|value| Name::new(value)).collect(), true, Span::default())
        .expect("an operator")
}

fn holds(operator: &str, values: &[&str], context: &Context) -> Truth {
    condition(operator, "k", values).holds(context, Effect::Allow)
}

#[test]
fn an_absent_key_fails_positive_operators_and_meets_negated_ones() {
    let none = Context::complete();
    for row in OPERATORS.iter().filter(|row| row.test != Test::Null) {
        assert_eq!(holds(row.name, &["1"], &none), row.negated.into(), "{}", row.name);
        assert_eq!(holds(&format!("{}IfExists", row.name), &["1"], &none), Truth::Yes, "{}", row.name);
        assert_eq!(holds(&format!("ForAllValues:{}", row.name), &["1"], &none), Truth::Yes, "{}", row.name);
        assert_eq!(holds(&format!("ForAnyValue:{}", row.name), &["1"], &none), Truth::No, "{}", row.name);
        let value = match row.test {
            Test::Bytes => "MQ==",
            Test::Address => "10.0.0.1",
            _ => "1",
        };
        assert_eq!(holds(row.name, &[value], &Context::open()), Truth::Unknown, "{}", row.name);
    }
    assert_eq!(holds("Null", &["true"], &none), Truth::Yes);
    assert_eq!(holds("Null", &["false"], &none), Truth::No);
    assert_eq!(holds("ForAnyValue:StringEqualsIfExists", &["1"], &none), Truth::Unknown);
}

#[test]
fn negated_values_are_a_nor() {
    let a = Context::complete().with("k", "a");
    assert_eq!(holds("StringNotEquals", &["a", "b"], &a), Truth::No);
    assert_eq!(holds("StringNotEquals", &["b", "c"], &a), Truth::Yes);
    assert_eq!(holds("StringNotLike", &["b*", "a*"], &a), Truth::No);
}

#[test]
fn what_no_value_can_change_is_certain_though_the_key_is_unknown() {
    let open = Context::open();
    assert_eq!(holds("StringEquals", &[], &open), Truth::No);
    assert_eq!(holds("StringNotEquals", &[], &open), Truth::Yes);
    assert_eq!(holds("StringLikeIfExists", &["*"], &open), Truth::Yes);
    assert_eq!(holds("StringLike", &["*"], &open), Truth::Unknown);
    assert_eq!(holds("ForAllValues:StringLike", &["*"], &open), Truth::Yes);
    assert_eq!(holds("NumericEquals", &["ten"], &open), Truth::No);
    assert_eq!(holds("Null", &["true", "false"], &open), Truth::Yes);
}

#[test]
fn complements_are_exact() {
    let yes = [
        ("StringEquals", "StringNotEquals"),
        ("StringEquals", "StringNotEqualsIfExists"),
        ("ArnLike", "ArnNotEquals"),
        ("ForAllValues:StringEquals", "ForAnyValue:StringNotEquals"),
    ];
    let no = [
        ("StringEqualsIfExists", "StringNotEquals"),
        ("StringEquals", "StringNotLike"),
        ("NumericLessThan", "NumericGreaterThanEquals"),
        ("ForAllValues:StringEquals", "ForAllValues:StringNotEquals"),
        ("ForAllValues:StringEquals", "ForAnyValue:StringNotEqualsIfExists"),
    ];
    for (a, b) in yes {
        assert!(condition(a, "K", &["x", "y"]).is_complement_of(&condition(b, "k", &["y", "x"])), "{a} {b}");
    }
    for (a, b) in no {
        assert!(!condition(a, "k", &["x"]).is_complement_of(&condition(b, "k", &["x"])), "{a} {b}");
    }
    assert!(condition("Null", "k", &["true"]).is_complement_of(&condition("Null", "K", &["FALSE"])));
}

#[test]
fn a_multivalued_key_needs_a_set_operator() {
    let many = Context::complete().with_many("k", ["a", "b"]);
    let plain = condition("StringEquals", "k", &["a"]);
    assert_eq!(plain.holds(&many, Effect::Allow), Truth::No);
    assert_eq!(plain.holds(&many, Effect::Deny), Truth::Unknown);
    assert_eq!(holds("ForAnyValue:StringEquals", &["a"], &many), Truth::Yes);
    assert_eq!(holds("ForAllValues:StringEquals", &["a"], &many), Truth::No);
    assert_eq!(holds("ForAllValues:StringNotEquals", &["c"], &many), Truth::Yes);
    assert_eq!(holds("ForAnyValue:StringNotEquals", &["a"], &many), Truth::Yes);
}
