//! A loopback server that answers as AWS does, from the AWS files of a world directory.
//!
//! STS and IAM speak Query and XML with percent-encoded documents, EC2 its own XML, EKS REST and JSON with times as
//! numbers, Organizations JSON 1.1. Page size and faults are set per test. Whatever is not a reading call is refused and
//! remembered, and fails the test when the server goes.

mod answer;
mod fault;
mod http;
mod world;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub use fault::{Fault, Kind};
use http::Asked;
use world::World;

pub struct AwsServer {
    pub url: String,
    state: Arc<State>,
}

pub struct State {
    world: World,
    page: usize,
    faults: Mutex<Vec<Fault>>,
    /// How often each call was asked.
    calls: Mutex<BTreeMap<String, usize>>,
    /// What no reader has to ask for.
    refused: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl AwsServer {
    /// Serves a world in pages of `page` things.
    pub fn start(world: &Path, page: usize, faults: Vec<Fault>) -> AwsServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            world: World::read(world),
            page,
            faults: Mutex::new(faults),
            calls: Mutex::default(),
            refused: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), state) = (stream, serving.clone()) else { continue };
                thread::spawn(move || state.serve(stream));
            }
        });
        AwsServer { url, state }
    }

    /// Faults that are left take effect no more.
    pub fn heal(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    pub fn fail(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push(fault);
    }

    /// `iam:GetAccountAuthorizationDetails` and how often it was asked.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        self.state.calls.lock().unwrap().clone()
    }
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        let refused = self.state.refused.lock().unwrap();
        assert!(refused.is_empty() || thread::panicking(), "asked for what is no reading call: {refused:?}");
    }
}

impl State {
    /// Answers the requests of one connection.
    fn serve(&self, mut stream: TcpStream) {
        while let Some(request) = http::read(&mut stream) {
            let asked = match Asked::of(&request) {
                Ok(asked) => asked,
                Err(why) => {
                    self.refused.lock().unwrap().push(why.clone());
                    let _ = stream.write_all(&http::response(400, "text/plain", why.as_bytes(), 0));
                    return;
                }
            };
            let call = format!("{}:{}", asked.service, asked.operation);
            if !["Get", "List", "Describe"].iter().any(|verb| asked.operation.starts_with(verb)) {
                self.refused.lock().unwrap().push(call.clone());
                let _ = stream.write_all(&http::response(405, "text/plain", b"only for reading", 0));
                return;
            }
            *self.calls.lock().unwrap().entry(call.clone()).or_default() += 1;
            let fault = self.fault(&call, &asked);
            let whole = match fault.as_ref().map(|it| it.kind) {
                Some(Kind::Silent) => {
                    // Until the other side has had enough.
                    while http::read(&mut stream).is_some() {}
                    return;
                }
                Some(kind) if !matches!(kind, Kind::Cut | Kind::Malformed) => kind.response(&asked),
                _ => answer::of(&self.world, &asked, self.page),
            };
            let sent = match fault.map(|it| it.kind) {
                Some(Kind::Cut) => &whole[..whole.len() - whole.len().min(40)],
                Some(Kind::Malformed) => {
                    let _ = stream.write_all(&http::torn(&whole));
                    continue;
                }
                _ => &whole[..],
            };
            if stream.write_all(sent).is_err() || sent.len() < whole.len() {
                return;
            }
        }
    }

    /// The fault that this request meets, counted down.
    fn fault(&self, call: &str, asked: &Asked) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let fault = faults.iter_mut().find(|it| it.meets(call, asked))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        Some(fault.clone())
    }
}
