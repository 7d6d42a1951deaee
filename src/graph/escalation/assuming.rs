//! Whether a principal may take a role: identity and trust together (rules X1, X2, X6).

use crate::base::Truth;
use crate::iam::{
    Context, Decision, DocumentKind, Effect, Policies, Policy, Principal, Request, Residual, decide, parse,
};
use crate::identity::session::ceilings;
use crate::model::facts::aws::OrganizationPolicyKind;

use super::held::Held;
use super::holder::{Holder, Rights};

const ASSUME: &str = "sts:AssumeRole";

/// The roles that the principal may take, by place, as their trust stands. Uses the rights of identity policies where the
/// trust leaves it to them, so that a thousand roles alike cost one question.
pub(super) fn takable(holder: &Holder<'_>) -> Vec<(u32, Held)> {
    let ground = holder.ground;
    let arn = holder.who.arn();
    let rights = holder.rights(ASSUME, &[]);
    let mut candidates = ground.trusts.naming(arn);
    if rights.is_empty() {
        // Without identity policies only a trust that names it, or everyone, helps.
        candidates.extend(ground.trusts.open());
    } else {
        candidates.extend(ground.trusts.open_to(&holder.account.id));
    }
    candidates.sort_unstable();
    candidates.dedup();
    candidates.into_iter().filter_map(|place| Some((place, takes(holder, &rights, place)?))).collect()
}

fn takes(holder: &Holder<'_>, rights: &Rights<'_>, place: u32) -> Option<Held> {
    let ground = holder.ground;
    let role = ground.roles.get(place as usize).filter(|it| !it.reserved)?;
    let admission = ground.trusts.admission(place, &role.facts.arn, &holder.principal, &holder.context)?;
    if admission.verdict.is_no() {
        return None;
    }
    let foreign = *ground.accounts[role.account].id != *holder.account.id;
    if admission.alone.is_no() && !foreign {
        let trust = of_residual(admission.verdict, &admission.residual);
        return Some(rights.over(role.target())?.and(&trust));
    }
    let policies = Policies {
        resource: ground.trusts.policy(place).cloned(),
        rcps: match foreign {
            true => {
                let account = ground.accounts[role.account].facts;
                ceilings(&ground.documents, Some(account), &OrganizationPolicyKind::ResourceControl).0
            }
            false => holder.policies.rcps.clone(),
        },
        ..holder.policies.clone()
    };
    let request = Request::new(holder.principal.clone(), ASSUME, &role.facts.arn).in_context(holder.context.clone());
    let answer = decide(&request, &policies);
    match answer.decision {
        Decision::Allowed => Some(Held::surely()),
        Decision::Depends | Decision::Error => Some(of_residual(Truth::Unknown, &answer.residual)),
        Decision::ExplicitDeny | Decision::ImplicitDeny => None,
    }
}

fn of_residual(truth: Truth, residual: &Residual) -> Held {
    if truth.is_yes() { Held::surely() } else { Held::on(residual.keys()) }
}

/// Taking a role whose trust the principal rewrites to name its own session: nothing but a Deny or an SCP is in the way
/// (rules L7, X2). Asked for each role only where some Deny speaks of STS.
pub(super) struct LettingIn {
    policies: Policies,
    each: bool,
    sample: Option<Held>,
}

impl LettingIn {
    pub fn new(holder: &Holder<'_>) -> LettingIn {
        let arn = holder.who.arn();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"sts:AssumeRole"}}}}"#
        );
        let trust = Policy { name: "trust".into(), document: std::sync::Arc::new(parse(&text, DocumentKind::Trust).0) };
        // A session that is named itself is not limited by what its boundary leaves out; denies of the boundary count.
        let boundary = holder.policies.boundary.as_ref();
        let denies = |policy: &Policy| policy.document.about("sts").any(|it| it.effect != Some(Effect::Allow));
        let each = holder.policies.iter().any(|(.., policy)| denies(policy));
        let identity = holder.policies.identity.iter().chain(boundary).cloned().collect();
        let policies = Policies { identity, boundary: None, resource: Some(trust), ..holder.policies.clone() };
        let mut found = LettingIn { policies, each, sample: None };
        let sample = format!("arn:{}:iam::{}:role/x", holder.account.partition, holder.account.id);
        found.sample = found.ask(&holder.principal, &sample, &holder.context);
        found
    }

    fn ask(&self, principal: &Principal, arn: &str, context: &Context) -> Option<Held> {
        let request = Request::new(principal.clone(), ASSUME, arn).in_context(context.clone());
        let answer = decide(&request, &self.policies);
        match answer.decision {
            Decision::Allowed => Some(Held::surely()),
            Decision::Depends | Decision::Error => Some(Held::on(answer.residual.keys())),
            Decision::ExplicitDeny | Decision::ImplicitDeny => None,
        }
    }

    pub fn over(&self, holder: &Holder<'_>, arn: &str) -> Option<Held> {
        if self.each { self.ask(&holder.principal, arn, &holder.context) } else { self.sample.clone() }
    }
}
