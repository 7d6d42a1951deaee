//! What each command of the table does.

use crate::app::command::{COMMANDS, Cmd, Scope as CommandScope};
use crate::app::complete::list_of;
use crate::app::export::Format;
use crate::app::header::plural;
use crate::app::input::Purpose;
use crate::app::opening::Opening;
use crate::app::overlay::{Action, Menu, MenuItem, Overlay, PageKind, Picker, PickerItem};
use crate::app::place::{Scope, Screen};
use crate::app::policy::PolicyView;
use crate::app::theme::THEMES;
use crate::app::who_can::Switch;
use crate::app::{App, Code, Effect, Key};
use crate::model::Kind;

/// The quick filters: key, query, meaning.
const QUICK_FILTERS: [(&str, &str, &str); 6] = [
    ("n", "mech:nd", "on the node role"),
    ("x", "acct:other", "role of another account"),
    ("k", "mech:st", "static keys"),
    ("d", "seen:differs", "declared differs from seen"),
    ("u", "verdict:unknown|mech:unknown", "unknown"),
    ("s", "acct:shared", "role shared by several accounts"),
];

impl App {
    /// Runs a command. `argument` is what stood behind its name; `key` the key that asked, and whether it is its second
    /// press in a row.
    pub(super) fn run(&mut self, cmd: Cmd, argument: &str, key: Option<(Key, bool)>, effects: &mut Vec<Effect>) {
        if let Err(reason) = (cmd.spec().ready)(self)
            && argument.is_empty()
        {
            return self.fail(format!("{}: {reason}", cmd.spec().name));
        }
        if let Some(list) = list_of(cmd) {
            self.push_place();
            self.switch_list(Screen::Explorer);
            self.place.column = 0;
            if self.place.ask.list != list {
                self.place.selected = None;
                self.place.picks = [None, None, None];
                self.cursor = None;
            }
            self.place.ask.list = list;
            return self.set_query(argument);
        }
        let half = isize::try_from(self.page_height() / 2).unwrap_or(1).max(1);
        match cmd {
            Cmd::Down => self.step(1),
            Cmd::Up => self.step(-1),
            // On these `l` goes across and enter goes to the thing.
            Cmd::Into
                if self.overlay.is_none()
                    && matches!(self.place.screen, Screen::Blast | Screen::Path)
                    && key.is_some_and(|(key, _)| key != Key::new(Code::Enter)) =>
            {
                self.reach_into(false);
            }
            Cmd::Into => self.into(effects),
            Cmd::Out => self.out(),
            Cmd::First => self.jump_to_end(false),
            Cmd::Last => self.jump_to_end(true),
            Cmd::HalfDown => self.step(half),
            Cmd::HalfUp => self.step(-half),
            Cmd::PageDown => self.step(half * 2),
            Cmd::PageUp => self.step(-half * 2),
            Cmd::DetailDown => self.scroll_detail(1),
            Cmd::DetailUp => self.scroll_detail(-1),
            Cmd::NextPane => self.next_pane(1),
            Cmd::PreviousPane => self.next_pane(-1),
            Cmd::Zoom => self.zoom = !self.zoom,
            Cmd::Explorer => {
                if self.place.screen != Screen::Explorer {
                    self.push_place();
                }
                self.switch_list(Screen::Explorer);
            }
            Cmd::Findings => self.findings_command(argument),
            Cmd::FindingsOf => self.findings_of(argument),
            Cmd::CopyFix => self.copy_fix(argument, effects),
            Cmd::Accept => self.accept_command(key, effects),
            Cmd::Accepted => self.open_page(PageKind::Accepted),
            Cmd::Rules => self.open_page(PageKind::Rules),
            Cmd::Blast => self.blast_command(argument, false),
            Cmd::ReachedBy => self.blast_command(argument, true),
            Cmd::Highlight => self.light(effects),
            Cmd::PathTo => self.path_command(argument),
            Cmd::PathScreen => self.path_screen(),
            Cmd::Picture => self.toggle_picture(),
            Cmd::Deeper => self.deepen(|depth| depth.saturating_add(1)),
            Cmd::Shallower => self.deepen(|depth| depth.saturating_sub(1)),
            Cmd::Depth => match argument.parse::<usize>() {
                Ok(depth) => self.deepen(|_| depth),
                Err(_) => self.fail(format!("`{argument}` is no number")),
            },
            Cmd::WhoCanScreen => self.who_can_screen(),
            Cmd::WhoCan => self.who_can_command(argument),
            Cmd::Policy => self.policy_command(argument),
            Cmd::Rbac => self.rbac_command(argument),
            Cmd::Rights => self.rights_of_selection(),
            Cmd::Diff => self.diff_command(argument, effects),
            Cmd::Base => self.choose_base(effects),
            Cmd::AllNamespaces => self.scope(Scope::default()),
            Cmd::Scope => self.scope_picker(),
            Cmd::Filter => self.filter_command(argument),
            Cmd::CommandLine => self.open_input(Purpose::Command, ""),
            Cmd::Menu => self.menu(),
            Cmd::Help => self.help(argument),
            Cmd::Back => self.back(),
            Cmd::Leave => self.leave(key, effects),
            Cmd::Interrupt => self.interrupt(key, effects),
            Cmd::Suspend => effects.push(Effect::Suspend),
            Cmd::Redraw => effects.push(Effect::Redraw),
            Cmd::Reload => {
                self.say("reading again");
                self.reloading = true;
                effects.push(Effect::ReadAccepted { file: self.settings().accepted.clone() });
                effects.push(Effect::Reload);
            }
            Cmd::Save if argument.is_empty() => {
                let name = self.file_name(Format::Text);
                self.open_input(Purpose::Save, &name);
            }
            Cmd::Save => self.save(argument, effects),
            Cmd::HistoryBack => {
                if !self.go_back() {
                    self.say("this is the first place");
                }
            }
            Cmd::HistoryForward => {
                if !self.go_forward() {
                    self.say("this is the last place");
                }
            }
            Cmd::LastPlace => self.swap_place(),
            Cmd::NextProblem => self.step_problem(true),
            Cmd::PreviousProblem => self.step_problem(false),
            Cmd::ProblemsOnly if self.place.screen == Screen::WhoCan => self.toggle_switch(Switch::Denied),
            Cmd::ProblemsOnly if self.place.screen == Screen::Findings => self.toggle_accepted(),
            Cmd::ProblemsOnly if self.place.screen == Screen::Diff => self.toggle_access_only(),
            Cmd::ProblemsOnly => self.place.ask.problems_only ^= true,
            Cmd::System => {
                self.place.ask.system ^= true;
                self.say(if self.place.ask.system { "system objects are shown" } else { "system objects are hidden" });
            }
            Cmd::Copy => self.copy(effects),
            Cmd::CopyCommand => effects.push(Effect::Copy(self.headless())),
            Cmd::Links => self.links(effects),
            Cmd::Names => {
                self.full_names ^= true;
                self.rebuild_columns();
            }
            Cmd::Details => self.details(),
            Cmd::Raw => self.raw(effects),
            Cmd::Explain => self.explain_command(argument),
            Cmd::UsedBy => self.used_by(argument),
            Cmd::Mark => self.toggle_mark(),
            Cmd::Trust => self.trust(),
            Cmd::QuickFilter if self.place.screen == Screen::WhoCan => self.switches_menu(),
            Cmd::QuickFilter => self.quick_filter(),
            Cmd::Sort => {
                let ask = &mut self.place.ask;
                ask.sort = ask.sort.next(ask.list);
                let word = ask.sort.word(ask.list);
                self.say(format!("sorted by {word}"));
            }
            Cmd::SortReverse => self.place.ask.reverse ^= true,
            Cmd::Expand if matches!(self.place.screen, Screen::Blast | Screen::Path) => self.reach_expand(),
            Cmd::Expand => self.place.ask.collapsed ^= true,
            Cmd::NextStatement => self.step_statement(true),
            Cmd::PreviousStatement => self.step_statement(false),
            Cmd::NextMatch => self.find(true, false),
            Cmd::PreviousMatch => self.find(false, false),
            Cmd::Go => match self.resolve(argument) {
                Ok(key) => self.go(&key),
                Err(reason) => self.fail(reason),
            },
            Cmd::Namespace => self.namespace(argument),
            Cmd::Sharing => self.open_page(PageKind::Sharing),
            Cmd::Tokens => self.tokens(argument),
            Cmd::Sources => self.open_page(PageKind::Sources),
            Cmd::Export => self.export(argument, effects),
            Cmd::Wrap => {
                self.wrap ^= true;
                self.say(if self.wrap { "long lines are wrapped" } else { "long lines are cut" });
            }
            Cmd::Theme => self.choose_theme(argument),
            Cmd::Mouse => {
                self.mouse ^= true;
                effects.push(Effect::Mouse(self.mouse));
                self.say(if self.mouse { "the mouse is on" } else { "the mouse is off" });
            }
            Cmd::Demo => self.open_data(Opening::Demo, effects),
            Cmd::Open => self.open_command(argument, effects),
            Cmd::Context => self.context_command(argument, effects),
            Cmd::Keys => self.open_page(PageKind::Keys),
            Cmd::About => self.open_page(PageKind::About),
            Cmd::Log => self.open_page(PageKind::Log),
            Cmd::Quit => effects.push(Effect::Quit),
            // Lists were answered above.
            Cmd::Pods | Cmd::ServiceAccounts | Cmd::Roles | Cmd::Nodes | Cmd::Associations => {}
        }
    }

    /// Runs what was typed behind `:`. A name that is no command does nothing but say what is near.
    pub(super) fn command_line(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let (name, argument) = text.split_once(' ').map_or((text, ""), |(name, rest)| (name, rest.trim()));
        if name.is_empty() {
            return;
        }
        match Cmd::from_name(name) {
            Some(cmd) if cmd.spec().argument.starts_with('<') && argument.is_empty() => {
                self.fail(format!("{name} needs {}", cmd.spec().argument));
            }
            Some(cmd) if cmd.spec().argument.is_empty() && !argument.is_empty() => {
                self.fail(format!("{name} takes nothing behind it"));
            }
            Some(cmd) => self.run(cmd, argument, None, effects),
            None => {
                let near =
                    Cmd::nearest(name).map_or_else(String::new, |cmd| format!("; did you mean `{}`?", cmd.spec().name));
                self.fail(format!("no command `{name}`{near}"));
            }
        }
    }

    pub(super) fn set_query(&mut self, text: &str) {
        match crate::analysis::query::parse(text) {
            Ok(_) => self.place.ask.query = text.to_owned(),
            Err(error) => self.fail(format!("the filter does not parse: {error}; the list is as before")),
        }
    }

    fn filter_command(&mut self, argument: &str) {
        let in_document = matches!(self.overlay, Some(Overlay::Page(_))) || self.place.screen == Screen::Policy;
        if !in_document && self.place.screen == Screen::Rbac {
            return self.say("there is no filter here; @ narrows to a namespace, . hides what belongs to the system");
        }
        if !in_document && matches!(self.place.screen, Screen::Blast | Screen::Path) {
            return self.say("there is no list here; / filters the Explorer (1)");
        }
        if !in_document && self.place.screen == Screen::Explain {
            return self.say("there is no list here; e asks again");
        }
        if !in_document && self.place.screen == Screen::Diff {
            return self.say("there is no filter here; @ narrows to a namespace, ! to what changes access");
        }
        if !in_document && self.place.screen == Screen::WhoCan {
            return self.say("f chooses which rows are shown; w asks again");
        }
        match (in_document, argument.is_empty()) {
            (true, true) => self.open_input(Purpose::Search, ""),
            (true, false) => {
                argument.clone_into(&mut self.search);
                self.find(true, true);
            }
            (false, true) => {
                let query = self.place.ask.query.clone();
                self.open_input(Purpose::Filter, &query);
            }
            (false, false) => self.set_query(argument),
        }
    }

    fn policy_command(&mut self, argument: &str) {
        let role = if argument.is_empty() {
            match self.selected_role().or_else(|| self.place.policy.as_ref().map(|it| it.role.clone())) {
                Some(role) => role,
                None => return self.fail("policy: the selection leads to no role"),
            }
        } else {
            match self.resolve(argument).or_else(|_| self.resolve(&format!("role/{argument}"))) {
                Ok(key) if key.kind == Kind::Role => key,
                Ok(key) => return self.go(&key),
                Err(reason) => return self.fail(reason),
            }
        };
        if self.place.screen == Screen::Policy && self.place.policy.as_ref().is_some_and(|it| it.role == role) {
            return self.leave_overlay();
        }
        self.push_place();
        self.show_policy(role, 0, 0);
    }

    fn trust(&mut self) {
        let Some(role) = self.selected_role() else { return self.fail("trust: the selection leads to no role") };
        let documents = self.estate().documents(&role);
        let at = documents.iter().position(|it| it.role == crate::estate::DocumentRole::Trust).unwrap_or(0);
        let asker = self.row().map(|row| row.key.clone()).filter(|_| self.place.screen == Screen::Explorer);
        self.push_place();
        self.show_policy(role, at, 0);
        let Some(place) = self.place.policy.as_mut().filter(|_| self.place.screen == Screen::Policy) else { return };
        place.asker = asker;
        let place = place.clone();
        self.policy = PolicyView::open_for(self.estate(), &place);
        if let (Some(line), Some(place)) =
            (self.policy.as_ref().and_then(PolicyView::refusing_line), self.place.policy.as_mut())
        {
            place.line = line;
        }
    }

    fn scope(&mut self, scope: Scope) {
        if self.place.ask.scope != scope {
            self.push_place();
        }
        self.say(format!("scope {}", scope.label()));
        self.place.ask.scope = scope;
    }

    fn namespace(&mut self, argument: &str) {
        if argument == "all" {
            return self.scope(Scope::default());
        }
        let namespaces = self.estate().namespaces();
        match namespaces.iter().find(|it| it.as_str() == argument) {
            Some(namespace) => {
                let cluster = self.place.ask.scope.cluster.clone();
                self.scope(Scope { cluster, namespace: Some(namespace.clone()) });
            }
            None => {
                let near = namespaces.iter().min_by_key(|it| strsim::osa_distance(it, argument));
                let near = near.map_or_else(String::new, |it| format!("; nearest is `{it}`"));
                self.fail(format!("no namespace `{argument}` in the loaded data{near}"));
            }
        }
    }

    fn scope_picker(&mut self) {
        let estate = self.estate();
        let item = |label: String, note: String, scope: Scope| PickerItem {
            label,
            note,
            action: Action::Scope(scope),
            blocked: None,
        };
        let mut items = vec![item("all".into(), "every namespace of every cluster".into(), Scope::default())];
        let several = estate.inventory.clusters.len() > 1;
        let mut counts: std::collections::BTreeMap<(&str, &str), usize> = std::collections::BTreeMap::new();
        for group in &estate.groups {
            let cluster = if several { group.cluster.as_str() } else { "" };
            *counts.entry((&group.namespace, cluster)).or_default() += group.count();
        }
        for ((namespace, cluster), pods) in counts {
            let label = if cluster.is_empty() { namespace.to_owned() } else { format!("{cluster}/{namespace}") };
            let cluster = (!cluster.is_empty()).then(|| cluster.into());
            items.push(item(label, plural(pods, "pod"), Scope { cluster, namespace: Some(namespace.into()) }));
        }
        for (label, cluster) in &estate.inventory.clusters {
            let scope = Scope { cluster: Some(label.clone()), namespace: None };
            items.push(item(format!("cluster {label}"), plural(cluster.pods.len(), "pod"), scope));
        }
        self.overlay = Some(Overlay::Picker(Picker::new("SCOPE", "", items)));
    }

    fn menu(&mut self) {
        let mut items: Vec<MenuItem> = Vec::new();
        let chosen = COMMANDS.iter().filter(|spec| {
            spec.scope == CommandScope::Selection
                || matches!(spec.cmd, Cmd::Policy | Cmd::Copy | Cmd::CopyCommand | Cmd::Links)
        });
        for spec in chosen {
            if let Some(key) = self.keymap.label(spec.cmd) {
                let blocked = (spec.ready)(self).err();
                items.push(MenuItem { key, label: spec.help.to_owned(), action: Action::Run(spec.cmd), blocked });
            }
        }
        self.overlay = Some(Overlay::Menu(Menu { title: "ACTIONS", items, cursor: 0 }));
    }

    fn quick_filter(&mut self) {
        let items = QUICK_FILTERS.iter().map(|(key, query, meaning)| MenuItem {
            key: (*key).to_owned(),
            label: format!("{meaning}   {query}"),
            action: Action::Filter(query),
            blocked: None,
        });
        self.overlay = Some(Overlay::Menu(Menu { title: "QUICK FILTERS", items: items.collect(), cursor: 0 }));
    }

    fn help(&mut self, text: &str) {
        let mut items = Vec::new();
        for spec in COMMANDS {
            let here = match spec.scope {
                CommandScope::Document => self.place.screen == Screen::Policy || self.overlay.is_some(),
                _ => true,
            };
            if !here {
                continue;
            }
            let keys: Vec<String> = self.keymap.keys(spec.cmd).iter().map(ToString::to_string).collect();
            let keys = if keys.is_empty() || self.key_now(spec.cmd).is_none() {
                format!(":{} {}", spec.name, spec.argument)
            } else {
                keys.join(" ")
            };
            let blocked = (spec.ready)(self).err();
            let reason = blocked.map_or_else(String::new, |reason| format!("  ({reason})"));
            items.push(PickerItem {
                label: spec.name.to_owned(),
                note: format!("{keys:<18} {}{reason}", spec.help),
                action: Action::Run(spec.cmd),
                blocked,
            });
        }
        self.overlay = Some(Overlay::Picker(Picker::new("HELP  type to search, enter runs", text, items)));
    }

    fn back(&mut self) {
        if !self.step_back() {
            let key = self.keymap.label(Cmd::Leave).unwrap_or_else(|| ":quit".into());
            self.say(format!("this is the root: {key} {key}, ctrl-c or :quit leaves"));
        }
    }

    fn leave(&mut self, key: Option<(Key, bool)>, effects: &mut Vec<Effect>) {
        if self.is_at_root() {
            match key {
                Some((_, true)) | None => effects.push(Effect::Quit),
                Some((key, false)) => {
                    self.confirm = Some(key);
                    self.say(format!("press {key} again to quit"));
                }
            }
        } else {
            self.step_back();
        }
    }

    fn interrupt(&mut self, key: Option<(Key, bool)>, effects: &mut Vec<Effect>) {
        match key {
            Some((key, false)) if self.settings().confirm_quit => {
                self.confirm = Some(key);
                self.say(format!("press {key} again to quit"));
            }
            _ => effects.push(Effect::Quit),
        }
    }

    pub(super) fn details(&mut self) {
        if self.place.screen == Screen::Findings
            && self.overlay.is_none()
            && let Some(row) = self.row()
        {
            let key = row.key.clone();
            return self.open_page(PageKind::Details(key));
        }
        if let Some(key) = self.selected_key() {
            self.open_page(PageKind::Details(key));
        }
    }

    fn raw(&mut self, effects: &mut Vec<Effect>) {
        if self.place.screen == Screen::Explain && self.overlay.is_none() {
            return self.open_proof();
        }
        if self.place.screen == Screen::WhoCan && self.overlay.is_none() {
            return self.open_reason();
        }
        if self.place.screen == Screen::Findings && self.overlay.is_none() {
            return self.raw_of_finding(effects);
        }
        let Some(mut key) = self.selected_key() else { return };
        // A row of pods stands for its first pod where its owner has no text of its own.
        if self.estate().origin(&key).is_none()
            && let Some(pod) =
                self.row().and_then(|row| self.estate().groups.get(row.group? as usize)).and_then(|group| {
                    let at = *group.members.first()?;
                    let pod = self.estate().pods[at as usize].pod.as_ref()?;
                    (group.key == key).then(|| crate::estate::pod_key(&group.cluster, pod))
                })
        {
            key = pod;
        }
        self.open_raw(key, "", effects);
    }

    fn used_by(&mut self, argument: &str) {
        let key =
            if argument.is_empty() { self.selected_key().ok_or_else(String::new) } else { self.resolve(argument) };
        match key {
            Ok(key) => self.open_page(PageKind::UsedBy(key)),
            Err(reason) => self.fail(reason),
        }
    }

    /// Of the node that is named or selected, else of all.
    fn tokens(&mut self, argument: &str) {
        let selected = self.selected_key().filter(|key| key.kind == Kind::Node);
        match if argument.is_empty() { Ok(selected) } else { self.resolve(argument).map(Some) } {
            Ok(node) => self.open_page(PageKind::Tokens(node)),
            Err(reason) => self.fail(reason),
        }
    }

    fn toggle_mark(&mut self) {
        let selected = self.selected_key();
        if self.mark == selected {
            self.mark = None;
            return self.say("no mark");
        }
        if let Some(key) = &selected {
            self.say(format!("marked {key}"));
        }
        self.mark = selected;
    }

    fn choose_theme(&mut self, name: &str) {
        if THEMES.contains(&name) {
            name.clone_into(&mut self.theme);
            self.say(format!("theme {name}"));
        } else {
            self.fail(format!("no theme `{name}`; there are {}", THEMES.join(", ")));
        }
    }
}
