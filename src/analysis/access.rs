//! What a role may do, summed up per service: the access column.
//!
//! The letters say which access levels of a service some statement grants, after boundary and denies. Organisation
//! policies and policies on resources are not part of it; the caller says so where it shows the letters.

use std::sync::Arc;

use crate::base::Name;
use crate::iam::access::{Access, Levels, Summaries};
use crate::iam::catalogue::{Catalogue, Level};
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
    /// Prefix, such as `s3`; `*` for everything.
    pub service: Name,
    /// `None` for a service that the catalogue does not know.
    pub levels: Option<Levels>,
}

impl ServiceAccess {
    /// `LRWTP`, a dash where absent; `?` where the catalogue does not know the service.
    pub fn letters(&self) -> String {
        let Some(levels) = self.levels else { return "?".to_owned() };
        Level::ALL.iter().map(|level| if levels.contains(*level) { level.letter() } else { '-' }).collect()
    }
}

/// Access of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleAccess {
    /// By service prefix.
    pub services: Vec<ServiceAccess>,
    /// Every action on some resource.
    pub everything: bool,
    /// Identity policies whose text was not read: there may be more access than shown.
    pub unread: Vec<Name>,
    /// A document is there and cannot be read: there may be more or less.
    pub incomplete: bool,
    /// There is a boundary that was not read: there may be less access than shown.
    pub boundary_unread: bool,
}

/// Sums up. Cost: about a millisecond for ten policies.
pub fn role_access(account: &Name, arn: &Name, identity: &[Source], boundary: Option<&Source>) -> RoleAccess {
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
    let summaries = Summaries::new(Catalogue::bundled(), policies.iter().map(|(.., policy)| &policy.document));
    let Access { everything, services, incomplete } = summaries.access(&principal, &policies, &Context::open());
    let mut services: Vec<ServiceAccess> =
        services.into_iter().map(|(service, levels)| ServiceAccess { service, levels }).collect();
    if everything {
        services.insert(0, ServiceAccess { service: "*".into(), levels: Some(Levels::ALL) });
    }
    RoleAccess {
        services,
        everything,
        unread: identity.iter().filter(|it| it.text.is_none()).map(|it| it.name.clone()).collect(),
        incomplete,
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
