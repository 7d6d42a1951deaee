//! Parsed policy documents, each text once, and the policies that a role's requests meet.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::iam::catalogue::managed::{ManagedPolicies, ManagedPolicy};
use crate::iam::{Document, DocumentKind, Policies, Policy, parse};
use crate::model::facts::iam::{NamedPolicy, PolicyText, Role, User};
use crate::model::{Inventory, Lookup};

/// A cache of documents by kind and text. Shared by threads, and by its clones; a text is parsed when it is first asked for.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    parsed: Arc<RwLock<FxHashMap<(DocumentKind, PolicyText), Arc<Document>>>>,
}

impl Documents {
    pub fn get(&self, kind: DocumentKind, text: &PolicyText) -> Arc<Document> {
        let key = (kind, text.clone());
        if let Some(document) = self.parsed.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(document);
        }
        let document = Arc::new(parse(text, kind).0);
        let mut parsed = self.parsed.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(parsed.entry(key).or_insert(document))
    }

    /// A document that was named but whose text was not read: it may say anything.
    fn unread(&self, kind: DocumentKind) -> Arc<Document> {
        self.get(kind, &Name::default())
    }

    /// The trust policy of a role; a role whose answer carried none has an unreadable one.
    pub fn trust(&self, role: &Role) -> Policy {
        let document = match &role.trust {
            Some(text) => self.get(DocumentKind::Trust, text),
            None => self.unread(DocumentKind::Trust),
        };
        Policy { name: role.name.clone(), document }
    }

    /// Identity policies and boundary of a role. Texts that were not read are in it as unreadable documents, so that
    /// no answer they could change is given as certain.
    pub fn of_role(&self, inventory: &Inventory, role: &Role) -> Policies {
        self.role(inventory, role, false)
    }

    /// As [`Documents::of_role`], with what AWS published of its managed policies where the text in force was not read.
    /// The caller takes care that nothing is certain then: [`any_stands_in`].
    pub fn of_role_dated(&self, inventory: &Inventory, role: &Role) -> Policies {
        self.role(inventory, role, true)
    }

    fn role(&self, inventory: &Inventory, role: &Role, dated: bool) -> Policies {
        let inline = role.inline.iter().map(|policy| Policy {
            name: policy.name.clone(),
            document: self.get(DocumentKind::Identity, &policy.text),
        });
        let account = &role.account;
        let managed = |arn: &Name, kind: DocumentKind| self.managed(inventory, account, arn, kind);
        let attached = role.attached.iter().map(|arn| match dated {
            true => self.managed_or_dated(inventory, account, arn),
            false => managed(arn, DocumentKind::Identity),
        });
        Policies {
            identity: inline.chain(attached).collect(),
            // A boundary limits, so a text that may be older than the one in force is no stand-in for it.
            boundary: role.boundary.as_ref().map(|arn| managed(arn, DocumentKind::Boundary)),
            ..Policies::default()
        }
    }

    /// Identity policies and boundary of a user, those of its groups among them. A group that was not read stands for
    /// a policy that could not be; texts of AWS stand in as in [`Documents::of_role_dated`].
    pub fn of_user(&self, inventory: &Inventory, user: &User) -> Policies {
        let account = &user.account;
        let mut identity = Vec::new();
        let mut add = |inline: &[NamedPolicy], attached: &[Name]| {
            identity.extend(inline.iter().map(|policy| Policy {
                name: policy.name.clone(),
                document: self.get(DocumentKind::Identity, &policy.text),
            }));
            identity.extend(attached.iter().map(|arn| self.managed_or_dated(inventory, account, arn)));
        };
        add(&user.inline, &user.attached);
        let mut unread = Vec::new();
        for name in &user.groups {
            match inventory.accounts.get(account).map(|account| account.group(name)) {
                Some(Lookup::Found(group)) => add(&group.inline, &group.attached),
                Some(Lookup::Absent) => {}
                _ => unread.push(Policy { name: name.clone(), document: self.unread(DocumentKind::Identity) }),
            }
        }
        identity.extend(unread);
        let boundary = user.boundary.as_ref().map(|arn| self.managed(inventory, account, arn, DocumentKind::Boundary));
        Policies { identity, boundary, ..Policies::default() }
    }

    /// Whether an identity policy of the role could allow it to assume another one. Read from the texts of inline
    /// policies, most of which say nothing of STS and are not worth parsing for it; never no where it may be yes.
    pub fn may_assume(&self, inventory: &Inventory, role: &Role) -> bool {
        let inline = || role.inline.iter().any(|policy| may_name_assume_role(&policy.text));
        let managed = || {
            role.attached.iter().any(|arn| {
                let account = inventory.accounts.get(&role.account);
                match account.map(|account| account.policy(arn)) {
                    Some(Lookup::Found(policy)) => policy.default_text().is_none_or(|text| may_name_assume_role(text)),
                    _ => true,
                }
            })
        };
        inline() || managed()
    }

    fn managed(&self, inventory: &Inventory, account: &str, arn: &Name, kind: DocumentKind) -> Policy {
        Policy {
            name: Name::new(arn.rsplit('/').next().unwrap_or(arn)),
            document: text_of(inventory, account, arn).map_or_else(|| self.unread(kind), |text| self.get(kind, text)),
        }
    }

    fn managed_or_dated(&self, inventory: &Inventory, account: &str, arn: &Name) -> Policy {
        match stand_in(inventory, account, arn) {
            Some(policy) => Policy {
                name: policy.dated(arn.rsplit('/').next().unwrap_or(arn)).into(),
                document: self.get(DocumentKind::Identity, &policy.document.get().into()),
            },
            None => self.managed(inventory, account, arn, DocumentKind::Identity),
        }
    }
}

/// The text in force of a managed policy, where it was read.
fn text_of<'a>(inventory: &'a Inventory, account: &str, arn: &str) -> Option<&'a PolicyText> {
    match inventory.accounts.get(account)?.policy(arn) {
        Lookup::Found(policy) => policy.default_text(),
        Lookup::Absent | Lookup::Unknown => None,
    }
}

/// What AWS published of one of its managed policies, to stand in for a text that was not read. The one in force may be
/// newer, so nothing that rests on it is certain.
pub fn stand_in(inventory: &Inventory, account: &str, arn: &str) -> Option<&'static ManagedPolicy> {
    if !arn.contains(":iam::aws:policy/") || text_of(inventory, account, arn).is_some() {
        return None;
    }
    ManagedPolicies::bundled().get(arn)
}

/// Whether a text of AWS stands in for one of these policies.
pub fn any_stands_in(inventory: &Inventory, account: &str, attached: &[Name]) -> bool {
    attached.iter().any(|arn| stand_in(inventory, account, arn).is_some())
}

/// `sts:` in any case, `NotAction`, an escape, or a `"*"` that is no value of `Resource`.
fn may_name_assume_role(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memmem::find(bytes, b"NotAction").is_some() || memchr::memchr(b'\\', bytes).is_some() {
        return true;
    }
    let service = memchr::memchr2_iter(b's', b'S', bytes);
    if service.into_iter().any(|at| bytes.get(at..at + 4).is_some_and(|it| it.eq_ignore_ascii_case(b"sts:"))) {
        return true;
    }
    memchr::memmem::find_iter(bytes, b"\"*\"").any(|at| {
        let before = text[..at].trim_end();
        !before.strip_suffix(':').is_some_and(|it| it.trim_end().ends_with("\"Resource\""))
    })
}
