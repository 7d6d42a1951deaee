//! The stored text of one object, read again from its file when somebody asks for it, with secrets masked.

use std::io::{self, Read};

use serde_json::Value;

use crate::model::facts::env::{KEPT_PRESENCE, KEPT_VALUES};
use crate::model::facts::meta::Origin;

use super::env::{holds_secret, looks_secret};
use super::files::{Files, reason};
use super::split::LIMIT;
use super::split::yaml::{self, Part, Piece};
use super::stream::Stream;

/// What stands in place of a secret.
pub const WITHHELD: &str = "(withheld)";

/// Why the text of an object cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    #[error("the object came over the network: its text was not kept")]
    NotAFile,
    #[error("cannot read `{file}` again: {why}")]
    Unreadable { file: String, why: String },
    #[error("`{file}` is not what it was when it was read: no object begins at byte {offset}")]
    Changed { file: String, offset: u64 },
}

/// The text of an object, indented: JSON where it is stored as JSON, else YAML.
///
/// Cost: the file is read (and unpacked) up to the object; call it off the thread that draws.
pub fn text(files: &Files, origin: &Origin) -> Result<String, RawError> {
    if origin.file.is_empty() {
        return Err(RawError::NotAFile);
    }
    let unreadable = |error: io::Error| RawError::Unreadable { file: origin.file.to_string(), why: reason(&error) };
    let changed = || RawError::Changed { file: origin.file.to_string(), offset: origin.offset };
    let mut stream = Stream::open(files, &origin.file).map_err(unreadable)?;
    let skipped = io::copy(&mut stream.by_ref().take(origin.offset), &mut io::sink()).map_err(unreadable)?;
    if skipped < origin.offset {
        return Err(changed());
    }
    let length = u64::from(origin.length).min(LIMIT as u64);
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes).map_err(unreadable)?;
    if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) {
        mask(&mut value);
        return Ok(serde_json::to_string_pretty(&value).unwrap_or_else(|_| value.to_string()));
    }
    let dash = bytes.trim_ascii_start().starts_with(b"-") && !bytes.starts_with(b"---");
    let part = if dash { Part::Item } else { Part::Document };
    let piece = Piece { text: bytes, place: Default::default(), index: origin.index, part };
    let mut value = yaml::value(&piece).map_err(|_| changed())?;
    // A list in one line has one origin for all its items, told apart by their number.
    if let Some(item) = yaml::flow_items(&mut value).into_iter().nth(origin.index as usize) {
        value = item;
    }
    mask(&mut value);
    serde_saphyr::to_string(&value).map_err(|_| changed())
}

/// Takes secrets out of an object, whatever its kind; what is left is as stored.
pub fn mask(value: &mut Value) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind.as_str() {
        "Secret" => {
            for member in ["data", "stringData"] {
                for (_, value) in members(value.get_mut(member)) {
                    *value = WITHHELD.into();
                }
            }
        }
        "ConfigMap" => {
            for (key, value) in members(value.get_mut("data")) {
                let kept = KEPT_VALUES.contains(&key.as_str());
                if !kept && (looks_secret(key) || value.as_str().is_some_and(holds_secret)) {
                    *value = WITHHELD.into();
                }
            }
        }
        _ => {}
    }
    walk(value);
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

fn walk(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("annotations", Value::Object(annotations)) => {
                        annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
                    }
                    ("env", Value::Array(entries)) => entries.iter_mut().for_each(mask_variable),
                    ("command" | "args", Value::Array(words)) => mask_words(words),
                    ("userData" | "UserData", value) => *value = WITHHELD.into(),
                    _ => {}
                }
                walk(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::String(text) if text.contains("PRIVATE KEY-----") => *value = WITHHELD.into(),
        _ => {}
    }
}

/// One `env` entry: a value is shown when its name is known to be harmless, or when neither looks like a secret.
fn mask_variable(entry: &mut Value) {
    let name = entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(Value::String(value)) = entry.get_mut("value") else { return };
    let harmless = KEPT_VALUES.contains(&name.as_str());
    let secret = KEPT_PRESENCE.contains(&name.as_str()) || !harmless && looks_secret(&name) || holds_secret(value);
    if secret && !value.is_empty() {
        *value = WITHHELD.to_owned();
    }
}

/// `--password=x` and `--password x`. A path is no secret: `--tls-private-key-file=/etc/tls/key`.
fn mask_words(words: &mut [Value]) {
    let mut expected = false;
    for word in words {
        let Value::String(text) = word else { continue };
        let is_path = |value: &str| value.starts_with('/') || value.starts_with("./");
        if std::mem::take(&mut expected) && !text.starts_with('-') && !is_path(text) {
            *text = WITHHELD.to_owned();
            continue;
        }
        let Some(flag) = text.strip_prefix('-') else {
            if holds_secret(text) && !text.contains(char::is_whitespace) {
                *text = WITHHELD.to_owned();
            }
            continue;
        };
        match flag.split_once('=') {
            Some((name, value)) if looks_secret(name) && !value.is_empty() && !is_path(value) => {
                *text = format!("-{name}={WITHHELD}");
            }
            Some((name, value)) if holds_secret(value) => *text = format!("-{name}={WITHHELD}"),
            Some(_) => {}
            None => expected = looks_secret(flag),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(mut value: Value) -> Value {
        mask(&mut value);
        value
    }

    #[test]
    fn values_of_secrets_go_and_their_keys_stay() {
        let secret =
            json!({"kind": "Secret", "data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "x"}, "type": "Opaque"});
        let shown = json!({"kind": "Secret", "data": {"a": WITHHELD}, "stringData": {"b": WITHHELD}, "type": "Opaque"});
        assert_eq!(masked(secret), shown);
    }

    #[test]
    fn variables_are_masked_by_name_or_by_value() {
        let pod = json!({"spec": {"containers": [{"env": [
            {"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LEVEL", "value": "debug"},
            {"name": "X", "value": "AKIAIOSFODNN7EXAMPLE"}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/t"},
            {"name": "HTTPS_PROXY", "value": "http://proxy"}, {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "s"}}},
        ]}]}});
        let shown = json!({"spec": {"containers": [{"env": [
            {"name": "DB_PASSWORD", "value": WITHHELD}, {"name": "LEVEL", "value": "debug"},
            {"name": "X", "value": WITHHELD}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/t"},
            {"name": "HTTPS_PROXY", "value": WITHHELD}, {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "s"}}},
        ]}]}});
        assert_eq!(masked(pod), shown);
    }

    #[test]
    fn arguments_are_masked_only_behind_flags_that_carry_secrets() {
        let args = json!({"args": ["--password=hunter2", "--token", "hunter2", "--verbose", "-v=3", "serve",
            "--tls-private-key-file=/etc/tls/key", "--db=postgres://u:hunter2@db/x", "--key-file", "/k"]});
        let shown = json!({"args": [format!("--password={WITHHELD}"), "--token", WITHHELD, "--verbose", "-v=3", "serve",
            "--tls-private-key-file=/etc/tls/key", format!("--db={WITHHELD}"), "--key-file", "/k"]});
        assert_eq!(masked(args), shown);
    }

    #[test]
    fn the_last_applied_configuration_is_dropped() {
        let object =
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}}});
        assert_eq!(masked(object), json!({"metadata": {"annotations": {"a": "b"}}}));
    }
}
