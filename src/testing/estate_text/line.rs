//! One line of an estate text, taken apart into a word, a name and options.

/// `word name option option=value ...`. Options are taken one by one; what nobody took is an error.
pub(super) struct Line {
    pub number: usize,
    pub text: String,
    pub word: String,
    pub name: String,
    options: Vec<(String, Option<String>)>,
}

impl Line {
    /// `None` for an empty line and for a comment (`#`).
    pub fn parse(number: usize, text: &str) -> Option<Line> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let mut parts = tokens(text).into_iter();
        let word = parts.next().unwrap_or_default();
        let rest: Vec<String> = parts.collect();
        let named = rest.first().is_some_and(|first| !first.contains('=') || first.starts_with('"'));
        let (name, rest) = if named { (rest[0].clone(), &rest[1..]) } else { (String::new(), &rest[..]) };
        let options = rest.iter().map(|option| match option.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (option.clone(), None),
        });
        Some(Line { number, text: text.to_owned(), word, name, options: options.collect() })
    }

    pub fn fail(&self, why: &str) -> ! {
        panic!("line {} of the estate: {why}\n    {}", self.number, self.text)
    }

    /// The value of an option that stands at most once.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let at = self.options.iter().position(|(it, value)| it == key && value.is_some())?;
        self.options.remove(at).1
    }

    /// An option without value.
    pub fn flag(&mut self, key: &str) -> bool {
        let before = self.options.len();
        self.options.retain(|(it, value)| it != key || value.is_some());
        self.options.len() < before
    }

    /// Every `prefix:key=value`, in written order, without the prefix.
    pub fn all(&mut self, prefix: &str) -> Vec<(String, String)> {
        let prefix = format!("{prefix}:");
        let (taken, rest) = std::mem::take(&mut self.options).into_iter().partition(|(it, _)| it.starts_with(&prefix));
        self.options = rest;
        let taken: Vec<(String, Option<String>)> = taken;
        taken.into_iter().map(|(key, value)| (key[prefix.len()..].to_owned(), value.unwrap_or_default())).collect()
    }

    /// `namespace/name`.
    pub fn namespaced(&self) -> (String, String) {
        match self.name.split_once('/') {
            Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
            None => self.fail("wants NAMESPACE/NAME"),
        }
    }

    pub fn finish(&self) {
        if let Some((key, _)) = self.options.first() {
            self.fail(&format!("`{key}` is no option of `{}`", self.word));
        }
    }
}

/// Splits at blanks outside braces, brackets and quotes. Quotes outside braces are dropped.
fn tokens(text: &str) -> Vec<String> {
    let (mut tokens, mut token, mut depth, mut quoted, mut any) = (Vec::new(), String::new(), 0_usize, false, false);
    for character in text.chars() {
        match character {
            '"' if depth == 0 => {
                quoted = !quoted;
                any = true;
                continue;
            }
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            ' ' | '\t' if depth == 0 && !quoted => {
                if any {
                    tokens.push(std::mem::take(&mut token));
                }
                any = false;
                continue;
            }
            _ => {}
        }
        any = true;
        token.push(character);
    }
    if any {
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_quotes_hold_blanks() {
        assert_eq!(tokens(r#"a b=c d={"x": [1, 2]} e="f g""#), ["a", "b=c", r#"d={"x": [1, 2]}"#, "e=f g"]);
    }

    #[test]
    #[should_panic(expected = "line 3 of the estate: `colour` is no option of `pod`")]
    fn an_option_that_nobody_knows_is_an_error_with_its_line() {
        Line::parse(3, "pod a/b colour=red").expect("a line").finish();
    }
}
