//! Made-up words: each part of a name gets one, the same wherever it stands.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use super::public::{self, FLAGS};

/// Gives out words. What a pattern could tell apart stays apart: a part is cut where a pattern ends inside it, and no word
/// begins or ends with another by chance, since all have one length.
#[derive(Debug)]
pub struct Words {
    key: Vec<u8>,
    /// By part as it was; the other way round, so that no two parts share a word.
    given: FxHashMap<String, String>,
    taken: FxHashMap<String, String>,
    /// Pieces of names in front of a wildcard, behind one, and between two.
    pub starts: FxHashSet<String>,
    pub ends: FxHashSet<String>,
    pub middles: FxHashSet<String>,
    /// Parts that stay, since a pattern with them also means something public.
    pub kept: FxHashSet<String>,
    /// Pieces up to this length stay: so many `?` stand together in some pattern.
    pub short: usize,
}

impl Words {
    pub fn new(key: &[u8]) -> Words {
        Words {
            key: key.to_vec(),
            given: FxHashMap::default(),
            taken: FxHashMap::default(),
            starts: FxHashSet::default(),
            ends: FxHashSet::default(),
            middles: FxHashSet::default(),
            kept: FxHashSet::default(),
            short: 1,
        }
    }

    /// Forgets the words, not what was learnt of patterns.
    pub fn forget(&mut self) {
        self.given.clear();
        self.taken.clear();
    }

    /// A run of letters and digits.
    pub fn part(&mut self, part: &str) -> String {
        if self.stays(part) {
            return part.to_owned();
        }
        let cuts: Vec<usize> = self.cuts(part).into_iter().collect();
        if cuts.len() == 2 && is_hexadecimal(part) {
            return self
                .of_length(part, if part.contains(|it: char| it.is_ascii_uppercase()) { HEX_UPPER } else { HEX });
        }
        if let Some(rest) = identity_id(part).filter(|_| cuts.len() == 2) {
            return format!("{}{}", &part[..4], self.of_length(rest, BASE_32));
        }
        cuts.windows(2).map(|cut| self.piece(&part[cut[0]..cut[1]])).collect()
    }

    fn stays(&self, piece: &str) -> bool {
        piece.chars().count() <= self.short || self.kept.contains(piece) || public::is_part(&piece.to_ascii_lowercase())
    }

    /// Wherever a pattern of the estate could end inside it.
    fn cuts(&self, part: &str) -> BTreeSet<usize> {
        let mut cuts = BTreeSet::from([0, part.len()]);
        for (at, _) in part.char_indices().skip(1) {
            if self.starts.contains(&part[..at]) || self.ends.contains(&part[at..]) {
                cuts.insert(at);
            }
        }
        let lower = part.to_ascii_lowercase();
        for flag in FLAGS {
            for (at, found) in lower.match_indices(flag) {
                cuts.extend([at, at + found.len()]);
            }
        }
        for middle in &self.middles {
            for (at, found) in part.match_indices(middle.as_str()) {
                cuts.extend([at, at + found.len()]);
            }
        }
        cuts
    }

    fn piece(&mut self, piece: &str) -> String {
        if self.stays(piece) {
            return piece.to_owned();
        }
        self.distinct(piece, |words, attempt| {
            let number = words.number(&piece.to_lowercase(), attempt);
            cased(&spelled(number), piece)
        })
    }

    /// A word of the same length and alphabet, for what has a fixed form.
    fn of_length(&mut self, part: &str, alphabet: &[u8]) -> String {
        self.distinct(part, |words, attempt| {
            let letter = |at: usize| {
                let block = words.hash(part, attempt + (at as u64 / 32) * 1_000_003);
                char::from(alphabet[usize::from(block[at % 32]) % alphabet.len()])
            };
            (0..part.len()).map(letter).collect()
        })
    }

    /// The first of a series of words that nobody has and that means nothing by accident.
    fn distinct(&mut self, part: &str, make: impl Fn(&Words, u64) -> String) -> String {
        if let Some(word) = self.given.get(part) {
            return word.clone();
        }
        let free = |word: &String| {
            self.taken.get(word).is_none_or(|owner| owner == part)
                && !self.starts.iter().filter(|it| self.stays(it)).any(|it| word.starts_with(it.as_str()))
                && !self.ends.iter().filter(|it| self.stays(it)).any(|it| word.ends_with(it.as_str()))
        };
        let words = (0..1000).map(|attempt| make(self, attempt));
        // After so many attempts the alphabet is at fault: patterns for every letter. Better a chance match than a name.
        let word = words.into_iter().find(free).unwrap_or_else(|| make(self, 1000));
        self.taken.insert(word.clone(), part.to_owned());
        self.given.insert(part.to_owned(), word.clone());
        word
    }

    /// Twelve digits for an account. Not the first one, which no account begins with either.
    pub fn account(&mut self, id: &str) -> String {
        self.distinct(id, |words, attempt| {
            format!("{:012}", 100_000_000_000 + words.number(id, attempt) % 900_000_000_000)
        })
    }

    /// So many bits to move addresses by.
    pub fn mask(&self, of: &str) -> [u8; 16] {
        let mut mask = [0; 16];
        mask.copy_from_slice(&self.hash(of, 0)[..16]);
        mask
    }

    fn number(&self, part: &str, attempt: u64) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.hash(part, attempt)[..8]);
        u64::from_le_bytes(bytes)
    }

    fn hash(&self, part: &str, attempt: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update((self.key.len() as u64).to_le_bytes());
        hash.update(&self.key);
        hash.update(attempt.to_le_bytes());
        hash.update(part);
        hash.finalize().into()
    }
}

const HEX: &[u8] = b"0123456789abcdef";
const HEX_UPPER: &[u8] = b"0123456789ABCDEF";
const BASE_32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Ids of issuers, instances, associations, uids.
fn is_hexadecimal(part: &str) -> bool {
    let one_case =
        !(part.contains(|it: char| it.is_ascii_uppercase()) && part.contains(|it: char| it.is_ascii_lowercase()));
    part.len() >= 4
        && one_case
        && part.bytes().all(|it| it.is_ascii_hexdigit())
        && part.bytes().any(|it| it.is_ascii_digit())
}

/// What follows the four letters that tell what an id of IAM is of.
fn identity_id(part: &str) -> Option<&str> {
    const KINDS: &[&str] = &["AROA", "AIDA", "AGPA", "AIPA", "ANPA"];
    let upper = part.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    (part.len() >= 16 && upper && KINDS.iter().any(|kind| part.starts_with(kind))).then(|| &part[4..])
}

/// Ten letters that can be spoken: two thousand million words.
fn spelled(mut number: u64) -> String {
    const FIRST: &[u8] = b"bdfgklmnprstvxz";
    const SECOND: &[u8] = b"aeiou";
    let mut next = |letters: &[u8]| {
        let letter = letters[(number % letters.len() as u64) as usize];
        number /= letters.len() as u64;
        char::from(letter)
    };
    (0..5).flat_map(|_| [next(FIRST), next(SECOND)]).collect()
}

/// The word with the capitals of what it stands for, so that names that differ by case alone still do.
fn cased(word: &str, like: &str) -> String {
    let upper = |it: char| it.is_uppercase();
    if !like.contains(upper) {
        return word.to_owned();
    }
    if !like.contains(char::is_lowercase) {
        return word.to_uppercase();
    }
    let mut capitals = like.chars().map(upper);
    word.chars().map(|it| if capitals.next() == Some(true) { it.to_ascii_uppercase() } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_under_one_key_and_others_under_another() {
        let word = |key: &[u8], part: &str| Words::new(key).part(part);
        assert_eq!(word(b"k", "payments"), word(b"k", "payments"));
        assert_ne!(word(b"k", "payments"), word(b"l", "payments"));
        assert_ne!(word(b"k", "payments"), word(b"k", "orders"));
    }

    #[test]
    fn words_are_all_different_and_of_one_length() {
        let mut words = Words::new(b"k");
        let found: BTreeSet<String> = (0..20_000).map(|at| words.part(&format!("team{at}x"))).collect();
        assert_eq!(found.len(), 20_000);
        assert!(found.iter().all(|it| it.len() == 10));
    }

    #[test]
    fn case_alone_tells_names_apart_as_before() {
        let mut words = Words::new(b"k");
        let (low, high, title) = (words.part("orders"), words.part("ORDERS"), words.part("Orders"));
        assert_eq!(low, high.to_lowercase());
        assert_eq!(low, title.to_lowercase());
        assert_ne!(low, title);
    }

    #[test]
    fn ids_keep_their_form() {
        let mut words = Words::new(b"k");
        let id = words.part("AROASXWV33GHMUGOMZOD4");
        assert!(id.starts_with("AROA") && id.len() == 21 && id != "AROASXWV33GHMUGOMZOD4");
        let issuer = words.part("7A1F0C52E9B84D36A0D1C6F3B27E5948");
        assert!(issuer.len() == 32 && issuer.bytes().all(|it| HEX_UPPER.contains(&it)));
    }
}
