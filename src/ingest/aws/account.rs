//! Who asked, the organisation's policies, resource policies, and the time of the data.

use crate::base::Name;
use crate::ingest::object::{Items, Text, Time, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::aws::{
    CallerIdentity, OrganizationPolicy, OrganizationPolicyKind, Parent, ResourcePolicy, TargetPolicies,
};
use crate::model::facts::meta::Origin;

use super::document::Document;
use super::iam::required;

object! {
    pub struct WorldIn {
        now: Time = "now",
    }

    pub struct CallerIn {
        account: Name = "Account",
        arn: Name = "Arn",
    }

    pub struct TargetPoliciesIn<'de> {
        target: Name = "TargetId",
        policies: Items<SummaryIn<'de>> = "Policies",
        next: Text<'de> = "NextToken",
    }

    pub struct SummaryIn<'de> {
        id: Name = "Id",
        name: Name = "Name",
        kind: Text<'de> = "Type",
    }

    pub struct ParentsIn<'de> {
        child: Name = "ChildId",
        target: Name = "TargetId",
        parents: Items<ParentIn> = "Parents",
        next: Text<'de> = "NextToken",
    }

    pub struct ParentIn {
        id: Name = "Id",
        kind: Name = "Type",
    }

    pub struct OrganizationPolicyIn<'de> {
        policy: PolicyIn<'de> = "Policy",
    }

    pub struct PolicyIn<'de> {
        summary: SummaryIn<'de> = "PolicySummary",
        content: Document<'de> = "Content",
    }

    pub struct ResourcePolicyIn<'de> {
        arn: Name = "arn",
        policy: Document<'de> = "policy",
        kms_key: Option<Name> = "kmsKey",
    }
}

impl<'de> Record<'de> for WorldIn {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        let now = self.now.0.ok_or_else(|| Problem::new("now", "nothing", "a time such as 2026-06-01T12:00:00Z"))?;
        context.push_now(now);
        Ok(())
    }
}

impl<'de> Record<'de> for CallerIn {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        required(&self.account, "Account")?;
        context.push_caller(CallerIdentity { account: self.account, arn: self.arn });
        Ok(())
    }
}

fn kind(text: &str) -> OrganizationPolicyKind {
    match text {
        "SERVICE_CONTROL_POLICY" => OrganizationPolicyKind::ServiceControl,
        "RESOURCE_CONTROL_POLICY" => OrganizationPolicyKind::ResourceControl,
        other => OrganizationPolicyKind::Other(other.into()),
    }
}

impl<'de> Record<'de> for TargetPoliciesIn<'de> {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        let policies = self.policies.into_iter().map(|policy| (policy.id, kind(&policy.kind))).collect();
        context.more |= !self.next.is_empty();
        context.push_target_policies(TargetPolicies { target: self.target, policies });
        Ok(())
    }
}

impl<'de> Record<'de> for ParentsIn<'de> {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        let child = if self.child.is_empty() { self.target } else { self.child };
        required(&child, "ChildId")?;
        context.more |= !self.next.is_empty();
        for parent in self.parents {
            context.push_parent(Parent { child: child.clone(), id: parent.id, kind: parent.kind });
        }
        Ok(())
    }
}

impl<'de> Record<'de> for OrganizationPolicyIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let PolicyIn { summary, content } = self.policy;
        required(&summary.id, "Policy.PolicySummary.Id")?;
        let kind = kind(&summary.kind);
        let text = content.text();
        context.push_organization_policy(OrganizationPolicy { id: summary.id, name: summary.name, kind, text, origin });
        Ok(())
    }
}

impl<'de> Record<'de> for ResourcePolicyIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.arn, "arn")?;
        let text = self.policy.text();
        context.push_resource_policy(ResourcePolicy { arn: self.arn, text, kms_key: self.kms_key, origin });
        Ok(())
    }
}
