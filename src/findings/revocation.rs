//! Taking service accounts out of the trust policy of a role: what really revokes a role that was given by web identity.

use crate::model::{EntityKey, Lookup};

use super::context::Context;
use super::finding::Fix;
use super::fix;
use super::subjects::{Reach, WebStatement};
use super::trust_text::TrustText;

/// The change after which tokens of the accounts do not lead to the role: values that name them are taken out, and
/// statements that name nobody else. Where nothing would be left, the role can go. `None` where a pattern admits them, or
/// the policy does not name them at all.
pub fn without(context: &Context<'_>, role: &EntityKey, accounts: &[EntityKey]) -> Option<Fix> {
    let Lookup::Found(facts) = context.inventory.accounts.get(&role.scope)?.role(&role.name) else { return None };
    let mut text = TrustText::of(facts)?;
    let mut named = false;
    // From the last on, so that positions of those before stay.
    for statement in context.web_statements_of(role).iter().rev() {
        let (mut gone, mut left) = (Vec::new(), 0);
        for value in statement.values() {
            match &value.reach {
                Reach::Account { namespace, name } => {
                    let is_meant = |it: &EntityKey| it.namespace == *namespace && it.name == *name;
                    let here = accounts.iter().any(|it| it.scope == statement.cluster.label && is_meant(it));
                    if here { gone.push(value) } else { left += 1 }
                }
                Reach::Never => left += 1,
                _ => return None,
            }
        }
        if gone.is_empty() {
            continue;
        }
        named = true;
        let index = statement.statement().index;
        if left == 0 {
            if text.remove(index).is_none() {
                return Some(deleted(&role.name));
            }
            continue;
        }
        for value in gone {
            let key = key_of(statement, &value.operator)?;
            text.without_value(index, &value.operator, &key, &value.text)?;
        }
    }
    named.then(|| text.fix())
}

fn key_of(statement: &WebStatement, operator: &str) -> Option<String> {
    statement.on_subjects().find(|condition| condition.written == operator).map(|it| it.key.to_string())
}

fn deleted(role: &str) -> Fix {
    fix::aws(format!(
        "# nobody else is named: delete the role if nothing else uses it\naws iam delete-role --role-name {}",
        fix::quoted(role)
    ))
}
