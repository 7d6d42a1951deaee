//! Role and cluster are in different partitions
//!
//! ## What it checks
//! The role that a service account names, or that a container carries, has another partition in its ARN (`aws`,
//! `aws-cn`, `aws-us-gov`, …) than the cluster; or the trust policy of a role in use names an identity provider of
//! another partition than the role's own.
//!
//! ## Why it matters
//! Partitions are separate clouds: STS of one knows nothing of the other, so the call is refused always.
//!
//! ## How to fix
//! Take the partition from the environment in the template (`data.aws_partition.current.partition` in Terraform).
//!
//! ## For newcomers
//! AWS in China and for the US government are clouds of their own. The second part of an ARN says which one it is about;
//! copied examples nearly always say `aws`.

use crate::findings::reference::{NHI8, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::PrincipalPattern;
use crate::identity::Source;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::web_identity::role_parts;
use crate::model::{Arn, EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-016",
    slug: "partition-mismatch",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::ServiceAccounts, SourceKind::Cluster, SourceKind::Iam, SourceKind::Pods],
    references: &[NHI8, PR_AA_02],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let Some(own) = crate::identity::cluster_arn(workload.cluster) else { continue };
        let cluster = EntityKey::plain(crate::model::Kind::Cluster, &workload.cluster.label);
        for seat in workload.seats() {
            let tried = seat.identity.attempted.as_ref().map(|it| (it, true));
            let declared = seat.identity.declared.as_ref().map(|it| (it, false));
            for (credential, carried) in [tried, declared].into_iter().flatten() {
                let Some(role) = credential.role.as_ref().filter(|_| credential.source == Source::Irsa) else { continue };
                let Some(parts) = role_parts(role) else { continue };
                let place = || match carried {
                    true => (workload.key.clone(), seat.path("env[AWS_ROLE_ARN]")),
                    false => (workload.account_key(), format!("metadata.annotations[{ROLE_ANNOTATION}]")),
                };
                if parts.partition != own.partition {
                    let (object, path) = place();
                    let right = role.replacen(&format!("arn:{}:", parts.partition), &format!("arn:{}:", own.partition), 1);
                    out.report(
                        workload.key.clone(),
                        Severity::High,
                        format!("{role} is in partition {}, the cluster in {}", parts.partition, own.partition),
                    )
                    .also(workload.account_key())
                    .evidence(&object, path, role.as_str())
                    .evidence(&cluster, "cluster.arn", workload.cluster.description().map_or("", |it| it.arn.as_str()))
                    .impact("STS refuses the role always: partitions are separate clouds")
                    .fixes([
                        fix::annotate(&workload.account_key(), &right),
                        fix::restart(workload),
                        fix::terraform(format!(
                            "\"eks.amazonaws.com/role-arn\" = \"arn:${{data.aws_partition.current.partition}}:iam::{}:{}\"",
                            parts.account, parts.resource
                        )),
                    ]);
                    continue;
                }
                let Lookup::Found(stored) = context.inventory.role(role) else { continue };
                let trust = context.trust(stored);
                for statement in &trust.statements {
                    let federated = statement.principals.iter().flat_map(|it| it.values());
                    let foreign = federated.filter_map(|it| match it {
                        PrincipalPattern::Federated(provider) => Some(provider),
                        _ => None,
                    });
                    for provider in foreign {
                        let Some(arn) = Arn::parse(provider).filter(|arn| arn.partition != parts.partition) else { continue };
                        let key = crate::findings::context::role_key(stored);
                        out.report(
                            workload.key.clone(),
                            Severity::High,
                            format!("the trust policy of {role} names a provider of partition {}", arn.partition),
                        )
                        .also(key.clone())
                        .evidence(&key, format!("Statement[{}].Principal.Federated", statement.index), provider.as_str())
                        .evidence(&key, "Arn", role.as_str())
                        .impact("the statement admits nobody: partitions are separate clouds")
                        .fixes([fix::terraform(
                            "# derive the provider's ARN from the provider itself\nidentifiers = [aws_iam_openid_connect_provider.cluster.arn]",
                        )]);
                    }
                }
            }
        }
    }
}
