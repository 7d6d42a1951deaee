//! The pattern for the subject reaches into namespaces that nobody named
//!
//! ## What it checks
//! A pattern under StringLike has its wildcard in the namespace, or one that runs across the second colon: `prod*`,
//! `*:app`, `team-?:x`.
//!
//! ## Why it matters
//! Whoever creates a namespace whose name fits gets the role. Where only the platform creates namespaces it weighs less.
//!
//! ## How to fix
//! Name the subjects that need the role, one by one, under StringEquals.
//!
//! ## For newcomers
//! A wildcard does not stop at a colon: `system:serviceaccount:prod*` fits every account of every namespace that begins
//! with prod, `prod-of-mine` too.

use crate::findings::reference::{NHI5, NHI8, PR_AA_05, ZT6};
use crate::findings::subjects::{PREFIX, Reach, named};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::iam::glob::Glob;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-009",
    slug: "pattern-spans-namespaces",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[
        SourceKind::Iam,
        SourceKind::Cluster,
        SourceKind::Namespaces,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
    ],
    references: &[NHI5, NHI8, PR_AA_05, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        for value in it.values().into_iter().filter(|value| value.reach == Reach::Spans) {
            let glob = Glob::new(&value.text);
            // The name that the pattern asks for, to try the namespaces with.
            let name = value.text.rsplit(':').next().unwrap_or_default().replace(['*', '?'], "x");
            let fits = |namespace: &str| glob.matches(&format!("{PREFIX}{namespace}:{name}"));
            let all = it.cluster.namespaces.iter().map(|found| &found.meta.name);
            let admitted: Vec<&str> = all.filter(|namespace| fits(namespace)).map(|it| it.as_str()).collect();
            let creators = context.namespace_creators(&it.cluster);
            let closed = creators.is_empty() && it.cluster.cluster_role_bindings.is_complete();
            let object = EntityKey::plain(Thing::Cluster, &it.cluster.label);
            out.report(
                it.key.clone(),
                Severity::High.or(Severity::Medium, closed),
                format!("`{}` fits service accounts of namespaces that nobody named", value.text),
            )
            .also_all(admitted.iter().take(20).map(|name| EntityKey::scoped(Thing::Namespace, &it.cluster.label, &(*name).into())))
            .evidence(
                &it.key,
                it.path(&format!("Condition.{}.{}", value.operator, it.subject_key())),
                value.text.as_str(),
            )
            .evidence(&object, "namespaces", if admitted.is_empty() { "none fits now".into() } else { admitted.join(", ") })
            .evidence(&object, "subjects that create namespaces", named(&creators))
            .impact(format!("whoever creates a namespace that fits becomes {}", it.role.name))
            .fixes(it.pinned(context))
            .fixes([it.pinned_terraform(context)]);
        }
    }
}
