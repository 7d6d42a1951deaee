//! Whether the Pod Identity agent gets credentials for a container (R75 to R92).

use crate::base::{Name, Truth};
use crate::model::facts::eks::Association;
use crate::model::facts::pod::PodSpec;
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind, Lookup, SourceId, SourceKind};

use super::answer::Evidence;
use super::injection::Associations;
use super::instance::{Guard, NodeClass, NodeKind, NodeRole};
use super::trace::{Check, Trace};
use super::trust::Trusts;

/// Who asks the agent, and from where.
pub struct Question<'a> {
    pub namespace: &'a Name,
    pub account: &'a Name,
    pub spec: &'a PodSpec,
    pub class: &'a NodeClass,
    pub guard: &'a Guard,
}

/// R92: the first thing that fails explains.
pub fn check(
    inventory: &Inventory,
    cluster: &ClusterFacts,
    trusts: &Trusts,
    associations: &Associations,
    association: Option<&Association>,
    question: &Question<'_>,
    trace: &mut Trace,
) -> Check {
    let mut check = compute(question, trace)
        .and(agent(cluster, question, trace))
        .and(permission(inventory, cluster, trusts, question, trace))
        .and(network(question, trace));
    let Some(association) = association else {
        trace.step("R75", "an association exists", Truth::No, || ("there is none any more".into(), vec![]));
        return check.and(Check::no("R75", "there is no association any more: the next refresh of credentials fails"));
    };
    let key = EntityKey::scoped(Kind::Association, &cluster.label, &association.id);
    let Some(details) = &association.details else {
        let missing = vec![associations.describe_source().clone()];
        trace.step("R75", "an association exists", Truth::Unknown, || {
            (format!("{} was listed but not described", association.id), vec![])
        });
        return check.and(Check::unknown("R75", "the association was listed but not described", missing));
    };
    trace.step("R75", "an association exists", Truth::Yes, || {
        let evidence =
            Evidence { object: key.clone(), path: "association.roleArn".into(), value: details.role.to_string() };
        (association.id.to_string(), vec![evidence])
    });
    check = check.and(base_role(inventory, cluster, &details.role, trace));
    let Lookup::Found(role) = inventory.role(&details.role) else { return check };
    check = check.and(trusts.pod_identity(
        inventory,
        cluster,
        role,
        association,
        question.namespace,
        question.account,
        trace,
    ));
    if let Some(target) = &details.target_role {
        check = check.and(trusts.target_role(inventory, cluster, role, target, association, trace));
    }
    check
}

/// R76: only Linux nodes of EC2, and hybrid nodes with their agent.
fn compute(question: &Question<'_>, trace: &mut Trace) -> Check {
    let class = question.class;
    let check = match class.kind {
        NodeKind::Fargate => Check::no("R76", "Pod Identity does not work on Fargate: no agent runs there"),
        NodeKind::Foreign => Check::no("R76", "Pod Identity does not work outside EKS nodes"),
        _ if class.windows.is_yes() => Check::no("R76", "Pod Identity does not work on Windows"),
        _ => Check::yes("R76", "Pod Identity works on this kind of node"),
    };
    trace.step("R76", "the node can run the agent", check.truth, || (class.kind.title().to_owned(), vec![]));
    check
}

/// R77, R89.
fn agent(cluster: &ClusterFacts, question: &Question<'_>, trace: &mut Trace) -> Check {
    let class = question.class;
    if class.kind == NodeKind::Fargate || class.kind == NodeKind::Foreign {
        return Check::yes("R77", "");
    }
    let check = match class.agent {
        Truth::Yes if question.spec.host_network => Check::unknown(
            "R89",
            "reports differ on host-network pods with Pod Identity (expected): verify it in the pod",
            vec![],
        ),
        Truth::Yes => Check::yes("R77", "a ready agent runs on the node"),
        Truth::No => Check::no("R77", "no ready eks-pod-identity-agent runs on the node"),
        Truth::Unknown if class.kind == NodeKind::Unknown => {
            Check::unknown("R77", "the pod has no node yet, or its node was not read", class.metadata_missing.clone())
        }
        Truth::Unknown => Check::unknown(
            "R77",
            "whether the agent runs on the node was not read",
            vec![cluster.source(SourceKind::Pods)],
        ),
    };
    trace.step("R77", "the agent runs on the node", check.truth, || (check.why.clone(), vec![]));
    check
}

/// R91: the agent asks as the node, whose role must be allowed to.
fn permission(
    inventory: &Inventory,
    cluster: &ClusterFacts,
    trusts: &Trusts,
    question: &Question<'_>,
    trace: &mut Trace,
) -> Check {
    let class = question.class;
    if matches!(class.kind, NodeKind::Fargate | NodeKind::Foreign | NodeKind::Hybrid) || class.agent.is_no() {
        return Check::yes("R91", "");
    }
    let open = |sources: Vec<SourceId>| Check {
        could_fail: sources,
        ..Check::yes("R91", "whether the node role may ask for credentials was not read")
    };
    let check = match &class.role {
        NodeRole::None => Check::no("R91", "the node has no role, so its agent cannot ask for credentials"),
        NodeRole::Configured { role: None, missing } => open(missing.clone()),
        NodeRole::Known(role) | NodeRole::Configured { role: Some(role), .. } => match inventory.role(role) {
            Lookup::Found(found) => match trusts.may_ask_for_credentials(inventory, cluster, found) {
                Truth::Yes => Check::yes("R91", "the node role may ask EKS for credentials"),
                Truth::No => {
                    Check::no("R91", format!("the node role `{}` lacks eks-auth:AssumeRoleForPodIdentity", found.name))
                }
                Truth::Unknown => open(vec![iam_source(inventory, role)]),
            },
            Lookup::Absent | Lookup::Unknown => open(vec![iam_source(inventory, role)]),
        },
    };
    let sure = if check.could_fail.is_empty() { check.truth } else { Truth::Unknown };
    trace.step("R91", "the node role may ask for credentials", sure, || {
        let role = class.role.arn().map_or("", |it| it.as_str());
        let evidence = EntityKey::role(role).map(|object| Evidence {
            object,
            path: "eks-auth:AssumeRoleForPodIdentity".into(),
            value: format!("{:?}", check.truth).to_lowercase(),
        });
        (check.why.clone(), evidence.into_iter().collect())
    });
    check
}

/// R90.
fn network(question: &Question<'_>, trace: &mut Trace) -> Check {
    if question.spec.host_network {
        return Check::yes("R90", "");
    }
    let check = match question.guard {
        Guard::Open => Check::yes("R90", "no network policy forbids the agent's address"),
        Guard::Closed => Check::no("R90", "a network policy forbids the agent's address 169.254.170.23"),
        Guard::Maybe => Check::unknown(
            "R90",
            "a network policy forbids the agent's address, but whether anything enforces it is not known",
            vec![],
        ),
        Guard::Unread(sources) => {
            Check { could_fail: sources.clone(), ..Check::yes("R90", "network policies were not read") }
        }
    };
    trace.step("R90", "the network lets the pod ask the agent", check.truth, || (check.why.clone(), vec![]));
    check
}

/// R80, R52: the base role exists in the cluster's account.
fn base_role(inventory: &Inventory, cluster: &ClusterFacts, role: &Name, trace: &mut Trace) -> Check {
    let own = super::cluster_arn(cluster).map(|arn| arn.account.to_owned());
    let foreign = match (&own, crate::model::Arn::parse(role)) {
        (Some(own), Some(arn)) => arn.account != own,
        _ => false,
    };
    let check = if foreign {
        Check::no("R80", "the role of an association must be in the account of the cluster")
    } else {
        match inventory.role(role) {
            Lookup::Found(_) => Check::yes("R75", "the role of the association exists"),
            Lookup::Absent => Check::no("R75", format!("the role `{role}` of the association does not exist")),
            Lookup::Unknown => {
                Check::unknown("R75", "the role of the association was not read", vec![iam_source(inventory, role)])
            }
        }
    };
    trace.step(check.rule, "the role of the association exists", check.truth, || (check.why.clone(), vec![]));
    check
}

/// The source that would hold a role.
pub fn iam_source(inventory: &Inventory, role: &str) -> SourceId {
    let account = crate::model::Arn::parse(role).map_or("", |arn| arn.account);
    match inventory.accounts.get(account) {
        Some(account) => account.source(SourceKind::Iam),
        None if inventory.accounts.is_empty() => SourceId::new("aws", SourceKind::Iam),
        None => SourceId::new(&format!("accounts/{account}"), SourceKind::Iam),
    }
}
