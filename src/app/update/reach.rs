//! Asking for blast radii and paths, and moving in the answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::picture::layout::Layout;
use crate::app::input::Purpose;
use crate::app::place::{ReachPlace, Screen};
use crate::app::reach::{DEPTH, Question, ReachView, Row, Sketch};
use crate::app::{App, Effect, Work};
use crate::model::EntityKey;

impl App {
    /// `b`, `3`, `:blast [THING]`; `backward` for who can become it.
    pub(super) fn blast_command(&mut self, argument: &str, backward: bool) {
        let key = if argument.is_empty() {
            // The key of the screen returns to the last answer.
            let again = self.place.reach.as_ref().filter(|it| matches!(it.question, Question::Blast { .. }));
            match (self.selected_key(), again) {
                (Some(key), _) if self.place.screen != Screen::Blast => key,
                (Some(key), Some(place)) if key != *place.subject() => key,
                (_, Some(_)) => return self.leave_overlay(),
                (Some(key), None) => key,
                (None, None) => return self.fail("blast: nothing is selected"),
            }
        } else {
            match self.resolve(argument) {
                Ok(key) => key,
                Err(reason) => return self.fail(reason),
            }
        };
        self.show_reach(Screen::Blast, Question::Blast { key, backward, depth: DEPTH });
    }

    /// `5`: the last path again, else as `p`.
    pub(super) fn path_screen(&mut self) {
        if self.place.screen == Screen::Path && self.overlay.is_none() {
            return;
        }
        match self.last_path.clone().filter(|_| self.mark.is_none()) {
            Some(question) => self.show_reach(Screen::Path, question),
            None => self.path_command(""),
        }
    }

    /// `p`, `:path FROM TO`: from the mark to the selection, else what is still to be said is asked for.
    pub(super) fn path_command(&mut self, argument: &str) {
        let mut words = argument.split_whitespace();
        match (words.next(), words.next()) {
            (Some(from), Some(to)) => match (self.resolve(from), self.resolve(to)) {
                (Ok(from), Ok(to)) => self.show_reach(Screen::Path, Question::Path { from, to }),
                (Err(reason), _) | (_, Err(reason)) => self.fail(reason),
            },
            (Some(from), None) => self.open_input(Purpose::Command, &format!("path {from} ")),
            (None, _) => match (self.mark.clone().or_else(|| self.who_can_start()), self.path_end()) {
                (Some(from), Some(to)) if from != to => self.show_reach(Screen::Path, Question::Path { from, to }),
                (_, Some(selected)) => self.open_input(Purpose::Command, &format!("path {selected} ")),
                (_, None) => self.fail("path: nothing is selected"),
            },
        }
    }

    /// Who a row of Who-can is about, and what it would have to become.
    fn who_can_start(&self) -> Option<EntityKey> {
        let row = self.who_can_row().filter(|_| self.place.screen == Screen::WhoCan && self.overlay.is_none())?;
        row.key.clone()
    }

    fn path_end(&self) -> Option<EntityKey> {
        let role = self.who_can_start().and_then(|_| self.who_can_row()?.role.as_deref().and_then(EntityKey::role));
        role.or_else(|| self.selected_key())
    }

    fn show_reach(&mut self, screen: Screen, question: Question) {
        if self.place.reach.as_ref().is_none_or(|it| it.question != question) || self.place.screen != screen {
            self.push_place();
        }
        self.leave_overlay();
        self.place.screen = screen;
        self.detail_scroll = 0;
        self.place.reach = Some(ReachPlace {
            question,
            alternative: 0,
            cursor: 0,
            folded: BTreeSet::new(),
            picture: false,
            spot: None,
            open: BTreeSet::new(),
        });
        self.remember_path();
    }

    /// The path that its screen's key returns to.
    fn remember_path(&mut self) {
        let path = self.place.reach.as_ref().filter(|_| self.place.screen == Screen::Path);
        if let Some(place) = path {
            self.last_path = Some(place.question.clone());
        }
    }

    /// `V`: the tree or steps, or a picture of them.
    pub(super) fn toggle_picture(&mut self) {
        let shows = matches!(self.place.screen, Screen::Blast | Screen::Path);
        let Some(place) = self.place.reach.as_mut().filter(|_| shows) else {
            return self.say("pictures are of the blast radius (b) and of paths (p)");
        };
        place.picture ^= true;
        place.spot = None;
    }

    /// The places of the picture and the spot stood on, where it shows.
    fn standing(&self) -> Option<(&Layout, usize)> {
        let layout = self.sketched()?;
        let last = layout.spots.len().checked_sub(1)?;
        Some((layout, self.place.reach.as_ref()?.spot.unwrap_or(layout.start).min(last)))
    }

    fn stand(&mut self, spot: Option<usize>) {
        match (spot, &mut self.place.reach) {
            (Some(spot), Some(place)) => place.spot = Some(spot),
            _ => self.say("nothing stands on that side"),
        }
    }

    /// Lays the picture out anew when another answer has come, or a fold was opened.
    fn settle_picture(&mut self) {
        let Some(place) = self.place.reach.as_ref().filter(|it| it.picture) else { return };
        let Some(view) = self.reach.as_ref().filter(|it| it.question == place.question) else { return };
        let same = self.drawn.as_ref().is_some_and(|(of, open, _)| Arc::ptr_eq(of, view) && *open == place.open);
        if same {
            return;
        }
        let open = place.open.clone();
        let layout = view.sketch.layout(&open);
        // The selection stays with its thing, or goes to the first that a fold gives free.
        let stood = self.drawn.as_ref().and_then(|(.., old)| old.spots.get(place.spot?)).map(|it| it.key.clone());
        let spot = stood.and_then(|key| layout.spots.iter().position(|it| it.key == key));
        self.drawn = Some((Arc::clone(view), open, layout));
        if let Some(place) = &mut self.place.reach {
            place.spot = spot;
        }
    }

    /// Opens the fold stood on.
    fn open_fold(&mut self) -> bool {
        let fold =
            self.standing().and_then(|(layout, spot)| layout.spots[spot].folded.as_ref()).map(|it| it.fold.clone());
        match (fold, &mut self.place.reach) {
            (Some(fold), Some(place)) => place.open.insert(fold),
            _ => false,
        }
    }

    /// `B`: the same set in the Explorer, and off again.
    pub(super) fn light(&mut self, effects: &mut Vec<Effect>) {
        if let (Screen::Blast, Some((view, _))) = (self.place.screen, self.reached()) {
            let lit = view.marked.clone();
            self.push_place();
            self.switch_list(Screen::Explorer);
            self.say(format!("{} things are marked; B takes the marks away", lit.len()));
            self.lit = Some(lit);
            return;
        }
        if self.lit.take().is_some() {
            return self.say("marks are taken away");
        }
        let Some(key) = self.selected_key() else { return self.fail("highlight: nothing is selected") };
        let question = Question::Blast { key, backward: false, depth: usize::MAX };
        effects.push(Effect::Work(Work::Reach { estate: Arc::clone(&self.estate), question, light: true }));
    }

    pub(super) fn take_light(&mut self, view: &ReachView) {
        self.say(format!("{} things are marked; B takes the marks away", view.marked.len()));
        self.lit = Some(view.marked.clone());
    }

    /// `+`, `_`, `:depth N`.
    pub(super) fn deepen(&mut self, change: impl Fn(usize) -> usize) {
        let Some(place) = self.place.reach.as_mut().filter(|_| self.place.screen == Screen::Blast) else {
            return self.say("depth is of the blast radius (b)");
        };
        if let Question::Blast { depth, .. } = &mut place.question {
            *depth = change(*depth).clamp(1, 64);
            let text = format!("depth {depth}");
            self.say(text);
        }
    }

    /// Asks for what the place shows, once.
    pub(super) fn settle_reach(&mut self, estate_id: usize, effects: &mut Vec<Effect>) {
        if !matches!(self.place.screen, Screen::Blast | Screen::Path) {
            return;
        }
        self.settle_picture();
        let Some(place) = &self.place.reach else { return };
        let asked = (place.question.clone(), estate_id);
        if self.has_data() && self.reach_asked.as_ref() != Some(&asked) {
            let question = asked.0.clone();
            self.reach_asked = Some(asked);
            effects.push(Effect::Work(Work::Reach { estate: Arc::clone(&self.estate), question, light: false }));
        }
    }

    /// To a line among those that show.
    pub(super) fn reach_to(&mut self, line: usize) {
        if let Some((layout, spot)) = self.standing() {
            let column = layout.spots[spot].column;
            let near = layout.near(line, column, true).or_else(|| layout.near(line, column, false));
            return self.stand(near);
        }
        let shown = self.reached().map_or(0, |(view, place)| view.visible(place).len());
        if let Some(place) = &mut self.place.reach {
            place.cursor = line.min(shown.saturating_sub(1));
            if matches!(place.question, Question::Path { .. }) {
                self.detail_scroll = 0;
            }
        }
    }

    pub(super) fn reach_step(&mut self, delta: isize) {
        if let Some((layout, spot)) = self.standing() {
            let here = &layout.spots[spot];
            let row = here.row.saturating_add_signed(delta);
            let down = delta > 0;
            let beyond = if down { row >= layout.rows } else { delta.unsigned_abs() > here.row };
            let near = layout.near(row.min(layout.rows.saturating_sub(1)), here.column, down && !beyond);
            return self.stand(near.or(Some(spot)));
        }
        let cursor = self.place.reach.as_ref().map_or(0, |place| place.cursor);
        self.reach_to(cursor.saturating_add_signed(delta));
    }

    /// Into: unfolds a folded thing, else goes to it. On paths `l` shows the next one, enter goes to the thing.
    pub(super) fn reach_into(&mut self, by_enter: bool) {
        if by_enter && self.open_fold() {
            return;
        }
        if let Some((layout, spot)) = self.standing().filter(|_| !by_enter) {
            let next = layout.beside(spot, true);
            return self.stand(next);
        }
        if self.place.screen == Screen::Path && !by_enter {
            return self.turn_path(1);
        }
        let rest = self.reach_row().and_then(|row| row.rest.clone());
        if let (Some(fold), Some(place)) = (rest, &mut self.place.reach) {
            place.open.insert(fold);
            return;
        }
        let Some(key) = self.reach_key() else { return self.say("nothing to open here") };
        if let Some(place) = &mut self.place.reach
            && place.folded.remove(&key)
        {
            return;
        }
        self.go(&key);
    }

    /// Out: folds the thing, or the one above it.
    pub(super) fn reach_out(&mut self) {
        if let Some((layout, spot)) = self.standing() {
            let next = layout.beside(spot, false);
            return self.stand(next);
        }
        if self.place.screen == Screen::Path {
            return self.turn_path(-1);
        }
        let Some((view, place)) = self.reached() else { return };
        let shown = view.visible(place);
        let Some(rows) = view.alternatives.get(place.alternative) else { return };
        let Some(here) = shown.get(place.cursor).copied() else { return };
        let level = rows[here].level;
        let open = rows[here].has_children && rows[here].key.as_ref().is_some_and(|key| !place.folded.contains(key));
        let target = if open {
            Some(here)
        } else {
            shown[..place.cursor].iter().rev().copied().find(|at| rows[*at].level < level)
        };
        let Some(target) = target else { return };
        let (key, cursor) = (rows[target].key.clone(), shown.iter().position(|at| *at == target));
        if let (Some(place), Some(cursor)) = (&mut self.place.reach, cursor) {
            if open {
                place.folded.extend(key);
            }
            place.cursor = cursor;
        }
    }

    /// `x`: everything below the first level folds, or unfolds.
    pub(super) fn reach_expand(&mut self) {
        if let Some((layout, _)) = self.standing() {
            let folds: BTreeSet<_> = Sketch::folds(layout).cloned().collect();
            let none = folds.is_empty();
            match &mut self.place.reach {
                Some(place) if none && !place.open.is_empty() => place.open.clear(),
                Some(place) if !none => place.open.extend(folds),
                _ => self.say("nothing is folded"),
            }
            return;
        }
        let Some((view, place)) = self.reached() else { return };
        let rows = view.alternatives.get(place.alternative).map_or(&[][..], Vec::as_slice);
        let folded = if place.folded.is_empty() {
            rows.iter().filter(|row| row.level == 1 && row.has_children).filter_map(|row| row.key.clone()).collect()
        } else {
            BTreeSet::new()
        };
        if let Some(place) = &mut self.place.reach {
            place.folded = folded;
            place.cursor = 0;
        }
    }

    fn turn_path(&mut self, delta: isize) {
        let count = self.reached().map_or(0, |(view, _)| view.alternatives.len());
        if let Some(place) = &mut self.place.reach {
            let next = place.alternative.saturating_add_signed(delta).min(count.saturating_sub(1));
            if next == place.alternative {
                self.say(if delta > 0 { "this is the last path" } else { "this is the first path" });
            } else {
                place.alternative = next;
                place.cursor = 0;
            }
        }
    }

    fn reach_row(&self) -> Option<&Row> {
        let (view, place) = self.reached()?;
        let at = *view.visible(place).get(place.cursor)?;
        view.alternatives.get(place.alternative)?.get(at)
    }

    /// The thing on the line stood on.
    pub(in crate::app) fn reach_key(&self) -> Option<EntityKey> {
        if let Some((layout, spot)) = self.standing() {
            return layout.spots.get(spot).map(|it| it.key.clone());
        }
        let (view, place) = self.reached()?;
        let at = *view.visible(place).get(place.cursor)?;
        let rows = view.alternatives.get(place.alternative)?;
        // A line of access speaks of the role above it.
        rows[..=at].iter().rev().find_map(|row| row.key.clone())
    }
}
