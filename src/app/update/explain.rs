//! Asking: from a selection, the command line or a pasted message; then moving over the steps of the answer.

use std::sync::Arc;

use crate::analysis::message::{Denied, SessionKind};
use crate::app::command::Cmd;
use crate::app::explain::complete::{About, is_action};
use crate::app::explain::{Question, Where, label, no_caller};
use crate::app::input::Purpose;
use crate::app::overlay::{Action, Overlay, PageKind, Picker, PickerItem};
use crate::app::place::{ExplainPlace, Screen};
use crate::app::text::{Line, Target, Tone};
use crate::app::{App, Effect, Work};
use crate::model::{EntityKey, Kind};

pub(super) const NOT_RECOGNISED: &str =
    "pasted text is not recognised: neither an AccessDenied message nor an address or ARN of the loaded data";

/// Most of a paste that is read.
const PASTE: usize = 1 << 20;

/// The text may hold an AccessDenied message; the parser decides.
pub(super) fn looks_denied(text: &str) -> bool {
    text.contains("uthorized to perform")
}

impl App {
    /// `:explain`, with nothing, `ACTION [RESOURCE]` about the selection, or `THING ACTION [RESOURCE]`.
    pub(super) fn explain_command(&mut self, argument: &str) {
        let mut words = argument.split_whitespace();
        let Some(first) = words.next() else { return self.ask_about_selection() };
        let (who, action) = if is_action(first) {
            (self.asked_thing().ok_or_else(|| "explain: nothing is selected".to_owned()), Some(first))
        } else {
            (self.resolve(first), words.next())
        };
        match (who, action) {
            (Err(reason), _) => self.fail(reason),
            (Ok(who), None) => self.open_question(&who, "", None),
            (Ok(who), Some(action)) => {
                let resource = words.collect::<Vec<_>>().join(" ");
                self.ask(Question { who, action: action.to_owned(), resource, said: None });
            }
        }
    }

    /// What a question from here is about: the selected thing where it has an identity, else the role it leads to.
    fn asked_thing(&self) -> Option<EntityKey> {
        let selected = self.selected_key()?;
        if self.place.screen == Screen::Explorer && self.overlay.is_none() && self.place.column == 3 {
            // Access of the role that the row signs with is the row's own.
            let row = self.row()?;
            let group = row.group.and_then(|at| self.estate().groups.get(at as usize));
            let signs = group.and_then(|it| it.identity.identity.role.as_deref()).and_then(EntityKey::role);
            return Some(if signs.as_ref() == Some(&selected) { row.key.clone() } else { selected });
        }
        if let Some(question) = self.question_of_policy() {
            return Some(question.who.clone());
        }
        match selected.kind {
            Kind::Node if self.row().is_some_and(|row| row.key == selected) => self.selected_role(),
            Kind::Association => {
                let row = self.row().filter(|row| row.key == selected)?;
                Some(EntityKey::namespaced(Kind::ServiceAccount, &row.cluster, &row.section, &row.name))
            }
            _ => Some(selected),
        }
    }

    /// The current question, when the Policy screen shows a document of the role that it is about.
    fn question_of_policy(&self) -> Option<&Question> {
        let place =
            self.place.policy.as_ref().filter(|_| self.place.screen == Screen::Policy && self.overlay.is_none())?;
        let view = self.explained().filter(|view| view.role() == Some(&place.role))?;
        Some(&view.question)
    }

    fn ask_about_selection(&mut self) {
        if self.place.screen == Screen::WhoCan && self.overlay.is_none() {
            return match self.row_question() {
                (Some(who), Some((action, resource))) => {
                    self.open_question(&who, &format!("{action} {resource}"), None)
                }
                (Some(who), None) => self.open_question(&who, "", None),
                (None, _) => self.fail("explain: the row is no workload and no role"),
            };
        }
        let Some(who) = self.asked_thing() else { return self.fail("explain: the selection leads to no identity") };
        let current = match self.place.screen {
            Screen::Explain if self.overlay.is_none() => self.place.explain.as_ref().map(|it| &it.question),
            _ => self.question_of_policy(),
        };
        let text = match (current, self.place.screen) {
            (Some(it), _) => format!("{} {}", it.action, it.resource).trim_end().to_owned(),
            (None, Screen::Explorer) if self.overlay.is_none() => match self.pick(self.place.column) {
                Some(Target::Service(_, service)) if service.as_str() != "*" => format!("{service}:"),
                _ => String::new(),
            },
            _ => String::new(),
        };
        self.open_question(&who, &text, None);
    }

    fn open_question(&mut self, who: &EntityKey, text: &str, said: Option<String>) {
        match About::new(self.estate(), who) {
            Ok(mut about) => {
                self.open_input(Purpose::Explain, text);
                about.said = said;
                if let Some(input) = &mut self.input {
                    input.about = Some(Box::new(about));
                }
            }
            Err(reason) => self.fail(no_caller(who, &reason)),
        }
    }

    /// What was typed: `ACTION [RESOURCE]`.
    pub(super) fn accept_question(&mut self, text: &str, about: Option<Box<About>>) {
        let (Some(about), false) = (about, text.is_empty()) else { return };
        let (action, resource) = text.split_once(' ').map_or((text, ""), |(action, rest)| (action, rest.trim()));
        let (action, resource) = (action.to_owned(), resource.to_owned());
        self.ask(Question { who: about.who, action, resource, said: about.said });
    }

    fn ask(&mut self, question: Question) {
        if is_action(&question.action) {
            self.show_explain(question);
        } else {
            self.fail(format!("`{}` is no action; actions look like s3:GetObject, and tab completes", question.action));
        }
    }

    pub(super) fn show_explain(&mut self, mut question: Question) {
        if question.resource == "*" {
            question.resource.clear();
        }
        self.push_place();
        self.leave_overlay();
        self.detail_scroll = 0;
        self.place.screen = Screen::Explain;
        self.place.explain = Some(ExplainPlace { question, step: None });
    }

    /// Asks the question of the place, if nobody asked it of this estate yet.
    pub(super) fn settle_question(&mut self, estate_id: usize, effects: &mut Vec<Effect>) {
        let Some(place) = self.place.explain.as_ref().filter(|_| self.place.screen != Screen::Explorer) else { return };
        let asked = (place.question.clone(), estate_id);
        if self.has_data() && self.explain_asked.as_ref() != Some(&asked) {
            let question = asked.0.clone();
            self.explain_asked = Some(asked);
            effects.push(Effect::Work(Work::Explain { estate: Arc::clone(&self.estate), question }));
        }
    }

    pub(super) fn step_to(&mut self, step: usize) {
        let last = self.explained().map_or(0, |view| view.steps.len().saturating_sub(1));
        if let Some(place) = &mut self.place.explain {
            place.step = Some(step.min(last));
            self.detail_scroll = 0;
        }
    }

    /// To the next or previous step that does not simply hold.
    pub(super) fn step_trouble(&mut self, forward: bool) {
        let now = self.explain_step();
        let Some(view) = self.explained() else { return };
        let troubled = |at: &usize| matches!(view.steps[*at].tone, Tone::Bad | Tone::Unknown);
        let count = view.steps.len();
        let next = if forward {
            (now + 1..count).chain(0..now).find(troubled)
        } else {
            (0..now).rev().chain((now + 1..count).rev()).find(troubled)
        };
        match next {
            Some(step) => self.step_to(step),
            None => self.say("no other step fails, hangs or was not read"),
        }
    }

    /// The text of the statement behind the step stood on.
    pub(super) fn open_proof(&mut self) {
        let place = self.explained().and_then(|view| view.proof(self.explain_step())).map(|proof| proof.place.clone());
        match place {
            Some(Where::Document { role, document, line }) => {
                self.push_place();
                self.show_policy(role, document, line);
            }
            Some(Where::Text { title, text, statement }) => {
                self.open_page(PageKind::Document { title, text, statement });
            }
            None => self.say("no document stands behind this"),
        }
    }

    pub(super) fn find_senders(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let text: String = text.chars().take(PASTE).collect();
        effects.push(Effect::Work(Work::Senders { estate: Arc::clone(&self.estate), text }));
    }

    /// Who may have sent the message: one fills the question in, several are a choice.
    pub(super) fn take_senders(&mut self, denied: Option<Denied>, senders: Vec<EntityKey>) {
        let Some(denied) = denied else { return self.say(NOT_RECOGNISED) };
        if denied.principal.is_empty() {
            return self.fail(format!("the message names no caller, only {}; d on the pod tells why", denied.action));
        }
        if self.input.is_some() {
            return self.say("finish the input first, then paste again");
        }
        let said = Some(denied.reason.clone());
        let note = match denied.session().map(SessionKind::of) {
            Some(SessionKind::Node { instance }) => format!("sent with the node role of {instance} · "),
            _ if denied.encoded => "aws sts decode-authorization-message reads the encoded part · ".to_owned(),
            _ => String::new(),
        };
        match senders.as_slice() {
            [] => self.fail(format!("the caller {} is no role", denied.principal)),
            [who] => {
                let text = format!("{} {}", denied.action, denied.resource);
                self.open_question(who, text.trim_end(), said);
                if let Some(about) = self.input.as_mut().and_then(|input| input.about.as_mut()) {
                    about.note = note;
                }
            }
            several => {
                let item = |who: &EntityKey| PickerItem {
                    label: label(who),
                    note: format!("{} {}  {who}", denied.action, denied.resource),
                    action: Action::Ask(Question {
                        who: who.clone(),
                        action: denied.action.clone(),
                        resource: denied.resource.clone(),
                        said: said.clone(),
                    }),
                    blocked: None,
                };
                let items = several.iter().map(item).collect();
                self.overlay = Some(Overlay::Picker(Picker::new("WHO SENT IT  enter asks", "", items)));
            }
        }
    }
}

/// The lines around the screen.
impl App {
    pub(in crate::app) fn explain_crumbs(&self) -> String {
        let Some(place) = &self.place.explain else { return "explain".into() };
        let question = &place.question;
        let role = self.explained().and_then(|view| view.role()).filter(|role| **role != question.who);
        let role = role.map_or_else(String::new, |role| format!(" › role {}", role.name));
        let who = label(&question.who).replace('/', " › ");
        format!("{who}{role} › explain {}", question.action)
    }

    pub(in crate::app) fn explain_status(&self) -> Line {
        let Some(view) = self.explained() else { return Line::dim(" asking …") };
        let key = self.keymap.label(Cmd::CopyCommand).unwrap_or_default();
        let steps = match view.steps.len() {
            0 => "nobody to ask".to_owned(),
            count => format!("step {} of {count}", self.explain_step() + 1),
        };
        Line::plain(format!(" {steps} · {key} copies the same question as a command"))
    }

    /// Whom the question that is being typed is about.
    pub(in crate::app) fn question_help(&self) -> Line {
        let Some(about) = self.input.as_ref().and_then(|input| input.about.as_ref()) else { return Line::default() };
        let pasted = if about.said.is_some() { "from the message you pasted: " } else { "" };
        let note = &about.note;
        let role = if about.who.kind == Kind::Role { String::new() } else { format!(" ({})", about.role) };
        Line::dim(format!(" {note}{pasted}may {}{role} do ACTION [RESOURCE] · tab completes", label(&about.who)))
    }
}
