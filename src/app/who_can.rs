//! The Who-can screen: who can do something on a resource, by which way, and because of what.
//!
//! [`WhoCanView`] holds an answer of [`crate::analysis::who_can`], found off the UI thread; [`WhoCanView::lines`] says
//! which of its rows the switches leave; `words` tells about one row, [`complete`] what can be asked.

pub mod complete;
mod words;

use crate::analysis::verdict::Verdict;
use crate::analysis::who_can::{Answer, Question, Row, RowKind};
use crate::base::Name;
use crate::estate::{Estate, who_can};
use crate::model::{EntityKey, Kind};

use super::header::plural;
use super::place::Scope;
use super::text::{Line, Tone};

pub(super) use words::detail;

/// Which kinds of rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    pub pods: bool,
    pub roles: bool,
    pub people: bool,
    pub others: bool,
    pub conditional: bool,
    pub denied: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches { pods: true, roles: true, people: false, others: true, conditional: true, denied: false }
    }
}

/// One switch by its place in the line of switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    Pods,
    Roles,
    People,
    Others,
    Conditional,
    Denied,
}

impl Switch {
    /// With the key in the menu and the label.
    pub const ALL: [(Switch, &'static str, &'static str); 6] = [
        (Switch::Pods, "p", "pods"),
        (Switch::Roles, "r", "roles"),
        (Switch::People, "u", "people"),
        (Switch::Others, "o", "other accounts"),
        (Switch::Conditional, "c", "conditional"),
        (Switch::Denied, "d", "denied"),
    ];
}

impl Switches {
    pub fn is_on(&self, switch: Switch) -> bool {
        match switch {
            Switch::Pods => self.pods,
            Switch::Roles => self.roles,
            Switch::People => self.people,
            Switch::Others => self.others,
            Switch::Conditional => self.conditional,
            Switch::Denied => self.denied,
        }
    }

    pub fn toggle(&mut self, switch: Switch) {
        let place = match switch {
            Switch::Pods => &mut self.pods,
            Switch::Roles => &mut self.roles,
            Switch::People => &mut self.people,
            Switch::Others => &mut self.others,
            Switch::Conditional => &mut self.conditional,
            Switch::Denied => &mut self.denied,
        };
        *place = !*place;
    }

    fn show(&self, row: &Row, scope: &Scope) -> bool {
        let kind = match row.kind {
            RowKind::Workload => self.pods && in_scope(row, scope),
            RowKind::Role => self.roles,
            RowKind::Person => self.people,
            RowKind::Outside => self.others,
        };
        kind && (self.conditional || row.verdict != Verdict::Cond)
    }
}

fn in_scope(row: &Row, scope: &Scope) -> bool {
    let Some(key) = &row.key else { return true };
    scope.cluster.as_ref().is_none_or(|it| *it == key.scope)
        && scope.namespace.as_ref().is_none_or(|it| key.namespace.is_empty() || *it == key.namespace)
}

/// A line of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoCanLine {
    /// A position in the rows of the answer.
    Row(usize),
    /// A position among those who are denied.
    Denied(usize),
    /// Above the rows that need one more step.
    MoreSteps,
}

/// An answer on the screen.
#[derive(Debug)]
pub struct WhoCanView {
    pub question: Question,
    pub answer: Answer,
}

impl WhoCanView {
    /// Asks. Cost: some milliseconds; the first question of an estate also parses every document.
    pub fn build(estate: &Estate, question: Question) -> WhoCanView {
        let answer = who_can::ask(estate, &question);
        WhoCanView { question, answer }
    }

    pub fn row(&self, line: WhoCanLine) -> Option<&Row> {
        match line {
            WhoCanLine::Row(at) => self.answer.rows.get(at),
            WhoCanLine::Denied(at) => self.answer.denied.get(at),
            WhoCanLine::MoreSteps => None,
        }
    }

    /// What the switches leave, those that need no further step first. Cost: the number of rows.
    pub fn lines(&self, switches: &Switches, scope: &Scope) -> Vec<WhoCanLine> {
        let rows = || self.answer.rows.iter().enumerate().filter(|(_, row)| switches.show(row, scope));
        let mut lines: Vec<WhoCanLine> =
            rows().filter(|(_, row)| row.steps_more == 0).map(|(at, _)| WhoCanLine::Row(at)).collect();
        let more: Vec<WhoCanLine> =
            rows().filter(|(_, row)| row.steps_more > 0).map(|(at, _)| WhoCanLine::Row(at)).collect();
        if !more.is_empty() {
            lines.push(WhoCanLine::MoreSteps);
            lines.extend(more);
        }
        if switches.denied {
            lines.extend((0..self.answer.denied.len()).map(WhoCanLine::Denied));
        }
        lines
    }

    /// `acme-invoices`: the last part of what was asked about.
    pub fn short_resource(&self) -> &str {
        short(&self.question.resource)
    }

    /// Question, switches and answer, as the upper box shows them.
    pub fn head(&self, switches: &Switches, shown: &[WhoCanLine]) -> [Line; 3] {
        let answer = &self.answer;
        let on: Vec<&str> = answer.on.iter().map(|it| it.as_str()).collect();
        let what = self.question.what.word();
        let access = match answer.actions.len() {
            1 => answer.actions[0].to_string(),
            count => format!("{what} ({count} actions)"),
        };
        let question = Line::dim("resource  ")
            .with(inside(&on), Tone::Strong)
            .with("   access  ", Tone::Dim)
            .with(access, Tone::Strong);
        let mut show = Line::dim("show      ");
        for (switch, _, label) in Switch::ALL {
            let mark = if switches.is_on(switch) { "[x]" } else { "[ ]" };
            show = show.with(format!("{label} {mark}  "), Tone::Plain);
        }
        [question, show, Line::dim("answer    ").with(self.summary(shown), Tone::Strong)]
    }

    /// `4 workloads (19 pods) · 1 outside account · 2 unknown`, and what the switches hide.
    fn summary(&self, shown: &[WhoCanLine]) -> String {
        let rows = &self.answer.rows;
        if rows.is_empty() {
            return self.nobody();
        }
        let mut parts = Vec::new();
        let mut workloads: Vec<(&EntityKey, u32)> = rows
            .iter()
            .filter(|row| row.kind == RowKind::Workload && row.verdict != Verdict::Unk && row.steps_more == 0)
            .filter_map(|row| Some((row.key.as_ref()?, row.pods)))
            .collect();
        workloads.sort_unstable();
        workloads.dedup_by_key(|it| it.0);
        if !workloads.is_empty() {
            let pods = workloads.iter().map(|it| it.1 as usize).sum();
            parts.push(format!("{} ({})", plural(workloads.len(), "workload"), plural(pods, "pod")));
        }
        let more = distinct(rows.iter().filter(|row| row.steps_more > 0 && row.verdict != Verdict::Unk));
        if more > 0 {
            parts.push(format!("{more} with one more step"));
        }
        for (kind, one, several) in [
            (RowKind::Role, "role by itself", "roles by themselves"),
            (RowKind::Person, "person", "people"),
            (RowKind::Outside, "outside", "outside"),
        ] {
            let now = |row: &&Row| row.kind == kind && row.verdict != Verdict::Unk && row.steps_more == 0;
            let count = distinct(rows.iter().filter(now));
            if count > 0 {
                parts.push(format!("{count} {}", if count == 1 { one } else { several }));
            }
        }
        let unknown = distinct(rows.iter().filter(|row| row.verdict == Verdict::Unk));
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        let visible = shown.iter().filter(|it| matches!(it, WhoCanLine::Row(_))).count();
        if visible < rows.len() {
            parts.push(format!("{} not shown (f)", plural(rows.len() - visible, "row")));
        }
        parts.join(" · ")
    }

    /// `No workload can write acme-invoices. Looked at 38 roles, 2 users and the policy of the resource.`
    pub fn nobody(&self) -> String {
        let (what, answer) = (self.question.what.word(), &self.answer);
        if answer.actions.is_empty() {
            return format!("No {what} action of the catalogue takes {}.", self.question.resource);
        }
        format!("No workload can {what} {}. Looked at {}.", self.short_resource(), answer.looked_at())
    }
}

fn distinct<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    let mut names: Vec<&Name> = rows.map(|row| &row.address).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// A resource and what is inside it, once.
fn inside(on: &[&str]) -> String {
    match on {
        [first, second] if second.strip_prefix(first).is_some() => format!("{first} and {}", &second[first.len()..]),
        all => all.join(", "),
    }
}

/// What stands behind the last colon; a bucket without the ARN around it.
fn short(resource: &str) -> &str {
    resource.rsplit(':').next().unwrap_or(resource)
}

/// The cells of a row: verdict, who, by which way, actions, because.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub verdict: String,
    pub tone: Tone,
    pub who: String,
    pub count: u32,
    /// Two cells for the source of credentials, or a dash.
    pub code: &'static str,
    pub via: String,
    pub actions: String,
    pub because: String,
}

/// What a row shows. `asked` is how many actions the question has.
pub fn cells(row: &Row, asked: usize) -> Cells {
    let mark = if row.certain || row.verdict == Verdict::Unk { "" } else { "?" };
    let tone = match row.verdict {
        Verdict::Allow => Tone::Good,
        Verdict::Deny => Tone::Bad,
        Verdict::Cond | Verdict::Unk => Tone::Unknown,
    };
    let role = row.role.as_deref().map_or("", |arn| arn.rsplit('/').next().unwrap_or(arn));
    let (code, via) = match (row.kind, row.via) {
        (_, way) if row.further.is_some() => ("→", further(row, way, role)),
        (RowKind::Workload, "irsa") => ("IR", role.to_owned()),
        (RowKind::Workload, "pod-identity") => ("PI", role.to_owned()),
        (RowKind::Workload, "node-role") => ("ND", role.to_owned()),
        (RowKind::Workload, "static-keys") => ("ST", "whose they are is not known".to_owned()),
        (RowKind::Workload, "profile") => ("PF", role.to_owned()),
        (RowKind::Workload, "unknown") => ("??", "not known".to_owned()),
        (RowKind::Workload, way) => ("→", format!("{way}: {role}")),
        (RowKind::Outside, _) => ("-", "resource policy".to_owned()),
        (RowKind::Role | RowKind::Person, _) => ("-", "by itself".to_owned()),
    };
    Cells {
        verdict: format!("{}{mark}", row.verdict.word().to_uppercase()),
        tone,
        who: who(row),
        count: row.pods,
        code,
        via,
        actions: actions(row, asked),
        because: because(row),
    }
}

/// `pod-create data/etl: etl-admin`
fn further(row: &Row, way: &str, role: &str) -> String {
    let Some(over) = row.further.as_ref().map(|it| &it.over).filter(|it| it.kind != Kind::Role) else {
        return format!("{way}: {role}");
    };
    match over.kind {
        // The domain of a node says nothing.
        Kind::Node => format!("{way} {}: {role}", over.name.split('.').next().unwrap_or_default()),
        _ if over.namespace.is_empty() => format!("{way} {}: {role}", over.name),
        _ => format!("{way} {}/{}: {role}", over.namespace, over.name),
    }
}

fn who(row: &Row) -> String {
    let Some(key) = &row.key else {
        return if row.address == "*" { "(everybody)".to_owned() } else { row.address.to_string() };
    };
    match (key.kind, row.kind) {
        (Kind::Role, _) => format!("role {}", key.name),
        (Kind::IamUser, _) => format!("user {}", key.name),
        (Kind::User | Kind::Group | Kind::ServiceAccount, _) => super::reach::label(key),
        (Kind::Resource, _) => match key.name.strip_suffix(":root").and_then(|it| it.rsplit(':').next()) {
            Some(account) => format!("(account {account})"),
            None => "(resource policy)".to_owned(),
        },
        _ if key.namespace.is_empty() => key.name.to_string(),
        _ => format!("{}/{}", key.namespace, key.name),
    }
}

/// `Put, Delete`: without the service, and `all 41` when nothing is left out.
fn actions(row: &Row, asked: usize) -> String {
    let all = &row.grant.actions;
    if row.verdict == Verdict::Deny || all.is_empty() {
        return "-".to_owned();
    }
    if all.len() == asked && asked > 1 {
        return format!("all {asked}");
    }
    all.iter().map(|it| it.split_once(':').map_or(it.as_str(), |(_, name)| name)).collect::<Vec<_>>().join(", ")
}

fn because(row: &Row) -> String {
    match row.verdict {
        Verdict::Cond => {
            // The key is what one looks for.
            let keys: Vec<&str> = row
                .grant
                .conditions
                .iter()
                .filter_map(|it| it.trim_start_matches("unless ").split(' ').nth(1))
                .map(|key| key.rsplit(':').next().unwrap_or(key))
                .collect();
            format!("if {}", keys.join(", "))
        }
        Verdict::Deny => "no statement".to_owned(),
        // What decides and cannot be read stands first among the conditions.
        Verdict::Unk => row.grant.conditions.first().map_or("a policy is unread", String::as_str).to_owned(),
        Verdict::Allow => match &row.grant.because {
            Some(it) => format!("{} st.{}", short(&it.policy), it.statement + 1),
            None => "allowed to all".to_owned(),
        },
    }
}

/// Positions of the columns of files.
pub const COLUMNS: [&str; 9] =
    ["verdict", "address", "pods", "via", "role", "actions", "conditions", "because", "steps_more"];

/// A row as text for files.
pub fn record(row: &Row) -> [String; 9] {
    let join = |list: &[Name]| list.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" ");
    let mark = if row.certain || row.verdict == Verdict::Unk { "" } else { "?" };
    [
        format!("{}{mark}", row.verdict.word()),
        row.address.to_string(),
        row.pods.to_string(),
        row.via.to_owned(),
        row.role.as_ref().map_or_else(String::new, ToString::to_string),
        join(&row.grant.actions),
        row.conditions().collect::<Vec<_>>().join("; "),
        because(row),
        row.steps_more.to_string(),
    ]
}
