//! The loop of the screens: wait for one thing, take what else is there, update, draw if a frame is due.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use smallvec::SmallVec;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::{App, DataOrigin, Layout, Msg};

use super::effects::{Effects, OnTerminal};
use super::jobs::{Report, Said};
use super::signals::Wish;
use super::suspend;

/// How long waiting messages are taken in before a frame is drawn.
const DRAIN: Duration = Duration::from_millis(50);

/// Least time between frames that no key asked for; the answer to a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);

/// How often the age of live data may change on the screen.
const MINUTE: Duration = Duration::from_secs(60);

/// What the loop draws on.
pub trait Stage {
    /// Draws one frame.
    ///
    /// # Errors
    /// The terminal is gone; the same for the others.
    fn draw(&mut self, app: &App) -> io::Result<Layout>;
    /// The next frame is written whole.
    fn clear(&mut self) -> io::Result<()>;
    fn leave(&mut self);
    fn resume(&mut self) -> io::Result<()>;
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
    fn send(&mut self, sequence: &str) -> io::Result<()>;
    /// Nothing is left to do until something happens outside.
    fn idle(&mut self) -> io::Result<()>;
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A key or a command asked for it.
    Quit,
    /// A signal, by its number.
    Signal(i32),
    /// The terminal reports nothing any more.
    Closed,
}

/// Something to fail with after the first frame, to try what is left of the terminal then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The thread that draws panics.
    Ui,
    /// A background job panics.
    Worker,
}

/// The messages of one event of the terminal.
pub type Input = io::Result<SmallVec<[Msg; 2]>>;

/// The state of the loop.
pub struct EventLoop<S> {
    pub app: App,
    pub stage: S,
    effects: Effects,
    reports: UnboundedReceiver<Report>,
    layout: Option<Layout>,
    /// Something changed since the last frame; by a key, if it is urgent.
    dirty: bool,
    urgent: bool,
    last_frame: Instant,
    last_clock: Instant,
    /// Stopped, and the terminal is not ours.
    away: bool,
    end: Option<End>,
}

enum Next {
    Input(Option<Input>),
    Report(Option<Report>),
    Signal(Wish),
    Time,
}

impl<S: Stage> EventLoop<S> {
    pub fn new(app: App, stage: S, effects: Effects, reports: UnboundedReceiver<Report>) -> EventLoop<S> {
        let now = Instant::now();
        EventLoop {
            app,
            stage,
            effects,
            reports,
            layout: None,
            dirty: true,
            urgent: true,
            last_frame: now,
            last_clock: now,
            away: false,
            end: None,
        }
    }

    /// Runs until something asks for the end. The first frame is drawn before anything is read.
    ///
    /// # Errors
    /// The terminal is gone.
    pub async fn run(
        &mut self,
        mut inputs: impl Stream<Item = Input> + Unpin,
        mut signals: impl Stream<Item = Wish> + Unpin,
        fault: Option<Fault>,
    ) -> io::Result<End> {
        self.take(Msg::Clock(Timestamp::now()))?;
        self.draw()?;
        self.effects.load();
        match fault {
            Some(Fault::Ui) => panic!("asked for on the command line"),
            Some(Fault::Worker) => self.effects.crash(),
            None => {}
        }
        loop {
            if self.effects.idle() && !self.dirty {
                self.stage.idle()?;
            }
            let next = self.next(&mut inputs, &mut signals).await;
            self.handle(next)?;
            self.drain(&mut inputs).await?;
            if let Some(end) = self.end {
                self.effects.finish_saves().await;
                return Ok(end);
            }
            if self.dirty && self.frame_due() <= Instant::now() && !self.away {
                self.draw()?;
            }
        }
    }

    async fn next(
        &mut self,
        inputs: &mut (impl Stream<Item = Input> + Unpin),
        signals: &mut (impl Stream<Item = Wish> + Unpin),
    ) -> Next {
        let wake = self.wake();
        let time = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(wish) = signals.next() => Next::Signal(wish),
            input = inputs.next() => Next::Input(input),
            report = self.reports.recv() => Next::Report(report),
            () = time => Next::Time,
        }
    }

    /// When to wake although nothing happens. `None` is an idle screen.
    fn wake(&self) -> Option<Instant> {
        let frame = (self.dirty && !self.away).then(|| self.frame_due());
        let live = self.app.settings().origin == DataOrigin::Live;
        let clock = live.then(|| self.last_clock + MINUTE);
        frame.into_iter().chain(clock).min()
    }

    fn frame_due(&self) -> Instant {
        if self.urgent { self.last_frame } else { self.last_frame + FRAME }
    }

    fn handle(&mut self, next: Next) -> io::Result<()> {
        match next {
            Next::Input(Some(input)) => {
                for msg in input? {
                    self.urgent = true;
                    self.take(msg)?;
                }
            }
            Next::Input(None) => self.end = Some(End::Closed),
            Next::Report(report) => match report.and_then(Report::open) {
                Some(Said::Msg(msg)) => self.take(msg)?,
                Some(Said::Sequence(sequence)) => self.stage.send(&sequence)?,
                Some(Said::Loaded(inventory)) => self.effects.keep(inventory),
                Some(Said::End) | None => {}
            },
            Next::Signal(Wish::End(number)) => self.end = Some(End::Signal(number)),
            Next::Signal(Wish::Stop) => self.suspend()?,
            Next::Signal(Wish::Continue) => self.resume()?,
            Next::Time => {
                if self.last_clock.elapsed() >= MINUTE {
                    self.last_clock = Instant::now();
                    self.take(Msg::Clock(Timestamp::now()))?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what waits already, keys first, so that many messages make one frame.
    async fn drain(&mut self, inputs: &mut (impl Stream<Item = Input> + Unpin)) -> io::Result<()> {
        let until = Instant::now() + DRAIN;
        while self.end.is_none() && !self.away && Instant::now() < until {
            // With the waker of this task: the event stream remembers the first waker it gets, so that a look with another
            // one would leave the loop deaf.
            let input = poll_fn(|context| Poll::Ready(inputs.poll_next_unpin(context))).await;
            let next = match input {
                Poll::Ready(input) => Next::Input(input),
                Poll::Pending => match self.reports.try_recv() {
                    Ok(report) => Next::Report(Some(report)),
                    Err(_) => break,
                },
            };
            self.handle(next)?;
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) -> io::Result<()> {
        self.dirty = true;
        for effect in self.app.update(msg) {
            match self.effects.carry_out(effect) {
                Some(OnTerminal::Quit) => self.end = Some(End::Quit),
                Some(OnTerminal::Suspend) => self.suspend()?,
                Some(OnTerminal::Redraw) => self.stage.clear()?,
                Some(OnTerminal::Mouse(on)) => self.stage.set_mouse(on)?,
                None => {}
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let layout = self.stage.draw(&self.app)?;
        self.last_frame = Instant::now();
        if self.layout.as_ref() != Some(&layout) {
            self.layout = Some(layout.clone());
            self.take(Msg::Drawn(layout))?;
        }
        self.dirty = false;
        self.urgent = false;
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        if self.away {
            return Ok(());
        }
        if let Err(why) = suspend::possible() {
            tracing::warn!("not suspended: {why}");
            return self.take(Msg::Log(format!("not suspended: {why}")));
        }
        self.stage.leave();
        self.away = true;
        // Goes on with SIGCONT, which arrives as a signal.
        if let Err(error) = suspend::stop() {
            tracing::warn!("not suspended: {error}");
            self.resume()?;
        }
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        self.away = false;
        self.stage.resume()?;
        self.urgent = true;
        self.take(Msg::Resumed)
    }
}

#[cfg(test)]
mod tests;
