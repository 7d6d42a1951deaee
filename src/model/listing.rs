//! How much of a kind was read, so that "not found" and "not looked" never meet (R193).

use std::sync::Arc;

/// How far a list was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Reading {
    /// Nobody has answered yet, or the source is not there.
    #[default]
    NotRead,
    /// Some of it: a page or an object is missing.
    Partial,
    /// All of it: what is not in the list does not exist.
    Complete,
}

/// The objects of one kind in one place, and how far they were read.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    items: Arc<Vec<Arc<T>>>,
    pub reading: Reading,
}

/// The answer to a look-up: a list that is not complete cannot say "absent".
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a, T> {
    Found(&'a Arc<T>),
    Absent,
    Unknown,
}

impl<T> Default for Listing<T> {
    fn default() -> Listing<T> {
        Listing { items: Arc::default(), reading: Reading::NotRead }
    }
}

impl<T> Listing<T> {
    pub fn new(items: Vec<Arc<T>>, reading: Reading) -> Listing<T> {
        Listing { items: Arc::new(items), reading }
    }

    pub fn items(&self) -> &[Arc<T>] {
        &self.items
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Arc<T>> {
        self.items.iter()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of the kind was read, so absence is an answer.
    pub fn is_complete(&self) -> bool {
        self.reading == Reading::Complete
    }

    /// What a search that ended with `found` may answer, given how far the list was read.
    pub fn answer<'a>(&self, found: Option<&'a Arc<T>>) -> Lookup<'a, T> {
        match found {
            Some(item) => Lookup::Found(item),
            None if self.is_complete() => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }

    /// For changing the list in place; copies the pointers, not the objects, when an estate still holds the old one.
    pub fn items_mut(&mut self) -> &mut Vec<Arc<T>> {
        Arc::make_mut(&mut self.items)
    }
}

impl<'a, T> IntoIterator for &'a Listing<T> {
    type Item = &'a Arc<T>;
    type IntoIter = std::slice::Iter<'a, Arc<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
