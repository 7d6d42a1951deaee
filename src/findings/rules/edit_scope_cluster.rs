//! An access policy for editing reaches kube-system
//!
//! ## What it checks
//! AmazonEKSEditPolicy or AmazonEKSAdminPolicy is associated for the whole cluster, or for namespaces that include
//! kube-system (R174).
//!
//! ## Why it matters
//! Controllers run in kube-system, with AWS roles that manage the cluster. Editing there is running pods as them:
//! practically cluster-admin, under a name that does not say so.
//!
//! ## How to fix
//! Associate the policy for the namespaces that the principal works in.
//!
//! ## For newcomers
//! An access policy comes with a scope. "Edit" sounds harmless; edit in every namespace owns every service account of the
//! cluster.

use crate::findings::context::Holding;
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted, principals};
use crate::model::{EntityKey, Kind as Thing};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "AUTH-009",
    slug: "edit-scope-cluster",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Auth,
    needs: principals::NEEDS,
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let starters: Vec<Holding<'_>> = context.holdings(&[Power::PodCreate]);
    for mapped in principals::all(context) {
        let Some((policy, truth)) = mapped.edits_system().filter(|it| !it.1.is_no()) else { continue };
        let label = &mapped.cluster.label;
        let own = starters.iter().find(|it| it.cluster.label == *label && *it.subject == mapped.mapping.subject());
        let reached = own.map(|it| context.within_reach(it, Through::NewPods, false));
        let best = reached.as_ref().and_then(|it| it.best()).map_or_else(|| "none known".to_owned(), granted::strongest);
        let name = policy.split(' ').next().unwrap_or_default().to_owned();
        let partition = crate::identity::cluster_arn(mapped.cluster).map_or("aws", |it| it.partition);
        let arn = format!("arn:{partition}:eks::aws:cluster-access-policy/{name}");
        let narrowed = format!(
            "aws eks associate-access-policy --cluster-name {} --principal-arn {} --policy-arn {} --access-scope type=namespace,namespaces=NAMES",
            fix::quoted(fix::cluster_name(mapped.cluster)),
            fix::quoted(&mapped.mapping.principal),
            fix::quoted(&arn)
        );
        out.report(mapped.key.clone(), Severity::High, format!("{} holds {policy} of {label}, kube-system included", mapped.key))
            .also(EntityKey::plain(Thing::Cluster, label))
            .show([mapped.evidence(policy)])
            .evidence(&mapped.key, format!("{label}: strongest role by a pod"), best)
            .certain_if(truth.is_yes())
            .impact("runs pods as the controllers in kube-system, and so owns the cluster")
            .fixes([
                granted::disassociate(mapped.cluster, &mapped.mapping.principal, &name),
                fix::by_hand(format!("then associate it for the namespaces that are meant: {narrowed}")),
            ]);
    }
}
