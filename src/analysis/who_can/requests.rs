//! The requests that a question comes to: which actions, each on which resource.

use crate::base::Name;
use crate::iam::catalogue::{self, ActionId, Catalogue, Level, ResourceType};
use crate::iam::glob::Token;
use crate::iam::pattern::{Action, ArnGlob};
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::{Facts, Resource};

use super::question::{Question, What};

/// Stands for a name that no policy speaks of.
const STRANGE: &str = "rolewalk~any~name";

/// One action on one of the targets.
#[derive(Clone, Debug)]
pub struct Ask {
    pub name: Name,
    pub action: Action,
    /// Its place in the catalogue; `None` for an action that is not in it.
    pub id: Option<ActionId>,
    pub facts: Facts,
    /// Place in [`Requests::targets`].
    pub target: usize,
}

/// A resource as requests name it.
#[derive(Clone, Debug)]
pub struct Target {
    /// As it is shown: an ARN or pattern, or `*`.
    pub shown: Name,
    /// The literal resource; for a pattern one that fits it and that no policy names.
    pub resource: Resource,
    /// Some resource that fits this is asked for.
    pub glob: Option<ArnGlob>,
}

impl Target {
    fn new(text: &str) -> Target {
        if !text.contains(['*', '?']) {
            return Target { shown: text.into(), resource: Resource::Arn(text.into()), glob: None };
        }
        let glob = ArnGlob::new(text);
        let resource = Resource::Arn(example(&glob, STRANGE).into());
        Target { shown: text.into(), resource, glob: Some(glob) }
    }
}

/// A text that fits the pattern, with `filler` for each `*`.
pub(super) fn example(glob: &ArnGlob, filler: &str) -> String {
    let mut text = String::new();
    for token in glob.text().tokens() {
        match token {
            Token::Char(character) => text.push(*character),
            Token::One => text.push('~'),
            Token::Many => text.push_str(filler),
        }
    }
    text
}

/// A resource of the set, if one of a few attempts is.
pub(super) fn member(set: &ResourceSet) -> Option<String> {
    let fillers = ["x", STRANGE, "", "x/x", "0"];
    set.any_of().iter().find_map(|glob| {
        fillers.iter().map(|filler| example(glob, filler)).find(|text| text.starts_with("arn:") && set.matches(text))
    })
}

/// All requests of a question.
#[derive(Clone, Debug)]
pub struct Requests {
    /// By action.
    pub asks: Vec<Ask>,
    /// What was asked, and what is inside it where that was asked too.
    pub targets: Vec<Target>,
    /// Prefixes of the asks, each once.
    pub services: Vec<Box<str>>,
}

impl Requests {
    /// Works them out. Cost: a look at the resource types of the ARN's service, and at all actions of services that have
    /// such resources.
    pub fn new(catalogue: &Catalogue, question: &Question) -> Requests {
        let mut requests = match &question.what {
            What::Action(action) => Requests::of_action(catalogue, action, &question.resource),
            What::Level(level) => Requests::of_level(catalogue, *level, &question.resource),
        };
        requests.services = requests.asks.iter().map(|ask| ask.action.service().into()).collect();
        requests.services.dedup();
        requests
    }

    fn of_action(catalogue: &Catalogue, name: &Name, resource: &str) -> Requests {
        let id = catalogue.find(name);
        let known = id.map(|id| catalogue.action(id));
        let any = matches!(resource, "" | "*");
        let target = match &known {
            // Rule W9: whatever ARN was given, AWS authorises against `*`.
            Some(action) if action.wildcard_only() => {
                Target { shown: "*".into(), resource: Resource::None, glob: None }
            }
            _ if any => Target { shown: "*".into(), resource: Resource::Any, glob: None },
            Some(action) => {
                let takes = |text: &str| {
                    let glob = ArnGlob::new(text);
                    action.resources().any(|(kind, _)| fits(kind, text, &glob))
                };
                match inside(resource).filter(|inside| !takes(resource) && takes(inside)) {
                    Some(inside) => Target::new(&inside),
                    None => Target::new(resource),
                }
            }
            None => Target::new(resource),
        };
        Requests { asks: vec![ask(catalogue, name.clone(), id, 0)], targets: vec![target], services: Vec::new() }
    }

    /// Every action of the level that has a resource type which the ARN can be of, and of what is inside it.
    fn of_level(catalogue: &Catalogue, level: Level, resource: &str) -> Requests {
        if matches!(resource, "" | "*") {
            return Requests::of_everything(catalogue, level);
        }
        let glob = ArnGlob::new(resource);
        let direct = types(catalogue, resource, &glob);
        let within = inside(resource).map(|text| {
            let glob = ArnGlob::new(&text);
            let types = types(catalogue, &text, &glob);
            (text, types)
        });
        let mut targets = vec![Target::new(resource)];
        let mut asks = Vec::new();
        let mut services: Vec<_> = direct.iter().map(|it| it.service).collect();
        services.extend(within.iter().flat_map(|(_, types)| types).map(|it| it.service));
        services.sort_unstable();
        services.dedup();
        for service in catalogue.services().filter(|it| services.contains(&it.id())) {
            for id in service.actions() {
                let action = catalogue.action(id);
                if action.level() != level {
                    continue;
                }
                let takes = |types: &[Found]| {
                    let mut kinds = action.resources();
                    kinds.any(|(kind, needed)| types.iter().any(|it| it.at == kind.index() && (needed || it.own)))
                };
                let target = if takes(&direct) {
                    0
                } else if let Some((text, _)) = within.as_ref().filter(|(_, types)| takes(types)) {
                    if targets.len() == 1 {
                        targets.push(Target::new(text));
                    }
                    1
                } else {
                    continue;
                };
                asks.push(ask(catalogue, action.to_string().into(), Some(id), target));
            }
        }
        Requests { asks, targets, services: Vec::new() }
    }

    /// Every action of the level, on any resource it takes.
    fn of_everything(catalogue: &Catalogue, level: Level) -> Requests {
        let target = |resource: Resource| Target { shown: "*".into(), resource, glob: None };
        let ids = catalogue.ids().map(|id| catalogue.action(id)).filter(|it| it.level() == level);
        let asks = ids
            .map(|it| ask(catalogue, it.to_string().into(), Some(it.id()), usize::from(it.wildcard_only())))
            .collect();
        Requests { asks, targets: vec![target(Resource::Any), target(Resource::None)], services: Vec::new() }
    }

    /// The resources that are really asked about, as they are shown.
    pub fn shown(&self) -> Vec<Name> {
        let used = |at: &usize| self.asks.iter().any(|it| it.target == *at);
        (0..self.targets.len()).filter(used).map(|at| self.targets[at].shown.clone()).collect()
    }
}

pub(super) fn ask(catalogue: &Catalogue, name: Name, id: Option<ActionId>, target: usize) -> Ask {
    let rcp_service = id.map(|id| catalogue.action(id).service().supports_rcp());
    Ask { action: Action::new(&name), name, id, facts: Facts { rcp_service }, target }
}

/// A resource type that an ARN can be of.
struct Found {
    /// Its place in the catalogue.
    at: usize,
    service: catalogue::ServiceId,
    /// Actions that merely may take such a resource count. Not where another service names a bucket: that is where it
    /// puts its output, not what it works on.
    own: bool,
}

/// What stands inside a thing: everything behind its name and a slash. None for what already speaks of insides.
fn inside(resource: &str) -> Option<String> {
    let open = resource.ends_with(['*', '?', '/']);
    (!open && resource.starts_with("arn:")).then(|| format!("{resource}/*"))
}

/// The resource types that the ARN can be of. Where one type's ARNs are a part of another's, as objects are of the
/// pattern of buckets, and the ARN lies in the part, the wider one is not meant.
fn types(catalogue: &Catalogue, text: &str, glob: &ArnGlob) -> Vec<Found> {
    let named = text.split(':').nth(2).unwrap_or_default();
    let mut found: Vec<(ResourceType<'_>, catalogue::Service<'_>)> = Vec::new();
    for service in catalogue.services() {
        // A type of any service's resources, such as a recovery point, says nothing about this one.
        let literal = |kind: &ResourceType<'_>| kind.arn().split(':').nth(2).is_some_and(|it| !it.contains('$'));
        let fitting = service.resources().filter(literal).filter(|kind| fits(*kind, text, glob));
        found.extend(fitting.map(|kind| (kind, service)));
    }
    let meant = |kind: &ResourceType<'_>| {
        !found.iter().any(|(other, _)| {
            let (wide, narrow) = (kind.pattern(), other.pattern());
            narrow.contains(glob) && wide.contains(narrow) && !narrow.contains(wide)
        })
    };
    let of = |(kind, service): &(ResourceType<'_>, catalogue::Service<'_>)| Found {
        at: kind.index(),
        service: service.id(),
        own: service.prefix() == named || named != "s3",
    };
    found.iter().filter(|(kind, _)| meant(kind)).map(of).collect()
}

/// Whether the ARN can be of the type. A placeholder for a region or account stands for one: an empty part is none.
fn fits(kind: ResourceType<'_>, text: &str, glob: &ArnGlob) -> bool {
    let mut parts = text.splitn(6, ':');
    let alike = kind.arn().splitn(6, ':').all(|format| {
        let Some(part) = parts.next() else { return true };
        part.contains(['*', '?']) || part.is_empty() == format.is_empty()
    });
    alike && !glob.disjoint(kind.pattern())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(what: &str, resource: &str) -> (Vec<String>, Vec<String>) {
        let question = Question { what: What::parse(what).expect(what), resource: resource.into(), given: Vec::new() };
        let requests = Requests::new(Catalogue::bundled(), &question);
        let text = |ask: &Ask| format!("{} {}", ask.name, requests.targets[ask.target].shown);
        (requests.asks.iter().map(text).collect(), requests.shown().iter().map(ToString::to_string).collect())
    }

    fn has(asks: &[String], text: &str) -> bool {
        asks.iter().any(|it| it == text)
    }

    #[test]
    fn writing_a_bucket_is_writing_it_and_its_objects() {
        let (asks, shown) = of("write", "arn:aws:s3:::acme");
        assert!(has(&asks, "s3:PutObject arn:aws:s3:::acme/*"), "{asks:?}");
        assert!(has(&asks, "s3:DeleteBucket arn:aws:s3:::acme"), "{asks:?}");
        assert_eq!(shown, ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]);
        assert!(asks.iter().all(|it| it.starts_with("s3")), "{asks:?}");
    }

    #[test]
    fn writing_an_object_is_not_deleting_a_bucket_of_its_name() {
        for object in ["arn:aws:s3:::acme/k", "arn:aws:s3:::acme/*"] {
            let (asks, shown) = of("write", object);
            assert!(has(&asks, &format!("s3:PutObject {object}")), "{asks:?}");
            assert!(!asks.iter().any(|it| it.contains("DeleteBucket ")), "{asks:?}");
            assert_eq!(shown, [object]);
        }
    }

    #[test]
    fn an_action_of_what_is_inside_is_asked_there() {
        assert_eq!(of("s3:GetObject", "arn:aws:s3:::acme").1, ["arn:aws:s3:::acme/*"]);
        assert_eq!(of("s3:ListBucket", "arn:aws:s3:::acme").1, ["arn:aws:s3:::acme"]);
        assert_eq!(of("ec2:DescribeInstances", "arn:aws:ec2:eu-west-1:1:instance/i-1").1, ["*"]);
        assert_eq!(of("new:Thing", "arn:aws:new:::a").1, ["arn:aws:new:::a"]);
        assert_eq!(of("iam:CreateUser", "*").1, ["*"]);
    }

    #[test]
    fn a_role_is_written_by_iam_and_sts() {
        let (asks, _) = of("write", "arn:aws:iam::111122223333:role/r");
        assert!(has(&asks, "sts:AssumeRole arn:aws:iam::111122223333:role/r"), "{asks:?}");
        assert!(has(&asks, "iam:PassRole arn:aws:iam::111122223333:role/r"), "{asks:?}");
        assert!(!asks.iter().any(|it| it.starts_with("iam:CreateUser ")), "{asks:?}");
    }

    #[test]
    fn a_key_and_a_queue_have_their_own_actions_only() {
        let (asks, _) = of("write", "arn:aws:kms:eu-west-1:111122223333:key/1");
        assert!(has(&asks, "kms:Decrypt arn:aws:kms:eu-west-1:111122223333:key/1"), "{asks:?}");
        let (asks, _) = of("read", "arn:aws:sqs:eu-west-1:111122223333:q");
        assert!(asks.iter().all(|it| it.starts_with("sqs:")), "{asks:?}");
        assert!(has(&asks, "sqs:ReceiveMessage arn:aws:sqs:eu-west-1:111122223333:q"), "{asks:?}");
    }

    #[test]
    fn a_member_of_a_set_is_outside_its_exceptions() {
        let glob = |text: &str| ArnGlob::new(text);
        let set = ResourceSet::new([glob("arn:aws:s3:::b/*")], [glob("arn:aws:s3:::b/x*")]).expect("not empty");
        let text = member(&set).expect("one");
        assert!(set.matches(&text), "{text}");
    }
}
