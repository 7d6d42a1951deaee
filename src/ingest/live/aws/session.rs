//! A session with AWS: profile, region, credentials, the connection, and how patient it is.

use std::fmt;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

use crate::base::Name;
use crate::ingest::live::Patience;

use super::refusal::{Cause, Refusal, root};

/// Where to ask, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// `--profile`; without one the usual chain decides: environment, default profile, web identity, container, instance.
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--endpoint-url`: one address for every service.
    pub endpoint_url: Option<String>,
    /// Fixed credentials in place of all that, for tests.
    #[doc(hidden)]
    pub keys: Option<Credentials>,
}

impl Access {
    #[doc(hidden)]
    #[must_use]
    pub fn with_keys(self, id: &str, secret: &str) -> Access {
        Access { keys: Some(Credentials::new(id, secret, None, None, "fixed")), ..self }
    }
}

/// A session, opened without any call.
#[derive(Clone, Debug)]
pub struct Session {
    pub config: SdkConfig,
    pub login: Login,
    /// Its region only stands in: neither flag nor profile names one.
    pub makeshift_region: bool,
}

impl Session {
    pub async fn open(access: &Access, patience: &Patience) -> Session {
        let http = http_client();
        // The brake of the adaptive mode is one for the whole process: in tests it would be one for all of them.
        let retry = if access.keys.is_some() { RetryConfig::standard() } else { RetryConfig::adaptive() };
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .app_name(AppName::new("rolewalk").expect("letters are allowed"))
            .retry_config(
                retry
                    .with_max_attempts(patience.attempts)
                    .with_initial_backoff(patience.pause)
                    .with_max_backoff(patience.longest_pause),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(patience.credentials)
                    .operation_attempt_timeout(patience.request)
                    .build(),
            );
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &access.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(keys) = access.keys.clone() {
            loader = loader.credentials_provider(keys).region(Region::new(access.region.clone().unwrap_or_default()));
        } else if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
            // A profile that was asked for by name wins over keys in the environment, as it does for the AWS CLI.
            let region = access.region.clone().map(Region::new);
            let provider = ProviderConfig::without_region().with_http_client(http).with_region(region);
            let provider = ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(profile).build();
            loader = loader.credentials_provider(provider);
        }
        let config = loader.load().await;
        Session { config, login: Login::of(access).await, makeshift_region: false }
    }

    /// Of the flag or the profile; empty when neither says.
    pub fn region(&self) -> Name {
        self.config.region().map_or_else(Name::default, |region| Name::from(region.as_ref()))
    }

    /// The same session in another region.
    pub fn in_region(&self, region: &str) -> SdkConfig {
        self.config.to_builder().region(Region::new(region.to_owned())).build()
    }
}

/// TLS through ring, and the proxy that the environment names.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|it| it.sleep_impl()));
        let builder = builder
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env())
            .pool_idle_timeout(Duration::from_secs(30));
        match own_certificates() {
            Some(context) => builder.tls_context(context).build(),
            None => builder.build(),
        }
    })
}

/// The certificates of `AWS_CA_BUNDLE`, which the AWS CLI trusts too, beside those of the system.
fn own_certificates() -> Option<TlsContext> {
    let path = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty())?;
    let bundle = match std::fs::read(&path) {
        Ok(bundle) => bundle,
        Err(error) => {
            tracing::warn!("AWS_CA_BUNDLE `{}` cannot be read: {error}", path.display());
            return None;
        }
    };
    let store = TrustStore::empty().with_native_roots(true).with_pem_certificate(bundle);
    TlsContext::builder().with_trust_store(store).build().ok()
}

/// How credentials are come by: decides what to tell a user to do when they are no good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `None`: the environment decides.
    profile: Option<String>,
    /// Which profile signs in through SSO: this one, or one that it is based on.
    sso: Option<String>,
}

impl Login {
    async fn of(access: &Access) -> Login {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let by_keys = access.keys.is_some() || access.profile.is_none() && set("AWS_ACCESS_KEY_ID").is_some();
        if by_keys {
            return Login { profile: None, sso: None };
        }
        let name = access.profile.clone().or_else(|| set("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned());
        let files = EnvConfigFiles::default();
        let sections = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).await;
        // What is wrong with the files is told when credentials are looked for in them.
        let sso = sections.ok().and_then(|sections| sso_profile(&sections, &name));
        Login { profile: Some(name), sso }
    }

    /// That the session is over, and what to do.
    pub fn expired(&self) -> String {
        match (&self.sso, &self.profile) {
            (Some(sso), Some(profile)) => {
                format!(
                    "the session of profile `{profile}` expired; run `aws sso login --profile {sso}`, then read again"
                )
            }
            (_, Some(profile)) => {
                format!("the credentials of profile `{profile}` expired; renew them, then read again")
            }
            (_, None) => "the credentials in the environment expired; set new ones and start again".to_owned(),
        }
    }

    /// Reads why there are no credentials.
    pub fn refused(&self, error: &CredentialsError) -> Refusal {
        let cause = root(error);
        let lower = cause.to_ascii_lowercase();
        let text = match error {
            // The cached token of an SSO session is looked up by name: without one there was no login.
            _ if lower.contains("expired") || self.sso.is_some() && lower.contains("token") => self.expired(),
            CredentialsError::CredentialsNotLoaded(_) => {
                format!("no AWS credentials were found for {self}; pass --profile, or --no-aws to do without")
            }
            CredentialsError::ProviderTimedOut(_) => format!("getting the credentials of {self} took too long"),
            _ => format!("the credentials of {self} could not be had: {cause}"),
        };
        Refusal::new(Cause::Credentials, text)
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.profile {
            Some(profile) => write!(f, "profile `{profile}`"),
            None => f.write_str("the environment"),
        }
    }
}

/// Profiles that are based on each other further than this go in a circle.
const DEEPEST: usize = 10;

fn sso_profile(sections: &EnvConfigSections, name: &str) -> Option<String> {
    let mut name = name;
    for _ in 0..DEEPEST {
        let profile = sections.get_profile(name)?;
        if ["sso_session", "sso_start_url"].iter().any(|key| profile.get(key).is_some()) {
            return Some(name.to_owned());
        }
        name = profile.get("source_profile").filter(|source| *source != name)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_session_says_what_to_run() {
        let sso = Login { profile: Some("prod-admin".to_owned()), sso: Some("prod".to_owned()) };
        assert!(sso.expired().contains("run `aws sso login --profile prod`"));
        let keys = Login { profile: None, sso: None };
        assert_eq!(keys.to_string(), "the environment");
        assert!(!keys.expired().contains("sso"));
        let error = CredentialsError::provider_error("the SSO session token has expired");
        assert_eq!(sso.refused(&error).why(), sso.expired());
        let error = CredentialsError::not_loaded_no_source();
        assert!(keys.refused(&error).why().starts_with("no AWS credentials were found for the environment"));
    }
}
