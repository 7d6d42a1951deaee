//! The Explain screen: may this thing do that, and why, in the order in which AWS decides.
//!
//! [`ExplainView`] is made off the UI thread from an answer of [`crate::analysis::explain`]; moving in it costs nothing.
//! `steps` words the steps, `proof` the statement behind one, `help` what would change the answer, [`complete`] what can
//! be asked.

pub mod complete;
mod help;
mod proof;
mod steps;

use crate::analysis::explain::{Answer, NoCaller, ask};
use crate::estate::Estate;
use crate::estate::caller::caller;
use crate::iam::{Decision, Test};
use crate::identity::documents::Documents;
use crate::model::{EntityKey, Kind};

use super::text::{Line, Tone};

pub(super) use proof::truth_word;
pub use proof::{Proof, Where};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub who: EntityKey,
    pub action: String,
    /// ARN, or empty for any.
    pub resource: String,
    /// From a pasted message: the reason that the message itself gives, which may be empty.
    pub said: Option<String>,
}

/// One step as a row.
#[derive(Debug)]
pub struct StepRow {
    pub title: &'static str,
    pub result: &'static str,
    pub tone: Tone,
    pub detail: String,
    /// The statement that made the result, or came closest to.
    pub proof: Option<Proof>,
}

/// An answer on the screen.
#[derive(Debug)]
pub struct ExplainView {
    pub question: Question,
    /// The question with the resource in short, and whole.
    asked: [Line; 2],
    /// Verdict, and what the message says.
    verdict: Vec<Line>,
    /// Empty when nobody could be asked.
    pub steps: Vec<StepRow>,
    /// The step that decided.
    pub decided: usize,
    help: Vec<Line>,
    notes: Vec<Line>,
    pub answer: Option<Answer>,
}

impl ExplainView {
    /// Asks and words the answer. Cost: parsing the documents of one role.
    pub fn build(estate: &Estate, question: Question) -> ExplainView {
        let caller = match caller(estate, &question.who) {
            Ok(caller) => caller,
            Err(reason) => return ExplainView::without_caller(question, reason),
        };
        let (action, resource) = (question.action.as_str(), question.resource.as_str());
        let answer = ask(&estate.inventory, &Documents::default(), caller, action, resource, &[]);
        let steps = steps::rows(estate, &answer);
        let decided = steps::decided(&steps, &answer);
        let asked = [short(&question.resource), &question.resource].map(|it| asked(&question, &answer, it));
        let mut verdict = vec![verdict(&answer)];
        if let Some(said) = question.said.as_deref().filter(|said| !said.is_empty()) {
            verdict.push(Line::dim("the message says: ").with(said, Tone::Plain));
        }
        let help = help::lines(estate, &answer);
        let notes = help::notes(estate, &answer);
        ExplainView { question, asked, verdict, steps, decided, help, notes, answer: Some(answer) }
    }

    fn without_caller(question: Question, reason: NoCaller) -> ExplainView {
        let name = label(&question.who);
        let (word, text) = match &reason {
            NoCaller::Unknown(_) => ("UNK", no_caller(&question.who, &reason)),
            _ => ("DENY", no_caller(&question.who, &reason)),
        };
        let tone = if word == "UNK" { Tone::Unknown } else { Tone::Bad };
        let asked = Line::dim("may ").with(name, Tone::Strong).with("  do ", Tone::Dim);
        let asked = asked.with(&question.action, Tone::Strong);
        ExplainView {
            question,
            asked: [asked.clone(), asked],
            verdict: vec![Line::default().with(format!("{word:<7}"), tone).with(text, Tone::Plain)],
            steps: Vec::new(),
            decided: 0,
            help: vec![Line::plain("d shows the steps behind the identity")],
            notes: Vec::new(),
            answer: None,
        }
    }

    /// Question, verdict, what the message says.
    pub fn head(&self, full: bool) -> Vec<&Line> {
        std::iter::once(&self.asked[usize::from(full)]).chain(&self.verdict).collect()
    }

    /// The role that was asked about.
    pub fn role(&self) -> Option<&EntityKey> {
        self.answer.as_ref().map(|answer| &answer.caller.role_key)
    }

    /// The statement to show with a step: its own, else that of the deciding step.
    pub fn proof(&self, step: usize) -> Option<&Proof> {
        let own = self.steps.get(step).and_then(|row| row.proof.as_ref());
        own.or_else(|| self.steps.get(self.decided)?.proof.as_ref())
    }

    /// The lines of the lower pane: the statement, what would help, notes.
    pub fn below(&self, step: usize) -> Vec<Line> {
        let mut lines: Vec<Line> = self.proof(step).map_or_else(Vec::new, |proof| proof.lines.clone());
        let parts = [("what would help", &self.help), ("notes", &self.notes)];
        for (title, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            for (at, line) in part.iter().enumerate() {
                let label = if at == 0 { title } else { "" };
                let mut row = Line::dim(format!("{label:<17}"));
                row.pieces.extend(line.pieces.iter().cloned());
                lines.push(row);
            }
        }
        lines
    }

    /// Everything as text, for the clipboard and for files.
    pub fn text(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.head(true).into_iter().map(Line::text).collect();
        lines.push(String::new());
        for (at, row) in self.steps.iter().enumerate() {
            let line = format!("{:>2}  {:<23} {:<12} {}", at + 1, row.title, row.result, row.detail);
            lines.push(line.trim_end().to_owned());
        }
        if let Some(proof) = self.proof(self.decided) {
            lines.extend([String::new(), proof.title.clone()]);
        }
        lines.extend(self.below(self.decided).iter().map(Line::text));
        lines
    }
}

/// `payments/payments-api`, or the name of a role.
pub fn label(key: &EntityKey) -> String {
    match (key.kind, key.namespace.is_empty()) {
        (Kind::Role, _) => format!("role {}", key.name),
        (_, true) => key.name.to_string(),
        (_, false) => format!("{}/{}", key.namespace, key.name),
    }
}

/// Why nobody can be asked, in one line.
pub fn no_caller(who: &EntityKey, reason: &NoCaller) -> String {
    let name = label(who);
    match reason {
        NoCaller::NoIdentity(why) => format!("{name} has no AWS identity: {why}"),
        NoCaller::Unknown(why) => format!("which identity {name} has is not known: {why}"),
        NoCaller::WrongKind => format!("{name} is nothing that has an AWS identity"),
    }
}

/// A bucket and its objects without the ARN around them; other ARNs say more than their ends.
fn short(resource: &str) -> &str {
    resource.split_once(":s3:::").map_or(resource, |(_, name)| name)
}

/// Layers as people call them.
fn unread(answer: &Answer) -> String {
    let short = |name: &str| match name {
        "service control policies" => "SCPs".to_owned(),
        "resource control policies" => "RCPs".to_owned(),
        other => other.to_owned(),
    };
    answer.explanation.unread.iter().map(|it| short(it)).collect::<Vec<_>>().join(", ")
}

fn asked(question: &Question, answer: &Answer, resource: &str) -> Line {
    let role = &answer.caller.role.name;
    let line = Line::dim("may ").with(label(&question.who), Tone::Strong);
    let line = if question.who.kind == Kind::Role { line } else { line.with(format!(" ({role})"), Tone::Plain) };
    let resource = if resource.is_empty() { "any resource" } else { resource };
    let line = line.with("  do ", Tone::Dim).with(&question.action, Tone::Strong);
    line.with("  on ", Tone::Dim).with(resource, Tone::Strong)
}

fn verdict(answer: &Answer) -> Line {
    let (word, certain) = answer.verdict();
    let tone = match word {
        "allow" => Tone::Good,
        "deny" => Tone::Bad,
        _ => Tone::Unknown,
    };
    let mark = if certain || word == "unk" { "" } else { "?" };
    let explanation = &answer.explanation;
    let unread = unread(answer);
    let decision = explanation.answer.decision;
    let why = match decision {
        Decision::Allowed => "a statement allows it.".to_owned(),
        Decision::ExplicitDeny => "a statement denies it.".to_owned(),
        Decision::ImplicitDeny => "no statement allows it.".to_owned(),
        Decision::Depends => {
            let keys = keys(answer);
            match keys.is_empty() {
                true => "it depends on what was not read.".to_owned(),
                false => format!("it depends on {keys}."),
            }
        }
        Decision::Error => "a document that decides cannot be read.".to_owned(),
    };
    let sure = match (decision, certain, unread.is_empty()) {
        (Decision::Error, ..) => String::new(),
        (_, true, true) => "  Certain: everything that decides was read.".to_owned(),
        (Decision::ExplicitDeny | Decision::ImplicitDeny, true, false) => {
            format!("  Certain: unread {unread} could only deny more.")
        }
        (_, true, false) => format!("  Certain, whatever unread {unread} say."),
        (Decision::Allowed, false, false) => format!("  It holds unless unread {unread} deny it."),
        (_, false, false) => format!("  Unread {unread} could change that."),
        (_, false, true) => "  What could not be read could change that.".to_owned(),
    };
    Line::default()
        .with(format!("{:<7}", format!("{}{mark}", word.to_uppercase())), tone)
        .with(why, Tone::Strong)
        .with(sure, Tone::Plain)
}

/// Context keys that the answer hangs on, as the statements write them.
fn keys(answer: &Answer) -> String {
    let atoms = answer.explanation.answer.residual.atoms();
    let mut keys: Vec<String> = Vec::new();
    for atom in atoms {
        let found = match &atom.test {
            Test::Condition(condition) => vec![condition.key.to_string()],
            _ => atom.keys().iter().map(ToString::to_string).collect(),
        };
        for key in found {
            if !keys.iter().any(|it| it.eq_ignore_ascii_case(&key)) {
                keys.push(key);
            }
        }
    }
    keys.join(", ")
}
