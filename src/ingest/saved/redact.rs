//! Pseudonyms: every name is replaced, each everywhere by the same other one, so that a snapshot can be shared.
//!
//! Names are taken apart at their punctuation and each part gets a made-up word: `payments-api` and `payments-*` become
//! `kabolurite-miratogedo` and `kabolurite-*`, so that patterns go on matching what they matched and nothing else.
//! [`facts`] says what each field holds, `forms` how it is replaced, `words` by what; `public` what stays: names of AWS,
//! of Kubernetes and of programs that everybody runs, actions, condition keys, regions, times, private addresses.
//!
//! What is lost: prose such as the reason of a gap, the place of an object in the dumps it came from, the white space of
//! policy documents. What a pattern matched may change where it cuts an account id, or where two patterns overlap inside
//! one word (`*men*` and `*ents` in `payments`).

pub mod facts;
mod forms;
mod public;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;
use crate::model::coverage::SourceReport;
use crate::model::facts::meta::Labels;
use crate::model::facts::pod::PodSpec;
use crate::model::facts::workload::PodTemplate;
use crate::model::{Coverage, Inventory, SourceId};

use facts::Redact;
use words::Words;

/// What stands in place of prose, which may hold any name.
const WITHHELD: &str = "withheld";

/// Replaces names. The same key gives the same names, also in another snapshot.
#[derive(Debug)]
pub struct Redactor {
    words: Words,
    /// The patterns of the estate are still being collected.
    looking: bool,
    /// Names of policies that AWS manages, as found.
    managed: FxHashSet<String>,
    specs: FxHashMap<usize, Arc<PodSpec>>,
    templates: FxHashMap<usize, Arc<PodTemplate>>,
    labels: FxHashMap<usize, Labels>,
}

/// The inventory under other names, and who gave them. Cost: two passes over everything.
pub fn redact(inventory: &Inventory, key: &[u8]) -> (Inventory, Redactor) {
    let mut redactor = Redactor {
        words: Words::new(key),
        looking: true,
        managed: FxHashSet::default(),
        specs: FxHashMap::default(),
        templates: FxHashMap::default(),
        labels: FxHashMap::default(),
    };
    // What patterns could tell apart must be known before the first word is given.
    redactor.inventory(inventory);
    redactor.looking = false;
    redactor.words.forget();
    redactor.specs.clear();
    redactor.templates.clear();
    redactor.labels.clear();
    let redacted = redactor.inventory(inventory);
    (redacted, redactor)
}

impl Redactor {
    /// What a name of the original is called now.
    pub fn renamed(&mut self, text: &str) -> String {
        self.text(text)
    }

    fn inventory(&mut self, inventory: &Inventory) -> Inventory {
        let mut out = Inventory::default();
        out.now = inventory.now;
        let clusters = inventory.clusters.values().map(|cluster| {
            let mut cluster = (**cluster).clone();
            cluster.redact(self);
            (cluster.label.clone(), Arc::new(cluster))
        });
        out.clusters = clusters.collect();
        let accounts: BTreeMap<Name, _> = inventory
            .accounts
            .values()
            .map(|account| {
                let mut account = (**account).clone();
                account.redact(self);
                (account.id.clone(), Arc::new(account))
            })
            .collect();
        out.accounts = accounts;
        out.coverage = self.coverage(&inventory.coverage);
        out
    }

    /// Reasons and losses tell of names in sentences.
    fn coverage(&mut self, coverage: &Coverage) -> Coverage {
        let mut out = Coverage::default();
        for (source, report) in coverage.sources() {
            let source = SourceId { kind: source.kind, path: Name::new(&self.source(&source.path)) };
            let why = if report.why.is_empty() { String::new() } else { WITHHELD.to_owned() };
            out.set(source, SourceReport { why, losses: Vec::new(), ..report.clone() });
        }
        out
    }

    /// The name of a source or its directory: `clusters/prod/pods.json`, `accounts/111122223333`.
    pub fn source(&mut self, path: &str) -> String {
        match path.split('/').collect::<Vec<_>>()[..] {
            [kind @ ("clusters" | "accounts"), name, ref rest @ ..] => {
                let name = self.word(name);
                [&[kind, &name][..], rest].concat().join("/")
            }
            _ => path.to_owned(),
        }
    }

    /// The name of an object, which of a node is that of a host.
    fn node(&mut self, name: &str) -> String {
        let is_node = |it: &str| it.starts_with("ip-") || it.starts_with("fargate-ip-");
        if is_node(name) && !name.contains([':', '/']) && !name.contains('.') {
            self.look(name);
            return self.host_label(name);
        }
        self.word(name)
    }

    fn is_public(&self, name: &str) -> bool {
        self.managed.contains(name)
    }

    /// Collects what patterns could tell apart.
    fn look(&mut self, text: &str) {
        if !self.looking {
            return;
        }
        if let Some((_, name)) = text.split_once(":iam::aws:policy/") {
            self.managed.extend(name.rsplit('/').next().map(str::to_owned));
        }
        if !text.contains(['*', '?']) && !text.contains("${") {
            return;
        }
        let bytes = text.as_bytes();
        let open = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'*' | b'?' | b'$' | b'}'));
        for (at, part) in forms::parts(text) {
            let before = open(at.checked_sub(1).and_then(|before| bytes.get(before)));
            match (before, open(bytes.get(at + part.len()))) {
                (true, true) => drop(self.words.middles.insert(part.to_owned())),
                (true, false) => drop(self.words.ends.insert(part.to_owned())),
                (false, true) => drop(self.words.starts.insert(part.to_owned())),
                (false, false) => {}
            }
        }
        let run = text.split(|it| it != '?').map(str::len).max().unwrap_or(0);
        self.words.short = self.words.short.max(run.min(3));
        for segment in text.split([':', '/', '@']).filter(|it| it.contains(['*', '?'])) {
            if public::names().any(|name| fits(segment, name)) {
                self.words.kept.extend(forms::parts(segment).map(|(_, part)| part.to_owned()));
            }
        }
    }
}

/// Whether a pattern could mean a name or what begins with it.
fn fits(pattern: &str, name: &str) -> bool {
    fn from(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => from(rest, name) || !name.is_empty() && from(pattern, &name[1..]),
            ([b'?', rest @ ..], [_, after @ ..]) => from(rest, after),
            ([a, rest @ ..], [b, after @ ..]) if a == b => from(rest, after),
            _ => false,
        }
    }
    // Many stars make this slow, and nobody writes them.
    pattern.matches('*').count() <= 4
        && pattern.bytes().any(|it| it.is_ascii_alphanumeric())
        && from(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(texts: &[&str]) -> Vec<String> {
        let (_, mut redactor) = redact(&Inventory::default(), b"k");
        redactor.looking = true;
        texts.iter().for_each(|text| drop(redactor.text(text)));
        redactor.looking = false;
        redactor.words.forget();
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
            "https://payments.acme.example/x",
        ]);
        let word = &texts[0];
        assert!(word.len() == 10 && word != "payments");
        assert!(texts[1].starts_with(&format!("system:serviceaccount:{word}:")));
        assert!(texts[2].ends_with(&format!(":role/{word}")) && !texts[2].contains("111122223333"), "{texts:?}");
        assert!(texts[3].starts_with(&format!("{word}-")) && texts[4] == format!("/{word}/"));
        assert!(texts[5].starts_with(&format!("https://{word}.")));
    }

    #[test]
    fn patterns_go_on_matching_what_they_matched_and_nothing_else() {
        let texts = redacted(&[
            "payments-api",
            "pay*",
            "*ments-api",
            "arn:aws:s3:::payments-*",
            "payroll",
            "party",
            "*refr*",
            "x",
            "p*",
            "storefront",
            "shop?",
            "shops",
        ]);
        let matches = |pattern: usize, name: usize| fits(&texts[pattern], &texts[name]);
        assert!(matches(1, 0) && matches(1, 4) && !matches(1, 5) && !matches(1, 9), "{texts:?}");
        assert!(matches(2, 0) && !matches(2, 4) && !matches(2, 5), "{texts:?}");
        assert!(matches(10, 11) && !matches(10, 9), "{texts:?}");
        assert!(matches(6, 9) && !matches(6, 4) && !matches(6, 0), "{texts:?}");
        assert!(matches(8, 0) && matches(8, 4) && matches(8, 5) && !matches(8, 9), "{texts:?}");
        let bucket = texts[3].strip_prefix("arn:aws:s3:::").expect("a bucket");
        assert!(fits(bucket, &texts[0]));
    }

    #[test]
    fn what_is_public_stays() {
        for text in [
            "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            "kube-system",
            "system:masters",
            "eks:addon-manager",
            "sts.amazonaws.com",
            "eu-west-1",
            "eu-west-1b",
            "169.254.170.23",
            "0.0.0.0/0",
            "arn:aws:iam::*:role/*",
            "2026-01-01T00:00:00Z",
            "system:serviceaccount:kube-system:aws-node",
            "AmazonEKSWorkerNodePolicy",
        ] {
            assert_eq!(redacted(&["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy", text])[1], text);
        }
        // A pattern that also means something public keeps its letters.
        assert_eq!(redacted(&["system:serviceaccount:kube-*:*"])[0], "system:serviceaccount:kube-*:*");
    }

    #[test]
    fn hosts_keep_what_aws_gave_them() {
        let texts = redacted(&[
            "ip-10-0-12-34.eu-west-1.compute.internal",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/7A1F0C52E9B84D36A0D1C6F3B27E5948",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/api:1.2",
            "203.0.113.0/24",
            "203.0.113.7",
        ]);
        assert!(texts[0].starts_with("ip-") && texts[0].ends_with(".eu-west-1.compute.internal"), "{texts:?}");
        assert!(!texts[0].contains("10-0-12"), "{texts:?}");
        assert!(texts[1].starts_with("https://oidc.eks.eu-west-1.amazonaws.com/id/") && !texts[1].contains("7A1F"));
        assert!(texts[2].contains(".dkr.ecr.eu-west-1.amazonaws.com/") && !texts[2].contains("acme"), "{texts:?}");
        let net: ipnet::IpNet = texts[3].parse().expect("a network");
        assert!(
            texts[3] != "203.0.113.0/24" && net.contains(&texts[4].parse::<std::net::IpAddr>().expect("an address"))
        );
    }

    #[test]
    fn a_policy_keeps_its_grammar() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::invoices/*","arn:aws:s3:::home/${aws:PrincipalTag/costs}/*"],"Condition":{"StringEquals":{"aws:PrincipalTag/costs":"billing","aws:RequestedRegion":"eu-west-1","oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789:sub":"system:serviceaccount:shop:web"},"Bool":{"aws:SecureTransport":"true"}}}]}"#;
        let text = &redacted(&[policy])[0];
        for kept in [
            "2012-10-17",
            "\"s3:GetObject\"",
            "arn:aws:s3:::",
            "/*",
            "StringEquals",
            "aws:PrincipalTag/",
            "eu-west-1",
            ":sub\"",
            "${aws:PrincipalTag/",
            "}/*",
            "aws:SecureTransport\":\"true",
            "system:serviceaccount:",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        for gone in ["invoices", "Read", "costs", "billing", "ABCDEF", "shop"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
    }

    #[test]
    fn a_reference_to_a_variable_stays_whole() {
        let text = &redacted(&["arn:aws:iam::111122223333:role/$(TEAM)-app", "$(A", "${b"])[0];
        assert!(text.contains("$(TEAM)-"), "{text}");
    }
}
