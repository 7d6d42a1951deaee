//! When an annotation was set, and by whom, as far as the object's managed fields tell (R116).

use jiff::Timestamp;

use crate::model::facts::meta::Meta;

/// The time of the latest manager that owns the annotation. An object that is younger than that cannot be: then, and
/// without managed fields, `None` ("cannot date the annotation").
pub fn set_at(meta: &Meta, key: &str) -> Option<Timestamp> {
    let managers = meta.managers.as_ref()?;
    managers.iter().filter(|it| it.annotations.iter().any(|owned| owned == key)).filter_map(|it| it.time).max()
}

/// No annotation of an object is older than the object.
pub fn not_before(meta: &Meta, key: &str) -> Option<Timestamp> {
    set_at(meta, key).or(meta.created)
}

/// A pod made at `created` is certainly older than the annotation: the annotation's time says so, or the object itself
/// is younger than the pod.
pub fn is_younger_than_pod(meta: &Meta, key: &str, created: Timestamp) -> bool {
    not_before(meta, key).is_some_and(|at| at > created)
}
