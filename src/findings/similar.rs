//! Names that somebody may have meant.

/// The names most like `wanted`, best first, at most `most`; only those that are near indeed. Cost: one comparison a name.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let folded = wanted.to_ascii_lowercase();
    let letters = Letters::of(&folded);
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| *name != wanted)
        // An edit costs at least the difference in length, which is cheap to see.
        .filter(|name| name.len().abs_diff(wanted.len()) <= allowed(wanted))
        .filter(|name| letters.may_be_near(name, allowed(wanted)))
        .map(|name| (strsim::levenshtein(&folded, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed(wanted))
        .collect();
    near.sort_unstable();
    near.truncate(most);
    near.into_iter().map(|(_, name)| name).collect()
}

/// How often each letter stands in a name: a bound on distances that is far cheaper than a distance.
struct Letters {
    counts: [i16; 128],
    is_ascii: bool,
}

impl Letters {
    /// Of a name in lower case.
    fn of(name: &str) -> Letters {
        let mut counts = [0; 128];
        name.bytes().filter(u8::is_ascii).for_each(|byte| counts[usize::from(byte)] += 1);
        Letters { counts, is_ascii: name.is_ascii() && name.len() < 1 << 14 }
    }

    /// An edit takes one letter away, or adds one, or both: names that differ in more letters than that are not near.
    fn may_be_near(&self, name: &str, edits: usize) -> bool {
        if !self.is_ascii || !name.is_ascii() {
            return true;
        }
        let mut left = self.counts;
        name.bytes().for_each(|byte| left[usize::from(byte.to_ascii_lowercase())] -= 1);
        let differ: usize = left.iter().map(|count| usize::from(count.unsigned_abs())).sum();
        differ <= 2 * edits
    }
}

/// A third of the name may differ, at most five letters.
fn allowed(wanted: &str) -> usize {
    (wanted.len() / 3).clamp(1, 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_best_first_and_far_ones_not_at_all() {
        let names = ["payments", "payment-api", "payments-api", "orders"];
        assert_eq!(nearest("paymets-api", names.into_iter(), 2), ["payments-api", "payment-api"]);
        assert!(nearest("zzz", names.into_iter(), 2).is_empty());
        assert_eq!(nearest("Orders", names.into_iter(), 2), ["orders"]);
        // Edits of each sort, as many as may be: three exchanged, three added, three taken away.
        let names = ["abcdefxyz", "abcdefghixyz", "abcdef", "abcdwxyz!"];
        assert_eq!(nearest("abcdefghi", names.into_iter(), 9), ["abcdef", "abcdefghixyz", "abcdefxyz"]);
    }
}
