//! Something was not read
//!
//! ## What it checks
//! Every source that is missing, was refused, or was read in part, and every optional one that a rule needs.
//!
//! ## Why it matters
//! Silence is not safety: rules that need it say nothing about what is there.
//!
//! ## How to fix
//! Add the read permission that is named, or the file, and collect again.
//!
//! ## For newcomers
//! "No findings" means that somebody looked. Where nobody could look, this says so.

use std::collections::BTreeMap;

use crate::findings::engine::Unread;
use crate::findings::reference::{PR_AA_05, ZT7};
use crate::findings::role_policies::few;
use crate::findings::{Category, Context, Fix, Kind, Rule, Severity, Sink, fix, rules};
use crate::model::call::Call;
use crate::model::coverage::Status;
use crate::model::{EntityKey, Kind as Thing, Scope, SourceId, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "HYG-006",
    slug: "coverage-gap",
    severity: Severity::Info,
    kind: Kind::Both,
    category: Category::Hygiene,
    needs: &[],
    references: &[PR_AA_05, ZT7],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let coverage = &context.inventory.coverage;
    let mut unread: BTreeMap<SourceId, &str> =
        coverage.gaps().map(|gap| (gap.source.clone(), gap.report.status.word())).collect();
    let needed: std::collections::BTreeSet<SourceKind> =
        rules::ALL.iter().flat_map(|entry| entry.rule.needs).copied().collect();
    for source in Unread::new(context.inventory).sources().filter(|it| needed.contains(&it.kind)) {
        let loading = coverage.report(source).is_some_and(|it| it.status == Status::Loading);
        if !loading {
            unread.entry(source.clone()).or_insert("missing");
        }
    }
    for (source, status) in &unread {
        let report = coverage.report(source);
        let permission =
            report.and_then(|it| it.permission.as_ref()).map_or_else(|| source.kind.permission(), |it| it.as_str());
        let rules: Vec<&str> = rules::by_id()
            .into_iter()
            .filter(|entry| entry.rule.needs.contains(&source.kind))
            .map(|entry| entry.rule.id)
            .collect();
        let why = report.map(|it| it.why.as_str()).filter(|why| !why.is_empty());
        let subject = EntityKey::plain(Thing::Resource, &source.path);
        let concerned = if rules.is_empty() { "no rule needs it".to_owned() } else { few(&rules) };
        let found = out
            .report(
                subject.clone(),
                Severity::Info,
                format!("{} ({status}): not evaluated everywhere: {concerned}", source.path),
            )
            .evidence(&subject, "status", *status)
            .evidence(&subject, "scope", scope(source))
            .evidence(
                &subject,
                "findings not evaluated",
                if rules.is_empty() { concerned.clone() } else { rules.join(", ") },
            )
            .impact("silence about what stands there is not safety");
        if !permission.is_empty() {
            found.evidence(&subject, "API", permission);
        }
        if let Some(why) = why {
            found.evidence(&subject, "error", why);
        }
        found.fixes(fixes(source, permission));
    }
}

fn scope(source: &SourceId) -> &str {
    source.path.rsplit_once('/').map_or("everything", |(directory, _)| directory)
}

/// The exact permission, for whoever reads; live or as a file.
fn fixes(source: &SourceId, permission: &str) -> Vec<Fix> {
    let of_aws = Call::ALL.iter().any(|call| call.action() == permission);
    let mut fixes = Vec::new();
    match (of_aws, permission.split_once(' ')) {
        (true, _) => fixes.push(fix::aws(format!(
            "# in a policy of whoever reads:\n{{\"Effect\": \"Allow\", \"Action\": \"{permission}\", \"Resource\": \"*\"}}"
        ))),
        (false, Some((verb, resource))) if source.kind.scope() == Scope::Cluster && !resource.starts_with('/') => {
            let (name, group) = resource.split_once('.').unwrap_or((resource, ""));
            fixes.push(fix::kubectl(format!(
                "# in a ClusterRole of whoever reads:\n- apiGroups: [\"{group}\"]\n  resources: [\"{name}\"]\n  verbs: [\"{verb}\"]"
            )));
        }
        _ => {}
    }
    fixes.push(fix::by_hand(format!("or add the file {}", source.path)));
    fixes
}
