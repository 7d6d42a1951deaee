//! The stored text of one object, asked for when somebody wants to see it, with secrets masked.

use serde_json::Value;

use crate::ingest::raw::mask;
use crate::model::facts::meta::Origin;
use crate::model::source::{Scope, SourceKind};

use super::api::{Call, Row};
use super::cluster::Cluster;

/// The text of an object of this cluster, indented; `None` when it is not of this cluster.
pub async fn text(cluster: &Cluster, origin: Origin) -> Option<Result<String, String>> {
    let (source, object) = origin.file.split_once('#')?;
    let file = source.strip_prefix("clusters/")?.strip_prefix(cluster.target.label.as_str())?.strip_prefix('/')?;
    let row = Row::of(SourceKind::from_file(Scope::Cluster, file)?)?;
    let (namespace, name) = object.split_once('/')?;
    Some(read(cluster, row, namespace, name).await)
}

async fn read(cluster: &Cluster, row: &Row, namespace: &str, name: &str) -> Result<String, String> {
    let namespace = Some(namespace).filter(|it| !it.is_empty());
    let value = match row.call {
        Call::Path(_) => return Err("it has no text of its own".to_owned()),
        Call::Named(resource) => {
            let path = format!("{}/{name}", resource.path(resource.versions[0], namespace));
            parse(&cluster.server.document(&path).await.map_err(|refusal| refusal.why)?)?
        }
        // By a list of one, for which the right to list is enough.
        Call::List(resource) => {
            let mut answer = Err("the kind is not there any more".to_owned());
            for api in resource.versions {
                let path = format!("{}?fieldSelector=metadata.name%3D{name}", resource.path(api, namespace));
                answer = cluster.server.get(&path, resource.accept_list()).await.map_err(|refusal| refusal.why);
                if answer.is_ok() {
                    break;
                }
            }
            let mut list = parse(&answer?)?;
            let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            let found = items.into_iter().find(|it| it.pointer("/metadata/name").is_some_and(|it| it == name));
            found.ok_or("it is not there any more")?
        }
    };
    let mut value = value;
    mask(&mut value);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        // Who set what fills screens and is kept from readers by kubectl too.
        metadata.shift_remove("managedFields");
    }
    Ok(serde_json::to_string_pretty(&value).unwrap_or_else(|_| value.to_string()))
}

fn parse(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|_| "the answer is no JSON document".to_owned())
}
