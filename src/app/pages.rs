//! What stands on the pages: details, users, sources, keys, log, about, links.

use crate::analysis::blast::World;
use crate::analysis::{sharing, used_by};
use crate::base::text::width;
use crate::estate::Estate;
use crate::identity::resolve;
use crate::model::{EntityKey, Kind, Lookup, SourceId, Status};

use super::command::{COMMANDS, Scope};
use super::header::plural;
use super::overlay::{Page, PageKind};
use super::text::{Line, Target, Tone};
use super::{App, settings::DataOrigin};

impl App {
    /// Makes a page. Raw documents are made when their text has come.
    pub(super) fn page(&self, kind: PageKind) -> Page {
        match kind {
            PageKind::Details(key) if key.kind == Kind::Finding => {
                let (title, lines) = self.finding_page(&key);
                Page::new(PageKind::Details(key), title, lines)
            }
            PageKind::Details(key) => {
                let lines = details(self.estate(), &key);
                Page::new(PageKind::Details(key.clone()), format!("DETAILS {key}"), lines)
            }
            PageKind::UsedBy(key) => {
                let lines = used_by(self.estate(), &key);
                Page::new(PageKind::UsedBy(key.clone()), format!("USED BY  {key}"), lines)
            }
            PageKind::Links(key) => {
                let lines = links(self.estate(), &key).into_iter().map(Line::plain).collect();
                Page::new(PageKind::Links(key.clone()), format!("LINKS  {key}"), lines)
            }
            PageKind::Raw { key, path } => {
                let title = format!("RAW {key}   {path}");
                Page::new(PageKind::Raw { key, path }, title.trim_end(), vec![Line::dim("reading …")])
            }
            PageKind::Document { title, text, statement } => document_page(title, text, statement),
            PageKind::Sources => {
                Page::new(PageKind::Sources, "SOURCES  what was read, failed, skipped", self.sources())
            }
            PageKind::Rules => Page::new(PageKind::Rules, "RULES  what each found", self.rules_page()),
            PageKind::Accepted => {
                let title = format!("ACCEPTED  {}", self.settings.accepted);
                Page::new(PageKind::Accepted, title, self.accepted_page())
            }
            PageKind::Sharing => {
                Page::new(PageKind::Sharing, "SHARING  roles of more than one account", sharing(self.estate()))
            }
            PageKind::Tokens(node) => {
                let lines = tokens(self.estate(), node.as_ref());
                let title =
                    node.as_ref().map_or("TOKENS by node".to_owned(), |node| format!("TOKENS on {}", node.name));
                Page::new(PageKind::Tokens(node), title, lines)
            }
            PageKind::Keys => Page::new(PageKind::Keys, "KEYS", self.keys_page()),
            PageKind::Log => {
                let lines = self.log.iter().map(Line::plain).collect::<Vec<_>>();
                let lines = if lines.is_empty() { vec![Line::dim("nothing happened")] } else { lines };
                Page::new(PageKind::Log, "LOG", lines)
            }
            PageKind::About => Page::new(PageKind::About, "ABOUT", self.about()),
        }
    }

    /// Every source with its state; what is wrong first.
    pub fn sources(&self) -> Vec<Line> {
        let mut sources: Vec<_> = self.inventory.coverage.sources().collect();
        // What somebody can do something about comes first.
        let rank = |source: &SourceId, status: Status| match status {
            Status::Denied | Status::Partial => 0,
            Status::Missing if source.kind.is_expected() => 0,
            Status::Loading => 1,
            Status::Skipped => 2,
            Status::Missing => 3,
            Status::Ok => 4,
        };
        sources.sort_by_key(|(source, report)| (rank(source, report.status), source.path.clone()));
        let mut lines = Vec::new();
        for (source, report) in sources {
            let tone = match report.status {
                Status::Ok => Tone::Good,
                Status::Loading => Tone::Dim,
                Status::Partial | Status::Denied | Status::Missing | Status::Skipped => Tone::Unknown,
            };
            let tone = if report.status == Status::Missing && !source.kind.is_expected() { Tone::Dim } else { tone };
            let so_far = if report.status == Status::Loading { " so far" } else { "" };
            lines.push(
                Line::default()
                    .with(format!("{:<8} ", report.status.word()), tone)
                    .with(format!("{:<58} ", source.path), Tone::Plain)
                    .with(format!("{:>7}{so_far}", report.count), Tone::Dim),
            );
            if !report.why.is_empty() {
                // What to run stands at its end: nothing of it may be cut off.
                for (at, part) in broken(&report.why, usize::from(self.size.0).saturating_sub(23)).enumerate() {
                    let word = if at == 0 { "cause" } else { "" };
                    lines.push(Line::plain(format!("         {word:<7} {part}")));
                }
            }
            let gap = !matches!(report.status, Status::Ok | Status::Loading);
            if gap && source.kind.is_expected() {
                lines.push(Line::dim("         means   answers that need it say unknown, never no"));
                // Live, what was refused names its permission; anything else no right would heal.
                let live = self.settings.origin == DataOrigin::Live;
                let needed = if live { "" } else { source.kind.permission() };
                let permission = report.permission.as_deref().unwrap_or(needed);
                // What the user did not want asked needs no right.
                if !permission.is_empty() && report.status != Status::Skipped {
                    lines.push(Line::dim(format!("         fix     allow {permission}, then ctrl-r")));
                }
            }
            for loss in report.losses.iter().take(20) {
                lines.push(Line::default().with("         lost    ", Tone::Unknown).with(loss.message(), Tone::Plain));
            }
            if report.lost > 20 {
                lines.push(Line::dim(format!("         … {} more are lost", report.lost - 20)));
            }
        }
        if lines.is_empty() {
            lines.push(Line::dim("no source yet"));
        }
        lines
    }

    fn keys_page(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut scope: Option<Scope> = None;
        for spec in COMMANDS {
            if scope != Some(spec.scope) {
                if scope.is_some() {
                    lines.push(Line::default());
                }
                lines.push(Line::strong(spec.scope.title()));
                scope = Some(spec.scope);
            }
            let keys: Vec<String> = self.keymap.keys(spec.cmd).iter().map(ToString::to_string).collect();
            let keys = if keys.is_empty() { format!(":{}", spec.name) } else { keys.join(" ") };
            lines.push(Line::plain(format!("  {keys:<16} {}", spec.help)).with(format!("  {}", spec.name), Tone::Dim));
        }
        lines
    }

    fn about(&self) -> Vec<Line> {
        let origin = match &self.settings.origin {
            DataOrigin::Live => "the cluster and the account, read-only".to_owned(),
            DataOrigin::Demo => "the demo world, invented".to_owned(),
            DataOrigin::Snapshot(path) => format!("snapshot {path}"),
        };
        let estate = self.estate();
        let count = |name: &str, count: usize| Line::label(name, 12, count.to_string());
        let catalogue = crate::iam::catalogue::Catalogue::bundled();
        vec![
            Line::strong(format!("rolewalk {}", env!("CARGO_PKG_VERSION"))),
            Line::plain("Which AWS identity every Kubernetes workload really has, and why."),
            Line::plain("Read-only: no key and no command changes the cluster or the account."),
            Line::default(),
            Line::label("data", 12, origin),
            Line::label("time", 12, self.inventory.now.map_or_else(|| "not told".to_owned(), |now| now.to_string())),
            count("clusters", estate.inventory.clusters.len()),
            count("accounts", estate.inventory.accounts.len()),
            count("pods", estate.pods.iter().filter(|it| it.pod.is_some()).count()),
            count("rows", estate.groups.len()),
            Line::label(
                "graph",
                12,
                format!("{} things, {} edges", estate.graph().thing_count(), estate.graph().edge_count()),
            ),
            Line::label("catalogue", 12, format!("{} actions, {}", catalogue.len(), catalogue.data_date())),
            Line::default(),
            Line::strong("codes"),
            Line::plain("PI Pod Identity  IR IRSA  ND node role by IMDS  ST static keys  -- none found  ?? unknown"),
            Line::plain("C H M L i  severity of the worst problem     LRWTP  list read write tag permissions"),
            Line::plain("COND depends on a condition   ? a document that decides was not read   ~ at least this much"),
            Line::plain(
                "letters are granted by identity policies within the boundary; SCPs and resource policies not applied",
            ),
        ]
    }
}

/// The text of a document with the cursor on a statement.
fn document_page(title: String, text: std::sync::Arc<str>, statement: usize) -> Page {
    let (shown, relaid) = super::policy::readable(&text);
    let (document, _) = crate::iam::parse(&shown, crate::iam::DocumentKind::Resource);
    let lines = shown.lines().map(|line| Line::plain(line.replace('\t', "    "))).collect();
    let first = document.statements.get(statement).map_or(1, |it| *document.lines(it.span).start());
    let note = if relaid { "   stored on one line, broken for reading" } else { "" };
    let heading = format!("{title}   statement {}{note}", statement + 1);
    let mut page = Page::new(PageKind::Document { title, text, statement }, heading, lines);
    page.cursor = (first as usize).saturating_sub(1);
    page
}

/// The steps behind the identity of each container of the first pod.
fn details(estate: &Estate, key: &EntityKey) -> Vec<Line> {
    let mut lines = vec![Line::label("address", 10, key.to_string())];
    let group = estate.groups.iter().find(|group| group.key == *key);
    let entry = match (group, key.kind) {
        (Some(group), _) => group.members.first().and_then(|at| estate.pods.get(*at as usize)),
        (None, Kind::Pod) => estate.pod(key),
        _ => None,
    };
    if let Some(group) = group {
        lines.push(Line::label("owner", 10, group.owner.label(&group.name)));
        lines.push(Line::label("pods", 10, group.count().to_string()));
        for at in group.members.iter().take(100) {
            if let Some(pod) = &estate.pods[*at as usize].pod {
                let target = Target::Thing(crate::estate::pod_key(&group.cluster, pod));
                let text = format!("{:<44} {:<9} {}", pod.meta.name, pod.phase.word(), pod.node);
                lines.push(Line::dim("            ").with(text, Tone::Plain).to(target));
            }
        }
        if group.count() > 100 {
            lines.push(Line::dim(format!("            and {} more", group.count() - 100)));
        }
    }
    // A page is made on a key: what the rules found is shown once they have run.
    if let Some((findings, found)) = estate.found_already() {
        for finding in found.of(key).iter().filter_map(|at| findings.all.get(*at as usize)) {
            lines.push(
                Line::default()
                    .with(format!("{:<4} ", finding.severity.code()), Tone::Severity(finding.severity))
                    .with(format!("{}  {}", finding.rule.slug, finding.message), Tone::Plain),
            );
        }
    }
    for problem in estate.problems_of(key) {
        lines.push(
            Line::default()
                .with(format!("{:<4} ", problem.severity.code()), Tone::Severity(problem.severity))
                .with(format!("{}  {}", problem.slug, problem.text), Tone::Plain),
        );
    }
    if let Some(entry) = entry {
        for (at, (container, identity)) in entry.spec.containers.iter().zip(entry.containers.iter()).enumerate() {
            lines.push(Line::default());
            lines.push(Line::strong(format!("{} {}", container.kind.word(), container.name)));
            lines.push(Line::label("  image", 10, &container.image));
            let role = identity.identity.role.as_deref().unwrap_or("no role");
            lines.push(Line::label("  identity", 10, format!("{} {role}", identity.identity.source.title())));
            lines.push(Line::label("  verdict", 10, format!("{} ({})", identity.verdict.word(), identity.rule)));
            lines.push(Line::label("  why", 10, &identity.why));
            for hop in resolve::hops(&estate.inventory, entry, at) {
                let (word, tone) = match hop.result {
                    crate::base::Truth::Yes => ("yes", Tone::Good),
                    crate::base::Truth::No => ("no", Tone::Bad),
                    crate::base::Truth::Unknown => ("unknown", Tone::Unknown),
                };
                lines.push(
                    Line::dim(format!("    {:<5} ", hop.rule))
                        .with(format!("{word:<8} "), tone)
                        .with(format!("{}: {}", hop.step, hop.found), Tone::Plain),
                );
            }
        }
    } else {
        for neighbour in estate.graph().uses(key) {
            let text = format!("{} {}", neighbour.kind.title(), neighbour.key);
            lines.push(Line::label("", 10, text).to(Target::Thing(neighbour.key)));
        }
    }
    lines
}

/// Roles that several accounts sign with, each with them below it.
fn sharing(estate: &Estate) -> Vec<Line> {
    let mut lines = Vec::new();
    for it in sharing::roles(&estate.pods) {
        let name = it.role.rsplit('/').next().unwrap_or(&it.role).to_owned();
        // That there is one cluster says nothing where most have one.
        let clusters = if it.clusters > 1 { format!("{} · ", plural(it.clusters, "cluster")) } else { String::new() };
        let line = Line::strong(name).with(
            format!(
                "  {clusters}{} · {} · {} · {}",
                plural(it.namespaces, "namespace"),
                plural(it.accounts.len(), "account"),
                plural(it.pods, "pod"),
                it.via.join(", ")
            ),
            Tone::Dim,
        );
        lines.push(match EntityKey::role(&it.role) {
            Some(key) => line.to(Target::Thing(key)),
            None => line,
        });
        for account in it.accounts {
            let text = format!("   {} {}/{}", account.scope, account.namespace, account.name);
            lines.push(Line::plain(text).to(Target::Thing(account)));
        }
    }
    if lines.is_empty() {
        lines.push(Line::plain("No role is signed with by pods of more than one service account."));
    }
    lines
}

/// The service accounts on each node with the roles that their tokens are worth.
fn tokens(estate: &Estate, node: Option<&EntityKey>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last: Option<EntityKey> = None;
    let tenants = sharing::tenants(&estate.pods);
    for it in tenants.into_iter().filter(|it| node.is_none_or(|node| *node == it.node)) {
        if last.as_ref() != Some(&it.node) {
            lines.push(Line::strong(format!("{} {}", it.node.scope, it.node.name)).to(Target::Thing(it.node.clone())));
            last = Some(it.node.clone());
        }
        let worth = if it.roles.is_empty() { "   Kubernetes only" } else { "" };
        let line = Line::plain(format!("   {}/{}", it.account.namespace, it.account.name))
            .with(format!(" ×{}{worth}", it.pods), Tone::Dim);
        lines.push(line.to(Target::Thing(it.account)));
        for (role, via) in &it.roles {
            let name = role.rsplit('/').next().unwrap_or(role);
            let line = Line::plain(format!("      {name}")).with(format!("   {via}"), Tone::Dim);
            lines.push(match EntityKey::role(role) {
                Some(key) => line.to(Target::Thing(key)),
                None => line,
            });
        }
    }
    if lines.is_empty() {
        lines.push(Line::plain("No pod runs there, in what was read."));
    }
    lines
}

fn used_by(estate: &Estate, key: &EntityKey) -> Vec<Line> {
    let world = World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() };
    let neighbours = used_by::used_by(world, key);
    let mut lines: Vec<Line> = neighbours
        .into_iter()
        .map(|neighbour| {
            let mark = if neighbour.certainty.is_unknown() { "?" } else { "" };
            Line::dim(format!("{:<14} ", format!("{}{mark}", neighbour.kind.title())))
                .with(neighbour.key.to_string(), Tone::Plain)
                .to(Target::Thing(neighbour.key))
        })
        .collect();
    if lines.is_empty() {
        let gaps = estate.inventory.coverage.gaps().count();
        lines.push(Line::plain("Nothing in the loaded data points here."));
        if gaps > 0 {
            lines.push(
                Line::default()
                    .with(format!("{} not read whole could (:sources).", plural(gaps, "source")), Tone::Unknown),
            );
        }
    }
    lines
}

/// Console addresses of a thing. Empty for things the console does not show.
pub(super) fn links(estate: &Estate, key: &EntityKey) -> Vec<String> {
    let console = |partition: &str| match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    match key.kind {
        Kind::Role => {
            let partition = match estate.role(key) {
                Lookup::Found(role) => crate::model::Arn::parse(&role.arn).map_or("aws", |arn| arn.partition),
                Lookup::Absent | Lookup::Unknown => "aws",
            };
            vec![format!("https://{}/iam/home#/roles/details/{}", console(partition), encoded(&key.name))]
        }
        Kind::Policy if key.scope.as_str() != "aws" => {
            vec![format!(
                "https://console.aws.amazon.com/iam/home#/policies/details/{}",
                encoded(&format!("arn:aws:iam::{}:policy/{}", key.scope, key.name))
            )]
        }
        _ => {
            let label = if key.kind == Kind::Cluster { &key.name } else { &key.scope };
            let arn = estate.cluster(label).and_then(|cluster| cluster.description()).map(|it| it.arn.clone());
            let Some(arn) = arn.as_deref().and_then(crate::model::Arn::parse) else { return Vec::new() };
            let cluster = arn.resource.rsplit('/').next().unwrap_or_default();
            let base = format!(
                "https://{}.{}/eks/home?region={}#/clusters/{}",
                arn.region,
                console(arn.partition),
                arn.region,
                encoded(cluster)
            );
            match key.kind {
                Kind::Pod => vec![format!("{base}/pods/{}?namespace={}", encoded(&key.name), encoded(&key.namespace))],
                Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::CronJob => {
                    vec![format!(
                        "{base}/{}s/{}?namespace={}",
                        key.kind.word(),
                        encoded(&key.name),
                        encoded(&key.namespace)
                    )]
                }
                Kind::Node => vec![format!("{base}/nodes/{}", encoded(&key.name))],
                _ => vec![base],
            }
        }
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2D", "-")
}
/// A sentence in parts of at most so many cells, broken at blanks; a word that is longer stands alone.
fn broken(text: &str, cells: usize) -> impl Iterator<Item = String> {
    let mut parts: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let part = parts.last_mut().expect("there is a first one");
        if part.is_empty() {
            part.push_str(word);
        } else if width(part) + 1 + width(word) <= cells {
            part.push(' ');
            part.push_str(word);
        } else {
            parts.push(word.to_owned());
        }
    }
    parts.into_iter()
}
