//! An API server for tests: real HTTP on a loopback port, a world of objects, faults on demand, and a record of what it
//! was asked. Whatever is not a get, list or watch is refused and fails the test.

mod fault;
mod http;
mod objects;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub use fault::Fault;
use http::{Request, Writer};
pub use objects::Objects;

/// A running server; stops when it is dropped.
pub struct ApiServer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    inner: Mutex<Inner>,
    /// Something changed: objects, cut watches, the end.
    changed: Condvar,
    over: AtomicBool,
}

#[derive(Default)]
struct Inner {
    objects: Objects,
    faults: Vec<(String, Fault, usize)>,
    asked: Vec<Asked>,
    offences: Vec<String>,
    connections: Vec<TcpStream>,
    /// Watches of this plural end when the number has grown.
    cuts: BTreeMap<String, u64>,
    token: Option<String>,
    page: Option<usize>,
    gzip: bool,
    /// Lists are sent as the first events of a watch where they are asked for so; else that is refused.
    streams_lists: bool,
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub query: String,
    pub accept: String,
}

impl ApiServer {
    /// Serves the Kubernetes files of one cluster of a world directory, such as `WORLD/clusters/prod`.
    pub fn of_world(cluster: &Path) -> ApiServer {
        ApiServer::start(Objects::read(cluster))
    }

    /// Serves nothing yet, but every kind that a cluster has.
    pub fn empty() -> ApiServer {
        ApiServer::start(Objects::core())
    }

    fn start(objects: Objects) -> ApiServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let address = listener.local_addr().expect("it is bound");
        let inner = Mutex::new(Inner { objects, ..Inner::default() });
        let state = Arc::new(State { inner, changed: Condvar::new(), over: AtomicBool::new(false) });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                if accepting.over.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(copy) = stream.try_clone() {
                    accepting.lock().connections.push(copy);
                }
                let state = Arc::clone(&accepting);
                thread::spawn(move || serve(&state, stream));
            }
        });
        ApiServer { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a kubeconfig whose current context is the EKS cluster `name` behind this server.
    pub fn kubeconfig(&self, directory: &Path, name: &str) -> PathBuf {
        let file = directory.join(format!("{name}.kubeconfig"));
        std::fs::write(&file, kubeconfig(&[(name, &self.url())])).expect("written");
        file
    }

    /// The next `times` answers for a plural go wrong; `version` is the plural of `/version`.
    pub fn fail(&self, plural: &str, fault: Fault, times: usize) {
        self.state.lock().faults.push((plural.to_owned(), fault, times));
    }

    pub fn heal(&self) {
        self.state.lock().faults.clear();
        self.state.changed.notify_all();
    }

    /// Only requests with this bearer token are answered.
    pub fn demand(&self, token: &str) {
        self.state.lock().token = Some(token.to_owned());
    }

    /// Pages are no longer than this, whatever limit is asked for.
    pub fn page(&self, size: usize) {
        self.state.lock().page = Some(size);
    }

    pub fn pack(&self) {
        self.state.lock().gzip = true;
    }

    /// Answers `sendInitialEvents`, as newer API servers do.
    pub fn stream_lists(&self) {
        self.state.lock().streams_lists = true;
    }

    /// Creates or changes an object.
    pub fn put(&self, plural: &str, object: Value) {
        self.state.lock().objects.put(plural, object);
        self.state.changed.notify_all();
    }

    pub fn delete(&self, plural: &str, namespace: &str, name: &str) {
        self.state.lock().objects.delete(plural, namespace, name);
        self.state.changed.notify_all();
    }

    /// Tells every watch the present version and nothing else.
    pub fn bookmark(&self, plural: &str) {
        self.state.lock().objects.bookmark(plural);
        self.state.changed.notify_all();
    }

    /// Sends a line to every watch of a plural, which may be no event at all.
    pub fn say(&self, plural: &str, line: &str) {
        self.state.lock().objects.say(plural, line);
        self.state.changed.notify_all();
    }

    /// Forgets the past: watches from before now are told 410.
    pub fn compact(&self) {
        self.state.lock().objects.compact();
    }

    /// Ends the watches of a plural without a word.
    pub fn cut(&self, plural: &str) {
        *self.state.lock().cuts.entry(plural.to_owned()).or_default() += 1;
        self.state.changed.notify_all();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().asked.clone()
    }

    /// How often a path was asked for whose last part is this.
    pub fn times(&self, plural: &str) -> usize {
        self.asked().iter().filter(|it| it.path.rsplit('/').next() == Some(plural)).count()
    }

    /// Waits until so many watches of a plural were opened since the start.
    pub fn wait_for_watches(&self, plural: &str, count: usize) {
        let mut inner = self.state.lock();
        let watches = |inner: &Inner| {
            let of = |it: &&Asked| it.path.rsplit('/').next() == Some(plural) && it.query.contains("watch=1");
            inner.asked.iter().filter(of).count()
        };
        let start = Instant::now();
        while watches(&inner) < count {
            let limit = Duration::from_secs(20);
            assert!(start.elapsed() < limit, "{} watches of {plural} instead of {count}", watches(&inner));
            inner = self.state.changed.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        self.state.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        let inner = self.state.lock();
        for connection in &inner.connections {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        if !thread::panicking() {
            assert!(inner.offences.is_empty(), "not read-only: {:#?}", inner.offences);
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kubeconfig with one context for each cluster, named as `aws eks update-kubeconfig` names them; the first is current.
pub fn kubeconfig(clusters: &[(&str, &str)]) -> String {
    let arn = |name: &str| format!("arn:aws:eks:eu-west-1:111122223333:cluster/{name}");
    let each =
        |make: &dyn Fn(&str, &str) -> Value| clusters.iter().map(|(name, url)| make(name, url)).collect::<Vec<_>>();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": clusters.first().map(|it| arn(it.0)),
        "contexts": each(&|name, _| json!({"name": arn(name), "context": {"cluster": arn(name), "user": arn(name)}})),
        "clusters": each(&|name, url| json!({"name": arn(name), "cluster": {"server": url}})),
        "users": each(&|name, _| json!({"name": arn(name), "user": {"token": "good"}})),
    });
    config.to_string()
}

/// Answers the requests of one connection, one after the other.
fn serve(state: &State, stream: TcpStream) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = std::io::BufReader::new(copy);
    let mut writer = Writer::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        if answer(state, &request, &mut writer).is_err() {
            return;
        }
        // A client may look for what it asked before it has the answer; tests look after it.
        state.changed.notify_all();
    }
}

fn answer(state: &State, request: &Request, writer: &mut Writer) -> std::io::Result<()> {
    let plural = request.path.rsplit('/').next().unwrap_or_default().to_owned();
    let (fault, offence, cut) = {
        let mut inner = state.lock();
        // Whoever sees this request recorded may cut it from then on.
        let cut = inner.cuts.get(&plural).copied();
        let asked =
            Asked { path: request.path.clone(), query: request.query.clone(), accept: request.header("accept") };
        let mut offence = None;
        if request.method != "GET" {
            offence = Some(format!("{} {}", request.method, request.path));
        } else if request.path.contains("/secrets") && !asked.accept.contains("as=PartialObjectMetadata") {
            offence = Some(format!("values of secrets: {} {}", request.path, asked.accept));
        }
        inner.offences.extend(offence.clone());
        inner.asked.push(asked);
        writer.gzip = inner.gzip && request.header("accept-encoding").contains("gzip");
        let known = inner.token.as_ref().is_none_or(|it| request.header("authorization") == format!("Bearer {it}"));
        let fault = if known { inner.fault(request, &plural) } else { Some(Fault::Status(401)) };
        (fault, offence, cut)
    };
    state.changed.notify_all();
    if let Some(offence) = offence {
        return writer.status(405, &offence);
    }
    if let Some(fault) = fault {
        return fault::play(&fault, state, request, &plural, writer);
    }
    if request.parameter("watch").as_deref() == Some("1") {
        return watch(state, request, (&plural, cut), writer);
    }
    let found = page(state, request);
    match found {
        Ok(body) => writer.body(200, &body),
        Err((status, why)) => writer.status(status, &why),
    }
}

impl Inner {
    /// The fault that this request meets, if one waits for it.
    fn fault(&mut self, request: &Request, plural: &str) -> Option<Fault> {
        let at =
            self.faults.iter().position(|(of, fault, times)| of == plural && *times > 0 && fault.concerns(request))?;
        let (_, fault, times) = &mut self.faults[at];
        if *times != usize::MAX {
            *times -= 1;
        }
        Some(fault.clone())
    }
}

fn page(state: &State, request: &Request) -> Result<Vec<u8>, (u16, String)> {
    let inner = state.lock();
    if request.path == "/version" {
        return inner.objects.version.clone().ok_or((404, "no version".to_owned()));
    }
    inner.objects.answer(request, inner.page)
}

/// Streams events until the client goes, the watch is cut, or the version is too old.
fn watch(
    state: &State,
    request: &Request,
    (plural, cut): (&str, Option<u64>),
    writer: &mut Writer,
) -> std::io::Result<()> {
    let asked = |name: &str| request.parameter(name).filter(|it| !it.is_empty());
    let streamed = asked("sendInitialEvents").as_deref() == Some("true");
    let mut from: u64 = asked("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
    let initial = {
        let inner = state.lock();
        if streamed && !(inner.streams_lists && asked("resourceVersionMatch").as_deref() == Some("NotOlderThan")) {
            let why = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            return writer.status(422, why);
        }
        if !inner.objects.serves(request) {
            return writer.status(404, "the server could not find the requested resource");
        }
        // From no version on, what there is comes first.
        (from == 0).then(|| inner.objects.initial(request, streamed))
    };
    writer.begin_stream()?;
    if let Some((events, reached)) = initial {
        from = reached;
        for event in &events {
            writer.piece(event)?;
        }
    }
    loop {
        let (events, reached, over) = {
            let mut inner = state.lock();
            loop {
                let over = state.over.load(Ordering::SeqCst) || inner.cuts.get(plural).copied() != cut;
                let (events, reached) = inner.objects.events(request, from);
                if over || !events.is_empty() {
                    break (events, reached, over);
                }
                inner = state.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        };
        for event in &events {
            writer.piece(event)?;
        }
        match reached {
            Some(version) => from = version,
            None => return writer.end_stream(),
        }
        if over {
            return writer.end_stream();
        }
    }
}
