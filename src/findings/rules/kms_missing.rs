//! The right to data is there, the right to its key is missing
//!
//! ## What it checks
//! A role of pods may read or write a resource that is encrypted with a customer key, and its policies or the policy of the
//! key do not let it decrypt or make data keys. Where the key's policy was not read and the role's policies do not name the
//! key, it is only told.
//!
//! ## Why it matters
//! Reading fails with AccessDenied on `kms:`, while everybody looks at the policy of the bucket.
//!
//! ## How to fix
//! Allow the actions on the key, in the role's policy and in the key's.
//!
//! ## For newcomers
//! A service that encrypts with your key asks the key in your name. Having the data is not enough; you need its key too.

use crate::base::Name;
use crate::findings::context::PodRole;
use crate::findings::reference::{PR_AA_05, ZT1};
use crate::findings::role_policies::holders;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::pattern::Action;
use crate::iam::permissions::permissions_of;
use crate::iam::{Decision, Request, Resource, decide};
use crate::identity::session::Session;
use crate::model::facts::aws::ResourcePolicy;
use crate::model::{Arn, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-007",
    slug: "kms-missing",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::ResourcePolicies],
    references: &[PR_AA_05, ZT1],
    check,
};

/// Actions on data, and what they need of the key (R107).
const NEEDS: &[(&str, &[&str])] = &[
    ("dynamodb:GetItem", &["kms:Decrypt"]),
    ("dynamodb:PutItem", &["kms:Decrypt"]),
    ("kinesis:GetRecords", &["kms:Decrypt"]),
    ("kinesis:PutRecord", &["kms:GenerateDataKey"]),
    ("s3:GetObject", &["kms:Decrypt"]),
    ("s3:PutObject", &["kms:GenerateDataKey"]),
    ("secretsmanager:GetSecretValue", &["kms:Decrypt"]),
    ("secretsmanager:PutSecretValue", &["kms:GenerateDataKey"]),
    ("sns:Publish", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("sqs:ReceiveMessage", &["kms:Decrypt"]),
    ("sqs:SendMessage", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("ssm:GetParameter", &["kms:Decrypt"]),
];

/// So many resources of one role are asked about: a role that reads everything reads as many as there are.
const MOST: usize = 50;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let catalogue = Catalogue::bundled();
    let accounts = context.inventory.accounts.values();
    let keyed: Vec<(&ResourcePolicy, &Name)> = accounts
        .flat_map(|account| account.resource_policies.iter())
        .filter_map(|it| Some((&**it, it.kms_key.as_ref().filter(|key| key.contains(":key/"))?)))
        .collect();
    if keyed.is_empty() {
        return;
    }
    let asked: Vec<ActionId> = NEEDS.iter().filter_map(|(action, _)| catalogue.find(action)).collect();
    for it in context.pod_roles() {
        let session = it.session(context);
        let found = permissions_of(catalogue, &asked, &session.principal, &session.policies, &session.context);
        if found.rows.is_empty() {
            continue;
        }
        let mut count = 0;
        for (resource, key) in &keyed {
            let service = Arn::parse(&resource.arn).map_or("", |arn| arn.service);
            let mut missing: Vec<(&str, &str, bool)> = Vec::new();
            for (action, needs) in NEEDS.iter().filter(|(action, _)| action.starts_with(&format!("{service}:"))) {
                let id = catalogue.find(action);
                let data = if service == "s3" { format!("{}/x", resource.arn) } else { resource.arn.to_string() };
                let rows = found.rows.iter().filter(|row| id.is_some_and(|id| row.actions.known.contains(&id)));
                let sure = rows.filter(|row| row.marks.is_empty() && row.requirement.is_none());
                if !sure.into_iter().any(|row| touches(row, &resource.arn, &data, service)) {
                    continue;
                }
                for need in *needs {
                    if let Some(certain) = lacks(context, &session, need, key) {
                        missing.push((action, need, certain));
                    }
                }
            }
            if missing.is_empty() {
                continue;
            }
            count += 1;
            report(context, it, resource, key, &missing, out);
            if count == MOST {
                break;
            }
        }
    }
}

/// Whether a row allows something of the resource: for a bucket any object in it.
fn touches(row: &crate::iam::permissions::Row, arn: &str, data: &str, service: &str) -> bool {
    if row.resources.matches(data) {
        return true;
    }
    let objects = crate::iam::pattern::ArnGlob::new(&format!("{arn}/*"));
    service == "s3" && row.resources.within(std::slice::from_ref(&objects)).0.is_some()
}

/// Whether the role may not do this with the key; `Some(false)` where the key's policy was not read and could let it.
fn lacks(context: &Context<'_>, session: &Session, action: &str, key: &Name) -> Option<bool> {
    let mut session = session.clone();
    session.at_resource(context.inventory, &context.trusts.documents, key);
    let request = Request {
        principal: session.principal.clone(),
        action: Action::new(action),
        resource: Resource::Arn(key.clone()),
        resource_account: Arn::parse(key).map(|arn| arn.account.into()),
        context: session.context.clone(),
    };
    match decide(&request, &session.policies).decision {
        Decision::Allowed => None,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Some(true),
        Decision::Depends | Decision::Error if session.policies.resource.is_some() => None,
        Decision::Depends | Decision::Error => {
            let catalogue = Catalogue::bundled();
            let ids: Vec<ActionId> = catalogue.find(action).into_iter().collect();
            let own = permissions_of(catalogue, &ids, &session.principal, &session.policies, &session.context);
            (!own.rows.iter().any(|row| row.resources.matches(key))).then_some(false)
        }
    }
}

fn report(
    context: &Context<'_>,
    it: &PodRole,
    resource: &ResourcePolicy,
    key: &Name,
    missing: &[(&str, &str, bool)],
    out: &mut Sink<'_>,
) {
    let object = EntityKey::plain(Thing::Resource, &resource.arn);
    let key_object = EntityKey::plain(Thing::Resource, key);
    let mut actions: Vec<&str> = missing.iter().map(|it| it.1).collect();
    actions.sort_unstable();
    actions.dedup();
    let certain = missing.iter().any(|it| it.2);
    let found = out
        .report(
            it.key.clone(),
            Severity::Medium,
            format!("may {} on {}, and not {} on its key", missing[0].0, resource.arn, actions.join(", ")),
        )
        .also(object.clone())
        .also(key_object.clone())
        .also_all(holders(context, &it.key))
        .certain_if(certain && it.held.is_yes())
        .evidence(&object, "kmsKey", key.as_str())
        .impact("the calls fail with AccessDenied that names kms");
    for (action, need, certain) in missing {
        let value = if *certain { "denied" } else { "not in the role's policies; the key's policy was not read" };
        found.evidence(&key_object, format!("{need} for {action}"), value);
    }
    let list: Vec<String> = actions.iter().map(|it| format!("\"{it}\"")).collect();
    found.fixes([
        fix::aws(format!(
            "aws iam put-role-policy --role-name {} --policy-name use-key --policy-document {}",
            fix::quoted(&it.role.name),
            fix::quoted(&format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{}],"Resource":"{key}"}}}}"#,
                list.join(",")
            ))
        )),
        fix::by_hand(format!("let account {} or {} use the key, in the policy of {key}", it.role.account, it.role.arn)),
    ]);
}
