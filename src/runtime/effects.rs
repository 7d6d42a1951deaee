//! Carries out what the app asks for, beside the UI thread.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::diff::Wish;
use crate::app::opening::Opening;
use crate::app::{Copied, Effect, Lane, Msg, Work};
use crate::findings::acceptance::Change;
use crate::model::facts::meta::Origin;
use crate::model::{EntityKey, Inventory};

use super::accepted;
use super::base::Bases;
use super::clipboard::{Clipboard, Surroundings};
use super::jobs::{Jobs, Outbox, Said, Track};
use super::load::{self, Known, Reader, Show};
use super::save;
use super::shelf::{Shelf, Source};
use super::store::{self, Store};

/// How long the end of the program waits for a file that is being written.
const LAST_SAVE: Duration = Duration::from_secs(2);

/// What only the event loop can do, since the terminal is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTerminal {
    Quit,
    Suspend,
    Redraw,
    Mouse(bool),
}

/// The runner of effects.
pub struct Effects {
    jobs: Jobs,
    reader: Arc<dyn Reader>,
    /// Where every complete load is saved.
    keeps: Option<Store>,
    bases: Bases,
    shelf: Arc<Shelf>,
    clipboard: Arc<Mutex<Clipboard>>,
    loaded: bool,
    known: Arc<Known>,
    saves: Vec<JoinHandle<()>>,
}

impl Effects {
    pub fn new(jobs: Jobs, source: Source, shelf: Shelf) -> Effects {
        let Source { reader, keeps, bases } = source;
        let shelf = Arc::new(shelf);
        let surroundings = Surroundings::from_variables(|name| std::env::var_os(name));
        let clipboard = Arc::new(Mutex::new(Clipboard::new(surroundings)));
        let saves = Vec::new();
        Effects { jobs, reader, keeps, bases, shelf, clipboard, loaded: false, known: Arc::default(), saves }
    }

    /// No job runs, and no report of one waits.
    pub fn idle(&self) -> bool {
        self.jobs.in_flight() == 0
    }

    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Starts what was asked for, or hands back what concerns the terminal.
    pub fn carry_out(&mut self, effect: Effect) -> Option<OnTerminal> {
        match effect {
            Effect::Quit => return Some(OnTerminal::Quit),
            Effect::Suspend => return Some(OnTerminal::Suspend),
            Effect::Redraw => return Some(OnTerminal::Redraw),
            Effect::Mouse(on) => return Some(OnTerminal::Mouse(on)),
            Effect::Reload => self.load(),
            Effect::Open(opening) => self.open(opening),
            Effect::Turn(opening) => self.turn(&opening),
            Effect::ListOpenable => self.list_openable(),
            Effect::Work(work) => self.work(work),
            Effect::ReadRaw { key, origin } => self.read_raw(key, origin),
            Effect::ReadBase { wish, of } => self.read_base(wish, of),
            Effect::ListSnapshots { of } => self.list_snapshots(of),
            Effect::Copy(text) => self.copy(text),
            Effect::Save { file, text } => self.save(file, text),
            Effect::ReadAccepted { file } => self.accepted(file, None),
            Effect::ChangeAccepted { file, change } => self.accepted(file, Some(change)),
            Effect::Discard(garbage) => self.jobs.start("freeing memory", move |_| drop(garbage)),
        }
        None
    }

    /// Reads all sources, in place of a reading that may still run.
    pub fn load(&mut self) {
        let reader = Arc::clone(&self.reader);
        let show = if self.loaded { Show::Whole } else { Show::Growing };
        self.loaded = true;
        let known = Arc::clone(&self.known);
        self.jobs.replace(Track::Load, "reading the sources", move |outbox| load::load(&*reader, show, &known, outbox));
    }

    /// Saves a complete load, if loads are to be saved; only a failure is told.
    pub fn keep(&mut self, inventory: Box<Inventory>) {
        let Some(store) = self.keeps.clone().filter(|_| store::is_worth_saving(&inventory)) else { return };
        self.hold("saving a snapshot", move |outbox| match store.save_load(&inventory) {
            Ok(kept) => outbox.send(Msg::Log(format!("saved {}", kept.path.display()))),
            Err(error) => outbox.send(Msg::Saved(Err(error))),
        });
    }

    fn open(&self, opening: Opening) {
        let shelf = Arc::clone(&self.shelf);
        self.jobs.start("looking for other data", move |outbox| outbox.send(Msg::Opened(shelf.look(opening))));
    }

    /// Reads other data from now on; nothing that is known of the old goes into it.
    fn turn(&mut self, opening: &Opening) {
        let Source { reader, keeps, bases } = self.shelf.take(opening);
        (self.reader, self.keeps, self.bases) = (reader, keeps, bases);
        (self.loaded, self.known) = (false, Arc::default());
        self.load();
    }

    fn list_openable(&self) {
        let shelf = Arc::clone(&self.shelf);
        self.jobs.start("listing what can be opened", move |outbox| outbox.send(Msg::Openable(shelf.list())));
    }

    fn work(&mut self, work: Work) {
        let lane = work.lane();
        let name = match lane {
            Lane::Derive => "deriving the estate",
            Lane::Findings => "running the rules",
            Lane::List => "preparing the list",
            Lane::Access => "summing up a role",
            Lane::Export => "writing a list",
            Lane::Reach => "walking the graph",
            Lane::Rbac => "looking at rights",
            Lane::Explain => "answering a question",
            Lane::Senders => "finding the sender of a message",
            Lane::WhoCan => "answering who can",
            Lane::Resources => "collecting resources",
            Lane::Compare => "comparing with an earlier state",
        };
        self.jobs.replace(Track::Work(lane), name, move |outbox| {
            if let Some(msg) = work.run(outbox.stop()) {
                outbox.send(msg);
            }
        });
    }

    fn read_raw(&self, key: EntityKey, origin: Origin) {
        let reader = Arc::clone(&self.reader);
        self.jobs.start("reading a document", move |outbox| {
            let text = reader.raw(&origin);
            outbox.send(Msg::Raw { key, text });
        });
    }

    fn read_base(&self, wish: Wish, of: Inventory) {
        let bases = self.bases.clone();
        self.jobs.start("reading an earlier state", move |outbox| {
            let read = bases.read(&wish, &of).map(|it| it.map(Arc::new));
            outbox.send(Msg::Base { wish, read });
        });
    }

    fn list_snapshots(&self, of: Inventory) {
        let bases = self.bases.clone();
        self.jobs.start("listing saved snapshots", move |outbox| outbox.send(Msg::Snapshots(bases.list(&of))));
    }

    fn copy(&self, text: String) {
        let clipboard = Arc::clone(&self.clipboard);
        self.jobs.start("copying", move |outbox| {
            let mut clipboard = clipboard.lock().unwrap_or_else(PoisonError::into_inner);
            let copied = clipboard.copy(&text, |sequence| outbox.say(Said::Sequence(sequence.to_owned())));
            let copied = copied.map(|it| Copied { way: it.way.name(), length: it.length });
            outbox.send(Msg::Copied(copied.map_err(|error| error.to_string())));
        });
    }

    fn save(&mut self, file: String, text: String) {
        self.hold("saving a file", move |outbox| outbox.send(Msg::Saved(saved(&file, &text))));
    }

    /// Starts a job that the end of the program waits for.
    fn hold(&mut self, name: &'static str, body: impl FnOnce(&Outbox) + Send + 'static) {
        self.saves.retain(|save| !save.is_finished());
        self.saves.push(self.jobs.start_held(name, body));
    }

    /// Reads the file of accepted findings, or changes it; a change is waited for like any file.
    fn accepted(&mut self, file: String, change: Option<Change>) {
        self.saves.retain(|save| !save.is_finished());
        self.saves.push(self.jobs.start_held("the file of accepted findings", move |outbox| {
            let path = save::expand(&file);
            let rows = match &change {
                Some(change) => accepted::write(&path, change),
                None => accepted::read_if_there(&path),
            };
            outbox.send(Msg::Accepted { change: change.map(Box::new), rows });
        }));
    }

    /// Waits a moment for files that are being written, so that leaving right after saving loses nothing.
    pub async fn finish_saves(&mut self) {
        let saves = std::mem::take(&mut self.saves);
        let all = async {
            for save in saves {
                let _ = save.await;
            }
        };
        let _ = tokio::time::timeout(LAST_SAVE, all).await;
    }

    /// A job that panics on purpose.
    pub fn crash(&self) {
        self.jobs.start("a test of the restored terminal", |_: &Outbox| panic!("asked for on the command line"));
    }
}

fn saved(file: &str, text: &str) -> Result<String, String> {
    let path = save::expand(file);
    match save::write(&path, text.as_bytes(), save::Existing::Refuse) {
        Ok(()) => Ok(path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(format!("`{}` exists already; choose another name", path.display()))
        }
        Err(error) => Err(format!("cannot write `{}`: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_exists_is_named_and_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("pods.csv").display().to_string();
        assert_eq!(saved(&file, "a,b"), Ok(file.clone()));
        assert_eq!(saved(&file, "c,d"), Err(format!("`{file}` exists already; choose another name")));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "a,b");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_with_the_cause() {
        let error = saved("/nowhere/at/all/pods.csv", "a").expect_err("no such directory");
        assert!(error.starts_with("cannot write `/nowhere/at/all/pods.csv`: "), "{error}");
    }
}
