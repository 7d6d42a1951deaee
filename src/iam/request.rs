//! What is asked: principal, action, resource, and what is known of the request's context (rules T4, V6).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;

use super::pattern::Action;
use super::principal::{Principal, is_account};

/// Values of condition keys. Key names ignore case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    open: bool,
    known: FxHashMap<Name, Value>,
    absent: FxHashSet<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    One(Name),
    /// A multivalued key, also when it holds one value or none.
    Many(Box<[Name]>),
}

/// What a context says of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'c> {
    One(&'c str),
    Many(&'c [Name]),
    /// Known not to be in the request.
    Absent,
    /// Not known to us, which is not "absent" (rule T4).
    Unknown,
}

impl Context {
    /// Keys that are not given are absent from the request.
    pub fn complete() -> Context {
        Context { open: false, known: FxHashMap::default(), absent: FxHashSet::default() }
    }

    /// Keys that are not given are unknown.
    pub fn open() -> Context {
        Context { open: true, ..Context::complete() }
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Name>) -> Context {
        self.set(key, Value::One(value.into()));
        self
    }

    #[must_use]
    pub fn with_many<V: Into<Name>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Context {
        self.set(key, Value::Many(values.into_iter().map(Into::into).collect()));
        self
    }

    #[must_use]
    pub fn without(mut self, key: &str) -> Context {
        self.set_absent(key);
        self
    }

    pub fn set(&mut self, key: &str, value: Value) {
        let key = Name::new(&key.to_ascii_lowercase());
        self.absent.remove(&key);
        self.known.insert(key, value);
    }

    /// As [`Context::set`], for a key that is in lower case already.
    pub(super) fn set_folded(&mut self, key: &Name, value: Value) {
        self.absent.remove(key);
        self.known.insert(key.clone(), value);
    }

    /// Says that the key is not in the request; a value given before is forgotten.
    pub fn set_absent(&mut self, key: &str) {
        let key = Name::new(&key.to_ascii_lowercase());
        self.known.remove(&key);
        self.absent.insert(key);
    }

    /// Makes every key that starts with this, in lower case, one of which nothing is said.
    pub fn forget(&mut self, start: &str) {
        self.known.retain(|key, _| !key.starts_with(start));
        self.absent.retain(|key| !key.starts_with(start));
    }

    /// What is known of a key, whose name must be in lower case.
    pub fn get(&self, key: &str) -> Lookup<'_> {
        match self.known.get(key) {
            Some(Value::One(value)) => Lookup::One(value),
            Some(Value::Many(values)) => Lookup::Many(values),
            None if self.open && !self.absent.contains(key) => Lookup::Unknown,
            None => Lookup::Absent,
        }
    }
}

/// What the request names as its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// One literal ARN.
    Arn(Name),
    /// The action has no resource type: it is authorised against `*` (rule W9).
    None,
    /// No resource was named for an action that has one: is there any for which it is allowed?
    Any,
}

impl Resource {
    pub fn arn(&self) -> Option<&str> {
        if let Resource::Arn(arn) = self { Some(arn) } else { None }
    }

    pub fn as_str(&self) -> &str {
        self.arn().unwrap_or("*")
    }
}

/// One question.
#[derive(Clone, Debug)]
pub struct Request {
    pub principal: Principal,
    pub action: Action,
    pub resource: Resource,
    /// Account of the resource; taken from the ARN when it carries one and this is none.
    pub resource_account: Option<Name>,
    pub context: Context,
}

impl Request {
    /// A request for one resource, `*` standing for none, with an open context that knows nothing.
    pub fn new(principal: Principal, action: &str, resource: &str) -> Request {
        Request {
            principal,
            action: Action::new(action),
            resource: if resource == "*" { Resource::None } else { Resource::Arn(Name::new(resource)) },
            resource_account: None,
            context: Context::open(),
        }
    }

    #[must_use]
    pub fn in_context(mut self, context: Context) -> Request {
        self.context = context;
        self
    }

    /// The account that owns the resource, as far as the request tells. AWS's own (`arn:aws:iam::aws:policy/...`) are
    /// nobody else's.
    pub fn owner(&self) -> Option<&str> {
        if let Some(account) = &self.resource_account {
            return Some(account);
        }
        self.resource.arn().and_then(|arn| arn.split(':').nth(4)).filter(|account| is_account(account))
    }
}
