//! Looks at an answer before it is read: is it what the service sends, and is all of it there?
//!
//! The clients of the SDK take XML that ends in the middle for a shorter answer. A list would seem to be at its end, and
//! what is missing would seem not to exist.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::ingest::stream::{Content, content};

/// What a body is that should have been an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OddAnswer(&'static str);

impl fmt::Display for OddAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answered with {}", self.0)
    }
}

impl std::error::Error for OddAnswer {}

/// Words for a body of the wrong kind.
pub fn describe(found: &Content) -> &'static str {
    match found {
        Content::Json => "JSON",
        Content::Yaml | Content::Message { .. } => "text",
        Content::Empty => "nothing",
        Content::Other(what) => what,
    }
}

/// # Errors
/// The body is not XML, or its last element is not closed.
pub fn xml(body: &[u8]) -> Result<(), OddAnswer> {
    let found = content(body);
    if found != Content::Other("an XML document") {
        return Err(OddAnswer(describe(&found)));
    }
    // Every answer of the Query protocols is one element whose name ends so.
    let closed = body.trim_ascii_end().ends_with(b"Response>");
    if closed { Ok(()) } else { Err(OddAnswer("an answer that breaks off")) }
}

/// Checks the answers of the IAM and STS clients.
#[derive(Debug)]
pub struct WholeXml;

#[dyn_dispatch_hint]
impl Intercept for WholeXml {
    fn name(&self) -> &'static str {
        "WholeXml"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        match response.body().bytes() {
            Some(body) if response.status().is_success() => Ok(xml(body)?),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_xml_is_an_answer() {
        assert_eq!(xml(b"<ListRolesResponse><x/></ListRolesResponse>\n"), Ok(()));
        assert_eq!(xml(b"<ListRolesResponse><x/>"), Err(OddAnswer("an answer that breaks off")));
        assert_eq!(xml(b"<!DOCTYPE html><html></html>"), Err(OddAnswer("an HTML page")));
        assert_eq!(xml(b"{}"), Err(OddAnswer("JSON")));
    }
}
