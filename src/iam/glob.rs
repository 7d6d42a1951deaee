//! Wildcard patterns (rules W1, W8): `*` is any run, `?` one character, nothing else is special. Matching is linear.

use std::fmt;

mod algebra;

pub use algebra::{conjunction_is_empty, contains, disjoint};

/// One step of a pattern after parsing: a substituted value can only ever become [`Token::Char`] (rule V3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    Char(char),
    /// Exactly one character.
    One,
    /// Any run of characters, also none.
    Many,
}

/// A compiled pattern. Equality is that of the tokens, not of the languages; see [`contains`] for those.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    tokens: Box<[Token]>,
    shape: Shape,
}

/// The common forms, so that most matches are one comparison of bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Shape {
    Any,
    Literal(Box<str>),
    Prefix(Box<str>),
    General,
}

impl Glob {
    /// Reads `*` and `?` as wildcards and all else as itself.
    pub fn new(text: &str) -> Glob {
        Glob::from_tokens(text.chars().map(|character| match character {
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        }))
    }

    /// A pattern that matches exactly this text, `*` and `?` included.
    pub fn literal(text: &str) -> Glob {
        Glob::from_tokens(text.chars().map(Token::Char))
    }

    /// The pattern `*`.
    pub fn any() -> Glob {
        Glob { tokens: Box::new([Token::Many]), shape: Shape::Any }
    }

    /// Runs of wildcards are put into one order (`?` first, one `*`), so equal languages more often compare equal.
    pub fn from_tokens(tokens: impl IntoIterator<Item = Token>) -> Glob {
        let mut clean: Vec<Token> = Vec::new();
        let mut many = false;
        for token in tokens {
            match token {
                Token::Many => many = true,
                Token::One => clean.push(Token::One),
                Token::Char(_) => {
                    if std::mem::take(&mut many) {
                        clean.push(Token::Many);
                    }
                    clean.push(token);
                }
            }
        }
        if many {
            clean.push(Token::Many);
        }
        let text = |tokens: &[Token]| -> Option<Box<str>> {
            let text: Option<String> =
                tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect();
            text.map(String::into_boxed_str)
        };
        let shape = match clean.as_slice() {
            [Token::Many] => Shape::Any,
            [start @ .., Token::Many] => text(start).map_or(Shape::General, Shape::Prefix),
            all => text(all).map_or(Shape::General, Shape::Literal),
        };
        Glob { tokens: clean.into_boxed_slice(), shape }
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether this is `*`.
    pub fn is_any(&self) -> bool {
        self.shape == Shape::Any
    }

    /// The one text that this matches, when it has no wildcard.
    pub fn as_literal(&self) -> Option<&str> {
        if let Shape::Literal(text) = &self.shape { Some(text) } else { None }
    }

    /// Characters before the first wildcard.
    pub fn literal_prefix(&self) -> impl Iterator<Item = char> + '_ {
        self.tokens.iter().map_while(|token| if let Token::Char(c) = token { Some(*c) } else { None })
    }

    /// Whether the whole text matches. Time is linear for the usual shapes and at worst text times pattern, never more.
    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Literal(literal) => **literal == *text,
            Shape::Prefix(prefix) => text.starts_with(&**prefix),
            Shape::General => matches(&self.tokens, text),
        }
    }
}

/// Two pointers: after a mismatch only the last `*` may take one character more, earlier ones never need to (rule W8).
fn matches(tokens: &[Token], text: &str) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    let char_at = |at: usize| -> Option<char> {
        match text.as_bytes().get(at) {
            None => None,
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => text[at..].chars().next(),
        }
    };
    while let Some(character) = char_at(at) {
        match tokens.get(token) {
            Some(Token::Many) => {
                retry = Some((token + 1, at));
                token += 1;
                if token == tokens.len() {
                    return true;
                }
            }
            Some(Token::One) => {
                token += 1;
                at += character.len_utf8();
            }
            Some(Token::Char(wanted)) if *wanted == character => {
                token += 1;
                at += character.len_utf8();
            }
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                let from = from + char_at(from).map_or(1, char::len_utf8);
                retry = Some((after, from));
                (token, at) = (after, from);
            }
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Many)
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            match token {
                // The policy language's own way to write a literal wildcard (rule V2).
                Token::Char(character @ ('*' | '?')) => write!(f, "${{{character}}}")?,
                Token::Char(character) => write!(f, "{character}")?,
                Token::One => f.write_str("?")?,
                Token::Many => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition itself: slow, and plainly right.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| plain(rest, &text[skip..])),
            Some(('?', rest)) => !text.is_empty() && plain(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && plain(rest, &text[1..]),
        }
    }

    fn all_texts(alphabet: &[char], longest: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..longest {
            let to = texts.len();
            for index in from..to {
                for character in alphabet {
                    let longer = format!("{}{character}", texts[index]);
                    texts.push(longer);
                }
            }
            from = to;
        }
        texts
    }

    proptest! {
        #[test]
        fn the_fast_matcher_agrees_with_the_plain_one(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&pattern).matches(&text), plain(&p, &t));
        }

        #[test]
        fn containment_and_emptiness_agree_with_enumeration(a in "[ab*?]{0,5}", b in "[ab*?]{0,5}", c in "[ab*?]{0,4}") {
            let (ga, gb, gc) = (Glob::new(&a), Glob::new(&b), Glob::new(&c));
            // `z` stands for every character that no pattern names; eight characters tell patterns this short apart.
            let texts = all_texts(&['a', 'b', 'z'], 8);
            let sub = texts.iter().all(|text| !gb.matches(text) || ga.matches(text));
            prop_assert_eq!(contains(&ga, &gb), sub, "{} contains {}", a, b);
            let apart = texts.iter().all(|text| !(ga.matches(text) && gb.matches(text)));
            prop_assert_eq!(disjoint(&ga, &gb), apart, "{} disjoint {}", a, b);
            let none = texts.iter().all(|text| !(ga.matches(text) && gb.matches(text) && gc.matches(text)));
            // Three patterns of this size may first meet in a longer text.
            let empty = conjunction_is_empty(&[&ga, &gb, &gc]);
            prop_assert!(!empty || none, "{} {} {}", a, b, c);
            prop_assert!(empty == none || a.len() + b.len() + c.len() > 8, "{} {} {}", a, b, c);
        }
    }

    #[test]
    fn only_star_and_question_mark_are_special() {
        assert!(Glob::new("a.[x]+").matches("a.[x]+"));
        assert!(!Glob::new("a.b").matches("axb"));
        assert!(Glob::new("*").matches(""));
        assert!(!Glob::new("?").matches(""));
        assert!(Glob::literal("a*").matches("a*") && !Glob::literal("a*").matches("ab"));
    }

    #[test]
    fn a_hostile_pattern_does_not_hang() {
        let pattern = Glob::new(&format!("{}b", "*a".repeat(2_000)));
        assert!(!pattern.matches(&"a".repeat(20_000)));
        let other = Glob::new(&format!("{}c", "*a".repeat(300)));
        assert!(disjoint(&Glob::new(&format!("{}b", "*a".repeat(300))), &other));
        assert!(contains(&Glob::new(&"*a".repeat(100)), &Glob::new(&"*a".repeat(200))));
    }
}
