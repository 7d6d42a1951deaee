//! An inventory as text, to compare two of them.

use std::fmt::{Debug, Write as _};

use rolewalk::model::Inventory;
use rolewalk::model::listing::Listing;

/// Every fact of an inventory, one a line, and the coverage. `with_origins` leaves places of objects in.
pub fn inventory(inventory: &Inventory, with_origins: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "now {:?}", inventory.now);
    for (label, it) in &inventory.clusters {
        macro_rules! lists {
            ($($field:ident)*) => { $(list(&mut out, &format!("{label} {}", stringify!($field)), &it.$field);)* };
        }
        lists!(cluster association_list associations access_entry_list access_entries access_policies nodegroup_list
            nodegroups fargate_profile_list fargate_profiles addons version pods service_accounts namespaces nodes
            deployments replica_sets stateful_sets daemon_sets jobs cron_jobs roles role_bindings cluster_roles
            cluster_role_bindings network_policies webhooks config_maps secrets);
        for (kind, listing) in &it.others {
            list(&mut out, &format!("{label} {kind:?}"), listing);
        }
    }
    for (id, it) in &inventory.accounts {
        macro_rules! lists {
            ($($field:ident)*) => { $(list(&mut out, &format!("{id} {}", stringify!($field)), &it.$field);)* };
        }
        lists!(caller users groups roles policies provider_list providers instance_profiles target_policies
            target_policies_by_target parents organization_policies resource_policies);
        for (region, facts) in &it.regions {
            list(&mut out, &format!("{id} {region} clusters"), &facts.clusters);
            list(&mut out, &format!("{id} {region} instances"), &facts.instances);
        }
    }
    for (source, report) in inventory.coverage.sources() {
        let _ = writeln!(out, "{source} {:?} {} {:?} {}", report.status, report.count, report.why, report.lost);
    }
    if with_origins {
        return out;
    }
    // Origins and file times differ between two forms of one file and say nothing else.
    let origin = regex::Regex::new(r#"origin: Origin \{ [^}]* \}"#).unwrap();
    origin.replace_all(&out, "origin").into_owned()
}

fn list<T: Debug>(out: &mut String, name: &str, listing: &Listing<T>) {
    let _ = writeln!(out, "{name} {:?} {}", listing.reading, listing.len());
    for item in listing {
        let _ = writeln!(out, "  {item:?}");
    }
}
