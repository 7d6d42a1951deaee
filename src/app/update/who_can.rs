//! Asking who can: from a selection, the command line, or by editing the question; then moving over the rows.

use std::sync::Arc;

use crate::analysis::who_can::{Question, Row, RowKind, What};
use crate::app::explain::Question as ExplainQuestion;
use crate::app::header::plural;
use crate::app::input::Purpose;
use crate::app::overlay::{Action, Menu, MenuItem, Overlay};
use crate::app::place::{Screen, WhoCanPlace};
use crate::app::text::{Line, Tone};
use crate::app::who_can::{Switch, WhoCanLine, WhoCanView};
use crate::app::{App, Effect, Work};
use crate::base::Name;
use crate::estate::who_can;
use crate::iam::Layer;
use crate::model::{EntityKey, Kind};

/// What is shown of a question: everything that an answer and its lines hang on.
pub(in crate::app) type Asked = (Question, usize);

impl App {
    /// `:who-can`, with nothing or `ACTION|LEVEL RESOURCE` in either order.
    pub(super) fn who_can_command(&mut self, argument: &str) {
        if argument.is_empty() {
            let text = self.question_text();
            return self.open_input(Purpose::WhoCan, &text);
        }
        self.accept_who_can(argument);
    }

    /// Screen 4: the last question, or an empty one.
    pub(super) fn who_can_screen(&mut self) {
        if self.place.screen == Screen::WhoCan {
            return self.leave_overlay();
        }
        self.push_place();
        self.leave_overlay();
        self.detail_scroll = 0;
        self.place.screen = Screen::WhoCan;
        if self.place.who_can.is_none() {
            self.open_input(Purpose::WhoCan, "");
        }
        self.refresh_who_can();
    }

    /// The question that stands here: that of the screen, what Explain asks, or the resource that is selected.
    fn question_text(&self) -> String {
        if self.overlay.is_none() {
            match (self.place.screen, &self.place.who_can, &self.place.explain) {
                (Screen::WhoCan, Some(place), _) => {
                    return format!("{} {}", place.question.resource, place.question.what.word());
                }
                (Screen::Explain, _, Some(place)) => {
                    let question = &place.question;
                    let resource = if question.resource.is_empty() { "*" } else { &question.resource };
                    return format!("{resource} {}", question.action);
                }
                _ => {}
            }
        }
        // Workloads are what answers name; a role is something that one can ask about.
        let selected = self.selected_key().filter(|key| matches!(key.kind, Kind::Resource | Kind::Role | Kind::Policy));
        let arn = selected.and_then(|key| who_can::of_thing(self.estate(), &key));
        arn.map_or_else(String::new, |arn| format!("{arn} "))
    }

    /// What was typed: a resource and an action or level, in either order.
    pub(super) fn accept_who_can(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (what, resource) = match words.as_slice() {
            [] => return,
            [one] => return self.fail(format!("`{one}` is half a question: who can ACTION|LEVEL RESOURCE")),
            [first, second] => match (What::parse(first), What::parse(second)) {
                (Some(what), None) => (what, *second),
                (_, Some(what)) => (what, *first),
                (None, None) => {
                    let levels: Vec<&str> = What::levels().collect();
                    return self.fail(format!(
                        "no action or level in it; actions look like s3:PutObject, levels are {}",
                        levels.join(", ")
                    ));
                }
            },
            _ => return self.fail("one action or level, and one resource"),
        };
        match who_can::resource(self.estate(), resource) {
            Ok(arn) if arn == "*" && matches!(what, What::Level(_)) => {
                self.fail("an access level needs a resource: an ARN or the name of a bucket");
            }
            Ok(resource) => self.show_who_can(Question { what, resource, given: Vec::new() }),
            Err(_) => self.fail(format!("`{resource}` is no resource: an ARN, the name of a bucket, or an address")),
        }
    }

    fn show_who_can(&mut self, question: Question) {
        self.push_place();
        self.leave_overlay();
        self.detail_scroll = 0;
        let shows = self.place.who_can.as_ref().map_or_else(Default::default, |it| it.shows);
        self.place.screen = Screen::WhoCan;
        self.place.who_can = Some(WhoCanPlace { question, shows, line: 0 });
        self.refresh_who_can();
    }

    /// Asks the question of the place, if nobody asked it of this estate yet; and what can be asked about, once a
    /// question is being typed.
    pub(super) fn settle_who_can(&mut self, estate_id: usize, effects: &mut Vec<Effect>) {
        if !self.has_data() {
            return;
        }
        let typing = self.input.as_ref().is_some_and(|input| match input.purpose {
            Purpose::WhoCan => true,
            Purpose::Command => input.line.text().starts_with("who-can"),
            _ => false,
        });
        if typing && self.resources_asked != Some(estate_id) {
            self.resources_asked = Some(estate_id);
            effects.push(Effect::Work(Work::Resources { estate: Arc::clone(&self.estate) }));
        }
        let Some(place) = self.place.who_can.as_ref().filter(|_| self.place.screen == Screen::WhoCan) else { return };
        let asked = (place.question.clone(), estate_id);
        if self.who_can_scope != self.place.ask.scope {
            self.refresh_who_can();
        }
        if self.who_can_asked.as_ref() != Some(&asked) {
            let question = asked.0.clone();
            self.who_can_asked = Some(asked);
            effects.push(Effect::Work(Work::WhoCan { estate: Arc::clone(&self.estate), question }));
        }
    }

    pub(super) fn take_who_can(&mut self, view: Arc<WhoCanView>, effects: &mut Vec<Effect>) {
        if let Some(old) = self.who_can.replace(view) {
            effects.push(Effect::Discard(Box::new(old)));
        }
        self.refresh_who_can();
    }

    pub(super) fn take_resources(&mut self, resources: Arc<Vec<Name>>) {
        self.resources = resources;
    }

    /// The lines that the switches and the scope leave. Cost: the rows of the answer.
    pub(super) fn refresh_who_can(&mut self) {
        let Some(place) = &self.place.who_can else { return };
        let Some(view) = self.who_can.as_ref().filter(|view| view.question == place.question) else {
            self.who_can_lines.clear();
            return;
        };
        self.who_can_lines = view.lines(&place.shows, &self.place.ask.scope);
        self.who_can_scope = self.place.ask.scope.clone();
        let line = place.line;
        self.who_can_to(line, true);
    }

    /// To a line of the result; the heading is stepped over.
    fn who_can_to(&mut self, line: usize, forward: bool) {
        let last = self.who_can_lines.len().saturating_sub(1);
        let mut line = line.min(last);
        if self.who_can_lines.get(line) == Some(&WhoCanLine::MoreSteps) {
            line = if forward || line == 0 { (line + 1).min(last) } else { line - 1 };
        }
        if let Some(place) = self.place.who_can.as_mut().filter(|place| place.line != line) {
            place.line = line;
            self.detail_scroll = 0;
        }
    }

    pub(super) fn step_who_can(&mut self, delta: isize) {
        let now = self.place.who_can.as_ref().map_or(0, |place| place.line);
        self.who_can_to(now.saturating_add_signed(delta), delta > 0);
    }

    pub(super) fn who_can_line(&mut self, line: usize) {
        self.who_can_to(line, true);
    }

    /// To the next or previous row that hangs on something or is not known.
    pub(super) fn step_doubt(&mut self, forward: bool) {
        let Some(view) = self.asked_who_can() else { return };
        let now = self.place.who_can.as_ref().map_or(0, |place| place.line);
        let open = |at: &usize| {
            let row = self.who_can_lines.get(*at).and_then(|line| view.row(*line));
            row.is_some_and(|row| {
                use crate::analysis::verdict::Verdict::{Cond, Unk};
                matches!(row.verdict, Cond | Unk)
            })
        };
        let count = self.who_can_lines.len();
        let next = if forward {
            (now + 1..count).chain(0..now).find(open)
        } else {
            (0..now).rev().chain((now + 1..count).rev()).find(open)
        };
        match next {
            Some(line) => self.who_can_to(line, forward),
            None => self.say("no other row is conditional or unknown"),
        }
    }

    pub(super) fn toggle_switch(&mut self, switch: Switch) {
        let Some(place) = &mut self.place.who_can else { return };
        place.shows.toggle(switch);
        let (_, _, label) = Switch::ALL[switch as usize];
        let state = if place.shows.is_on(switch) { "shown" } else { "hidden" };
        self.say(format!("{label}: {state}"));
        self.refresh_who_can();
    }

    pub(super) fn switches_menu(&mut self) {
        let Some(place) = &self.place.who_can else { return };
        let item = |(switch, key, label): &(Switch, &str, &str)| MenuItem {
            key: (*key).to_owned(),
            label: format!("{} {label}", if place.shows.is_on(*switch) { "[x]" } else { "[ ]" }),
            action: Action::Switch(*switch),
            blocked: None,
        };
        let items = Switch::ALL.iter().map(item).collect();
        self.overlay = Some(Overlay::Menu(Menu { title: "SHOW", items, cursor: 0 }));
    }

    /// The chosen row, asked of Explain.
    pub(super) fn explain_row(&mut self) {
        if self.who_can_row().is_none() {
            return self.say("no row is chosen");
        }
        match self.row_question() {
            (Some(who), Some((action, resource))) => {
                self.show_explain(ExplainQuestion { who, action, resource, said: None });
            }
            (Some(who), None) => self.go(&who),
            (None, _) => self.say("explain speaks of workloads and roles; below is what is known of this row"),
        }
    }

    /// Whom and what Explain is asked for the chosen row: its workload, or its role where the workload signs with
    /// another, and the first action it may do.
    pub(super) fn row_question(&self) -> (Option<EntityKey>, Option<(String, String)>) {
        let Some(row) = self.who_can_row() else { return (None, None) };
        let role = || row.role.as_deref().and_then(EntityKey::role);
        let who = match (row.kind, row.steps_more) {
            (RowKind::Workload, 0) => row.key.clone(),
            (RowKind::Workload | RowKind::Role, _) => role(),
            (RowKind::Person, 1..) => role(),
            (RowKind::Person | RowKind::Outside, _) => None,
        };
        let resource = row.grant.on.first().unwrap_or(&row.grant.example).to_string();
        (who, row.grant.actions.first().map(|action| (action.to_string(), resource)))
    }

    /// The text of the statement because of which the row stands.
    pub(super) fn open_reason(&mut self) {
        let Some(row) = self.who_can_row().cloned() else { return self.say("no row is chosen") };
        let Some(because) = row.grant.because.clone() else { return self.say("no document stands behind this") };
        let roster = who_can::roster(self.estate());
        let found = crate::analysis::who_can::behind(roster, &row).map(|(key, policy)| (key.clone(), policy.clone()));
        match found {
            Some((role, policy)) if role.kind == Kind::Role => {
                let documents = self.estate().documents(&role);
                let at = documents
                    .iter()
                    .position(|it| it.role.is_identity_policy() && it.text.as_deref() == Some(&*policy.document.text));
                let view = at.and_then(|at| crate::app::policy::PolicyView::open(self.estate(), &role, at));
                let line = view.and_then(|view| view.statements.get(because.statement).map(|it| *it.start()));
                self.push_place();
                self.show_policy(role, at.unwrap_or(0), line.unwrap_or(0));
            }
            Some((_, policy)) => {
                let title = format!("policy {}", policy.name);
                let text = Arc::clone(&policy.document.text);
                self.open_page(crate::app::overlay::PageKind::Document { title, text, statement: because.statement });
            }
            None if because.layer == Layer::Resource => {
                let accounts = self.estate().inventory.accounts.values();
                let mut policies = accounts.flat_map(|account| account.resource_policies.iter());
                let text = policies.find(|it| it.arn == because.policy).and_then(|it| it.text.as_deref());
                match text.map(Arc::from) {
                    Some(text) => {
                        let title = format!("policy of {}", because.policy);
                        self.open_page(crate::app::overlay::PageKind::Document {
                            title,
                            text,
                            statement: because.statement,
                        });
                    }
                    None => self.say("the document is a trust policy: t on the role shows it"),
                }
            }
            None => self.say("no document stands behind this"),
        }
    }
}

/// What the screen and the lines around it show.
impl App {
    /// The answer to the question of the place, once it has come.
    pub fn asked_who_can(&self) -> Option<&WhoCanView> {
        let place = self.place.who_can.as_ref()?;
        self.who_can.as_deref().filter(|view| view.question == place.question)
    }

    pub fn who_can_lines(&self) -> &[WhoCanLine] {
        &self.who_can_lines
    }

    pub fn who_can_row(&self) -> Option<&Row> {
        let line = self.place.who_can.as_ref()?.line;
        self.asked_who_can()?.row(*self.who_can_lines.get(line)?)
    }

    /// The words below the result.
    pub fn who_can_detail(&self) -> Vec<Line> {
        match (self.asked_who_can(), self.who_can_row()) {
            (Some(view), Some(row)) => crate::app::who_can::detail(self.estate(), view, row),
            _ => Vec::new(),
        }
    }

    pub(in crate::app) fn who_can_crumbs(&self) -> String {
        match &self.place.who_can {
            Some(place) => {
                let resource = place.question.resource.rsplit(':').next().unwrap_or_default();
                format!("Who-can › {resource} › {}", place.question.what.word())
            }
            None => "Who-can".into(),
        }
    }

    pub(in crate::app) fn who_can_status(&self) -> (Line, Line) {
        let Some(view) = self.asked_who_can() else {
            let text =
                if self.place.who_can.is_some() { " asking …" } else { " w asks who can do something on a resource" };
            return (Line::dim(text), Line::default());
        };
        let answer = &view.answer;
        let rows = self.who_can_lines.iter().filter(|it| matches!(it, WhoCanLine::Row(_))).count();
        let denied = answer.denied.len();
        let place = self.place.who_can.as_ref();
        let hidden = if place.is_some_and(|it| it.shows.denied) { "shown" } else { "hidden (! shows)" };
        let left = format!(
            " {} · {} and {} asked · {denied} denied {hidden}",
            plural(rows, "row"),
            plural(answer.roles, "role"),
            plural(answer.users, "user"),
        );
        let right = match answer.unread.len() {
            0 => Line::default(),
            count => Line::default().with(format!("unread {count}: {}", answer.unread[0]), Tone::Unknown),
        };
        (Line::plain(left), right)
    }
}
