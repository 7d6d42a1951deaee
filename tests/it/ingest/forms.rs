//! The forms that one list may have: pages, compression, streams, YAML, one object alone; and directories of odd shape.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rolewalk::ingest::files::Files;
use rolewalk::ingest::{self, Options, Snapshot, raw};
use rolewalk::model::Inventory;
use rolewalk::model::coverage::Status;
use rolewalk::model::listing::Reading;

use super::tiny;

fn load(directory: &Path) -> Inventory {
    ingest::load(directory, Options::default()).unwrap()
}

fn write(directory: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The same snapshot with one file in another form must read the same.
fn same(change: impl FnOnce(&Path)) {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let before = super::dump::inventory(&load(directory.path()), false);
    change(directory.path());
    let after = super::dump::inventory(&load(directory.path()), false);
    pretty_assert(&before, &after);
}

fn pretty_assert(before: &str, after: &str) {
    let differing = before.lines().zip(after.lines()).find(|(a, b)| a != b);
    assert_eq!(differing, None);
    assert_eq!(before.lines().count(), after.lines().count());
}

fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(tiny::FILES.iter().find(|(name, _)| *name == path).unwrap().1).unwrap()
}

#[test]
fn compact_and_indented_json_are_the_same() {
    same(|directory| {
        for (path, text) in tiny::FILES.iter().filter(|(path, _)| path.ends_with(".json")) {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            // Documents keep the text they were stored with, so IAM stays as it is.
            if *path != "aws/iam.json" {
                write(directory, path, serde_json::to_string_pretty(&value).unwrap());
            }
        }
    });
    same(|directory| {
        for (path, text) in tiny::FILES.iter().filter(|(path, _)| path.ends_with(".json") && *path != "aws/iam.json") {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            write(directory, path, value.to_string());
        }
    });
}

#[test]
fn a_list_may_be_split_over_files() {
    same(|directory| {
        let pods = json("clusters/prod/pods.json");
        let page = |at: usize, next: &str| {
            serde_json::json!({"kind": "List", "metadata": {"continue": next}, "items": [pods["items"][at]]})
                .to_string()
        };
        write(directory, "clusters/prod/pods.json", page(0, "more"));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(page(1, "").as_bytes()).unwrap();
        write(directory, "clusters/prod/pods.2.json.gz", gz.finish().unwrap());
    });
}

#[test]
fn a_list_may_be_a_stream_of_its_pages_or_of_its_objects() {
    let pods = json("clusters/prod/pods.json");
    let items = pods["items"].as_array().unwrap();
    let pages: String = items.iter().map(|item| serde_json::json!({"items": [item]}).to_string()).collect();
    let objects: String = items.iter().map(|item| serde_json::to_string_pretty(item).unwrap() + "\n").collect();
    let array = serde_json::to_string(&pods["items"]).unwrap();
    for text in [pages, objects, array] {
        same(|directory| {
            fs::remove_file(directory.join("clusters/prod/pods.json")).unwrap();
            write(directory, "clusters/prod/pods.jsonl", text);
        });
    }
}

#[test]
fn yaml_reads_like_json() {
    same(|directory| {
        for (path, text) in tiny::FILES {
            let Some(stem) = path.strip_prefix("clusters/prod/").and_then(|it| it.strip_suffix(".json")) else {
                continue;
            };
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            if value["items"].is_array() {
                fs::remove_file(directory.join(path)).unwrap();
                let yaml = serde_saphyr::to_string(&value).unwrap();
                write(directory, &format!("clusters/prod/{stem}.yaml"), yaml);
            }
        }
    });
}

#[test]
fn yaml_may_be_documents_or_one_object_and_its_errors_have_a_place() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "clusters/a/namespaces.yml", "kind: Namespace\nmetadata:\n  name: one\n");
    let accounts = "---\nkind: ServiceAccount\nmetadata:\n  name: x\n  namespace: n\n---\nkind: ServiceAccount\nmetadata:\n  name: y\n  namespace: n\n  labels: [a]\n---\nkind: ServiceAccount\nmetadata: {name: z, namespace: n}\n";
    write(directory.path(), "clusters/a/serviceaccounts.yaml", accounts);
    let nodes = "items:\n- kind: Node\n  metadata:\n    name: a\n- kind: Node\n  metadata:\n    name: \"b\n  x\n- kind: Node\n  metadata: {name: c}\n";
    write(directory.path(), "clusters/a/nodes.yaml", nodes);
    let inventory = load(directory.path());
    let cluster = &inventory.clusters["a"];
    assert_eq!(cluster.namespaces.items()[0].meta.name, "one");
    assert_eq!(cluster.namespaces.reading, Reading::Complete);
    let names: Vec<&str> = cluster.service_accounts.iter().map(|it| it.meta.name.as_str()).collect();
    assert_eq!(names, ["x", "z"]);
    assert_eq!(cluster.service_accounts.reading, Reading::Partial);
    assert_eq!(cluster.nodes.iter().map(|it| it.meta.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    let losses: Vec<String> =
        inventory.coverage.gaps().flat_map(|gap| gap.report.losses.iter().map(|loss| loss.message())).collect();
    expect_test::expect![[r#"
        clusters/a/nodes.yaml:8:3 at `items[1]`: found YAML that does not parse (invalid indentation in multiline quoted scalar)
        clusters/a/serviceaccounts.yaml:11:11 at `[1].metadata.labels`: found a list, expected an object (`sa/a/n/y` is lost)"#]].assert_eq(&losses.join("\n"));
}

#[test]
fn a_missing_page_makes_a_list_partial() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    write(directory.path(), "clusters/prod/pods.json", r#"{"items": [], "metadata": {"continue": "abc"}}"#);
    write(directory.path(), "clusters/prod/nodes.3.json", r#"{"items": []}"#);
    write(directory.path(), "aws/list-instance-profiles.json", r#"{"InstanceProfiles": [], "NextToken": "abc"}"#);
    write(directory.path(), "aws/iam.json", r#"{"RoleDetailList": []}"#);
    let inventory = load(directory.path());
    let gaps: Vec<String> =
        inventory.coverage.gaps().map(|gap| format!("{}: {}", gap.source, gap.report.why)).collect();
    expect_test::expect![[r#"
        aws/iam.json: not in the answer: `UserDetailList`, `GroupDetailList`, `Policies`
        aws/list-instance-profiles.json: the last answer says that there are further pages
        clusters/prod/nodes.json: part 2 of the list is not there
        clusters/prod/pods.json: the last answer says that there are further pages"#]]
    .assert_eq(&gaps.join("\n"));
    assert_eq!(inventory.clusters["prod"].pods.reading, Reading::Partial);
    assert_eq!(inventory.accounts["111122223333"].roles.reading, Reading::Partial);
}

#[test]
fn an_empty_directory_is_all_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let inventory = load(directory.path());
    assert!(inventory.coverage.gaps().all(|gap| gap.report.status == Status::Missing));
    assert!(inventory.coverage.gaps().any(|gap| gap.source.path == "aws/iam.json"));
    assert!(inventory.accounts.contains_key("unknown-account"));
    assert!(ingest::load(&directory.path().join("nowhere"), Options::default()).is_err());
}

#[test]
fn clusters_that_share_a_name_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = |region: &str, account: &str| {
        format!(r#"{{"cluster": {{"name": "prod", "arn": "arn:aws:eks:{region}:{account}:cluster/prod"}}}}"#)
    };
    let label = |inventory: &Inventory| inventory.clusters.keys().map(|it| it.to_string()).collect::<Vec<_>>();
    write(directory.path(), "clusters/a/describe-cluster.json", cluster("eu-west-1", "111122223333"));
    assert_eq!(label(&load(directory.path())), ["prod"]);
    write(directory.path(), "clusters/b/describe-cluster.json", cluster("us-east-1", "111122223333"));
    assert_eq!(label(&load(directory.path())), ["prod@eu-west-1", "prod@us-east-1"]);
    write(directory.path(), "clusters/c/describe-cluster.json", cluster("us-east-1", "444455556666"));
    assert_eq!(
        label(&load(directory.path())),
        ["prod@eu-west-1", "prod@us-east-1@111122223333", "prod@us-east-1@444455556666"]
    );
    write(directory.path(), "clusters/d/describe-cluster.json", cluster("us-east-1", "444455556666"));
    write(directory.path(), "clusters/e/pods.json", r#"{"items": []}"#);
    let labels = label(&load(directory.path()));
    assert_eq!(labels.len(), 5, "{labels:?}");
    assert!(labels.contains(&"e".to_owned()), "{labels:?}");
}

#[test]
fn accounts_are_known_by_their_caller_their_directory_or_their_arns() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        "aws/iam.json",
        r#"{"RoleDetailList": [{"RoleName": "a", "Arn": "arn:aws:iam::222233334444:role/a"}]}"#,
    );
    write(
        directory.path(),
        "accounts/444455556666/get-caller-identity.json",
        r#"{"Account": "444455556666", "Arn": "x"}"#,
    );
    let inventory = load(directory.path());
    assert_eq!(inventory.accounts.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["222233334444", "444455556666"]);
    assert_eq!(inventory.accounts["444455556666"].directory, "accounts/444455556666");
    write(directory.path(), "accounts/222233334444/iam.json", "{}");
    let inventory = load(directory.path());
    let skipped: Vec<String> = inventory
        .coverage
        .gaps()
        .filter(|gap| gap.report.status == Status::Skipped)
        .map(|gap| format!("{}: {}", gap.source, gap.report.why))
        .collect();
    assert_eq!(skipped, ["accounts/222233334444/iam.json: `aws` holds the same account"]);
}

#[test]
fn what_is_no_part_of_the_layout_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    for path in
        ["README.md", "clusters/prod/pods.txt", "clusters/prod/old/pods.json", "other/pods.json", "aws/backup/x.json"]
    {
        write(directory.path(), path, "x");
    }
    write(directory.path(), "clusters/prod/pods.json.gz", "x");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("..", directory.path().join("clusters/loop")).unwrap();
        std::os::unix::fs::symlink("self.json", directory.path().join("aws/self.json")).unwrap();
        std::os::unix::fs::symlink("nowhere", directory.path().join("aws/list-things.json")).unwrap();
    }
    let snapshot = Snapshot::open(Files::Disk(directory.path().to_owned()), Options::default()).unwrap();
    let notes: Vec<String> = snapshot.notes().iter().map(|(path, why)| format!("{path}: {why}")).collect();
    expect_test::expect![[r#"
        README.md: not a file of the layout
        aws/backup/x.json: not a file of the layout
        aws/list-things.json: not found
        aws/self.json: a symbolic link that leads in a circle
        clusters/loop: a symbolic link that leads back up
        clusters/prod/old/pods.json: not a directory of the layout
        clusters/prod/pods.json.gz: another file holds the same list
        clusters/prod/pods.txt: not a file of the layout
        other/pods.json: not a directory of the layout"#]]
    .assert_eq(&notes.join("\n"));
    assert_eq!(snapshot.load().clusters["prod"].pods.len(), 2);
}

#[test]
fn secrets_never_become_facts() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let inventory = load(directory.path());
    let text = super::dump::inventory(&inventory, true);
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "a secret was kept");
    let secret = &inventory.clusters["prod"].secrets.items()[0];
    let keys: Vec<&str> = secret.keys.as_ref().unwrap().iter().map(|it| it.as_str()).collect();
    assert_eq!(keys, ["AWS_ACCESS_KEY_ID", "x"]);
    let map = inventory.clusters["prod"].config_maps.iter().find(|it| it.meta.name == "app").unwrap();
    assert_eq!(map.values.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["AWS_REGION"]);
}

#[test]
fn the_stored_text_of_an_object_is_found_again_in_every_form() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let pods = json("clusters/prod/pods.json");
    let compact = pods.to_string();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(compact.as_bytes()).unwrap();
    let objects: String = pods["items"].as_array().unwrap().iter().map(|item| format!("{item}\n")).collect();
    let yaml = serde_saphyr::to_string(&pods).unwrap();
    let documents: String = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| "---\n".to_owned() + &serde_saphyr::to_string(item).unwrap())
        .collect();
    let flow = format!("kind: List\nitems: {}\n", pods["items"]);
    let forms: [(&str, Vec<u8>); 7] = [
        ("pods.json", serde_json::to_vec_pretty(&pods).unwrap()),
        ("pods.json.gz", gz.finish().unwrap()),
        ("pods.json.zst", zstd::encode_all(compact.as_bytes(), 1).unwrap()),
        ("pods.jsonl", objects.into_bytes()),
        ("pods.yaml", yaml.into_bytes()),
        ("pods.yml", documents.into_bytes()),
        ("pods.yaml.gz", flow.into_bytes()),
    ];
    fs::remove_file(directory.path().join("clusters/prod/pods.json")).unwrap();
    for (name, bytes) in forms {
        let path = format!("clusters/prod/{name}");
        write(directory.path(), &path, bytes);
        let files = Files::Disk(directory.path().to_owned());
        let inventory = Snapshot::open(files.clone(), Options::default()).unwrap().load();
        let cluster = &inventory.clusters["prod"];
        assert_eq!(cluster.pods.len(), 2, "{name}");
        for pod in &cluster.pods {
            let text = raw::text(&files, &pod.meta.origin).unwrap();
            assert!(text.contains(pod.meta.name.as_str()) && !text.contains("hunter2"), "{name}: {text}");
            let other = if pod.meta.name == "api-1" { "api-2" } else { "api-1" };
            assert!(!text.contains(other), "{name}: {text}");
            assert_eq!(text.starts_with('{'), !name.contains("y"), "{name}: {text}");
        }
        fs::remove_file(directory.path().join(path)).unwrap();
        assert!(raw::text(&files, &cluster.pods.items()[0].meta.origin).is_err());
    }
}

#[test]
fn every_object_of_a_world_has_its_text() {
    let Some(world) = crate::testbed::world("small", 1) else { return };
    let files = Files::Disk(world.clone());
    let inventory = load(&world);
    let check = |origin: &rolewalk::model::facts::meta::Origin, name: &str| {
        let text = raw::text(&files, origin).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let found = value["metadata"]["name"].as_str().or(value["RoleName"].as_str()).or(value["PolicyName"].as_str());
        assert_eq!(found, Some(name));
        let stored = fs::read(world.join(origin.file.as_str())).unwrap();
        let line = stored[..origin.offset as usize].iter().filter(|byte| **byte == b'\n').count() + 1;
        assert_eq!(line, origin.line as usize);
    };
    for cluster in inventory.clusters.values() {
        cluster.pods.iter().for_each(|it| check(&it.meta.origin, &it.meta.name));
        cluster.service_accounts.iter().for_each(|it| check(&it.meta.origin, &it.meta.name));
        cluster.cluster_roles.iter().for_each(|it| check(&it.meta.origin, &it.meta.name));
    }
    for account in inventory.accounts.values() {
        account.roles.iter().for_each(|it| check(&it.origin, &it.name));
        account.policies.iter().for_each(|it| check(&it.origin, &it.name));
    }
}
