//! All facts of all clusters and accounts, each kind whole or marked as not.
//!
//! Cloning is cheap (shared lists), so a derivation can run on one state while the feed changes the next.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::FxBuildHasher;

use crate::base::Name;

use super::coverage::{Coverage, SourceReport, Status};
use super::facts::aws::{CallerIdentity, OrganizationPolicy, Parent, ResourcePolicy, TargetPolicies};
use super::facts::eks::{AccessEntry, AccessPolicies, Association, EksCluster, FargateProfile, Nodegroup};
use super::facts::iam::{Group, InstanceProfile, Policy, Provider, Role, User};
use super::facts::network::NetworkPolicy;
use super::facts::node::{Instance, Node};
use super::facts::pod::Pod;
use super::facts::rbac::{Binding, RbacRole};
use super::facts::webhook::WebhookConfiguration;
use super::facts::workload::{KeyedObject, Namespace, OtherObject, ServiceAccount, Workload};
use super::feed::{Batch, Change, Delta, Place};
use super::listing::{Listing, Lookup, Reading};
use super::source::{SourceId, SourceKind};

/// What was read of one cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterFacts {
    pub label: Name,
    /// Directory in the layout, such as `clusters/prod`; names the sources of the cluster.
    pub directory: Name,
    pub cluster: Listing<EksCluster>,
    pub association_list: Listing<Association>,
    pub associations: Listing<Association>,
    pub access_entry_list: Listing<AccessEntry>,
    pub access_entries: Listing<AccessEntry>,
    pub access_policies: Listing<AccessPolicies>,
    pub nodegroup_list: Listing<Nodegroup>,
    pub nodegroups: Listing<Nodegroup>,
    pub fargate_profile_list: Listing<FargateProfile>,
    pub fargate_profiles: Listing<FargateProfile>,
    pub addons: Listing<Name>,
    pub version: Listing<Name>,
    pub pods: Listing<Pod>,
    pub service_accounts: Listing<ServiceAccount>,
    pub namespaces: Listing<Namespace>,
    pub nodes: Listing<Node>,
    pub deployments: Listing<Workload>,
    pub replica_sets: Listing<Workload>,
    pub stateful_sets: Listing<Workload>,
    pub daemon_sets: Listing<Workload>,
    pub jobs: Listing<Workload>,
    pub cron_jobs: Listing<Workload>,
    pub roles: Listing<RbacRole>,
    pub role_bindings: Listing<Binding>,
    pub cluster_roles: Listing<RbacRole>,
    pub cluster_role_bindings: Listing<Binding>,
    pub network_policies: Listing<NetworkPolicy>,
    pub webhooks: Listing<WebhookConfiguration>,
    /// A list that holds only `aws-auth` answers for `aws-auth` only.
    pub config_maps: Listing<KeyedObject>,
    pub secrets: Listing<KeyedObject>,
    /// Services, ingresses, node classes and the like, by source.
    pub others: BTreeMap<SourceKind, Listing<OtherObject>>,
}

/// What was read of one AWS account.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    pub id: Name,
    /// Directory in the layout: `aws` or `accounts/ID`.
    pub directory: Name,
    pub caller: Listing<CallerIdentity>,
    pub users: Listing<User>,
    pub groups: Listing<Group>,
    pub roles: Listing<Role>,
    pub policies: Listing<Policy>,
    pub provider_list: Listing<Provider>,
    pub providers: Listing<Provider>,
    pub instance_profiles: Listing<InstanceProfile>,
    pub target_policies: Listing<TargetPolicies>,
    pub target_policies_by_target: Listing<TargetPolicies>,
    pub parents: Listing<Parent>,
    pub organization_policies: Listing<OrganizationPolicy>,
    pub resource_policies: Listing<ResourcePolicy>,
    pub regions: BTreeMap<Name, RegionFacts>,
}

#[derive(Clone, Debug, Default)]
pub struct RegionFacts {
    pub clusters: Listing<Name>,
    pub instances: Listing<Instance>,
}

/// Everything that was read. Built by [`Inventory::apply`], or restored whole from a saved snapshot.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The time of the data: dates and ages are counted to it.
    pub now: Option<Timestamp>,
    /// By label.
    pub clusters: BTreeMap<Name, Arc<ClusterFacts>>,
    /// By id.
    pub accounts: BTreeMap<Name, Arc<AccountFacts>>,
    pub coverage: Coverage,
    /// Lists that are being read again; they replace the old ones when they are whole.
    staged: BTreeMap<SourceId, Vec<Batch>>,
}

/// How lists are ordered, and where an object that comes twice is met again.
pub trait Keyed {
    /// Namespace and name; an empty namespace where there is none.
    fn key(&self) -> (&str, &str);
    /// Decides which of two objects of one key stays, whatever order they came in: the lowest.
    fn rank(&self) -> (&str, u64);
}

macro_rules! keyed {
    ($($type:ty: |$it:ident| $namespace:expr, $name:expr, $rank:expr;)*) => {
        $(impl Keyed for $type {
            fn key(&self) -> (&str, &str) {
                let $it = self;
                let _ = $it;
                ($namespace, $name)
            }
            fn rank(&self) -> (&str, u64) {
                let $it = self;
                let _ = $it;
                $rank
            }
        })*
    };
}

keyed! {
    Pod: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    ServiceAccount: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    Namespace: |it| "", &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    Node: |it| "", &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    Workload: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    RbacRole: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    Binding: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    NetworkPolicy: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    WebhookConfiguration: |it| "", &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    KeyedObject: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    OtherObject: |it| &it.meta.namespace, &it.meta.name, (&it.meta.origin.file, it.meta.origin.offset);
    EksCluster: |it| "", &it.arn, (&it.origin.file, it.origin.offset);
    Association: |it| "", &it.id, (&it.origin.file, it.origin.offset);
    AccessEntry: |it| "", &it.principal, (&it.origin.file, it.origin.offset);
    AccessPolicies: |it| "", &it.principal, ("", it.policies.len() as u64);
    Nodegroup: |it| "", &it.name, (&it.origin.file, it.origin.offset);
    FargateProfile: |it| "", &it.name, (&it.origin.file, it.origin.offset);
    CallerIdentity: |it| "", &it.account, (&it.arn, 0);
    Role: |it| "", &it.name, (&it.origin.file, it.origin.offset);
    User: |it| "", &it.name, (&it.origin.file, it.origin.offset);
    Group: |it| "", &it.name, (&it.origin.file, it.origin.offset);
    Policy: |it| "", &it.arn, (&it.origin.file, it.origin.offset);
    Provider: |it| "", &it.arn, (&it.origin.file, it.origin.offset);
    InstanceProfile: |it| "", &it.arn, (&it.origin.file, it.origin.offset);
    // One target answers once for each type of policy.
    TargetPolicies: |it| &it.target, it.policies.first().map_or("", |policy| &policy.0), ("", it.policies.len() as u64);
    Parent: |it| &it.child, &it.id, ("", 0);
    OrganizationPolicy: |it| "", &it.id, (&it.origin.file, it.origin.offset);
    ResourcePolicy: |it| "", &it.arn, (&it.origin.file, it.origin.offset);
    Instance: |it| "", &it.id, (&it.region, 0);
    Name: |it| "", it, ("", 0);
}

impl<T: Keyed> Listing<T> {
    fn finish(&mut self, reading: Reading) {
        let items = self.items_mut();
        items.sort_by(|a, b| a.key().cmp(&b.key()).then_with(|| a.rank().cmp(&b.rank())));
        items.dedup_by(|later, first| later.key() == first.key());
        self.reading = reading;
    }

    /// A list that was kept elsewhere. What was kept in order stays as it is.
    pub fn restored(items: Vec<Arc<T>>, reading: Reading) -> Listing<T> {
        let sorted = items.windows(2).all(|pair| pair[0].key() < pair[1].key());
        let mut listing = Listing::new(items, reading);
        if !sorted && reading != Reading::NotRead {
            listing.finish(reading);
        }
        listing
    }

    /// The object of this namespace and name. The list must be at its end (it is sorted then).
    fn position(&self, key: (&str, &str)) -> Result<usize, usize> {
        self.items().binary_search_by(|item| item.key().cmp(&key))
    }

    fn upsert(&mut self, item: Arc<T>) {
        match self.position(item.key()) {
            Ok(at) => self.items_mut()[at] = item,
            Err(at) => self.items_mut().insert(at, item),
        }
    }

    fn remove(&mut self, key: (&str, &str)) {
        if let Ok(at) = self.position(key) {
            self.items_mut().remove(at);
        }
    }
}

impl<T: Keyed> Listing<T> {
    fn look_up(&self, key: (&str, &str)) -> Lookup<'_, T> {
        let hash = |key: (&str, &str)| FxBuildHasher.hash_one(key);
        self.answer(self.find(hash(key), |item| hash(item.key()), |item| item.key() == key))
    }
}

/// What happens to a list, whatever its kind.
enum Step<'a> {
    Clear,
    Finish(Reading),
    Remove { namespace: &'a str, name: &'a str },
}

impl<T: Keyed> Listing<T> {
    fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Clear => self.items_mut().clear(),
            Step::Finish(reading) => self.finish(*reading),
            Step::Remove { namespace, name } => self.remove((namespace, name)),
        }
    }

    fn take(&mut self, items: Vec<Arc<T>>, changed: bool) {
        if changed {
            items.into_iter().for_each(|item| self.upsert(item));
        } else {
            self.items_mut().extend(items);
            if self.reading == Reading::NotRead {
                self.reading = Reading::Partial;
            }
        }
    }
}

macro_rules! lists {
    ($($facts:ty { $($kind:ident($batch:ident) => $field:ident,)* })*) => {
        $(impl $facts {
            /// Puts a batch where its source belongs. A batch of another kind than its source gives is ignored.
            fn take(&mut self, kind: SourceKind, batch: Batch, changed: bool) {
                match (kind, batch) {
                    $((SourceKind::$kind, Batch::$batch(items)) => self.$field.take(items, changed),)*
                    (kind, batch) => self.take_other(kind, batch, changed),
                }
            }

            fn step(&mut self, kind: SourceKind, step: &Step<'_>) {
                $(if kind == SourceKind::$kind { self.$field.step(step); })*
                self.step_other(kind, step);
            }
        })*
    };
}

lists! {
    ClusterFacts {
        Cluster(Cluster) => cluster,
        AssociationList(Associations) => association_list,
        Associations(Associations) => associations,
        AccessEntryList(AccessEntries) => access_entry_list,
        AccessEntries(AccessEntries) => access_entries,
        AccessPolicies(AccessPolicies) => access_policies,
        NodegroupList(Nodegroups) => nodegroup_list,
        Nodegroups(Nodegroups) => nodegroups,
        FargateProfileList(FargateProfiles) => fargate_profile_list,
        FargateProfiles(FargateProfiles) => fargate_profiles,
        Addons(Addons) => addons,
        Version(Version) => version,
        Pods(Pods) => pods,
        ServiceAccounts(ServiceAccounts) => service_accounts,
        Namespaces(Namespaces) => namespaces,
        Nodes(Nodes) => nodes,
        Deployments(Workloads) => deployments,
        ReplicaSets(Workloads) => replica_sets,
        StatefulSets(Workloads) => stateful_sets,
        DaemonSets(Workloads) => daemon_sets,
        Jobs(Workloads) => jobs,
        CronJobs(Workloads) => cron_jobs,
        Roles(RbacRoles) => roles,
        RoleBindings(Bindings) => role_bindings,
        ClusterRoles(RbacRoles) => cluster_roles,
        ClusterRoleBindings(Bindings) => cluster_role_bindings,
        NetworkPolicies(NetworkPolicies) => network_policies,
        Webhooks(Webhooks) => webhooks,
        ConfigMaps(KeyedObjects) => config_maps,
        Secrets(KeyedObjects) => secrets,
    }
    AccountFacts {
        CallerIdentity(CallerIdentity) => caller,
        Iam(Users) => users,
        Iam(Groups) => groups,
        Iam(Roles) => roles,
        Iam(Policies) => policies,
        ProviderList(Providers) => provider_list,
        Providers(Providers) => providers,
        InstanceProfiles(InstanceProfiles) => instance_profiles,
        TargetPolicies(TargetPolicies) => target_policies,
        TargetPoliciesByTarget(TargetPolicies) => target_policies_by_target,
        Parents(Parents) => parents,
        OrganizationPolicies(OrganizationPolicies) => organization_policies,
        ResourcePolicies(ResourcePolicies) => resource_policies,
    }
    RegionFacts {
        ClusterList(ClusterNames) => clusters,
        Instances(Instances) => instances,
    }
}

impl ClusterFacts {
    fn take_other(&mut self, kind: SourceKind, batch: Batch, changed: bool) {
        if let Batch::Others(items) = batch {
            self.others.entry(kind).or_default().take(items, changed);
        }
    }

    fn step_other(&mut self, kind: SourceKind, step: &Step<'_>) {
        match (self.others.get_mut(&kind), step) {
            (Some(listing), step) => listing.step(step),
            // An empty list is an answer too.
            (None, Step::Finish(_)) if kind > SourceKind::Secrets => {
                self.others.entry(kind).or_default().step(step);
            }
            (None, _) => {}
        }
    }

    /// Name of one of this cluster's sources.
    pub fn source(&self, kind: SourceKind) -> SourceId {
        SourceId::new(&self.directory, kind)
    }

    pub fn pod(&self, namespace: &str, name: &str) -> Lookup<'_, Pod> {
        self.pods.look_up((namespace, name))
    }

    pub fn service_account(&self, namespace: &str, name: &str) -> Lookup<'_, ServiceAccount> {
        self.service_accounts.look_up((namespace, name))
    }

    pub fn role(&self, namespace: &str, name: &str) -> Lookup<'_, RbacRole> {
        self.roles.look_up((namespace, name))
    }

    pub fn cluster_role(&self, name: &str) -> Lookup<'_, RbacRole> {
        self.cluster_roles.look_up(("", name))
    }

    /// Access policies associated with a principal; only principals with at least one are listed.
    pub fn access_policies_of(&self, principal: &str) -> Lookup<'_, AccessPolicies> {
        self.access_policies.look_up(("", principal))
    }

    pub fn node(&self, name: &str) -> Lookup<'_, Node> {
        self.nodes.look_up(("", name))
    }

    /// The answer of `describe-cluster`, when there is one.
    pub fn description(&self) -> Option<&Arc<EksCluster>> {
        self.cluster.items().first()
    }
}

impl AccountFacts {
    fn take_other(&mut self, _: SourceKind, _: Batch, _: bool) {}

    fn step_other(&mut self, _: SourceKind, _: &Step<'_>) {}

    pub fn source(&self, kind: SourceKind) -> SourceId {
        SourceId::new(&self.directory, kind)
    }

    /// Name of one of the sources of a region of this account.
    pub fn region_source(&self, region: &str, kind: SourceKind) -> SourceId {
        SourceId::new(&format!("{}/{region}", self.directory), kind)
    }

    /// By name: names are unique in an account whatever the path (R4).
    pub fn role(&self, name: &str) -> Lookup<'_, Role> {
        self.roles.look_up(("", name))
    }

    pub fn user(&self, name: &str) -> Lookup<'_, User> {
        self.users.look_up(("", name))
    }

    pub fn group(&self, name: &str) -> Lookup<'_, Group> {
        self.groups.look_up(("", name))
    }

    pub fn policy(&self, arn: &str) -> Lookup<'_, Policy> {
        self.policies.look_up(("", arn))
    }

    pub fn instance_profile(&self, arn: &str) -> Lookup<'_, InstanceProfile> {
        self.instance_profiles.look_up(("", arn))
    }
}

impl RegionFacts {
    fn take_other(&mut self, _: SourceKind, _: Batch, _: bool) {}

    fn step_other(&mut self, _: SourceKind, _: &Step<'_>) {}

    pub fn instance(&self, id: &str) -> Lookup<'_, Instance> {
        self.instances.look_up(("", id))
    }
}

impl Inventory {
    /// Takes one report in. Cost: the size of the report; the end of a list also sorts it.
    ///
    /// What a first reading brings is visible at once; what a later reading of the same list brings replaces the
    /// old list when it is whole, so that a reconnect never shows half a cluster.
    pub fn apply(&mut self, delta: Delta) {
        let Delta { place, source, change } = delta;
        match change {
            Change::Opened => {
                // Whatever an earlier reading left is on show until this one is whole, also when it failed half way.
                let again = self.coverage.report(&source).is_some();
                let report = self.coverage.report_mut(source.clone());
                *report = SourceReport::new(Status::Loading);
                if again {
                    self.staged.insert(source.clone(), Vec::new());
                }
                self.with(&place, &source, |_| {});
            }
            Change::Page(batch) => {
                self.coverage.report_mut(source.clone()).count += batch.len() as u64;
                match self.staged.get_mut(&source) {
                    Some(staged) => staged.push(batch),
                    None => self.take(&place, &source, batch, false),
                }
            }
            Change::Lost(loss) => self.coverage.report_mut(source).lose(loss),
            Change::Listed { reading, read_at, why } => {
                let report = self.coverage.report_mut(source.clone());
                let whole = reading == Reading::Complete && report.lost == 0;
                report.status = if whole { Status::Ok } else { Status::Partial };
                report.read_at = read_at;
                report.why = why;
                if let Some(staged) = self.staged.remove(&source) {
                    self.with(&place, &source, |facts| facts.step(source.kind, &Step::Clear));
                    for batch in staged {
                        self.take(&place, &source, batch, false);
                    }
                }
                let reading = if whole { Reading::Complete } else { Reading::Partial };
                self.with(&place, &source, |facts| facts.step(source.kind, &Step::Finish(reading)));
            }
            Change::Failed { status, why, permission } => {
                // A later reading that failed leaves what an earlier one gave; what a first one gave is part of the list.
                let first = self.staged.remove(&source).is_none();
                let report = self.coverage.report_mut(source.clone());
                let step = (first && report.count > 0).then_some(Step::Finish(Reading::Partial));
                report.status = status;
                report.why = why;
                report.permission = permission;
                self.with(&place, &source, |facts| {
                    if let Some(step) = step {
                        facts.step(source.kind, &step);
                    }
                });
            }
            Change::Restored(inventory) => *self = *inventory,
            Change::Changed(batch) => self.take(&place, &source, batch, true),
            Change::Removed { namespace, name } => {
                let step = Step::Remove { namespace: &namespace, name: &name };
                self.with(&place, &source, |facts| facts.step(source.kind, &step));
            }
        }
    }

    fn take(&mut self, place: &Place, source: &SourceId, batch: Batch, changed: bool) {
        if let Batch::Now(times) = &batch {
            self.now = times.iter().map(|time| **time).max().or(self.now);
            return;
        }
        self.with(place, source, |facts| match facts {
            Facts::Cluster(cluster) => cluster.take(source.kind, batch, changed),
            Facts::Account(account) => account.take(source.kind, batch, changed),
            Facts::Region(region) => region.take(source.kind, batch, changed),
        });
    }

    /// Runs `change` on the facts of a place, which exist from the first word about them on.
    fn with(&mut self, place: &Place, source: &SourceId, change: impl FnOnce(Facts<'_>)) {
        let directory = || Name::from(source.path.rsplit_once('/').map_or("", |(directory, _)| directory));
        match place {
            Place::World => {}
            Place::Cluster(label) => {
                let cluster = self.clusters.entry(label.clone()).or_default();
                let cluster = Arc::make_mut(cluster);
                if cluster.directory.is_empty() {
                    cluster.label = label.clone();
                    cluster.directory = directory();
                }
                change(Facts::Cluster(cluster));
            }
            Place::Account(id) => change(Facts::Account(self.account_mut(id, directory))),
            Place::Region { account, region } => {
                let parent = || {
                    let directory = directory();
                    Name::from(directory.rsplit_once('/').map_or("", |(parent, _)| parent))
                };
                let account = self.account_mut(account, parent);
                change(Facts::Region(account.regions.entry(region.clone()).or_default()));
            }
        }
    }

    fn account_mut(&mut self, id: &Name, directory: impl Fn() -> Name) -> &mut AccountFacts {
        let account = Arc::make_mut(self.accounts.entry(id.clone()).or_default());
        if account.directory.is_empty() {
            account.id = id.clone();
            account.directory = directory();
        }
        account
    }

    /// The role that an ARN names. Unknown when its account was not read, or not read whole.
    pub fn role(&self, arn: &str) -> Lookup<'_, Role> {
        match super::arn::role_name(arn) {
            Some((account, name)) => match self.accounts.get(account) {
                Some(account) => account.role(name),
                None => Lookup::Unknown,
            },
            None => Lookup::Absent,
        }
    }
}

enum Facts<'a> {
    Cluster(&'a mut ClusterFacts),
    Account(&'a mut AccountFacts),
    Region(&'a mut RegionFacts),
}

impl Facts<'_> {
    fn step(self, kind: SourceKind, step: &Step<'_>) {
        match self {
            Facts::Cluster(cluster) => cluster.step(kind, step),
            Facts::Account(account) => account.step(kind, step),
            Facts::Region(region) => region.step(kind, step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_searched_as_short_ones_are_also_after_changes() {
        for count in [3_u32, 400] {
            let names = (0..count).map(|at| Arc::new(Name::from(format!("role-{at:04}"))));
            let mut listing = Listing::new(names.collect(), Reading::Complete);
            let found = |listing: &Listing<Name>, name: &str| match listing.look_up(("", name)) {
                Lookup::Found(it) => Some(it.to_string()),
                Lookup::Absent | Lookup::Unknown => None,
            };
            for at in 0..count {
                let name = format!("role-{at:04}");
                assert_eq!(found(&listing, &name), Some(name));
            }
            assert_eq!(found(&listing, "role-"), None);
            let before = listing.clone();
            listing.remove(("", "role-0001"));
            listing.upsert(Arc::new("role-0000b".into()));
            assert_eq!(found(&listing, "role-0001"), None);
            assert_eq!(found(&listing, "role-0000b").as_deref(), Some("role-0000b"));
            assert_eq!(found(&listing, "role-0002").as_deref(), Some("role-0002"));
            assert_eq!(found(&before, "role-0001").as_deref(), Some("role-0001"), "an older estate keeps its list");
        }
    }
}
