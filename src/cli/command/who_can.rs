//! `rolewalk who-can ACTION|LEVEL RESOURCE` (protocols.md section 7)

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::verdict::Verdict;
use crate::analysis::who_can::{Answer, PolicyState, Question, Row, RowKind, What};
use crate::base::Name;
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, Kind as FailureKind, note};
use crate::cli::table::Column;
use crate::cli::{Outcome, output, source};
use crate::estate::{Ambiguity, Estate, who_can};
use crate::model::arn::role_name;

use super::explain::key_value;
use super::show;

#[derive(Debug, ClapArgs)]
pub struct WhoCanArgs {
    /// An action such as s3:PutObject, or an access level: list, read, write, tag, permissions
    #[arg(value_name = "ACTION|LEVEL")]
    pub what: String,
    /// An ARN, the name of a bucket, or an address; with * for some resource under it
    pub resource: String,
    /// A key of the request's context that is known, such as aws:SourceVpce=vpce-1
    #[arg(long = "context-key", value_name = "K=V", value_parser = key_value)]
    pub context_keys: Vec<(String, String)>,
    /// Show those who cannot, too
    #[arg(long)]
    pub denied: bool,
    /// Exit with 1 when somebody can, or may; with 3 when only what was not read stands against it
    #[arg(long)]
    pub expect_none: bool,
}

#[derive(Serialize)]
struct Asked {
    ask: &'static str,
    /// The action or level.
    what: String,
    resource: Name,
    /// What was really asked: a bucket with its objects, for example.
    on: Vec<Name>,
    /// Every action that was asked.
    actions: Vec<Name>,
    roles: usize,
    users: usize,
    denied: usize,
    /// `read`, `none`, `unread`, or null when no single resource is asked about.
    resource_policy: Option<&'static str>,
    /// Documents and layers that were not read and could change the answer.
    unread: Vec<Name>,
}

#[derive(Serialize)]
struct Record {
    address: Name,
    role: Option<Name>,
    via: &'static str,
    actions: Vec<Name>,
    verdict: &'static str,
    certain: bool,
    conditions: Vec<String>,
    steps_more: u8,
    pods: u32,
    /// With one more step: what it gives first.
    over: Option<String>,
    /// With one more step: there are other ways, or other identities that can.
    others: bool,
    because: Option<Because>,
    unread: Vec<Name>,
    on: Vec<Name>,
    except: Vec<Name>,
}

#[derive(Serialize)]
struct Because {
    layer: &'static str,
    policy: Name,
    statement: usize,
    sid: Option<Name>,
}

impl Record {
    fn new(row: &Row) -> Record {
        let grant = &row.grant;
        Record {
            address: row.address.clone(),
            role: row.role.clone(),
            via: row.via,
            actions: grant.actions.clone(),
            verdict: row.verdict.word(),
            certain: row.certain,
            conditions: row.conditions().map(str::to_owned).collect(),
            steps_more: row.steps_more,
            pods: row.pods,
            over: row.further.as_ref().map(|it| it.over.to_string()),
            others: row.further.as_ref().is_some_and(|it| it.others),
            because: grant.because.as_ref().map(|it| Because {
                layer: it.layer.as_str(),
                policy: it.policy.clone(),
                statement: it.statement,
                sid: it.sid.clone(),
            }),
            unread: grant.unread.clone(),
            on: grant.on.clone(),
            except: grant.except.clone(),
        }
    }
}

type Col = Column<Record>;

const COLUMNS: &[Col] = &[
    Col::new("verdict", |it| marked(it.verdict, it.certain)),
    Col::new("address", |it| it.address.to_string()),
    Col::new("pods", |it| if it.pods == 0 { String::new() } else { it.pods.to_string() }),
    Col::new("via", |it| it.via.to_owned()),
    Col::new("over", |it| it.over.clone().unwrap_or_default()),
    Col::new("role", |it| it.role.as_ref().map_or_else(String::new, |arn| short_role(arn))),
    Col::new("actions", |it| shortened(&it.actions)),
    Col::new("because", because),
    Col::new("steps_more", |it| it.steps_more.to_string()),
    Col::new("conditions", |it| it.conditions.join("; ")).extra(),
    Col::new("certain", |it| it.certain.to_string()).extra(),
    Col::new("unread", |it| names(&it.unread)).extra(),
    Col::new("on", |it| names(&it.on)).extra(),
    Col::new("except", |it| names(&it.except)).extra(),
];

/// `ALLOW?`: a document that was not read could still change it.
pub fn marked(verdict: &str, certain: bool) -> String {
    format!("{}{}", verdict.to_uppercase(), if certain || verdict == "unk" { "" } else { "?" })
}

/// `111122223333:api`; an ARN that is no role's stays.
fn short_role(arn: &str) -> String {
    role_name(arn).map_or_else(|| arn.to_owned(), |(account, name)| format!("{account}:{name}"))
}

fn names(list: &[Name]) -> String {
    list.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" ")
}

/// The first few; all of them stand in the other formats.
fn shortened(actions: &[Name]) -> String {
    const SHOWN: usize = 3;
    let first = names(&actions[..actions.len().min(SHOWN)]);
    if actions.len() > SHOWN { format!("{first} +{}", actions.len() - SHOWN) } else { first }
}

fn because(record: &Record) -> String {
    if !record.conditions.is_empty() {
        let word = if record.verdict == "cond" { "if " } else { "" };
        return format!("{word}{}", record.conditions.join("; "));
    }
    match &record.because {
        Some(it) => format!("{} statement {}", it.policy, it.statement + 1),
        None if record.verdict == "deny" => "no statement allows it".to_owned(),
        None => String::new(),
    }
}

pub fn run(args: &WhoCanArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let what = what(&args.what)?;
    let estate = source::estate(data)?;
    let resource = resource(&estate, &args.resource)?;
    if matches!((&what, resource.as_str()), (What::Level(_), "*")) {
        return Err(Failure::usage("an access level needs a resource").hint("name an ARN or a bucket"));
    }
    let question = Question { what, resource, given: args.context_keys.clone() };
    let mut answer = who_can::ask(&estate, &question);
    answer.rows.retain(|row| in_scope(row, data));
    if answer.actions.is_empty() {
        let (what, resource) = (question.what.word(), &question.resource);
        return Err(Failure::usage(format!("no {what} action of the catalogue takes `{resource}`"))
            .hint("name an action instead of a level, or look at the ARN"));
    }
    let shown = answer.rows.iter().chain(answer.denied.iter().filter(|_| args.denied));
    let records: Vec<Record> = shown.map(Record::new).collect();
    let asked = asked(&answer);
    if !output.quiet && matches!(output.output, Format::Table | Format::Csv) {
        summary(&answer).iter().for_each(|line| note(line));
    }
    let ended = output::list(&estate, asked, COLUMNS, &records, output)?;
    if let Some(code) = conclude(args, &answer) {
        return Ok(code);
    }
    if output.strict && !answer.is_certain() {
        return Ok(ExitCode::from(FailureKind::Unknown.code()));
    }
    Ok(ended)
}

/// The flags for cluster and namespace narrow workloads; whoever lives in no cluster stays.
fn in_scope(row: &Row, data: &SourceArgs) -> bool {
    let Some(key) = row.key.as_ref().filter(|_| row.kind == RowKind::Workload) else { return true };
    data.cluster.as_ref().is_none_or(|it| key.scope == it.as_str())
        && data.namespace.as_ref().is_none_or(|it| key.namespace.is_empty() || key.namespace == it.as_str())
}

pub fn what(text: &str) -> Result<What, Failure> {
    What::parse(text).ok_or_else(|| {
        Failure::usage(format!("`{}` is neither an action nor an access level", clean(text))).hint(format!(
            "actions look like s3:PutObject; levels are {}",
            What::levels().collect::<Vec<_>>().join(", ")
        ))
    })
}

/// The ARN that the user means.
pub fn resource(estate: &Estate, text: &str) -> Result<Name, Failure> {
    who_can::resource(estate, text).map_err(|ambiguity| match ambiguity {
        Ambiguity::Malformed => Failure::usage(format!("`{}` is no resource", clean(text)))
            .hint("resources are ARNs, names of buckets, or addresses such as role/NAME"),
        other => show::ambiguous(text, other),
    })
}

fn asked(answer: &Answer) -> Asked {
    Asked {
        ask: "who-can",
        what: answer.question.what.word().to_owned(),
        resource: answer.question.resource.clone(),
        on: answer.on.clone(),
        actions: answer.actions.clone(),
        roles: answer.roles,
        users: answer.users,
        denied: answer.denied.len(),
        resource_policy: match answer.policy {
            PolicyState::NotAsked => None,
            PolicyState::None => Some("none"),
            PolicyState::Read => Some("read"),
            PolicyState::Unread => Some("unread"),
        },
        unread: answer.unread.clone(),
    }
}

/// What was looked at, and what was not: said beside a table.
fn summary(answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    if answer.verdict() == Verdict::Deny {
        let what = answer.question.what.word();
        lines.push(format!("nobody can {what} {}", answer.question.resource));
    }
    lines.push(format!("looked at {}", answer.looked_at()));
    if !answer.unread.is_empty() {
        lines.push(format!(
            "not read, and could change it: {}",
            answer.unread.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
    lines
}

/// Somebody who can beats what is unknown: nothing that was not read takes all of them away.
fn conclude(args: &WhoCanArgs, answer: &Answer) -> Option<ExitCode> {
    if !args.expect_none {
        return None;
    }
    let kind = match answer.verdict() {
        Verdict::Deny => return None,
        Verdict::Unk => FailureKind::Unknown,
        Verdict::Allow | Verdict::Cond => FailureKind::Condition,
    };
    Some(ExitCode::from(kind.code()))
}
