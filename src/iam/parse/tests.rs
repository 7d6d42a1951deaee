//! Tests of reading documents.

use super::*;
use crate::iam::document::Effect;
use proptest::prelude::*;

fn read(text: &str) -> (Document, Vec<Issue>) {
    parse(text, DocumentKind::Identity)
}

const PLAIN: &str =
    r#"{"Version":"2012-10-17","Statement":{"Sid":"a+b","Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

#[test]
fn every_wrapping_gives_the_same_document() {
    let encoded: String = PLAIN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let string = serde_json::to_string(PLAIN).expect("a string");
    let encoded_string = serde_json::to_string(&encoded).expect("a string");
    for text in
        [PLAIN.to_owned(), encoded, string, encoded_string, format!("\u{feff}{PLAIN}\r\n"), PLAIN.replace('"', "%22")]
    {
        let (document, issues) = read(&text);
        assert!(issues.is_empty(), "{issues:?}");
        assert_eq!(document.statements[0].sid.as_deref(), Some("a+b"));
        assert_eq!(document.statements[0].effect, Some(Effect::Allow));
    }
}

#[test]
fn statements_know_their_lines() {
    let text = "{\r\n \"Statement\": [\r\n  {\"Effect\": \"Allow\",\r\n   \"Action\": [\"s3:GetObject\",\r\n    \"s3:PutObject\"], \"Resource\": \"*\",\r\n   \"Condition\": {\"Bool\": {\"aws:SecureTransport\": true}}}\r\n ]\r\n}";
    let (document, issues) = read(text);
    assert!(issues.is_empty(), "{issues:?}");
    let statement = &document.statements[0];
    assert_eq!(document.lines(statement.span), 3..=6);
    assert_eq!(statement.actions.entries[1].span.line, 5);
    let span = statement.actions.entries[1].span;
    assert_eq!(&document.text[span.start as usize..span.end as usize], "\"s3:PutObject\"");
    assert_eq!(statement.conditions[0].values[0], "true");
    assert_eq!(statement.conditions[0].span.line, 6);
}

fn first(text: &str, kind: DocumentKind) -> String {
    let (_, issues) = parse(text, kind);
    issues.first().map(|issue| format!("{:?} {issue}", issue.severity)).unwrap_or_default()
}

#[test]
fn issues_say_where_and_what() {
    let rows = [
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"a":"b"}}}]}"#,
            "Error Statement[0].Condition.StringEqual: found `StringEqual`, expected a condition operator (line 1, column 77)",
        ),
        (
            r#"{"Version":"2012-10-18","Statement":[]}"#,
            "Error Version: found `2012-10-18`, expected `2012-10-17` or `2008-10-17` (line 1, column 12)",
        ),
        (
            r#"{"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}"#,
            "Error Statement[0].Effect: found `allow`, expected `Allow` or `Deny` (line 1, column 25)",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}]}"#,
            "Error Statement[0].NotAction: found both `Action` and `NotAction`, expected one of them (line 1, column 49)",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]}"#,
            "Error Statement[0].Action: found an empty array, expected at least one action (line 1, column 42)",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":7,"Resource":"*"}]}"#,
            "Error Statement[0].Action: found a number, expected a string or an array of strings (line 1, column 42)",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"ec2*:x","Resource":"*"}]}"#,
            "Warning Statement[0].Action: found `ec2*:x`, expected a service prefix without wildcard, such as `s3:Get*` (line 1, column 42)",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}"#,
            "Error Statement[0].Principal: found `Principal`, expected no principal: the policy is attached to one (line 1, column 64)",
        ),
        ("{\n  \"Statement\": [,]}", "Error found `,`, expected a JSON value (line 2, column 17)"),
        ("", "Error found the end of the text, expected a JSON value (line 1, column 1)"),
        ("[]", "Error found an array, expected an object with `Statement` (line 1, column 1)"),
        ("{}", "Error Statement: found no `Statement`, expected an object or an array of objects (line 1, column 1)"),
    ];
    for (text, expected) in rows {
        assert_eq!(first(text, DocumentKind::Identity), expected, "{text}");
    }
}

#[test]
fn trust_policies_have_no_resource_and_others_must() {
    let trust =
        r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    assert_eq!(first(trust, DocumentKind::Trust), "");
    assert!(first(trust, DocumentKind::Resource).starts_with("Error Statement[0].Resource"));
    let ecr = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
    assert_eq!(first(ecr, DocumentKind::Resource), "");
    let nobody = r#"{"Statement":[{"Effect":"Allow","Principal":{"Aws":"*"},"Action":"s3:*","Resource":"*"}]}"#;
    assert!(first(nobody, DocumentKind::Resource).starts_with("Error Statement[0].Principal.Aws"));
}

#[test]
fn a_repeated_name_is_reported_and_spoils_its_statement() {
    let (document, issues) = read(r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Action":"c:d","Resource":"*"}]}"#);
    assert_eq!(issues[0].path, "Statement[0].Action");
    assert_eq!(document.statements[0].damage, Damage::Unreadable);
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn documents_with_wrong_pieces_are_read_without_panic(
        cut in 0..PLAIN.len(), length in 0..30usize, put in r#"[\[\]{}",:*?$%u\\a-c0-9]{0,6}"#,
    ) {
        let end = (cut + length).min(PLAIN.len());
        let _ = read(&format!("{}{put}{}", &PLAIN[..cut], &PLAIN[end..]));
    }
}
