//! Single rules of identity.md, each named at the start of its test's doc comment; `identity_table` collects them.

use rolewalk::base::Truth;
use rolewalk::identity::resolve::{self, all};
use rolewalk::identity::{Identity, Source, Verdict, Via};
use rolewalk::testing::estate_text::estate;

use crate::identity_pods::AGENT;
use crate::identity_vectors::{app, broken, container, role, works};

pub fn via(identity: &Identity, via: Via) -> Vec<(String, Truth)> {
    identity.reachable.iter().filter(|it| it.via == via).map(|it| (it.role.to_string(), it.certainty)).collect()
}

#[track_caller]
pub fn unknown(identity: &Identity, source: Source, rule: &str) {
    assert_eq!(
        (identity.verdict, identity.identity.source, identity.rule),
        (Verdict::Unknown, source, rule),
        "{identity:?}"
    );
}

pub fn missing(identity: &Identity, path: &str) -> bool {
    identity.missing.iter().any(|it| it.path == path)
}

pub const GOOD: &str = "sa ns/app role=r\nrole r irsa=ns:app\npod ns/app sa=app node=locked irsa=r\n";

/// R1, R3, R127, R128, R131: partition, region and account come from the cluster's ARN; China has its own issuer host.
#[test]
fn a_chinese_cluster_works_with_its_own_partition() {
    let inventory = estate(
        "cluster cn region=cn-north-1\nnode n\nrole r irsa=ns:app
        pod ns/app sa=app node=n irsa=arn:aws-cn:iam::111122223333:role/r",
    );
    let it = container(&inventory, "ns/app", "app");
    assert_eq!((it.verdict, it.rule), (Verdict::Works, "R72"), "{it:?}");
}

/// R2, R191: without the cluster's description the issuer is unknown, and so is the verdict; the role stays.
#[test]
fn an_undescribed_cluster_leaves_the_role_and_opens_the_verdict() {
    let it = app(&format!("{GOOD}gap clusters/c1/describe-cluster.json"));
    assert_eq!((it.verdict, it.identity.source), (Verdict::Unknown, Source::Irsa));
    assert_eq!(it.identity.role.as_deref(), Some(role("r").as_str()));
    assert!(missing(&it, "clusters/c1/describe-cluster.json"));
}

/// R4, R52: STS wants the whole ARN, path included.
#[test]
fn a_lost_path_is_another_role() {
    let it = app("role r path=/team/ irsa=ns:app\npod ns/app sa=app node=locked irsa=r");
    broken(&it, "R52");
    let whole =
        "role r path=/team/ irsa=ns:app\npod ns/app sa=app node=locked irsa=arn:aws:iam::111122223333:role/team/r";
    assert_eq!(app(whole).verdict, Verdict::Works);
}

/// R5: a trust policy that cannot be read says neither yes nor no.
#[test]
fn an_unreadable_trust_policy_is_unknown() {
    let text = r#"role r trust={"Effect":"Allow","Principal":{"Federated":"@provider"},"Action":7}"#;
    unknown(&app(&format!("{text}\npod ns/app sa=app node=locked irsa=r")), Source::Irsa, "R5");
}

/// R6: the id of a deleted principal names nobody.
#[test]
fn a_deleted_principal_matches_nobody() {
    let text = r#"role p trust={"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"sts:*"}"#;
    broken(&app(&format!("node a agent\n{text}\nassociation ns/app role=p\npod ns/app sa=app node=a pi")), "R81");
}

/// R8: pods go to their top owner; a kind that nobody knows is named as found.
#[test]
fn a_pod_belongs_to_its_top_owner() {
    let inventory = estate(
        "cluster c\nnode n
        workload ns/api kind=Deployment\nworkload ns/api-1 kind=ReplicaSet owner=Deployment/api
        pod ns/a node=n owner=ReplicaSet/api-1\npod ns/b node=n owner=Rollout/x\npod ns/c node=n",
    );
    let pods = all(&inventory);
    let label = |pod: &str| {
        pods.iter().find(|it| it.pod.as_ref().is_some_and(|it| it.meta.name == *pod)).expect("a pod").workload()
    };
    assert_eq!([label("a"), label("b"), label("c")], ["Deployment/api", "Rollout/x", "Pod/c"]);
    assert!(pods.iter().all(|it| it.pod.is_some()), "a workload with pods is not predicted");
}

/// R9: a pod that outlives its service account keeps what it carries.
#[test]
fn a_pod_outlives_its_service_account() {
    works(&app("role r irsa=ns:app\npod ns/app sa=app node=locked irsa=r"), Source::Irsa, "r");
}

/// R10, R171: every container has its own answer.
#[test]
fn containers_of_one_pod_are_answered_apart() {
    let text = format!("{GOOD}container helper kind=init\n");
    let inventory = estate(&format!("cluster c1\nnode locked hop=2\n{text}"));
    works(&container(&inventory, "ns/app", "app"), Source::Irsa, "r");
    let helper = container(&inventory, "ns/app", "helper");
    assert_eq!((helper.verdict, helper.identity.source), (Verdict::FallsBack, Source::NodeRole));
}

/// R11: later beats earlier, env beats envFrom, an empty value is no credential, `$(NAME)` is expanded.
#[test]
fn the_effective_environment_follows_kubernetes() {
    let twice = app("role r irsa=ns:app\npod ns/app sa=app node=locked env:AWS_ROLE_ARN=x irsa=r");
    works(&twice, Source::Irsa, "r");
    let empty = app(&format!("{GOOD}container other env:AWS_ACCESS_KEY_ID= env:AWS_SECRET_ACCESS_KEY=***"));
    works(&empty, Source::Irsa, "r");
    let expanded =
        "role r irsa=ns:app\npod ns/app sa=app node=locked env:ROLE=r irsa=arn:aws:iam::@account:role/$(ROLE)";
    works(&app(expanded), Source::Irsa, "r");
    let absent = app("role r irsa=ns:app\npod ns/app sa=app node=locked irsa=r env:AWS_ACCESS_KEY_ID=configmap?(none/id) env:AWS_SECRET_ACCESS_KEY=configmap?(none/key)
        configmap ns/other data:x=y");
    works(&absent, Source::Irsa, "r");
}

/// R11, R191: a Secret that was not read may hold static keys. The key id in sight is tried first all the same.
#[test]
fn an_unread_secret_behind_env_from_opens_the_answer() {
    let hidden = app("pod ns/app node=open from:secret=settings");
    unknown(&hidden, Source::Unknown, "R11");
    assert!(missing(&hidden, "clusters/c1/secrets.json") && hidden.attempted.is_none());
    let half = app("pod ns/app node=open from:secret=keys env:AWS_ACCESS_KEY_ID=secret(keys/id)");
    unknown(&half, Source::StaticKeys, "R11");
    assert!(missing(&half, "clusters/c1/secrets.json"));
    let read = app("pod ns/app node=open from:secret=settings\nsecret ns/settings data:OTHER=");
    works(&read, Source::NodeRole, "node");
    let keys =
        app("pod ns/app node=open from:secret=k\nsecret ns/k data:AWS_ACCESS_KEY_ID= data:AWS_SECRET_ACCESS_KEY=");
    assert_eq!((keys.verdict, keys.identity.source), (Verdict::Works, Source::StaticKeys));
}

/// R12, R39: files and profiles whose content nobody sees make the source unknown.
#[test]
fn a_profile_that_no_file_shows_is_unknown() {
    let it = app("pod ns/app node=open env:AWS_PROFILE=prod");
    unknown(&it, Source::Unknown, "R39");
    assert_eq!(it.attempted.map(|it| it.source), Some(Source::Profile));
    let file = app("pod ns/app node=open volume:cfg=secret(x) mount:cfg=/root/.aws");
    unknown(&file, Source::Unknown, "R39");
    let both = app("pod ns/app node=open env:AWS_PROFILE=prod env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=***");
    unknown(&both, Source::Unknown, "R39");
    assert_eq!(both.attempted.map(|it| it.source), Some(Source::StaticKeys));
}

/// A pod whose configuration file stands in a ConfigMap of its namespace.
fn with_file(file: &str, setup: &str, options: &str) -> Identity {
    app(&format!(
        "{setup}\nconfigmap ns/aws \"data:config={file}\"
        pod ns/app sa=app node=locked volume:cfg=configmap(aws) mount:cfg=/root/.aws {options}"
    ))
}

/// R121: a profile in a readable ConfigMap with a role and a token file is evaluated like the injected pair.
#[test]
fn a_profile_with_a_token_file_is_followed() {
    let file = "[default];role_arn = arn:aws:iam::111122223333:role/r;web_identity_token_file = /var/t/token;";
    let token = "volume:t=token(sts.amazonaws.com,token) mount:t=/var/t";
    works(&with_file(file, "role r irsa=ns:app", token), Source::Profile, "r");
    broken(&with_file(file, "role r irsa=ns:other", token), "R62");
    broken(&with_file(file, "role r irsa=ns:app", ""), "R45");
    unknown(&with_file(file, "role r irsa=ns:app\ngap aws/iam.json", token), Source::Profile, "R52");
}

/// R121: a profile that names a source profile is the second step of a role chain, and both steps must hold.
#[test]
fn a_profile_that_takes_a_role_through_another_needs_both_sides() {
    let file = "[default];role_arn = arn:aws:iam::111122223333:role/far;source_profile = home;\
[profile home];role_arn = arn:aws:iam::111122223333:role/r;web_identity_token_file = /var/t/token;";
    let token = "volume:t=token(sts.amazonaws.com,token) mount:t=/var/t";
    let home = "role r irsa=ns:app policy={\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Resource\":\"*\"}";
    works(
        &with_file(file, &format!("{home}\nrole far trusts=arn:aws:iam::111122223333:role/r"), token),
        Source::Profile,
        "far",
    );
    broken(&with_file(file, &format!("{home}\nrole far trusts=arn:aws:iam::111122223333:role/else"), token), "R121");
    let circle = "[default];role_arn = arn:aws:iam::111122223333:role/far;source_profile = a;\
[profile a];role_arn = arn:aws:iam::111122223333:role/r;source_profile = default;";
    broken(&with_file(circle, home, ""), "R121");
}

/// R12, R39: a file that was read and names no such profile fails; one without credentials leaves the chain as it is.
#[test]
fn a_file_that_was_read_counts_as_what_it_says() {
    broken(&with_file("[default];region = eu-west-1;", "", "env:AWS_PROFILE=prod"), "R39");
    let silent = app("role r irsa=ns:app\nconfigmap ns/aws \"data:config=[default];region = eu-west-1;\"
        pod ns/app sa=app node=open volume:cfg=configmap(aws) mount:cfg=/root/.aws");
    assert_eq!((silent.verdict, silent.identity.source), (Verdict::Works, Source::NodeRole), "{silent:?}");
    let keys = with_file("[default];aws_access_key_id =;aws_secret_access_key =;", "", "");
    assert_eq!((keys.verdict, keys.identity.source, keys.rule), (Verdict::Works, Source::Profile, "R35"));
    let beside = app("configmap ns/aws \"data:config=[default];region = eu-west-1;\" data:credentials=x
        pod ns/app sa=app node=open volume:cfg=configmap(aws) mount:cfg=/root/.aws");
    unknown(&beside, Source::Unknown, "R39");
    let unread =
        app("pod ns/app node=open volume:cfg=configmap(x) mount:cfg=/root/.aws\ngap clusters/c1/configmaps.json");
    unknown(&unread, Source::Unknown, "R39");
    assert!(missing(&unread, "clusters/c1/configmaps.json"));
}

/// R13: the skip label keeps the webhook away, whatever its value; without the registration nothing is injected.
#[test]
fn the_skip_label_and_a_missing_registration_keep_the_webhook_away() {
    let setup = "sa ns/app role=r\nrole r irsa=ns:app\n";
    let labelled = app(&format!("{setup}workload ns/app sa=app label:eks.amazonaws.com/skip-pod-identity-webhook=no"));
    assert_eq!((labelled.declared, labelled.identity.source == Source::Irsa), (None, false));
    let gone = estate(&format!("cluster c1 no-webhook\nnode n\n{setup}workload ns/app sa=app"));
    assert_eq!(container(&gone, "ns/app", "app").verdict, Verdict::Broken);
    let unread = estate(&format!(
        "cluster c1\nnode n\n{setup}workload ns/app sa=app\ngap clusters/c1/mutatingwebhookconfigurations.json"
    ));
    let unread = container(&unread, "ns/app", "app");
    assert!(
        unread.verdict == Verdict::Unknown && missing(&unread, "clusters/c1/mutatingwebhookconfigurations.json"),
        "{unread:?}"
    );
    // Ephemeral containers are never mutated.
    let debug = estate(&format!("cluster c1\nnode n\n{GOOD}container debug kind=ephemeral").replace("locked", "n"));
    assert_eq!(container(&debug, "ns/app", "debug").declared, None);
}

/// R15: an annotation with an empty value is none.
#[test]
fn an_empty_annotation_declares_nothing() {
    assert_eq!(app("sa ns/app annotation=\"\"\npod ns/app sa=app node=open").declared, None);
}

/// R16, R46: what is no role ARN is injected all the same and fails.
#[test]
fn a_malformed_arn_reaches_the_pod_and_fails() {
    for wrong in ["r", "\" arn:aws:iam::111122223333:role/r\"", "arn:aws:iam::111122223333:user/r"] {
        let it = app(&format!("role r irsa=ns:app\npod ns/app sa=app node=locked verbatim irsa={wrong}"));
        broken(&it, "R46");
    }
}

/// R18: the audience is the annotation's; the token's must agree with provider and trust.
#[test]
fn an_audience_of_its_own_works_where_all_three_agree() {
    let text =
        "provider c1 clients=sts.amazonaws.com,vault\nsa ns/app role=r audience=vault\nrole r irsa=ns:app aud=vault\n";
    works(&app(&format!("{text}workload ns/app sa=app")), Source::Irsa, "r");
    works(&app(&format!("{text}pod ns/app sa=app node=locked irsa=r audience=vault")), Source::Irsa, "r");
    let stale = app(&format!("{text}pod ns/app sa=app node=locked irsa=r"));
    assert_eq!((stale.verdict, stale.drift), (Verdict::Broken, vec!['h']));
}

/// R20, R53, R67: the global endpoint is pointed at, and changes no verdict.
#[test]
fn a_global_endpoint_is_a_hint() {
    let inventory = estate(
        "cluster c1\nnode locked\nrole r irsa=ns:app\npod ns/app sa=app node=locked irsa=r env:AWS_STS_REGIONAL_ENDPOINTS=legacy",
    );
    let pods = all(&inventory);
    assert_eq!(pods[0].containers[0].verdict, Verdict::Works);
    let hops = resolve::hops(&inventory, &pods[0], 0);
    assert!(hops.iter().any(|hop| hop.rule == "R53" && hop.result == Truth::Unknown));
}

/// R24: half of the pair by hand, and nothing is added.
#[test]
fn half_of_the_pair_by_hand_keeps_the_other_half_out() {
    let it = app("sa ns/app role=r\nrole r irsa=ns:app\nworkload ns/app sa=app env:AWS_WEB_IDENTITY_TOKEN_FILE=/x");
    broken(&it, "R44");
}

/// R26, R45: what is mounted counts, not the volume's name.
#[test]
fn a_volume_of_the_injected_name_keeps_its_own_audience() {
    let it =
        app("sa ns/app role=r\nrole r irsa=ns:app\nworkload ns/app sa=app volume:aws-iam-token=token(vault,token)");
    broken(&it, "R49");
    let ipv6 = "pod ns/app sa=app node=a env:AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]/v1/credentials \
        env:AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t/token volume:t=token(pods.eks.amazonaws.com,token) mount:t=/t";
    works(&app(&format!("node a agent\nrole p pods\nassociation ns/app role=p\n{ipv6}")), Source::PodIdentity, "p");
}

/// R29: a Linux path on Windows works for some SDKs only; a Windows path is found below its mount.
#[test]
fn a_linux_token_path_on_windows_is_open() {
    let text = "node w windows\nrole r irsa=ns:app\n";
    unknown(&app(&format!("{text}pod ns/app sa=app node=w irsa=r")), Source::Irsa, "R29");
    let windows = r"pod ns/app sa=app node=w env:AWS_ROLE_ARN=arn:aws:iam::@account:role/r env:AWS_WEB_IDENTITY_TOKEN_FILE=C:\var\token volume:t=token(sts.amazonaws.com,token) mount:t=/var";
    works(&app(&format!("{text}{windows}")), Source::Irsa, "r");
}

/// R31, R112: for a running pod what it carries decides, not what would be injected now.
#[test]
fn observed_beats_expected_for_a_running_pod() {
    let it = app(
        "node a agent\nsa ns/app\nrole r irsa=ns:app\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=a irsa=r",
    );
    assert_eq!((it.identity.source, it.drift), (Source::Irsa, vec!['d']));
}

/// R32, R33, R42: nothing configured leaves instance metadata, and then nobody.
#[test]
fn with_nothing_configured_the_node_answers_or_nobody() {
    works(&app("pod ns/app node=open"), Source::NodeRole, "node");
    let none = app("pod ns/app node=locked");
    assert_eq!((none.verdict, none.identity.source, none.declared), (Verdict::None, Source::None, None));
    unknown(
        &app("pod ns/app node=open env:AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/x"),
        Source::Unknown,
        "R32",
    );
}

/// R34: files come before web identity in Rust and C++.
#[test]
fn sdks_that_read_files_first_are_named() {
    let it = app(&format!("{} volume:c=empty mount:c=/root/.aws", GOOD.trim_end()));
    works(&it, Source::Irsa, "r");
    assert_eq!(it.differs[0].sdks, ["Rust", "C++"]);
}

/// R36: whether the SDK is new enough for Pod Identity is said to be invisible, and decides nothing.
#[test]
fn the_sdk_version_is_mentioned_and_decides_nothing() {
    let inventory = estate(&format!("cluster c1\n{AGENT}pod ns/app sa=app node=a pi"));
    let pods = all(&inventory);
    let at = pods.iter().position(|it| it.namespace == *"ns").expect("the pod");
    let hops = resolve::hops(&inventory, &pods[at], 0);
    assert!(hops.iter().any(|hop| hop.rule == "R36" && hop.result == Truth::Unknown));
    assert_eq!(pods[at].containers[0].verdict, Verdict::Works);
}

/// R37: with a container endpoint set, C++ does not ask instance metadata.
#[test]
fn a_broken_endpoint_falls_through_in_java_only() {
    let it = app("node n hop=2\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=n pi");
    broken(&it, "R77");
    assert_eq!(it.fallback.expect("a fallback").sdks, ["Java v2"]);
    let both = app(
        "node a agent hop=2\nrole r irsa=ns:x\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=a irsa=r pi",
    );
    let fallback = both.fallback.expect("a fallback");
    assert_eq!(fallback.credential.source, Source::PodIdentity);
}

/// R38: metadata switched off is off for the default identity, and stays within reach.
#[test]
fn metadata_disabled_for_sdks_is_still_reachable() {
    let it = app("pod ns/app node=open env:AWS_EC2_METADATA_DISABLED=TRUE");
    assert_eq!((it.verdict, it.identity.source, it.rule), (Verdict::None, Source::None, "R38"));
    assert_eq!(via(&it, Via::Imds), [(role("node"), Truth::Yes)]);
    let odd = app("pod ns/app node=open env:AWS_EC2_METADATA_DISABLED=false");
    works(&odd, Source::NodeRole, "node");
    assert_eq!(odd.differs[0].sdks, ["JavaScript v3"]);
}

/// R47, R133: see T47. R50: a token of another signer finds no provider.
#[test]
fn a_provider_of_a_cluster_that_is_gone_does_not_help() {
    let inventory =
        estate("cluster c1 no-provider\ncluster old\nnode n\nrole r irsa=ns:app\npod ns/app sa=app node=n irsa=r");
    broken(&container(&inventory, "ns/app", "app"), "R48");
}

/// R52, R193: a role is absent only where its account was listed whole.
#[test]
fn an_absent_role_is_absent_only_in_a_whole_list() {
    broken(&app("pod ns/app sa=app node=locked irsa=gone"), "R52");
    let unread = app("pod ns/app sa=app node=locked irsa=gone\ngap aws/iam.json");
    unknown(&unread, Source::Irsa, "R52");
    assert!(missing(&unread, "aws/iam.json"));
}

/// R48, R49, R191: unread providers leave the verdict open.
#[test]
fn unread_providers_leave_the_verdict_open() {
    let it = app(&format!("{GOOD}gap aws/get-open-id-connect-provider.jsonl"));
    unknown(&it, Source::Irsa, "R49");
    assert!(missing(&it, "aws/get-open-id-connect-provider.jsonl"));
}

/// R54: SCPs that were not read do not bear on an unsigned call.
#[test]
fn unread_scps_leave_a_web_identity_certain() {
    let it = app(&format!("{GOOD}gap aws/organizations-list-policies-for-target.json"));
    works(&it, Source::Irsa, "r");
    assert!(it.certain);
}

/// R55, R58: conditions of a statement must all hold.
#[test]
fn every_condition_must_hold() {
    let it = app(
        r#"role r irsa=ns:app condition={"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:app","@issuer:aud":"vault"}}
        pod ns/app sa=app node=locked irsa=r"#,
    );
    broken(&it, "R62");
}

/// R56, R57: wildcards in actions match; `*` as a principal is everyone; wildcards in provider ARNs are none.
#[test]
fn wildcards_are_wildcards_where_iam_says_so() {
    let text = |options: &str| app(&format!("role r irsa=ns:app {options}\npod ns/app sa=app node=locked irsa=r"));
    works(&text("action=STS:AssumeRole*"), Source::Irsa, "r");
    broken(&text("federated=arn:aws:iam::@account:oidc-provider/*"), "R57");
    let everyone = r#"role r trust={"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"}"#;
    works(&app(&format!("{everyone}\npod ns/app sa=app node=locked irsa=r")), Source::Irsa, "r");
    unknown(&text(r#"federated=*"#), Source::Irsa, "R67");
}

/// R59, R60: `Null` asks whether a key is there; `ForAnyValue` fails without it.
#[test]
fn operators_on_missing_keys_follow_the_table() {
    let ask = |condition: &str| {
        let it = app(&format!("role r irsa=ns:app condition={condition}\npod ns/app sa=app node=locked irsa=r"));
        it.verdict
    };
    let gone = "other.example/id/X:sub";
    assert_eq!(ask(&format!(r#"{{"Null":{{"{gone}":"true"}}}}"#)), Verdict::Works);
    assert_eq!(ask(&format!(r#"{{"Null":{{"{gone}":"false"}}}}"#)), Verdict::Broken);
    assert_eq!(ask(&format!(r#"{{"ForAnyValue:StringEquals":{{"{gone}":"x"}}}}"#)), Verdict::Broken);
    assert_eq!(ask(r#"{"ForAnyValue:StringEquals":{"@issuer:sub":"system:serviceaccount:ns:app"}}"#), Verdict::Works);
    // A type that does not fit the key.
    assert_ne!(ask(r#"{"ArnLike":{"@issuer:sub":"system:serviceaccount:ns:*"}}"#), Verdict::Works);
}

/// R65: no subject at all admits every account of the cluster.
#[test]
fn no_subject_admits_every_account() {
    works(
        &app(r#"role r irsa=x:x condition={"StringEquals":{"@issuer:aud":"sts.amazonaws.com"}}
        pod ns/app sa=anyone node=locked irsa=r"#),
        Source::Irsa,
        "r",
    );
}

/// R66: subject and audience swapped are never true, and said so.
#[test]
fn swapped_subject_and_audience_are_named() {
    let it = app(r#"role r irsa=ns:app condition={"StringEquals":{"@issuer:aud":"system:serviceaccount:ns:app"}}
        pod ns/app sa=app node=locked irsa=r"#);
    broken(&it, "R66");
}

/// R67: time is known, the session's name where the container sets it, the network never, and a key that an unsigned
/// call cannot carry is absent.
#[test]
fn other_keys_are_known_absent_or_open() {
    let ask = |condition: &str, env: &str| {
        app(&format!("now 2026-01-01T00:00:00Z\nrole r irsa=ns:app condition={condition}\npod ns/app sa=app node=locked irsa=r {env}")).verdict
    };
    assert_eq!(ask(r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#, ""), Verdict::Works);
    assert_eq!(ask(r#"{"DateLessThan":{"aws:CurrentTime":"2025-01-01T00:00:00Z"}}"#, ""), Verdict::Broken);
    let session = r#"{"StringEquals":{"sts:RoleSessionName":"me"}}"#;
    assert_eq!(ask(session, ""), Verdict::Unknown);
    assert_eq!(ask(session, "env:AWS_ROLE_SESSION_NAME=me"), Verdict::Works);
    assert_eq!(ask(session, "env:AWS_ROLE_SESSION_NAME=you"), Verdict::Broken);
    assert_eq!(ask(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, ""), Verdict::Unknown);
    assert_eq!(ask(r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, ""), Verdict::Broken);
    assert_eq!(ask(r#"{"StringEquals":{"what:ever":"x"}}"#, ""), Verdict::Unknown);
}

/// R68: a variable that is not known leaves the value open.
#[test]
fn an_unknown_policy_variable_is_open() {
    let it = app(r#"role r irsa=ns:app sub=system:serviceaccount:${aws:SourceVpc}:app op=StringLike
        pod ns/app sa=app node=locked irsa=r"#);
    assert_eq!(it.verdict, Verdict::Unknown);
}

/// R72: a refusal names the clause and the edit that would flip it.
#[test]
fn a_refusal_names_the_edit_that_would_flip_it() {
    let inventory = estate(
        "cluster c1\nnode n\nrole r irsa=ns:app sub=system:serviceaccount:ns:*\npod ns/app sa=app node=n irsa=r",
    );
    let pods = all(&inventory);
    let hops = resolve::hops(&inventory, &pods[0], 0);
    let edits: Vec<_> = hops.iter().flat_map(|hop| &hop.edits).collect();
    assert_eq!(edits.len(), 1, "{hops:?}");
    assert_eq!(
        (edits[0].statement, edits[0].from.as_str(), edits[0].to.as_str()),
        (0, "\"StringEquals\"", "\"StringLike\"")
    );
}

/// R74, R51: a token of the right audience reaches every role that trusts the account; without one, none.
#[test]
fn latent_roles_need_a_token_of_the_right_audience() {
    let roles =
        "role r irsa=ns:app\nrole s irsa=ns:* op=StringLike\nrole t irsa=other:app\nrole u irsa=ns:app aud=vault\n";
    let it = app(&format!("{roles}pod ns/app sa=app node=locked irsa=r"));
    assert_eq!(via(&it, Via::LatentTrust), [(role("s"), Truth::Yes)]);
    let without = app(&format!("{roles}pod ns/app sa=app node=locked"));
    assert!(without.reachable.is_empty());
    let own = app(&format!("{roles}pod ns/app sa=app node=locked volume:t=token(sts.amazonaws.com,t) mount:t=/t"));
    assert_eq!(via(&own, Via::LatentTrust), [(role("r"), Truth::Yes), (role("s"), Truth::Yes)]);
    let unread =
        app(&format!("{roles}pod ns/app sa=app node=locked irsa=r\ngap aws/get-open-id-connect-provider.jsonl"));
    assert!(via(&unread, Via::LatentTrust).contains(&(role("s"), Truth::Unknown)));
}
