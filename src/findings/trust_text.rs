//! Trust policies rewritten: what a fix puts in the place of a statement or a condition. The rest stays as it is written.

use serde_json::{Map, Value, json};

use crate::model::facts::iam::Role;

use super::finding::Fix;
use super::fix;

/// The trust policy of a role, to be changed.
pub struct TrustText {
    role: String,
    document: Value,
}

impl TrustText {
    /// `None` when its text was not read or is no JSON.
    pub fn of(role: &Role) -> Option<TrustText> {
        let document = serde_json::from_str(role.trust.as_ref()?).ok()?;
        Some(TrustText { role: role.name.to_string(), document })
    }

    /// A statement by its index, also where one statement stands without a list.
    pub fn statement(&mut self, index: usize) -> Option<&mut Map<String, Value>> {
        match self.document.get_mut("Statement")? {
            Value::Array(all) => all.get_mut(index)?.as_object_mut(),
            one if index == 0 => one.as_object_mut(),
            _ => None,
        }
    }

    /// The block of one operator of a statement, made when it is not there.
    pub fn operator(&mut self, index: usize, operator: &str) -> Option<&mut Map<String, Value>> {
        let statement = self.statement(index)?;
        let block = statement.entry("Condition").or_insert_with(|| json!({})).as_object_mut()?;
        block.entry(operator).or_insert_with(|| json!({})).as_object_mut()
    }

    /// Takes a key out of every operator of a statement (keys compare without regard to case), and operators that are
    /// empty then.
    pub fn without_key(&mut self, index: usize, key: &str) -> Option<()> {
        let block = self.statement(index)?.get_mut("Condition")?.as_object_mut()?;
        for operator in block.values_mut().filter_map(Value::as_object_mut) {
            operator.retain(|it, _| !it.eq_ignore_ascii_case(key));
        }
        block.retain(|_, it| it.as_object().is_none_or(|it| !it.is_empty()));
        Some(())
    }

    /// Pins a claim to values, under StringEquals, whatever was asked of it before.
    pub fn pin(&mut self, index: usize, key: &str, values: &[String]) -> Option<()> {
        self.without_key(index, key);
        let value = match values {
            [one] => json!(one),
            many => json!(many),
        };
        self.operator(index, "StringEquals")?.insert(key.to_owned(), value);
        Some(())
    }

    /// Puts a statement behind the others.
    pub fn add(&mut self, statement: Value) -> Option<()> {
        let all = self.document.get_mut("Statement")?;
        if !all.is_array() {
            *all = json!([all.take()]);
        }
        all.as_array_mut()?.push(statement);
        Some(())
    }

    /// Takes a statement out.
    pub fn remove(&mut self, index: usize) -> Option<()> {
        let all = self.document.get_mut("Statement")?.as_array_mut()?;
        if index >= all.len() || all.len() == 1 {
            return None;
        }
        all.remove(index);
        Some(())
    }

    /// Takes one value out of an operator's key. The key goes with its last value.
    pub fn without_value(&mut self, index: usize, operator: &str, key: &str, value: &str) -> Option<()> {
        let block = self.operator(index, operator)?;
        let values = block.get_mut(key)?;
        match values {
            Value::Array(all) if all.len() > 1 => {
                all.retain(|it| it.as_str() != Some(value));
                Some(())
            }
            // Without the last value the statement would admit everybody.
            _ => None,
        }
    }

    pub fn json(&self) -> String {
        self.document.to_string()
    }

    /// The change as a command.
    pub fn fix(&self) -> Fix {
        fix::update_trust(&self.role, &self.json())
    }
}

/// The trust policy with one text in the place of another, wherever it stands as a whole value.
pub fn replace(role: &Role, from: &str, to: &str) -> Option<Fix> {
    let mut text = TrustText::of(role)?;
    exchange(&mut text.document, from, to);
    Some(text.fix())
}

fn exchange(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => *text = to.to_owned(),
        Value::Array(all) => all.iter_mut().for_each(|it| exchange(it, from, to)),
        Value::Object(all) => all.values_mut().for_each(|it| exchange(it, from, to)),
        _ => {}
    }
}

/// The command that puts a whole document in place.
pub fn replaced(role: &Role, document: &Value) -> Fix {
    fix::update_trust(&role.name, &document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(statement: &str) -> TrustText {
        let document = serde_json::from_str(&format!(r#"{{"Statement":{statement}}}"#)).expect("JSON");
        TrustText { role: "r".into(), document }
    }

    #[test]
    fn a_claim_is_pinned_and_the_rest_stays() {
        let mut it = text(r#"[{"Effect":"Allow","Condition":{"StringLike":{"x.y/z:SUB":"*"},"Bool":{"a":"b"}}}]"#);
        it.pin(0, "x.y/z:sub", &["one".into()]).expect("a statement");
        assert_eq!(
            it.json(),
            r#"{"Statement":[{"Effect":"Allow","Condition":{"Bool":{"a":"b"},"StringEquals":{"x.y/z:sub":"one"}}}]}"#
        );
    }

    #[test]
    fn the_last_value_is_never_taken_out() {
        let mut it = text(r#"{"Condition":{"StringEquals":{"k":["a","b"]}}}"#);
        assert_eq!(it.without_value(0, "StringEquals", "k", "a"), Some(()));
        assert_eq!(it.json(), r#"{"Statement":{"Condition":{"StringEquals":{"k":["b"]}}}}"#);
        assert_eq!(it.without_value(0, "StringEquals", "k", "b"), None);
        assert_eq!(it.remove(0), None);
    }
}
