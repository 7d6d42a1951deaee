//! Shared, immutable names. A large estate says the same few thousand strings millions of times.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A string that is cheap to clone and, when read under a [`Pool`], stored once however often it is said.
///
/// Equality, order and hash are those of the text, so a name from one pool equals the same name from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    pub fn new(text: &str) -> Name {
        POOL.with_borrow_mut(|pool| match pool {
            Some(pool) => match pool.get(text) {
                Some(name) => name.clone(),
                None => {
                    let name = Name(Arc::from(text));
                    pool.insert(name.clone());
                    name
                }
            },
            None => Name(Arc::from(text)),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

thread_local! {
    static POOL: RefCell<Option<FxHashSet<Name>>> = const { RefCell::new(None) };
}

/// While one lives, names made on this thread are shared. Sources hold one for the length of a file.
///
/// Pools do not nest: an inner one starts empty and the outer one's names come back when it is dropped.
pub struct Pool {
    outer: Option<FxHashSet<Name>>,
}

impl Pool {
    pub fn open() -> Pool {
        Pool { outer: POOL.replace(Some(FxHashSet::default())) }
    }
}

impl Pool {
    /// Goes on with the names of an earlier pool, which may have been one of another thread.
    pub fn resume(names: Names) -> Pool {
        Pool { outer: POOL.replace(Some(names.0)) }
    }

    /// Ends the pool and hands its names out, to be resumed.
    pub fn close(self) -> Names {
        Names(POOL.take().unwrap_or_default())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        POOL.set(self.outer.take());
    }
}

/// The names of a pool that is not in use.
#[derive(Default)]
pub struct Names(FxHashSet<Name>);

impl Default for Name {
    fn default() -> Name {
        Name::new("")
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name::new(&text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                Ok(Name::new(text))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_stores_a_repeated_name_once() {
        let pool = Pool::open();
        let (a, b) = (Name::new("payments"), Name::new("payments"));
        assert!(Arc::ptr_eq(&a.0, &b.0));
        drop(pool);
        let c = Name::new("payments");
        assert_eq!(a, c);
        assert!(!Arc::ptr_eq(&a.0, &c.0));
    }
}
