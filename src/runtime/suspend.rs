//! Stopping the process for a while, as ctrl-z does everywhere, and only where a shell can bring it back.

use std::io;

use rustix::process::{self, Pid, Signal};

/// Whether the program can be stopped for a while.
///
/// # Errors
/// No shell would ever continue it (the group is orphaned, as in a container whose only process this is).
pub fn possible() -> io::Result<()> {
    if can_be_resumed() { Ok(()) } else { Err(io::Error::other("no shell here could bring the program back")) }
}

/// Stops the process group, so that wrappers around this program stop with it. Continues with SIGCONT.
///
/// # Errors
/// The system refused.
pub fn stop() -> io::Result<()> {
    Ok(process::kill_current_process_group(Signal::STOP)?)
}

/// Whether some process above this one, in the same session but in another group, does job control.
///
/// The kernel applies this rule to SIGTSTP by itself, but that signal is handled here, and SIGSTOP stops regardless.
fn can_be_resumed() -> bool {
    let Some(own) = Ties::of(process::getpid()) else { return false };
    let mut above = process::getppid();
    while let Some(ties) = above.and_then(Ties::of) {
        if ties.session != own.session {
            return false;
        }
        if ties.group != own.group {
            return true;
        }
        above = ties.parent;
    }
    false
}

/// What job control knows a process by.
#[derive(Debug, PartialEq, Eq)]
struct Ties {
    /// None where it is not known, or lies outside the container.
    parent: Option<Pid>,
    /// 0 for a leader outside the container, which `getpgid` and `getsid` of a Linux container say too.
    group: i32,
    session: i32,
}

impl Ties {
    #[cfg(target_os = "linux")]
    fn of(pid: Pid) -> Option<Ties> {
        Ties::parse(&std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    /// The parent is not asked for: without it a parent of the same group ends the search.
    #[cfg(not(target_os = "linux"))]
    fn of(pid: Pid) -> Option<Ties> {
        let group = process::getpgid(Some(pid)).ok()?.as_raw_nonzero().get();
        let session = process::getsid(Some(pid)).ok()?.as_raw_nonzero().get();
        Some(Ties { parent: None, group, session })
    }

    /// Reads `/proc/PID/stat`: `pid (name) state ppid pgrp session …`, where the name may hold anything.
    #[cfg(any(target_os = "linux", test))]
    fn parse(stat: &str) -> Option<Ties> {
        let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().skip(1).map(str::parse::<i32>);
        let mut next = || fields.next()?.ok();
        Some(Ties { parent: Pid::from_raw(next()?), group: next()?, session: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_of_this_process_is_found_both_ways() {
        if cfg!(target_os = "linux") {
            let ties = Ties::of(process::getpid()).expect("this process runs");
            assert_eq!((ties.parent, ties.group), (process::getppid(), process::getpgrp().as_raw_nonzero().get()));
        }
    }

    #[test]
    fn leaders_outside_the_container_are_read_as_they_are_written() {
        let ties = Ties::parse("7 (a b) c) S 0 0 0 34816 7");
        assert_eq!(ties, Some(Ties { parent: None, group: 0, session: 0 }));
    }

    #[test]
    fn a_text_of_another_form_says_nothing() {
        assert_eq!(Ties::parse("7 (sh) S 1"), None);
        assert_eq!(Ties::parse(""), None);
    }
}
