//! Trust policies of roles, asked through the policy engine (R55 to R74, R81 to R85). There is no second evaluator.

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::iam::miss::{Failed, Miss};
use crate::iam::request::Value;
use crate::iam::trust::admits_request;
use crate::iam::{
    Answer, Context, Decision, Document, DocumentKind, Effect, Policies, Policy, Principal, Reason, Request, Residual,
    decide,
};
use crate::model::facts::eks::{Association, AssociationDetails, EksCluster};
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind, Lookup, SourceKind};

use super::answer::{Edit, Evidence};
use super::association::iam_source;
use super::documents::Documents;
use super::edit;
use super::trace::{Check, Trace};
use super::web_identity;

const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const ASSUME: &str = "sts:AssumeRole";
const TAG_SESSION: &str = "sts:TagSession";
const AGENT_PRINCIPAL: &str = "pods.eks.amazonaws.com";

/// Trust policies of one derivation, parsed when first asked.
#[derive(Debug, Default)]
pub struct Trusts {
    pub documents: Documents,
}

impl Trusts {
    /// Whether the trust policy admits the web identity (R55 to R71).
    pub fn web_identity(
        &self,
        inventory: &Inventory,
        cluster: &ClusterFacts,
        role: &Arc<Role>,
        question: &web_identity::Question<'_>,
        trace: &mut Trace,
    ) -> Check {
        let Some(description) = cluster.description().filter(|it| !it.issuer_path().is_empty()) else {
            let missing = vec![cluster.source(SourceKind::Cluster)];
            return Check::unknown("R2", "the issuer of the cluster was not read", missing);
        };
        let issuer = description.issuer_path();
        let trust = self.documents.trust(role);
        let sub = format!("system:serviceaccount:{}:{}", question.namespace, question.account);
        let Some(mut request) = web_identity_request(inventory, role, &trust.document, issuer, &sub, question.audience)
        else {
            return Check::unknown("R4", "the role's own ARN cannot be read", vec![]);
        };
        if let Some(session) = question.session.value() {
            request.context.set("sts:RoleSessionName", Value::One(session.clone()));
        }
        let answer = decide(&request, &Policies { resource: Some(trust.clone()), ..Policies::default() });
        let what = format!("{sub} with audience {}", question.audience);
        let mut check = verdict(&answer, "R72", "R55", &what);
        if answer.decision == Decision::ImplicitDeny
            && let Some(miss) = admits_request(&trust, &request).nearest
        {
            (check.rule, check.why) = refusal(&miss, issuer);
        }
        note(trace, role, &trust, &answer, "the trust policy admits the service account", &check);
        trace.edits(|| edits(role, &check, &request));
        check
    }

    /// As [`Trusts::web_identity`], for many roles and one token: only whether it is admitted. `context` is that of
    /// [`token_context`].
    pub fn admits_token(&self, role: &Role, issuer: &str, context: &Context) -> Truth {
        let Some(arn) = crate::model::Arn::parse(&role.arn) else { return Truth::Unknown };
        let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", arn.partition, arn.account);
        let trust = self.documents.trust(role);
        let mut context = context.clone();
        for key in keys(&trust.document) {
            if is_absent_for_web_identity(&key, issuer) {
                context.set_absent(&key);
            }
        }
        let request = Request::new(Principal::Federated(provider.into()), WEB_IDENTITY, &role.arn).in_context(context);
        decide(&request, &Policies { resource: Some(trust), ..Policies::default() }).decision.truth()
    }

    /// Whether the trust policy lets the agent's service take the base role (R81, R82).
    #[expect(clippy::too_many_arguments, reason = "one question, spelt out")]
    pub fn pod_identity(
        &self,
        _: &Inventory,
        cluster: &ClusterFacts,
        role: &Arc<Role>,
        association: &Association,
        namespace: &Name,
        account: &Name,
        trace: &mut Trace,
    ) -> Check {
        let Some(details) = &association.details else { return Check::unknown("R75", "", vec![]) };
        let Some(description) = cluster.description() else {
            let missing = vec![cluster.source(SourceKind::Cluster)];
            return Check::unknown("R82", "the cluster was not described", missing);
        };
        let trust = self.documents.trust(role);
        let mut context = session_tags(details, &description.arn, &description.name, namespace, account);
        if let Some(arn) = crate::model::Arn::parse(&description.arn) {
            context = context.with("aws:SourceAccount", arn.account);
        }
        let policies = Policies { resource: Some(trust.clone()), ..Policies::default() };
        let asks_source = keys(&trust.document).iter().any(|key| key == "aws:sourcearn");
        let ask = |action: &str, context: Context| {
            let principal = Principal::Service(AGENT_PRINCIPAL.into());
            decide(&Request::new(principal, action, &role.arn).in_context(context), &policies)
        };
        let ask = |action: &str| {
            let answer = ask(action, context.clone().with("aws:SourceArn", description.arn.clone()));
            // That the source is the cluster is expected, not documented: what hangs on it is open (R82).
            if asks_source && answer.decision != Decision::Allowed { ask(action, context.clone()) } else { answer }
        };
        let assume = ask(ASSUME);
        let mut check = verdict(&assume, "R81", "R81", "pods.eks.amazonaws.com to assume the role");
        if assume.decision == Decision::ImplicitDeny {
            let principal = Principal::Service(AGENT_PRINCIPAL.into());
            let request = Request::new(principal, ASSUME, &role.arn).in_context(context.clone());
            if let Some(miss) = admits_request(&trust, &request).nearest {
                check.why = refusal(&miss, "").1;
                check.rule = if matches!(miss.failed, Failed::Condition { .. }) { "R82" } else { "R81" };
            }
        }
        note(trace, role, &trust, &assume, "the trust policy lets the agent's service assume the role", &check);
        trace.edits(|| {
            let principal = Principal::Service(AGENT_PRINCIPAL.into());
            edits(role, &check, &Request::new(principal, ASSUME, &role.arn).in_context(context.clone()))
        });
        let tag = ask(TAG_SESSION);
        let tagged = verdict(&tag, "R81", "R81", "pods.eks.amazonaws.com to tag the session");
        note(trace, role, &trust, &tag, "the trust policy lets the agent's service tag the session", &tagged);
        trace.edits(|| {
            let principal = Principal::Service(AGENT_PRINCIPAL.into());
            edits(role, &tagged, &Request::new(principal, TAG_SESSION, &role.arn).in_context(context.clone()))
        });
        if !details.disable_session_tags {
            return check.and(tagged);
        }
        match tagged.truth {
            Truth::Yes => check,
            // Without session tags the action is expected not to be needed.
            Truth::No | Truth::Unknown => check.and(Check::unknown(
                "R81",
                "the trust lacks sts:TagSession, which the association should not need without session tags (expected)",
                vec![],
            )),
        }
    }

    /// Whether the base role gets on to the association's target role (R84, R85).
    pub fn target_role(
        &self,
        inventory: &Inventory,
        cluster: &ClusterFacts,
        base: &Arc<Role>,
        target: &Name,
        association: &Association,
        trace: &mut Trace,
    ) -> Check {
        let Some(details) = &association.details else { return Check::unknown("R75", "", vec![]) };
        let role = match inventory.role(target) {
            Lookup::Found(role) => role,
            Lookup::Absent => return Check::no("R84", format!("the target role `{target}` does not exist")),
            Lookup::Unknown => {
                trace.step("R84", "the target role can be taken", Truth::Unknown, || {
                    (format!("{target} was not read"), vec![])
                });
                let missing = vec![iam_source(inventory, target)];
                return Check::unknown("R84", "the account of the target role was not read", missing);
            }
        };
        let Some(description) = cluster.description() else {
            let missing = vec![cluster.source(SourceKind::Cluster)];
            return Check::unknown("R84", "the cluster was not described", missing);
        };
        let context = target_context(details, description, base, association);
        let trust = self.documents.trust(role);
        let policies = Policies { resource: Some(trust.clone()), ..self.documents.of_role(inventory, base) };
        let principal = Principal::Role { account: base.account.clone(), arn: base.arn.clone() };
        let mut check = Check::yes("R84", "the base role may take the target role");
        for action in target_actions(details) {
            let request = Request::new(principal.clone(), action, target).in_context(context.clone());
            let answer = decide(&request, &policies);
            let step = verdict(&answer, "R84", "R84", &format!("{action} from {} to {}", base.name, role.name));
            note(trace, role, &trust, &answer, "the target role can be taken", &step);
            check = check.and(step);
        }
        check
    }
}

/// The two sides of the step to a target role, each asked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSides {
    /// The base role's own policies allow it. Where the trust policy names the role itself they need not.
    pub identity: Truth,
    /// The target's trust policy admits the base role.
    pub trust: Truth,
    /// Why the trust policy refuses, when it does.
    pub refusal: String,
}

impl Trusts {
    /// Which side refuses where [`Trusts::target_role`] does (R84). `None` when the target or the cluster was not read.
    pub fn target_sides(
        &self,
        inventory: &Inventory,
        cluster: &ClusterFacts,
        base: &Arc<Role>,
        target: &Name,
        association: &Association,
    ) -> Option<TargetSides> {
        let Lookup::Found(role) = inventory.role(target) else { return None };
        let details = association.details.as_ref()?;
        let context = target_context(details, cluster.description()?, base, association);
        let trust = self.documents.trust(role);
        // A trust policy that leaves it all to the base role's account: then its own policies decide.
        let willing = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:*"}}}}"#,
            base.account
        );
        let willing =
            Policy { name: role.name.clone(), document: self.documents.get(DocumentKind::Trust, &willing.into()) };
        let own = Policies { resource: Some(willing), ..self.documents.of_role(inventory, base) };
        let principal = Principal::Role { account: base.account.clone(), arn: base.arn.clone() };
        let mut sides = TargetSides { identity: Truth::Yes, trust: Truth::Yes, refusal: String::new() };
        for action in target_actions(details) {
            let request = Request::new(principal.clone(), action, target).in_context(context.clone());
            sides.identity = sides.identity.and(decide(&request, &own).decision.truth());
            let admission = admits_request(&trust, &request);
            if admission.verdict.is_no() && sides.refusal.is_empty() {
                sides.refusal = match &admission.nearest {
                    Some(miss) => refusal(miss, "").1,
                    None => format!("its trust policy refuses {action}"),
                };
            }
            sides.trust = sides.trust.and(admission.verdict);
        }
        Some(sides)
    }

    /// R91: the policies of a node role allow its agent to ask for credentials of the cluster's associations.
    pub fn may_ask_for_credentials(&self, inventory: &Inventory, cluster: &ClusterFacts, role: &Role) -> Truth {
        let Some(description) = cluster.description() else { return Truth::Unknown };
        let principal = Principal::Role { account: role.account.clone(), arn: role.arn.clone() };
        let request = Request::new(principal, "eks-auth:AssumeRoleForPodIdentity", &description.arn);
        let answer = decide(&request, &self.documents.of_role(inventory, role)).decision.truth();
        // Two managed policies of AWS exist for this; their text is not always in the answer.
        let known = ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"];
        let attached =
            role.attached.iter().any(|arn| known.iter().any(|name| arn.ends_with(&format!("policy/{name}"))));
        if answer.is_unknown() && attached && role.boundary.is_none() { Truth::Yes } else { answer }
    }
}

/// The web-identity call for a role with a token of this issuer: keys that such a call never carries are absent, keys in
/// no table stay open (R57, R62, R67). `None` when the role's own ARN is none.
pub fn web_identity_request(
    inventory: &Inventory,
    role: &Role,
    trust: &Document,
    issuer: &str,
    subject: &str,
    audience: &Name,
) -> Option<Request> {
    let arn = crate::model::Arn::parse(&role.arn)?;
    // The provider that STS resolves is the one of the role's account (R48).
    let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", arn.partition, arn.account);
    let mut context = token_context(inventory, issuer, subject, audience);
    for key in keys(trust) {
        if is_absent_for_web_identity(&key, issuer) {
            context.set_absent(&key);
        }
    }
    Some(Request::new(Principal::Federated(provider.into()), WEB_IDENTITY, &role.arn).in_context(context))
}

/// What is known of a web-identity call with a token of this issuer (R62, R67).
pub fn token_context(inventory: &Inventory, issuer: &str, subject: &str, audience: &Name) -> Context {
    let mut context = Context::open()
        .with(&format!("{issuer}:sub"), subject)
        .with(&format!("{issuer}:aud"), audience.clone())
        .with("aws:SecureTransport", "true");
    if let Some(now) = inventory.now {
        context.set("aws:CurrentTime", Value::One(now.to_string().into()));
        context.set("aws:EpochTime", Value::One(now.as_second().to_string().into()));
    }
    context
}

/// The edits of a role's trust that would let the request pass, where it was refused.
fn edits(role: &Role, check: &Check, request: &Request) -> Vec<Edit> {
    match &role.trust {
        Some(text) if check.truth.is_no() => edit::smallest(text, request),
        _ => Vec::new(),
    }
}

/// Condition keys of a document, in lower case, each once.
fn keys(document: &Document) -> Vec<Name> {
    let mut keys: Vec<Name> = document
        .statements
        .iter()
        .flat_map(|statement| &statement.conditions)
        .flat_map(|condition| condition.keys().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// R61, R62, R67: keys that an unsigned web-identity call with a token of this issuer never carries. A key in no table
/// stays unknown.
fn is_absent_for_web_identity(key: &str, issuer: &str) -> bool {
    if let Some((provider, claim)) = key.rsplit_once(':') {
        let own = provider.eq_ignore_ascii_case(issuer);
        if own {
            return !matches!(claim, "sub" | "aud");
        }
        // `host/path:claim` of another provider.
        if provider.contains('.') {
            return true;
        }
    }
    matches!(
        key,
        "sts:externalid"
            | "aws:principalorgid"
            | "aws:principalarn"
            | "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:principalaccount"
            | "aws:username"
            | "aws:multifactorauthpresent"
    ) || key.starts_with("aws:principaltag/")
}

/// R82: the tags that the agent's service puts on the session; the pod's own name and uid are left open, so that pods
/// alike share an answer.
fn session_tags(
    details: &AssociationDetails,
    cluster_arn: &Name,
    cluster_name: &Name,
    namespace: &Name,
    account: &Name,
) -> Context {
    const TAGS: [&str; 6] = [
        "eks-cluster-arn",
        "eks-cluster-name",
        "kubernetes-namespace",
        "kubernetes-service-account",
        "kubernetes-pod-name",
        "kubernetes-pod-uid",
    ];
    let mut context = Context::open().with("aws:SecureTransport", "true");
    if details.disable_session_tags {
        for tag in TAGS {
            context = context.without(&format!("aws:RequestTag/{tag}"));
        }
        return context.without("aws:TagKeys").without("sts:TransitiveTagKeys");
    }
    for (tag, value) in TAGS.into_iter().zip([cluster_arn, cluster_name, namespace, account]) {
        context = context.with(&format!("aws:RequestTag/{tag}"), value.clone());
    }
    context.with_many("aws:TagKeys", TAGS).with_many("sts:TransitiveTagKeys", TAGS)
}

/// Tagging is its own action, and asked for only where tags are sent (R81, R84).
fn target_actions(details: &AssociationDetails) -> &'static [&'static str] {
    if details.disable_session_tags { &[ASSUME] } else { &[ASSUME, TAG_SESSION] }
}

/// What is known of the call from the base role to the target role (R84, R85).
fn target_context(
    details: &AssociationDetails,
    cluster: &EksCluster,
    base: &Role,
    association: &Association,
) -> Context {
    let (namespace, account) = (&association.namespace, &association.service_account);
    let context = session_tags(details, &cluster.arn, &cluster.name, namespace, account)
        .with("aws:PrincipalArn", base.arn.clone())
        .with("aws:PrincipalAccount", base.account.clone())
        .without("aws:MultiFactorAuthPresent");
    match &details.external_id {
        Some(id) => context.with("sts:ExternalId", id.clone()),
        None => context.without("sts:ExternalId"),
    }
}

/// A decision as a check: `yes` and `no` are the rules that an allow and a refusal cite.
fn verdict(answer: &Answer, yes: &'static str, no: &'static str, what: &str) -> Check {
    match answer.decision {
        Decision::Allowed => Check::yes(yes, format!("the trust policy admits {what}")),
        Decision::ExplicitDeny => {
            let statement = deciding(answer, Effect::Deny).map_or_else(String::new, |text| format!(" ({text})"));
            Check::no("R70", format!("an explicit Deny in the trust policy refuses {what}{statement}"))
        }
        Decision::ImplicitDeny => Check::no(no, format!("no statement of the trust policy admits {what}")),
        Decision::Depends => {
            let keys = residual_keys(&answer.residual);
            let on = if keys.is_empty() { String::new() } else { format!(" on {}", keys.join(", ")) };
            Check::unknown("R67", format!("whether the trust policy admits {what} depends{on}"), vec![])
        }
        Decision::Error => Check::unknown("R5", "a trust policy or a policy beside it cannot be read", vec![]),
    }
}

/// Which clause of the closest statement refuses a caller, with the rule that explains it.
fn refusal(miss: &Miss, issuer: &str) -> (&'static str, String) {
    let statement = match &miss.source.sid {
        Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
        _ => format!("statement {}", miss.source.statement + 1),
    };
    let expected: Vec<&str> = miss.expected.iter().map(Name::as_str).collect();
    let expected = expected.join(", ");
    let actual = &miss.actual;
    match &miss.failed {
        Failed::Action | Failed::NotAction => {
            ("R56", format!("{statement} of the trust policy is about {expected}, not {actual}"))
        }
        Failed::Principal | Failed::NotPrincipal => {
            ("R57", format!("{statement} of the trust policy names {expected}, the caller is {actual}"))
        }
        Failed::Resource | Failed::NotResource => ("R55", format!("{statement} of the trust policy names {expected}")),
        Failed::Condition { operator, key } => {
            let claim = key.rsplit_once(':').map_or("", |(_, claim)| claim);
            let own = key.rsplit_once(':').is_some_and(|(provider, _)| provider.eq_ignore_ascii_case(issuer));
            let is_claim = matches!(claim, "sub" | "aud") && key.contains('/');
            if is_claim && !own {
                return ("R61", format!("{statement} asks {key}, a key of another issuer, which this token has not"));
            }
            let exact = !operator.to_ascii_lowercase().contains("like");
            if is_claim && exact && miss.expected.iter().any(|value| value.contains(['*', '?'])) {
                return (
                    "R63",
                    format!("{statement} compares {claim} with `{expected}` under {operator}, where * is literal"),
                );
            }
            let swapped = match claim {
                "aud" => expected.starts_with("system:serviceaccount:"),
                "sub" => expected.starts_with("sts.amazonaws.com"),
                _ => false,
            };
            if is_claim && swapped {
                return ("R66", format!("{statement} looks for `{expected}` in {claim}: sub and aud are swapped"));
            }
            let name = if is_claim { claim } else { key.as_str() };
            ("R62", format!("{statement} wants {name} {operator} {expected}; it is {actual}"))
        }
    }
}

fn residual_keys(residual: &Residual) -> Vec<String> {
    residual.keys().iter().map(ToString::to_string).collect()
}

/// The statement that decided, as people look for it.
fn deciding(answer: &Answer, effect: Effect) -> Option<String> {
    answer.reasons.iter().find_map(|reason| match reason {
        Reason::Statement(source) if source.effect == effect => Some(match &source.sid {
            Some(sid) if !sid.is_empty() => format!("statement {} `{sid}`", source.statement + 1),
            _ => format!("statement {}", source.statement + 1),
        }),
        _ => None,
    })
}

fn note(trace: &mut Trace, role: &Role, trust: &Policy, answer: &Answer, step: &'static str, check: &Check) {
    trace.step(check.rule, step, check.truth, || {
        let object = EntityKey::scoped(Kind::Role, &role.account, &role.name);
        let evidence = answer
            .reasons
            .iter()
            .filter_map(|reason| match reason {
                Reason::Statement(source) if source.policy == trust.name => Some(Evidence {
                    object: object.clone(),
                    path: format!("AssumeRolePolicyDocument.Statement[{}]", source.statement),
                    value: source.effect.as_str().to_owned(),
                }),
                _ => None,
            })
            .collect();
        (check.why.clone(), evidence)
    });
}
