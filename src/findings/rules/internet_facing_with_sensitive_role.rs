//! A workload that the internet reaches has a sensitive role
//!
//! ## What it checks
//! The pods are selected by a Service with a public load balancer, or by one that a public Ingress leads to, and what
//! they sign with, or could obtain by a token of their own, is a role that is an administrator, can become one, or reads
//! data broadly. Internal schemes do not count.
//!
//! ## Why it matters
//! One bug in a web application, a request forged to the metadata service or a template that runs code, is then a bug in
//! the account's data.
//!
//! ## How to fix
//! Split the part that needs the rights into a workload of its own that only the inside reaches, and narrow the role to
//! what the outer one needs.
//!
//! ## For newcomers
//! Rights in AWS belong to the pod, not to its users. Everybody who can make the program do something does it with the
//! role of the pod, so programs that strangers talk to should have very little.

use crate::base::Name;
use crate::findings::reference::{NHI5, NHI8, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, exposure, fix};
use crate::identity::{Source, Via};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-005",
    slug: "internet-facing-with-sensitive-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods, SourceKind::Services, SourceKind::Ingresses, SourceKind::Iam],
    references: &[NHI5, NHI8, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let mut sensitive: Vec<(Name, &'static str, String)> = Vec::new();
        for seat in workload.seats() {
            let identity = seat.identity;
            let own = identity.identity.role.as_ref().filter(|_| identity.identity.source != Source::Unknown);
            let latent = identity.reachable.iter().filter(|it| {
                it.certainty.is_yes() && matches!(it.via, Via::Token | Via::LatentTrust | Via::AssociationToken)
            });
            let own = own.map(|role| (role, "signs with"));
            for (role, how) in own.into_iter().chain(latent.map(|it| (&it.role, "could become"))) {
                if context.is_sensitive(role).is_yes() && !sensitive.iter().any(|it| it.0 == *role) {
                    sensitive.push((role.clone(), how, seat.container.name.to_string()));
                }
            }
        }
        if sensitive.is_empty() {
            continue;
        }
        let exposure = exposure::of(workload);
        out.cannot(exposure.missing);
        let Some(chain) = exposure.public else { continue };
        for (role, how, container) in &sensitive {
            let class = context.privilege(role).map_or("sensitive", |it| it.class.as_str());
            out.report(
                workload.key.clone(),
                Severity::High,
                format!("reached from the internet, container {container} {how} {role}, whose class is {class}"),
            )
            .also_all(EntityKey::role(role))
            .evidence(&workload.account_key(), "reached from outside", chain.as_str())
            .evidence(&workload.key, how.to_string(), role.as_str())
            .impact("one bug in what strangers can call is a bug in the data of the account")
            .fixes([fix::by_hand(format!(
                "narrow {role} to what {} needs, or move that part behind an internal Service",
                workload.kubectl_name()
            ))]);
        }
    }
}
