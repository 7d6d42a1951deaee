//! The terminal while the program owns it: taken over once, given back once, whatever happens.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering};

use crossterm::queue;
use crossterm::terminal as raw;
use crossterm::{cursor, event, style};
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

/// What was changed on the terminal and must be undone. Atomic, because a panic in any thread undoes it.
static TAKEN: AtomicU8 = AtomicU8::new(0);
const OURS: u8 = 1;
const MOUSE: u8 = 2;

/// Presses, releases and the wheel, with positions beyond column 223. Motion is left out: hovering would wake an idle screen.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// Shows a frame whole or not at all; terminals that do not know the mode ignore it.
const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// Two lines for a terminal that is none: what is missing, and which command answers without one.
///
/// `command` is what the program was called as, such as `rolewalk` or `kubectl rolewalk`.
pub fn no_terminal(command: &str) -> String {
    format!(
        "{command}: the screens need a terminal, and standard output or input is none\n\
         without one, use a headless command such as `{command} list identities`; `{command} --help` names them all\n"
    )
}

/// Whether screens can be shown: output goes to a terminal, and keys come from one (standard input may be a pipe
/// as long as the process has a controlling terminal).
pub fn available() -> bool {
    io::stdout().is_terminal() && (io::stdin().is_terminal() || File::open("/dev/tty").is_ok())
}

/// Width of the terminal, if there is one.
pub fn columns() -> Option<u16> {
    raw::size().ok().map(|(columns, _)| columns)
}

/// The terminal, ours until this value is dropped.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Output>>,
    /// The other end of what the terminal writes to.
    output: Output,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste, and the mouse if asked. Never keyboard
    /// protocol extensions.
    ///
    /// # Errors
    /// The terminal refused; what was changed until then is undone.
    pub fn enter(mouse: bool) -> io::Result<Screen> {
        // NO_COLOR is the theme's matter: crossterm would drop bold and reverse with the colours.
        style::force_color_output(true);
        take(mouse)?;
        let output = Output::default();
        match Terminal::new(CrosstermBackend::new(output.clone())) {
            Ok(terminal) => Ok(Screen { terminal, output, mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws one frame and writes what differs from the last one, in one piece.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.output.write_all(FRAME_BEGIN)?;
        self.terminal.draw(draw)?;
        self.output.write_all(FRAME_END)?;
        self.output.send()
    }

    /// Forgets what is on the terminal, so that the next frame is written whole.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`, which asks the terminal for the cursor and would wait for an answer that the event
        // stream takes.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Gives the terminal back for a while; [`Screen::resume`] takes it again.
    pub fn leave(&mut self) {
        restore();
    }

    /// Takes the terminal again, also when another program changed it while this one was stopped.
    ///
    /// # Errors
    /// The terminal refused.
    pub fn resume(&mut self) -> io::Result<()> {
        restore();
        take(self.mouse)?;
        self.clear()
    }

    /// Turns mouse reports on or off.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if TAKEN.load(Ordering::SeqCst) & OURS == 0 {
            return Ok(());
        }
        if on {
            TAKEN.fetch_or(MOUSE, Ordering::SeqCst);
        } else {
            TAKEN.fetch_and(!MOUSE, Ordering::SeqCst);
        }
        write_all(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Sends a sequence that draws nothing, such as a copy to the clipboard of the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn send(&mut self, sequence: &str) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) & OURS == 0 { Ok(()) } else { write_all(sequence.as_bytes()) }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    // Marked before the first change, so that a failure half way is undone too.
    TAKEN.store(if mouse { OURS | MOUSE } else { OURS }, Ordering::SeqCst);
    let taken = raw::enable_raw_mode().and_then(|()| write_all(&opening(mouse)));
    if taken.is_err() {
        restore();
    }
    taken
}

/// Gives the terminal back as it was found. The first caller does it, later calls do nothing; any thread may call,
/// also while it panics. Errors are not reported: a terminal that is gone needs no restoring.
pub fn restore() {
    let taken = TAKEN.swap(0, Ordering::SeqCst);
    if taken & OURS == 0 {
        return;
    }
    let _ = write_all(&closing(taken & MOUSE != 0));
    let _ = raw::disable_raw_mode();
}

fn opening(mouse: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = queue!(out, raw::EnterAlternateScreen, cursor::Hide, event::EnableBracketedPaste);
    if mouse {
        out.extend_from_slice(MOUSE_ON);
    }
    out
}

fn closing(mouse: bool) -> Vec<u8> {
    let mut out = FRAME_END.to_vec();
    if mouse {
        out.extend_from_slice(MOUSE_OFF);
    }
    let _ = queue!(out, event::DisableBracketedPaste, style::ResetColor, raw::LeaveAlternateScreen, cursor::Show);
    out
}

/// Past the lock and the buffer of `std::io::stdout`: a panicking thread must not wait for the one that draws.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), bytes)) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            // Some terminals and multiplexers leave the shared descriptor non-blocking.
            Err(rustix::io::Errno::AGAIN) => {
                let mut ready =
                    [rustix::event::PollFd::from_borrowed_fd(rustix::stdio::stdout(), rustix::event::PollFlags::OUT)];
                rustix::event::poll(&mut ready, None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Collects a frame and writes it with one call; what comes after the terminal was given back is dropped.
#[derive(Clone, Debug, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Output {
    fn send(&self) -> io::Result<()> {
        let mut pending = self.0.borrow_mut();
        let sent = if TAKEN.load(Ordering::SeqCst) & OURS == 0 { Ok(()) } else { write_all(&pending) };
        pending.clear();
        sent
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing yet: the frame is sent whole by [`Screen::draw`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_is_closed() {
        for mouse in [false, true] {
            let (opening, closing) = (opening(mouse), closing(mouse));
            let modes = |bytes: &[u8], end: char| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let mut modes: Vec<String> = text
                    .split("\x1b[?")
                    .filter_map(|part| {
                        part.strip_suffix(end)
                            .map(str::to_owned)
                            .or_else(|| part.split_once(end).map(|it| it.0.to_owned()))
                    })
                    .filter(|mode| {
                        mode.chars().all(|it| it.is_ascii_digit()) && mode != "25" && mode != "2026" && !mode.is_empty()
                    })
                    .collect();
                modes.sort();
                modes
            };
            assert_eq!(modes(&opening, 'h'), modes(&closing, 'l'));
            assert!(modes(&opening, 'h').contains(&"1049".to_owned()));
            assert!(String::from_utf8_lossy(&closing).ends_with("\x1b[?25h"));
        }
    }

    #[test]
    fn no_keyboard_protocol_is_asked_for() {
        let opening = String::from_utf8(opening(true)).expect("ASCII");
        assert!(!opening.contains('u') && !opening.contains(">4"));
    }

    #[test]
    fn without_a_terminal_there_are_two_lines_that_name_the_headless_command() {
        let text = no_terminal("rolewalk");
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("`rolewalk list identities`"));
    }

    #[test]
    fn nothing_is_written_after_the_terminal_was_given_back() {
        let mut output = Output::default();
        output.write_all(b"late").expect("a buffer");
        output.send().expect("dropped");
        assert!(output.0.borrow().is_empty());
    }
}
