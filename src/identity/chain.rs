//! Which credential source an SDK in a container turns to first (R32 to R45).

use crate::base::{Name, Truth};
use crate::model::SourceId;
use crate::model::facts::pod::{Container, PodSpec, Projection, VolumeSource};

use super::environment::{Environment, Variable, mounts_aws_directory, volume_at};

/// SDKs that walk on after a broken web identity (R34).
pub const WALK_ON_AFTER_WEB_IDENTITY: &[&str] = &["Java v2", "C++"];
/// SDKs that walk on after a broken container endpoint (R37).
pub const WALK_ON_AFTER_ENDPOINT: &[&str] = &["Java v2"];

/// What a container holds of each source.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// Both halves of a static key (K).
    pub keys: Truth,
    pub keys_missing: Vec<SourceId>,
    pub role: Variable,
    pub token_file: Variable,
    /// A named profile, which most SDKs refuse to do without (R39).
    pub profile: Variable,
    /// A configuration file that cannot be seen into (R12).
    pub hidden_file: Truth,
    pub endpoint: Variable,
    pub endpoint_token: Variable,
    /// An ECS-style endpoint.
    pub relative_endpoint: Variable,
    /// `AWS_EC2_METADATA_DISABLED` turns instance metadata off for every SDK (R38).
    pub metadata_disabled: Truth,
    /// Variables whose presence was not read.
    pub unread: Vec<SourceId>,
}

impl Holdings {
    pub fn new(environment: &Environment<'_>, container: &Container) -> Holdings {
        let get = |name: &str| environment.get(name);
        let (id, secret) = (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"));
        let keys_missing = id.missing().iter().chain(secret.missing()).cloned().collect();
        let files = [get("AWS_CONFIG_FILE"), get("AWS_SHARED_CREDENTIALS_FILE")];
        let hidden = files.iter().map(Variable::is_set).fold(mounts_aws_directory(container).into(), Truth::or);
        let profile = get("AWS_PROFILE");
        let holdings = Holdings {
            keys: id.is_set().and(secret.is_set()),
            keys_missing,
            role: get("AWS_ROLE_ARN"),
            token_file: get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            hidden_file: hidden,
            profile,
            endpoint: get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            endpoint_token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            relative_endpoint: get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            metadata_disabled: match get("AWS_EC2_METADATA_DISABLED") {
                Variable::Unset | Variable::Empty => Truth::No,
                Variable::Known(value) => value.eq_ignore_ascii_case("true").into(),
                Variable::Present | Variable::Unknown(_) => Truth::Unknown,
            },
            unread: Vec::new(),
        };
        let mut unread: Vec<SourceId> = [&holdings.role, &holdings.token_file, &holdings.endpoint, &holdings.profile]
            .iter()
            .flat_map(|it| it.missing())
            .cloned()
            .collect();
        unread.sort();
        unread.dedup();
        Holdings { unread, ..holdings }
    }
}

/// The source that wins, before it is known whether it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    StaticKeys,
    WebIdentity {
        role: Option<Name>,
        token_file: Option<Name>,
    },
    /// Only `AWS_WEB_IDENTITY_TOKEN_FILE` is set: SDKs refuse to go on (R44).
    TokenWithoutRole,
    Profile,
    Endpoint,
    /// A container endpoint that is not the Pod Identity agent.
    ForeignEndpoint,
    Metadata,
    /// What decides was not read.
    Unknown {
        rule: &'static str,
        why: &'static str,
        missing: Vec<SourceId>,
    },
}

/// R33, the order to present when the SDK is not known: K, W, P, C, I.
pub fn choose(holdings: &Holdings) -> Choice {
    match holdings.keys {
        Truth::Yes => return Choice::StaticKeys,
        Truth::Unknown => {
            return Choice::Unknown {
                rule: "R11",
                why: "whether static keys are set depends on a Secret or ConfigMap that was not read",
                missing: holdings.keys_missing.clone(),
            };
        }
        Truth::No => {}
    }
    if !holdings.unread.is_empty() {
        return Choice::Unknown {
            rule: "R11",
            why: "the environment depends on a Secret or ConfigMap that was not read",
            missing: holdings.unread.clone(),
        };
    }
    // A named profile is looked for before anything else, and a missing one is an error in most SDKs (R39).
    if holdings.profile.is_set().is_yes() {
        return Choice::Profile;
    }
    match (holdings.role.is_set(), holdings.token_file.is_set()) {
        (Truth::Yes, Truth::Yes) => {
            return Choice::WebIdentity {
                role: holdings.role.value().cloned(),
                token_file: holdings.token_file.value().cloned(),
            };
        }
        (_, Truth::Yes) => return Choice::TokenWithoutRole,
        _ => {}
    }
    if !holdings.hidden_file.is_no() {
        return Choice::Profile;
    }
    if holdings.endpoint.is_set().is_yes() {
        return match holdings.endpoint.value() {
            Some(url) if is_agent(url) => Choice::Endpoint,
            _ => Choice::ForeignEndpoint,
        };
    }
    if holdings.relative_endpoint.is_set().is_yes() {
        return Choice::ForeignEndpoint;
    }
    Choice::Metadata
}

/// The address is that of the Pod Identity agent, over IPv4 or IPv6 (R26).
pub fn is_agent(url: &str) -> bool {
    ["http://169.254.170.23/", "http://[fd00:ec2::23]/"].iter().any(|prefix| url.starts_with(prefix))
}

/// The projected token behind a path in a container (R26, R45).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A projected service account token; the audience is empty for the API server's own.
    Projected { audience: Name },
    /// No mount of the container covers the path, or what is mounted holds no token.
    NotMounted,
    /// Something else is mounted there, such as a directory that another container fills.
    Opaque,
}

pub fn token_at(spec: &PodSpec, container: &Container, path: &str) -> Token {
    let Some((volume, inside)) = volume_at(spec, container, path) else { return Token::NotMounted };
    match volume {
        VolumeSource::Projected(projections) => projections
            .iter()
            .find_map(|projection| match projection {
                Projection::Token { audience, path, .. } if *path == inside.as_str() => {
                    Some(Token::Projected { audience: audience.clone() })
                }
                _ => None,
            })
            .unwrap_or(Token::NotMounted),
        _ => Token::Opaque,
    }
}
