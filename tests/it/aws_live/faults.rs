//! Every call with everything that can go wrong with it: the gap is named, the rest is read, a retry heals it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rolewalk::ingest::live::aws::Options;
use rolewalk::model::call::{Call, Service};
use rolewalk::model::{Inventory, SourceKind, Status};

use super::{AwsServer, Fault, Kind, kubernetes, options, read_into, targets, with_organization};
use crate::{header, testbed};

const KINDS: &[Kind] = &[
    Kind::Denied,
    Kind::NotFound,
    Kind::Throttled,
    Kind::Error500,
    Kind::Silent,
    Kind::Cut,
    Kind::Malformed,
    Kind::Html,
    Kind::Expired,
    Kind::Skewed,
];

/// How a source ends up when every answer to its call has this fault, and a piece of the reason.
fn outcome(call: Call, kind: Kind) -> (&'static [Status], &'static [&'static str]) {
    // What files may lack without a gap was asked for all the same.
    let expected = touched(call).0.is_expected();
    let missing: &[Status] = if expected { &[Status::Missing] } else { &[Status::Partial] };
    match kind {
        Kind::Denied => (&[Status::Denied], &["access denied"]),
        Kind::NotFound => (missing, &["404"]),
        Kind::Throttled => (missing, &["slow down"]),
        Kind::Error500 => (missing, &["500"]),
        Kind::Silent => (missing, &["no answer in time"]),
        Kind::Cut => (missing, &["broke off", "connection failed"]),
        // What stands before the tear of a list in JSON is read.
        Kind::Malformed if matches!(call.service(), Service::Iam | Service::Ec2) => (missing, &["breaks off"]),
        Kind::Malformed => (&[Status::Missing, Status::Partial], &[]),
        Kind::Html => (missing, &["HTML"]),
        Kind::Expired => (missing, &["expired"]),
        Kind::Skewed | Kind::NoOrganization => (&[Status::Ok], &[]),
    }
}

/// Sources that a call answers, and those that can only be asked for with its answer.
fn touched(call: Call) -> (SourceKind, Vec<SourceKind>) {
    use SourceKind::*;
    let own = call.sources().next().unwrap();
    let mut all: Vec<SourceKind> = call.sources().collect();
    all.extend_from_slice(match call {
        Call::ListOpenIDConnectProviders => &[Providers],
        Call::ListPodIdentityAssociations => &[Associations],
        Call::ListAccessEntries => &[AccessEntries, AccessPolicies],
        Call::ListNodegroups => &[Nodegroups],
        Call::ListFargateProfiles => &[FargateProfiles],
        Call::ListPoliciesForTarget => &[OrganizationPolicies],
        Call::ListParents => &[TargetPoliciesByTarget, OrganizationPolicies],
        _ => &[],
    });
    (own, all)
}

fn read(options: Options) -> Inventory {
    let mut inventory = Inventory::default();
    read_into(&mut inventory, options);
    inventory
}

fn of_aws(kind: SourceKind) -> bool {
    Call::ALL.iter().any(|call| call.sources().any(|it| it == kind))
}

/// What is not as it should be when these calls fail in this way.
fn offences(calls: &[Call], kind: Kind, faulty: &Inventory, sound: &Inventory) -> Vec<String> {
    let mut offences = Vec::new();
    for (source, report) in faulty.coverage.sources().filter(|(source, _)| of_aws(source.kind)) {
        let text = format!("{kind:?}: {source} is {} ({})", report.status.word(), report.why);
        if let Some(call) = calls.iter().find(|call| touched(**call).0 == source.kind) {
            let (statuses, pieces) = outcome(*call, kind);
            let told = pieces.is_empty() || pieces.iter().any(|piece| report.why.contains(piece));
            if !statuses.contains(&report.status) || !told {
                offences.push(text);
            } else if kind == Kind::Denied && report.permission.as_deref() != Some(call.action().as_str()) {
                offences.push(format!("{text}: {:?} is named as missing", report.permission));
            }
        } else if !calls.iter().any(|call| touched(*call).1.contains(&source.kind)) {
            let before = sound.coverage.report(source);
            if before.is_none_or(|it| it.status != report.status || it.count != report.count) {
                offences.push(format!("{text}, which has nothing to do with it"));
            }
        }
    }
    offences
}

/// Servers that are asked at the same time: half of the cases wait.
const AT_ONCE: usize = 4;

/// Leaves a few of each thing of IAM: here only matters whether they are read.
fn shorten(world: &Path) {
    let file = world.join("aws/iam.json");
    let mut details: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for list in details.as_object_mut().unwrap().values_mut().filter_map(|it| it.as_array_mut()) {
        list.truncate(4);
    }
    std::fs::write(file, details.to_string()).unwrap();
}

#[test]
fn every_call_may_fail_in_every_way_the_rest_is_read_and_another_try_heals() {
    let Some(world) = testbed::world("small", 1) else { return };
    let world = with_organization(&world);
    shorten(world.path());
    let kubernetes = kubernetes(world.path());
    let estate = |options: Options| {
        let mut inventory = Inventory::default();
        kubernetes.iter().for_each(|delta| inventory.apply(delta.clone()));
        read_into(&mut inventory, options);
        inventory
    };
    let patient = |server: &AwsServer| {
        let mut options = options(server, targets(world.path()));
        options.patience.attempts = 2;
        options
    };
    let sound = {
        let server = AwsServer::start(world.path(), 100, Vec::new());
        estate(patient(&server))
    };
    let header = header::line(&sound);
    assert!(header.contains("COMPLETE"), "{header}");
    // Who asks is tried on its own.
    let calls = Call::ALL.iter().filter(|call| **call != Call::GetCallerIdentity);
    let cases: Vec<(Call, Kind)> = calls.flat_map(|call| KINDS.iter().map(|kind| (*call, *kind))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut found, mut rows) = (Vec::new(), Vec::new());
        let server = AwsServer::start(world.path(), 100, Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((call, kind)) = cases.get(at) else { break };
            server.fail(Fault::always(&call.to_string(), *kind));
            let mut options = patient(&server);
            if *kind == Kind::Silent {
                options.patience.request = Duration::from_millis(2500);
                options.patience.attempts = 1;
            }
            let mut inventory = estate(options);
            server.heal();
            found.extend(offences(&[*call], *kind, &inventory, &sound));
            let source = touched(*call).0;
            let report = inventory.coverage.sources().find(|(id, _)| id.kind == source).unwrap().1;
            rows.push(header::row(source.file(), &format!("{kind:?}"), report, &inventory));
            read_into(&mut inventory, patient(&server));
            if header::line(&inventory) != header {
                let gaps: Vec<_> = inventory.coverage.gaps().map(|it| (it.source, &it.report.why)).collect();
                found.push(format!("{call} {kind:?}: not healed: {gaps:#?}"));
            }
        }
        (found, rows)
    };
    let (found, mut rows) = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let all: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        let (found, rows): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        (found.concat(), rows.concat())
    });
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    rows.push(format!("{:<126} |{header}|", "nothing fails"));
    header::check("aws", rows);
}

#[test]
fn a_retry_heals_what_failed_for_a_while() {
    let Some(world) = testbed::world("small", 1) else { return };
    let world = with_organization(&world);
    let short = [Kind::Error500, Kind::Throttled, Kind::Cut];
    let faults = short.iter().flat_map(|kind| {
        let calls = ["iam:GetAccountAuthorizationDetails", "eks:ListNodegroups", "ec2:DescribeInstances"];
        calls.map(|call| Fault::times(call, 1, *kind))
    });
    // Three failures of each call in a row, then the answer.
    let server = AwsServer::start(world.path(), 20, faults.collect());
    let inventory = read(options(&server, targets(world.path())));
    let bad = inventory.coverage.sources().filter(|(it, report)| of_aws(it.kind) && report.status != Status::Ok);
    let bad: Vec<String> = bad.map(|(source, report)| format!("{source}: {}", report.why)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(server.calls()["ec2:DescribeInstances"] >= 4);
}

#[test]
fn a_list_that_breaks_off_keeps_its_pages_and_absence_is_no_answer() {
    let Some(world) = testbed::world("small", 1) else { return };
    let fault = Fault::always("iam:GetAccountAuthorizationDetails", Kind::Denied).after(2);
    let server = AwsServer::start(&world, 20, vec![fault]);
    let mut inventory = read(options(&server, targets(&world)));
    let account = inventory.accounts["111122223333"].clone();
    assert!((10..60).contains(&account.roles.len()) && !account.roles.is_complete());
    let names: Vec<_> = account.roles.iter().map(|role| role.name.clone()).collect();
    assert!(names.is_sorted(), "look-ups search the list");
    assert!(matches!(account.role(&names[0]), rolewalk::model::Lookup::Found(_)));
    assert!(matches!(account.role("nobody"), rolewalk::model::Lookup::Unknown));
    // Reading again heals it.
    server.heal();
    read_into(&mut inventory, options(&server, targets(&world)));
    assert!(inventory.accounts["111122223333"].roles.is_complete());
}

#[test]
fn one_thing_that_may_not_be_described_does_not_take_the_others_with_it() {
    let Some(world) = testbed::world("small", 1) else { return };
    let fault = Fault::times("eks:DescribePodIdentityAssociation", 1, Kind::Denied).after(3);
    let server = AwsServer::start(&world, 100, vec![fault]);
    let inventory = read(options(&server, targets(&world)));
    let cluster = &inventory.clusters["prod"];
    assert_eq!(cluster.associations.len() + 1, cluster.association_list.len());
    let report = inventory.coverage.report(&cluster.source(SourceKind::Associations)).unwrap();
    assert_eq!((report.status, report.lost), (Status::Partial, 1));
    assert!(
        report.why.contains("1 of 11") && report.why.contains("eks:DescribePodIdentityAssociation"),
        "{}",
        report.why
    );
}

#[test]
fn without_an_answer_of_sts_everything_else_is_still_asked() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = AwsServer::start(&world, 100, vec![Fault::always("sts:GetCallerIdentity", Kind::Error500)]);
    let inventory = read(options(&server, targets(&world)));
    assert!(inventory.accounts["111122223333"].roles.is_complete());
    let caller = inventory.accounts["111122223333"].source(SourceKind::CallerIdentity);
    assert_eq!(inventory.coverage.report(&caller).unwrap().status, Status::Missing);
}

#[test]
fn an_account_in_no_organisation_has_no_ceilings() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = AwsServer::start(&world, 100, vec![Fault::always("organizations:*", Kind::NoOrganization)]);
    let inventory = read(options(&server, targets(&world)));
    let account = &inventory.accounts["111122223333"];
    assert!(account.parents.is_complete() && account.parents.is_empty() && account.target_policies.is_complete());
}
