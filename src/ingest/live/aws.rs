//! AWS accounts that are asked over the network: who asks, IAM, EKS, the instances of EC2, Organizations.
//!
//! `session` says where and as whom, `plan` which accounts are read, `account` is one account while it is read, and each service has a file of its
//! own: IAM and STS through their clients, the others by signed calls of our own (`wire`) whose JSON goes through the
//! parser of the files. `pages` holds how lists and what they name are read, `report` what the feed is told,
//! `refusal` what is said about a call that gave nothing. A refused call is a gap; the others go on.
//!
//! To add one more call: give it a row in `model::call` and its source one in `model::source`; then ask it in the file
//! of its service.

mod account;
mod ec2;
mod eks;
mod endpoint;
mod iam;
mod organizations;
mod pages;
mod plan;
mod refusal;
mod report;
mod session;
mod whole;
mod wire;
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{join, join_all, join5};
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::sleep;

use crate::base::Name;
use crate::model::call::Call;
use crate::model::coverage::Status;
use crate::model::facts::aws::CallerIdentity;
use crate::model::facts::meta::Origin;
use crate::model::feed::Place;
use crate::model::source::{Scope, SourceId, SourceKind};

use super::{ClusterTarget, Feed, Patience, Source, Task};

use account::Account;
use plan::Plan;
use refusal::Refusal;
use report::Spot;
pub use session::Access;
use whole::WholeXml;

/// Stands for the region where neither a flag, nor a profile, nor a cluster names one.
const UNKNOWN_REGION: &str = "unknown-region";

/// What is asked of AWS.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// One for each profile, the most important one first; none is the usual chain alone.
    pub access: Vec<Access>,
    /// The clusters whose EKS side is wanted. None: all that EKS lists in the regions of the profiles.
    pub clusters: Vec<ClusterTarget>,
    /// Of the clusters that EKS lists, only those of these names; empty: all.
    pub only: Vec<String>,
    pub patience: Patience,
    /// Read again after so long (`--refresh-aws`); else only when somebody asks.
    pub refresh: Option<Duration>,
}

/// The accounts of the profiles, with their regions and the EKS side of clusters.
#[derive(Debug)]
pub struct AwsSource {
    options: Options,
    /// When the reading began that gave what each source shows. One that fails keeps what it had, and its time.
    seen: Mutex<BTreeMap<SourceId, Timestamp>>,
}

impl AwsSource {
    pub fn new(mut options: Options) -> AwsSource {
        if options.access.is_empty() {
            // The context of a cluster may name the profile that its credentials come from.
            let profile = options.clusters.iter().find_map(|cluster| cluster.profile.clone());
            options.access.push(Access { profile, ..Access::default() });
        }
        for access in &mut options.access {
            if access.profile.is_none() {
                access.profile = options.clusters.iter().find_map(|cluster| cluster.profile.clone());
            }
        }
        AwsSource { options, seen: Mutex::default() }
    }

    async fn read(&self, feed: Feed) {
        // What is read is as old as the beginning of its reading.
        let start = Timestamp::now();
        let endings = Arc::default();
        load(&self.options, feed.noting(&endings)).await;
        let endings = endings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|source, _| endings.contains_key(source));
        seen.extend(endings.iter().filter(|(_, read)| **read).map(|(source, _)| (source.clone(), start)));
    }
}

impl Source for AwsSource {
    fn load(&self, feed: Feed) -> Task<'_, ()> {
        Box::pin(self.read(feed))
    }

    fn follow(&self, feed: Feed) -> Task<'_, ()> {
        Box::pin(async move {
            let Some(pause) = self.options.refresh else { return std::future::pending().await };
            loop {
                sleep(pause).await;
                self.read(feed.clone()).await;
            }
        })
    }

    fn seen(&self) -> Option<Timestamp> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }

    fn raw(&self, _: Origin) -> Task<'_, Option<Result<String, String>>> {
        // Answers of AWS are not kept, and nothing of them has an origin.
        Box::pin(std::future::ready(None))
    }
}

async fn load(options: &Options, feed: Feed) {
    let callers = join_all(options.access.iter().map(|access| plan::caller(access, options))).await;
    let options = &Options { clusters: plan::located(options, &callers), ..options.clone() };
    let plans = plan::accounts(options, callers);
    let mut discovered: Vec<Found> = Vec::new();
    let mut work = FuturesUnordered::new();
    for plan in &plans {
        match plan.session {
            Err(ref why) => unread(plan, why, options, &feed).await,
            Ok((ref session, ref identity)) => {
                let account = Account::new(plan.id.clone(), plan.directory.clone(), session.clone(), feed.clone());
                report_caller(&account, identity.as_ref()).await;
                work.push(read(account, plan, options));
            }
        }
    }
    while let Some(found) = work.next().await {
        discovered.extend(found);
    }
    if options.clusters.is_empty() {
        let work = label(&discovered).into_iter().zip(&discovered).map(|(label, found)| {
            let feed = feed.clone();
            async move {
                let spot = cluster_spot(&label, &found.account.id, &found.region);
                join(eks::cluster(&found.account, &spot, &found.name), without_kubernetes(&spot, &feed)).await;
            }
        });
        join_all(work).await;
    }
    for cluster in &options.clusters {
        let read = plans.iter().any(|plan| plan.reads(cluster) || plan.session.is_err() && plan.id == cluster.account);
        if !read {
            let spot = cluster_spot(&cluster.label, &cluster.account, &cluster.region);
            let why = "its context does not say which EKS cluster it is";
            leave_out(&spot, &feed, eks::KINDS.iter().copied(), Status::Missing, why).await;
        }
    }
}

/// Every source of an account that cannot be read says why.
async fn unread(plan: &Plan, refusal: &Refusal, options: &Options, feed: &Feed) {
    let place = Place::Account(plan.id.clone());
    let spot = Spot { place, directory: plan.directory.clone(), account: plan.id.clone(), region: Name::default() };
    let caller = spot.report(feed, SourceKind::CallerIdentity);
    caller.failed(refusal, Call::GetCallerIdentity).await;
    let why = refusal.why();
    let kinds = asked(Scope::Account).filter(|kind| *kind != SourceKind::CallerIdentity);
    leave_out(&spot, feed, kinds, Status::Missing, &why).await;
    for region in &plan.regions {
        let spot = Spot {
            place: Place::Region { account: plan.id.clone(), region: region.clone() },
            directory: format!("{}/{region}", plan.directory).into(),
            account: plan.id.clone(),
            region: region.clone(),
        };
        leave_out(&spot, feed, asked(Scope::Region), Status::Missing, &why).await;
    }
    for cluster in options.clusters.iter().filter(|it| it.account == plan.id) {
        let spot = cluster_spot(&cluster.label, &cluster.account, &cluster.region);
        leave_out(&spot, feed, eks::KINDS.iter().copied(), Status::Missing, &why).await;
    }
}

/// The sources of a scope that a call answers.
fn asked(scope: Scope) -> impl Iterator<Item = SourceKind> {
    let kinds = SourceKind::ALL.iter().map(|row| row.0).filter(move |kind| kind.scope() == scope && kind.is_expected());
    kinds.filter(|kind| Call::ALL.iter().any(|call| call.action() == kind.permission()))
}

async fn leave_out(spot: &Spot, feed: &Feed, kinds: impl Iterator<Item = SourceKind>, status: Status, why: &str) {
    for kind in kinds {
        spot.report(feed, kind).left_out(status, why).await;
    }
}

/// The Kubernetes side of a cluster that only EKS told of.
async fn without_kubernetes(spot: &Spot, feed: &Feed) {
    let kinds = SourceKind::ALL.iter().map(|row| row.0);
    let kinds = kinds.filter(|kind| kind.scope() == Scope::Cluster && kind.is_expected() && !eks::KINDS.contains(kind));
    let why = "no kubeconfig context of this cluster was chosen: see --context";
    leave_out(spot, feed, kinds, Status::Missing, why).await;
}

async fn report_caller(account: &Account, answer: Result<&CallerIdentity, &Refusal>) {
    let mut report = account.report(SourceKind::CallerIdentity);
    match answer {
        Ok(identity) => {
            report.opened().await;
            let identity = identity.clone();
            report.facts(|context| context.push_caller(identity)).await;
            report.listed(String::new()).await;
        }
        Err(refusal) => report.failed(refusal, Call::GetCallerIdentity).await,
    }
}

/// A cluster that EKS lists.
struct Found {
    account: Account,
    name: Name,
    region: Name,
}

/// Reads an account, its regions and the clusters that are known to be in it. Gives the clusters that EKS lists.
async fn read(account: Account, plan: &Plan, options: &Options) -> Vec<Found> {
    let config = aws_sdk_iam::config::Builder::from(&account.session.config).interceptor(WholeXml).build();
    let client = aws_sdk_iam::Client::from_conf(config);
    let regions = async {
        if plan.regions.is_empty() {
            let why = "no region is known: pass --region";
            for kind in asked(Scope::Region) {
                let spot = account.region(&UNKNOWN_REGION.into());
                account.report_at(&spot, kind).left_out(Status::Missing, why).await;
            }
        }
        let lists = plan.regions.iter().map(|region| {
            let spot = account.region(region);
            let account = &account;
            async move {
                let (list, ()) = join(eks::clusters(account, &spot), ec2::instances(account, &spot)).await;
                let names = list.seen.names.into_iter();
                let found = |name| Found { account: account.clone(), name, region: region.clone() };
                names.map(found).collect::<Vec<Found>>()
            }
        });
        let found = join_all(lists).await.into_iter().flatten();
        let wanted = |it: &Found| options.only.is_empty() || options.only.iter().any(|name| it.name == name.as_str());
        found.filter(wanted).collect()
    };
    let clusters = options.clusters.iter().filter(|it| plan.reads(it)).map(|cluster| {
        let account = &account;
        async move {
            let region = if cluster.region.is_empty() { account.session.region() } else { cluster.region.clone() };
            let spot = cluster_spot(&cluster.label, &account.id, &region);
            eks::cluster(account, &spot, &cluster.eks_name).await;
        }
    });
    let iam = async {
        join(iam::details(&account, &client), iam::providers(&account, &client)).await;
    };
    let (found, ..) = join5(
        regions,
        join_all(clusters),
        iam,
        iam::instance_profiles(&account, &client),
        organizations::policies(&account),
    )
    .await;
    found
}

fn cluster_spot(label: &Name, account: &Name, region: &Name) -> Spot {
    Spot {
        place: Place::Cluster(label.clone()),
        directory: format!("clusters/{label}").into(),
        account: account.clone(),
        region: region.clone(),
    }
}

/// Labels of clusters: the name, and what tells those apart that share it (protocols.md, "Addresses").
fn label(found: &[Found]) -> Vec<Name> {
    let forms: [fn(&Found) -> Name; 3] = [
        |it| it.name.clone(),
        |it| format!("{}@{}", it.name, it.region).into(),
        |it| format!("{}@{}@{}", it.name, it.region, it.account.id).into(),
    ];
    let unique = |it: &&fn(&Found) -> Name, one: &Found| found.iter().filter(|other| it(other) == it(one)).count() == 1;
    found.iter().map(|one| forms.iter().find(|it| unique(it, one)).unwrap_or(&forms[2])(one)).collect()
}
