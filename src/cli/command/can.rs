//! `rolewalk can ADDRESS ACTION|LEVEL [RESOURCE]`: what one thing may do, action by action.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::explain;
use crate::analysis::verdict::Verdict;
use crate::analysis::who_can::{Grant, Question, can};
use crate::base::Name;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::{Kind as FailureKind, note};
use crate::cli::table::Column;
use crate::cli::{Outcome, output, source};
use crate::identity::documents::Documents;

use super::explain::{key_value, who};
use super::show;
use super::who_can::{marked, resource, what};

#[derive(Debug, ClapArgs)]
pub struct CanArgs {
    /// Who: a pod, container, workload, service account or role
    pub address: String,
    /// An action such as s3:PutObject, or an access level: list, read, write, tag, permissions
    #[arg(value_name = "ACTION|LEVEL")]
    pub what: String,
    /// On what: an ARN, the name of a bucket, or an address; without one, on any resource
    pub resource: Option<String>,
    /// A key of the request's context that is known, such as aws:SourceVpce=vpce-1
    #[arg(long = "context-key", value_name = "K=V", value_parser = key_value)]
    pub context_keys: Vec<(String, String)>,
    /// Show denied actions of a level on any resource, too
    #[arg(long)]
    pub denied: bool,
}

#[derive(Serialize)]
struct Asked {
    ask: &'static str,
    address: String,
    what: String,
    resource: Name,
    /// How many actions the level has for the resource, and how many of them are denied.
    actions: usize,
    denied: usize,
}

#[derive(Serialize)]
struct Record {
    principal: String,
    action: Name,
    verdict: &'static str,
    certain: bool,
    conditions: Vec<String>,
    on: Vec<Name>,
    except: Vec<Name>,
    unread: Vec<Name>,
}

type Col = Column<Record>;

const COLUMNS: &[Col] = &[
    Col::new("verdict", |it| marked(it.verdict, it.certain)),
    Col::new("action", |it| it.action.to_string()),
    Col::new("on", |it| it.on.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" ")),
    Col::new("conditions", |it| it.conditions.join("; ")),
    Col::new("principal", |it| it.principal.clone()).extra(),
];

pub fn run(args: &CanArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let what = what(&args.what)?;
    let estate = source::estate(data)?;
    let key = show::find(&estate, &args.address)?;
    let caller = who(&estate, &key)?;
    let resource = resource(&estate, args.resource.as_deref().unwrap_or_default())?;
    let documents = Documents::default();
    let session = explain::session(&estate.inventory, &documents, &caller);
    let question = Question { what, resource, given: args.context_keys.clone() };
    let grants = can(&estate.inventory, &documents, &session, &question);
    let count = |open: bool| -> usize {
        grants.iter().filter(|it| it.verdict.is_open() == open).map(|it| it.actions.len()).sum()
    };
    let (open, denied) = (count(true), count(false));
    let everything = args.resource.is_none() && open + denied > 1;
    let shown = grants.iter().filter(|it| it.verdict.is_open() || args.denied || !everything);
    let principal = caller.role_key.to_string();
    let mut records: Vec<Record> = shown.flat_map(|grant| records(&principal, &question, grant)).collect();
    records.sort_by(|a, b| a.action.cmp(&b.action));
    if everything && !args.denied && !output.quiet {
        note(&format!("{denied} of {} actions are denied and not shown; --denied shows them", open + denied));
    }
    let asked = Asked {
        ask: "can",
        address: key.to_string(),
        what: question.what.word().to_owned(),
        resource: question.resource.clone(),
        actions: open + denied,
        denied,
    };
    let ended = output::list(&estate, asked, COLUMNS, &records, output)?;
    match grants.as_slice() {
        [grant] if grant.actions.len() == 1 && grant.verdict == Verdict::Unk => {
            Ok(ExitCode::from(FailureKind::Unknown.code()))
        }
        _ if output.strict && grants.iter().any(|it| !it.certain) => Ok(ExitCode::from(FailureKind::Unknown.code())),
        _ => Ok(ended),
    }
}

fn records(principal: &str, question: &Question, grant: &Grant) -> Vec<Record> {
    let on = if grant.on.is_empty() { vec![question.resource.clone()] } else { grant.on.clone() };
    let record = |action: &Name| Record {
        principal: principal.to_owned(),
        action: action.clone(),
        verdict: grant.verdict.word(),
        certain: grant.certain,
        conditions: grant.conditions.clone(),
        on: on.clone(),
        except: grant.except.clone(),
        unread: grant.unread.clone(),
    };
    grant.actions.iter().map(record).collect()
}
