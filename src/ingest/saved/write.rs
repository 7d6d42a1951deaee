//! From an inventory to the bytes of a saved snapshot.

use crate::base::Name;
use crate::model::source::SourceKind;
use crate::model::{Inventory, Listing, Reading};

use super::Header;
use super::coverage::CoverageEntry;
use super::frame::{self, FULL, Frame, FrameKind};
use super::pack::{Pack, Packer};
use super::places::{ListEntry, Lists, PlaceEntry, PlaceKind, Sink};
use super::tables::Tables;

/// The file of an inventory: the same inventory gives the same bytes.
pub fn write(inventory: &Inventory, header: &Header) -> Vec<u8> {
    let mut writer = Writer::default();
    let places = writer.places(inventory);
    writer.one(FrameKind::Index, |out| {
        inventory.now.pack(out);
        CoverageEntry::all(&inventory.coverage).pack(out);
        places.pack(out);
    });
    // Each kind of part before those that it is made of, so that every table is whole when its frames are written.
    let templates = std::mem::take(&mut writer.tables.templates.values);
    writer.many(FrameKind::Templates, templates.iter().map(|it| &**it));
    let specs = std::mem::take(&mut writer.tables.specs.values);
    writer.many(FrameKind::Specs, specs.iter().map(|it| &**it));
    let rules = std::mem::take(&mut writer.tables.rules.values);
    writer.many(FrameKind::Rules, rules.iter().map(|it| &it[..]));
    let managers = std::mem::take(&mut writer.tables.managers.values);
    writer.many(FrameKind::Managers, managers.iter().map(|it| &it[..]));
    let labels = std::mem::take(&mut writer.tables.labels.values);
    writer.many(FrameKind::Labels, labels.iter().map(|it| &it.0[..]));

    let Writer { tables, mut frames } = writer;
    text_frames(tables.texts(), &mut frames);
    let header = serde_json::to_string(header).expect("names and numbers are JSON");
    frame::assemble(&header, &frames)
}

/// A value that is written, sized or not.
trait Value {
    fn put(&self, out: &mut Packer<'_>);
}

impl<T: Pack> Value for T {
    fn put(&self, out: &mut Packer<'_>) {
        self.pack(out);
    }
}

impl<T: Pack> Value for [T] {
    fn put(&self, out: &mut Packer<'_>) {
        out.number(self.len() as u64);
        self.iter().for_each(|item| item.pack(out));
    }
}

#[derive(Default)]
struct Writer {
    tables: Tables,
    frames: Vec<Frame>,
}

impl Writer {
    fn places(&mut self, inventory: &Inventory) -> Vec<PlaceEntry> {
        let mut places = Vec::new();
        for cluster in inventory.clusters.values() {
            self.place(PlaceKind::Cluster, &cluster.label, &cluster.directory, &**cluster, &mut places);
        }
        for account in inventory.accounts.values() {
            self.place(PlaceKind::Account, &account.id, &account.directory, &**account, &mut places);
            for (name, region) in &account.regions {
                self.place(PlaceKind::Region, name, &Name::default(), region, &mut places);
            }
        }
        places
    }

    fn place(
        &mut self,
        kind: PlaceKind,
        name: &Name,
        directory: &Name,
        facts: &impl Lists,
        places: &mut Vec<PlaceEntry>,
    ) {
        let owner = u32::try_from(places.len()).expect("fewer than four thousand million places");
        let mut objects = Objects { writer: self, owner, lists: Vec::new() };
        facts.write(&mut objects);
        let lists = objects.lists;
        places.push(PlaceEntry { kind, name: name.clone(), directory: directory.clone(), lists });
    }

    fn one(&mut self, kind: FrameKind, write: impl FnOnce(&mut Packer<'_>)) {
        let base = said(&self.tables);
        let mut out = Packer { bytes: Vec::new(), tables: &mut self.tables };
        write(&mut out);
        let bytes = out.bytes;
        self.frames.push(Frame { kind, owner: 0, list: 0, values: 1, base, bytes });
    }

    fn many<'a, T: Value + ?Sized + 'a>(&mut self, kind: FrameKind, values: impl Iterator<Item = &'a T>) {
        self.cut(kind, 0, 0, values);
    }

    /// Frames of one list, cut where they are full.
    fn cut<'a, T: Value + ?Sized + 'a>(
        &mut self,
        kind: FrameKind,
        owner: u32,
        list: u32,
        values: impl Iterator<Item = &'a T>,
    ) {
        let mut frame = Frame { kind, owner, list, values: 0, base: said(&self.tables), bytes: Vec::new() };
        for value in values {
            if frame.bytes.len() >= FULL {
                let next = Frame { kind, owner, list, values: 0, base: said(&self.tables), bytes: Vec::new() };
                self.frames.push(std::mem::replace(&mut frame, next));
            }
            let mut out = Packer { bytes: std::mem::take(&mut frame.bytes), tables: &mut self.tables };
            value.put(&mut out);
            frame.bytes = out.bytes;
            frame.values += 1;
        }
        if frame.values > 0 {
            self.frames.push(frame);
        }
    }
}

fn said(tables: &Tables) -> u32 {
    u32::try_from(tables.texts().len()).expect("fewer than four thousand million names")
}

/// Takes the lists of one place.
struct Objects<'a> {
    writer: &'a mut Writer,
    owner: u32,
    lists: Vec<ListEntry>,
}

impl Sink for Objects<'_> {
    fn list<T: Pack>(&mut self, number: u32, kind: Option<SourceKind>, listing: &Listing<T>) {
        if listing.is_empty() && listing.reading == Reading::NotRead && kind.is_none() {
            return;
        }
        let length = u32::try_from(listing.len()).expect("fewer than four thousand million objects");
        self.lists.push(ListEntry { number, reading: listing.reading, length, kind });
        self.writer.cut(FrameKind::Objects, self.owner, number, listing.iter().map(|it| &**it));
    }
}

/// Texts by number: first all lengths, then all bytes.
fn text_frames(texts: &[Name], frames: &mut Vec<Frame>) {
    let mut rest = texts;
    while !rest.is_empty() {
        let mut size = 0;
        let count = rest.iter().take_while(|text| {
            let room = size < FULL;
            size += text.len();
            room
        });
        let (chunk, after) = rest.split_at(count.count());
        rest = after;
        let mut tables = Tables::default();
        let mut out = Packer { bytes: Vec::new(), tables: &mut tables };
        chunk.iter().for_each(|text| out.number(text.len() as u64));
        let mut bytes = out.bytes;
        chunk.iter().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
        let values = u32::try_from(chunk.len()).expect("a frame is cut at a million bytes");
        frames.push(Frame { kind: FrameKind::Texts, owner: 0, list: 0, values, base: 0, bytes });
    }
}
