//! ConfigMaps and Secrets by their keys. Values of Secrets are stepped over, never copied.

use crate::base::Name;
use crate::ingest::env::holds_secret;
use crate::ingest::object::{Keys, Members, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::env::KEPT_VALUES;
use crate::model::facts::meta::{Labels, Origin};
use crate::model::facts::workload::KeyedObject;

use super::meta::{MetaIn, expect_kind};

object! {
    pub struct ConfigMapIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        data: Members<Name, Text<'de>> = "data",
        binary: Keys = "binaryData",
    }

    pub struct SecretIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        secret_type: Name = "type",
        data: Option<Keys> = "data",
        string_data: Option<Keys> = "stringData",
    }
}

impl<'de> Record<'de> for ConfigMapIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "ConfigMap")?;
        let is_aws_auth = self.metadata.namespace == "kube-system" && self.metadata.name == "aws-auth";
        let meta = self.metadata.take(context, origin)?;
        let values = self.data.0.iter().filter_map(|(key, value)| {
            let kept = is_aws_auth && matches!(key.as_str(), "mapRoles" | "mapUsers" | "mapAccounts")
                || KEPT_VALUES.contains(&key.as_str()) && !holds_secret(value);
            if kept { Some((key.clone(), Name::new(value))) } else { profile(value).map(|text| (key.clone(), text)) }
        });
        let values = Labels::new(values.collect());
        let keys = self.data.0.into_iter().map(|(key, _)| key).chain(self.binary.0);
        let keys = Some(keys.collect());
        context.push_keyed_object(KeyedObject { meta, keys, values, secret_type: Name::default() });
        Ok(())
    }
}

/// An AWS configuration file without what may be secret in it: sections, and the settings that decide which role a
/// profile leads to (R39, R121). Key pairs keep their names, so that their presence shows. `None` for other text.
fn profile(text: &str) -> Option<Name> {
    const SHOWN: &[&str] = &[
        "role_arn",
        "source_profile",
        "credential_source",
        "web_identity_token_file",
        "role_session_name",
        "region",
        "sts_regional_endpoints",
        "sso_session",
        "sso_account_id",
        "sso_role_name",
    ];
    const NAMED: &[&str] = &["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "credential_process"];
    const LIMIT: usize = 64 << 10;
    let is_section = |line: &str| line == "[default]" || line.starts_with("[profile ") && line.ends_with(']');
    if text.len() > LIMIT || !text.lines().any(|line| is_section(line.trim())) {
        return None;
    }
    let mut kept = String::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') && line.ends_with(']') {
            kept.push_str(line);
            kept.push('\n');
        } else if let Some((name, value)) = line.split_once('=') {
            let (name, value) = (name.trim(), value.trim());
            if SHOWN.contains(&name) {
                kept.push_str(&format!("{name} = {value}\n"));
            } else if NAMED.contains(&name) {
                kept.push_str(&format!("{name} =\n"));
            }
        }
    }
    Some(kept.into())
}

impl<'de> Record<'de> for SecretIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        if &*self.kind != "PartialObjectMetadata" {
            expect_kind(&self.kind, "Secret")?;
        }
        // Without data, the managed fields still say which keys somebody set (a Secret listed as metadata only).
        let managed = self.metadata.managers.as_ref().map(|managers| {
            let fields = managers.0.iter().flat_map(|manager| &manager.fields.data.0);
            fields.filter_map(|key| key.strip_prefix("f:").map(Name::new)).collect::<Vec<Name>>()
        });
        let mut keys = match (self.data, self.string_data) {
            (None, None) => managed,
            (data, string_data) => Some([data, string_data].into_iter().flatten().flat_map(|keys| keys.0).collect()),
        };
        if let Some(keys) = &mut keys {
            keys.sort();
            keys.dedup();
        }
        let meta = self.metadata.take(context, origin)?;
        let values = Labels::default();
        context.push_keyed_object(KeyedObject { meta, keys, values, secret_type: self.secret_type });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_file_keeps_roles_and_loses_keys() {
        let text = "[default]\naws_access_key_id = AKIAEXAMPLE\nregion=eu-west-1\n# note\n[profile x]\nrole_arn = arn:aws:iam::1:role/r\nfoo = bar\n";
        let kept = profile(text).unwrap();
        assert_eq!(
            kept,
            "[default]\naws_access_key_id =\nregion = eu-west-1\n[profile x]\nrole_arn = arn:aws:iam::1:role/r\n"
        );
        assert_eq!(profile("level = debug\n"), None);
    }
}
