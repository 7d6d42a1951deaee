//! Sets of texts given by patterns: containment and emptiness of conjunctions, exact, by automata (rule S3).

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::{Glob, Shape, Token};

/// Product states that are explored before giving up; a hostile conjunction must not hang. Two patterns never reach it
/// below some thousand tokens each. Giving up answers "not known to be empty" or "not known to contain", which keeps access in sight.
const MAX_STATES: usize = 1 << 20;

/// Whether every text of `inner` is a text of `outer`.
pub fn contains(outer: &Glob, inner: &Glob) -> bool {
    if outer.is_any() {
        return true;
    }
    if let (Shape::Prefix(wide), Shape::Prefix(narrow) | Shape::Literal(narrow)) = (&outer.shape, &inner.shape) {
        return narrow.starts_with(&**wide);
    }
    if outer.tokens() == inner.tokens() {
        return true;
    }
    if let Some(text) = inner.as_literal() {
        return outer.matches(text);
    }
    if outer.as_literal().is_some() {
        // A pattern with a wildcard has more than one text.
        return false;
    }
    let mut prefix = outer.literal_prefix();
    let mut given = inner.literal_prefix();
    if prefix.by_ref().any(|wanted| given.next() != Some(wanted)) {
        return false;
    }
    let covered = covers(outer.tokens(), inner.tokens());
    // Only a `?` of `outer` can stand now on one, now on another side of a `*` of `inner`.
    covered || outer.tokens().contains(&Token::One) && includes(outer.tokens(), inner.tokens())
}

/// Whether `outer` matches `inner` read as a text in which a `*` is a character that only a `*` matches, and a `?` one that
/// wildcards match. Then it contains it. Without a `?` in `outer` the reverse holds too: put characters that `outer` does
/// not name for the wildcards of `inner`, and only a `*` can have matched those. Two pointers, as for texts.
fn covers(outer: &[Token], inner: &[Token]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(given) = inner.get(at) {
        match outer.get(token) {
            Some(Token::Many) => {
                token += 1;
                if token == outer.len() {
                    return true;
                }
                retry = Some((token, at));
            }
            Some(wanted) if wanted == given || *wanted == Token::One && *given != Token::Many => {
                token += 1;
                at += 1;
            }
            _ => match &mut retry {
                Some((after, from)) => {
                    *from += 1;
                    (token, at) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    outer[token..].iter().all(|it| *it == Token::Many)
}

/// Subset construction: walks `inner` and carries all places where `outer` may stand. Sets that only grow wider are
/// not needed, so a place set is the least evidence that `inner` may leave `outer`.
fn includes(outer: &[Token], inner: &[Token]) -> bool {
    let alphabet = alphabet(&[outer, inner]);
    let mut start = Bits::new(outer.len() + 1);
    start.set(0);
    close(outer, &mut start);
    let mut seen: FxHashSet<(usize, Bits)> = FxHashSet::default();
    let mut open = vec![(0, start)];
    while let Some((at, places)) = open.pop() {
        // Only a text that ends here while `outer` cannot end is a counterexample; no place at all means any ending is.
        if at == inner.len() {
            if !places.has(outer.len()) {
                return false;
            }
            continue;
        }
        if places.is_empty() {
            return false;
        }
        // `outer` stands on a final `*`: whatever follows is inside.
        if outer.last() == Some(&Token::Many) && places.has(outer.len() - 1) {
            continue;
        }
        if !seen.insert((at, places.clone())) {
            continue;
        }
        if seen.len() > MAX_STATES / 16 {
            return false;
        }
        match inner[at] {
            Token::Many => {
                open.push((at + 1, places.clone()));
                for letter in &alphabet {
                    open.push((at, step(outer, &places, *letter)));
                }
            }
            Token::One => open.extend(alphabet.iter().map(|letter| (at + 1, step(outer, &places, *letter)))),
            Token::Char(character) => open.push((at + 1, step(outer, &places, Some(character)))),
        }
    }
    true
}

/// The characters that patterns name, and `None` for all others together.
fn alphabet(patterns: &[&[Token]]) -> Vec<Option<char>> {
    let mut letters: Vec<Option<char>> = vec![None];
    for token in patterns.iter().flat_map(|pattern| pattern.iter()) {
        if let Token::Char(character) = token {
            letters.push(Some(*character));
        }
    }
    letters.sort_unstable();
    letters.dedup();
    letters
}

fn step(tokens: &[Token], from: &Bits, letter: Option<char>) -> Bits {
    let mut to = Bits::new(tokens.len() + 1);
    for (at, token) in tokens.iter().enumerate() {
        if from.has(at) {
            match token {
                Token::Many => to.set(at),
                Token::One => to.set(at + 1),
                Token::Char(wanted) => {
                    if letter == Some(*wanted) {
                        to.set(at + 1);
                    }
                }
            }
        }
    }
    close(tokens, &mut to);
    to
}

fn close(tokens: &[Token], places: &mut Bits) {
    for (at, token) in tokens.iter().enumerate() {
        if *token == Token::Many && places.has(at) {
            places.set(at + 1);
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Bits(SmallVec<[u64; 2]>);

impl Bits {
    fn new(size: usize) -> Bits {
        Bits(SmallVec::from_elem(0, size.div_ceil(64)))
    }

    fn set(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// Whether no text matches both.
pub fn disjoint(a: &Glob, b: &Glob) -> bool {
    match (&a.shape, &b.shape) {
        (Shape::Any, _) | (_, Shape::Any) => return false,
        (Shape::Literal(text), _) => return !b.matches(text),
        (_, Shape::Literal(text)) => return !a.matches(text),
        (Shape::Prefix(a), Shape::Prefix(b)) => return !a.starts_with(&**b) && !b.starts_with(&**a),
        _ => {}
    }
    conjunction_is_empty(&[a, b])
}

/// Whether no text matches all of these. The empty conjunction is everything.
pub fn conjunction_is_empty(all: &[&Glob]) -> bool {
    if let Some(text) = all.iter().find_map(|glob| glob.as_literal()) {
        return !all.iter().all(|glob| glob.matches(text));
    }
    // From here on each pattern has a wildcard. Different fixed starts or ends settle most questions.
    let mut tokens: SmallVec<[&[Token]; 4]> = SmallVec::new();
    for (index, glob) in all.iter().enumerate() {
        if !glob.is_any() && !all[..index].iter().any(|earlier| earlier.tokens() == glob.tokens()) {
            tokens.push(glob.tokens());
        }
    }
    for (index, a) in tokens.iter().enumerate() {
        for b in &tokens[index + 1..] {
            if clash(a.iter(), b.iter()) || clash(a.iter().rev(), b.iter().rev()) {
                return true;
            }
        }
    }
    match tokens.as_slice() {
        [] | [_] => false,
        [a, b] => !pair_meets(a, b),
        many => !meet(many),
    }
}

/// Fixed characters from one side up to the first wildcard, and they differ.
fn clash<'t>(a: impl Iterator<Item = &'t Token>, b: impl Iterator<Item = &'t Token>) -> bool {
    for pair in a.zip(b) {
        match pair {
            (Token::Many, _) | (_, Token::Many) => return false,
            (Token::Char(x), Token::Char(y)) if x != y => return true,
            _ => {}
        }
    }
    false
}

/// Row by row over the grid of places, as for a common text of two patterns: time is the product of the lengths.
fn pair_meets(a: &[Token], b: &[Token]) -> bool {
    let mut row = vec![false; b.len() + 1];
    for i in 0..=a.len() {
        let mut next = vec![false; b.len() + 1];
        for j in 0..=b.len() {
            let here = (i == 0 && j == 0) || row[j];
            let here = here || next[j];
            if !here {
                continue;
            }
            next[j] = true;
            let (x, y) = (a.get(i), b.get(j));
            // A `*` may take nothing, or whatever the other side takes.
            if j < b.len() && (y == Some(&Token::Many) || x == Some(&Token::Many)) {
                next[j + 1] = true;
            }
        }
        let mut down = vec![false; b.len() + 1];
        for j in 0..=b.len() {
            if !next[j] || i == a.len() {
                continue;
            }
            let (x, y) = (&a[i], b.get(j));
            if *x == Token::Many || y == Some(&Token::Many) {
                down[j] = true;
            }
            let both = match (x, y) {
                (Token::Many, _) | (_, Some(Token::Many) | None) => false,
                (Token::Char(x), Some(Token::Char(y))) => x == y,
                _ => true,
            };
            if both {
                down[j + 1] = true;
            }
        }
        if i == a.len() {
            return next[b.len()];
        }
        row = down;
    }
    false
}

/// Walks the product of many patterns; every reachable tuple of places once.
fn meet(all: &[&[Token]]) -> bool {
    type Places = SmallVec<[u16; 8]>;
    if all.iter().any(|tokens| tokens.len() > usize::from(u16::MAX) - 1) {
        return true;
    }
    let mut seen: FxHashSet<Places> = FxHashSet::default();
    let start: Places = SmallVec::from_elem(0, all.len());
    let mut open = vec![start];
    while let Some(places) = open.pop() {
        if !seen.insert(places.clone()) {
            continue;
        }
        if seen.len() > MAX_STATES {
            return true;
        }
        if places.iter().zip(all).all(|(at, tokens)| usize::from(*at) == tokens.len()) {
            return true;
        }
        // A `*` may end here.
        for (index, tokens) in all.iter().enumerate() {
            if tokens.get(usize::from(places[index])) == Some(&Token::Many) {
                let mut next = places.clone();
                next[index] += 1;
                open.push(next);
            }
        }
        // Or all take one character together: a fixed one if any names it, else any.
        let mut letter = None;
        let mut possible = true;
        for (index, tokens) in all.iter().enumerate() {
            match tokens.get(usize::from(places[index])) {
                None => possible = false,
                Some(Token::Char(character)) => match letter {
                    Some(other) if other != *character => possible = false,
                    _ => letter = Some(*character),
                },
                Some(_) => {}
            }
        }
        if possible {
            let mut next = places.clone();
            for (index, tokens) in all.iter().enumerate() {
                if tokens[usize::from(places[index])] != Token::Many {
                    next[index] += 1;
                }
            }
            open.push(next);
        }
    }
    false
}
