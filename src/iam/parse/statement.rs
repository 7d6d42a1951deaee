//! Reads one statement: its elements, their forms, and what each kind of document must and must not have (rule P6).

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::base::Name;
use crate::iam::condition::{Condition, Operand};
use crate::iam::document::{Clause, Damage, DocumentKind, Effect, Entry, Statement, quoted};
use crate::iam::json::{Member, Node, Span, Value};
use crate::iam::pattern::{ActionPattern, ResourcePattern};
use crate::iam::principal::{PrincipalPattern, PrincipalType};

use super::{Reader, describe, join};

impl Reader<'_> {
    pub(super) fn statement(&mut self, index: usize, path: &str, node: &Node<'_>, variables: bool) -> Statement {
        let mut statement = Statement {
            index,
            sid: None,
            effect: None,
            principals: None,
            actions: broken(node.span),
            resources: None,
            conditions: Vec::new(),
            condition_damage: Damage::None,
            damage: Damage::None,
            span: node.span,
        };
        let Value::Map(members) = &node.value else {
            self.error(path, node.span, node.value.kind(), "a statement, which is an object");
            statement.damage = Damage::Unreadable;
            return statement;
        };
        if self.repeated(path, members) {
            statement.damage = Damage::Unreadable;
        }
        for member in members {
            let place = join(path, &member.key);
            match &*member.key {
                "Sid" => match &member.node.value {
                    Value::Text(sid) => statement.sid = Some(Name::new(sid)),
                    other => {
                        self.error(&place, member.node.span, other.kind(), "a string");
                        statement.damage = statement.damage.max(Damage::Doubtful);
                    }
                },
                "Effect" => match &member.node.value {
                    Value::Text(effect) if effect == "Allow" => statement.effect = Some(Effect::Allow),
                    Value::Text(effect) if effect == "Deny" => statement.effect = Some(Effect::Deny),
                    other => self.error(&place, member.node.span, describe(other), "`Allow` or `Deny`"),
                },
                "Action" | "NotAction" | "Resource" | "NotResource" | "Principal" | "NotPrincipal" => {}
                "Condition" => self.conditions(&mut statement, &place, &member.node, variables),
                other => {
                    self.error(&place, member.key_span, quoted(other), "an element of the policy grammar");
                    statement.damage = statement.damage.max(Damage::Doubtful);
                }
            }
        }
        if !members.iter().any(|member| member.key == "Effect") {
            self.error(path, node.span, "no `Effect`", "`Allow` or `Deny`");
        }
        statement.actions = self.actions(path, node.span, members);
        statement.resources = self.resources(path, node.span, members, &statement.actions, variables);
        statement.principals = self.principals(path, node.span, members);
        statement
    }

    /// The one of `name` and `Not<name>` that is there. `Err` when both are.
    fn either<'m, 't>(
        &mut self,
        path: &str,
        members: &'m [Member<'t>],
        names: [&str; 2],
    ) -> Result<Option<(bool, &'m Member<'t>)>, ()> {
        let find = |name: &str| members.iter().find(|member| member.key == name);
        match (find(names[0]), find(names[1])) {
            (Some(_), Some(second)) => {
                let found = format!("both `{}` and `{}`", names[0], names[1]);
                self.error(&join(path, names[1]), second.key_span, found, "one of them");
                Err(())
            }
            (Some(plain), None) => Ok(Some((false, plain))),
            (None, Some(negated)) => Ok(Some((true, negated))),
            (None, None) => Ok(None),
        }
    }

    fn actions(&mut self, path: &str, whole: Span, members: &[Member<'_>]) -> Clause<ActionPattern> {
        let Ok(found) = self.either(path, members, ["Action", "NotAction"]) else {
            return broken(whole);
        };
        let Some((negated, member)) = found else {
            self.error(&join(path, "Action"), whole, "no `Action`", "`Action` or `NotAction`");
            return broken(whole);
        };
        let place = join(path, &member.key);
        let clause = self.texts(&place, member, negated, ActionPattern::new);
        if clause.entries.is_empty() && clause.damage == Damage::None {
            self.error(&place, member.node.span, "an empty array", "at least one action");
            return Clause { damage: Damage::Unreadable, ..clause };
        }
        for entry in clause.entries.iter().filter(|entry| entry.value.is_refused()) {
            self.warn(
                &place,
                entry.span,
                quoted(&entry.written),
                "a service prefix without wildcard, such as `s3:Get*`",
            );
        }
        clause
    }

    fn resources(
        &mut self,
        path: &str,
        whole: Span,
        members: &[Member<'_>],
        actions: &Clause<ActionPattern>,
        variables: bool,
    ) -> Option<Clause<ResourcePattern>> {
        let Ok(found) = self.either(path, members, ["Resource", "NotResource"]) else {
            return Some(broken(whole));
        };
        let Some((negated, member)) = found else {
            // ECR User Guide, Private repository policies: they mean their own repository and have no Resource.
            let repository = self.kind == DocumentKind::Resource
                && !actions.entries.is_empty()
                && actions.values().all(|action| matches!(action.service(), Some("ecr" | "ecr-public")));
            if self.kind == DocumentKind::Trust || repository {
                return None;
            }
            self.error(&join(path, "Resource"), whole, "no `Resource`", "`Resource` or `NotResource`");
            return Some(broken(whole));
        };
        let place = join(path, &member.key);
        if self.kind == DocumentKind::Trust {
            self.error(&place, member.key_span, quoted(&member.key), "no resource: a trust policy means its own role");
            return Some(broken(member.node.span));
        }
        let clause = self.texts(&place, member, negated, |text| ResourcePattern::new(text, variables));
        if clause.entries.is_empty() && clause.damage == Damage::None {
            self.error(&place, member.node.span, "an empty array", "at least one resource");
            return Some(Clause { damage: Damage::Unreadable, ..clause });
        }
        for entry in clause.entries.iter().filter(|entry| entry.value.is_short()) {
            self.warn(&place, entry.span, quoted(&entry.written), "an ARN of six parts, or `*`");
        }
        Some(clause)
    }

    fn principals(&mut self, path: &str, whole: Span, members: &[Member<'_>]) -> Option<Clause<PrincipalPattern>> {
        let Ok(found) = self.either(path, members, ["Principal", "NotPrincipal"]) else {
            return Some(broken(whole));
        };
        let Some((negated, member)) = found else {
            if !self.kind.has_principal() {
                return None;
            }
            self.error(&join(path, "Principal"), whole, "no `Principal`", "`Principal` or `NotPrincipal`");
            return Some(broken(whole));
        };
        let place = join(path, &member.key);
        if !self.kind.has_principal() {
            self.error(&place, member.key_span, quoted(&member.key), "no principal: the policy is attached to one");
            return Some(broken(member.node.span));
        }
        let mut clause = Clause { negated, entries: Vec::new(), damage: Damage::None, span: member.node.span };
        match &member.node.value {
            Value::Text(text) if text == "*" => clause.entries.push(Entry {
                value: PrincipalPattern::Everyone,
                written: Name::new("*"),
                span: member.node.span,
            }),
            Value::Map(kinds) => {
                if self.repeated(&place, kinds) {
                    clause.damage = Damage::Unreadable;
                }
                for kind in kinds {
                    let place = join(&place, &kind.key);
                    let Some(known) = PrincipalType::parse(&kind.key) else {
                        self.error(
                            &place,
                            kind.key_span,
                            quoted(&kind.key),
                            "`AWS`, `Service`, `Federated` or `CanonicalUser`",
                        );
                        clause.damage = Damage::Unreadable;
                        continue;
                    };
                    let named = self.texts(&place, kind, negated, |text| PrincipalPattern::new(known, text));
                    clause.damage = clause.damage.max(named.damage);
                    for entry in &named.entries {
                        if matches!(entry.value, PrincipalPattern::Other(_)) {
                            self.warn(
                                &place,
                                entry.span,
                                quoted(&entry.written),
                                "an account, a user, role or session ARN, or `*` alone",
                            );
                        }
                    }
                    clause.entries.extend(named.entries);
                }
                if clause.entries.is_empty() && clause.damage == Damage::None {
                    self.error(&place, member.node.span, "nobody", "at least one principal");
                    clause.damage = Damage::Unreadable;
                }
            }
            other => {
                self.error(&place, member.node.span, describe(other), "`*` or an object");
                clause.damage = Damage::Unreadable;
            }
        }
        let everyone = matches!(clause.entries.as_slice(), [Entry { value: PrincipalPattern::Everyone, .. }]);
        if self.kind == DocumentKind::Rcp && (negated || !everyone) && clause.damage == Damage::None {
            self.error(
                &place,
                member.node.span,
                "named principals",
                "`*`, the only principal of a resource control policy",
            );
            clause.damage = Damage::Unreadable;
        }
        Some(clause)
    }

    fn texts<T>(&mut self, path: &str, member: &Member<'_>, negated: bool, read: impl Fn(&str) -> T) -> Clause<T> {
        let mut clause = Clause { negated, entries: Vec::new(), damage: Damage::None, span: member.node.span };
        let mut push = |node: &Node<'_>| match &node.value {
            Value::Text(text) => {
                clause.entries.push(Entry { value: read(text), written: Name::new(text), span: node.span });
                true
            }
            _ => false,
        };
        match &member.node.value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if !push(item) {
                        self.error(&format!("{path}[{index}]"), item.span, item.value.kind(), "a string");
                        clause.damage = Damage::Unreadable;
                    }
                }
            }
            _ => {
                if !push(&member.node) {
                    self.error(path, member.node.span, member.node.value.kind(), "a string or an array of strings");
                    clause.damage = Damage::Unreadable;
                }
            }
        }
        clause
    }

    fn conditions(&mut self, statement: &mut Statement, path: &str, node: &Node<'_>, variables: bool) {
        let Value::Map(operators) = &node.value else {
            self.error(path, node.span, node.value.kind(), "an object of operators");
            statement.condition_damage = Damage::Unreadable;
            return;
        };
        if self.repeated(path, operators) {
            statement.condition_damage = Damage::Unreadable;
        }
        for operator in operators {
            let place = join(path, &operator.key);
            let Value::Map(keys) = &operator.node.value else {
                self.error(&place, operator.node.span, operator.node.value.kind(), "an object of condition keys");
                statement.condition_damage = Damage::Unreadable;
                continue;
            };
            if self.repeated(&place, keys) {
                statement.condition_damage = Damage::Unreadable;
            }
            if crate::iam::condition::Operator::parse(&operator.key).is_none() {
                self.error(&place, operator.key_span, quoted(&operator.key), "a condition operator");
                statement.condition_damage = Damage::Unreadable;
                continue;
            }
            for key in keys {
                let place = join(&place, &key.key);
                match self.condition(&place, &operator.key, key, variables) {
                    Some(condition) => statement.conditions.push(Arc::new(condition)),
                    None => statement.condition_damage = Damage::Unreadable,
                }
            }
        }
    }

    fn condition(&mut self, path: &str, operator: &str, key: &Member<'_>, variables: bool) -> Option<Condition> {
        let items: Cow<'_, [Node<'_>]> = match &key.node.value {
            Value::List(items) => Cow::Borrowed(items),
            _ => Cow::Owned(vec![key.node.clone()]),
        };
        let mut values: SmallVec<[Name; 4]> = SmallVec::new();
        let mut whole = true;
        for item in items.iter() {
            match &item.value {
                Value::Text(text) => values.push(Name::new(text)),
                Value::Number(text) => values.push(Name::new(text)),
                Value::Bool(value) => values.push(Name::new(if *value { "true" } else { "false" })),
                other => {
                    self.error(path, item.span, other.kind(), "a string, a number or a boolean");
                    whole = false;
                }
            }
        }
        if !whole {
            return None;
        }
        let span = Span { end: key.node.span.end, ..key.key_span };
        let condition = Condition::new(operator, &key.key, values.into_vec(), variables, span)?;
        if condition.values.is_empty() {
            self.warn(
                path,
                key.node.span,
                "an empty array",
                "at least one value: this never matches, negated it always does",
            );
        }
        for (written, operand) in condition.values.iter().zip(condition.operands()) {
            if !operand.is_readable() {
                let what = match operand {
                    Operand::Number(_) => "a number",
                    Operand::Date(_) => "a date such as `2026-01-01T00:00:00Z` or epoch seconds",
                    Operand::Bytes(_) => "base64",
                    Operand::Address(_) => "an IP address or CIDR range",
                    _ => "`true` or `false`",
                };
                self.warn(path, key.node.span, quoted(written), what);
            }
        }
        Some(condition)
    }
}

fn broken<T>(span: Span) -> Clause<T> {
    Clause { negated: false, entries: Vec::new(), damage: Damage::Unreadable, span }
}
