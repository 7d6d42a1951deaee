//! What the header and the status line say in every row of the fault matrix, and while and after data is read again.

use rolewalk::app::{Msg, Settings};
use rolewalk::ingest::live::kube::api::ROWS;
use rolewalk::model::coverage::Coverage;
use rolewalk::model::{Inventory, SourceKind, Status};
use rolewalk::testing::{Harness, dump, golden};

use super::load;
use crate::api_server::{ApiServer, Fault};

/// Minutes from the end of the load to now.
fn clock(minutes: i64) -> Msg {
    let loaded: jiff::Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    Msg::Clock(loaded + jiff::SignedDuration::from_mins(minutes))
}

/// The first row and the status line.
fn lines(ui: &mut Harness) -> String {
    let screen = dump(&ui.draw((140, 30)));
    let rows: Vec<&str> = screen.lines().filter(|line| !line.starts_with('~')).collect();
    let squeezed = |row: &str| row.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("  {}\n  {}\n", squeezed(rows[0]), squeezed(rows[28]))
}

fn shown(inventory: Inventory, minutes: i64) -> String {
    let mut ui = Harness::with(inventory, Settings::default());
    ui.send(clock(minutes));
    lines(&mut ui)
}

/// Without what AWS would answer, which nobody asked.
fn asked(mut inventory: Inventory) -> Inventory {
    let mut coverage = Coverage::default();
    let sources = inventory.coverage.sources().filter(|(_, report)| report.status != Status::Skipped);
    sources.for_each(|(source, report)| coverage.set(source.clone(), report.clone()));
    inventory.coverage = coverage;
    inventory
}

fn server() -> ApiServer {
    let server = ApiServer::empty();
    server.put("pods", super::pod("web", "a"));
    server.put("nodes", serde_json::json!({"metadata": {"name": "n1"}}));
    server
}

#[test]
fn the_header_tells_how_far_the_data_can_be_trusted() {
    let server = server();
    let whole = asked(load(&server));
    let mut text = String::from("# Header and status line in each row of the fault matrix\n");
    let mut add = |name: &str, lines: String| text.push_str(&format!("{name}\n{lines}"));

    add("all is well, 2 minutes ago", shown(whole.clone(), 2));
    add("31 minutes ago", shown(whole.clone(), 31));
    let mut ui = Harness::empty(Settings::default());
    ui.send(Msg::Inventory { inventory: whole.clone(), finished: false });
    ui.send(clock(0));
    add("still being read", lines(&mut ui));
    let mut ui = Harness::with(whole.clone(), Settings::default());
    ui.send(clock(3));
    ui.run("ctrl-r");
    add("read again: the old data stays", lines(&mut ui));
    ui.send(Msg::Inventory { inventory: whole, finished: true });
    add("and has come", lines(&mut ui));

    let cases = [
        (Fault::Status(403), usize::MAX),
        (Fault::Status(404), usize::MAX),
        (Fault::Status(401), usize::MAX),
        (Fault::Busy, 3),
        (Fault::Status(500), 3),
        (Fault::Status(500), usize::MAX),
        (Fault::Silence, usize::MAX),
        (Fault::Reset, usize::MAX),
        (Fault::Cut, usize::MAX),
        (Fault::Torn, usize::MAX),
        (Fault::Html, usize::MAX),
    ];
    for kind in [SourceKind::Pods, SourceKind::Nodes] {
        let file = kind.file();
        let plural = file.strip_suffix(".json").unwrap();
        assert!(ROWS.iter().any(|row| row.kind == kind));
        for (fault, times) in &cases {
            server.fail(plural, fault.clone(), *times);
            let inventory = asked(load(&server));
            server.heal();
            let times = if *times == usize::MAX { String::new() } else { format!(" x{times}") };
            add(&format!("{file}: {fault:?}{times}"), shown(inventory, 2));
        }
    }
    server.demand("renewed");
    add("credentials expired", shown(asked(load(&server)), 2));
    golden::compare("tests/screens/live/headers.txt", &text).unwrap_or_else(|error| panic!("{error}"));
}
