//! The four verdicts of ux.md section 2, and the conditions on which one hangs, in words.

use crate::iam::{Answer, Decision, Residual, Test};

/// Whether something may be done. Ordered as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Allow,
    /// It depends on keys of the request.
    Cond,
    /// A document that decides was not read, or cannot be.
    Unk,
    /// By a statement, or for want of one.
    Deny,
}

impl Verdict {
    /// The word of protocols.md section 7.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Cond => "cond",
            Verdict::Unk => "unk",
            Verdict::Deny => "deny",
        }
    }

    /// What a decision comes to: one that no request can settle without a further document is unknown.
    pub fn of(answer: &Answer) -> Verdict {
        match answer.decision {
            Decision::Allowed => Verdict::Allow,
            Decision::ExplicitDeny | Decision::ImplicitDeny => Verdict::Deny,
            Decision::Error => Verdict::Unk,
            Decision::Depends if by_request(&answer.residual) => Verdict::Cond,
            Decision::Depends => Verdict::Unk,
        }
    }

    /// Access exists, or may.
    pub fn is_open(self) -> bool {
        self != Verdict::Deny
    }
}

/// Whether keys of the request alone can make the formula hold.
fn by_request(residual: &Residual) -> bool {
    match residual {
        Residual::Yes => true,
        Residual::No => false,
        Residual::Atom(atom) => !matches!(atom.test, Test::Open(_) | Test::Broken(_)),
        Residual::All(parts) => parts.iter().all(by_request),
        Residual::Any(parts) => parts.iter().any(by_request),
    }
}

/// Every open question of a formula in words, each once, in its order: `StringEquals aws:SourceVpce vpce-1`, with
/// `unless` in front of what must not hold.
pub fn conditions(residual: &Residual) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for atom in residual.atoms() {
        let text = match &atom.test {
            Test::Condition(condition) => {
                let values: Vec<&str> = condition.values.iter().map(|it| it.as_str()).collect();
                format!("{} {} {}", condition.written, condition.key, values.join(" or "))
            }
            Test::Resource { pattern, .. } => format!("the resource fits {}", pattern.as_str()),
            Test::Open(what) => format!("not known: {what}"),
            Test::Broken(what) => format!("not readable: {what}"),
            Test::Complex { keys } => {
                let keys: Vec<&str> = keys.iter().map(|it| it.as_str()).collect();
                format!("a complex condition on {}", keys.join(", "))
            }
        };
        let asks = matches!(atom.test, Test::Condition(_) | Test::Resource { .. } | Test::Complex { .. });
        let text = if atom.negate && asks { format!("unless {text}") } else { text };
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}
