//! Texts by their form: words, ARNs, hosts, addresses, paths, policy documents. Each keeps its structure and what is
//! public in it.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::Redactor;
use super::public::{
    self, is_common_key, is_condition_key, is_ini_word, is_path_word, is_plain_value, is_public_domain, is_public_name,
    is_region, is_resource_type, is_scheme,
};

impl Redactor {
    /// Free text, such as a YAML list of mappings: what stands between blanks, quotes and brackets is a word.
    pub(super) fn text(&mut self, text: &str) -> String {
        if text.trim_start().starts_with(['{', '['])
            && let Some(document) = self.document(text)
        {
            return document;
        }
        let separator = |it: char| it.is_whitespace() || "\"'`,;=()[]<>|".contains(it);
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(end) = reference(rest) {
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            let end = rest.find(separator).unwrap_or(rest.len()).min(next(rest, "$(", reference));
            let word = &rest[..end];
            out.push_str(&if is_ini_word(word.trim_end_matches(':')) { word.to_owned() } else { self.word(word) });
            let after = rest[end..].find(|it| !separator(it)).map_or(rest.len(), |it| end + it);
            out.push_str(&rest[end..after]);
            rest = &rest[after..];
        }
        out
    }

    /// A name, an ARN, an address, a pattern of any of them.
    pub(super) fn word(&mut self, word: &str) -> String {
        self.look(word);
        if let Some(address) = self.address(word) {
            return address;
        }
        if word.is_empty() || is_plain_value(word) || is_public_name(word) || self.is_public(word) {
            return word.to_owned();
        }
        if let Some(arn) = word.strip_prefix("arn:") {
            return format!("arn:{}", self.arn(arn));
        }
        if word.starts_with("eks:") {
            return word.to_owned();
        }
        if let Some(rest) = word.strip_prefix("system:") {
            // `system:serviceaccount:NAMESPACE:NAME`, `system:node:NAME`; other names of Kubernetes stay.
            return match rest.split_once(':') {
                Some((kind @ ("serviceaccount" | "serviceaccounts" | "node"), names)) => {
                    format!("system:{kind}:{}", self.segments(names, false))
                }
                _ => word.to_owned(),
            };
        }
        let is_loose_arn = word.starts_with('*') && word.contains(':');
        self.segments(word, is_loose_arn)
    }

    /// Behind `arn:`.
    fn arn(&mut self, arn: &str) -> String {
        let fields: Vec<&str> = arn.splitn(5, ':').collect();
        let [partition, service, region, account, resource] = fields[..] else {
            // A pattern that ends before the resource.
            let known = fields.iter().take(3).copied();
            let account = fields.get(3).map(|it| self.segment(it));
            let fields: Vec<String> = known.map(str::to_owned).chain(account).collect();
            return fields.join(":");
        };
        let start = format!("{partition}:{service}:{region}");
        let of_aws = account == "aws" || resource.starts_with("role/aws-service-role/");
        let account = self.segment(account);
        if of_aws {
            return format!("{start}:{account}:{resource}");
        }
        let end = resource.find(['/', ':']).unwrap_or(resource.len());
        let (kind, rest) = resource.split_at(end);
        let resource = if resource == "root" {
            resource.to_owned()
        } else if begins_with_type(service, kind) && !rest.is_empty() {
            let path = self.segments(&rest[1..], false);
            format!("{kind}{}{path}", &rest[..1])
        } else {
            self.segments(resource, false)
        };
        format!("{start}:{account}:{resource}")
    }

    /// Names between colons, slashes and at signs. `typed`: types of resources among them stay.
    fn segments(&mut self, text: &str, typed: bool) -> String {
        let mut out = String::new();
        let mut rest = text;
        loop {
            if let Some(end) = variable(rest) {
                out.push_str(&self.policy_variable(&rest[..end]));
                rest = &rest[end..];
            }
            let end = rest.find([':', '/', '@']).unwrap_or(rest.len()).min(next(rest, "${", variable));
            let segment = &rest[..end];
            let after = rest[end..].chars().next();
            let keeps = typed && is_resource_type(segment) || is_scheme(segment) && after == Some(':');
            out.push_str(&if keeps { segment.to_owned() } else { self.segment(segment) });
            let Some(separator) = after else { return out };
            if separator == '$' {
                rest = &rest[end..];
                continue;
            }
            out.push(separator);
            rest = &rest[end + separator.len_utf8()..];
        }
    }

    /// `${aws:PrincipalTag/team}` keeps all but the tag.
    fn policy_variable(&mut self, variable: &str) -> String {
        let inside = &variable[2..variable.len() - 1];
        let (name, default) = inside.split_once(',').map_or((inside, None), |(name, default)| (name, Some(default)));
        let name = match name.split_once('/') {
            Some((key, tag)) => format!("{key}/{}", self.key(tag)),
            None => name.to_owned(),
        };
        let default = default.map_or_else(String::new, |it| format!(",{}", self.text(it)));
        format!("${{{name}{default}}}")
    }

    /// What stands between two colons or slashes.
    pub(super) fn segment(&mut self, segment: &str) -> String {
        if segment.is_empty() || is_public_name(segment) || self.is_public(segment) || is_plain_value(segment) {
            return segment.to_owned();
        }
        if is_account(segment) {
            return self.words.account(segment);
        }
        // The host of a URL.
        if let Some(address) = self.address(segment) {
            return address;
        }
        if let Some(host) = self.host(segment) {
            return host;
        }
        let (kept, rest) = public::known_start(segment);
        let mut out = kept.to_owned();
        let mut at = 0;
        for (start, part) in parts(rest) {
            out.push_str(&rest[at..start]);
            at = start + part.len();
            if let Some(region) = region_at(&rest[start..]) {
                // A region inside a name; the parts of it are stepped over.
                if start == 0 || !rest[..start].ends_with(|it: char| it.is_alphanumeric()) {
                    let first = &rest[start..start + region];
                    if first.len() > part.len() {
                        out.push_str(first);
                        return out + &self.segment_tail(&rest[start + region..]);
                    }
                }
            }
            out.push_str(&if is_account(part) { self.words.account(part) } else { self.words.part(part) });
        }
        out + &rest[at..]
    }

    fn segment_tail(&mut self, tail: &str) -> String {
        if tail.is_empty() { String::new() } else { self.segment(tail) }
    }

    /// A host below a public domain: `ip-10-0-12-34.eu-west-1.compute.internal`, a bucket of S3, an issuer.
    fn host(&mut self, segment: &str) -> Option<String> {
        let (front, domain) = public::public_end(segment)?;
        let front = front.trim_end_matches('.');
        if front.is_empty() {
            return Some(segment.to_owned());
        }
        let mut labels: Vec<String> = Vec::new();
        for label in front.split('.') {
            let public = is_region(label) || public::is_service_label(label);
            labels.push(if public { label.to_owned() } else { self.host_label(label) });
        }
        Some(format!("{}.{domain}", labels.join(".")))
    }

    /// The name of a node is made of its address, which is mapped as one.
    pub(super) fn host_label(&mut self, label: &str) -> String {
        for start in ["fargate-ip-", "ip-"] {
            let Some(address) = label.strip_prefix(start) else { continue };
            if address.starts_with(|it: char| it.is_ascii_digit()) && !address.contains(['*', '?']) {
                let word = self.words.part(&address.replace('-', "x"));
                return format!("{start}{word}");
            }
        }
        if is_account(label) {
            return self.words.account(label);
        }
        let mut out = String::new();
        let mut at = 0;
        for (start, part) in parts(label) {
            out.push_str(&label[at..start]);
            at = start + part.len();
            out.push_str(&if is_account(part) { self.words.account(part) } else { self.words.part(part) });
        }
        out + &label[at..]
    }

    /// Addresses of private networks tell nothing; others are moved so that networks go on holding what they held.
    fn address(&mut self, word: &str) -> Option<String> {
        let net: IpNet = word.parse().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from))?;
        let moved = match net.addr() {
            IpAddr::V4(it) => {
                let inside = it.is_private() || it.is_link_local() || it.is_loopback() || it.is_unspecified();
                let octets = it.octets();
                if inside || net.prefix_len() < 8 {
                    return Some(word.to_owned());
                }
                // Whatever has the same first byte moves alike; the second one stays where part of the range is private.
                let mask = self.words.mask(&format!("network {}", octets[0]));
                let second = if matches!(octets[0], 100 | 169 | 172 | 192 | 198) { 0 } else { mask[0] };
                IpAddr::from([octets[0], octets[1] ^ second, octets[2] ^ mask[1], octets[3] ^ mask[2]])
            }
            IpAddr::V6(it) => {
                let inside =
                    it.is_loopback() || it.is_unspecified() || it.is_unique_local() || it.is_unicast_link_local();
                if inside || net.prefix_len() < 16 {
                    return Some(word.to_owned());
                }
                let mut octets = it.octets();
                let mask = self.words.mask(&format!("network {}", it.segments()[0]));
                octets.iter_mut().zip(mask).skip(2).for_each(|(octet, mask)| *octet ^= mask);
                IpAddr::from(octets)
            }
        };
        Some(match word.contains('/') {
            true => IpNet::new(moved, net.prefix_len()).map_or_else(|_| word.to_owned(), |it| it.trunc().to_string()),
            false => moved.to_string(),
        })
    }

    /// A path in a container or on a node: what every node has stays.
    pub(super) fn path(&mut self, path: &str) -> String {
        self.look(path);
        let segment = |it: &str| if is_path_word(it) { it.to_owned() } else { self.segment(it) };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// The key of a label, annotation or tag.
    pub(super) fn key(&mut self, key: &str) -> String {
        if is_common_key(key) || key.starts_with("aws:") || key.starts_with("eks:") {
            return key.to_owned();
        }
        match key.split_once('/') {
            // `kubernetes.io/cluster/NAME`
            Some((domain, name)) if is_public_domain(domain) => match name.split_once('/') {
                Some((kind, name)) => format!("{domain}/{kind}/{}", self.word(name)),
                None => key.to_owned(),
            },
            _ => self.word(key),
        }
    }

    /// A policy document by its grammar, other JSON by its values. `None`: it is no JSON.
    pub(super) fn document(&mut self, text: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        self.json(&mut value, "");
        Some(value.to_string())
    }

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
                for (name, mut value) in std::mem::take(object) {
                    let name = match member {
                        "Condition" => {
                            self.condition(&name, &mut value);
                            name
                        }
                        _ if public::is_grammar(&name) => {
                            self.json(&mut value, &name);
                            name
                        }
                        _ => {
                            self.json(&mut value, "");
                            self.text(&name)
                        }
                    };
                    object.insert(name, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Keys and values under one operator.
    fn condition(&mut self, operator: &str, value: &mut Value) {
        let Value::Object(object) = value else { return self.json(value, "") };
        let plain = ["Date", "Numeric", "Bool", "Null", "Binary"].iter().any(|it| operator.contains(it));
        for (key, mut value) in std::mem::take(object) {
            if !plain {
                self.json(&mut value, "");
            }
            object.insert(self.condition_key(&key), value);
        }
    }

    /// `aws:PrincipalTag/team` keeps what is in front of the slash; a key of a provider is its host and path, and a claim.
    fn condition_key(&mut self, key: &str) -> String {
        if is_condition_key(key) {
            return match key.split_once('/') {
                Some((key, tag)) => format!("{key}/{}", self.key(tag)),
                None => key.to_owned(),
            };
        }
        match key.rsplit_once(':') {
            Some((provider, claim)) => format!("{}:{claim}", self.word(provider)),
            None => self.word(key),
        }
    }
}

/// Whether the resource part of an ARN begins with a type; with these services it begins with a name.
fn begins_with_type(service: &str, kind: &str) -> bool {
    !matches!(service, "s3" | "sqs" | "sns" | "execute-api" | "codecommit")
        && kind.bytes().all(|it| it.is_ascii_alphabetic() || it == b'-')
}

/// Where the next whole reference stands; the end of the text where there is none.
fn next(text: &str, start: &str, whole: fn(&str) -> Option<usize>) -> usize {
    let found = text.match_indices(start).map(|(at, _)| at).find(|at| whole(&text[*at..]).is_some());
    found.unwrap_or(text.len())
}

/// `$(NAME)` at the start.
fn reference(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("$(")?;
    inside.find(')').map(|end| end + 3)
}

/// `${...}` at the start.
fn variable(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("${")?;
    inside.find('}').map(|end| end + 3)
}

/// How long a region at the start is; it ends there or at a mark.
fn region_at(text: &str) -> Option<usize> {
    let mut found = None;
    for (at, _) in text.match_indices('-').skip(1).take(4) {
        let digits = text[at + 1..].find(|it: char| !it.is_ascii_digit()).map_or(text.len(), |it| at + 1 + it);
        if digits == at + 2 && is_region(&text[..digits]) && !text[digits..].starts_with(char::is_alphanumeric) {
            found = Some(digits);
        }
    }
    found
}

pub(super) fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of letters and digits with their places.
pub(super) fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let end = text[start..].find(|it: char| !it.is_alphanumeric()).map_or(text.len(), |it| start + it);
        at = end;
        Some((start, &text[start..end]))
    })
}
