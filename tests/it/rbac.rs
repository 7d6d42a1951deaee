//! Who may do what: cases by hand, a naive evaluator that every answer must agree with, and the command line.

mod cases;
mod command;
mod naive;
mod random;
mod screen;
mod usable;
mod worlds;

use rolewalk::base::Truth;
use rolewalk::graph::authorization::{self, Authorization, SubjectAnswer};
use rolewalk::model::Inventory;
use rolewalk::rbac::Request;
use rolewalk::testing::estate_text::estate;

/// What follows for the first cluster of an estate text.
fn authorization(text: &str) -> Authorization {
    first(&estate(text))
}

fn first(inventory: &Inventory) -> Authorization {
    authorization::of(inventory.clusters.values().next().expect("a cluster"))
}

/// `VERB RESOURCE [NAME] [-n NS]`
fn request(text: &str) -> Request {
    let (asked, namespace) = match text.split_once(" -n ") {
        Some((asked, namespace)) => (asked, Some(namespace)),
        None => (text, None),
    };
    let words: Vec<&str> = asked.split(' ').collect();
    Request::parse(words[0], words[1], words.get(2).copied(), namespace)
}

/// One line a subject other than system:masters: verdict, kind and name, where, names.
fn who(authorization: &Authorization, asked: &str) -> String {
    let rows = authorization.who_may(&request(asked));
    let lines: Vec<String> = rows.iter().map(line).filter(|it| !it.contains("Group system:masters")).collect();
    lines.join("\n")
}

fn line(row: &SubjectAnswer) -> String {
    let SubjectAnswer { subject, answer, scope } = row;
    let verdict = match answer.truth {
        Truth::Yes if answer.names.is_empty() => "allow",
        Truth::Yes => "cond",
        Truth::Unknown => "unk",
        Truth::No => "deny",
    };
    let scope: Vec<String> = scope.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = answer.names.iter().map(|it| it.as_str()).collect();
    format!("{verdict} {} {subject} in {} {}", subject.kind(), scope.join(","), names.join(",")).trim_end().to_owned()
}
