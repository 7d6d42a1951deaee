//! Profiles of a shared configuration file that a readable ConfigMap holds (R12, R39, R121).

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::model::facts::iam::Role;
use crate::model::facts::pod::{Container, Projection, VolumeSource};
use crate::model::{ClusterFacts, Lookup, SourceId, SourceKind};

use super::answer::{Credential, Source};
use super::chain::{self, Holdings, Token};
use super::container::{Bench, agent};
use super::environment::{Environment, Variable, volume_at};
use super::instance::NodeRole;
use super::role_chain::takes;
use super::subject::Subject;
use super::trace::{Check, Trace};
use super::web_identity::{self, Question};

/// Profiles that name each other are followed this far.
const LONGEST: usize = 5;

/// A configuration file as ingestion keeps it: sections, and the settings that lead to a role.
#[derive(Clone, Debug)]
pub(super) struct File {
    text: Name,
    /// The profile that SDKs use.
    chosen: Name,
}

#[derive(Clone, Copy)]
struct Section<'a>(&'a str);

impl<'a> Section<'a> {
    /// The last value wins, as in the SDKs.
    fn get(self, name: &str) -> Option<&'a str> {
        self.0
            .lines()
            .filter_map(|line| line.split_once('='))
            .rev()
            .find(|it| it.0.trim() == name)
            .map(|it| it.1.trim())
    }

    fn leads_somewhere(self) -> bool {
        ["role_arn", "aws_access_key_id", "credential_process", "sso_session", "sso_account_id", "source_profile"]
            .iter()
            .any(|name| self.get(name).is_some())
    }
}

impl File {
    /// The file behind `AWS_CONFIG_FILE`, or in a mounted `.aws` directory, when a ConfigMap that was read holds it.
    /// `None` where there is none or it cannot be seen into.
    pub fn find(
        subject: &Subject<'_>,
        container: &Container,
        environment: &Environment<'_>,
        holdings: &Holdings,
    ) -> Option<File> {
        if holdings.hidden_file.is_no() {
            return None;
        }
        let chosen = match &holdings.profile {
            Variable::Unset | Variable::Empty => Name::from("default"),
            Variable::Known(name) => name.clone(),
            Variable::Present | Variable::Unknown(_) => return None,
        };
        // A credentials file of its own may say more than is seen here.
        if !environment.get("AWS_SHARED_CREDENTIALS_FILE").is_set().is_no() {
            return None;
        }
        let path = match environment.get("AWS_CONFIG_FILE") {
            Variable::Known(path) => path.to_string(),
            Variable::Unset | Variable::Empty => {
                let mounts = container.mounts.iter().map(|mount| mount.path.trim_end_matches('/'));
                mounts
                    .filter_map(|path| match path.ends_with("/.aws") {
                        true => Some(format!("{path}/config")),
                        false => path.ends_with("/.aws/config").then(|| path.to_owned()),
                    })
                    .next()?
            }
            Variable::Present | Variable::Unknown(_) => return None,
        };
        let (volume, inside) = volume_at(subject.spec, container, &path)?;
        let maps: Vec<&Name> = match volume {
            VolumeSource::ConfigMap { name, .. } => vec![name],
            VolumeSource::Projected(projections) => projections
                .iter()
                .filter_map(|it| match it {
                    Projection::ConfigMap(name) => Some(name),
                    _ => None,
                })
                .collect(),
            _ => return None,
        };
        let text = maps.into_iter().find_map(|name| match environment.config_map(name) {
            Lookup::Found(map) => {
                let beside =
                    inside.rsplit_once('/').map_or("credentials".to_owned(), |(path, _)| format!("{path}/credentials"));
                let hides = map.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| *key == *beside));
                map.values.get(&inside).filter(|_| !hides).cloned()
            }
            Lookup::Absent | Lookup::Unknown => None,
        })?;
        Some(File { text, chosen })
    }

    fn section(&self, name: &str) -> Option<Section<'_>> {
        let heading = |line: &str| match line.strip_prefix('[')?.strip_suffix(']')?.trim() {
            "default" => Some("default".to_owned()),
            other => Some(other.strip_prefix("profile ")?.trim().trim_matches(['"', '\'']).to_owned()),
        };
        let mut rest: &str = &self.text;
        while let Some(at) = rest.find('[') {
            let (line, body) = rest[at..].split_once('\n').unwrap_or((&rest[at..], ""));
            let end = body.find("\n[").map_or(body.len(), |end| end + 1);
            let end = if body.starts_with('[') { 0 } else { end };
            if heading(line.trim()).is_some_and(|it| it == name) {
                return Some(Section(&body[..end]));
            }
            rest = &body[end..];
        }
        None
    }

    /// The chosen profile exists and gives no credentials: the chain goes on as if there were no file.
    pub fn is_silent(&self) -> bool {
        match self.section(&self.chosen) {
            Some(section) => !section.leads_somewhere(),
            None => self.chosen == "default",
        }
    }
}

/// What the chosen profile gives, and whether it works.
pub(super) fn credential(bench: &Bench<'_>, file: &File, trace: &mut Trace) -> (Credential, Check) {
    let (credential, check) = resolve(bench, file, &file.chosen, LONGEST, trace);
    trace.step("R121", "the profile leads to credentials", check.truth, || {
        (format!("profile {}: {}", file.chosen, check.why), vec![])
    });
    (Credential::new(Source::Profile, credential.role), check)
}

fn resolve(bench: &Bench<'_>, file: &File, name: &str, left: usize, trace: &mut Trace) -> (Credential, Check) {
    let nothing = |check| (Credential::NONE, check);
    let Some(section) = file.section(name) else {
        return nothing(Check::no("R39", format!("the configuration file that was read defines no profile `{name}`")));
    };
    let Some(role) = section.get("role_arn").map(Name::from) else {
        if section.get("aws_access_key_id").is_some() {
            let why = "the profile holds static keys; whose they are cannot be known here";
            return (Credential::new(Source::StaticKeys, None), Check::yes("R35", why));
        }
        return nothing(Check::unknown("R12", "the profile asks a program or SSO for credentials", vec![]));
    };
    if let Some(path) = section.get("web_identity_token_file") {
        return (Credential::new(Source::Profile, Some(role.clone())), by_token(bench, &role, path, trace));
    }
    let (home, check) = match (section.get("source_profile"), section.get("credential_source")) {
        _ if left == 0 => return nothing(Check::no("R121", "the profiles of the file name each other in a circle")),
        // A profile may name itself, for its own keys.
        (Some(source), _) if source == name => {
            let why = "static keys of the same profile take the role; whose they are cannot be known here";
            let truth = if section.get("aws_access_key_id").is_some() { Truth::Unknown } else { Truth::No };
            (Credential::NONE, Check { truth, ..Check::no("R121", why) })
        }
        (Some(source), _) => resolve(bench, file, source, left - 1, trace),
        (None, Some(source)) => from_source(bench, source, trace),
        (None, None) => {
            return nothing(Check::no("R121", format!("profile `{name}` names a role and nobody to take it")));
        }
    };
    let taken = take(bench, home.role.as_ref(), &role);
    (Credential::new(Source::Profile, Some(role)), check.and(taken))
}

/// The profile's own pair of role and token file, as the variables of web identity (R45 to R72).
fn by_token(bench: &Bench<'_>, role: &Name, path: &str, trace: &mut Trace) -> Check {
    let audience = match bench.token_at(path) {
        Token::Projected { audience } => audience,
        Token::NotMounted => return Check::no("R45", "the token file that the profile names is not mounted"),
        Token::Opaque => {
            return Check::unknown("R45", "what is mounted at the profile's token path cannot be seen into", vec![]);
        }
    };
    let subject = bench.subject;
    let question = Question {
        role,
        audience: &audience,
        namespace: subject.namespace,
        account: subject.account,
        session: &bench.holdings.session,
    };
    web_identity::check(bench.context.inventory, bench.context.cluster, bench.context.trusts, &question, trace)
}

/// `credential_source`: where the profile takes the credentials from that take its role.
fn from_source(bench: &Bench<'_>, source: &str, trace: &mut Trace) -> (Credential, Check) {
    match source {
        "Ec2InstanceMetadata" => {
            let metadata = &bench.metadata;
            let reach = Check {
                truth: metadata.reach,
                missing: metadata.missing.clone(),
                could_fail: metadata.could_close.clone(),
                ..Check::yes(metadata.rule, metadata.why)
            };
            match &bench.subject.class.role {
                NodeRole::Known(role) => (Credential::new(Source::NodeRole, Some(role.clone())), reach),
                NodeRole::Configured { role, missing } => {
                    let unread = Check::unknown("R94", "which role the node has was not read", missing.clone());
                    (Credential::new(Source::NodeRole, role.clone()), reach.and(unread))
                }
                NodeRole::None => (Credential::NONE, Check::no("R93", "the instance has no role")),
            }
        }
        "EcsContainer" if bench.holdings.endpoint.value().is_some_and(|url| chain::is_agent(url)) => {
            agent(bench, trace)
        }
        "EcsContainer" => (Credential::NONE, Check::no("R32", "no container endpoint is set")),
        "Environment" => {
            let why = "static keys of the environment take the role; whose they are cannot be known here";
            (Credential::NONE, Check { truth: bench.holdings.keys.and(Truth::Unknown), ..Check::no("R121", why) })
        }
        other => (Credential::NONE, Check::no("R121", format!("no SDK knows the credential source `{other}`"))),
    }
}

/// Whether the home role takes the profile's role: both sides must agree (R84, R121).
fn take(bench: &Bench<'_>, home: Option<&Name>, role: &Name) -> Check {
    let context = bench.context;
    let Some(home) = home else {
        return Check::unknown("R121", format!("who takes `{role}` is not known"), vec![]);
    };
    let both = (context.inventory.role(home), context.inventory.role(role));
    let open = |arn: &Name| {
        let missing = vec![super::association::iam_source(context.inventory, arn)];
        Check::unknown("R121", format!("the account of `{arn}` was not read"), missing)
    };
    let found: (&Arc<Role>, &Arc<Role>) = match both {
        (Lookup::Found(home), Lookup::Found(role)) => (home, role),
        (_, Lookup::Absent) => return Check::no("R52", format!("role `{role}` does not exist")),
        (_, Lookup::Unknown) => return open(role),
        (Lookup::Absent | Lookup::Unknown, _) => return open(home),
    };
    match takes(context.inventory, context.trusts, found.0, found.1) {
        Truth::Yes => Check::yes("R121", format!("`{}` takes `{}`, as the profile asks", found.0.name, found.1.name)),
        Truth::No => {
            Check::no("R121", format!("`{}` may not take `{}`, as the profile asks", found.0.name, found.1.name))
        }
        Truth::Unknown => {
            Check::unknown("R121", format!("whether `{}` may take `{}` is open", found.0.name, found.1.name), vec![])
        }
    }
}

/// The source that would show a file that was not seen into.
pub(super) fn missing(cluster: &ClusterFacts, subject: &Subject<'_>, container: &Container) -> Option<SourceId> {
    let environment = Environment::new(cluster, subject.namespace, container);
    let unread = container.mounts.iter().any(|mount| {
        let volume = subject.spec.volumes.iter().find(|it| it.name == mount.volume);
        match volume.map(|it| &it.source) {
            Some(VolumeSource::ConfigMap { name, .. }) => matches!(environment.config_map(name), Lookup::Unknown),
            _ => false,
        }
    });
    unread.then(|| cluster.source(SourceKind::ConfigMaps))
}
