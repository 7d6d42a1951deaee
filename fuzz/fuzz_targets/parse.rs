//! Any bytes are read as a policy document of every kind, and every place that is named lies in the stored text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolewalk::iam::{DocumentKind, parse};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for kind in [DocumentKind::Identity, DocumentKind::Trust, DocumentKind::Resource, DocumentKind::Rcp] {
        let (document, issues) = parse(&text, kind);
        for statement in &document.statements {
            let span = statement.span;
            assert!(document.text.get(span.start as usize..span.end as usize).is_some());
            for entry in &statement.actions.entries {
                assert!(document.text.get(entry.span.start as usize..entry.span.end as usize).is_some());
            }
            assert!(document.lines(span).start() >= &1);
        }
        assert!(issues.iter().all(|issue| issue.line >= 1 && issue.column >= 1));
    }
});
