//! What can be told of a saved snapshot without unpacking it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::Name;
use crate::model::Inventory;

/// The header of a file, as JSON behind its magic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Of the program that wrote it.
    pub version: String,
    /// The time of the data.
    pub data_time: Option<Timestamp>,
    /// Labels.
    pub clusters: Vec<Name>,
    /// Ids.
    pub accounts: Vec<Name>,
    /// Sources that were asked for and not read whole.
    pub gaps: usize,
    /// Names were replaced.
    pub redacted: bool,
    /// Objects by kind.
    pub counts: BTreeMap<String, u64>,
}

impl Header {
    pub fn of(inventory: &Inventory) -> Header {
        let mut counts = BTreeMap::new();
        let mut count = |name: &str, number: usize| *counts.entry(name.to_owned()).or_insert(0) += number as u64;
        for cluster in inventory.clusters.values() {
            count("pods", cluster.pods.len());
            count("namespaces", cluster.namespaces.len());
            count("nodes", cluster.nodes.len());
            count("service_accounts", cluster.service_accounts.len());
            count("associations", cluster.associations.len());
        }
        for account in inventory.accounts.values() {
            count("roles", account.roles.len());
            count("policies", account.policies.len());
        }
        Header {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_time: inventory.now,
            clusters: inventory.clusters.keys().cloned().collect(),
            accounts: inventory.accounts.keys().cloned().collect(),
            gaps: inventory.coverage.gaps().count(),
            redacted: false,
            counts,
        }
    }

    pub fn is_complete(&self) -> bool {
        self.gaps == 0
    }

    /// The two speak of the same clusters, or of the same accounts where there are no clusters. Clusters of the same
    /// names in other accounts are others.
    pub fn is_of_same(&self, other: &Header) -> bool {
        if self.clusters.is_empty() && other.clusters.is_empty() {
            return self.accounts == other.accounts;
        }
        let (mine, theirs) = (&self.accounts, &other.accounts);
        let strangers = !mine.is_empty() && !theirs.is_empty() && !mine.iter().any(|it| theirs.contains(it));
        self.clusters == other.clusters && !strangers
    }
}
