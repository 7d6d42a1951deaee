//! Credentials that a helper program fetches (exec plugin), such as `aws eks get-token`.
//!
//! The client library would run it three times for each connection, a second each. Here it runs once, and again when what
//! it gave runs out.

use std::io;
use std::process::{Command, Stdio};

use ::kube::config::{AuthInfo, ExecConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// What a helper gave.
#[derive(Clone, Debug)]
pub struct Fetched {
    credential: Credential,
    /// Until when it is good, where it says so.
    pub until: Option<Timestamp>,
}

/// Why it gave nothing.
#[derive(Debug)]
pub enum Failed {
    NotStarted(io::Error),
    /// It ended with an error; what it said.
    Ended(String),
    /// Its answer is none.
    NotUnderstood(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: Option<Credential>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Credential {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// Runs it to its end, without a keyboard. Blocks.
///
/// # Errors
/// It gave no credentials.
pub fn run(exec: &ExecConfig) -> Result<Fetched, Failed> {
    let mut command = Command::new(exec.command.as_deref().unwrap_or_default());
    command.args(exec.args.iter().flatten()).stdin(Stdio::null());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info {
        spec["cluster"] = json!(exec.cluster);
    }
    let info = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    let output = command.env("KUBERNETES_EXEC_INFO", info.to_string()).output().map_err(Failed::NotStarted)?;
    if !output.status.success() {
        return Err(Failed::Ended(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Fetched::read(&output.stdout)
}

impl Fetched {
    fn read(answer: &[u8]) -> Result<Fetched, Failed> {
        // Some helpers answer in YAML, as kubectl lets them.
        let answer = serde_saphyr::from_slice::<Answer>(answer);
        let answer = answer.map_err(|_| Failed::NotUnderstood("its answer is no ExecCredential".to_owned()))?;
        let credential = answer.status.unwrap_or_default();
        if credential.token.is_none() && credential.client_certificate_data.is_none() {
            return Err(Failed::NotUnderstood("its answer holds neither a token nor a certificate".to_owned()));
        }
        let until = match credential.expiration_timestamp.as_deref() {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(until) => Some(until),
                Err(_) => {
                    return Err(Failed::NotUnderstood(format!("its answer expires at `{text}`, which is no time")));
                }
            },
        };
        Ok(Fetched { credential, until })
    }

    /// Puts the credentials in the place of the helper.
    pub fn into_login(self, login: AuthInfo) -> AuthInfo {
        let Credential { token, client_certificate_data, client_key_data, .. } = self.credential;
        let coded = |pem: Option<String>| pem.map(|pem| STANDARD.encode(pem));
        let fetched = json!({
            "token": token,
            "client-certificate-data": coded(client_certificate_data),
            "client-key-data": coded(client_key_data),
        });
        let fetched: AuthInfo = serde_json::from_value(fetched).unwrap_or_default();
        AuthInfo {
            exec: None,
            token: fetched.token,
            client_certificate_data: fetched.client_certificate_data.or(login.client_certificate_data),
            client_key_data: fetched.client_key_data.or(login.client_key_data),
            ..login
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_helper_says_is_read_in_json_and_yaml() {
        let json = br#"{"kind":"ExecCredential","status":{"expirationTimestamp":"2026-06-01T12:14:00Z","token":"t"}}"#;
        let fetched = Fetched::read(json).expect("credentials");
        assert_eq!(fetched.until, "2026-06-01T12:14:00Z".parse().ok());
        assert!(fetched.into_login(AuthInfo::default()).token.is_some());
        let yaml = b"kind: ExecCredential\nstatus:\n  clientCertificateData: a\n  clientKeyData: b\n";
        let login = Fetched::read(yaml).expect("credentials").into_login(AuthInfo::default());
        assert_eq!(login.client_certificate_data.as_deref(), Some("YQ=="));
        for wrong in [&b"{}"[..], b"oops", br#"{"status":{"token":"t","expirationTimestamp":"soon"}}"#] {
            assert!(matches!(Fetched::read(wrong), Err(Failed::NotUnderstood(_))));
        }
    }
}
