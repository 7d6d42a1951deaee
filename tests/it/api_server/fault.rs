//! What can go wrong with one answer, on purpose.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::http::{Request, Writer};
use super::{State, page};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error with the message that the API server has for it.
    Status(u16),
    /// 403 for all namespaces at once; single ones may be read, but for these.
    DeniedAcross(Vec<String>),
    /// 429 with `Retry-After: 0`.
    Busy,
    /// No answer until the connection ends.
    Silence,
    /// The connection ends before anything was said.
    Reset,
    /// The connection ends in the middle of the body.
    Cut,
    /// A whole body, but JSON that breaks off.
    Torn,
    /// A page of a proxy.
    Html,
    /// 410 for a page after the first.
    GoneLater,
    /// An error for pages after the first.
    StatusLater(u16),
    /// An error for watches.
    StatusOfWatch(u16),
    /// The body comes in pieces of a few bytes.
    Dribble,
}

impl Fault {
    /// Whether it has anything to do with this request.
    pub fn concerns(&self, request: &Request) -> bool {
        let watching = request.parameter("watch").is_some();
        match self {
            Fault::DeniedAcross(denied) => {
                let namespace = request.path.split("/namespaces/").nth(1).and_then(|rest| rest.split('/').next());
                namespace.is_none_or(|it| denied.iter().any(|denied| denied == it))
            }
            Fault::GoneLater | Fault::StatusLater(_) => request.parameter("continue").is_some_and(|it| !it.is_empty()),
            Fault::StatusOfWatch(_) => watching,
            Fault::Status(_) => true,
            _ => !watching,
        }
    }
}

pub fn play(fault: &Fault, state: &State, request: &Request, plural: &str, writer: &mut Writer) -> io::Result<()> {
    let status = |writer: &mut Writer, code: u16| {
        let message = match code {
            401 => "Unauthorized".to_owned(),
            403 => format!("{plural} is forbidden: User \"test\" cannot list resource \"{plural}\""),
            404 => "the server could not find the requested resource".to_owned(),
            410 => "The provided continue parameter is too old".to_owned(),
            _ => "an error on the server".to_owned(),
        };
        writer.status(code, &message)
    };
    let body = || page(state, request).unwrap_or_default();
    match fault {
        Fault::Status(code) | Fault::StatusLater(code) | Fault::StatusOfWatch(code) => status(writer, *code),
        Fault::DeniedAcross(_) => status(writer, 403),
        Fault::GoneLater => status(writer, 410),
        Fault::Busy => writer.answer(429, "Retry-After: 0\r\n", b"{}"),
        Fault::Silence => {
            let mut inner = state.lock();
            // Healing lets those go that wait here.
            while !state.over.load(Ordering::SeqCst) && !inner.faults.is_empty() {
                inner = state.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
            drop(inner);
            writer.hang_up()
        }
        Fault::Reset => writer.hang_up(),
        Fault::Cut => {
            let body = body();
            writer.torn(body.len(), &body[..body.len() / 2])
        }
        Fault::Torn => {
            let body = body();
            writer.body(200, &body[..body.len() * 2 / 3])
        }
        Fault::Html => writer.body(200, b"<!doctype html><html><body>Please log in</body></html>"),
        Fault::Dribble => {
            writer.begin_stream()?;
            for piece in body().chunks(97) {
                writer.piece(piece)?;
            }
            writer.end_stream()
        }
    }
}
