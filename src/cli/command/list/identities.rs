//! `rolewalk list identities`: one row a container (protocols.md section 3).

use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::{Name, Truth};
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::identity::resolve::PodIdentity;
use crate::identity::{Credential, Fallback, Source};

#[derive(Debug, Serialize)]
pub struct IdentityRecord {
    pub cluster: Name,
    pub namespace: Name,
    pub pod: Option<Name>,
    pub container: Name,
    pub kind: &'static str,
    pub workload: String,
    pub service_account: Name,
    pub predicted: bool,
    pub identity: CredentialRecord,
    pub attempted: Option<CredentialRecord>,
    pub declared: Option<CredentialRecord>,
    pub fallback: Option<FallbackRecord>,
    pub certain: bool,
    pub verdict: &'static str,
    pub why: String,
    pub rule: &'static str,
    /// SDKs that turn to another source than `attempted` to begin with.
    pub differs: Vec<FallbackRecord>,
    pub reachable: Vec<ReachableRecord>,
    pub drift: Vec<String>,
    pub missing: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct CredentialRecord {
    pub source: &'static str,
    pub role: Option<Name>,
}

impl From<&Credential> for CredentialRecord {
    fn from(credential: &Credential) -> CredentialRecord {
        CredentialRecord { source: credential.source.word(), role: credential.role.clone() }
    }
}

#[derive(Debug, Serialize)]
pub struct FallbackRecord {
    pub source: &'static str,
    pub role: Option<Name>,
    pub sdks: &'static [&'static str],
}

impl From<&Fallback> for FallbackRecord {
    fn from(it: &Fallback) -> FallbackRecord {
        FallbackRecord { source: it.credential.source.word(), role: it.credential.role.clone(), sdks: it.sdks }
    }
}

#[derive(Debug, Serialize)]
pub struct ReachableRecord {
    pub role: Name,
    pub via: &'static str,
    /// `certain` or `unknown`
    pub certainty: &'static str,
}

type Col = Column<IdentityRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("namespace", |it| it.namespace.to_string()).field(Field::Ns).named(),
    Col::new("pod", |it| it.pod.as_ref().map_or_else(|| format!("({})", it.workload), ToString::to_string))
        .field(Field::Pod)
        .named(),
    Col::new("container", |it| it.container.to_string()).named(),
    Col::new("kind", |it| it.kind.to_owned()).extra(),
    Col::new("workload", |it| it.workload.clone()).extra().field(Field::Workload).named(),
    Col::new("service_account", |it| it.service_account.to_string()).extra().field(Field::Sa).named(),
    Col::new("predicted", |it| it.predicted.to_string()).extra(),
    Col::new("source", |it| it.identity.source.to_owned()).field(Field::Mech),
    Col::new("mech", |it| code(it.identity.source).to_owned()).extra().field(Field::Mech),
    Col::new("role", |it| role(Some(&it.identity))).field(Field::Role).named(),
    Col::new("verdict", |it| it.verdict.to_owned()).field(Field::Verdict),
    Col::new("certain", |it| it.certain.to_string()).extra(),
    Col::new("why", |it| it.why.clone()),
    Col::new("rule", |it| it.rule.to_owned()).extra().field(Field::Rule),
    Col::new("attempted_source", |it| source(it.attempted.as_ref())).extra(),
    Col::new("attempted_role", |it| role(it.attempted.as_ref())).extra(),
    Col::new("declared_source", |it| source(it.declared.as_ref())).extra(),
    Col::new("declared_role", |it| role(it.declared.as_ref())).extra(),
    Col::new("drift", |it| it.drift.join(" ")).extra(),
    Col::new("missing", |it| it.missing.join(" ")).extra(),
];

/// The two letters of lists and queries for a source word.
pub fn code(source: &str) -> &'static str {
    Source::ALL.iter().find(|it| it.word() == source).map_or("??", |it| it.code())
}

fn source(credential: Option<&CredentialRecord>) -> String {
    credential.map_or("", |it| it.source).to_owned()
}

fn role(credential: Option<&CredentialRecord>) -> String {
    credential.and_then(|it| it.role.as_ref()).map_or_else(String::new, ToString::to_string)
}

/// In the order of the estate; the containers of a pod by name.
pub fn rows(estate: &Estate) -> Vec<IdentityRecord> {
    let mut rows = Vec::with_capacity(estate.pods.len());
    for entry in &estate.pods {
        let mut of_pod: Vec<IdentityRecord> = entry
            .spec
            .containers
            .iter()
            .enumerate()
            .map(|(at, container)| record(entry, at, &container.name, container.kind.word()))
            .collect();
        of_pod.sort_by(|a, b| a.container.cmp(&b.container));
        rows.extend(of_pod);
    }
    rows
}

/// `at` is the container's place in the spec.
pub fn record(entry: &PodIdentity, at: usize, container: &Name, kind: &'static str) -> IdentityRecord {
    let identity = &entry.containers[at];
    IdentityRecord {
        cluster: entry.cluster.clone(),
        namespace: entry.namespace.clone(),
        pod: entry.pod.as_ref().map(|pod| pod.meta.name.clone()),
        container: container.clone(),
        kind,
        workload: entry.workload(),
        service_account: entry.spec.service_account.clone(),
        predicted: entry.pod.is_none(),
        identity: (&identity.identity).into(),
        attempted: identity.attempted.as_ref().map(Into::into),
        declared: identity.declared.as_ref().map(Into::into),
        fallback: identity.fallback.as_ref().map(Into::into),
        certain: identity.certain,
        verdict: identity.verdict.word(),
        why: identity.why.clone(),
        rule: identity.rule,
        differs: identity.differs.iter().map(Into::into).collect(),
        reachable: entry
            .reachable(at)
            .into_iter()
            .map(|it| ReachableRecord {
                role: it.role,
                via: it.via.word(),
                certainty: if it.certainty == Truth::Yes { "certain" } else { "unknown" },
            })
            .collect(),
        drift: identity.drift.iter().map(ToString::to_string).collect(),
        missing: identity.missing.iter().map(ToString::to_string).collect(),
    }
}
