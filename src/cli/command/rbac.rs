//! `rolewalk rbac subjects|powers|usable`: who may do what in a cluster, by RBAC and by access entries.

mod powers;
mod subjects;
mod usable;

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use crate::base::{Name, Truth};
use crate::cli::Outcome;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, note};
use crate::cli::source;
use crate::estate::Estate;
use crate::graph::authorization::Authorization;
use crate::rbac::{Request, Target, resources};

#[derive(Debug, Subcommand)]
pub enum RbacCommand {
    /// Say who may do this: users, groups, service accounts, and the IAM principals mapped to them
    Subjects(RequestArgs),
    /// List the service accounts with their AWS roles that become usable through a right
    Usable(RequestArgs),
    /// List the powers that lead to other identities, worst first, with how many hold them
    Powers,
}

/// A request as kubectl writes it.
#[derive(Debug, ClapArgs)]
pub struct RequestArgs {
    /// A verb such as create, or * for the literal *
    pub verb: String,
    /// pods, pods/exec, deployments.apps, or a path such as /metrics
    pub resource: String,
    /// The name of one object
    pub name: Option<String>,
}

pub fn run(command: &RbacCommand, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let authorization = cluster(&estate, data)?;
    if !output.quiet {
        tell(authorization);
    }
    match command {
        RbacCommand::Subjects(request) => subjects::run(&estate, authorization, request, data, output),
        RbacCommand::Usable(request) => usable::run(&estate, authorization, request, data, output),
        RbacCommand::Powers => powers::run(&estate, authorization, data, output),
    }
}

/// The cluster that `--cluster` names, or the only one.
fn cluster<'a>(estate: &'a Estate, data: &SourceArgs) -> Result<&'a Authorization, Failure> {
    let labels: Vec<&str> = estate.authorizations.keys().map(Name::as_str).collect();
    match (&data.cluster, labels.as_slice()) {
        (Some(cluster), _) => estate
            .authorization(cluster)
            .ok_or_else(|| Failure::usage(format!("there is no cluster `{cluster}` in the data"))),
        (None, [only]) => Ok(&estate.authorizations[*only]),
        (None, []) => Err(Failure::usage("there is no cluster in the data")),
        (None, _) => Err(Failure::usage("the data holds several clusters")
            .hint(format!("choose one with --cluster: {}", labels.join(", ")))),
    }
}

/// What no listing could show.
fn tell(authorization: &Authorization) {
    let unread = authorization.unread().count();
    if unread > 0 {
        note(&format!("{unread} grants name a role that was not read; whatever it allows is unknown"));
    }
    if authorization.hidden_creator == Truth::Yes {
        note("in mode CONFIG_MAP the creator of the cluster is in system:masters too, and no listing names it");
    }
}

/// `question` of protocols.md section 5.
#[derive(Debug, Serialize)]
struct Question<'a> {
    ask: &'static str,
    cluster: &'a Name,
    verb: &'a Name,
    resource: Option<&'a Name>,
    group: Option<&'a Name>,
    subresource: Option<&'a Name>,
    name: Option<&'a Name>,
    namespace: Option<&'a Name>,
    url: Option<&'a Name>,
}

impl<'a> Question<'a> {
    fn new(ask: &'static str, cluster: &'a Name, request: &'a Request) -> Question<'a> {
        let Request { verb, target, namespace } = request;
        let none = Question {
            ask,
            cluster,
            verb,
            resource: None,
            group: None,
            subresource: None,
            name: None,
            namespace: namespace.as_ref(),
            url: None,
        };
        match target {
            Target::Url(url) => Question { url: Some(url), ..none },
            Target::Resource { group, resource, subresource, name } => Question {
                resource: Some(resource),
                group: Some(group),
                subresource: Some(subresource).filter(|it| !it.is_empty()),
                name: name.as_ref(),
                ..none
            },
        }
    }
}

/// The request of the arguments; says what was assumed about a resource that is not built in.
fn request(args: &RequestArgs, data: &SourceArgs, output: &OutputArgs) -> Result<Request, Failure> {
    if args.verb.is_empty() || args.resource.is_empty() {
        return Err(Failure::usage("an empty verb or resource asks for nothing"));
    }
    let request = Request::parse(&args.verb, &args.resource, args.name.as_deref(), data.namespace.as_deref());
    if let (Target::Resource { group, resource, .. }, false) = (&request.target, output.quiet)
        && group.is_empty()
        && resource != "*"
        && resources::group_of(resource).is_none()
    {
        note(&format!(
            "`{resource}` is not built in and names no group; taken as a namespaced resource of the core group"
        ));
    }
    Ok(request)
}

/// `allow`, `cond` for named objects only, `unk`, `deny`.
fn verdict(truth: Truth, named: bool) -> &'static str {
    match truth {
        Truth::No => "deny",
        Truth::Unknown => "unk",
        Truth::Yes if named => "cond",
        Truth::Yes => "allow",
    }
}
