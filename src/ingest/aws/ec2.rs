//! `describe-instances`.

use crate::base::Name;
use crate::ingest::object::{Items, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::node::{Instance, MetadataOptions};

use super::iam::required;

object! {
    pub struct ReservationIn<'de> {
        instances: Items<InstanceIn<'de>> = "Instances",
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
        for it in self.instances {
            required(&it.id, "Instances.InstanceId")?;
            let instance = Instance {
                id: it.id,
                account: context.account.clone(),
                region: context.region.clone(),
                profile: (!it.profile.arn.is_empty()).then_some(it.profile.arn),
                metadata: it.metadata.map(|options| MetadataOptions {
                    endpoint: &*options.endpoint != "disabled",
                    tokens_required: &*options.tokens == "required",
                    // EC2 answers 1 where nobody set it.
                    hop_limit: options.hop_limit.unwrap_or(1),
                    ipv6: &*options.ipv6 == "enabled",
                }),
                state: it.state.name,
                private_dns: it.private_dns,
            };
            context.push_instance(instance);
        }
        Ok(())
    }
}
