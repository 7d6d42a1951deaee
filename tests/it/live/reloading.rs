//! Reading again while the screens show what there is: what the header says meanwhile, and that nothing is lost.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rolewalk::ingest::live::kube::context::Wish;
use rolewalk::ingest::live::{Live, Options};
use rolewalk::model::{Inventory, Status};
use serde_json::Value;

use super::{PATIENCE, pod};
use crate::api_server::{ApiServer, Fault, kubeconfig};
use crate::aws_live::{access, with_organization};
use crate::aws_server::{AwsServer, Fault as AwsFault, Kind};
use crate::pty::terminal::{PROGRAM, Terminal};
use crate::testbed;

const CTRL_R: &str = "\x12";

fn screens(config: &Path) -> Terminal {
    let data = config.parent().unwrap().to_str().unwrap();
    let arguments = ["--no-aws", "--no-save", "--kubeconfig", config.to_str().unwrap(), "--timeout", "20"];
    Terminal::start_with((100, 30), &[("XDG_DATA_HOME", data)], PROGRAM, &arguments)
}

fn header(terminal: &Terminal) -> String {
    terminal.screen().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn while_everything_is_read_again_the_header_says_loading_and_the_old_data_stays() {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = screens(&server.kubeconfig(directory.path(), "prod"));
    terminal.text("PODS 1 of 1");
    assert!(header(&terminal).contains("PARTIAL"), "AWS was not asked: {}", header(&terminal));
    // The first list of the second reading gets no answer for now.
    server.fail("deployments", Fault::Silence, usize::MAX);
    terminal.keys(CTRL_R);
    terminal.text("LOADING");
    let screen = terminal.screen();
    assert!(screen.contains("PODS 1 of 1") && !screen.contains("so far"), "{screen}");
    // Keys are answered meanwhile.
    terminal.keys("d");
    terminal.text("web/a");
    terminal.keys("\x1b");
    server.put("pods", pod("web", "b"));
    server.heal();
    terminal.text("PODS 2 of 2");
    terminal.text("PARTIAL");
    assert!(!header(&terminal).contains("LOADING"), "{}", header(&terminal));
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn credentials_that_expire_leave_the_rows_and_say_what_to_run() {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    let directory = tempfile::tempdir().unwrap();
    let mut config: Value = serde_json::from_str(&kubeconfig(&[("prod", &server.url())])).unwrap();
    config["users"][0]["user"]["token"] = "good".into();
    let file = directory.path().join("config");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut terminal = screens(&file);
    terminal.text("PODS 1 of 1");
    let before: usize = partial(&header(&terminal));
    server.demand("renewed");
    server.cut("pods");
    terminal.wait("one gap more", |it| partial(&it.screen()) > before);
    let screen = terminal.screen();
    assert!(screen.contains("PODS 1 of 1"), "{screen}");
    terminal.keys(":sources\r");
    terminal.text("not up to date since");
    terminal.text("renew the credentials of context");
    terminal.text("then ctrl-r");
    terminal.keys("\x1b");
    config["users"][0]["user"]["token"] = "renewed".into();
    std::fs::write(&file, config.to_string()).unwrap();
    terminal.keys(CTRL_R);
    terminal.wait("healed", |it| partial(&it.screen()) == before && !it.screen().contains("LOADING"));
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 0);
}

/// The number behind PARTIAL in the header.
fn partial(screen: &str) -> usize {
    let rest = screen.lines().next().and_then(|line| line.split("PARTIAL ").nth(1));
    rest.and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// What was read of an account and a cluster, with servers that can be told to refuse.
struct Rig {
    api: ApiServer,
    aws: AwsServer,
    live: Live,
    inventory: Inventory,
    _directories: (tempfile::TempDir, tempfile::TempDir),
}

impl Rig {
    fn new() -> Option<Rig> {
        let world = with_organization(&testbed::world("small", 1)?);
        let api = ApiServer::of_world(&world.path().join("clusters/prod"));
        let aws = AwsServer::start(world.path(), 100, Vec::new());
        let directory = tempfile::tempdir().unwrap();
        let wish = Wish { kubeconfig: Some(api.kubeconfig(directory.path(), "prod")), ..Wish::default() };
        let patience = rolewalk::ingest::live::Patience { request: std::time::Duration::from_secs(10), ..PATIENCE };
        let options = Options { wish, patience, aws: vec![access(&aws, "AKIATEST")], ..Options::default() };
        let live = Live::open(&options).unwrap();
        let mut rig = Rig { api, aws, live, inventory: Inventory::default(), _directories: (world, directory) };
        rig.read();
        Some(rig)
    }

    fn read(&mut self) {
        let inventory = &mut self.inventory;
        self.live.read(&mut |delta| inventory.apply(delta), &AtomicBool::new(false));
    }

    fn whys(&self) -> Vec<String> {
        self.inventory.coverage.gaps().map(|gap| format!("{}: {}", gap.source, gap.report.why)).collect()
    }
}

#[test]
fn data_that_could_not_be_read_again_keeps_its_age() {
    let Some(mut rig) = Rig::new() else { return };
    assert_eq!(rig.whys(), Vec::<String>::new());
    let first = rig.inventory.now.expect("a time");
    let (roles, pods) = (rig.inventory.accounts["111122223333"].roles.len(), rig.inventory.clusters["prod"].pods.len());

    // The session of AWS expires.
    rig.aws.fail(AwsFault::always("iam:*", Kind::Expired));
    rig.read();
    assert!(
        rig.whys().iter().any(|why| why.starts_with("aws/iam.json: ") && why.contains("expired")),
        "{:#?}",
        rig.whys()
    );
    assert_eq!(rig.inventory.accounts["111122223333"].roles.len(), roles);
    assert_eq!(rig.inventory.now, Some(first), "its roles are as old as before");
    rig.aws.heal();
    rig.read();
    let second = rig.inventory.now.expect("a time");
    assert!(rig.whys().is_empty() && second > first, "{:#?}", rig.whys());

    // Those of Kubernetes do.
    rig.api.demand("renewed");
    rig.read();
    assert_eq!(rig.inventory.clusters["prod"].pods.len(), pods);
    assert!(rig.inventory.now.expect("a time") < second + jiff::SignedDuration::from_secs(60));
    let pods_of = rig.inventory.clusters["prod"].source(rolewalk::model::SourceKind::Pods);
    assert_eq!(rig.inventory.coverage.report(&pods_of).unwrap().status, Status::Denied);
    let stuck = rig.inventory.now;
    rig.read();
    assert_eq!(rig.inventory.now, stuck, "time passes, and its pods grow older");
    rig.api.demand("good");
    rig.read();
    assert!(rig.whys().is_empty() && rig.inventory.now > stuck, "{:#?}", rig.whys());
}

#[test]
fn where_nothing_was_read_there_is_no_time() {
    let server = ApiServer::empty();
    let directory = tempfile::tempdir().unwrap();
    let live = super::open_with(&server, directory.path(), PATIENCE);
    drop(server);
    assert_eq!(live.load().now, None);
}
