//! Changes that mend a finding, in the forms people apply them: kubectl, the AWS CLI, Terraform, eksctl.

use crate::model::{ClusterFacts, EntityKey};

use super::context::{Seat, Workload};
use super::finding::{Fix, Tool};

/// A word of a POSIX shell, quoted where it needs to be.
pub fn quoted(word: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&it);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

pub fn kubectl(text: impl Into<String>) -> Fix {
    Fix { tool: Tool::Kubectl, text: text.into() }
}

pub fn aws(text: impl Into<String>) -> Fix {
    Fix { tool: Tool::Aws, text: text.into() }
}

pub fn terraform(text: impl Into<String>) -> Fix {
    Fix { tool: Tool::Terraform, text: text.into() }
}

pub fn eksctl(text: impl Into<String>) -> Fix {
    Fix { tool: Tool::Eksctl, text: text.into() }
}

pub fn by_hand(text: impl Into<String>) -> Fix {
    Fix { tool: Tool::Hand, text: text.into() }
}

/// New pods for a workload: they are injected anew. What is no rollout's is deleted and made again.
pub fn restart(workload: &Workload<'_>) -> Fix {
    use crate::model::Kind;
    let namespace = quoted(workload.namespace);
    let name = quoted(&workload.kubectl_name());
    kubectl(match workload.key.kind {
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => {
            format!("kubectl -n {namespace} rollout restart {name}")
        }
        Kind::CronJob => format!("# the next run of {name} starts with what is declared then"),
        _ => format!("kubectl -n {namespace} delete {name}   # and create it again: pods keep what they started with"),
    })
}

/// Takes a variable out of a container's template.
pub fn unset(workload: &Workload<'_>, seat: &Seat<'_>, name: &str) -> Fix {
    use crate::model::Kind;
    if workload.key.kind == Kind::Pod {
        return by_hand(format!("take {name} out of container {} in the manifest of the pod", seat.container.name));
    }
    kubectl(format!(
        "kubectl -n {} set env {} -c {} {name}-",
        quoted(workload.namespace),
        quoted(&workload.kubectl_name()),
        quoted(&seat.container.name)
    ))
}

/// Sets a variable in a container's template.
pub fn set_variable(workload: &Workload<'_>, seat: &Seat<'_>, name: &str, value: &str) -> Fix {
    use crate::model::Kind;
    if workload.key.kind == Kind::Pod {
        return by_hand(format!("set {name}={value} in container {} in the manifest of the pod", seat.container.name));
    }
    kubectl(format!(
        "kubectl -n {} set env {} -c {} {}",
        quoted(workload.namespace),
        quoted(&workload.kubectl_name()),
        quoted(&seat.container.name),
        quoted(&format!("{name}={value}"))
    ))
}

/// Merges a piece of JSON into the `spec` of a workload's pods.
pub fn patch_template(workload: &Workload<'_>, spec: &str) -> Fix {
    use crate::model::Kind;
    let inside = match workload.key.kind {
        Kind::Pod => return by_hand(format!("make the pod again with this in its spec: {spec}")),
        Kind::CronJob => format!(r#"{{"spec":{{"jobTemplate":{{"spec":{{"template":{{"spec":{spec}}}}}}}}}}}"#),
        _ => format!(r#"{{"spec":{{"template":{{"spec":{spec}}}}}}}"#),
    };
    kubectl(format!(
        "kubectl -n {} patch {} --type strategic -p {}",
        quoted(workload.namespace),
        quoted(&workload.kubectl_name()),
        quoted(&inside)
    ))
}

/// An annotation of a workload's pods. New pods follow; a pod that nothing makes is made again with it.
pub fn annotate_template(workload: &Workload<'_>, key: &str, value: &str) -> Fix {
    use crate::model::Kind;
    let metadata = serde_json::json!({ "metadata": { "annotations": { key: value } } });
    let inside = match workload.key.kind {
        Kind::Pod => return by_hand(format!("make the pod again with this: {metadata}")),
        Kind::CronJob => serde_json::json!({ "spec": { "jobTemplate": { "spec": { "template": metadata } } } }),
        _ => serde_json::json!({ "spec": { "template": metadata } }),
    };
    kubectl(format!(
        "kubectl -n {} patch {} --type merge -p {}",
        quoted(workload.namespace),
        quoted(&workload.kubectl_name()),
        quoted(&inside.to_string())
    ))
}

/// A name as Terraform takes it for a resource.
pub fn identifier(name: &str) -> String {
    let plain: String = name.chars().map(|it| if it.is_ascii_alphanumeric() || it == '_' { it } else { '_' }).collect();
    if plain.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_') { plain } else { format!("_{plain}") }
}

/// Takes a Pod Identity association away.
pub fn delete_association(cluster: &ClusterFacts, id: &str) -> Fix {
    aws(format!(
        "aws eks delete-pod-identity-association --cluster-name {} --association-id {}",
        quoted(cluster_name(cluster)),
        quoted(id)
    ))
}

/// Gives a role to a service account by Pod Identity.
pub fn create_association(cluster: &ClusterFacts, namespace: &str, account: &str, role: &str) -> Fix {
    aws(format!(
        "aws eks create-pod-identity-association --cluster-name {} --namespace {} --service-account {} --role-arn {}",
        quoted(cluster_name(cluster)),
        quoted(namespace),
        quoted(account),
        quoted(role)
    ))
}

/// Objects as a file on the standard input.
pub fn apply(object: &serde_json::Value) -> Fix {
    kubectl(format!("kubectl apply -f - <<'EOF'\n{object}\nEOF"))
}

/// Lets an association send its session tags.
pub fn enable_tags(cluster: &ClusterFacts, id: &str) -> Fix {
    aws(format!(
        "aws eks update-pod-identity-association --cluster-name {} --association-id {} --no-disable-session-tags",
        quoted(cluster_name(cluster)),
        quoted(id)
    ))
}

/// The name in AWS of a cluster.
pub fn cluster_name(cluster: &ClusterFacts) -> &str {
    cluster.description().map_or(cluster.label.as_str(), |it| it.name.as_str())
}

/// The role annotation of a service account.
pub fn annotate(account: &EntityKey, arn: &str) -> Fix {
    kubectl(format!(
        "kubectl -n {} annotate serviceaccount {} eks.amazonaws.com/role-arn={} --overwrite",
        quoted(&account.namespace),
        quoted(&account.name),
        quoted(arn)
    ))
}

/// An inline policy of a role.
pub fn put_role_policy(role: &str, name: &str, document: &str) -> Fix {
    aws(format!(
        "aws iam put-role-policy --role-name {} --policy-name {} --policy-document {}",
        quoted(role),
        quoted(name),
        quoted(document)
    ))
}

/// A role's trust policy, replaced by `document` as a whole.
pub fn update_trust(role: &str, document: &str) -> Fix {
    aws(format!(
        "aws iam update-assume-role-policy --role-name {} --policy-document {}",
        quoted(role),
        quoted(document)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_shell_stays_one_word() {
        assert_eq!(quoted("arn:aws:iam::111122223333:role/a+b"), "arn:aws:iam::111122223333:role/a+b");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(x)"), "'$(x)'");
    }
}
