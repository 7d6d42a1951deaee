//! Actions: `service:name`, compared without regard to case, wildcards in the name only (rules W2, P9).

use std::fmt;

use crate::base::{Name, Truth};
use crate::iam::glob::{self, Glob};

/// An action as a request names it, folded once so that matching need not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Action {
    written: Name,
    folded: Box<str>,
    colon: usize,
}

impl Action {
    pub fn new(text: &str) -> Action {
        let folded = text.to_ascii_lowercase().into_boxed_str();
        let colon = folded.find(':').unwrap_or(folded.len());
        Action { written: Name::new(text), folded, colon }
    }

    /// As the request wrote it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Lower case, which is what equality of actions means.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The prefix before the colon, lower case.
    pub fn service(&self) -> &str {
        &self.folded[..self.colon]
    }

    /// The part after the colon, lower case; empty when there is none.
    pub fn name(&self) -> &str {
        self.folded.get(self.colon + 1..).unwrap_or("")
    }

    /// Whether it has the form `service:name`.
    pub fn is_whole(&self) -> bool {
        self.colon > 0 && self.colon + 1 < self.folded.len()
    }
}

/// One entry of `Action` or `NotAction`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ActionPattern {
    written: Name,
    scope: Scope,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Scope {
    /// `*`, `*:*`.
    Everything,
    Service {
        service: Box<str>,
        name: Glob,
    },
    /// No plain service prefix: IAM refuses it (rule P9). The glob is over the whole `service:name`.
    Refused(Glob),
}

impl ActionPattern {
    pub fn new(text: &str) -> ActionPattern {
        let folded = text.to_ascii_lowercase();
        let all_stars = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte == b'*');
        let scope = match folded.split_once(':') {
            None if all_stars(&folded) => Scope::Everything,
            Some((service, name)) if all_stars(service) && all_stars(name) => Scope::Everything,
            Some((service, name)) if !service.is_empty() && !service.contains(['*', '?']) => {
                Scope::Service { service: service.into(), name: Glob::new(name) }
            }
            _ => Scope::Refused(Glob::new(&folded)),
        };
        ActionPattern { written: Name::new(text), scope }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Yes or no; unknown for a pattern that IAM would refuse but that reads as if it meant this action (rule P9): an
    /// Allow then counts it as no, a Deny as possible.
    pub fn matches(&self, action: &Action) -> Truth {
        match &self.scope {
            Scope::Everything => Truth::Yes,
            Scope::Service { service, name } => (**service == *action.service() && name.matches(action.name())).into(),
            Scope::Refused(glob) if glob.matches(action.folded()) => Truth::Unknown,
            Scope::Refused(_) => Truth::No,
        }
    }

    /// Whether this is `*` or `*:*`.
    pub fn is_everything(&self) -> bool {
        self.scope == Scope::Everything
    }

    /// Whether IAM refuses it: no service prefix, or a wildcard in it (rule P9).
    pub fn is_refused(&self) -> bool {
        matches!(self.scope, Scope::Refused(_))
    }

    /// The service prefix, lower case; none for `*` and for refused patterns.
    pub fn service(&self) -> Option<&str> {
        if let Scope::Service { service, .. } = &self.scope { Some(service) } else { None }
    }

    /// The pattern of the part after the colon, lower case; none for `*` and for refused patterns.
    pub fn name(&self) -> Option<&Glob> {
        if let Scope::Service { name, .. } = &self.scope { Some(name) } else { None }
    }

    /// Whether every action of `inner` is one of these. Refused patterns contain nothing and are contained in `*` only.
    pub fn contains(&self, inner: &ActionPattern) -> bool {
        match (&self.scope, &inner.scope) {
            (Scope::Everything, _) => true,
            (Scope::Service { service, name }, Scope::Service { service: inner_service, name: inner_name }) => {
                service == inner_service && glob::contains(name, inner_name)
            }
            _ => false,
        }
    }

    /// Whether no action matches both. A refused pattern is taken as its glob over `service:name`.
    pub fn disjoint(&self, other: &ActionPattern) -> bool {
        match (&self.scope, &other.scope) {
            (Scope::Everything, _) | (_, Scope::Everything) => false,
            (Scope::Service { service: a, name: x }, Scope::Service { service: b, name: y }) => {
                a != b || glob::disjoint(x, y)
            }
            _ => glob::disjoint(&self.whole(), &other.whole()),
        }
    }

    fn whole(&self) -> Glob {
        match &self.scope {
            Scope::Everything => Glob::any(),
            Scope::Refused(glob) => glob.clone(),
            Scope::Service { service, name } => Glob::from_tokens(
                service.chars().chain([':']).map(glob::Token::Char).chain(name.tokens().iter().copied()),
            ),
        }
    }
}

impl fmt::Debug for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionPattern({})", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(pattern: &str, action: &str) -> Truth {
        ActionPattern::new(pattern).matches(&Action::new(action))
    }

    #[test]
    fn case_does_not_matter_and_wildcards_stay_in_the_name() {
        assert_eq!(truth("S3:get*", "s3:GetObject"), Truth::Yes);
        assert_eq!(truth("s3:Get?bject", "s3:GetObject"), Truth::Yes);
        assert_eq!(truth("*", "iam:PassRole"), Truth::Yes);
        assert_eq!(truth("*:*", "iam:PassRole"), Truth::Yes);
        assert_eq!(truth("ec2*:Describe*", "ec2:DescribeVpcs"), Truth::Unknown);
        assert_eq!(truth("ec2*", "ec2:DescribeVpcs"), Truth::Unknown);
        assert_eq!(truth("ec2*:Describe*", "s3:GetObject"), Truth::No);
        assert_eq!(truth("s3:*", "s3-object-lambda:GetObject"), Truth::No);
    }

    #[test]
    fn sets_of_actions() {
        let p = ActionPattern::new;
        assert!(p("s3:*").contains(&p("S3:Get*")) && !p("s3:Get*").contains(&p("s3:*")));
        assert!(p("*").contains(&p("ec2*:x")) && !p("ec2*:*").contains(&p("ec2:x")));
        assert!(p("s3:Get*").disjoint(&p("s3:Put*")) && !p("s3:*Object").disjoint(&p("s3:Get*")));
        assert!(!p("ec2*:x").disjoint(&p("ec2:x")));
    }
}
