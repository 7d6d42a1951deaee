//! AWS, where the user does not want it asked: every answer of it is named as skipped, none is passed over in silence.

use crate::base::Name;
use crate::ingest::layout::UNKNOWN_ACCOUNT;
use crate::model::coverage::Status;
use crate::model::facts::meta::Origin;
use crate::model::feed::Place;
use crate::model::source::{Scope, SourceId, SourceKind};

use super::{ClusterTarget, Feed, Source, Task};

/// The account behind some clusters, and what EKS knows of them.
pub struct Unasked {
    targets: Vec<ClusterTarget>,
    why: String,
}

impl Unasked {
    pub fn new(targets: Vec<ClusterTarget>, why: impl Into<String>) -> Unasked {
        Unasked { targets, why: why.into() }
    }

    fn sources(&self) -> Vec<(Place, SourceId)> {
        let account = self.targets.iter().map(|it| &it.account).find(|it| !it.is_empty());
        let account = account.cloned().unwrap_or_else(|| UNKNOWN_ACCOUNT.into());
        let mut regions: Vec<&Name> = self.targets.iter().map(|it| &it.region).filter(|it| !it.is_empty()).collect();
        regions.sort();
        regions.dedup();
        let mut sources = Vec::new();
        let asked_of_aws = |kind: &SourceKind| kind.permission().contains(':') && kind.is_expected();
        for kind in SourceKind::ALL.iter().map(|row| row.0).filter(asked_of_aws) {
            match kind.scope() {
                Scope::World => {}
                Scope::Account => sources.push((Place::Account(account.clone()), SourceId::new("aws", kind))),
                Scope::Region => sources.extend(regions.iter().map(|region| {
                    let place = Place::Region { account: account.clone(), region: (*region).clone() };
                    (place, SourceId::new(&format!("aws/{region}"), kind))
                })),
                Scope::Cluster => sources.extend(self.targets.iter().map(|it| (it.place(), it.source(kind)))),
            }
        }
        sources
    }
}

impl Source for Unasked {
    fn load(&self, feed: Feed) -> Task<'_, ()> {
        Box::pin(async move {
            for (place, source) in self.sources() {
                feed.fail(&place, &source, Status::Skipped, &*self.why).await;
            }
        })
    }

    fn raw(&self, _: Origin) -> Task<'_, Option<Result<String, String>>> {
        Box::pin(std::future::ready(None))
    }
}
