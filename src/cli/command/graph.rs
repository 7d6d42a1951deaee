//! `rolewalk graph [ADDRESS|QUERY]`: the access graph, or the neighbourhood of things, for programs that draw or store
//! graphs.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;

use crate::analysis::picture::Picture;
use crate::analysis::picture::table::Dialect;
use crate::analysis::query::{self, Field, Value};
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::failure::Failure;
use crate::cli::{Outcome, output, source};
use crate::estate::{Estate, Group};
use crate::model::EntityKey;

use super::blast::world;
use super::show::find;

#[derive(Debug, ClapArgs)]
pub struct GraphArgs {
    /// An address, or a query over the rows of the Explorer such as ns:payments; everything when left out
    pub what: Option<String>,
    /// For -o csv: whose bulk loader reads it
    #[arg(long, value_enum, default_value_t = DialectArg::Neo4j)]
    pub dialect: DialectArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectArg {
    Neo4j,
    Neptune,
}

#[derive(Debug, Serialize)]
struct Question<'a> {
    ask: &'static str,
    what: Option<&'a str>,
}

pub fn run(args: &GraphArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let world = world(&estate);
    let picture = match args.what.as_deref() {
        None => Picture::of_all(world),
        Some(what) => Picture::around(world, format!("around {what}"), &things(&estate, what)?),
    };
    if output.output == Format::Csv {
        return tables(&estate, args, output, &picture);
    }
    let mut out = output::open(output)?;
    let question = Question { ask: "graph", what: args.what.as_deref() };
    match output.output {
        Format::Mermaid => out.write_all(picture.mermaid().as_bytes())?,
        Format::Svg => out.write_all(picture.svg().as_bytes())?,
        Format::Html => out.write_all(picture.html().as_bytes())?,
        Format::Graphml => out.write_all(picture.graphml().as_bytes())?,
        Format::Json => output::json(&mut out, &estate, question, &picture.json())?,
        Format::Ndjson => output::ndjson(&mut out, &estate, question, &picture.json())?,
        Format::Md | Format::Sarif => return Err(output::no_such_form(output.output)),
        Format::Table | Format::Dot | Format::Csv => out.write_all(picture.dot().as_bytes())?,
    }
    out.flush()?;
    drop(out);
    output::finish(&estate, output)
}

/// An address with a slash behind a kind names one thing; anything else is a query.
fn things(estate: &Estate, what: &str) -> Result<Vec<EntityKey>, Failure> {
    let address = what.starts_with("arn:")
        || what.split_once('/').is_some_and(|(word, _)| crate::model::Kind::from_word(word).is_some());
    if address {
        return Ok(vec![find(estate, what)?]);
    }
    let query = query::parse(what).map_err(|error| Failure::usage(format!("`{what}` is no query: {error}")))?;
    let matching = estate.groups.iter().filter(|group| query.matches(&GroupRow(group), KNOWN));
    let keys: Vec<EntityKey> = matching.map(|group| group.key.clone()).collect();
    if keys.is_empty() {
        return Err(Failure::usage(format!("nothing matches `{what}`")));
    }
    Ok(keys)
}

/// A row of the Explorer as the query language sees it.
struct GroupRow<'a>(&'a Group);

/// Fields that it has.
const KNOWN: &[Field] = &[Field::Ns, Field::Workload, Field::Sa, Field::Role];

impl query::Row for GroupRow<'_> {
    fn names(&self, out: &mut dyn FnMut(&str)) {
        out(&self.0.name);
        out(&self.0.namespace);
        out(&self.0.service_account);
    }

    fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
        match field {
            Field::Ns => out(Value::Text(&self.0.namespace)),
            Field::Workload => out(Value::Text(&self.0.name)),
            Field::Sa => out(Value::Text(&self.0.service_account)),
            Field::Role => {
                if let Some(role) = self.0.identity.identity.role.as_deref() {
                    out(Value::Text(role.rsplit('/').next().unwrap_or(role)));
                }
            }
            _ => {}
        }
    }
}

/// Two files: with `--to NAME.csv` they are NAME-nodes.csv and NAME-edges.csv; on stdout a blank line parts them.
fn tables(estate: &Estate, args: &GraphArgs, output: &OutputArgs, picture: &Picture) -> Outcome {
    let dialect = match args.dialect {
        DialectArg::Neo4j => Dialect::Neo4j,
        DialectArg::Neptune => Dialect::Neptune,
    };
    let (nodes, edges) = (picture.node_table(dialect), picture.edge_table(dialect));
    match &output.to {
        Some(path) => {
            write(&beside(path, "nodes"), &nodes)?;
            write(&beside(path, "edges"), &edges)?;
        }
        None => {
            let mut out = output::open(output)?;
            out.write_all(nodes.as_bytes())?;
            out.write_all(b"\n")?;
            out.write_all(edges.as_bytes())?;
            out.flush()?;
        }
    }
    output::finish(estate, output)
}

fn beside(path: &Path, part: &str) -> PathBuf {
    let stem = path.file_stem().map_or_else(|| "graph".into(), |it| it.to_string_lossy().into_owned());
    path.with_file_name(format!("{stem}-{part}.csv"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::usage(format!("cannot write `{}`: {error}", path.display())))
}
