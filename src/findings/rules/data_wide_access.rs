//! A role of pods reads or changes all data of a service
//!
//! ## What it checks
//! A role of pods may read or write objects, items, messages or databases of S3, DynamoDB, SQS or RDS on all resources.
//! It is worse where it may change or delete them. What only lists does not count, and a condition on tags or leading keys
//! scopes the right. Roles of nodes have a rule of their own.
//!
//! ## Why it matters
//! A bug in one program reaches the data of all, and with write access destroys it.
//!
//! ## How to fix
//! Name the buckets, tables and queues that the program uses.
//!
//! ## For newcomers
//! `*` as a resource means everything of that service in the account, also what is created tomorrow.

use crate::findings::context::Family;
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::role_policies::{self, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::Catalogue;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-006",
    slug: "data-wide-access",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let catalogue = Catalogue::bundled();
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes()) {
        let families = [
            (Family::DataWrite, "may change all data", Severity::High),
            (Family::DataRead, "reads all data", Severity::Medium),
        ];
        for (family, says, severity) in families {
            let mut by_service: Vec<(&str, Vec<&crate::findings::context::Wide>)> = Vec::new();
            for wide in it.wide(family) {
                let service = catalogue.action(wide.action).service().prefix();
                match by_service.iter_mut().find(|it| it.0 == service && it.1[0].certain == wide.certain) {
                    Some(known) => known.1.push(wide),
                    None => by_service.push((service, vec![wide])),
                }
            }
            for (service, rights) in by_service {
                let certain = rights[0].certain;
                let actions: Vec<String> = rights.iter().map(|it| catalogue.action(it.action).to_string()).collect();
                let names: Vec<&str> = actions.iter().map(String::as_str).collect();
                let found = out
                    .report(
                        it.key.clone(),
                        severity,
                        format!("{says} of {service}: {} on {}", role_policies::few(&names), rights[0].resource),
                    )
                    .also_all(holders(context, &it.key))
                    .certain_if(certain && it.held.is_yes())
                    .impact(match severity {
                        Severity::High => "one compromised pod destroys or leaks data of all workloads",
                        _ => "one compromised pod leaks data of all workloads",
                    });
                let places = role_policies::granting(context, &it.role, &actions[0], &rights[0].resource);
                for place in &places {
                    found.evidence(&it.key, format!("{}.{service}", place.path()), place.value.clone());
                }
                for key in &rights[0].keys {
                    found.evidence(&it.key, format!("{service} only if"), key.as_str());
                }
                found.fixes([fix::by_hand(format!(
                    "in the statement of {}: Resource: the ARNs of the {} that {} uses",
                    places.first().map_or("its policy", |it| it.origin.name()),
                    things(service),
                    it.role.name
                ))]);
                found.fixes(places.first().map(|place| place.origin.rewriting(&it.role)));
            }
        }
    }
}

fn things(service: &str) -> &'static str {
    match service {
        "s3" => "buckets and objects",
        "dynamodb" => "tables",
        "sqs" => "queues",
        _ => "databases and their users",
    }
}
