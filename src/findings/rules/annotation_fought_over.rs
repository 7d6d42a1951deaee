//! Two tools write the role annotation of a service account
//!
//! ## What it checks
//! At least two managers own the role annotation and wrote it within the last 90 days, or marks on the account say that Helm
//! and eksctl or Terraform both manage it. It takes `managedFields`, which `kubectl get` leaves out unless asked with
//! `--show-managed-fields`.
//!
//! ## Why it matters
//! The identity flips with each run of either tool, and pods that start in between differ.
//!
//! ## How to fix
//! Let one of them own the account: role-only mode in eksctl, or `serviceAccount.create=false` in the chart.
//!
//! ## For newcomers
//! Kubernetes remembers who wrote which part of an object. Two writers of one part each undo what the other did.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::findings::account_roles::{self, Annotated};
use crate::findings::reference::{NHI4, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "HYG-004",
    slug: "annotation-fought-over",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Hygiene,
    needs: &[SourceKind::ServiceAccounts],
    references: &[NHI4, PR_AA_01],
    check,
};

/// 90 days (protocols.md section 4).
const WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in account_roles::annotated(context) {
        let tools = tools(&it);
        let fighting = tools.contains("Helm") && tools.len() > 1;
        let mut recent: Vec<(String, String)> = Vec::new();
        let mut dated = true;
        for manager in it.facts.meta.managers.iter().flat_map(|all| all.iter()) {
            if !manager.annotations.iter().any(|key| key == ROLE_ANNOTATION) {
                continue;
            }
            match manager.time.zip(context.inventory.now) {
                Some((time, now)) if now.duration_since(time) > WINDOW => {}
                Some((time, _)) => recent.push((manager.manager.to_string(), time.to_string())),
                None => {
                    dated = false;
                    let time = manager.time.map_or_else(|| "not said".to_owned(), |it| it.to_string());
                    recent.push((manager.manager.to_string(), time));
                }
            }
        }
        recent.sort();
        recent.dedup_by(|later, first| later.0 == first.0);
        if recent.len() < 2 && !fighting {
            if it.facts.meta.managers.is_none() {
                out.cannot([it.cluster.source(SourceKind::ServiceAccounts)]);
            }
            continue;
        }
        let names: Vec<&str> = match fighting {
            true => tools.iter().copied().collect(),
            false => recent.iter().map(|it| it.0.as_str()).collect(),
        };
        let found = out
            .report(
                it.account.clone(),
                Severity::Medium,
                format!("{} both write its role annotation", names.join(" and ")),
            )
            .also_all(EntityKey::role(&it.role))
            .certain_if(fighting || dated)
            .impact("its identity flips with each run of either tool");
        for (manager, time) in &recent {
            found.evidence(&it.account, format!("metadata.managedFields[{manager}]"), time.as_str());
        }
        for tool in &tools {
            found.evidence(&it.account, format!("metadata marks of {tool}"), "there");
        }
        found.evidence(&it.account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), it.role.as_str());
        if tools.contains("eksctl") || recent.iter().any(|it| it.0.contains("eksctl")) {
            found.fixes([fix::eksctl(format!(
                "eksctl create iamserviceaccount --cluster {} --namespace {} --name {} --role-only --role-name {} --approve",
                fix::quoted(it.cluster.description().map_or(&it.cluster.label, |it| &it.name)),
                fix::quoted(&it.account.namespace),
                fix::quoted(&it.account.name),
                fix::quoted(it.role.rsplit('/').next().unwrap_or(&it.role))
            ))]);
        }
        found.fixes([crate::findings::Fix {
            tool: crate::findings::Tool::Helm,
            text: format!(
                "helm upgrade RELEASE CHART --reuse-values --set serviceAccount.create=false,serviceAccount.name={}",
                it.account.name
            ),
        }]);
    }
}

/// Tools whose marks the account bears.
fn tools(it: &Annotated<'_>) -> BTreeSet<&'static str> {
    let meta = &it.facts.meta;
    let managed = meta.labels.get("app.kubernetes.io/managed-by").map_or("", |it| it.as_str()).to_ascii_lowercase();
    let owns = |part: &str| {
        meta.managers.iter().flat_map(|all| all.iter()).any(|it| it.manager.to_ascii_lowercase().contains(part))
    };
    let mut tools = BTreeSet::new();
    if managed == "helm" || meta.annotations.contains("meta.helm.sh/release-name") || owns("helm") {
        tools.insert("Helm");
    }
    if managed == "eksctl" || meta.labels.contains("alpha.eksctl.io/cluster-name") || owns("eksctl") {
        tools.insert("eksctl");
    }
    if managed == "terraform" || owns("terraform") {
        tools.insert("Terraform");
    }
    tools
}
