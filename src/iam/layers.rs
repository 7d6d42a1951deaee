//! How the layers of one request are combined (rules L1 to L10, X1 to X4).

use smallvec::SmallVec;

use crate::base::{Name, Truth};

use super::policies::{Layer, Policies};
use super::principal::Principal;
use super::request::{Request, Resource};
use super::residual::{Atom, Test};
use super::statement::{Bonds, Logic};

/// What decides which layers must allow: found once for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub caller: Caller,
    /// Caller and resource are of different accounts (rule X1).
    pub cross_account: bool,
    /// The resource's own policy must agree even in the same account: role trust and KMS keys (rules L7, L10, X2).
    pub must_agree: bool,
    pub resource_supplied: bool,
    pub has_boundary: bool,
    pub has_session: bool,
    pub has_endpoint: bool,
    /// No policy has to grant it; only an SCP or a Deny takes it away (UG, Permissions for GetSessionToken).
    pub needs_no_grant: bool,
    /// SCPs and RCPs do not bind service-linked roles (rules L2, L3).
    pub service_linked: bool,
    /// The resource's service is known not to take RCPs (rule L3).
    pub outside_rcps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Bound by identity policies.
    Account,
    /// Bound by none, and allowed all in its account (rule L9).
    Root,
    /// A service, a web identity or nobody: only the resource's side decides (rules X3, X4).
    Outside,
}

impl Frame {
    pub fn new(request: &Request, policies: &Policies, outside_rcps: bool) -> Frame {
        let caller = match &request.principal {
            Principal::Root { .. } => Caller::Root,
            Principal::Anonymous | Principal::Service(_) | Principal::Federated(_) => Caller::Outside,
            _ => Caller::Account,
        };
        Frame {
            caller,
            cross_account: match (request.principal.account(), request.owner()) {
                (Some(caller), Some(owner)) => caller != owner,
                _ => false,
            },
            must_agree: is_role_assumption(request) || is_key_use(request),
            resource_supplied: policies.resource.is_some(),
            has_boundary: policies.boundary.is_some(),
            has_session: !policies.session.is_empty(),
            has_endpoint: !policies.endpoint.is_empty(),
            needs_no_grant: request.action.folded() == "sts:getsessiontoken"
                && matches!(request.principal, Principal::User { .. } | Principal::Root { .. }),
            service_linked: request.principal.is_service_linked(),
            outside_rcps,
        }
    }

    /// Whether identity policy, boundary and session policy bear on the caller.
    pub fn identity_counts(&self) -> bool {
        self.caller == Caller::Account
    }

    /// Whether a layer bears on this caller at all.
    pub fn counts(&self, layer: Layer) -> bool {
        match layer {
            Layer::Identity | Layer::Boundary | Layer::Session => self.identity_counts(),
            Layer::Scp => self.scps_count(),
            Layer::Rcp => self.rcps_count(),
            Layer::Resource | Layer::Endpoint => true,
        }
    }

    pub fn scps_count(&self) -> bool {
        self.caller != Caller::Outside && !self.service_linked
    }

    pub fn rcps_count(&self) -> bool {
        !self.service_linked && !self.outside_rcps
    }

    /// Whether the request fails without an Allow in the resource's policy.
    pub fn resource_needed(&self) -> bool {
        self.caller == Caller::Outside || self.cross_account || self.must_agree
    }

    /// Whether naming the account in the resource's policy takes part in the grant.
    pub fn door_counts(&self) -> bool {
        self.cross_account || self.must_agree
    }
}

/// Becoming a role, or passing tags and a source identity while doing so.
fn is_role_assumption(request: &Request) -> bool {
    let name = request.action.name();
    request.action.service() == "sts"
        && (name.starts_with("assumerole") || matches!(name, "tagsession" | "setsourceidentity"))
        && match &request.resource {
            Resource::Arn(arn) => is_role(arn),
            // `sts:TagSession` and the like also go with users and federation; only a named role has a trust policy.
            Resource::Any => name.starts_with("assumerole"),
            Resource::None => false,
        }
}

fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    parts.next() == Some("iam") && parts.nth(2).is_some_and(|resource| resource.starts_with("role/"))
}

fn is_key_use(request: &Request) -> bool {
    request.action.service() == "kms"
        && match &request.resource {
            // KMS DG, Controlling access with aliases: using a key by its alias is authorised against the key.
            Resource::Arn(arn) => arn.splitn(6, ':').nth(5).is_some_and(|resource| {
                resource.starts_with("key/")
                    || (resource.starts_with("alias/") && !request.action.name().ends_with("alias"))
            }),
            Resource::Any => true,
            Resource::None => false,
        }
}

/// What each layer says. The allows of a layer that was not supplied are left at "yes", save the identity's.
#[derive(Clone, Debug)]
pub(super) struct Layers<L> {
    pub identity: L,
    pub boundary: L,
    pub session: L,
    pub scps: SmallVec<[L; 4]>,
    pub resource: Bonds<L>,
    pub endpoint: L,
    /// Any Deny that counts for this caller.
    pub deny: L,
}

impl<L: Logic> Layers<L> {
    /// Nothing said yet.
    pub fn silent(frame: &Frame, levels: usize) -> Layers<L> {
        let supplied = |there: bool| if there { L::NO } else { L::YES };
        Layers {
            identity: L::NO,
            boundary: supplied(frame.has_boundary),
            session: supplied(frame.has_session),
            scps: SmallVec::from_elem(L::NO, levels),
            resource: Bonds::NONE,
            endpoint: supplied(frame.has_endpoint),
            deny: L::NO,
        }
    }

    /// Whether the request is allowed apart from denies (rule T2).
    pub fn allow(&self, frame: &Frame, request: &Request) -> L {
        let limits = self.boundary.clone().and(self.session.clone());
        let identity = match frame.caller {
            Caller::Root => L::YES,
            Caller::Account => self.identity.clone().and(limits.clone()),
            Caller::Outside => L::NO,
        };
        let limits = if frame.identity_counts() { limits } else { L::YES };
        let mut resource = self.resource.clone();
        if frame.must_agree && !frame.resource_supplied {
            // Each key and role has a policy; that it was not given does not mean that it is silent (rule L10).
            resource.everyone = resource.everyone.or(L::open(Truth::Unknown, || Atom {
                test: Test::Open(unread(request)),
                negate: false,
                source: None,
            }));
        }
        let granted = if frame.caller == Caller::Outside {
            resource.any()
        } else if frame.cross_account {
            identity.and(resource.any())
        } else {
            // Rule L7: what limits the grant hangs on the name by which it means the caller.
            let alone = resource.direct.or(resource.everyone).or(resource.role.and(limits));
            let opened = if frame.must_agree { resource.account.and(identity) } else { identity };
            opened.or(alone)
        };
        let scps = self.scps.iter().cloned().fold(L::YES, L::and);
        if frame.needs_no_grant {
            return scps;
        }
        granted.and(scps).and(self.endpoint.clone())
    }
}

/// What is missing when a policy that must agree was not supplied.
pub(super) fn unread(request: &Request) -> Name {
    let kind = if request.action.service() == "kms" { "key" } else { "trust" };
    Name::new(&format!("the {kind} policy of {}", request.resource.as_str()))
}
