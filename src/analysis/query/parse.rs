//! Text to [`Query`], with the place of the first mistake.

use super::field::{Field, Shape, seconds, severity_rank};
use super::{AnyOf, Comparison, Pattern, Query, Term, Test};

/// Why a query does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Byte offset into the query.
    pub at: usize,
    /// One line, lower case, no final period.
    pub what: String,
    /// The field that was probably meant.
    pub nearest: Option<Field>,
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.nearest {
            Some(field) => write!(f, ", nearest is `{}`", field.name()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryError {}

fn fail<T>(at: usize, what: impl Into<String>) -> Result<T, QueryError> {
    Err(QueryError { at, what: what.into(), nearest: None })
}

/// Reads a query. Never panics; the error is the first mistake from the left.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    let mut reader = Reader { text, at: 0 };
    let mut query = Query::default();
    loop {
        reader.skip_blanks();
        if reader.is_at_end() {
            return Ok(query);
        }
        query.groups.push(reader.group()?);
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A piece between separators, and how it was written.
enum Piece {
    Plain(String),
    Quoted(String),
    Regex(String),
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn group(&mut self) -> Result<AnyOf, QueryError> {
        let mut group = AnyOf::default();
        loop {
            group.terms.push(self.term()?);
            if !self.eat("|") {
                return Ok(group);
            }
        }
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        let negated = self.eat("!");
        let start = self.at;
        if let Some(name) = self.field_name() {
            self.at += name.len() + 1;
            let Some(field) = Field::from_name(&name.to_lowercase()) else {
                let nearest = Field::nearest(&name.to_lowercase());
                return Err(QueryError { at: start, what: format!("no field `{name}`"), nearest });
            };
            return Ok(Term { negated, test: self.value(field)? });
        }
        Ok(Term { negated, test: Test::Word(self.word()?) })
    }

    /// The word in front of the first colon, when the term has the form of a field. An ARN has not.
    fn field_name(&self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
        let name = &rest[..length];
        (length > 0 && rest[length..].starts_with(':') && name != "arn").then_some(name)
    }

    fn word(&mut self) -> Result<Pattern, QueryError> {
        let start = self.at;
        if self.eat("~") {
            return self.fuzzy(start);
        }
        let anchored = self.eat("^");
        let piece = if anchored { Piece::Plain(self.plain()) } else { self.piece()? };
        match piece {
            Piece::Regex(text) => regex(start, &text),
            Piece::Quoted(text) => Ok(Pattern::substring(&text)),
            Piece::Plain(text) if text.is_empty() => fail(start, "a word is missing"),
            Piece::Plain(text) if anchored => Ok(Pattern::start(&text)),
            Piece::Plain(text) => match text.strip_suffix('$') {
                Some("") => fail(start, "a word is missing before `$`"),
                Some(end) => Ok(Pattern::end(end)),
                None => Ok(Pattern::substring(&text)),
            },
        }
    }

    fn fuzzy(&mut self, start: usize) -> Result<Pattern, QueryError> {
        let text = self.plain();
        if text.is_empty() { fail(start, "a word is missing after `~`") } else { Ok(Pattern::fuzzy(&text)) }
    }

    fn value(&mut self, field: Field) -> Result<Test, QueryError> {
        let mut patterns = Vec::new();
        let mut numbers = Vec::new();
        loop {
            match field.shape() {
                Shape::Text => patterns.push(self.text_value(field)?),
                shape => {
                    let here = self.at;
                    match self.number(field, shape) {
                        Ok(number) => numbers.push(number),
                        Err(error) if numbers.is_empty() => return Err(error),
                        // `pods:>2|api`: what is no number is the next term.
                        Err(_) => {
                            self.at = here - "|".len();
                            break;
                        }
                    }
                }
            }
            // `ns:a|b` goes on with values of the field, `ns:a|sa:b` and `ns:a|!b` with a new term.
            let here = self.at;
            if !self.eat("|") {
                break;
            }
            if self.field_name().is_some() || self.rest().starts_with('!') {
                self.at = here;
                break;
            }
        }
        Ok(if field.shape() == Shape::Text { Test::Text(field, patterns) } else { Test::Number(field, numbers) })
    }

    fn text_value(&mut self, field: Field) -> Result<Pattern, QueryError> {
        let start = self.at;
        if let Some(op) = [">=", "<=", ">", "<", "="].into_iter().find(|op| self.rest().starts_with(op)) {
            return fail(start, format!("`{op}` needs a number, a time or a severity, and `{}` is text", field.name()));
        }
        if self.eat("~") {
            return self.fuzzy(start);
        }
        match self.piece()? {
            Piece::Regex(text) => regex(start, &text),
            Piece::Quoted(text) => Ok(Pattern::exact(&text)),
            Piece::Plain(text) if text.is_empty() => {
                fail(start, format!("a value is missing after `{}:`", field.name()))
            }
            Piece::Plain(text) => Ok(Pattern::glob(&text)),
        }
    }

    fn number(&mut self, field: Field, shape: Shape) -> Result<(Comparison, i64), QueryError> {
        let comparison = if self.eat(">=") {
            Comparison::AtLeast
        } else if self.eat("<=") {
            Comparison::AtMost
        } else if self.eat(">") {
            Comparison::Above
        } else if self.eat("<") {
            Comparison::Below
        } else if self.eat("=") || shape != Shape::Time {
            Comparison::Equal
        } else {
            Comparison::AtMost
        };
        let start = self.at;
        let text = self.plain();
        let (number, form) = match shape {
            Shape::Severity => (severity_rank(&text), "crit, high, med, low or info"),
            Shape::Time => (seconds(&text), "a time such as 90m, 3h or 1d"),
            _ => (text.parse().ok(), "a number"),
        };
        match number {
            Some(number) => Ok((comparison, number)),
            None => fail(start, format!("`{}:` takes {form}", field.name())),
        }
    }

    /// A quoted text, a regex, or everything up to a blank or `|`.
    fn piece(&mut self) -> Result<Piece, QueryError> {
        let start = self.at;
        if self.eat("\"") {
            return match self.rest().split_once('"') {
                Some(("", _)) => fail(start, "the quoted text is empty"),
                Some((text, _)) => {
                    self.at += text.len() + 1;
                    Ok(Piece::Quoted(text.to_owned()))
                }
                None => fail(start, "the quote is not closed"),
            };
        }
        if self.rest().starts_with('/') {
            let body = &self.rest()[1..];
            let mut escaped = false;
            for (at, character) in body.char_indices() {
                if character == '/' && !escaped {
                    self.at += at + 2;
                    let text = &body[..at];
                    return if text.is_empty() {
                        fail(start, "the regex is empty")
                    } else {
                        Ok(Piece::Regex(text.to_owned()))
                    };
                }
                escaped = character == '\\' && !escaped;
            }
            return fail(start, "the regex is not closed with `/`");
        }
        Ok(Piece::Plain(self.plain()))
    }

    fn plain(&mut self) -> String {
        let end = self.rest().find(|it: char| it.is_whitespace() || it == '|').unwrap_or(self.rest().len());
        let text = self.rest()[..end].to_owned();
        self.at += end;
        text
    }
}

fn regex(at: usize, text: &str) -> Result<Pattern, QueryError> {
    Pattern::regex(text).or_else(|error| fail(at, format!("the regex is wrong: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_a_place_and_a_nearest_field() {
        for (text, at, what) in [
            ("ns:a nsp:b", 5, "no field `nsp`, nearest is `ns`"),
            ("sev:>=hgh", 6, "`sev:` takes crit, high, med, low or info"),
            ("pods:many", 5, "`pods:` takes a number"),
            ("age:3", 4, "`age:` takes a time such as 90m, 3h or 1d"),
            ("ns:>=a", 3, "`>=` needs a number, a time or a severity, and `ns` is text"),
            ("ns:", 3, "a value is missing after `ns:`"),
            ("a|", 2, "a word is missing"),
            ("!", 1, "a word is missing"),
            ("~", 0, "a word is missing after `~`"),
            ("\"a", 0, "the quote is not closed"),
            ("/a", 0, "the regex is not closed with `/`"),
            ("$", 0, "a word is missing before `$`"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!((error.at, error.to_string().as_str()), (at, what), "{text}");
        }
    }

    #[test]
    fn only_the_first_colon_separates_and_an_arn_is_a_word() {
        assert_eq!(parse("action:s3:Put*").expect("parses").fields().collect::<Vec<_>>(), [Field::Action]);
        assert_eq!(parse("arn:aws:iam::1:role/x").expect("parses").fields().count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_text_parses_or_says_where_it_fails(text in "[a-z:|!~/^$\"*?<>=.0-9 \\\\(é]{0,40}") {
            if let Err(error) = parse(&text) {
                assert!(text.is_char_boundary(error.at), "{text} {error:?}");
            }
        }
    }
}
