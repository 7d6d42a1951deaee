//! Network policies and mutating webhook registrations.

use crate::base::Name;
use crate::ingest::object::{Items, Scalar, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::network::{EgressRule, NetworkPolicy, Peer, Port};
use crate::model::facts::webhook::{Webhook, WebhookConfiguration, WebhookRule};

use super::meta::{MetaIn, SelectorIn, expect_kind};

object! {
    pub struct PolicyIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        spec: PolicySpecIn<'de> = "spec",
    }

    pub struct PolicySpecIn<'de> {
        pods: SelectorIn<'de> = "podSelector",
        types: Option<Items<Text<'de>>> = "policyTypes",
        egress: Items<EgressIn<'de>> = "egress",
    }

    pub struct EgressIn<'de> {
        to: Items<PeerIn<'de>> = "to",
        ports: Items<PortIn> = "ports",
    }

    pub struct PeerIn<'de> {
        block: Option<BlockIn> = "ipBlock",
        pods: Option<SelectorIn<'de>> = "podSelector",
        namespaces: Option<SelectorIn<'de>> = "namespaceSelector",
    }

    pub struct BlockIn {
        cidr: Name = "cidr",
        except: Items<Name> = "except",
    }

    pub struct PortIn {
        protocol: Name = "protocol",
        port: Option<Scalar> = "port",
        end: Option<i64> = "endPort",
    }

    pub struct ConfigurationIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        webhooks: Items<WebhookIn<'de>> = "webhooks",
    }

    pub struct WebhookIn<'de> {
        name: Name = "name",
        failure_policy: Name = "failurePolicy",
        reinvocation: Name = "reinvocationPolicy",
        namespaces: SelectorIn<'de> = "namespaceSelector",
        objects: SelectorIn<'de> = "objectSelector",
        rules: Items<WebhookRuleIn> = "rules",
    }

    pub struct WebhookRuleIn {
        operations: Items<Name> = "operations",
        api_groups: Items<Name> = "apiGroups",
        resources: Items<Name> = "resources",
    }
}

impl<'de> Record<'de> for PolicyIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "NetworkPolicy")?;
        let meta = self.metadata.take(context, origin)?;
        let spec = self.spec;
        let egress = match &spec.types {
            Some(types) => types.0.iter().any(|it| &**it == "Egress"),
            None => !spec.egress.0.is_empty(),
        };
        let pods = spec.pods.take(context);
        let rules = spec.egress.into_iter().map(|rule| rule.take(context)).collect();
        context.push_network_policy(NetworkPolicy { meta, pods, egress, rules });
        Ok(())
    }
}

impl EgressIn<'_> {
    fn take(self, context: &mut Context<'_>) -> EgressRule {
        let to = self.to.into_iter().map(|peer| match peer.block {
            Some(block) => Peer::Block { cidr: block.cidr, except: block.except.0 },
            None => Peer::Selector {
                pods: peer.pods.map(|it| it.take(context)),
                namespaces: peer.namespaces.map(|it| it.take(context)),
            },
        });
        let to = to.collect();
        let ports = self.ports.into_iter().map(|port| Port {
            protocol: if port.protocol.is_empty() { "TCP".into() } else { port.protocol },
            port: port.port.map(|Scalar(text)| text),
            end: port.end,
        });
        EgressRule { to, ports: ports.collect() }
    }
}

impl<'de> Record<'de> for ConfigurationIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "MutatingWebhookConfiguration")?;
        let meta = self.metadata.take(context, origin)?;
        let webhooks = self.webhooks.into_iter().map(|it| Webhook {
            name: it.name,
            failure_policy: it.failure_policy,
            reinvocation: it.reinvocation,
            namespaces: it.namespaces.take(context),
            objects: it.objects.take(context),
            rules: it.rules.into_iter().map(WebhookRuleIn::take).collect(),
        });
        let webhooks = webhooks.collect();
        context.push_webhook(WebhookConfiguration { meta, webhooks });
        Ok(())
    }
}

impl WebhookRuleIn {
    fn take(self) -> WebhookRule {
        WebhookRule { operations: self.operations.0, api_groups: self.api_groups.0, resources: self.resources.0 }
    }
}
