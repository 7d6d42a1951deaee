//! Canaries wherever a secret can hide: none reaches a saved snapshot, nor the inventory it is made from.

use std::fs;
use std::path::Path;

use rolewalk::ingest::saved::{Saved, encode};
use serde_json::{Value, json};

use super::{read, restored, shown};

const CANARY: &str = "hunter2canary";

fn canary(place: &str) -> String {
    format!("{CANARY}-{place}")
}

fn container(kind: &str) -> Value {
    json!({
        "name": "app", "image": "registry.example/app:1",
        "command": ["serve", format!("--password={}", canary(kind))],
        "args": ["--token", canary(kind)],
        "env": [
            {"name": "DB_PASSWORD", "value": canary(kind)}, {"name": "LEVEL", "value": canary(kind)},
            {"name": "AWS_SECRET_ACCESS_KEY", "value": canary(kind)}, {"name": "AWS_SESSION_TOKEN", "value": canary(kind)},
            {"name": "AWS_ACCESS_KEY_ID", "value": format!("AKIA{}", canary(kind))},
            {"name": "AWS_CONTAINER_AUTHORIZATION_TOKEN", "value": canary(kind)},
            {"name": "HTTPS_PROXY", "value": format!("http://user:{}@proxy", canary(kind))},
            {"name": "AWS_ENDPOINT_URL", "value": format!("https://user:{}@endpoint.example", canary(kind))},
            {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": format!("http://user:{}@localhost/c", canary(kind))},
            {"name": "AWS_REGION", "value": "eu-west-1"},
        ],
        "livenessProbe": {"exec": {"command": ["curl", "-H", canary(kind)]}},
        "lifecycle": {"preStop": {"exec": {"command": [canary(kind)]}}},
    })
}

fn metadata(name: &str) -> Value {
    let applied = json!({"spec": {"env": [{"name": "X", "value": canary("applied")}]}}).to_string();
    json!({
        "name": name, "namespace": "default", "uid": format!("uid-{name}"),
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": applied,
            "vault.example/token": canary("annotation"), "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/app",
            "deployment.kubernetes.io/revision": "3",
        },
        "managedFields": [{"manager": canary("manager-field"), "operation": "Update", "fieldsV1": {"f:data": {"f:token": {}}}}],
    })
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn plant(root: &Path) {
    let write = |path: &str, text: String| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    };
    let spec = json!({
        "serviceAccountName": "app", "initContainers": [container("init")], "containers": [container("main")],
        "ephemeralContainers": [container("ephemeral")],
        "volumes": [{"name": "v", "csi": {"driver": "secrets.example", "volumeAttributes": {"token": canary("csi")}}}],
    });
    let template =
        json!({"metadata": {"labels": {"app": "app"}, "annotations": metadata("x")["annotations"]}, "spec": spec});
    let pod = json!({"kind": "Pod", "metadata": metadata("app-1"), "spec": spec, "status": {"phase": "Running"}});
    let deployment =
        json!({"kind": "Deployment", "metadata": metadata("app"), "spec": {"replicas": 1, "template": template}});
    let encoded = "aHVudGVyMmNhbmFyeS1zZWNyZXQ=";
    let credentials = format!(
        "[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = {}\nrole_arn = arn:aws:iam::111122223333:role/app\n",
        canary("ini"),
        canary("ini")
    );
    let config_map = json!({"kind": "ConfigMap", "metadata": metadata("app"), "data": {
        "config": credentials, "password": canary("configmap"), "application.yml": format!("db: {}", canary("configmap")),
        "AWS_ENDPOINT_URL": format!("https://u:{}@e", canary("configmap")),
        "kubeconfig": format!("users: [{{user: {{token: {}, exec: {{env: [{{value: {}}}]}}}}}}]", canary("exec"), canary("exec")),
    }, "binaryData": {"keystore": encoded}});
    let aws_auth = json!({"kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapRoles": "- rolearn: arn:aws:iam::111122223333:role/node\n  username: system:node\n"}});
    let secret = json!({"kind": "Secret", "type": "Opaque", "metadata": metadata("app"),
        "data": {"password": encoded}, "stringData": {"token": canary("secret")}});
    let cluster = json!({"cluster": {"name": "prod", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod",
        "certificateAuthority": {"data": canary("ca")}, "version": "1.33"}});
    let instance = json!({"Reservations": [{"Instances": [{"InstanceId": "i-0abc", "UserData": canary("userdata"),
        "State": {"Name": "running"}}]}]});
    write("world.json", json!({"now": "2026-02-14T02:58:14Z"}).to_string());
    write("clusters/prod/describe-cluster.json", cluster.to_string());
    write("clusters/prod/pods.json", list(&[pod]));
    write("clusters/prod/deployments.json", list(&[deployment]));
    write("clusters/prod/configmaps.json", list(&[config_map, aws_auth]));
    write("clusters/prod/secrets.json", list(&[secret]));
    write(
        "clusters/prod/serviceaccounts.json",
        list(&[json!({"kind": "ServiceAccount", "metadata": metadata("app")})]),
    );
    write("clusters/prod/namespaces.json", list(&[json!({"kind": "Namespace", "metadata": metadata("default")})]));
    write(
        "clusters/prod/services.json",
        list(&[json!({"kind": "Service", "metadata": metadata("app"),
        "spec": {"type": "ClusterIP", "selector": {"app": "app"}}})]),
    );
    write("aws/eu-west-1/ec2-describe-instances.json", instance.to_string());
    write(
        "aws/get-caller-identity.json",
        json!({"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/u"}).to_string(),
    );
}

#[test]
fn no_canary_reaches_the_file_or_the_inventory() {
    let world = tempfile::tempdir().expect("a directory");
    plant(world.path());
    let inventory = read(world.path());
    let text = shown(&inventory);
    // What was planted was read: the objects are there, only their secrets are not.
    for present in ["app-1", "AWS_REGION", "eu-west-1", "aws-auth", "mapRoles", "role/app", "password", "Withheld"] {
        assert!(text.contains(present), "{present}");
    }
    assert!(!text.contains(CANARY), "{}", near(&text));
    assert!(!text.contains("last-applied"), "last-applied");
    assert!(!text.contains("aHVudGVyMmNhbmFyeS1zZWNyZXQ"));

    let bytes = encode(&inventory);
    let saved = Saved::from_bytes("test", bytes.clone()).expect("a header");
    let unpacked = unpacked(&bytes);
    for forbidden in [CANARY, "last-applied-configuration", "aHVudGVyMmNhbmFyeS1zZWNyZXQ", "AKIA"] {
        let found = unpacked.windows(forbidden.len()).any(|window| window == forbidden.as_bytes());
        assert!(!found, "{forbidden} is in the file");
    }
    assert!(unpacked.windows(5).any(|window| window == b"app-1"), "the file was not unpacked");
    assert_eq!(saved.verify().expect("whole").forbidden, [] as [String; 0]);
    assert!(!shown(&restored(bytes)).contains(CANARY));
}

fn near(text: &str) -> &str {
    let at = text.find(CANARY).unwrap_or_default();
    &text[at.saturating_sub(200)..(at + 60).min(text.len())]
}

/// Header and all frames of a file, unpacked.
pub fn unpacked(file: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let directory = 16 + number(12) + 4;
    let count = number(directory - 4);
    let mut at = directory + 32 * count + 4;
    let mut out = file[..at].to_vec();
    for frame in 0..count {
        let (unpacked, packed) = (number(directory + 32 * frame + 20), number(directory + 32 * frame + 24));
        out.extend(zstd::bulk::decompress(&file[at..at + packed], unpacked).expect("whole"));
        at += packed;
    }
    out
}

#[test]
fn verify_finds_what_should_never_have_been_saved() {
    use rolewalk::model::facts::meta::{Labels, Meta};
    use rolewalk::model::facts::workload::KeyedObject;
    use rolewalk::model::feed::{Batch, Change, Delta, Place};
    use rolewalk::model::{Inventory, Reading, SourceId, SourceKind};

    let mut inventory = Inventory::default();
    let meta = Meta { namespace: "default".into(), name: "s".into(), ..Meta::default() };
    let values = Labels::new(vec![("key".into(), "AKIAIOSFODNN7EXAMPLE".into())]);
    let secret = KeyedObject { meta, keys: None, values, secret_type: "Opaque".into() };
    let source = SourceId::new("clusters/prod", SourceKind::Secrets);
    let listed = Change::Listed { reading: Reading::Complete, read_at: None, why: String::new() };
    for change in [Change::Page(Batch::KeyedObjects(vec![secret.into()])), listed] {
        inventory.apply(Delta { place: Place::Cluster("prod".into()), source: source.clone(), change });
    }
    let found = Saved::from_bytes("test", encode(&inventory)).expect("a header").verify().expect("whole").forbidden;
    assert_eq!(
        found,
        ["a text of 20 bytes that looks like a secret, beginning `AKIA`", "values of the Secret default/s"]
    );
}
