//! From the bytes of a saved snapshot to an inventory, frame by frame on all cores.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::base::Name;
use crate::model::facts::meta::{FieldManager, Labels};
use crate::model::facts::pod::PodSpec;
use crate::model::facts::workload::PodTemplate;
use crate::model::feed::Batch;
use crate::model::{AccountFacts, ClusterFacts, Inventory, RegionFacts};
use crate::rbac::Rule;

use super::coverage::CoverageEntry;
use super::frame::{self, Entry, FrameKind, Outline};
use super::pack::{Bad, Pack, Unpacker};
use super::places::{Batches, Lists, PlaceEntry, PlaceKind};
use super::problem::Damage;
use super::tables::Loaded;

/// What a file holds once it is read.
pub struct Contents {
    pub inventory: Inventory,
    /// Every text of the file, for checks.
    pub texts: Vec<Name>,
}

/// Reads the frames of a file whose beginning is `outline`.
pub fn read(file: &[u8], outline: &Outline) -> Result<Contents, Damage> {
    frame::check_size(outline, file.len())?;
    let file = Frames { file, entries: &outline.entries };
    let mut loaded = Loaded { texts: file.texts()?, ..Loaded::default() };
    loaded.labels = file.table(FrameKind::Labels, &loaded, |input| {
        Vec::<(Name, Name)>::unpack(input).map(|pairs| {
            // Redacted keys may stand in another order than the keys they replace.
            let sorted = pairs.windows(2).all(|pair| pair[0].0 < pair[1].0);
            if sorted { Labels(pairs.into()) } else { Labels::new(pairs) }
        })
    })?;
    loaded.rules = file.table(FrameKind::Rules, &loaded, |input| Ok(Vec::<Rule>::unpack(input)?.into()))?;
    loaded.managers =
        file.table(FrameKind::Managers, &loaded, |input| Ok(Vec::<FieldManager>::unpack(input)?.into()))?;
    loaded.specs = file.table(FrameKind::Specs, &loaded, |input| PodSpec::unpack(input).map(Arc::new))?;
    loaded.templates = file.table(FrameKind::Templates, &loaded, |input| PodTemplate::unpack(input).map(Arc::new))?;
    let mut index = file.table(FrameKind::Index, &loaded, Index::unpack)?;
    let (Some(index), true) = (index.pop(), index.is_empty()) else {
        return Err(Damage::new("the directory", "no index or several", "one index"));
    };
    let batches = file.objects(&index.places, &loaded)?;
    let inventory = index.restore(batches)?;
    Ok(Contents { inventory, texts: loaded.texts })
}

/// The frames of a file.
struct Frames<'a> {
    file: &'a [u8],
    entries: &'a [Entry],
}

impl Frames<'_> {
    fn of(&self, kind: FrameKind) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.kind == kind).collect()
    }

    fn texts(&self) -> Result<Vec<Name>, Damage> {
        let frames: Vec<Vec<Name>> = self
            .of(FrameKind::Texts)
            .par_iter()
            .map(|entry| {
                let bytes = frame::unpack(self.file, entry)?;
                texts(&bytes, entry.values).map_err(|bad| Damage::inside(&entry.place(), bad))
            })
            .collect::<Result<_, _>>()?;
        Ok(frames.concat())
    }

    /// All values of one kind, in the order of their numbers.
    fn table<T: Send>(
        &self,
        kind: FrameKind,
        loaded: &Loaded,
        read: impl Fn(&mut Unpacker<'_>) -> Result<T, Bad> + Sync,
    ) -> Result<Vec<T>, Damage> {
        let frames: Vec<Vec<T>> = self
            .of(kind)
            .par_iter()
            .map(|entry| self.values(entry, loaded, |input| (0..entry.values).map(|_| read(input)).collect()))
            .collect::<Result<_, _>>()?;
        Ok(frames.into_iter().flatten().collect())
    }

    fn values<T>(
        &self,
        entry: &Entry,
        loaded: &Loaded,
        read: impl FnOnce(&mut Unpacker<'_>) -> Result<T, Bad>,
    ) -> Result<T, Damage> {
        let bytes = frame::unpack(self.file, entry)?;
        let mut input = Unpacker::new(&bytes, loaded, entry.base as usize);
        let values = read(&mut input).and_then(|values| input.finish().map(|()| values));
        values.map_err(|bad| Damage::inside(&entry.place(), bad))
    }

    /// Objects by owner and list.
    fn objects(&self, places: &[PlaceEntry], loaded: &Loaded) -> Result<BTreeMap<u32, Batches>, Damage> {
        let frames: Vec<(u32, u32, Batch)> = self
            .of(FrameKind::Objects)
            .par_iter()
            .map(|entry| {
                let place = places.get(entry.owner as usize).ok_or_else(|| {
                    Damage::new(entry.place(), format!("owner {}", entry.owner), format!("below {}", places.len()))
                })?;
                let decode = match place.kind {
                    PlaceKind::Cluster => ClusterFacts::decode,
                    PlaceKind::Account => AccountFacts::decode,
                    PlaceKind::Region => RegionFacts::decode,
                };
                let batch = self.values(entry, loaded, |input| {
                    decode(entry.list, entry.values, input)
                        .unwrap_or_else(|| Err(input.bad(format!("list {}", entry.list), "a list of its place")))
                })?;
                Ok((entry.owner, entry.list, batch))
            })
            .collect::<Result<_, Damage>>()?;
        let mut batches: BTreeMap<u32, Batches> = BTreeMap::new();
        for (owner, list, batch) in frames {
            batches.entry(owner).or_default().entry(list).or_default().push(batch);
        }
        Ok(batches)
    }
}

/// Lengths, then bytes.
fn texts(bytes: &[u8], count: u32) -> Result<Vec<Name>, Bad> {
    let loaded = Loaded::default();
    let mut input = Unpacker::new(bytes, &loaded, 0);
    let mut lengths = Vec::with_capacity((count as usize).min(bytes.len()));
    for _ in 0..count {
        lengths.push(input.count()?);
    }
    let total = lengths.iter().fold(0_usize, |sum, length| sum.saturating_add(*length));
    let blob = std::str::from_utf8(input.take(total)?).map_err(|_| input.bad("bytes that are no UTF-8", "text"))?;
    let (mut names, mut at) = (Vec::with_capacity(lengths.len()), 0);
    for length in lengths {
        let text = blob.get(at..at + length).ok_or_else(|| input.bad("half a character", "text"))?;
        names.push(Name::new(text));
        at += length;
    }
    input.finish()?;
    Ok(names)
}

/// The index frame.
struct Index {
    now: Option<Timestamp>,
    coverage: Vec<CoverageEntry>,
    places: Vec<PlaceEntry>,
}

impl Index {
    fn unpack(input: &mut Unpacker<'_>) -> Result<Index, Bad> {
        Ok(Index { now: Pack::unpack(input)?, coverage: Pack::unpack(input)?, places: Pack::unpack(input)? })
    }

    fn restore(self, mut batches: BTreeMap<u32, Batches>) -> Result<Inventory, Damage> {
        let mut inventory = Inventory::default();
        inventory.now = self.now;
        self.coverage.into_iter().for_each(|entry| entry.put(&mut inventory.coverage));
        let mut account: Option<AccountFacts> = None;
        for (owner, place) in (0..).zip(&self.places) {
            let batches = batches.remove(&owner).unwrap_or_default();
            let (name, directory) = (place.name.clone(), place.directory.clone());
            match place.kind {
                PlaceKind::Cluster => {
                    let facts = ClusterFacts { label: name.clone(), directory, ..fill(place, batches)? };
                    inventory.clusters.insert(name, Arc::new(facts));
                }
                PlaceKind::Account => {
                    keep(&mut inventory, account.take());
                    account = Some(AccountFacts { id: name, directory, ..fill(place, batches)? });
                }
                PlaceKind::Region => {
                    let account = account.as_mut().ok_or_else(|| {
                        Damage::new("the index", format!("region {name} before any account"), "its account first")
                    })?;
                    account.regions.insert(name, fill(place, batches)?);
                }
            }
        }
        keep(&mut inventory, account);
        Ok(inventory)
    }
}

fn keep(inventory: &mut Inventory, account: Option<AccountFacts>) {
    if let Some(account) = account {
        inventory.accounts.insert(account.id.clone(), Arc::new(account));
    }
}

fn fill<T: Lists>(place: &PlaceEntry, mut batches: Batches) -> Result<T, Damage> {
    let mut facts = T::default();
    for entry in &place.lists {
        let batches = batches.remove(&entry.number).unwrap_or_default();
        facts.place(entry, batches).map_err(|found| {
            let list = format!("list {} of {}", entry.number, place.name);
            Damage::new(list, format!("{found} objects"), format!("{} as the index says", entry.length))
        })?;
    }
    if let Some((list, _)) = batches.first_key_value() {
        let place = format!("list {list} of {}", place.name);
        return Err(Damage::new(place, "objects of a list that the index does not name", "none"));
    }
    Ok(facts)
}
