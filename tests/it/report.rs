//! `rolewalk report`: a page that is well formed, loads nothing, whose links lead somewhere, and that no name breaks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use expect_test::expect;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use proptest::prelude::*;
use rolewalk::base::text::clean;
use rolewalk::cli::command::report::html::{Cell, Html};

fn report(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    let output = command.current_dir(directory).arg("report").args(arguments).arg("-q").output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn demo() -> String {
    report(Path::new("."), &["--demo"])
}

/// An element as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begin {
    tag: String,
    attributes: Vec<(String, String)>,
    /// The text in it, that of elements inside it too.
    text: String,
}

impl Begin {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}

/// What a parser of HTML makes of a page.
#[derive(Debug, Default)]
struct Parsed {
    elements: Vec<Begin>,
    /// Positions of those that are open.
    open: Vec<usize>,
    wrong: Vec<String>,
}

/// Elements that have no end tag.
const VOID: &[&str] = &["meta"];

struct Sink(RefCell<Parsed>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut parsed = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes: Vec<(String, String)> =
                    tag.attrs.iter().map(|it| (it.name.local.to_string(), it.value.to_string())).collect();
                parsed.elements.push(Begin { tag: tag.name.to_string(), attributes, text: String::new() });
                if !VOID.contains(&&*tag.name) {
                    let at = parsed.elements.len() - 1;
                    parsed.open.push(at);
                }
            }
            Token::TagToken(tag) => {
                let open = parsed.open.pop().map(|at| parsed.elements[at].tag.clone());
                if open.as_deref() != Some(&*tag.name) {
                    parsed.wrong.push(format!("line {line}: </{}> ends {open:?}", tag.name));
                }
            }
            Token::CharacterTokens(text) => {
                for at in parsed.open.clone() {
                    parsed.elements[at].text.push_str(&text);
                }
            }
            Token::ParseError(error) => parsed.wrong.push(format!("line {line}: {error}")),
            Token::CommentToken(text) => parsed.wrong.push(format!("line {line}: a comment: {text}")),
            Token::NullCharacterToken => parsed.wrong.push(format!("line {line}: a null")),
            Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

fn parse(page: &str) -> Parsed {
    let tokenizer =
        Tokenizer::new(Sink(RefCell::default()), TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() });
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(page));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut parsed = tokenizer.sink.0.take();
    if !parsed.open.is_empty() {
        parsed.wrong.push(format!("{} elements have no end", parsed.open.len()));
    }
    parsed
}

/// Everything that holds of every page.
fn sound(page: &str) -> Vec<Begin> {
    let Parsed { elements, wrong, .. } = parse(page);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let allowed = BTreeSet::from([
        "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "article", "h1", "h2",
        "h3", "h4", "p", "ul", "ol", "li", "a", "span", "code", "pre", "div", "table", "caption", "thead", "tbody",
        "tr", "th", "td", "details", "summary",
    ]);
    let attributes = BTreeSet::from([
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "id",
        "href",
        "class",
        "role",
        "aria-label",
        "tabindex",
        "scope",
        "open",
    ]);
    let mut ids = BTreeSet::new();
    for element in &elements {
        assert!(allowed.contains(&*element.tag), "<{}>", element.tag);
        for (name, value) in &element.attributes {
            assert!(attributes.contains(&**name), "<{} {name}={value:?}>", element.tag);
        }
        if let Some(id) = element.attribute("id") {
            assert!(ids.insert(id.to_owned()), "two elements have the id {id}");
        }
    }
    for link in elements.iter().filter_map(|it| it.attribute("href")) {
        let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads out of the page"));
        assert!(ids.contains(target), "{link} leads nowhere");
    }
    elements
}

#[test]
fn the_page_of_the_demo_is_sound_and_has_its_parts() {
    let elements = sound(&demo());
    let mut outline = String::new();
    for element in elements.iter().filter(|it| matches!(&*it.tag, "h1" | "h2" | "caption")) {
        // Tables that there are many of, and one that comes and goes with the rules, are no part of the outline.
        let varies = ["Evidence for ", "Identities in ", "Rules not evaluated everywhere"];
        if !varies.iter().any(|it| element.text.starts_with(it)) {
            outline.push_str(&format!("{} {}\n", element.tag, element.text));
        }
    }
    expect![[r#"
        h1 AWS identities of workloads in prod-eu1, staging-eu2
        h2 Summary
        caption Clusters
        caption Accounts
        caption Findings by severity
        h2 What to fix first
        h2 Findings by owner
        h2 Identities of workloads
        h2 Rules not evaluated
        h2 Accepted findings
        h2 What was not read
        caption Sources that were not read whole
    "#]]
    .assert_eq(&outline);
    let count = |tag: &str| elements.iter().filter(|it| it.tag == tag).count();
    assert!(count("article") > 50 && count("li") > 8 && count("pre") > 50);
}

#[test]
fn every_finding_is_on_the_page_with_evidence_and_fix() {
    let elements = sound(&demo());
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    let output = command.args(["findings", "--demo", "-q", "-o", "json"]).output().expect("it runs");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for finding in answer["results"].as_array().expect("results") {
        let text = |name: &str| finding[name].as_str().expect("text");
        let id = format!("finding-{}", text("fingerprint"));
        let article = elements.iter().find(|it| it.attribute("id") == Some(&id)).expect("an article");
        for shown in [text("id"), text("message"), text("severity"), text("impact")] {
            assert!(article.text.contains(&*clean(shown)), "{id}: {shown}");
        }
        for fix in finding["fix"].as_array().expect("fixes") {
            for line in fix["text"].as_str().expect("text").lines() {
                assert!(article.text.contains(&*clean(line)), "{id}: {line}");
            }
        }
        for it in finding["evidence"].as_array().expect("evidence").iter().take(20) {
            assert!(article.text.contains(&*clean(it["object"].as_str().expect("text"))), "{id}: {it}");
        }
    }
}

#[test]
fn the_page_asks_the_browser_to_load_and_run_nothing() {
    let page = demo();
    let elements = sound(&page);
    let policy = elements.iter().find(|it| it.attribute("http-equiv") == Some("Content-Security-Policy"));
    let policy = policy.and_then(|it| it.attribute("content")).expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let style = &elements.iter().find(|it| it.tag == "style").expect("a style").text;
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(style.contains("@media print") && style.contains("prefers-color-scheme: dark"));
    // Hash and style belong together, else the browser shows the page bare.
    use base64::Engine;
    use sha2::Digest;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes()));
    assert!(policy.contains(&hash), "{policy}");
}

#[test]
fn a_report_has_one_form() {
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    let output = command.args(["report", "--demo", "-o", "json"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a report is a page of HTML"));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_same_data_gives_the_same_page() {
    assert_eq!(demo(), demo());
}

/// Names that would be markup, if they could.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\\\"><img src=x onerror=alert(1)>",
    "</style></title></textarea><svg onload=alert(1)>",
    "&lt;b&gt;' onmouseover='alert(1)",
    "<!--",
    "]]>\\u0000\\u202e\\n\\r",
];

#[test]
fn hostile_names_in_an_estate_stay_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let cluster = directory.path().join("clusters/prod");
    let account = directory.path().join("aws");
    std::fs::create_dir_all(&cluster).expect("made");
    std::fs::create_dir_all(&account).expect("made");
    let list = |items: Vec<String>| format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, items.join(","));
    let accounts = HOSTILE.iter().map(|name| {
        format!(
            r#"{{"metadata":{{"namespace":"{name}","name":"{name}","annotations":{{"eks.amazonaws.com/role-arn":"{name}"}}}}}}"#
        )
    });
    std::fs::write(cluster.join("serviceaccounts.json"), list(accounts.collect())).expect("written");
    let pods = HOSTILE.iter().map(|name| {
        format!(
            r#"{{"metadata":{{"namespace":"{name}","name":"{name}"}},"spec":{{"serviceAccountName":"{name}","nodeName":"{name}",
            "containers":[{{"name":"{name}","image":"{name}","securityContext":{{"privileged":true}},
            "env":[{{"name":"AWS_ROLE_ARN","value":"{name}"}}]}}]}},"status":{{"phase":"Running"}}}}"#
        )
    });
    std::fs::write(cluster.join("pods.json"), list(pods.collect())).expect("written");
    let roles = HOSTILE.iter().map(|name| {
        format!(
            r#"{{"RoleName":"{name}","Path":"/","Arn":"arn:aws:iam::111122223333:role/{name}","RoleId":"AROA","CreateDate":"2024-01-01T00:00:00Z",
            "AssumeRolePolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}]}},
            "RolePolicyList":[],"AttachedManagedPolicies":[]}}"#
        )
    });
    let roles: Vec<String> = roles.collect();
    let iam =
        format!(r#"{{"RoleDetailList":[{}],"UserDetailList":[],"GroupDetailList":[],"Policies":[]}}"#, roles.join(","));
    std::fs::write(account.join("iam.json"), iam).expect("written");
    std::fs::write(account.join("get-caller-identity.json"), r#"{"Account":"111122223333","Arn":"x","UserId":"x"}"#)
        .expect("written");
    let page = report(directory.path(), &["--snapshot", "."]);
    let elements = sound(&page);
    let articles = elements.iter().filter(|it| it.tag == "article").count();
    assert!(articles >= HOSTILE.len(), "{articles} findings");
    let text = &elements.iter().find(|it| it.tag == "main").expect("the page").text;
    assert!(text.contains("<script>alert(1)</script>") && text.contains("onerror=alert(1)"), "the names are shown");
}

proptest! {
    /// Whatever is written comes out as text, in the element that it was written to, and nothing else comes out.
    #[test]
    fn no_text_breaks_out_of_its_element(
        text in any::<String>(), lines in "[ -~\n\u{202e}<>&\"']{0,60}", cell in any::<String>(), value in any::<String>(),
    ) {
        let mut html = Html::default();
        html.element("p", &[("aria-label", &value)], |it| { it.text(&text).text("|"); });
        html.element("pre", &[], |it| { it.lines(&lines).text("|"); });
        html.table(&text, &[&cell], [vec![Cell::Code(cell.clone()), Cell::Text(text.clone())]]);
        let parsed = parse(&html.finish());
        // Code points that are no characters are shown as they are; the parser finds nothing else to say.
        prop_assert!(parsed.wrong.iter().all(|it| it.ends_with("Bad character")), "{:?}", parsed.wrong);
        let tags: Vec<&str> = parsed.elements.iter().map(|it| &*it.tag).collect();
        prop_assert_eq!(
            tags,
            ["p", "pre", "div", "table", "caption", "thead", "tr", "th", "tbody", "tr", "td", "code", "td"]
        );
        prop_assert_eq!(&parsed.elements[0].text, &format!("{}|", clean(&text)));
        let written: Vec<_> = lines.lines().map(clean).collect();
        prop_assert_eq!(&parsed.elements[1].text, &format!("{}|", written.join("\n")));
        prop_assert_eq!(&parsed.elements[11].text, &*clean(&cell));
        prop_assert_eq!(&parsed.elements[0].attributes, &[("aria-label".to_owned(), clean(&value).into_owned())]);
    }
}
