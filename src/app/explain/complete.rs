//! Completion of a question: actions of services that the role already has first, then resources its policies name.

use crate::analysis::explain::NoCaller;
use crate::app::complete::Suggestion;
use crate::estate::Estate;
use crate::estate::caller::caller;
use crate::iam::catalogue::Catalogue;
use crate::iam::{Effect, parse};
use crate::model::EntityKey;

/// What is known of the thing that a question is about, while it is typed.
#[derive(Clone, Debug)]
pub struct About {
    pub who: EntityKey,
    pub role: String,
    /// See [`super::Question::said`].
    pub said: Option<String>,
    /// What is to be told while it is typed.
    pub note: String,
    /// Prefixes in lower case of services that some identity policy allows.
    services: Vec<String>,
    /// Resources that the policies name, and those of the account that have policies, nearest first.
    resources: Vec<String>,
}

impl About {
    /// Cost: parsing the documents of one role.
    ///
    /// # Errors
    /// Nobody can be asked, and why.
    pub fn new(estate: &Estate, who: &EntityKey) -> Result<About, NoCaller> {
        let caller = caller(estate, who)?;
        let (mut services, mut named) = (Vec::new(), Vec::new());
        for document in estate.documents(&caller.role_key).iter().filter(|it| it.role.is_identity_policy()) {
            let Some(text) = &document.text else { continue };
            let (document, _) = parse(text, crate::iam::DocumentKind::Identity);
            for statement in &document.statements {
                if statement.effect == Some(Effect::Allow) && !statement.actions.negated {
                    services.extend(statement.actions.values().filter_map(|it| it.service()).map(str::to_lowercase));
                }
                let entries = statement.resources.iter().flat_map(|clause| &clause.entries);
                named.extend(entries.map(|it| it.written.to_string()).filter(|it| it.starts_with("arn:")));
            }
        }
        let account = estate.inventory.accounts.get(&caller.role.account);
        let holders = account.map(|it| it.resource_policies.iter().map(|it| it.arn.to_string())).into_iter().flatten();
        let mut resources: Vec<String> = Vec::new();
        for resource in named.into_iter().chain(holders) {
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        services.sort();
        services.dedup();
        Ok(About {
            who: who.clone(),
            role: caller.role.name.to_string(),
            said: None,
            note: String::new(),
            services,
            resources,
        })
    }

    /// Suggestions for `ACTION [RESOURCE]`, best first; `before` stands in front of both.
    pub fn suggestions(&self, before: &str, text: &str, shown: usize) -> Vec<Suggestion> {
        match text.split_once(' ') {
            None => {
                self.actions(text, shown).map(|(name, note)| suggestion(before, &format!("{name} "), note)).collect()
            }
            Some((action, resource)) => self
                .resources(action, resource, shown)
                .map(|arn| suggestion(before, &format!("{action} {arn}"), String::new()))
                .collect(),
        }
    }

    /// Exact first, then services that the role has, then prefix before substring, then short before long. Cost: a look
    /// at every action of AWS, about a millisecond.
    fn actions(&self, text: &str, shown: usize) -> impl Iterator<Item = (String, String)> + use<> {
        let catalogue = Catalogue::bundled();
        let text = text.to_lowercase();
        let mut found = Vec::new();
        for service in catalogue.services() {
            let prefix = service.prefix();
            let foreign = !self.services.iter().any(|it| it == prefix);
            // A text with a colon speaks of the whole name, one without of either part.
            let (wanted, name_only) = match text.split_once(':') {
                Some((start, name)) if start == prefix => (name, true),
                Some(_) => continue,
                None => (text.as_str(), false),
            };
            for id in service.actions() {
                let action = catalogue.action(id);
                let name = action.lower_name();
                let class = if name == wanted {
                    0
                } else if name.starts_with(wanted) {
                    1
                } else if name.contains(wanted) || (!name_only && prefix.starts_with(wanted)) {
                    2
                } else {
                    continue;
                };
                found.push(((class > 0 && foreign, class, foreign, name.len()), prefix, action.name(), action.level()));
            }
        }
        found.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
        found.truncate(shown);
        found.into_iter().map(|((_, _, foreign, _), prefix, name, level)| {
            let note = if foreign { "" } else { "  the role has this service" };
            (format!("{prefix}:{name}"), format!("{}{note}", level.letter()))
        })
    }

    /// Of the action's service first; buckets before objects; prefix before substring.
    fn resources(&self, action: &str, text: &str, shown: usize) -> impl Iterator<Item = &str> {
        let service = action.split(':').next().unwrap_or_default().to_lowercase();
        let text = text.to_lowercase();
        let mut found: Vec<_> = self
            .resources
            .iter()
            .enumerate()
            .filter(|(_, arn)| arn.to_lowercase().contains(&text))
            .map(|(at, arn)| {
                let other = arn.split(':').nth(2) != Some(service.as_str());
                ((other, !arn.to_lowercase().starts_with(&text), arn.contains('/'), at), arn.as_str())
            })
            .collect();
        found.sort_unstable();
        found.truncate(shown);
        found.into_iter().map(|(_, arn)| arn)
    }
}

fn suggestion(before: &str, text: &str, note: String) -> Suggestion {
    Suggestion { text: format!("{before}{text}"), note }
}

/// An action that can be asked for: one of one service, without wildcards.
pub fn is_action(text: &str) -> bool {
    let plain = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    text.split_once(':').is_some_and(|(service, name)| plain(service) && plain(name))
}
