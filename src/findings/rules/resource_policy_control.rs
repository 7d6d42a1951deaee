//! A role of pods may open resources to others
//!
//! ## What it checks
//! A role of pods may rewrite policies of resources, or make grants and shares of them, on all resources, or under names that
//! begin with a namespace in which none of its pods are. It is worse where data lies behind them. A condition that keeps it
//! inside the organisation lowers it. Roles of nodes have a rule of their own.
//!
//! ## Why it matters
//! Data can be opened to another account without touching any role, so nothing that looks at roles sees it.
//!
//! ## How to fix
//! Take the action out of the policy, or name the resources.
//!
//! ## For newcomers
//! Buckets, keys and queues have policies of their own, and these may let in strangers. Who writes such a policy needs no
//! right to read the data: somebody else will do it.

use crate::findings::context::{Family, Wide, Width};
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::Catalogue;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-013",
    slug: "resource-policy-control",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05],
    check,
};

/// Services of which the resources hold data or what data is locked with.
const DATA: &[&str] = &[
    "backup",
    "codeartifact",
    "dsql",
    "dynamodb",
    "ec2",
    "ecr",
    "elasticfilesystem",
    "es",
    "glacier",
    "glue",
    "kafka",
    "kinesis",
    "kms",
    "lakeformation",
    "mediastore",
    "omics",
    "rds",
    "redshift",
    "redshift-serverless",
    "s3",
    "s3express",
    "s3-object-lambda",
    "s3-outposts",
    "s3tables",
    "s3vectors",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
];

/// Of those services, rights that open a network rather than data.
const NETWORK: &[&str] = &["ec2:AuthorizeSecurityGroupIngress", "ec2:CreateVpcPeeringConnection"];

/// Keys by which a condition keeps what is opened inside the organisation, the account, or services of AWS.
const INSIDE: &[&str] = &[
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "kms:granteeprincipal",
    "kms:granteeserviceprincipal",
    "kms:grantisforawsresource",
    "lambda:principal",
    "ram:requestedallowsexternalprincipals",
];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let catalogue = Catalogue::bundled();
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes()) {
        // Rights of one kind in one report: `iam:*`-like policies have dozens.
        let mut groups: Vec<(Severity, bool, Vec<&Wide>)> = Vec::new();
        for wide in it.wide(Family::Exposure) {
            let action = catalogue.action(wide.action);
            let data = DATA.contains(&action.service().prefix()) && !NETWORK.contains(&&*action.to_string());
            let mut severity = Severity::Medium.or(Severity::High, data);
            let (inside, other): (Vec<_>, Vec<_>) = wide.keys.iter().partition(|key| INSIDE.contains(&&***key));
            if !inside.is_empty() {
                severity = severity.lower();
            }
            let certain = wide.certain || (!inside.is_empty() && other.is_empty());
            match groups.iter_mut().find(|it| it.0 == severity && it.1 == certain && same_width(it.2[0], wide)) {
                Some(group) => group.2.push(wide),
                None => groups.push((severity, certain, vec![wide])),
            }
        }
        for (severity, certain, rights) in groups {
            let actions: Vec<String> = rights.iter().map(|it| catalogue.action(it.action).to_string()).collect();
            let names: Vec<&str> = actions.iter().map(String::as_str).collect();
            let message = match &rights[0].width {
                Width::Team(team) => {
                    format!("may open what is named after namespace {team} to others: {}", few(&names))
                }
                _ => format!("may open any resource to others: {}", few(&names)),
            };
            let found = out
                .report(it.key.clone(), severity, message)
                .also_all(holders(context, &it.key))
                .certain_if(certain && it.held.is_yes())
                .impact("data can be opened to other accounts without touching a role");
            let mut places = Vec::new();
            for (wide, action) in rights.iter().zip(&actions) {
                for place in role_policies::granting(context, &it.role, action, &wide.resource) {
                    let path = format!("{}.{action}", place.path());
                    found.evidence(&it.key, path, format!("{action} on {}", wide.resource));
                    places.push(place);
                }
                for key in &wide.keys {
                    found.evidence(&it.key, format!("{action} only if"), key.as_str());
                }
            }
            found.fixes([fix::by_hand(format!(
                "take {} out of {}, or name the resources that {} manages",
                few(&names),
                places.first().map_or("its policy", |it| it.origin.name()),
                it.role.name
            ))]);
            found.fixes(places.first().map(|place| place.origin.rewriting(&it.role)));
        }
    }
}

fn same_width(a: &Wide, b: &Wide) -> bool {
    a.width == b.width
}
