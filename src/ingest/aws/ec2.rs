//! `describe-instances`.

use serde_json::value::RawValue;

use crate::base::Name;
use crate::ingest::object::{Items, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::node::{Instance, MetadataOptions};

use super::iam::required;

object! {
    pub struct ReservationIn<'de> {
        // One by one, so that a bad instance does not take its neighbours with it.
        instances: Items<&'de RawValue> = "Instances",
    }

    pub struct InstanceIn<'de> {
        id: Name = "InstanceId",
        profile: ProfileIn = "IamInstanceProfile",
        metadata: Option<MetadataIn<'de>> = "MetadataOptions",
        state: StateIn = "State",
        private_dns: Name = "PrivateDnsName",
    }

    pub struct ProfileIn {
        arn: Name = "Arn",
    }

    pub struct StateIn {
        name: Name = "Name",
    }

    pub struct MetadataIn<'de> {
        endpoint: Text<'de> = "HttpEndpoint",
        tokens: Text<'de> = "HttpTokens",
        hop_limit: Option<i64> = "HttpPutResponseHopLimit",
        ipv6: Text<'de> = "HttpProtocolIpv6",
    }
}

impl<'de> Record<'de> for ReservationIn<'de> {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        let mut first = None;
        for (at, raw) in self.instances.into_iter().enumerate() {
            let mut deserializer = serde_json::Deserializer::from_str(raw.get());
            let read = serde_path_to_error::deserialize::<_, InstanceIn<'_>>(&mut deserializer);
            let taken = read.map_err(|error| Problem::of_json(&error)).and_then(|it| it.take(context));
            if let Err(problem) = taken {
                first.get_or_insert_with(|| problem.inside(&format!("Instances[{at}]")));
            }
        }
        first.map_or(Ok(()), Err)
    }
}

impl InstanceIn<'_> {
    /// Turns it into facts.
    ///
    /// # Errors
    /// It has no id.
    pub fn take(self, context: &mut Context<'_>) -> Result<(), Problem> {
        required(&self.id, "InstanceId")?;
        let instance = Instance {
            id: self.id,
            account: context.account.clone(),
            region: context.region.clone(),
            profile: (!self.profile.arn.is_empty()).then_some(self.profile.arn),
            metadata: self.metadata.map(|options| MetadataOptions {
                endpoint: &*options.endpoint != "disabled",
                tokens_required: &*options.tokens == "required",
                // EC2 answers 1 where nobody set it.
                hop_limit: options.hop_limit.unwrap_or(1),
                ipv6: &*options.ipv6 == "enabled",
            }),
            state: self.state.name,
            private_dns: self.private_dns,
        };
        context.push_instance(instance);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crate::base::Name;
    use crate::ingest::record::{Context, Failure, read};
    use crate::model::feed::{Change, Place};
    use crate::model::source::{SourceId, SourceKind};

    use super::*;

    #[test]
    fn a_bad_instance_does_not_take_its_neighbours_with_it() {
        let text = br#"{"Instances": [{"InstanceId": "i-1"}, {"InstanceId": 2}, {"InstanceId": "i-3"}]}"#;
        let pages = Mutex::new(Vec::new());
        let sink = |delta: crate::model::feed::Delta| {
            if let Change::Page(page) = delta.change {
                pages.lock().expect("nobody panics").push(page.len());
            }
        };
        let source = SourceId::new("aws/eu-west-1", SourceKind::Instances);
        let mut context = Context::new(Place::World, source, Name::default(), Name::default(), &sink);
        let read = read::<ReservationIn<'_>>(text, true, &mut context, Origin::default());
        context.flush();
        assert_eq!(*pages.lock().expect("nobody panics"), [2]);
        let Err(Failure::Bad { problem, .. }) = read else { panic!("the bad instance was not noticed") };
        assert_eq!((problem.path.as_str(), problem.found.as_str()), ("Instances[1].InstanceId", "a whole number"));
    }
}
