//! Completion of a question: a resource, then an action or level it can be asked with; or the other way round.

use crate::analysis::who_can::What;
use crate::app::complete::Suggestion;
use crate::base::Name;
use crate::iam::catalogue::Catalogue;

/// Suggestions for `RESOURCE ACTION|LEVEL` or `ACTION|LEVEL RESOURCE`, best first; `before` stands in front of both.
/// `what_first` is the order that the line usually has. Cost: the number of resources.
pub fn suggestions(resources: &[Name], what_first: bool, before: &str, text: &str, shown: usize) -> Vec<Suggestion> {
    let make = |text: String, note: &str| Suggestion { text: format!("{before}{text}"), note: note.to_owned() };
    match text.split_once(' ') {
        Some((first, rest)) if What::parse(first).is_some() => {
            ranked(resources, service(first), rest, shown).map(|arn| make(format!("{first} {arn}"), "")).collect()
        }
        Some((first, rest)) => {
            whats(first, rest, shown).into_iter().map(|(what, note)| make(format!("{first} {what}"), &note)).collect()
        }
        None if what_first => {
            whats("", text, shown).into_iter().map(|(what, note)| make(format!("{what} "), &note)).collect()
        }
        None => {
            let found = ranked(resources, "", text, shown).map(|arn| make(format!("{arn} "), ""));
            let found: Vec<Suggestion> = found.collect();
            if !found.is_empty() || text.is_empty() {
                return found;
            }
            whats("", text, shown).into_iter().map(|(what, note)| make(format!("{what} "), &note)).collect()
        }
    }
}

fn service(what: &str) -> &str {
    what.split_once(':').map_or("", |(service, _)| service)
}

/// Of the service first; exact, prefix, substring of the name; buckets before objects; short before long.
fn ranked<'a>(resources: &'a [Name], service: &str, text: &str, shown: usize) -> impl Iterator<Item = &'a str> {
    let text = text.to_lowercase();
    let mut found: Vec<_> = resources
        .iter()
        .filter_map(|arn| {
            let lower = arn.to_lowercase();
            let name = lower.rsplit(':').next().unwrap_or(&lower);
            let class = if name == text || lower == text {
                0
            } else if name.starts_with(&text) || lower.starts_with(&text) {
                1
            } else if lower.contains(&text) {
                2
            } else {
                return None;
            };
            let other = !service.is_empty() && lower.split(':').nth(2) != Some(service);
            Some(((other, class, name.contains('/'), name.contains('*'), arn.len()), arn.as_str()))
        })
        .collect();
    found.sort_unstable();
    found.truncate(shown);
    found.into_iter().map(|(_, arn)| arn)
}

/// Levels, then actions of the resource's service, with their level's letter.
fn whats(resource: &str, text: &str, shown: usize) -> Vec<(String, String)> {
    let text = text.to_lowercase();
    let mut found: Vec<(String, String)> = What::levels()
        .filter(|it| it.starts_with(&text))
        .map(|it| (it.to_owned(), "every action of this level".into()))
        .collect();
    let catalogue = Catalogue::bundled();
    let own = resource.split(':').nth(2).unwrap_or("s3");
    let mut actions = Vec::new();
    for service in catalogue.services() {
        let prefix = service.prefix();
        let (start, wanted) = text.split_once(':').unwrap_or(("", &text));
        let foreign = prefix != own;
        if (!start.is_empty() && start != prefix) || (foreign && text.is_empty()) {
            continue;
        }
        for id in service.actions() {
            let action = catalogue.action(id);
            let name = action.lower_name();
            let class = match name.find(wanted) {
                Some(0) if name.len() == wanted.len() => 0,
                Some(0) => 1,
                Some(_) => 2,
                None => continue,
            };
            actions.push((foreign, class, name.len(), action.to_string(), action.level().letter()));
        }
    }
    actions.sort_unstable();
    found.extend(actions.into_iter().take(shown).map(|(.., name, letter)| (name, letter.to_string())));
    found.truncate(shown);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(what_first: bool, text: &str) -> String {
        let resources: Vec<Name> = [
            "arn:aws:s3:::acme-invoices/*",
            "arn:aws:s3:::acme-invoices",
            "arn:aws:sqs:eu-west-1:111122223333:acme-invoices-done",
            "arn:aws:iam::111122223333:role/acme",
        ]
        .map(Name::from)
        .to_vec();
        suggestions(&resources, what_first, "", text, 8).first().map_or_else(String::new, |it| it.text.clone())
    }

    #[test]
    fn buckets_come_before_objects_and_levels_before_actions() {
        assert_eq!(first(false, "acme-inv"), "arn:aws:s3:::acme-invoices ");
        assert_eq!(first(false, "arn:aws:s3:::acme-invoices wr"), "arn:aws:s3:::acme-invoices write");
        assert_eq!(first(false, "arn:aws:s3:::acme-invoices getob"), "arn:aws:s3:::acme-invoices s3:GetObject");
        assert_eq!(first(true, "wri"), "write ");
        assert_eq!(first(true, "write acme-inv"), "write arn:aws:s3:::acme-invoices");
        assert_eq!(
            first(true, "sqs:SendMessage acme"),
            "sqs:SendMessage arn:aws:sqs:eu-west-1:111122223333:acme-invoices-done"
        );
    }
}
