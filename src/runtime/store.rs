//! The directory of saved snapshots: one file an estate and time of data. Every complete live load adds one, so what is
//! too many is removed: see [`KEEPING`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;
use jiff::{SignedDuration, Timestamp};

use crate::ingest::saved::{EXTENSION, Header, SavedError, encode, header};
use crate::model::{Inventory, SourceId, Status};

use super::save::{self, Existing};

/// Of one estate so many of the newest snapshots stay.
const NEWEST: usize = 10;

/// So many stay of one estate in all. A day of many loads must not push out the days before, which a diff starts from.
const KEPT: usize = 30;

/// The rule in words, for messages.
pub const KEEPING: &str = "of an estate the newest 10 stay, and one of each day, at most 30";

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

/// A load is worth a snapshot when something of it was read; what was not is in its coverage. Data of a load that reached
/// nobody is as old as before.
pub fn is_worth_saving(inventory: &Inventory) -> bool {
    let world = SourceId::world();
    inventory.coverage.sources().any(|(source, report)| {
        *source != world && matches!(report.status, Status::Ok | Status::Partial) && report.read_at.is_some()
    })
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
        let same = self.list()?.into_iter().filter_map(|it| {
            let it_header = it.header.ok().filter(|it| it.is_of_same(header))?;
            Some((it.path, it_header))
        });
        let removed = surplus(same.collect()).into_iter().filter(|it| *it != path && fs::remove_file(it).is_ok());
        Ok(Kept { removed: removed.collect(), path })
    }

    /// Saves the data of a load.
    ///
    /// # Errors
    /// As [`Store::save`], in one line with the directory.
    pub fn save_load(&self, inventory: &Inventory) -> Result<Kept, String> {
        self.save(&encode(inventory), &Header::of(inventory))
            .map_err(|error| format!("cannot save a snapshot in `{}`: {error}", self.directory.display()))
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

/// What is too many among the snapshots of one estate, given newest first. Of a day the one that lacks least stays, the
/// newest of those.
fn surplus(stored: Vec<(PathBuf, Header)>) -> Vec<PathBuf> {
    let mut of_day: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for (at, (_, header)) in stored.iter().enumerate() {
        let day = header.data_time.map(|time| time.as_second().div_euclid(24 * 60 * 60));
        let best = of_day.entry(day).or_insert((header.gaps, at));
        *best = (*best).min((header.gaps, at));
    }
    let mut stays: Vec<usize> = of_day.into_values().map(|(_, at)| at).chain(0..NEWEST.min(stored.len())).collect();
    stays.sort_unstable();
    stays.dedup();
    stays.truncate(KEPT);
    let goes = stored.into_iter().enumerate().filter(|(at, _)| stays.binary_search(at).is_err());
    goes.map(|(_, (path, _))| path).collect()
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
    fn a_day_of_many_loads_pushes_out_no_other_day() {
        let (_directory, store) = empty();
        let day = 24 * 60 * 60;
        save(&store, "other", 5);
        let yesterday = [save(&store, "prod", 60).path, save(&store, "prod", 120).path];
        for second in 0..8 {
            assert_eq!(save(&store, "prod", day + second * 60).removed, [] as [PathBuf; 0]);
        }
        assert_eq!(save(&store, "prod", day + 480).removed, yesterday[..1]);
        let first = store.list().expect("listed")[9].path.clone();
        assert_eq!(save(&store, "prod", day + 540).removed, [] as [PathBuf; 0]);
        assert_eq!(save(&store, "prod", day + 600).removed, [store.directory().join("prod-19700102T000000Z.rwsnap")]);
        assert!(first.exists() && yesterday[1].exists());
        assert_eq!(store.list().expect("listed").len(), NEWEST + 2);
    }

    #[test]
    fn of_many_days_the_newest_stay_and_of_a_day_the_one_that_lacks_least() {
        let header = |second: i64, gaps: usize| {
            let header = Header::of(&inventory("prod", second));
            (PathBuf::from(format!("{second}")), Header { gaps, ..header })
        };
        let day = 24 * 60 * 60;
        let mut stored: Vec<_> = (0..KEPT as i64 + 5).rev().map(|at| header(at * day, 0)).collect();
        let goes = ["4", "3", "2", "1", "0"].map(|at| PathBuf::from(format!("{}", at.parse::<i64>().unwrap() * day)));
        assert_eq!(surplus(stored.clone()), goes);
        stored.truncate(15);
        let last = stored[14].1.data_time.expect("a time").as_second();
        stored.insert(14, header(last + 60, 3));
        assert_eq!(surplus(stored), [PathBuf::from(format!("{}", last + 60))]);
    }

    #[test]
    fn a_load_that_reached_nobody_is_no_snapshot() {
        assert!(!is_worth_saving(&Inventory::default()));
        let mut read = inventory("prod", 5);
        assert!(!is_worth_saving(&read), "no live source told a time");
        let place = Place::Cluster("prod".into());
        let listed = Change::Listed { reading: Reading::Complete, read_at: read.now, why: String::new() };
        read.apply(Delta { place, source: SourceId::new("clusters/x", SourceKind::Pods), change: listed });
        assert!(is_worth_saving(&read));
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
