//! Which AWS identity each container gets and why (identity.md, rules R1 to R194).
//!
//! Two questions are never merged: the *default identity*, what an ordinary SDK call in a container signs with, and the
//! *reachable identities*, what code there could obtain with effort. And two sources of truth are kept apart: what is
//! *declared* now (annotation, association) and what a running pod *carries*; for a running pod the latter decides.
//!
//! [`resolve`] goes through all pods; `container` asks the questions of one container in the order AWS SDKs do:
//! [`environment`] says what it holds, [`injection`] what the admission webhook would give it, [`chain`] which source
//! wins, [`web_identity`] and [`association`] whether that source works, [`instance`] what the node underneath offers,
//! [`reach`] what code there could obtain besides.

pub mod accounts;
pub mod alike;
pub mod answer;
pub mod asker;
pub mod association;
pub mod chain;
mod cloud;
mod container;
pub mod documents;
pub mod drift;
pub mod edit;
pub mod environment;
pub mod injection;
pub mod instance;
mod latent;
pub mod network;
pub mod reach;
pub mod resolve;
mod profile;
pub mod role_chain;
pub mod rollout;
pub mod session;
mod subject;
pub mod takeover;
pub mod trace;
pub mod trust;
pub mod web_identity;
pub mod workload;

use crate::model::{Arn, ClusterFacts};

pub use answer::{Credential, Edit, Evidence, Fallback, Hop, Identity, Reachable, Source, Takeover, Verdict, Via};
pub use workload::Owner;

/// The cluster's ARN taken apart: partition, region and account of everything in it (R1, R3).
pub fn cluster_arn(cluster: &ClusterFacts) -> Option<Arn<'_>> {
    Arn::parse(&cluster.description()?.arn)
}
