//! STS is asked at the global endpoint, from where it may not be reached
//!
//! ## What it checks
//! `AWS_STS_REGIONAL_ENDPOINTS` is `legacy` in a container, or the service account's annotation
//! `eks.amazonaws.com/sts-regional-endpoints` is false, and one of these holds: the cluster has a private endpoint only,
//! it is in China or GovCloud, or an egress policy that selects the pod does not let it out to the internet.
//!
//! ## Why it matters
//! A VPC endpoint serves the regional name of STS only. Calls to the global name time out where there is no way out to
//! the internet, and the global name does not exist in other partitions.
//!
//! ## How to fix
//! Set the annotation to `"true"` and restart; have an STS interface endpoint in the VPC.
//!
//! ## For newcomers
//! STS is the service that turns tokens into credentials. It has one old worldwide address and one per region; old SDKs
//! ask the worldwide one unless told otherwise.

use std::net::{IpAddr, Ipv4Addr};

use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::instance::Guard;
use crate::identity::network::Policies;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-015",
    slug: "sts-endpoint-trap",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::Cluster, SourceKind::NetworkPolicies],
    references: &[NHI6, PR_AA_03],
    check,
};

const VARIABLE: &str = "AWS_STS_REGIONAL_ENDPOINTS";
const ANNOTATION: &str = "eks.amazonaws.com/sts-regional-endpoints";
/// Some address outside (TEST-NET-3, RFC 5737), asked over HTTPS.
const OUTSIDE: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), 443);

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        let policies = Policies::new(cluster);
        let Some(description) = cluster.description() else { continue };
        let partition = description.arn.split(':').nth(1).unwrap_or_default();
        let private = description.endpoint_public == Some(false) && description.endpoint_private == Some(true);
        for workload in context.workloads.iter().filter(|it| it.cluster.label == cluster.label) {
            let account = match cluster.service_account(workload.namespace, workload.service_account) {
                Lookup::Found(account) => account.meta.annotations.get(ANNOTATION),
                Lookup::Absent | Lookup::Unknown => None,
            };
            for seat in workload.seats().filter(|seat| seat.has_web_identity().is_yes()) {
                let variable = seat.variable(VARIABLE);
                let legacy = variable.value().is_some_and(|it| it.eq_ignore_ascii_case("legacy"));
                // What a container sets itself the annotation does not change.
                let annotated = variable.is_set().is_no() && account.is_some_and(|it| is_false(it));
                if !legacy && !annotated {
                    continue;
                }
                let pod = seat.entry.pod.as_ref();
                let denied = pod.is_some_and(|pod| {
                    let guard = policies.guard(workload.namespace, &pod.meta.labels, OUTSIDE);
                    !pod.spec.host_network && matches!(guard, Guard::Closed | Guard::Maybe)
                });
                let object = EntityKey::plain(Thing::Cluster, &cluster.label);
                let why = match (private, partition) {
                    (true, _) => (object.clone(), "cluster.resourcesVpcConfig.endpointPublicAccess", "false"),
                    (_, "aws-cn" | "aws-us-gov") => (object.clone(), "cluster.arn", partition),
                    _ if denied => (workload.key.clone(), "networkpolicies.egress", "does not let the pod out to the internet"),
                    _ => continue,
                };
                let found = out
                    .report(
                        workload.key.clone(),
                        Severity::Medium,
                        format!("container {} asks the global endpoint of STS, sts.amazonaws.com", seat.container.name),
                    )
                    .also(workload.account_key());
                if legacy {
                    found.show([seat.env_evidence(workload, VARIABLE)]);
                }
                if let Some(value) = account.filter(|_| annotated) {
                    found.evidence(&workload.account_key(), format!("metadata.annotations[{ANNOTATION}]"), value.as_str());
                }
                found
                    .evidence(&why.0, why.1, why.2)
                    .impact(match partition {
                        "aws" => "calls for credentials time out, if there is no way out to the internet",
                        _ => "the global endpoint belongs to another partition and refuses the token",
                    })
                    .fixes([
                        fix::kubectl(format!(
                            "kubectl -n {} annotate serviceaccount {} {ANNOTATION}=true --overwrite",
                            fix::quoted(workload.namespace),
                            fix::quoted(workload.service_account)
                        )),
                        fix::set_variable(workload, &seat, VARIABLE, "regional"),
                        fix::restart(workload),
                    ]);
            }
        }
    }
}

/// As Go reads booleans, which the webhook is written in.
fn is_false(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False")
}
