//! Runs messages and carries out effects on the spot, in one thread, so that nothing is ever waited for.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::app::diff::{Base, Stored, Wish};
use crate::app::opening::{Openable, Opened, Opening};
use crate::app::{App, Code, Copied, DataOrigin, Effect, Key, Layout, Msg, Settings};
use crate::findings::acceptance;
use crate::ingest::files::Files;
use crate::ingest::{Options, Snapshot, demo};
use crate::model::Inventory;
use crate::ui;

fn load(directory: &Path) -> Inventory {
    let snapshot = Snapshot::open(Files::Disk(directory.to_owned()), Options::default());
    snapshot.expect("the directory can be listed").load()
}

/// Read once for all tests; a clone shares everything.
fn demo_inventory() -> Inventory {
    static DEMO: OnceLock<Inventory> = OnceLock::new();
    DEMO.get_or_init(|| load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo"))).clone()
}

/// The program with a made-up terminal.
pub struct Harness {
    pub app: App,
    files: Option<Files>,
    /// Saved snapshots by name, as the Diff screen finds them; the first is its usual base.
    pub earlier: Vec<(String, Inventory)>,
    /// Effects that leave the program, in words: `quit`, `copy …`, `save FILE`.
    pub outside: Vec<String>,
    cursor: Option<(u16, u16)>,
    /// The file of accepted findings.
    pub accepted: String,
    /// Contexts of the kubeconfig.
    pub contexts: Vec<String>,
}

impl Harness {
    /// The demo world of the repository.
    pub fn demo() -> Harness {
        Harness::demo_with(Settings::default())
    }

    /// The demo world with other options; the origin of the data is the demo.
    pub fn demo_with(settings: Settings) -> Harness {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo");
        let settings = Settings { origin: DataOrigin::Demo, command: "rolewalk --demo".into(), ..settings };
        let mut harness = Harness::with(demo_inventory(), settings);
        harness.files = Some(Files::Disk(directory));
        static EARLIER: OnceLock<Inventory> = OnceLock::new();
        let earlier = EARLIER.get_or_init(|| {
            let snapshot = Snapshot::open(demo::earlier(), Options::default());
            snapshot.expect("it is built in").load()
        });
        harness.earlier.push(("demo-earlier".to_owned(), earlier.clone()));
        harness
    }

    /// A directory of dumps, loaded whole.
    pub fn open(directory: PathBuf, settings: Settings) -> Harness {
        let mut harness = Harness::with(load(&directory), settings);
        harness.files = Some(Files::Disk(directory));
        harness
    }

    /// An inventory made in a test.
    pub fn with(inventory: Inventory, settings: Settings) -> Harness {
        let mut harness = Harness::empty(settings);
        harness.send(Msg::Inventory { inventory, finished: true });
        harness
    }

    /// Before anything was read.
    pub fn empty(settings: Settings) -> Harness {
        let mut harness = Harness {
            app: App::new(settings),
            files: None,
            earlier: Vec::new(),
            outside: Vec::new(),
            cursor: None,
            accepted: String::new(),
            contexts: vec!["prod".to_owned(), "staging".to_owned()],
        };
        harness.draw(harness.app.size);
        harness
    }

    /// Takes a message in and everything that follows from it.
    pub fn send(&mut self, msg: Msg) {
        let mut waiting = VecDeque::from([msg]);
        while let Some(msg) = waiting.pop_front() {
            for effect in self.app.update(msg) {
                waiting.extend(self.carry_out(effect));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Msg> {
        match effect {
            Effect::Work(work) => return work.run(&AtomicBool::new(false)),
            Effect::ReadRaw { key, origin } => {
                let text = self.raw(&origin).ok_or_else(|| String::from("there are no files"));
                return Some(Msg::Raw { key, text });
            }
            Effect::ReadBase { wish, .. } => {
                let read = self.read_base(&wish).map(|it| it.map(Arc::new));
                return Some(Msg::Base { wish, read });
            }
            Effect::ListSnapshots { .. } => {
                let stored = self.earlier.iter().map(|it| Stored {
                    name: it.0.clone(),
                    note: it.1.now.map_or_else(String::new, |now| now.strftime("%Y-%m-%d %H:%M UTC").to_string()),
                });
                return Some(Msg::Snapshots(stored.collect()));
            }
            Effect::ListOpenable => return Some(Msg::Openable(self.openable())),
            Effect::Open(opening) => return Some(Msg::Opened(self.look(opening))),
            Effect::Turn(opening) => {
                self.outside.push(format!("read {opening:?}"));
                return Some(self.turn(&opening));
            }
            Effect::Copy(text) => {
                self.outside.push(format!("copy {text}"));
                return Some(Msg::Copied(Ok(Copied { way: "the test", length: text.chars().count() })));
            }
            Effect::Save { file, text } => {
                self.outside.push(format!("save {file} ({} lines)", text.lines().count()));
                return Some(Msg::Saved(Ok(file)));
            }
            Effect::ReadAccepted { .. } => {
                let rows = acceptance::read(&self.accepted).map_err(|error| error.to_string());
                return Some(Msg::Accepted { change: None, rows });
            }
            Effect::ChangeAccepted { file, change } => {
                let changed = acceptance::change(&self.accepted, &change).map_err(|error| error.to_string());
                let rows = changed.and_then(|text| {
                    self.accepted = text;
                    acceptance::read(&self.accepted).map_err(|error| error.to_string())
                });
                self.outside.push(format!("write {file}: {}", self.accepted.replace('\n', " | ")));
                return Some(Msg::Accepted { change: Some(Box::new(change)), rows });
            }
            Effect::Quit => self.outside.push("quit".into()),
            Effect::Suspend => self.outside.push("suspend".into()),
            Effect::Redraw => self.outside.push("redraw".into()),
            Effect::Reload => self.outside.push("reload".into()),
            Effect::Mouse(on) => self.outside.push(format!("mouse {on}")),
            Effect::Discard(_) => {}
        }
        None
    }

    fn openable(&self) -> Openable {
        let note =
            |it: &Inventory| it.now.map_or_else(String::new, |now| now.strftime("%Y-%m-%d %H:%M UTC").to_string());
        let stored = |it: &(String, Inventory)| Stored { name: it.0.clone(), note: note(&it.1) };
        Openable { snapshots: self.earlier.iter().map(stored).collect(), contexts: self.contexts.clone() }
    }

    fn look(&self, opening: Opening) -> Result<Opened, String> {
        let known = |is: bool, name: &str| if is { Ok(()) } else { Err(format!("there is no `{name}`")) };
        let (origin, command) = match &opening {
            Opening::Demo => (DataOrigin::Demo, "rolewalk --demo".to_owned()),
            Opening::File(name) => {
                known(self.earlier.iter().any(|it| it.0 == *name), name)?;
                (DataOrigin::Snapshot(name.clone()), format!("rolewalk --snapshot {name}"))
            }
            Opening::Context(name) => {
                known(self.contexts.contains(name), name)?;
                (DataOrigin::Live, format!("rolewalk --context {name}"))
            }
        };
        Ok(Opened { opening, origin, command })
    }

    /// A context of a test holds nothing.
    fn turn(&self, opening: &Opening) -> Msg {
        let inventory = match opening {
            Opening::Demo => demo_inventory(),
            Opening::File(name) => self.earlier.iter().find(|it| it.0 == *name).expect("it was looked for").1.clone(),
            Opening::Context(_) => return Msg::LoadFailed("no connection to the API server".to_owned()),
        };
        Msg::Inventory { inventory, finished: true }
    }

    fn read_base(&self, wish: &Wish) -> Result<Option<Base>, String> {
        let found = match wish {
            Wish::Usual => self.earlier.first(),
            Wish::Named(name) => {
                let found = self.earlier.iter().find(|it| it.0 == *name);
                Some(found.ok_or_else(|| format!("there is no `{name}`"))?)
            }
        };
        Ok(found.map(|(name, inventory)| Base::new(name, inventory.clone())))
    }

    fn raw(&self, origin: &crate::model::facts::meta::Origin) -> Option<String> {
        let mut text = Vec::new();
        self.files.as_ref()?.open(&origin.file).ok()?.read_to_end(&mut text).ok()?;
        let start = usize::try_from(origin.offset).ok()?;
        let piece = text.get(start..start + origin.length as usize)?;
        Some(String::from_utf8_lossy(piece).into_owned())
    }

    pub fn key(&mut self, key: Key) {
        self.send(Msg::Key(key));
    }

    pub fn type_text(&mut self, text: &str) {
        text.chars().for_each(|character| self.key(Key::char(character)));
    }

    /// Runs a script: steps separated by commas, each a key (`j`, `enter`, `ctrl-d`), `type TEXT`, or a command with its
    /// argument (`filter cart`), which is typed on the command line. A frame is drawn after each step, as in a terminal.
    pub fn run(&mut self, script: &str) {
        for step in script.split(',').map(str::trim).filter(|step| !step.is_empty()) {
            match (Key::parse(step), step.split_once(' ')) {
                (Some(key), _) => self.key(key),
                (None, Some(("type", text))) => self.type_text(text),
                (None, _) => {
                    self.key(Key::char(':'));
                    self.type_text(step);
                    self.key(Key::new(Code::Enter));
                }
            }
            self.draw(self.app.size);
        }
    }

    /// Draws a frame and tells the app where things ended up.
    pub fn draw(&mut self, size: (u16, u16)) -> Buffer {
        if self.app.size != size {
            self.send(Msg::Resize { width: size.0, height: size.1 });
        }
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("memory does not fail");
        let mut layout = Layout::default();
        let frame = terminal.draw(|frame| layout = ui::draw(frame, &self.app)).expect("memory does not fail");
        let buffer = frame.buffer.clone();
        self.cursor = terminal.get_cursor_position().ok().map(|position| (position.x, position.y));
        self.send(Msg::Drawn(layout));
        buffer
    }

    /// Where the cursor of the terminal stood in the last frame.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        self.cursor
    }
}
