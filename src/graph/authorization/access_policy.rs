//! What EKS access policies grant, as published in the Amazon EKS User Guide ("Review access policy permissions").
//!
//! Policies of which the guide tells the purpose but not the rules are left out: what they grant is not known.

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::rbac::Rule;

const READ: &str = "get list watch";
const WRITE: &str = "create delete deletecollection patch update";

/// Group, resources, verbs. The core group is empty.
type Row = (&'static str, &'static str, &'static str);

const VIEW: &[Row] = &[
    (
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
        READ,
    ),
    (
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
        READ,
    ),
    ("", "namespaces", READ),
    (
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
        READ,
    ),
    ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", READ),
    ("batch", "cronjobs cronjobs/status jobs jobs/status", READ),
    ("discovery.k8s.io", "endpointslices", READ),
    (
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
        READ,
    ),
    ("networking.k8s.io", "ingresses ingresses/status networkpolicies", READ),
    ("policy", "poddisruptionbudgets poddisruptionbudgets/status", READ),
];

/// Beside what `VIEW` holds.
const EDIT: &[Row] = &[
    ("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", READ),
    ("", "serviceaccounts", "impersonate"),
    ("", "pods pods/attach pods/exec pods/portforward pods/proxy", WRITE),
    (
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
        WRITE,
    ),
    (
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
        WRITE,
    ),
    ("autoscaling", "horizontalpodautoscalers", WRITE),
    ("batch", "cronjobs jobs", WRITE),
    (
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
        WRITE,
    ),
    ("networking.k8s.io", "ingresses networkpolicies", WRITE),
    ("policy", "poddisruptionbudgets", WRITE),
];

/// Beside what `EDIT` holds.
const ADMIN: &[Row] = &[
    ("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    ("rbac.authorization.k8s.io", "rolebindings roles", "create delete deletecollection get list patch update watch"),
];

const POLICIES: &[(&str, &[&[Row]])] = &[
    ("AmazonEKSAdminPolicy", &[VIEW, EDIT, ADMIN]),
    ("AmazonEKSAdminViewPolicy", &[&[("*", "*", READ)]]),
    ("AmazonEKSClusterAdminPolicy", &[&[("*", "*", "*")]]),
    ("AmazonEKSEditPolicy", &[VIEW, EDIT]),
    ("AmazonEKSHybridPolicy", &[&[("*", "nodes", "list")]]),
    ("AmazonEKSSecretReaderPolicy", &[&[("", "secrets", READ)]]),
    ("AmazonEKSViewPolicy", &[VIEW]),
];

/// The rules of the policy with this ARN; `None` when its contents are not published, or it is not known here.
pub fn rules(arn: &str) -> Option<Arc<[Rule]>> {
    static RULES: LazyLock<FxHashMap<&'static str, Arc<[Rule]>>> = LazyLock::new(|| {
        let policies = POLICIES.iter().map(|(name, parts)| {
            let mut rules: Vec<Rule> = parts.iter().flat_map(|part| part.iter()).map(rule).collect();
            if *name == "AmazonEKSClusterAdminPolicy" {
                rules.push(Rule { verbs: vec!["*".into()], urls: vec!["*".into()], ..Rule::default() });
            }
            (*name, rules.into())
        });
        policies.collect()
    });
    RULES.get(name(arn)).cloned()
}

/// The last part of the policy's ARN. Partitions differ in what stands before (R135).
pub fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn rule((group, resources, verbs): &Row) -> Rule {
    let words = |text: &str| text.split(' ').map(Name::from).collect();
    Rule { verbs: words(verbs), api_groups: vec![(*group).into()], resources: words(resources), ..Rule::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::{Match, Request, matches};

    fn may(policy: &str, verb: &str, resource: &str) -> bool {
        let rules = rules(&format!("arn:aws:eks::aws:cluster-access-policy/{policy}")).expect("published");
        rules.iter().any(|rule| matches(rule, &Request::parse(verb, resource, None, None)) == Match::Yes)
    }

    /// R174: what each policy is worth.
    #[test]
    fn access_policies_grant_what_the_guide_publishes() {
        assert!(may("AmazonEKSClusterAdminPolicy", "get", "/metrics"));
        assert!(
            may("AmazonEKSAdminPolicy", "create", "rolebindings") && !may("AmazonEKSEditPolicy", "create", "roles")
        );
        assert!(
            may("AmazonEKSEditPolicy", "create", "pods/exec")
                && may("AmazonEKSEditPolicy", "impersonate", "serviceaccounts")
        );
        assert!(!may("AmazonEKSEditPolicy", "create", "serviceaccounts/token"));
        assert!(may("AmazonEKSAdminViewPolicy", "list", "secrets") && !may("AmazonEKSViewPolicy", "list", "secrets"));
        assert!(rules("arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy").is_some());
        assert!(rules("arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy").is_none());
    }
}
