//! The lists of clusters, accounts and regions, each under a number that stays its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Name;
use crate::model::feed::Batch;
use crate::model::inventory::Keyed;
use crate::model::source::{Scope, SourceId, SourceKind};
use crate::model::{AccountFacts, ClusterFacts, Listing, Reading, RegionFacts};

use super::pack::{Bad, Pack, Packer, Unpacker, pack_structs};

/// Numbers from here on are lists of `ClusterFacts::others`, by their place in the index.
pub const OTHERS: u32 = 1000;

/// One list of a place as the index names it; its objects stand in frames of their own.
#[derive(Clone, Debug)]
pub struct ListEntry {
    pub number: u32,
    pub reading: Reading,
    pub length: u32,
    /// Of a list of `others`.
    pub kind: Option<SourceKind>,
}

/// A cluster, account or region of the index. `region` is empty but for regions, which follow their account.
#[derive(Clone, Debug)]
pub struct PlaceEntry {
    pub kind: PlaceKind,
    /// Label, account id or region.
    pub name: Name,
    pub directory: Name,
    pub lists: Vec<ListEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    Cluster,
    Account,
    Region,
}

super::pack::pack_enums! {
    PlaceKind { 0 Cluster, 1 Account, 2 Region, }
}

pack_structs! {
    ListEntry { number, reading, length, kind }
    PlaceEntry { kind, name, directory, lists }
    SourceId { kind, path }
}

impl Pack for SourceKind {
    /// By file name, so that a new source does not shift the numbers of the others.
    fn pack(&self, out: &mut Packer<'_>) {
        let scope = match self.scope() {
            Scope::World => 0,
            Scope::Account => 1,
            Scope::Region => 2,
            Scope::Cluster => 3,
        };
        out.byte(scope);
        out.text(self.file());
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<SourceKind, Bad> {
        let scope = match input.byte()? {
            0 => Scope::World,
            1 => Scope::Account,
            2 => Scope::Region,
            3 => Scope::Cluster,
            other => return Err(input.bad(other.to_string(), "a scope from 0 to 3")),
        };
        let file = input.text()?;
        SourceKind::from_file(scope, file).ok_or_else(|| input.bad(format!("`{file}`"), "a source of the layout"))
    }
}

/// Objects of one frame.
pub fn objects<T: Pack>(input: &mut Unpacker<'_>, count: u32) -> Result<Vec<Arc<T>>, Bad> {
    (0..count).map(|_| T::unpack(input).map(Arc::new)).collect()
}

/// Frames of one place, by list, in order.
pub type Batches = BTreeMap<u32, Vec<Batch>>;

/// What is written of every list of a place: its number, how far it was read, and its objects.
pub trait Sink {
    fn list<T: Pack>(&mut self, number: u32, kind: Option<SourceKind>, listing: &Listing<T>);
}

/// A place whose lists are written and read by number.
pub trait Lists: Default {
    fn write(&self, sink: &mut impl Sink);
    /// The objects of one frame; `None` for a list that places of this kind do not have.
    fn decode(list: u32, count: u32, input: &mut Unpacker<'_>) -> Option<Result<Batch, Bad>>;
    /// Puts a list where it belongs. `Err` tells how many objects came.
    fn place(&mut self, entry: &ListEntry, batches: Vec<Batch>) -> Result<(), usize>;
}

fn collected<T: Keyed>(
    entry: &ListEntry,
    batches: Vec<Batch>,
    take: fn(Batch) -> Option<Vec<Arc<T>>>,
) -> Result<Listing<T>, usize> {
    let mut chunks = batches.into_iter().filter_map(take);
    let mut items = chunks.next().unwrap_or_default();
    chunks.for_each(|chunk| items.extend(chunk));
    if items.len() != entry.length as usize {
        return Err(items.len());
    }
    Ok(Listing::restored(items, entry.reading))
}

/// Lists that a place keeps by kind instead of in fields.
trait Others {
    const ANY: bool = false;

    fn write_others(&self, _: &mut impl Sink) {}

    fn place_others(&mut self, _: &ListEntry, _: Vec<Batch>) -> Result<(), usize> {
        Ok(())
    }
}

impl Others for AccountFacts {}

impl Others for RegionFacts {}

impl Others for ClusterFacts {
    const ANY: bool = true;

    fn write_others(&self, sink: &mut impl Sink) {
        for (number, (kind, listing)) in (OTHERS..).zip(&self.others) {
            sink.list(number, Some(*kind), listing);
        }
    }

    fn place_others(&mut self, entry: &ListEntry, batches: Vec<Batch>) -> Result<(), usize> {
        let Some(kind) = entry.kind else { return Ok(()) };
        let listing = collected(entry, batches, |batch| match batch {
            Batch::Others(items) => Some(items),
            _ => None,
        })?;
        self.others.insert(kind, listing);
        Ok(())
    }
}

// Every field is named, so that a list that is added and has no number does not compile.
macro_rules! lists {
    ($($facts:ident { $($number:literal $field:ident $variant:ident,)* } beside $($beside:ident)*;)*) => {$(
        impl Lists for $facts {
            fn write(&self, sink: &mut impl Sink) {
                let $facts { $($field,)* $($beside: _,)* } = self;
                $(sink.list($number, None, $field);)*
                self.write_others(sink);
            }

            fn decode(list: u32, count: u32, input: &mut Unpacker<'_>) -> Option<Result<Batch, Bad>> {
                match list {
                    $($number => Some(objects(input, count).map(Batch::$variant)),)*
                    other if other >= OTHERS && $facts::ANY => Some(objects(input, count).map(Batch::Others)),
                    _ => None,
                }
            }

            fn place(&mut self, entry: &ListEntry, batches: Vec<Batch>) -> Result<(), usize> {
                match entry.number {
                    $($number => {
                        self.$field = collected(entry, batches, |batch| match batch {
                            Batch::$variant(items) => Some(items),
                            _ => None,
                        })?;
                    })*
                    _ => self.place_others(entry, batches)?,
                }
                Ok(())
            }
        }
    )*};
}

lists! {
    ClusterFacts {
        0 cluster Cluster,
        1 association_list Associations,
        2 associations Associations,
        3 access_entry_list AccessEntries,
        4 access_entries AccessEntries,
        5 access_policies AccessPolicies,
        6 nodegroup_list Nodegroups,
        7 nodegroups Nodegroups,
        8 fargate_profile_list FargateProfiles,
        9 fargate_profiles FargateProfiles,
        10 addons Addons,
        11 version Version,
        12 pods Pods,
        13 service_accounts ServiceAccounts,
        14 namespaces Namespaces,
        15 nodes Nodes,
        16 deployments Workloads,
        17 replica_sets Workloads,
        18 stateful_sets Workloads,
        19 daemon_sets Workloads,
        20 jobs Workloads,
        21 cron_jobs Workloads,
        22 roles RbacRoles,
        23 role_bindings Bindings,
        24 cluster_roles RbacRoles,
        25 cluster_role_bindings Bindings,
        26 network_policies NetworkPolicies,
        27 webhooks Webhooks,
        28 config_maps KeyedObjects,
        29 secrets KeyedObjects,
    } beside label directory others;
    AccountFacts {
        0 caller CallerIdentity,
        1 users Users,
        2 groups Groups,
        3 roles Roles,
        4 policies Policies,
        5 provider_list Providers,
        6 providers Providers,
        7 instance_profiles InstanceProfiles,
        8 target_policies TargetPolicies,
        9 target_policies_by_target TargetPolicies,
        10 parents Parents,
        11 organization_policies OrganizationPolicies,
        12 resource_policies ResourcePolicies,
    } beside id directory regions;
    RegionFacts {
        0 clusters ClusterNames,
        1 instances Instances,
    } beside;
}
