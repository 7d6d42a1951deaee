//! What a bug does: the terminal comes back first, then one message, a report in a file, and exit code 5.
//!
//! A panic in a background job is contained: it is logged and becomes a message of that job. Anywhere else it ends
//! the program, since the state it leaves behind cannot be trusted.

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use jiff::Timestamp;

use super::{save, terminal};

/// Exit code of a bug.
pub const EXIT_CODE: u8 = 5;

/// Threads of this name run jobs; their panics are contained.
pub const JOB_THREAD: &str = "rolewalk-job";

/// The report of the last contained panic. Not kept by thread: parallel work panics in one and is caught in another.
static LAST_REPORT: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Takes the file with the details of the last contained panic, if it could be written.
pub fn last_report() -> Option<PathBuf> {
    LAST_REPORT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Installs the hook; later calls do nothing. Call first in `main`, from the main thread.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let main = thread::current().id();
        panic::set_hook(Box::new(move |info| hook(info, main)));
    });
}

fn hook(info: &PanicHookInfo<'_>, main: ThreadId) {
    let thread = thread::current();
    let bug = Bug {
        message: text_of(info.payload()),
        location: info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
        thread: thread.name().unwrap_or("unnamed").to_owned(),
    };
    let contained = bug.thread.starts_with(JOB_THREAD);
    if !contained {
        terminal::restore();
    }
    let report = directory().and_then(|directory| bug.report(&directory, &Backtrace::force_capture()));
    if contained {
        tracing::error!("a background job panicked: {} at {}", bug.message, bug.location);
        *LAST_REPORT.lock().unwrap_or_else(PoisonError::into_inner) = report.ok();
        return;
    }
    // Not through `stderr()`: another thread may hold its lock for ever.
    let _ = rustix::io::write(rustix::stdio::stderr(), bug.last_words(&report).as_bytes());
    if thread.id() != main {
        // The main thread knows nothing of this and would go on.
        std::process::exit(i32::from(EXIT_CODE));
    }
}

/// The text of a caught panic.
pub fn text_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}

struct Bug {
    message: String,
    location: String,
    thread: String,
}

impl Bug {
    fn last_words(&self, report: &io::Result<PathBuf>) -> String {
        let Bug { message, location, .. } = self;
        let message = crate::base::text::clean(message);
        match report {
            Ok(file) => {
                let file = file.display();
                format!(
                    "rolewalk stopped because of a bug: {message} at {location}. Report: {file}, nothing was sent.\n"
                )
            }
            Err(error) => format!(
                "rolewalk stopped because of a bug: {message} at {location}. Report: none could be written ({error}), \
                 nothing was sent.\n"
            ),
        }
    }

    /// Writes the report, readable by its owner alone. It holds versions, the message and the call stack: nothing of
    /// the estate.
    fn report(&self, directory: &Path, stack: &Backtrace) -> io::Result<PathBuf> {
        let now = Timestamp::now();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "rolewalk {} on {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        let _ = writeln!(text, "time     {now:.0}");
        let _ = writeln!(text, "thread   {}", self.thread);
        let _ = writeln!(text, "message  {}", self.message);
        let _ = writeln!(text, "at       {}", self.location);
        let _ = writeln!(text, "\n{stack}");
        let name = format!("bug-{}-{}.txt", now.strftime("%Y%m%dT%H%M%S%3fZ"), std::process::id());
        let file = directory.join(name);
        save::make_directory(directory)?;
        save::write(&file, text.as_bytes(), save::Existing::Replace)?;
        Ok(file)
    }
}

/// Where reports and the log are kept: `$XDG_STATE_HOME/rolewalk`, by default `~/.local/state/rolewalk`.
///
/// # Errors
/// There is no home directory.
pub fn directory() -> io::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|_| io::Error::other("no home directory"))?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("rolewalk"))
}

/// Runs `body`; a panic in it, which the hook has reported by then, becomes the exit code of a bug.
pub fn guard(body: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::catch_unwind(panic::AssertUnwindSafe(body)).unwrap_or_else(|_| EXIT_CODE.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn bug() -> Bug {
        Bug {
            message: "index 3 is out of bounds\u{1b}[2J".into(),
            location: "src/graph.rs:12:3".into(),
            thread: "main".into(),
        }
    }

    #[test]
    fn the_report_is_for_its_owner_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("rolewalk");
        let file = bug().report(&inner, &Backtrace::force_capture()).expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&inner)), (0o600, 0o700));
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("src/graph.rs:12:3"));
    }

    #[test]
    fn the_message_names_the_report_and_says_that_nothing_was_sent() {
        let words = bug().last_words(&Ok("/state/bug.txt".into()));
        assert!(words.starts_with(
            "rolewalk stopped because of a bug: index 3 is out of bounds\\u{1b}[2J at src/graph.rs:12:3."
        ));
        assert!(words.ends_with("Report: /state/bug.txt, nothing was sent.\n"));
        let words = bug().last_words(&Err(io::Error::other("no home directory")));
        assert!(words.contains("no home directory"));
    }

    #[test]
    fn the_text_of_a_panic_is_found_in_both_forms() {
        assert_eq!(text_of(&"plain"), "plain");
        assert_eq!(text_of(&"made".to_owned()), "made");
        assert_eq!(text_of(&3), "a panic without a text");
    }
}
