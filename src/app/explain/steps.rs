//! The steps in words: what was found, and which one decided.

use crate::analysis::explain::Answer;
use crate::app::text::Tone;
use crate::estate::{DocumentRole, Estate};
use crate::iam::{Decision, Layer, Reason, Source, Step, StepKind, StepResult};

use super::proof::{self, Proof, Where};
use super::{StepRow, label};

pub(super) fn rows(estate: &Estate, answer: &Answer) -> Vec<StepRow> {
    answer.explanation.steps.iter().map(|step| row(estate, answer, step)).collect()
}

/// The step to stand on: the one that fails, hangs, was not read, or allows.
pub(super) fn decided(rows: &[StepRow], answer: &Answer) -> usize {
    let steps = &answer.explanation.steps;
    let at = |wanted: &dyn Fn(&Step) -> bool| steps.iter().position(wanted);
    let found = match answer.explanation.answer.decision {
        Decision::ExplicitDeny => at(&|it| it.kind == StepKind::ExplicitDeny),
        Decision::ImplicitDeny => rows.iter().position(|row| row.result == "NO"),
        // Without a condition it hangs on what was not read, and most on what could also give.
        Decision::Depends => at(&|it| it.result == StepResult::Cond)
            .or_else(|| at(&|it| it.kind == StepKind::Resource && it.result == StepResult::Unread))
            .or_else(|| at(&|it| it.result == StepResult::Unread && layer(it.kind).is_some())),
        Decision::Error => at(&|it| it.result == StepResult::Unread && layer(it.kind).is_some()),
        Decision::Allowed => [StepKind::Identity, StepKind::Resource]
            .iter()
            .find_map(|kind| at(&|it| it.kind == *kind && it.result == StepResult::Allow)),
    };
    found.unwrap_or(0)
}

fn layer(kind: StepKind) -> Option<Layer> {
    Some(match kind {
        StepKind::Scp => Layer::Scp,
        StepKind::Rcp => Layer::Rcp,
        StepKind::Resource => Layer::Resource,
        StepKind::Identity => Layer::Identity,
        StepKind::Boundary => Layer::Boundary,
        StepKind::Session => Layer::Session,
        StepKind::Caller | StepKind::Trust | StepKind::ExplicitDeny | StepKind::Kms => return None,
    })
}

fn title(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Caller => "who is calling",
        StepKind::Trust => "may it become the role",
        StepKind::ExplicitDeny => "explicit deny anywhere",
        StepKind::Scp => "SCP ceiling",
        StepKind::Rcp => "RCP ceiling",
        StepKind::Resource => "resource policy",
        StepKind::Identity => "identity policy",
        StepKind::Boundary => "boundary",
        StepKind::Session => "session policy",
        StepKind::Kms => "KMS key",
    }
}

/// The request fails for want of an Allow in this layer.
fn lacks(answer: &Answer, kind: StepKind) -> bool {
    let silent = |reason: &Reason| matches!(reason, Reason::Silent { layer: it, .. } if Some(*it) == layer(kind));
    answer.explanation.answer.decision == Decision::ImplicitDeny && answer.explanation.answer.reasons.iter().any(silent)
}

fn row(estate: &Estate, answer: &Answer, step: &Step) -> StepRow {
    let lacks = lacks(answer, step.kind);
    let beginning = matches!(step.kind, StepKind::Caller | StepKind::Trust);
    let encryption = step.kind == StepKind::Kms && step.result == StepResult::None;
    let (result, tone) = match step.result {
        _ if encryption => ("not asked", Tone::Dim),
        StepResult::Allow if beginning => ("ok", Tone::Good),
        StepResult::Allow => ("allows", Tone::Good),
        StepResult::Deny if beginning => ("NO", Tone::Bad),
        StepResult::Deny => ("DENIES", Tone::Bad),
        StepResult::Silent | StepResult::None if lacks => ("NO", Tone::Bad),
        StepResult::Silent => ("silent", Tone::Dim),
        StepResult::None => ("none", Tone::Dim),
        StepResult::Unread => ("unread", Tone::Unknown),
        StepResult::Cond => ("COND", Tone::Unknown),
        StepResult::NotReached => ("not reached", Tone::Dim),
    };
    let proof = proof(estate, answer, step);
    StepRow { title: title(step.kind), result, tone, detail: detail(answer, step, lacks), proof }
}

fn source(reason: &Reason) -> Option<&Source> {
    match reason {
        Reason::Statement(source) => Some(source),
        Reason::Silent { .. } => None,
    }
}

fn proof(estate: &Estate, answer: &Answer, step: &Step) -> Option<Proof> {
    if step.kind == StepKind::Trust {
        let role = &answer.caller.role_key;
        let documents = estate.documents(role);
        let document = documents.iter().position(|it| it.role == DocumentRole::Trust && it.text.is_some())?;
        let place = Where::Document { role: role.clone(), document, line: 0 };
        return Some(Proof { title: format!("TRUST POLICY of {}", role.name), lines: Vec::new(), place });
    }
    if let Some(found) = step.reasons.iter().find_map(source) {
        let word = if step.result == StepResult::Cond { "CONDITIONAL" } else { "DECIDING" };
        return proof::of(estate, answer, found, word);
    }
    let miss = answer.explanation.nearest.as_ref()?;
    (Some(miss.source.layer) == layer(step.kind)).then(|| proof::of(estate, answer, &miss.source, "CLOSEST")).flatten()
}

fn detail(answer: &Answer, step: &Step, lacks: bool) -> String {
    let caller = &answer.caller;
    match step.kind {
        StepKind::Caller => match &caller.identity {
            Some(it) => format!("{} as {} by {}", label(&caller.key), caller.role.name, it.identity.source.title()),
            None => format!("role {} by itself", caller.role.name),
        },
        StepKind::Trust => match (&caller.identity, &caller.association) {
            (None, _) => "not asked: a role by itself".to_owned(),
            (Some(it), Some(association)) => format!("association {}; {}", association.id, it.why),
            (Some(it), None) => it.why.clone(),
        },
        StepKind::ExplicitDeny if step.result == StepResult::None => {
            let count = answer.policies.iter().count();
            let unread = match super::unread(answer) {
                none if none.is_empty() => none,
                some => format!("; not read: {some}"),
            };
            format!("in {} that apply{unread}", crate::app::header::plural(count, "document"))
        }
        StepKind::Kms => match step.result {
            StepResult::None => "how the resource is encrypted was not read; ask kms:Decrypt by itself".to_owned(),
            StepResult::NotReached => "the request fails before".to_owned(),
            StepResult::Unread => "the key policy was not read".to_owned(),
            _ => statements(step),
        },
        _ => of_layer(answer, step, lacks),
    }
}

fn of_layer(answer: &Answer, step: &Step, lacks: bool) -> String {
    let denied = matches!(answer.explanation.answer.decision, Decision::ImplicitDeny | Decision::ExplicitDeny);
    match step.result {
        StepResult::Unread if denied && answer.explanation.certain => "not needed: it is denied already".to_owned(),
        StepResult::Unread => match step.kind {
            StepKind::Scp | StepKind::Rcp => "could only take away".to_owned(),
            StepKind::Resource => "could allow or deny".to_owned(),
            _ => "not all of it was read".to_owned(),
        },
        StepResult::Silent | StepResult::None if lacks => match &answer.explanation.nearest {
            Some(miss) if Some(miss.source.layer) == layer(step.kind) => {
                format!("closest: {}, {} does not match", proof::name(&miss.source), miss.failed.as_str())
            }
            _ => "no statement allows it, and none comes close".to_owned(),
        },
        StepResult::Silent => match step.kind {
            StepKind::Resource => {
                let name = answer.policies.resource.as_ref().map_or("", |it| it.name.as_str());
                format!("the policy of {} says nothing of this", name.rsplit(':').next().unwrap_or(name))
            }
            _ => "says nothing of this".to_owned(),
        },
        StepResult::None => match step.kind {
            StepKind::Resource if answer.resource == "*" => "no single resource is asked for".to_owned(),
            StepKind::Boundary => "the role has none".to_owned(),
            _ => String::new(),
        },
        _ => statements(step),
    }
}

/// `ReadInvoices in payments-api-read and 2 more`
fn statements(step: &Step) -> String {
    let mut names: Vec<String> = step.reasons.iter().filter_map(source).map(proof::name).collect();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
