//! What queries see of a finding: the same on the command line and on the screens.

use crate::analysis::query::{Field, Row, Value, severity_rank};
use crate::model::key::Form;
use crate::model::{EntityKey, Kind};

use super::finding::Finding;

/// What queries may ask of a finding.
pub const FIELDS: &[Field] =
    &[Field::Ns, Field::Workload, Field::Sa, Field::Role, Field::Node, Field::Sev, Field::Rule, Field::Acct];

impl Finding {
    /// Cluster and namespace of the subject, or of the workload it belongs to; empty where it has none.
    pub fn place(&self) -> (&str, &str) {
        let own = Some(&self.subject).filter(|key| key.kind.is_of_cluster());
        match own.or(self.owner.as_ref()) {
            Some(key) => (&key.scope, &key.namespace),
            None => ("", ""),
        }
    }
}

impl Row for Finding {
    fn names(&self, out: &mut dyn FnMut(&str)) {
        let subject = self.subject.to_string();
        [self.rule.id, self.rule.slug, &subject, &self.message].into_iter().for_each(out);
    }

    fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
        let keys = || std::iter::once(&self.subject).chain(&self.owner).chain(&self.also);
        let mut named = |wanted: &dyn Fn(Kind) -> bool| {
            for key in keys().filter(|key: &&EntityKey| wanted(key.kind)) {
                out(Value::Text(&key.name));
            }
        };
        match field {
            Field::Ns => out(Value::Text(self.place().1)),
            Field::Workload => named(&Kind::is_workload),
            Field::Sa => named(&|kind| kind == Kind::ServiceAccount),
            Field::Role => named(&|kind| kind == Kind::Role),
            Field::Node => named(&|kind| kind == Kind::Node),
            Field::Sev => {
                let rank = severity_rank(self.severity.word());
                rank.into_iter().for_each(|rank| out(Value::Number(rank)));
            }
            Field::Rule => [self.rule.id, self.rule.slug].into_iter().for_each(|it| out(Value::Text(it))),
            Field::Acct => keys().filter(|key| key.kind.form() == Form::InAccount).for_each(|key| {
                out(Value::Text(&key.scope));
            }),
            _ => {}
        }
    }
}
