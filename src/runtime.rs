//! The process around the screens: terminal, events, background work, clipboard, log, and what happens on a bug.
//!
//! [`run`] is the way in. One thread owns the state, updates and draws ([`event_loop`]); everything that takes longer
//! than a frame runs beside it ([`jobs`]) and reports back as a message.

pub mod base;
pub mod accepted;
pub mod clipboard;
pub mod effects;
pub mod event;
pub mod event_loop;
pub mod jobs;
pub mod live;
pub mod load;
pub mod log;
pub mod panic;
pub mod save;
pub mod shelf;
pub mod signals;
pub mod snapshot;
pub mod store;
pub mod suspend;
pub mod terminal;

use std::io;

use crossterm::event::EventStream;
use futures_util::{StreamExt, stream};
use tokio::runtime::{Builder, Runtime};

use crate::app::{App, Layout};
use crate::ui;

use effects::Effects;
use event_loop::{EventLoop, Stage};
use jobs::Jobs;
use shelf::{Shelf, Source};
use signals::Signals;
use terminal::Screen;

pub use crate::app::{DataOrigin, Settings};
pub use event_loop::{End, Fault};
pub use load::Reader;

/// What the screens start with.
pub struct Options {
    /// The size is taken from the terminal.
    pub settings: Settings,
    pub source: Source,
    /// What else can be opened.
    pub shelf: Shelf,
    pub fault: Option<Fault>,
}

/// Announces to a test behind the terminal that nothing is left to do; terminals ignore the sequence.
const IDLE: &str = "\x1b_rolewalk idle\x1b\\";
/// Asks for [`IDLE`].
const ANNOUNCE_IDLE: &str = "ROLEWALK_ANNOUNCE_IDLE";

/// Shows the screens until the user or a signal ends them, and gives the exit code.
///
/// Call it on the main thread, after [`panic::install`] and inside [`panic::guard`], when [`terminal::available`] says
/// so, and end the process soon after: what was loaded is not freed, and jobs that run are left behind.
///
/// # Errors
/// The terminal refused or is gone, or no thread could be started.
pub fn run(options: Options) -> io::Result<u8> {
    let Options { mut settings, source, shelf, fault } = options;
    let pool = Pool::new()?;
    let _entered = pool.enter();
    // Listening starts before the terminal is changed, so that no signal finds it half way.
    let signals = Signals::new()?;
    pool.spawn(async {
        if let Err(error) = signals::insist().await {
            tracing::warn!("cannot listen to signals: {error}");
        }
    });
    let screen = Screen::enter(settings.mouse)?;
    settings.size = crossterm::terminal::size()?;

    let (jobs, reports) = Jobs::new(pool.handle());
    log::listen(jobs.teller());
    let stage = Tty { screen, announce_idle: std::env::var_os(ANNOUNCE_IDLE).is_some() };
    let mut event_loop = EventLoop::new(App::new(settings), stage, Effects::new(jobs, source, shelf), reports);
    let inputs = EventStream::new().map(|event| event.map(event::messages));
    let wishes = Box::pin(stream::unfold(signals, async |mut signals| Some((signals.next().await, signals))));
    let end = pool.block_on(event_loop.run(inputs, wishes, fault)).or_else(|error| match error.raw_os_error() {
        // The window was closed, and a frame noticed before the signal came.
        Some(code) if code == rustix::io::Errno::IO.raw_os_error() => Ok(End::Closed),
        _ => Err(error),
    });

    let EventLoop { app, stage, .. } = event_loop;
    drop(stage);
    // A large estate takes longer to free than the user wants to wait; the process ends anyway.
    std::mem::forget(app);
    Ok(match end? {
        End::Quit => 0,
        End::Signal(number) => signals::exit_code(number),
        End::Closed => signals::exit_code(rustix::process::Signal::HUP.as_raw()),
    })
}

/// The threads of the jobs. Dropping it waits for none of them.
struct Pool(Option<Runtime>);

impl Pool {
    fn new() -> io::Result<Pool> {
        // Parallel parts of jobs run on threads of the same name, so that their panics are contained too. A pool that
        // exists already keeps its names.
        let name = |number| format!("{}-{number}", panic::JOB_THREAD);
        let _ = rayon::ThreadPoolBuilder::new().thread_name(name).start_handler(|_| yield_to_keys()).build_global();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(panic::JOB_THREAD)
            .on_thread_start(yield_to_keys)
            .enable_all()
            .build()?;
        Ok(Pool(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("taken on drop only")
    }

    fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime().enter()
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.runtime().spawn(future);
    }

    fn handle(&self) -> tokio::runtime::Handle {
        self.runtime().handle().clone()
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lets the thread that answers keys go first when all cores are busy. Threads that this one starts inherit it.
fn yield_to_keys() {
    // Only Linux counts niceness by thread; elsewhere this would slow the whole program down.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::setpriority_process;
        // Refused at worst, which changes nothing but the order of work.
        let _ = setpriority_process(Some(rustix::thread::gettid()), 5);
    }
}

/// The terminal as the loop draws on it.
struct Tty {
    screen: Screen,
    announce_idle: bool,
}

impl Stage for Tty {
    fn draw(&mut self, app: &App) -> io::Result<Layout> {
        let mut layout = Layout::default();
        self.screen.draw(|frame| layout = ui::draw(frame, app))?;
        Ok(layout)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.screen.clear()
    }

    fn leave(&mut self) {
        self.screen.leave();
    }

    fn resume(&mut self) -> io::Result<()> {
        self.screen.resume()
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.screen.set_mouse(on)
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        self.screen.send(sequence)
    }

    fn idle(&mut self) -> io::Result<()> {
        if self.announce_idle { self.screen.send(IDLE) } else { Ok(()) }
    }
}
