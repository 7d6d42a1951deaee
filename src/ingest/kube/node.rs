//! Nodes.

use crate::base::Name;
use crate::ingest::object::{Items, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::node::Node;

use super::meta::{MetaIn, expect_kind};
use super::pod::{ConditionIn, is_ready};

object! {
    pub struct NodeIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        spec: NodeSpecIn = "spec",
        status: NodeStatusIn<'de> = "status",
    }

    pub struct NodeSpecIn {
        provider_id: Name = "providerID",
    }

    pub struct NodeStatusIn<'de> {
        conditions: Items<ConditionIn<'de>> = "conditions",
    }
}

impl<'de> Record<'de> for NodeIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "Node")?;
        let meta = self.metadata.take(context, origin)?;
        let ready = is_ready(&self.status.conditions);
        context.push_node(Node { meta, provider_id: self.spec.provider_id, ready });
        Ok(())
    }
}
