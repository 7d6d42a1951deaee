//! Which policy texts can matter here, told without parsing: of ten thousand roles most only read and write data.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::iam::escalation::Technique;

/// Lower-case names of the table's actions by service, sorted.
static NAMES: LazyLock<FxHashMap<&'static str, Vec<String>>> = LazyLock::new(|| {
    let mut names: FxHashMap<&'static str, Vec<String>> = FxHashMap::default();
    for (service, name) in Technique::all().flat_map(Technique::actions).filter_map(|it| it.split_once(':')) {
        names.entry(service).or_default().push(name.to_ascii_lowercase());
    }
    for list in names.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    names
});

/// Whether a document could allow an action of the table. Never no where it may be yes.
pub(super) fn may_matter(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Escapes could spell anything, and an exclusion names what it does not mean.
    if memchr::memchr(b'\\', bytes).is_some() || memchr::memmem::find(bytes, b"NotAction").is_some() {
        return true;
    }
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
        } else if in_actions && is_of_the_table(word) {
            return true;
        }
    }
    actions == 0 || statements != actions || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
}

fn is_of_the_table(pattern: &str) -> bool {
    let Some((service, name)) = pattern.split_once(':') else { return pattern.contains(['*', '?']) };
    let names = match NAMES.get(service) {
        Some(names) => names,
        None => match NAMES.get(service.to_ascii_lowercase().as_str()) {
            Some(names) => names,
            None => return service.contains(['*', '?']),
        },
    };
    let fixed = name.find(['*', '?']).unwrap_or(name.len());
    let start = name[..fixed].to_ascii_lowercase();
    let first = names.partition_point(|it| *it < start);
    match names.get(first) {
        Some(found) if fixed < name.len() => found.starts_with(&start),
        Some(found) => *found == start,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
