//! AWS read over the network from a loopback server, against the same world read from files.

mod faults;
mod program;

use std::fs;
use std::path::Path;
use std::time::Duration;

use rolewalk::base::Name;
use rolewalk::cli::command::list::{identities, roles};
use rolewalk::cli::envelope::completeness;
use rolewalk::estate::derive;
use rolewalk::ingest::live::aws::{Access, AwsSource, Options};
use rolewalk::ingest::live::{ClusterTarget, Feed, Patience, Source};
use rolewalk::ingest::{self, Snapshot, files::Files};
use rolewalk::model::facts::iam::PolicyText;
use rolewalk::model::feed::Delta;
use rolewalk::model::{Inventory, Scope, SourceId, Status};
use tempfile::TempDir;

use crate::aws_server::{AwsServer, Fault, Kind};
use crate::testbed;

/// What the source reports.
pub fn deltas(options: Options) -> Vec<Delta> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let source = AwsSource::new(options);
        let (feed, mut reports) = Feed::new(16);
        let load = source.load(feed);
        let mut deltas = Vec::new();
        let take = async {
            while let Some(delta) = reports.recv().await {
                deltas.push(delta);
            }
        };
        tokio::join!(load, take);
        deltas
    })
}

/// Reads what the source reports into an inventory.
pub fn read_into(inventory: &mut Inventory, options: Options) {
    deltas(options).into_iter().for_each(|delta| inventory.apply(delta));
}

/// The clusters of a world, as contexts of a kubeconfig name them.
pub fn targets(world: &Path) -> Vec<ClusterTarget> {
    let names = fs::read_dir(world.join("clusters")).unwrap().map(|it| it.unwrap().path());
    let described = names.map(|it| fs::read(it.join("describe-cluster.json")).unwrap());
    let target = |text: Vec<u8>| {
        let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let arn = text["cluster"]["arn"].as_str().unwrap();
        let parts: Vec<&str> = arn.split([':', '/']).collect();
        let (region, account, name) = (parts[3].into(), parts[4].into(), Name::new(parts[6]));
        ClusterTarget { label: name.clone(), eks_name: name, region, account, ..ClusterTarget::default() }
    };
    described.map(target).collect()
}

pub fn options(server: &AwsServer, clusters: Vec<ClusterTarget>) -> Options {
    Options {
        access: vec![access(server, "AKIATEST")],
        clusters,
        only: Vec::new(),
        patience: impatient(),
        refresh: None,
    }
}

pub fn access(server: &AwsServer, key: &str) -> Access {
    Access { region: Some("eu-west-1".to_owned()), endpoint_url: Some(server.url.clone()), ..Access::default() }
        .with_keys(key, "secret")
}

pub fn impatient() -> Patience {
    Patience {
        request: Duration::from_millis(2000),
        credentials: Duration::from_secs(5),
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        attempts: 4,
    }
}

/// The Kubernetes side of a world, from its files.
pub fn kubernetes(world: &Path) -> Vec<Delta> {
    let at = "2026-06-01T12:00:00Z".parse().ok();
    let snapshot = Snapshot::open(Files::Disk(world.to_owned()), ingest::Options { at, threads: Some(1) }).unwrap();
    let deltas = std::sync::Mutex::new(Vec::new());
    snapshot.read(|delta| deltas.lock().unwrap().push(delta));
    let of_aws = |source: &SourceId| source.kind.scope() != Scope::World && source.kind.permission().contains(':');
    deltas.into_inner().unwrap().into_iter().filter(|delta| !of_aws(&delta.source)).collect()
}

/// A copy of a world with the whole organisation above its account, which the generator leaves out.
pub fn with_organization(world: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copied(world, copy.path());
    let summary = |id: &str, kind: &str| serde_json::json!({"Id": id, "Name": id, "Type": kind});
    let of =
        |target: &str, policies: &[serde_json::Value]| serde_json::json!({"TargetId": target, "Policies": policies});
    let (scp, rcp) = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY");
    let full = [summary("p-FullAWSAccess", scp)];
    let direct = [summary("p-FullAWSAccess", scp), summary("p-examplekeep1", scp)];
    let rows = [
        of("111122223333", &direct),
        of("111122223333", &[]),
        of("ou-x", &full),
        of("ou-x", &[summary("p-RCPFullAWSAccess", rcp)]),
        of("r-root", &full),
        of("r-root", &[]),
    ];
    lines(&copy.path().join("aws/organizations-list-policies-for-target.jsonl"), &rows);
    let parent = |child: &str, id: &str, kind: &str| serde_json::json!({"ChildId": child, "Parents": [{"Id": id, "Type": kind}]});
    let parents = [parent("111122223333", "ou-x", "ORGANIZATIONAL_UNIT"), parent("ou-x", "r-root", "ROOT")];
    lines(&copy.path().join("aws/organizations-list-parents.jsonl"), &parents);
    let policies = copy.path().join("aws/organizations-describe-policy.jsonl");
    let text = fs::read_to_string(&policies).unwrap();
    let rcp = serde_json::json!({"Policy": {"PolicySummary": summary("p-RCPFullAWSAccess", rcp),
        "Content": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#}});
    fs::write(policies, format!("{text}{rcp}\n")).unwrap();
    copy
}

fn lines(path: &Path, rows: &[serde_json::Value]) {
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(path, text).unwrap();
}

pub fn copied(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What `list identities` and `list roles` say, with what was not read.
pub fn answers(inventory: &Inventory) -> [String; 3] {
    let estate = derive(inventory, &|| false).unwrap();
    let lines = |rows: Vec<String>| rows.join("\n");
    [
        lines(identities::rows(&estate).iter().map(|row| serde_json::to_string(row).unwrap()).collect()),
        lines(roles::rows(&estate).iter().map(|row| serde_json::to_string(row).unwrap()).collect()),
        serde_json::to_string_pretty(&completeness(&estate.inventory.coverage)).unwrap(),
    ]
}

pub fn inventory(deltas: &[Delta]) -> Inventory {
    let mut inventory = Inventory::default();
    deltas.iter().cloned().for_each(|delta| inventory.apply(delta));
    inventory
}

/// A text without what files and services write differently.
fn compact(text: &PolicyText) -> String {
    serde_json::from_str::<serde_json::Value>(text).map_or_else(|_| text.to_string(), |value| value.to_string())
}

/// The facts of AWS as text, without where they stand and how their documents are laid out.
fn facts(inventory: &Inventory) -> Vec<String> {
    let mut all = Vec::new();
    for account in inventory.accounts.values() {
        for role in &account.roles {
            let mut role = (**role).clone();
            role.origin = Default::default();
            // Files may hold it, the details of an account do not.
            role.max_session = None;
            role.trust = role.trust.as_ref().map(|it| compact(it).into());
            role.inline.iter_mut().for_each(|it| it.text = compact(&it.text).into());
            all.push(format!("{role:?}"));
        }
        for user in &account.users {
            let mut user = (**user).clone();
            user.origin = Default::default();
            user.inline.iter_mut().for_each(|it| it.text = compact(&it.text).into());
            all.push(format!("{user:?}"));
        }
        for policy in &account.policies {
            let mut policy = (**policy).clone();
            policy.origin = Default::default();
            policy.versions.iter_mut().for_each(|it| it.text = compact(&it.text).into());
            all.push(format!("{policy:?}"));
        }
        macro_rules! plain {
            ($($items:expr),*) => {$(
                for item in $items {
                    let mut item = (**item).clone();
                    item.origin = Default::default();
                    all.push(format!("{item:?}"));
                }
            )*};
        }
        plain!(&account.groups, &account.provider_list, &account.providers, &account.instance_profiles);
        plain!(&account.organization_policies);
        all.extend(account.caller.iter().map(|it| format!("{it:?}")));
        all.extend(account.target_policies.iter().map(|it| format!("{it:?}")));
        for (region, facts) in &account.regions {
            all.extend(facts.clusters.iter().map(|it| format!("{region} {it}")));
            all.extend(facts.instances.iter().map(|it| format!("{region} {it:?}")));
        }
        for cluster in inventory.clusters.values() {
            plain!(&cluster.cluster, &cluster.association_list, &cluster.associations, &cluster.access_entry_list);
            plain!(
                &cluster.access_entries,
                &cluster.nodegroup_list,
                &cluster.nodegroups,
                &cluster.fargate_profile_list
            );
            plain!(&cluster.fargate_profiles);
            all.extend(cluster.access_policies.iter().filter(|it| !it.policies.is_empty()).map(|it| format!("{it:?}")));
            all.extend(cluster.addons.iter().map(|it| format!("addon {it}")));
        }
    }
    all
}

fn same(size: &str, page: usize) {
    let Some(world) = testbed::world(size, 1) else { return };
    let world = with_organization(&world);
    let at = "2026-06-01T12:00:00Z".parse().ok();
    let files = ingest::load(world.path(), ingest::Options { at, threads: None }).unwrap();
    let server = AwsServer::start(world.path(), page, Vec::new());
    let mut live = inventory(&kubernetes(world.path()));
    read_into(&mut live, options(&server, targets(world.path())));
    let not_ok: Vec<String> = live
        .coverage
        .sources()
        .filter(|(source, report)| report.status != Status::Ok && source.kind.permission().contains(':'))
        .map(|(source, report)| format!("{source}: {} {}", report.status.word(), report.why))
        .collect();
    assert!(not_ok.is_empty(), "{not_ok:#?}");
    let (ours, theirs) = (facts(&live), facts(&files));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in answers(&live).into_iter().zip(answers(&files)) {
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours, theirs);
    }
    // Paging really happened.
    assert!(server.calls()["iam:GetAccountAuthorizationDetails"] > 3);
}

#[test]
fn a_small_world_is_the_same_from_files_and_from_the_services() {
    same("small", 7);
}

#[test]
fn a_medium_world_is_the_same_from_files_and_from_the_services() {
    same("medium", 100);
}

#[test]
fn without_kubernetes_every_cluster_of_the_region_is_read_and_its_own_side_is_a_gap() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = AwsServer::start(&world, 100, Vec::new());
    let mut live = Inventory::default();
    read_into(&mut live, options(&server, Vec::new()));
    assert_eq!(live.clusters.keys().map(Name::as_str).collect::<Vec<_>>(), ["prod"]);
    assert!(live.clusters["prod"].associations.is_complete());
    let pods = SourceId::new("clusters/prod", rolewalk::model::SourceKind::Pods);
    assert_eq!(live.coverage.report(&pods).unwrap().status, Status::Missing);
    // The generator leaves the organisation above the account out: not allowed to ask.
    let parents = SourceId::new("aws", rolewalk::model::SourceKind::Parents);
    let report = live.coverage.report(&parents).unwrap();
    assert_eq!((report.status, report.permission.as_deref()), (Status::Denied, Some("organizations:ListParents")));
}

#[test]
fn a_profile_of_another_account_than_the_cluster_is_told_and_read_no_further() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = AwsServer::start(&world, 100, Vec::new());
    let mut options = options(&server, targets(&world));
    options.clusters[0].account = "999988887777".into();
    let mut live = Inventory::default();
    read_into(&mut live, options);
    let iam = SourceId::new("aws", rolewalk::model::SourceKind::Iam);
    assert_eq!(
        live.coverage.report(&iam).unwrap().why,
        "`prod` belongs to account 999988887777 but the profile is in 111122223333; roles cannot be read, choose another --profile"
    );
    assert_eq!(server.calls().into_keys().collect::<Vec<_>>(), ["sts:GetCallerIdentity"]);
}

#[test]
fn profiles_of_further_accounts_are_read_beside_the_first() {
    let Some(world) = testbed::world("small", 1) else { return };
    let copy = tempfile::tempdir().unwrap();
    copied(&world, copy.path());
    let other = copy.path().join("accounts/444455556666");
    fs::create_dir_all(&other).unwrap();
    fs::write(
        other.join("get-caller-identity.json"),
        r#"{"Account":"444455556666","Arn":"arn:aws:iam::444455556666:user/a"}"#,
    )
    .unwrap();
    let role = r#"{"UserDetailList":[],"GroupDetailList":[],"Policies":[],"RoleDetailList":[{"RoleName":"far","Path":"/",
        "Arn":"arn:aws:iam::444455556666:role/far","RoleId":"AROAX","CreateDate":"2024-01-01T00:00:00Z",
        "AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]},"RolePolicyList":[],"AttachedManagedPolicies":[],
        "InstanceProfileList":[]}]}"#;
    fs::write(other.join("iam.json"), role).unwrap();
    let server = AwsServer::start(copy.path(), 100, Vec::new());
    // The second profile is that of the cluster's account, and so the main one.
    let mut options = options(&server, targets(&world));
    options.access = vec![access(&server, "AKIA444455556666"), access(&server, "AKIA111122223333")];
    let mut live = Inventory::default();
    read_into(&mut live, options);
    assert_eq!(live.accounts["111122223333"].directory, "aws");
    let far = &live.accounts["444455556666"];
    assert_eq!((far.directory.as_str(), far.roles.len()), ("accounts/444455556666", 1));
    assert!(live.accounts["111122223333"].roles.len() > 50);
}

#[test]
fn a_profile_among_several_that_does_not_say_who_it_is_is_a_gap_of_its_own() {
    let Some(world) = testbed::world("small", 1) else { return };
    let fault = Fault::times("sts:GetCallerIdentity", 1, Kind::Expired).after(1);
    let server = AwsServer::start(&world, 100, vec![fault]);
    let mut options = options(&server, targets(&world));
    options.access = vec![access(&server, "AKIATEST"), access(&server, "AKIAOTHER")];
    let mut live = Inventory::default();
    read_into(&mut live, options);
    assert!(live.accounts["111122223333"].roles.is_complete());
    let other = live.accounts["unknown-account"].source(rolewalk::model::SourceKind::Iam);
    assert!(live.coverage.report(&other).unwrap().why.contains("expired"));
}

#[test]
fn credentials_that_expire_keep_what_was_read_and_say_what_to_do() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = AwsServer::start(&world, 100, Vec::new());
    let mut live = inventory(&kubernetes(&world));
    read_into(&mut live, options(&server, targets(&world)));
    let before = answers(&live);
    server.fail(Fault::always("*", Kind::Expired));
    read_into(&mut live, options(&server, targets(&world)));
    let expired = answers(&live);
    assert_eq!(before[1], expired[1], "the roles are still there");
    let iam = live.coverage.report(&SourceId::new("aws", rolewalk::model::SourceKind::Iam)).unwrap();
    assert_eq!(iam.why, "the credentials in the environment expired; set new ones and start again");
    server.heal();
    read_into(&mut live, options(&server, targets(&world)));
    assert_eq!(answers(&live), before);
}
