//! Which service accounts of which cluster a statement of a trust policy admits (R55 to R71), statement by statement.

use std::sync::{Arc, OnceLock};

use crate::base::{Name, Truth};
use crate::iam::clauses::clauses;
use crate::iam::condition::{Condition, Test};
use crate::iam::glob::Glob;
use crate::iam::trust::admits_request;
use crate::iam::{Document, Effect, Policy, PrincipalPattern, Request, Statement};
use crate::identity::injection::DEFAULT_AUDIENCE;
use crate::identity::trust::web_identity_request;
use crate::model::facts::iam::{Provider, Role};
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, EntityKey, Kind, Lookup};

use super::context::{Context, role_key};

/// How every subject of a service account begins.
pub const PREFIX: &str = "system:serviceaccount:";
/// A subject that nobody has: what admits it admits everybody.
const NOBODY: &str = "system:serviceaccount:rw-probe-7f3a:rw-probe-9c1e";

/// An Allow for web identity that names the provider of a known cluster.
pub struct WebStatement {
    pub role: Arc<Role>,
    pub key: EntityKey,
    pub document: Arc<Document>,
    /// Position among the statements.
    at: usize,
    /// ARN of the provider as the statement writes it.
    written: Name,
    pub cluster: Arc<ClusterFacts>,
    /// Host and path.
    pub issuer: Name,
    /// The provider in the role's account, as far as it was read.
    pub provider: Option<Arc<Provider>>,
    pub audience: Name,
}

/// How far one value of a condition on the subject reaches (R64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Account {
        namespace: Name,
        name: Name,
    },
    /// Some accounts of one namespace.
    Part {
        namespace: Name,
    },
    Namespace(Name),
    /// The pattern leaves the namespace open in part.
    Spans,
    Cluster,
    /// No service account has such a subject.
    Never,
}

/// A value of a condition that narrows down the subject.
#[derive(Clone, Debug)]
pub struct Value {
    pub operator: Name,
    pub text: Name,
    pub reach: Reach,
}

impl WebStatement {
    pub fn statement(&self) -> &Statement {
        &self.document.statements[self.at]
    }

    /// `Statement[2].Condition.StringLike.KEY`
    pub fn path(&self, rest: &str) -> String {
        let index = self.statement().index;
        if rest.is_empty() { format!("Statement[{index}]") } else { format!("Statement[{index}].{rest}") }
    }

    pub fn provider_arn(&self) -> &str {
        &self.written
    }

    pub fn subject_key(&self) -> String {
        format!("{}:sub", self.issuer)
    }

    /// The call with this subject.
    pub fn request(&self, context: &Context<'_>, subject: &str) -> Option<Request> {
        let (document, issuer) = (&self.document, &self.issuer);
        web_identity_request(context.inventory, &self.role, document, issuer, subject, &self.audience)
    }

    /// Whether this statement alone would let the subject in.
    pub fn lets_in(&self, context: &Context<'_>, subject: &str) -> Truth {
        match self.request(context, subject) {
            Some(request) => clauses(&self.document, self.statement(), &request, false).all(),
            None => Truth::Unknown,
        }
    }

    /// Whether the whole policy admits the subject: another Allow may too, and a Deny may refuse.
    pub fn admits(&self, context: &Context<'_>, subject: &str) -> Truth {
        let Some(request) = self.request(context, subject) else { return Truth::Unknown };
        let policy = Policy { name: self.role.name.clone(), document: Arc::clone(&self.document) };
        admits_request(&policy, &request).verdict
    }

    /// Whether this statement lets just anybody of the cluster in, and no Deny takes that back.
    pub fn is_open(&self, context: &Context<'_>) -> Truth {
        let alone = self.lets_in(context, NOBODY);
        if alone.is_no() { alone } else { alone.and(self.admits(context, NOBODY)) }
    }

    /// Conditions on the subject of a token of some issuer, whatever the prefix of the key.
    pub fn on_subjects(&self) -> impl Iterator<Item = &Arc<Condition>> {
        self.statement().conditions.iter().filter(|it| claim(&it.folded) == Some("sub"))
    }

    /// Values that narrow down the subject: those of positive operators on the key of this issuer.
    pub fn values(&self) -> Vec<Value> {
        let key = self.subject_key().to_ascii_lowercase();
        let own = self.statement().conditions.iter().filter(|it| *it.folded == *key && narrows(it));
        own.flat_map(|condition| {
            let like = matches!(condition.operator.row.test, Test::TextLike);
            condition.values.iter().map(move |text| Value {
                operator: condition.written.clone(),
                text: text.clone(),
                reach: reach(text, like),
            })
        })
        .collect()
    }

    /// Service accounts of the cluster that the statement admits now, as their keys. Asks the engine only where a Deny
    /// or another condition could matter.
    pub fn admitted(&self, context: &Context<'_>) -> Vec<EntityKey> {
        let values = self.values();
        let plain = self.document.statements.iter().all(|it| it.effect == Some(Effect::Allow));
        let open = values.is_empty();
        let fits = |namespace: &str, name: &str| {
            let subject = format!("{PREFIX}{namespace}:{name}");
            let named = open || values.iter().any(|it| matches_value(it, &subject));
            named && (open && plain || !self.admits(context, &subject).is_no())
        };
        if open && plain && !self.is_open(context).is_yes() {
            return Vec::new();
        }
        self.candidates(&values)
            .filter(|it| fits(&it.meta.namespace, &it.meta.name))
            .map(|it| {
                EntityKey::namespaced(Kind::ServiceAccount, &self.cluster.label, &it.meta.namespace, &it.meta.name)
            })
            .collect()
    }
}

impl WebStatement {
    /// Service accounts that values could match, sorted: those of the namespaces that all of them name, else all.
    fn candidates<'s>(&'s self, values: &[Value]) -> impl Iterator<Item = &'s Arc<ServiceAccount>> + use<'s> {
        let accounts = self.cluster.service_accounts.items();
        let mut namespaces: Vec<&str> = Vec::new();
        let mut all = values.is_empty();
        for value in values {
            match &value.reach {
                Reach::Account { namespace, .. } | Reach::Part { namespace } | Reach::Namespace(namespace) => {
                    namespaces.push(namespace);
                }
                Reach::Never => {}
                Reach::Spans | Reach::Cluster => all = true,
            }
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        let of_namespace = |name: &str| {
            let from = accounts.partition_point(|it| it.meta.namespace.as_str() < name);
            let to = accounts.partition_point(|it| it.meta.namespace.as_str() <= name);
            &accounts[from..to]
        };
        let pieces: Vec<&[Arc<ServiceAccount>]> =
            if all { vec![accounts] } else { namespaces.into_iter().map(of_namespace).collect() };
        pieces.into_iter().flatten()
    }

    /// Subjects of the workloads of this cluster that use the role by web identity now: what the condition should name.
    pub fn used_by(&self, context: &Context<'_>) -> Vec<String> {
        let users = context.users_of_role(&self.key).filter(|it| it.cluster.label == self.cluster.label);
        let mut subjects: Vec<String> =
            users.map(|it| format!("{PREFIX}{}:{}", it.namespace, it.service_account)).collect();
        subjects.sort();
        subjects.dedup();
        subjects
    }

    /// The trust policy with subject and audience of this statement pinned to the accounts that use the role, or to a
    /// place to fill in where none does.
    pub fn pinned(&self, context: &Context<'_>) -> Option<super::finding::Fix> {
        let mut subjects = self.used_by(context);
        if subjects.is_empty() {
            subjects.push(format!("{PREFIX}NAMESPACE:NAME"));
        }
        let mut text = super::trust_text::TrustText::of(&self.role)?;
        let index = self.statement().index;
        // Keys of the same claim under another issuer say nothing here.
        for condition in self.on_subjects() {
            text.without_key(index, &condition.key);
        }
        text.pin(index, &self.subject_key(), &subjects)?;
        text.pin(index, &format!("{}:aud", self.issuer), &[self.audience.to_string()])?;
        Some(text.fix())
    }

    /// As [`WebStatement::pinned`], in the words of Terraform.
    pub fn pinned_terraform(&self, context: &Context<'_>) -> super::finding::Fix {
        let mut subjects = self.used_by(context);
        if subjects.is_empty() {
            subjects.push(format!("{PREFIX}NAMESPACE:NAME"));
        }
        let values: Vec<String> = subjects.iter().map(|it| format!("{it:?}")).collect();
        super::fix::terraform(format!(
            "condition {{\n  test     = \"StringEquals\"\n  variable = \"{}\"\n  values   = [{}]\n}}",
            self.subject_key(),
            values.join(", ")
        ))
    }
}

fn matches_value(value: &Value, subject: &str) -> bool {
    let operator = value.operator.to_ascii_lowercase();
    if operator.contains("like") {
        Glob::new(&value.text).matches(subject)
    } else if operator.contains("ignorecase") {
        value.text.eq_ignore_ascii_case(subject)
    } else {
        *value.text == *subject
    }
}

/// `sub` or `aud` of a key `HOST/PATH:sub`, in lower case.
pub fn claim(folded: &str) -> Option<&str> {
    let (provider, claim) = folded.rsplit_once(':')?;
    (provider.contains('.') && matches!(claim, "sub" | "aud")).then_some(claim)
}

/// The issuer in front of a claim.
pub fn issuer_of_key(key: &str) -> &str {
    key.rsplit_once(':').map_or("", |it| it.0)
}

/// A positive comparison with text.
pub fn narrows(condition: &Condition) -> bool {
    let row = condition.operator.row;
    !row.negated && matches!(row.test, Test::TextEquals | Test::TextEqualsIgnoreCase | Test::TextLike)
}

/// R63, R64.
pub fn reach(text: &Name, like: bool) -> Reach {
    let wildcard = text.find(['*', '?']);
    let named = |rest: &str| {
        rest.split_once(':')
            .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains(':'))
            .map(|(namespace, name)| (Name::new(namespace), Name::new(name)))
    };
    if !like || wildcard.is_none() {
        let rest = text.strip_prefix(PREFIX).filter(|_| wildcard.is_none());
        return match rest.and_then(named) {
            Some((namespace, name)) => Reach::Account { namespace, name },
            None => Reach::Never,
        };
    }
    let glob = Glob::new(text);
    if glob.matches(NOBODY) {
        return Reach::Cluster;
    }
    let Some(rest) = text.strip_prefix(PREFIX) else {
        // A wildcard before the prefix ends: it may still fit some subject.
        let start = &text[..wildcard.unwrap_or(0)];
        return if PREFIX.starts_with(start) { Reach::Spans } else { Reach::Never };
    };
    match rest.split_once(':') {
        Some((namespace, name)) if !namespace.contains(['*', '?']) => {
            let anybody = Glob::new(name).matches("rw-probe-9c1e");
            match anybody {
                true => Reach::Namespace(Name::new(namespace)),
                false => Reach::Part { namespace: Name::new(namespace) },
            }
        }
        _ => Reach::Spans,
    }
}

/// Web statements of all roles, worked out when first asked.
#[derive(Default)]
pub struct WebStatements {
    all: OnceLock<Vec<WebStatement>>,
}

impl WebStatements {
    pub fn of(&self, context: &Context<'_>) -> &[WebStatement] {
        self.all.get_or_init(|| collect(context))
    }
}

fn collect(context: &Context<'_>) -> Vec<WebStatement> {
    use rayon::prelude::*;
    let issuers: Vec<(String, Arc<ClusterFacts>)> = context
        .inventory
        .clusters
        .values()
        .filter_map(|cluster| {
            let issuer = cluster.description()?.issuer_path();
            (!issuer.is_empty()).then(|| (issuer.to_owned(), Arc::clone(cluster)))
        })
        .collect();
    let roles: Vec<&Arc<Role>> = context.roles().collect();
    roles
        .into_par_iter()
        .filter(|role| {
            // No provider and nothing written in escapes: no token is meant.
            role.trust.as_ref().is_some_and(|text| text.contains("oidc-provider") || text.contains('\\'))
        })
        .flat_map_iter(|role| of_role(context, &issuers, role))
        .collect()
}

fn of_role(context: &Context<'_>, issuers: &[(String, Arc<ClusterFacts>)], role: &Arc<Role>) -> Vec<WebStatement> {
    let document = context.trust(role);
    let mut found = Vec::new();
    for (at, statement) in document.statements.iter().enumerate() {
        if statement.effect != Some(Effect::Allow) || !acts_by_web_identity(statement) {
            continue;
        }
        for provider in providers(statement) {
            let Some(url) = provider.split_once(":oidc-provider/").map(|it| it.1) else { continue };
            // Only a provider of the role's own account is ever asked (R48).
            if crate::model::Arn::parse(provider).is_none_or(|arn| arn.account != role.account.as_str()) {
                continue;
            }
            let Some((issuer, cluster)) = issuers.iter().find(|(issuer, _)| issuer.eq_ignore_ascii_case(url)) else {
                continue;
            };
            let facts = context.inventory.accounts.get(&role.account);
            let stored = facts.map(|facts| crate::identity::web_identity::find_provider(facts, issuer));
            let stored = match stored {
                Some(Lookup::Found(provider)) => Some(Arc::clone(provider)),
                _ => None,
            };
            let audience = stored
                .as_ref()
                .and_then(|it| it.client_ids.as_ref())
                .and_then(|ids| ids.iter().find(|id| *id == DEFAULT_AUDIENCE).or(ids.first()))
                .cloned()
                .unwrap_or_else(|| DEFAULT_AUDIENCE.into());
            found.push(WebStatement {
                role: Arc::clone(role),
                key: role_key(role),
                document: Arc::clone(&document),
                at,
                written: provider.clone(),
                cluster: Arc::clone(cluster),
                issuer: issuer.as_str().into(),
                provider: stored,
                audience,
            });
        }
    }
    found
}

/// Subjects of Kubernetes as evidence: the first few by name.
pub fn named(subjects: &[crate::graph::authorization::Subject]) -> String {
    if subjects.is_empty() {
        return "none outside the platform".into();
    }
    let shown: Vec<String> = subjects.iter().take(8).map(ToString::to_string).collect();
    let more = subjects.len().saturating_sub(shown.len());
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The federated providers that a statement names, `NotPrincipal` left out.
pub fn providers(statement: &Statement) -> impl Iterator<Item = &Name> {
    let clause = statement.principals.as_ref().filter(|clause| !clause.negated);
    clause.into_iter().flat_map(|clause| clause.values()).filter_map(|it| match it {
        PrincipalPattern::Federated(name) if name.contains(":oidc-provider/") => Some(name),
        _ => None,
    })
}

/// The statement is about web identity (R56).
pub fn acts_by_web_identity(statement: &Statement) -> bool {
    acts_by(statement, "sts:AssumeRoleWithWebIdentity")
}

pub fn acts_by(statement: &Statement, action: &str) -> bool {
    let action = crate::iam::pattern::Action::new(action);
    statement.actions.values().any(|it| it.matches(&action).is_yes()) != statement.actions.negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_reaches_as_far_as_its_wildcards() {
        let of = |text: &str| reach(&text.into(), true);
        assert_eq!(of("system:serviceaccount:*:*"), Reach::Cluster);
        assert_eq!(of("*"), Reach::Cluster);
        assert_eq!(of("system:serviceaccount:shop:*"), Reach::Namespace("shop".into()));
        assert_eq!(of("system:serviceaccount:shop:api-*"), Reach::Part { namespace: "shop".into() });
        for spanning in
            ["system:serviceaccount:prod*", "system:serviceaccount:*:app", "*:app", "system:serviceaccount:team-?:x"]
        {
            assert_eq!(of(spanning), Reach::Spans, "{spanning}");
        }
        let account = Reach::Account { namespace: "shop".into(), name: "api".into() };
        assert_eq!(of("system:serviceaccount:shop:api"), account);
        assert_eq!(reach(&"system:serviceaccount:shop:*".into(), false), Reach::Never);
        assert_eq!(of("system:serviceaccounts:shop"), Reach::Never);
        assert_eq!(of("sts.amazonaws.com"), Reach::Never);
    }
}
