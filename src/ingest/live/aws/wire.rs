//! One signed call to a service that has no client of its own here: EKS, EC2 and Organizations.
//!
//! Signing, repetition with backoff, timeouts, correction of a wrong clock and the cache of credentials are those of the
//! AWS SDK: the same parts that its clients are made of. Nothing of a body is ever logged.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::ingest::stream::{Content, content};
use crate::model::call::{Call, Service};

use super::{endpoint, whole};

/// What stands for itself in a path or a form (RFC 3986, "unreserved").
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Text as it may stand in a path or a form.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// What is asked, before it is signed.
#[derive(Clone)]
pub struct Request {
    pub call: Call,
    /// Path and query.
    pub path: String,
    /// `None`: a GET.
    pub body: Option<String>,
}

impl Request {
    /// A GET of a path that is encoded already, with parameters that are not; empty ones are left out.
    pub fn get(call: Call, path: String, parameters: &[(&str, &str)]) -> Request {
        let query = form(parameters);
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        Request { call, path, body: None }
    }

    pub fn post(call: Call, body: String) -> Request {
        Request { call, path: "/".to_owned(), body: Some(body) }
    }
}

/// `a=b&c=d`, encoded; parameters without a value are left out.
pub fn form(parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.path)
    }
}

/// The body of an answer. Its text never reaches a log.
pub struct Answer(pub Vec<u8>);

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// An answer that says no, or none that can be understood.
#[derive(Debug)]
pub struct AnswerError {
    meta: ErrorMetadata,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.meta)
    }
}

impl Error for AnswerError {}

impl ProvideErrorMetadata for AnswerError {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

/// Asks once, with as many repetitions as the session allows.
pub async fn ask(config: &SdkConfig, request: Request) -> Result<Answer, SdkError<AnswerError, HttpResponse>> {
    let call = request.call;
    let endpoint = endpoint::of(config, call.service());
    let mut layer = Layer::new("rolewalk");
    layer
        .store_put(SigningName::from_static(call.service().prefix()))
        .store_put(SigningRegion::from(aws_config::Region::new(endpoint.region.clone())))
        .store_put(SigV4OperationSigningConfig::default())
        .store_put(AuthSchemeOptionResolverParams::new(()))
        .store_put(ApiMetadata::new(call.service().prefix(), env!("CARGO_PKG_VERSION")));
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    let resolver = StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("rolewalk")
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(resolver)))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_identity_cache(config.identity_cache())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(TransientErrorClassifier::<AnswerError>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<AnswerError>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<AnswerError>::new())
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new());
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, provider);
    }
    let plugin = StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);
    // Repetitions are counted for each service and region, as the SDK does.
    let partition = format!("{}-{}", call.service().prefix(), endpoint.region);
    let mut operation = Operation::builder()
        .service_name(partition)
        .operation_name(call.name())
        .behavior_version(aws_config::BehaviorVersion::latest())
        .endpoint_url(&endpoint.url)
        .standard_retry(config.retry_config().unwrap_or(&RetryConfig::standard()))
        .timeout_config(config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
        .runtime_plugin(plugin);
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        operation = operation.time_source(time);
    }
    operation
        .serializer(prepare)
        .deserializer(move |response| read(call, response))
        .build()
        .invoke(Arc::new(request))
        .await
}

fn prepare(request: Arc<Request>) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let mut prepared = HttpRequest::new(SdkBody::empty());
    prepared.set_uri(request.path.clone())?;
    if let Some(body) = &request.body {
        prepared.set_method("POST")?;
        let headers = prepared.headers_mut();
        match request.call.service() {
            Service::Organizations => {
                headers.insert("content-type", "application/x-amz-json-1.1");
                headers.insert("x-amz-target", format!("AWSOrganizationsV20161128.{}", request.call.name()));
            }
            _ => {
                headers.insert("content-type", "application/x-www-form-urlencoded");
            }
        }
        headers.insert("content-length", body.len().to_string());
        *prepared.body_mut() = SdkBody::from(body.clone());
    }
    Ok(prepared)
}

fn read(call: Call, response: &HttpResponse) -> Result<Answer, OrchestratorError<AnswerError>> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        let meta = match call.service() {
            Service::Ec2 | Service::Iam | Service::Sts => super::xml::refusal(body),
            Service::Eks | Service::Organizations => refusal(response, body),
        };
        return Err(OrchestratorError::operation(AnswerError { meta }));
    }
    let found = match call.service() {
        Service::Ec2 | Service::Iam | Service::Sts => whole::xml(body).err().map(|odd| odd.to_string()),
        Service::Eks | Service::Organizations => {
            let found = content(body);
            (found != Content::Json).then(|| format!("the service answered with {}", whole::describe(&found)))
        }
    };
    let Some(found) = found else { return Ok(Answer(body.to_vec())) };
    let meta = ErrorMetadata::builder().code(NOT_UNDERSTOOD).message(found);
    Err(OrchestratorError::operation(AnswerError { meta: meta.build() }))
}

/// Code of an answer that is no answer of the service, such as the page of a proxy.
pub const NOT_UNDERSTOOD: &str = "NotUnderstood";

/// Code and message of an error in JSON (Smithy, "AWS restJson1" and "awsJson1_1").
fn refusal(response: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    #[derive(Default, Deserialize)]
    struct Refused {
        #[serde(rename = "__type", alias = "code", default)]
        code: Option<String>,
        #[serde(alias = "Message", default)]
        message: Option<String>,
    }
    let refused: Refused = serde_json::from_slice(body).unwrap_or_default();
    let code = response.headers().get("x-amzn-errortype").map(str::to_owned).or(refused.code);
    // `com.amazonaws.eks#ResourceNotFoundException:http://...`
    let code = code.as_deref().and_then(|it| it.rsplit('#').next()).and_then(|it| it.split(':').next());
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        meta = meta.code(code);
    }
    if let Some(message) = refused.message {
        meta = meta.message(message);
    }
    meta.build()
}
