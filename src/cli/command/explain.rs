//! `rolewalk explain ADDRESS ACTION [RESOURCE]` and `rolewalk explain --message FILE|-`

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::analysis::explain::{Answer, Caller, NoCaller, ask};
use crate::analysis::message::{self, Denied, SessionKind};
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, Kind as FailureKind, note};
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;
use crate::estate::caller::{caller, senders};
use crate::iam::{Decision, Failed, StepKind, render};
use crate::identity::documents::Documents;
use crate::model::EntityKey;

use super::show;

#[derive(Debug, ClapArgs)]
pub struct ExplainArgs {
    /// Who: a pod, container, workload, service account or role
    #[arg(required_unless_present = "message", conflicts_with = "message")]
    pub address: Option<String>,
    /// What, such as s3:GetObject
    #[arg(required_unless_present = "message")]
    pub action: Option<String>,
    /// On what: an ARN; without one, on any resource
    pub resource: Option<String>,
    /// Read an AccessDenied message from this file, or from stdin with -
    #[arg(long, value_name = "FILE")]
    pub message: Option<PathBuf>,
    /// A key of the request's context that is known, such as aws:SourceVpce=vpce-1
    #[arg(long = "context-key", value_name = "K=V", value_parser = key_value)]
    pub context_keys: Vec<(String, String)>,
    /// Exit with 1 when the verdict is another
    #[arg(long, value_enum)]
    pub expect: Option<Expected>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Expected {
    Allow,
    Deny,
    Cond,
}

/// Reads `KEY=VALUE`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[derive(Debug, Serialize)]
struct Question<'a> {
    ask: &'static str,
    address: String,
    action: &'a str,
    resource: &'a str,
}

pub fn run(args: &ExplainArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    if matches!(output.output, Format::Csv | Format::Md) {
        return Err(output::no_such_form(output.output));
    }
    let estate = source::estate(data)?;
    let (callers, action, resource) = match &args.message {
        Some(path) => from_message(&estate, &read(path)?)?,
        None => {
            let key = show::find(&estate, args.address.as_deref().unwrap_or_default())?;
            let action = args.action.clone().unwrap_or_default();
            (vec![who(&estate, &key)?], action, args.resource.clone().unwrap_or_default())
        }
    };
    if !action.contains(':') || action.contains(['*', '?', ' ']) {
        return Err(Failure::usage(format!("`{action}` is no action")).hint("actions look like s3:GetObject"));
    }
    let documents = Documents::default();
    let answers: Vec<Answer> = callers
        .into_iter()
        .map(|caller| ask(&estate.inventory, &documents, caller, &action, &resource, &args.context_keys))
        .collect();
    let mut out = output::open(output)?;
    if output.output == Format::Table {
        for (at, answer) in answers.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            text(&mut out, &estate, answer)?;
        }
    } else {
        let address = answers.first().map_or_else(String::new, |it| it.caller.key.to_string());
        let results: Vec<Value> = answers.iter().map(record).collect();
        let question = Question { ask: "explain", address, action: &action, resource: &resource };
        output::json(&mut out, &estate, question, &results)?;
    }
    out.flush()?;
    drop(out);
    let ended = output::finish(&estate, output);
    conclude(args, &answers).map_or(ended, Ok)
}

/// Unknown beats a condition that does not hold.
fn conclude(args: &ExplainArgs, answers: &[Answer]) -> Option<ExitCode> {
    let single = answers.first().filter(|_| answers.len() == 1)?;
    let (verdict, _) = single.verdict();
    if verdict == "unk" {
        return Some(ExitCode::from(FailureKind::Unknown.code()));
    }
    let expected = match args.expect? {
        Expected::Allow => "allow",
        Expected::Deny => "deny",
        Expected::Cond => "cond",
    };
    (verdict != expected).then(|| ExitCode::from(FailureKind::Condition.code()))
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let result = if path.as_os_str() == "-" {
        io::stdin().lock().take(1 << 20).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(1 << 20).read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The identity behind a thing that was named.
pub fn who(estate: &Estate, key: &EntityKey) -> Result<Caller, Failure> {
    caller(estate, key).map_err(|reason| match reason {
        NoCaller::NoIdentity(why) => Failure::usage(format!("`{key}` has no AWS identity: {why}")),
        NoCaller::Unknown(why) => {
            Failure::new(FailureKind::Unknown, format!("which identity `{key}` has is not known: {why}"))
        }
        NoCaller::WrongKind => Failure::usage(format!("`{key}` is nothing that has an AWS identity")),
    })
}

/// Who sent the message, what it asked and on what.
fn from_message(estate: &Estate, text: &str) -> Result<(Vec<Caller>, String, String), Failure> {
    let Some(denied) = message::parse(text) else {
        return Err(Failure::usage("this is no AccessDenied message that names an action")
            .hint("it should hold `... is not authorized to perform: SERVICE:ACTION ...`"));
    };
    if denied.encoded {
        note("the message has an encoded part: `aws sts decode-authorization-message` reads it");
    }
    if denied.principal.is_empty() {
        return Err(Failure::usage(format!("the message names no caller, only `{}`", denied.action))
            .hint("`rolewalk show pod/NAMESPACE/NAME` tells why a pod does not get its role"));
    }
    tell_session(&denied);
    let senders = senders(estate, &denied);
    if senders.is_empty() {
        return Err(Failure::usage(format!("the caller `{}` is no role", denied.principal)));
    }
    let callers = senders.iter().map(|key| who(estate, key)).collect::<Result<Vec<_>, _>>()?;
    Ok((callers, denied.action, denied.resource))
}

fn tell_session(denied: &Denied) {
    match denied.session().map(SessionKind::of) {
        Some(SessionKind::Node { instance }) => {
            note(&format!(
                "the call came with the node role of {instance}, through instance metadata, not with a role of the pod's own"
            ));
        }
        Some(SessionKind::PodIdentity { .. }) => note("the call came with a Pod Identity session (by its name)"),
        Some(SessionKind::WebIdentity) | None => {}
    }
}

/// One result as protocols.md section 7 has it.
fn record(answer: &Answer) -> Value {
    let (verdict, _) = answer.verdict();
    let mut out = Map::new();
    out.insert("principal".into(), answer.caller.role_key.to_string().into());
    out.insert("address".into(), answer.caller.key.to_string().into());
    out.insert("verdict".into(), verdict.into());
    out.extend(render::explanation(&answer.explanation));
    let assumed = answer.assumed.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    out.insert("assumed".into(), Value::Object(assumed.collect()));
    Value::Object(out)
}

fn text(out: &mut dyn Write, estate: &Estate, answer: &Answer) -> io::Result<()> {
    let explanation = &answer.explanation;
    let (verdict, certain) = answer.verdict();
    let mark = if certain || verdict == "unk" { "" } else { "?" };
    let mut line = |label: &str, value: &str| writeln!(out, "{}", clean(&format!("{label:<6}{value}")));
    line(&format!("{}{mark}", verdict.to_uppercase()), &format!(" {}", reason(answer)))?;
    let caller = &answer.caller;
    let by = caller.identity.as_ref().map_or_else(String::new, |it| format!(" by {}", it.identity.source.title()));
    let association = caller.association.as_ref().map_or_else(String::new, |it| format!(" (association {})", it.id));
    line("who", &format!("{}{by}{association}", caller.role.name))?;
    line("what", &format!("{} on {}", answer.action, answer.resource))?;
    for (at, step) in explanation.steps.iter().enumerate() {
        line("step", &format!("{:>2} {:<20} {}", at + 1, title(step.kind), step.result.as_str()))?;
    }
    if let Some(miss) = &explanation.nearest {
        let statement = match &miss.source.sid {
            Some(sid) if !sid.is_empty() => sid.to_string(),
            _ => format!("statement {}", miss.source.statement + 1),
        };
        let expected: Vec<&str> = miss.expected.iter().map(|it| it.as_str()).collect();
        let clause = match &miss.failed {
            Failed::Condition { operator, key } => format!("condition {operator} {key}"),
            other => other.as_str().to_owned(),
        };
        line("near", &format!("closest is {statement} in {}: {clause} does not match", miss.source.policy))?;
        line("", &format!("  it wants {}", expected.join(", ")))?;
        line("", &format!("  asked is {}", miss.actual))?;
    }
    let keys = explanation.answer.residual.keys();
    if explanation.answer.decision == Decision::Depends && !keys.is_empty() {
        let keys: Vec<&str> = keys.iter().map(|it| it.as_str()).collect();
        line("hangs", &format!("on {}", keys.join(", ")))?;
    }
    for (key, value) in &answer.assumed {
        line("note", &format!("assumes {key} = {value}; --context-key sets another"))?;
    }
    for unread in &explanation.unread {
        line("note", &format!("not read: {unread}"))?;
    }
    let documents = estate.documents(&caller.role_key);
    for document in documents.iter().filter(|it| it.text.is_none()) {
        line("note", &format!("text not read: {}", document.name))?;
    }
    Ok(())
}

fn reason(answer: &Answer) -> &'static str {
    match answer.explanation.answer.decision {
        Decision::Allowed => "a statement allows it",
        Decision::ExplicitDeny => "a statement denies it",
        Decision::ImplicitDeny => "no statement allows it",
        Decision::Depends => "it depends on what the request carries or on what was not read",
        Decision::Error => "a document that decides cannot be read",
    }
}

fn title(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Caller => "who is calling",
        StepKind::Trust => "may it become the role",
        StepKind::ExplicitDeny => "explicit deny",
        StepKind::Scp => "SCP ceiling",
        StepKind::Rcp => "RCP ceiling",
        StepKind::Resource => "resource policy",
        StepKind::Identity => "identity policy",
        StepKind::Boundary => "boundary",
        StepKind::Session => "session policy",
        StepKind::Kms => "KMS key",
    }
}
