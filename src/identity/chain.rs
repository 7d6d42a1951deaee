//! Which credential source an SDK in a container turns to first (R32 to R45).

use crate::base::{Name, Truth};
use crate::model::SourceId;
use crate::model::facts::pod::{Container, PodSpec, Projection, VolumeSource};

use super::environment::{Environment, Variable, mounts_aws_directory, volume_at};

/// SDKs that walk on after a broken web identity (R34).
pub const WALK_ON_AFTER_WEB_IDENTITY: &[&str] = &["Java v2", "C++"];
/// SDKs that walk on after a broken container endpoint (R37).
pub const WALK_ON_AFTER_ENDPOINT: &[&str] = &["Java v2"];
/// SDKs that try web identity before static keys (R34, R35).
pub const WEB_IDENTITY_FIRST: &[&str] = &[".NET v3"];
/// SDKs that try shared files before web identity (R34).
pub const FILES_FIRST: &[&str] = &["Rust", "C++"];
/// SDKs for which any value of `AWS_EC2_METADATA_DISABLED` turns instance metadata off (R38).
pub const METADATA_OFF_BY_ANY_VALUE: &[&str] = &["JavaScript v3"];

/// What a container holds of each source.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// Both halves of a static key (K).
    pub keys: Truth,
    pub key_id: Variable,
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
    /// `AWS_ROLE_SESSION_NAME` (R67).
    pub session: Variable,
    /// `AWS_STS_REGIONAL_ENDPOINTS` (R20, R53).
    pub sts_endpoints: Variable,
    /// `AWS_EC2_METADATA_DISABLED` turns instance metadata off: yes for every SDK, unknown for some (R38).
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
            key_id: id,
            keys_missing,
            role: get("AWS_ROLE_ARN"),
            token_file: get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            hidden_file: hidden,
            profile,
            endpoint: get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            endpoint_token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            relative_endpoint: get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            session: get("AWS_ROLE_SESSION_NAME"),
            sts_endpoints: get("AWS_STS_REGIONAL_ENDPOINTS"),
            metadata_disabled: match get("AWS_EC2_METADATA_DISABLED") {
                Variable::Unset | Variable::Empty => Truth::No,
                Variable::Known(value) if value.eq_ignore_ascii_case("true") => Truth::Yes,
                Variable::Known(_) => Truth::Unknown,
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
    /// `missing` would tell whether the secret half is set; empty when it is.
    StaticKeys {
        missing: Vec<SourceId>,
    },
    WebIdentity {
        role: Option<Name>,
        token_file: Option<Name>,
    },
    /// Only `AWS_WEB_IDENTITY_TOKEN_FILE` is set: SDKs refuse to go on (R44).
    TokenWithoutRole,
    /// A profile or file; `keys`: static keys are set too.
    Profile {
        keys: bool,
    },
    Endpoint,
    /// A container endpoint that is not the Pod Identity agent.
    ForeignEndpoint,
    /// `half`: `AWS_ROLE_ARN` is set without a token file (R44).
    Metadata {
        half: bool,
    },
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
        // A profile that no file shows: some SDKs fail, some drop the keys, some use them (R39).
        Truth::Yes if holdings.profile.is_set().is_yes() => return Choice::Profile { keys: true },
        Truth::Yes => return Choice::StaticKeys { missing: Vec::new() },
        // The key id stands in the container itself: this source comes first, and what is open is whether it is whole.
        Truth::Unknown if holdings.key_id.is_set().is_yes() => {
            return Choice::StaticKeys { missing: holdings.keys_missing.clone() };
        }
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
        return Choice::Profile { keys: false };
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
        return Choice::Profile { keys: false };
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
    Choice::Metadata { half: holdings.role.is_set().is_yes() }
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

/// A path of a Windows container in the form in which mounts are written (R29).
pub fn plain_path(path: &str) -> String {
    let path = path.strip_prefix("C:").or_else(|| path.strip_prefix("c:")).unwrap_or(path);
    path.replace('\\', "/")
}

/// Audiences of the projected tokens that a container can read, each once; the API server's own has none (R51).
pub fn audiences(spec: &PodSpec, container: &Container) -> Vec<Name> {
    let mut audiences: Vec<Name> = Vec::new();
    for mount in &container.mounts {
        let Some(volume) = spec.volumes.iter().find(|it| it.name == mount.volume) else { continue };
        let VolumeSource::Projected(projections) = &volume.source else { continue };
        for projection in projections {
            if let Projection::Token { audience, .. } = projection
                && !audience.is_empty()
                && !audiences.contains(audience)
            {
                audiences.push(audience.clone());
            }
        }
    }
    audiences
}

pub fn token_at(spec: &PodSpec, container: &Container, path: &str) -> Token {
    let path = plain_path(path);
    let Some((volume, inside)) = volume_at(spec, container, &path) else { return Token::NotMounted };
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
