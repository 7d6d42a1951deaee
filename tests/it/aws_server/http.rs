//! As much of HTTP and of signed requests as a test needs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use jiff::{Span, Timestamp, tz::TimeZone};

pub struct Request {
    pub method: String,
    /// As sent, encoded.
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// The next request of a connection; `None` when the other side is done.
pub fn read(stream: &mut TcpStream) -> Option<Request> {
    // A client does not send a second request before it has the answer to the first.
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, target, headers, body })
}

/// What is asked, taken from a request in any of the forms.
pub struct Asked {
    pub service: String,
    pub region: String,
    /// Access key id that signed.
    pub key: String,
    /// When it was signed.
    pub signed: Timestamp,
    pub operation: String,
    /// Parameters of the form, the query or the JSON body; for EKS also those of the path.
    pub parameters: BTreeMap<String, String>,
}

impl Asked {
    /// # Errors
    /// It is no request that AWS would look at.
    pub fn of(request: &Request) -> Result<Asked, String> {
        let line = format!("{} {}", request.method, request.target);
        let signature = request.headers.get("authorization").ok_or(format!("{line}: not signed"))?;
        let scope = signature.split("Credential=").nth(1).and_then(|it| it.split(',').next());
        let scope: Vec<&str> = scope.unwrap_or_default().split('/').collect();
        let [key, _, region, service, "aws4_request"] = scope[..] else {
            return Err(format!("{line}: signed in an unknown way"));
        };
        let signed = request.headers.get("x-amz-date").ok_or(format!("{line}: no date"))?;
        let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed).map_err(|it| it.to_string())?;
        let signed = signed.to_zoned(TimeZone::UTC).map_err(|it| it.to_string())?.timestamp();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut parameters = form(query);
        let operation = match service {
            "eks" => rest(&request.method, path, &mut parameters).ok_or(format!("{line}: no such path"))?,
            "organizations" => {
                let body: BTreeMap<String, String> =
                    serde_json::from_slice(&request.body).map_err(|it| it.to_string())?;
                parameters.extend(body);
                let target = request.headers.get("x-amz-target").cloned().unwrap_or_default();
                let name = target.strip_prefix("AWSOrganizationsV20161128.").ok_or(format!("target `{target}`"))?;
                name.to_owned()
            }
            _ => {
                parameters.extend(form(&String::from_utf8_lossy(&request.body)));
                parameters.get("Action").cloned().ok_or(format!("{line}: no action"))?
            }
        };
        let text = str::to_owned;
        Ok(Asked { service: text(service), region: text(region), key: text(key), signed, operation, parameters })
    }

    pub fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|it| it.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// The operation of EKS behind a path.
fn rest(method: &str, path: &str, parameters: &mut BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (operation, names): (&str, &[(&str, &str)]) = match parts[..] {
        ["clusters"] => ("ListClusters", &[]),
        ["clusters", name] => ("DescribeCluster", &[("name", name)]),
        ["clusters", name, "pod-identity-associations"] => ("ListPodIdentityAssociations", &[("name", name)]),
        ["clusters", name, "pod-identity-associations", id] => {
            ("DescribePodIdentityAssociation", &[("name", name), ("id", id)])
        }
        ["clusters", name, "access-entries"] => ("ListAccessEntries", &[("name", name)]),
        ["clusters", name, "access-entries", id] => ("DescribeAccessEntry", &[("name", name), ("id", id)]),
        ["clusters", name, "access-entries", id, "access-policies"] => {
            ("ListAssociatedAccessPolicies", &[("name", name), ("id", id)])
        }
        ["clusters", name, "node-groups"] => ("ListNodegroups", &[("name", name)]),
        ["clusters", name, "node-groups", id] => ("DescribeNodegroup", &[("name", name), ("id", id)]),
        ["clusters", name, "fargate-profiles"] => ("ListFargateProfiles", &[("name", name)]),
        ["clusters", name, "fargate-profiles", id] => ("DescribeFargateProfile", &[("name", name), ("id", id)]),
        ["clusters", name, "addons"] => ("ListAddons", &[("name", name)]),
        _ => return None,
    };
    parameters.extend(names.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Some(if method == "GET" { operation.to_owned() } else { format!("{method}{operation}") })
}

/// A whole response; the clock of the server is `ahead` seconds.
pub fn response(status: u16, kind: &str, body: &[u8], ahead: i64) -> Vec<u8> {
    let date = (Timestamp::now() + Span::new().seconds(ahead)).to_zoned(TimeZone::UTC);
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nDate: {date}\r\nx-amzn-RequestId: r-1\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The same response with a body that is whole for HTTP, but ends in the middle of what it says.
pub fn torn(response: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(response);
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
    let mut half = body.len() / 2;
    while !body.is_char_boundary(half) {
        half -= 1;
    }
    self::response(200, kind, &body.as_bytes()[..half], 0)
}
