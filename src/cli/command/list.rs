//! `rolewalk list WHAT [QUERY]`
//!
//! To add one more list: write `list/NAME.rs` with its record, its columns and `rows`, add a value to [`What`] and a
//! line to [`run`].

mod associations;
pub mod clusters;
pub mod identities;
mod nodes;
mod pods;
pub mod roles;
mod service_accounts;
mod sharing;
mod tokens;

use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;

use crate::analysis::query;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, note};
use crate::cli::table::{Column, Record};
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;

#[derive(Debug, ClapArgs)]
pub struct ListArgs {
    #[arg(value_enum)]
    pub what: What,
    /// Only rows that match, in the language of the filter line: `ns:payments !mech:pi`, `role:*admin*`
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    Pods,
    /// Service accounts
    #[value(alias = "serviceaccounts")]
    Sa,
    Roles,
    Nodes,
    Associations,
    /// Which identity each container gets
    Identities,
    Clusters,
    /// Roles that several service accounts sign with
    Sharing,
    /// Which identities sit on each node
    Tokens,
}

pub fn run(args: &ListArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let asked = Asked { estate: &estate, query: args.query.join(" "), data, output };
    match args.what {
        What::Pods => asked.answer("list pods", pods::COLUMNS, pods::rows(&estate)),
        What::Sa => asked.answer("list sa", service_accounts::COLUMNS, service_accounts::rows(&estate)),
        What::Roles => asked.answer("list roles", roles::COLUMNS, roles::rows(&estate)),
        What::Nodes => asked.answer("list nodes", nodes::COLUMNS, nodes::rows(&estate)),
        What::Associations => asked.answer("list associations", associations::COLUMNS, associations::rows(&estate)),
        What::Identities => asked.answer("list identities", identities::COLUMNS, identities::rows(&estate)),
        What::Clusters => asked.answer("list clusters", clusters::COLUMNS, clusters::rows(&estate)),
        What::Sharing => asked.answer("list sharing", sharing::COLUMNS, sharing::rows(&estate)),
        What::Tokens => asked.answer("list tokens", tokens::COLUMNS, tokens::rows(&estate)),
    }
}

/// What all lists share: the estate, the filter and the form of the answer.
struct Asked<'a> {
    estate: &'a Estate,
    query: String,
    data: &'a SourceArgs,
    output: &'a OutputArgs,
}

impl Asked<'_> {
    fn answer<T: Serialize>(&self, question: &str, columns: &[Column<T>], mut rows: Vec<T>) -> Outcome {
        let parsed =
            query::parse(&self.query).map_err(|error| Failure::usage(format!("the query does not parse: {error}")))?;
        let known: Vec<query::Field> = columns.iter().filter_map(|column| column.field).collect();
        for field in parsed.unused(&known) {
            note(&format!("`{}:` is not used in `{question}`", field.name()));
        }
        let (cluster, namespace) = (
            only(columns, "cluster", self.data.cluster.as_deref()),
            only(columns, "namespace", self.data.namespace.as_deref()),
        );
        rows.retain(|record| {
            cluster(record) && namespace(record) && parsed.matches(&Record { columns, record }, &known)
        });
        output::list(self.estate, question, columns, &rows, self.output)
    }
}

/// Whether a record is in the cluster or namespace of a flag; lists without that column are not narrowed by it.
fn only<'a, T>(columns: &'a [Column<T>], name: &str, wanted: Option<&'a str>) -> impl Fn(&T) -> bool + 'a {
    let column = columns.iter().find(|column| column.name == name);
    move |record| match (column, wanted) {
        (Some(column), Some(wanted)) => (column.cell)(record) == wanted,
        _ => true,
    }
}
