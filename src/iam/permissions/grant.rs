//! How the layers combine for one class of actions (rules L1 to L10, X1, S2).

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::condition::Condition;
use crate::iam::document::{DocumentKind, Effect};
use crate::iam::glob::Glob;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::actions::{self, ActionGlob, Class, Outside, Region};
use crate::iam::permissions::cell::{Cell, Cells, Mark};
use crate::iam::permissions::requirement::Requirement;
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::permissions::statement::{Bond, Prepared, Reader, Tables};
use crate::iam::policies::{Layer, Policies, Policy};
use crate::iam::principal::{Principal, is_account};
use crate::iam::request::Context;

/// The actions that are asked about.
#[derive(Clone, Copy)]
pub(super) enum Extent<'i> {
    All(Outside),
    These(&'i [ActionId]),
}

/// Whose layers bear on the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Bound by identity policies.
    Account,
    /// Bound by none, and allowed all in its account (rule L9).
    Root,
    /// A service, a web identity or nobody: only the resource's side decides (rules X3, X4).
    Outside,
}

/// The statements of one principal, ready to be asked about each class of actions.
pub(super) struct Evaluation<'a> {
    catalogue: &'a Catalogue,
    caller: Caller,
    account: Option<Name>,
    is_user: bool,
    /// What [`Evaluation::free`] says yes to.
    free_actions: Vec<ActionId>,
    tables: Tables,
    identity: Vec<Prepared>,
    /// Boundary and session policies: each must allow what identity policies grant.
    inner: Vec<Vec<Prepared>>,
    /// SCP levels: each must allow whatever grants.
    outer: Vec<Vec<Prepared>>,
    /// None or one layer, which must allow too.
    endpoint: Vec<Vec<Prepared>>,
    resource: Option<Vec<Prepared>>,
    is_trust: bool,
    denials: Vec<(Layer, Prepared)>,
}

/// What tells actions of one class apart beyond the statements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The service of actions that are authorised against `*` only, where a pattern covers that service (rule W9).
    covered: Option<String>,
    /// Whether RCPs bind the service (rule L3).
    rcp: Truth,
    agree: Option<Agree>,
    free: Option<Free>,
    /// Whether the supplied resource policy concerns these actions: a trust policy only those of STS, others the rest.
    resource: bool,
}

/// Where the resource's own policy must agree even in the same account (rules L7, L10, X2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Agree {
    Role,
    /// Naming the key, or an alias of it (KMS DG, Controlling access with aliases).
    Key,
    /// Actions on aliases themselves, which name the key beside them.
    KeyOfAlias,
}

impl Agree {
    fn resources(self) -> Vec<ArnGlob> {
        let patterns: &[&str] = match self {
            Agree::Role => &["arn:*:iam:*:*:role/*"],
            Agree::Key => &["*:*:*:*:*:key/*", "*:*:*:*:*:alias/*"],
            Agree::KeyOfAlias => &["*:*:*:*:*:key/*"],
        };
        patterns.iter().map(|pattern| ArnGlob::new(pattern)).collect()
    }

    fn label(self) -> &'static str {
        match self {
            Agree::Role => "the trust policy of the role",
            Agree::Key | Agree::KeyOfAlias => "the key policy",
        }
    }
}

/// Actions that need no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Free {
    /// `sts:GetCallerIdentity`: allowed whatever denies it.
    Always,
    /// `sts:GetSessionToken` of users: only a Deny takes it away.
    UnlessDenied,
}

impl<'a> Evaluation<'a> {
    pub fn new(
        catalogue: &'a Catalogue,
        principal: &Principal,
        policies: &Policies,
        context: &Context,
    ) -> Evaluation<'a> {
        let caller = match principal {
            Principal::Root { .. } => Caller::Root,
            Principal::Anonymous | Principal::Service(_) | Principal::Federated(_) => Caller::Outside,
            _ => Caller::Account,
        };
        let mut reader = Reader::new(principal, context, policies.boundary.is_some());
        let mut denials = Vec::new();
        let mut read = |layer: Layer, policies: &mut dyn Iterator<Item = &Policy>| {
            let mut allows = Vec::new();
            for statement in policies.flat_map(|policy| reader.policy(layer, policy)) {
                match statement.effect {
                    Effect::Allow => allows.push(statement),
                    Effect::Deny => denials.push((layer, statement)),
                }
            }
            allows
        };
        let (mut identity, mut inner, mut outer, mut endpoint) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        if caller == Caller::Account {
            identity = read(Layer::Identity, &mut policies.identity.iter());
            if let Some(boundary) = &policies.boundary {
                inner.push(read(Layer::Boundary, &mut std::iter::once(boundary)));
            }
            if !policies.session.is_empty() {
                inner.push(read(Layer::Session, &mut policies.session.iter()));
            }
        }
        if caller != Caller::Outside && !principal.is_service_linked() {
            for level in &policies.scps {
                outer.push(read(Layer::Scp, &mut level.policies.iter()));
            }
        }
        if !principal.is_service_linked() {
            read(Layer::Rcp, &mut policies.rcps.iter().flat_map(|level| &level.policies));
        }
        if !policies.endpoint.is_empty() {
            endpoint.push(read(Layer::Endpoint, &mut policies.endpoint.iter()));
        }
        let resource = policies.resource.as_ref().map(|policy| read(Layer::Resource, &mut std::iter::once(policy)));
        Evaluation {
            catalogue,
            caller,
            is_trust: policies.resource.as_ref().is_some_and(|it| it.document.kind == DocumentKind::Trust),
            account: principal.account().map(Name::new),
            is_user: matches!(principal, Principal::User { .. } | Principal::Root { .. }),
            free_actions: ["sts:GetCallerIdentity", "sts:GetSessionToken"]
                .iter()
                .filter_map(|name| catalogue.find(name))
                .collect(),
            tables: reader.tables,
            identity,
            inner,
            outer,
            endpoint,
            resource,
            denials,
        }
    }

    pub fn into_conditions(self) -> Vec<Arc<Condition>> {
        self.tables.conditions
    }

    /// Every class of these actions with what is allowed of it; classes without any access are left out.
    pub fn classes(&self, extent: Extent<'_>) -> impl Iterator<Item = (Class, Vec<Cell>)> {
        let entries = &self.tables.entries;
        let classes = match extent {
            Extent::All(outside) => actions::classes(self.catalogue, entries, outside),
            Extent::These(ids) => actions::classes_of(self.catalogue, entries, ids),
        };
        classes.into_iter().filter(|class| self.grants_any(class)).flat_map(|class| self.by_kind(class)).filter_map(
            |(class, kind)| {
                let cells = self.cells(&class, &kind);
                (!cells.is_empty()).then_some((class, cells))
            },
        )
    }

    /// Whether anything can come of the class: most classes of most principals are granted nothing.
    fn grants_any(&self, class: &Class) -> bool {
        let named = |statement: &Prepared| !class.named[statement.entries].is_no();
        self.caller == Caller::Root
            || self.identity.iter().chain(self.resource.iter().flatten()).any(named)
            || self.free_actions.iter().any(|id| class.known.contains(id))
    }

    /// Splits a class where AWS treats its actions differently.
    fn by_kind(&self, class: Class) -> Vec<(Class, Kind)> {
        let covering: Vec<&Prepared> =
            self.statements().filter(|it| it.covers_any() && !class.named[it.entries].is_no()).collect();
        let mut kinds: Vec<(Kind, Vec<ActionId>, Vec<Region>)> = Vec::new();
        fn place(
            kinds: &mut Vec<(Kind, Vec<ActionId>, Vec<Region>)>,
            kind: Kind,
        ) -> &mut (Kind, Vec<ActionId>, Vec<Region>) {
            // The last one used is nearly always the one: actions come by service.
            let at = match kinds.iter().rposition(|(it, ..)| *it == kind) {
                Some(at) => at,
                None => {
                    kinds.push((kind, Vec::new(), Vec::new()));
                    kinds.len() - 1
                }
            };
            &mut kinds[at]
        }
        let has_rcps = self.denials.iter().any(|(layer, _)| *layer == Layer::Rcp);
        for service in by_service(self.catalogue, &class.known) {
            let first = self.catalogue.action(service[0]).service();
            let prefix = first.prefix();
            let rcp = Truth::from(!has_rcps || first.supports_rcp());
            let covers = covering.iter().any(|it| it.covers(prefix));
            let special = matches!(prefix, "kms" | "sts");
            let resource = self.is_trust == (prefix == "sts");
            if !covers && !special {
                let kind = Kind { covered: None, rcp, agree: None, free: None, resource };
                place(&mut kinds, kind).1.extend(service);
                continue;
            }
            for id in service {
                let action = self.catalogue.action(*id);
                let covered = (covers && action.wildcard_only()).then(|| prefix.to_owned());
                let agree = if action.wildcard_only() { None } else { agree(prefix, action.lower_name()) };
                let kind = Kind { covered, rcp, agree, free: self.free(*id), resource };
                place(&mut kinds, kind).1.push(*id);
            }
        }
        for region in class.regions {
            let (rcp, agree, resource) = match &region.within {
                ActionGlob::Everything => (if has_rcps { Truth::Unknown } else { Truth::Yes }, None, !self.is_trust),
                ActionGlob::Service { prefix, name } => {
                    let outside = has_rcps && self.catalogue.service(prefix).is_some_and(|it| !it.supports_rcp());
                    let assumes = || !crate::iam::glob::disjoint(&name.0, &Glob::new("assumerole*"));
                    let agree = match &**prefix {
                        "kms" => Some(Agree::Key),
                        "sts" if assumes() => Some(Agree::Role),
                        _ => None,
                    };
                    (Truth::from(!outside), agree, self.is_trust == (**prefix == *"sts"))
                }
            };
            place(&mut kinds, Kind { covered: None, rcp, agree, free: None, resource }).2.push(region);
        }
        kinds
            .into_iter()
            .map(|(kind, known, regions)| (Class { known, regions, named: class.named.clone() }, kind))
            .collect()
    }

    fn free(&self, id: ActionId) -> Option<Free> {
        let action = self.catalogue.action(id);
        match (action.service().prefix(), action.lower_name()) {
            ("sts", "getcalleridentity") => Some(Free::Always),
            ("sts", "getsessiontoken") if self.is_user => Some(Free::UnlessDenied),
            _ => None,
        }
    }

    fn statements(&self) -> impl Iterator<Item = &Prepared> {
        self.identity
            .iter()
            .chain(self.inner.iter().flatten())
            .chain(self.outer.iter().flatten())
            .chain(self.endpoint.iter().flatten())
            .chain(self.resource.iter().flatten())
            .chain(self.denials.iter().map(|(_, denial)| denial))
    }

    /// What the statements that pass the filter grant together.
    fn granted(
        &self,
        statements: &[Prepared],
        class: &Class,
        kind: &Kind,
        filter: impl Fn(&Prepared) -> bool,
    ) -> Vec<Cell> {
        let mut cells = Cells { table: &self.tables.conditions, cells: Vec::new() };
        for statement in statements {
            let named = class.named[statement.entries];
            if !named.is_no() && filter(statement) {
                cells.cells.extend(statement.grants(named, kind.covered.as_deref()));
            }
        }
        cells.merge();
        cells.cells
    }

    fn limited(&self, cells: Vec<Cell>, layers: &[Vec<Prepared>], class: &Class, kind: &Kind) -> Vec<Cell> {
        let mut cells = Cells { table: &self.tables.conditions, cells };
        for layer in layers {
            if cells.cells.is_empty() {
                break;
            }
            cells.limit(&self.granted(layer, class, kind, |_| true));
        }
        cells.cells
    }

    fn cells(&self, class: &Class, kind: &Kind) -> Vec<Cell> {
        if kind.free == Some(Free::Always) {
            return vec![everything()];
        }
        let resource = self.resource.as_deref().filter(|_| kind.resource);
        let by = |bond: Bond| self.granted(resource.unwrap_or_default(), class, kind, |it| it.bond == bond);
        let by_any = || self.granted(resource.unwrap_or_default(), class, kind, |_| true);
        let mut cells = match self.caller {
            Caller::Outside => self.bounded(by_any(), class, kind),
            _ => {
                let identity = match self.caller {
                    Caller::Root => vec![everything()],
                    _ => self.limited(self.granted(&self.identity, class, kind, |_| true), &self.inner, class, kind),
                };
                // Rule L7: what limits the grant hangs on the name by which it means the caller.
                let mut alone = by(Bond::Direct);
                let mut open = by(Bond::Everyone);
                if !self.inner.is_empty() {
                    open.iter_mut().for_each(|cell| {
                        cell.marks.insert(Mark::OpenGrant);
                    });
                }
                alone.extend(open);
                alone.extend(self.limited(by(Bond::Role), &self.inner, class, kind));
                let (identity, alone) = (self.bounded(identity, class, kind), self.bounded(alone, class, kind));
                let supplied = resource.is_some();
                self.by_account(identity, alone, kind, supplied, &|| by(Bond::Account), &by_any)
            }
        };
        if kind.free == Some(Free::UnlessDenied) {
            cells.extend(self.denied(self.limited(vec![everything()], &self.outer, class, kind), class, kind));
        }
        let mut cells = Cells { table: &self.tables.conditions, cells };
        cells.merge();
        cells.cells
    }

    /// Within what endpoint and SCPs allow, and not denied. All of it only takes away, so it commutes with the rest.
    fn bounded(&self, cells: Vec<Cell>, class: &Class, kind: &Kind) -> Vec<Cell> {
        let cells = self.limited(cells, &self.endpoint, class, kind);
        self.denied(self.limited(cells, &self.outer, class, kind), class, kind)
    }

    fn denied(&self, cells: Vec<Cell>, class: &Class, kind: &Kind) -> Vec<Cell> {
        let mut cells = Cells { table: &self.tables.conditions, cells };
        for (layer, statement) in &self.denials {
            if cells.cells.is_empty() {
                return Vec::new();
            }
            let mut named = class.named[statement.entries];
            match layer {
                Layer::Rcp => named = named.and(kind.rcp),
                Layer::Resource if !kind.resource => continue,
                _ => {}
            }
            if let Some(denial) = statement.denial(named, kind.covered.as_deref()) {
                cells.deny(&denial);
            }
        }
        cells.merge();
        cells.cells
    }

    /// Joins what identity policies grant with what the resource's policy grants, by the account of the resource. A
    /// pattern that leaves the account open is taken as the caller's own.
    fn by_account(
        &self,
        identity: Vec<Cell>,
        alone: Vec<Cell>,
        kind: &Kind,
        supplied: bool,
        to_account: &dyn Fn() -> Vec<Cell>,
        to_any: &dyn Fn() -> Vec<Cell>,
    ) -> Vec<Cell> {
        let table = &self.tables.conditions;
        let own = |cell: &Cell| cell.filtered(|pattern| !self.is_foreign(pattern));
        let mut out: Vec<Cell> = alone.iter().filter_map(own).collect();
        let not_supplied = |mut cell: Cell, label: &str| {
            cell.marks.insert(Mark::NotSupplied(Name::new(label)));
            cell
        };
        for cell in &identity {
            // Rule X1: both sides must allow.
            if let Some(foreign) = cell.filtered(|pattern| self.is_foreign(pattern)) {
                if supplied {
                    let mut both = Cells { table, cells: vec![foreign] };
                    both.limit(&to_any());
                    out.extend(both.cells);
                } else {
                    out.push(not_supplied(foreign, "the policy of a resource in another account"));
                }
            }
            let Some(cell) = own(cell) else { continue };
            let Some(agree) = kind.agree else {
                out.push(cell);
                continue;
            };
            if !supplied {
                out.push(not_supplied(cell, agree.label()));
                continue;
            }
            let bound = agree.resources();
            if let Some(resources) = cell.resources.without(&bound) {
                out.push(Cell { resources, ..cell.clone() });
            }
            let (inside, exact) = cell.resources.within(&bound);
            if let Some(resources) = inside {
                let mut cell = Cell { resources, ..cell };
                if !exact {
                    cell.marks.insert(Mark::TooComplex);
                }
                let mut both = Cells { table, cells: vec![cell] };
                both.limit(&to_account());
                out.extend(both.cells);
            }
        }
        out
    }

    /// Whether the pattern names an account, and not the caller's.
    fn is_foreign(&self, pattern: &ArnGlob) -> bool {
        let Some(account) = pattern.parts().and_then(|parts| parts[4].as_literal()) else {
            return false;
        };
        is_account(account) && self.account.as_deref().is_some_and(|own| own != account)
    }
}

/// Runs of actions of the same service.
fn by_service<'i>(catalogue: &Catalogue, ids: &'i [ActionId]) -> impl Iterator<Item = &'i [ActionId]> {
    ids.chunk_by(|a, b| catalogue.action(*a).service().id() == catalogue.action(*b).service().id())
}

fn agree(prefix: &str, lower_name: &str) -> Option<Agree> {
    match prefix {
        "kms" if lower_name.ends_with("alias") => Some(Agree::KeyOfAlias),
        "kms" => Some(Agree::Key),
        "sts" if lower_name.starts_with("assumerole") || matches!(lower_name, "tagsession" | "setsourceidentity") => {
            Some(Agree::Role)
        }
        _ => None,
    }
}

fn everything() -> Cell {
    Cell {
        resources: ResourceSet::all(),
        requirement: Requirement::default(),
        marks: std::collections::BTreeSet::new(),
    }
}
