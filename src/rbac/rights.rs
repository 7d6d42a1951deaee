//! What a set of rules grants of the permissions that powers need: computed once for a role, joined for a subject.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::base::{Name, Truth};

use super::matching::{self, Match};
use super::power::{Permission, Place, Power, Version, Way, When};
use super::rule::Rule;

/// The permissions of the power table that some rules grant. Joining two is a few machine words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Granted for any object: bits by number of the permission.
    whole: u128,
    /// Granted for named objects only, by number of the permission.
    named: BTreeMap<u8, Vec<Name>>,
}

/// One power that rights give, over one kind of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub power: Power,
    /// The kind of object that it is held over ([`Way::object`]).
    pub object: &'static str,
    /// `None`: any object. Else only these, sorted.
    pub names: Option<Vec<Name>>,
    /// Never `No`. `Unknown` where it hangs on the cluster's version or on what no listing shows.
    pub certainty: Truth,
}

/// What powers depend on beside rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub version: Option<Version>,
    /// The authentication mode reads `aws-auth` (R172).
    pub aws_auth_read: Truth,
    /// There is no ConfigMap `aws-auth`.
    pub aws_auth_absent: Truth,
}

/// Where rights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held<'a> {
    Cluster,
    Namespace(&'a str),
}

/// One way of the table, with the numbers of its permissions.
struct Numbered {
    power: Power,
    way: &'static Way,
    needs: Vec<u8>,
    mask: u128,
}

/// Every distinct permission of the table, and every way in terms of them.
struct Table {
    permissions: Vec<&'static Permission>,
    ways: Vec<Numbered>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { permissions: Vec::new(), ways: Vec::new() };
    for power in Power::all() {
        for way in power.row().ways {
            let needs: Vec<u8> = way.needs.iter().map(|need| table.number(need)).collect();
            let mask = needs.iter().fold(0, |mask, need| mask | (1 << need));
            table.ways.push(Numbered { power, way, needs, mask });
        }
    }
    table
});

impl Table {
    fn number(&mut self, permission: &'static Permission) -> u8 {
        let at = self.permissions.iter().position(|it| *it == permission);
        let at = at.unwrap_or_else(|| {
            self.permissions.push(permission);
            self.permissions.len() - 1
        });
        u8::try_from(at).expect("a test counts the permissions of the table")
    }
}

impl Rights {
    /// What rules grant. Cost: rules times permissions of the table.
    pub fn of(rules: &[Rule]) -> Rights {
        let mut rights = Rights::default();
        for rule in rules.iter().filter(|rule| !rule.resources.is_empty()) {
            for (number, permission) in TABLE.permissions.iter().enumerate() {
                let bit = 1 << number;
                if rights.whole & bit != 0 {
                    continue;
                }
                match grants(rule, permission) {
                    Match::No => {}
                    Match::Yes => rights.whole |= bit,
                    Match::Named(names) => {
                        let known = rights.named.entry(number as u8).or_default();
                        known.extend(names.iter().cloned());
                    }
                }
            }
        }
        rights.settle();
        rights
    }

    pub fn is_empty(&self) -> bool {
        self.whole == 0 && self.named.is_empty()
    }

    /// Adds what others grant.
    pub fn join(&mut self, other: &Rights) {
        self.whole |= other.whole;
        for (number, names) in &other.named {
            self.named.entry(*number).or_default().extend(names.iter().cloned());
        }
        self.settle();
    }

    fn settle(&mut self) {
        self.named.retain(|number, _| self.whole & (1 << *number) == 0);
        for names in self.named.values_mut() {
            names.sort();
            names.dedup();
        }
    }

    /// Whether any of these rights has a part in a power over a kind of object.
    pub fn help(&self, power: Power, object: &str) -> bool {
        let any = self.any();
        TABLE.ways.iter().any(|it| it.power == power && it.way.object == object && it.mask & any != 0)
    }

    /// Permissions granted for some object.
    fn any(&self) -> u128 {
        self.whole | self.named.keys().fold(0, |mask, number| mask | (1 << *number))
    }

    /// The powers that these rights give at one place, in the order of the table; one for each kind of object.
    pub fn powers(&self, held: Held<'_>, circumstances: &Circumstances) -> Vec<Given> {
        let mut given: Vec<Given> = Vec::new();
        let any = self.any();
        for Numbered { power, way, needs, mask } in &TABLE.ways {
            if any & mask != *mask || !place(way.place, held) {
                continue;
            }
            let certainty = circumstances.allow(way.when);
            if certainty.is_no() {
                continue;
            }
            // The first permission that is narrowed to names narrows the power.
            let names = needs.iter().find_map(|need| self.named.get(need)).cloned();
            match given.iter_mut().find(|it| it.power == *power && it.object == way.object) {
                Some(known) => known.widen(names, certainty),
                None => given.push(Given { power: *power, object: way.object, names, certainty }),
            }
        }
        given
    }
}

impl Given {
    /// Takes a second way to the same power in: the surer one counts, then the wider one.
    fn widen(&mut self, names: Option<Vec<Name>>, certainty: Truth) {
        if certainty > self.certainty {
            self.certainty = certainty;
            self.names = names;
        } else if certainty == self.certainty {
            self.names = match (self.names.take(), names) {
                (Some(mut known), Some(more)) => {
                    known.extend(more);
                    known.sort();
                    known.dedup();
                    Some(known)
                }
                _ => None,
            };
        }
    }

    /// This power already covers the other: same power and object, no fewer names, no less sure.
    pub fn covers(&self, other: &Given) -> bool {
        self.power == other.power
            && self.object == other.object
            && self.certainty >= other.certainty
            && match (&self.names, &other.names) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs.iter().all(|name| mine.binary_search(name).is_ok()),
            }
    }
}

impl Circumstances {
    /// Whether what a way needs of the cluster holds.
    fn allow(&self, when: When) -> Truth {
        match when {
            When::Always => Truth::Yes,
            When::Unsure => Truth::Unknown,
            When::Before(minor) => match self.version {
                Some(version) => Truth::from(version < Version { major: 1, minor }),
                None => Truth::Unknown,
            },
            When::AwsAuthRead => self.aws_auth_read,
            When::AwsAuthAbsent => self.aws_auth_read.and(self.aws_auth_absent),
        }
    }
}

/// Whether a rule is one of those that grant a permission of a power, for any object or for named ones.
pub fn grants<'a>(rule: &'a Rule, permission: &Permission) -> Match<'a> {
    let group = match permission.group.strip_prefix('.') {
        Some(bare) => rule.api_groups.iter().any(|it| it == "*" || it == bare || it.ends_with(permission.group)),
        None => matching::group(rule, permission.group),
    };
    if !group {
        return Match::No;
    }
    let mut best = Match::No;
    for verb in permission.verbs.iter().filter(|verb| matching::verb(rule, verb)) {
        if permission.resources.is_empty() {
            let any = rule.resources.iter().any(|it| !it.contains('/'));
            best = better(best, if any { matching::named(rule, verb, "", permission.name) } else { Match::No });
        }
        for wanted in permission.resources {
            let (resource, subresource) = wanted.split_once('/').unwrap_or((wanted, ""));
            if rule.resources.iter().any(|it| matching::resource(it, resource, subresource)) {
                best = better(best, matching::named(rule, verb, subresource, permission.name));
            }
        }
    }
    best
}

/// Both answers are of one rule, so names are the same.
fn better<'a>(a: Match<'a>, b: Match<'a>) -> Match<'a> {
    match (a, b) {
        (Match::Yes, _) | (_, Match::Yes) => Match::Yes,
        (Match::No, other) | (other, _) => other,
    }
}

/// A grant at `held` can serve a way of this place.
fn place(place: Place, held: Held<'_>) -> bool {
    match (place, held) {
        (_, Held::Cluster) | (Place::Anywhere, _) => true,
        (Place::Cluster, Held::Namespace(_)) => false,
        (Place::Only(wanted), Held::Namespace(namespace)) => wanted == namespace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permissions_of_the_table_fit_their_bits() {
        assert!(TABLE.permissions.len() <= 128, "{} permissions", TABLE.permissions.len());
    }
}
