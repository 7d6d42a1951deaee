//! Resources that every cluster serves: their group, and whether they stand in namespaces.

/// Plural name, group, namespaced; sorted by name. Of a name that several groups serve, the one kubectl means comes first.
pub const BUILT_IN: &[(&str, &str, bool)] = &[
    ("apiservices", "apiregistration.k8s.io", false),
    ("bindings", "", true),
    ("certificatesigningrequests", "certificates.k8s.io", false),
    ("clusterrolebindings", "rbac.authorization.k8s.io", false),
    ("clusterroles", "rbac.authorization.k8s.io", false),
    ("clustertrustbundles", "certificates.k8s.io", false),
    ("componentstatuses", "", false),
    ("configmaps", "", true),
    ("controllerrevisions", "apps", true),
    ("cronjobs", "batch", true),
    ("csidrivers", "storage.k8s.io", false),
    ("csinodes", "storage.k8s.io", false),
    ("csistoragecapacities", "storage.k8s.io", true),
    ("customresourcedefinitions", "apiextensions.k8s.io", false),
    ("daemonsets", "apps", true),
    ("deployments", "apps", true),
    ("deviceclasses", "resource.k8s.io", false),
    ("endpoints", "", true),
    ("endpointslices", "discovery.k8s.io", true),
    ("events", "", true),
    ("events", "events.k8s.io", true),
    ("flowschemas", "flowcontrol.apiserver.k8s.io", false),
    ("groups", "", false),
    ("horizontalpodautoscalers", "autoscaling", true),
    ("ingressclasses", "networking.k8s.io", false),
    ("ingresses", "networking.k8s.io", true),
    ("ipaddresses", "networking.k8s.io", false),
    ("jobs", "batch", true),
    ("leasecandidates", "coordination.k8s.io", true),
    ("leases", "coordination.k8s.io", true),
    ("limitranges", "", true),
    ("localsubjectaccessreviews", "authorization.k8s.io", true),
    ("mutatingadmissionpolicies", "admissionregistration.k8s.io", false),
    ("mutatingadmissionpolicybindings", "admissionregistration.k8s.io", false),
    ("mutatingwebhookconfigurations", "admissionregistration.k8s.io", false),
    ("namespaces", "", false),
    ("networkpolicies", "networking.k8s.io", true),
    ("nodes", "", false),
    ("nodes", "metrics.k8s.io", false),
    ("persistentvolumeclaims", "", true),
    ("persistentvolumes", "", false),
    ("podcertificaterequests", "certificates.k8s.io", true),
    ("poddisruptionbudgets", "policy", true),
    ("pods", "", true),
    ("pods", "metrics.k8s.io", true),
    ("podtemplates", "", true),
    ("priorityclasses", "scheduling.k8s.io", false),
    ("prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io", false),
    ("replicasets", "apps", true),
    ("replicationcontrollers", "", true),
    ("resourceclaims", "resource.k8s.io", true),
    ("resourceclaimtemplates", "resource.k8s.io", true),
    ("resourcequotas", "", true),
    ("resourceslices", "resource.k8s.io", false),
    ("rolebindings", "rbac.authorization.k8s.io", true),
    ("roles", "rbac.authorization.k8s.io", true),
    ("runtimeclasses", "node.k8s.io", false),
    ("secrets", "", true),
    ("selfsubjectaccessreviews", "authorization.k8s.io", false),
    ("selfsubjectreviews", "authentication.k8s.io", false),
    ("selfsubjectrulesreviews", "authorization.k8s.io", false),
    ("serviceaccounts", "", true),
    ("servicecidrs", "networking.k8s.io", false),
    ("services", "", true),
    ("signers", "certificates.k8s.io", false),
    ("statefulsets", "apps", true),
    ("storageclasses", "storage.k8s.io", false),
    ("storageversionmigrations", "storagemigration.k8s.io", false),
    ("subjectaccessreviews", "authorization.k8s.io", false),
    ("tokenreviews", "authentication.k8s.io", false),
    ("uids", "authentication.k8s.io", false),
    ("userextras", "authentication.k8s.io", false),
    ("users", "", false),
    ("validatingadmissionpolicies", "admissionregistration.k8s.io", false),
    ("validatingadmissionpolicybindings", "admissionregistration.k8s.io", false),
    ("validatingwebhookconfigurations", "admissionregistration.k8s.io", false),
    ("volumeattachments", "storage.k8s.io", false),
    ("volumeattributesclasses", "storage.k8s.io", false),
];

fn rows(resource: &str) -> impl Iterator<Item = &'static (&'static str, &'static str, bool)> {
    let start = BUILT_IN.partition_point(|row| row.0 < resource);
    let resource = resource.to_owned();
    BUILT_IN[start..].iter().take_while(move |row| row.0 == resource)
}

/// The group that a name without one means; `None` when no built-in resource has that name.
pub fn group_of(resource: &str) -> Option<&'static str> {
    rows(resource).next().map(|row| row.1)
}

/// A resource that is not built in, or `*`, is taken as namespaced.
pub fn is_namespaced(group: &str, resource: &str) -> bool {
    rows(resource).find(|row| row.1 == group).is_none_or(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_row_stands_once() {
        assert!(BUILT_IN.is_sorted_by(|a, b| a.0 <= b.0));
        for (at, row) in BUILT_IN.iter().enumerate() {
            assert!(!BUILT_IN[..at].iter().any(|it| (it.0, it.1) == (row.0, row.1)), "{row:?}");
        }
    }

    #[test]
    fn a_name_without_a_group_means_the_one_kubectl_means() {
        assert_eq!(group_of("events"), Some(""));
        assert_eq!(group_of("pods"), Some(""));
        assert_eq!(group_of("deployments"), Some("apps"));
        assert_eq!(group_of("widgets"), None);
        assert!(!is_namespaced("", "namespaces") && is_namespaced("", "pods") && is_namespaced("x.y", "nodes"));
    }
}
