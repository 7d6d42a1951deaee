//! A policy asks for session tags that the role's sessions do not carry
//!
//! ## What it checks
//! A policy of a role asks for one of the tags that EKS Pod Identity puts on its sessions (`kubernetes-namespace`,
//! `eks-cluster-name` and the others), in a condition or in the name of a resource, and pods have the role by IRSA or by an
//! association with session tags disabled. A role that carries such a tag itself is left alone.
//!
//! ## Why it matters
//! An Allow that asks for the tag never applies, and a Deny that asks for another value always does.
//!
//! ## How to fix
//! Give the accounts the role by Pod Identity with session tags, or ask for something else.
//!
//! ## For newcomers
//! A session may carry tags, and policies may compare them. The tags about pods come from the Pod Identity agent; tokens of
//! IRSA bring none.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::findings::context::Way;
use crate::findings::reference::{PR_AA_05, ZT4};
use crate::findings::role_policies::{self, RolePolicy, few, said};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::{Document, Effect};
use crate::identity::Source;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-008",
    slug: "abac-keys-without-podid",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[PR_AA_05, ZT4],
    check,
};

/// A statement that hangs on a tag.
struct Asks {
    statement: usize,
    /// The tag in lower case.
    tag: String,
    effect: Effect,
    /// Where in the statement.
    part: &'static str,
    said: String,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let untagged: Vec<_> = context
        .pod_roles()
        .iter()
        .map(|it| (it, it.ways.iter().filter(|way| lacks_tags(way)).collect::<Vec<_>>()))
        .collect();
    let untagged: Vec<_> = untagged.into_iter().filter(|(_, ways)| !ways.is_empty()).collect();
    let policies: Vec<Vec<RolePolicy>> =
        untagged.par_iter().map(|(it, _)| role_policies::of(context, &it.role)).collect();
    let mut seen = FxHashSet::default();
    let distinct: Vec<&Arc<Document>> =
        policies.iter().flatten().map(|it| &it.document).filter(|it| seen.insert(Arc::as_ptr(it).addr())).collect();
    let asking: FxHashMap<usize, Vec<Asks>> = distinct
        .into_par_iter()
        .map(|document| (Arc::as_ptr(document).addr(), of_document(document)))
        .filter(|(_, asks)| !asks.is_empty())
        .collect();
    for ((it, ways), policies) in untagged.iter().zip(&policies) {
        for policy in policies {
            for asks in asking.get(&Arc::as_ptr(&policy.document).addr()).into_iter().flatten() {
                // Tags of the role count as well.
                if it.role.tags.iter().any(|(key, _)| key.eq_ignore_ascii_case(&asks.tag)) {
                    continue;
                }
                let what = if asks.effect == Effect::Deny { "always denies" } else { "never applies" };
                let accounts: Vec<EntityKey> = ways.iter().map(|way| way.account()).collect();
                let names: Vec<String> = accounts.iter().map(ToString::to_string).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                out.report(
                    it.key.clone(),
                    Severity::High,
                    format!(
                        "statement {} of {} asks for the session tag {}, and sessions of {} carry none: it {what}",
                        asks.statement,
                        policy.origin.name(),
                        asks.tag,
                        few(&names)
                    ),
                )
                .also_all(accounts.iter().take(20).cloned())
                .certain_if(it.held.is_yes())
                .evidence(
                    &it.key,
                    format!("{}.Statement[{}].{}.{}", policy.origin.path(), asks.statement, asks.part, asks.tag),
                    asks.said.clone(),
                )
                .evidence(&it.key, "accounts without session tags", few(&names))
                .impact(match asks.effect {
                    Effect::Deny => "calls are denied whatever the pod",
                    Effect::Allow => "calls are denied although the policy names them",
                })
                .fixes(ways.iter().take(3).map(|way| match &way.association {
                    Some(association) => fix::aws(format!(
                        "aws eks update-pod-identity-association --cluster-name {} --association-id {} --no-disable-session-tags",
                        fix::quoted(way.cluster.description().map_or(&way.cluster.label, |it| &it.name)),
                        fix::quoted(&association.id)
                    )),
                    None => fix::create_association(&way.cluster, &way.namespace, &way.service_account, &it.role.arn),
                }))
                .fixes([policy.origin.rewriting(&it.role)]);
            }
        }
    }
}

/// Sessions of this way carry no tags of EKS (R73, R108). What the sessions of a target role carry follows the association.
fn lacks_tags(way: &Way) -> bool {
    match way.source {
        Source::Irsa | Source::NodeRole => true,
        Source::PodIdentity => {
            let details = way.association.as_ref().and_then(|it| it.details.as_ref());
            details.is_some_and(|it| it.disable_session_tags)
        }
        _ => false,
    }
}

fn of_document(document: &Document) -> Vec<Asks> {
    let mut found = Vec::new();
    let absent = crate::iam::Context::complete();
    for statement in &document.statements {
        let Some(effect) = statement.effect else { continue };
        for condition in &statement.conditions {
            let Some(tag) = tag(&condition.folded) else { continue };
            // With the tag absent an Allow must fail and a Deny must hold, or nothing is broken.
            let holds = condition.holds(&absent, effect);
            if (effect == Effect::Allow && holds.is_no()) || (effect == Effect::Deny && holds.is_yes()) {
                let said = said(statement);
                found.push(Asks { statement: statement.index, tag, effect, part: "Condition", said });
            }
        }
        let resources = statement.resources.iter().filter(|it| !it.negated);
        let all: Vec<_> = resources.flat_map(|it| it.values()).collect();
        // Another resource of the statement may still match.
        let tags: Vec<String> = all.iter().flat_map(|it| it.variables()).filter_map(|key| tag(key)).collect();
        let every = all.iter().all(|it| it.variables().any(|key| tag(key).is_some()));
        if effect == Effect::Allow
            && every
            && let Some(tag) = tags.into_iter().next()
        {
            found.push(Asks { statement: statement.index, tag, effect, part: "Resource", said: said(statement) });
        }
    }
    found
}

/// A tag that only Pod Identity sets, by the key that asks for it.
fn tag(folded: &str) -> Option<String> {
    let tag = folded.strip_prefix("aws:principaltag/")?;
    (tag.starts_with("kubernetes-") || tag.starts_with("eks-cluster-")).then(|| tag.to_owned())
}
