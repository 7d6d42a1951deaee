//! The first line of the screens for an inventory that was read live, as the fault matrices record it.

use rolewalk::app::{Msg, Settings};
use rolewalk::model::coverage::SourceReport;
use rolewalk::model::feed::{Change, Delta, Place};
use rolewalk::model::{Inventory, Reading, SourceId, SourceKind, Status};
use rolewalk::testing::{Harness, dump, golden};

/// When the matrices are looked at: their data is of two minutes before.
const NOW: &str = "2026-06-01T12:02:00Z";

/// The header at 100 columns.
pub fn line(inventory: &Inventory) -> String {
    let mut ui = Harness::empty(Settings { size: SIZE, ..Settings::default() });
    ui.send(Msg::Clock(NOW.parse().unwrap()));
    // What is computed from the inventory says nothing about how it was read.
    drop(ui.app.update(Msg::Inventory { inventory: inventory.clone(), finished: true }));
    dump(&ui.draw(SIZE)).lines().next().unwrap_or_default().to_owned()
}

const SIZE: (u16, u16) = (100, 16);

/// One row of a matrix: who failed and how, what became of it, and the header.
pub fn row(source: &str, fault: &str, report: &SourceReport, inventory: &Inventory) -> String {
    let permission = report.permission.as_deref().unwrap_or("-");
    let header = line(inventory);
    format!("{source:<50} {fault:<11} {:<8} {permission:<54} |{header}|", report.status.word())
}

/// Compares all rows with those recorded.
pub fn check(file: &str, mut rows: Vec<String>) {
    rows.sort();
    rows.push(String::new());
    golden::compare(&format!("tests/screens/header/{file}.txt"), &rows.join("\n")).unwrap();
}

/// Live pods of noon, looked at so many minutes later; with a refused source beside them or not.
fn at(minutes: i64, refused: bool) -> Harness {
    let noon: jiff::Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let mut inventory = Inventory::default();
    inventory.now = Some(noon);
    let place = Place::Cluster("prod".into());
    let mut say = |kind, change| {
        let source = SourceId::new("clusters/prod", kind);
        inventory.apply(Delta { place: place.clone(), source, change });
    };
    let listed = Change::Listed { reading: Reading::Complete, read_at: Some(noon), why: String::new() };
    say(SourceKind::Pods, Change::Opened);
    say(SourceKind::Pods, listed);
    if refused {
        let (why, permission) = ("answered 403".to_owned(), Some("list nodes".to_owned()));
        say(SourceKind::Nodes, Change::Failed { status: Status::Denied, why, permission });
    }
    let mut ui = Harness::with(inventory, Settings { size: SIZE, ..Settings::default() });
    ui.send(Msg::Clock(noon + jiff::SignedDuration::from_mins(minutes)));
    ui
}

fn first(ui: &mut Harness) -> String {
    dump(&ui.draw(SIZE)).lines().next().unwrap_or_default().trim().to_owned()
}

#[test]
fn the_header_says_how_old_and_how_whole_the_data_is() {
    let mut said = Vec::new();
    for (minutes, refused) in [(0, false), (29, false), (31, false), (31, true)] {
        said.push(first(&mut at(minutes, refused)));
    }
    let mut again = at(31, true);
    again.run("ctrl-r");
    said.push(first(&mut again));
    let mut nothing = Harness::empty(Settings { size: SIZE, ..Settings::default() });
    said.push(first(&mut nothing));
    nothing.send(Msg::LoadFailed("no cluster found in kubeconfig".into()));
    said.push(first(&mut nothing));
    expect_test::expect![[r#"
        rolewalk  prod                                   data 12:00:00 UTC, 0 s old   COMPLETE   READ-ONLY
        rolewalk  prod                                data 12:00:00 UTC, 29 min old   COMPLETE   READ-ONLY
        rolewalk  prod                                   data 12:00:00 UTC, 31 min old   STALE   READ-ONLY
        rolewalk  prod                               data 12:00:00 UTC, 31 min old   PARTIAL 1   READ-ONLY
        rolewalk  prod                                 data 12:00:00 UTC, 31 min old   LOADING   READ-ONLY
        rolewalk                                                                       LOADING   READ-ONLY
        rolewalk                                                                       NO DATA   READ-ONLY"#]]
    .assert_eq(&said.join("\n"));
}
