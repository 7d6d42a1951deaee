//! The texts that two patterns share, as a list of patterns (rule S3).
//!
//! Patterns are closed under this: `a*` and `*b` share `a*b`, `*a*` and `*b*` share `*a*b*` and `*b*a*`. The list can grow
//! exponentially with the number of wildcards, so it is bounded; usually it has one entry.

use rustc_hash::FxHashSet;

use crate::iam::glob::{Glob, Token, contains, disjoint};

/// Patterns in one answer. Beyond it a caller keeps the two patterns apart or takes one of them.
const MAX_PATTERNS: usize = 24;

/// Steps of the search before giving up.
const MAX_STEPS: usize = 4_000;

/// Patterns whose union is exactly what both match, none inside another; `None` when it would take too many.
pub fn meet(a: &Glob, b: &Glob) -> Option<Vec<Glob>> {
    meet_in(a, b, MAX_PATTERNS)
}

/// As [`meet`], giving up beyond `most` patterns.
pub fn meet_in(a: &Glob, b: &Glob, most: usize) -> Option<Vec<Glob>> {
    if disjoint(a, b) {
        return Some(Vec::new());
    }
    if contains(a, b) {
        return Some(vec![b.clone()]);
    }
    if contains(b, a) {
        return Some(vec![a.clone()]);
    }
    let mut search = Search { found: FxHashSet::default(), steps: 0, most };
    search.walk(a.tokens(), b.tokens(), &mut Vec::new())?;
    let mut found: Vec<Glob> = search.found.into_iter().map(Glob::from_tokens).collect();
    found.sort_by_cached_key(|glob| (glob.tokens().len(), glob.tokens().to_vec()));
    found.dedup();
    let mut widest: Vec<Glob> = Vec::new();
    for glob in found {
        if !widest.iter().any(|wider| contains(wider, &glob)) {
            widest.retain(|narrower| !contains(&glob, narrower));
            widest.push(glob);
        }
    }
    (widest.len() <= most).then_some(widest)
}

struct Search {
    found: FxHashSet<Vec<Token>>,
    steps: usize,
    most: usize,
}

impl Search {
    /// Follows every way in which one text can be read by both patterns. Where both stand on a `*`, one of them ends
    /// first; what it took is then also within the other's `*`.
    fn walk(&mut self, a: &[Token], b: &[Token], done: &mut Vec<Token>) -> Option<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.found.len() > self.most * 8 {
            return None;
        }
        match (a.split_first(), b.split_first()) {
            (None, None) => {
                self.found.insert(done.clone());
            }
            (Some((Token::Many, a_rest)), Some((Token::Many, b_rest))) => {
                done.push(Token::Many);
                self.walk(a_rest, b, done)?;
                self.walk(a, b_rest, done)?;
                done.pop();
            }
            (Some((Token::Many, a_rest)), other) => {
                self.walk(a_rest, b, done)?;
                if let Some((token, b_rest)) = other {
                    done.push(*token);
                    self.walk(a, b_rest, done)?;
                    done.pop();
                }
            }
            (Some(_), Some((Token::Many, _))) => self.walk(b, a, done)?,
            (Some((x, a_rest)), Some((y, b_rest))) => {
                let shared = match (x, y) {
                    (Token::One, other) | (other, Token::One) => *other,
                    (x, y) if x == y => *x,
                    _ => return Some(()),
                };
                done.push(shared);
                self.walk(a_rest, b_rest, done)?;
                done.pop();
            }
            (None, Some((Token::Many, b_rest))) => self.walk(a, b_rest, done)?,
            (None, Some(_)) | (Some(_), None) => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shared(a: &str, b: &str) -> Vec<String> {
        meet(&Glob::new(a), &Glob::new(b)).unwrap().iter().map(Glob::to_string).collect()
    }

    #[test]
    fn the_common_part_is_spelt_out() {
        assert_eq!(shared("a*", "*b"), ["a*b"]);
        assert_eq!(shared("*a*", "*b*"), ["*a*b*", "*b*a*"]);
        assert_eq!(shared("ab*", "*bc"), ["abc", "ab*bc"]);
        assert_eq!(shared("a*", "b*"), [""; 0]);
        assert_eq!(shared("data/*", "*"), ["data/*"]);
        assert_eq!(shared("data/*", "data/x?"), ["data/x?"]);
    }

    #[test]
    fn too_many_ways_are_given_up_on() {
        let (a, b) = ("*a".repeat(40) + "*", "*b".repeat(40) + "*");
        assert_eq!(meet(&Glob::new(&a), &Glob::new(&b)), None);
    }

    proptest! {
        #[test]
        fn a_text_is_in_the_common_part_when_it_is_in_both(a in "[ab*?]{0,6}", b in "[ab*?]{0,6}", text in "[abz]{0,9}") {
            let (ga, gb) = (Glob::new(&a), Glob::new(&b));
            if let Some(all) = meet(&ga, &gb) {
                prop_assert_eq!(all.iter().any(|glob| glob.matches(&text)), ga.matches(&text) && gb.matches(&text));
            }
        }
    }
}
