//! Places: pushed by jumps, screens, commands and scope changes; returned to by `esc`, `H`, `L`, `-`.

use crate::app::list::ListKind;
use crate::app::overlay::Overlay;
use crate::app::place::{Place, PolicyPlace, Scope, Screen};
use crate::app::policy::PolicyView;
use crate::app::text::Target;
use crate::app::{App, Effect};
use crate::estate::{Ambiguity, resolve_address};
use crate::model::{EntityKey, Kind, Lookup};

/// Places that are kept.
const KEPT: usize = 200;

impl App {
    /// Remembers where the user is before something takes them elsewhere.
    pub(super) fn push_place(&mut self) {
        if self.back.last() != Some(&self.place) {
            self.back.push(self.place.clone());
        }
        if self.back.len() > KEPT {
            self.back.remove(0);
        }
        self.forward.clear();
    }

    fn set_place(&mut self, place: Place) {
        self.place = place;
        self.overlay = None;
        self.detail_scroll = 0;
        self.policy = match &self.place.policy {
            Some(policy) => PolicyView::open_for(self.estate(), policy),
            None => None,
        };
        // The same list is on the screen: the selection can be looked up at once.
        if let Some(view) = self.list().filter(|view| view.ask == self.place.ask)
            && let Some(line) = self.place.selected.as_ref().and_then(|key| view.line_of(key))
        {
            self.cursor = Some(line);
        }
        self.rebuild_columns();
        self.refresh_who_can();
    }

    pub(super) fn go_back(&mut self) -> bool {
        match self.back.pop() {
            Some(place) => {
                let here = self.place.clone();
                self.forward.push(here);
                self.set_place(place);
                true
            }
            None => false,
        }
    }

    pub(super) fn go_forward(&mut self) -> bool {
        match self.forward.pop() {
            Some(place) => {
                let here = self.place.clone();
                self.back.push(here);
                self.set_place(place);
                true
            }
            None => false,
        }
    }

    /// The place before this one; pressed again it returns.
    pub(super) fn swap_place(&mut self) {
        match self.back.pop() {
            Some(place) => {
                let here = std::mem::replace(&mut self.place, place);
                self.back.push(here);
                let place = self.place.clone();
                self.set_place(place);
            }
            None => self.say("there is no place before this one"),
        }
    }

    /// One step back: overlay, filter, place; then it says how to quit.
    pub(super) fn step_back(&mut self) -> bool {
        if self.overlay.take().is_some() {
            self.search.clear();
            return true;
        }
        if self.zoom {
            self.zoom = false;
            return true;
        }
        if matches!(self.place.screen, Screen::Explorer | Screen::Findings) {
            // What was looked at under the filter stays selected without it.
            if self.place.selected.is_none() {
                self.place.selected = self.row().map(|row| row.key.clone());
            }
            let ask = &mut self.place.ask;
            if !ask.query.is_empty() || ask.problems_only {
                ask.query.clear();
                ask.problems_only = false;
                return true;
            }
        } else if !self.search.is_empty() {
            self.search.clear();
            return true;
        }
        self.go_back()
    }

    pub(in crate::app) fn resolve(&self, address: &str) -> Result<EntityKey, String> {
        if address == "mark" {
            return self.mark.clone().ok_or_else(|| "nothing is marked; m marks".to_owned());
        }
        resolve_address(&self.estate().inventory, address).map_err(|ambiguity| match ambiguity {
            Ambiguity::Malformed => {
                format!("`{address}` is no address; they look like pod/ns/name, sa/ns/name, role/name")
            }
            Ambiguity::Several(keys) => {
                let keys: Vec<String> = keys.iter().take(4).map(ToString::to_string).collect();
                format!("`{address}` fits several: {}", keys.join(", "))
            }
            Ambiguity::Nothing { unread: false } => format!("`{address}` is not in the loaded data"),
            Ambiguity::Nothing { unread: true } => {
                format!("`{address}` is not in the loaded data, of which not all was read (:sources)")
            }
        })
    }

    /// Follows a line of a column or page.
    pub(super) fn open(&mut self, target: &Target, effects: &mut Vec<Effect>) {
        match target {
            Target::Thing(key) => self.go(key),
            Target::Service(role, service) => {
                self.push_place();
                let documents = self.estate().documents(role);
                let identity = documents.iter().enumerate().filter(|(_, it)| it.role.is_identity_policy());
                // The first document that speaks of the service; parsing a handful of documents is quick.
                let found = identity.map(|(at, _)| at).find_map(|at| {
                    let line = PolicyView::open(self.estate(), role, at)?.line_of_service(service)?;
                    Some((at, line))
                });
                let (document, line) = found.unwrap_or((0, 0));
                self.show_policy(role.clone(), document, line);
            }
            Target::Place(key, path) => self.land(key, path, effects),
            Target::Document(role, at) => {
                self.push_place();
                self.show_policy(role.clone(), *at, 0);
            }
            Target::Rights(key, power) => self.rights_of(key, *power),
            Target::Command(at) => {
                if let Some(spec) = crate::app::command::COMMANDS.get(*at) {
                    self.run(spec.cmd, "", None, effects);
                }
            }
        }
    }

    /// Jumps to a thing: the list that has it, or the nearest page about it.
    pub(super) fn go(&mut self, key: &EntityKey) {
        let (list, row) = match key.kind {
            Kind::Pod | Kind::Container => match self.group_of_pod(key) {
                Some(group) => (ListKind::Pods, group),
                None => return self.fail(format!("{key} is not in the loaded data")),
            },
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet | Kind::Job | Kind::CronJob => {
                (ListKind::Pods, key.clone())
            }
            Kind::ServiceAccount => (ListKind::ServiceAccounts, key.clone()),
            Kind::Role => (ListKind::Roles, key.clone()),
            Kind::Node => (ListKind::Nodes, key.clone()),
            Kind::Association => (ListKind::Associations, key.clone()),
            Kind::Finding => {
                self.push_place();
                self.switch_list(Screen::Findings);
                let ask = &mut self.place.ask;
                *ask = crate::app::place::Ask { accepted: true, ..crate::app::place::Ask::of(ListKind::Findings) };
                self.place.selected = Some(key.clone());
                return;
            }
            Kind::Namespace | Kind::Cluster => {
                self.push_place();
                self.switch_list(Screen::Explorer);
                self.place.ask.list = ListKind::Pods;
                self.place.ask.query.clear();
                self.place.column = 0;
                self.place.ask.scope = if key.kind == Kind::Cluster {
                    Scope { cluster: Some(key.name.clone()), namespace: None }
                } else {
                    Scope { cluster: Some(key.scope.clone()), namespace: Some(key.name.clone()) }
                };
                return;
            }
            Kind::Policy => {
                let role = self.estate().graph().used_by(key).into_iter().find(|it| it.key.kind == Kind::Role);
                let Some(role) = role.map(|it| it.key) else {
                    return self.say(format!("no role of the loaded data uses {key}"));
                };
                let documents = self.estate().documents(&role);
                let ends = |arn: &str| arn.rsplit('/').next() == Some(key.name.as_str());
                let at = documents.iter().position(|it| it.arn.as_deref().is_some_and(ends)).unwrap_or(0);
                self.push_place();
                return self.show_policy(role, at, 0);
            }
            _ => return self.open_page(crate::app::overlay::PageKind::Details(key.clone())),
        };
        self.push_place();
        self.switch_list(Screen::Explorer);
        self.turn_lists();
        let hidden = self.list().is_none_or(|view| view.ask.list != list || view.line_of(&row).is_none());
        if hidden {
            let ask = &mut self.place.ask;
            ask.list = list;
            ask.query.clear();
            ask.problems_only = false;
            ask.system = true;
            ask.collapsed = false;
            ask.scope = Scope::default();
        }
        self.place.column = 0;
        self.place.picks = [None, None, None];
        self.place.selected = Some(row);
        if let (false, Some(line)) = (hidden, self.place.selected.as_ref().and_then(|key| self.list()?.line_of(key))) {
            self.select_line(line);
        }
    }

    pub(super) fn leave_overlay(&mut self) {
        self.overlay = None;
        self.search.clear();
        self.zoom = false;
    }

    /// The row that a pod is behind. Looks through all rows: only for jumps.
    fn group_of_pod(&self, key: &EntityKey) -> Option<EntityKey> {
        let name = if key.kind == Kind::Container { &key.pod } else { &key.name };
        let estate = self.estate();
        let is_it = |at: &u32| {
            let entry = &estate.pods[*at as usize];
            entry.cluster == key.scope
                && entry.namespace == key.namespace
                && entry.pod.as_ref().is_some_and(|pod| pod.meta.name == *name)
        };
        let group = estate.groups.iter().find(|group| group.key == *key || group.members.iter().any(is_it))?;
        Some(group.key.clone())
    }

    /// The Policy screen on a document of a role. The caller pushed the place.
    pub(super) fn show_policy(&mut self, role: EntityKey, document: usize, line: usize) {
        match PolicyView::open(self.estate(), &role, document) {
            Some(view) => {
                self.leave_overlay();
                self.place.screen = Screen::Policy;
                self.place.policy =
                    Some(PolicyPlace { role, asker: None, document: view.at, in_words: false, line, top: 0 });
                self.policy = Some(view);
            }
            None => {
                self.back.pop();
                self.fail(match self.estate().role(&role) {
                    Lookup::Absent => format!("{role} does not exist: the roles of its account were read whole"),
                    _ => format!("the documents of {role} were not read; what it may do is unknown"),
                });
            }
        }
    }

    /// The next or previous document of the role.
    pub(super) fn turn_document(&mut self, delta: isize) {
        let (Some(view), Some(place)) = (&self.policy, &self.place.policy) else { return };
        let last = view.documents.len() - 1;
        let at = place.document.saturating_add_signed(delta).min(last);
        if at == place.document {
            return self.say(if delta > 0 { "this is the last document" } else { "this is the first document" });
        }
        let place = PolicyPlace { document: at, line: 0, top: 0, ..place.clone() };
        self.policy = PolicyView::open_for(self.estate(), &place);
        self.place.policy = Some(place);
    }

    pub(super) fn is_at_root(&self) -> bool {
        self.overlay.is_none()
            && self.back.is_empty()
            && self.place.ask.query.is_empty()
            && !self.place.ask.problems_only
            && !self.zoom
            && self.place.screen == Screen::Explorer
    }

    pub(super) fn open_page(&mut self, kind: crate::app::overlay::PageKind) {
        self.search.clear();
        self.overlay = Some(Overlay::Page(self.page(kind)));
    }
}
