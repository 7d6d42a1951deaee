//! Answers in XML, as EC2 sends them (Smithy, "AWS EC2 query").

use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

use crate::base::Name;
use crate::ingest::aws::ec2::{InstanceIn, MetadataIn, ProfileIn, StateIn};
use crate::ingest::object::Text;

/// A page of `DescribeInstances`.
#[derive(Default)]
pub struct Page {
    pub instances: Vec<InstanceIn<'static>>,
    pub next: Option<String>,
}

/// # Errors
/// What is wrong with the answer, in a few words.
pub fn instances(body: &[u8]) -> Result<Page, String> {
    let text = std::str::from_utf8(body).map_err(|_| "text that is not UTF-8".to_owned())?;
    let mut document = Document::new(text);
    let mut page = Page::default();
    let read = document.root_element().and_then(|mut root| {
        if !root.start_el().matches("DescribeInstancesResponse") {
            return Err(XmlDecodeError::custom("no DescribeInstancesResponse"));
        }
        while let Some(mut tag) = root.next_tag() {
            match tag.start_el().local() {
                "reservationSet" => each(&mut tag, &mut |reservation| {
                    while let Some(mut tag) = reservation.next_tag() {
                        if tag.start_el().matches("instancesSet") {
                            each(&mut tag, &mut |instance| {
                                page.instances.push(one(instance)?);
                                Ok(())
                            })?;
                        }
                    }
                    Ok(())
                })?,
                "nextToken" => page.next = Some(text_of(&mut tag)?).filter(|it| !it.is_empty()),
                _ => {}
            }
        }
        Ok(())
    });
    read.map_err(|error| error.to_string())?;
    // The decoder takes what is cut for a shorter answer.
    if !text.trim_end().ends_with("</DescribeInstancesResponse>") {
        return Err("an answer that breaks off".to_owned());
    }
    Ok(page)
}

type Visit<'v> = dyn FnMut(&mut ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError> + 'v;

/// Every `item` of a list.
fn each(list: &mut ScopedDecoder<'_, '_>, visit: &mut Visit<'_>) -> Result<(), XmlDecodeError> {
    while let Some(mut item) = list.next_tag() {
        if item.start_el().matches("item") {
            visit(&mut item)?;
        }
    }
    Ok(())
}

fn one(element: &mut ScopedDecoder<'_, '_>) -> Result<InstanceIn<'static>, XmlDecodeError> {
    let mut instance = InstanceIn::default();
    while let Some(mut tag) = element.next_tag() {
        match tag.start_el().local() {
            "instanceId" => instance.id = text_of(&mut tag)?.into(),
            "privateDnsName" => instance.private_dns = text_of(&mut tag)?.into(),
            "instanceState" => instance.state = StateIn { name: member(&mut tag, "name")? },
            "iamInstanceProfile" => instance.profile = ProfileIn { arn: member(&mut tag, "arn")? },
            "metadataOptions" => instance.metadata = Some(metadata(&mut tag)?),
            _ => {}
        }
    }
    Ok(instance)
}

fn metadata(element: &mut ScopedDecoder<'_, '_>) -> Result<MetadataIn<'static>, XmlDecodeError> {
    let mut options = MetadataIn::default();
    while let Some(mut tag) = element.next_tag() {
        let name = tag.start_el().local().to_owned();
        let text = text_of(&mut tag)?;
        match name.as_str() {
            "httpEndpoint" => options.endpoint = Text(text.into()),
            "httpTokens" => options.tokens = Text(text.into()),
            "httpPutResponseHopLimit" => options.hop_limit = text.parse().ok(),
            "httpProtocolIpv6" => options.ipv6 = Text(text.into()),
            _ => {}
        }
    }
    Ok(options)
}

/// The text of one member.
fn member(element: &mut ScopedDecoder<'_, '_>, name: &str) -> Result<Name, XmlDecodeError> {
    let mut found = Name::default();
    while let Some(mut tag) = element.next_tag() {
        if tag.start_el().matches(name) {
            found = text_of(&mut tag)?.into();
        }
    }
    Ok(found)
}

fn text_of(element: &mut ScopedDecoder<'_, '_>) -> Result<String, XmlDecodeError> {
    try_data(element).map(|text| text.trim().to_owned())
}

/// Code and message of an error: `Response/Errors/Error` of EC2, or `ErrorResponse/Error`. Anything else has neither.
pub fn refusal(body: &[u8]) -> ErrorMetadata {
    let text = String::from_utf8_lossy(body);
    let mut document = Document::new(&text);
    let mut meta = ErrorMetadata::builder();
    let mut found = Vec::new();
    if let Ok(mut root) = document.root_element() {
        errors(&mut root, &mut found, 0);
    }
    for (name, text) in found {
        meta = match name.as_str() {
            "Code" => meta.code(text),
            "Message" => meta.message(text),
            _ => meta,
        };
    }
    meta.build()
}

fn errors(element: &mut ScopedDecoder<'_, '_>, found: &mut Vec<(String, String)>, depth: usize) {
    while let Some(mut tag) = element.next_tag() {
        match tag.start_el().local() {
            "Errors" | "Error" if depth < 3 => errors(&mut tag, found, depth + 1),
            name @ ("Code" | "Message") if depth > 0 => {
                let name = name.to_owned();
                if let Ok(text) = text_of(&mut tag) {
                    found.push((name, text));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>x</requestId>
 <reservationSet><item><groupSet/><instancesSet>
  <item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState>
   <privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName>
   <networkInterfaceSet><item><instanceId>i-9</instanceId></item></networkInterfaceSet>
   <iamInstanceProfile><arn>arn:aws:iam::1:instance-profile/a&amp;b</arn><id>x</id></iamInstanceProfile>
   <metadataOptions><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>
    <httpEndpoint>enabled</httpEndpoint></metadataOptions></item>
  <item><instanceId>i-2</instanceId></item></instancesSet></item></reservationSet><nextToken>more</nextToken>
</DescribeInstancesResponse>"#;

    #[test]
    fn instances_are_read_with_what_decides_over_their_identity() {
        let page = instances(PAGE.as_bytes()).expect("it is sound");
        assert_eq!((page.instances.len(), page.next.as_deref()), (2, Some("more")));
        let first = &page.instances[0];
        assert_eq!((first.id.as_str(), first.profile.arn.as_str()), ("i-1", "arn:aws:iam::1:instance-profile/a&b"));
        let options = first.metadata.as_ref().expect("they are there");
        assert_eq!((&*options.tokens, options.hop_limit), ("required", Some(2)));
        assert!(page.instances[1].metadata.is_none());
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_refused() {
        for end in 0..PAGE.len() {
            assert!(instances(&PAGE.as_bytes()[..end]).is_err(), "cut at {end}");
        }
        assert!(instances(b"<html><body>proxy</body></html>").is_err());
    }

    #[test]
    fn both_forms_of_an_error_are_read() {
        for body in [
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>",
            "<ErrorResponse><Error><Type>Sender</Type><Code>UnauthorizedOperation</Code><Message>no</Message></Error></ErrorResponse>",
        ] {
            let meta = refusal(body.as_bytes());
            assert_eq!((meta.code(), meta.message()), (Some("UnauthorizedOperation"), Some("no")));
        }
        assert_eq!(refusal(b"<html>no</html>").code(), None);
    }
}
