//! Signals from outside: the ones that end the program, and those that stop and continue it.

use std::io;
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Incoming, SignalKind, signal};

use super::terminal;

/// How long the screens may take to end before they are ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// End, with the number of the signal.
    End(i32),
    /// Leave the terminal and stop.
    Stop,
    /// Going on after a stop: another program may have changed the terminal meanwhile.
    Continue,
}

/// The signals that the program listens to.
#[derive(Debug)]
pub struct Signals {
    ending: Ending,
    stop: Incoming,
    resume: Incoming,
}

#[derive(Debug)]
struct Ending {
    terminate: Incoming,
    hang_up: Incoming,
    interrupt: Incoming,
}

impl Ending {
    fn new() -> io::Result<Ending> {
        Ok(Ending {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => Signal::TERM.as_raw(),
            _ = self.hang_up.recv() => Signal::HUP.as_raw(),
            _ = self.interrupt.recv() => Signal::INT.as_raw(),
        }
    }
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// The system refused.
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            ending: Ending::new()?,
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resume: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// The next wish.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            number = self.ending.next() => Wish::End(number),
            _ = self.stop.recv() => Wish::Stop,
            _ = self.resume.recv() => Wish::Continue,
        }
    }
}

/// Ends the process by force, with the terminal restored, when a signal asks for the end and the UI thread does not hear.
///
/// # Errors
/// The system refused.
pub async fn insist() -> io::Result<()> {
    let number = Ending::new()?.next().await;
    tokio::time::sleep(PATIENCE).await;
    terminal::restore();
    std::process::exit(exit_code(number).into());
}

/// The exit code that shells give to a process that a signal ended.
pub fn exit_code(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
