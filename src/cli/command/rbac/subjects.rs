//! `rolewalk rbac subjects VERB RESOURCE [NAME]`: who may do this, by which binding, role and rule (protocols.md 5).

use serde::Serialize;

use crate::base::{Name, Truth};
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::note;
use crate::cli::table::Column;
use crate::cli::{Outcome, output};
use crate::estate::Estate;
use crate::graph::authorization::{Authorization, MappingOrigin, Origin, SubjectAnswer, Use};
use crate::rbac::{Request, Target};

use super::{Question, RequestArgs, request, verdict};

#[derive(Debug, Serialize)]
pub struct SubjectRecord {
    subject: SubjectName,
    address: String,
    /// `allow`; `cond` for named objects only; `unk` when it hangs on something that was not read.
    verdict: &'static str,
    /// Nothing unread could change the verdict.
    certain: bool,
    scope: Vec<String>,
    names: Vec<Name>,
    grants: Vec<GrantRecord>,
}

#[derive(Debug, Serialize)]
struct SubjectName {
    kind: &'static str,
    namespace: Option<Name>,
    name: Name,
}

/// One rule that grants it. Fields that do not apply are left out.
#[derive(Debug, Default, Serialize)]
struct GrantRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    builtin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_policy: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// From 0; absent when the role was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The names that this rule is limited to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<Name>,
    /// Of an IAM principal: the user or group that it is mapped to.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    /// Of an IAM principal: `access entry`, or the place in `aws-auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<String>,
}

type Col = Column<SubjectRecord>;

const COLUMNS: &[Col] = &[
    Col::new("kind", |it| it.subject.kind.to_owned()),
    Col::new("namespace", |it| it.subject.namespace.as_ref().map_or_else(String::new, ToString::to_string)),
    Col::new("name", |it| it.subject.name.to_string()),
    Col::new("verdict", |it| {
        let mark = if it.certain || it.verdict == "unk" { "" } else { "?" };
        format!("{}{mark}", it.verdict)
    }),
    Col::new("scope", |it| it.scope.join(",")),
    Col::new("names", |it| join(&it.names)),
    Col::new("role", |it| first(it, |grant| grant.role())),
    Col::new("by", |it| first(it, GrantRecord::by)),
    Col::new("grants", |it| it.grants.len().to_string()).extra(),
    Col::new("address", |it| it.address.clone()).extra(),
];

fn join(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(",")
}

/// What the first grant says, and how many more there are.
fn first(record: &SubjectRecord, say: impl Fn(&GrantRecord) -> String) -> String {
    let mut said: Vec<String> = record.grants.iter().map(say).filter(|it| !it.is_empty()).collect();
    said.dedup();
    match said.split_first() {
        None => String::new(),
        Some((first, [])) => first.clone(),
        Some((first, more)) => format!("{first} +{}", more.len()),
    }
}

impl GrantRecord {
    fn role(&self) -> String {
        let policy = self.access_policy.as_ref().map(ToString::to_string);
        self.role.as_deref().map(short).or(policy).unwrap_or_default()
    }

    fn by(&self) -> String {
        let through = self.through.as_deref().map_or_else(String::new, |it| format!(" as {}", short(it)));
        match (&self.mapping, &self.binding, self.builtin) {
            (Some(mapping), ..) => format!("{mapping}{through}"),
            (None, Some(binding), _) => short(binding),
            (None, None, Some(builtin)) => builtin.to_owned(),
            (None, None, None) => String::new(),
        }
    }
}

/// An address without its cluster.
fn short(address: &str) -> String {
    match address.splitn(3, '/').collect::<Vec<_>>()[..] {
        [kind, _, rest] => format!("{kind}/{rest}"),
        _ => address.to_owned(),
    }
}

pub fn run(
    estate: &Estate,
    authorization: &Authorization,
    args: &RequestArgs,
    data: &SourceArgs,
    output: &OutputArgs,
) -> Outcome {
    let request = request(args, data, output)?;
    let rows: Vec<SubjectRecord> = authorization.who_may(&request).iter().map(|it| record(authorization, it)).collect();
    if !output.quiet {
        tell(authorization, &request, rows.len());
    }
    let question = Question::new("rbac subjects", &authorization.cluster, &request);
    output::list(estate, question, COLUMNS, &rows, output)
}

fn tell(authorization: &Authorization, request: &Request, rows: usize) {
    if rows == 1 && authorization.missing.is_empty() {
        note(&format!("nobody but system:masters may {} {}", request.verb, request.target));
    }
    if let Target::Resource { group, resource, name: None, .. } = &request.target
        && group.is_empty()
        && resource == "namespaces"
    {
        note("a role binding also grants this on the namespace it stands in: name a namespace to see who has it there");
    }
}

fn record(authorization: &Authorization, row: &SubjectAnswer) -> SubjectRecord {
    let SubjectAnswer { subject, answer, scope } = row;
    SubjectRecord {
        subject: SubjectName {
            kind: subject.kind(),
            namespace: subject.namespace().cloned(),
            name: subject.name().clone(),
        },
        address: subject.key(&authorization.cluster).to_string(),
        verdict: verdict(answer.truth, !answer.names.is_empty()),
        certain: answer.truth == Truth::Yes && answer.missing.is_empty(),
        scope: scope.iter().map(ToString::to_string).collect(),
        names: answer.names.clone(),
        grants: answer.uses.iter().map(|it| grant(authorization, it)).collect(),
    }
}

fn grant(authorization: &Authorization, used: &Use) -> GrantRecord {
    let grant = &authorization.grants[used.grant];
    let role = &authorization.roles[grant.role];
    let mapping = grant.mapping.map(|at| match &authorization.mappings[at].origin {
        MappingOrigin::AccessEntry { .. } => "access entry".to_owned(),
        MappingOrigin::MapRoles(at) => format!("aws-auth mapRoles[{at}]"),
        MappingOrigin::MapUsers(at) => format!("aws-auth mapUsers[{at}]"),
        MappingOrigin::MapAccounts(at) => format!("aws-auth mapAccounts[{at}]"),
    });
    let record = GrantRecord {
        rule: used.rule,
        scope: Some(grant.scope.to_string()),
        names: used.names.clone(),
        through: grant.through.as_ref().map(|it| it.key(&authorization.cluster).to_string()),
        mapping,
        ..GrantRecord::default()
    };
    match &grant.origin {
        Origin::Builtin => GrantRecord {
            builtin: Some("system:masters passes without RBAC"),
            through: record.through,
            mapping: record.mapping,
            ..GrantRecord::default()
        },
        Origin::AccessPolicy => GrantRecord { access_policy: Some(role.name.clone()), ..record },
        Origin::Binding(binding) => GrantRecord {
            binding: Some(binding.to_string()),
            role: role.key.as_ref().map(ToString::to_string),
            ..record
        },
    }
}
