//! The directory of saved snapshots: one file an estate and time of data, the newest of each estate kept.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;
use jiff::{SignedDuration, Timestamp};

use crate::ingest::saved::{EXTENSION, Header, SavedError, header};

use super::save::{self, Existing};

/// How many snapshots of one estate stay; older ones are removed when a new one is saved.
pub const KEPT: usize = 30;

/// How much older the usual base of a diff is at least: what changed since yesterday.
pub const BASE_AGE: SignedDuration = SignedDuration::from_hours(20);

/// A part file that nobody has written to for this long was left behind by a program that was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A directory of saved snapshots. It is made when something is saved.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// One file of the directory.
#[derive(Debug)]
pub struct Stored {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    pub header: Result<Header, SavedError>,
}

impl Stored {
    /// File name.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    fn data_time(&self) -> Option<Timestamp> {
        self.header.as_ref().ok().and_then(|header| header.data_time)
    }
}

/// What saving did.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    /// Older snapshots of the same estate that had to go.
    pub removed: Vec<PathBuf>,
}

impl Store {
    /// That of the user: `rolewalk/snapshots` below `$XDG_DATA_HOME` or `~/.local/share`.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn of_user() -> io::Result<Store> {
        let base = etcetera::choose_base_strategy().map_err(|_| io::Error::other("there is no home directory"))?;
        Ok(Store { directory: base.data_dir().join("rolewalk").join("snapshots") })
    }

    pub fn at(directory: PathBuf) -> Store {
        Store { directory }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The newest data first; files that cannot be read last. Reads headers alone.
    ///
    /// # Errors
    /// The directory exists and cannot be listed.
    pub fn list(&self) -> io::Result<Vec<Stored>> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut stored = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if hidden || path.extension().is_none_or(|extension| extension != EXTENSION) {
                continue;
            }
            let size = path.metadata().map_or(0, |metadata| metadata.len());
            let header = header(&path);
            stored.push(Stored { path, size, header });
        }
        stored.sort_by(|a, b| (Reverse(a.data_time()), &a.path).cmp(&(Reverse(b.data_time()), &b.path)));
        Ok(stored)
    }

    /// Saves a snapshot under the name of its estate and time, and removes what is too many of the same estate. The
    /// same data saved twice is one file.
    ///
    /// # Errors
    /// Whatever the file system says; what was there before is whole then.
    pub fn save(&self, file: &[u8], header: &Header) -> io::Result<Kept> {
        save::make_directory(&self.directory)?;
        let path = self.directory.join(file_name(header));
        save::write(&path, file, Existing::Replace)?;
        self.sweep();
        let older = self.list()?.into_iter().filter(|it| it.header.as_ref().is_ok_and(|it| it.is_of_same(header)));
        let removed = older.skip(KEPT).map(|it| it.path).filter(|it| *it != path && fs::remove_file(it).is_ok());
        Ok(Kept { removed: removed.collect(), path })
    }

    /// Removes what a killed program left half written.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let part = name.starts_with('.') && name.ends_with(".part");
            let modified = path.symlink_metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
            if part && age.is_some_and(|age| age > ABANDONED) {
                // Another program may have removed it meanwhile.
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// The usual base of a diff: the newest snapshot of the same estate whose data is at least [`BASE_AGE`] older.
    ///
    /// # Errors
    /// The directory exists and cannot be listed.
    pub fn base_of(&self, of: &Header) -> io::Result<Option<PathBuf>> {
        let Some(time) = of.data_time else { return Ok(None) };
        let old_enough = |it: &Stored| {
            it.header.as_ref().is_ok_and(|header| !header.redacted && header.is_of_same(of))
                && it.data_time().is_some_and(|earlier| time.duration_since(earlier) >= BASE_AGE)
        };
        Ok(self.list()?.into_iter().find(old_enough).map(|it| it.path))
    }

    /// The file that a person means: a path, or the name of a file of this directory with or without its end.
    pub fn find(&self, typed: &str) -> PathBuf {
        let path = save::expand(typed);
        if path.exists() || typed.contains('/') {
            return path;
        }
        let names = [typed.to_owned(), format!("{typed}.{EXTENSION}")];
        names.iter().map(|name| self.directory.join(name)).find(|it| it.is_file()).unwrap_or(path)
    }
}

/// `prod-20260214T025814Z.rwsnap`; of several clusters the first, and how many more.
fn file_name(header: &Header) -> String {
    let places = if header.clusters.is_empty() { &header.accounts } else { &header.clusters };
    let mut name = String::new();
    for character in places.first().map_or("nothing", |it| it.as_str()).chars().take(80) {
        let harmless = character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '@');
        name.push(if harmless { character } else { '_' });
    }
    if places.len() > 1 {
        name.push_str(&format!("+{}", places.len() - 1));
    }
    match header.data_time {
        Some(time) => format!("{name}-{}.{EXTENSION}", time.strftime("%Y%m%dT%H%M%SZ")),
        None => format!("{name}-no-time.{EXTENSION}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use crate::ingest::saved::encode;
    use crate::model::feed::{Batch, Change, Delta, Place};
    use crate::model::{Inventory, Reading, SourceId, SourceKind};

    use super::*;

    fn inventory(cluster: &str, second: i64) -> Inventory {
        let mut inventory = Inventory::default();
        inventory.now = Some(Timestamp::from_second(second).expect("a time"));
        let (place, source) = (Place::Cluster(cluster.into()), SourceId::new("clusters/x", SourceKind::Pods));
        for change in [
            Change::Page(Batch::Pods(Vec::new())),
            Change::Listed { reading: Reading::Complete, read_at: None, why: String::new() },
        ] {
            inventory.apply(Delta { place: place.clone(), source: source.clone(), change });
        }
        inventory
    }

    fn save(store: &Store, cluster: &str, second: i64) -> Kept {
        let inventory = inventory(cluster, second);
        store.save(&encode(&inventory), &Header::of(&inventory)).expect("saved")
    }

    fn empty() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::at(directory.path().join("snapshots"));
        (directory, store)
    }

    #[test]
    fn a_save_is_named_by_cluster_and_time_and_is_its_owners_alone() {
        let (_directory, store) = empty();
        assert!(store.list().expect("nothing yet").is_empty());
        let kept = save(&store, "prod/eu", 1_771_037_894);
        assert!(kept.path.ends_with("prod_eu-20260214T025814Z.rwsnap"), "{:?}", kept.path);
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&kept.path), mode(store.directory())), (0o600, 0o700));
        assert_eq!(store.find("prod_eu-20260214T025814Z"), kept.path);
    }

    #[test]
    fn only_the_newest_of_the_same_estate_stay() {
        let (_directory, store) = empty();
        save(&store, "other", 5);
        let oldest = save(&store, "prod", 0).path;
        for second in 1..KEPT as i64 {
            assert_eq!(save(&store, "prod", second * 60).removed, [] as [PathBuf; 0]);
        }
        assert_eq!(save(&store, "prod", 1_000_000).removed, [oldest]);
        assert_eq!(store.list().expect("listed").len(), KEPT + 1);
    }

    #[test]
    fn the_base_of_a_diff_is_a_day_old_and_of_the_same_cluster() {
        let (_directory, store) = empty();
        let (hour, now) = (3600, 1_000_000);
        save(&store, "other", now - 21 * hour);
        let base = save(&store, "prod", now - 21 * hour).path;
        save(&store, "prod", now - 30 * hour);
        save(&store, "prod", now - 19 * hour);
        let of = Header::of(&inventory("prod", now));
        assert_eq!(store.base_of(&of).expect("listed"), Some(base));
        assert_eq!(store.base_of(&Header::of(&inventory("new", now))).expect("listed"), None);
    }

    #[test]
    fn what_is_no_snapshot_is_listed_last_with_its_cause() {
        let (_directory, store) = empty();
        save(&store, "prod", 0);
        fs::write(store.directory().join("a.rwsnap"), "hello").expect("written");
        fs::write(store.directory().join(".b.rwsnap"), "hello").expect("written");
        fs::write(store.directory().join("notes.txt"), "hello").expect("written");
        let listed = store.list().expect("listed");
        assert_eq!(listed.len(), 2);
        assert!(listed[0].header.is_ok());
        assert!(listed[1].header.as_ref().expect_err("no snapshot").to_string().contains("found `hello`"));
    }
}
