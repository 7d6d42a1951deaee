//! Requests to one API server: only GET, with a time limit, repetitions, and renewed credentials.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ::kube::client::{AuthError, Body};
use ::kube::config::{Config, ExecInteractiveMode, KubeConfigOptions};
use ::kube::{Client, Error};
use http::header::{ACCEPT, ACCEPT_ENCODING, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::base::text::clean;
use crate::ingest::live::Patience;

use super::cluster::lock;
use super::context::{Chosen, Way, chain, read, service_account};
use super::login::{self, Failed};
use super::proxy;

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// One line, lower case, no final period.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// 403: the right is missing.
    Denied,
    /// 401, or no credentials could be had at all.
    Credentials,
    /// 404: no such kind or object.
    Absent,
    /// 410: the list or the watch is too old to go on with.
    Gone,
    /// 400 or 422: the server does not do what was asked for.
    Invalid,
    /// Anything that another try may heal.
    Transient,
}

impl Refusal {
    pub fn new(kind: RefusalKind, why: impl Into<String>) -> Refusal {
        Refusal { kind, why: why.into() }
    }
}

/// The body of an answer, piece by piece.
pub struct Stream {
    body: Body,
}

impl Stream {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers say nothing here.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(chain(&error)),
            }
        }
    }
}

/// One API server. Cheap requests in any number at once.
pub struct Server {
    chosen: Chosen,
    pub patience: Patience,
    /// Made anew when credentials were refused or run out.
    current: Mutex<Option<Connection>>,
    /// Why nothing can be had from the server at the moment, and since when: one failure speaks for all sources, so that
    /// not each of them waits for it.
    dead: std::sync::Mutex<Option<(Instant, Refusal)>>,
    /// The server has answered something since the connection was forgotten.
    answered: AtomicBool,
    /// How often in a row it did not know who asks.
    unknown: AtomicU32,
}

/// A connection, with the number of its making.
#[derive(Clone)]
struct Connection {
    number: u64,
    client: Client,
    /// Until when its credentials are good, where that is known.
    until: Option<Timestamp>,
}

/// Credentials are renewed so long before they run out.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// So many answers 401 in a row mean that the credentials are no good for anything any more.
const UNKNOWN: u32 = 6;

impl Server {
    pub fn new(chosen: Chosen, patience: Patience) -> Server {
        Server {
            chosen,
            patience,
            current: Mutex::default(),
            dead: std::sync::Mutex::default(),
            answered: AtomicBool::new(false),
            unknown: AtomicU32::new(0),
        }
    }

    /// Forgets the connection, so that kubeconfig and credentials are looked at anew.
    pub async fn forget(&self) {
        *self.current.lock().await = None;
        *lock(&self.dead) = None;
        self.answered.store(false, Ordering::Relaxed);
        self.unknown.store(0, Ordering::Relaxed);
    }

    /// The failure that speaks for all requests, while it is fresh.
    fn dead(&self) -> Option<Refusal> {
        let mut dead = lock(&self.dead);
        if dead.as_ref().is_some_and(|(since, _)| since.elapsed() > self.patience.longest_pause / 2) {
            *dead = None;
        }
        dead.as_ref().map(|(_, refusal)| refusal.clone())
    }

    /// Gives a request up. Where the server never answered, or knows us no more, others need not try.
    fn give_up(&self, refusal: Refusal) -> Refusal {
        let answered = self.answered.load(Ordering::Relaxed);
        let speaks_for_all = match refusal.kind {
            RefusalKind::Transient => !answered,
            RefusalKind::Credentials => !answered || self.unknown.load(Ordering::Relaxed) >= UNKNOWN,
            _ => false,
        };
        if speaks_for_all {
            lock(&self.dead).get_or_insert_with(|| (Instant::now(), refusal.clone()));
        }
        refusal
    }

    /// The whole answer to a GET. Repeats what may heal.
    pub async fn get(&self, path: &str, accept: &'static str) -> Result<Vec<u8>, Refusal> {
        let (mut tries, mut renewed) = (0, false);
        loop {
            // Fetching credentials has a limit of its own.
            let answer = match self.client().await {
                Err(refusal) => Err(Attempt::last(refusal)),
                Ok(client) => {
                    let answer = timeout(self.patience.request, self.whole(client, path, accept)).await;
                    answer.unwrap_or_else(|_| {
                        let why = format!("no answer within {}", seconds(self.patience.request));
                        Err(Attempt::slow(Refusal::new(RefusalKind::Transient, why)))
                    })
                }
            };
            let Attempt { refusal, wait, weight } = match answer {
                Ok(bytes) => return Ok(bytes),
                Err(attempt) => attempt,
            };
            match refusal.kind {
                RefusalKind::Credentials if !renewed && weight > 0 => renewed = true,
                RefusalKind::Transient if weight > 0 => {
                    tries += weight;
                    if tries >= self.patience.attempts {
                        return Err(self.give_up(refusal));
                    }
                    tracing::debug!("{path}: {}; trying again", refusal.why);
                    let pause = self.patience.pause_before(tries.saturating_sub(1));
                    // What a server wishes counts, within what a person would wait for.
                    sleep(wait.map_or(pause, |wait| wait.min(self.patience.request))).await;
                }
                _ => return Err(self.give_up(refusal)),
            }
        }
    }

    /// The answer to a GET that is to be one JSON object; anything else is asked for again.
    pub async fn document(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        let mut tries = 0;
        loop {
            let bytes = self.get(path, "application/json").await?;
            if bytes.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() {
                return Ok(bytes);
            }
            tries += 1;
            if tries >= self.patience.attempts {
                return Err(Refusal::new(RefusalKind::Transient, "the answer is no JSON document"));
            }
            sleep(self.patience.pause_before(tries - 1)).await;
        }
    }

    /// One try.
    async fn whole(&self, client: (u64, Client), path: &str, accept: &'static str) -> Result<Vec<u8>, Attempt> {
        let mut stream = self.once(client, path, accept, false).await?;
        let mut bytes = Vec::new();
        loop {
            match stream.next().await {
                Ok(Some(more)) => bytes.extend_from_slice(more.as_ref()),
                Ok(None) => return Ok(bytes),
                Err(why) => {
                    let why = format!("the answer was cut off: {why}");
                    return Err(Attempt::again(Refusal::new(RefusalKind::Transient, why)));
                }
            }
        }
    }

    /// Opens a watch. Not repeated: whoever watches knows when to try again.
    pub async fn open(&self, path: &str, accept: &'static str) -> Result<Stream, Refusal> {
        let client = self.client().await.map_err(|refusal| self.give_up(refusal))?;
        let opened = timeout(self.patience.request, self.once(client, path, accept, true)).await;
        match opened {
            Ok(opened) => opened.map_err(|attempt| self.give_up(attempt.refusal)),
            Err(_) => {
                let why = format!("no answer within {}", seconds(self.patience.request));
                Err(Refusal::new(RefusalKind::Transient, why))
            }
        }
    }

    async fn once(
        &self,
        (number, client): (u64, Client),
        path: &str,
        accept: &'static str,
        watch: bool,
    ) -> Result<Stream, Attempt> {
        let mut request = Request::get(path).header(ACCEPT, HeaderValue::from_static(accept));
        if watch {
            // Some servers pack each event of a watch by itself, which the unpacking layer stops after.
            request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let request = request.body(Body::empty()).map_err(|error| {
            Attempt::last(Refusal::new(RefusalKind::Absent, format!("`{path}` is no path: {error}")))
        })?;
        let response = client.send(request).await.map_err(|error| Attempt::again(self.refused_by(&error)))?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.unknown.fetch_add(1, Ordering::Relaxed);
        } else {
            self.answered.store(true, Ordering::Relaxed);
            self.unknown.store(0, Ordering::Relaxed);
        }
        if response.status().is_success() {
            return Ok(Stream { body: response.into_body() });
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            self.renew(number).await;
        }
        Err(self.refused(response).await)
    }

    /// The connection, made if there is none.
    async fn client(&self) -> Result<(u64, Client), Refusal> {
        let mut current = self.current.lock().await;
        if let Some(refusal) = self.dead() {
            return Err(refusal);
        }
        let now = Timestamp::now();
        if let Some(Connection { number, client, until }) = &*current
            && until.is_none_or(|until| now < until - AHEAD)
        {
            return Ok((*number, client.clone()));
        }
        let number = current.as_ref().map_or(1, |it| it.number + 1);
        match (self.connect(number).await, &*current) {
            (Ok(made), _) => *current = Some(made),
            // They are still good for a moment, and another try may succeed.
            (Err(_), Some(Connection { until: Some(until), .. })) if now < *until => {}
            (Err(refusal), _) => {
                // Nobody gets further than this: not each source has to find out for itself.
                lock(&self.dead).get_or_insert_with(|| (Instant::now(), refusal.clone()));
                return Err(refusal);
            }
        }
        let made = current.as_ref().expect("made just now, or kept");
        Ok((made.number, made.client.clone()))
    }

    /// Makes the connection anew, unless somebody has done so since connection `number`.
    async fn renew(&self, number: u64) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|it| it.number == number)
            && let Ok(made) = self.connect(number + 1).await
        {
            *current = Some(made);
        }
    }

    async fn connect(&self, number: u64) -> Result<Connection, Refusal> {
        let mut config = self.config().await?;
        let mut until = None;
        let login = &config.auth_info;
        let others = login.token.is_some() || login.token_file.is_some() || login.username.is_some();
        if let Some(exec) = login.exec.clone().filter(|_| !others) {
            let fetched = self.blocking(move || login::run(&exec)).await?.map_err(|failed| self.unhelped(failed))?;
            until = fetched.until;
            config.auth_info = fetched.into_login(std::mem::take(&mut config.auth_info));
        }
        // Reads files, and the certificates of the system.
        let client = self.blocking(move || Client::try_from(config)).await?.map_err(|error| self.refused_by(&error))?;
        Ok(Connection { number, client, until })
    }

    /// Runs something that blocks, within the time for credentials.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        match timeout(self.patience.credentials, tokio::task::spawn_blocking(work)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Refusal::new(RefusalKind::Credentials, format!("cannot connect: {error}"))),
            Err(_) => {
                let limit = seconds(self.patience.credentials);
                let why = match self.helper() {
                    "" => format!("connecting took longer than {limit}"),
                    helper => format!("the credentials helper `{helper}` did not answer within {limit}"),
                };
                Err(Refusal::new(RefusalKind::Credentials, why))
            }
        }
    }

    /// The helper gave no credentials.
    fn unhelped(&self, failed: Failed) -> Refusal {
        let helper = self.helper();
        let why = match failed {
            Failed::NotStarted(cause) if cause.kind() == io::ErrorKind::NotFound => {
                format!("the credentials helper `{helper}` could not be run: it is not installed")
            }
            Failed::NotStarted(cause) => format!("the credentials helper `{helper}` could not be run: {cause}"),
            Failed::Ended(said) => {
                let line = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no message");
                let line: String = clean(line).chars().take(300).collect();
                format!("the credentials helper `{helper}` failed: {line}; {}", self.remedy())
            }
            Failed::NotUnderstood(why) => format!("the credentials helper `{helper}` was not understood: {why}"),
        };
        Refusal::new(RefusalKind::Credentials, why)
    }

    async fn config(&self) -> Result<Config, Refusal> {
        let broken = |why: String| Refusal::new(RefusalKind::Credentials, why);
        let mut config = match &self.chosen.way {
            Way::InCluster { directory, server } => {
                let file = service_account(directory, server);
                let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
                let broken = |error| broken(format!("the service account of this pod: {}", chain(&error)));
                let mut config = config.map_err(broken)?;
                // The certificate may be renewed too.
                config.root_cert_file = Some(directory.join("ca.crt"));
                config.proxy_url = None;
                config
            }
            Way::Context { kubeconfig, name } => {
                let file = read(kubeconfig.as_deref()).map_err(|error| broken(error.to_string()))?;
                let own = proxy::of_context(&file, name);
                let options = KubeConfigOptions { context: Some(name.clone()), cluster: None, user: None };
                let config = Config::from_custom_kubeconfig(file, &options).await;
                let broken = |error| broken(format!("context `{name}`: {}", chain(&error)));
                let mut config = config.map_err(broken)?;
                config.proxy_url = own;
                config
            }
        };
        // What the context says counts; else the environment, as for every other program.
        if config.proxy_url.is_none() {
            config.proxy_url = proxy::of_environment(&config.cluster_url, |name| std::env::var(name).ok());
        }
        // The library knows this form by its other name; both leave names for the proxy to look up.
        config.proxy_url = config.proxy_url.map(proxy::known);
        if let Some(exec) = &mut config.auth_info.exec {
            if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
                let why = format!("the credentials helper `{}` wants a terminal to itself", self.helper());
                return Err(broken(why));
            }
            // The keyboard is ours.
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        if config.cluster_url.scheme_str() == Some("http") {
            // Reading the certificates of the system takes longer than all else and is for nothing here.
            config.root_cert.get_or_insert_default();
        }
        config.connect_timeout = Some(self.patience.credentials);
        config.default_retry = false;
        Ok(config)
    }

    fn helper(&self) -> &str {
        self.chosen.helper.as_ref().map_or("", |helper| &helper.command)
    }

    /// What to run when credentials are refused.
    fn remedy(&self) -> String {
        match &self.chosen.helper {
            Some(helper) if helper.command.rsplit('/').next().is_some_and(|it| it.starts_with("aws")) => {
                match &helper.profile {
                    Some(profile) => format!("run: aws sso login --profile {profile}, then ctrl-r"),
                    None => "run: aws sso login, then ctrl-r".to_owned(),
                }
            }
            Some(helper) => format!("log in with `{}`, then ctrl-r", helper.command),
            None => format!("renew the credentials of context `{}`, then ctrl-r", self.chosen.target.context),
        }
    }

    /// An answer that is an error.
    async fn refused(&self, response: Response<Body>) -> Attempt {
        let status = response.status();
        let wait = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.trim().parse().ok());
        let wait = wait.map(Duration::from_secs);
        let body = timeout(self.patience.request, response.into_body().collect()).await;
        let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
        let said = said(&body);
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let kind = match status {
            StatusCode::UNAUTHORIZED => RefusalKind::Credentials,
            StatusCode::FORBIDDEN => RefusalKind::Denied,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE => RefusalKind::Absent,
            StatusCode::GONE => RefusalKind::Gone,
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => RefusalKind::Invalid,
            _ => RefusalKind::Transient,
        };
        let why = match kind {
            RefusalKind::Credentials => {
                format!("the API server does not accept the credentials (401); {}", self.remedy())
            }
            _ => format!("the API server answered {}{said}", status.as_u16()),
        };
        Attempt { refusal: Refusal::new(kind, why), wait, weight: 1 }
    }

    /// A request that got no answer.
    fn refused_by(&self, error: &Error) -> Refusal {
        match auth_error(error) {
            Some(error) => Refusal::new(RefusalKind::Credentials, format!("{}; {}", chain(error), self.remedy())),
            None => Refusal::new(RefusalKind::Transient, format!("no connection to the API server: {}", chain(error))),
        }
    }
}

/// The cause that lies with the credentials, wherever in the chain it stands.
fn auth_error(error: &Error) -> Option<&AuthError> {
    if let Error::Auth(error) = error {
        return Some(error);
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<AuthError>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// How one try ended.
struct Attempt {
    refusal: Refusal,
    /// What the server asked to wait (`Retry-After`).
    wait: Option<Duration>,
    /// How much it counts towards the attempts.
    weight: u32,
}

impl Attempt {
    fn again(refusal: Refusal) -> Attempt {
        Attempt { refusal, wait: None, weight: 1 }
    }

    /// Silence costs a person more than a refusal does: two are enough.
    fn slow(refusal: Refusal) -> Attempt {
        Attempt { refusal, wait: None, weight: 3 }
    }

    /// Not to be repeated with other credentials: there were none.
    fn last(refusal: Refusal) -> Attempt {
        Attempt { refusal, wait: None, weight: 0 }
    }
}

/// The message of a `Status`, as the API server words it; empty for any other body.
fn said(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Status {
        message: String,
    }
    let message = serde_json::from_slice::<Status>(body).unwrap_or_default().message;
    clean(&message).chars().take(400).collect()
}

/// `5 s`, `250 ms`
fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}
