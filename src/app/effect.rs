//! What is to be done outside: asked for by `update`, carried out by the runtime or by the test harness.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use crate::analysis::access::{RoleAccess, Source, role_access};
use crate::analysis::message::{self, Denied};
use crate::analysis::who_can;
use crate::base::Name;
use crate::estate::caller::senders;
use crate::estate::who_can::resources;
use crate::estate::{Estate, derive};
use crate::findings::Accepted;
use crate::findings::acceptance::Change;
use crate::model::facts::meta::Origin;
use crate::model::{EntityKey, Inventory};

use super::Msg;
use super::diff::{Base, DiffView, Wish};
use super::explain::{ExplainView, Question};
use super::export::{self, Format};
use super::list::{ListIndex, ListView};
use super::opening::Opening;
use super::place::Ask;
use super::rbac::{RbacAsked, RbacView};
use super::reach::ReachView;
use super::who_can::WhoCanView;

/// One wish. Whoever carries it out answers with the message named at the variant.
#[derive(Debug)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Restore the terminal and stop, as `ctrl-z` does; then [`Msg::Resumed`].
    Suspend,
    /// Forget what is on the terminal and draw the whole frame.
    Redraw,
    /// Read all sources again; then [`Msg::Inventory`] as it comes in.
    Reload,
    /// Compute off the UI thread; [`Work::run`] gives the message. See [`Lane`] for what it replaces.
    Work(Work),
    /// Read the stored text of a thing; then [`Msg::Raw`].
    ReadRaw { key: EntityKey, origin: Origin },
    /// Read the earlier state that is meant; then [`Msg::Base`]. `of` is what it is compared with.
    ReadBase { wish: Wish, of: Inventory },
    /// Look for saved snapshots of the same clusters; then [`Msg::Snapshots`].
    ListSnapshots { of: Inventory },
    /// Look whether other data is there; then [`Msg::Opened`].
    Open(Opening),
    /// Read this data from now on, in place of what was read; then as with [`Effect::Reload`].
    Turn(Opening),
    /// Look for saved snapshots of any cluster, and for contexts; then [`Msg::Openable`].
    ListOpenable,
    /// Put a text into the clipboard; then [`Msg::Copied`].
    Copy(String),
    /// Write a file, never over an existing one; then [`Msg::Saved`]. `~/` is the home directory.
    Save { file: String, text: String },
    /// Read the file of accepted findings; then [`Msg::Accepted`]. One that is not there accepts nothing.
    ReadAccepted { file: String },
    /// Change one row of the file of accepted findings; then [`Msg::Accepted`].
    ChangeAccepted { file: String, change: Change },
    /// Ask the terminal for mouse events, or stop asking.
    Mouse(bool),
    /// Drop this on another thread: freeing a large estate takes longer than a frame.
    Discard(Box<dyn Garbage>),
}

/// Anything that is only to be dropped.
pub trait Garbage: Send + std::fmt::Debug {}

impl<T: Send + std::fmt::Debug> Garbage for T {}

/// Work of one lane replaces the one before it: the stop flag of the running one is raised and its message is
/// dropped. Lanes run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Deriving an estate. The app itself never asks for a second one before the first has ended.
    Derive,
    /// Running the rules.
    Findings,
    /// Filtering and sorting what the screen shows.
    List,
    /// Summing up what the chosen role may do.
    Access,
    /// Writing a list as text.
    Export,
    /// Answering a question of the Explain screen.
    Explain,
    /// Walking the access graph.
    Reach,
    /// Preparing the RBAC screen.
    Rbac,
    /// Finding who sent an AccessDenied message.
    Senders,
    /// Answering a question of the Who-can screen.
    WhoCan,
    /// Collecting what a question may be about.
    Resources,
    /// Comparing with an earlier state.
    Compare,
}

/// A pure computation that is too long for the UI thread.
#[derive(Debug)]
pub enum Work {
    Derive {
        generation: u64,
        inventory: Inventory,
        /// Run the rules as well: marks that are on the screen must not go away in between.
        whole: bool,
    },
    Findings {
        estate: Arc<Estate>,
    },
    List {
        generation: u64,
        estate: Arc<Estate>,
        ask: Ask,
        previous: Option<Arc<ListView>>,
        accepted: Arc<Accepted>,
        today: Option<Date>,
    },
    Access {
        role: EntityKey,
        arn: Name,
        identity: Vec<Source>,
        boundary: Option<Source>,
    },
    Export {
        estate: Arc<Estate>,
        view: Arc<ListView>,
        format: Format,
        file: String,
    },
    Explain {
        estate: Arc<Estate>,
        question: Question,
    },
    /// `light` for marking things in the Explorer.
    Reach {
        estate: Arc<Estate>,
        question: super::reach::Question,
        light: bool,
    },
    /// The RBAC screen as it is asked for.
    Rbac {
        estate: Arc<Estate>,
        asked: Box<RbacAsked>,
    },
    WhoCan {
        estate: Arc<Estate>,
        question: who_can::Question,
    },
    Resources {
        estate: Arc<Estate>,
    },
    Compare {
        wish: Wish,
        base: Arc<Base>,
        estate: Arc<Estate>,
    },
    /// `text` is a paste that may hold an AccessDenied message.
    Senders {
        estate: Arc<Estate>,
        text: String,
    },
}

/// The result of a [`Work`], for `update` alone.
#[derive(Debug)]
pub enum Done {
    Derived { generation: u64, estate: Arc<Estate> },
    Found { estate: Arc<Estate> },
    Listed { generation: u64, estate: Arc<Estate>, view: Arc<ListView> },
    Access { role: EntityKey, access: Arc<RoleAccess> },
    Exported { file: String, text: String },
    Explained { view: Arc<ExplainView> },
    Reached { view: Arc<ReachView>, light: bool },
    Rbac { asked: Box<RbacAsked>, view: Box<RbacView> },
    WhoCan { view: Arc<WhoCanView> },
    Resources { resources: Arc<Vec<Name>> },
    Compared { wish: Wish, view: Arc<DiffView> },
    Senders { denied: Option<Denied>, senders: Vec<EntityKey> },
}

impl Work {
    pub fn lane(&self) -> Lane {
        match self {
            Work::Derive { .. } => Lane::Derive,
            Work::Findings { .. } => Lane::Findings,
            Work::List { .. } => Lane::List,
            Work::Access { .. } => Lane::Access,
            Work::Export { .. } => Lane::Export,
            Work::Explain { .. } => Lane::Explain,
            Work::Reach { .. } => Lane::Reach,
            Work::Rbac { .. } => Lane::Rbac,
            Work::Senders { .. } => Lane::Senders,
            Work::WhoCan { .. } => Lane::WhoCan,
            Work::Resources { .. } => Lane::Resources,
            Work::Compare { .. } => Lane::Compare,
        }
    }

    /// Runs to its end on this thread, looking at `stop` in between. `None` when it was stopped.
    pub fn run(self, stop: &AtomicBool) -> Option<Msg> {
        let done = match self {
            Work::Derive { generation, inventory, whole } => {
                let estate = derive(&inventory, &|| stop.load(Ordering::Relaxed))?;
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                // The screens ask it at every selection, and no key waits.
                estate.graph();
                if whole {
                    estate.found();
                }
                Done::Derived { generation, estate: Arc::new(estate) }
            }
            Work::Findings { estate } => {
                estate.found();
                Done::Found { estate }
            }
            Work::List { generation, estate, ask, previous, accepted, today } => {
                let known = previous.as_ref().filter(|it| {
                    let marks = &it.index.marks;
                    it.index.kind == ask.list
                        && marks.is_by(&accepted)
                        && marks.complete == estate.found_already().is_some()
                });
                let index = match known {
                    Some(previous) => Arc::clone(&previous.index),
                    None => Arc::new(ListIndex::build(&estate, ask.list, accepted, today)),
                };
                let view = ListView::build(&estate, index, ask, known.map(|it| &**it), stop)?;
                Done::Listed { generation, estate, view: Arc::new(view) }
            }
            Work::Access { role, arn, identity, boundary } => {
                let access = role_access(&role.scope, &arn, &identity, boundary.as_ref());
                Done::Access { role, access: Arc::new(access) }
            }
            Work::Export { estate, view, format, file } => {
                Done::Exported { file, text: export::list(&estate, &view, format) }
            }
            Work::Explain { estate, question } => {
                Done::Explained { view: Arc::new(ExplainView::build(&estate, question)) }
            }
            Work::Reach { estate, question, light } => {
                Done::Reached { view: Arc::new(ReachView::build(&estate, question)), light }
            }
            Work::Rbac { estate, asked } => {
                let view = RbacView::open(&estate, &asked.place, &asked.scope, asked.system);
                Done::Rbac { asked, view: Box::new(view) }
            }
            Work::WhoCan { estate, question } => Done::WhoCan { view: Arc::new(WhoCanView::build(&estate, question)) },
            Work::Resources { estate } => Done::Resources { resources: Arc::new(resources(&estate)) },
            Work::Compare { wish, base, estate } => {
                Done::Compared { wish, view: Arc::new(DiffView::build(&base, &estate)) }
            }
            Work::Senders { estate, text } => {
                let denied = message::parse(&text);
                let senders = denied.as_ref().map_or_else(Vec::new, |denied| senders(&estate, denied));
                Done::Senders { denied, senders }
            }
        };
        Some(Msg::Done(done))
    }
}
