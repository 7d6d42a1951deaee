//! Broken files, several hundred: each is read or refused with a clear error, and everything beside it still loads.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use rolewalk::ingest::{self, Options};
use rolewalk::model::Inventory;
use rolewalk::model::coverage::{SourceReport, Status};

use super::tiny;

/// What may become of a broken file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// All of it is read.
    Whole,
    /// Something is lost, and said.
    Loses,
    /// Depends on the file; but what is lost is said.
    Either,
}

struct Break {
    name: &'static str,
    fate: Fate,
    /// End of the file name, in place of what it has.
    extension: Option<&'static str>,
    apply: fn(&str) -> Vec<u8>,
}

const fn case(name: &'static str, fate: Fate, apply: fn(&str) -> Vec<u8>) -> Break {
    Break { name, fate, extension: None, apply }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Puts a member into every object that has a `name`-like member, behind its opening brace.
fn into_first_object(text: &str, member: &str) -> Vec<u8> {
    // The first object of the list, or of the stream.
    let list = text.find("[{").map(|at| at + 1);
    let at = list.unwrap_or_else(|| text.find('{').unwrap());
    format!("{}{member},{}", &text[..=at], &text[at + 1..]).into_bytes()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// The first value of a member that names something.
fn replace_name(text: &str, value: &str) -> Vec<u8> {
    let name =
        regex::Regex::new(r#""([A-Za-z]*[nN]ame|Url|Id|arn|ChildId|TargetId|principalArn|associationId)": "[^"]*""#)
            .unwrap();
    let replaced = name.replace_all(text, |found: &regex::Captures<'_>| format!("\"{}\": {value}", &found[1]));
    replaced.into_owned().into_bytes()
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(next).collect()
}

fn breaks() -> Vec<Break> {
    use Fate::{Either, Loses, Whole};
    let mut all = vec![
        case("cut near the start", Loses, |text| text.as_bytes()[..text.len() / 5].to_vec()),
        case("cut in the middle", Either, |text| text.as_bytes()[..text.len() / 2].to_vec()),
        case("cut near the end", Loses, |text| text.trim_end().as_bytes()[..text.trim_end().len() - 1].to_vec()),
        case("empty", Either, |_| Vec::new()),
        case("blank", Either, |_| b" \n\t\r\n".to_vec()),
        case("byte-order mark", Whole, |text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        case("carriage returns", Whole, |text| text.replace('\n', "\r\n").into_bytes()),
        case("UTF-16 with a mark", Loses, |text| utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)),
        case("UTF-16 without a mark", Loses, |text| utf16(text, u16::to_be_bytes)),
        case("Latin-1 text", Loses, |_| b"gr\xfc\xdfe aus K\xf6ln".to_vec()),
        case("Latin-1 in names", Loses, |text| {
            let text = String::from_utf8(replace_name(text, "\"@@\"")).unwrap();
            text.bytes().flat_map(|byte| if byte == b'@' { vec![0xfc] } else { vec![byte] }).collect()
        }),
        case("binary", Loses, |_| noise(5000)),
        case("an executable", Loses, |_| [b"\x7fELF\x02\x01\x01\0".as_slice(), &noise(100)].concat()),
        case("zeros", Loses, |_| vec![0; 3000]),
        case("an HTML page", Loses, |_| b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>".to_vec()),
        case("an XML error", Loses, |_| b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec()),
        case("what the AWS CLI said", Loses, |_| {
            b"\nAn error occurred (AccessDenied) when calling the ListThings operation: User is not authorized".to_vec()
        }),
        case("what kubectl said", Loses, |_| {
            b"Error from server (Forbidden): pods is forbidden: User \"x\" cannot list".to_vec()
        }),
        case("a status of the API server", Loses, |_| {
            br#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403}"#.to_vec()
        }),
        case("prose", Loses, |_| b"Hello there, this is no answer.".to_vec()),
        case("a deep nest in a member nobody reads", Whole, |text| {
            let deep = format!("\"odd\": {}{}", "[".repeat(10_000), "]".repeat(10_000));
            into_first_object(text, &deep)
        }),
        case("a deep nest for a name", Loses, |text| {
            let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
            replace_name(text, &deep)
        }),
        case("nothing but opening brackets", Loses, |_| "[".repeat(10_000).into_bytes()),
        case("nothing but opening braces", Loses, |_| "{\"a\":".repeat(10_000).into_bytes()),
        case("a line break in every name", Loses, |text| replace_name(text, "\"a\nb\"")),
        case("control characters in every name", Loses, |text| replace_name(text, "\"a\u{1}\u{7}b\"")),
        case("escape sequences in every name", Whole, |text| replace_name(text, r#""a\u001b[31m\u009b\u202e""#)),
        case("half a surrogate in every name", Loses, |text| replace_name(text, r#""a\ud800b""#)),
        case("an odd escape in every name", Loses, |text| replace_name(text, r#""a\qb""#)),
        case("numbers for names", Loses, |text| replace_name(text, "5")),
        case("objects for names", Loses, |text| replace_name(text, "{\"a\":1}")),
        case("null for names", Either, |text| replace_name(text, "null")),
        case("empty names", Either, |text| replace_name(text, "\"\"")),
        case("a member twice", Whole, |text| {
            into_first_object(text, r#""metadata": null, "kind": null, "Tags": null, "now": null, "odd": 1, "odd": 2"#)
        }),
        case("every member twice", Whole, |text| {
            // The copy in front is overruled by the one behind.
            let member = regex::Regex::new(r#""([A-Za-z]*[nN]ame)": ("[^"]*")"#).unwrap();
            member.replace_all(text, r#""$1": "wrong", "$1": $2"#).into_owned().into_bytes()
        }),
        case("a comment", Loses, |text| format!("// made by hand\n{text}").into_bytes()),
        case("single quotes", Loses, |text| text.replace('"', "'").into_bytes()),
        case("garbage behind the end", Loses, |text| format!("{text}\n}}]garbage").into_bytes()),
        case("a number alone", Loses, |_| b"{\"items\":42}".to_vec()),
        case("a list of numbers", Loses, |_| b"[1, 2, 3.5e400, true]".to_vec()),
        case("a string alone", Loses, |_| b"\"yes\"".to_vec()),
        case("a string that never ends", Loses, |_| [b"{\"items\":[\"".as_slice(), &b"x".repeat(100_000)].concat()),
        case("8 MB of text in a member nobody reads", Whole, |text| {
            into_first_object(text, &format!("\"odd\": \"{}\"", "x".repeat(8 << 20)))
        }),
        case("a page named gzip that is not", Either, |text| text.as_bytes().to_vec()),
    ];
    all.push(Break { name: "gzip", fate: Whole, extension: Some(".gz"), apply: |text| gzip(text.as_bytes()) });
    all.push(Break {
        name: "gzip in two members",
        fate: Whole,
        extension: Some(".gz"),
        apply: |text| {
            let half = text.len() / 2;
            [gzip(&text.as_bytes()[..half]), gzip(&text.as_bytes()[half..])].concat()
        },
    });
    all.push(Break { name: "zstd", fate: Whole, extension: Some(".zst"), apply: |text| zstd(text.as_bytes()) });
    all.push(Break {
        name: "gzip without its extension",
        fate: Whole,
        extension: None,
        apply: |text| gzip(text.as_bytes()),
    });
    all.push(Break {
        name: "plain text with the extension of gzip",
        fate: Whole,
        extension: Some(".gz"),
        apply: |text| text.into(),
    });
    all.push(Break {
        name: "cut gzip",
        fate: Loses,
        extension: Some(".gz"),
        apply: |text| {
            let mut bytes = gzip(text.as_bytes());
            bytes.truncate(bytes.len() / 2);
            bytes
        },
    });
    all.push(Break {
        name: "gzip with a wrong checksum",
        fate: Loses,
        extension: Some(".gz"),
        apply: |text| {
            let mut bytes = gzip(text.as_bytes());
            let at = bytes.len() - 6;
            bytes[at] ^= 0x55;
            bytes
        },
    });
    all.push(Break {
        name: "cut zstd",
        fate: Loses,
        extension: Some(".zst"),
        apply: |text| {
            let mut bytes = zstd(text.as_bytes());
            bytes.truncate(bytes.len() - 4);
            bytes
        },
    });
    all.push(Break {
        name: "damaged zstd",
        fate: Loses,
        extension: Some(".zst"),
        apply: |text| {
            let mut bytes = zstd(text.as_bytes());
            let end = bytes.len();
            for byte in &mut bytes[4..end.min(30)] {
                *byte ^= 0xa5;
            }
            bytes
        },
    });
    all.push(Break { name: "gzip of noise", fate: Loses, extension: Some(".gz"), apply: |_| gzip(&noise(4000)) });
    all
}

/// Files of every family; breaking each of fifty in each way would only repeat these.
const BROKEN: &[&str] = &[
    "aws/iam.json",
    "aws/get-open-id-connect-provider.jsonl",
    "aws/list-instance-profiles.json",
    "aws/eu-west-1/ec2-describe-instances.json",
    "clusters/prod/describe-nodegroup.jsonl",
    "clusters/prod/list-pod-identity-associations.json",
    "clusters/prod/pods.json",
    "clusters/prod/serviceaccounts.json",
    "clusters/prod/clusterroles.json",
    "clusters/prod/secrets.json",
];

fn reports(inventory: &Inventory) -> BTreeMap<String, SourceReport> {
    let plain = |report: &SourceReport| SourceReport { read_at: None, ..report.clone() };
    inventory.coverage.sources().map(|(source, report)| (source.to_string(), plain(report))).collect()
}

#[test]
fn a_broken_file_is_read_or_refused_with_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let load = || ingest::load(directory.path(), Options::default()).unwrap();
    let sound = load();
    let sound_reports = reports(&sound);
    assert!(sound_reports.values().all(|report| report.status == Status::Ok), "{sound_reports:#?}");

    let mut tried = 0;
    for path in BROKEN {
        let text = tiny::FILES.iter().find(|(name, _)| name == path).unwrap().1;
        for broken in breaks() {
            if broken.name.starts_with("8 MB") && *path != "clusters/prod/pods.json" {
                continue;
            }
            let name = format!("{path}: {}", broken.name);
            let file = directory.path().join(path);
            fs::remove_file(&file).unwrap();
            let bytes = (broken.apply)(text);
            let changed = directory.path().join(format!("{path}{}", broken.extension.unwrap_or_default()));
            fs::write(&changed, &bytes).unwrap();

            let start = Instant::now();
            let inventory = load();
            assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());

            let mut now = reports(&inventory);
            let report = now.remove(*path).unwrap_or_else(|| panic!("{name}: no report"));
            let mut others = sound_reports.clone();
            let before = others.remove(*path).unwrap();
            assert_eq!(now, others, "{name}: other files suffered");

            let whole = report.status == Status::Ok && report.lost == 0;
            match broken.fate {
                Fate::Whole => {
                    let said: Vec<String> = report.losses.iter().map(|loss| loss.message()).collect();
                    assert!(whole, "{name}: {} {said:?}", report.why);
                    // Objects that came to share a name are one in the list, but each was read.
                    assert_eq!(report.count, before.count, "{name}");
                }
                Fate::Loses => assert!(!whole, "{name}: nothing was noticed"),
                Fate::Either => {}
            }
            if !whole {
                assert!(report.status != Status::Ok && report.status != Status::Loading, "{name}: {:?}", report.status);
                assert!(!report.why.is_empty() || !report.losses.is_empty(), "{name}: not a word");
                for loss in &report.losses {
                    let shown = loss.message();
                    assert!(loss.file.starts_with(path), "{name}: {shown}");
                    assert!(loss.line > 0 && loss.column > 0, "{name}: {shown}");
                    assert!(!loss.found.is_empty(), "{name}: {shown}");
                    assert!(!shown.contains("hunter2"), "{name}: {shown}");
                    assert!(shown.len() < 3000, "{name}: {shown}");
                }
            }
            fs::remove_file(&changed).unwrap();
            fs::write(&file, text).unwrap();
            tried += 1;
        }
    }
    assert!(tried >= 200, "only {tried}");
}

#[test]
fn an_error_names_file_path_line_column_object_and_types() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let edit = |path: &str, from: &str, to: &str| {
        let file = directory.path().join(path);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path}");
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    };
    edit("clusters/prod/pods.json", r#""image": "api:1""#, r#""image": ["api:1"]"#);
    edit("aws/iam.json", r#""RoleLastUsed": {}"#, r#""MaxSessionDuration": "1h""#);
    edit("clusters/prod/serviceaccounts.json", r#""name": "default", "#, "");
    edit(
        "clusters/prod/describe-nodegroup.jsonl",
        "}\n",
        "}\n{\"nodegroup\": {\"nodegroupName\": \"b\", \"nodeRole\": 7}}\n",
    );
    edit("clusters/prod/nodes.json", r#""kind": "Node""#, r#""kind": "Pod""#);
    edit("clusters/prod/roles.json", r#""rules": [{"verbs": ["get"]"#, r#""rules": [{"verbs": "get""#);
    let inventory = ingest::load(directory.path(), Options::default()).unwrap();
    let mut said = String::new();
    for gap in inventory.coverage.gaps() {
        for loss in &gap.report.losses {
            said.push_str(&loss.message());
            said.push('\n');
        }
    }
    expect_test::expect![[r#"
        aws/iam.json:10:31 at `RoleDetailList[0].MaxSessionDuration`: found a string, expected a whole number (`role/111122223333:api` is lost)
        clusters/prod/describe-nodegroup.jsonl:2:50 at `[1].nodegroup.nodeRole`: found a whole number, expected a string (`describe-nodegroup/prod/b` is lost)
        clusters/prod/nodes.json:1:12 at `items[0].kind`: found kind `Pod`, expected kind `Node` (`node/prod/ip-1` is lost)
        clusters/prod/pods.json:10:41 at `items[0].spec.containers[0].image`: found a list, expected a string (`pod/prod/payments/api-1` is lost)
        clusters/prod/roles.json:1:105 at `items[0].rules[0].verbs`: found a string, expected a list (`role.rbac/prod/payments/r` is lost)
        clusters/prod/serviceaccounts.json:4:1 at `items[1].metadata.name`: found nothing, expected a name
    "#]].assert_eq(&said);
    assert_eq!(inventory.clusters["prod"].pods.len(), 1, "the other pod is read");
    assert_eq!(inventory.clusters["prod"].nodegroups.len(), 1, "the other node group is read");
    assert_eq!(inventory.accounts["111122223333"].roles.len(), 1, "the other role is read");
}

#[test]
fn a_torn_object_does_not_take_the_next_one_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let pods = directory.path().join("clusters/prod/pods.json");
    fs::create_dir_all(pods.parent().unwrap()).unwrap();
    let pod = |name: &str| format!(r#"{{"kind":"Pod","metadata":{{"name":"{name}","namespace":"n"}},"spec":{{}}}}"#);
    let torn = r#"{"kind":"Pod","metadata":{"name":"torn,"namespace":"n"},"spec":{"#;
    let text = format!("{{\"items\":[\n{},\n{torn},\n{},\n{}\n],\"kind\":\"List\"}}\n", pod("a"), pod("b"), pod("c"));
    fs::write(&pods, text).unwrap();
    let inventory = ingest::load(directory.path(), Options::default()).unwrap();
    let names: Vec<&str> = inventory.clusters["prod"].pods.iter().map(|pod| pod.meta.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
#[ignore = "writes 100 MB"]
fn a_hundred_megabytes_of_text_are_one_loss() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let file = directory.path().join("clusters/prod/pods.json");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replacen(r#""image": "api:1""#, &format!(r#""image": "{}""#, "x".repeat(100 << 20)), 1);
    fs::write(&file, text).unwrap();
    let inventory = ingest::load(directory.path(), Options::default()).unwrap();
    let cluster = &inventory.clusters["prod"];
    assert_eq!(cluster.pods.iter().map(|pod| pod.meta.name.as_str()).collect::<Vec<_>>(), ["api-2"]);
    let report = inventory.coverage.report(&cluster.source(rolewalk::model::SourceKind::Pods)).unwrap();
    assert_eq!((report.status, report.lost), (Status::Partial, 1));
    assert_eq!(report.losses[0].object, "pod/prod/payments/api-1");
}
