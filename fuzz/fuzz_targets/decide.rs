//! Any line gets exactly one line of JSON with a decision; a document in a sound case never brings it down.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolewalk::iam::case::answer;

const HEAD: &str = r#"{"id":"1","request":{"principal":"arn:aws:iam::111122223333:role/app","action":"s3:GetObject",
"resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{"aws:TagKeys":["a"],"k":"v"},"context_mode":"open"},
"identity_policies":[{"name":"p","document":"#;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    for line in [text.to_string(), format!("{HEAD}{text}}}]}}"), format!("{HEAD}\"{quoted}\"}}]}}")] {
        let out = answer(&line);
        assert!(out.starts_with('{') && out.contains("\"decision\"") && !out.contains('\n'));
    }
});
