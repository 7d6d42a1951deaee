//! Every answer is the same from a directory and from the file it was saved to.

use assert_cmd::Command;

use crate::testbed;

fn rolewalk(args: &[&str]) -> (i32, Vec<u8>, Vec<u8>) {
    let output = Command::cargo_bin("rolewalk").expect("the binary is built").args(args).output().expect("it runs");
    (output.status.code().unwrap_or(-1), output.stdout, output.stderr)
}

const QUESTIONS: &[&[&str]] = &[
    &["list", "identities", "-o", "ndjson"],
    &["list", "pods", "-o", "json"],
    &["list", "sa", "-o", "csv"],
    &["list", "nodes", "-o", "json"],
    &["list", "associations", "-o", "json"],
    &["list", "clusters", "-o", "json"],
    &["list", "roles", "-o", "json"],
    &["doctor", "-o", "json"],
    &["doctor"],
];

#[test]
fn the_answers_of_a_saved_file_are_those_of_its_directory() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("world.rwsnap").display().to_string();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo").to_owned();
    let worlds = [Some(demo), testbed::world("small", 1).map(|world| world.display().to_string())];
    for world in worlds.into_iter().flatten() {
        let (code, _, said) = rolewalk(&["snapshot", "save", &file, "--snapshot", &world]);
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&said));
        for question in QUESTIONS {
            let (from_directory, from_file) = (
                rolewalk(&[question, &["--snapshot", &world][..]].concat()),
                rolewalk(&[question, &["--snapshot", &file][..]].concat()),
            );
            assert!(from_directory == from_file, "{question:?} of {world}");
        }
    }
}

#[test]
fn one_thing_is_shown_alike_and_policies_come_back_to_the_letter() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("demo.rwsnap").display().to_string();
    assert_eq!(rolewalk(&["snapshot", "save", &file, "--demo"]).0, 0);
    let (_, roles, _) = rolewalk(&["list", "roles", "-o", "json", "--demo"]);
    let roles: serde_json::Value = serde_json::from_slice(&roles).expect("JSON");
    let (_, pods, _) = rolewalk(&["list", "identities", "-o", "json", "--demo"]);
    let pods: serde_json::Value = serde_json::from_slice(&pods).expect("JSON");
    let mut addresses: Vec<String> = roles["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|role| role["address"].as_str().expect("an address").to_owned())
        .collect();
    addresses.extend(pods["results"].as_array().expect("results").iter().filter(|row| row["pod"].is_string()).map(
        |row| {
            let part = |name: &str| row[name].as_str().expect(name).to_owned();
            format!("pod/{}/{}/{}", part("cluster"), part("namespace"), part("pod"))
        },
    ));
    assert!(addresses.len() > 10);
    // Each is two runs of the program: every ninth thing is enough of each kind.
    for address in addresses.iter().step_by(9) {
        let (directory, saved) =
            (rolewalk(&["show", address, "--demo"]), rolewalk(&["show", address, "--snapshot", &file]));
        assert_eq!(directory.0, 0, "{address}");
        assert!(directory == saved, "{address}");
    }
}

#[test]
fn a_saved_snapshot_is_read_from_stdin() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("demo.rwsnap");
    assert_eq!(rolewalk(&["snapshot", "save", &file.display().to_string(), "--demo"]).0, 0);
    let bytes = std::fs::read(&file).expect("saved");
    let output = Command::cargo_bin("rolewalk")
        .expect("the binary is built")
        .args(["list", "pods", "-o", "json", "--snapshot", "-"])
        .write_stdin(bytes)
        .output()
        .expect("it runs");
    assert_eq!(output.stdout, rolewalk(&["list", "pods", "-o", "json", "--demo"]).1);
}

#[test]
fn what_is_saved_is_listed_shown_and_found_by_name() {
    let home = tempfile::tempdir().expect("a directory");
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
        let output = command.args(args).env("XDG_DATA_HOME", home.path()).output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("text"),
            String::from_utf8(output.stderr).expect("text"),
        )
    };
    assert_eq!(run(&["snapshot", "list", "-q"]).1.lines().count(), 1);
    let (code, out, said) = run(&["snapshot", "save", "--demo"]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    let (_, listed, said) = run(&["snapshot", "list", "-o", "json"]);
    assert!(said.contains("of an estate the newest 10 stay, and one of each day"), "{said}");
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let name = listed["results"][0]["name"].as_str().expect("a name").to_owned();
    assert!(listed["results"][0]["data_time"].is_string() && listed["results"][0]["problem"].is_null(), "{listed}");
    let (code, verified, _) = run(&["snapshot", "verify", &name]);
    assert_eq!((code, verified), (Some(0), format!("{name}: whole, schema 1, nothing secret found\n")));
    let (code, text, _) = run(&["snapshot", "show", &name]);
    assert_eq!(code, Some(0));
    for word in ["data time", "clusters", "pods", "clusters/", "objects"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (code, _, said) = run(&["snapshot", "show", "nothing-like-it"]);
    assert_eq!(code, Some(4));
    assert!(said.contains("`nothing-like-it`: not found"), "{said}");
}
