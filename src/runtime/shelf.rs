//! The data that the screens can be pointed at while they run: the demo, saved snapshots and dumps, contexts.

use std::path::Path;
use std::sync::Arc;

use crate::app::DataOrigin;
use crate::app::opening::{Openable, Opened, Opening};
use crate::ingest::live::kube::context;
use crate::ingest::{self, Input, demo, live};

use super::base::{Bases, stored};
use super::live::LiveReader;
use super::load::Reader;
use super::save;
use super::snapshot::SnapshotReader;
use super::store::Store;

/// What is needed to open other data as the program was told to read the first.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// How live data is read. `None`: the network is not to be touched.
    pub live: Option<live::Options>,
    pub files: ingest::Options,
    /// The saved snapshots of the user.
    pub store: Option<Store>,
    /// Live loads are saved.
    pub saves: bool,
    /// The start of headless commands that read live, without a context.
    pub command: String,
}

/// Data, and what goes with it.
pub struct Source {
    pub reader: Arc<dyn Reader>,
    pub keeps: Option<Store>,
    pub bases: Bases,
}

impl Shelf {
    /// Looks whether the data is there, without reading all of it.
    ///
    /// # Errors
    /// Why it cannot be read, in one line.
    pub fn look(&self, opening: Opening) -> Result<Opened, String> {
        let (origin, command) = match &opening {
            Opening::Demo => (DataOrigin::Demo, "rolewalk --demo".to_owned()),
            Opening::File(typed) => {
                let path = self.path(typed);
                if !path.exists() {
                    return Err(format!(
                        "there is no `{typed}`: neither a file nor a saved snapshot (`snapshot list`)"
                    ));
                }
                Input::at(&path).open(self.files).map_err(|error| error.to_string())?;
                let command = format!("rolewalk --snapshot {}", quoted(&path));
                (DataOrigin::Snapshot(path.display().to_string()), command)
            }
            Opening::Context(name) => {
                let options = self.live_at(name).ok_or("the network is not to be touched (--offline)")?;
                context::choose(&options.wish).map_err(|error| error.to_string())?;
                (DataOrigin::Live, format!("{} --context {}", self.command, quoted(Path::new(name))))
            }
        };
        Ok(Opened { opening, origin, command })
    }

    /// The data, not yet read.
    pub fn take(&self, opening: &Opening) -> Source {
        let bases = self.store.clone().map_or(Bases::None, Bases::Stored);
        let stored = |input| Source {
            reader: Arc::new(SnapshotReader::new(input, self.files)),
            keeps: None,
            bases: bases.clone(),
        };
        match opening {
            Opening::Demo => Source { bases: Bases::Demo, ..stored(Input::Files(demo::files())) },
            Opening::File(typed) => stored(Input::at(&self.path(typed))),
            Opening::Context(name) => Source {
                reader: Arc::new(LiveReader::new(self.live_at(name).unwrap_or_default())),
                keeps: self.store.clone().filter(|_| self.saves),
                bases,
            },
        }
    }

    /// What there is to choose from. What cannot be listed is left out.
    pub fn list(&self) -> Openable {
        let contexts = self.live.as_ref().map_or_else(Vec::new, |live| context::names(&live.wish));
        Openable { snapshots: self.store.as_ref().map_or_else(Vec::new, |store| stored(store, |_| true)), contexts }
    }

    fn path(&self, typed: &str) -> std::path::PathBuf {
        self.store.as_ref().map_or_else(|| save::expand(typed), |store| store.find(typed))
    }

    /// One context, and the AWS side as the flags wished it.
    fn live_at(&self, name: &str) -> Option<live::Options> {
        let mut options = self.live.clone()?;
        options.wish.contexts = vec![name.to_owned()];
        options.wish.all_contexts = false;
        options.only = Vec::new();
        Some(options)
    }
}

/// The path as a shell takes it in one piece.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |it: char| it.is_alphanumeric() || "/._-+=:@%,".contains(it);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_command_survives_the_shell() {
        assert_eq!(quoted(Path::new("dumps/prod-1")), "dumps/prod-1");
        assert_eq!(quoted(Path::new("it's here")), r"'it'\''s here'");
    }

    #[test]
    fn what_is_not_there_is_said_before_anything_is_given_up() {
        let directory = tempfile::tempdir().expect("a directory");
        let kubeconfig = directory.path().join("config");
        let text = "apiVersion: v1\nkind: Config\ncontexts:\n- name: prod\n  context: {cluster: c, user: u}\n";
        std::fs::write(&kubeconfig, text).expect("written");
        let mut live = live::Options::default();
        live.wish.kubeconfig = Some(kubeconfig);
        let shelf = Shelf { live: Some(live), command: "rolewalk".into(), ..Shelf::default() };
        let why = |opening| shelf.look(opening).expect_err("it is not there");
        assert!(why(Opening::File("nope".into())).starts_with("there is no `nope`"));
        assert_eq!(why(Opening::Context("x".into())), "there is no context `x` in the kubeconfig; contexts: prod");
        assert_eq!(shelf.list().contexts, ["prod"]);
        let opened = shelf.look(Opening::Context("prod".into())).expect("it is there");
        assert_eq!((opened.origin, opened.command.as_str()), (DataOrigin::Live, "rolewalk --context prod"));
        let offline = Shelf { live: None, ..shelf };
        assert!(offline.look(Opening::Context("prod".into())).expect_err("no network").contains("--offline"));
    }
}
