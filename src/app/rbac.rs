//! The RBAC screen: powers in the scope or of one subject, who holds the chosen one, what it leads to, the raw rules.
//!
//! Built anew when the place changes; moving costs the chosen power's subjects and what its scope holds.

mod rules;
mod uses;

use crate::base::{Name, Truth};
use crate::estate::{Estate, Severity};
use crate::graph::authorization::{Authorization, HeldPower, Scope as GrantScope, Subject};
use crate::model::{EntityKey, Kind, Lookup};
use crate::rbac::Power;
use crate::rbac::power::Weight;

use super::place::Scope;
use super::text::{Line, Target, Tone};

/// Columns of the screen, for focus and zoom.
pub const COLUMNS: usize = 4;
pub const POWERS: usize = 0;
pub const SUBJECTS: usize = 1;
pub const USES: usize = 2;
pub const RULES: usize = 3;

/// Where the user is in the RBAC screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RbacPlace {
    /// Whose rights; `None`: everybody's in the scope.
    pub about: Option<Holder>,
    pub column: usize,
    /// `None`: the first row. Of one subject the first row stands for all its rights.
    pub power: Option<Power>,
    pub holder: Option<Holder>,
    /// What is chosen among what can be used.
    pub used: Option<Target>,
}

/// Everything that the screen hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RbacAsked {
    pub place: RbacPlace,
    pub scope: Scope,
    /// System objects too.
    pub system: bool,
    /// The address of the estate.
    pub estate: usize,
}

/// A subject of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    pub cluster: Name,
    pub subject: Subject,
}

impl Holder {
    pub fn key(&self) -> EntityKey {
        self.subject.key(&self.cluster)
    }
}

/// The screen, ready to be drawn.
#[derive(Debug, Default)]
pub struct RbacView {
    /// Lines of powers, subjects, uses and rules.
    pub panes: [Vec<Line>; COLUMNS],
    /// The chosen line of the first three.
    pub chosen: [Option<usize>; 3],
    /// Powers and holders behind the lines of the first two.
    pub powers: Vec<Option<Power>>,
    pub holders: Vec<Holder>,
    pub title: String,
    /// A question of the command line that shows the same.
    pub command: String,
}

/// Everything the view is built from.
struct Context<'a> {
    estate: &'a Estate,
    place: &'a RbacPlace,
    scope: &'a Scope,
    /// Subjects that belong to Kubernetes and EKS are shown too.
    system: bool,
}

/// One holder of the chosen power with everything it holds of it.
struct Held<'a> {
    holder: Holder,
    powers: Vec<&'a HeldPower>,
}

impl RbacView {
    /// Cost: the powers of the clusters in scope, and what the chosen one leads to.
    pub fn open(estate: &Estate, place: &RbacPlace, scope: &Scope, system: bool) -> RbacView {
        let context = Context { estate, place, scope, system };
        let mut view = RbacView { title: context.title(), ..RbacView::default() };
        context.powers(&mut view);
        let power = view.chosen[POWERS].and_then(|at| view.powers[at]);
        let held = context.holders(power, &mut view);
        let chosen = view.chosen[SUBJECTS].and_then(|at| held.get(at));
        view.panes[USES] = uses::lines(&context, power, chosen);
        let stops = view.panes[USES].iter().enumerate().filter(|(_, line)| line.target.is_some());
        let stops: Vec<(usize, Option<&Target>)> = stops.map(|(at, line)| (at, line.target.as_ref())).collect();
        let found = stops.iter().find(|(_, target)| *target == place.used.as_ref()).or(stops.first());
        view.chosen[USES] = found.map(|(at, _)| *at);
        view.panes[RULES] = rules::lines(&context, power, chosen);
        view.command = context.command(power);
        view
    }

    pub fn holder(&self) -> Option<&Holder> {
        self.holders.get(self.chosen[SUBJECTS]?)
    }

    pub fn power(&self) -> Option<Power> {
        self.powers.get(self.chosen[POWERS]?).copied().flatten()
    }

    pub fn used(&self) -> Option<&Target> {
        self.panes[USES].get(self.chosen[USES]?)?.target.as_ref()
    }

    /// The screen as text, for saving.
    pub fn text(&self) -> Vec<String> {
        let titles = ["POWERS", "SUBJECTS", "CAN USE", "RULES"];
        let panes = titles.iter().zip(&self.panes);
        panes
            .flat_map(|(title, lines)| std::iter::once((*title).to_owned()).chain(lines.iter().map(Line::text)))
            .collect()
    }
}

/// The severity that a power's weight is drawn with.
pub(super) fn severity(power: Power) -> Severity {
    match power.weight() {
        Weight::Total => Severity::Critical,
        Weight::Identity => Severity::High,
        Weight::Step => Severity::Medium,
        Weight::Note => Severity::Info,
    }
}

impl<'a> Context<'a> {
    fn title(&self) -> String {
        match &self.place.about {
            Some(holder) => format!("rights of {} {}", kind(&holder.subject), holder.subject),
            None => self.scope.label(),
        }
    }

    /// The clusters that are asked: with a namespace in scope those that have it.
    fn clusters(&self) -> impl Iterator<Item = &'a Authorization> {
        let namespace = self.scope.namespace.as_ref().filter(|_| self.place.about.is_none());
        let estate = self.estate;
        let has = move |label: &Name| match (namespace, estate.cluster(label)) {
            (Some(name), Some(cluster)) => {
                !cluster.namespaces.is_complete() || cluster.namespaces.iter().any(|it| it.meta.name == *name)
            }
            _ => true,
        };
        let wanted = match &self.place.about {
            Some(holder) => Some(&holder.cluster),
            None => self.scope.cluster.as_ref(),
        };
        let all = self.estate.authorizations.values().map(|it| &**it);
        all.filter(move |it| wanted.is_none_or(|label| it.cluster == *label) && has(&it.cluster))
    }

    fn shows(&self, held: &HeldPower) -> bool {
        let here = self.scope.namespace.as_ref().is_none_or(|name| held.scope.covers(name));
        here && (self.system || !is_system(&held.subject))
    }

    /// Powers held in the scope, or by the subject asked about.
    fn held(&self) -> Vec<(&'a Authorization, &'a HeldPower)> {
        match &self.place.about {
            Some(holder) => {
                self.clusters().flat_map(|it| it.powers_of(&holder.subject).map(move |held| (it, held))).collect()
            }
            None => {
                let all = self.clusters().flat_map(|it| it.powers.iter().map(move |held| (it, held)));
                all.filter(|(_, held)| self.shows(held)).collect()
            }
        }
    }

    fn powers(&self, view: &mut RbacView) {
        let held = self.held();
        let mut rows: Vec<(Power, Vec<Holder>, bool)> = Vec::new();
        for (authorization, held) in &held {
            let holder = Holder { cluster: authorization.cluster.clone(), subject: held.subject.clone() };
            let unsure = held.certainty == Truth::Unknown;
            match rows.iter_mut().find(|row| row.0 == held.power) {
                Some(row) => {
                    row.1.push(holder);
                    row.2 &= unsure;
                }
                None => rows.push((held.power, vec![holder], unsure)),
            }
        }
        rows.sort_by_key(|row| row.0);
        if let Some(holder) = &self.place.about {
            let grants: usize = self.clusters().map(|it| grants_of(it, &holder.subject).len()).sum();
            view.powers.push(None);
            view.panes[POWERS].push(
                Line::default()
                    .with("· ", Tone::Dim)
                    .with("all its rights", Tone::Strong)
                    .with(format!("  {grants}"), Tone::Dim),
            );
        }
        for (power, mut holders, unsure) in rows {
            holders.sort();
            holders.dedup();
            let severity = severity(power);
            let mark = if unsure { "?" } else { "" };
            let count = if self.place.about.is_some() { String::new() } else { format!("{:>3} ", holders.len()) };
            view.powers.push(Some(power));
            view.panes[POWERS].push(
                Line::default()
                    .with(format!("{} ", severity.letter()), Tone::Severity(severity))
                    .with(count, Tone::Dim)
                    .with(format!("{}{mark}", power.word()), Tone::Plain),
            );
        }
        let wanted = view.powers.iter().position(|it| *it == self.place.power);
        view.chosen[POWERS] = wanted.or((!view.powers.is_empty()).then_some(0));
        if view.powers.iter().all(Option::is_none) {
            view.panes[POWERS].extend(self.nobody());
        }
    }

    /// Why no power is listed, and what could change that.
    fn nobody(&self) -> Vec<Line> {
        let mut lines = match &self.place.about {
            Some(_) => vec![Line::dim("It holds no power that leads to another identity.")],
            None if self.estate.authorizations.is_empty() => vec![Line::plain("No cluster was read.")],
            None => {
                vec![Line::plain(format!(
                    "Nobody holds a power that leads to another identity in {}.",
                    self.scope.label()
                ))]
            }
        };
        let missing: Vec<String> = self.clusters().flat_map(|it| &it.missing).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let text = format!("Unknown, not no: {} not read whole (:sources)", missing.join(", "));
            lines.push(Line::default().with(text, Tone::Unknown));
        }
        lines
    }

    /// Who holds the chosen power; of one subject also the groups that it has it by.
    fn holders(&self, power: Option<Power>, view: &mut RbacView) -> Vec<Held<'a>> {
        let mut held: Vec<Held<'a>> = Vec::new();
        if let (None, Some(about)) = (power, &self.place.about) {
            // All rights: the subject itself and each group that gives it something.
            let subjects = std::iter::once(about.subject.clone()).chain(about.subject.implied());
            for subject in subjects {
                if self.clusters().any(|it| !it.grants_of(&subject).is_empty()) {
                    held.push(Held { holder: Holder { cluster: about.cluster.clone(), subject }, powers: Vec::new() });
                }
            }
        }
        for (authorization, one) in self.held().into_iter().filter(|(_, one)| Some(one.power) == power) {
            let holder = Holder { cluster: authorization.cluster.clone(), subject: one.subject.clone() };
            match held.iter_mut().find(|it| it.holder == holder) {
                Some(known) => known.powers.push(one),
                None => held.push(Held { holder, powers: vec![one] }),
            }
        }
        held.sort_by(|a, b| {
            a.holder.subject.cmp(&b.holder.subject).then_with(|| a.holder.cluster.cmp(&b.holder.cluster))
        });
        for one in &held {
            view.panes[SUBJECTS].push(self.holder_line(one));
            view.holders.push(one.holder.clone());
        }
        if held.is_empty() && self.place.about.is_some() {
            let missing = self.clusters().any(|it| !it.missing.is_empty());
            let text = "No binding, access entry or line of aws-auth names it, and its groups give it nothing.";
            view.panes[SUBJECTS].push(Line::plain(text));
            if missing {
                let text = "Not all of them were read, so this is unknown, not no (:sources).";
                view.panes[SUBJECTS].push(Line::default().with(text, Tone::Unknown));
            }
        }
        let wanted = view.holders.iter().position(|it| Some(it) == self.place.holder.as_ref());
        view.chosen[SUBJECTS] = wanted.or((!view.holders.is_empty()).then_some(0));
        held
    }

    /// `sa    ci/deployer  in ci  by edit`
    fn holder_line(&self, held: &Held<'_>) -> Line {
        let subject = &held.holder.subject;
        let name = match subject {
            Subject::Iam(arn) => arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            other => other.to_string(),
        };
        let unsure = !held.powers.is_empty() && held.powers.iter().all(|it| it.certainty == Truth::Unknown);
        let mut line = Line::default()
            .with(format!("{:<5} ", kind(subject)), Tone::Dim)
            .with(name, if unsure { Tone::Unknown } else { Tone::Plain });
        if unsure {
            line = line.with("?", Tone::Unknown);
        }
        if self.estate.authorizations.len() > 1 && self.place.about.is_none() && self.scope.cluster.is_none() {
            line = line.with(format!("  {}", held.holder.cluster), Tone::Dim);
        }
        let mut scopes: Vec<String> = held.powers.iter().map(|it| place(&it.scope)).collect();
        scopes.dedup();
        match scopes.as_slice() {
            [] => {}
            [one] => line = line.with(format!("  {one}"), Tone::Dim),
            [first, more @ ..] => line = line.with(format!("  {first} +{}", more.len()), Tone::Dim),
        }
        let names: Vec<&str> = held.powers.iter().flat_map(|it| it.names.iter().flatten()).map(Name::as_str).collect();
        if !names.is_empty() && held.powers.iter().all(|it| it.names.is_some()) {
            line = line.with(format!("  only {}", names.join(", ")), Tone::Dim);
        }
        line.to(Target::Thing(held.holder.key()))
    }

    /// The same question headless.
    fn command(&self, power: Option<Power>) -> String {
        let mut text = match (power, &self.place.about) {
            (Some(power), _) => {
                let need = &power.row().ways[0].needs[0];
                let verb = need.verbs[0];
                let resource = need.resources.first().copied().unwrap_or("*");
                let (base, sub) = resource.split_once('/').unwrap_or((resource, ""));
                let group = if need.group.is_empty() { String::new() } else { format!(".{}", need.group) };
                let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
                format!("rbac subjects {verb} {base}{group}{sub}")
            }
            (None, Some(holder)) => return format!("show {}", holder.key()),
            (None, None) => "rbac powers".to_owned(),
        };
        let only =
            self.clusters().next().filter(|_| self.clusters().count() == 1 && self.estate.authorizations.len() > 1);
        if let Some(cluster) = only {
            text.push_str(&format!(" --cluster {}", cluster.cluster));
        }
        if let Some(namespace) = &self.scope.namespace {
            text.push_str(&format!(" -n {namespace}"));
        }
        text
    }
}

/// Grants of a subject and of the groups it is in by being itself.
fn grants_of(authorization: &Authorization, subject: &Subject) -> Vec<usize> {
    let mut numbers = authorization.grants_of(subject).to_vec();
    for other in subject.implied() {
        numbers.extend_from_slice(authorization.grants_of(&other));
    }
    numbers
}

/// Five cells.
fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Group(_) => "group",
        Subject::Iam(_) => "iam",
        Subject::ServiceAccount { .. } => "sa",
        Subject::User(_) => "user",
    }
}

/// `*` for the whole cluster.
fn place(scope: &GrantScope) -> String {
    match scope {
        GrantScope::Cluster => "*".to_owned(),
        GrantScope::Namespace(name) | GrantScope::Pattern(name) => format!("in {name}"),
    }
}

/// Belongs to Kubernetes or EKS itself.
fn is_system(subject: &Subject) -> bool {
    match subject {
        Subject::ServiceAccount { namespace, .. } => namespace == "kube-system",
        Subject::Group(name) | Subject::User(name) => {
            let everybody = ["system:authenticated", "system:unauthenticated", "system:anonymous"];
            name.starts_with("eks:")
                || name.starts_with("system:")
                    && !everybody.contains(&name.as_str())
                    && !name.starts_with("system:serviceaccount")
        }
        Subject::Iam(_) => false,
    }
}

/// Whose rights a thing stands for: the account that pods run as, the principal that a role is.
pub fn holder_of(estate: &Estate, key: &EntityKey) -> Result<Holder, String> {
    if let Some(subject) = Subject::from_key(key) {
        return Ok(Holder { cluster: key.scope.clone(), subject });
    }
    match key.kind {
        Kind::Role | Kind::IamUser => {
            let mapped = estate.authorizations.values().find_map(|it| {
                let mapping =
                    it.mappings.iter().find(|one| !one.counts.is_no() && one.subject().key(&it.cluster) == *key)?;
                Some(Holder { cluster: it.cluster.clone(), subject: mapping.subject() })
            });
            mapped.ok_or_else(|| match estate.authorizations.values().any(|it| !it.missing.is_empty()) {
                true => format!("{key} is mapped into no cluster as far as was read"),
                false => {
                    format!("{key} is mapped into no cluster: no access entry and no line of aws-auth counts for it")
                }
            })
        }
        _ => {
            let group = estate.groups.iter().find(|group| group.key == *key);
            let account = group.map(|group| group.account_key()).or_else(|| {
                let pod = estate.pod(&EntityKey { kind: Kind::Pod, ..key.clone() })?;
                let account = &pod.spec.service_account;
                Some(EntityKey::namespaced(Kind::ServiceAccount, &key.scope, &key.namespace, account))
            });
            match account {
                Some(account) => holder_of(estate, &account),
                None => match estate.service_account(key) {
                    Lookup::Found(_) => Err(format!("{key} runs no pod")),
                    _ => Err(format!("{key} is nobody that holds rights")),
                },
            }
        }
    }
}
