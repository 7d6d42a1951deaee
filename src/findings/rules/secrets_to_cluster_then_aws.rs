//! A subject may read Secrets that lead to AWS in two steps
//!
//! ## What it checks
//! Somebody outside the platform may read Secrets, or make and read them (R156, R157), where a lasting token of a service
//! account lies, or can be made, that itself may mint tokens, start pods or write workloads in a namespace with AWS roles;
//! or where a Secret holds AWS access keys. It weighs more where such a token lies there already and its account may mint
//! tokens or start pods. A token Secret by itself is no AWS credential (R51) and is not told here.
//!
//! ## Why it matters
//! The second step hides the first: who may read Secrets is granted lightly, and the token in one of them is a deployer.
//!
//! ## How to fix
//! Delete legacy token Secrets; name the Secrets that are meant in `resourceNames`, with `get` alone: `list` and `watch`
//! return contents, too.
//!
//! ## For newcomers
//! Clusters used to keep a password-like token for each service account in a Secret, for good. Newer ones hand out tokens
//! that expire; the old Secrets stay until somebody deletes them.

use crate::base::{Name, Truth};
use crate::findings::granted::Lead;
use crate::findings::reference::{CIS_4_1_2, NHI2, NHI7, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::graph::authorization::Subject;
use crate::model::facts::workload::KeyedObject;
use crate::model::{ClusterFacts, EntityKey, Kind as Thing};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-010",
    slug: "secrets-to-cluster-then-aws",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::needs![ServiceAccounts, Cluster, Iam, Secrets],
    references: &[NHI2, NHI7, PR_AA_05, CIS_4_1_2],
    check,
};

const TOKEN: &str = "kubernetes.io/service-account-token";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Something in a Secret that leads on.
struct Stored<'c> {
    namespace: &'c Name,
    secret: &'c Name,
    /// The account of a token and where it leads; `None` for access keys.
    lead: Option<&'c Lead<'c>>,
    /// The Secret is there; `Unknown` where only the account lists it.
    certainty: Truth,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let leads = granted::leads(context, false);
    let holdings = context.holdings(&[Power::SecretRead, Power::SecretMint]);
    for cluster in context.clusters() {
        let leads: Vec<&Lead<'_>> = leads.iter().filter(|it| it.cluster.label == cluster.label).collect();
        let stored = stored(cluster, &leads);
        for holding in holdings.iter().filter(|it| it.cluster.label == cluster.label) {
            let readable = |it: &&Stored<'_>| {
                it.lead.is_none_or(|lead| lead.subject != holding.subject)
                    && holding.powers.iter().any(|held| {
                        held.certainty.is_yes()
                            && held.scope.covers(it.namespace)
                            && held.names.as_ref().is_none_or(|names| names.contains(it.secret))
                    })
            };
            let mut found: Vec<&Stored<'_>> = stored.iter().filter(readable).collect();
            found.sort_by_key(|it| (std::cmp::Reverse(it.certainty), !is_strong(it)));
            let mints = |lead: &&&Lead<'_>| {
                lead.subject != holding.subject
                    && lead.subject.namespace().is_some_and(|namespace| {
                        holding.powers.iter().any(|held| {
                            held.power == Power::SecretMint && held.certainty.is_yes() && held.scope.covers(namespace)
                        })
                    })
            };
            let minted = leads.iter().find(mints).copied();
            let who = granted::who(holding.subject);
            let place = holding.place();
            let sure = found.first().filter(|it| it.certainty.is_yes());
            let (message, severity, lead) = match (sure.or(found.first()), minted) {
                (Some(it), minted) if it.certainty.is_yes() || minted.is_none() => {
                    let severity = if is_strong(it) { Severity::High } else { Severity::Medium };
                    let what = match it.lead {
                        Some(lead) => format!("a token of {}, which {}", lead.key, leads_to(lead)),
                        None => "AWS access keys".to_owned(),
                    };
                    (format!("{who} may read Secret {}/{}, which holds {what}", it.namespace, it.secret), severity, it.lead)
                }
                (_, Some(lead)) => (
                    format!("{who} may make a lasting token of {} {place}, which {}", lead.key, leads_to(lead)),
                    Severity::Medium,
                    Some(lead),
                ),
                (_, None) => continue,
            };
            let certain = minted.is_some() || sure.is_some();
            let report = granted::report(out, holding, severity, message);
            report
                .certain_if(certain)
                .also_all(lead.map(|it| it.key.clone()))
                .impact("acts as the service account of the token, and through it as an AWS role")
                .fixes(granted::take_away(holding, "the verbs on secrets"));
            for it in found.iter().take(5) {
                let namespace = EntityKey::scoped(Thing::Namespace, &cluster.label, it.namespace);
                let value = match it.lead {
                    Some(lead) => format!("token of {}, which {}", lead.key, leads_to(lead)),
                    None => "AWS access keys".to_owned(),
                };
                report.evidence(&namespace, format!("Secret {}", it.secret), value);
                if it.lead.is_some() {
                    report.fixes([fix::kubectl(format!(
                        "kubectl -n {} delete secret {}   # nothing should need a token that never expires",
                        fix::quoted(it.namespace),
                        fix::quoted(it.secret)
                    ))]);
                }
            }
            if found.len() > 5 {
                report.evidence(&holding.key, "Secrets", format!("{} in all", found.len()));
            }
            if let Some(lead) = minted {
                report.evidence(&lead.key, "token Secret that could be made", leads_to(lead));
            }
        }
    }
}

/// A legacy token of an account that may mint tokens or start pods.
fn is_strong(it: &Stored<'_>) -> bool {
    it.lead.is_some_and(|lead| matches!(lead.power, Power::TokenRequest | Power::PodCreate))
}

fn leads_to(lead: &Lead<'_>) -> String {
    format!("leads by {} to {}", lead.power, granted::strongest(&lead.best))
}

/// Tokens of accounts that lead on, and access keys.
fn stored<'c>(cluster: &'c ClusterFacts, leads: &[&'c Lead<'c>]) -> Vec<Stored<'c>> {
    let of = |namespace: &Name, name: &Name| {
        let subject = Subject::service_account(namespace, name);
        leads.binary_search_by(|it| it.subject.cmp(&subject)).ok().map(|at| leads[at])
    };
    let mut found = Vec::new();
    for secret in &cluster.secrets {
        let (namespace, name) = (&secret.meta.namespace, &secret.meta.name);
        let account = secret.meta.annotations.get(ACCOUNT).filter(|_| secret.secret_type == TOKEN);
        let lead = account.and_then(|account| of(namespace, account));
        if lead.is_some() || has_access_keys(secret) {
            found.push(Stored { namespace, secret: name, lead, certainty: Truth::Yes });
        }
    }
    // Where Secrets were not read, accounts still list the tokens that they were given.
    for account in cluster.service_accounts.iter().filter(|it| !it.secrets.is_empty() && !cluster.secrets.is_complete()) {
        let namespace = &account.meta.namespace;
        let Some(lead) = of(namespace, &account.meta.name) else { continue };
        let new = account.secrets.iter().filter(|name| !found.iter().any(|it: &Stored<'_>| it.secret == *name));
        let new: Vec<&Name> = new.collect();
        found.extend(new.into_iter().map(|secret| Stored { namespace, secret, lead: Some(lead), certainty: Truth::Unknown }));
    }
    found
}

/// Both halves of a key by the names that programs give them.
fn has_access_keys(secret: &KeyedObject) -> bool {
    let plain = |name: &Name| name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let keys: Vec<String> = secret.keys.iter().flatten().map(plain).collect();
    let has = |word: &str| keys.iter().any(|it| it.contains(word));
    has("accesskeyid") && has("secretaccesskey")
}
