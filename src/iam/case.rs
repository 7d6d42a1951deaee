//! `rolewalk eval`: one question as a line of JSON in, one answer as a line of JSON out (protocols.md section 1).

pub mod permissions;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::base::Name;

use super::decide::{Facts, decide_with};
use super::document::{Document, DocumentKind, Issue, Severity, quoted};
use super::json::{self, Node, Value};
use super::parse::parse;
use super::pattern::Action;
use super::policies::{Level, Policies, Policy};
use super::principal::{Principal, is_account};
use super::render;
use super::request::{Context, Request, Resource, Value as KeyValue};

/// What a catalogue of actions knows and no policy says. `()` knows nothing.
pub trait Catalogue {
    /// Whether the action has a resource type; none when it is not catalogued (rule W9).
    fn takes_resource(&self, action: &Action) -> Option<bool>;
    /// Whether the service (lower-case prefix) takes resource control policies; none when not known (rule L3).
    fn takes_rcps(&self, service: &str) -> Option<bool>;
}

impl Catalogue for () {
    fn takes_resource(&self, _: &Action) -> Option<bool> {
        None
    }

    fn takes_rcps(&self, _: &str) -> Option<bool> {
        None
    }
}

/// Something wrong with a case, as the contract lists it.
pub(super) struct Complaint {
    path: String,
    message: String,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    id: Json,
    #[serde(borrow)]
    request: RequestText<'a>,
    #[serde(borrow, default)]
    identity_policies: Option<Vec<PolicyText<'a>>>,
    #[serde(borrow, default)]
    permissions_boundary: Option<PolicyText<'a>>,
    #[serde(borrow, default)]
    session_policies: Option<Vec<PolicyText<'a>>>,
    #[serde(borrow, default)]
    scps: Option<Vec<LevelText<'a>>>,
    #[serde(borrow, default)]
    rcps: Option<Vec<LevelText<'a>>>,
    #[serde(borrow, default)]
    resource_policy: Option<PolicyText<'a>>,
    #[serde(borrow, default)]
    endpoint_policies: Option<Vec<PolicyText<'a>>>,
}

#[derive(Deserialize)]
struct RequestText<'a> {
    principal: String,
    action: String,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    resource_account: Option<Json>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(default)]
    context_mode: Option<String>,
    #[serde(default)]
    absent_keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct PolicyText<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow)]
    document: &'a RawValue,
}

#[derive(Deserialize)]
struct LevelText<'a> {
    #[serde(default)]
    level: Option<String>,
    #[serde(borrow, default)]
    policies: Option<Vec<PolicyText<'a>>>,
}

/// A case that was read: the question, the policies, and what is wrong with their documents.
#[derive(Debug)]
pub struct Case {
    pub id: Json,
    pub request: Request,
    pub policies: Policies,
    /// With the path of the document inside the case.
    pub issues: Vec<(String, Issue)>,
}

/// Answers one line. A line that is no case gives the decision `error`; this never fails.
pub fn answer(line: &str) -> String {
    answer_with(line, &())
}

/// As [`answer`], with what a catalogue knows of actions.
pub fn answer_with(line: &str, catalogue: &dyn Catalogue) -> String {
    match read(line, catalogue) {
        Ok(case) => {
            let facts = Facts { rcp_service: catalogue.takes_rcps(case.request.action.service()) };
            let answer = decide_with(&case.request, &case.policies, facts);
            render::answer(&case, &answer).to_string()
        }
        Err((id, complaint)) => json!({
            "id": id,
            "decision": "error",
            "reasons": [],
            "errors": [{"path": complaint.path, "message": complaint.message}],
        })
        .to_string(),
    }
}

/// Reads one line of the contract.
///
/// # Errors
/// The id as far as it could be read, and what is wrong with the line.
fn read(line: &str, catalogue: &dyn Catalogue) -> Result<Case, (Json, Complaint)> {
    let line = line.trim_start_matches('\u{feff}');
    let text: Line<'_> = serde_json::from_str(line).map_err(|error| {
        let id =
            serde_json::from_str::<Json>(line).ok().and_then(|value| value.get("id").cloned()).unwrap_or(Json::Null);
        (id, Complaint { path: String::new(), message: error.to_string() })
    })?;
    let id = text.id.clone();
    case(text, catalogue).map_err(|complaint| (id, complaint))
}

fn case(text: Line<'_>, catalogue: &dyn Catalogue) -> Result<Case, Complaint> {
    let request = request(&text.request, catalogue)?;
    let mut reader = Reader { issues: Vec::new() };
    let resource_kind = if request.action.service() == "sts" { DocumentKind::Trust } else { DocumentKind::Resource };
    let policies = Policies {
        identity: reader.list("identity_policies", text.identity_policies, DocumentKind::Identity),
        boundary: text
            .permissions_boundary
            .map(|it| reader.policy("permissions_boundary", &it, DocumentKind::Boundary)),
        session: reader.list("session_policies", text.session_policies, DocumentKind::Session),
        scps: reader.levels("scps", text.scps, DocumentKind::Scp),
        rcps: reader.levels("rcps", text.rcps, DocumentKind::Rcp),
        resource: text.resource_policy.map(|it| reader.policy("resource_policy", &it, resource_kind)),
        endpoint: reader.list("endpoint_policies", text.endpoint_policies, DocumentKind::Endpoint),
    };
    Ok(Case { id: text.id, request, policies, issues: reader.issues })
}

struct Reader {
    issues: Vec<(String, Issue)>,
}

impl Reader {
    fn policy(&mut self, path: &str, text: &PolicyText<'_>, kind: DocumentKind) -> Policy {
        let (document, issues): (Document, Vec<Issue>) = parse(text.document.get(), kind);
        let place = format!("{path}.document");
        self.issues.extend(issues.into_iter().map(|issue| {
            let path = if issue.path.is_empty() { place.clone() } else { format!("{place}.{}", issue.path) };
            (path, issue)
        }));
        Policy { name: Name::new(text.name.as_deref().unwrap_or(path)), document: Arc::new(document) }
    }

    fn list(&mut self, path: &str, texts: Option<Vec<PolicyText<'_>>>, kind: DocumentKind) -> Vec<Policy> {
        let texts = texts.unwrap_or_default();
        texts.iter().enumerate().map(|(index, text)| self.policy(&format!("{path}[{index}]"), text, kind)).collect()
    }

    fn levels(&mut self, path: &str, texts: Option<Vec<LevelText<'_>>>, kind: DocumentKind) -> Vec<Level> {
        let texts = texts.unwrap_or_default().into_iter().enumerate();
        texts
            .map(|(index, text)| Level {
                name: Name::new(&text.level.unwrap_or_else(|| index.to_string())),
                policies: self.list(&format!("{path}[{index}].policies"), text.policies, kind),
            })
            .collect()
    }
}

fn complain(path: &str, message: impl Into<String>) -> Complaint {
    Complaint { path: path.to_owned(), message: message.into() }
}

fn request(text: &RequestText<'_>, catalogue: &dyn Catalogue) -> Result<Request, Complaint> {
    let principal = Principal::parse(&text.principal).ok_or_else(|| {
        let expected = "a role, user or session ARN, a service name, a provider ARN, or `anonymous`";
        complain("request.principal", format!("found {}, expected {expected}", quoted(&text.principal)))
    })?;
    let action = Action::new(&text.action);
    if !action.is_whole() || text.action.contains(['*', '?']) {
        let message = format!("found {}, expected one action, such as `s3:GetObject`", quoted(&text.action));
        return Err(complain("request.action", message));
    }
    let named = text.resource.as_deref().filter(|resource| *resource != "*" && !resource.is_empty());
    let resource = match (named, catalogue.takes_resource(&action)) {
        // Rule W9: whatever ARN was given, AWS authorises against `*`.
        (_, Some(false)) => Resource::None,
        (Some(arn), _) => Resource::Arn(Name::new(arn)),
        (None, _) => Resource::Any,
    };
    let resource_account = match &text.resource_account {
        None | Some(Json::Null) => None,
        Some(Json::String(account)) if account == "aws" => None,
        Some(Json::String(account)) => Some(Name::new(account)),
        Some(Json::Number(account)) => Some(Name::new(&format!("{account:0>12}"))),
        Some(_) => {
            return Err(complain("request.resource_account", "expected an account id"));
        }
    };
    if let Some(account) = &resource_account
        && !is_account(account)
    {
        let message = format!("found {}, expected twelve digits", quoted(account));
        return Err(complain("request.resource_account", message));
    }
    Ok(Request { principal, action, resource, resource_account, context: context(text)? })
}

fn context(text: &RequestText<'_>) -> Result<Context, Complaint> {
    let mut context = match text.context_mode.as_deref() {
        None | Some("complete") => Context::complete(),
        Some("open") => Context::open(),
        Some(other) => {
            let message = format!("found {}, expected `complete` or `open`", quoted(other));
            return Err(complain("request.context_mode", message));
        }
    };
    for key in text.absent_keys.iter().flatten() {
        context.set_absent(key);
    }
    let Some(raw) = text.context else {
        return Ok(context);
    };
    let node =
        json::read(raw.get()).map_err(|fault| complain("request.context", format!("expected {}", fault.expected)))?;
    let members = match node.value {
        Value::Map(members) => members,
        Value::Null => return Ok(context),
        other => {
            return Err(complain("request.context", format!("found {}, expected an object", other.kind())));
        }
    };
    for member in members {
        let wrong = |value: &Value<'_>| {
            let path = format!("request.context.{}", member.key);
            complain(&path, format!("found {}, expected a string or an array of strings", value.kind()))
        };
        match &member.node.value {
            Value::Null => context.set_absent(&member.key),
            Value::List(items) => {
                let values: Option<Vec<Name>> = items.iter().map(scalar).collect();
                let values = values.ok_or_else(|| wrong(&member.node.value))?;
                context.set(&member.key, KeyValue::Many(values.into_boxed_slice()));
            }
            value => {
                let value = scalar(&member.node).ok_or_else(|| wrong(value))?;
                context.set(&member.key, KeyValue::One(value));
            }
        }
    }
    Ok(context)
}

/// The text of a value; numbers and booleans keep theirs (rule P3).
fn scalar(node: &Node<'_>) -> Option<Name> {
    match &node.value {
        Value::Text(text) => Some(Name::new(text)),
        Value::Number(text) => Some(Name::new(text)),
        Value::Bool(value) => Some(Name::new(if *value { "true" } else { "false" })),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

impl Case {
    /// Issues that leave a document in doubt, with their paths in the case.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &Issue)> {
        self.issues
            .iter()
            .filter(|(_, issue)| issue.severity == Severity::Error)
            .map(|(path, issue)| (path.as_str(), issue))
    }

    /// Reads one line of the contract.
    ///
    /// # Errors
    /// Path and message of what is wrong with the line.
    pub fn read(line: &str, catalogue: &dyn Catalogue) -> Result<Case, String> {
        read(line, catalogue).map_err(|(_, complaint)| format!("{}: {}", complaint.path, complaint.message))
    }
}
