//! The trust policy allows an action that this principal never asks for
//!
//! ## What it checks
//! An Allow for an OIDC provider has no action that matches `sts:AssumeRoleWithWebIdentity`; or one for the service of
//! Pod Identity has only that. Another statement of the role that covers it silences the rule.
//!
//! ## Why it matters
//! Tokens are presented with AssumeRoleWithWebIdentity, services ask with AssumeRole. With the other action in the policy
//! everybody is refused.
//!
//! ## How to fix
//! Name the action that fits the principal.
//!
//! ## For newcomers
//! STS has several ways to take a role, each an action of its own. They are not aliases of each other.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_05};
use crate::findings::subjects::{acts_by, acts_by_web_identity, providers};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::iam::{Effect, PrincipalPattern, Statement};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-007",
    slug: "wrong-action",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI4, PR_AA_05],
    check,
};

const AGENT: &str = "pods.eks.amazonaws.com";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let speaks = |text: &str| text.contains("oidc-provider") || text.contains(AGENT);
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| speaks(text))) {
        let key = role_key(role);
        let document = context.trust(role);
        let allows: Vec<&Statement> = document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)).collect();
        for statement in &allows {
            let web = providers(statement).next().filter(|_| !acts_by_web_identity(statement));
            let agent = names_agent(statement) && acts_by_web_identity(statement) && !acts_by(statement, "sts:AssumeRole");
            let (principal, wanted, actions): (&str, &str, Vec<&str>) = match (web, agent) {
                (Some(provider), _) => (provider, "Federated", vec!["sts:AssumeRoleWithWebIdentity"]),
                (None, true) => (AGENT, "Service", vec!["sts:AssumeRole", "sts:TagSession"]),
                (None, false) => continue,
            };
            let covered = allows.iter().any(|other| match web {
                Some(provider) => providers(other).any(|it| it == provider) && acts_by_web_identity(other),
                None => names_agent(other) && acts_by(other, "sts:AssumeRole"),
            });
            if covered {
                continue;
            }
            let written: Vec<&str> = statement.actions.entries.iter().map(|it| it.written.as_str()).collect();
            let mut text = TrustText::of(role);
            let changed = text.as_mut().and_then(|text| {
                let value = if let [one] = &actions[..] { (*one).into() } else { actions.clone().into() };
                text.statement(statement.index)?.insert("Action".into(), value);
                Some(text.fix())
            });
            out.report(
                key.clone(),
                Severity::High,
                format!("{principal} asks with {}, the statement allows {}", actions.join(" and "), written.join(", ")),
            )
            .evidence(&key, format!("Statement[{}].Action", statement.index), written.join(", "))
            .evidence(&key, format!("Statement[{}].Principal.{wanted}", statement.index), principal)
            .impact("every call is refused with AccessDenied")
            .fixes(changed);
        }
    }
}

fn names_agent(statement: &Statement) -> bool {
    let clause = statement.principals.as_ref().filter(|it| !it.negated);
    clause.is_some_and(|it| it.values().any(|it| matches!(it, PrincipalPattern::Service(name) if name == AGENT)))
}
