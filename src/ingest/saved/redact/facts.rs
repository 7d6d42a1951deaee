//! The facts, field by field: what each holds decides how it is replaced. A field that is added to a fact and forgotten
//! here does not compile.

use std::sync::Arc;

use crate::base::Name;
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
use crate::model::inventory::Keyed;
use crate::model::{AccountFacts, ClusterFacts, Listing, RegionFacts};
use crate::rbac::Rule;
use crate::rbac::resources::BUILT_IN;

use super::Redactor;
use super::public::{is_public_domain, is_value};

/// Something with names in it.
pub trait Redact {
    fn redact(&mut self, redactor: &mut Redactor);
}

/// Texts of one kind.
pub trait Texts {
    fn each(&mut self, change: &mut dyn FnMut(&str) -> String);
}

impl Texts for Name {
    fn each(&mut self, change: &mut dyn FnMut(&str) -> String) {
        *self = Name::new(&change(self));
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each(&mut self, change: &mut dyn FnMut(&str) -> String) {
        self.iter_mut().for_each(|it| it.each(change));
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each(&mut self, change: &mut dyn FnMut(&str) -> String) {
        self.iter_mut().for_each(|it| it.each(change));
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&mut self, redactor: &mut Redactor) {
        self.iter_mut().for_each(|it| it.redact(redactor));
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redact(&mut self, redactor: &mut Redactor) {
        self.iter_mut().for_each(|it| it.redact(redactor));
    }
}

/// What a field can hold.
#[expect(clippy::unused_self, reason = "all rows of the table have one form")]
impl Redactor {
    fn keep<T>(&mut self, _: &mut T) {}

    fn forget<T: Default>(&mut self, it: &mut T) {
        *it = T::default();
    }

    fn name(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.word(text));
    }

    fn prose(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.text(text));
    }

    fn file(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.path(text));
    }

    fn host_name(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.node(text));
    }

    fn policy(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.text(text));
    }

    fn place(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.source(text));
    }

    fn keys(&mut self, it: &mut impl Texts) {
        it.each(&mut |text| self.key(text));
    }

    fn inner(&mut self, it: &mut impl Redact) {
        it.redact(self);
    }

    fn list<T: Redact + Keyed + Clone>(&mut self, it: &mut Listing<T>) {
        let items = it.iter().map(|item| {
            let mut item = (**item).clone();
            item.redact(self);
            Arc::new(item)
        });
        let items = items.collect();
        *it = Listing::restored(items, it.reading);
    }

    /// Labels, annotations and tags. Words of formats stay where the key is public.
    fn pairs(&mut self, it: &mut Labels) {
        let at = it.0.as_ptr() as usize;
        if let Some(known) = self.labels.get(&at) {
            it.clone_from(known);
            return;
        }
        let pairs = it.iter().map(|(key, value)| {
            let value = if is_value(value) { value.clone() } else { Name::new(&self.text(value)) };
            (Name::new(&self.key(key)), value)
        });
        let new = Labels::new(pairs.collect());
        self.labels.insert(at, new.clone());
        *it = new;
    }

    /// Values under paths of fields.
    fn fields(&mut self, it: &mut Labels) {
        let pairs = it.iter().map(|(path, value)| {
            let value = if is_value(value) { value.clone() } else { Name::new(&self.text(value)) };
            (path.clone(), value)
        });
        *it = Labels::new(pairs.collect());
    }

    fn spec(&mut self, it: &mut Arc<PodSpec>) {
        let at = Arc::as_ptr(it) as usize;
        let known = self.specs.get(&at).cloned();
        *it = known.unwrap_or_else(|| {
            let mut own = (**it).clone();
            own.redact(self);
            let own = Arc::new(own);
            self.specs.insert(at, Arc::clone(&own));
            own
        });
    }

    fn template(&mut self, it: &mut Arc<PodTemplate>) {
        let at = Arc::as_ptr(it) as usize;
        let known = self.templates.get(&at).cloned();
        *it = known.unwrap_or_else(|| {
            let mut own = (**it).clone();
            own.redact(self);
            let own = Arc::new(own);
            self.templates.insert(at, Arc::clone(&own));
            own
        });
    }

    fn rules(&mut self, it: &mut Arc<[Rule]>) {
        let mut rules = it.to_vec();
        rules.redact(self);
        *it = rules.into();
    }

    fn managers(&mut self, it: &mut Option<Arc<[FieldManager]>>) {
        if let Some(managers) = it {
            let mut own = managers.to_vec();
            own.redact(self);
            *managers = own.into();
        }
    }

    fn selectors(&mut self, it: &mut Vec<(Name, Labels)>) {
        for (namespace, labels) in it {
            self.name(namespace);
            self.pairs(labels);
        }
    }

    fn organization_policies(&mut self, it: &mut [(Name, OrganizationPolicyKind)]) {
        it.iter_mut().for_each(|(id, _)| self.name(id));
    }

    fn others(&mut self, it: &mut std::collections::BTreeMap<crate::model::SourceKind, Listing<OtherObject>>) {
        it.values_mut().for_each(|list| self.list(list));
    }

    fn regions(&mut self, it: &mut std::collections::BTreeMap<Name, RegionFacts>) {
        it.values_mut().for_each(|region| region.redact(self));
    }
}

macro_rules! redact {
    ($($type:ident { $($field:ident $how:ident,)* })*) => {$(
        impl Redact for $type {
            fn redact(&mut self, redactor: &mut Redactor) {
                let $type { $($field,)* } = self;
                $(redactor.$how($field);)*
            }
        }
    )*};
}

redact! {
    ClusterFacts {
        label name, directory place, cluster list, association_list list, associations list, access_entry_list list,
        access_entries list, access_policies list, nodegroup_list list, nodegroups list, fargate_profile_list list,
        fargate_profiles list, addons keep, version keep, pods list, service_accounts list, namespaces list, nodes list,
        deployments list, replica_sets list, stateful_sets list, daemon_sets list, jobs list, cron_jobs list, roles list,
        role_bindings list, cluster_roles list, cluster_role_bindings list, network_policies list, webhooks list,
        config_maps list, secrets list, others others,
    }
    AccountFacts {
        id name, directory place, caller list, users list, groups list, roles list, policies list, provider_list list,
        providers list, instance_profiles list, target_policies list, target_policies_by_target list, parents list,
        organization_policies list, resource_policies list, regions regions,
    }
    RegionFacts { clusters list, instances list, }

    Meta {
        namespace name, name host_name, uid name, created keep, deleting keep, labels pairs, annotations pairs, owner inner,
        managers managers, origin forget,
    }
    Owner { kind keep, name host_name, uid name, }
    FieldManager { manager name, time keep, annotations keys, }
    Selector { labels pairs, expressions inner, }
    Requirement { key keys, operator keep, values prose, }

    Pod { meta inner, spec spec, node host_name, phase keep, ready keep, }
    PodSpec {
        service_account name, host_network keep, host_pid keep, host_ipc keep, share_process_namespace keep,
        automount_token keep, node_selector pairs, os keep, fs_group keep, run_as_user keep, containers inner,
        volumes inner,
    }
    Container {
        name name, kind keep, image name, env inner, env_from inner, mounts inner, security keep, target name,
    }
    Mount { volume name, path file, sub_path file, read_only keep, }
    Volume { name name, source inner, }
    EnvFrom { source inner, prefix keep, optional keep, }

    Workload { kind keep, meta inner, replicas keep, suspended keep, template template, }
    PodTemplate { labels pairs, annotations pairs, spec spec, }
    ServiceAccount { meta inner, automount_token keep, secrets name, }
    Namespace { meta inner, }
    KeyedObject { meta inner, keys name, values pairs, secret_type keep, }
    OtherObject { meta inner, selector inner, fields fields, }
    Node { meta inner, provider_id name, ready keep, }
    RbacRole { meta inner, rules rules, aggregation inner, }
    Binding { meta inner, role_kind keep, role_name name, subjects inner, }
    Subject { kind keep, namespace name, name host_name, }
    NetworkPolicy { meta inner, pods inner, egress keep, rules inner, }
    EgressRule { to inner, ports keep, }
    WebhookConfiguration { meta inner, webhooks inner, }
    Webhook { name name, failure_policy keep, reinvocation keep, namespaces inner, objects inner, rules keep, }

    EksCluster {
        name name, arn name, version keep, created keep, role name, issuer name, authentication_mode keep,
        endpoint_public keep, endpoint_private keep, ip_family keep, auto_mode keep, auto_node_role name, tags pairs,
        origin forget,
    }
    Association { id name, namespace name, service_account name, details inner, origin forget, }
    AssociationDetails {
        role name, target_role name, external_id prose, disable_session_tags keep, policy policy, created keep,
        modified keep,
    }
    AccessEntry { principal name, details inner, origin forget, }
    AccessEntryDetails { username prose, groups name, kind keep, created keep, }
    AccessPolicies { principal name, policies inner, }
    AccessPolicy { arn name, namespaces name, }
    Nodegroup { name name, role name, ami_type keep, status keep, origin forget, }
    FargateProfile { name name, role name, selectors selectors, origin forget, }
    Instance {
        id name, account name, region keep, profile name, metadata keep, state keep, private_dns host_name,
    }

    CallerIdentity { account name, arn name, }
    NamedPolicy { name name, text policy, }
    Role {
        account name, name name, path name, arn name, id name, created keep, trust policy, inline inner, attached name,
        boundary name, last_used keep, max_session keep, tags pairs, instance_profiles name, origin forget,
    }
    User {
        account name, name name, path name, arn name, id name, created keep, inline inner, attached name, groups name,
        boundary name, tags pairs, origin forget,
    }
    Group { account name, name name, path name, arn name, id name, inline inner, attached name, origin forget, }
    Policy {
        account name, name name, path name, arn name, default_version keep, versions inner, attachments keep, created keep,
        updated keep, origin forget,
    }
    PolicyVersion { id keep, text policy, is_default keep, created keep, }
    Provider { account name, arn name, url name, client_ids prose, created keep, origin forget, }
    InstanceProfile { account name, name name, arn name, roles name, origin forget, }
    OrganizationPolicy { id name, name name, kind keep, text policy, origin forget, }
    TargetPolicies { target name, policies organization_policies, }
    Parent { child name, id name, kind keep, }
    ResourcePolicy { arn name, text policy, kms_key name, origin forget, }
}

impl Redact for Name {
    fn redact(&mut self, redactor: &mut Redactor) {
        redactor.name(self);
    }
}

impl Redact for EnvVar {
    fn redact(&mut self, redactor: &mut Redactor) {
        // Names of variables are those of a table, or what such a value refers to.
        let EnvVar { name, value } = self;
        match value {
            EnvValue::Literal(text) if name.contains("REGION") || name.ends_with("ENDPOINTS") => redactor.keep(text),
            EnvValue::Literal(text) if text.starts_with('/') => redactor.file(text),
            EnvValue::Literal(text) => redactor.prose(text),
            EnvValue::ConfigMapKey { name, key, .. } | EnvValue::SecretKey { name, key, .. } => {
                redactor.name(name);
                redactor.name(key);
            }
            EnvValue::Withheld | EnvValue::Field(_) => {}
        }
    }
}

impl Redact for EnvSource {
    fn redact(&mut self, redactor: &mut Redactor) {
        let (EnvSource::ConfigMap(name) | EnvSource::Secret(name)) = self;
        redactor.name(name);
    }
}

impl Redact for VolumeSource {
    fn redact(&mut self, redactor: &mut Redactor) {
        match self {
            VolumeSource::Projected(projections) => projections.redact(redactor),
            VolumeSource::Secret { name, .. } | VolumeSource::ConfigMap { name, .. } | VolumeSource::Claim(name) => {
                redactor.name(name);
            }
            VolumeSource::HostPath(path) => redactor.file(path),
            VolumeSource::Csi(driver) => redactor.name(driver),
            VolumeSource::EmptyDir | VolumeSource::Other(_) => {}
        }
    }
}

impl Redact for Projection {
    fn redact(&mut self, redactor: &mut Redactor) {
        match self {
            Projection::Token { audience, path, .. } => {
                redactor.name(audience);
                redactor.file(path);
            }
            Projection::Secret(name) | Projection::ConfigMap(name) => redactor.name(name),
            Projection::Other(_) => {}
        }
    }
}

impl Redact for Peer {
    fn redact(&mut self, redactor: &mut Redactor) {
        match self {
            Peer::Block { cidr, except } => {
                redactor.name(cidr);
                redactor.name(except);
            }
            Peer::Selector { pods, namespaces } => {
                pods.redact(redactor);
                namespaces.redact(redactor);
            }
        }
    }
}

impl Redact for Rule {
    /// Verbs and what Kubernetes serves stay; resources of one's own kinds are names.
    fn redact(&mut self, redactor: &mut Redactor) {
        let Rule { verbs: _, api_groups, resources, resource_names, urls } = self;
        let public = |group: &Name| !group.contains('.') || is_public_domain(group);
        let own = !api_groups.iter().all(public);
        let mut group = |text: &str| if public(&text.into()) { text.to_owned() } else { redactor.word(text) };
        api_groups.each(&mut group);
        resources.each(&mut |text| {
            let (base, sub) = text.split_once('/').map_or((text, None), |(base, sub)| (base, Some(sub)));
            let is_built_in = base == "*" || BUILT_IN.iter().any(|row| row.0 == base);
            if is_built_in || !own {
                return text.to_owned();
            }
            let sub = sub.map_or_else(String::new, |sub| format!("/{sub}"));
            format!("{}{sub}", redactor.word(base))
        });
        redactor.name(resource_names);
        redactor.file(urls);
    }
}
