//! The annotated role does not exist
//!
//! ## What it checks
//! A service account names a well-formed role ARN in an account whose roles were read whole, and no role there has that
//! account and name. A role of that name under another path counts as another ARN: STS compares the whole of it.
//!
//! ## Why it matters
//! The workload can never obtain the role. STS does not say "not found": the message is AccessDenied, which sends people
//! looking at trust policies.
//!
//! ## How to fix
//! Correct the annotation to the ARN that exists and restart, or create the role.
//!
//! ## For newcomers
//! A role ARN is the full name of an IAM role: partition, account, path and name. One letter or a missing path makes it
//! the name of something else, and AWS will not tell a stranger whether a role exists.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix, similar};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::web_identity::role_parts;
use crate::model::{AccountFacts, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-005",
    slug: "annotated-role-does-not-exist",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Iam, SourceKind::ServiceAccounts],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut names: BTreeMap<&Name, similar::Names<'_>> = BTreeMap::new();
    for use_ in account_roles::annotated(context) {
        let Some(parts) = role_parts(&use_.role) else { continue };
        let account = match context.account_of(&use_.role) {
            Ok(account) => account,
            Err(source) => {
                out.cannot([source]);
                continue;
            }
        };
        let name = parts.resource.rsplit('/').next().unwrap_or_default();
        let message = match account.role(name) {
            Lookup::Absent => format!("no role `{name}` exists in account {}", account.id),
            Lookup::Found(role) if role.arn != use_.role => {
                format!("`{}` does not exist; {} has another path", use_.role, role.arn)
            }
            Lookup::Found(_) | Lookup::Unknown => continue,
        };
        let names = names.entry(&account.id).or_insert_with(|| {
            similar::Names::new(account.roles.iter().map(|role| role.name.as_str()))
        });
        let near = near(account, names, name);
        for subject in use_.subjects() {
            let found = out
                .report(subject.clone(), Severity::High, message.clone())
                .also(use_.account.clone())
                .evidence(&use_.account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), use_.role.as_str())
                .impact("AssumeRoleWithWebIdentity answers AccessDenied for every call");
            for role in &near {
                found.evidence(&use_.account, "nearest roles", role.as_str());
                found.fixes([fix::annotate(&use_.account, role)]);
            }
            found.fixes(context.workload(&subject).map(fix::restart));
            if near.is_empty() {
                found.fixes([fix::by_hand(format!("create the role {} or correct the annotation", use_.role))]);
            }
        }
    }
}

/// ARNs of roles that the author may have meant: same name under another path, then the nearest names.
fn near(account: &AccountFacts, names: &similar::Names<'_>, name: &str) -> Vec<Name> {
    let same = account.roles.iter().filter(|role| role.name == *name).map(|role| role.arn.clone());
    let same: Vec<Name> = same.collect();
    if !same.is_empty() {
        return same;
    }
    let nearest = names.nearest(name, 2);
    nearest
        .iter()
        .filter_map(|name| match account.role(name) {
            Lookup::Found(role) => Some(role.arn.clone()),
            _ => None,
        })
        .collect()
}
