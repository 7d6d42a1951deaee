//! Tells the feed about one source: opened, pages, losses, and how it ended.

use jiff::Timestamp;

use crate::base::Name;
use crate::ingest::kinds;
use crate::ingest::live::Feed;
use crate::ingest::live::answers::Answers;
use crate::ingest::record::Context;
use crate::model::call::Call;
use crate::model::coverage::{Loss, Status};
use crate::model::feed::{Batch, Change, Delta, Place};
use crate::model::listing::Reading;
use crate::model::source::{SourceId, SourceKind};

use super::refusal::Refusal;

/// Where facts belong: an account, one of its regions, or a cluster.
#[derive(Clone, Debug)]
pub struct Spot {
    pub place: Place,
    /// Directory of the layout, such as `aws/eu-west-1`.
    pub directory: Name,
    pub account: Name,
    pub region: Name,
}

impl Spot {
    pub fn report(&self, feed: &Feed, kind: SourceKind) -> Report {
        let source = SourceId::new(&self.directory, kind);
        let answers = Answers::new(self.place.clone(), source.clone(), self.account.clone(), self.region.clone());
        Report { feed: feed.clone(), place: self.place.clone(), source, answers, some: false }
    }
}

/// One source while it is read.
pub struct Report {
    feed: Feed,
    place: Place,
    source: SourceId,
    answers: Answers,
    /// Facts have been sent.
    some: bool,
}

/// What an answer names: other calls ask for it.
#[derive(Debug, Default)]
pub struct Seen {
    pub names: Vec<Name>,
    /// `accessConfig.authenticationMode`, where a cluster was described.
    pub authentication_mode: Option<Name>,
}

impl Report {
    async fn send(&self, change: Change) {
        self.feed.report(&self.place, &self.source, change).await;
    }

    pub async fn opened(&self) {
        self.send(Change::Opened).await;
    }

    /// Reads an answer in JSON as a file of this source is read. Says whether it held the list, if one was due.
    pub async fn json(&mut self, body: &[u8]) -> (Seen, bool) {
        let (deltas, around) = self.answers.page(body, "");
        let due = !kinds::shape(self.source.kind).lists.is_empty();
        // A page that is torn has been reported as a loss.
        (self.pass_on(deltas).await, around.listed || around.torn || !due)
    }

    /// Sends what `fill` makes of an answer in another form.
    pub async fn facts(&mut self, fill: impl FnOnce(&mut Context<'_>)) -> Seen {
        let deltas = self.answers.facts(fill);
        self.pass_on(deltas).await
    }

    async fn pass_on(&mut self, deltas: Vec<Delta>) -> Seen {
        let mut seen = Seen::default();
        for mut delta in deltas {
            match &mut delta.change {
                Change::Page(batch) => {
                    self.some = true;
                    seen.look(batch);
                }
                // An answer is kept nowhere: its losses are those of the source.
                Change::Lost(loss) if loss.file.is_empty() => loss.file = self.source.path.clone(),
                _ => {}
            }
            self.feed.send(delta).await;
        }
        seen
    }

    /// An object of the list that could not be read.
    pub async fn lost(&self, object: &str, found: String) {
        let file = self.source.path.clone();
        let (path, object, expected) = (String::new(), object.to_owned(), "a description".to_owned());
        self.send(Change::Lost(Loss { file, path, line: 0, column: 0, object, found, expected })).await;
    }

    /// The list is at its end; `why` it is not whole, if it is not.
    pub async fn listed(&self, why: String) {
        let reading = if why.is_empty() { Reading::Complete } else { Reading::Partial };
        self.send(Change::Listed { reading, read_at: Some(Timestamp::now()), why }).await;
    }

    pub async fn failed(&self, refusal: &Refusal, call: Call) {
        let status = match refusal.status() {
            // Of an optional source `missing` would mean that nobody has to miss it; this one was asked for.
            Status::Missing if self.some || !self.source.kind.is_expected() => Status::Partial,
            status => status,
        };
        tracing::info!("{}: {call}: {}", self.source, refusal.detail());
        self.send(Change::Failed { status, why: refusal.why(), permission: Some(refusal.permission(call)) }).await;
    }

    /// It was not asked for.
    pub async fn left_out(&self, status: Status, why: &str) {
        let permission = Some(self.source.kind.permission().to_owned()).filter(|it| !it.is_empty());
        self.send(Change::Failed { status, why: why.to_owned(), permission }).await;
    }
}

impl Seen {
    fn look(&mut self, batch: &Batch) {
        match batch {
            Batch::ClusterNames(items) => self.names.extend(items.iter().map(|it| (**it).clone())),
            Batch::Associations(items) => self.names.extend(items.iter().map(|it| it.id.clone())),
            Batch::AccessEntries(items) => self.names.extend(items.iter().map(|it| it.principal.clone())),
            Batch::Nodegroups(items) => self.names.extend(items.iter().map(|it| it.name.clone())),
            Batch::FargateProfiles(items) => self.names.extend(items.iter().map(|it| it.name.clone())),
            Batch::Providers(items) => self.names.extend(items.iter().map(|it| it.arn.clone())),
            Batch::Parents(items) => self.names.extend(items.iter().map(|it| it.id.clone())),
            Batch::TargetPolicies(items) => {
                let policies = items.iter().flat_map(|it| &it.policies);
                self.names.extend(policies.map(|(id, _)| id.clone()));
            }
            Batch::Cluster(items) => {
                self.authentication_mode = items.first().map(|it| it.authentication_mode.clone());
            }
            _ => {}
        }
    }

    pub fn add(&mut self, other: Seen) {
        self.names.extend(other.names);
        self.authentication_mode = other.authentication_mode.or(self.authentication_mode.take());
    }
}
