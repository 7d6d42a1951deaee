//! A statement allows what it can never grant
//!
//! ## What it checks
//! An Allow in a policy of a role of pods names an action that none of its resources can be used with: an object action on a
//! bucket or the reverse, an action that takes only `*` under a narrower resource, the ARN of another service, a secret
//! without its six random characters; or it hangs on a condition key that the action never supplies. Where the statement
//! grants by other actions it is milder; policies of AWS are left alone.
//!
//! ## Why it matters
//! The call is denied although "it is in the policy", and people look everywhere else.
//!
//! ## How to fix
//! Correct the resource, or move the action into a statement with the resource that it takes.
//!
//! ## For newcomers
//! Each action takes resources of certain kinds, and the service reference lists them. A statement that pairs an action with
//! another kind is no error to IAM; it just never applies.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::findings::reference::{PR_AA_05, ZT4};
use crate::findings::role_policies::{self, RolePolicy, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::access::is_usable;
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::condition::Condition;
use crate::iam::pattern::{ActionPattern, ResourcePattern};
use crate::iam::permissions::actions::ActionGlob;
use crate::iam::{Document, Effect, Statement};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-014",
    slug: "dead-grant",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[PR_AA_05, ZT4],
    check,
};

/// Something in a statement that grants nothing.
struct Dead {
    statement: usize,
    /// As the policy writes it.
    action: String,
    /// Why, as the end of a sentence.
    why: String,
    /// The resource or key that cannot match.
    found: String,
    /// What would.
    wanted: String,
    /// The statement grants by other actions.
    partly: bool,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let policies: Vec<Vec<RolePolicy>> =
        context.pod_roles().par_iter().map(|it| role_policies::of(context, &it.role)).collect();
    let own = policies.iter().flatten().filter(|it| it.origin.is_own()).map(|it| &it.document);
    let mut seen = FxHashSet::default();
    let distinct: Vec<&Arc<Document>> = own.filter(|it| seen.insert(Arc::as_ptr(it).addr())).collect();
    let dead: FxHashMap<usize, Vec<Dead>> = distinct
        .into_par_iter()
        .map(|document| (Arc::as_ptr(document).addr(), of_document(document)))
        .filter(|(_, dead)| !dead.is_empty())
        .collect();
    for (it, policies) in context.pod_roles().iter().zip(&policies) {
        for policy in policies.iter().filter(|it| it.origin.is_own()) {
            for one in dead.get(&Arc::as_ptr(&policy.document).addr()).into_iter().flatten() {
                out.report(
                    it.key.clone(),
                    Severity::Medium.or(Severity::Low, one.partly),
                    format!(
                        "{} in statement {} of {} grants nothing: {}",
                        one.action,
                        one.statement,
                        policy.origin.name(),
                        one.why
                    ),
                )
                .also_all(holders(context, &it.key))
                .certain_if(it.held.is_yes())
                .evidence(
                    &it.key,
                    format!("{}.Statement[{}].{}", policy.origin.path(), one.statement, one.action),
                    one.found.clone(),
                )
                .impact("the call is denied although the policy names it")
                .fixes([
                    fix::by_hand(format!("for {}: {}", one.action, one.wanted)),
                    policy.origin.rewriting(&it.role),
                ]);
            }
        }
    }
}

fn of_document(document: &Document) -> Vec<Dead> {
    document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)).flat_map(of_statement).collect()
}

fn of_statement(statement: &Statement) -> Vec<Dead> {
    let catalogue = Catalogue::bundled();
    if statement.actions.negated || statement.resources.as_ref().is_some_and(|it| it.negated) {
        return Vec::new();
    }
    let resources: Vec<&ResourcePattern> = statement.resources.iter().flat_map(|it| it.values()).collect();
    let mut dead = Vec::new();
    let mut grants = false;
    for entry in &statement.actions.entries {
        let known = known(catalogue, &entry.value);
        let usable = |id: &ActionId| {
            let secrets = catalogue.action(*id).service().prefix() == "secretsmanager";
            match resources.iter().any(|it| secrets && is_bare_secret(it)) {
                true => {
                    let whole: Vec<&ResourcePattern> =
                        resources.iter().filter(|it| !is_bare_secret(it)).copied().collect();
                    is_usable(catalogue, *id, &whole)
                }
                false => is_usable(catalogue, *id, &resources),
            }
        };
        // Uncatalogued actions may take anything.
        let Some(first) = known.first().copied() else {
            grants = true;
            continue;
        };
        if !known.iter().any(usable) {
            dead.push(by_resource(catalogue, statement, &entry.written, first, &resources));
            continue;
        }
        match never_supplied(catalogue, statement, &known) {
            Some(condition) => dead.push(by_key(catalogue, statement, &entry.written, first, condition)),
            None => grants = true,
        }
    }
    dead.iter_mut().for_each(|it| it.partly = grants);
    dead
}

/// The actions that a pattern names; none for `*`, which always grants something.
fn known(catalogue: &Catalogue, pattern: &ActionPattern) -> Vec<ActionId> {
    if role_policies::is_literal(pattern) {
        return catalogue.find(pattern.as_str()).into_iter().collect();
    }
    match ActionGlob::of(pattern) {
        None | Some(ActionGlob::Everything) => Vec::new(),
        Some(glob) => glob.known(catalogue),
    }
}

/// The ARN of a secret ends in a hyphen and six random characters (rule W7).
fn is_bare_secret(pattern: &ResourcePattern) -> bool {
    let written = pattern.as_str();
    let Some((head, name)) = written.split_once(":secret:") else { return false };
    if !head.contains(":secretsmanager:") || name.contains(['*', '?', '$']) {
        return false;
    }
    match name.rsplit_once('-') {
        Some((_, end)) => end.len() != 6 || !end.bytes().all(|it| it.is_ascii_alphanumeric()),
        None => true,
    }
}

fn by_resource(
    catalogue: &Catalogue,
    statement: &Statement,
    written: &str,
    id: ActionId,
    resources: &[&ResourcePattern],
) -> Dead {
    let action = catalogue.action(id);
    let shown: Vec<&str> = resources.iter().map(|it| it.as_str()).collect();
    let kinds: Vec<&str> = action.resources().map(|(kind, _)| kind.arn()).collect();
    let (why, wanted) = if kinds.is_empty() {
        (format!("it takes only * as its resource, not {}", few(&shown)), "Resource: \"*\"".to_owned())
    } else if resources.iter().any(|it| is_bare_secret(it)) && action.service().prefix() == "secretsmanager" {
        (
            format!("the ARN of a secret ends in six random characters, which {} lacks", few(&shown)),
            format!("Resource: \"{}-??????\"", shown.first().unwrap_or(&"")),
        )
    } else {
        let nearest = near(&shown, &kinds).unwrap_or_else(|| few(&kinds));
        (format!("{} is no resource that it takes", few(&shown)), format!("Resource: \"{nearest}\""))
    };
    Dead { statement: statement.index, action: written.to_owned(), why, found: few(&shown), wanted, partly: false }
}

/// The bucket for its objects and the reverse, which is nearly always what was meant.
fn near(written: &[&str], kinds: &[&str]) -> Option<String> {
    let first = written.iter().find(|it| it.contains(":s3:::"))?;
    let wants_bucket = kinds.iter().any(|it| it.ends_with(":s3:::${BucketName}"));
    match first.split_once('/') {
        Some((bucket, _)) if wants_bucket => Some(bucket.to_owned()),
        None if kinds.iter().any(|it| it.ends_with("${ObjectName}")) => Some(format!("{first}/*")),
        _ => None,
    }
}

/// A condition that needs a key which none of the actions ever supplies (rule C13).
fn never_supplied<'s>(catalogue: &Catalogue, statement: &'s Statement, known: &[ActionId]) -> Option<&'s Condition> {
    let absent = crate::iam::Context::complete();
    statement.conditions.iter().map(|it| &**it).find(|condition| {
        is_of_actions(catalogue, &condition.folded)
            // With the key absent it would hold all the same: nothing hangs on it.
            && condition.holds(&absent, Effect::Allow).is_no()
            && !known.iter().any(|id| supplies(catalogue, *id, &condition.folded))
    })
}

/// A key that the service reference lists by action: one of a service, or of the tags of request and resource. Others of
/// `aws:` go with every request.
fn is_of_actions(catalogue: &Catalogue, folded: &str) -> bool {
    match folded.split_once(':') {
        Some(("aws", name)) => name.starts_with("requesttag/") || name.starts_with("resourcetag/") || name == "tagkeys",
        Some((prefix, _)) => !prefix.contains('.') && prefix != "sts" && catalogue.service(prefix).is_some(),
        None => false,
    }
}

fn supplies(catalogue: &Catalogue, id: ActionId, folded: &str) -> bool {
    let stem = |key: &str| key.split_once('/').map_or_else(|| key.to_owned(), |(stem, _)| format!("{stem}/"));
    let asked = stem(folded);
    let free = |key: &str| key.contains("${") || key.contains('<');
    let encrypts = folded.starts_with("kms:encryptioncontext:");
    catalogue.action(id).keys().any(|key| {
        let name = key.name().to_ascii_lowercase();
        if encrypts && name.starts_with("kms:encryptioncontext") {
            return true;
        }
        if free(&name) && name.contains('/') { stem(&name) == asked } else { name == folded }
    })
}

fn by_key(catalogue: &Catalogue, statement: &Statement, written: &str, id: ActionId, condition: &Condition) -> Dead {
    let action = catalogue.action(id);
    let mut keys: Vec<&str> = action.keys().map(|it| it.name()).collect();
    keys.sort_unstable();
    keys.dedup();
    let wanted = match keys.is_empty() {
        true => format!("take the condition on {} away; the action has no keys of its own", condition.key),
        false => format!("a condition on one of its keys: {}", few(&keys)),
    };
    Dead {
        statement: statement.index,
        action: written.to_owned(),
        why: format!("a request for it never carries {}", condition.key),
        found: format!("{} {}", condition.written, condition.key),
        wanted,
        partly: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_without_its_six_characters_is_seen() {
        let bare = |name: &str| {
            is_bare_secret(&ResourcePattern::new(&format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}"), true))
        };
        assert!(bare("prod/db") && bare("db-password"));
        assert!(!bare("prod/db-a1B2c3") && !bare("prod/db-??????") && !bare("prod/*"));
    }

    #[test]
    fn keys_with_a_free_part_are_supplied_by_their_stem() {
        let catalogue = Catalogue::bundled();
        let get = catalogue.find("s3:GetObject").expect("it is there");
        assert!(supplies(catalogue, get, "s3:existingobjecttag/team"));
        assert!(!supplies(catalogue, get, "s3:prefix"));
        let list = catalogue.find("s3:ListBucket").expect("it is there");
        assert!(supplies(catalogue, list, "s3:prefix"));
    }
}
