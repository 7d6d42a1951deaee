//! Which clusters are meant: kubeconfig contexts, or the cluster that the program runs in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::kube::config::{
    AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext,
};

use crate::base::Name;
use crate::ingest::live::ClusterTarget;
use crate::model::arn::Arn;

use super::api::usable_label;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Instead of `$KUBECONFIG` and `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Names of contexts; none means the current one.
    pub contexts: Vec<String>,
    pub all_contexts: bool,
    /// Read when listing all namespaces is refused.
    pub namespace: Option<String>,
}

/// How a cluster is reached.
#[derive(Clone, Debug)]
pub enum Way {
    /// A context of a kubeconfig, which is read anew for each connection: credentials change while the program runs.
    Context { kubeconfig: Option<PathBuf>, name: String },
    /// The service account of the pod that the program runs in: its directory, and the address of the API server.
    InCluster { directory: PathBuf, server: String },
}

/// One cluster to read.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub target: ClusterTarget,
    pub way: Way,
    /// Namespaces to try when listing all of them is refused: of the flag, of the context.
    pub namespaces: Vec<String>,
    /// The program that fetches credentials, for messages.
    pub helper: Option<Helper>,
}

/// A credentials helper (exec plugin) of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Helper {
    pub command: String,
    pub profile: Option<String>,
}

/// Why no cluster can be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoCluster {
    #[error("no cluster found in kubeconfig")]
    None,
    #[error("the kubeconfig names no current context; contexts: {0}")]
    NoCurrent(String),
    #[error("there is no context `{name}` in the kubeconfig; contexts: {known}")]
    Unknown { name: String, known: String },
    #[error("cannot read the kubeconfig: {0}")]
    Unreadable(String),
}

/// The clusters that a wish means, each once, with labels that differ. Reads the kubeconfig; touches no network.
pub fn choose(wish: &Wish) -> Result<Vec<Chosen>, NoCluster> {
    let config = match read(wish.kubeconfig.as_deref()) {
        Ok(config) if config.contexts.is_empty() => None,
        Ok(config) => Some(config),
        Err(NoCluster::None) => None,
        Err(error) => return Err(error),
    };
    let Some(config) = config else {
        let variable = |name: &str| std::env::var(name).ok();
        let inside = in_cluster(wish, Path::new(SERVICE_ACCOUNT), &variable);
        return inside.filter(|_| wish.contexts.is_empty()).map(|it| vec![it]).ok_or(NoCluster::None);
    };
    let known = || config.contexts.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let names: Vec<String> = if wish.all_contexts {
        config.contexts.iter().map(|it| it.name.clone()).collect()
    } else if wish.contexts.is_empty() {
        let current = config.current_context.clone().filter(|name| !name.is_empty());
        vec![current.ok_or_else(|| NoCluster::NoCurrent(known()))?]
    } else {
        wish.contexts.clone()
    };
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut servers: BTreeMap<String, String> = BTreeMap::new();
    for name in names {
        let Some(found) = find(&config, &name) else { return Err(NoCluster::Unknown { name, known: known() }) };
        // Two contexts of one cluster, for two users: the first speaks for it.
        if let Some(first) = servers.get(&found.server) {
            tracing::info!("context `{name}` leads to the same cluster as `{first}` and is left out");
            continue;
        }
        servers.insert(found.server.clone(), name.clone());
        chosen.push(found.chosen(wish, name));
    }
    tell_apart(&mut chosen);
    Ok(chosen)
}

/// The names of the contexts that there are, for choosing one.
pub fn names(wish: &Wish) -> Vec<String> {
    read(wish.kubeconfig.as_deref())
        .map(|config| config.contexts.into_iter().map(|it| it.name).collect())
        .unwrap_or_default()
}

/// Reads the kubeconfig.
///
/// # Errors
/// [`NoCluster::None`] when there is no such file, and nobody named one.
pub fn read(path: Option<&Path>) -> Result<Kubeconfig, NoCluster> {
    let read = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    read.map_err(|error| match &error {
        KubeconfigError::ReadConfig(cause, _) if cause.kind() == std::io::ErrorKind::NotFound && path.is_none() => {
            NoCluster::None
        }
        KubeconfigError::FindPath => NoCluster::None,
        KubeconfigError::ReadConfig(cause, path) => NoCluster::Unreadable(format!("`{}`: {cause}", path.display())),
        _ => NoCluster::Unreadable(chain(&error)),
    })
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

struct Found {
    server: String,
    user: AuthInfo,
    namespace: Option<String>,
    cluster_name: String,
}

fn find(config: &Kubeconfig, name: &str) -> Option<Found> {
    let context = config.contexts.iter().find(|it| it.name == name)?.context.as_ref()?;
    let cluster: Option<&Cluster> =
        config.clusters.iter().find(|it| it.name == context.cluster).and_then(|it| it.cluster.as_ref());
    let user = context.user.as_ref().and_then(|user| config.auth_infos.iter().find(|it| it.name == *user));
    Some(Found {
        // A context without a cluster is told when it is connected to.
        server: cluster.and_then(|it| it.server.clone()).unwrap_or_else(|| format!("context {name}")),
        user: user.and_then(|it| it.auth_info.clone()).unwrap_or_default(),
        namespace: context.namespace.clone().filter(|it| !it.is_empty()),
        cluster_name: context.cluster.clone(),
    })
}

impl Found {
    fn chosen(self, wish: &Wish, name: String) -> Chosen {
        let whereabouts = whereabouts(&[&name, &self.cluster_name], &self.server, &self.user);
        let label = if whereabouts.name.is_empty() { name.as_str() } else { whereabouts.name.as_str() };
        let target = ClusterTarget {
            label: usable_label(label),
            context: name.as_str().into(),
            eks_name: whereabouts.name.into(),
            region: whereabouts.region.into(),
            account: whereabouts.account.into(),
            profile: whereabouts.profile.clone(),
        };
        let helper = self
            .user
            .exec
            .as_ref()
            .map(|exec| Helper { command: exec.command.clone().unwrap_or_default(), profile: whereabouts.profile });
        let namespaces = wish.namespace.iter().cloned().chain(self.namespace).collect();
        let way = Way::Context { kubeconfig: wish.kubeconfig.clone(), name };
        Chosen { target, way, namespaces, helper }
    }
}

/// Where a pod finds the token, the certificate of the API server, and its namespace.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The cluster that the program runs in, as its environment tells. `None`: it does not run in one.
pub fn in_cluster(wish: &Wish, directory: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Option<Chosen> {
    let host = variable("KUBERNETES_SERVICE_HOST").filter(|it| !it.is_empty())?;
    let port = variable("KUBERNETES_SERVICE_PORT").filter(|it| !it.is_empty()).unwrap_or_else(|| "443".to_owned());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let own = std::fs::read_to_string(directory.join("namespace")).ok().map(|it| it.trim().to_owned());
    let namespaces = wish.namespace.iter().cloned().chain(own.filter(|it| !it.is_empty())).collect();
    let target = ClusterTarget { label: "in-cluster".into(), ..ClusterTarget::default() };
    let way = Way::InCluster { directory: directory.to_owned(), server: format!("https://{host}:{port}") };
    Some(Chosen { target, way, namespaces, helper: None })
}

/// The files of a service account as a kubeconfig: the token is read anew as it is renewed.
pub fn service_account(directory: &Path, server: &str) -> Kubeconfig {
    let file = |name: &str| Some(directory.join(name).display().to_string());
    let name = || "in-cluster".to_owned();
    let context = Context { cluster: name(), user: Some(name()), ..Context::default() };
    let authority = file("ca.crt");
    let cluster = Cluster { server: Some(server.to_owned()), certificate_authority: authority, ..Cluster::default() };
    let user = AuthInfo { token_file: file("token"), ..AuthInfo::default() };
    Kubeconfig {
        current_context: Some(name()),
        contexts: vec![NamedContext { name: name(), context: Some(context), ..NamedContext::default() }],
        clusters: vec![NamedCluster { name: name(), cluster: Some(cluster), ..NamedCluster::default() }],
        auth_infos: vec![NamedAuthInfo { name: name(), auth_info: Some(user), ..NamedAuthInfo::default() }],
        ..Kubeconfig::default()
    }
}

/// Where an EKS cluster stands, as far as can be told. Empty where it cannot.
#[derive(Debug, Default, PartialEq, Eq)]
struct Whereabouts {
    name: String,
    region: String,
    account: String,
    profile: Option<String>,
}

/// Looks at the names that `aws eks update-kubeconfig` gives (the ARN of the cluster), at the arguments of the
/// credentials helper (`--cluster-name`, `--region`, `--profile`, `-i` of aws-iam-authenticator), and at the server.
fn whereabouts(names: &[&str], server: &str, user: &AuthInfo) -> Whereabouts {
    let mut found = Whereabouts::default();
    for name in names {
        if let Some(arn) = Arn::parse(name).filter(|arn| arn.service == "eks")
            && let Some(cluster) = arn.resource.strip_prefix("cluster/")
        {
            fill(&mut found.name, cluster);
            fill(&mut found.region, arn.region);
            fill(&mut found.account, arn.account);
        }
    }
    if let Some(exec) = &user.exec {
        let args = exec.args.as_deref().unwrap_or_default();
        let value = |flags: &[&str]| {
            args.iter().enumerate().find_map(|(at, arg)| match arg.split_once('=') {
                Some((flag, value)) if flags.contains(&flag) => Some(value.to_owned()),
                _ if flags.contains(&arg.as_str()) => args.get(at + 1).cloned(),
                _ => None,
            })
        };
        fill(&mut found.name, &value(&["--cluster-name", "--cluster-id", "-i"]).unwrap_or_default());
        fill(&mut found.region, &value(&["--region"]).unwrap_or_default());
        let variable = |wanted: &str| {
            let set = exec.env.iter().flatten().find(|it| it.get("name").is_some_and(|name| name == wanted));
            set.and_then(|it| it.get("value").cloned())
        };
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        fill(&mut found.region, &region.unwrap_or_default());
        found.profile = value(&["--profile"]).or_else(|| variable("AWS_PROFILE"));
    }
    // `https://HASH.gr7.eu-west-1.eks.amazonaws.com`
    if let Some((_, host)) = server.split_once("://") {
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let parts: Vec<&str> = host.split('.').collect();
        if let Some(at) = parts.iter().position(|part| *part == "eks")
            && at >= 2
            && host.contains(".amazonaws.com")
        {
            fill(&mut found.region, parts[at - 1]);
        }
    }
    found
}

/// The first that says something counts.
fn fill(slot: &mut String, value: &str) {
    if slot.is_empty() {
        *slot = value.to_owned();
    }
}

/// Clusters that share a name are told apart by region, then account, then context (protocols.md, "Addresses").
fn tell_apart(chosen: &mut [Chosen]) {
    let longer: [fn(&ClusterTarget) -> &Name; 3] = [|it| &it.region, |it| &it.account, |it| &it.context];
    for part in longer {
        let mut count: BTreeMap<Name, usize> = BTreeMap::new();
        for it in chosen.iter() {
            *count.entry(it.target.label.clone()).or_default() += 1;
        }
        for it in chosen.iter_mut().filter(|it| count[&it.target.label] > 1) {
            it.target.label = usable_label(&format!("{}@{}", it.target.label, part(&it.target)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(text: &str, wish: &Wish) -> Result<Vec<Chosen>, NoCluster> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        std::fs::write(&file, text).unwrap();
        choose(&Wish { kubeconfig: Some(file), ..wish.clone() })
    }

    fn config(entries: &[(&str, &str, &str)]) -> String {
        let mut text = String::from("apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n");
        for (name, ..) in entries {
            text += &format!("- name: {name}\n  context: {{cluster: {name}, user: {name}, namespace: team}}\n");
        }
        text += "clusters:\n";
        for (name, server, _) in entries {
            text += &format!("- name: {name}\n  cluster: {{server: \"{server}\"}}\n");
        }
        text += "users:\n";
        for (name, _, user) in entries {
            text += &format!("- name: {name}\n  user: {user}\n");
        }
        text
    }

    #[test]
    fn an_eks_cluster_is_known_by_arn_helper_or_server() {
        let exec = r#"{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [--region, eu-north-1, eks, get-token, --cluster-name, shop], env: [{name: AWS_PROFILE, value: prod}]}}"#;
        let text = config(&[
            ("a", "https://AB12.gr7.eu-west-3.eks.amazonaws.com", "{token: x}"),
            ("arn:aws:eks:eu-west-1:111122223333:cluster/prod", "https://b", "{token: x}"),
            ("c", "https://c", exec),
        ]);
        let found = clusters(&text, &Wish { all_contexts: true, ..Wish::default() }).unwrap();
        let told: Vec<String> = found
            .iter()
            .map(|it| {
                let it = &it.target;
                format!("{} {} {} {} {:?}", it.label, it.eks_name, it.region, it.account, it.profile)
            })
            .collect();
        assert_eq!(
            told,
            ["a  eu-west-3  None", "prod prod eu-west-1 111122223333 None", "shop shop eu-north-1  Some(\"prod\")"]
        );
        assert_eq!(found[2].helper, Some(Helper { command: "aws".into(), profile: Some("prod".into()) }));
        assert_eq!(found[0].namespaces, ["team"]);
    }

    #[test]
    fn clusters_of_one_name_are_told_apart_and_one_cluster_is_read_once() {
        let text = config(&[
            ("arn:aws:eks:eu-west-1:111122223333:cluster/prod", "https://a", "{token: x}"),
            ("arn:aws:eks:eu-west-2:111122223333:cluster/prod", "https://b", "{token: x}"),
            ("admin", "https://a", "{token: y}"),
        ]);
        let found = clusters(&text, &Wish { all_contexts: true, ..Wish::default() }).unwrap();
        let labels: Vec<&str> = found.iter().map(|it| it.target.label.as_str()).collect();
        assert_eq!(labels, ["prod@eu-west-1", "prod@eu-west-2"]);
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let text = config(&[("a", "https://a", "{token: x}"), ("b", "https://b", "{token: x}")]);
        let wish = Wish { contexts: vec!["x".into()], ..Wish::default() };
        let error = clusters(&text, &wish).unwrap_err();
        assert_eq!(error, NoCluster::Unknown { name: "x".into(), known: "a, b".into() });
        assert_eq!(clusters(&text, &Wish::default()).unwrap()[0].target.label, "a");
    }
}
