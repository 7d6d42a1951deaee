//! AccessDenied messages: who called, what, on what, and what the session's name tells (R43).

use std::sync::LazyLock;

use regex::Regex;

use crate::identity::Source;

/// What a message says. Parts that it does not name are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denied {
    /// ARN of the caller as written.
    pub principal: String,
    pub action: String,
    /// ARN, or empty when the message names none.
    pub resource: String,
    /// The message's own reason, such as `no identity-based policy allows`.
    pub reason: String,
    /// The message carries an encoded part that only `sts decode-authorization-message` reads.
    pub encoded: bool,
}

/// How the caller came by its session, by the name of the session (R43).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// An instance id: the node role, through instance metadata.
    Node { instance: String },
    /// `eks-CLUSTER-POD-UUID` (expected form).
    PodIdentity { rest: String },
    /// Anything else an SDK makes up.
    WebIdentity,
}

impl SessionKind {
    pub fn of(session: &str) -> SessionKind {
        let instance = session
            .strip_prefix("i-")
            .is_some_and(|id| matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if instance {
            return SessionKind::Node { instance: session.to_owned() };
        }
        match session.strip_prefix("eks-") {
            Some(rest) => SessionKind::PodIdentity { rest: rest.to_owned() },
            None => SessionKind::WebIdentity,
        }
    }

    pub fn source(&self) -> Source {
        match self {
            SessionKind::Node { .. } => Source::NodeRole,
            SessionKind::PodIdentity { .. } => Source::PodIdentity,
            SessionKind::WebIdentity => Source::Irsa,
        }
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is written here")
}

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:User: ?|principal: ?)?["'`]?(arn:[a-z-]+:(?:sts|iam)::\d{12}:[^\s"'`]+?)["'`]? is not authorized to perform:? ["'`]?([A-Za-z0-9-]+:[A-Za-z0-9*]+)["'`]?(?: on (?:the )?resource(?: associated with this ciphertext)?:? ?["'`]?(arn:[^\s"'`,]+|\*)?)?"#,
    )
});
static WEB_IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[Nn]ot authorized to perform:? (sts:AssumeRole[A-Za-z]*)"));
static REASON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:because |with )((?:no [a-z -]+(?:policy|policies|boundary) allows?[^.\n]*?action)|(?:an )?explicit deny in an? [a-z -]+)",
    )
});
static ENCODED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)encoded authorization failure message"));

/// Finds an AccessDenied message in a text of any length. `None` when there is none.
pub fn parse(text: &str) -> Option<Denied> {
    let reason = REASON.captures(text).map_or_else(String::new, |found| found[1].to_owned());
    let encoded = ENCODED.is_match(text);
    if let Some(found) = CALL.captures(text) {
        let resource = found.get(3).map_or("", |it| it.as_str()).trim_end_matches(['.', ')']);
        return Some(Denied {
            principal: found[1].to_owned(),
            action: found[2].to_owned(),
            resource: if resource == "*" { String::new() } else { resource.to_owned() },
            reason,
            encoded,
        });
    }
    let found = WEB_IDENTITY.captures(text)?;
    Some(Denied { action: found[1].to_owned(), reason, encoded, ..Denied::default() })
}

impl Denied {
    /// Name of the session, for callers that are sessions of a role.
    pub fn session(&self) -> Option<&str> {
        let (_, rest) = self.principal.split_once(":assumed-role/")?;
        rest.split_once('/').map(|(_, session)| session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/payments-api-role/eks-prod-eu1-payments-a-1b2c";

    #[test]
    fn every_current_wording_is_read() {
        for (text, resource, reason) in [
            (
                format!(
                    "An error occurred (AccessDenied) when calling the GetObject operation: User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::acme/k\" because no identity-based policy allows the s3:GetObject action"
                ),
                "arn:aws:s3:::acme/k",
                "no identity-based policy allows the s3:GetObject action",
            ),
            (
                format!(
                    "api error AccessDenied: User: {ROLE} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::acme/k with an explicit deny in a service control policy"
                ),
                "arn:aws:s3:::acme/k",
                "an explicit deny in a service control policy",
            ),
            (format!("{ROLE} is not authorized to perform: s3:GetObject"), "", ""),
            (
                format!(
                    "You are not authorized to perform this operation. User: {ROLE} is not authorized to perform: s3:GetObject on resource: * because no permissions boundary allows the s3:GetObject action. Encoded authorization failure message: AbC"
                ),
                "",
                "no permissions boundary allows the s3:GetObject action",
            ),
        ] {
            let denied = parse(&text).expect(&text);
            assert_eq!((denied.principal.as_str(), denied.action.as_str()), (ROLE, "s3:GetObject"), "{text}");
            assert_eq!((denied.resource.as_str(), denied.reason.as_str()), (resource, reason), "{text}");
            assert_eq!(denied.encoded, text.contains("Encoded"));
        }
        let refused = parse("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity").expect("is one");
        assert_eq!((refused.principal.as_str(), refused.action.as_str()), ("", "sts:AssumeRoleWithWebIdentity"));
        assert_eq!(parse("connection refused"), None);
    }

    #[test]
    fn the_name_of_a_session_tells_where_it_comes_from() {
        assert_eq!(SessionKind::of("i-0123456789abcdef0").source(), Source::NodeRole);
        assert_eq!(SessionKind::of("eks-prod-api-7d9-x2lqk-uuid").source(), Source::PodIdentity);
        assert_eq!(SessionKind::of("botocore-session-1700000000").source(), Source::Irsa);
    }
}
