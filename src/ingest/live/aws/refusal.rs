//! Why a call gave nothing, in words a person can act on.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::base::text::clean;
use crate::model::call::Call;
use crate::model::coverage::Status;

use super::session::Login;
use super::whole::OddAnswer;

/// What went wrong, as far as it matters for what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A policy does not allow the call.
    Denied,
    /// There are no credentials, they have expired, or AWS does not know them. No other call will fare better.
    Credentials,
    /// Asked too often, repetitions included.
    Throttled,
    /// Nothing answered in time, or the connection broke.
    Unreachable,
    /// What was asked for is not there.
    NotFound,
    /// The answer is not what the service sends.
    NotUnderstood,
    /// The account is in no organisation.
    NoOrganization,
    Other,
}

#[derive(Clone, Debug)]
pub struct Refusal {
    pub cause: Cause,
    /// Lower case, no final period.
    text: String,
    /// The action that AWS names as not allowed.
    action: Option<String>,
    /// Code and request id, for the log.
    detail: String,
}

/// Characters of a message of AWS that are kept.
const MESSAGE: usize = 240;

impl Refusal {
    pub fn new(cause: Cause, text: impl Into<String>) -> Refusal {
        Refusal { cause, text: text.into(), action: None, detail: String::new() }
    }

    /// Reads an error of a client. `login` says how its credentials were come by.
    pub fn of<E>(error: &SdkError<E, HttpResponse>, login: &Login) -> Refusal
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(credentials) = chain(error).find_map(|it| it.downcast_ref::<CredentialsError>()) {
            return login.refused(credentials);
        }
        if let Some(odd) = chain(error).find_map(|it| it.downcast_ref::<OddAnswer>()) {
            return Refusal::new(Cause::NotUnderstood, odd.to_string());
        }
        let request = error.raw_response().and_then(|response| response.request_id()).unwrap_or_default();
        let refusal = match error {
            SdkError::TimeoutError(_) => Refusal::new(Cause::Unreachable, "no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Refusal::new(Cause::Unreachable, "no answer in time")
            }
            SdkError::DispatchFailure(failure) if !failure.is_user() => {
                Refusal::new(Cause::Unreachable, format!("the connection failed: {}", root(error)))
            }
            SdkError::ResponseError(_) => {
                Refusal::new(Cause::Unreachable, format!("the answer broke off: {}", root(error)))
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                of_service(service.err(), status, login)
            }
            other => Refusal::new(Cause::Other, format!("the call could not be made: {}", root(other))),
        };
        let code = error.code().unwrap_or("no code");
        Refusal { detail: format!("{code}, request {request}: {}", refusal.text), ..refusal }
    }

    pub fn status(&self) -> Status {
        match self.cause {
            Cause::Denied => Status::Denied,
            Cause::Credentials
            | Cause::Throttled
            | Cause::Unreachable
            | Cause::NotFound
            | Cause::NotUnderstood
            | Cause::NoOrganization
            | Cause::Other => Status::Missing,
        }
    }

    /// One sentence, lower case, no final period.
    pub fn why(&self) -> String {
        self.text.clone()
    }

    /// The permission that would have helped: the one AWS named, else that of the call.
    pub fn permission(&self, call: Call) -> String {
        self.action.clone().unwrap_or_else(|| call.action())
    }

    /// For the log.
    pub fn detail(&self) -> &str {
        if self.detail.is_empty() { &self.text } else { &self.detail }
    }
}

fn of_service<E: ProvideErrorMetadata>(error: &E, status: u16, login: &Login) -> Refusal {
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default();
    // What follows is for machines, and long.
    let message = message.split("Encoded authorization failure message").next().unwrap_or_default();
    let said: String = clean(message.trim()).chars().take(MESSAGE).collect();
    let said = said.trim_end_matches(['.', ' ']);
    let with = |text: &str| if said.is_empty() { text.to_owned() } else { format!("{text}: {said}") };
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized"
        | "UnauthorizedException" => {
            let action = said.split("not authorized to perform: ").nth(1).and_then(|it| it.split_whitespace().next());
            let action = action.filter(|it| it.contains(':') && it.len() < 80).map(str::to_owned);
            Refusal { action, ..Refusal::new(Cause::Denied, with("access denied")) }
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Refusal::new(Cause::Credentials, login.expired())
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidToken"
        | "AuthFailure"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => {
            Refusal::new(Cause::Credentials, with(&format!("AWS does not accept the credentials of {login}")))
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestTimeTooSkewed" => Refusal::new(
            Cause::Credentials,
            with("AWS does not accept the signature; is the clock of this machine right, and the secret key whole?"),
        ),
        "AWSOrganizationsNotInUseException" => Refusal::new(Cause::NoOrganization, "the account is in no organisation"),
        "ResourceNotFoundException"
        | "NoSuchEntity"
        | "NotFoundException"
        | "TargetNotFoundException"
        | "ChildNotFoundException"
        | "PolicyNotFoundException" => Refusal::new(Cause::NotFound, with("not found")),
        _ if aws_runtime::retries::classifiers::THROTTLING_ERRORS.contains(&code) || status == 429 => {
            Refusal::new(Cause::Throttled, "AWS asks to slow down, and still did after several repetitions")
        }
        "" if status == 404 => Refusal::new(Cause::NotFound, "the service does not know this call (404)"),
        "" if status >= 400 => Refusal::new(Cause::Other, format!("the service answered with status {status}")),
        "" => Refusal::new(Cause::NotUnderstood, "the answer could not be read"),
        code => Refusal::new(Cause::Other, with(&format!("{code} ({status})"))),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |it: &&'a (dyn Error + 'static)| (**it).source())
}

/// The innermost cause: what wraps it says only where it was noticed.
pub fn root(error: &(dyn Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    let text: String = clean(text.trim()).chars().take(MESSAGE).collect();
    text.trim_end_matches('.').to_owned()
}
