//! A terminal that a test holds: the program runs on one end, the test types and looks at the other.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, ChildKiller, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before the test fails; nothing waits this long when all is well.
const DEADLINE: Duration = Duration::from_secs(20);

/// What the program sends when nothing is left to do.
const IDLE: &[u8] = b"\x1b_rolewalk idle\x1b\\";

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_rolewalk");

/// A running program and the terminal it runs on.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    /// Kept open, so that the settings can be read after the program has ended.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Running,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Everything that was written.
    pub bytes: Vec<u8>,
    /// How much of it was waited for already.
    seen: usize,
    settings: String,
    state: tempfile::TempDir,
}

/// The directory that every test shows.
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo")
}

impl Terminal {
    /// Starts the program with these arguments on a terminal of 100x30.
    pub fn start(arguments: &[&str]) -> Terminal {
        Terminal::start_with((100, 30), &[], PROGRAM, arguments)
    }

    /// Starts the screens on the demo.
    pub fn screens() -> Terminal {
        Terminal::start(&["--snapshot", &demo().to_string_lossy()])
    }

    pub fn start_with(size: (u16, u16), variables: &[(&str, &str)], program: &str, arguments: &[&str]) -> Terminal {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a terminal");
        let settings = settings(&*pair.master);
        let state = tempfile::tempdir().expect("a directory");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", state.path());
        command.env("XDG_STATE_HOME", state.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("ROLEWALK_ANNOUNCE_IDLE", "1");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = Running::watch(pair.slave.spawn_command(command).expect("the program starts"));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            master: pair.master,
            slave: Some(pair.slave),
            writer: Some(writer),
            child,
            output,
            parser: vt100::Parser::new(size.1, size.0, 0),
            bytes: Vec::new(),
            seen: 0,
            settings,
            state,
        }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.seen = self.bytes.len();
        self.writer.as_mut().expect("still open").write_all(keys.as_bytes()).expect("typed");
    }

    /// Types, and waits until everything that follows from it is done.
    pub fn run(&mut self, keys: &str) {
        self.keys(keys);
        self.idle();
    }

    /// Waits until the program has drawn since the last wait and has nothing left to do.
    pub fn idle(&mut self) {
        self.wait("idle", |it| find(&it.bytes[it.seen..], IDLE).is_some());
        self.seen += find(&self.bytes[self.seen..], IDLE).expect("just found") + IDLE.len();
    }

    /// Waits until a text stands on the screen.
    pub fn text(&mut self, text: &str) {
        self.wait(text, |it| it.screen().contains(text));
    }

    /// Waits for what was written and for what it made of the screen.
    pub fn wait(&mut self, what: &str, done: impl Fn(&Terminal) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !done(self) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(why) => panic!("no `{what}`: {why}\n{}", self.screen()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    pub fn screen(&self) -> String {
        // Blanks at the end of a row count as written or not by what stood there before.
        let contents = self.parser.screen().contents();
        contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    pub fn emulator(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn resize(&mut self, size: (u16, u16)) {
        self.seen = self.bytes.len();
        self.parser.screen_mut().set_size(size.1, size.0);
        self.master.resize(pty_size(size)).expect("resized");
    }

    pub fn signal(&mut self, signal: Signal) {
        self.seen = self.bytes.len();
        let id = self.child.id;
        kill_process(id, signal).expect("sent");
    }

    /// Takes the terminal away, as closing its window does, and gives the exit code.
    pub fn close(self) -> u32 {
        let Terminal { master, slave, writer, mut child, output, .. } = self;
        // The reading thread ends, and with it the last handle on this end, at the first word that nobody takes.
        drop(output);
        let mut writer = writer.expect("still open");
        writer.write_all(b"j").expect("typed");
        drop((writer, slave, master));
        child.exit_code().expect("it ends")
    }

    /// Waits for the end of the program, checks that it left the terminal as it found it, and gives the exit code.
    pub fn end(&mut self) -> u32 {
        let code = match self.child.exit_code() {
            Ok(code) => code,
            Err(_) => {
                while let Ok(bytes) = self.output.try_recv() {
                    self.take(&bytes);
                }
                panic!("the program goes on\n{}", self.screen());
            }
        };
        let settings = settings(&*self.master);
        self.slave = None;
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the terminal stays open\n{}", self.screen()),
            }
        }
        assert_eq!(settings, self.settings, "the settings of the terminal");
        self.assert_whole();
        code
    }

    /// Nothing is left of the screens: what shells and other programs rely on is as before.
    pub fn assert_whole(&self) {
        assert_eq!(settings(&*self.master), self.settings, "the settings of the terminal");
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was not left");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "mouse reports are on");
        assert!(!screen.application_cursor() && !screen.application_keypad(), "keys are in application mode");
        assert_eq!((screen.fgcolor(), screen.bgcolor(), screen.inverse()), Default::default(), "colours are left over");
        let all = String::from_utf8_lossy(&self.bytes);
        assert_eq!(all.matches("\x1b[?1049h").count(), all.matches("\x1b[?1049l").count(), "left as often as entered");
        assert!(!all.contains("\x1b[>") && !all.contains("\x1b[="), "a keyboard protocol was asked for");
    }

    /// The screens have the terminal.
    pub fn assert_taken(&self) {
        let screen = self.parser.screen();
        // The cursor is not hidden: it stands on the selected row.
        assert!(screen.alternate_screen() && screen.bracketed_paste());
        assert_ne!(settings(&*self.master), self.settings, "raw mode is off");
    }

    /// The reports of bugs that the program has written.
    pub fn reports(&self) -> Vec<PathBuf> {
        let directory = self.state.path().join("rolewalk");
        std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }
}

/// The program, which does not outlive the test.
struct Running {
    id: Pid,
    killer: Box<dyn ChildKiller + Send + Sync>,
    ended: Receiver<u32>,
}

impl Running {
    fn watch(mut child: Box<dyn Child + Send + Sync>) -> Running {
        let id = child.process_id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).expect("it runs");
        let killer = child.clone_killer();
        let (sender, ended) = channel();
        std::thread::spawn(move || sender.send(child.wait().expect("it was started").exit_code()));
        Running { id, killer, ended }
    }

    fn exit_code(&mut self) -> Result<u32, RecvTimeoutError> {
        self.ended.recv_timeout(DEADLINE)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only after a failure is there anything left to end.
        if let Err(TryRecvError::Empty) = self.ended.try_recv() {
            let _ = self.killer.kill();
        }
    }
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("settings"))
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
