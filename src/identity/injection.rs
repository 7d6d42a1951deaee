//! What the admission webhook would give a new pod, by today's configuration (R13 to R31).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::facts::eks::Association;
use crate::model::facts::meta::Labels;
use crate::model::facts::pod::{Container, ContainerKind, PodSpec, Projection, VolumeSource};
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, Lookup, SourceId, SourceKind};

use super::answer::{Credential, Source};
use super::chain::Token;
use super::environment::Environment;
use super::network::selects;
use super::subject::{Context, Subject};

pub const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
pub const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
pub const SKIP_CONTAINERS_ANNOTATION: &str = "eks.amazonaws.com/skip-containers";
pub const SKIP_LABEL: &str = "eks.amazonaws.com/skip-pod-identity-webhook";
/// The webhook's default in every partition (R18, R138).
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
pub const AGENT_AUDIENCE: &str = "pods.eks.amazonaws.com";
pub const IRSA_TOKEN_FILE: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
pub const AGENT_TOKEN_FILE: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token";

/// What namespace and service account ask for now.
#[derive(Clone, Debug)]
pub enum Declared {
    Nothing,
    Irsa {
        role: Name,
        audience: Name,
    },
    PodIdentity(Arc<Association>),
    /// Cloud identities of other providers, from their own annotations.
    Elsewhere(Credential),
    /// Read the sources to know.
    Unknown(Vec<SourceId>),
}

impl Declared {
    pub fn credential(&self) -> Option<Credential> {
        match self {
            Declared::Nothing => None,
            Declared::Irsa { role, .. } => Some(Credential::new(Source::Irsa, Some(role.clone()))),
            Declared::PodIdentity(association) => {
                Some(Credential::new(Source::PodIdentity, association_role(association)))
            }
            Declared::Elsewhere(credential) => Some(credential.clone()),
            Declared::Unknown(_) => Some(Credential::UNKNOWN),
        }
    }

    pub fn missing(&self) -> &[SourceId] {
        match self {
            Declared::Unknown(missing) => missing,
            _ => &[],
        }
    }
}

/// The role that an association ends in: its target role when there is one (R84).
pub fn association_role(association: &Association) -> Option<Name> {
    let details = association.details.as_ref()?;
    Some(details.target_role.clone().unwrap_or_else(|| details.role.clone()))
}

/// Associations of one cluster by namespace and service account: at most one for each pair, exact names (R75).
pub struct Associations {
    by_account: FxHashMap<(Name, Name), Arc<Association>>,
    list: SourceId,
    complete: bool,
    describe: SourceId,
}

impl Associations {
    pub fn new(cluster: &ClusterFacts) -> Associations {
        let mut by_account: FxHashMap<(Name, Name), Arc<Association>> = FxHashMap::default();
        // Descriptions come last and replace what the list alone says.
        for association in cluster.association_list.iter().chain(cluster.associations.iter()) {
            let key = (association.namespace.clone(), association.service_account.clone());
            by_account.insert(key, Arc::clone(association));
        }
        Associations {
            by_account,
            list: cluster.source(SourceKind::AssociationList),
            complete: cluster.association_list.is_complete(),
            describe: cluster.source(SourceKind::Associations),
        }
    }

    pub fn of(&self, namespace: &Name, account: &Name) -> Result<Option<&Arc<Association>>, SourceId> {
        match self.by_account.get(&(namespace.clone(), account.clone())) {
            Some(association) => Ok(Some(association)),
            None if self.complete => Ok(None),
            None => Err(self.list.clone()),
        }
    }

    /// The source that would say which role an association has.
    pub fn describe_source(&self) -> &SourceId {
        &self.describe
    }
}

/// R14, R15: the association first; only without one the account's annotation.
pub fn declared(cluster: &ClusterFacts, associations: &Associations, namespace: &Name, account: &Name) -> Declared {
    let missing = match associations.of(namespace, account) {
        Ok(Some(association)) => return Declared::PodIdentity(Arc::clone(association)),
        Ok(None) => Vec::new(),
        Err(list) => vec![list],
    };
    let annotated = match cluster.service_account(namespace, account) {
        Lookup::Found(account) => from_annotations(account),
        Lookup::Absent => Declared::Nothing,
        Lookup::Unknown => Declared::Unknown(vec![cluster.source(SourceKind::ServiceAccounts)]),
    };
    if missing.is_empty() {
        return annotated;
    }
    let mut missing = missing;
    missing.extend(annotated.missing().iter().cloned());
    Declared::Unknown(missing)
}

pub(super) fn from_annotations(account: &ServiceAccount) -> Declared {
    let annotation = |key: &str| account.meta.annotations.get(key).filter(|value| !value.is_empty());
    if let Some(role) = annotation(ROLE_ANNOTATION) {
        let audience = annotation(AUDIENCE_ANNOTATION).cloned().unwrap_or_else(|| DEFAULT_AUDIENCE.into());
        return Declared::Irsa { role: role.clone(), audience };
    }
    if let Some(email) = annotation("iam.gke.io/gcp-service-account") {
        return Declared::Elsewhere(Credential::new(Source::Gke, Some(email.clone())));
    }
    if let Some(client) = annotation("azure.workload.identity/client-id") {
        return Declared::Elsewhere(Credential::new(Source::Azure, Some(client.clone())));
    }
    Declared::Nothing
}

/// The registration that injects identities into new pods of this cluster (R13).
pub struct Webhook<'a> {
    cluster: &'a ClusterFacts,
}

impl<'a> Webhook<'a> {
    pub fn new(cluster: &'a ClusterFacts) -> Webhook<'a> {
        Webhook { cluster }
    }

    fn registration(&self) -> Lookup<'a, crate::model::facts::webhook::WebhookConfiguration> {
        let injects = |it: &crate::model::facts::webhook::Webhook| {
            it.name == "iam-for-pods.amazonaws.com" || it.name.starts_with("pod-identity-webhook")
        };
        self.cluster.webhooks.answer(self.cluster.webhooks.iter().find(|it| it.webhooks.iter().any(injects)))
    }

    /// New pods with these labels are mutated. `Unknown` names the source that would tell.
    pub fn acts_on(&self, labels: &Labels) -> (Truth, Vec<SourceId>) {
        let source = || vec![self.cluster.source(SourceKind::Webhooks)];
        match self.registration() {
            Lookup::Found(configuration) => {
                let acts = configuration
                    .webhooks
                    .iter()
                    .map(|webhook| selects(&webhook.objects, labels))
                    .fold(Truth::No, Truth::or);
                (acts, Vec::new())
            }
            Lookup::Absent => (Truth::No, Vec::new()),
            Lookup::Unknown if labels.contains(SKIP_LABEL) => (Truth::No, Vec::new()),
            Lookup::Unknown => (Truth::Unknown, source()),
        }
    }

    /// Pods with these labels are left out by the registration's own selector, whatever it would inject.
    pub fn skips(&self, labels: &Labels) -> bool {
        labels.contains(SKIP_LABEL)
            && match self.registration() {
                Lookup::Found(configuration) => {
                    configuration.webhooks.iter().all(|webhook| selects(&webhook.objects, labels).is_no())
                }
                Lookup::Absent | Lookup::Unknown => true,
            }
    }
}

/// The pod's own list names this container (R22): CSV, split exactly, nothing trimmed. Ephemeral containers are never
/// mutated, whatever the list says (R13).
pub fn is_skipped(annotations: &Labels, container: &str) -> bool {
    annotations.get(SKIP_CONTAINERS_ANNOTATION).is_some_and(|list| skip_list(list).iter().any(|it| it == container))
}

/// The names in a skip list. A list that is no CSV skips nothing.
pub fn skip_list(list: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(list.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// What the webhook adds to a container of a pod that does not exist yet.
#[derive(Default)]
pub(super) struct Injected {
    /// Both variables of web identity, with this role.
    pub role: Option<Name>,
    /// Both variables of Pod Identity.
    pub agent: bool,
    /// The token it mounts: path of the file and what it is.
    pub token: Option<(&'static str, Token)>,
    /// It is not known whether it adds anything.
    pub missing: Vec<SourceId>,
}

/// R13, R22 to R26: the skip list, the pair rule and the mount rule, for one container of a template.
pub(super) fn injected(
    context: &Context<'_>,
    subject: &Subject<'_>,
    container: &Container,
    environment: &Environment<'_>,
) -> Injected {
    if container.kind == ContainerKind::Ephemeral || is_skipped(subject.annotations, &container.name) {
        return Injected::default();
    }
    let wanted = match &subject.declared {
        Declared::Nothing | Declared::Elsewhere(_) => return Injected::default(),
        Declared::Unknown(missing) => return Injected { missing: missing.clone(), ..Injected::default() },
        wanted => wanted,
    };
    match context.webhook.acts_on(subject.labels) {
        (Truth::No, _) => return Injected::default(),
        (Truth::Unknown, missing) => return Injected { missing, ..Injected::default() },
        (Truth::Yes, _) => {}
    }
    let defined = |names: &[&str]| names.iter().any(|name| environment.defines(name));
    let (pair, volume, path, audience): (&[&str], _, _, Name) = match wanted {
        Declared::PodIdentity(_) => (
            &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
            "eks-pod-identity-token",
            AGENT_TOKEN_FILE,
            AGENT_AUDIENCE.into(),
        ),
        Declared::Irsa { audience, .. } => {
            (&["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"], "aws-iam-token", IRSA_TOKEN_FILE, audience.clone())
        }
        _ => return Injected::default(),
    };
    let by_hand = defined(pair);
    // R25: all of it defined by the author, and the container is left alone, mount included.
    if by_hand && defined(&["AWS_REGION", "AWS_DEFAULT_REGION"]) && defined(&["AWS_STS_REGIONAL_ENDPOINTS"]) {
        return Injected::default();
    }
    let mounted = container.mounts.iter().any(|mount| mount.volume == volume);
    let token = (!mounted).then(|| (path, own_token(subject.spec, volume).unwrap_or(Token::Projected { audience })));
    match wanted {
        // R24: one of the pair defined by the author, and neither is added.
        _ if by_hand => Injected { token, ..Injected::default() },
        Declared::Irsa { role, .. } => Injected { role: Some(role.clone()), token, ..Injected::default() },
        _ => Injected { agent: true, token, ..Injected::default() },
    }
}

/// R26: a volume of the pod that has the injected one's name is kept, with whatever it holds.
fn own_token(spec: &PodSpec, name: &str) -> Option<Token> {
    let volume = spec.volumes.iter().find(|it| it.name == name)?;
    let VolumeSource::Projected(projections) = &volume.source else { return Some(Token::Opaque) };
    let audience = projections.iter().find_map(|it| match it {
        Projection::Token { audience, .. } => Some(audience.clone()),
        _ => None,
    });
    Some(audience.map_or(Token::NotMounted, |audience| Token::Projected { audience }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_in_the_skip_list_belongs_to_the_name() {
        assert_eq!(skip_list("a, b"), ["a", " b"]);
        let annotations = Labels::new(vec![(SKIP_CONTAINERS_ANNOTATION.into(), "a, b".into())]);
        assert!(is_skipped(&annotations, "a"));
        assert!(!is_skipped(&annotations, "b"));
    }

    #[test]
    fn an_empty_skip_list_skips_nothing() {
        assert!(skip_list("").is_empty());
    }
}
