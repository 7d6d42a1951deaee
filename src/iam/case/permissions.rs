//! `rolewalk perms`: one principal with its policies as a line of JSON in, its permissions as a line of JSON out
//! (protocols.md section 2).

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use crate::base::Name;
use crate::iam::catalogue::Catalogue as Actions;
use crate::iam::document::{DocumentKind, Issue, Severity, quoted};
use crate::iam::permissions::cell::Mark;
use crate::iam::permissions::notation::notation;
use crate::iam::permissions::{Permissions, Row, Status, permissions};
use crate::iam::policies::Policies;
use crate::iam::principal::Principal;
use crate::iam::request::Context;

use super::{Complaint, LevelText, PolicyText, Reader, RequestText, complain, context};

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    id: Json,
    #[serde(borrow)]
    request: SubjectText<'a>,
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

/// The request without an action; whatever else it says of one is ignored, and the context is always open.
#[derive(Deserialize)]
struct SubjectText<'a> {
    principal: String,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(default)]
    absent_keys: Option<Vec<String>>,
}

/// A line that was read: who, under which policies, and what is wrong with their documents.
#[derive(Debug)]
pub struct Subject {
    pub id: Json,
    pub principal: Principal,
    pub context: Context,
    pub policies: Policies,
    /// With the path of the document inside the line.
    pub issues: Vec<(String, Issue)>,
}

/// Answers one line. A line that is no case gives no rows and says why; this never fails.
pub fn answer(line: &str) -> String {
    answer_with(line, Actions::bundled())
}

/// As [`answer`], with another catalogue.
pub fn answer_with(line: &str, catalogue: &Actions) -> String {
    match read(line) {
        Ok(subject) => {
            let found = permissions(catalogue, &subject.principal, &subject.policies, &subject.context);
            let errors: Vec<Json> = subject
                .issues
                .iter()
                .filter(|(_, issue)| issue.severity == Severity::Error)
                .map(|(path, issue)| json!({"path": path, "message": issue.message()}))
                .collect();
            json!({"id": subject.id, "rows": rows(&found, catalogue), "errors": errors}).to_string()
        }
        Err((id, complaint)) => {
            json!({"id": id, "rows": [], "errors": [{"path": complaint.path, "message": complaint.message}]})
                .to_string()
        }
    }
}

/// Reads one line.
///
/// # Errors
/// Path and message of what is wrong with it.
pub fn subject(line: &str) -> Result<Subject, String> {
    read(line).map_err(|(_, complaint)| format!("{}: {}", complaint.path, complaint.message))
}

fn read(line: &str) -> Result<Subject, (Json, Complaint)> {
    let line = line.trim_start_matches('\u{feff}');
    let text: Line<'_> = serde_json::from_str(line).map_err(|error| {
        let id = serde_json::from_str::<Json>(line).ok().and_then(|value| value.get("id").cloned());
        (id.unwrap_or(Json::Null), complain("", error.to_string()))
    })?;
    let fail = |complaint| (text.id.clone(), complaint);
    let principal = Principal::parse(&text.request.principal).ok_or_else(|| {
        let expected = "a role, user or session ARN, a service name, a provider ARN, or `anonymous`";
        fail(complain("request.principal", format!("found {}, expected {expected}", quoted(&text.request.principal))))
    })?;
    let open = RequestText {
        principal: String::new(),
        action: String::new(),
        resource: None,
        resource_account: None,
        context: text.request.context,
        context_mode: Some("open".to_owned()),
        absent_keys: text.request.absent_keys.clone(),
    };
    let context = context(&open).map_err(fail)?;
    let mut reader = Reader { issues: Vec::new() };
    let policies = Policies {
        identity: reader.list("identity_policies", text.identity_policies, DocumentKind::Identity),
        boundary: text
            .permissions_boundary
            .map(|it| reader.policy("permissions_boundary", &it, DocumentKind::Boundary)),
        session: reader.list("session_policies", text.session_policies, DocumentKind::Session),
        scps: reader.levels("scps", text.scps, DocumentKind::Scp),
        rcps: reader.levels("rcps", text.rcps, DocumentKind::Rcp),
        resource: text.resource_policy.map(|it| {
            // Nothing says of what resource it is the policy; only a role's names no resource itself.
            let mut probe = Reader { issues: Vec::new() };
            let read = probe.policy("resource_policy", &it, DocumentKind::Resource);
            let names_resource = read.document.statements.iter().any(|it| it.resources.is_some());
            let is_trust = !names_resource && !read.document.statements.is_empty();
            if is_trust {
                return reader.policy("resource_policy", &it, DocumentKind::Trust);
            }
            reader.issues.extend(probe.issues);
            read
        }),
        endpoint: reader.list("endpoint_policies", text.endpoint_policies, DocumentKind::Endpoint),
    };
    Ok(Subject { id: text.id, principal, context, policies, issues: reader.issues })
}

/// The rows of the contract. Names outside the catalogue that patterns cannot say exactly are rows of their own.
fn rows(permissions: &Permissions, catalogue: &Actions) -> Vec<Json> {
    let mut out = Vec::new();
    for row in &permissions.rows {
        let notation = notation(catalogue, &row.actions);
        if !notation.exact.is_empty() {
            out.push(render(permissions, row, notation.exact, &[], row.status()));
        }
        if let Some(loose) = notation.loose {
            let status = row.status().max(Status::Approximated);
            out.push(render(permissions, row, loose.within, &loose.except, status));
        }
    }
    out
}

fn render(
    permissions: &Permissions,
    row: &Row,
    actions: Vec<String>,
    except_actions: &[String],
    status: Status,
) -> Json {
    let patterns =
        |list: &[crate::iam::pattern::ArnGlob]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
    let keys: Vec<Name> = permissions.keys(row);
    let mut out = Map::new();
    out.insert("actions".to_owned(), actions.into());
    if !except_actions.is_empty() {
        out.insert("except_actions".to_owned(), except_actions.into());
    }
    out.insert("resources".to_owned(), patterns(row.resources.any_of()).into());
    out.insert("except".to_owned(), patterns(row.resources.except()).into());
    out.insert("status".to_owned(), status.as_str().into());
    out.insert("residual_keys".to_owned(), keys.iter().map(|key| key.as_str()).collect());
    let mut notes: Vec<String> = row.marks.iter().map(Mark::text).collect();
    if !except_actions.is_empty() || status > row.status() {
        notes.push(Mark::NotInCatalogue.text());
    }
    if !notes.is_empty() {
        out.insert("notes".to_owned(), notes.into());
    }
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_line_becomes_rows() {
        let line = r#"{"id":"1","request":{"principal":"arn:aws:iam::111122223333:role/app"},"identity_policies":[{"name":"p","document":
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"},
            {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}]}}]}"#;
        expect![[r#"{"id":"1","rows":[{"actions":["s3:Get*"],"resources":["arn:aws:s3:::b/*"],"except":["arn:aws:s3:::b/secret/*"],"status":"exact","residual_keys":[]},{"actions":["sts:GetCallerIdentity"],"resources":["*"],"except":[],"status":"exact","residual_keys":[]}],"errors":[]}"#]].assert_eq(&answer(&line.replace('\n', "")));
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        expect![[r#"{"id":7,"rows":[],"errors":[{"path":"request.principal","message":"found `nobody`, expected a role, user or session ARN, a service name, a provider ARN, or `anonymous`"}]}"#]].assert_eq(&answer(r#"{"id":7,"request":{"principal":"nobody"}}"#));
        expect![[r#"{"id":null,"rows":[],"errors":[{"path":"","message":"expected value at line 1 column 1"}]}"#]]
            .assert_eq(&answer("oops"));
    }

    #[test]
    fn a_broken_document_is_named_and_leaves_nothing_certain() {
        let line = r#"{"id":"1","request":{"principal":"arn:aws:iam::111122223333:role/app"},"identity_policies":[
            {"name":"p","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEqual":{"aws:x":"y"}}}]}}]}"#;
        expect![[r#"{"id":"1","rows":[{"actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"],"except":[],"status":"unknown","residual_keys":[],"notes":["the identity policy `p` could not be read"]},{"actions":["sts:GetCallerIdentity"],"resources":["*"],"except":[],"status":"exact","residual_keys":[]}],"errors":[{"path":"identity_policies[0].document.Statement[0].Condition.StringEqual","message":"found `StringEqual`, expected a condition operator"}]}"#]].assert_eq(&answer(&line.replace('\n', "")));
    }
}
