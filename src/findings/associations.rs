//! Pod Identity associations as rules go over them: the described ones, and what others like them would ask.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::identity::trace::Trace;
use crate::model::facts::eks::{Association, AssociationDetails};
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, EntityKey, Kind, Lookup};

use super::context::Context;

/// A namespace and account that nobody has: what admits them admits every association.
const NOBODY: [&str; 2] = ["rw-probe-7f3a", "rw-probe-9c1e"];

/// An association whose description was read.
pub struct Described<'a> {
    pub cluster: &'a ClusterFacts,
    pub association: &'a Arc<Association>,
    pub details: &'a AssociationDetails,
    pub key: EntityKey,
}

/// Every association that was described, by cluster.
pub fn described<'c, 'a: 'c>(context: &'c Context<'a>) -> impl Iterator<Item = Described<'a>> + 'c {
    context.clusters().flat_map(|cluster| {
        cluster.associations.iter().filter_map(move |association| {
            let details = association.details.as_ref()?;
            let key = EntityKey::scoped(Kind::Association, &cluster.label, &association.id);
            Some(Described { cluster, association, details, key })
        })
    })
}

/// Associations by the ARN of their base role.
pub fn by_role<'d, 'a>(all: &'d [Described<'a>]) -> FxHashMap<&'d Name, Vec<&'d Described<'a>>> {
    let mut users: FxHashMap<&Name, Vec<&Described<'a>>> = FxHashMap::default();
    for it in all {
        users.entry(&it.details.role).or_default().push(it);
    }
    users
}

impl<'a> Described<'a> {
    pub fn account(&self) -> EntityKey {
        let Association { namespace, service_account, .. } = &**self.association;
        EntityKey::namespaced(Kind::ServiceAccount, &self.cluster.label, namespace, service_account)
    }

    /// The base role, when it was read.
    pub fn base(&self, context: &Context<'a>) -> Option<&'a Arc<Role>> {
        role(context, &self.details.role)
    }

    /// The target role, when there is one and it was read.
    pub fn target(&self, context: &Context<'a>) -> Option<&'a Arc<Role>> {
        role(context, self.details.target_role.as_ref()?)
    }

    /// Whether EKS may take the base role for another service account of this cluster.
    pub fn admits_others(&self, context: &Context<'a>, base: &Arc<Role>) -> Truth {
        let other = self.of_another();
        let (namespace, account) = (&other.namespace, &other.service_account);
        let trusts = &context.trusts;
        trusts.pod_identity(context.inventory, self.cluster, base, &other, namespace, account, &mut Trace::off()).truth
    }

    /// The association as a stranger in the same cluster would have it: without this one's external id.
    pub fn of_another(&self) -> Association {
        let details = AssociationDetails { external_id: None, ..self.details.clone() };
        self.with(details, true)
    }

    /// The association with its session tags turned on.
    pub fn with_tags(&self) -> Association {
        self.with(AssociationDetails { disable_session_tags: false, ..self.details.clone() }, false)
    }

    fn with(&self, details: AssociationDetails, stranger: bool) -> Association {
        let mut other = Association { details: Some(details), ..(**self.association).clone() };
        if stranger {
            (other.namespace, other.service_account) = (NOBODY[0].into(), NOBODY[1].into());
        }
        other
    }
}

fn role<'a>(context: &Context<'a>, arn: &str) -> Option<&'a Arc<Role>> {
    match context.inventory.role(arn) {
        Lookup::Found(role) => Some(role),
        Lookup::Absent | Lookup::Unknown => None,
    }
}
