//! Sets of resources: a union of ARN patterns minus a union of ARN patterns (rules S1, S3, S4).

use std::cmp::Ordering;
use std::sync::Arc;

use crate::iam::glob::Glob;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::meet::meet;

/// Patterns that one set may list before an intersection is only bounded from above.
const MAX_PATTERNS: usize = 256;

/// The resources that lie in one of `any_of` and in none of `except`.
///
/// INVARIANT: no pattern lies inside another of its list; every exception overlaps some pattern and contains none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceSet {
    any_of: Vec<ArnGlob>,
    except: Vec<ArnGlob>,
}

impl ResourceSet {
    /// Everything, requests without a resource included.
    pub fn all() -> ResourceSet {
        ResourceSet { any_of: vec![ArnGlob::All], except: Vec::new() }
    }

    /// The set, or none when it is certainly empty.
    pub fn new(
        any_of: impl IntoIterator<Item = ArnGlob>,
        except: impl IntoIterator<Item = ArnGlob>,
    ) -> Option<ResourceSet> {
        let (any_of, except) = (widest(any_of), widest(except));
        let any_of: Vec<ArnGlob> = any_of.into_iter().filter(|it| !except.iter().any(|out| out.contains(it))).collect();
        let except = except.into_iter().filter(|out| any_of.iter().any(|it| !it.disjoint(out))).collect();
        if any_of.is_empty() { None } else { Some(ResourceSet { any_of, except }) }
    }

    pub fn any_of(&self) -> &[ArnGlob] {
        &self.any_of
    }

    pub fn except(&self) -> &[ArnGlob] {
        &self.except
    }

    /// Whether this is every resource without exception.
    pub fn is_all(&self) -> bool {
        self.except.is_empty() && matches!(self.any_of.as_slice(), [ArnGlob::All])
    }

    pub fn matches(&self, arn: &str) -> bool {
        self.any_of.iter().any(|it| it.matches(arn)) && !self.except.iter().any(|it| it.matches(arn))
    }

    /// Whether every resource of `inner` is certainly one of these. A no may be too careful.
    pub fn contains(&self, inner: &ResourceSet) -> bool {
        inner.any_of.iter().all(|it| self.any_of.iter().any(|outer| outer.contains(it)))
            && self.except.iter().all(|out| {
                inner.except.iter().any(|inner_out| inner_out.contains(out))
                    || inner.any_of.iter().all(|it| it.disjoint(out))
            })
    }

    /// This with further patterns; only when they come from sets with the same exceptions.
    pub fn with(self, patterns: impl IntoIterator<Item = ArnGlob>) -> ResourceSet {
        let any_of = widest(self.any_of.into_iter().chain(patterns));
        ResourceSet { any_of, except: self.except }
    }

    /// What both hold, and whether that is exact; when it would take too many patterns, it is bounded from above.
    pub fn intersect(&self, other: &ResourceSet) -> (Option<ResourceSet>, bool) {
        if other.is_all() {
            return (Some(self.clone()), true);
        }
        if self.is_all() {
            return (Some(other.clone()), true);
        }
        let (shared, exact) = common(&self.any_of, &other.any_of);
        (ResourceSet::new(shared, self.except.iter().chain(&other.except).cloned()), exact)
    }

    /// What is left when these go; nothing is ever taken away beyond them.
    pub fn without(&self, gone: &[ArnGlob]) -> Option<ResourceSet> {
        if gone.iter().all(|out| self.any_of.iter().all(|it| it.disjoint(out))) {
            return Some(self.clone());
        }
        // What is there is in order already; only the new exceptions can change it.
        let any_of: Vec<ArnGlob> =
            self.any_of.iter().filter(|it| !gone.iter().any(|out| out.contains(it))).cloned().collect();
        let touches = |out: &&ArnGlob| any_of.iter().any(|it| !it.disjoint(out));
        let except = widest(self.except.iter().chain(gone).filter(touches).cloned());
        if any_of.is_empty() { None } else { Some(ResourceSet { any_of, except }) }
    }

    /// What of this lies in one of the patterns, and whether that is exact.
    pub fn within(&self, patterns: &[ArnGlob]) -> (Option<ResourceSet>, bool) {
        let (shared, exact) = common(&self.any_of, patterns);
        (ResourceSet::new(shared, self.except.iter().cloned()), exact)
    }
}

/// Pairwise intersections; a pair that cannot be spelt out keeps its first member.
fn common(a: &[ArnGlob], b: &[ArnGlob]) -> (Vec<ArnGlob>, bool) {
    let (mut shared, mut exact) = (Vec::new(), true);
    for x in a {
        let before = shared.len();
        for y in b {
            match meet_arns(x, y) {
                Some(found) => shared.extend(found),
                None => {
                    shared.push(x.clone());
                    exact = false;
                }
            }
        }
        if shared.len() > MAX_PATTERNS {
            shared.truncate(before);
            shared.push(x.clone());
            exact = false;
        }
    }
    (shared, exact)
}

/// Patterns whose union is what both match; none when it takes too many or rule W5 leaves it open.
fn meet_arns(a: &ArnGlob, b: &ArnGlob) -> Option<Vec<ArnGlob>> {
    if a.disjoint(b) {
        return Some(Vec::new());
    }
    if a.contains(b) {
        return Some(vec![b.clone()]);
    }
    if b.contains(a) {
        return Some(vec![a.clone()]);
    }
    let (Some(left), Some(right)) = (a.parts(), b.parts()) else {
        return None;
    };
    let mut heads: Vec<Vec<Glob>> = vec![Vec::new()];
    for (x, y) in left.iter().zip(right) {
        let shared = meet(x, y)?;
        heads = heads
            .iter()
            .flat_map(|head| shared.iter().map(move |part| head.iter().chain([part]).cloned().collect()))
            .collect();
        if heads.len() > MAX_PATTERNS {
            return None;
        }
    }
    heads.into_iter().map(|parts| Some(ArnGlob::Parts(Arc::new(parts.try_into().ok()?)))).collect()
}

/// The patterns that lie in no other, in order.
fn widest(patterns: impl IntoIterator<Item = ArnGlob>) -> Vec<ArnGlob> {
    let mut kept: Vec<ArnGlob> = Vec::new();
    for pattern in patterns {
        if matches!(pattern, ArnGlob::Nothing) || kept.iter().any(|wider| wider.contains(&pattern)) {
            continue;
        }
        kept.retain(|narrower| !pattern.contains(narrower));
        kept.push(pattern);
    }
    if kept.len() > 1 {
        kept.sort_by(order);
    }
    kept
}

impl PartialOrd for ResourceSet {
    fn partial_cmp(&self, other: &ResourceSet) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceSet {
    /// By the patterns, then the exceptions (rule S9).
    fn cmp(&self, other: &ResourceSet) -> Ordering {
        order_lists(&self.any_of, &other.any_of).then_with(|| order_lists(&self.except, &other.except))
    }
}

fn order_lists(a: &[ArnGlob], b: &[ArnGlob]) -> Ordering {
    let first = a.iter().zip(b).map(|(x, y)| order(x, y)).find(|it| it.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// `*` first, then ARNs part by part, without writing them out.
fn order(a: &ArnGlob, b: &ArnGlob) -> Ordering {
    let rank = |it: &ArnGlob| match it {
        ArnGlob::All => 0,
        ArnGlob::Parts(_) => 1,
        ArnGlob::Text(_) => 2,
        ArnGlob::Nothing => 3,
    };
    match (a, b) {
        (ArnGlob::Parts(a), ArnGlob::Parts(b)) if Arc::ptr_eq(a, b) => Ordering::Equal,
        (ArnGlob::Parts(a), ArnGlob::Parts(b)) => {
            let parts = a.iter().zip(b.iter()).map(|(x, y)| x.tokens().cmp(y.tokens()));
            parts.into_iter().find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
        }
        (ArnGlob::Text(a), ArnGlob::Text(b)) => a.tokens().cmp(b.tokens()),
        _ => rank(a).cmp(&rank(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn globs(texts: &[&str]) -> Vec<ArnGlob> {
        texts.iter().map(|text| ArnGlob::new(text)).collect()
    }

    fn set(any_of: &[&str], except: &[&str]) -> ResourceSet {
        ResourceSet::new(globs(any_of), globs(except)).unwrap()
    }

    #[test]
    fn an_exception_that_covers_all_leaves_nothing() {
        assert_eq!(ResourceSet::new(globs(&["arn:aws:s3:::b/*"]), globs(&["arn:aws:s3:::*"])), None);
        assert_eq!(set(&["arn:aws:s3:::b/*"], &["arn:aws:s3:::c/*"]).except(), []);
        assert_eq!(
            set(&["arn:aws:s3:::b/*"], &["arn:aws:s3:::b/x*", "arn:aws:s3:::b/xy"]),
            set(&["arn:aws:s3:::b/*"], &["arn:aws:s3:::b/x*"])
        );
    }

    #[test]
    fn a_request_without_resource_is_in_everything_only() {
        assert!(ResourceSet::all().matches("*"));
        assert!(!set(&["arn:aws:s3:::*"], &[]).matches("*"));
        assert!(set(&["*"], &["arn:*"]).matches("*"));
    }

    #[test]
    fn the_common_part_is_spelt_out_part_by_part() {
        let (both, exact) =
            set(&["arn:aws:sqs:*:111122223333:a*"], &[]).intersect(&set(&["arn:aws:sqs:eu-*:*:*b"], &[]));
        assert!(exact);
        assert_eq!(both, Some(set(&["arn:aws:sqs:eu-*:111122223333:a*b"], &[])));
        assert_eq!(set(&["arn:aws:s3:::a"], &[]).intersect(&set(&["arn:aws:s3:::b"], &[])), (None, true));
    }

    const PATTERN: &str = r"\*|arn:aws:(s3|sqs|\*):(eu|\*)?:(1|\*)?:[ab*?/]{0,5}|arn:aws:s*";

    proptest! {
        #[test]
        fn sets_agree_with_their_definition(
            a in prop::collection::vec(PATTERN, 1..3), x in prop::collection::vec(PATTERN, 0..3),
            b in prop::collection::vec(PATTERN, 1..3), y in prop::collection::vec(PATTERN, 0..3),
            arn in r"\*|arn:aws:(s3|sqs):(eu)?:(1)?:[ab/]{0,5}",
        ) {
            let member = |any: &[String], none: &[String]| {
                let hit = |list: &[String]| list.iter().any(|text| ArnGlob::new(text).matches(&arn));
                hit(any) && !hit(none)
            };
            let make = |any: &[String], none: &[String]| {
                ResourceSet::new(any.iter().map(|it| ArnGlob::new(it)), none.iter().map(|it| ArnGlob::new(it)))
            };
            let is_in = |set: &Option<ResourceSet>| set.as_ref().is_some_and(|set| set.matches(&arn));
            let (left, right) = (make(&a, &x), make(&b, &y));
            prop_assert_eq!(is_in(&left), member(&a, &x));
            if let (Some(left), Some(right)) = (&left, &right) {
                let (both, exact) = left.intersect(right);
                let truly = member(&a, &x) && member(&b, &y);
                prop_assert!(is_in(&both) || !truly);
                prop_assert!(!exact || is_in(&both) == truly);
                let gone: Vec<ArnGlob> = b.iter().map(|it| ArnGlob::new(it)).collect();
                prop_assert_eq!(is_in(&left.without(&gone)), member(&a, &x) && !member(&b, &[]));
                let (within, exact) = left.within(&gone);
                let truly = member(&a, &x) && member(&b, &[]);
                prop_assert!(is_in(&within) || !truly);
                prop_assert!(!exact || is_in(&within) == truly);
                prop_assert!(!left.contains(right) || !is_in(&Some(right.clone())) || is_in(&Some(left.clone())));
            }
        }
    }
}
