//! Which files of a directory belong to which source, and what accounts, regions and clusters they speak of.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use regex::bytes::Regex;

use crate::base::Name;
use crate::model::arn::Arn;
use crate::model::feed::Place;
use crate::model::source::{Scope, SourceId, SourceKind};

use super::aws::account::{CallerIn, WorldIn};
use super::aws::eks::DescribeClusterIn;
use super::files::{Entry, Files, Walk};
use super::stream;

/// Stands for the account of `aws/` when nothing in the directory names one.
pub const UNKNOWN_ACCOUNT: &str = "unknown-account";

/// A source that has files.
#[derive(Clone, Debug)]
pub struct Found {
    pub place: Place,
    pub source: SourceId,
    pub account: Name,
    pub region: Name,
    /// `NAME.json`, `NAME.2.json`, ... in their order.
    pub parts: Vec<Entry>,
    /// A number in the row of parts that is not there.
    pub hole: Option<u32>,
    /// It is not to be read, and why.
    pub skipped: Option<String>,
}

impl Found {
    /// Bytes as stored, a measure of the work.
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }
}

/// What a directory holds.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub found: Vec<Found>,
    /// Sources that the layout expects and that have no file.
    pub missing: Vec<(Place, SourceId)>,
    /// Paths that are no part of the layout or could not be looked at, and why.
    pub notes: Vec<(String, String)>,
    /// `now` of `world.json`.
    pub now: Option<Timestamp>,
    /// The newest file time.
    pub newest: Option<Timestamp>,
}

/// The parts of one source, as found.
#[derive(Default)]
struct Parts {
    by_number: BTreeMap<u32, Entry>,
}

/// Where a file belongs before labels and account ids are known: its directory, and its kind.
type Slots = BTreeMap<(String, SourceKind), Parts>;

/// Looks through the files. Reads a few small ones for the names of clusters and accounts; what it cannot read of them
/// is reported later, when their sources are read.
pub fn discover(files: &Files) -> io::Result<Layout> {
    let walk = files.walk()?;
    let mut layout = Layout { notes: walk.unreadable.clone(), ..Layout::default() };
    layout.newest = walk.entries.iter().filter_map(|entry| entry.modified).max();
    let mut slots = Slots::new();
    for entry in &walk.entries {
        if let Err(why) = place_file(entry, &mut slots) {
            layout.notes.push((entry.path.clone(), why.to_owned()));
        }
    }
    let world: Option<WorldIn> = first_value(files, "", SourceKind::World, &slots);
    layout.now = world.and_then(|world| world.now.0);
    let directories = Directories::of(&walk, &slots);
    let clusters = clusters(files, &directories.clusters, &slots);
    let accounts = accounts(files, &directories, &clusters, &slots);

    let world = Spot { directory: "", place: Place::World, account: Name::default(), region: Name::default() };
    layout.add(&world, Scope::World, &mut slots, None);
    let mut taken: BTreeMap<Name, String> = BTreeMap::new();
    for (directory, id) in &accounts {
        let first = taken.entry(id.clone()).or_insert_with(|| directory.clone());
        let skipped = (first != directory).then(|| format!("`{first}` holds the same account"));
        let spot = Spot { directory, place: Place::Account(id.clone()), account: id.clone(), region: Name::default() };
        layout.add(&spot, Scope::Account, &mut slots, skipped.as_deref());
        for region in directories.regions(directory, id, &clusters) {
            let path = format!("{directory}/{region}");
            let place = Place::Region { account: id.clone(), region: region.clone() };
            let spot = Spot { directory: &path, place, account: id.clone(), region };
            layout.add(&spot, Scope::Region, &mut slots, skipped.as_deref());
        }
    }
    for cluster in &clusters {
        let spot = Spot {
            directory: &cluster.directory,
            place: Place::Cluster(cluster.label.clone()),
            account: cluster.account.clone(),
            region: cluster.region.clone(),
        };
        layout.add(&spot, Scope::Cluster, &mut slots, None);
    }
    for parts in slots.into_values() {
        for entry in parts.by_number.into_values() {
            layout.notes.push((entry.path, "not a directory of the layout".to_owned()));
        }
    }
    layout.notes.sort();
    Ok(layout)
}

/// A directory with what it stands for.
struct Spot<'a> {
    directory: &'a str,
    place: Place,
    account: Name,
    region: Name,
}

impl Layout {
    fn add(&mut self, spot: &Spot<'_>, scope: Scope, slots: &mut Slots, skipped: Option<&str>) {
        for (kind, ..) in SourceKind::ALL.iter().filter(|row| row.1 == scope) {
            let source = match scope {
                Scope::World => SourceId::world(),
                Scope::Account | Scope::Region | Scope::Cluster => SourceId::new(spot.directory, *kind),
            };
            let Some(parts) = slots.remove(&(spot.directory.to_owned(), *kind)) else {
                if kind.is_expected() && skipped.is_none() {
                    self.missing.push((spot.place.clone(), source));
                }
                continue;
            };
            let numbers = 1..=parts.by_number.last_key_value().map_or(0, |(last, _)| *last);
            let hole = numbers.into_iter().find(|number| !parts.by_number.contains_key(number));
            self.found.push(Found {
                place: spot.place.clone(),
                source,
                account: spot.account.clone(),
                region: spot.region.clone(),
                parts: parts.by_number.into_values().collect(),
                hole,
                skipped: skipped.map(str::to_owned),
            });
        }
    }
}

/// Puts a file into its slot; tells why it has none.
fn place_file(entry: &Entry, slots: &mut Slots) -> Result<(), &'static str> {
    let (directory, file) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    let scope = match directory.split('/').collect::<Vec<_>>()[..] {
        [""] => Scope::World,
        ["aws"] | ["accounts", _] => Scope::Account,
        ["aws", _] | ["accounts", _, _] => Scope::Region,
        ["clusters", _] => Scope::Cluster,
        _ => return Err("not a directory of the layout"),
    };
    let name = FileName::parse(file).ok_or("not a file of the layout")?;
    let kind = name.kind(scope).ok_or("not a file of the layout")?;
    match slots.entry((directory.to_owned(), kind)).or_default().by_number.entry(name.number) {
        std::collections::btree_map::Entry::Vacant(slot) => {
            slot.insert(entry.clone());
            Ok(())
        }
        std::collections::btree_map::Entry::Occupied(_) => Err("another file holds the same list"),
    }
}

/// `pods.2.json.gz` taken apart.
#[derive(Debug, PartialEq, Eq)]
struct FileName<'a> {
    stem: &'a str,
    number: u32,
    /// `.jsonl`, as against the forms of one document.
    stream: bool,
}

impl FileName<'_> {
    fn parse(file: &str) -> Option<FileName<'_>> {
        let name = [".gz", ".zst"].iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file);
        let (name, extension) = name.rsplit_once('.')?;
        let stream = match extension {
            "json" | "yaml" | "yml" => false,
            "jsonl" => true,
            _ => return None,
        };
        let (stem, number) = match name.rsplit_once('.').map(|(stem, number)| (stem, number.parse::<u32>())) {
            Some((stem, Ok(number))) if (2..=MOST_PARTS).contains(&number) => (stem, number),
            _ => (name, 1),
        };
        Some(FileName { stem, number, stream })
    }

    /// The source this is a file of. `.json` and `.jsonl` stand for each other where only one is in the layout.
    fn kind(&self, scope: Scope) -> Option<SourceKind> {
        let forms = if self.stream { [".jsonl", ".json"] } else { [".json", ".jsonl"] };
        forms.iter().find_map(|form| SourceKind::from_file(scope, &format!("{}{form}", self.stem)))
    }
}

/// A list in more parts than this has a name that only looks like a number.
const MOST_PARTS: u32 = 100_000;

/// The directories of the layout.
struct Directories {
    accounts: Vec<String>,
    /// By account directory.
    regions: BTreeMap<String, BTreeSet<String>>,
    clusters: Vec<String>,
}

impl Directories {
    fn of(walk: &Walk, slots: &Slots) -> Directories {
        let mut it = Directories { accounts: Vec::new(), regions: BTreeMap::new(), clusters: Vec::new() };
        for directory in &walk.directories {
            match directory.split('/').collect::<Vec<_>>()[..] {
                ["aws"] | ["accounts", _] => it.accounts.push(directory.clone()),
                ["clusters", _] => it.clusters.push(directory.clone()),
                ["aws", region] | ["accounts", _, region] => {
                    let known = slots.keys().any(|(other, _)| other == directory);
                    if let Some((account, _)) = directory.rsplit_once('/')
                        && (known || is_region(region))
                    {
                        it.regions.entry(account.to_owned()).or_default().insert(region.to_owned());
                    }
                }
                _ => {}
            }
        }
        // Without any account, the gap is that of `aws/`.
        if it.accounts.is_empty() {
            it.accounts.push("aws".to_owned());
        }
        it.accounts.sort_by_key(|directory| directory != "aws");
        it
    }

    /// Regions of an account: those that have a directory, and those that its clusters stand in.
    fn regions(&self, directory: &str, id: &Name, clusters: &[Cluster]) -> BTreeSet<Name> {
        let listed = self.regions.get(directory).into_iter().flatten().map(|region| Name::new(region));
        let used = clusters.iter().filter(|it| it.account == *id && !it.region.is_empty()).map(|it| it.region.clone());
        listed.chain(used).collect()
    }
}

/// `eu-west-1`, `us-gov-east-1`
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first @ .., last] = &parts[..] else { return false };
    first.len() >= 2
        && first.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !last.is_empty()
        && last.bytes().all(|byte| byte.is_ascii_digit())
}

struct Cluster {
    directory: String,
    label: Name,
    region: Name,
    account: Name,
}

/// Labels of the clusters: the name, and what tells those apart that share it (protocols.md, "Addresses").
fn clusters(files: &Files, directories: &[String], slots: &Slots) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for directory in directories {
        let own = directory.rsplit('/').next().unwrap_or(directory);
        let described: Option<DescribeClusterIn> = first_value(files, directory, SourceKind::Cluster, slots);
        let described = described.map(|it| it.cluster).unwrap_or_default();
        let arn = Arn::parse(&described.arn);
        // A label stands between slashes in addresses.
        let usable = !described.name.is_empty() && !described.name.contains('/');
        clusters.push(Cluster {
            directory: directory.clone(),
            label: if usable { described.name.clone() } else { own.into() },
            region: arn.map_or_else(Name::default, |arn| arn.region.into()),
            account: arn.map_or_else(Name::default, |arn| arn.account.into()),
        });
    }
    let longer: [fn(&Cluster) -> Name; 3] = [
        |it| format!("{}@{}", it.label, it.region).into(),
        |it| format!("{}@{}", it.label, it.account).into(),
        |it| format!("{}@{}", it.label, it.directory.replace('/', ".")).into(),
    ];
    for step in longer {
        let mut count: BTreeMap<Name, usize> = BTreeMap::new();
        for cluster in &clusters {
            *count.entry(cluster.label.clone()).or_default() += 1;
        }
        for cluster in &mut clusters {
            if count[&cluster.label] > 1 {
                cluster.label = step(cluster);
            }
        }
    }
    clusters
}

/// Directory and id of each account.
fn accounts(files: &Files, directories: &Directories, clusters: &[Cluster], slots: &Slots) -> Vec<(String, Name)> {
    let id = |directory: &String| {
        if let Some(id) = directory.strip_prefix("accounts/")
            && id.len() == 12
            && id.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Name::from(id);
        }
        let caller: Option<CallerIn> = first_value(files, directory, SourceKind::CallerIdentity, slots);
        let known = caller.map(|it| it.account).filter(|id| !id.is_empty());
        let known = known.or_else(|| account_in_iam(files, directory, slots));
        known
            .or_else(|| clusters.iter().map(|it| it.account.clone()).find(|id| !id.is_empty()))
            .unwrap_or_else(|| UNKNOWN_ACCOUNT.into())
    };
    directories.accounts.iter().map(|directory| (directory.clone(), id(directory))).collect()
}

fn part<'a>(directory: &str, kind: SourceKind, slots: &'a Slots) -> Option<&'a Entry> {
    slots.get(&(directory.to_owned(), kind))?.by_number.values().next()
}

/// The first value of a small file, when it can be read at all.
fn first_value<T: serde::de::DeserializeOwned>(
    files: &Files,
    directory: &str,
    kind: SourceKind,
    slots: &Slots,
) -> Option<T> {
    let head = stream::head(files, &part(directory, kind, slots)?.path, HEAD).ok()?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    serde_json::Deserializer::from_slice(head).into_iter::<T>().next()?.ok()
}

/// The account in the first ARN that IAM gave one of its own objects.
fn account_in_iam(files: &Files, directory: &str, slots: &Slots) -> Option<Name> {
    let head = stream::head(files, &part(directory, SourceKind::Iam, slots)?.path, HEAD).ok()?;
    let own = Regex::new(r#""Arn"\s*:\s*"arn:[a-z-]+:iam::([0-9]{12}):"#).expect("the pattern is fixed and valid");
    let digits = own.captures(&head)?.get(1)?.as_bytes();
    Some(String::from_utf8_lossy(digits).into_owned().into())
}

/// Bytes that are looked at for a name.
const HEAD: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_source_and_part() {
        let name = |file| FileName::parse(file).map(|it| (it.stem.to_owned(), it.number, it.kind(Scope::Cluster)));
        assert_eq!(name("pods.json"), Some(("pods".into(), 1, Some(SourceKind::Pods))));
        assert_eq!(name("pods.12.json.zst"), Some(("pods".into(), 12, Some(SourceKind::Pods))));
        assert_eq!(name("pods.yml.gz"), Some(("pods".into(), 1, Some(SourceKind::Pods))));
        assert_eq!(
            name("describe-nodegroup.json"),
            Some(("describe-nodegroup".into(), 1, Some(SourceKind::Nodegroups)))
        );
        assert_eq!(name("notes.json"), Some(("notes".into(), 1, None)));
        assert_eq!(name("pods.txt"), None);
        let organization = |file| FileName::parse(file).and_then(|it| it.kind(Scope::Account));
        let (json, jsonl) =
            ("organizations-list-policies-for-target.json", "organizations-list-policies-for-target.jsonl.gz");
        assert_eq!(organization(json), Some(SourceKind::TargetPolicies));
        assert_eq!(organization(jsonl), Some(SourceKind::TargetPoliciesByTarget));
    }

    #[test]
    fn regions_are_known_by_their_shape() {
        assert!(is_region("eu-west-1") && is_region("us-gov-east-1"));
        assert!(!is_region("backup") && !is_region("old-1") && !is_region("eu-west-"));
    }
}
