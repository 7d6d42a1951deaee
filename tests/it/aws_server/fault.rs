//! What can go wrong with a call, in the form in which each service says it.

use super::http::{Asked, response};

#[derive(Clone, Debug)]
pub struct Fault {
    /// `iam:ListInstanceProfiles`, `eks:*` or `*`.
    pub call: String,
    /// Requests that are answered before.
    pub after: usize,
    /// Requests that fail.
    pub times: usize,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Denied,
    NotFound,
    Throttled,
    Error500,
    /// No answer at all.
    Silent,
    /// The connection ends in the middle of the answer.
    Cut,
    /// The answer ends in the middle, the connection is sound.
    Malformed,
    /// The page of a proxy.
    Html,
    Expired,
    NoOrganization,
    /// The clock of the server is an hour ahead, and it refuses what is not signed by it.
    Skewed,
}

impl Fault {
    pub fn always(call: &str, kind: Kind) -> Fault {
        Fault { call: call.to_owned(), after: 0, times: usize::MAX, kind }
    }

    pub fn times(call: &str, times: usize, kind: Kind) -> Fault {
        Fault { times, ..Fault::always(call, kind) }
    }

    pub fn after(self, after: usize) -> Fault {
        Fault { after, ..self }
    }

    pub fn meets(&self, call: &str, asked: &Asked) -> bool {
        let of_service = self.call.strip_suffix('*').is_some_and(|start| call.starts_with(start));
        let skewed = || asked.signed.duration_since(jiff::Timestamp::now()).as_secs() > 1800;
        (self.call == call || of_service) && self.times > 0 && !(self.kind == Kind::Skewed && skewed())
    }
}

impl Kind {
    /// The answer that says so.
    pub fn response(self, asked: &Asked) -> Vec<u8> {
        let service = asked.service.as_str();
        let action = format!("{service}:{}", asked.operation);
        let (status, code, message) = match (self, service) {
            (Kind::Html, _) => return response(200, "text/html", b"<!DOCTYPE html><html><body>Proxy</body></html>", 0),
            (Kind::Error500, _) => return response(500, "text/plain", b"oh", 0),
            (Kind::Denied, "ec2") => (403, "UnauthorizedOperation", denied(&action)),
            (Kind::Denied, "iam" | "sts") => (403, "AccessDenied", denied(&action)),
            (Kind::Denied, _) => (400, "AccessDeniedException", denied(&action)),
            (Kind::NotFound, _) => return response(404, "text/html", b"<html>404</html>", 0),
            (Kind::Throttled, "ec2") => (503, "RequestLimitExceeded", "Request limit exceeded.".to_owned()),
            (Kind::Throttled, "iam" | "sts") => (400, "Throttling", "Rate exceeded".to_owned()),
            (Kind::Throttled, _) => (429, "TooManyRequestsException", "Too many".to_owned()),
            (Kind::Expired, "ec2") => (400, "RequestExpired", "Request has expired.".to_owned()),
            (Kind::Expired, "iam" | "sts") => (403, "ExpiredToken", "The security token is expired".to_owned()),
            (Kind::Expired, _) => (400, "ExpiredTokenException", "The security token is expired".to_owned()),
            (Kind::Skewed, "iam" | "sts") => (403, "SignatureDoesNotMatch", "Signature expired".to_owned()),
            (Kind::Skewed, "ec2") => (403, "AuthFailure", "AWS was not able to validate".to_owned()),
            (Kind::Skewed, _) => (403, "InvalidSignatureException", "Signature expired".to_owned()),
            (Kind::NoOrganization, _) => (400, "AWSOrganizationsNotInUseException", "not a member".to_owned()),
            (Kind::Silent | Kind::Cut | Kind::Malformed, _) => unreachable!("made from a sound answer"),
        };
        let ahead = if self == Kind::Skewed { 3600 } else { 0 };
        refusal(service, status, code, &message, ahead)
    }
}

fn denied(action: &str) -> String {
    format!("User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: {action} on resource: *")
}

/// An error in the form of the service.
pub fn refusal(service: &str, status: u16, code: &str, message: &str, ahead: i64) -> Vec<u8> {
    let body = match service {
        "ec2" => format!(
            "<?xml version=\"1.0\"?><Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
        ),
        "iam" | "sts" => format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
        ),
        // EKS says the code in a header too; one of both is enough for a reader.
        _ => serde_json::json!({"__type": format!("com.amazonaws.{service}#{code}"), "message": message}).to_string(),
    };
    let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
    response(status, kind, body.as_bytes(), ahead)
}
