//! Pseudonyms: every name is replaced, each everywhere by the same other one, so that a snapshot can be shared.
//!
//! Names are taken apart at their punctuation and each part gets a word of its own; `payments-api` and `payments-*`
//! become `kabolu..-mirate..` and `kabolu..-*`, so that patterns go on matching what they matched. Parts that stand
//! beside a wildcard are cut out of longer parts too (`pay*` of `payments`). All words have one length, so none begins
//! another. What is public stays: names of AWS and Kubernetes, actions, condition operators, regions, structure.
//!
//! Not kept: a `?` inside a part, and comparisons that ignore case. Two snapshots redacted apart do not share words.

mod public;

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::base::Name;
use crate::model::Inventory;

use public::{is_kept, is_kept_resource_type, is_public_domain, is_region};

/// What stands for text that is prose and may hold any name.
const WITHHELD: &str = "withheld";

/// Gives out words.
#[derive(Debug, Default)]
pub struct Redactor {
    words: FxHashMap<String, String>,
    accounts: FxHashMap<String, String>,
    /// Parts in front of a wildcard and behind one.
    starts: FxHashSet<String>,
    ends: FxHashSet<String>,
    /// Whole texts that stay: names of policies that AWS manages, as found.
    kept: FxHashSet<String>,
}

/// The inventory without prose: reasons and losses tell of names in sentences.
pub(super) fn without_prose(inventory: &Inventory) -> Inventory {
    let mut quiet = inventory.clone();
    for (source, report) in inventory.coverage.sources() {
        let mut report = report.clone();
        report.why.clear();
        for loss in &mut report.losses {
            loss.path.clear();
            loss.found = WITHHELD.to_owned();
            loss.expected = WITHHELD.to_owned();
        }
        quiet.coverage.set(source.clone(), report);
    }
    quiet
}

impl Redactor {
    /// Looks through all texts that are going to be replaced.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.kept.insert(WITHHELD.to_owned());
        let mut accounts = BTreeSet::new();
        for text in texts {
            for (at, part) in parts(text) {
                if is_account(part) {
                    accounts.insert(part);
                }
                let wild = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'*' | b'?'));
                let bytes = text.as_bytes();
                if wild(bytes.get(at + part.len())) {
                    redactor.starts.insert(part.to_owned());
                }
                if wild(at.checked_sub(1).and_then(|before| bytes.get(before))) {
                    redactor.ends.insert(part.to_owned());
                }
            }
            if let Some((_, name)) = text.split_once(":iam::aws:policy/") {
                redactor.kept.extend(name.rsplit('/').next().map(str::to_owned));
            }
        }
        // In order, so that what is sorted by account stays so.
        for (number, account) in accounts.into_iter().enumerate() {
            redactor.accounts.insert(account.to_owned(), format!("{:012}", 100_000_000_001 + number as u64));
        }
        redactor
    }

    /// The text with its names replaced.
    pub fn text(&mut self, text: &str) -> String {
        if is_kept(text) || self.kept.contains(text) {
            return text.to_owned();
        }
        if text.trim_start().starts_with(['{', '['])
            && let Ok(mut value) = serde_json::from_str::<Value>(text)
        {
            self.json(&mut value, "");
            return value.to_string();
        }
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            // Words as prose and configuration files put them apart.
            let separator = |it: char| it.is_whitespace() || "\"'`,;=()[]{}<>|".contains(it);
            let end = rest.find(separator).unwrap_or(rest.len());
            self.word(&rest[..end], &mut out);
            let after = rest[end..].find(|it| !separator(it)).map_or(rest.len(), |it| end + it);
            out.push_str(&rest[end..after]);
            rest = &rest[after..];
        }
        out
    }

    fn word(&mut self, word: &str, out: &mut String) {
        if word.is_empty() || is_kept(word) || self.kept.contains(word) {
            return out.push_str(word);
        }
        if let Some(arn) = word.strip_prefix("arn:") {
            return self.arn(arn, out);
        }
        if word.starts_with("system:") && !word.starts_with("system:serviceaccount") {
            return out.push_str(word);
        }
        if let Some(address) = address(word) {
            return self.address(word, address, out);
        }
        if let Some((domain, name)) = word.split_once('/')
            && is_public_domain(domain)
            && !domain.starts_with("oidc.")
            && !name.contains(['/', ':', '.'])
            && !domain.contains("dkr.ecr")
        {
            // A label or annotation key of Kubernetes or AWS.
            return out.push_str(word);
        }
        let mut rest = word;
        loop {
            let end = rest.find([':', '/', '@']).unwrap_or(rest.len());
            self.segment(&rest[..end], out);
            let Some(separator) = rest[end..].chars().next() else { return };
            out.push(separator);
            rest = &rest[end + separator.len_utf8()..];
        }
    }

    /// `arn:` is cut off.
    fn arn(&mut self, arn: &str, out: &mut String) {
        out.push_str("arn:");
        let mut parts = arn.splitn(5, ':');
        let (partition, service, region) = (parts.next(), parts.next(), parts.next());
        for part in [partition, service, region].into_iter().flatten() {
            out.push_str(part);
            out.push(':');
        }
        let (Some(account), Some(resource)) = (parts.next(), parts.next()) else {
            // A short pattern ends where its colons do.
            if arn.split(':').count() <= 3 {
                out.pop();
            } else if let Some(account) = arn.splitn(5, ':').nth(3) {
                self.segment(account, out);
            }
            return;
        };
        self.segment(account, out);
        out.push(':');
        if account == "aws" || resource.starts_with("role/aws-service-role/") {
            return out.push_str(resource);
        }
        let end = resource.find(['/', ':']).unwrap_or(resource.len());
        let kind = &resource[..end];
        if service != Some("s3") && is_kept_resource_type(kind) {
            out.push_str(kind);
            if end == resource.len() {
                return;
            }
            out.push_str(&resource[end..end + 1]);
            return self.word(&resource[end + 1..], out);
        }
        self.word(resource, out);
    }

    /// What stands between two colons or slashes.
    fn segment(&mut self, segment: &str, out: &mut String) {
        if is_kept(segment) || self.kept.contains(segment) || is_region(segment) {
            return out.push_str(segment);
        }
        if let Some(rest) = segment.strip_prefix("ip-").filter(|rest| rest.starts_with(|it: char| it.is_ascii_digit()))
        {
            // The name of a node is its address.
            let (host, domain) = rest.split_once('.').map_or((rest, None), |(host, domain)| (host, Some(domain)));
            out.push_str("ip-");
            out.push_str(&self.fixed(host));
            if let Some(domain) = domain {
                out.push('.');
                self.segment(domain, out);
            }
            return;
        }
        let public = is_public_domain(segment);
        let mut at = 0;
        for (start, part) in parts(segment) {
            out.push_str(&segment[at..start]);
            at = start + part.len();
            let before_s3 = segment[at..].starts_with(".s3");
            if public && !before_s3 && part.len() < 16 && !is_account(part) {
                out.push_str(part);
            } else if is_region(&segment[start..]) {
                // `eu-west-1` and zones at the end of a name.
                out.push_str(&segment[start..]);
                return;
            } else {
                self.part(part, out);
            }
        }
        out.push_str(&segment[at..]);
    }

    fn part(&mut self, part: &str, out: &mut String) {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(account) = self.accounts.get(part) {
            return out.push_str(account);
        }
        if part.chars().count() == 1 || digits && part.len() <= 6 {
            return out.push_str(part);
        }
        // Cut wherever a pattern of the estate could.
        let mut cuts = BTreeSet::from([0, part.len()]);
        for (at, _) in part.char_indices().skip(1) {
            if self.starts.contains(&part[..at]) || self.ends.contains(&part[at..]) {
                cuts.insert(at);
            }
        }
        let cuts: Vec<usize> = cuts.into_iter().collect();
        for cut in cuts.windows(2) {
            let word = self.fixed(&part[cut[0]..cut[1]]);
            out.push_str(&word);
        }
    }

    /// The word of a part.
    fn fixed(&mut self, part: &str) -> String {
        let next = self.words.len();
        self.words.entry(part.to_owned()).or_insert_with(|| spelled(next)).clone()
    }

    /// Addresses inside private networks tell nothing; others move into the range that is set aside for benchmarks.
    fn address(&mut self, word: &str, net: IpNet, out: &mut String) {
        let wide = net.prefix_len() <= 8;
        let inside = match net.addr() {
            IpAddr::V4(it) => it.is_private() || it.is_link_local() || it.is_loopback() || it.is_unspecified(),
            IpAddr::V6(it) => {
                it.is_loopback() || it.is_unspecified() || it.is_unique_local() || it.is_unicast_link_local()
            }
        };
        if wide || inside {
            return out.push_str(word);
        }
        let next = self.words.len();
        self.words.entry(format!("address {}", net.addr())).or_insert_with(|| next.to_string());
        let number: usize = self.words[&format!("address {}", net.addr())].parse().unwrap_or_default();
        out.push_str(&format!("198.18.{}.{}", number / 256 % 256, number % 256));
        if word.contains('/') {
            out.push_str(&format!("/{}", net.prefix_len().min(32)));
        }
    }

    /// A policy document by its grammar; other JSON by its values. `member` is the name it stands under.
    fn json(&mut self, value: &mut Value, member: &str) {
        match value {
            Value::String(text) => {
                let public = matches!(member, "Action" | "NotAction" | "Effect" | "Version" | "Service");
                if !public {
                    *text = self.text(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item, member)),
            Value::Object(object) => {
                let members = std::mem::take(object);
                for (name, mut value) in members {
                    let inside_condition = member == "Condition";
                    let is_key = member.starts_with("condition ");
                    let (name, below) = if inside_condition {
                        let below = format!("condition {name}");
                        (name, below)
                    } else if is_key {
                        (self.condition_key(&name), "value".to_owned())
                    } else if GRAMMAR.contains(&name.as_str()) {
                        (name.clone(), name)
                    } else {
                        (self.text(&name), String::new())
                    };
                    self.json(&mut value, &below);
                    object.insert(name, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// `aws:PrincipalTag/team` keeps what is in front of the slash; the key of a provider is a name and what it asks.
    fn condition_key(&mut self, key: &str) -> String {
        let (name, asked) = key.rsplit_once(':').unwrap_or((key, ""));
        if name.contains('.') {
            return format!("{}:{asked}", self.text(name));
        }
        match key.split_once('/') {
            Some((key, tag)) => format!("{key}/{}", self.text(tag)),
            None => key.to_owned(),
        }
    }
}

/// Members of policy documents.
const GRAMMAR: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
    "AWS",
    "Service",
    "Federated",
    "CanonicalUser",
];

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn address(word: &str) -> Option<IpNet> {
    word.parse().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Runs of letters and digits with their places.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let end = text[start..].find(|it: char| !it.is_alphanumeric()).map_or(text.len(), |it| start + it);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// A word of eight letters that can be spoken; numbers below 31 million have words of their own.
fn spelled(mut number: usize) -> String {
    const FIRST: &[u8] = b"bdfgklmnprstvxz";
    const SECOND: &[u8] = b"aeiou";
    // Neighbours should not look alike: a step that shares no factor with the number of words.
    number = number.wrapping_mul(1_234_577) % 31_640_625;
    let mut word = String::new();
    for _ in 0..4 {
        word.push(char::from(FIRST[number % FIRST.len()]));
        number /= FIRST.len();
        word.push(char::from(SECOND[number % SECOND.len()]));
        number /= SECOND.len();
    }
    word
}

/// All texts with their names replaced, in their order.
pub(super) fn all(redactor: &mut Redactor, texts: &[Name]) -> Vec<Name> {
    texts.iter().map(|text| Name::new(&redactor.text(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(texts: &[&str]) -> Vec<String> {
        let mut redactor = Redactor::of(texts.iter().copied());
        texts.iter().map(|text| redactor.text(text)).collect()
    }

    #[test]
    fn a_name_has_one_word_wherever_it_stands() {
        let texts = redacted(&[
            "payments",
            "system:serviceaccount:payments:api",
            "arn:aws:iam::111122223333:role/payments",
            "payments-api",
            "/payments/",
        ]);
        let word = &texts[0];
        assert!(word.len() == 8 && word != "payments");
        assert!(texts[1].starts_with(&format!("system:serviceaccount:{word}:")));
        assert_eq!(texts[2], format!("arn:aws:iam::100000000001:role/{word}"));
        assert!(texts[3].starts_with(&format!("{word}-")) && texts[4] == format!("/{word}/"));
    }

    #[test]
    fn patterns_go_on_matching_what_they_matched() {
        let texts = redacted(&["payments-api", "pay*", "*ments-api", "arn:aws:s3:::payments-*", "payroll"]);
        let (start, end) = (texts[1].strip_suffix('*').expect("a star"), texts[2].strip_prefix('*').expect("a star"));
        assert!(texts[0].starts_with(start) && texts[0].ends_with(end), "{texts:?}");
        assert!(texts[4].starts_with(start));
        let bucket = texts[3].strip_prefix("arn:aws:s3:::").and_then(|it| it.strip_suffix('*')).expect("a pattern");
        assert!(texts[0].starts_with(bucket));
    }

    #[test]
    fn what_is_public_stays() {
        for text in [
            "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            "kube-system",
            "system:masters",
            "eks.amazonaws.com/role-arn",
            "sts.amazonaws.com",
            "eu-west-1",
            "eu-west-1b",
            "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
            "169.254.170.23",
            "0.0.0.0/0",
            "clusterroles",
            "arn:aws:iam::*:role/*",
        ] {
            assert_eq!(redacted(&[text]), [text]);
        }
    }

    #[test]
    fn a_policy_keeps_its_grammar() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::invoices/*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"billing","aws:RequestedRegion":"eu-west-1"}}}]}"#;
        let text = &redacted(&[policy])[0];
        for kept in
            ["2012-10-17", "\"s3:GetObject\"", "arn:aws:s3:::", "/*", "StringEquals", "aws:PrincipalTag/", "eu-west-1"]
        {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        for gone in ["invoices", "Read", "team", "billing"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
    }

    #[test]
    fn words_are_all_different() {
        let words: BTreeSet<String> = (0..20_000).map(spelled).collect();
        assert_eq!(words.len(), 20_000);
    }
}
