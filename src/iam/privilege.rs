//! How dangerous a role is by itself, in one word (rule R110 of identity.md section 9).
//!
//! What needs other roles, other workloads or the cluster is decided over the graph; here stand only the steps that a
//! role can take on itself.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::base::{Name, Truth};
use crate::iam::access::{is_damaged, readable};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::document::{DocumentKind, Effect};
use crate::iam::escalation::{By, Gives, Technique};
use crate::iam::glob::{Glob, Token, contains};
use crate::iam::parse;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::permissions::{Permissions, Row, permissions_of};
use crate::iam::policies::{Policies, Policy};
use crate::iam::principal::Principal;
use crate::iam::request::Context;

/// The class of a role, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Full control of IAM on all its resources, and so of the account: `*` on `*`, AdministratorAccess, IAMFullAccess.
    Admin,
    /// Can make itself an administrator (iam-evaluation.md section 11). Only steps on the role itself are found here.
    Escalates,
    /// Reads secrets or data on broad resources.
    Sensitive,
    /// Can obtain more of the cluster that its pods run in. Never found here: it needs the graph.
    ClusterLoop,
    /// Some access, none of the above.
    Scoped,
    /// No access.
    None,
    /// A document that would decide could not be read.
    Unknown,
}

impl Class {
    /// The name in protocols.md section 6.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Admin => "admin",
            Class::Escalates => "escalates",
            Class::Sensitive => "sensitive",
            Class::ClusterLoop => "cluster-loop",
            Class::Scoped => "scoped",
            Class::None => "none",
            Class::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A class and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privilege {
    pub class: Class,
    /// The actions that made the class, with the number of iam-evaluation.md section 11 for a step on the role itself.
    pub because: Vec<(Name, Option<u8>)>,
    /// Whether it hangs on conditions, or on documents that were not supplied.
    pub certain: bool,
}

/// Whoever has these on everything can give itself anything.
const CONTROL: &[&str] = &[
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
];

/// Reading these broadly is reading the account's secrets or data.
const SENSITIVE: &[&str] = &[
    "dsql:DbConnect",
    "dsql:DbConnectAdmin",
    "dynamodb:BatchGetItem",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "kms:Decrypt",
    "rds-data:BatchExecuteStatement",
    "rds-data:ExecuteStatement",
    "rds-db:connect",
    "redshift-data:ExecuteStatement",
    "redshift-serverless:GetCredentials",
    "redshift:GetClusterCredentials",
    "redshift:GetClusterCredentialsWithIAM",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
];

/// Steps on the role itself that take one action, with their number in iam-evaluation.md section 11.
fn on_self() -> impl Iterator<Item = (&'static str, u8)> {
    let alone = |row: &&Technique| {
        matches!(row.gives, Gives::Own | Gives::OwnOlder | Gives::OwnUnbounded)
            && row.by != By::User
            && row.steps.len() == 1
    };
    Technique::all().filter(alone).flat_map(|row| row.actions().map(|action| (action, row.number)))
}

/// What is known of a role beside its policies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attachments<'a> {
    /// ARNs of the customer managed policies attached to it.
    pub customer_policies: &'a [Name],
    /// Those of them that have more than one version (technique 2).
    pub versioned_policies: &'a [Name],
}

/// What the classes of all roles of an account hang on that have the same policies: the engine is asked once for all of
/// them, and only steps of a role on itself are asked of each.
#[derive(Debug)]
pub struct Judgement<'c> {
    question: Question<'c>,
    policies: Policies,
    context: Context,
    /// Every document could be read.
    is_whole: bool,
    has_access: bool,
    admin: Option<Privilege>,
    sensitive: Option<Privilege>,
    /// Whether it would be an administrator with everything granted to it, and without its boundary.
    granted_all: OnceLock<bool>,
    unbounded: OnceLock<bool>,
}

impl<'c> Judgement<'c> {
    /// Asks for some fifty actions, not the whole catalogue. `has_access` says whether the policies allow anything at all.
    pub fn new(
        catalogue: &'c Catalogue,
        principal: &Principal,
        policies: &Policies,
        context: &Context,
        has_access: bool,
    ) -> Judgement<'c> {
        let is_whole = !policies.iter().any(|(.., policy)| is_damaged(&policy.document));
        let policies = if is_whole { policies.clone() } else { readable(policies) };
        let question = Question::new(catalogue, principal, &policies, context);
        Judgement {
            admin: question.admin(),
            sensitive: question.sensitive(),
            question,
            policies,
            context: context.clone(),
            is_whole,
            has_access,
            granted_all: OnceLock::new(),
            unbounded: OnceLock::new(),
        }
    }

    /// The class of one of the roles. Conditions that may hold count as holding, and `certain` says so.
    pub fn of(&self, principal: &Principal, attachments: Attachments<'_>) -> Privilege {
        match &self.admin {
            Some(privilege) if self.is_whole => return privilege.clone(),
            // What could be read is the worst there is already; short of that the rest may be anything.
            Some(privilege) => return Privilege { certain: false, ..privilege.clone() },
            None if self.is_whole => {}
            None => return Privilege { class: Class::Unknown, because: Vec::new(), certain: false },
        }
        let mut steps = self.question.on_self(principal, &self.policies, attachments);
        steps.retain(|step| self.gains(step, principal));
        if !steps.is_empty() {
            let certain = steps.iter().any(|step| step.certain);
            let because = steps.iter().map(|step| (Name::new(step.action), Some(step.number))).collect();
            return Privilege { class: Class::Escalates, because, certain };
        }
        if let Some(privilege) = &self.sensitive {
            return privilege.clone();
        }
        let has_access = self.has_access || !self.question.found.rows.is_empty();
        let class = if has_access { Class::Scoped } else { Class::None };
        Privilege { class, because: Vec::new(), certain: true }
    }

    /// Whether the step makes a role an administrator: within the boundary and SCPs that stay, with everything granted.
    fn gains(&self, step: &Step, principal: &Principal) -> bool {
        let ask = |after: &Policies| {
            Question::new(self.question.catalogue, principal, after, &self.context).admin().is_some()
        };
        if step.number == 25 {
            return *self.unbounded.get_or_init(|| ask(&Policies { boundary: None, ..self.policies.clone() }));
        }
        *self.granted_all.get_or_init(|| {
            let mut after = self.policies.clone();
            after.identity.push(everything());
            ask(&after)
        })
    }
}

/// The actions that decide whether somebody is an administrator, sorted.
pub fn controlling(catalogue: &Catalogue) -> Vec<ActionId> {
    let mut ids: Vec<ActionId> = CONTROL.iter().filter_map(|name| catalogue.find(name)).collect();
    ids.sort_unstable();
    ids
}

/// Whether permissions, which must tell of all [`controlling`] actions, make their holder an administrator of its
/// account. Unknown when that hangs on conditions or documents.
pub fn is_administrator(catalogue: &Catalogue, account: &str, found: &Permissions) -> Truth {
    let asked = Asked::of(catalogue);
    let question = Question { catalogue, asked, account: account.to_owned(), found: Cow::Borrowed(found) };
    match question.admin() {
        Some(privilege) if privilege.certain => Truth::Yes,
        Some(_) => Truth::Unknown,
        None => Truth::No,
    }
}

/// The actions that decide, found once in the catalogue of the program.
#[derive(Clone, Debug)]
struct Asked {
    /// In the order of [`CONTROL`].
    control: Vec<Option<ActionId>>,
    sensitive: Vec<(&'static str, ActionId)>,
    /// Name, number of the technique.
    on_self: Vec<(&'static str, u8, ActionId)>,
    /// Each once, sorted.
    all: Vec<ActionId>,
}

impl Asked {
    fn of(catalogue: &Catalogue) -> Cow<'static, Asked> {
        static BUNDLED: LazyLock<Asked> = LazyLock::new(|| Asked::find(Catalogue::bundled()));
        if std::ptr::eq(catalogue, Catalogue::bundled()) {
            return Cow::Borrowed(&BUNDLED);
        }
        Cow::Owned(Asked::find(catalogue))
    }

    fn find(catalogue: &Catalogue) -> Asked {
        let find = |name: &str| catalogue.find(name);
        let control: Vec<Option<ActionId>> = CONTROL.iter().map(|name| find(name)).collect();
        let sensitive: Vec<_> = SENSITIVE.iter().filter_map(|name| Some((*name, find(name)?))).collect();
        let on_self: Vec<_> = on_self().filter_map(|(name, number)| Some((name, number, find(name)?))).collect();
        let mut all: Vec<ActionId> = control.iter().flatten().copied().collect();
        all.extend(sensitive.iter().map(|it| it.1).chain(on_self.iter().map(|it| it.2)));
        all.sort_unstable();
        all.dedup();
        Asked { control, sensitive, on_self, all }
    }
}

#[derive(Debug)]
struct Question<'c> {
    catalogue: &'c Catalogue,
    asked: Cow<'static, Asked>,
    account: String,
    found: Cow<'c, Permissions>,
}

struct Step {
    action: &'static str,
    number: u8,
    certain: bool,
}

impl<'c> Question<'c> {
    fn new(catalogue: &'c Catalogue, principal: &Principal, policies: &Policies, context: &Context) -> Question<'c> {
        let account = principal.account().unwrap_or("*").to_owned();
        let asked = Asked::of(catalogue);
        let found = permissions_of(catalogue, &asked.all, principal, policies, context);
        Question { catalogue, asked, account, found: Cow::Owned(found) }
    }

    fn rows(&self, id: ActionId) -> impl Iterator<Item = &Row> {
        self.found.rows.iter().filter(move |row| row.actions.known.binary_search(&id).is_ok())
    }

    /// Every controlling action on every resource that it can name.
    fn admin(&self) -> Option<Privilege> {
        let mut certain = true;
        for id in &self.asked.control {
            let id = (*id)?;
            let covering = |row: &&Row| self.covers_all(id, &row.resources);
            let row = self.rows(id).filter(covering).min_by_key(|row| row.status())?;
            certain &= row.requirement.is_none() && row.marks.is_empty();
        }
        Some(Privilege { class: Class::Admin, because: vec![(Name::new("iam:*"), None)], certain })
    }

    /// Whether the set holds every resource of the action in the role's account.
    fn covers_all(&self, id: ActionId, resources: &ResourceSet) -> bool {
        let action = self.catalogue.action(id);
        if !resources.except().is_empty() {
            let own = |kind: &ArnGlob| resources.except().iter().all(|out| out.disjoint(kind));
            if !action.resources().all(|(kind, _)| own(kind.pattern())) {
                return false;
            }
        }
        action.resources().all(|(kind, _)| {
            // Own account, some partition: `arn:aws:iam::111122223333:*` is all of it.
            let text = kind.arn().replace("${Account}", &self.account).replace("${Partition}", "aws");
            let mut out = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("${") {
                out += before;
                out.push('*');
                rest = after.split_once('}').map_or("", |(_, after)| after);
            }
            let whole = ArnGlob::new(&(out + rest));
            resources.any_of().iter().any(|it| it.contains(&whole))
        })
    }

    fn on_self(&self, principal: &Principal, policies: &Policies, attachments: Attachments<'_>) -> Vec<Step> {
        let Principal::Role { arn, .. } = principal else {
            return Vec::new();
        };
        let own = std::slice::from_ref(arn);
        let mut steps = Vec::new();
        for (action, number, id) in self.asked.on_self.iter().copied() {
            let targets = match number {
                1 => attachments.customer_policies,
                2 => attachments.versioned_policies,
                25 if policies.boundary.is_none() => &[],
                _ => own,
            };
            let hits = |row: &&Row| targets.iter().any(|target| row.resources.matches(target));
            if let Some(row) = self.rows(id).filter(hits).min_by_key(|row| row.status()) {
                let certain = row.requirement.is_none() && row.marks.is_empty() && number != 2;
                steps.push(Step { action, number, certain });
            }
        }
        steps
    }

    fn sensitive(&self) -> Option<Privilege> {
        let mut because = Vec::new();
        let mut certain = false;
        for (action, id) in self.asked.sensitive.iter().copied() {
            for row in self.rows(id) {
                if is_broad(self.catalogue, id, &row.resources) {
                    because.push((Name::new(action), None));
                    certain |= row.requirement.is_none() && row.marks.is_empty();
                    break;
                }
            }
        }
        (!because.is_empty()).then_some(Privilege { class: Class::Sensitive, because, certain })
    }
}

/// Whether a set of resources is broad for an action: the resource part starts with a wildcard, or is only the type plus
/// a wildcard (protocols.md section 4).
pub fn is_broad(catalogue: &Catalogue, id: ActionId, resources: &ResourceSet) -> bool {
    resources.any_of().iter().any(|pattern| is_broad_pattern(catalogue, id, pattern))
}

/// As [`is_broad`], of one pattern.
pub fn is_broad_pattern(catalogue: &Catalogue, id: ActionId, pattern: &ArnGlob) -> bool {
    let Some(parts) = pattern.parts() else {
        return !matches!(pattern, ArnGlob::Nothing);
    };
    catalogue.action(id).resources().any(|(kind, _)| {
        if kind.pattern().disjoint(pattern) {
            return false;
        }
        let resource = kind.arn().splitn(6, ':').nth(5).unwrap_or_default();
        let start = resource.split("${").next().unwrap_or_default();
        starts_broad(&parts[5], start)
    })
}

/// Whether the resource part is a wildcard from its start, or after the fixed start that all resources of the type have.
fn starts_broad(part: &Glob, start: &str) -> bool {
    let open = |token: Option<&Token>| matches!(token, Some(Token::Many | Token::One));
    if open(part.tokens().first()) {
        return true;
    }
    let fixed: String = part.literal_prefix().collect();
    let rest = part.tokens().get(fixed.chars().count()..).unwrap_or_default();
    // `parameter*`, `secret:*`: nothing of the name itself is fixed.
    !start.is_empty() && start.starts_with(&fixed) && open(rest.first()) && !rest.is_empty()
        || contains(part, &Glob::from_tokens(start.chars().map(Token::Char).chain([Token::Many])))
}

/// What a principal could write into its own policy.
pub fn everything() -> Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY
        .get_or_init(|| {
            let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
            let (document, _) = parse(text, DocumentKind::Identity);
            debug_assert!(document.statements.iter().all(|it| it.effect == Some(Effect::Allow)));
            Policy { name: Name::new("everything"), document: Arc::new(document) }
        })
        .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";

    fn policy(kind: DocumentKind, statements: &str) -> Policy {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        Policy { name: Name::new("p"), document: Arc::new(parse(&text, kind).0) }
    }

    fn identity(statements: &str) -> Policies {
        Policies { identity: vec![policy(DocumentKind::Identity, statements)], ..Policies::default() }
    }

    fn judged(policies: &Policies) -> Privilege {
        let attached = [Name::new("arn:aws:iam::111122223333:policy/own")];
        let attachments = Attachments { customer_policies: &attached, versioned_policies: &[] };
        let who = Principal::parse(ROLE).unwrap();
        let has_access = policies.identity.iter().any(|it| !it.document.statements.is_empty());
        Judgement::new(Catalogue::bundled(), &who, policies, &Context::open(), has_access).of(&who, attachments)
    }

    fn class(statements: &str) -> Class {
        judged(&identity(statements)).class
    }

    #[test]
    fn every_action_that_decides_exists() {
        let catalogue = Catalogue::bundled();
        for action in CONTROL.iter().chain(SENSITIVE).copied().chain(on_self().map(|(name, _)| name)) {
            assert!(catalogue.find(action).is_some(), "{action}");
        }
    }

    #[test]
    fn full_control_of_iam_is_admin() {
        assert_eq!(class(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#), Class::Admin);
        assert_eq!(
            class(r#"{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount"],"Resource":"*"}"#),
            Class::Admin
        );
        assert_eq!(
            class(
                r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#
            ),
            Class::Admin
        );
        assert_eq!(
            class(r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::111122223333:*"}"#),
            Class::Admin
        );
        let conditional = judged(&identity(
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#,
        ));
        assert_eq!((conditional.class, conditional.certain), (Class::Admin, false));
    }

    #[test]
    fn everything_but_iam_is_sensitive() {
        assert_eq!(class(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#), Class::Sensitive);
    }

    #[test]
    fn writing_ones_own_policy_escalates() {
        assert_eq!(
            class(&format!(r#"{{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"{ROLE}"}}"#)),
            Class::Escalates
        );
        assert_eq!(
            class(
                r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::111122223333:role/team/*"}"#
            ),
            Class::Escalates
        );
        assert_eq!(
            class(
                r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:iam::111122223333:policy/own"}"#
            ),
            Class::Escalates
        );
        assert_eq!(
            class(
                r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"arn:aws:iam::111122223333:role/other"}"#
            ),
            Class::Scoped
        );
    }

    #[test]
    fn a_boundary_that_stays_caps_what_a_role_can_give_itself() {
        let mut policies = identity(r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}"#);
        policies.boundary = Some(policy(
            DocumentKind::Boundary,
            r#"{"Effect":"Allow","Action":["s3:*","iam:PutRolePolicy"],"Resource":"*"}"#,
        ));
        assert_eq!(judged(&policies).class, Class::Scoped);
        let mut policies = identity(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        policies.boundary = Some(policy(
            DocumentKind::Boundary,
            r#"{"Effect":"Allow","Action":["sqs:*","iam:DeleteRolePermissionsBoundary"],"Resource":"*"}"#,
        ));
        let found = judged(&policies);
        assert_eq!(found.class, Class::Escalates);
        assert_eq!(found.because, [(Name::new("iam:DeleteRolePermissionsBoundary"), Some(25))]);
    }

    #[test]
    fn reading_data_is_sensitive_on_broad_resources_only() {
        let get =
            |resource: &str| class(&format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}"#));
        assert_eq!(get("*"), Class::Sensitive);
        assert_eq!(get("arn:aws:s3:::*"), Class::Sensitive);
        assert_eq!(get("arn:aws:s3:::b/*"), Class::Scoped);
        let secret = |resource: &str| {
            class(&format!(r#"{{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"{resource}"}}"#))
        };
        assert_eq!(secret("arn:aws:secretsmanager:*:111122223333:secret:*"), Class::Sensitive);
        assert_eq!(secret("arn:aws:secretsmanager:*:111122223333:secret:prod/*"), Class::Scoped);
        assert_eq!(
            class(r#"{"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:*:parameter/*"}"#),
            Class::Sensitive
        );
        assert_eq!(class(r#"{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}"#), Class::Scoped);
    }

    #[test]
    fn nothing_is_none_and_unread_is_unknown() {
        assert_eq!(judged(&Policies::default()).class, Class::None);
        let mut policies = identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#);
        policies
            .identity
            .push(Policy { name: Name::new("x"), document: Arc::new(parse("oops", DocumentKind::Identity).0) });
        assert_eq!(judged(&policies).class, Class::Unknown);
        policies.identity.push(policy(DocumentKind::Identity, r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#));
        assert_eq!((judged(&policies).class, judged(&policies).certain), (Class::Admin, false));
    }
}
