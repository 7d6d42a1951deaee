//! The terminal program without a terminal: state, messages, update, effects.
//!
//! Everything that can happen arrives as one [`Msg`]; [`App::update`] changes the state and answers with [`Effect`]s
//! that somebody else carries out. Nothing here knows of a terminal, a thread pool, a cluster or an account.
//!
//! [`place`] says where the user is; [`list`], [`explorer`], [`findings`], [`policy`], [`rbac`], [`reach`],
//! [`explain`], [`who_can`] and [`diff`] what stands there; [`overlay`] what lies over
//! it, [`header`] the lines around it. [`command`] is the table of everything that can be asked for.

pub mod command;
pub mod complete;
pub mod diff;
pub mod effect;
pub mod explain;
pub mod explorer;
pub mod export;
pub mod findings;
pub mod header;
pub mod input;
pub mod json_path;
pub mod key;
pub mod list;
pub mod msg;
pub mod opening;
pub mod overlay;
pub mod pages;
pub mod place;
pub mod policy;
pub mod rbac;
pub mod reach;
pub mod settings;
pub mod text;
pub mod theme;
mod update;
pub mod who_can;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::access::RoleAccess;
use crate::analysis::picture::layout::{self, Fold};
use crate::analysis::query::QueryError;
use crate::base::Name;
use crate::estate::Estate;
use crate::findings::{Acceptance, Accepted};
use crate::model::{EntityKey, Inventory, Kind};

use command::Keymap;
use explain::ExplainView;
use explain::complete::About;
use explorer::{Columns, Subject};
use list::{ListRow, ListView};
use opening::Openable;
use overlay::Overlay;
use place::{Place, Screen};
use policy::PolicyView;
use rbac::{RbacAsked, RbacView};
use reach::ReachView;
use text::Target;
use who_can::{WhoCanLine, WhoCanView};

pub use effect::{Effect, Lane, Work};
pub use key::{Code, Key};
pub use msg::{Area, Copied, Hit, Layout, Mouse, MouseKind, Msg};
pub use settings::{DataOrigin, Settings};

/// Panes of the Explorer, for focus and zoom.
pub const PANES: usize = 5;
/// The list and the detail among them.
pub const LIST: usize = 0;
pub const DETAIL: usize = 4;

/// A line for the user, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

/// An open input line.
#[derive(Debug)]
pub struct Input {
    pub purpose: input::Purpose,
    pub line: input::Line,
    /// What the input replaces, to return to when it is cancelled.
    pub before: String,
    /// Why the text does not parse.
    pub error: Option<QueryError>,
    /// Whom a question is about.
    pub about: Option<Box<About>>,
}

/// The state of the program and the only ways to change it.
#[derive(Debug)]
pub struct App {
    settings: Settings,
    pub keymap: Keymap,
    pub size: (u16, u16),
    pub clock: Option<Timestamp>,

    /// What was read last, and how often that changed; what runs and what is shown are numbered by it.
    inventory: Inventory,
    wanted: u64,
    /// What was asked for up to this number is about data that was shown before.
    outdated: u64,
    deriving: Option<u64>,
    pub loading: bool,
    /// What is shown is being read again; it stays until the new data is whole.
    reloading: bool,
    /// Why nothing at all could be read; there is nothing to show.
    nothing: Option<String>,
    openable: Openable,
    /// The contexts are to be chosen from once they are known.
    choosing_context: bool,
    /// The newest estate. What is shown belongs to `shown` until the lists of the newest one are ready.
    estate: Arc<Estate>,
    shown: Option<(Arc<Estate>, Arc<ListView>)>,
    /// The last view of the list that is not on the screen: that of the Explorer or that of the findings.
    parked: Option<(Arc<Estate>, Arc<ListView>)>,
    asked: u64,
    asked_for: Option<update::AskedFor>,
    /// The estate whose rules were asked to run.
    findings_asked: Option<usize>,
    accepted: Arc<Accepted>,
    accepted_asked: bool,
    /// What is being accepted, while reason and last day are typed.
    accepting: Option<Acceptance>,
    /// What the text on its way to the clipboard is.
    copying: Option<String>,
    /// The fix that was copied last: of which finding, and its place among the fixes.
    fix_copied: Option<(EntityKey, usize)>,
    access: Option<(EntityKey, Arc<RoleAccess>)>,
    access_asked: Option<EntityKey>,

    pub place: Place,
    back: Vec<Place>,
    forward: Vec<Place>,
    /// Line of the selection in the list shown.
    pub cursor: Option<usize>,
    pub columns: Columns,
    pub detail_scroll: usize,
    pub policy: Option<PolicyView>,
    /// The view of the RBAC screen, and what it was asked for last.
    rbac: Option<Box<RbacView>>,
    rbac_asked: Option<RbacAsked>,
    explain: Option<Arc<ExplainView>>,
    explain_asked: Option<(explain::Question, usize)>,
    reach: Option<Arc<ReachView>>,
    /// The places in the picture of it, with what they were made for.
    drawn: Option<(Arc<ReachView>, BTreeSet<Fold>, Arc<layout::Layout>)>,
    reach_asked: Option<(reach::Question, usize)>,
    /// What the key of the Path screen returns to.
    last_path: Option<reach::Question>,
    /// Things marked in the Explorer: those of a blast radius.
    pub lit: Option<BTreeSet<EntityKey>>,
    who_can: Option<Arc<WhoCanView>>,
    who_can_asked: Option<update::WhoCanAsked>,
    who_can_lines: Vec<WhoCanLine>,
    /// The scope that the lines were made for.
    who_can_scope: place::Scope,
    /// What a question may be about; empty until one is typed.
    resources: Arc<Vec<Name>>,
    resources_asked: Option<usize>,
    diff: update::DiffState,
    pub search: String,

    pub overlay: Option<Overlay>,
    pub input: Option<Input>,
    histories: BTreeMap<input::Purpose, Vec<String>>,
    pub notice: Option<Notice>,
    /// A second press of this key does it.
    confirm: Option<Key>,

    pub full_names: bool,
    pub wrap: bool,
    pub zoom: bool,
    pub mouse: bool,
    pub theme: String,
    pub mark: Option<EntityKey>,
    log: Vec<String>,
    pub layout: Layout,
}

impl App {
    /// The state before the first message.
    pub fn new(settings: Settings) -> App {
        App::with_keymap(settings, Keymap::default())
    }

    pub fn with_keymap(settings: Settings, keymap: Keymap) -> App {
        App {
            keymap,
            size: settings.size,
            clock: None,
            inventory: Inventory::default(),
            wanted: 0,
            outdated: 0,
            deriving: None,
            loading: true,
            reloading: false,
            nothing: None,
            openable: Openable::default(),
            choosing_context: false,
            estate: Arc::new(Estate::empty()),
            shown: None,
            parked: None,
            asked: 0,
            asked_for: None,
            findings_asked: None,
            accepted: Arc::default(),
            accepted_asked: false,
            accepting: None,
            copying: None,
            fix_copied: None,
            access: None,
            access_asked: None,
            place: Place::start(settings.cluster.as_deref(), settings.namespace.as_deref()),
            back: Vec::new(),
            forward: Vec::new(),
            cursor: None,
            columns: Columns::default(),
            detail_scroll: 0,
            policy: None,
            rbac: None,
            rbac_asked: None,
            explain: None,
            explain_asked: None,
            reach: None,
            drawn: None,
            reach_asked: None,
            last_path: None,
            lit: None,
            who_can: None,
            who_can_asked: None,
            who_can_lines: Vec::new(),
            who_can_scope: place::Scope::default(),
            resources: Arc::default(),
            resources_asked: None,
            diff: update::DiffState::default(),
            search: String::new(),
            overlay: None,
            input: None,
            histories: BTreeMap::new(),
            notice: None,
            confirm: None,
            full_names: false,
            wrap: true,
            zoom: false,
            mouse: settings.mouse,
            theme: settings.theme.clone(),
            mark: None,
            log: Vec::new(),
            layout: Layout::default(),
            settings,
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The estate that the screen shows.
    pub fn estate(&self) -> &Estate {
        self.shown.as_ref().map_or(&self.estate, |(estate, _)| estate)
    }

    /// What was read so far, with its gaps.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    pub fn list(&self) -> Option<&ListView> {
        self.shown.as_ref().map(|(_, view)| &**view)
    }

    /// The row of the selection.
    pub fn row(&self) -> Option<&ListRow> {
        self.list()?.row(self.cursor?)
    }

    /// Something of the data that is meant has come.
    fn has_data(&self) -> bool {
        self.wanted > self.outdated
    }

    /// Something can be walked: pods are in, or everything is.
    pub fn can_browse(&self) -> bool {
        self.nothing.is_none() && self.list().is_some_and(|view| !self.loading || !view.index.rows.is_empty())
    }

    /// The line of the pick in one of the columns right of the list.
    pub fn pick_line(&self, column: usize) -> Option<usize> {
        let lines = self.columns.panes.get(column.checked_sub(1)?)?;
        let wanted = self.place.picks.get(column - 1)?.as_ref();
        let mut stops = explorer::stops(lines);
        let chosen = explorer::stops(lines).find(|(_, target)| Some(*target) == wanted);
        chosen.or_else(|| stops.next()).map(|(at, _)| at)
    }

    pub fn pick(&self, column: usize) -> Option<&Target> {
        let line = self.pick_line(column)?;
        self.columns.panes[column - 1][line].target.as_ref()
    }

    /// The thing that commands on the selection speak of.
    pub fn selected_key(&self) -> Option<EntityKey> {
        match &self.overlay {
            Some(Overlay::Page(page)) => {
                if let Some(key) = page.chosen().and_then(Target::key) {
                    return Some(key.clone());
                }
                return match &page.kind {
                    overlay::PageKind::Details(key) if key.kind == Kind::Finding => {
                        self.finding().map(|it| it.subject.clone())
                    }
                    overlay::PageKind::Details(key)
                    | overlay::PageKind::Raw { key, .. }
                    | overlay::PageKind::UsedBy(key)
                    | overlay::PageKind::Links(key) => Some(key.clone()),
                    _ => None,
                };
            }
            Some(Overlay::Menu(_) | Overlay::Picker(_)) | None => {}
        }
        match self.place.screen {
            Screen::Policy => self.place.policy.as_ref().map(|policy| policy.role.clone()),
            Screen::Explain => self.place.explain.as_ref().map(|it| it.question.who.clone()),
            Screen::Rbac => {
                let view = self.rbac_view()?;
                match self.place.rbac.as_ref()?.column {
                    rbac::USES => view.used().and_then(Target::key).cloned(),
                    _ => view.holder().map(rbac::Holder::key),
                }
            }
            Screen::Blast | Screen::Path => self.reach_key(),
            Screen::WhoCan => self.who_can_row()?.key.clone(),
            Screen::Findings => {
                let picked = self.finding_pick().filter(|_| self.place.column == DETAIL).and_then(Target::key);
                picked.or(self.finding().map(|it| &it.subject)).cloned()
            }
            Screen::Diff => self.diff_subject(),
            Screen::Explorer => {
                if let 1..=3 = self.place.column
                    && let Some(key) = self.pick(self.place.column).and_then(Target::key)
                {
                    return Some(key.clone());
                }
                self.row().map(|row| row.key.clone())
            }
        }
    }

    /// The role that the selection is or leads to.
    pub fn selected_role(&self) -> Option<EntityKey> {
        let selected = self.selected_key();
        if let Some(key) = selected.filter(|key| key.kind == Kind::Role) {
            return Some(key);
        }
        if self.place.screen == Screen::Explain {
            return self.explained()?.role().cloned();
        }
        if self.place.screen == Screen::WhoCan {
            return self.who_can_row()?.role.as_deref().and_then(EntityKey::role);
        }
        self.pick(2).and_then(Target::key).cloned()
    }

    /// The picture of what was reached, while that shows.
    pub fn sketched(&self) -> Option<&layout::Layout> {
        self.reached().filter(|(_, place)| place.picture)?;
        self.drawn.as_ref().map(|(.., layout)| &**layout)
    }

    /// The blast radius or the paths of the place, once they have come.
    pub fn reached(&self) -> Option<(&ReachView, &place::ReachPlace)> {
        let place = self.place.reach.as_ref()?;
        self.reach.as_deref().filter(|view| view.question == place.question).map(|view| (view, place))
    }

    pub fn is_path(&self) -> bool {
        self.place.screen == Screen::Path
    }

    /// The answer to the question of the place, once it has come.
    pub fn explained(&self) -> Option<&ExplainView> {
        let question = &self.place.explain.as_ref()?.question;
        self.explain.as_deref().filter(|view| view.question == *question)
    }

    /// The step stood on in the Explain screen.
    pub fn explain_step(&self) -> usize {
        let chosen = self.place.explain.as_ref().and_then(|it| it.step);
        chosen.unwrap_or_else(|| self.explained().map_or(0, |view| view.decided))
    }

    /// The words beside the document of the Policy screen, with the current question if it is about the same role.
    pub fn statement_words(&self) -> Vec<text::Line> {
        let (Some(view), Some(place)) = (&self.policy, &self.place.policy) else { return Vec::new() };
        let asked = self.explained().filter(|it| it.role() == Some(&view.role)).and_then(|it| it.answer.as_ref());
        view.words(place.line, asked)
    }

    /// The RBAC screen, once something was read.
    pub fn rbac_view(&self) -> Option<&RbacView> {
        self.rbac.as_deref()
    }

    /// The day that acceptances are counted to: that of the data.
    pub(in crate::app) fn today(&self) -> Option<jiff::civil::Date> {
        let now = self.estate().data_time().or(self.clock)?;
        Some(now.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    fn subject(&self) -> Option<Subject<'_>> {
        let (estate, view) = self.shown.as_ref()?;
        let row = view.row(self.cursor?)?;
        Some(Subject {
            estate,
            index: &view.index,
            row,
            kind: view.index.kind,
            group: row.group.and_then(|at| estate.groups.get(at as usize)),
            full: self.full_names,
            access: self.access.as_ref(),
        })
    }

    pub fn log(&self) -> &[String] {
        &self.log
    }

    pub fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }
}
