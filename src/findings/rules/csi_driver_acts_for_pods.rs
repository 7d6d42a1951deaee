//! A CSI driver calls AWS in the place of pods
//!
//! ## What it checks
//! A CSI driver asks the kubelet for tokens that AWS accepts (`tokenRequests` for STS or Pod Identity), or the driver of S3
//! or of the Secrets Store has a role of its own. It is worse where that role is sensitive.
//!
//! ## Why it matters
//! What a pod reads through such a volume is signed by another: with tokens by the pod's own account, without them by the
//! driver. Neither shows in the environment of the pod.
//!
//! ## How to fix
//! Let the driver use the account of each pod where it can, and take its own role down to what mounting needs.
//!
//! ## For newcomers
//! A volume can be a bucket or a secret. Somebody has to fetch what is in it, and that somebody needs a role.

use crate::findings::reference::{NHI5, NHI9, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix};
use crate::identity::Source;
use crate::identity::injection::{AGENT_AUDIENCE, DEFAULT_AUDIENCE};
use crate::model::facts::pod::VolumeSource;
use crate::model::facts::workload::OtherObject;
use crate::model::{EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-009",
    slug: "csi-driver-acts-for-pods",
    severity: Severity::Info,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods, SourceKind::CsiDrivers],
    references: &[NHI5, NHI9, PR_AA_05, ZT3],
    check,
};

/// Drivers that fetch data by themselves, and how the names of their workloads begin.
const FETCH: [(&str, &[&str]); 2] = [
    ("s3.csi.aws.com", &["s3-csi-"]),
    (
        "secrets-store.csi.k8s.io",
        &["csi-secrets-store", "secrets-store-csi", "secrets-provider-aws", "secrets-store-provider-aws"],
    ),
];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let drivers = workload.cluster.others.get(&SourceKind::CsiDrivers).map_or(&[][..], |it| it.items());
        let fetches = FETCH.iter().find(|(_, names)| names.iter().any(|it| workload.key.name.starts_with(it)));
        let asks = drivers.iter().find(|it| is_plugin_of(workload, &it.meta.name) && !audiences(it).is_empty());
        let role = own_role(workload).filter(|_| fetches.is_some() || asks.is_some());
        let driver = asks.map(|it| it.meta.name.as_str()).or(fetches.map(|it| it.0));
        let Some(driver) = driver.filter(|_| asks.is_some() || role.is_some()) else { continue };
        let sensitive = role.as_ref().is_some_and(|arn| match context.inventory.role(arn) {
            Lookup::Found(role) => context.is_known_sensitive(role),
            _ => false,
        });
        let tokens = asks.map(|it| audiences(it)).unwrap_or_default();
        let message = match (&role, tokens.is_empty()) {
            (Some(role), true) => format!("what pods read through {driver} is fetched with the driver's role {role}"),
            (Some(role), false) => {
                format!("{driver} fetches for pods with tokens of their accounts, and has the role {role} itself")
            }
            (None, _) => format!("{driver} fetches for pods with tokens of their accounts"),
        };
        let found = out
            .report(workload.key.clone(), Severity::Info.or(Severity::Medium, sensitive), message)
            .also(workload.account_key())
            .evidence(&workload.key, "driver", driver)
            .impact(match role {
                Some(_) => "a pod gets what the role of the driver reaches, whatever its own role is",
                None => "the role of the pod's account is used without a trace in the pod",
            });
        if !tokens.is_empty() {
            found.evidence(&workload.key, format!("csidriver[{driver}].spec.tokenRequests"), tokens.join(", "));
        }
        if let Some(role) = role {
            found.also_all(EntityKey::role(&role));
            found.evidence(&workload.account_key(), "role of the driver", role.as_str());
        }
        found.fixes([fix::by_hand(match driver {
            "s3.csi.aws.com" => "set authenticationSource: pod in the attributes of the volumes, and take the driver's role away".to_owned(),
            _ => format!("let {driver} use the accounts of the pods, and keep its own role to what mounting needs"),
        })]);
    }
}

/// Audiences among a driver's token requests that AWS accepts.
fn audiences(driver: &OtherObject) -> Vec<&str> {
    let asked = driver.fields.iter().filter(|(path, _)| path.starts_with("spec.tokenRequests[") && path.ends_with("].audience"));
    asked.map(|(_, value)| value.as_str()).filter(|it| it.starts_with(DEFAULT_AUDIENCE) || *it == AGENT_AUDIENCE).collect()
}

/// Node plugins keep their socket in a directory of the host that is named after the driver, or goes by the chart's name.
fn is_plugin_of(workload: &Workload<'_>, driver: &str) -> bool {
    let by_name = FETCH.iter().any(|(name, charts)| *name == driver && charts.iter().any(|it| workload.key.name.starts_with(it)));
    let by_socket = || {
        workload.variants.iter().flat_map(|it| &it.spec().volumes).any(|volume| {
            let VolumeSource::HostPath(path) = &volume.source else { return false };
            path.split_once("/plugins/").is_some_and(|(_, rest)| rest.split('/').next() == Some(driver))
        })
    };
    by_name || by_socket()
}

/// The role that the workload has by web identity or Pod Identity.
fn own_role(workload: &Workload<'_>) -> Option<crate::base::Name> {
    workload.seats().find_map(|seat| {
        let credentials = [Some(&seat.identity.identity), seat.identity.attempted.as_ref(), seat.identity.declared.as_ref()];
        let own = credentials.into_iter().flatten().find(|it| matches!(it.source, Source::Irsa | Source::PodIdentity));
        own.and_then(|it| it.role.clone())
    })
}
