//! The identity of one container, put together question by question.

use crate::base::{Name, Truth};
use crate::model::facts::pod::{Container, ContainerKind};
use crate::model::{EntityKey, Kind};

use super::answer::{Credential, Evidence, Fallback, Identity, Source, Verdict};
use super::chain::{self, Choice, Holdings, Token};
use super::drift::{self, Observed, Situation};
use super::environment::{Environment, Variable};
use super::injection::{self, AGENT_AUDIENCE, IRSA_TOKEN_FILE, Injected};
use super::instance::{self, MetadataReach, NodeRole};
use super::profile::{self, File};
use super::reach::{self, Memo};
use super::subject::{Context, Subject};
use super::trace::{Check, Trace};
use super::{association, cloud, takeover, web_identity};

/// What is known of a container before a source is tried.
pub(super) struct Bench<'a> {
    pub context: &'a Context<'a>,
    pub subject: &'a Subject<'a>,
    pub container: &'a Container,
    pub holdings: Holdings,
    pub metadata: MetadataReach,
    /// The token that the webhook would mount, for pods that do not exist yet: its path and what it is.
    future_token: Option<(&'static str, Token)>,
}

/// The answer for one container.
pub(super) fn identify(
    context: &Context<'_>,
    subject: &Subject<'_>,
    container: &Container,
    memo: &Memo<'_>,
    trace: &mut Trace,
) -> Identity {
    let environment = Environment::new(context.cluster, subject.namespace, container);
    let mut holdings = Holdings::new(&environment, container);
    let mut future_token = None;
    if subject.pod.is_none() {
        let injected = injection::injected(context, subject, container, &environment);
        future_token = take_injected(injected, &mut holdings);
    }
    let skipped = context.webhook.skips(subject.labels)
        || injection::is_skipped(subject.annotations, &container.name)
        || container.kind == ContainerKind::Ephemeral;
    let declared = if skipped { None } else { subject.declared.credential() };
    trace_declared(subject, skipped, declared.as_ref(), trace);
    let metadata = instance::metadata_reach(&subject.class, subject.spec, &subject.metadata_guard);
    let metadata = instance::intercepted(metadata, context.nodes.interceptor, subject.spec);
    let file = File::find(subject, container, &environment, &holdings);
    if file.as_ref().is_some_and(File::is_silent) {
        // The file was read and gives no credentials: the chain goes on as without it.
        holdings.hidden_file = Truth::No;
        holdings.profile = Variable::Unset;
    }
    let bench = Bench { context, subject, container, holdings, metadata, future_token };
    let choice = chain::choose(&bench.holdings);
    trace_choice(&bench, &choice, trace);
    let mut answer = Identity {
        identity: Credential::UNKNOWN,
        attempted: None,
        declared,
        fallback: None,
        differs: Vec::new(),
        takeover: takeover::of(subject.spec, container).0,
        certain: true,
        verdict: Verdict::Unknown,
        why: String::new(),
        rule: "R40",
        reachable: Vec::new(),
        drift: Vec::new(),
        missing: Vec::new(),
    };
    let mut audience = None;
    match &choice {
        Choice::StaticKeys { missing } => static_keys(&mut answer, &bench, missing),
        Choice::WebIdentity { role, .. } => {
            let attempt = Credential::new(Source::Irsa, role.clone());
            let (check, token) = web_identity(&bench, trace);
            audience = token;
            let failed = check.truth.is_no();
            settle(&mut answer, attempt, check);
            if failed {
                after_web_identity(&mut answer, &bench);
            }
            if bench.holdings.hidden_file.is_yes() {
                let credential = Credential::new(Source::Profile, None);
                answer.differs.push(Fallback { credential, sdks: chain::FILES_FIRST });
            }
        }
        Choice::Endpoint => {
            let (attempt, check) = agent(&bench, trace);
            let failed = check.truth.is_no();
            settle(&mut answer, attempt, check);
            if failed {
                answer.fallback = from_node(&bench, chain::WALK_ON_AFTER_ENDPOINT);
            }
        }
        Choice::Metadata { half } => match cloud::identity(&bench) {
            Some((identity, verdict, why)) => {
                answer.attempted = Some(identity.clone());
                answer.identity = if verdict == Verdict::Broken { Credential::NONE } else { identity };
                (answer.verdict, answer.why, answer.certain) = (verdict, why, false);
                trace
                    .step("R40", "another cloud's identity is set up", Truth::Unknown, || (answer.why.clone(), vec![]));
            }
            None => from_metadata(&mut answer, &bench, *half, trace),
        },
        Choice::TokenWithoutRole => {
            answer.identity = Credential::NONE;
            answer.attempted = Some(Credential::new(Source::Irsa, None));
            answer.verdict = Verdict::Broken;
            answer.rule = "R44";
            answer.why = "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN: SDKs refuse to go on".into();
        }
        Choice::Profile { keys: false } if file.is_some() => {
            if let Some(file) = &file {
                let (attempt, check) = profile::credential(&bench, file, trace);
                settle(&mut answer, attempt, check);
            }
        }
        Choice::Profile { keys } => {
            answer.missing.extend(profile::missing(context.cluster, subject, container));
            let first = if *keys { Source::StaticKeys } else { Source::Profile };
            answer.attempted = Some(Credential::new(first, None));
            answer.certain = false;
            answer.rule = "R39";
            answer.why = match keys {
                true => "AWS_PROFILE is set beside static keys: which of the two wins differs by SDK".into(),
                false => "a profile or a shared credentials file is used whose content cannot be seen".into(),
            };
        }
        Choice::ForeignEndpoint => {
            answer.certain = false;
            answer.rule = "R32";
            answer.why = "credentials come from a container endpoint that is not the Pod Identity agent".into();
        }
        Choice::Unknown { rule, why, missing } => {
            answer.certain = false;
            answer.rule = rule;
            answer.why = (*why).to_owned();
            answer.missing.clone_from(missing);
        }
    }
    reach::gather(&mut answer, &bench, memo);
    if subject.pod.is_some() {
        answer.drift = drift::letters(&Situation {
            declared: &subject.declared,
            observed: observed(&choice, &bench.holdings, audience.as_ref()),
            skipped,
            by_hand: by_hand(subject, container),
            pod_created: subject.pod.and_then(|pod| pod.meta.created),
            rolling: drift::is_rolling(subject, container),
        });
        trace_drift(&bench, &answer.drift, trace);
    }
    if let Some(Credential { source: Source::Unknown, .. }) = &answer.declared {
        answer.missing.extend(subject.declared.missing().iter().cloned());
    }
    answer.missing.sort();
    answer.missing.dedup();
    answer
}

/// Puts what the webhook adds to a new pod among what the container holds.
fn take_injected(injected: Injected, holdings: &mut Holdings) -> Option<(&'static str, Token)> {
    if let Some(role) = injected.role {
        holdings.role = Variable::Known(role);
        holdings.token_file = Variable::Known(IRSA_TOKEN_FILE.into());
    }
    if injected.agent {
        holdings.endpoint = Variable::Known("http://169.254.170.23/v1/credentials".into());
        holdings.endpoint_token = Variable::Known(injection::AGENT_TOKEN_FILE.into());
    }
    holdings.unread.extend(injected.missing);
    injected.token
}

impl<'a> Bench<'a> {
    /// Another container of the same pod, as it is stored.
    pub fn beside(&self, container: &'a Container) -> Bench<'a> {
        let environment = Environment::new(self.context.cluster, self.subject.namespace, container);
        let holdings = Holdings::new(&environment, container);
        Bench { container, holdings, metadata: self.metadata.clone(), future_token: None, ..*self }
    }

    /// The token at a path of the container, the one that the webhook would mount included.
    pub fn token_at(&self, path: &str) -> Token {
        match chain::token_at(self.subject.spec, self.container, path) {
            Token::NotMounted => match &self.future_token {
                Some((at, token)) if *at == chain::plain_path(path) => token.clone(),
                _ => Token::NotMounted,
            },
            token => token,
        }
    }

    /// Audiences of the projected tokens that the container can read, the API server's own left out.
    pub fn audiences(&self) -> Vec<Name> {
        let mut audiences = chain::audiences(self.subject.spec, self.container);
        if let Some((_, Token::Projected { audience })) = &self.future_token
            && !audiences.contains(audience)
        {
            audiences.push(audience.clone());
        }
        audiences
    }

    fn container_key(&self) -> EntityKey {
        let key = &self.subject.key;
        if key.kind != Kind::Pod {
            return key.clone();
        }
        EntityKey { kind: Kind::Container, pod: key.name.clone(), name: self.container.name.clone(), ..key.clone() }
    }

    fn variable(&self, name: &'static str, variable: &Variable) -> Evidence {
        let value = match variable {
            Variable::Unset => "not set".into(),
            Variable::Empty => "empty".into(),
            Variable::Known(value) => value.to_string(),
            Variable::Present => "set, value not kept".into(),
            Variable::Unknown(_) => "not read".to_owned(),
        };
        Evidence { object: self.container_key(), path: format!("env.{name}"), value }
    }
}

/// Static keys: whose they are cannot be known (R35). With only the key id seen, the secret half may still be missing.
fn static_keys(answer: &mut Identity, bench: &Bench<'_>, missing: &[crate::model::SourceId]) {
    answer.identity = Credential::new(Source::StaticKeys, None);
    answer.attempted = Some(answer.identity.clone());
    answer.rule = "R35";
    if missing.is_empty() {
        answer.verdict = Verdict::Works;
        answer.why = "static keys in the environment win over every role; whose they are cannot be known here".into();
    } else {
        answer.rule = "R11";
        answer.certain = false;
        answer.why =
            "AWS_ACCESS_KEY_ID is set; whether the secret half is depends on an object that was not read".into();
        answer.missing.extend(missing.iter().cloned());
    }
    if bench.holdings.role.is_set().is_yes() && bench.holdings.token_file.is_set().is_yes() {
        let credential = Credential::new(Source::Irsa, bench.holdings.role.value().cloned());
        answer.differs.push(Fallback { credential, sdks: chain::WEB_IDENTITY_FIRST });
    }
}

/// Whether the variables of web identity lead to their role, and the audience of the token (R44 to R72).
pub(super) fn web_identity(bench: &Bench<'_>, trace: &mut Trace) -> (Check, Option<Name>) {
    let Bench { context, subject, holdings, .. } = bench;
    let token = holdings.token_file.value().map_or(Token::Opaque, |path| bench.token_at(path));
    let mounted = match token {
        Token::Projected { .. } => Truth::Yes,
        Token::Opaque => Truth::Unknown,
        Token::NotMounted => Truth::No,
    };
    trace.step("R45", "the token file is mounted", mounted, || {
        let path = bench.variable("AWS_WEB_IDENTITY_TOKEN_FILE", &holdings.token_file);
        let found = match &token {
            Token::Projected { audience } => format!("a projected token for audience {audience}"),
            Token::Opaque => "something that cannot be seen into".into(),
            Token::NotMounted => "no mount covers the path".into(),
        };
        let source = subject.evidence("spec.volumes[].projected.sources[].serviceAccountToken.audience", found.clone());
        (found, vec![path, source])
    });
    let audience = match token {
        Token::NotMounted => {
            return (Check::no("R45", "the token file is not mounted in this container"), None);
        }
        Token::Opaque => {
            let why = "what is mounted at the token path cannot be seen into";
            return (Check::unknown("R45", why, vec![]), None);
        }
        Token::Projected { audience } => audience,
    };
    let Some(role) = holdings.role.value() else {
        return (Check::unknown("R11", "the value of AWS_ROLE_ARN is not known", vec![]), Some(audience));
    };
    let question = web_identity::Question {
        role,
        audience: &audience,
        namespace: subject.namespace,
        account: subject.account,
        session: &holdings.session,
    };
    let mut check = web_identity::check(context.inventory, context.cluster, context.trusts, &question, trace);
    if subject.class.windows.is_yes()
        && check.truth.is_yes()
        && holdings.token_file.value().is_some_and(|path| path.starts_with('/'))
    {
        let why = "the pod runs on Windows with a Linux token path: some SDKs accept it, .NET does not";
        trace.step("R29", "the token path suits the operating system", Truth::Unknown, || (why.into(), vec![]));
        check = Check::unknown("R29", why, vec![]);
    }
    trace_network(bench, trace);
    (check, Some(audience))
}

/// What the agent would give, and whether it does (R75 to R92).
pub(super) fn agent(bench: &Bench<'_>, trace: &mut Trace) -> (Credential, Check) {
    let Bench { context, subject, holdings, .. } = bench;
    let association = context.associations.of(subject.namespace, subject.account);
    let found = association.as_ref().ok().copied().flatten();
    let attempt = Credential::new(Source::PodIdentity, found.and_then(|it| injection::association_role(it)));
    let token = holdings.endpoint_token.value().map_or(Token::NotMounted, |path| bench.token_at(path));
    let mounted = match &token {
        Token::Projected { audience } if *audience == AGENT_AUDIENCE => Check::yes("R79", "a token for the agent"),
        Token::Projected { .. } => Check::no("R79", "the token's audience is not pods.eks.amazonaws.com"),
        Token::NotMounted => Check::no("R45", "the token file of Pod Identity is not mounted in this container"),
        Token::Opaque => Check::unknown("R45", "what is mounted at the token path cannot be seen into", vec![]),
    };
    trace.step(mounted.rule, "the token for the agent is mounted", mounted.truth, || {
        let file = bench.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &holdings.endpoint_token);
        (mounted.why.clone(), vec![file])
    });
    trace.step("R36", "the SDK is new enough for Pod Identity", Truth::Unknown, || {
        ("not visible from here: Java 2.21.30, boto3 1.34.41, Go v2 of November 2023 and later are".into(), vec![])
    });
    let question = association::Question {
        namespace: subject.namespace,
        account: subject.account,
        spec: subject.spec,
        class: &subject.class,
        guard: &subject.agent_guard,
    };
    let check = match &association {
        Ok(found) => association::check(
            context.inventory,
            context.cluster,
            context.trusts,
            &context.associations,
            found.map(|it| &**it),
            &question,
            trace,
        ),
        Err(list) => Check::unknown("R75", "the associations of the cluster were not read", vec![list.clone()]),
    };
    (attempt, mounted.and(check))
}

/// What SDKs get that walk on after a broken web identity: the container endpoint if one is set, else the node (R34).
fn after_web_identity(answer: &mut Identity, bench: &Bench<'_>) {
    let endpoint = bench.holdings.endpoint.is_set().is_yes() || bench.holdings.relative_endpoint.is_set().is_yes();
    if !endpoint {
        answer.fallback = from_node(bench, chain::WALK_ON_AFTER_WEB_IDENTITY);
        return;
    }
    let (credential, check) = agent(bench, &mut Trace::off());
    answer.fallback = match check.truth {
        Truth::Yes => Some(Fallback { credential, sdks: chain::WALK_ON_AFTER_WEB_IDENTITY }),
        Truth::No => from_node(bench, chain::WALK_ON_AFTER_ENDPOINT),
        Truth::Unknown => None,
    };
}

/// The node role as a fallback, where it can be reached for sure.
fn from_node(bench: &Bench<'_>, sdks: &'static [&'static str]) -> Option<Fallback> {
    if !bench.metadata.reach.is_yes() || bench.holdings.metadata_disabled.is_yes() {
        return None;
    }
    let role = bench.subject.class.role.arn()?.clone();
    Some(Fallback { credential: Credential::new(Source::NodeRole, Some(role)), sdks })
}

/// The verdict of a chosen source from its check (R194).
fn settle(answer: &mut Identity, attempt: Credential, check: Check) {
    answer.attempted = Some(attempt.clone());
    answer.rule = check.rule;
    answer.why = check.why;
    match check.truth {
        Truth::Yes => {
            let as_declared = answer.declared.as_ref().is_none_or(|declared| {
                declared.source == attempt.source || !matches!(declared.source, Source::Irsa | Source::PodIdentity)
            });
            answer.verdict = if as_declared { Verdict::Works } else { Verdict::FallsBack };
            answer.certain = check.could_fail.is_empty();
            answer.missing.extend(check.could_fail);
            answer.identity = attempt;
        }
        Truth::No => {
            answer.identity = Credential::NONE;
            answer.verdict = Verdict::Broken;
        }
        Truth::Unknown => {
            answer.identity = attempt;
            answer.verdict = Verdict::Unknown;
            answer.certain = false;
            answer.missing.extend(check.missing);
        }
    }
}

/// Nothing was configured in the container: instance metadata answers, or nobody (R42, R100).
fn from_metadata(answer: &mut Identity, bench: &Bench<'_>, half: bool, trace: &mut Trace) {
    let Bench { subject, holdings, metadata, .. } = bench;
    let role = subject.class.role.arn().cloned();
    trace_metadata(bench, trace);
    answer.rule = if half { "R44" } else { metadata.rule };
    answer.why = if half {
        format!("AWS_ROLE_ARN is set without a token file, so web identity is off; {}", metadata.why)
    } else {
        metadata.why.to_owned()
    };
    let declared = answer.declared.as_ref().map(|declared| declared.source);
    let wanted = half || matches!(declared, Some(Source::Irsa | Source::PodIdentity));
    let nobody = match (wanted, declared) {
        (true, _) => Verdict::Broken,
        // What is declared was not read: whether anything is missing here is not known.
        (false, Some(Source::Unknown)) => Verdict::Unknown,
        (false, _) => Verdict::None,
    };
    let reach = if holdings.metadata_disabled.is_yes() {
        answer.rule = "R38";
        answer.why = "AWS_EC2_METADATA_DISABLED turns instance metadata off, and nothing else is configured".into();
        Truth::No
    } else {
        metadata.reach
    };
    match reach {
        Truth::Yes => match (&subject.class.role, role) {
            (NodeRole::Known(_), Some(role)) => {
                answer.identity = Credential::new(Source::NodeRole, Some(role));
                answer.attempted = Some(answer.identity.clone());
                answer.verdict = if wanted { Verdict::FallsBack } else { Verdict::Works };
                answer.certain = metadata.could_close.is_empty();
                answer.missing.extend(metadata.could_close.iter().cloned());
                if holdings.metadata_disabled.is_unknown() {
                    let sdks = chain::METADATA_OFF_BY_ANY_VALUE;
                    answer.differs.push(Fallback { credential: Credential::NONE, sdks });
                }
            }
            (NodeRole::Configured { role: configured, missing }, _) => {
                answer.identity = Credential::new(Source::NodeRole, configured.clone());
                answer.attempted = Some(answer.identity.clone());
                answer.certain = false;
                answer.missing.extend(missing.iter().cloned());
                answer.rule = "R94";
                answer.why = "instance metadata answers; which role it has was not read".into();
            }
            (NodeRole::None, _) | (_, None) => {
                answer.identity = Credential::NONE;
                answer.verdict = nobody;
                answer.rule = "R93";
                answer.why = "instance metadata can be reached, but the instance has no role".into();
            }
        },
        Truth::No => {
            answer.identity = Credential::NONE;
            answer.verdict = nobody;
            if half {
                answer.attempted = Some(Credential::new(Source::NodeRole, role));
            }
        }
        Truth::Unknown => {
            let intercepted = metadata.rule == "R104";
            answer.attempted = Some(Credential::new(Source::NodeRole, role.filter(|_| !intercepted)));
            answer.certain = false;
            answer.missing.extend(metadata.missing.iter().cloned());
        }
    }
}

/// What the container carries, whichever source wins.
fn observed<'a>(choice: &Choice, holdings: &'a Holdings, audience: Option<&'a Name>) -> Observed<'a> {
    let web = holdings.role.is_set().is_yes() && holdings.token_file.is_set().is_yes();
    if web || matches!(choice, Choice::WebIdentity { .. }) {
        Observed::WebIdentity { role: holdings.role.value(), audience }
    } else if holdings.endpoint.is_set().is_yes() {
        Observed::Agent
    } else {
        Observed::Nothing
    }
}

/// The template of the pod sets the identity variables itself.
fn by_hand(subject: &Subject<'_>, container: &Container) -> bool {
    subject.template.is_some_and(|template| {
        template.containers.iter().filter(|it| it.name == container.name).any(|it| {
            it.env.iter().any(|variable| {
                matches!(
                    variable.name.as_str(),
                    "AWS_ROLE_ARN" | "AWS_WEB_IDENTITY_TOKEN_FILE" | "AWS_CONTAINER_CREDENTIALS_FULL_URI"
                )
            })
        })
    })
}

fn trace_declared(subject: &Subject<'_>, skipped: bool, declared: Option<&Credential>, trace: &mut Trace) {
    let known = Truth::from(declared.is_none_or(|it| it.source != Source::Unknown)).or(Truth::Unknown);
    trace.step("R14", "what namespace and service account ask for now", known, || {
        let found = match declared {
            _ if skipped => "nothing: the webhook leaves this container out".into(),
            None => "nothing".into(),
            Some(it) => format!("{} {}", it.source.title(), it.role.as_deref().unwrap_or_default()),
        };
        let value = declared.and_then(|it| it.role.as_deref()).unwrap_or("none").to_owned();
        let path = match declared.map(|it| it.source) {
            Some(Source::PodIdentity) => "association.roleArn".to_owned(),
            _ => format!("metadata.annotations[{}]", injection::ROLE_ANNOTATION),
        };
        (found.trim_end().to_owned(), vec![subject.account_evidence(path, value)])
    });
}

fn trace_choice(bench: &Bench<'_>, choice: &Choice, trace: &mut Trace) {
    let known = Truth::from(!matches!(choice, Choice::Unknown { .. })).or(Truth::Unknown);
    trace.step("R33", "the credential source that comes first", known, || {
        let found = match choice {
            Choice::StaticKeys { .. } => "static keys in the environment".into(),
            Choice::WebIdentity { role, .. } => {
                format!("web identity for {}", role.as_ref().map_or("an unknown role", |it| it.as_str()))
            }
            Choice::TokenWithoutRole => "half of a web identity".into(),
            Choice::Profile { .. } => "a profile in a file".into(),
            Choice::Endpoint => "the Pod Identity agent".into(),
            Choice::ForeignEndpoint => "another container endpoint".into(),
            Choice::Metadata { .. } => "instance metadata".into(),
            Choice::Unknown { why, .. } => (*why).to_owned(),
        };
        let holdings = &bench.holdings;
        let variables = [
            ("AWS_ACCESS_KEY_ID", &holdings.key_id),
            ("AWS_ROLE_ARN", &holdings.role),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", &holdings.token_file),
            ("AWS_PROFILE", &holdings.profile),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &holdings.endpoint),
        ];
        let set = variables.into_iter().filter(|(_, variable)| **variable != Variable::Unset);
        (found, set.map(|(name, variable)| bench.variable(name, variable)).collect())
    });
}

fn trace_metadata(bench: &Bench<'_>, trace: &mut Trace) {
    let Bench { subject, metadata, .. } = bench;
    let class = &subject.class;
    trace.step(metadata.rule, "instance metadata can be reached", metadata.reach, || {
        let Some(pod) = subject.pod.filter(|pod| !pod.node.is_empty()) else {
            return (metadata.why.to_owned(), vec![]);
        };
        let node = EntityKey::scoped(Kind::Node, &subject.key.scope, &pod.node);
        let mut evidence =
            vec![Evidence { object: node.clone(), path: "kind".into(), value: class.kind.title().into() }];
        if let Some(options) = &class.metadata {
            let tokens = if options.tokens_required { "required" } else { "optional" };
            let endpoint = if options.endpoint { "enabled" } else { "disabled" };
            let value = format!("{tokens}, hop limit {}, endpoint {endpoint}", options.hop_limit);
            evidence.push(Evidence { object: node.clone(), path: "MetadataOptions.HttpTokens".into(), value });
        }
        if subject.spec.host_network {
            evidence.push(subject.evidence("spec.hostNetwork", "true"));
        }
        let role = class.role.arn().map_or("none known", |it| it.as_str());
        evidence.push(Evidence { object: node, path: "IamInstanceProfile".into(), value: role.into() });
        (metadata.why.to_owned(), evidence)
    });
}

/// R53: what may keep a token from STS cannot be decided from here, but it can be pointed at.
fn trace_network(bench: &Bench<'_>, trace: &mut Trace) {
    let Bench { subject, holdings, .. } = bench;
    let denied = matches!(subject.metadata_guard, instance::Guard::Closed | instance::Guard::Maybe);
    let global = holdings.sts_endpoints.value().is_some_and(|value| value == "legacy");
    if !denied && !global {
        return;
    }
    trace.step("R53", "the container reaches STS", Truth::Unknown, || {
        if denied {
            ("an egress network policy selects the pod: it must let it reach STS".into(), vec![])
        } else {
            let variable = bench.variable("AWS_STS_REGIONAL_ENDPOINTS", &holdings.sts_endpoints);
            ("the global endpoint of STS is asked, which no VPC endpoint serves".into(), vec![variable])
        }
    });
}

fn trace_drift(bench: &Bench<'_>, letters: &[char], trace: &mut Trace) {
    for letter in letters {
        trace.step("R113", "the pod carries what is declared", Truth::No, || {
            (
                drift::meaning(*letter).to_owned(),
                vec![bench.subject.evidence(
                    "metadata.creationTimestamp",
                    bench.subject.pod.and_then(|pod| pod.meta.created).map_or_else(String::new, |it| it.to_string()),
                )],
            )
        });
    }
}
