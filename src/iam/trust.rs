//! Whether a trust policy lets a caller take its role: the trust policy's side alone (rules X2 to X4).
//!
//! For web identities and services this is the whole answer but for RCPs. An AWS principal may need its identity
//! policies besides, see [`Admission::alone`]; ask [`super::decide()`] for the answer with all layers.

use std::cell::Cell;
use std::sync::Arc;

use crate::base::Truth;

use super::document::{Damage, Effect};
use super::miss::{Miss, miss, nearest};
use super::policies::{Layer, Policy};
use super::principal::Bond;
use super::request::{Context, Request, Resource};
use super::residual::{Residual, Source};
use super::statement::{Asked, Bonds, broken};
use super::{Principal, pattern::Action};

/// What a trust policy says of one caller and action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Unknown when it hangs on context keys that are not known, or on a place that could not be read.
    pub verdict: Truth,
    /// In the caller's own account the trust is enough: it names role, user, session, service or everyone, not merely
    /// the account, so no identity policy is needed (rule X2).
    pub alone: Truth,
    /// Admitted exactly when this holds.
    pub residual: Residual,
    /// Part of the policy could not be read and may change the answer.
    pub unread: bool,
    /// Every statement that applies or may apply, Denies too, in written order.
    pub matches: Vec<Admit>,
    /// When not certainly admitted: the clause of the closest Allow that fails or is open. A Deny that applies is among
    /// the matches instead.
    pub nearest: Option<Miss>,
}

/// A statement of a trust policy that applies, or may apply, to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admit {
    pub source: Arc<Source>,
    pub truth: Truth,
    /// By which name it means the caller; [`Bond::Everyone`] is a wildcard principal or `NotPrincipal`.
    pub bond: Bond,
    /// What keeps it open, when it is.
    pub open: Option<Miss>,
}

impl Admission {
    /// The statement that decided: the first Deny that applies, else the first Allow that does, else the first that may.
    pub fn decided_by(&self) -> Option<&Admit> {
        let first = |effect: Effect, truth: Truth| {
            self.matches.iter().find(|it| it.source.effect == effect && it.truth == truth)
        };
        first(Effect::Deny, Truth::Yes)
            .or_else(|| first(Effect::Allow, Truth::Yes))
            .or_else(|| first(Effect::Allow, Truth::Unknown))
    }
}

/// Asks a trust policy whether `who` may do `action` (`sts:AssumeRoleWithWebIdentity`, `sts:AssumeRole`,
/// `sts:TagSession`) on its role. Keys that the context does not know stay open.
pub fn admits(trust: &Policy, role: &str, who: &Principal, action: &str, context: &Context) -> Admission {
    let request = Request {
        principal: who.clone(),
        action: Action::new(action),
        resource: Resource::Arn(role.into()),
        resource_account: None,
        context: context.clone(),
    };
    admits_request(trust, &request)
}

/// As [`admits`], for a request that is at hand.
pub fn admits_request(trust: &Policy, request: &Request) -> Admission {
    let document = &*trust.document;
    let mut matches = Vec::new();
    let mut allow: Bonds<Residual> = Bonds::NONE;
    let mut deny = Residual::No;
    let source = |statement: usize, effect: Effect| {
        Arc::new(Source {
            layer: Layer::Resource,
            level: None,
            policy: trust.name.clone(),
            statement,
            sid: document.statements.get(statement).and_then(|it| it.sid.clone()),
            effect,
        })
    };
    if document.damage == Damage::Unreadable {
        allow.everyone = Residual::Atom(broken(source(0, Effect::Allow)));
        deny = Residual::Atom(broken(source(0, Effect::Deny)));
    }
    for statement in &document.statements {
        let effects: &[Effect] = match statement.effect {
            Some(Effect::Allow) => &[Effect::Allow],
            Some(Effect::Deny) => &[Effect::Deny],
            None => &[Effect::Allow, Effect::Deny],
        };
        for effect in effects {
            let spans = Cell::new(false);
            let asked = Asked { document, statement, effect: *effect, request, has_boundary: false, spans: &spans };
            let of = || source(statement.index, *effect);
            let truth: Bonds<Truth> = asked.applies(&of);
            if truth.any().is_no() {
                continue;
            }
            let bonds: Bonds<Residual> = asked.applies(&of);
            let open = (!truth.any().is_yes())
                .then(|| miss(trust, statement, Layer::Resource, None, request, false))
                .flatten();
            matches.push(Admit { source: of(), truth: truth.any(), bond: strongest(&truth), open });
            match effect {
                Effect::Allow => allow = allow.or(bonds),
                Effect::Deny => deny = Residual::any([deny, bonds.any()]),
            }
        }
    }
    let spared = deny.not();
    let alone = allow.direct.clone();
    let alone = Residual::any([alone, allow.everyone.clone(), allow.role.clone()]);
    let alone = Residual::all([alone, spared.clone()]);
    let residual = Residual::all([allow.any(), spared]);
    let verdict = settled(&residual);
    let nearest = (!verdict.is_yes()).then(|| nearest([(Layer::Resource, None, trust)], request, false)).flatten();
    Admission { verdict, alone: settled(&alone), unread: residual.is_broken(), residual, matches, nearest }
}

fn settled(residual: &Residual) -> Truth {
    match residual {
        Residual::Yes => Truth::Yes,
        Residual::No => Truth::No,
        _ => Truth::Unknown,
    }
}

/// The surest bond, and among equals the one that grants most.
fn strongest(bonds: &Bonds<Truth>) -> Bond {
    let mut best = (Truth::No, Bond::Account);
    for (truth, bond) in [
        (bonds.account, Bond::Account),
        (bonds.role, Bond::Role),
        (bonds.everyone, Bond::Everyone),
        (bonds.direct, Bond::Direct),
    ] {
        if truth >= best.0 && !truth.is_no() {
            best = (truth, bond);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::miss::Failed;
    use crate::iam::{DocumentKind, parse};

    const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC";
    const SUB: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub";

    fn ask(trust: &str, who: &str, action: &str, context: &Context) -> Admission {
        let (document, _) = parse(trust, DocumentKind::Trust);
        let policy = Policy { name: "trust".into(), document: Arc::new(document) };
        let who = Principal::parse(who).expect("a principal");
        admits(&policy, "arn:aws:iam::111122223333:role/r", &who, action, context)
    }

    fn web(condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Sid":"node","Effect":"Allow","Principal":{{"Service":"ec2.amazonaws.com"}},"Action":"sts:AssumeRole"}},
                {{"Sid":"web","Effect":"Allow","Principal":{{"Federated":"{PROVIDER}"}},"Action":"sts:AssumeRoleWithWebIdentity",
                  "Condition":{condition}}}]}}"#
        )
    }

    #[test]
    fn the_failing_condition_is_named_with_actual_and_expected() {
        let trust = web(&format!(r#"{{"StringEquals":{{"{SUB}":"system:serviceaccount:pay:*"}}}}"#));
        let context = Context::open().with(SUB, "system:serviceaccount:pay:api");
        let admission = ask(&trust, PROVIDER, "sts:AssumeRoleWithWebIdentity", &context);
        assert_eq!(admission.verdict, Truth::No);
        let nearest = admission.nearest.expect("a closest statement");
        assert_eq!(nearest.source.sid.as_deref(), Some("web"));
        assert_eq!(nearest.failed, Failed::Condition { operator: "StringEquals".into(), key: SUB.into() });
        assert_eq!(
            (nearest.actual.as_str(), nearest.expected[0].as_str()),
            ("system:serviceaccount:pay:api", "system:serviceaccount:pay:*")
        );
    }

    #[test]
    fn an_open_key_leaves_the_verdict_open_and_names_the_key() {
        let trust =
            web(&format!(r#"{{"StringLike":{{"{SUB}":"system:serviceaccount:pay:*","aws:SourceIp":"10.*"}}}}"#));
        let context = Context::open().with(SUB, "system:serviceaccount:pay:api");
        let admission = ask(&trust, PROVIDER, "sts:AssumeRoleWithWebIdentity", &context);
        assert_eq!(admission.verdict, Truth::Unknown);
        assert_eq!(admission.residual.keys(), [crate::base::Name::new("aws:sourceip")]);
        assert_eq!(admission.decided_by().map(|it| it.source.statement), Some(1));
    }

    #[test]
    fn every_match_is_listed() {
        let trust = r#"{"Statement":[
            {"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"},
            {"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/a","*"]},"Action":"sts:*"},
            {"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}]}"#;
        let role = "arn:aws:iam::111122223333:role/a";
        let admission = ask(trust, role, "sts:AssumeRole", &Context::open());
        assert_eq!((admission.verdict, admission.alone), (Truth::Yes, Truth::Yes));
        let bonds: Vec<Bond> = admission.matches.iter().map(|it| it.bond).collect();
        assert_eq!(bonds, [Bond::Account, Bond::Everyone]);
        let tagged = ask(trust, role, "sts:TagSession", &Context::open());
        assert_eq!(tagged.verdict, Truth::No);
        assert_eq!(tagged.decided_by().map(|it| it.source.statement), Some(2));
    }

    #[test]
    fn the_account_alone_leaves_it_to_identity_policies() {
        let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}"#;
        let admission = ask(trust, "arn:aws:iam::111122223333:role/a", "sts:AssumeRole", &Context::open());
        assert_eq!((admission.verdict, admission.alone), (Truth::Yes, Truth::No));
    }

    #[test]
    fn a_broken_trust_policy_is_unknown_never_no() {
        for broken in ["{", r#"{"Statement":[{"Effect":"Allow","Principal":{"Aws":"*"},"Action":"sts:*"}]}"#, "{}"] {
            let admission = ask(broken, "pods.eks.amazonaws.com", "sts:AssumeRole", &Context::open());
            assert_eq!(admission.verdict, Truth::Unknown, "{broken}");
            assert!(admission.unread);
        }
    }
}
