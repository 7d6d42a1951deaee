//! A finding as it is printed (protocols.md section 4), with the fields that queries ask for.

use serde::Serialize;

use crate::cli::table::Column;
use crate::findings::{Finding, Findings, Severity};
use crate::model::EntityKey;

#[derive(Clone, Debug, Serialize)]
pub struct FindingRecord {
    pub id: &'static str,
    pub slug: &'static str,
    pub severity: &'static str,
    pub kind: &'static str,
    pub subject: String,
    pub also: Vec<String>,
    pub message: String,
    pub evidence: Vec<EvidenceRecord>,
    pub impact: String,
    pub fix: Vec<FixRecord>,
    pub fingerprint: String,
    pub accepted: Option<AcceptedRecord>,
    pub owner: Option<String>,
    pub certain: bool,
    pub platform: bool,
    /// Of PERM-002 alone: how it is gained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technique: Option<TechniqueRecord>,
    /// It stands in the baseline.
    pub known: bool,
    #[serde(skip)]
    pub worst: Severity,
    #[serde(skip)]
    key: EntityKey,
    #[serde(skip)]
    workload: Option<EntityKey>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EvidenceRecord {
    pub object: String,
    pub path: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct FixRecord {
    pub tool: &'static str,
    pub text: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct TechniqueRecord {
    pub number: u8,
    pub pathfinding: &'static [&'static str],
    pub steps: Vec<&'static str>,
    pub gains: String,
    pub needs: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AcceptedRecord {
    pub reason: String,
    pub by: String,
    pub until: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct NotEvaluatedRecord {
    pub id: &'static str,
    pub needs: Vec<String>,
}

pub fn not_evaluated(findings: &Findings) -> Vec<NotEvaluatedRecord> {
    let record = |it: &crate::findings::NotEvaluated| NotEvaluatedRecord {
        id: it.rule.id,
        needs: it.needs.iter().map(ToString::to_string).collect(),
    };
    findings.not_evaluated.iter().map(record).collect()
}

impl FindingRecord {
    pub fn new(finding: &Finding, known: bool) -> FindingRecord {
        FindingRecord {
            id: finding.rule.id,
            slug: finding.rule.slug,
            severity: finding.severity.word(),
            kind: finding.rule.kind.word(),
            subject: finding.subject.to_string(),
            also: finding.also.iter().map(ToString::to_string).collect(),
            message: finding.message.clone(),
            evidence: finding
                .evidence
                .iter()
                .map(|it| EvidenceRecord {
                    object: it.object.to_string(),
                    path: it.path.clone(),
                    value: it.value.clone(),
                })
                .collect(),
            impact: finding.impact.clone(),
            fix: finding.fix.iter().map(|it| FixRecord { tool: it.tool.word(), text: it.text.clone() }).collect(),
            fingerprint: finding.fingerprint.clone(),
            accepted: finding.accepted.as_ref().map(|it| AcceptedRecord {
                reason: it.reason.clone(),
                by: it.by.clone(),
                until: it.until.to_string(),
            }),
            owner: finding.owner.as_ref().map(ToString::to_string),
            certain: finding.certain,
            platform: finding.platform,
            technique: finding.technique.as_ref().map(|it| TechniqueRecord {
                number: it.number,
                pathfinding: it.pathfinding,
                steps: it.steps.clone(),
                gains: it.gains.clone(),
                needs: it.needs.iter().map(ToString::to_string).collect(),
            }),
            known,
            worst: finding.severity,
            key: finding.subject.clone(),
            workload: finding.owner.clone(),
        }
    }

    pub fn key(&self) -> &EntityKey {
        &self.key
    }

    /// The workload that people know it by.
    pub fn workload(&self) -> Option<&EntityKey> {
        self.workload.as_ref()
    }
}

type Col = Column<FindingRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("severity", |it| it.severity.to_owned()),
    Col::new("id", |it| it.id.to_owned()),
    Col::new("subject", |it| it.subject.clone()),
    Col::new("message", |it| it.message.clone()),
    Col::new("slug", |it| it.slug.to_owned()).extra(),
    Col::new("kind", |it| it.kind.to_owned()).extra(),
    Col::new("owner", |it| it.owner.clone().unwrap_or_default()).extra(),
    Col::new("also", |it| it.also.join(" ")).extra(),
    Col::new("impact", |it| it.impact.clone()).extra(),
    Col::new("evidence", |it| {
        let shown = it.evidence.iter().map(|it| format!("{} {} = {}", it.object, it.path, it.value));
        shown.collect::<Vec<_>>().join("; ")
    })
    .extra(),
    Col::new("fix", |it| it.fix.first().map_or_else(String::new, |it| it.text.clone())).extra(),
    Col::new("fingerprint", |it| it.fingerprint.clone()).extra(),
    Col::new("certain", |it| it.certain.to_string()).extra(),
    Col::new("accepted", |it| it.accepted.as_ref().map_or_else(String::new, |it| it.reason.clone())).extra(),
    Col::new("known", |it| it.known.to_string()).extra(),
];
