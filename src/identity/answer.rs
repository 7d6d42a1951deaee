//! The answer for one container, in the words of `list identities` (protocols.md section 3).

use crate::base::{Name, Truth};
use crate::model::{EntityKey, SourceId};

/// Where credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    Irsa,
    PodIdentity,
    NodeRole,
    StaticKeys,
    /// A profile in a shared configuration file.
    Profile,
    /// Workload identity of Google Cloud.
    Gke,
    /// Workload identity of Azure.
    Azure,
    /// There are no credentials.
    None,
    /// What would decide it was not read.
    Unknown,
}

impl Source {
    pub const ALL: [Source; 9] = [
        Source::Irsa,
        Source::PodIdentity,
        Source::NodeRole,
        Source::StaticKeys,
        Source::Profile,
        Source::Gke,
        Source::Azure,
        Source::None,
        Source::Unknown,
    ];

    /// In machine-readable answers.
    pub fn word(self) -> &'static str {
        match self {
            Source::Irsa => "irsa",
            Source::PodIdentity => "pod-identity",
            Source::NodeRole => "node-role",
            Source::StaticKeys => "static-keys",
            Source::Profile => "profile",
            Source::Gke => "gke",
            Source::Azure => "azure",
            Source::None => "none",
            Source::Unknown => "unknown",
        }
    }

    /// Two cells for lists.
    pub fn code(self) -> &'static str {
        match self {
            Source::Irsa => "IR",
            Source::PodIdentity => "PI",
            Source::NodeRole => "ND",
            Source::StaticKeys => "ST",
            Source::Profile => "PF",
            Source::Gke => "GK",
            Source::Azure => "AZ",
            Source::None => "--",
            Source::Unknown => "??",
        }
    }

    /// As people say it.
    pub fn title(self) -> &'static str {
        match self {
            Source::Irsa => "IRSA",
            Source::PodIdentity => "Pod Identity",
            Source::NodeRole => "node role (IMDS)",
            Source::StaticKeys => "static keys",
            Source::Profile => "profile in a file",
            Source::Gke => "GKE workload identity",
            Source::Azure => "Azure workload identity",
            Source::None => "none",
            Source::Unknown => "unknown",
        }
    }
}

/// A source and the role it leads to. For `gke` and `azure` the role is the account's e-mail or client id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credential {
    pub source: Source,
    /// ARN as far as it is known.
    pub role: Option<Name>,
}

impl Credential {
    pub const NONE: Credential = Credential { source: Source::None, role: None };
    pub const UNKNOWN: Credential = Credential { source: Source::Unknown, role: None };

    pub fn new(source: Source, role: Option<Name>) -> Credential {
        Credential { source, role }
    }
}

/// Whether what the container tries first is what it gets (R194).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Works,
    /// Another source than the declared one really answers.
    FallsBack,
    /// The chosen source fails, and most SDKs stop there.
    Broken,
    /// Nothing is configured and nothing answers.
    None,
    Unknown,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Works => "works",
            Verdict::FallsBack => "falls-back",
            Verdict::Broken => "broken",
            Verdict::None => "none",
            Verdict::Unknown => "unknown",
        }
    }
}

/// What SDKs that walk on after a failure would get (R34).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fallback {
    pub credential: Credential,
    /// Names of the SDKs.
    pub sdks: &'static [&'static str],
}

/// How code in the container could obtain a further role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    Imds,
    Token,
    LatentTrust,
    AssociationToken,
    NodeTakeover,
    CoTenant,
    RoleChain,
    Interceptor,
}

impl Via {
    pub fn word(self) -> &'static str {
        match self {
            Via::Imds => "imds",
            Via::Token => "token",
            Via::LatentTrust => "latent-trust",
            Via::AssociationToken => "association-token",
            Via::NodeTakeover => "node-takeover",
            Via::CoTenant => "co-tenant",
            Via::RoleChain => "role-chain",
            Via::Interceptor => "interceptor",
        }
    }
}

/// A role beside the default one. `certainty` is never `No`: what is impossible is not listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reachable {
    pub role: Name,
    pub via: Via,
    pub certainty: Truth,
}

/// What a container could have of its node by its own privileges and mounts (R101, R150).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Takeover {
    /// Root on the node: the node's role and everything that runs there.
    pub node: Truth,
    /// Reading the projected tokens of the pods there.
    pub tokens: Truth,
}

impl Takeover {
    pub const NONE: Takeover = Takeover { node: Truth::No, tokens: Truth::No };
}

/// One step of the chain from pod to role, with what was seen (`rolewalk show pod/...`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Rule of identity.md.
    pub rule: &'static str,
    /// What was asked, such as `token file is mounted`.
    pub step: &'static str,
    pub result: Truth,
    /// What was found, in a sentence without period.
    pub found: String,
    pub evidence: Vec<Evidence>,
    /// For a trust policy that refuses: the smallest change with which it would admit (R72).
    pub edits: Vec<Edit>,
}

/// A change of a trust policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// Index in the document.
    pub statement: usize,
    /// Path in the document, such as `Statement[0].Condition.StringEquals`.
    pub path: String,
    /// JSON as it stands there; empty where something is added.
    pub from: String,
    /// JSON to stand there; empty where something is taken away.
    pub to: String,
}

/// An object, a path in it, and the value there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    pub object: EntityKey,
    pub path: String,
    pub value: String,
}

/// The identity of one container. Containers in the same circumstances share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// What an ordinary SDK call ends up signing with.
    pub identity: Credential,
    /// What the credential chain tries first.
    pub attempted: Option<Credential>,
    /// What the cluster's present configuration asks for; `None` when nothing.
    pub declared: Option<Credential>,
    pub fallback: Option<Fallback>,
    /// SDKs whose chain turns to another source than `attempted` to begin with (R33, R34).
    pub differs: Vec<Fallback>,
    /// Whether the container can take its node over, from its own state (R150).
    pub takeover: Takeover,
    /// Nothing that was not read could take the answer away.
    pub certain: bool,
    pub verdict: Verdict,
    /// One sentence.
    pub why: String,
    /// The rule of identity.md that decided.
    pub rule: &'static str,
    /// Sorted by role and way.
    pub reachable: Vec<Reachable>,
    /// Letters of rule R113, sorted.
    pub drift: Vec<char>,
    /// Sources to read to settle what is unknown, sorted.
    pub missing: Vec<SourceId>,
}

impl Identity {
    /// Something is wrong that somebody should look at: it does not work, or not as declared.
    pub fn is_troubled(&self) -> bool {
        matches!(self.verdict, Verdict::Broken | Verdict::FallsBack) || !self.drift.is_empty()
    }
}
