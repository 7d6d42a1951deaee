//! Texts of the AWS managed policies, for inputs that name one by ARN without bringing its document.
//!
//! A document that the input does bring always wins: this is what AWS published on [`ManagedPolicies::data_date`], and
//! what an account has attached may be newer.

use std::collections::HashMap;
use std::sync::OnceLock;

use rustc_hash::FxBuildHasher;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::iam::catalogue::format::unpack;

static BUNDLED: &[u8] = include_bytes!("../../../assets/managed-policies.json.gz");

/// The latest version of each AWS managed policy.
#[derive(Deserialize)]
pub struct ManagedPolicies {
    source: String,
    data: String,
    policies: HashMap<String, ManagedPolicy, FxBuildHasher>,
}

/// One AWS managed policy.
#[derive(Deserialize)]
pub struct ManagedPolicy {
    /// The default version, such as `v12`.
    pub version: String,
    /// Day on which AWS published that version, `YYYY-MM-DD`.
    pub date: String,
    /// The document as JSON text.
    pub document: Box<RawValue>,
}

impl ManagedPolicy {
    /// The name under which the text is used where the one in force was not read.
    pub fn dated(&self, name: &str) -> String {
        format!("{name} (AWS text of {})", self.date)
    }
}

impl ManagedPolicies {
    /// The texts that this build carries. The first call unpacks them (tens of milliseconds), later ones are free.
    pub fn bundled() -> &'static ManagedPolicies {
        static POLICIES: OnceLock<ManagedPolicies> = OnceLock::new();
        POLICIES.get_or_init(|| {
            let text = unpack(BUNDLED).expect("the bundled policies are read by a test of this crate");
            serde_json::from_slice(&text).expect("the bundled policies are read by a test of this crate")
        })
    }

    /// Package and version the texts came from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Day of the newest change among the texts, `YYYY-MM-DD`.
    pub fn data_date(&self) -> &str {
        &self.data
    }

    /// The policy of this ARN. Only the `aws` partition: the texts of the others differ and are not here.
    pub fn get(&self, arn: &str) -> Option<&ManagedPolicy> {
        self.policies.get(arn.strip_prefix("arn:aws:iam::aws:policy/")?)
    }

    /// All policies with their ARNs, sorted by ARN.
    pub fn iter(&self) -> impl Iterator<Item = (String, &ManagedPolicy)> {
        let mut all: Vec<_> = self.policies.iter().collect();
        all.sort_unstable_by_key(|(path, _)| *path);
        all.into_iter().map(|(path, policy)| (format!("arn:aws:iam::aws:policy/{path}"), policy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_found_by_its_arn() {
        let policies = ManagedPolicies::bundled();
        let admin = policies.get("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
        assert_eq!(admin.version, "v1");
        assert_eq!(
            admin.document.get(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        );
        assert!(policies.get("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").is_some());
        assert!(policies.get("arn:aws-cn:iam::aws:policy/AdministratorAccess").is_none());
        assert!(policies.get("arn:aws:iam::111122223333:policy/AdministratorAccess").is_none());
    }

    #[test]
    fn the_policies_are_the_expected_ones_and_carry_their_date() {
        let policies = ManagedPolicies::bundled();
        assert!(policies.policies.len() > 1_500, "{}", policies.policies.len());
        assert!(policies.iter().all(|(_, it)| it.date.as_str() <= policies.data_date() && it.date.len() == 10));
        assert!(BUNDLED.len() < 640 << 10, "{} bytes", BUNDLED.len());
    }
}
