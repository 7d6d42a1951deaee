//! An estate that carries out the commands of fixes on its facts, as cluster and account would.

use std::sync::Arc;

use rolewalk::base::Name;
use rolewalk::model::facts::eks::{AccessEntry, AccessEntryDetails, Association, AssociationDetails};
use rolewalk::model::facts::iam::{InstanceProfile, NamedPolicy, Provider, Role};
use rolewalk::model::facts::meta::{Labels, Meta, Origin, Selector};
use rolewalk::model::facts::network::{EgressRule, NetworkPolicy, Peer, Port};
use rolewalk::model::facts::workload::ServiceAccount;
use rolewalk::model::{AccountFacts, ClusterFacts, Inventory};
use serde_json::Value;

use super::shell::{Command, commands};
use super::{pods, rights};

/// Facts, and what they are changed by.
pub struct World {
    pub inventory: Inventory,
    /// The cluster that kubectl talks to.
    pub cluster: Name,
}

/// No command in it does anything to the facts.
const ASKS_ONLY: [&str; 3] = ["aws iam get-role", "aws iam update-access-key", "aws eks update-kubeconfig"];

impl World {
    /// Carries out a text. `Err` for a command that is not known here, or that holds a place to fill in.
    pub fn apply(&mut self, text: &str) -> Result<(), String> {
        let account = text.split("# with credentials of account ").nth(1).and_then(|it| it.get(..12)).map(Name::new);
        for command in commands(text) {
            self.run(&command, account.as_ref())?;
        }
        Ok(())
    }

    fn run(&mut self, command: &Command, account: Option<&Name>) -> Result<(), String> {
        let line = command.words.join(" ");
        if ASKS_ONLY.iter().any(|it| line.starts_with(it)) {
            return Ok(());
        }
        let open = |word: &String| {
            ["NAME", "NAMES", "ROLE_ARN", "INSTANCE", "ARN"].contains(&word.as_str())
                || ["arn:PARTITION", "NAMESPACE:NAME", "\"NAMES\""].iter().any(|it| word.contains(it))
        };
        if command.words.iter().any(open) {
            return Err(format!("has a place to fill in: {line}"));
        }
        let done = match command.words[0].as_str() {
            "kubectl" => self.kubectl(command),
            "aws" if command.words[1] == "iam" => self.iam(command, account),
            "aws" => self.eks(command),
            _ => None,
        };
        done.ok_or_else(|| format!("is not known here: {line}"))
    }

    pub fn cluster(&mut self) -> &mut ClusterFacts {
        Arc::make_mut(self.inventory.clusters.get_mut(&self.cluster).expect("a cluster of the estate"))
    }

    fn named(&mut self, name: &str) -> &mut ClusterFacts {
        Arc::make_mut(self.inventory.clusters.get_mut(name).expect("a cluster of the estate"))
    }

    fn kubectl(&mut self, command: &Command) -> Option<()> {
        let namespace = command.option("-n").unwrap_or_default().to_owned();
        let plain = command.plain(&["-n", "-c", "-p", "--type", "-f"]);
        match plain[1..] {
            ["rollout", "restart", target] | ["delete", target] => pods::restart(self, &namespace, target),
            ["delete", "serviceaccount", name] => {
                let accounts = self.cluster().service_accounts.items_mut();
                let before = accounts.len();
                accounts.retain(|it| it.meta.namespace != *namespace || it.meta.name != *name);
                (accounts.len() < before).then_some(())
            }
            ["create", "serviceaccount", name] => {
                let meta = Meta { created: None, ..meta(&namespace, name) };
                let account = ServiceAccount { meta, automount_token: None, secrets: Vec::new() };
                let accounts = self.cluster().service_accounts.items_mut();
                accounts.push(account.into());
                accounts.sort_by(|a, b| place(&a.meta).cmp(&place(&b.meta)));
                Some(())
            }
            ["annotate", "serviceaccount", name, change] => {
                let accounts = self.cluster().service_accounts.items_mut();
                let account =
                    accounts.iter_mut().find(|it| it.meta.namespace == *namespace && it.meta.name == *name)?;
                let meta = &mut Arc::make_mut(account).meta;
                meta.annotations = changed(&meta.annotations, change);
                Some(())
            }
            ["set", "env", target, change] => pods::set_env(self, &namespace, target, command.option("-c"), change),
            ["patch", "configmap", name] => {
                let patch: Value = serde_json::from_str(command.required("-p")).ok()?;
                rights::merge(self.cluster(), &namespace, name, &patch)
            }
            ["patch", kind @ ("role" | "clusterrole" | "rolebinding" | "clusterrolebinding"), name] => {
                let patch: Value = serde_json::from_str(command.required("-p")).ok()?;
                rights::patch(self.cluster(), kind, &namespace, name, patch.as_array()?)
            }
            ["delete", kind @ ("rolebinding" | "clusterrolebinding" | "secret"), name] => {
                rights::delete(self.cluster(), kind, &namespace, name)
            }
            ["patch", target] => {
                let patch: Value = serde_json::from_str(command.required("-p")).ok()?;
                pods::patch(self, &namespace, target, &patch)
            }
            ["get" | "edit", ..] => Some(()),
            ["drain", name] => self.replace_node(name),
            ["apply"] => self.apply_policy(&serde_json::from_str(&command.input).ok()?),
            _ => None,
        }
    }

    fn apply_policy(&mut self, object: &Value) -> Option<()> {
        let text = |value: &Value| value.as_str().map(Name::new);
        let labels = object["spec"]["podSelector"]["matchLabels"].as_object();
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some((Name::new(key), text(value)?)));
        let rules = object["spec"]["egress"].as_array()?.iter().filter_map(|rule| {
            let to = rule["to"].as_array()?.iter().filter_map(|it| text(&it["ipBlock"]["cidr"]));
            let ports = rule["ports"].as_array()?.iter().map(|it| Port {
                protocol: text(&it["protocol"]).unwrap_or_default(),
                port: it["port"].as_i64().map(|it| it.to_string().into()),
                end: None,
            });
            Some(EgressRule {
                to: to.map(|cidr| Peer::Block { cidr, except: vec![] }).collect(),
                ports: ports.collect(),
            })
        });
        let policy = NetworkPolicy {
            meta: meta(object["metadata"]["namespace"].as_str()?, object["metadata"]["name"].as_str()?),
            pods: Selector { labels: Labels::new(labels.collect()), expressions: vec![] },
            egress: true,
            rules: rules.collect(),
        };
        let policies = self.cluster().network_policies.items_mut();
        policies.push(policy.into());
        policies.sort_by(|a, b| place(&a.meta).cmp(&place(&b.meta)));
        Some(())
    }

    /// Drained and replaced: the machine that comes has the profile that is configured now.
    fn replace_node(&mut self, name: &str) -> Option<()> {
        use rolewalk::identity::instance::{Nodes, configured_role};
        let cluster = self.inventory.clusters.get(&self.cluster)?;
        let node = cluster.nodes.iter().find(|it| it.meta.name == *name)?;
        let kind = Nodes::new(&self.inventory, cluster).of(name).kind;
        let role = configured_role(&self.inventory, cluster, node, kind)?;
        let id = node.instance_id()?.to_owned();
        for account in self.inventory.accounts.values_mut().map(Arc::make_mut) {
            let arn: Name = format!("arn:aws:iam::{}:instance-profile/p-new", account.id).into();
            let profile = InstanceProfile {
                account: account.id.clone(),
                name: "p-new".into(),
                arn: arn.clone(),
                roles: vec![role.clone()],
                origin: Origin::default(),
            };
            account.instance_profiles.items_mut().push(profile.into());
            account.instance_profiles.items_mut().sort_by(|a, b| a.arn.cmp(&b.arn));
            for region in account.regions.values_mut() {
                for instance in region.instances.items_mut().iter_mut().filter(|it| it.id == *id) {
                    Arc::make_mut(instance).profile = Some(arn.clone());
                }
            }
        }
        Some(())
    }

    /// A role by name: of the account that the text names, else the only one that has it.
    fn role(&mut self, name: &str, account: Option<&Name>) -> Option<&mut Role> {
        let accounts = self.inventory.accounts.values_mut().filter(|it| account.is_none_or(|id| it.id == *id));
        let mut roles = accounts.map(Arc::make_mut).flat_map(|it| it.roles.items_mut());
        roles.find(|it| it.name == *name).map(Arc::make_mut)
    }

    fn iam(&mut self, command: &Command, account: Option<&Name>) -> Option<()> {
        let role = || command.required("--role-name");
        match command.words[2].as_str() {
            "update-assume-role-policy" => {
                self.role(role(), account)?.trust = Some(command.required("--policy-document").into());
            }
            "put-role-policy" => {
                let (name, text) = (command.required("--policy-name"), command.required("--policy-document"));
                let inline = &mut self.role(role(), account)?.inline;
                inline.retain(|it| it.name != *name);
                inline.push(NamedPolicy { name: name.into(), text: text.into() });
            }
            "delete-role-policy" => {
                let name = command.required("--policy-name");
                self.role(role(), account)?.inline.retain(|it| it.name != *name);
            }
            "attach-role-policy" => {
                let arn = Name::new(command.required("--policy-arn"));
                self.role(role(), account)?.attached.push(arn);
            }
            "detach-role-policy" => {
                let arn = command.required("--policy-arn");
                self.role(role(), account)?.attached.retain(|it| it != arn);
            }
            "delete-role" => {
                let name = role();
                self.role(name, account)?;
                for account in self.inventory.accounts.values_mut().map(Arc::make_mut) {
                    account.roles.items_mut().retain(|it| it.name != *name);
                }
            }
            "create-open-id-connect-provider" => {
                let url = command.required("--url").trim_start_matches("https://").to_owned();
                let clients = vec![Name::new(command.required("--client-id-list"))];
                let accounts = self.inventory.accounts.values_mut();
                for it in accounts.filter(|it| account.is_none_or(|id| it.id == *id)).map(Arc::make_mut) {
                    add_provider(it, &url, clients.clone());
                }
            }
            "delete-open-id-connect-provider" => {
                let arn = command.required("--open-id-connect-provider-arn");
                for account in self.inventory.accounts.values_mut().map(Arc::make_mut) {
                    account.providers.items_mut().retain(|it| it.arn != *arn);
                    account.provider_list.items_mut().retain(|it| it.arn != *arn);
                }
            }
            change @ ("add-client-id-to-open-id-connect-provider"
            | "remove-client-id-from-open-id-connect-provider") => {
                let (arn, id) = (command.required("--open-id-connect-provider-arn"), command.required("--client-id"));
                let accounts = self.inventory.accounts.values_mut().map(Arc::make_mut);
                let mut providers = accounts.flat_map(|it| it.providers.items_mut());
                let clients = &mut Arc::make_mut(providers.find(|it| it.arn == *arn)?).client_ids;
                let clients = clients.get_or_insert_default();
                clients.retain(|it| it != id);
                if change.starts_with("add") {
                    clients.push(id.into());
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn eks(&mut self, command: &Command) -> Option<()> {
        if command.words[2] == "modify-instance-metadata-options" {
            return self.metadata_options(command);
        }
        let cluster = self.named(command.required("--cluster-name"));
        let id = command.option("--association-id").unwrap_or_default();
        match command.words[2].as_str() {
            "delete-pod-identity-association" => {
                cluster.associations.items_mut().retain(|it| it.id != *id);
                cluster.association_list.items_mut().retain(|it| it.id != *id);
            }
            "create-pod-identity-association" => {
                let (namespace, account) = (command.required("--namespace"), command.required("--service-account"));
                let details = AssociationDetails {
                    role: command.required("--role-arn").into(),
                    target_role: None,
                    external_id: None,
                    disable_session_tags: false,
                    policy: None,
                    created: None,
                    modified: None,
                };
                let association = Arc::new(Association {
                    id: format!("a-new-{namespace}-{account}").into(),
                    namespace: namespace.into(),
                    service_account: account.into(),
                    details: Some(details),
                    origin: Origin::default(),
                });
                for list in [&mut cluster.associations, &mut cluster.association_list] {
                    list.items_mut().push(Arc::clone(&association));
                    list.items_mut().sort_by(|a, b| a.id.cmp(&b.id));
                }
            }
            "update-pod-identity-association" if command.has("--no-disable-session-tags") => {
                let association = cluster.associations.items_mut().iter_mut().find(|it| it.id == *id)?;
                Arc::make_mut(association).details.as_mut()?.disable_session_tags = false;
            }
            "create-addon" if command.required("--addon-name") == "eks-pod-identity-agent" => {
                let nodes: Vec<Name> = cluster.nodes.iter().map(|it| it.meta.name.clone()).collect();
                for node in nodes {
                    pods::add(cluster, pods::agent(&node));
                }
            }
            "create-access-entry" => {
                let entry = AccessEntry {
                    principal: command.required("--principal-arn").into(),
                    details: Some(AccessEntryDetails {
                        username: "system:node:{{EC2PrivateDNSName}}".into(),
                        groups: vec![],
                        kind: command.required("--type").into(),
                        created: None,
                    }),
                    origin: Origin::default(),
                };
                for list in [&mut cluster.access_entries, &mut cluster.access_entry_list] {
                    list.items_mut().retain(|it| it.principal != entry.principal);
                    list.items_mut().push(Arc::new(entry.clone()));
                    list.items_mut().sort_by(|a, b| a.principal.cmp(&b.principal));
                }
            }
            "disassociate-access-policy" => {
                let (principal, policy) = (command.required("--principal-arn"), command.required("--policy-arn"));
                let lists = cluster.access_policies.items_mut().iter_mut().filter(|it| it.principal == *principal);
                lists.for_each(|it| Arc::make_mut(it).policies.retain(|it| it.arn != *policy));
            }
            "delete-access-entry" => {
                let principal = command.required("--principal-arn");
                cluster.access_entries.items_mut().retain(|it| it.principal != *principal);
                cluster.access_entry_list.items_mut().retain(|it| it.principal != *principal);
                cluster.access_policies.items_mut().retain(|it| it.principal != *principal);
            }
            _ => return None,
        }
        Some(())
    }

    fn metadata_options(&mut self, command: &Command) -> Option<()> {
        let id = command.required("--instance-id");
        let accounts = self.inventory.accounts.values_mut().map(Arc::make_mut);
        let mut instances = accounts.flat_map(|it| it.regions.values_mut()).flat_map(|it| it.instances.items_mut());
        let instance = instances.find(|it| it.id == *id)?;
        let options = Arc::make_mut(instance).metadata.as_mut()?;
        if let Some(tokens) = command.option("--http-tokens") {
            options.tokens_required = tokens == "required";
        }
        if let Some(limit) = command.option("--http-put-response-hop-limit") {
            options.hop_limit = limit.parse().ok()?;
        }
        Some(())
    }
}

fn add_provider(account: &mut AccountFacts, url: &str, clients: Vec<Name>) {
    let provider = Arc::new(Provider {
        account: account.id.clone(),
        arn: format!("arn:aws:iam::{}:oidc-provider/{url}", account.id).into(),
        url: url.into(),
        client_ids: Some(clients),
        created: None,
        origin: Origin::default(),
    });
    if account.providers.iter().any(|it| it.arn == provider.arn) {
        return;
    }
    for list in [&mut account.providers, &mut account.provider_list] {
        list.items_mut().push(Arc::clone(&provider));
        list.items_mut().sort_by(|a, b| a.arn.cmp(&b.arn));
    }
}

pub fn meta(namespace: &str, name: &str) -> Meta {
    Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
}

pub fn place(meta: &Meta) -> (&str, &str) {
    (&meta.namespace, &meta.name)
}

/// `KEY=VALUE` sets, `KEY-` takes away.
pub fn changed(labels: &Labels, change: &str) -> Labels {
    let (key, value) = match change.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (change.trim_end_matches('-'), None),
    };
    let kept = labels.iter().filter(|(it, _)| *it != key).map(|(key, value)| (key.clone(), value.clone()));
    Labels::new(kept.chain(value.map(|it| (key.into(), it.into()))).collect())
}
