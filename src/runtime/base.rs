//! Earlier states that the Diff screen compares with: saved snapshots, files, and the demo of a day before.

use jiff::Timestamp;

use crate::app::diff::{Base, Stored, Wish};
use crate::ingest::files::Files;
use crate::ingest::saved::{EXTENSION, Header};
use crate::ingest::{Input, Options, demo};
use crate::model::Inventory;

use super::store::Store;

/// What `rolewalk diff` and the screens call the demo of a day before.
pub const DEMO_EARLIER: &str = "demo-earlier";

/// Where the usual base comes from.
#[derive(Clone, Debug)]
pub enum Bases {
    /// There is nowhere to look.
    None,
    Stored(Store),
    /// The demo is compared with itself a day before, never with what was saved of a cluster of the same name.
    Demo,
}

impl Bases {
    /// Reads the state that is meant; `None` where there is no such.
    ///
    /// # Errors
    /// Why it cannot be read, in one line.
    pub fn read(&self, wish: &Wish, of: &Inventory) -> Result<Option<Base>, String> {
        match (wish, self) {
            (Wish::Named(typed), Bases::Stored(store)) if typed != DEMO_EARLIER => {
                load(typed.clone(), Input::at(&store.find(typed))).map(Some)
            }
            (Wish::Named(typed), _) if typed != DEMO_EARLIER => {
                load(typed.clone(), Input::at(&super::save::expand(typed))).map(Some)
            }
            (Wish::Named(_), _) | (Wish::Usual, Bases::Demo) => earlier().map(Some),
            (Wish::Usual, Bases::None) => Ok(None),
            (Wish::Usual, Bases::Stored(store)) => {
                let found = store.base_of(&Header::of(of));
                let unlisted = |error| format!("cannot list `{}`: {error}", store.directory().display());
                let found = found.map_err(unlisted)?;
                found.map(|path| load(name_of(&path), Input::at(&path))).transpose()
            }
        }
    }

    /// Saved snapshots of the same clusters, newest first. What cannot be read is left out.
    pub fn list(&self, of: &Inventory) -> Vec<Stored> {
        let of = Header::of(of);
        match self {
            Bases::None => Vec::new(),
            Bases::Demo => vec![Stored { name: DEMO_EARLIER.to_owned(), note: "the demo a day before".to_owned() }],
            Bases::Stored(store) => stored(store, |header| header.is_of_same(&of)),
        }
    }
}

/// Saved snapshots to choose from, newest first. What cannot be read is left out.
pub fn stored(store: &Store, wanted: impl Fn(&Header) -> bool) -> Vec<Stored> {
    let listed = store.list().unwrap_or_default().into_iter();
    let wanted = listed.filter_map(|it| {
        let header = it.header.as_ref().ok().filter(|header| wanted(header))?;
        Some(Stored { name: name_of(&it.path), note: note(header) })
    });
    wanted.collect()
}

fn earlier() -> Result<Base, String> {
    load(DEMO_EARLIER.to_owned(), Input::Files(demo::earlier()))
}

fn load(name: String, input: Input) -> Result<Base, String> {
    // A directory that is not there would be read as an empty one.
    if let Input::Files(Files::Disk(path)) = &input
        && !path.exists()
    {
        return Err(format!("there is no `{name}`: neither a file nor a saved snapshot (`snapshot list`)"));
    }
    let data = input.open(Options::default()).map_err(|error| error.to_string())?;
    let inventory = data.load().map_err(|error| error.to_string())?;
    if inventory.clusters.is_empty() && inventory.accounts.is_empty() {
        return Err(format!("nothing could be read from `{name}`"));
    }
    Ok(Base::new(name, inventory))
}

/// The name that `snapshot list` shows, without its end.
fn name_of(path: &std::path::Path) -> String {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    name.strip_suffix(&format!(".{EXTENSION}")).unwrap_or(&name).to_owned()
}

fn note(header: &Header) -> String {
    let time = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let mut note = header.data_time.map_or_else(|| "no time".to_owned(), time);
    match header.gaps {
        0 => {}
        1 => note.push_str(", 1 source not whole"),
        gaps => note.push_str(&format!(", {gaps} sources not whole")),
    }
    if header.redacted {
        note.push_str(", redacted");
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Inventory {
        let data = Input::Files(demo::files()).open(Options::default()).expect("built in");
        let mut inventory = data.load().expect("built in");
        inventory.now = Timestamp::from_second(second).ok();
        inventory
    }

    #[test]
    fn the_usual_base_is_a_day_old_and_any_other_goes_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let bases = Bases::Stored(Store::at(directory.path().join("snapshots")));
        let Bases::Stored(store) = &bases else { unreachable!() };
        let now = at(1_000_000);
        assert!(bases.read(&Wish::Usual, &now).expect("nothing is there").is_none());
        store.save_load(&at(1_000_000 - 60)).expect("saved");
        assert!(bases.read(&Wish::Usual, &now).expect("too young").is_none());
        store.save_load(&at(1_000_000 - 86_400)).expect("saved");
        let base = bases.read(&Wish::Usual, &now).expect("read").expect("a day old");
        let names: Vec<String> = bases.list(&now).into_iter().map(|it| it.name).collect();
        assert_eq!((base.name.as_str(), names.len()), (names[1].as_str(), 2));
        let named = bases.read(&Wish::Named(names[0].clone()), &now).expect("read").expect("named");
        assert_eq!(named.name, names[0]);
        let error = bases.read(&Wish::Named("nope".into()), &now).expect_err("no such file");
        assert!(error.contains("there is no `nope`"), "{error}");
        assert!(Bases::Demo.read(&Wish::Usual, &now).expect("built in").is_some());
    }
}
