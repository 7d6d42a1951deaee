//! Resource patterns: six ARN parts compared one by one (rules W3 to W7), and sets of ARNs made of them.

use std::fmt;
use std::sync::Arc;

use crate::base::Name;
use crate::iam::glob::{self, Glob, Token};
use crate::iam::request::Context;

use super::template::{Resolved, Template, Wildcards};

/// How a pattern fits a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    No,
    /// A variable is not known, so this may or may not fit.
    Unknown,
    /// Only if a `*` at the end of an ARN part runs over the next colon, on which AWS's guides disagree (rule W5).
    Spans,
    Yes,
}

/// The parts of an ARN: the first five colons split, later ones belong to the resource. Fewer than six if it is no ARN.
pub fn split_arn(text: &str) -> impl Iterator<Item = &str> {
    text.splitn(6, ':')
}

/// Places of the parts, first those that differ most often: resource, service, account, region.
const MOST_TELLING: [usize; 6] = [5, 2, 4, 3, 1, 0];

/// A set of texts given by an ARN pattern without variables.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ArnGlob {
    /// `*`: every ARN, and requests without a resource (rule W4).
    All,
    /// Six parts; the first five never run over a colon. Shared, because sets of resources copy them all the time.
    Parts(Arc<[Glob; 6]>),
    /// A pattern over the whole text, for forms that count as running over colons (rule W5).
    Text(Glob),
    /// Matches nothing: a short pattern without a `*` at its end.
    Nothing,
}

impl ArnGlob {
    /// The certain reading of a pattern; see [`ResourcePattern::spanning`] for the other.
    pub fn new(pattern: &str) -> ArnGlob {
        ArnGlob::from_glob(&Glob::new(pattern))
    }

    /// The same for a pattern that is already compiled, such as one whose variables were filled in.
    pub fn from_glob(glob: &Glob) -> ArnGlob {
        if glob.is_any() {
            return ArnGlob::All;
        }
        let mut parts: Vec<&[Token]> = glob.tokens().splitn(6, |token| *token == Token::Char(':')).collect();
        if parts.len() < 6 {
            if glob.tokens().last() != Some(&Token::Many) {
                return ArnGlob::Nothing;
            }
            // Rule W5: a trailing `*` covers the parts that are not written.
            parts.resize(6, &[Token::Many]);
        }
        let mut parts = parts.into_iter().map(|part| Glob::from_tokens(part.iter().copied()));
        ArnGlob::Parts(Arc::new(std::array::from_fn(|_| parts.next().unwrap_or_else(Glob::any))))
    }

    pub fn matches(&self, arn: &str) -> bool {
        match self {
            ArnGlob::All => true,
            ArnGlob::Nothing => false,
            ArnGlob::Text(glob) => glob.matches(arn),
            ArnGlob::Parts(parts) => {
                let mut given = split_arn(arn);
                parts.iter().all(|part| given.next().is_some_and(|text| part.matches(text)))
            }
        }
    }

    /// Whether every ARN of `inner` is one of these. Exact among [`ArnGlob::Parts`]; against [`ArnGlob::Text`] a yes is
    /// certain and a no may be too careful.
    pub fn contains(&self, inner: &ArnGlob) -> bool {
        match (self, inner) {
            (ArnGlob::All, _) | (_, ArnGlob::Nothing) => true,
            (ArnGlob::Nothing, _) => false,
            (ArnGlob::Parts(outer), ArnGlob::Parts(inner)) => {
                // The resource and the service tell most pairs apart.
                Arc::ptr_eq(outer, inner) || MOST_TELLING.iter().all(|at| glob::contains(&outer[*at], &inner[*at]))
            }
            (ArnGlob::Text(outer), inner) => glob::contains(outer, &inner.text()),
            // No finite set of six-part ARNs covers `*`, which also stands for requests without a resource.
            (ArnGlob::Parts(_), ArnGlob::All | ArnGlob::Text(_)) => false,
        }
    }

    pub fn disjoint(&self, other: &ArnGlob) -> bool {
        match (self, other) {
            (ArnGlob::Parts(a), ArnGlob::Parts(b)) => {
                !Arc::ptr_eq(a, b) && MOST_TELLING.iter().any(|at| glob::disjoint(&a[*at], &b[*at]))
            }
            (ArnGlob::All, ArnGlob::All | ArnGlob::Parts(_)) | (ArnGlob::Parts(_), ArnGlob::All) => false,
            _ => ArnGlob::conjunction_is_empty(&[self, other]),
        }
    }

    /// Whether no ARN lies in all of these. Exact part by part; [`ArnGlob::Text`] members are compared over whole texts,
    /// where a yes is certain and a no may be too careful, which never hides an access.
    pub fn conjunction_is_empty(all: &[&ArnGlob]) -> bool {
        if all.iter().any(|glob| matches!(glob, ArnGlob::Nothing)) {
            return true;
        }
        let parts: Vec<&[Glob; 6]> = all
            .iter()
            .filter_map(|glob| if let ArnGlob::Parts(parts) = glob { Some(&**parts) } else { None })
            .collect();
        for index in 0..6 {
            let column: Vec<&Glob> = parts.iter().map(|parts| &parts[index]).collect();
            if glob::conjunction_is_empty(&column) {
                return true;
            }
        }
        if all.iter().any(|glob| matches!(glob, ArnGlob::Text(_))) {
            let texts: Vec<Glob> = all.iter().map(|glob| glob.text()).collect();
            return glob::conjunction_is_empty(&texts.iter().collect::<Vec<_>>());
        }
        false
    }

    /// A pattern over whole texts that covers this one.
    pub fn text(&self) -> Glob {
        match self {
            ArnGlob::All => Glob::any(),
            ArnGlob::Text(glob) => glob.clone(),
            ArnGlob::Nothing => Glob::literal(""),
            ArnGlob::Parts(parts) => {
                let mut tokens: Vec<Token> = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        tokens.push(Token::Char(':'));
                    }
                    tokens.extend(part.tokens());
                }
                Glob::from_tokens(tokens)
            }
        }
    }

    /// The six parts, when it has them.
    pub fn parts(&self) -> Option<&[Glob; 6]> {
        if let ArnGlob::Parts(parts) = self { Some(parts) } else { None }
    }
}

impl fmt::Display for ArnGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArnGlob::Nothing => f.write_str("(nothing)"),
            other => write!(f, "{}", other.text()),
        }
    }
}

impl fmt::Debug for ArnGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArnGlob({self})")
    }
}

/// One entry of `Resource` or `NotResource`, or a value of an ARN operator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResourcePattern {
    written: Name,
    form: Form,
    spans: Option<Glob>,
    short: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Fixed(ArnGlob),
    /// The first five parts are fixed, the resource part has variables (rule V1).
    Variable {
        head: Box<[Glob; 5]>,
        tail: Template,
        widest: ArnGlob,
    },
}

impl ResourcePattern {
    /// Reads a pattern; `variables` is false under version 2008-10-17 (rule P5).
    pub fn new(text: &str, variables: bool) -> ResourcePattern {
        let written = Name::new(text);
        if let Some(path) = text.strip_prefix("execute-api:/") {
            // API Gateway DG, Resource policies: the short form means the API that the policy is attached to.
            let whole = format!("arn:*:execute-api:*:*:*/{path}");
            return ResourcePattern { written, ..ResourcePattern::new(&whole, variables) };
        }
        let parts: Vec<&str> = split_arn(text).collect();
        let short = parts.len() < 6;
        if let ([head @ .., tail], false) = (parts.as_slice(), short) {
            let tail = Template::new(tail, variables, Wildcards::Special);
            let mut head = head.iter().map(|part| Glob::new(part));
            let head: [Glob; 5] = std::array::from_fn(|_| head.next().unwrap_or_else(Glob::any));
            let [a, b, c, d, e] = head.clone();
            let widest = ArnGlob::Parts(Arc::new([a, b, c, d, e, tail.widest().clone()]));
            let form = match tail.as_fixed() {
                Some(_) => Form::Fixed(widest),
                None => Form::Variable { head: Box::new(head), tail, widest },
            };
            return ResourcePattern { written, form, spans: None, short };
        }
        // Rule V1: variables stand after the fifth colon only, so a short pattern has none and `${` is text.
        let inner_star = parts.iter().rev().skip(1).any(|part| part.ends_with('*'));
        let spans = inner_star.then(|| Glob::new(text));
        ResourcePattern { written, form: Form::Fixed(ArnGlob::new(text)), spans, short }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// How the pattern fits a request for this ARN.
    pub fn matches(&self, arn: &str, context: &Context) -> Match {
        let certain = match &self.form {
            Form::Fixed(glob) => glob.matches(arn),
            Form::Variable { head, tail, widest } => {
                let mut given = split_arn(arn);
                if !head.iter().all(|part| given.next().is_some_and(|text| part.matches(text))) {
                    return Match::No;
                }
                let Some(resource) = given.next() else {
                    return Match::No;
                };
                match tail.resolve(context) {
                    Resolved::Glob(glob) => glob.matches(resource),
                    Resolved::NoValue => false,
                    Resolved::Unknown(_) if widest.matches(arn) => return Match::Unknown,
                    Resolved::Unknown(_) => false,
                }
            }
        };
        if certain {
            return Match::Yes;
        }
        match &self.spans {
            Some(glob) if glob.matches(arn) => Match::Spans,
            _ => Match::No,
        }
    }

    /// What it certainly means once variables are known; a variable that is not known makes this [`ArnGlob::Nothing`].
    pub fn narrowest(&self, context: &Context) -> ArnGlob {
        self.bound(context, false)
    }

    /// All that it can mean: variables that are not known become `*` (rule S7), and parts may span (rule W5).
    pub fn widest(&self, context: &Context) -> ArnGlob {
        self.bound(context, true)
    }

    fn bound(&self, context: &Context, wide: bool) -> ArnGlob {
        match (&self.form, &self.spans) {
            (_, Some(glob)) if wide => ArnGlob::Text(glob.clone()),
            (Form::Fixed(glob), _) => glob.clone(),
            (Form::Variable { head, tail, widest }, _) => match tail.resolve(context) {
                Resolved::Glob(glob) => {
                    let [a, b, c, d, e] = (**head).clone();
                    ArnGlob::Parts(Arc::new([a, b, c, d, e, glob.into_owned()]))
                }
                Resolved::NoValue => ArnGlob::Nothing,
                Resolved::Unknown(_) if wide => widest.clone(),
                Resolved::Unknown(_) => ArnGlob::Nothing,
            },
        }
    }

    /// The pattern over whole texts that rule W5 leaves open, for patterns with fewer than six parts and an inner `*`.
    pub fn spanning(&self) -> Option<&Glob> {
        self.spans.as_ref()
    }

    /// Whether it is `*`.
    pub fn is_all(&self) -> bool {
        self.form == Form::Fixed(ArnGlob::All)
    }

    /// Whether it has fewer than six parts and is not `*`.
    pub fn is_short(&self) -> bool {
        self.short && !self.is_all()
    }

    /// Whether it covers every ARN of a service in some partition, which AWS's own examples use for actions without
    /// resource types (rule W9).
    pub fn covers_service(&self, service: &str) -> bool {
        let Form::Fixed(ArnGlob::Parts(parts)) = &self.form else {
            return false;
        };
        let open = |part: &Glob| part.is_any() || part.tokens().is_empty();
        parts[2].matches(service) && open(&parts[3]) && open(&parts[4]) && parts[5].is_any()
    }

    /// Lower-case keys of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Name> {
        let tail = if let Form::Variable { tail, .. } = &self.form { Some(tail) } else { None };
        tail.into_iter().flat_map(Template::variables).map(|variable| &variable.key)
    }
}

impl fmt::Debug for ResourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourcePattern({})", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, arn: &str) -> Match {
        ResourcePattern::new(pattern, true).matches(arn, &Context::complete())
    }

    #[test]
    fn parts_are_compared_one_by_one() {
        let arn = "arn:aws:dynamodb:us-east-1:111122223333:table/prod-a";
        assert_eq!(fits("arn:aws:dynamodb:*:*:table/*", arn), Match::Yes);
        assert_eq!(fits("arn:aws:dynamodb:*", arn), Match::Yes);
        assert_eq!(fits("arn:aws:dynamodb*", arn), Match::Yes);
        assert_eq!(fits("arn:aws:dynamodb:*:table/prod-*", arn), Match::Spans);
        assert_eq!(fits("arn:aws:dynamodb:us-east-1:table/prod-*", arn), Match::No);
        assert_eq!(fits("arn:aws:*:x:*:*", "arn:aws:a:b:x:c"), Match::No);
        assert_eq!(fits("arn:aws:s3:::b/*", "arn:aws:s3:::b"), Match::No);
        assert_eq!(fits("arn:aws:s3:::b", "arn:aws:s3:::b/k"), Match::No);
        assert_eq!(fits("arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y/z"), Match::Yes);
        assert_eq!(fits("*", "*"), Match::Yes);
        assert_eq!(fits("arn:aws:s3:::*", "*"), Match::No);
    }

    #[test]
    fn a_colon_in_a_variable_before_the_fifth_does_not_split() {
        let user = "arn:aws:iam::111122223333:user/${aws:username}";
        let context = Context::complete().with("aws:username", "bob");
        let pattern = ResourcePattern::new(user, true);
        assert_eq!(pattern.matches("arn:aws:iam::111122223333:user/bob", &context), Match::Yes);
        assert_eq!(pattern.matches("arn:aws:iam::111122223333:user/bob", &Context::open()), Match::Unknown);
        assert_eq!(pattern.matches("arn:aws:iam::444455556666:user/bob", &Context::open()), Match::No);
        assert_eq!(pattern.matches("arn:aws:iam::111122223333:user/bob", &Context::complete()), Match::No);
    }

    #[test]
    fn sets_of_arns() {
        let g = ArnGlob::new;
        assert!(g("arn:aws:s3:::*").contains(&g("arn:aws:s3:::b/*")));
        assert!(g("arn:aws:s3*").contains(&g("arn:aws:s3:::b/*")));
        assert!(!g("arn:aws:s3:::b*").contains(&g("arn:aws:s3:::*")));
        assert!(g("arn:aws:s3:::a/*").disjoint(&g("arn:aws:s3:::b/*")));
        assert!(!g("arn:aws:s3:::*/x").disjoint(&g("arn:aws:s3:::b/*")));
        assert!(!ArnGlob::conjunction_is_empty(&[
            &g("arn:aws:s3:::*/x*"),
            &g("arn:aws:s3:::b/*"),
            &g("arn:aws:s3:::*y")
        ]));
        assert!(ArnGlob::conjunction_is_empty(&[&g("arn:aws:s3:::*x"), &g("arn:aws:s3:::b/*"), &g("arn:aws:s3:::*y")]));
        assert!(!g("arn:aws:s3:::*").contains(&ArnGlob::All));
        assert!(g("arn:aws:x").disjoint(&ArnGlob::All));
    }
}
