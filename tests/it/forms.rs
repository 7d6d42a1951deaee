//! Every question that the command line takes, on the demo, in every form that its answer has.

use assert_cmd::Command;
use serde_json::Value;

/// Command, and the forms beside table and json.
const QUESTIONS: &[(&str, &[&str])] = &[
    ("list pods", &["ndjson", "csv"]),
    ("list roles", &["ndjson", "csv"]),
    ("list identities", &["ndjson", "csv"]),
    ("doctor", &["ndjson", "csv"]),
    ("findings", &["ndjson", "csv", "md", "sarif"]),
    ("findings --first", &["ndjson", "csv", "md"]),
    ("rbac powers --cluster prod-eu1", &["ndjson", "csv"]),
    ("rbac subjects create pods/exec --cluster prod-eu1", &["ndjson", "csv"]),
    ("rbac usable create pods -n data --cluster prod-eu1", &["ndjson", "csv"]),
    ("who-can write acme-invoices", &["ndjson", "csv"]),
    ("can sa/prod-eu1/payments/payments-api read", &["ndjson", "csv"]),
    ("blast pod/prod-eu1/data/notebook-0", &["ndjson", "csv", "dot", "mermaid"]),
    ("blast --backward role/111122223333:data-etl-admin", &["ndjson", "csv"]),
    ("path deployment/prod-eu1/ci/deployer role/111122223333:data-etl-admin", &["ndjson", "csv", "dot", "mermaid"]),
    ("used-by role/111122223333:spark-role", &["ndjson", "csv"]),
    ("graph pod/prod-eu1/data/notebook-0", &["dot", "mermaid", "graphml", "svg", "html"]),
];

fn run(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("rolewalk").expect("the binary is built").args(arguments).output().expect("it runs")
}

fn answer(question: &str, form: &str) -> Vec<u8> {
    let mut arguments: Vec<&str> = question.split(' ').collect();
    arguments.extend(["--demo", "--quiet", "-o", form]);
    let output = run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{question} -o {form}: {said}");
    assert!(!output.stdout.is_empty(), "{question} -o {form} says nothing");
    output.stdout
}

#[test]
fn every_question_is_answered_in_json_with_its_envelope() {
    for (question, _) in QUESTIONS {
        let answer: Value = serde_json::from_slice(&answer(question, "json")).expect(question);
        assert_eq!(answer["schema"], 1, "{question}");
        assert!(answer["data_time"].is_string() && answer["completeness"]["complete"] == false, "{question}");
        assert!(!answer["question"].is_null(), "{question}");
        assert!(answer["results"].as_array().is_some_and(|results| !results.is_empty()), "{question}");
    }
}

#[test]
fn every_question_is_answered_in_its_other_forms() {
    for (question, forms) in QUESTIONS {
        answer(question, "table");
        for form in *forms {
            let answer = answer(question, form);
            let text = String::from_utf8(answer).expect(question);
            match *form {
                "ndjson" => text.lines().for_each(|line| {
                    assert!(serde_json::from_str::<Value>(line).is_ok(), "{question}: {line}");
                }),
                "csv" => {
                    let mut reader = csv::Reader::from_reader(text.as_bytes());
                    assert!(reader.records().all(|record| record.is_ok()), "{question}");
                }
                "sarif" => assert_eq!(serde_json::from_str::<Value>(&text).expect(question)["version"], "2.1.0"),
                "svg" => assert!(text.contains("</svg>"), "{question}"),
                "html" => assert!(text.contains("</html>") && !text.contains("src=\"http"), "{question}"),
                _ => {}
            }
        }
    }
}

/// The bulk loaders read their columns by the names in the header row.
#[test]
fn the_csv_of_the_graph_has_the_headers_that_the_loaders_want() {
    for (dialect, vertex, edge) in
        [("neo4j", [":ID", ":LABEL"], [":START_ID", ":END_ID"]), ("neptune", ["~id", "~label"], ["~from", "~to"])]
    {
        let arguments =
            ["graph", "pod/prod-eu1/data/notebook-0", "--demo", "--quiet", "-o", "csv", "--dialect", dialect];
        let output = run(&arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{dialect}: {}", String::from_utf8_lossy(&output.stderr));
        for names in [vertex, edge] {
            let header = text.lines().find(|line| names.iter().all(|name| line.contains(name)));
            assert!(header.is_some(), "{dialect}: no header with {names:?} in\n{text}");
        }
    }
}

/// An accepted finding leaves the table and fails nothing, until its day has passed.
#[test]
fn accepted_findings_are_marked_by_their_fingerprints_until_their_day() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("accepted.yaml");
    let answer = |extra: &[&str]| {
        let file = file.to_str().expect("a path");
        let base = ["findings", "sev:critical", "--demo", "--accepted", file];
        run(&[&base[..], extra].concat())
    };
    let all: Value = serde_json::from_slice(&answer_of(&["findings", "sev:critical"])).expect("JSON");
    let findings = all["results"].as_array().expect("results").clone();
    assert!(!findings.is_empty());
    let rows = |until: &str| {
        let row = |it: &Value| {
            format!(
                "- fingerprint: {}\n  id: {}\n  subject: {}\n  reason: known\n  until: {until}\n",
                it["fingerprint"].as_str().expect("a fingerprint"),
                it["id"].as_str().expect("an id"),
                it["subject"].as_str().expect("a subject")
            )
        };
        findings.iter().map(row).collect::<String>()
    };
    std::fs::write(&file, rows("2099-01-01")).expect("written");
    let output = answer(&["--fail-on", "critical"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(&format!("{} accepted are left out", findings.len())), "{said}");
    let marked: Value = serde_json::from_slice(&answer(&["-o", "json"]).stdout).expect("JSON");
    let marked = marked["results"].as_array().expect("results");
    assert!(marked.len() == findings.len() && marked.iter().all(|it| it["accepted"]["reason"] == "known"));

    std::fs::write(&file, rows("2001-01-01")).expect("written");
    let output = answer(&["--fail-on", "critical"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("accepted until 2001-01-01 only"));

    std::fs::write(&file, "- fingerprint: 0000000000000000\n  id: X\n  subject: nothing\n  reason: x\n  until: soon\n")
        .expect("written");
    let output = answer(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("subject of 0000000000000000 is `nothing`"), "{said}");
}

fn answer_of(question: &[&str]) -> Vec<u8> {
    run(&[question, &["--demo", "--quiet", "-o", "json"]].concat()).stdout
}
