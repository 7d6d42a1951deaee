//! `rolewalk blast ADDRESS`: what falls if a thing falls, or who can become it (protocols.md section 7).

use std::io::{self, Write};

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::blast::{self, Blast, ENDLESS, Row, World, assumes, evidence_of, summary};
use crate::analysis::data::{self, Data, Touched};
use crate::analysis::picture::{Picture, certainty_word};
use crate::analysis::roles;
use crate::analysis::who_can::PolicyState;
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, Kind as FailureKind};
use crate::cli::table::Column;
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;
use crate::estate::who_can::roster;
use crate::graph::reach::Direction;
use crate::iam::access::Access;
use crate::model::{EntityKey, Kind};

use super::show::find;

#[derive(Debug, ClapArgs)]
pub struct BlastArgs {
    /// What falls: pod/NS/NAME, deployment/NS/NAME, node/NAME, namespace/NAME, sa/NS/NAME, role/NAME, group/NAME, ...
    pub address: String,
    /// Who can become it, instead of what falls with it
    #[arg(long)]
    pub backward: bool,
    /// Hops at most
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Question {
    ask: &'static str,
    address: String,
    direction: &'static str,
    depth: Option<usize>,
    assumes: &'static str,
}

/// One thing reached.
#[derive(Debug, Serialize)]
pub struct Record {
    pub address: String,
    pub hop: usize,
    pub from: String,
    pub edge: &'static str,
    /// `certain`, `unknown`
    pub certainty: &'static str,
    pub rule: &'static str,
    pub evidence: Vec<EvidenceRecord>,
    /// Of roles and data: services and levels; null where the role was not read.
    pub access: Option<Access>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EvidenceRecord {
    pub object: String,
    pub path: String,
    pub value: String,
}

const COLUMNS: &[Column<Record>] = &[
    Column::new("hop", |it| it.hop.to_string()),
    Column::new("address", |it| it.address.clone()),
    Column::new("edge", |it| it.edge.to_owned()),
    Column::new("from", |it| it.from.clone()),
    Column::new("certainty", |it| it.certainty.to_owned()),
    Column::new("access", |it| it.access.as_ref().map_or_else(|| "?".into(), ToString::to_string)),
    Column::new("rule", |it: &Record| it.rule.to_owned()).extra(),
    Column::new("evidence", |it: &Record| {
        let rows = it.evidence.iter().map(|it| format!("{} {} = {}", it.object, it.path, it.value));
        rows.collect::<Vec<_>>().join("; ")
    })
    .extra(),
];

/// The parts of an estate that questions about the graph need.
pub fn world(estate: &Estate) -> World<'_> {
    World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() }
}

pub fn run(args: &BlastArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let key = find(&estate, &args.address)?;
    let world = world(&estate);
    let direction = if args.backward { Direction::Backward } else { Direction::Forward };
    let Some(answer) = blast::blast(world, &key, direction, args.depth.unwrap_or(ENDLESS)) else {
        return Err(nothing(&estate, &key));
    };
    let rows = answer.rows(world);
    let data = match direction {
        Direction::Forward => data::data(&estate.inventory, roster(&estate), &key, &rows),
        Direction::Backward => Data::default(),
    };
    let mut out = output::open(output)?;
    match output.output {
        Format::Dot => out.write_all(Picture::of_blast(&key, &rows).dot().as_bytes())?,
        Format::Mermaid => out.write_all(Picture::of_blast(&key, &rows).mermaid().as_bytes())?,
        Format::Svg => out.write_all(Picture::of_blast(&key, &rows).svg().as_bytes())?,
        Format::Html => out.write_all(Picture::of_blast(&key, &rows).html().as_bytes())?,
        Format::Graphml => out.write_all(Picture::of_blast(&key, &rows).graphml().as_bytes())?,
        Format::Sarif => return Err(output::no_such_form(output.output)),
        Format::Table | Format::Json | Format::Ndjson | Format::Csv | Format::Md => {
            let records = records(world, &rows, &data, output.output != Format::Table);
            if output.output == Format::Table && !output.plain {
                head(&mut out, world, &answer, &rows, &data)?;
            }
            let question = Question {
                ask: "blast",
                address: key.to_string(),
                direction: if args.backward { "backward" } else { "forward" },
                depth: args.depth,
                assumes: assumes(&key, direction),
            };
            output::rows(&mut out, &estate, question, COLUMNS, &records, output)?;
        }
    }
    out.flush()?;
    drop(out);
    output::finish(&estate, output)
}

/// Why a thing has no radius.
pub fn nothing(estate: &Estate, key: &EntityKey) -> Failure {
    let held = "pods, workloads, nodes, namespaces, service accounts, roles, users, groups, clusters and accounts";
    if matches!(key.kind, Kind::Policy | Kind::Provider | Kind::Association | Kind::Finding) {
        return Failure::usage(format!("nothing can be held of `{key}`")).hint(format!("{held} can fall"));
    }
    let unread = estate.inventory.coverage.gaps().next().is_some();
    let kind = if unread { FailureKind::Unknown } else { FailureKind::Usage };
    Failure::new(kind, format!("the graph holds no foothold on `{key}`")).hint(format!("{held} can fall"))
}

/// Rows as they are written. Evidence costs a look at the facts and is left out of tables.
fn records(world: World<'_>, rows: &[Row], data: &Data, with_evidence: bool) -> Vec<Record> {
    let keys: Vec<EntityKey> = rows.iter().map(|it| it.key.clone()).filter(|it| it.kind == Kind::Role).collect();
    let mut access = roles::access(world.inventory, &keys).into_iter();
    let mut records: Vec<Record> = rows
        .iter()
        .map(|row| Record {
            address: row.key.to_string(),
            hop: row.hops,
            from: row.from.to_string(),
            edge: row.hop.kind.word(),
            certainty: certainty_word(row.certainty),
            rule: row.hop.kind.row().rule,
            evidence: if with_evidence {
                let found = evidence_of(world, row);
                found
                    .into_iter()
                    .map(|it| EvidenceRecord { object: it.object.to_string(), path: it.path, value: it.value })
                    .collect()
            } else {
                Vec::new()
            },
            access: if row.key.kind == Kind::Role { access.next().flatten() } else { Some(Access::default()) },
        })
        .collect();
    records.extend(data.resources.iter().map(|it| resource(it, with_evidence)));
    records.sort_by(|a, b| a.hop.cmp(&b.hop).then_with(|| a.address.cmp(&b.address)));
    records
}

/// A bucket, key or the like, behind the nearest role that may touch it.
fn resource(it: &Touched, with_evidence: bool) -> Record {
    let service = data::KINDS[it.kind].service;
    let from = it.from.to_string();
    let address = EntityKey::plain(Kind::Resource, &it.arn).to_string();
    let own =
        |value: &str| EvidenceRecord { object: address.clone(), path: "resource policy".into(), value: value.into() };
    let mut evidence = vec![EvidenceRecord {
        object: from.clone(),
        path: "identity policies".into(),
        value: format!("{service} {} on {}", it.grant.levels, it.arn),
    }];
    match it.policy {
        PolicyState::Read => evidence.push(own("read, and asked")),
        PolicyState::Unread => evidence.push(own("not read: it may refuse")),
        PolicyState::None => evidence.push(own("there is none")),
        PolicyState::NotAsked => {}
    }
    let services = [(service.into(), Some(it.grant.levels))].into();
    Record {
        address,
        hop: it.hops,
        from,
        edge: "access",
        certainty: if it.is_certain() { "certain" } else { "unknown" },
        rule: "",
        evidence: if with_evidence { evidence } else { Vec::new() },
        access: Some(Access { services, ..Access::default() }),
    }
}

fn head(out: &mut dyn Write, world: World<'_>, answer: &Blast, rows: &[Row], data: &Data) -> io::Result<()> {
    let summary = summary(world, rows, data);
    let direction = if answer.direction == Direction::Forward { "falls with it" } else { "can become it" };
    let mut line = |text: String| writeln!(out, "{}", clean(&text));
    line(answer.key.to_string())?;
    line(format!("  assumes {}", assumes(&answer.key, answer.direction)))?;
    let kinds = summary.kinds.iter().map(|(kind, (_, all))| format!("{all} {}", kind.word()));
    let kinds: Vec<String> = kinds.collect();
    let unknown = if summary.unknown > 0 { format!("; {} of it not certain", summary.unknown) } else { String::new() };
    line(format!("  {direction}: {}{unknown}", if kinds.is_empty() { "nothing".into() } else { kinds.join(", ") }))?;
    if answer.direction == Direction::Forward {
        let of = |it: &data::Count| {
            let every = if it.every { ", and any other" } else { "" };
            format!("{} of {} {}{every}", it.reached, it.known, data::KINDS[it.kind].word)
        };
        if !data.counts.is_empty() {
            line(format!("  data: {}", data.counts.iter().map(of).collect::<Vec<_>>().join("; ")))?;
        }
        let unread: usize = data.counts.iter().map(|it| it.unread).sum();
        if unread > 0 {
            line(format!("  not read: {unread} of their own policies, which may refuse or let in"))?;
        }
        let because: Vec<String> =
            summary.because.iter().take(4).map(|(points, text)| format!("{points} for {text}")).collect();
        let because = if because.is_empty() { String::new() } else { format!(": {}", because.join(", ")) };
        line(format!("  score {} of 100{because}", summary.score))?;
    }
    Ok(())
}
