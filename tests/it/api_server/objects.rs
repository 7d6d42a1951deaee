//! The objects that the server has, with versions and the events between them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::http::{Request, status_object};

/// Group, version, plural, kind, namespaced, and whether every cluster has it.
const KINDS: &[(&str, &str, &str, &str, bool, bool)] = &[
    ("", "v1", "pods", "Pod", true, true),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, true),
    ("", "v1", "namespaces", "Namespace", false, true),
    ("", "v1", "nodes", "Node", false, true),
    ("", "v1", "configmaps", "ConfigMap", true, true),
    ("", "v1", "secrets", "Secret", true, true),
    ("", "v1", "services", "Service", true, true),
    ("", "v1", "persistentvolumes", "PersistentVolume", false, true),
    ("apps", "v1", "deployments", "Deployment", true, true),
    ("apps", "v1", "replicasets", "ReplicaSet", true, true),
    ("apps", "v1", "statefulsets", "StatefulSet", true, true),
    ("apps", "v1", "daemonsets", "DaemonSet", true, true),
    ("batch", "v1", "jobs", "Job", true, true),
    ("batch", "v1", "cronjobs", "CronJob", true, true),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", true, true),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, true),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, true),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, true),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, true),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true, true),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        false,
        true,
    ),
    ("storage.k8s.io", "v1", "csidrivers", "CSIDriver", false, true),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, true),
    ("gateway.networking.k8s.io", "v1", "gateways", "Gateway", true, false),
    ("karpenter.sh", "v1", "nodepools", "NodePool", false, false),
    ("karpenter.k8s.aws", "v1", "ec2nodeclasses", "EC2NodeClass", false, false),
    ("eks.amazonaws.com", "v1", "nodeclasses", "NodeClass", false, false),
    ("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy", true, false),
];

/// Everything that is served.
#[derive(Default)]
pub struct Objects {
    kinds: BTreeMap<&'static str, Stored>,
    /// The body of `/version`.
    pub version: Option<Vec<u8>>,
    now: u64,
    compacted: u64,
}

struct Stored {
    group: &'static str,
    api: &'static str,
    kind: &'static str,
    items: BTreeMap<(String, String), Item>,
    log: Vec<Logged>,
}

/// Something that happened.
struct Logged {
    version: u64,
    namespace: String,
    name: String,
    /// The event with the object whole, and with its metadata alone.
    whole: Vec<u8>,
    partial: Vec<u8>,
}

struct Item {
    whole: Vec<u8>,
    metadata: Vec<u8>,
}

impl Objects {
    /// Every kind of a cluster without extensions, without objects.
    pub fn core() -> Objects {
        let mut objects = Objects { now: 1, ..Objects::default() };
        for (_, _, plural, _, _, everywhere) in KINDS {
            if *everywhere {
                objects.serve(plural);
            }
        }
        objects.version = Some(br#"{"major":"1","minor":"34","gitVersion":"v1.34.2-eks-1"}"#.to_vec());
        objects
    }

    /// The lists of a cluster directory. A kind without a file is not served.
    pub fn read(cluster: &Path) -> Objects {
        let mut objects = Objects { now: 1, ..Objects::default() };
        for (_, _, plural, ..) in KINDS {
            let Ok(text) = std::fs::read(cluster.join(format!("{plural}.json"))) else { continue };
            let list: Value = serde_json::from_slice(&text).expect(plural);
            objects.serve(plural);
            for object in list["items"].as_array().cloned().unwrap_or_default() {
                objects.put(plural, object);
            }
        }
        if let Ok(text) = std::fs::read(cluster.join("version.json")) {
            let version: Value = serde_json::from_slice(&text).expect("version");
            objects.version = Some(version["serverVersion"].to_string().into_bytes());
        }
        objects.compact();
        objects
    }

    fn serve(&mut self, plural: &str) {
        let row = KINDS.iter().find(|row| row.2 == plural).expect("a known plural");
        let stored = Stored { group: row.0, api: row.1, kind: row.3, items: BTreeMap::new(), log: Vec::new() };
        self.kinds.entry(row.2).or_insert(stored);
    }

    pub fn put(&mut self, plural: &str, mut object: Value) {
        self.serve(plural);
        self.now += 1;
        let now = self.now;
        let stored = self.kinds.get_mut(plural).expect("served");
        let key = key(&object);
        // In a list, the list says what its items are.
        if let Some(object) = object.as_object_mut() {
            object.remove("kind");
            object.remove("apiVersion");
        }
        object["metadata"]["resourceVersion"] = json!(now.to_string());
        let word = if stored.items.contains_key(&key) { "MODIFIED" } else { "ADDED" };
        let item = stored.item(&object);
        stored.note(now, word, &key.0, &object);
        stored.items.insert(key, item);
    }

    pub fn delete(&mut self, plural: &str, namespace: &str, name: &str) {
        self.now += 1;
        let now = self.now;
        let stored = self.kinds.get_mut(plural).expect("served");
        let key = (namespace.to_owned(), name.to_owned());
        let item = stored.items.remove(&key).expect("it is there");
        let mut object: Value = serde_json::from_slice(&item.whole).expect("stored as JSON");
        object["metadata"]["resourceVersion"] = json!(now.to_string());
        stored.note(now, "DELETED", namespace, &object);
    }

    pub fn bookmark(&mut self, plural: &str) {
        self.now += 1;
        let now = self.now;
        let stored = self.kinds.get_mut(plural).expect("served");
        stored.note(now, "BOOKMARK", "", &json!({"metadata": {"resourceVersion": now.to_string()}}));
    }

    pub fn say(&mut self, plural: &str, line: &str) {
        self.now += 1;
        let (version, line) = (self.now, format!("{line}\n").into_bytes());
        let (namespace, name) = (String::new(), String::new());
        let stored = self.kinds.get_mut(plural).expect("served");
        // Whoever resumes behind the bookmark does not hear the line again.
        stored.note(version, "BOOKMARK", "", &json!({"metadata": {"resourceVersion": version.to_string()}}));
        stored.log.push(Logged { version, namespace, name, whole: line.clone(), partial: line });
    }

    pub fn compact(&mut self) {
        self.now += 1;
        self.compacted = self.now;
        self.kinds.values_mut().for_each(|stored| stored.log.clear());
    }

    /// One object, or a page of a list.
    pub fn answer(&self, request: &Request, most: Option<usize>) -> Result<Vec<u8>, (u16, String)> {
        if let Some(found) = self.discovered(&request.path) {
            return Ok(found);
        }
        let place = Target::parse(&request.path).ok_or((404, "404 page not found".to_owned()))?;
        let stored = self.kinds.get(place.plural).filter(|it| it.api == place.api && it.group == place.group);
        let stored = stored.ok_or((404, "the server could not find the requested resource".to_owned()))?;
        let partial = request.header("accept").contains("as=PartialObjectMetadata");
        if let Some(name) = place.name {
            let key = (place.namespace.unwrap_or_default().to_owned(), name.to_owned());
            let item = stored.items.get(&key).ok_or((404, format!("{} \"{name}\" not found", place.plural)))?;
            return Ok(item.whole.clone());
        }
        let asked: usize = request.parameter("limit").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
        let limit = most.map_or(asked, |most| most.min(asked));
        let from: usize = request.parameter("continue").and_then(|it| it.parse().ok()).unwrap_or(0);
        let wanted = selected(request);
        let selected: Vec<&Item> = stored
            .items
            .iter()
            .filter(|((namespace, name), _)| {
                place.namespace.is_none_or(|it| it == namespace) && wanted.as_ref().is_none_or(|it| it == name)
            })
            .map(|(_, item)| item)
            .collect();
        let until = from.saturating_add(limit).min(selected.len());
        let next = if until < selected.len() { until.to_string() } else { String::new() };
        let (kind, api) = match partial {
            true => ("PartialObjectMetadata".to_owned(), "meta.k8s.io/v1".to_owned()),
            false => (stored.kind.to_owned(), stored.api_version()),
        };
        let metadata = json!({"resourceVersion": self.now.to_string(), "continue": next});
        let head = format!(r#"{{"kind":"{kind}List","apiVersion":"{api}","metadata":{metadata},"items":["#);
        let mut body = head.into_bytes();
        for (at, item) in selected.iter().take(until).skip(from).enumerate() {
            if at > 0 {
                body.push(b',');
            }
            body.extend_from_slice(if partial { &item.metadata } else { &item.whole });
        }
        body.extend_from_slice(b"]}\n");
        Ok(body)
    }

    /// Whether there is such a list.
    pub fn serves(&self, request: &Request) -> bool {
        Target::parse(&request.path).is_some_and(|place| {
            self.kinds.get(place.plural).is_some_and(|it| it.api == place.api && it.group == place.group)
        })
    }

    /// What discovery says of a group and version: its kinds.
    fn discovered(&self, path: &str) -> Option<Vec<u8>> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (group, api) = match parts[..] {
            ["api", api] => ("", api),
            ["apis", group, api] => (group, api),
            _ => return None,
        };
        let kinds = self.kinds.iter().filter(|(_, it)| it.group == group && it.api == api);
        let kinds: Vec<Value> = kinds.map(|(plural, it)| json!({"name": plural, "kind": it.kind})).collect();
        let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "resources": kinds});
        (!kinds.is_empty()).then(|| list.to_string().into_bytes())
    }

    /// The objects there are as events, and the version they are of. `marked`: with the bookmark that ends them.
    pub fn initial(&self, request: &Request, marked: bool) -> (Vec<Vec<u8>>, u64) {
        let Some(place) = Target::parse(&request.path) else { return (Vec::new(), self.now) };
        let stored = &self.kinds[place.plural];
        let partial = request.header("accept").contains("as=PartialObjectMetadata");
        let wanted = selected(request);
        let line = |word: &str, object: &Value| format!("{{\"type\":\"{word}\",\"object\":{object}}}\n").into_bytes();
        let mut events = Vec::new();
        for ((namespace, name), item) in &stored.items {
            if place.namespace.is_none_or(|it| it == namespace) && wanted.as_ref().is_none_or(|it| it == name) {
                let bytes = if partial { &item.metadata } else { &item.whole };
                let mut object: Value = serde_json::from_slice(bytes).expect("stored as JSON");
                if !partial {
                    object["kind"] = json!(stored.kind);
                    object["apiVersion"] = json!(stored.api_version());
                }
                events.push(line("ADDED", &object));
            }
        }
        if marked {
            let annotations = json!({"k8s.io/initial-events-end": "true"});
            let metadata =
                json!({"resourceVersion": self.now.to_string(), "creationTimestamp": null, "annotations": annotations});
            events.push(line("BOOKMARK", &json!({"kind": stored.kind, "metadata": metadata})));
        }
        (events, self.now)
    }

    /// The events after a version, and the version reached; none reached when it is too old.
    pub fn events(&self, request: &Request, from: u64) -> (Vec<Vec<u8>>, Option<u64>) {
        let place = Target::parse(&request.path);
        let stored = place.as_ref().and_then(|place| self.kinds.get(place.plural));
        let (Some(place), Some(stored)) = (place, stored) else { return (Vec::new(), None) };
        if from < self.compacted {
            let status = String::from_utf8(status_object(410, "too old resource version")).expect("JSON");
            return (vec![format!("{{\"type\":\"ERROR\",\"object\":{status}}}\n").into_bytes()], None);
        }
        let partial = request.header("accept").contains("as=PartialObjectMetadata");
        let wanted = selected(request);
        let later = stored.log.iter().filter(|it| {
            let bookmark = it.name.is_empty();
            let here = place.namespace.is_none_or(|namespace| namespace == it.namespace);
            it.version > from && (bookmark || here && wanted.as_ref().is_none_or(|name| *name == it.name))
        });
        let events = later.map(|it| if partial { it.partial.clone() } else { it.whole.clone() }).collect();
        (events, Some(self.now.max(from)))
    }
}

impl Stored {
    fn api_version(&self) -> String {
        if self.group.is_empty() { self.api.to_owned() } else { format!("{}/{}", self.group, self.api) }
    }

    fn item(&self, object: &Value) -> Item {
        let metadata =
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
        Item { whole: object.to_string().into_bytes(), metadata: metadata.to_string().into_bytes() }
    }

    fn note(&mut self, now: u64, word: &str, namespace: &str, object: &Value) {
        let mut whole = object.clone();
        whole["kind"] = json!(self.kind);
        whole["apiVersion"] = json!(self.api_version());
        let partial =
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
        let line = |object: &Value| format!("{{\"type\":\"{word}\",\"object\":{object}}}\n").into_bytes();
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let (whole, partial) = (line(&whole), line(&partial));
        self.log.push(Logged { version: now, namespace: namespace.to_owned(), name, whole, partial });
    }
}

/// The one name that is asked for, if any is.
fn selected(request: &Request) -> Option<String> {
    request.parameter("fieldSelector")?.strip_prefix("metadata.name=").map(str::to_owned)
}

fn key(object: &Value) -> (String, String) {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

/// What a path names.
struct Target<'a> {
    group: &'a str,
    api: &'a str,
    namespace: Option<&'a str>,
    plural: &'a str,
    name: Option<&'a str>,
}

impl Target<'_> {
    fn parse(path: &str) -> Option<Target<'_>> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (group, api, rest) = match &parts[..] {
            ["api", api, rest @ ..] => ("", *api, rest),
            ["apis", group, api, rest @ ..] => (*group, *api, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        match rest {
            [plural] => Some(Target { group, api, namespace, plural, name: None }),
            [plural, name] => Some(Target { group, api, namespace, plural, name: Some(name) }),
            _ => None,
        }
    }
}
