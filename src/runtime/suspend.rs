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
    let (Ok(session), group) = (process::getsid(None), process::getpgrp()) else { return false };
    let mut parent = process::getppid();
    while let Some(pid) = parent {
        if process::getsid(Some(pid)) != Ok(session) {
            return false;
        }
        if process::getpgid(Some(pid)) != Ok(group) {
            return true;
        }
        parent = parent_of(pid);
    }
    false
}

/// The parent of another process. Known on Linux; elsewhere a parent of the same group ends the search.
fn parent_of(pid: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_of_this_process_is_found_both_ways() {
        if cfg!(target_os = "linux") {
            assert_eq!(parent_of(process::getpid()), process::getppid());
        }
    }
}
