//! What roles and users can gain: each technique of iam-evaluation.md section 11 with a near miss, the rules for what is a
//! result, and the planted cases of the worlds.

mod properties;
mod rules;
mod techniques;
mod worlds;

use rolewalk::base::Truth;
use rolewalk::graph::escalation::{Gain, Gained, Gains, gains};
use rolewalk::model::{EntityKey, Inventory};
use rolewalk::testing::estate_text::estate;

/// The principal that cases are about.
const ROLE: &str = "role/111122223333:me";
const USER: &str = "iam-user/111122223333:me";

/// An estate from a few words: lines separated by `;`, of which `me` or `user me` is the principal. `<...>` holds rights:
/// `ACTION@RESOURCE?KEY=VALUE`, `-ACTION` for a Deny; without a resource `*`. Roles and users are meant by `role/NAME`.
fn world(text: &str) -> Inventory {
    let mut lines = vec!["cluster c1".to_owned()];
    if text.contains("cluster c1") {
        lines.clear();
    }
    for line in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let line = match line.strip_prefix("me ") {
            Some(rest) => format!("role me irsa=ns:app {rest}"),
            None => line.to_owned(),
        };
        lines.push(filled(&line));
    }
    estate(&lines.join("\n"))
}

/// A line with its rights written out as statements.
fn filled(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        let (rights, after) = after.split_once('>').expect("`>` after `<`");
        let statements: Vec<String> = rights.split_whitespace().map(statement).collect();
        out += before;
        out += &statements.join(",");
        rest = after;
    }
    out + rest
}

fn statement(right: &str) -> String {
    let (effect, right) = match right.strip_prefix('-') {
        Some(right) => ("Deny", right),
        None => ("Allow", right),
    };
    let (right, condition) = right.split_once('?').map_or((right, None), |(right, it)| (right, Some(it)));
    let (action, resource) = right.split_once('@').unwrap_or((right, "*"));
    let resource = match resource {
        "*" => "*".to_owned(),
        it if it.starts_with("arn:") => it.to_owned(),
        it => format!("arn:aws:iam::111122223333:{it}"),
    };
    let condition = condition.map_or(String::new(), |it| {
        let (key, value) = it.split_once('=').expect("KEY=VALUE");
        format!(r#","Condition":{{"StringLike":{{"{key}":"{value}"}}}}"#)
    });
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"{condition}}}"#)
}

fn key(address: &str) -> EntityKey {
    EntityKey::parse(address).unwrap_or_else(|| panic!("{address}"))
}

/// Gains of the numbered techniques of one principal as lines: number, certainty, what is gained.
fn lines(found: &Gains, principal: &str) -> Vec<String> {
    found.of(&key(principal)).iter().filter(|it| it.technique.is_escalation()).map(line).collect()
}

fn line(gain: &Gain) -> String {
    let certainty = if gain.certainty == Truth::Yes { "yes" } else { "maybe" };
    let on = if gain.keys.is_empty() { String::new() } else { format!(" if {}", gain.keys.join(",")) };
    let needs = if gain.needs.is_empty() { String::new() } else { format!(" needs {}", gain.needs.join(", ")) };
    format!("{} {certainty} {}{on}{needs}", gain.technique.number, what(&gain.to))
}

fn what(to: &Gained) -> String {
    let names = |it: &rolewalk::graph::escalation::Targets| {
        it.iter().map(|key| key.name.rsplit('/').next().unwrap_or_default().to_owned()).collect::<Vec<_>>().join("+")
    };
    match to {
        Gained::Account { through: None, .. } => "account".to_owned(),
        Gained::Account { through: Some(through), .. } => format!("account through {}", names(through)),
        Gained::Ceiling(of) => format!("ceiling of {}", names(of)),
        Gained::More => "more".to_owned(),
        Gained::Roles(roles) => format!("role {}", names(roles)),
        Gained::SomeRole { among, .. } => format!("one of {}", names(among)),
        Gained::Users(users) => format!("user {}", names(users)),
        Gained::UsersInService(users) => format!("in service {}", names(users)),
        Gained::Groups(groups) => format!("group {}", names(groups)),
        Gained::Nodes(nodes) => format!("node {}", names(nodes)),
        Gained::Cluster(cluster) => format!("cluster {cluster}"),
        Gained::Association { cluster, roles } => format!("association {cluster} {}", names(roles)),
        Gained::Organization => "organization".to_owned(),
        Gained::Data(kind) => format!("data {kind}"),
    }
}

/// The gains of `me`, role or user, in an estate.
fn of_me(text: &str) -> Vec<String> {
    let principal = if text.contains("user me") { USER } else { ROLE };
    lines(&gains(&world(text)), principal)
}
