//! Which environment variables of a container are kept, and which of their values. Everything else is never copied.

use crate::base::Name;
use crate::model::facts::env::{EnvValue, EnvVar, KEPT_PRESENCE, KEPT_VALUES};

use super::object::{Text, object};

object! {
    pub struct EnvIn<'de> {
        name: Text<'de> = "name",
        value: Text<'de> = "value",
        from: ValueFromIn = "valueFrom",
    }

    pub struct ValueFromIn {
        config_map: Option<KeyIn> = "configMapKeyRef",
        secret: Option<KeyIn> = "secretKeyRef",
        field: Option<FieldIn> = "fieldRef",
        resource: Option<ResourceIn> = "resourceFieldRef",
        file: Option<KeyIn> = "fileKeyRef",
    }

    pub struct KeyIn {
        name: Name = "name",
        key: Name = "key",
        optional: bool = "optional",
    }

    pub struct FieldIn {
        path: Name = "fieldPath",
    }

    pub struct ResourceIn {
        resource: Name = "resource",
    }
}

/// No variable that decides an identity is longer.
const VALUE_LIMIT: usize = 4096;

/// What of a literal may be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Value,
    Presence,
}

/// The entries that the tables name, and those that a kept value refers to as `$(NAME)`, in order.
pub fn kept(entries: &[EnvIn<'_>]) -> Vec<EnvVar> {
    let mut keep: Vec<Option<Keep>> = entries.iter().map(|entry| by_table(&entry.name)).collect();
    // A kept value may refer to a variable that refers to the next one; each round keeps at least one more.
    loop {
        let mut more = false;
        for at in 0..entries.len() {
            if keep[at] != Some(Keep::Value) || !entries[at].value.contains("$(") {
                continue;
            }
            for name in references(&entries[at].value) {
                for (other, state) in entries.iter().zip(&mut keep) {
                    if &*other.name == name && state.is_none() {
                        let secret = looks_secret(&other.name) || holds_secret(&other.value);
                        *state = Some(if secret { Keep::Presence } else { Keep::Value });
                        more = true;
                    }
                }
            }
        }
        if !more {
            break;
        }
    }
    let chosen = entries.iter().zip(keep).filter_map(|(entry, keep)| Some((entry, keep?)));
    chosen.map(|(entry, keep)| EnvVar { name: Name::new(&entry.name), value: value(entry, keep) }).collect()
}

fn by_table(name: &str) -> Option<Keep> {
    if KEPT_VALUES.contains(&name) {
        Some(Keep::Value)
    } else if KEPT_PRESENCE.contains(&name) {
        Some(Keep::Presence)
    } else {
        None
    }
}

fn value(entry: &EnvIn<'_>, keep: Keep) -> EnvValue {
    let from = &entry.from;
    if let Some(it) = &from.config_map {
        return EnvValue::ConfigMapKey { name: it.name.clone(), key: it.key.clone(), optional: it.optional };
    }
    if let Some(it) = &from.secret {
        return EnvValue::SecretKey { name: it.name.clone(), key: it.key.clone(), optional: it.optional };
    }
    if let Some(it) = &from.field {
        return EnvValue::Field(it.path.clone());
    }
    if let Some(it) = &from.resource {
        return EnvValue::Field(it.resource.clone());
    }
    if from.file.is_some() {
        return EnvValue::Withheld;
    }
    let text = &*entry.value;
    if text.is_empty() || keep == Keep::Value && text.len() <= VALUE_LIMIT && !has_user_info(text) {
        EnvValue::Literal(Name::new(text))
    } else {
        EnvValue::Withheld
    }
}

/// Names in `$(NAME)`; `$$(NAME)` is an escaped dollar sign and refers to nothing.
fn references(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('$')?;
            let behind = &rest[at + 1..];
            if let Some(escaped) = behind.strip_prefix('$') {
                rest = escaped;
            } else if let Some(open) = behind.strip_prefix('(') {
                let end = open.find(')')?;
                rest = &open[end + 1..];
                return Some(&open[..end]);
            } else {
                rest = behind;
            }
        }
    })
}

/// A URL with a user name or password in it.
fn has_user_info(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// A name that people give to secrets.
pub fn looks_secret(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PWD",
        "KEY",
        "CREDENTIAL",
        "PRIVATE",
        "AUTH",
        "DSN",
        "COOKIE",
        "SALT",
        "SIGNATURE",
    ];
    let upper = name.to_ascii_uppercase();
    WORDS.iter().any(|word| upper.contains(word))
}

/// A value that is a secret by its look: an access key id, a URL with a password, a private key, a JWT.
pub fn holds_secret(value: &str) -> bool {
    has_user_info(value)
        || value.contains("PRIVATE KEY-----")
        || value.starts_with("eyJ")
        || ["AKIA", "ASIA"].iter().any(|prefix| {
            value.match_indices(prefix).any(|(at, _)| {
                let rest = value.as_bytes()[at..].iter();
                rest.take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count() >= 16
            })
        })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn shown(json: &str) -> String {
        let entries: Vec<EnvIn<'_>> = serde_json::from_str(json).unwrap();
        kept(&entries).iter().map(|it| format!("{} = {:?}\n", it.name, it.value)).collect()
    }

    #[test]
    fn only_the_tables_and_what_they_refer_to_is_kept() {
        expect![[r#"
            AWS_ROLE_ARN = Literal("arn:aws:iam::$(ACCOUNT):role/r-$(DB_PASSWORD)-$$(LEVEL)")
            ACCOUNT = Literal("$(PART)")
            PART = Literal("1")
            DB_PASSWORD = Withheld
            AWS_SECRET_ACCESS_KEY = Withheld
            AWS_ACCESS_KEY_ID = Literal("")
            HTTPS_PROXY = Withheld
        "#]]
        .assert_eq(&shown(
            r#"[{"name":"AWS_ROLE_ARN","value":"arn:aws:iam::$(ACCOUNT):role/r-$(DB_PASSWORD)-$$(LEVEL)"},
                {"name":"ACCOUNT","value":"$(PART)"},{"name":"PART","value":"1"},{"name":"LEVEL","value":"debug"},
                {"name":"DB_PASSWORD","value":"hunter2"},{"name":"AWS_SECRET_ACCESS_KEY","value":"wJalr"},
                {"name":"AWS_ACCESS_KEY_ID","value":""},{"name":"HTTPS_PROXY","value":"http://u:p@proxy"}]"#,
        ));
    }

    #[test]
    fn a_reference_keeps_its_source() {
        expect![[r#"
            AWS_ROLE_ARN = ConfigMapKey { name: "c", key: "k", optional: true }
            AWS_SESSION_TOKEN = SecretKey { name: "s", key: "k", optional: false }
            AWS_REGION = Field("metadata.labels['region']")
        "#]]
        .assert_eq(&shown(
            r#"[{"name":"AWS_ROLE_ARN","valueFrom":{"configMapKeyRef":{"name":"c","key":"k","optional":true}}},
                {"name":"AWS_SESSION_TOKEN","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},
                {"name":"AWS_REGION","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['region']"}}}]"#,
        ));
    }

    #[test]
    fn a_url_with_a_password_is_withheld_even_under_a_kept_name() {
        assert_eq!(
            shown(r#"[{"name":"AWS_ENDPOINT_URL","value":"http://u:p@minio:9000"}]"#),
            "AWS_ENDPOINT_URL = Withheld\n"
        );
    }
}
