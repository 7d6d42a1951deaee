//! The first line of the screens for an inventory that was read live, as the fault matrices record it.

use rolewalk::app::{Msg, Settings};
use rolewalk::model::Inventory;
use rolewalk::model::coverage::SourceReport;
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
