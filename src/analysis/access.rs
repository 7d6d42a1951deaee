//! What a role may do, summed up per service: the access column.
//!
//! The letters say which access levels of a service some statement grants, after boundary and denies. Organisation
//! policies and policies on resources are not part of it; the caller says so where it shows the letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Name;
use crate::iam::catalogue::{Catalogue, Level};
use crate::iam::permissions::actions::ActionGlob;
use crate::iam::permissions::{Status, permissions};
use crate::iam::{Context, DocumentKind, Policies, Policy, Principal, parse_shared};

/// One document of a role, by name; `None` when its text was not read.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: Name,
    pub text: Option<Name>,
}

/// Access to one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccess {
    /// Prefix, such as `s3`.
    pub service: Name,
    /// In the order of [`Level::ALL`].
    pub levels: [bool; 5],
    /// Actions of the catalogue.
    pub actions: usize,
    /// Best status of the rows that speak of it: `Exact` when something is granted without doubt.
    pub status: Status,
}

impl ServiceAccess {
    /// `LRWTP`, a dash where absent.
    pub fn letters(&self) -> String {
        Level::ALL.iter().zip(self.levels).map(|(level, has)| if has { level.letter() } else { '-' }).collect()
    }
}

/// Access of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleAccess {
    /// By service prefix.
    pub services: Vec<ServiceAccess>,
    /// Services that the catalogue does not know are granted too: a pattern names every action.
    pub everything: bool,
    /// Identity policies whose text was not read: there may be more access than shown.
    pub unread: Vec<Name>,
    /// There is a boundary that was not read: there may be less access than shown.
    pub boundary_unread: bool,
}

/// Sums up. Cost: about a millisecond for ten policies; a role with everything takes a few.
pub fn role_access(account: &Name, arn: &Name, identity: &[Source], boundary: Option<&Source>) -> RoleAccess {
    let catalogue = Catalogue::bundled();
    let policy = |source: &Source, kind: DocumentKind| {
        let text = source.text.as_ref()?;
        let (document, _) = parse_shared(Arc::from(text.as_str()), kind);
        Some(Policy { name: source.name.clone(), document: Arc::new(document) })
    };
    let policies = Policies {
        identity: identity.iter().filter_map(|it| policy(it, DocumentKind::Identity)).collect(),
        boundary: boundary.and_then(|it| policy(it, DocumentKind::Boundary)),
        ..Policies::default()
    };
    let principal = Principal::Role { account: account.clone(), arn: arn.clone() };
    let allowed = permissions(catalogue, &principal, &policies, &Context::open());
    let mut services: BTreeMap<Name, ServiceAccess> = BTreeMap::new();
    let mut add = |service: &str, level: Option<Level>, status: Status| {
        let entry = services.entry(service.into()).or_insert_with(|| ServiceAccess {
            service: service.into(),
            levels: [false; 5],
            actions: 0,
            status,
        });
        entry.status = entry.status.min(status);
        if let Some(level) = level {
            entry.levels[level as usize] = true;
            entry.actions += 1;
        }
    };
    let mut everything = false;
    for row in &allowed.rows {
        let status = row.status();
        for id in &row.actions.known {
            let action = catalogue.action(*id);
            add(action.service().prefix(), Some(action.level()), status);
        }
        for region in &row.actions.regions {
            match &region.within {
                ActionGlob::Everything => everything = true,
                ActionGlob::Service { prefix, .. } => add(prefix, None, status),
            }
        }
    }
    RoleAccess {
        services: services.into_values().collect(),
        everything,
        unread: identity.iter().filter(|it| it.text.is_none()).map(|it| it.name.clone()).collect(),
        boundary_unread: boundary.is_some_and(|it| it.text.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(identity: &[&str], boundary: Option<&str>) -> Vec<String> {
        let source = |text: &str| Source { name: "p".into(), text: Some(text.into()) };
        let identity: Vec<Source> = identity.iter().map(|text| source(text)).collect();
        let arn = "arn:aws:iam::111122223333:role/r";
        let access = role_access(&"111122223333".into(), &arn.into(), &identity, boundary.map(source).as_ref());
        access.services.iter().map(|it| format!("{} {}", it.service, it.letters())).collect()
    }

    const READ: &str = r#"{"Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","sqs:SendMessage"],"Resource":"*"}]}"#;

    #[test]
    fn letters_say_which_levels_are_granted() {
        assert_eq!(of(&[READ], None), ["s3 LR---", "sqs --W--"]);
    }

    #[test]
    fn a_boundary_trims() {
        let boundary = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(of(&[READ], Some(boundary)), ["s3 LR---"]);
    }

    #[test]
    fn an_unread_policy_is_named_and_never_counts_as_nothing() {
        let unread = [Source { name: "ops".into(), text: None }];
        let access = role_access(&"1".into(), &"arn:aws:iam::1:role/r".into(), &unread, None);
        assert_eq!(access.unread, [Name::from("ops")]);
    }
}
