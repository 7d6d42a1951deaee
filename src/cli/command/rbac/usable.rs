//! `rolewalk rbac usable VERB RESOURCE [-n NS]`: service accounts with their AWS role that become usable through that
//! right, whoever holds it (protocols.md 7).

use serde::Serialize;

use crate::base::Name;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::note;
use crate::cli::table::Column;
use crate::cli::{Outcome, output};
use crate::estate::Estate;
use crate::graph::authorization::Authorization;
use crate::rbac::Power;

use super::{Question, RequestArgs, request, verdict};

#[derive(Debug, Serialize)]
pub struct UsableRecord {
    /// The service account.
    address: String,
    /// The role's ARN.
    role: Name,
    /// How the account comes to the role: `irsa`, `pod-identity`, `latent-trust`, or a way of `list identities`.
    via: &'static str,
    verdict: &'static str,
}

type Col = Column<UsableRecord>;

const COLUMNS: &[Col] = &[
    Col::new("address", |it| it.address.clone()),
    Col::new("role", |it| it.role.to_string()),
    Col::new("via", |it| it.via.to_owned()),
    Col::new("verdict", |it| it.verdict.to_owned()),
];

pub fn run(
    estate: &Estate,
    authorization: &Authorization,
    args: &RequestArgs,
    data: &SourceArgs,
    output: &OutputArgs,
) -> Outcome {
    let request = request(args, data, output)?;
    let (usable, powers) = match estate.holdings(&authorization.cluster) {
        Some(holdings) => holdings.through_request(&request),
        None => (Vec::new(), Vec::new()),
    };
    let mut rows: Vec<UsableRecord> = usable
        .into_iter()
        .map(|it| UsableRecord {
            address: it.account.to_string(),
            role: it.role,
            via: it.via,
            verdict: verdict(it.certainty, false),
        })
        .collect();
    rows.sort_by(|a, b| (&a.address, &a.role, a.via).cmp(&(&b.address, &b.role, b.via)));
    if !output.quiet && rows.is_empty() {
        let words: Vec<&str> = powers.iter().map(|power| Power::word(*power)).collect();
        note(&match words.is_empty() {
            true => format!("`{} {}` by itself leads to no other identity", request.verb, request.target),
            false => format!("no service account in reach has an AWS role that this leads to ({})", words.join(", ")),
        });
    }
    let question = Question::new("rbac usable", &authorization.cluster, &request);
    output::list(estate, question, COLUMNS, &rows, output)
}
