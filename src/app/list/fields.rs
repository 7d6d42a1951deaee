//! What queries see of a row.

use jiff::Timestamp;

use crate::analysis::query::{Field, Row, Value, severity_rank};
use crate::estate::{Estate, Group};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Credential, Source};
use crate::model::{EntityKey, Lookup};

use super::{ListKind, ListRow, Marks};

/// Fields that a list knows.
pub(super) fn known(kind: ListKind) -> &'static [Field] {
    match kind {
        ListKind::Pods => &[
            Field::Ns,
            Field::Pod,
            Field::Workload,
            Field::Sa,
            Field::Role,
            Field::Node,
            Field::Mech,
            Field::Sev,
            Field::Rule,
            Field::Acct,
            Field::Label,
            Field::Image,
            Field::Status,
            Field::Seen,
            Field::Used,
            Field::Age,
            Field::Pods,
            Field::Verdict,
        ],
        ListKind::ServiceAccounts => &[Field::Ns, Field::Sa, Field::Mech, Field::Sev, Field::Pods],
        ListKind::Roles => &[Field::Role, Field::Acct, Field::Sev, Field::Used, Field::Pods],
        ListKind::Nodes => &[Field::Node, Field::Pods],
        ListKind::Associations => &[Field::Ns, Field::Sa, Field::Mech],
        ListKind::Findings => crate::findings::fields::FIELDS,
    }
}

/// What rows are looked up in.
pub(super) struct Context<'a> {
    estate: &'a Estate,
    kind: ListKind,
    now: Option<Timestamp>,
    shared: rustc_hash::FxHashMap<&'a str, usize>,
    marks: &'a Marks,
}

impl<'a> Context<'a> {
    pub fn new(estate: &'a Estate, kind: ListKind, marks: &'a Marks) -> Context<'a> {
        let mut shared: rustc_hash::FxHashMap<&str, usize> = rustc_hash::FxHashMap::default();
        let mut last = None;
        for group in estate.groups.iter().filter(|_| kind == ListKind::Pods) {
            if let Some(role) = &group.identity.identity.role {
                let who = (role, &group.cluster, &group.namespace, &group.service_account);
                if last != Some(who) {
                    *shared.entry(role.as_str()).or_default() += 1;
                }
                last = Some(who);
            }
        }
        Context { estate, kind, now: estate.data_time(), shared, marks }
    }

    pub fn row(&'a self, row: &'a ListRow) -> FieldRow<'a> {
        let group = row.group.filter(|_| self.kind == ListKind::Pods).map(|at| &self.estate.groups[at as usize]);
        FieldRow { context: self, row, group }
    }

    fn seconds_since(&self, time: Option<Timestamp>) -> Option<i64> {
        Some(self.now?.as_second() - time?.as_second())
    }
}

/// One row with its group, if it has one.
pub(super) struct FieldRow<'a> {
    context: &'a Context<'a>,
    row: &'a ListRow,
    group: Option<&'a Group>,
}

/// `same` when pods carry what is declared, `differs`, `none` when nothing is declared, `unknown`.
pub(in crate::app) fn seen(declared: Option<&Credential>, carried: &Credential) -> &'static str {
    match (declared, carried.source) {
        (_, Source::Unknown) => "unknown",
        (None, _) => "none",
        (Some(declared), _) if declared.source == Source::Unknown => "unknown",
        (Some(declared), _) if declared == carried => "same",
        (Some(_), _) => "differs",
    }
}

impl FieldRow<'_> {
    fn members<'b>(&'b self, group: &'b Group) -> impl Iterator<Item = &'b PodIdentity> {
        group.members.iter().map(|at| &self.context.estate.pods[*at as usize])
    }

    fn of_group(&self, group: &Group, field: Field, out: &mut dyn FnMut(Value<'_>)) {
        let mut text = |value: &str| {
            if !value.is_empty() {
                out(Value::Text(value));
            }
        };
        let identity = &group.identity;
        match field {
            Field::Pod => self.members(group).filter_map(|it| it.pod.as_ref()).for_each(|it| text(&it.meta.name)),
            Field::Workload => {
                text(&group.name);
                text(&group.owner.label(&group.name));
            }
            Field::Sa => text(&group.service_account),
            Field::Role => {
                if let Some(arn) = &identity.identity.role {
                    text(arn);
                    text(arn.rsplit('/').next().unwrap_or(arn));
                }
            }
            Field::Node => {
                let mut last = "";
                for pod in self.members(group).filter_map(|it| it.pod.as_ref()) {
                    if pod.node.as_str() != last {
                        text(&pod.node);
                    }
                    last = &pod.node;
                }
            }
            Field::Mech => {
                text(identity.identity.source.code());
                text(identity.identity.source.word());
            }
            Field::Rule => {
                let estate = self.context.estate;
                let all = estate.found_already().map(|(findings, _)| &findings.all);
                for mark in self.context.marks.of(estate, &group.key) {
                    text(mark.slug);
                    let finding = mark.finding.and_then(|at| all?.get(at as usize));
                    finding.into_iter().for_each(|it| text(it.rule.id));
                }
            }
            Field::Acct => {
                if let Some(role) = identity.identity.role.as_deref().and_then(EntityKey::role) {
                    text(&role.scope);
                    let cluster = self.context.estate.cluster(&group.cluster);
                    let arn = cluster.and_then(|it| it.description()).map(|it| &it.arn);
                    let own = arn.and_then(|arn| crate::model::Arn::parse(arn)).map(|arn| arn.account);
                    if own.is_some_and(|own| own != role.scope.as_str()) {
                        text("other");
                    }
                    if self
                        .context
                        .shared
                        .get(identity.identity.role.as_deref().unwrap_or(""))
                        .is_some_and(|it| *it > 1)
                    {
                        text("shared");
                    }
                }
            }
            Field::Label => {
                if let Some(pod) = self.members(group).find_map(|it| it.pod.as_ref()) {
                    for (key, value) in pod.meta.labels.iter() {
                        text(key);
                        text(&format!("{key}={value}"));
                    }
                }
            }
            Field::Image => {
                if let Some(entry) = self.members(group).next() {
                    entry.spec.containers.iter().for_each(|it| text(&it.image));
                }
            }
            Field::Status => {
                let mut last = "";
                for pod in self.members(group).filter_map(|it| it.pod.as_ref()) {
                    if pod.phase.word() != last {
                        text(pod.phase.word());
                    }
                    last = pod.phase.word();
                }
            }
            Field::Seen => text(seen(identity.declared.as_ref(), &identity.identity)),
            Field::Verdict => text(identity.verdict.word()),
            Field::Age => {
                let created = self.members(group).filter_map(|it| it.pod.as_ref()?.meta.created).max();
                if let Some(age) = self.context.seconds_since(created) {
                    out(Value::Number(age));
                }
            }
            Field::Used => {
                let role = identity.identity.role.as_deref().and_then(EntityKey::role);
                if let Some(used) = role.and_then(|role| self.used(&role)) {
                    out(Value::Number(used));
                }
            }
            _ => {}
        }
    }

    fn used(&self, role: &EntityKey) -> Option<i64> {
        match self.context.estate.role(role) {
            Lookup::Found(role) => self.context.seconds_since(role.last_used.as_ref()?.at),
            Lookup::Absent | Lookup::Unknown => None,
        }
    }
}

impl Row for FieldRow<'_> {
    fn names(&self, out: &mut dyn FnMut(&str)) {
        let row = self.row;
        match self.context.kind {
            ListKind::Roles | ListKind::Nodes => out(&row.name),
            _ => out(&format!("{}/{}", row.section, row.name)),
        }
        if self.context.kind == ListKind::Associations {
            out(&row.key.name);
        }
        if let Some(group) = self.group {
            out(&group.service_account);
            if let Some(arn) = &group.identity.identity.role {
                out(arn.rsplit('/').next().unwrap_or(arn));
            }
            self.members(group).filter_map(|it| it.pod.as_ref()).for_each(|it| out(&it.meta.name));
        }
    }

    fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
        let row = self.row;
        match field {
            Field::Ns => out(Value::Text(&row.section)),
            Field::Pods => out(Value::Number(i64::try_from(row.count).unwrap_or(i64::MAX))),
            Field::Sev => {
                if let Some(rank) = row.worst.and_then(|worst| severity_rank(worst.word())) {
                    out(Value::Number(rank));
                }
            }
            _ => match (self.group, self.context.kind) {
                (Some(group), _) => self.of_group(group, field, out),
                (None, ListKind::ServiceAccounts | ListKind::Associations) => match field {
                    Field::Sa => out(Value::Text(&row.name)),
                    Field::Mech => out(Value::Text(row.code)),
                    _ => {}
                },
                (None, ListKind::Roles) => match field {
                    Field::Role => {
                        out(Value::Text(&row.name));
                        if let Lookup::Found(role) = self.context.estate.role(&row.key) {
                            out(Value::Text(&role.arn));
                        }
                    }
                    Field::Acct => out(Value::Text(&row.section)),
                    Field::Used => {
                        if let Some(used) = self.used(&row.key) {
                            out(Value::Number(used));
                        }
                    }
                    _ => {}
                },
                (None, ListKind::Nodes) => out(Value::Text(&row.name)),
                (None, ListKind::Pods | ListKind::Findings) => {}
            },
        }
    }
}
