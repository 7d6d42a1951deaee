//! The estate on the page: what it is made of, which identity each workload has, what was not read and not judged.

use std::collections::BTreeMap;

use crate::cli::args::SourceArgs;
use crate::cli::command::findings::record::FindingRecord;
use crate::cli::command::list::clusters;
use crate::cli::source::within;
use crate::estate::{Estate, Group};
use crate::findings::Severity;
use crate::findings::rules;
use crate::model::coverage::Gap;

use super::html::{Cell, Html, bounded};

/// Workloads that are shown; those whose identity is not in order come before the others.
const WORKLOADS: usize = 3000;
/// Namespaces above which their tables are closed at first.
const OPEN_GROUPS: usize = 12;
/// Sources, losses, and the needs of one rule.
const SOURCES: usize = 500;
const LOSSES: usize = 100;
const NEEDS: usize = 8;

/// Clusters, accounts, and how many findings of each severity.
pub fn summary(estate: &Estate, rows: &[FindingRecord]) -> Html {
    let mut html = Html::default();
    let of_clusters = clusters::rows(estate).into_iter().map(|it| {
        vec![
            Cell::Text(it.cluster.to_string()),
            Cell::Text(it.account.unwrap_or_else(|| "not read".to_owned())),
            Cell::Text(it.region.unwrap_or_default()),
            Cell::Text(it.version.map_or_else(String::new, |it| it.to_string())),
            Cell::Number(it.pods),
            Cell::Number(it.service_accounts),
            Cell::Number(it.nodes),
            Cell::Number(it.associations),
        ]
    });
    let heads = ["cluster", "account", "region", "version", "pods", "service accounts", "nodes", "associations"];
    html.table("Clusters", &heads, of_clusters);
    let accounts =
        estate.inventory.accounts.values().map(|it| {
            vec![Cell::Text(it.id.to_string()), Cell::Number(it.roles.len()), Cell::Number(it.policies.len())]
        });
    html.table("Accounts", &["account", "roles", "managed policies"], accounts);
    let by_severity = Severity::ALL.into_iter().map(|severity| {
        let of =
            |accepted: bool| rows.iter().filter(|it| it.worst == severity && it.accepted.is_some() == accepted).count();
        vec![Cell::Severity(severity.word()), Cell::Number(of(false)), Cell::Number(of(true))]
    });
    html.table("Findings by severity", &["severity", "open", "accepted"], by_severity);
    html
}

/// Which identity the pods of each workload have.
pub fn identities(estate: &Estate, data: &SourceArgs) -> Html {
    let mut html = Html::default();
    let groups = estate.groups.iter().filter(|it| within(data, &it.cluster, &it.namespace));
    let (mut rest, mut chosen): (Vec<&Group>, Vec<&Group>) = groups.partition(|it| is_in_order(it));
    let total = rest.len() + chosen.len();
    rest.truncate(WORKLOADS.saturating_sub(chosen.len()));
    chosen.truncate(WORKLOADS);
    chosen.append(&mut rest);
    let shown = chosen.len();
    let mut places: BTreeMap<(&str, &str), Vec<&Group>> = BTreeMap::new();
    for group in chosen {
        places.entry((&group.cluster, &group.namespace)).or_default().push(group);
    }
    let open: &[(&str, &str)] = if places.len() <= OPEN_GROUPS { &[("open", "")] } else { &[] };
    for ((cluster, namespace), mut groups) in places {
        groups.sort_by(|a, b| a.key.cmp(&b.key));
        html.element("details", open, |it| {
            let wrong = groups.iter().filter(|it| !is_in_order(it)).count();
            let wrong = if wrong > 0 { format!(", {wrong} not in order") } else { String::new() };
            it.element("summary", &[], |it| {
                it.text(&format!("{cluster} {namespace}: {} workloads{wrong}", groups.len()));
            });
            let heads = ["workload", "pods", "service account", "source", "role", "verdict", "why"];
            it.table(&format!("Identities in {namespace} of {cluster}"), &heads, groups.into_iter().map(identity));
        });
    }
    if shown == 0 {
        html.paragraph("No workload was read.");
    }
    if shown < total {
        html.aside(&format!(
            "{} workloads whose identity is in order are left out of this page. `rolewalk list identities -o csv` has them all.",
            total - shown
        ));
    }
    html
}

fn is_in_order(group: &Group) -> bool {
    use crate::identity::Verdict;
    matches!(group.identity.verdict, Verdict::Works | Verdict::None) && group.identity.drift.is_empty()
}

fn identity(group: &Group) -> Vec<Cell> {
    let identity = &group.identity;
    let certain = if identity.certain { "" } else { "?" };
    let mixed = if group.mixed { " (containers differ)" } else { "" };
    let workload = match group.key.kind.is_workload() {
        true => format!("{}/{}", group.key.kind.word(), group.key.name),
        false => group.key.to_string(),
    };
    vec![
        Cell::Code(workload),
        if group.predicted { Cell::Text("none yet".to_owned()) } else { Cell::Number(group.count()) },
        Cell::Code(group.service_account.to_string()),
        Cell::Text(identity.identity.source.word().to_owned()),
        Cell::Code(identity.identity.role.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)),
        Cell::Text(format!("{}{certain}{mixed}", identity.verdict.word())),
        Cell::Text(format!("{} ({})", bounded(&identity.why, 600), identity.rule)),
    ]
}

/// Rules that could not be judged everywhere.
pub fn not_evaluated(estate: &Estate) -> Html {
    let mut html = Html::default();
    let findings = estate.findings();
    html.paragraph(&format!(
        "{} rules ran; {} of them could not be judged everywhere. No finding of these says only that none was seen in what was read.",
        findings.rules,
        findings.not_evaluated.len()
    ));
    if findings.not_evaluated.is_empty() {
        return html;
    }
    let rows = findings.not_evaluated.iter().map(|it| {
        let needs: Vec<String> = it.needs.iter().take(NEEDS).map(ToString::to_string).collect();
        let more = it.needs.len().saturating_sub(NEEDS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let title = rules::find(it.rule.id).map_or("", |entry| entry.title());
        vec![
            Cell::Text(it.rule.id.to_owned()),
            Cell::Text(title.to_owned()),
            Cell::Code(format!("{}{more}", needs.join(", "))),
        ]
    });
    html.table("Rules not evaluated everywhere", &["rule", "what it looks for", "needs"], rows);
    html
}

/// Sources that were not read whole, and objects that were lost.
pub fn coverage(estate: &Estate) -> Html {
    let mut html = Html::default();
    let coverage = &estate.inventory.coverage;
    let gaps: Vec<Gap<'_>> = coverage.gaps().collect();
    if gaps.is_empty() {
        html.paragraph("Every source was read whole.");
        return html;
    }
    html.paragraph("What was not read is not known to be absent: it may change any answer that needs it.");
    let rows = gaps.iter().take(SOURCES).map(|gap| {
        vec![
            Cell::Code(gap.source.to_string()),
            Cell::Text(gap.report.status.word().to_owned()),
            Cell::Text(bounded(&gap.report.why, 500)),
            Cell::Code(gap.report.permission.clone().unwrap_or_default()),
        ]
    });
    html.table("Sources that were not read whole", &["source", "state", "why", "permission"], rows);
    let losses: Vec<String> =
        coverage.sources().flat_map(|(_, report)| report.losses.iter().map(|it| it.message())).collect();
    if !losses.is_empty() {
        let rows = losses.iter().take(LOSSES).map(|it| vec![Cell::Text(bounded(it, 500))]);
        html.table("Objects that could not be read", &["place and cause"], rows);
    }
    let left_out = gaps.len().saturating_sub(SOURCES) + losses.len().saturating_sub(LOSSES);
    if left_out > 0 {
        html.aside(&format!("{left_out} more are left out of this page. `rolewalk doctor -o json` has them all."));
    }
    html
}
