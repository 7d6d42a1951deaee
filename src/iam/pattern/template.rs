//! Text with policy variables (rules V1 to V5). Parsed first, filled in later, so a value never becomes a wildcard.

use std::borrow::Cow;
use std::fmt;

use smallvec::SmallVec;

use crate::base::Name;
use crate::iam::glob::{Glob, Token};
use crate::iam::request::{Context, Lookup};

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    /// Lower case: names of keys ignore case.
    pub key: Name,
    pub default: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Token(Token),
    Variable(Variable),
}

/// A pattern or value in which variables stand for context keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Template {
    form: Form,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Fixed(Glob),
    Variable { pieces: Box<[Piece]>, widest: Glob },
}

/// A template under one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved<'t> {
    Glob(Cow<'t, Glob>),
    /// A variable has no value and no default: the element matches nothing (rule V4).
    NoValue,
    /// A variable is not known; whatever it is, the result lies inside this pattern.
    Unknown(&'t Glob),
}

/// How `*` and `?` outside variables are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    Special,
    Literal,
}

impl Template {
    /// Reads the text; `variables` is false under version 2008-10-17, where `${` is text like any other (rule P5).
    pub fn new(text: &str, variables: bool, wildcards: Wildcards) -> Template {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        let plain = |text: &str, pieces: &mut Vec<Piece>| {
            pieces.extend(text.chars().map(|character| {
                Piece::Token(match (character, wildcards) {
                    ('*', Wildcards::Special) => Token::Many,
                    ('?', Wildcards::Special) => Token::One,
                    (other, _) => Token::Char(other),
                })
            }));
        };
        while variables && let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            plain(&rest[..start], &mut pieces);
            let inner = &rest[start + 2..start + length];
            pieces.push(match inner {
                // Rule V2: the literal characters.
                "*" | "?" | "$" => Piece::Token(Token::Char(inner.chars().next().unwrap_or('$'))),
                _ => Piece::Variable(Variable::read(inner)),
            });
            rest = &rest[start + length + 1..];
        }
        plain(rest, &mut pieces);
        let widest = Glob::from_tokens(pieces.iter().map(|piece| match piece {
            Piece::Token(token) => *token,
            Piece::Variable(_) => Token::Many,
        }));
        let form = if pieces.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
            Form::Variable { pieces: pieces.into_boxed_slice(), widest }
        } else {
            Form::Fixed(widest)
        };
        Template { form }
    }

    /// The pattern itself when it has no variable.
    pub fn as_fixed(&self) -> Option<&Glob> {
        if let Form::Fixed(glob) = &self.form { Some(glob) } else { None }
    }

    /// The pattern with every variable replaced by `*`: nothing that the template can become lies outside it.
    pub fn widest(&self) -> &Glob {
        match &self.form {
            Form::Fixed(glob) => glob,
            Form::Variable { widest, .. } => widest,
        }
    }

    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let pieces: &[Piece] = match &self.form {
            Form::Fixed(_) => &[],
            Form::Variable { pieces, .. } => pieces,
        };
        pieces.iter().filter_map(|piece| if let Piece::Variable(variable) = piece { Some(variable) } else { None })
    }

    /// Fills in what the context knows.
    pub fn resolve(&self, context: &Context) -> Resolved<'_> {
        let (pieces, widest) = match &self.form {
            Form::Fixed(glob) => return Resolved::Glob(Cow::Borrowed(glob)),
            Form::Variable { pieces, widest } => (pieces, widest),
        };
        let mut tokens: SmallVec<[Token; 64]> = SmallVec::new();
        let mut unknown = false;
        for piece in pieces {
            match piece {
                Piece::Token(token) => tokens.push(*token),
                Piece::Variable(variable) => {
                    match (context.get(&variable.key), &variable.default) {
                        (Lookup::One(value), _) => tokens.extend(value.chars().map(Token::Char)),
                        (Lookup::Absent, Some(default)) => tokens.extend(default.chars().map(Token::Char)),
                        (Lookup::Absent, None) => return Resolved::NoValue,
                        // Rule V5: a key with many values is no variable; the element has no value to take.
                        (Lookup::Many(_), _) => return Resolved::NoValue,
                        (Lookup::Unknown, _) => unknown = true,
                    }
                }
            }
        }
        if unknown { Resolved::Unknown(widest) } else { Resolved::Glob(Cow::Owned(Glob::from_tokens(tokens))) }
    }
}

impl Variable {
    /// `key` or `key, 'default'`, written with a comma, a space and single quotes.
    fn read(inner: &str) -> Variable {
        let default = inner.split_once(',').and_then(|(key, rest)| {
            let value = rest.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            Some((key, value))
        });
        match default {
            Some((key, value)) => {
                Variable { key: Name::new(&key.trim().to_ascii_lowercase()), default: Some(value.into()) }
            }
            None => Variable { key: Name::new(&inner.trim().to_ascii_lowercase()), default: None },
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Fixed(glob) => write!(f, "Template({glob})"),
            Form::Variable { pieces, .. } => write!(f, "Template({pieces:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_star_stays_text() {
        let template = Template::new("home/${aws:UserName}/*", true, Wildcards::Special);
        let context = Context::complete().with("aws:username", "b*b");
        let Resolved::Glob(glob) = template.resolve(&context) else { panic!("resolved") };
        assert!(glob.matches("home/b*b/x") && !glob.matches("home/bob/x"));
        assert_eq!(template.resolve(&Context::complete()), Resolved::NoValue);
        assert!(matches!(template.resolve(&Context::open()), Resolved::Unknown(_)));
    }

    #[test]
    fn escapes_defaults_and_old_versions() {
        let escaped = Template::new("a${*}${?}${$}", true, Wildcards::Special);
        assert!(escaped.as_fixed().is_some_and(|glob| glob.matches("a*?$") && !glob.matches("abc$")));
        let default = Template::new("${aws:PrincipalTag/Team, 'no team'}", true, Wildcards::Special);
        let Resolved::Glob(glob) = default.resolve(&Context::complete()) else { panic!("resolved") };
        assert!(glob.matches("no team"));
        let old = Template::new("${aws:username}", false, Wildcards::Special);
        assert!(old.as_fixed().is_some_and(|glob| glob.matches("${aws:username}")));
        assert!(Template::new("a${b", true, Wildcards::Special).widest().matches("a${b"));
    }
}
