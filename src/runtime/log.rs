//! The log: the newest lines in memory for the screens, and a file if one is asked for. Never a secret.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::base::text::clean;

/// Lines that are kept in memory.
pub const KEPT: usize = 2_000;

static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

type Listener = Box<dyn Fn(String) + Send>;

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// Hands every line to `listener`, those that are kept already first. The listener must not log.
pub fn listen(listener: impl Fn(String) + Send + 'static) {
    let mut slot = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    lines().into_iter().for_each(&listener);
    *slot = Some(Box::new(listener));
}

/// Starts the log for the whole process; a second call changes nothing.
///
/// `level` holds for this program. Libraries are heard from warnings up only: at finer levels they print headers and
/// bodies of requests.
///
/// # Errors
/// The file cannot be opened.
pub fn start(level: LevelFilter, file: Option<&Path>) -> io::Result<()> {
    let file = file.map(open).transpose()?.map(|file| Arc::new(Mutex::new(file)));
    let wanted = Targets::new().with_default(LevelFilter::WARN.min(level)).with_target(env!("CARGO_PKG_NAME"), level);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(Sink { file });
    // Refused when a log runs already, which is then the one that stays.
    let _ = tracing_subscriber::registry().with(wanted).with(lines).try_init();
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The newest lines, oldest first; at most [`KEPT`].
pub fn lines() -> Vec<String> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

#[derive(Clone, Debug)]
struct Sink {
    file: Option<Arc<Mutex<File>>>,
}

/// One event on its way into the log; written when it is dropped.
struct Entry {
    text: Vec<u8>,
    file: Option<Arc<Mutex<File>>>,
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry { text: Vec::new(), file: self.file.clone() }
    }
}

impl Write for Entry {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let line = without_secrets(&clean(text.trim_end()));
        if let Some(file) = &self.file {
            // A full disk must not stop the program.
            let _ = writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
        }
        if let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
            listener(line.clone());
        }
        keep(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner), line);
    }
}

fn keep(lines: &mut VecDeque<String>, line: String) {
    if lines.len() == KEPT {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// The line with everything masked that looks like a credential. No code here logs one; this is for messages of
/// libraries and servers.
fn without_secrets(line: &str) -> String {
    static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            // Access keys of AWS, long-lived and temporary.
            r"(?:AKIA|ASIA)[A-Z0-9]{16}",
            // JSON web tokens: service accounts, OIDC.
            r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?",
            // Presigned EKS tokens.
            r"|k8s-aws-v1\.[A-Za-z0-9_-]+",
            r"|(?i:bearer|basic) +[A-Za-z0-9+/=._~-]{8,}",
            r#"|(?i:[a-z-]*(?:secret|password|passwd|session-?token|signature)[a-z_-]*)["']?(?:=|: ?)["']?[^\s"',;&]+"#,
        ))
        .expect("the pattern is fixed")
    });
    SECRETS.replace_all(line, "[masked]").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_masked() {
        for (line, masked) in [
            ("using AKIAIOSFODNN7EXAMPLE now", "using [masked] now"),
            ("token eyJhbGciOi.eyJpc3Mi.c2ln rest", "token [masked] rest"),
            ("sent Authorization: Bearer abcdefgh12345", "sent Authorization: [masked]"),
            ("aws_secret_access_key = no", "aws_secret_access_key = no"),
            ("secret_access_key=wJalrXUtnFEMI/K7MDENG x", "[masked] x"),
            ("GET /?X-Amz-Signature=00ff&X-Amz-Date=1", "GET /?[masked]&X-Amz-Date=1"),
            ("exec k8s-aws-v1.aHR0cHM6 ok", "exec [masked] ok"),
            ("read 12 secrets of prod", "read 12 secrets of prod"),
        ] {
            assert_eq!(without_secrets(line), masked);
        }
    }

    #[test]
    fn only_the_newest_lines_are_kept() {
        let mut lines = VecDeque::new();
        (0..KEPT + 2).for_each(|number| keep(&mut lines, number.to_string()));
        assert_eq!((lines.len(), lines.front().map(String::as_str)), (KEPT, Some("2")));
    }

    #[test]
    fn a_line_cannot_command_the_terminal() {
        let mut entry = Sink { file: None }.make_writer();
        entry.write_all(b"evil \x1b[2J name\n").expect("a buffer");
        drop(entry);
        assert!(lines().iter().any(|line| line == "evil \\u{1b}[2J name"));
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let file = open(&path).expect("opened");
        drop(Entry { text: b"one line".to_vec(), file: Some(Arc::new(Mutex::new(file))) });
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "one line\n");
        assert_eq!(std::fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
    }
}
