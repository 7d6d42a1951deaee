//! One statement against one request, clause by clause: what a screen shows beside the statement.

use std::cell::Cell;
use std::sync::Arc;

use crate::base::{Name, Truth};

use super::condition::Condition;
use super::document::{Damage, Document, Effect, Statement};
use super::miss::actual;
use super::policies::Layer;
use super::request::Request;
use super::residual::Source;
use super::statement::{Asked, Bonds};

/// Whether each clause fits. A clause that the statement does not have is `None`.
#[derive(Clone, Debug)]
pub struct Clauses {
    pub action: Truth,
    pub resource: Option<Truth>,
    pub principal: Option<Truth>,
    /// With what the request has there, in words.
    pub conditions: Vec<(Arc<Condition>, Truth, String)>,
    /// Some of it could not be read, so that what fits may still not apply.
    pub damaged: bool,
}

impl Clauses {
    /// The statement as a whole.
    pub fn all(&self) -> Truth {
        let conditions = self.conditions.iter().fold(Truth::Yes, |all, (_, truth, _)| all.and(*truth));
        let clauses = [self.action, self.resource.unwrap_or(Truth::Yes), self.principal.unwrap_or(Truth::Yes)];
        let all = clauses.into_iter().fold(conditions, Truth::and);
        if self.damaged { all.and(Truth::Unknown) } else { all }
    }
}

/// Asks each clause by itself, with the rules of [`super::decide()`]. A statement without a readable effect is read as
/// an Allow. `has_boundary` matters to `NotPrincipal` only (rule E4).
pub fn clauses(document: &Document, statement: &Statement, request: &Request, has_boundary: bool) -> Clauses {
    let effect = statement.effect.unwrap_or(Effect::Allow);
    let spans = Cell::new(false);
    let asked = Asked { document, statement, effect, request, has_boundary, spans: &spans };
    let of = || {
        Arc::new(Source {
            layer: Layer::Identity,
            level: None,
            policy: Name::default(),
            statement: statement.index,
            sid: statement.sid.clone(),
            effect,
        })
    };
    let damage = [document.damage, statement.damage, statement.condition_damage].into_iter().max();
    Clauses {
        action: asked.action(&statement.actions, &of),
        resource: statement.resources.as_ref().map(|clause| asked.resource(clause, &of)),
        principal: statement.principals.as_ref().map(|clause| {
            let bonds: Bonds<Truth> = asked.principal(clause, &of);
            bonds.any()
        }),
        conditions: statement
            .conditions
            .iter()
            .map(|it| (Arc::clone(it), it.holds(&request.context, effect), actual(&request.context, &it.folded)))
            .collect(),
        damaged: statement.effect.is_none() || damage.is_some_and(|it| it > Damage::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::pattern::Action;
    use crate::iam::{Context, DocumentKind, Principal, Resource, parse};

    #[test]
    fn each_clause_answers_for_itself() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::acme",
            "Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}]}"#;
        let (document, _) = parse(text, DocumentKind::Identity);
        let request = Request {
            principal: Principal::Role {
                account: "111122223333".into(),
                arn: "arn:aws:iam::111122223333:role/r".into(),
            },
            action: Action::new("s3:GetObject"),
            resource: Resource::Arn("arn:aws:s3:::acme/k".into()),
            resource_account: None,
            context: Context::open(),
        };
        let found = clauses(&document, &document.statements[0], &request, false);
        assert_eq!((found.action, found.resource, found.principal), (Truth::Yes, Some(Truth::No), None));
        assert_eq!((found.conditions[0].1, found.conditions[0].2.as_str()), (Truth::Unknown, "not known"));
        assert_eq!(found.all(), Truth::No);
    }
}
