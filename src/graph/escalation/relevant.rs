//! Which policy texts can matter here, told without parsing: of ten thousand roles most only read and write data.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::escalation;
use crate::iam::privilege::controlling;

/// The actions that a text could allow, of those that are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mentioned {
    /// Any of them, or what it says cannot be told without reading it.
    Any,
    /// In no order, perhaps repeated.
    These(Vec<ActionId>),
}

type Named = FxHashMap<&'static str, Vec<(&'static str, ActionId)>>;

/// The actions of the table and those that make an administrator: lower-case names by service, sorted.
static NAMES: LazyLock<Named> = LazyLock::new(|| {
    let catalogue = Catalogue::bundled();
    let mut names: Named = FxHashMap::default();
    for id in escalation::actions(catalogue).into_iter().chain(controlling(catalogue)) {
        let action = catalogue.action(id);
        names.entry(action.service().prefix()).or_default().push((action.lower_name(), id));
    }
    for list in names.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    names
});

/// The actions that a document could allow. Never fewer than it does.
pub(super) fn mentioned(text: &str) -> Mentioned {
    let bytes = text.as_bytes();
    // Escapes could spell anything, and an exclusion names what it does not mean.
    if memchr::memchr(b'\\', bytes).is_some() || memchr::memmem::find(bytes, b"NotAction").is_some() {
        return Mentioned::Any;
    }
    let mut found = Vec::new();
    let mut in_actions = false;
    // A statement without actions cannot be read, so it may say anything.
    let (mut statements, mut actions) = (0, 0);
    let mut pieces = text.split('"');
    pieces.next();
    while let (Some(word), Some(after)) = (pieces.next(), pieces.next()) {
        if after.trim_start().starts_with(':') {
            in_actions = word == "Action";
            statements += usize::from(word == "Effect");
            actions += usize::from(in_actions);
        } else if in_actions && !collect(word, &mut found) {
            return Mentioned::Any;
        }
    }
    if actions == 0 || statements != actions || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return Mentioned::Any;
    }
    Mentioned::These(found)
}

/// Adds what a pattern could mean; false when that is everything.
fn collect(pattern: &str, found: &mut Vec<ActionId>) -> bool {
    let Some((service, name)) = pattern.split_once(':') else { return !pattern.contains(['*', '?']) };
    let names = match NAMES.get(service).or_else(|| NAMES.get(service.to_ascii_lowercase().as_str())) {
        Some(names) => names,
        None => return !service.contains(['*', '?']),
    };
    let fixed = name.find(['*', '?']).unwrap_or(name.len());
    let start = name[..fixed].to_ascii_lowercase();
    let first = names.partition_point(|it| *it.0 < *start);
    let fits = |it: &&(&str, ActionId)| if fixed < name.len() { it.0.starts_with(&start) } else { it.0 == start };
    found.extend(names[first..].iter().take_while(fits).map(|it| it.1));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_matter(text: &str) -> bool {
        mentioned(text) != Mentioned::These(Vec::new())
    }

    fn actions(actions: &str) -> bool {
        may_matter(&format!(r#"{{"Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#))
    }

    #[test]
    fn only_texts_that_could_name_an_action_of_the_table_matter() {
        for yes in [
            r#""*""#,
            r#""*:*""#,
            r#"["s3:GetObject","iam:PassRole"]"#,
            r#""IAM:passrole""#,
            r#""iam:Pass*""#,
            r#""iam:*""#,
            r#""lambda:*Function""#,
            r#""sts:Assume?ole""#,
            r#""\u0069am:PassRole""#,
        ] {
            assert!(actions(yes), "{yes}");
        }
        for no in [r#""s3:GetObject""#, r#"["iam:Get*","iam:List*"]"#, r#""lambda:Get*""#, r#""dynamodb:*""#, "[]"] {
            assert!(!actions(no), "{no}");
        }
        assert!(may_matter(r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#));
        for broken in ["what", "{}", r#"{"Statement":[oops]}"#, r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get""#]
        {
            assert!(may_matter(broken), "{broken}: what cannot be read may say anything");
        }
        let statement = r#"{"Effect":"Allow", "Action" : "s3:GetObject", "Resource": "arn:aws:iam:PassRole" }"#;
        assert!(!may_matter(&format!(r#"{{"Statement": {statement}}}"#)));
    }
}
