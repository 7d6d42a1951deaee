//! Which accounts are read and by whom: the profiles say who they are, the clusters which accounts they are in.

use std::collections::BTreeSet;

use tokio::time::timeout;

use crate::base::Name;
use crate::ingest::layout::UNKNOWN_ACCOUNT;
use crate::ingest::live::ClusterTarget;
use crate::model::facts::aws::CallerIdentity;

use super::Options;
use super::refusal::{Cause, Refusal};
use super::session::{Access, Session};
use super::whole::WholeXml;

/// A profile after it was asked who it is.
pub struct Caller {
    pub session: Session,
    pub answer: Result<CallerIdentity, Refusal>,
}

impl Caller {
    fn account(&self) -> Option<&Name> {
        self.answer.as_ref().ok().map(|it| &it.account)
    }

    /// STS gave no answer, but other services may: each can have an endpoint of its own in a closed network.
    fn may_answer(&self) -> bool {
        self.answer.as_ref().is_err_and(|refusal| refusal.cause != Cause::Credentials)
    }
}

/// Opens a session and asks STS, within the time for credentials.
pub async fn caller(access: &Access, options: &Options) -> Caller {
    let patience = &options.patience;
    let mut session = Session::open(access, patience).await;
    if session.region().is_empty() {
        // STS and IAM need some region; that of a cluster is in the right partition.
        let region = options.clusters.iter().find(|it| !it.region.is_empty()).map(|it| it.region.to_string());
        let access = Access { region: Some(region.unwrap_or_else(|| "us-east-1".to_owned())), ..access.clone() };
        session = Session { makeshift_region: true, ..Session::open(&access, patience).await };
    }
    let config = aws_sdk_sts::config::Builder::from(&session.config).interceptor(WholeXml).build();
    let client = aws_sdk_sts::Client::from_conf(config);
    let answer = match timeout(patience.credentials, client.get_caller_identity().send()).await {
        Ok(Ok(it)) => match it.account().filter(|id| !id.is_empty()) {
            Some(id) => Ok(CallerIdentity { account: id.into(), arn: it.arn().unwrap_or_default().into() }),
            None => Err(Refusal::new(Cause::NotUnderstood, "the answer does not name an account")),
        },
        Ok(Err(error)) => Err(Refusal::of(&error, &session.login)),
        Err(_) => {
            let seconds = patience.credentials.as_secs_f32();
            let text = format!("no credentials and no answer of STS within {seconds} s for {}", session.login);
            Err(Refusal::new(Cause::Unreachable, text))
        }
    };
    Caller { session, answer }
}

/// The clusters with the account that they must be in where their context does not say: that of their profile.
pub fn located(options: &Options, callers: &[Caller]) -> Vec<ClusterTarget> {
    let mut clusters = options.clusters.clone();
    for cluster in clusters.iter_mut().filter(|it| it.account.is_empty() && !it.eks_name.is_empty()) {
        let own = options.access.iter().position(|access| access.profile == cluster.profile);
        let mut accounts = own.and_then(|at| callers.get(at)).into_iter().chain(callers).filter_map(Caller::account);
        cluster.account = accounts.next().cloned().unwrap_or_else(|| UNKNOWN_ACCOUNT.into());
    }
    clusters
}

/// An account that is to be read, or why it cannot be.
pub struct Plan {
    pub id: Name,
    pub directory: Name,
    /// With who it is, where STS said so.
    pub session: Result<(Session, Result<CallerIdentity, Refusal>), Refusal>,
    /// Regions of its clusters and of its profile.
    pub regions: BTreeSet<Name>,
}

impl Plan {
    pub fn reads(&self, cluster: &ClusterTarget) -> bool {
        self.session.is_ok() && cluster.account == self.id && !cluster.eks_name.is_empty()
    }
}

/// Which accounts are read, in their order: those of the clusters, then those of the other profiles. The first stands in
/// `aws/`.
pub fn accounts(options: &Options, callers: Vec<Caller>) -> Vec<Plan> {
    let mut needed: Vec<&Name> = Vec::new();
    for cluster in options.clusters.iter().filter(|it| !it.account.is_empty()) {
        if !needed.contains(&&cluster.account) {
            needed.push(&cluster.account);
        }
    }
    let several = callers.len() > 1;
    let mut left: Vec<Option<Caller>> = callers.into_iter().map(Some).collect();
    let mut plans = Plans { clusters: &options.clusters, made: Vec::new() };
    for id in &needed {
        let own = |it: &Option<Caller>| it.as_ref().and_then(Caller::account) == Some(*id);
        let silent = |it: &Option<Caller>| it.as_ref().is_some_and(Caller::may_answer);
        let at = left.iter().position(own).or_else(|| left.iter().position(silent));
        match at.and_then(|at| left[at].take()) {
            Some(Caller { session, answer }) => plans.add((*id).clone(), Ok((session, answer))),
            None => plans.add((*id).clone(), Err(why_not(&options.clusters, &left, id))),
        }
    }
    // A single profile that is of another account than the cluster is a mistake, not a wish.
    let wanted = several || needed.is_empty();
    for Caller { session, answer } in left.into_iter().flatten().filter(|_| wanted) {
        match answer {
            Ok(identity) => plans.add(identity.account.clone(), Ok((session, Ok(identity)))),
            Err(refusal) => {
                let id = plans.unknown();
                let hopeless = refusal.cause == Cause::Credentials;
                plans.add(id, if hopeless { Err(refusal) } else { Ok((session, Err(refusal))) });
            }
        }
    }
    plans.made
}

struct Plans<'a> {
    clusters: &'a [ClusterTarget],
    made: Vec<Plan>,
}

impl Plans<'_> {
    /// Two profiles of one account say the same: the first is taken.
    fn add(&mut self, id: Name, session: Result<(Session, Result<CallerIdentity, Refusal>), Refusal>) {
        if self.made.iter().any(|plan| plan.id == id) {
            return;
        }
        let directory = if self.made.is_empty() { Name::from("aws") } else { format!("accounts/{id}").into() };
        let own = self.clusters.iter().filter(|it| it.account == id && !it.region.is_empty());
        let mut regions: BTreeSet<Name> = own.map(|it| it.region.clone()).collect();
        if let Ok((session, _)) = &session
            && !session.makeshift_region
        {
            regions.insert(session.region());
        }
        self.made.push(Plan { id, directory, session, regions });
    }

    /// Stands for the account of a profile that did not say who it is: each has a gap of its own.
    fn unknown(&self) -> Name {
        let count = self.made.iter().filter(|plan| plan.id.starts_with(UNKNOWN_ACCOUNT)).count();
        if count == 0 { UNKNOWN_ACCOUNT.into() } else { format!("{UNKNOWN_ACCOUNT}-{}", count + 1).into() }
    }
}

/// Why no profile can read the account of a cluster.
fn why_not(clusters: &[ClusterTarget], callers: &[Option<Caller>], id: &Name) -> Refusal {
    let mut callers = callers.iter().flatten();
    let first = callers.next();
    if let Some(refusal) = first.into_iter().chain(callers).find_map(|it| it.answer.as_ref().err()) {
        return refusal.clone();
    }
    let cluster = clusters.iter().find(|it| it.account == *id).map_or("", |it| it.label.as_str());
    let text = match first.and_then(Caller::account) {
        Some(other) => format!(
            "`{cluster}` belongs to account {id} but the profile is in {other}; roles cannot be read, choose another --profile"
        ),
        None => format!("`{cluster}` belongs to account {id}, and no --profile is of that account"),
    };
    Refusal::new(Cause::Other, text)
}
