//! What the sources must look like: which part may use which, where foreign types end, and how files are kept.
//!
//! The arrows of the architecture are tested here so that no review has to.

mod source;

use std::path::{Path, PathBuf};

use rolewalk::model::call::{Call, Service};
use source::{Source, sources};

/// Which parts of the crate a part may use, beside itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("iam", &["base"]),
    ("rbac", &["base"]),
    ("model", &["base", "iam", "rbac"]),
    ("identity", &["base", "iam", "rbac", "model"]),
    ("graph", &["base", "iam", "rbac", "model", "identity"]),
    ("analysis", &["base", "iam", "rbac", "model", "identity", "graph"]),
    ("findings", &["base", "iam", "rbac", "model", "identity", "graph", "analysis"]),
    ("estate", &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings"]),
    ("ingest", &["base", "iam", "rbac", "model"]),
    ("app", &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate"]),
    ("ui", &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate", "app"]),
    (
        "testing",
        &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate", "ingest", "app", "ui"],
    ),
    (
        "runtime",
        &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate", "ingest", "app", "ui"],
    ),
    // Headless commands ask the estate; of the screens the command line knows only how to start them.
    (
        "cli",
        &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate", "ingest", "runtime"],
    ),
];

/// Where the types of a package may be named: parts of the crate, or single modules of one.
const FENCES: &[(&str, &[&str])] = &[
    ("ratatui", &["ui", "testing", "runtime::terminal"]),
    ("crossterm", &["runtime"]),
    ("tokio", &["ingest", "runtime", "cli"]),
    ("petgraph", &["graph", "analysis"]),
    ("kube", &["ingest"]),
    ("k8s_openapi", &["ingest"]),
    ("aws_config", &["ingest::live::aws"]),
    ("aws_credential_types", &["ingest::live::aws"]),
    ("aws_runtime", &["ingest::live::aws"]),
    ("aws_sdk_iam", &["ingest::live::aws"]),
    ("aws_sdk_sts", &["ingest::live::aws"]),
    ("aws_smithy_http_client", &["ingest::live::aws"]),
    ("aws_smithy_runtime", &["ingest::live::aws"]),
    ("aws_smithy_runtime_api", &["ingest::live::aws"]),
    ("aws_smithy_types", &["ingest::live::aws"]),
    ("aws_smithy_xml", &["ingest::live::aws"]),
    ("aws_types", &["ingest::live::aws"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("arboard", &["runtime"]),
    ("rustix", &["runtime"]),
];

/// Parts that compute and nothing else: no input or output, no clock, nothing asynchronous.
const PURE: &[&str] = &["base", "iam", "rbac", "model", "identity", "graph", "analysis", "findings", "estate"];

const IMPURE: &[&str] = &[
    "std::fs",
    // Taking compression off what is built in needs `std::io`, and addresses are values of `std::net`.
    "stdin",
    "stdout",
    "stderr",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "async",
    "await",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "tracing",
];

const LONGEST: usize = 700;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with all offences at once, one a line.
fn no(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

fn crate_sources() -> Vec<Source> {
    let sources = sources(&root().join("src"));
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

/// Whether a module lies in one of the places: `runtime::terminal::x` lies in `runtime` and in `runtime::terminal`.
fn lies_in(module: &str, places: &[&str]) -> bool {
    places.iter().any(|place| module.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

#[test]
fn every_part_uses_only_what_lies_below_it() {
    let mut offences = Vec::new();
    for source in crate_sources() {
        let part = source.part();
        if matches!(part, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == part) else {
            offences.push(format!("{}: `{part}` is not in the table of arrows", source.file));
            continue;
        };
        for (line, used) in source.parts_used(ARROWS.iter().map(|(name, _)| *name)) {
            if used != part && !allowed.contains(&used) {
                offences.push(format!("{}:{line}: `{part}` must not use `{used}`", source.file));
            }
        }
    }
    no(offences);
}

#[test]
fn foreign_types_end_where_they_should() {
    let mut offences = Vec::new();
    for source in crate_sources() {
        for (package, places) in FENCES {
            if lies_in(&source.module, places) || matches!(source.part(), "main") {
                continue;
            }
            offences.extend(
                source
                    .crates_used(package)
                    .map(|line| format!("{}:{line}: `{package}` belongs in {}", source.file, places.join(", "))),
            );
        }
    }
    no(offences);
}

#[test]
fn the_pure_parts_do_no_input_or_output_and_read_no_clock() {
    let mut offences = Vec::new();
    for source in crate_sources().into_iter().filter(|it| PURE.contains(&it.part()) || it.part() == "app") {
        for word in IMPURE {
            offences.extend(source.words(word).map(|line| format!("{}:{line}: `{word}` in a pure part", source.file)));
        }
    }
    no(offences);
}

/// The program runs where its sources are not.
#[test]
fn nothing_is_read_from_the_source_tree() {
    let offences = crate_sources()
        .into_iter()
        .filter(|source| source.part() != "testing")
        .filter(|source| source.text.contains("env!(\"CARGO_MANIFEST_DIR\")"))
        .map(|source| format!("{}: the source tree may be gone", source.file))
        .collect();
    no(offences);
}

#[test]
fn every_file_opens_with_a_sentence_on_what_it_is_for() {
    let offences = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(|directory| sources(&root().join(directory)))
        .filter(|source| {
            let first = source.text.lines().next().unwrap_or_default();
            first.strip_prefix("//! ").is_none_or(|sentence| sentence.trim().is_empty())
        })
        .map(|source| format!("{}: the first line is no `//! ` line", source.file))
        .collect();
    no(offences);
}

#[test]
fn files_are_short_and_named_after_what_they_hold() {
    let mut offences = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(|directory| sources(&root().join(directory))) {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            offences.push(format!("{}: {lines} lines; look for the seam", source.file));
        }
        let name = Path::new(&source.file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name == "mod" {
            offences.push(format!("{}: `foo.rs` beside `foo/`", source.file));
        }
        if name.split('_').any(|word| {
            matches!(word, "util" | "utils" | "helper" | "helpers" | "common" | "misc" | "manager" | "managers")
        }) {
            offences.push(format!("{}: two files that have not met yet", source.file));
        }
    }
    no(offences);
}

#[test]
fn no_test_file_is_forgotten() {
    let directory = root().join("tests/it");
    let main = std::fs::read_to_string(directory.join("main.rs")).expect("tests/it/main.rs");
    let offences = std::fs::read_dir(&directory)
        .expect("tests/it")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "main" && !main.lines().any(|line| line == format!("mod {name};")))
        .map(|name| format!("tests/it/{name}.rs: not a module of tests/it/main.rs"))
        .collect();
    no(offences);
}

/// The clients of the SDK could call anything; signed calls of our own take a row of the table.
#[test]
fn aws_is_asked_nothing_but_the_calls_of_the_table() {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let mut called = Vec::new();
    let mut offences = Vec::new();
    let sources: Vec<Source> =
        crate_sources().into_iter().filter(|it| it.module.starts_with("ingest::live::aws")).collect();
    for source in &sources {
        for (line, method) in source.called_on("client") {
            match Call::ALL.iter().find(|call| plain(call.name()) == plain(method)) {
                Some(call) => called.push(*call),
                None => offences.push(format!("{}:{line}: `{method}` is not in the table of calls", source.file)),
            }
        }
    }
    for call in Call::ALL {
        let through_client = matches!(call.service(), Service::Iam | Service::Sts);
        if through_client != called.contains(call) || !sources.iter().any(|it| it.names("Call", call.name())) {
            offences.push(format!("src/model/call.rs: nobody asks {call}"));
        }
    }
    no(offences);
}

/// Every request is made in one place, and no other kind of request than GET, nor the library's own calls, anywhere.
#[test]
fn the_api_server_is_asked_by_get_alone() {
    let sources: Vec<Source> =
        crate_sources().into_iter().filter(|it| it.module.starts_with("ingest::live::kube")).collect();
    let mut offences = Vec::new();
    let mut made = Vec::new();
    for source in &sources {
        for word in ["Request::post", "Request::put", "Request::patch", "Request::delete", "Request::builder", "Method"]
        {
            offences.extend(source.words(word).map(|line| format!("{}:{line}: `{word}`", source.file)));
        }
        // The typed interface could do anything.
        offences.extend(source.words("Api").map(|line| format!("{}:{line}: `Api`", source.file)));
        let sent = source.called_on("client").filter(|(_, method)| !["send", "clone"].contains(method));
        offences.extend(sent.map(|(line, method)| format!("{}:{line}: `client.{method}`", source.file)));
        made.extend(source.words("Request::get").map(|_| source.file.clone()));
    }
    assert_eq!(made, ["src/ingest/live/kube/client.rs"], "{} files", sources.len());
    no(offences);
}

#[test]
fn the_tests_above_see_what_they_look_for() {
    let source = Source::new(
        "src/graph/edge.rs",
        "//! Edges of \"use crate::ui\".\n\
         use crate::{base::Name, app};\n\
         use super::super::runtime::log;\n\
         // crate::cli\n\
         const TEXT: &str = \"crate::ui tokio::spawn\"; fn f<'a>(c: char) -> bool { c == '\"' }\n\
         use tokio::sync; fn g() { std::fs::read(r#\"x\"#); let _ = ::kube::Client; }\n",
    );
    assert_eq!((source.part(), source.module.as_str()), ("graph", "graph::edge"));
    let parts = ["base", "app", "runtime", "cli", "ui"];
    let used: Vec<_> = source.parts_used(parts.into_iter()).collect();
    assert_eq!(used, [(2, "base"), (2, "app"), (3, "runtime")]);
    assert_eq!(source.crates_used("tokio").collect::<Vec<_>>(), [6]);
    assert_eq!(source.crates_used("kube").collect::<Vec<_>>(), [6]);
    assert_eq!(source.words("std::fs").collect::<Vec<_>>(), [6]);
    assert!(
        lies_in("runtime::terminal", &["runtime::terminal"]) && !lies_in("runtime::terminals", &["runtime::terminal"])
    );
}
