//! Work beside the UI thread: counted before it starts, replaced when it is out of date, contained when it panics.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::app::{Lane, Msg};
use crate::model::Inventory;

use super::panic;

/// What may be replaced by newer work of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    /// Reading the sources.
    Load,
    Work(Lane),
}

/// Starts jobs and knows how many are in flight.
#[derive(Debug)]
pub struct Jobs {
    pool: Handle,
    reports: UnboundedSender<Report>,
    flying: Arc<AtomicUsize>,
    /// The stop flag of the newest job of each track.
    newest: BTreeMap<Track, Arc<AtomicBool>>,
}

/// What a job has to say.
#[derive(Debug)]
pub enum Said {
    Msg(Msg),
    /// A sequence for the terminal, which only the UI thread writes to.
    Sequence(String),
    /// The sources were read to their end: what they gave.
    Loaded(Box<Inventory>),
    /// The job is over. Every job ends with it, so that the loop notices when nothing is in flight any more.
    End,
}

/// A word of a job on its way to the event loop. The job counts as in flight until this is dropped too.
#[derive(Debug)]
pub struct Report {
    said: Said,
    stop: Arc<AtomicBool>,
    /// None for what is no job's, such as a line of the log.
    _flight: Option<Arc<Flight>>,
}

/// Where a job reports to.
#[derive(Debug)]
pub struct Outbox {
    reports: UnboundedSender<Report>,
    stop: Arc<AtomicBool>,
    /// None for a job that is at rest.
    flight: Mutex<Option<Arc<Flight>>>,
}

#[derive(Debug)]
struct Flight(Arc<AtomicUsize>);

impl Flight {
    fn start(flying: &Arc<AtomicUsize>) -> Arc<Flight> {
        flying.fetch_add(1, Ordering::SeqCst);
        Arc::new(Flight(Arc::clone(flying)))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Report {
    /// What was said, unless newer work has made it worthless.
    pub fn open(self) -> Option<Said> {
        // A crash is told in any case.
        let crash = matches!(self.said, Said::Msg(Msg::Crashed { .. }));
        (crash || !self.stop.load(Ordering::SeqCst)).then_some(self.said)
    }
}

impl Outbox {
    /// Says something; a program that is ending does not listen any more.
    pub fn say(&self, said: Said) {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let _ = self.reports.send(Report { said, stop: Arc::clone(&self.stop), _flight: flight });
    }

    /// The job has done what it was started for and only reports what happens from now on: it does not count as in
    /// flight any more.
    pub fn rest(&self) {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.reports.send(Report { said: Said::End, stop: Arc::clone(&self.stop), _flight: flight });
    }

    pub fn send(&self, msg: Msg) {
        self.say(Said::Msg(msg));
    }

    /// The last word, which takes the flight along: once it is dealt with, the job does not count.
    fn end(self) {
        let Outbox { reports, stop, flight } = self;
        let flight = flight.into_inner().unwrap_or_else(PoisonError::into_inner);
        let _ = reports.send(Report { said: Said::End, stop, _flight: flight });
    }

    /// Raised when newer work has replaced this job.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }
}

impl Jobs {
    /// Jobs on the threads of a pool, whose names must start with [`panic::JOB_THREAD`]; reports come out of the receiver.
    pub fn new(pool: Handle) -> (Jobs, UnboundedReceiver<Report>) {
        let (reports, receiver) = unbounded_channel();
        (Jobs { pool, reports, flying: Arc::default(), newest: BTreeMap::new() }, receiver)
    }

    /// Jobs that run, or whose reports were not dealt with yet.
    pub fn in_flight(&self) -> usize {
        self.flying.load(Ordering::SeqCst)
    }

    /// Passes lines of the log on to the event loop.
    pub fn teller(&self) -> impl Fn(String) + Send + 'static {
        let reports = self.reports.clone();
        move |line| {
            let said = Said::Msg(Msg::Log(line));
            let _ = reports.send(Report { said, stop: Arc::default(), _flight: None });
        }
    }

    /// Starts a job. `name` says what it does, for the message should it panic: `saving a file`.
    pub fn start(&self, name: &'static str, body: impl FnOnce(&Outbox) + Send + 'static) {
        drop(self.start_held(name, body));
    }

    /// Starts a job whose end can be waited for.
    pub fn start_held(&self, name: &'static str, body: impl FnOnce(&Outbox) + Send + 'static) -> JoinHandle<()> {
        self.start_with(name, Arc::default(), body)
    }

    /// Starts a job in place of the one on the same track, which is told to stop and whose reports are dropped.
    pub fn replace(&mut self, track: Track, name: &'static str, body: impl FnOnce(&Outbox) + Send + 'static) {
        let stop = Arc::<AtomicBool>::default();
        if let Some(old) = self.newest.insert(track, Arc::clone(&stop)) {
            old.store(true, Ordering::SeqCst);
        }
        drop(self.start_with(name, stop, body));
    }

    fn start_with(
        &self,
        name: &'static str,
        stop: Arc<AtomicBool>,
        body: impl FnOnce(&Outbox) + Send + 'static,
    ) -> JoinHandle<()> {
        let outbox =
            Outbox { reports: self.reports.clone(), stop, flight: Mutex::new(Some(Flight::start(&self.flying))) };
        self.pool.spawn_blocking(move || {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| body(&outbox))) {
                let job = format!("{name}: {}", panic::text_of(&*payload));
                let report = panic::last_report().map_or_else(String::new, |file| file.display().to_string());
                outbox.send(Msg::Crashed { job, report });
            }
            outbox.end();
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(panic::JOB_THREAD)
            .build()
            .expect("a pool")
    }

    fn log(said: Option<Said>) -> Option<String> {
        match said {
            Some(Said::Msg(Msg::Log(line))) => Some(line),
            _ => None,
        }
    }

    #[test]
    fn a_job_is_in_flight_until_its_last_report_was_dealt_with() {
        let pool = pool();
        let (jobs, mut reports) = Jobs::new(pool.handle().clone());
        jobs.start("talking", |outbox| outbox.send(Msg::Log("done".into())));
        assert_eq!(jobs.in_flight(), 1);
        let report = reports.blocking_recv().expect("a report");
        assert_eq!(jobs.in_flight(), 1);
        assert_eq!(log(report.open()).as_deref(), Some("done"));
        assert_eq!(jobs.in_flight(), 1);
        drop(reports.blocking_recv().expect("the end"));
        assert_eq!(jobs.in_flight(), 0);
    }

    #[test]
    fn newer_work_of_a_track_stops_the_older_and_silences_it() {
        let pool = pool();
        let (mut jobs, mut reports) = Jobs::new(pool.handle().clone());
        let (go, wait) = mpsc::channel::<()>();
        let (tell, stopped) = mpsc::channel();
        jobs.replace(Track::Load, "first", move |outbox| {
            outbox.send(Msg::Log("early word of the first".into()));
            let _ = wait.recv();
            tell.send(outbox.stop().load(Ordering::SeqCst)).expect("heard");
            outbox.send(Msg::Log("late word of the first".into()));
        });
        jobs.replace(Track::Load, "second", |outbox| outbox.send(Msg::Log("the second".into())));
        go.send(()).expect("it waits");
        assert!(stopped.recv().expect("told"));
        drop(pool);
        let mut heard = Vec::new();
        while let Ok(report) = reports.try_recv() {
            heard.extend(log(report.open()));
        }
        assert_eq!(heard, ["the second"]);
        assert_eq!(jobs.in_flight(), 0);
    }

    #[test]
    fn a_panicking_job_becomes_a_message() {
        let pool = pool();
        let (jobs, mut reports) = Jobs::new(pool.handle().clone());
        jobs.start("counting", |_| panic!("no such pod"));
        match reports.blocking_recv().and_then(Report::open) {
            Some(Said::Msg(Msg::Crashed { job, .. })) => assert_eq!(job, "counting: no such pod"),
            other => panic!("{other:?}"),
        }
    }
}
