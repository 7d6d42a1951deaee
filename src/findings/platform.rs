//! What belongs to AWS, EKS or Kubernetes itself (guard G2): one list, in `assets/platform.tsv`.

use std::sync::LazyLock;

use crate::base::Name;
use crate::model::Kind;
use crate::model::facts::iam::Role;

use super::context::Workload;

/// The list, as shipped.
const LIST: &str = include_str!("../../assets/platform.tsv");

/// Kinds and names, taken apart once: rules ask for each workload and role.
static ROWS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect()
});

fn rows(kind: &str) -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(move |(word, _)| *word == kind).map(|(_, name)| *name)
}

/// A service account that EKS or Kubernetes ships.
pub fn is_service_account(namespace: &str, name: &str) -> bool {
    rows("sa")
        .any(|row| row.split_once('/').is_some_and(|(wanted, account)| wanted == namespace && fits(account, name)))
}

/// A user or group of Kubernetes or EKS, such as `system:node:…` or `eks:addon-manager`. A service account by its user
/// name is what the account is; everybody, and groups of accounts, belong to nobody.
pub fn is_subject(name: &str) -> bool {
    if let Some((namespace, account)) = name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':')) {
        return is_service_account(namespace, account);
    }
    let everybody = ["system:authenticated", "system:unauthenticated", "system:anonymous"].contains(&name)
        || name.starts_with("system:serviceaccounts");
    !everybody && rows("subject").any(|row| fits(row, name))
}

/// Programs that apply manifests from a repository, by the name of their workload or service account.
pub fn is_gitops(name: &str) -> bool {
    rows("gitops").any(|row| fits(row, name))
}

/// Programs that admit or change what others create, by the name of their workload or service account.
pub fn is_admission(name: &str) -> bool {
    rows("admission").any(|row| fits(row, name))
}

/// A role that AWS owns: service-linked, or reserved for its services.
pub fn is_role(role: &Role) -> bool {
    rows("path").any(|row| role.path.starts_with(row))
}

/// Names of controllers that are known to call AWS, by the name of their workload or service account.
pub fn is_known_controller(name: &str) -> bool {
    rows("controller").any(|row| fits(row, name))
}

/// Images, by the last part of their name, of programs that never call the Kubernetes API.
pub fn never_calls_kubernetes(image: &str) -> bool {
    rows("quiet-image").any(|row| row == image)
}

/// Agents of networks, logs, metrics and security that need the host: DaemonSets by the names that their charts give.
pub fn is_node_agent(workload: &Workload<'_>) -> bool {
    workload.key.kind == Kind::DaemonSet && rows("agent").any(|row| fits(row, &workload.key.name))
}

/// Names of managed policies that a node role needs to be one.
pub fn is_node_policy(arn: &Name) -> bool {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    arn.contains(":iam::aws:") && rows("node-policy").any(|row| row == name)
}

/// A trailing `*` stands for anything.
fn fits(row: &str, name: &str) -> bool {
    match row.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => row == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_what_eks_ships_and_nothing_beside_it() {
        assert!(is_service_account("kube-system", "aws-node"));
        assert!(!is_service_account("payments", "aws-node"));
        assert!(is_subject("system:kube-scheduler") && is_subject("eks:node-manager"));
        assert!(!is_subject("systems") && !is_subject("alice"));
        assert!(!is_subject("system:authenticated") && !is_subject("system:serviceaccounts:shop"));
        assert!(is_subject("system:serviceaccount:kube-system:aws-node"));
        assert!(!is_subject("system:serviceaccount:shop:api"));
        assert!(is_node_policy(&"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy".into()));
        assert!(!is_node_policy(&"arn:aws:iam::111122223333:policy/AmazonEKSWorkerNodePolicy".into()));
    }

    #[test]
    fn every_row_has_a_kind_that_is_asked_for() {
        for line in LIST.lines().filter(|line| !line.starts_with('#')) {
            let (kind, name) = line.split_once('\t').expect("kind, tab, name");
            let kinds =
                ["sa", "subject", "path", "controller", "gitops", "admission", "node-policy", "agent", "quiet-image"];
            assert!(kinds.contains(&kind), "{line}");
            assert!(!name.is_empty(), "{line}");
        }
    }
}
