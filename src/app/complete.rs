//! Completion and help of the command line.

use crate::model::Kind;

use super::App;
use super::command::{COMMANDS, Cmd};
use super::explain::complete::About;
use super::input::Purpose;
use super::list::ListKind;
use super::overlay::rank;
use super::theme::THEMES;
use super::who_can::complete as who_can;

/// Suggestions that are shown at once.
const SHOWN: usize = 8;

/// One suggestion: the whole input it stands for, and a note beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub text: String,
    pub note: String,
}

impl App {
    /// Suggestions for the open command line, best first.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let Some(input) = &self.input else { return Vec::new() };
        let text = input.line.before_cursor();
        match (input.purpose, &input.about) {
            (Purpose::Command, _) => {}
            (Purpose::Explain, Some(about)) => return about.suggestions("", text, SHOWN),
            (Purpose::WhoCan, _) => return who_can::suggestions(&self.resources, false, "", text, SHOWN),
            _ => return Vec::new(),
        }
        match text.split_once(' ') {
            None => rank(text, COMMANDS.iter().map(|spec| (spec.name, spec.help)))
                .into_iter()
                .take(SHOWN)
                .map(|at| {
                    let spec = &COMMANDS[at];
                    let end = if spec.argument.is_empty() { "" } else { " " };
                    let key = self.key_now(spec.cmd).map_or_else(String::new, |key| format!("{key}  "));
                    Suggestion { text: format!("{}{end}", spec.name), note: format!("{key}{}", spec.help) }
                })
                .collect(),
            Some((name, argument)) => {
                let Some(cmd) = Cmd::from_name(name) else { return Vec::new() };
                if cmd == Cmd::Explain
                    && let Some((thing, question)) = argument.split_once(' ')
                {
                    let about = self.resolve(thing).ok().and_then(|who| About::new(self.estate(), &who).ok());
                    return about
                        .map_or_else(Vec::new, |it| it.suggestions(&format!("{name} {thing} "), question, SHOWN));
                }
                if cmd == Cmd::WhoCan {
                    return who_can::suggestions(&self.resources, true, &format!("{name} "), argument, SHOWN);
                }
                if cmd == Cmd::Diff {
                    let stored = &self.diff.stored;
                    let named = stored.iter().map(|it| (it.name.as_str(), it.note.as_str()));
                    let suggestion = |at: usize| Suggestion {
                        text: format!("{name} {}", stored[at].name),
                        note: stored[at].note.clone(),
                    };
                    return rank(argument, named).into_iter().take(SHOWN).map(suggestion).collect();
                }
                if cmd == Cmd::Open {
                    let stored = &self.openable.snapshots;
                    let named = stored.iter().map(|it| (it.name.as_str(), it.note.as_str()));
                    let suggestion = |at: usize| Suggestion {
                        text: format!("{name} {}", stored[at].name),
                        note: stored[at].note.clone(),
                    };
                    return rank(argument, named).into_iter().take(SHOWN).map(suggestion).collect();
                }
                let values = self.values(cmd);
                rank(argument, values.iter().map(|value| (value.as_str(), "")))
                    .into_iter()
                    .take(SHOWN)
                    .map(|at| Suggestion { text: format!("{name} {}", values[at]), note: String::new() })
                    .collect()
            }
        }
    }

    /// Values that may stand behind a command. Cost: the number of things; the command line is not the way to a row.
    fn values(&self, cmd: Cmd) -> Vec<String> {
        let estate = self.estate();
        let roles = || {
            let accounts = estate.inventory.accounts.values();
            accounts.flat_map(|account| account.roles.iter().map(|role| format!("role/{}:{}", account.id, role.name)))
        };
        match cmd {
            Cmd::Theme => THEMES.iter().map(|name| (*name).to_owned()).collect(),
            Cmd::Namespace => {
                std::iter::once("all".to_owned()).chain(estate.namespaces().iter().map(ToString::to_string)).collect()
            }
            Cmd::Rbac => {
                let names = estate.namespaces().into_iter().map(|it| it.to_string());
                let subjects = estate.authorizations.values().flat_map(|it| {
                    it.subjects().map(|subject| subject.key(&it.cluster).to_string()).collect::<Vec<_>>()
                });
                std::iter::once("all".to_owned()).chain(names).chain(subjects).collect()
            }
            Cmd::Context => self.openable.contexts.clone(),
            Cmd::Export => ["csv", "json", "md"].map(str::to_owned).to_vec(),
            Cmd::Policy => roles().collect(),
            Cmd::Go | Cmd::UsedBy | Cmd::Explain | Cmd::FindingsOf => {
                let groups = estate.groups.iter().map(|group| group.key.to_string());
                let mut accounts: Vec<String> =
                    estate.groups.iter().map(|group| group.account_key().to_string()).collect();
                accounts.sort();
                accounts.dedup();
                let nodes = estate.inventory.clusters.iter().flat_map(|(label, cluster)| {
                    cluster.nodes.iter().map(move |node| format!("{}/{label}/{}", Kind::Node.word(), node.meta.name))
                });
                groups.chain(accounts).chain(roles()).chain(nodes).collect()
            }
            Cmd::CopyFix => {
                self.finding().map_or_else(Vec::new, |it| it.fix.iter().map(|fix| fix.tool.word().to_owned()).collect())
            }
            Cmd::Findings
            | Cmd::Pods
            | Cmd::ServiceAccounts
            | Cmd::Roles
            | Cmd::Nodes
            | Cmd::Associations
            | Cmd::Filter => crate::analysis::query::Field::ALL.iter().map(|row| format!("{}:", row.1)).collect(),
            _ => Vec::new(),
        }
    }

    /// What the command being typed does and takes.
    pub(super) fn command_help(&self) -> String {
        let Some(input) = &self.input else { return String::new() };
        let name = input.line.text().split(' ').next().unwrap_or_default();
        match Cmd::from_name(name) {
            Some(cmd) => {
                let spec = cmd.spec();
                let key = self.key_now(cmd).map_or_else(String::new, |key| format!("   key {key}"));
                match (spec.ready)(self) {
                    Ok(()) => format!("{} {}   {}{key}", spec.name, spec.argument, spec.help),
                    Err(reason) => format!("{}: {reason}", spec.name),
                }
            }
            None => String::from("tab completes"),
        }
    }
}

/// The list that a command shows.
pub(super) fn list_of(cmd: Cmd) -> Option<ListKind> {
    Some(match cmd {
        Cmd::Pods => ListKind::Pods,
        Cmd::ServiceAccounts => ListKind::ServiceAccounts,
        Cmd::Roles => ListKind::Roles,
        Cmd::Nodes => ListKind::Nodes,
        Cmd::Associations => ListKind::Associations,
        _ => return None,
    })
}
