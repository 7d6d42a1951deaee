//! Environment variables of a container: names and sources, values only where they are no secret.

use crate::base::Name;

/// Variables whose literal values are kept. Everything else keeps its presence at most.
pub const KEPT_VALUES: &[&str] = &[
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "NO_PROXY",
    "no_proxy",
];

/// Variables of which only the presence is kept, because their value is a secret or may hold one.
pub const KEPT_PRESENCE: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
];

/// One `env` entry whose name is in one of the tables above, or that another kept entry refers to as `$(NAME)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvVar {
    pub name: Name,
    pub value: EnvValue,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EnvValue {
    /// As written, `$(VAR)` unexpanded. Credential variables that are empty count as not set (R11).
    Literal(Name),
    /// A literal that is not empty and was not kept.
    Withheld,
    ConfigMapKey {
        name: Name,
        key: Name,
        optional: bool,
    },
    SecretKey {
        name: Name,
        key: Name,
        optional: bool,
    },
    /// `fieldRef`, `resourceFieldRef`: always set; the path as written.
    Field(Name),
}

/// One `envFrom` entry, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvFrom {
    pub source: EnvSource,
    pub prefix: Name,
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EnvSource {
    ConfigMap(Name),
    Secret(Name),
}
