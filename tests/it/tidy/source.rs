//! A source file as the tidy tests see it: its words without comments, texts and characters.

use std::path::Path;

/// One source file.
pub struct Source {
    /// Below the package, such as `src/graph/edge.rs`.
    pub file: String,
    pub text: String,
    /// Path of the module, such as `graph::edge`.
    pub module: String,
    tokens: Vec<Token>,
}

/// An identifier or a punctuation mark (`::` is one).
struct Token {
    line: usize,
    text: String,
}

/// All Rust files below a directory of the package, sorted; none if it does not exist.
pub fn sources(directory: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let file = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below the package");
                found.push(Source::new(&file.to_string_lossy(), &std::fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found
}

impl Source {
    pub fn new(file: &str, text: &str) -> Source {
        let path = file.split_once('/').map_or(file, |(_, rest)| rest);
        let module = path.trim_end_matches(".rs").replace('/', "::");
        Source { file: file.to_owned(), text: text.to_owned(), module, tokens: tokens(text) }
    }

    /// The part of the crate: the first name of the module path.
    pub fn part(&self) -> &str {
        self.module.split("::").next().unwrap_or_default()
    }

    /// Which of the parts this file names, by `crate::`, by as many `super::` as lead there, or in a group.
    pub fn parts_used<'a>(&self, parts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (usize, &'a str)> {
        let parts: Vec<&str> = parts.collect();
        let depth = self.module.split("::").count();
        let mut used = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let start = at;
            let mut supers = 0;
            if self.is(at, "crate") && self.is(at + 1, "::") {
                at += 2;
                supers = depth;
            } else {
                while self.is(at, "super") && self.is(at + 1, "::") {
                    at += 2;
                    supers += 1;
                }
            }
            if at == start || supers < depth {
                at = start + 1;
                continue;
            }
            for name in self.names_at(at) {
                if let Some(part) = parts.iter().find(|part| **part == self.tokens[name].text) {
                    used.push((self.tokens[name].line, *part));
                }
            }
        }
        used.into_iter()
    }

    /// Positions of the names that follow a path prefix: one, or the first of each member of a group in braces.
    fn names_at(&self, at: usize) -> Vec<usize> {
        if !self.is(at, "{") {
            return if at < self.tokens.len() { vec![at] } else { Vec::new() };
        }
        let (mut names, mut depth, mut fresh) = (Vec::new(), 0, false);
        for (position, token) in self.tokens.iter().enumerate().skip(at) {
            match token.text.as_str() {
                "{" => {
                    depth += 1;
                    fresh = depth == 1;
                }
                "}" => depth -= 1,
                "," => fresh = depth == 1,
                _ if fresh && depth == 1 => {
                    names.push(position);
                    fresh = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        names
    }

    /// Methods that are called on a variable of this name, with their lines.
    pub fn called_on(&self, name: &str) -> impl Iterator<Item = (usize, &str)> {
        (0..self.tokens.len())
            .filter(move |&at| self.is(at, name) && self.is(at + 1, ".") && self.is(at + 3, "("))
            .map(|at| (self.tokens[at].line, self.tokens[at + 2].text.as_str()))
    }

    /// Whether `path::name` stands in the file.
    pub fn names(&self, path: &str, name: &str) -> bool {
        (0..self.tokens.len()).any(|at| self.is(at, path) && self.is(at + 1, "::") && self.is(at + 2, name))
    }

    /// Lines in which a package is named at the start of a path.
    pub fn crates_used(&self, package: &str) -> impl Iterator<Item = usize> {
        (0..self.tokens.len())
            .filter(move |&at| {
                let path = self.is(at + 1, "::") || (at > 0 && self.is(at - 1, "use"));
                // Not `mod kube` of ours, `crate::kube` or `self::kube`; but `::kube` counts.
                let inner = at > 1 && self.is(at - 1, "::") && self.is_name(at - 2);
                self.is(at, package) && path && !inner
            })
            .map(|at| self.tokens[at].line)
    }

    /// Lines in which a word or a path of words stands.
    pub fn words(&self, wanted: &str) -> impl Iterator<Item = usize> {
        let wanted = tokens(wanted);
        (0..self.tokens.len())
            .filter(move |at| wanted.iter().enumerate().all(|(offset, word)| self.is(at + offset, &word.text)))
            .map(|at| self.tokens[at].line)
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text == text)
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens[at].text.starts_with(|it: char| it.is_alphabetic() || it == '_') && !self.is(at, "use")
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = text_literal(rest) {
            length
        } else if first == '\'' {
            character_or_lifetime(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
            found.push(Token { line, text: rest[..length].to_owned() });
            length
        } else if rest.starts_with("::") {
            found.push(Token { line, text: "::".to_owned() });
            2
        } else {
            if !first.is_whitespace() {
                found.push(Token { line, text: first.to_string() });
            }
            first.len_utf8()
        };
        line += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
    }
    found
}

/// Length of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a text literal (plain, byte or raw) if one starts here.
fn text_literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix)
            .is_some_and(|it| it.trim_start_matches(if prefix.ends_with('r') { "#" } else { "" }).starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let fence = after.find('"')?;
        let end = format!("\"{}", &after[..fence]);
        let body = &after[fence + 1..];
        return Some(prefix.len() + fence + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()));
    }
    let mut escaped = false;
    let body = &after[1..];
    let length = body.find(|it: char| {
        let end = it == '"' && !escaped;
        escaped = it == '\\' && !escaped;
        end
    });
    Some(prefix.len() + 1 + length.map_or(body.len(), |at| at + 1))
}

/// Length of a character literal, or of the mark alone when it starts a lifetime.
fn character_or_lifetime(rest: &str) -> usize {
    let mut inner = rest.char_indices().skip(1);
    match inner.next() {
        Some((_, '\\')) => rest[2..].char_indices().skip(1).find(|it| it.1 == '\'').map_or(1, |(at, _)| at + 3),
        Some(_) => match inner.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}
