//! Answers in the wire form of each service.

use std::fmt::Write as _;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::fault::refusal;
use super::http::{Asked, response};
use super::world::World;

/// A sound answer; a file that the world does not have is a call that is not allowed.
pub fn of(world: &World, asked: &Asked, page: usize) -> Vec<u8> {
    let service = asked.service.as_str();
    let found = match service {
        "eks" => eks(world, asked, page),
        "organizations" => organizations(world, asked, page),
        "ec2" => instances(world, asked, page),
        "sts" => world.file(world.account(&asked.key), "get-caller-identity.json").cloned(),
        _ => iam(world, asked, page),
    };
    let Some(found) = found else {
        let code = match service {
            "ec2" => "UnauthorizedOperation",
            "iam" | "sts" => "AccessDenied",
            _ => "AccessDeniedException",
        };
        let message = format!("not authorized to perform: {service}:{}", asked.operation);
        return refusal(service, 403, code, &message, 0);
    };
    let name = &asked.operation;
    match service {
        "eks" | "organizations" => response(200, "application/json", found.to_string().as_bytes(), 0),
        "ec2" => {
            let mut text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>"
            );
            ec2_members(&found, &mut text);
            let _ = write!(text, "</{name}Response>");
            response(200, "text/xml;charset=UTF-8", text.as_bytes(), 0)
        }
        _ => {
            let mut text = format!("<{name}Response xmlns=\"https://{service}.amazonaws.com/doc/\"><{name}Result>");
            query_members(&found, &mut text);
            let _ = write!(
                text,
                "</{name}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{name}Response>"
            );
            response(200, "text/xml", text.as_bytes(), 0)
        }
    }
}

/// A page of a list, and the token of the next one.
fn page_of<'a>(items: &'a [Value], token: &str, page: usize) -> (&'a [Value], Option<String>) {
    let start = token.strip_prefix("page-").and_then(|it| it.parse().ok()).unwrap_or(0);
    let end = items.len().min(start + page);
    (&items[start..end], (end < items.len()).then(|| format!("page-{end}")))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn iam(world: &World, asked: &Asked, page: usize) -> Option<Value> {
    let directory = world.account(&asked.key);
    let marked = |mut answer: Value, next: Option<String>| {
        answer["IsTruncated"] = next.is_some().into();
        if let Some(next) = next {
            answer["Marker"] = next.into();
        }
        answer
    };
    match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => {
            let whole = world.file(directory, "iam.json")?;
            let lists = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
            let all: Vec<Value> =
                lists.iter().flat_map(|list| array(&whole[*list]).iter().map(move |it| json!([list, it]))).collect();
            let (items, next) = page_of(&all, asked.get("Marker"), page);
            let mut answer = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
            for item in items {
                answer[item[0].as_str()?].as_array_mut()?.push(item[1].clone());
            }
            Some(marked(answer, next))
        }
        "ListOpenIDConnectProviders" => world.file(directory, "list-open-id-connect-providers.json").cloned(),
        "GetOpenIDConnectProvider" => {
            let all = world.file(directory, "get-open-id-connect-provider.jsonl")?;
            let arn = asked.get("OpenIDConnectProviderArn");
            let mut answer = array(all).iter().find(|it| it["OpenIDConnectProviderArn"] == arn)?.clone();
            // The one member that AWS does not send.
            answer.as_object_mut()?.remove("OpenIDConnectProviderArn");
            Some(answer)
        }
        "ListInstanceProfiles" => {
            let all = world.file(directory, "list-instance-profiles.json")?;
            let (items, next) = page_of(array(&all["InstanceProfiles"]), asked.get("Marker"), page);
            Some(marked(json!({"InstanceProfiles": items}), next))
        }
        _ => None,
    }
}

fn instances(world: &World, asked: &Asked, page: usize) -> Option<Value> {
    let directory = format!("{}/{}", world.account(&asked.key), asked.region);
    let all = world.file(&directory, "ec2-describe-instances.json")?;
    let (items, next) = page_of(array(&all["Reservations"]), asked.get("NextToken"), page);
    let mut answer = json!({"Reservations": items});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Some(answer)
}

fn organizations(world: &World, asked: &Asked, page: usize) -> Option<Value> {
    let directory = world.account(&asked.key);
    let account = world.file(directory, "get-caller-identity.json")?["Account"].as_str()?.to_owned();
    let paged = |list: &str, items: &[Value]| {
        let (items, next) = page_of(items, asked.get("NextToken"), page);
        let mut answer = json!({list: items});
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        answer
    };
    match asked.operation.as_str() {
        "ListPoliciesForTarget" => {
            let (target, filter) = (asked.get("TargetId"), asked.get("Filter"));
            if let Some(all) = world.file(directory, "organizations-list-policies-for-target.jsonl") {
                let rows =
                    array(all).iter().filter(|it| it["TargetId"] == target).flat_map(|it| array(&it["Policies"]));
                let rows: Vec<Value> = rows.filter(|it| it["Type"] == filter).cloned().collect();
                return Some(paged("Policies", &rows));
            }
            let all = world.file(directory, "organizations-list-policies-for-target.json")?;
            let direct = target == account && filter == "SERVICE_CONTROL_POLICY";
            direct.then(|| paged("Policies", array(&all["Policies"])))
        }
        "ListParents" => {
            let all = world.file(directory, "organizations-list-parents.jsonl")?;
            let found = array(all).iter().find(|it| it["ChildId"] == asked.get("ChildId"))?;
            Some(paged("Parents", array(&found["Parents"])))
        }
        "DescribePolicy" => {
            let all = world.file(directory, "organizations-describe-policy.jsonl")?;
            array(all).iter().find(|it| it["Policy"]["PolicySummary"]["Id"] == asked.get("PolicyId")).cloned()
        }
        _ => None,
    }
}

fn eks(world: &World, asked: &Asked, page: usize) -> Option<Value> {
    if asked.operation == "ListClusters" {
        let directory = format!("{}/{}", world.account(&asked.key), asked.region);
        return list(world, &directory, "eks-list-clusters.json", "clusters", asked, page);
    }
    let directory = world.cluster(&asked.region, asked.get("name"))?;
    let id = asked.get("id");
    let one = |file: &str, pointer: &str| {
        let all = world.file(directory, file)?;
        let found = array(all).iter().find(|it| it.pointer(pointer).is_some_and(|name| name == id))?;
        Some(with_numbers(found.clone()))
    };
    match asked.operation.as_str() {
        "DescribeCluster" => world.file(directory, "describe-cluster.json").cloned().map(with_numbers),
        "ListPodIdentityAssociations" => {
            list(world, directory, "list-pod-identity-associations.json", "associations", asked, page)
        }
        "DescribePodIdentityAssociation" => {
            one("describe-pod-identity-association.jsonl", "/association/associationId")
        }
        "ListAccessEntries" => list(world, directory, "list-access-entries.json", "accessEntries", asked, page),
        "DescribeAccessEntry" => one("describe-access-entry.jsonl", "/accessEntry/principalArn"),
        "ListAssociatedAccessPolicies" => {
            let all = world.file(directory, "list-associated-access-policies.jsonl")?;
            let found = array(all).iter().find(|it| it["principalArn"] == id);
            let policies = found.map_or(&[][..], |it| array(&it["associatedAccessPolicies"]));
            let (items, next) = page_of(policies, asked.get("nextToken"), page);
            Some(with_numbers(json!({"associatedAccessPolicies": items, "clusterName": asked.get("name"),
                "principalArn": id, "nextToken": next})))
        }
        "ListNodegroups" => list(world, directory, "list-nodegroups.json", "nodegroups", asked, page),
        "DescribeNodegroup" => one("describe-nodegroup.jsonl", "/nodegroup/nodegroupName"),
        "ListFargateProfiles" => {
            list(world, directory, "list-fargate-profiles.json", "fargateProfileNames", asked, page)
        }
        "DescribeFargateProfile" => one("describe-fargate-profile.jsonl", "/fargateProfile/fargateProfileName"),
        "ListAddons" => list(world, directory, "list-addons.json", "addons", asked, page),
        _ => None,
    }
}

fn list(world: &World, directory: &str, file: &str, member: &str, asked: &Asked, page: usize) -> Option<Value> {
    let all = world.file(directory, file)?;
    let (items, next) = page_of(array(&all[member]), asked.get("nextToken"), page);
    Some(with_numbers(json!({member: items, "nextToken": next})))
}

/// Times as EKS sends them: seconds with a fraction.
fn with_numbers(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                let time = ["createdAt", "modifiedAt", "associatedAt"].contains(&name.as_str());
                *value = match value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
                    Some(at) if time => json!(at.as_microsecond() as f64 / 1e6),
                    _ => with_numbers(value.take()),
                };
            }
            value
        }
        Value::Array(items) => items.drain(..).map(with_numbers).collect(),
        _ => value,
    }
}

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Members of an object in XML as IAM and STS write it: lists of `member`, documents percent-encoded, times in UTC.
fn query_members(value: &Value, out: &mut String) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let document = ["AssumeRolePolicyDocument", "PolicyDocument", "Document"].contains(&name.as_str());
        let _ = write!(out, "<{name}>");
        match value {
            value if document => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let _ = write!(out, "{}", utf8_percent_encode(&text, ENCODED));
            }
            Value::Array(items) => {
                for item in items {
                    out.push_str("<member>");
                    if item.is_object() {
                        query_members(item, out)
                    } else {
                        out.push_str(&plain(item))
                    }
                    out.push_str("</member>");
                }
            }
            Value::Object(_) => query_members(value, out),
            value => out.push_str(&plain(value)),
        }
        let _ = write!(out, "</{name}>");
    }
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<Timestamp>() {
        Ok(time) if text.contains('T') => time.to_string(),
        _ => escaped(&text),
    }
}

/// Members of an object in XML as EC2 writes it: names begin small, lists are sets of `item`.
fn ec2_members(value: &Value, out: &mut String) {
    let empty = Map::new();
    for (name, value) in value.as_object().unwrap_or(&empty) {
        let small = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
        let tag = match (name.as_str(), value) {
            ("Reservations", _) => "reservationSet".to_owned(),
            ("Instances", _) => "instancesSet".to_owned(),
            ("State", Value::Object(_)) => "instanceState".to_owned(),
            (_, Value::Array(_)) => format!("{}Set", small.trim_end_matches('s')),
            _ => small,
        };
        let _ = write!(out, "<{tag}>");
        match value {
            Value::Array(items) => {
                for item in items {
                    out.push_str("<item>");
                    if item.is_object() {
                        ec2_members(item, out)
                    } else {
                        out.push_str(&plain(item))
                    }
                    out.push_str("</item>");
                }
            }
            Value::Object(_) => ec2_members(value, out),
            value => out.push_str(&plain(value)),
        }
        let _ = write!(out, "</{tag}>");
    }
}
