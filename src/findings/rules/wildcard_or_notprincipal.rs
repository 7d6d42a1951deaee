//! The trust policy lets anybody in
//!
//! ## What it checks
//! An Allow for an assume action has the principal `*`, `{"AWS": "*"}` or `{"Federated": "*"}`, or NotPrincipal, and no
//! condition that is false for outsiders: organisation, account, external id, source, or the subject of a token. Where the
//! condition keeps it inside one's own organisation or account, it is still told, as medium.
//!
//! ## Why it matters
//! The role can be taken from any AWS account, or by any identity provider of its own.
//!
//! ## How to fix
//! Name the principals that need the role in the place of the wildcard.
//!
//! ## For newcomers
//! A wildcard as principal does not mean "anybody of ours". It means anybody with an AWS account.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, NHI5, PR_AA_05, ZT6};
use crate::findings::subjects::acts_by;
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::clauses::clauses;
use crate::iam::{Context as Keys, Document, Effect, Principal, PrincipalPattern, Request, Statement};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-013",
    slug: "wildcard-or-notprincipal",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI4, NHI5, PR_AA_05, ZT6],
    check,
};

const ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];
/// An account that nobody has.
const OUTSIDER: &str = "000000000001";
/// Keys that keep a wildcard inside one's own walls.
const OWN: [&str; 3] = ["aws:principalorgid", "aws:principalaccount", "aws:principalorgpaths"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let speaks = |text: &str| text.contains("\"*\"") || text.contains("NotPrincipal") || text.contains('\\');
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| speaks(text))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            let Some(clause) = &statement.principals else { continue };
            let written = clause.values().find_map(|it| match it {
                PrincipalPattern::Everyone => Some("*"),
                PrincipalPattern::AnyFederated => Some("Federated *"),
                _ => None,
            });
            let Some(who) = written.or(clause.negated.then_some("NotPrincipal")) else { continue };
            if !ACTIONS.iter().any(|action| acts_by(statement, action)) {
                continue;
            }
            let own = statement.conditions.iter().any(|it| OWN.contains(&it.folded.as_str()));
            let severity = match admits_outsider(&document, statement, &role.arn) {
                true => Severity::Critical,
                false if own => Severity::Medium,
                false => continue,
            };
            let conditions: Vec<String> = statement
                .conditions
                .iter()
                .map(|it| format!("{} {}", it.written, it.key))
                .collect();
            let shown = if conditions.is_empty() { "none".into() } else { conditions.join(", ") };
            let mut text = TrustText::of(role);
            let pinned = text.as_mut().and_then(|text| {
                let place = text.statement(statement.index)?;
                place.shift_remove("NotPrincipal");
                place.insert("Principal".into(), serde_json::json!({ "AWS": format!("arn:aws:iam::{}:root", role.account) }));
                Some(text.fix())
            });
            out.report(
                key.clone(),
                severity,
                match severity {
                    Severity::Critical => format!("the principal is {who}, and no condition keeps outsiders away"),
                    _ => format!("the principal is {who}; only {shown} keeps it inside"),
                },
            )
            .evidence(&key, format!("Statement[{}].Principal", statement.index), who)
            .evidence(&key, format!("Statement[{}].Condition", statement.index), shown)
            .impact(match severity {
                Severity::Critical => "any AWS account, or any identity provider of this one, may take the role",
                _ => "everybody of the organisation or account may take the role",
            })
            .fixes([fix::by_hand("name the principals that need the role in the place of the wildcard")])
            .fixes(pinned);
        }
    }
}

/// Somebody of an account that nobody knows gets in, with everything absent that a stranger does not have.
fn admits_outsider(document: &Document, statement: &Statement, role: &str) -> bool {
    let stranger = format!("arn:aws:iam::{OUTSIDER}:role/stranger");
    let provider = format!("arn:aws:iam::{OUTSIDER}:oidc-provider/stranger.example");
    let keys = Keys::complete().with("aws:SecureTransport", "true");
    let of_account = keys
        .clone()
        .with("aws:PrincipalAccount", OUTSIDER)
        .with("aws:PrincipalArn", stranger.as_str())
        .with("aws:PrincipalOrgID", "o-stranger");
    let callers = [
        (Principal::Role { account: OUTSIDER.into(), arn: stranger.into() }, "sts:AssumeRole", of_account),
        (Principal::Federated(provider.into()), "sts:AssumeRoleWithWebIdentity", keys.clone()),
        (Principal::Federated("arn:aws:iam::000000000001:saml-provider/stranger".into()), "sts:AssumeRoleWithSAML", keys),
    ];
    callers.into_iter().any(|(who, action, keys)| {
        let request = Request::new(who, action, role).in_context(keys);
        // `{"Federated": "*"}` is silent in the documents: for exposure it counts as letting in.
        !clauses(document, statement, &request, false).all().is_no()
    })
}
