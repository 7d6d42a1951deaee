//! Roles, cluster roles and their bindings.

use crate::base::Name;
use crate::ingest::object::{Items, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::rbac::{Binding, RbacRole, Subject};
use crate::model::source::SourceKind;
use crate::rbac::Rule;

use super::meta::{MetaIn, SelectorIn, expect_kind};

object! {
    pub struct RoleIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        rules: Items<RuleIn> = "rules",
        aggregation: AggregationIn<'de> = "aggregationRule",
    }

    pub struct RuleIn {
        verbs: Items<Name> = "verbs",
        api_groups: Items<Name> = "apiGroups",
        resources: Items<Name> = "resources",
        resource_names: Items<Name> = "resourceNames",
        urls: Items<Name> = "nonResourceURLs",
    }

    pub struct AggregationIn<'de> {
        selectors: Items<SelectorIn<'de>> = "clusterRoleSelectors",
    }

    pub struct BindingIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        role: RoleRefIn = "roleRef",
        subjects: Items<SubjectIn> = "subjects",
    }

    pub struct RoleRefIn {
        kind: Name = "kind",
        name: Name = "name",
    }

    pub struct SubjectIn {
        kind: Name = "kind",
        namespace: Name = "namespace",
        name: Name = "name",
    }
}

impl<'de> Record<'de> for RoleIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let cluster_wide = context.source.kind == SourceKind::ClusterRoles;
        expect_kind(&self.kind, if cluster_wide { "ClusterRole" } else { "Role" })?;
        let meta = self.metadata.take(context, origin)?;
        let rules = self.rules.into_iter().map(|rule| Rule {
            verbs: rule.verbs.0,
            api_groups: rule.api_groups.0,
            resources: rule.resources.0,
            resource_names: rule.resource_names.0,
            urls: rule.urls.0,
        });
        let rules = context.shared.rules(rules.collect());
        let aggregation = self.aggregation.selectors.into_iter().map(|selector| selector.take(context)).collect();
        context.push_rbac_role(RbacRole { meta, rules, aggregation });
        Ok(())
    }
}

impl<'de> Record<'de> for BindingIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let cluster_wide = context.source.kind == SourceKind::ClusterRoleBindings;
        expect_kind(&self.kind, if cluster_wide { "ClusterRoleBinding" } else { "RoleBinding" })?;
        let meta = self.metadata.take(context, origin)?;
        let subjects = self.subjects.into_iter();
        let subjects = subjects.map(|it| Subject { kind: it.kind, namespace: it.namespace, name: it.name }).collect();
        context.push_binding(Binding { meta, role_kind: self.role.kind, role_name: self.role.name, subjects });
        Ok(())
    }
}
