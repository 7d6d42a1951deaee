//! How much of a kind was read, so that "not found" and "not looked" never meet (R193).

use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;

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
    /// Positions by the hash of what one searches for; made by the first search, gone when the items change.
    index: OnceLock<Arc<HashTable<u32>>>,
    pub reading: Reading,
}

/// Shorter lists are searched as they stand.
const INDEXED: usize = 32;

/// The answer to a look-up: a list that is not complete cannot say "absent".
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a, T> {
    Found(&'a Arc<T>),
    Absent,
    Unknown,
}

impl<T> Default for Listing<T> {
    fn default() -> Listing<T> {
        Listing::new(Vec::new(), Reading::NotRead)
    }
}

impl<T> Listing<T> {
    pub fn new(items: Vec<Arc<T>>, reading: Reading) -> Listing<T> {
        Listing { items: Arc::new(items), index: OnceLock::new(), reading }
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

    /// The object with a key. Of long lists an index is made first; then a search costs a hash and a comparison, where
    /// halving would visit a dozen objects. `hash_of` gives the hash of an object's key, which is the hash that is wanted
    /// where `is_wanted` says yes.
    pub(super) fn find(
        &self,
        hash: u64,
        hash_of: impl Fn(&T) -> u64,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Option<&Arc<T>> {
        if self.items.len() < INDEXED {
            return self.items.iter().find(|item| is_wanted(item));
        }
        let index = self.index.get_or_init(|| {
            let mut index = HashTable::with_capacity(self.items.len());
            for (at, item) in self.items.iter().enumerate() {
                let at = u32::try_from(at).expect("fewer objects than 32 bits count");
                index.insert_unique(hash_of(item), at, |at| hash_of(&self.items[*at as usize]));
            }
            Arc::new(index)
        });
        index.find(hash, |at| is_wanted(&self.items[*at as usize])).map(|at| &self.items[*at as usize])
    }

    /// For changing the list in place; copies the pointers, not the objects, when an estate still holds the old one.
    pub fn items_mut(&mut self) -> &mut Vec<Arc<T>> {
        self.index = OnceLock::new();
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
