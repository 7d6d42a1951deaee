//! One pattern against one text. Lower case patterns ignore case; a capital letter makes a pattern exact.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

/// A way to match a text.
#[derive(Clone, Debug)]
pub enum Pattern {
    Substring {
        text: String,
        fold: bool,
    },
    /// The whole text.
    Exact {
        text: String,
        fold: bool,
    },
    /// The whole text, `*` and `?` standing for any characters and one.
    Glob {
        text: Vec<char>,
        fold: bool,
    },
    Start {
        text: String,
        fold: bool,
    },
    End {
        text: String,
        fold: bool,
    },
    /// The characters in order, others between them. Whether it matches is all that counts here; ranking is for
    /// completion.
    Fuzzy {
        text: Vec<char>,
        fold: bool,
    },
    /// Boxed: a regex is many times the size of the others.
    Regex(Box<Regex>),
}

fn folds(text: &str) -> bool {
    !text.chars().any(char::is_uppercase)
}

impl Pattern {
    pub fn substring(text: &str) -> Pattern {
        Pattern::Substring { text: text.to_owned(), fold: folds(text) }
    }

    pub fn exact(text: &str) -> Pattern {
        Pattern::Exact { text: text.to_owned(), fold: folds(text) }
    }

    /// A text without wildcards becomes [`Pattern::Exact`].
    pub fn glob(text: &str) -> Pattern {
        if !text.contains(['*', '?']) {
            return Pattern::exact(text);
        }
        Pattern::Glob { text: text.chars().collect(), fold: folds(text) }
    }

    pub fn start(text: &str) -> Pattern {
        Pattern::Start { text: text.to_owned(), fold: folds(text) }
    }

    pub fn end(text: &str) -> Pattern {
        Pattern::End { text: text.to_owned(), fold: folds(text) }
    }

    pub fn fuzzy(text: &str) -> Pattern {
        Pattern::Fuzzy { text: text.chars().collect(), fold: folds(text) }
    }

    /// The error is one line.
    pub fn regex(text: &str) -> Result<Pattern, String> {
        // Escapes such as \S are no capital letters.
        let mut previous = ' ';
        let mut fold = true;
        for character in text.chars() {
            fold &= previous == '\\' || !character.is_uppercase();
            previous = character;
        }
        // The limit keeps a hostile or accidental {1000}{1000} from taking memory and time.
        let built = RegexBuilder::new(text).case_insensitive(fold).size_limit(1 << 20).build();
        built.map(|it| Pattern::Regex(Box::new(it))).map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })
    }

    /// The plain text that an exact pattern stands for.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Pattern::Exact { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Every text that `other` matches is matched by this, as far as two substrings show.
    pub(super) fn is_wider_than(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Pattern::Substring { text, fold: true }, Pattern::Substring { text: grown, fold }) => {
                if *fold {
                    grown.contains(text)
                } else {
                    grown.to_lowercase().contains(text)
                }
            }
            (Pattern::Substring { text, fold: false }, Pattern::Substring { text: grown, fold: false }) => {
                grown.contains(text)
            }
            _ => false,
        }
    }

    /// It costs more than a walk over the bytes.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Pattern::Regex(_) | Pattern::Fuzzy { .. })
    }

    /// Whether the text matches; `lower` is the same text in lower case.
    pub fn matches(&self, text: &str, lower: &str) -> bool {
        let pick = |fold: bool| if fold { lower } else { text };
        match self {
            Pattern::Substring { text: wanted, fold } => {
                memchr::memmem::find(pick(*fold).as_bytes(), wanted.as_bytes()).is_some()
            }
            Pattern::Exact { text: wanted, fold } => pick(*fold) == wanted,
            Pattern::Glob { text: wanted, fold } => glob(wanted, pick(*fold)),
            Pattern::Start { text: wanted, fold } => pick(*fold).starts_with(wanted),
            Pattern::End { text: wanted, fold } => pick(*fold).ends_with(wanted),
            Pattern::Fuzzy { text: wanted, fold } => {
                let mut characters = pick(*fold).chars();
                wanted.iter().all(|character| characters.any(|it| it == *character))
            }
            Pattern::Regex(regex) => regex.is_match(text),
        }
    }

    /// [`Pattern::matches`] for a text whose lower case form nobody keeps.
    pub fn matches_alone(&self, text: &str) -> bool {
        self.matches(text, &lower(text))
    }
}

/// Lower case; borrows when it already is.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Whole match with `*` and `?`, without recursion: the last star takes one more character whenever the rest fails.
fn glob(pattern: &[char], text: &str) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut star: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        let next = rest.next();
        match (pattern.get(at), next) {
            (Some('*'), _) => {
                star = Some((at + 1, before.clone()));
                rest = before;
                at += 1;
            }
            (Some('?'), Some(_)) => at += 1,
            (Some(wanted), Some(found)) if *wanted == found => at += 1,
            (None, None) => return true,
            _ => {
                let Some((after, from)) = &mut star else { return false };
                if from.next().is_none() {
                    return false;
                }
                rest = from.clone();
                at = *after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_the_whole_text() {
        let check = |pattern: &str, text: &str| Pattern::glob(pattern).matches_alone(text);
        for (pattern, text) in [("*", ""), ("a*b*c", "axxbyybc"), ("?", "é"), ("a*", "a"), ("*a", "baa"), ("", "")] {
            assert!(check(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("?", ""), ("a*b", "abc"), ("a", ""), ("", "a"), ("A*", "abc"), ("a?", "a")] {
            assert!(!check(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_regex_that_is_wrong_or_huge_is_refused_in_one_line() {
        assert!(Pattern::regex("a(").is_err_and(|text| !text.contains('\n')));
        assert!(Pattern::regex("(a{1000}){1000}").is_err());
        assert!(Pattern::regex("\\Sx").expect("fine").matches_alone("AX"));
    }
}
