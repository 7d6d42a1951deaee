//! The trust policy names another service account than the one that asks
//!
//! ## What it checks
//! A workload tries the role by web identity, the trust policy refuses, and the condition that fails is the one on the
//! token's subject.
//!
//! ## Why it matters
//! The most frequent cause of AccessDenied on AssumeRoleWithWebIdentity: a namespace renamed, a release name in the
//! account's name, a letter too many.
//!
//! ## How to fix
//! Add the subject to the condition, or run the workload as the account that is named.
//!
//! ## For newcomers
//! Every token says whose it is: `system:serviceaccount:NAMESPACE:NAME`. The trust policy compares it letter by letter,
//! upper and lower case included.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_02, PR_AA_05};
use crate::findings::subjects::PREFIX;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, similar, trust_text};
use crate::iam::Failed;
use crate::iam::trust::admits_request;
use crate::identity::edit;
use crate::identity::trust::web_identity_request;
use crate::model::{Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-004",
    slug: "sub-mismatch",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::Cluster],
    references: &[NHI4, PR_AA_02, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let Some(description) = workload.cluster.description() else { continue };
        let issuer = description.issuer_path();
        for seat in workload.seats() {
            // R72 admits; what stands before the trust policy has rules of its own.
            if !matches!(seat.identity.rule, "R62" | "R63" | "R66" | "R55") {
                continue;
            }
            let (Some(arn), Some(audience)) = (seat.web_role(), seat.audience()) else { continue };
            let Lookup::Found(role) = context.inventory.role(arn) else { continue };
            let subject = format!("{PREFIX}{}:{}", workload.namespace, workload.service_account);
            let trust = context.trusts.documents.trust(role);
            let request = web_identity_request(context.inventory, role, &trust.document, issuer, &subject, &audience);
            let Some(request) = request else { continue };
            let admission = admits_request(&trust, &request);
            let Some(miss) = admission.nearest.filter(|_| admission.verdict.is_no()) else { continue };
            let Failed::Condition { operator, key: failed } = &miss.failed else { continue };
            if !failed.eq_ignore_ascii_case(&format!("{issuer}:sub")) {
                continue;
            }
            let key = role_key(role);
            let path = format!("Statement[{}].Condition.{operator}.{failed}", miss.source.statement);
            let expected: Vec<&str> = miss.expected.iter().map(|it| it.as_str()).collect();
            let nearest = similar::nearest(&subject, expected.iter().copied(), 1);
            let changed = role.trust.as_ref().and_then(|text| edit::mended(text, &request));
            let found = out
                .report(
                    key.clone(),
                    Severity::High,
                    format!("{subject} asks for the role, and the trust policy names {}", expected.join(", ")),
                )
                .also(workload.key.clone())
                .also(workload.account_key())
                .evidence(&key, path, expected.join(", "))
                .evidence(&workload.key, "spec.serviceAccountName", workload.service_account.as_str())
                .owner(workload.key.clone())
                .impact("AssumeRoleWithWebIdentity answers AccessDenied for every call");
            if let Some(near) = nearest.first() {
                found.evidence(&key, "difference", difference(&subject, near));
            }
            found.fixes(changed.map(|(_, document)| trust_text::replaced(role, &document)));
            let named = expected.iter().find_map(|it| it.strip_prefix(PREFIX)?.split_once(':'));
            if let Some((namespace, name)) = named.filter(|(namespace, _)| *namespace == workload.namespace.as_str()) {
                let _ = namespace;
                found.fixes([crate::findings::fix::patch_template(workload, &format!(r#"{{"serviceAccountName":"{name}"}}"#))]);
            }
        }
    }
}

/// Where two subjects part: namespace, name, or only the case.
fn difference(actual: &str, wanted: &str) -> String {
    if actual.eq_ignore_ascii_case(wanted) {
        return format!("only upper and lower case: {wanted}");
    }
    let parts = |text: &str| {
        text.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    match (parts(actual), parts(wanted)) {
        (Some((a, _)), Some((b, _))) if a != b => format!("namespace {a}, not {b}"),
        (Some((_, a)), Some((_, b))) => format!("name {a}, not {b}"),
        _ => format!("`{wanted}` is no subject of a service account"),
    }
}
