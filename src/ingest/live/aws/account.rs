//! One AWS account while it is read: its session, its place in the layout, and its calls.

use aws_config::SdkConfig;

use crate::base::Name;
use crate::ingest::live::Feed;
use crate::model::feed::Place;
use crate::model::source::SourceKind;

use super::refusal::{Cause, Refusal};
use super::report::{Report, Spot};
use super::session::Session;
use super::wire::{self, Answer, NOT_UNDERSTOOD, Request};

#[derive(Clone, Debug)]
pub struct Account {
    pub id: Name,
    pub spot: Spot,
    pub session: Session,
    config: SdkConfig,
    feed: Feed,
}

impl Account {
    pub fn new(id: Name, directory: Name, session: Session, feed: Feed) -> Account {
        let place = Place::Account(id.clone());
        let spot = Spot { place, directory, account: id.clone(), region: Name::default() };
        let config = session.config.clone();
        Account { id, spot, session, config, feed }
    }

    /// The same account, asked in another region.
    pub fn in_region(&self, region: &str) -> Account {
        Account { config: self.session.in_region(region), ..self.clone() }
    }

    pub fn region(&self, region: &Name) -> Spot {
        Spot {
            place: Place::Region { account: self.id.clone(), region: region.clone() },
            directory: format!("{}/{region}", self.spot.directory).into(),
            account: self.id.clone(),
            region: region.clone(),
        }
    }

    pub fn report(&self, kind: SourceKind) -> Report {
        self.spot.report(&self.feed, kind)
    }

    pub fn report_at(&self, spot: &Spot, kind: SourceKind) -> Report {
        spot.report(&self.feed, kind)
    }

    /// One call to EKS, EC2 or Organizations.
    pub async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        wire::ask(&self.config, request).await.map_err(|error| {
            use aws_smithy_types::error::metadata::ProvideErrorMetadata;
            match (error.code(), error.message()) {
                (Some(NOT_UNDERSTOOD), Some(found)) => Refusal::new(Cause::NotUnderstood, found),
                _ => Refusal::of(&error, &self.session.login),
            }
        })
    }
}
