//! A place: everything that says where the user is, so that one can return to it.

use std::collections::BTreeSet;

use crate::analysis::who_can;
use crate::base::Name;
use crate::model::EntityKey;

use super::diff::DiffPlace;
use super::explain::Question;
use super::list::ListKind;
use super::rbac::RbacPlace;
use super::reach;
use super::text::Target;
use super::who_can::Switches;
use crate::analysis::picture::layout::Fold;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    Explorer,
    Findings,
    Policy,
    Explain,
    Rbac,
    Blast,
    Path,
    WhoCan,
    Diff,
}

/// Which part of the estate the lists show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub cluster: Option<Name>,
    pub namespace: Option<Name>,
}

impl Scope {
    pub fn is_all(&self) -> bool {
        *self == Scope::default()
    }

    pub fn label(&self) -> String {
        match (&self.cluster, &self.namespace) {
            (None, None) => String::from("all namespaces"),
            (None, Some(namespace)) => namespace.to_string(),
            (Some(cluster), None) => format!("{cluster}, all namespaces"),
            (Some(cluster), Some(namespace)) => format!("{cluster}/{namespace}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SortBy {
    /// Namespace, worst problem, name.
    #[default]
    Default,
    Name,
    Severity,
    Count,
    Source,
}

impl SortBy {
    pub fn next(self, list: ListKind) -> SortBy {
        match self {
            SortBy::Default => SortBy::Name,
            SortBy::Name => SortBy::Severity,
            SortBy::Severity => SortBy::Count,
            SortBy::Count if list == ListKind::Findings => SortBy::Default,
            SortBy::Count => SortBy::Source,
            SortBy::Source => SortBy::Default,
        }
    }

    pub fn word(self, list: ListKind) -> &'static str {
        match self {
            SortBy::Default if list == ListKind::Findings => "owner, worst first",
            SortBy::Name if list == ListKind::Findings => "rule",
            SortBy::Severity if list == ListKind::Findings => "severity",
            SortBy::Default => "namespace, worst problem, name",
            SortBy::Name => "name",
            SortBy::Severity => "worst problem",
            SortBy::Count => "number of pods",
            SortBy::Source => "source of credentials",
        }
    }
}

/// The question that a list answers: with the same ask and the same estate it has the same lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub list: ListKind,
    /// As accepted; it parses.
    pub query: String,
    pub scope: Scope,
    pub problems_only: bool,
    /// Of findings: those that have to do with this.
    pub about: Option<EntityKey>,
    /// Of findings: accepted ones too.
    pub accepted: bool,
    pub system: bool,
    pub sort: SortBy,
    pub reverse: bool,
    /// Headers whose rows are folded away.
    pub collapsed: bool,
}

impl Ask {
    pub fn of(list: ListKind) -> Ask {
        Ask {
            list,
            query: String::new(),
            scope: Scope::default(),
            problems_only: false,
            about: None,
            accepted: false,
            system: true,
            sort: SortBy::Default,
            reverse: false,
            collapsed: false,
        }
    }
}

/// Where the user was in the list that is not on the screen: that of the Explorer or that of the findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherList {
    pub ask: Ask,
    pub selected: Option<EntityKey>,
    pub column: usize,
    pub picks: [Option<Target>; 3],
    pub top: usize,
}

impl OtherList {
    pub fn of(list: ListKind) -> OtherList {
        OtherList { ask: Ask::of(list), selected: None, column: 0, picks: [None, None, None], top: 0 }
    }
}

/// Where the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub screen: Screen,
    pub ask: Ask,
    /// The row of the list.
    pub selected: Option<EntityKey>,
    /// The focused column, from 0, and what is chosen in the ones to the right of the list.
    pub column: usize,
    pub picks: [Option<Target>; 3],
    /// First visible line of the list.
    pub top: usize,
    pub other: Option<Box<OtherList>>,
    pub policy: Option<PolicyPlace>,
    /// The question of the Explain screen; it stays the current one on the screens after it.
    pub explain: Option<ExplainPlace>,
    pub rbac: Option<RbacPlace>,
    /// The question of the blast radius and path screens.
    pub reach: Option<ReachPlace>,
    pub who_can: Option<WhoCanPlace>,
    pub diff: Option<DiffPlace>,
}

/// Where the user is in the Policy screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyPlace {
    pub role: EntityKey,
    /// The row of the Explorer that the trust policy is read for.
    pub asker: Option<EntityKey>,
    pub document: usize,
    /// The words beside the text have the focus.
    pub in_words: bool,
    /// The line of the cursor, from 0.
    pub line: usize,
    pub top: usize,
}

/// Where the user is in the Explain screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainPlace {
    pub question: Question,
    /// The step stood on, from 0; until one is chosen it is the one that decided.
    pub step: Option<usize>,
}

/// Where the user is in the blast radius or path screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachPlace {
    pub question: reach::Question,
    /// Which of several paths.
    pub alternative: usize,
    /// Among the lines that show.
    pub cursor: usize,
    /// Things whose lines below are hidden.
    pub folded: BTreeSet<EntityKey>,
    /// As a picture, and the spot stood on in it; `None` until one is chosen.
    pub picture: bool,
    pub spot: Option<usize>,
    /// Things of the picture that are drawn one by one.
    pub open: BTreeSet<Fold>,
}

impl ReachPlace {
    /// The thing that is asked about.
    pub fn subject(&self) -> &EntityKey {
        match &self.question {
            reach::Question::Blast { key, .. } => key,
            reach::Question::Path { from, .. } => from,
        }
    }
}

/// Where the user is in the Who-can screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoCanPlace {
    pub question: who_can::Question,
    pub shows: Switches,
    /// The line of the result, from 0.
    pub line: usize,
}

impl Place {
    pub fn start(cluster: Option<&str>, namespace: Option<&str>) -> Place {
        Place {
            screen: Screen::Explorer,
            ask: Ask {
                scope: Scope { cluster: cluster.map(Name::from), namespace: namespace.map(Name::from) },
                ..Ask::of(ListKind::Pods)
            },
            selected: None,
            column: 0,
            picks: [None, None, None],
            top: 0,
            other: None,
            policy: None,
            explain: None,
            rbac: None,
            reach: None,
            who_can: None,
            diff: None,
        }
    }
}
