//! The RBAC screen: opening it, moving in it.

use std::sync::Arc;

use crate::app::place::{Scope, Screen};
use crate::app::rbac::{COLUMNS, Holder, POWERS, RULES, RbacAsked, RbacPlace, RbacView, SUBJECTS, USES, holder_of};
use crate::app::text::Target;
use crate::app::{App, Effect, Work};
use crate::model::EntityKey;
use crate::rbac::Power;

impl App {
    /// `:rbac [subject|ns]` and its key.
    pub(super) fn rbac_command(&mut self, argument: &str) {
        let mut scope = self.place.ask.scope.clone();
        let mut about = None;
        if argument == "all" {
            scope = Scope::default();
        } else if !argument.is_empty() {
            if let Some(namespace) = self.estate().namespaces().into_iter().find(|it| it == argument) {
                scope.namespace = Some(namespace);
            } else {
                match self.resolve(argument).and_then(|key| holder_of(self.estate(), &key)) {
                    Ok(holder) => about = Some(holder),
                    Err(reason) => return self.fail(reason),
                }
            }
        }
        self.show_rbac(about, scope);
    }

    /// The rights of the selected thing.
    pub(super) fn rights_of_selection(&mut self) {
        let Some(key) = self.selected_key() else { return };
        let explored = self.place.screen == Screen::Explorer && self.overlay.is_none() && self.place.column == 1;
        let power = match self.pick(1).filter(|_| explored) {
            Some(Target::Rights(_, power)) => *power,
            _ => None,
        };
        self.rights_of(&key, power);
    }

    /// The rights of somebody, with one power chosen.
    pub(super) fn rights_of(&mut self, key: &EntityKey, power: Option<Power>) {
        match holder_of(self.estate(), key) {
            Ok(holder) => self.show_rbac(Some(holder), self.place.ask.scope.clone()),
            Err(reason) => return self.fail(reason),
        }
        if let Some(place) = self.place.rbac.as_mut().filter(|_| power.is_some()) {
            place.power = power;
            place.holder = None;
            place.used = None;
        }
    }

    fn show_rbac(&mut self, about: Option<Holder>, scope: Scope) {
        let known = self.place.rbac.take().filter(|it| it.about == about);
        let same = self.place.screen == Screen::Rbac && known.is_some() && self.place.ask.scope == scope;
        self.place.rbac.clone_from(&known);
        if !same {
            self.push_place();
        }
        self.leave_overlay();
        self.detail_scroll = 0;
        self.place.screen = Screen::Rbac;
        self.place.ask.scope = scope;
        self.place.rbac = Some(known.unwrap_or(RbacPlace { about, ..RbacPlace::default() }));
    }

    /// Asks for the view when what it shows is another. The old one stays until the new one has come.
    pub(super) fn settle_rbac(&mut self, effects: &mut Vec<Effect>) {
        let Some(place) = self.place.rbac.as_ref().filter(|_| self.place.screen == Screen::Rbac) else { return };
        let estate = self.shown.as_ref().map_or(&self.estate, |(estate, _)| estate);
        let asked = RbacAsked {
            // Which column has the focus shows nothing else.
            place: RbacPlace { column: 0, ..place.clone() },
            scope: self.place.ask.scope.clone(),
            system: self.place.ask.system,
            estate: Arc::as_ptr(estate) as usize,
        };
        if self.rbac_asked.as_ref() != Some(&asked) {
            self.rbac_asked = Some(asked.clone());
            effects.push(Effect::Work(Work::Rbac { estate: Arc::clone(estate), asked: Box::new(asked) }));
        }
    }

    pub(super) fn take_rbac(&mut self, asked: &RbacAsked, view: Box<RbacView>) {
        // An answer to a question that nobody asks any more would show a moment of the past.
        if self.rbac_asked.as_ref() == Some(asked) {
            self.rbac = Some(view);
        }
    }

    /// By rows in the focused column.
    pub(super) fn step_rbac(&mut self, delta: isize) {
        let Some(column) = self.place.rbac.as_ref().map(|it| it.column) else { return };
        if column == RULES {
            return self.scroll_detail(delta);
        }
        let Some(view) = self.rbac_view() else { return };
        let stops: Vec<usize> = match column {
            POWERS => (0..view.powers.len()).collect(),
            SUBJECTS => (0..view.holders.len()).collect(),
            _ => view.panes[USES].iter().enumerate().filter(|it| it.1.target.is_some()).map(|it| it.0).collect(),
        };
        let now = view.chosen[column].and_then(|line| stops.iter().position(|stop| *stop == line)).unwrap_or(0);
        let next = now.saturating_add_signed(delta).min(stops.len().saturating_sub(1));
        if let Some(line) = stops.get(next) {
            self.choose_rbac(column, *line);
        }
    }

    /// Stands on a line of a column, if something can be chosen there.
    pub(super) fn choose_rbac(&mut self, column: usize, line: usize) {
        let Some(view) = &mut self.rbac else { return };
        let power = view.powers.get(line).copied();
        let holder = view.holders.get(line).cloned();
        let used = view.panes[USES].get(line).and_then(|it| it.target.clone());
        let Some(place) = &mut self.place.rbac else { return };
        place.column = column.min(COLUMNS - 1);
        match (column, power, holder) {
            (POWERS, Some(power), _) => {
                place.power = power;
                place.used = None;
            }
            (SUBJECTS, _, Some(holder)) => {
                place.holder = Some(holder);
                place.used = None;
            }
            (USES, ..) if used.is_some() => place.used = used,
            _ => return,
        }
        // The next key moves on from here, whether the view has come by then or not.
        if let Some(chosen) = view.chosen.get_mut(column) {
            *chosen = Some(line);
        }
        self.detail_scroll = 0;
    }

    /// To the next column; from the last one opens what is chosen.
    pub(super) fn open_rbac(&mut self, effects: &mut Vec<Effect>) {
        let Some(view) = self.rbac_view() else { return };
        let target = match self.place.rbac.as_ref().map(|it| it.column) {
            Some(POWERS) if !view.holders.is_empty() => None,
            Some(SUBJECTS) if view.used().is_some() => None,
            Some(USES) => view.used().cloned(),
            Some(SUBJECTS) => view.holder().map(|it| Target::Thing(it.key())),
            _ => return self.say("nothing to open here"),
        };
        match (target, &mut self.place.rbac) {
            (Some(target), _) => self.open(&target, effects),
            (None, Some(place)) => place.column += 1,
            (None, None) => {}
        }
    }

    pub(super) fn out_rbac(&mut self) {
        match &mut self.place.rbac {
            Some(place) if place.column > 0 => place.column -= 1,
            _ => {
                self.go_back();
            }
        }
    }
}
