//! What goes wrong with one source, for each source: the others lose nothing, the gap is named, another try heals it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use rolewalk::ingest::live::kube::api::{Call, ROWS};
use rolewalk::model::feed::Delta;
use rolewalk::model::{Inventory, SourceKind, Status};

use super::{gaps, load, open};
use crate::api_server::{ApiServer, Fault};
use crate::aws_live::{self, with_organization};
use crate::aws_server::AwsServer;
use crate::{header, testbed};

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

/// What a fault does to a source: its status, and a part of the reason.
struct Case {
    name: &'static str,
    fault: Fault,
    times: usize,
    status: Status,
    why: &'static str,
}

fn case(name: &'static str, fault: Fault, times: usize, status: Status, why: &'static str) -> Case {
    Case { name, fault, times, status, why }
}

/// What AWS tells of the same cluster, where nothing goes wrong.
fn aws() -> Option<Vec<Delta>> {
    let world = with_organization(&testbed::world("small", 1)?);
    let server = AwsServer::start(world.path(), 100, Vec::new());
    Some(aws_live::deltas(aws_live::options(&server, aws_live::targets(world.path()))))
}

#[test]
fn a_fault_of_one_source_is_named_takes_nothing_from_the_others_and_heals() {
    let Some(aws) = aws() else { return };
    let server = server();
    let whole = load(&server);
    assert_eq!(gaps(&whole), Vec::<String>::new());
    let whole = counts(&whole);
    let cases = [
        case("403", Fault::Status(403), ALWAYS, Status::Denied, "answered 403"),
        case("404", Fault::Status(404), ALWAYS, Status::Missing, "answered 404"),
        case("401", Fault::Status(401), ALWAYS, Status::Denied, "does not accept the credentials"),
        case("500", Fault::Status(500), ALWAYS, Status::Missing, "answered 500: an error on the server"),
        case("500 x3", Fault::Status(500), 3, Status::Ok, ""),
        case("429", Fault::Busy, ALWAYS, Status::Missing, "answered 429"),
        case("429 x3", Fault::Busy, 3, Status::Ok, ""),
        case("timeout", Fault::Silence, ALWAYS, Status::Missing, "no answer within"),
        case("timeout x1", Fault::Silence, 1, Status::Ok, ""),
        case("reset", Fault::Reset, ALWAYS, Status::Missing, "no connection"),
        case("cut", Fault::Cut, ALWAYS, Status::Missing, "cut off"),
        case("cut x2", Fault::Cut, 2, Status::Ok, ""),
        case("torn", Fault::Torn, ALWAYS, Status::Partial, "answer"),
        case("torn x2", Fault::Torn, 2, Status::Ok, ""),
        case("HTML", Fault::Html, ALWAYS, Status::Missing, "the answer is no"),
        case("dribble", Fault::Dribble, 1, Status::Ok, ""),
    ];
    let mut baseline = load(&server);
    aws.iter().for_each(|delta| baseline.apply(delta.clone()));
    let sound = header::line(&baseline);
    assert!(sound.contains("COMPLETE"), "{sound}: {:#?}", all_gaps(&baseline));
    let rows = std::sync::Mutex::new(vec![format!("{:<126} |{sound}|", "nothing fails")]);
    // Half of the time is waiting.
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for cases in cases.chunks(2) {
            scope.spawn(|| {
                let (found, lines) = try_out(cases, &whole, &aws);
                wrong.lock().unwrap().extend(found);
                rows.lock().unwrap().extend(lines);
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    header::check("kubernetes", rows.into_inner().unwrap());
}

fn all_gaps(inventory: &Inventory) -> Vec<String> {
    inventory.coverage.gaps().map(|gap| format!("{}: {}", gap.source, gap.report.why)).collect()
}

/// Meets every source with every case, one after the other; gives what is not as it should be, and the headers.
fn try_out(cases: &[Case], whole: &BTreeMap<String, u64>, aws: &[Delta]) -> (Vec<String>, Vec<String>) {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let (mut wrong, mut rows) = (Vec::new(), Vec::new());
    for row in ROWS {
        let plural = match row.call {
            Call::List(resource) => resource.plural,
            Call::Named(_) => "aws-auth",
            Call::Path(_) => "version",
        };
        for case in cases {
            server.fail(plural, case.fault.clone(), case.times);
            let live = open(&server, directory.path());
            let mut found = live.load();
            server.heal();
            let source = format!("clusters/prod/{}", row.kind.file());
            if let Some(why) = verdict(row.kind, &source, case, &found, whole) {
                wrong.push(format!("{plural} {}: {why}", case.name));
            }
            aws.iter().for_each(|delta| found.apply(delta.clone()));
            let report = found.coverage.sources().find(|(id, _)| id.path == *source).unwrap().1;
            rows.push(header::row(row.kind.file(), case.name, report, &found));
            // Another try heals it.
            live.read(&mut |delta| found.apply(delta), &AtomicBool::new(false));
            if !gaps(&found).is_empty() || of_cluster(counts(&found)) != of_cluster(whole.clone()) {
                wrong.push(format!("{plural} {}: not healed: {:#?}", case.name, all_gaps(&found)));
            }
        }
    }
    (wrong, rows)
}

/// What the API server answers; counts of AWS are none of its business.
fn of_cluster(counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let of = |source: &String| ROWS.iter().any(|row| source.ends_with(&format!("/{}", row.kind.file())));
    counts.into_iter().filter(|(source, _)| of(source)).collect()
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
    // Nothing of one object could be read; of a list, what stands before the tear.
    let lists = matches!(ROWS.iter().find(|row| row.kind == kind)?.call, Call::List(_));
    let expected = if expected == Status::Partial && kind == SourceKind::Version { Status::Missing } else { expected };
    let torn = case.fault == Fault::Torn && lists && report.status == Status::Missing;
    // What files may lack without a gap was asked for all the same.
    let expected =
        if expected == Status::Missing && !absent && !kind.is_expected() { Status::Partial } else { expected };
    if report.status != expected && !torn {
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
fn a_kind_that_the_cluster_does_not_have_is_no_gap_where_listing_it_is_refused() {
    // As a real API server has it: rights are looked at first, so a kind without CRD is refused too.
    let server = ApiServer::empty();
    let optional = ["nodepools", "ec2nodeclasses", "nodeclasses", "gateways", "ciliumnetworkpolicies"];
    for plural in optional {
        server.fail(plural, Fault::Status(403), ALWAYS);
    }
    assert_eq!(gaps(&load(&server)), Vec::<String>::new());
    // It has one of them.
    server.put("nodepools", serde_json::json!({"metadata": {"name": "spot"}}));
    let gaps = gaps(&load(&server));
    assert!(
        gaps.len() == 1
            && gaps[0].starts_with("clusters/prod/nodepools.json denied list nodepools.karpenter.sh: the API server"),
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
        found.len() == ROWS.len() && found.iter().all(|it| it.contains(" -: no connection to the API server")),
        "{found:#?}"
    );
}
