//! Parts that many objects have in common, stored once.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::Name;
use crate::model::facts::meta::Labels;
use crate::model::facts::pod::PodSpec;
use crate::model::facts::workload::PodTemplate;
use crate::rbac::Rule;

/// Lives as long as one source is read.
#[derive(Default)]
pub struct Shared {
    labels: FxHashSet<Labels>,
    specs: FxHashSet<Arc<PodSpec>>,
    templates: FxHashSet<Arc<PodTemplate>>,
    rules: FxHashSet<Arc<[Rule]>>,
}

impl Shared {
    pub fn labels(&mut self, pairs: Vec<(Name, Name)>) -> Labels {
        if pairs.is_empty() {
            return Labels::default();
        }
        shared(&mut self.labels, Labels::new(pairs))
    }

    pub fn spec(&mut self, spec: PodSpec) -> Arc<PodSpec> {
        shared(&mut self.specs, Arc::new(spec))
    }

    pub fn template(&mut self, template: PodTemplate) -> Arc<PodTemplate> {
        shared(&mut self.templates, Arc::new(template))
    }

    pub fn rules(&mut self, rules: Vec<Rule>) -> Arc<[Rule]> {
        shared(&mut self.rules, rules.into())
    }
}

fn shared<T: Hash + Eq + Clone>(known: &mut FxHashSet<T>, new: T) -> T {
    if let Some(old) = known.get(&new) {
        return old.clone();
    }
    known.insert(new.clone());
    new
}
