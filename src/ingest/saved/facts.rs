//! The facts of the model, field by field. A change here or to the order of fields needs a new schema number.

use crate::model::facts::aws::*;
use crate::model::facts::eks::*;
use crate::model::facts::env::*;
use crate::model::facts::iam::*;
use crate::model::facts::meta::*;
use crate::model::facts::network::*;
use crate::model::facts::node::*;
use crate::model::facts::pod::*;
use crate::model::facts::rbac::{Binding, RbacRole, Subject};
use crate::model::facts::webhook::*;
use crate::model::facts::workload::*;
use crate::model::listing::Reading;
use crate::model::{Loss, Status};
use crate::rbac::Rule;

use super::pack::{Bad, Pack, Packer, Unpacker, pack_enums, pack_structs};

pack_structs! {
    Meta { namespace, name, uid, created, deleting, labels, annotations, owner, managers, origin }
    Owner { kind, name, uid }
    FieldManager { manager, time, annotations }
    Origin { file, offset, length, line, index }
    Selector { labels, expressions }
    Requirement { key, operator, values }

    Pod { meta, spec, node, phase, ready }
    PodSpec {
        service_account, host_network, host_pid, host_ipc, share_process_namespace, automount_token, node_selector, os,
        fs_group, run_as_user, containers, volumes,
    }
    Container { name, kind, image, env, env_from, mounts, security, target }
    Mount { volume, path, sub_path, read_only }
    Security { privileged, host_process, capabilities, run_as_user }
    Volume { name, source }
    EnvVar { name, value }
    EnvFrom { source, prefix, optional }

    Workload { kind, meta, replicas, suspended, template }
    PodTemplate { labels, annotations, spec }
    ServiceAccount { meta, automount_token, secrets }
    Namespace { meta }
    KeyedObject { meta, keys, values, secret_type }
    OtherObject { meta, selector, fields }
    Node { meta, provider_id, ready }
    RbacRole { meta, rules, aggregation }
    Rule { verbs, api_groups, resources, resource_names, urls }
    Binding { meta, role_kind, role_name, subjects }
    Subject { kind, namespace, name }
    NetworkPolicy { meta, pods, egress, rules }
    EgressRule { to, ports }
    Port { protocol, port, end }
    WebhookConfiguration { meta, webhooks }
    Webhook { name, failure_policy, reinvocation, namespaces, objects, rules }
    WebhookRule { operations, api_groups, resources }

    EksCluster {
        name, arn, version, created, role, issuer, authentication_mode, endpoint_public, endpoint_private, ip_family,
        auto_mode, auto_node_role, tags, origin,
    }
    Association { id, namespace, service_account, details, origin }
    AssociationDetails { role, target_role, external_id, disable_session_tags, policy, created, modified }
    AccessEntry { principal, details, origin }
    AccessEntryDetails { username, groups, kind, created }
    AccessPolicies { principal, policies }
    AccessPolicy { arn, namespaces }
    Nodegroup { name, role, ami_type, status, origin }
    FargateProfile { name, role, selectors, origin }
    Instance { id, account, region, profile, metadata, state, private_dns }
    MetadataOptions { endpoint, tokens_required, hop_limit, ipv6 }

    CallerIdentity { account, arn }
    NamedPolicy { name, text }
    Role {
        account, name, path, arn, id, created, trust, inline, attached, boundary, last_used, max_session, tags,
        instance_profiles, origin,
    }
    LastUsed { at, region }
    User { account, name, path, arn, id, created, inline, attached, groups, boundary, tags, origin }
    Group { account, name, path, arn, id, inline, attached, origin }
    Policy { account, name, path, arn, default_version, versions, attachments, created, updated, origin }
    PolicyVersion { id, text, is_default, created }
    Provider { account, arn, url, client_ids, created, origin }
    InstanceProfile { account, name, arn, roles, origin }
    OrganizationPolicy { id, name, kind, text, origin }
    TargetPolicies { target, policies }
    Parent { child, id, kind }
    ResourcePolicy { arn, text, kms_key, origin }

    Loss { file, path, line, column, object, found, expected }
}

pack_enums! {
    Operator { 0 In, 1 NotIn, 2 Exists, 3 DoesNotExist, 4 Other(word), }
    Phase { 0 Pending, 1 Running, 2 Succeeded, 3 Failed, 4 Unknown, }
    ContainerKind { 0 Init, 1 Sidecar, 2 Container, 3 Ephemeral, }
    WorkloadKind { 0 Deployment, 1 ReplicaSet, 2 StatefulSet, 3 DaemonSet, 4 Job, 5 CronJob, }
    VolumeSource {
        0 Projected(projections), 1 Secret { name, optional }, 2 ConfigMap { name, optional }, 3 HostPath(path), 4 EmptyDir,
        5 Csi(driver), 6 Claim(name), 7 Other(field),
    }
    Projection { 0 Token { audience, expiration, path }, 1 Secret(name), 2 ConfigMap(name), 3 Other(field), }
    EnvValue {
        0 Literal(value), 1 Withheld, 2 ConfigMapKey { name, key, optional }, 3 SecretKey { name, key, optional },
        4 Field(path),
    }
    EnvSource { 0 ConfigMap(name), 1 Secret(name), }
    Peer { 0 Block { cidr, except }, 1 Selector { pods, namespaces }, }
    OrganizationPolicyKind { 0 ServiceControl, 1 ResourceControl, 2 Other(word), }
    Reading { 0 NotRead, 1 Partial, 2 Complete, }
    Status { 0 Loading, 1 Ok, 2 Partial, 3 Denied, 4 Missing, 5 Skipped, }
}
