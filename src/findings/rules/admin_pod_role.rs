//! A role of pods is an administrator
//!
//! ## What it checks
//! A role that pods sign with, or that an association or annotation gives them, may do everything in IAM on all resources
//! of its account: `*` on `*`, AdministratorAccess, IAMFullAccess, or what comes to the same. Boundary, organisation
//! policies and denies are counted in.
//!
//! ## Why it matters
//! Whoever runs code in one of these pods owns the account.
//!
//! ## How to fix
//! See which services the role has used (last-accessed data), give it a policy with those, and take the wide one away.
//!
//! ## For newcomers
//! A role is not safer for being used by one program only. A bug in that program, or a library it loads, does with the role
//! what it likes.

use crate::findings::reference::{NHI5, PR_AA_05, ZT3};
use crate::findings::role_policies::{self, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::privilege::Class;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-001",
    slug: "admin-pod-role",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes()) {
        let privilege = context.privilege_of(&it.role);
        if privilege.class != Class::Admin {
            continue;
        }
        let users = holders(context, &it.key);
        let found = out
            .report(
                it.key.clone(),
                Severity::Critical,
                format!("{} is an administrator of account {}", it.role.name, it.role.account),
            )
            .also_all(users)
            .impact("whoever runs code in one of its pods owns the account")
            .certain_if(privilege.certain && it.held.is_yes());
        let places = role_policies::granting(context, &it.role, "iam:PutRolePolicy", "*");
        for place in &places {
            found.evidence(&it.key, place.path(), place.value.clone());
        }
        if places.is_empty() {
            found.evidence(&it.key, "class", privilege.class.as_str());
        }
        found.fixes([fix::aws(format!(
            "aws iam generate-service-last-accessed-details --arn {}   # then a policy of what it has used",
            fix::quoted(&it.role.arn)
        ))]);
        found.fixes(places.iter().map(|place| place.origin.removal(&it.role)));
    }
}
