//! What goes wrong with one source, for each source: the others lose nothing, the gap is named, another try heals it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use rolewalk::ingest::live::kube::api::{Call, ROWS};
use rolewalk::model::{Inventory, SourceKind, Status};

use super::{gaps, load, open};
use crate::api_server::{ApiServer, Fault};

const ALWAYS: usize = usize::MAX;

/// Objects of each source that was read.
fn counts(inventory: &Inventory) -> BTreeMap<String, u64> {
    let read = inventory.coverage.sources().filter(|(source, _)| source.path.starts_with("clusters/"));
    read.filter(|(_, report)| report.count > 0).map(|(source, report)| (source.to_string(), report.count)).collect()
}

/// Two objects of every kind, in two namespaces where the kind has them.
fn server() -> ApiServer {
    let server = ApiServer::empty();
    for row in ROWS {
        let (Call::List(resource) | Call::Named(resource)) = row.call else { continue };
        for (namespace, name) in [("payments", "x"), ("web", "y")] {
            let metadata = if resource.namespaced {
                serde_json::json!({"namespace": namespace, "name": name})
            } else {
                serde_json::json!({ "name": if resource.plural == "namespaces" { namespace } else { name } })
            };
            server.put(resource.plural, serde_json::json!({ "metadata": metadata }));
        }
    }
    let map =
        |name: &str| serde_json::json!({"metadata": {"namespace": "kube-system", "name": name}, "data": {"A": "1"}});
    server.put("configmaps", map("aws-auth"));
    server.put("configmaps", map("settings"));
    let mut pod = super::pod("kube-system", "z");
    pod["spec"]["containers"][0]["envFrom"] = serde_json::json!([{"configMapRef": {"name": "settings"}}]);
    server.put("pods", pod);
    server
}

/// What a fault that stays does to a source: its status, and a part of the reason.
struct Case {
    fault: Fault,
    times: usize,
    status: Status,
    why: &'static str,
}

fn case(fault: Fault, times: usize, status: Status, why: &'static str) -> Case {
    Case { fault, times, status, why }
}

#[test]
fn a_fault_of_one_source_is_named_and_takes_nothing_from_the_others() {
    let server = server();
    let whole = load(&server);
    assert_eq!(gaps(&whole), Vec::<String>::new());
    let whole = counts(&whole);
    let cases = [
        case(Fault::Status(403), ALWAYS, Status::Denied, "answered 403"),
        case(Fault::Status(404), ALWAYS, Status::Missing, "answered 404"),
        case(Fault::Status(401), ALWAYS, Status::Denied, "does not accept the credentials"),
        case(Fault::Status(500), ALWAYS, Status::Missing, "answered 500: an error on the server"),
        case(Fault::Status(500), 3, Status::Ok, ""),
        case(Fault::Busy, 3, Status::Ok, ""),
        case(Fault::Reset, ALWAYS, Status::Missing, "no connection"),
        case(Fault::Cut, 2, Status::Ok, ""),
        case(Fault::Torn, 2, Status::Ok, ""),
        case(Fault::Html, ALWAYS, Status::Missing, "the answer is no"),
        case(Fault::Silence, 1, Status::Ok, ""),
        case(Fault::Dribble, 1, Status::Ok, ""),
    ];
    // Half of the time is waiting.
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for cases in cases.chunks(3) {
            scope.spawn(|| {
                let found = try_out(cases, &whole);
                wrong.lock().unwrap().extend(found);
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Meets every source with every case, one after the other; gives what is not as it should be.
fn try_out(cases: &[Case], whole: &BTreeMap<String, u64>) -> Vec<String> {
    let server = server();
    let mut wrong = Vec::new();
    for row in ROWS {
        let plural = match row.call {
            Call::List(resource) => resource.plural,
            Call::Named(_) => "aws-auth",
            Call::Path(_) => "version",
        };
        for case in cases {
            server.fail(plural, case.fault.clone(), case.times);
            let found = load(&server);
            server.heal();
            let source = format!("clusters/prod/{}", row.kind.file());
            if let Some(why) = verdict(row.kind, &source, case, &found, whole) {
                wrong.push(format!("{plural} {:?} x{}: {why}", case.fault, case.times));
            }
        }
    }
    wrong
}

/// What is not as the case says, if anything.
fn verdict(
    kind: SourceKind,
    source: &str,
    case: &Case,
    found: &Inventory,
    whole: &BTreeMap<String, u64>,
) -> Option<String> {
    let (id, report) = found.coverage.sources().find(|(id, _)| id.path == *source)?;
    // That a kind is not there is an answer for what only CRDs bring, and that aws-auth is not there as well.
    let absent = case.fault == Fault::Status(404);
    let optional = absent && matches!(ROWS.iter().find(|row| row.kind == kind)?.call, Call::List(it) if it.optional);
    let expected = if optional || absent && kind == SourceKind::ConfigMaps { Status::Ok } else { case.status };
    // One ConfigMap of several: the rest was read.
    let expected = match (kind, expected) {
        (SourceKind::ConfigMaps, Status::Missing | Status::Denied)
            if !found.clusters["prod"].config_maps.is_empty() =>
        {
            Status::Partial
        }
        (_, expected) => expected,
    };
    if report.status != expected {
        return Some(format!("{} ({}) instead of {}", report.status.word(), report.why, expected.word()));
    }
    if expected != Status::Ok && !report.why.contains(case.why) {
        return Some(format!("says `{}`", report.why));
    }
    if case.fault == Fault::Status(403) && report.permission.as_deref() != Some(id.kind.permission()) {
        return Some(format!("names {:?}", report.permission));
    }
    let counts = counts(found);
    let lost: Vec<&String> =
        whole.iter().filter(|(it, count)| *it != source && counts.get(*it) != Some(count)).map(|it| it.0).collect();
    if !lost.is_empty() {
        // ConfigMaps are found through pods and workloads.
        let through = lost.iter().all(|it| it.ends_with("/configmaps.json"));
        if !through {
            return Some(format!("others lost something: {lost:?}"));
        }
    }
    let own = (counts.get(source), whole.get(source));
    (expected == Status::Ok && !absent && own.0 != own.1).then(|| format!("{:?} of {:?} objects", own.0, own.1))
}

#[test]
fn another_try_heals_and_what_was_shown_stays_meanwhile() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let live = open(&server, directory.path());
    let mut inventory = live.load();
    let pods = inventory.clusters["prod"].pods.len();
    let again = |inventory: &mut Inventory| live.read(&mut |delta| inventory.apply(delta), &AtomicBool::new(false));

    server.demand("renewed");
    again(&mut inventory);
    assert_eq!(inventory.clusters["prod"].pods.len(), pods);
    let found = gaps(&inventory);
    assert!(
        found.len() > 20 && found.iter().all(|gap| gap.contains("denied -: the API server does not accept")),
        "{found:#?}"
    );
    assert!(
        found[0].contains(
            "renew the credentials of context `arn:aws:eks:eu-west-1:111122223333:cluster/prod`, then ctrl-r"
        )
    );

    server.demand("good");
    server.delete("pods", "payments", "x");
    again(&mut inventory);
    assert_eq!(gaps(&inventory), Vec::<String>::new());
    assert_eq!(inventory.clusters["prod"].pods.len(), pods - 1);
}

#[test]
fn a_list_that_became_too_old_is_begun_anew() {
    let server = server();
    let whole = counts(&load(&server));
    server.page(1);
    server.fail("pods", Fault::GoneLater, 2);
    let found = load(&server);
    assert_eq!(gaps(&found), Vec::<String>::new());
    assert_eq!(counts(&found), whole);
}

#[test]
fn what_came_before_a_list_broke_off_stays_and_is_called_partial() {
    let server = server();
    server.page(2);
    server.fail("pods", Fault::StatusLater(500), ALWAYS);
    let found = load(&server);
    assert_eq!(found.clusters["prod"].pods.len(), 2);
    assert!(!found.clusters["prod"].pods.is_complete());
    let gaps = gaps(&found);
    assert_eq!(gaps, ["clusters/prod/pods.json partial -: the API server answered 500: an error on the server"]);
}

#[test]
fn namespaces_are_read_one_by_one_when_all_at_once_is_refused() {
    let server = server();
    server.fail("pods", Fault::DeniedAcross(vec!["payments".into()]), ALWAYS);
    let found = load(&server);
    let names: Vec<&str> = found.clusters["prod"].pods.iter().map(|pod| pod.meta.name.as_str()).collect();
    assert_eq!(names, ["y"]);
    let gaps = gaps(&found);
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    let said = "clusters/prod/pods.json partial list pods: listing all namespaces is refused; read 1 of 2: web";
    assert!(gaps[0].starts_with(said), "{gaps:#?}");

    // Without the namespaces either, the one of the context or of the flag is tried.
    server.fail("namespaces", Fault::Status(403), ALWAYS);
    let found = load(&server);
    let gaps = super::gaps(&found);
    assert!(
        gaps.iter().any(|it| it.contains("pods.json partial list pods") && it.ends_with("read 1: default")),
        "{gaps:#?}"
    );
}

#[test]
fn an_unreachable_server_is_told_once_for_all_and_soon() {
    let server = ApiServer::empty();
    let directory = tempfile::tempdir().unwrap();
    let live = open(&server, directory.path());
    drop(server);
    let inventory = live.load();
    let found = gaps(&inventory);
    assert!(
        found.len() >= 17 && found.iter().all(|it| it.contains("missing -: no connection to the API server")),
        "{found:#?}"
    );
}
