//! Estates for tests as a few lines of text, with only what the case needs.
//!
//! ```text
//! cluster c1 version=1.33                     # issuer, describe-cluster and an IAM provider come with it
//! node n1 tokens=required hop=2 agent         # an EC2 node whose instance profile holds role `node`
//! sa ns/app role=r                            # annotated
//! role r irsa=ns:app                          # trusts the account, as EKS documents it
//! pod ns/app sa=app node=n1 irsa=r            # what the webhook injected
//! container helper env:AWS_PROFILE=x          # one more container of the pod above
//! association ns/app role=r
//! namespace ns                                # namespaces of pods, accounts and workloads exist by themselves
//! policy NAME allow={statement}               # a managed policy of the account
//! scp NAME says={statement}                   # beside FullAWSAccess, at the account
//! instance i-NAME role=R                      # an EC2 instance that is no node
//! issuer NAME url=HOST/PATH clients=a,b       # a provider of no cluster here
//! read services.json                          # an optional list that was read and is empty
//! user ann groups=dev                         # an IAM user; `group dev policy={statement}`
//! resource arn:aws:s3:::b policy=none         # what was read of a resource's own policy
//! gap aws/iam.json                            # was not read
//! ```
//!
//! Lists that no line speaks of are read and empty; `gap` takes one away. `@issuer`, `@provider` (or `@issuer:CLUSTER`)
//! and `@account` stand for their values in any line. Roles are named by name or ARN. A wrong line panics with its number.

mod account;
mod line;
mod nodes;
mod pods;
mod rights;
mod trusts;

use std::sync::Arc;

use crate::base::Name;
use crate::model::coverage::Status;
use crate::model::facts::eks::{Association, AssociationDetails, EksCluster};
use crate::model::facts::iam::{LastUsed, NamedPolicy, Provider, Role};
use crate::model::facts::meta::{FieldManager, Labels, Meta, Origin, Selector};
use crate::model::facts::network::{EgressRule, NetworkPolicy, Peer};
use crate::model::facts::webhook::{Webhook, WebhookConfiguration, WebhookRule};
use crate::model::facts::workload::{KeyedObject, Namespace, OtherObject, ServiceAccount, Workload};
use crate::model::feed::{Batch, Change, Delta, Place};
use crate::model::{Inventory, Reading, Scope, SourceId, SourceKind};

use line::Line;

/// The account of everything that names no other.
pub const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// Reads an estate.
///
/// # Panics
/// On a line that it cannot read, with the number of the line.
pub fn estate(text: &str) -> Inventory {
    let mut builder = Builder::default();
    builder.declare(text);
    for (at, raw) in text.lines().enumerate() {
        let raw = builder.expand(raw);
        if let Some(line) = Line::parse(at + 1, &raw) {
            builder.line(line);
        }
    }
    builder.finish()
}

/// One cluster as far as other lines need it.
#[derive(Clone, Default)]
struct ClusterHead {
    name: String,
    issuer: String,
    partition: String,
    account: String,
    region: String,
}

#[derive(Default)]
struct Builder {
    clusters: Vec<ClusterHead>,
    /// Facts by place and source, in the order of the text.
    batches: Vec<(Place, SourceId, Batch)>,
    accounts: Vec<String>,
    gaps: Vec<String>,
    /// Lists that the layout knows as optional and a line speaks of.
    optional: Vec<(Place, SourceId)>,
    /// Providers by hand: the one that comes with the cluster is left out.
    own_providers: Vec<String>,
    now: Option<jiff::Timestamp>,
    /// Where `container` lines belong.
    last: Option<pods::Maker>,
    node_role: bool,
    /// Namespaces that lines speak of, by cluster.
    namespaces: std::collections::BTreeMap<(String, String), (Labels, Labels)>,
}

impl Builder {
    /// Clusters first: other lines name their issuers.
    fn declare(&mut self, text: &str) {
        for (at, raw) in text.lines().enumerate() {
            let Some(mut line) = Line::parse(at + 1, raw) else { continue };
            match line.word.as_str() {
                "cluster" => {
                    let region = line.take("region").unwrap_or_else(|| REGION.into());
                    let partition = match &region {
                        it if it.starts_with("cn-") => "aws-cn",
                        it if it.starts_with("us-gov-") => "aws-us-gov",
                        _ => "aws",
                    };
                    let id = line.name.to_uppercase();
                    let host = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
                    self.clusters.push(ClusterHead {
                        issuer: format!("oidc.eks.{region}.{host}/id/{id}"),
                        name: line.name.clone(),
                        partition: partition.into(),
                        account: line.take("account").unwrap_or_else(|| ACCOUNT.into()),
                        region,
                    });
                }
                "account" => self.accounts.push(line.name.clone()),
                "provider" => self.own_providers.push(line.name.clone()),
                "gap" => self.gaps.push(line.name.clone()),
                _ => {}
            }
        }
        if self.clusters.is_empty() {
            panic!("the estate has no `cluster` line");
        }
        let mut accounts: Vec<String> = self.clusters.iter().map(|it| it.account.clone()).collect();
        accounts.append(&mut self.accounts);
        accounts.sort();
        accounts.dedup();
        self.accounts = accounts;
    }

    fn expand(&self, raw: &str) -> String {
        let mut text = raw.to_owned();
        for cluster in &self.clusters {
            text = text.replace(&format!("@issuer:{}", cluster.name), &cluster.issuer);
            text = text.replace(&format!("@provider:{}", cluster.name), &self.provider_arn(cluster, &cluster.account));
        }
        let first = &self.clusters[0];
        text.replace("@issuer", &first.issuer)
            .replace("@provider", &self.provider_arn(first, &first.account))
            .replace("@account", &first.account)
    }

    fn provider_arn(&self, cluster: &ClusterHead, account: &str) -> String {
        format!("arn:{}:iam::{account}:oidc-provider/{}", cluster.partition, cluster.issuer)
    }

    /// The cluster that an option names, else the first.
    fn cluster(&self, line: &mut Line) -> ClusterHead {
        match line.take("cluster") {
            Some(name) => match self.clusters.iter().find(|it| it.name == name) {
                Some(cluster) => cluster.clone(),
                None => line.fail(&format!("there is no cluster `{name}`")),
            },
            None => self.clusters[0].clone(),
        }
    }

    fn push(&mut self, cluster: &ClusterHead, kind: SourceKind, batch: Batch) {
        let place = Place::Cluster(cluster.name.as_str().into());
        self.push_at(place, SourceId::new(&format!("clusters/{}", cluster.name), kind), batch);
    }

    fn push_at(&mut self, place: Place, source: SourceId, batch: Batch) {
        if !source.kind.is_expected() {
            self.optional.push((place.clone(), source.clone()));
        }
        self.batches.push((place, source, batch));
    }

    fn account_directory(&self, account: &str) -> String {
        if account == self.clusters[0].account { "aws".into() } else { format!("accounts/{account}") }
    }

    fn push_account(&mut self, account: &str, kind: SourceKind, batch: Batch) {
        let source = SourceId::new(&self.account_directory(account), kind);
        self.push_at(Place::Account(account.into()), source, batch);
    }

    /// A role by name in the first cluster's account, or by ARN as written.
    fn role_arn(&self, text: &str) -> Name {
        let first = &self.clusters[0];
        let bare = !text.contains(':');
        if bare { format!("arn:{}:iam::{}:role/{text}", first.partition, first.account).into() } else { text.into() }
    }

    fn line(&mut self, mut line: Line) {
        match line.word.as_str() {
            "cluster" => self.cluster_line(&mut line),
            "account" | "gap" => {}
            "now" => self.now = Some(time(&line, &line.name)),
            "provider" => self.provider_line(&mut line),
            "node" => self.node_line(&mut line),
            "sa" => self.account_line(&mut line),
            "role" => self.role_line(&mut line),
            "user" => self.user_line(&mut line),
            "group" => self.group_line(&mut line),
            "resource" => self.resource_line(&mut line),
            "association" => self.association_line(&mut line),
            "pod" => self.pod_line(&mut line),
            "workload" => self.workload_line(&mut line),
            "container" => self.container_line(&mut line),
            "configmap" | "secret" => self.keyed_line(&mut line),
            "netpol" => self.policy_line(&mut line),
            "daemonset" => self.daemon_set_line(&mut line),
            "object" => self.object_line(&mut line),
            "fargate" => self.fargate_line(&mut line),
            "namespace" => {
                let cluster = self.cluster(&mut line);
                let labels = pods::labels(line.all("label"));
                let annotations = pods::labels(line.all("note"));
                self.namespaces.insert((cluster.name, line.name.clone()), (labels, annotations));
            }
            "clusterrole" | "role.rbac" => self.rbac_role_line(&mut line),
            "clusterrolebinding" | "rolebinding" => self.binding_line(&mut line),
            "access-entry" => self.access_entry_line(&mut line),
            "aws-auth" => self.aws_auth_line(&mut line),
            "policy" => self.managed_line(&mut line),
            "scp" => self.scp_line(&mut line),
            "instance" => self.instance_line(&mut line),
            "issuer" => self.issuer_line(&mut line),
            "read" => {
                let cluster = self.cluster(&mut line);
                let Some(kind) = SourceKind::from_file(Scope::Cluster, &line.name) else { line.fail("no such file") };
                let source = SourceId::new(&format!("clusters/{}", cluster.name), kind);
                self.optional.push((Place::Cluster(cluster.name.as_str().into()), source));
            }
            other => line.fail(&format!("`{other}` is no word of this language")),
        }
        line.finish();
    }

    fn cluster_line(&mut self, line: &mut Line) {
        line.take("region");
        line.take("account");
        let private = line.flag("private");
        let head = self.clusters.iter().find(|it| it.name == line.name).cloned().unwrap_or_default();
        let ClusterHead { name, issuer, partition, account, region } = &head;
        let cluster = EksCluster {
            name: name.as_str().into(),
            arn: format!("arn:{partition}:eks:{region}:{account}:cluster/{name}").into(),
            version: line.take("version").unwrap_or_else(|| "1.33".into()).into(),
            created: line.take("created").map(|it| time(line, &it)),
            role: Name::default(),
            issuer: format!("https://{issuer}").into(),
            authentication_mode: line.take("mode").unwrap_or_else(|| "API".into()).into(),
            endpoint_public: Some(!private),
            endpoint_private: Some(private),
            ip_family: "ipv4".into(),
            auto_mode: line.flag("auto"),
            auto_node_role: line.take("auto-role").map(|it| self.role_arn(&it)).unwrap_or_default(),
            tags: pods::labels(line.all("tag")),
            origin: Origin::default(),
        };
        self.push(&head, SourceKind::Cluster, Batch::Cluster(vec![cluster.into()]));
        let directory = format!("{}/{region}", self.account_directory(account));
        let place = Place::Region { account: account.as_str().into(), region: region.as_str().into() };
        let listed = Batch::ClusterNames(vec![Name::from(name.as_str()).into()]);
        self.push_at(place, SourceId::new(&directory, SourceKind::ClusterList), listed);
        if !self.own_providers.contains(name) && !line.flag("no-provider") {
            self.provider(&head, account, vec!["sts.amazonaws.com".into()]);
        }
        if !line.flag("no-webhook") {
            let webhook = Webhook {
                name: "iam-for-pods.amazonaws.com".into(),
                failure_policy: line.take("failure").unwrap_or_else(|| "Ignore".into()).into(),
                reinvocation: "IfNeeded".into(),
                namespaces: Selector { labels: pods::labels(line.all("only")), expressions: vec![] },
                objects: Selector {
                    labels: Labels::default(),
                    expressions: vec![crate::model::facts::meta::Requirement {
                        key: "eks.amazonaws.com/skip-pod-identity-webhook".into(),
                        operator: crate::model::facts::meta::Operator::DoesNotExist,
                        values: vec![],
                    }],
                },
                rules: vec![WebhookRule {
                    operations: vec!["CREATE".into()],
                    api_groups: vec!["".into()],
                    resources: vec!["pods".into()],
                }],
            };
            let configuration =
                WebhookConfiguration { meta: meta("", "pod-identity-webhook"), webhooks: vec![webhook] };
            self.push(&head, SourceKind::Webhooks, Batch::Webhooks(vec![configuration.into()]));
        }
    }

    fn provider(&mut self, cluster: &ClusterHead, account: &str, clients: Vec<Name>) {
        let provider = Provider {
            account: account.into(),
            arn: self.provider_arn(cluster, account).into(),
            url: cluster.issuer.as_str().into(),
            client_ids: Some(clients),
            created: None,
            origin: Origin::default(),
        };
        let listed = Provider { client_ids: None, ..provider.clone() };
        self.push_account(account, SourceKind::ProviderList, Batch::Providers(vec![listed.into()]));
        self.push_account(account, SourceKind::Providers, Batch::Providers(vec![provider.into()]));
    }

    /// `provider CLUSTER account=ID clients=a,b`
    fn provider_line(&mut self, line: &mut Line) {
        let Some(cluster) = self.clusters.iter().find(|it| it.name == line.name).cloned() else {
            line.fail("names no cluster")
        };
        let account = line.take("account").unwrap_or_else(|| cluster.account.clone());
        let clients = line.take("clients").unwrap_or_else(|| "sts.amazonaws.com".into());
        self.provider(&cluster, &account, clients.split(',').map(Name::from).collect());
    }

    /// `sa NS/NAME role=R audience=A note:KEY=VALUE label:KEY=VALUE created=T managed:MANAGER=T automount=false`, where
    /// MANAGER owns the role annotation since T
    fn account_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (namespace, name) = line.namespaced();
        let mut notes = line.all("note");
        if let Some(role) = line.take("annotation") {
            notes.push(("eks.amazonaws.com/role-arn".into(), role));
        }
        if let Some(role) = line.take("role") {
            notes.push(("eks.amazonaws.com/role-arn".into(), self.role_arn(&role).to_string()));
        }
        if let Some(audience) = line.take("audience") {
            notes.push(("eks.amazonaws.com/audience".into(), audience));
        }
        let managers: Vec<FieldManager> = line
            .all("managed")
            .into_iter()
            .map(|(manager, at)| FieldManager {
                manager: manager.into(),
                time: Some(time(line, &at)),
                annotations: vec!["eks.amazonaws.com/role-arn".into()],
            })
            .collect();
        self.namespaces.entry((cluster.name.clone(), namespace.clone())).or_default();
        let account = ServiceAccount {
            meta: Meta {
                annotations: pods::labels(notes),
                labels: pods::labels(line.all("label")),
                created: line.take("created").map(|it| time(line, &it)),
                managers: (!managers.is_empty()).then(|| managers.into()),
                ..meta(&namespace, &name)
            },
            automount_token: line.take("automount").map(|it| it == "true"),
            secrets: line.take("secrets").map(|it| it.split(',').map(Name::from).collect()).unwrap_or_default(),
        };
        self.push(&cluster, SourceKind::ServiceAccounts, Batch::ServiceAccounts(vec![account.into()]));
    }

    /// `role NAME account=ID path=/p/ TRUST policy={statement} attached=ARN,ARN boundary=ARN tag:K=V created=T used=T
    /// unused session=SECONDS id=AROA... profile`; for TRUST see [`trusts`]. `profile`: an instance profile of its name.
    fn role_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let partition = self.clusters[0].partition.clone();
        let path = line.take("path").unwrap_or_else(|| "/".into());
        let trust = trusts::of(line, &self.clusters, &account, &partition);
        let inline = inline(line);
        let attached: Vec<Name> =
            line.take("attached").iter().flat_map(|all| all.split(',')).map(|arn| Name::from(arn.to_owned())).collect();
        let name = line.name.clone();
        let role = Role {
            account: account.as_str().into(),
            arn: format!("arn:{partition}:iam::{account}:role{path}{name}").into(),
            name: name.into(),
            path: path.into(),
            id: "AROAEXAMPLE".into(),
            created: line.take("created").map(|it| time(line, &it)),
            trust: Some(trust.into()),
            inline,
            attached,
            boundary: line.take("boundary").map(Name::from),
            last_used: match (line.take("used"), line.flag("unused")) {
                (Some(it), _) => Some(LastUsed { at: Some(time(line, &it)), region: REGION.into() }),
                (None, unused) => unused.then(|| LastUsed { at: None, region: Name::default() }),
            },
            max_session: line.take("session").and_then(|it| it.parse().ok()),
            tags: pods::labels(line.all("tag")),
            instance_profiles: if line.flag("profile") { vec![format!("p-{}", line.name).into()] } else { vec![] },
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Roles(vec![role.into()]));
    }

    /// `association NS/SA role=R target=R2 no-tags external=ID undescribed created=T modified=T`
    fn association_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (namespace, account) = line.namespaced();
        let role = line.take("role").map(|it| self.role_arn(&it)).unwrap_or_default();
        let details = AssociationDetails {
            role,
            target_role: line.take("target").map(|it| self.role_arn(&it)),
            external_id: line.take("external").map(Name::from),
            disable_session_tags: line.flag("no-tags"),
            policy: line.take("policy").map(Name::from),
            created: line.take("created").map(|it| time(line, &it)),
            modified: line.take("modified").map(|it| time(line, &it)),
        };
        let described = !line.flag("undescribed");
        let listed = Association {
            id: format!("a-{namespace}-{account}").into(),
            namespace: namespace.into(),
            service_account: account.into(),
            details: None,
            origin: Origin::default(),
        };
        let full = Association { details: Some(details), ..listed.clone() };
        self.push(&cluster, SourceKind::AssociationList, Batch::Associations(vec![listed.into()]));
        if described {
            self.push(&cluster, SourceKind::Associations, Batch::Associations(vec![full.into()]));
        }
    }

    /// `configmap NS/NAME data:KEY=VALUE...` with `;` for the end of a line, `secret NS/NAME data:KEY= type=T note:K=V`
    fn keyed_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (namespace, name) = line.namespaced();
        let mut values: Vec<(String, String)> = line.all("data");
        values.iter_mut().for_each(|(_, value)| *value = value.replace(';', "\n"));
        let secret = line.word == "secret";
        let object = KeyedObject {
            meta: Meta { annotations: pods::labels(line.all("note")), ..meta(&namespace, &name) },
            keys: Some(values.iter().map(|(key, _)| key.as_str().into()).collect()),
            values: if secret { Labels::default() } else { pods::labels(values) },
            secret_type: line.take("type").map(Name::from).unwrap_or_default(),
        };
        let kind = if secret { SourceKind::Secrets } else { SourceKind::ConfigMaps };
        self.push(&cluster, kind, Batch::KeyedObjects(vec![object.into()]));
    }

    /// `netpol NS/NAME to=CIDR`: egress of every pod of the namespace; without `to` nothing is let out.
    fn policy_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (namespace, name) = line.namespaced();
        let selector = Selector { labels: pods::labels(line.all("label")), expressions: vec![] };
        let except = line.take("except").map(Name::from).into_iter().collect::<Vec<_>>();
        let block = |cidr: String| Peer::Block { cidr: cidr.into(), except: except.clone() };
        let rule = line.take("to").map(|cidr| EgressRule { to: vec![block(cidr)], ports: vec![] });
        let policy = NetworkPolicy {
            meta: meta(&namespace, &name),
            pods: selector,
            egress: true,
            rules: rule.into_iter().collect(),
        };
        self.push(&cluster, SourceKind::NetworkPolicies, Batch::NetworkPolicies(vec![policy.into()]));
    }

    fn daemon_set_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (namespace, name) = line.namespaced();
        let set = Workload {
            kind: crate::model::facts::workload::WorkloadKind::DaemonSet,
            meta: meta(&namespace, &name),
            replicas: Some(1),
            suspended: false,
            template: Arc::default(),
        };
        self.push(&cluster, SourceKind::DaemonSets, Batch::Workloads(vec![set.into()]));
    }

    /// `object services.json/NAME in=NS field:PATH=VALUE select:LABEL=VALUE note:KEY=VALUE`: services, node pools, node
    /// classes and other objects by their file.
    fn object_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let (file, name) = line.namespaced();
        let Some(kind) = SourceKind::from_file(Scope::Cluster, &file) else { line.fail("no such file in the layout") };
        let object = OtherObject {
            meta: Meta {
                annotations: pods::labels(line.all("note")),
                ..meta(&line.take("in").unwrap_or_default(), &name)
            },
            selector: Selector { labels: pods::labels(line.all("select")), expressions: vec![] },
            fields: pods::labels(line.all("field")),
        };
        self.push(&cluster, kind, Batch::Others(vec![object.into()]));
    }

    fn finish(mut self) -> Inventory {
        self.flush_pod();
        for ((cluster, name), (labels, annotations)) in std::mem::take(&mut self.namespaces) {
            let Some(cluster) = self.clusters.iter().find(|it| it.name == cluster).cloned() else { continue };
            let namespace = Namespace { meta: Meta { labels, annotations, ..meta("", &name) } };
            self.push(&cluster, SourceKind::Namespaces, Batch::Namespaces(vec![namespace.into()]));
        }
        let mut places: Vec<(Place, SourceId)> = Vec::new();
        for cluster in &self.clusters {
            let directory = format!("clusters/{}", cluster.name);
            let expected = SourceKind::ALL.iter().filter(|row| row.1 == Scope::Cluster && row.3);
            let place = Place::Cluster(cluster.name.as_str().into());
            places.extend(expected.map(|row| (place.clone(), SourceId::new(&directory, row.0))));
            let region =
                Place::Region { account: cluster.account.as_str().into(), region: cluster.region.as_str().into() };
            let directory = format!("{}/{}", self.account_directory(&cluster.account), cluster.region);
            places.push((region.clone(), SourceId::new(&directory, SourceKind::Instances)));
            places.push((region, SourceId::new(&directory, SourceKind::ClusterList)));
        }
        for account in &self.accounts {
            let directory = self.account_directory(account);
            let expected = SourceKind::ALL.iter().filter(|row| row.1 == Scope::Account && row.3);
            let place = Place::Account(account.as_str().into());
            places.extend(expected.map(|row| (place.clone(), SourceId::new(&directory, row.0))));
        }
        places.append(&mut self.optional);
        places.sort();
        places.dedup();
        let mut inventory = Inventory::default();
        if let Some(now) = self.now {
            let change = Change::Page(Batch::Now(vec![now.into()]));
            inventory.apply(Delta { place: Place::World, source: SourceId::world(), change });
        }
        for gap in &self.gaps {
            assert!(places.iter().any(|(_, source)| source.path == gap.as_str()), "`gap {gap}` names no source");
        }
        for (place, source) in places {
            let mut send = |change| inventory.apply(Delta { place: place.clone(), source: source.clone(), change });
            if self.gaps.iter().any(|gap| source.path == gap.as_str()) {
                send(Change::Failed { status: Status::Missing, why: "gap".into(), permission: None });
                continue;
            }
            send(Change::Opened);
            for (_, _, batch) in self.batches.iter().filter(|it| it.0 == place && it.1 == source) {
                send(Change::Page(batch.clone()));
            }
            send(Change::Listed { reading: Reading::Complete, read_at: None, why: String::new() });
        }
        inventory
    }
}

/// The inline policy of `policy={statement}` or `policy=[statements]`.
fn inline(line: &mut Line) -> Vec<NamedPolicy> {
    let text = line.take("policy");
    text.map(|it| NamedPolicy { name: "inline".into(), text: document(&it) }).into_iter().collect()
}

/// A document of one statement or a list of them.
fn document(statements: &str) -> Name {
    let list = if statements.starts_with('[') { statements.to_owned() } else { format!("[{statements}]") };
    format!(r#"{{"Version":"2012-10-17","Statement":{list}}}"#).into()
}

fn meta(namespace: &str, name: &str) -> Meta {
    Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
}

fn time(line: &Line, text: &str) -> jiff::Timestamp {
    match text.parse() {
        Ok(time) => time,
        Err(_) => line.fail(&format!("`{text}` is no RFC 3339 time")),
    }
}
