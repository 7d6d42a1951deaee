//! A subject may create the service account that a trust policy waits for
//!
//! ## What it checks
//! Somebody outside the platform may create service accounts and run pods as them, or mint their tokens (R155), in a
//! namespace where an AWS role or an association admits an account that does not exist: one that is named and gone, or any
//! that fits a wildcard (TRUST-008, TRUST-009, TRUST-010). A namespace that does not exist counts for those who may create
//! it.
//!
//! ## Why it matters
//! Creating an account of the right name, and a pod for it, yields the role. Nothing in the cluster tells that the name
//! is worth something.
//!
//! ## How to fix
//! Close the trust first: name accounts that exist. Then narrow who may create service accounts.
//!
//! ## For newcomers
//! Trust policies name accounts by text, and wildcards stand for names that nobody has yet. Whoever takes the name gets
//! what was promised to it.

use crate::base::{Name, Truth};
use crate::findings::context::Holding;
use crate::findings::reference::{NHI1, NHI5, PR_AA_01, PR_AA_05};
use crate::findings::subjects::{PREFIX, Reach, Value, WebStatement};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, Lookup};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-009",
    slug: "claim-dangling-or-wildcard-identity",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::needs![ServiceAccounts, Namespaces, Cluster, Iam],
    references: &[NHI1, NHI5, PR_AA_01, PR_AA_05],
    check,
};

/// A name of a service account that nobody has.
const NEW: &str = "rw-probe-9c1e";

/// An account that could be created, and the role that comes with it.
struct Claim {
    account: EntityKey,
    role: Name,
    /// Where the name comes from.
    by: String,
    certainty: Truth,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::SaCreate]) {
        let cluster = holding.cluster;
        let makes_namespaces = context.namespace_creators(cluster).contains(holding.subject);
        let open = |namespace: &str| {
            let covered = holding.powers.iter().any(|it| it.certainty.is_yes() && it.scope.covers(namespace));
            covered && (exists(cluster, namespace) || makes_namespaces && cluster.namespaces.is_complete())
        };
        let mut claims: Vec<Claim> = Vec::new();
        for account in context.accounts_of(cluster).iter().filter(|it| it.exists.is_no() && open(&it.key.namespace)) {
            let by_trust = account.trusted.iter().map(|(role, truth)| (role, *truth, "the trust names it"));
            let by_association = account.association.iter().map(|it| (&it.role, it.works, "an association names it"));
            claims.extend(by_trust.chain(by_association).map(|(role, certainty, by)| Claim {
                account: account.key.clone(),
                role: role.clone(),
                by: by.into(),
                certainty,
            }));
        }
        for statement in context.web_statements().iter().filter(|it| it.cluster.label == cluster.label) {
            for value in statement.values() {
                claims.extend(by_wildcard(context, &holding, statement, &value, &open));
            }
        }
        claims.sort_by(|a, b| b.certainty.cmp(&a.certainty).then_with(|| (&a.role, &a.account).cmp(&(&b.role, &b.account))));
        claims.dedup_by(|a, b| (&a.role, &a.account) == (&b.role, &b.account));
        let Some(best) = claims.first() else { continue };
        let message = format!(
            "{} may create service account {}/{}, and with it become {}",
            granted::who(holding.subject),
            best.account.namespace,
            best.account.name,
            best.role
        );
        let shown: Vec<String> =
            claims.iter().take(5).map(|it| format!("{} by {} ({})", it.role, it.account, it.by)).collect();
        let rest = claims.len().saturating_sub(shown.len());
        let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        granted::report(out, &holding, Severity::High, message)
            .also_all(EntityKey::role(&best.role))
            .evidence(&holding.key, "accounts to create", shown.join("; ") + &rest)
            .certain_if(best.certainty.is_yes())
            .impact("a service account of that name and a pod for it are the role")
            .fixes([fix::by_hand(format!("name service accounts that exist in the trust policy of {}", best.role))])
            .fixes(granted::take_away(&holding, "create on serviceaccounts"));
    }
}

fn exists(cluster: &ClusterFacts, namespace: &str) -> bool {
    let items = cluster.namespaces.items();
    items.binary_search_by(|it| it.meta.name.as_str().cmp(namespace)).is_ok()
}

/// A free name that a wildcard admits, in some namespace that is open to the subject.
fn by_wildcard(
    context: &Context<'_>,
    holding: &Holding<'_>,
    statement: &WebStatement,
    value: &Value,
    open: &dyn Fn(&str) -> bool,
) -> Option<Claim> {
    let cluster = holding.cluster;
    let claim = |namespace: &Name, name: &Name| {
        if !matches!(cluster.service_account(namespace, name), Lookup::Absent) {
            return None;
        }
        let certainty = statement.admits(context, &format!("{PREFIX}{namespace}:{name}"));
        (!certainty.is_no()).then(|| Claim {
            account: EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, name),
            role: statement.role.arn.clone(),
            by: format!("the trust says {}", value.text),
            certainty,
        })
    };
    // What stands after the last colon, with anything for a wildcard.
    let name = Name::from(value.text.rsplit(':').next().unwrap_or_default().replace('*', NEW).replace('?', "x"));
    match &value.reach {
        Reach::Namespace(namespace) | Reach::Part { namespace } => {
            open(namespace).then(|| claim(namespace, &name)).flatten()
        }
        Reach::Spans => {
            let here = cluster.namespaces.iter().map(|it| &it.meta.name).filter(|it| open(it));
            here.into_iter().find_map(|namespace| claim(namespace, &name))
        }
        Reach::Account { .. } | Reach::Cluster | Reach::Never => None,
    }
}
