//! A cross-check of the loopback server: the same world in AWS emulators that others wrote (moto, ministack).
//!
//! They choose issuers and ids of their own, and lack some calls; `seed_moto.py` says which became which. What is left
//! must agree with the files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::api_server::{ApiServer, kubeconfig};
use crate::testbed;

/// A process that is ended with the test.
struct Emulator {
    child: Child,
    url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Starts one and waits until it says that it listens.
    fn start(program: &Path, port: u16, arguments: &[&str], variables: &[(&str, &str)], ready: &str) -> Emulator {
        let mut command = Command::new(program);
        command.args(arguments).envs(variables.iter().copied());
        // Both log to one pipe, whichever stream they prefer.
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap();
        drop(command);
        let mut reader = BufReader::new(reader);
        let mut said = String::new();
        while !said.contains(ready) {
            let length = reader.read_line(&mut said).unwrap();
            assert!(length > 0, "{} did not start: {said}", program.display());
        }
        // Nobody reads on, but the pipe must not fill up.
        std::thread::spawn(move || std::io::copy(&mut reader.by_ref(), &mut std::io::sink()));
        Emulator { child, url: format!("http://127.0.0.1:{port}") }
    }
}

/// Where the emulators are installed: `ROLEWALK_EMULATORS` names a virtual environment, else they are on the path.
fn installed() -> Option<[PathBuf; 3]> {
    let own = std::env::var_os("ROLEWALK_EMULATORS").map(|it| PathBuf::from(it).join("bin"));
    let path: OsString = own.map_or_else(|| std::env::var_os("PATH").unwrap_or_default(), PathBuf::into_os_string);
    let find = |name: &str| std::env::split_paths(&path).map(|it| it.join(name)).find(|it| it.is_file());
    Some([find("moto_server")?, find("ministack")?, find("python3")?])
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs the program; its answer as lines of JSON without the header.
fn rows(variables: &BTreeMap<&str, String>, arguments: &[&str]) -> Vec<Value> {
    let mut command = assert_cmd::Command::cargo_bin("rolewalk").unwrap();
    command.env_clear().envs(variables).args(arguments).args(["-o", "ndjson", "--at", "2026-06-01T12:00:00Z"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn emulators_of_others_give_what_the_files_say() {
    let Some(world) = testbed::world("small", 1) else { return };
    let Some([moto, ministack, python]) = installed() else {
        return testbed::skipped(
            "the emulators are not installed: pip install 'moto[server]==5.2.5' 'ministack==1.5.33' boto3",
        );
    };
    let (aws, eks) = (free_port(), free_port());
    let account = ("MOTO_ACCOUNT_ID", "111122223333");
    let managed = ("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
    let port = aws.to_string();
    let aws = Emulator::start(&moto, aws, &["-H", "127.0.0.1", "-p", &port], &[account, managed], "Running on");
    let port = eks.to_string();
    let variables = [
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", port.as_str()),
        ("MINISTACK_ACCOUNT_ID", "111122223333"),
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        ("PYTHONUNBUFFERED", "1"),
    ];
    let eks = Emulator::start(&ministack, eks, &[], &variables, "Ready");
    let home = tempfile::tempdir().unwrap();
    let seeded = home.path().join("world");
    super::aws_live::copied(&world, &seeded);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/seed_moto.py");
    let seeding = Command::new(python)
        .arg(script)
        .arg(&seeded)
        .args(["--endpoint", &aws.url, "--eks-endpoint", &eks.url])
        .stdout(Stdio::null())
        .status();
    assert!(seeding.unwrap().success());
    let map: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&std::fs::read(seeded.join("seed-map.json")).unwrap()).unwrap();

    // The nodes of the cluster are the instances that the emulator made.
    let nodes = seeded.join("clusters/prod/nodes.json");
    let mut text = std::fs::read_to_string(&nodes).unwrap();
    for (old, new) in &map["instances"] {
        text = text.replace(old, new);
    }
    std::fs::write(nodes, text).unwrap();
    let api = ApiServer::of_world(&seeded.join("clusters/prod"));
    let config = home.path().join("config");
    std::fs::write(&config, kubeconfig(&[("prod", &api.url())])).unwrap();
    let text = |name: &str| std::env::var(name).unwrap_or_default();
    let variables: BTreeMap<&str, String> = [
        ("PATH", text("PATH")),
        ("HOME", home.path().display().to_string()),
        ("KUBECONFIG", config.display().to_string()),
        ("AWS_ENDPOINT_URL", aws.url.clone()),
        ("AWS_ENDPOINT_URL_EKS", eks.url.clone()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .into();
    let snapshot = world.display().to_string();
    for (list, fields) in [
        ("roles", &["address", "class", "access", "policies", "statements", "boundary", "trusted_by", "used_by"][..]),
        ("associations", &["cluster", "namespace", "service_account", "id", "role", "target_role"]),
        (
            "identities",
            &[
                "pod",
                "container",
                "workload",
                "identity",
                "attempted",
                "declared",
                "fallback",
                "verdict",
                "rule",
                "drift",
            ],
        ),
    ] {
        let live = rows(&variables, &["list", list]);
        let files = rows(&variables, &["list", list, "--snapshot", &snapshot]);
        let mut live: Vec<String> = live.iter().map(|row| chosen(row, fields, &map)).collect();
        let mut files: Vec<String> = files.iter().map(|row| chosen(row, fields, &BTreeMap::new())).collect();
        live.sort();
        files.sort();
        for (live, files) in live.iter().zip(&files) {
            assert_eq!(live, files, "{list}");
        }
        assert_eq!(live.len(), files.len(), "{list}");
        assert!(live.len() > 5, "{list}");
    }
}

/// Some fields of a row, under the names of the world instead of those of an emulator.
fn chosen(row: &Value, fields: &[&str], map: &BTreeMap<String, BTreeMap<String, String>>) -> String {
    let mut text = fields.iter().map(|field| format!("{field}={} ", row[*field])).collect::<String>();
    for (old, new) in map.values().flatten() {
        text = text.replace(new, old);
    }
    // An issuer on this machine does not look like one of EKS.
    text.replace("trusted_by=[\"oidc\"]", "trusted_by=[\"irsa\"]")
}
