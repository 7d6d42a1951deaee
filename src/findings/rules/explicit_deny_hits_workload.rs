//! A Deny of the trust policy hits a workload that should have the role
//!
//! ## What it checks
//! A container tries the role, by web identity or Pod Identity, and an explicit Deny in the trust policy refuses it. A Deny
//! that says in its Sid or the role's tags that it is a quarantine is only told.
//!
//! ## Why it matters
//! The call is refused although an Allow fits, and no Allow that anyone adds will change it.
//!
//! ## How to fix
//! Narrow the Deny, so that it spares this subject.
//!
//! ## For newcomers
//! In IAM a Deny beats every Allow. Looking for the missing Allow is looking in the wrong place.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, trust_text};
use crate::iam::{Effect, Statement};
use crate::identity::trust::web_identity_request;
use crate::identity::{Source, Verdict, edit};
use crate::model::facts::iam::Role;
use crate::model::{Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-017",
    slug: "explicit-deny-hits-workload",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI4, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats().filter(|it| it.identity.rule == "R70" && it.identity.verdict == Verdict::Broken) {
            let Some(tried) = &seat.identity.attempted else { continue };
            let Some(Lookup::Found(role)) = tried.role.as_ref().map(|role| context.inventory.role(role)) else { continue };
            let key = role_key(role);
            let document = context.trust(role);
            let denies: Vec<&Statement> = document.statements.iter().filter(|it| it.effect == Some(Effect::Deny)).collect();
            let meant = denies.iter().any(|it| it.sid.as_ref().is_some_and(|sid| is_quarantine(sid))) || is_marked(role);
            let found = out
                .report(key.clone(), Severity::High.or(Severity::Info, meant), seat.identity.why.clone())
                .also(workload.key.clone())
                .also(workload.account_key())
                .owner(workload.key.clone())
                .impact("every call is refused, though an Allow of the same policy fits");
            for statement in denies {
                let path = format!("Statement[{}]", statement.index);
                let sid = statement.sid.as_deref().filter(|sid| !sid.is_empty()).unwrap_or("no Sid");
                found.evidence(&key, format!("{path}.Sid"), sid);
                for condition in &statement.conditions {
                    let values = condition.values.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
                    found.evidence(&key, format!("{path}.Condition.{}.{}", condition.written, condition.key), values);
                }
            }
            let issuer = workload.cluster.description().map_or("", |it| it.issuer_path());
            let subject = format!("system:serviceaccount:{}:{}", workload.namespace, workload.service_account);
            let changed = (tried.source == Source::Irsa)
                .then(|| {
                    let audience = seat.audience()?;
                    let request = web_identity_request(context.inventory, role, &document, issuer, &subject, &audience)?;
                    edit::mended(role.trust.as_ref()?, &request)
                })
                .flatten();
            match changed {
                Some((_, document)) => found.fixes([trust_text::replaced(role, &document)]),
                None => found.fixes([fix::by_hand("narrow the condition of the Deny, so that it spares this subject")]),
            };
        }
    }
}

fn is_quarantine(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["quarantine", "incident", "lockdown", "suspend"].iter().any(|it| text.contains(it))
}

fn is_marked(role: &Role) -> bool {
    role.tags.iter().any(|(key, value)| is_quarantine(key) && !value.eq_ignore_ascii_case("false"))
}
