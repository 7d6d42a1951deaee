//! The third column: what the chosen power leads to, as service accounts with their AWS roles and host access.

use crate::analysis::usable::{Acts, Usable};
use crate::app::text::{Line, Target, Tone};
use crate::base::{Name, Truth};
use crate::model::EntityKey;
use crate::rbac::Power;

use super::{Context, Held};

/// Lines that are made; more do not help anybody on a screen.
const SHOWN: usize = 500;

pub(super) fn lines(context: &Context<'_>, power: Option<Power>, chosen: Option<&Held<'_>>) -> Vec<Line> {
    let (Some(power), Some(chosen)) = (power, chosen) else {
        let nothing = context.held().is_empty();
        let text = if nothing { "no other identity" } else { "choose a power to see what it leads to" };
        return vec![Line::dim(text)];
    };
    let mut lines = vec![Line::dim(power.row().gains)];
    let Some(holdings) = context.estate.holdings(&chosen.holder.cluster) else { return lines };
    let acts = Acts::of(power);
    if acts == Acts::Elsewhere {
        lines.push(Line::dim("no AWS role by itself"));
        return lines;
    }
    let mut usable: Vec<Usable> = chosen.powers.iter().flat_map(|held| holdings.through(held)).collect();
    if let Some(namespace) = &context.scope.namespace {
        usable.retain(|it| it.account.namespace == *namespace);
    }
    // The same role of the same account by several powers or ways counts once; the surest first.
    usable.sort_by(|a, b| (&a.account, &a.role, b.certainty).cmp(&(&b.account, &b.role, a.certainty)));
    usable.dedup_by(|later, first| later.account == first.account && later.role == first.role);
    if usable.is_empty() {
        let what = if acts == Acts::InPods {
            "no pod in reach runs with an AWS role"
        } else {
            "no account in reach has an AWS role"
        };
        lines.push(Line::plain(what));
    }
    let mut account: Option<&EntityKey> = None;
    for it in usable.iter().take(SHOWN) {
        if account != Some(&it.account) {
            let title = format!("{}/{}", it.account.namespace, it.account.name);
            lines.push(Line::strong(title).to(Target::Thing(it.account.clone())));
            account = Some(&it.account);
        }
        lines.push(role(it));
    }
    if usable.len() > SHOWN {
        lines.push(Line::dim(format!("… {} more", usable.len() - SHOWN)));
    }
    lines.extend(host(context, power, chosen));
    lines
}

fn role(it: &Usable) -> Line {
    let name = it.role.rsplit('/').next().unwrap_or(&it.role);
    let mark = if it.certainty == Truth::Unknown { "?" } else { "" };
    let tone = if it.certainty == Truth::Unknown { Tone::Unknown } else { Tone::Plain };
    let line = Line::plain("  ").with(format!("{name}{mark}"), tone).with(format!("  {}", it.via), Tone::Dim);
    match EntityKey::role(&it.role) {
        Some(key) => line.to(Target::Thing(key)),
        None => line,
    }
}

/// New pods may take their node over where nothing refuses privileged ones (R146).
fn host(context: &Context<'_>, power: Power, chosen: &Held<'_>) -> Vec<Line> {
    if !matches!(power, Power::PodCreate | Power::WorkloadCreate | Power::WorkloadPatch) {
        return Vec::new();
    }
    let Some(holdings) = context.estate.holdings(&chosen.holder.cluster) else { return Vec::new() };
    let mut open: Vec<Name> = chosen.powers.iter().flat_map(|held| holdings.unguarded(&held.scope)).collect();
    if let Some(namespace) = &context.scope.namespace {
        open.retain(|name| name == namespace);
    }
    open.sort();
    open.dedup();
    if open.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = open.iter().take(4).map(Name::as_str).collect();
    let more = if open.len() > 4 { format!(" and {} more", open.len() - 4) } else { String::new() };
    vec![
        Line::strong("nodes"),
        Line::plain("  ").with("host access?", Tone::Unknown).with(
            format!(
                "  pod security lets privileged pods into {}{more}; other admission rules are not visible",
                names.join(", ")
            ),
            Tone::Dim,
        ),
    ]
}
