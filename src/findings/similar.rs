//! Names that somebody may have meant.

/// Names that are compared with what somebody wrote, prepared for many such questions.
pub struct Names<'a> {
    all: Vec<(Letters, &'a str)>,
}

impl<'a> Names<'a> {
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Names<'a> {
        Names { all: names.into_iter().map(|name| (Letters::of(name), name)).collect() }
    }

    /// Those most like `wanted`, best first, at most `most`; only those that are near indeed. Cost: a look at the letters
    /// of each name, a comparison with the few that are left.
    pub fn nearest(&self, wanted: &str, most: usize) -> Vec<&'a str> {
        let folded = wanted.to_ascii_lowercase();
        let letters = Letters::of(wanted);
        let allowed = allowed(wanted);
        let mut near: Vec<(usize, &str)> = self
            .all
            .iter()
            .filter(|(own, name)| own.may_be_near(&letters, allowed) && *name != wanted)
            .map(|(_, name)| (strsim::levenshtein(&folded, &name.to_ascii_lowercase()), *name))
            .filter(|(distance, _)| *distance <= allowed)
            .collect();
        near.sort_unstable();
        near.truncate(most);
        near.into_iter().map(|(_, name)| name).collect()
    }
}

/// As [`Names::nearest`], for one question.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    Names::new(names).nearest(wanted, most)
}

/// How often each letter, any digit and anything else stand in a name, case aside: a bound on distances that is far
/// cheaper than a distance.
struct Letters([u8; 32]);

impl Letters {
    fn of(name: &str) -> Letters {
        let mut counts = [0_u8; 32];
        for character in name.chars() {
            let place = match character.to_ascii_lowercase() {
                letter @ 'a'..='z' => usize::from(letter as u8 - b'a'),
                '0'..='9' => 26,
                '-' => 27,
                _ => 28,
            };
            counts[place] = counts[place].saturating_add(1);
        }
        Letters(counts)
    }

    /// An edit takes one character away, or adds one, or both: names that differ in more than that are not near. A count
    /// that is full only brings names nearer.
    fn may_be_near(&self, other: &Letters, edits: usize) -> bool {
        let differ: u32 = self.0.iter().zip(&other.0).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        differ as usize <= 2 * edits
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
