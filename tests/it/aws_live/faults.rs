//! Every call with everything that can go wrong with it: the gap is named, the rest is read, a retry heals it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rolewalk::ingest::live::aws::Options;
use rolewalk::model::call::{Call, Service};
use rolewalk::model::{Inventory, SourceKind, Status};

use super::{AwsServer, Fault, Kind, options, read_into, targets, with_organization};
use crate::testbed;

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

/// Calls that can fail at the same time without one hiding what becomes of another.
const GROUPS: &[&[Call]] = &[
    &[
        Call::GetAccountAuthorizationDetails,
        Call::GetOpenIDConnectProvider,
        Call::ListNodegroups,
        Call::DescribePodIdentityAssociation,
        Call::DescribeAccessEntry,
        Call::DescribeFargateProfile,
        Call::ListAddons,
        Call::DescribePolicy,
    ],
    &[
        Call::ListOpenIDConnectProviders,
        Call::ListInstanceProfiles,
        Call::ListPodIdentityAssociations,
        Call::ListAssociatedAccessPolicies,
        Call::DescribeNodegroup,
        Call::DescribeInstances,
        Call::ListParents,
    ],
    &[
        Call::ListClusters,
        Call::DescribeCluster,
        Call::ListAccessEntries,
        Call::ListFargateProfiles,
        Call::ListPoliciesForTarget,
    ],
];

/// How a source ends up when every answer to its call has this fault, and a piece of the reason.
fn outcome(call: Call, kind: Kind) -> (&'static [Status], &'static [&'static str]) {
    const MISSING: &[Status] = &[Status::Missing];
    match kind {
        Kind::Denied => (&[Status::Denied], &["access denied"]),
        Kind::NotFound => (MISSING, &["404"]),
        Kind::Throttled => (MISSING, &["slow down"]),
        Kind::Error500 => (MISSING, &["500"]),
        Kind::Silent => (MISSING, &["no answer in time"]),
        Kind::Cut => (MISSING, &["broke off", "connection failed"]),
        // What stands before the tear of a list in JSON is read.
        Kind::Malformed if matches!(call.service(), Service::Iam | Service::Ec2) => (MISSING, &["breaks off"]),
        Kind::Malformed => (&[Status::Missing, Status::Partial], &[]),
        Kind::Html => (MISSING, &["HTML"]),
        Kind::Expired => (MISSING, &["expired"]),
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

#[test]
fn every_call_may_fail_in_every_way_and_the_rest_is_read() {
    let Some(world) = testbed::world("small", 1) else { return };
    let world = with_organization(&world);
    let read_with = |kind: Kind, faults: Vec<Fault>| {
        let server = AwsServer::start(world.path(), 20, faults);
        let mut options = options(&server, targets(world.path()));
        options.patience.attempts = 2;
        if kind == Kind::Silent {
            options.patience.request = Duration::from_millis(700);
        }
        read(options)
    };
    let sound = read_with(Kind::Denied, Vec::new());
    let grouped: usize = GROUPS.iter().map(|calls| calls.len()).sum();
    assert_eq!(grouped + 1, Call::ALL.len(), "who asks is tried on its own");
    let cases: Vec<(&[Call], Kind)> =
        GROUPS.iter().flat_map(|calls| KINDS.iter().map(move |kind| (*calls, *kind))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((calls, kind)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let faults = calls.iter().map(|call| Fault::always(&call.to_string(), *kind)).collect();
            found.extend(offences(calls, *kind, &read_with(*kind, faults), &sound));
        }
        found
    };
    let found: Vec<String> = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
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
