//! Names that tell nothing of anybody: those of AWS, of Kubernetes, of programs that every other cluster runs, and words
//! of formats.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::model::facts::env::{KEPT_PRESENCE, KEPT_VALUES};

/// What the rules know by name stays, so that they go on knowing it.
const PLATFORM: &str = include_str!("../../../../assets/platform.tsv");

static WORDS: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut words: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    let list = include_str!("../../../../assets/public-words.tsv");
    for (kind, word) in rows(list) {
        words.entry(kind).or_default().push(word);
    }
    words
});

/// Kind and word of each row.
fn rows(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

/// The words of a kind, in the order of the list.
fn words(kind: &str) -> &'static [&'static str] {
    WORDS.get(kind).map_or(&[], Vec::as_slice)
}

fn is_word(kind: &str, text: &str) -> bool {
    words(kind).contains(&text)
}

/// Parts of names that rules look for inside longer words too.
pub const FLAGS: &[&str] = &["quarantine", "incident", "lockdown", "suspend"];

/// Accounts, roles and programs that the rules know, and the starts of such.
static KNOWN: LazyLock<(Vec<&str>, Vec<&str>)> = LazyLock::new(|| {
    let (mut whole, mut starts) = (Vec::new(), vec!["AWSServiceRoleFor", "AWSReservedSSO_"]);
    for (kind, name) in rows(PLATFORM) {
        if matches!(kind, "sa" | "controller" | "agent" | "quiet-image" | "gitops" | "admission") {
            let name = name.rsplit('/').next().unwrap_or(name);
            match name.strip_suffix('*') {
                Some(start) => starts.push(start),
                None => whole.push(name),
            }
        }
    }
    // The longest first: it says most.
    starts.sort_by_key(|it| std::cmp::Reverse(it.len()));
    (whole, starts)
});

/// Every public name, and every start of one, for patterns that could mean them.
pub fn names() -> impl Iterator<Item = &'static str> {
    words("name").iter().copied().chain(KNOWN.0.iter().copied()).chain(KNOWN.1.iter().copied())
}

pub fn is_public_name(text: &str) -> bool {
    is_word("name", text)
        || KEPT_VALUES.contains(&text)
        || KEPT_PRESENCE.contains(&text)
        || KNOWN.0.contains(&text)
        || text.starts_with("AWSServiceRoleFor")
        || text.bytes().all(|byte| !byte.is_ascii_alphanumeric()) && text.is_ascii()
}

/// The part of a name that is known, and the rest: `karpenter` of `karpenter-acme`, `vpc-` of an id.
pub fn known_start(segment: &str) -> (&str, &str) {
    const IDS: &[&str] = &["vpc-", "vpce-", "subnet-", "sg-", "eni-", "ami-", "vol-", "lt-", "eipalloc-", "rtb-"];
    if let Some(start) = KNOWN.1.iter().find(|start| segment.starts_with(**start)) {
        return segment.split_at(start.len());
    }
    let id = IDS.iter().find(|id| {
        let rest = segment.strip_prefix(**id);
        rest.is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(|it| it.is_ascii_hexdigit()))
    });
    segment.split_at(id.map_or(0, |id| id.len()))
}

/// Numbers, truth values, times, versions and regions.
pub fn is_plain_value(text: &str) -> bool {
    let number = text.bytes().all(|it| it.is_ascii_digit()) && text.len() < 12;
    let dotted = text.strip_prefix('v').unwrap_or(text);
    let version = dotted.len() <= 12 && dotted.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let version = version && dotted.contains('.') || text.len() <= 4 && dotted.bytes().all(|it| it.is_ascii_digit());
    matches!(text, "true" | "false" | "null") || number || version || is_region(text) || is_time(text)
}

fn is_time(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
        || text.len() > 10 && text.parse::<jiff::Timestamp>().is_ok()
}

/// Values of well-known labels and of fields.
pub fn is_value(text: &str) -> bool {
    is_word("value", text) || is_plain_value(text) || is_instance_type(text)
}

/// `m6i.xlarge`
fn is_instance_type(text: &str) -> bool {
    text.split_once('.').is_some_and(|(family, size)| {
        let size = size.trim_start_matches(|it: char| it.is_ascii_digit());
        (2..=8).contains(&family.len())
            && family.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
            && family.bytes().any(|it| it.is_ascii_digit())
            && ["nano", "micro", "small", "medium", "large", "xlarge", "metal"].contains(&size)
    })
}

/// Members of policy documents.
pub fn is_grammar(word: &str) -> bool {
    is_word("grammar", word)
}

/// Parts of names that rules read: what a cluster is for, which of twins it is, what is shut off.
pub fn is_part(word: &str) -> bool {
    is_word("part", word)
}

pub fn is_common_key(key: &str) -> bool {
    is_word("key", key)
}

pub fn is_ini_word(word: &str) -> bool {
    is_word("ini", word)
}

pub fn is_path_word(word: &str) -> bool {
    is_word("path", word)
}

pub fn is_resource_type(kind: &str) -> bool {
    is_word("type", kind)
}

pub fn is_scheme(word: &str) -> bool {
    matches!(word, "http" | "https" | "aws" | "docker" | "containerd" | "oci" | "system")
}

/// A condition key of AWS: `aws:SourceVpce`, `s3:prefix`, `sts:ExternalId`; not that of an identity provider.
pub fn is_condition_key(key: &str) -> bool {
    let Some((service, name)) = key.split_once(':') else { return false };
    !service.contains(['.', '/', '*']) && !name.is_empty()
}

pub fn is_service_label(label: &str) -> bool {
    is_word("service", label)
}

/// A domain of AWS, Kubernetes or a known program, or one below it.
pub fn is_public_domain(text: &str) -> bool {
    public_end(text).is_some()
}

/// The public end of a domain, and what stands in front of it.
pub fn public_end(text: &str) -> Option<(&str, &str)> {
    if !text.contains('.')
        || !text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'*' | b'?'))
    {
        return None;
    }
    let end = words("domain")
        .iter()
        .filter(|end| text.strip_suffix(**end).is_some_and(|before| before.is_empty() || before.ends_with('.')));
    let end = end.max_by_key(|end| end.len())?;
    Some(text.split_at(text.len() - end.len()))
}

/// A region or zone: `eu-west-1`, `us-gov-east-1`, `eu-west-1b`.
pub fn is_region(text: &str) -> bool {
    const MIDDLE: &[&str] = &[
        "east",
        "west",
        "north",
        "south",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "gov",
        "iso",
        "isob",
        "isoe",
        "isof",
    ];
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = &parts[..] else { return false };
    let number = last.trim_end_matches(|it: char| it.is_ascii_lowercase());
    first.len() == 2
        && first.bytes().all(|it| it.is_ascii_lowercase())
        && !middle.is_empty()
        && middle.iter().all(|part| MIDDLE.contains(part))
        && last.len() - number.len() <= 1
        && number.len() == 1
        && number.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_list_has_a_kind_that_is_asked_for_and_stands_once() {
        const ASKED: [&str; 10] =
            ["name", "value", "key", "ini", "path", "type", "grammar", "domain", "service", "part"];
        assert_eq!(WORDS.len(), ASKED.len());
        for kind in ASKED {
            let mut all = words(kind).to_vec();
            all.sort_unstable();
            assert!(!all.is_empty() && all.windows(2).all(|pair| pair[0] != pair[1]), "{kind}: {all:?}");
        }
    }

    #[test]
    fn words_of_formats_are_public_and_names_of_people_are_not() {
        assert!(is_public_name("kube-system") && is_value("linux") && is_public_domain("sqs.eu-west-1.amazonaws.com"));
        assert!(is_value("m6i.xlarge") && is_region("us-gov-east-1") && is_part("prod"));
        assert!(
            !is_public_name("acme") && !is_value("acme") && !is_public_domain("acme.example") && !is_region("acme-1")
        );
    }
}
