//! What values of a saved snapshot have in common and hold by number: texts, labels, specs, templates, rules, managers.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::model::facts::meta::{FieldManager, Labels};
use crate::model::facts::pod::PodSpec;
use crate::model::facts::workload::PodTemplate;
use crate::rbac::Rule;

use super::pack::{Bad, Pack, Packer, Unpacker};

/// One table while a file is written: each value once, in the order of its first use.
#[derive(Default)]
pub struct Table<T> {
    pub values: Vec<T>,
    numbers: FxHashMap<T, u64>,
    /// Values that are one allocation are found without looking at them.
    addresses: FxHashMap<usize, u64>,
}

impl<T: Hash + Eq + Clone> Table<T> {
    /// The number of a value. An address means the same value throughout: the inventory outlives the writing.
    fn number(&mut self, address: usize, value: &T) -> u64 {
        if let Some(number) = self.addresses.get(&address) {
            return *number;
        }
        let number = match self.numbers.get(value) {
            Some(number) => *number,
            None => {
                let number = self.values.len() as u64;
                self.values.push(value.clone());
                self.numbers.insert(value.clone(), number);
                number
            }
        };
        self.addresses.insert(address, number);
        number
    }
}

/// The tables of a file that is being written.
#[derive(Default)]
pub struct Tables {
    texts: Vec<Name>,
    numbers: FxHashMap<Name, u64>,
    pub labels: Table<Labels>,
    pub specs: Table<Arc<PodSpec>>,
    pub templates: Table<Arc<PodTemplate>>,
    pub rules: Table<Arc<[Rule]>>,
    pub managers: Table<Arc<[FieldManager]>>,
}

impl Tables {
    /// How a text is written: 0 the first time, since it then has the next free number; else its number plus one.
    pub fn name(&mut self, name: &Name) -> u64 {
        if let Some(number) = self.numbers.get(name) {
            return number + 1;
        }
        self.numbers.insert(name.clone(), self.texts.len() as u64);
        self.texts.push(name.clone());
        0
    }

    pub fn text(&mut self, text: &str) -> u64 {
        match self.numbers.get(text) {
            Some(number) => number + 1,
            None => self.name(&Name::new(text)),
        }
    }

    /// Texts said so far, in the order of their first use.
    pub fn texts(&self) -> &[Name] {
        &self.texts
    }
}

/// The tables of a file that is being read.
#[derive(Default)]
pub struct Loaded {
    pub texts: Vec<Name>,
    pub labels: Vec<Labels>,
    pub specs: Vec<Arc<PodSpec>>,
    pub templates: Vec<Arc<PodTemplate>>,
    pub rules: Vec<Arc<[Rule]>>,
    pub managers: Vec<Arc<[FieldManager]>>,
}

/// Shared values: their number stands in place of them.
macro_rules! shared {
    ($($type:ty, $table:ident, |$value:ident| $address:expr;)*) => {$(
        impl Pack for $type {
            fn pack(&self, out: &mut Packer<'_>) {
                let $value = self;
                let number = out.tables.$table.number($address, self);
                out.number(number);
            }

            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, Bad> {
                let loaded = input.loaded;
                input.shared(&loaded.$table)
            }
        }
    )*};
}

shared! {
    Labels, labels, |it| it.0.as_ptr() as usize;
    Arc<PodSpec>, specs, |it| Arc::as_ptr(it) as usize;
    Arc<PodTemplate>, templates, |it| Arc::as_ptr(it) as usize;
    Arc<[Rule]>, rules, |it| it.as_ptr() as usize;
    Arc<[FieldManager]>, managers, |it| it.as_ptr() as usize;
}
