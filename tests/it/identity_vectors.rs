//! The test vectors of identity.md section 16, by number.
//!
//! Not here: T37 to T45. They ask what RBAC, aws-auth and access entries let a subject create or impersonate, which is
//! the access graph's question and not this module's (R139 to R184); T38 is here as far as it says that an API token is
//! no AWS credential, and the mutual exclusion of sources is.

use rolewalk::base::Truth;
use rolewalk::identity::resolve::{PodIdentity, all};
use rolewalk::identity::{Identity, Source, Verdict, Via};
use rolewalk::model::Inventory;
use rolewalk::testing::estate_text::estate;

/// Cluster C1, a locked node and a role `r` that trusts `ns/app`, as T1 has it.
const C1: &str = "
cluster c1
node locked tokens=required hop=1
node open tokens=required hop=2
";

pub fn entry<'a>(pods: &'a [PodIdentity], name: &str) -> &'a PodIdentity {
    let (namespace, name) = name.split_once('/').expect("NS/NAME");
    pods.iter()
        .find(|it| {
            it.namespace == *namespace && it.owner_name() == name
                || it.pod.as_ref().is_some_and(|pod| pod.meta.name == *name && it.namespace == *namespace)
        })
        .unwrap_or_else(|| panic!("no row for {namespace}/{name}"))
}

/// The identity of one container of `NS/POD` in an estate.
pub fn container(inventory: &Inventory, pod: &str, container: &str) -> Identity {
    let pods = all(inventory);
    let entry = entry(&pods, pod);
    let at = entry.spec.containers.iter().position(|it| it.name == *container).expect("the container");
    (*entry.containers[at]).clone()
}

/// The identity of container `app` of pod `ns/app`.
pub fn app(text: &str) -> Identity {
    container(&estate(&format!("{C1}{text}")), "ns/app", "app")
}

pub fn role(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

#[track_caller]
pub fn works(identity: &Identity, source: Source, name: &str) {
    assert_eq!(identity.verdict, Verdict::Works, "{identity:?}");
    assert_eq!((identity.identity.source, identity.identity.role.as_deref()), (source, Some(role(name).as_str())));
}

#[track_caller]
pub fn broken(identity: &Identity, rule: &str) {
    assert_eq!(identity.verdict, Verdict::Broken, "{identity:?}");
    assert_eq!((identity.identity.source, identity.rule), (Source::None, rule), "{}", identity.why);
}

/// A pod with role `r` injected, and the role with these options.
fn irsa(options: &str) -> Identity {
    app(&format!("sa ns/app role=r\nrole r irsa=ns:app {options}\npod ns/app sa=app node=locked irsa=r"))
}

/// T1, R48, R49, R55: everything in place.
#[test]
fn t01_a_trusted_and_injected_pod_has_its_role() {
    works(&irsa(""), Source::Irsa, "r");
}

/// T2, R63: a star under StringEquals is a star.
#[test]
fn t02_a_literal_wildcard_admits_nobody() {
    broken(&irsa("sub=system:serviceaccount:ns:*"), "R63");
}

/// T3, R64: StringLike with a star admits the whole namespace.
#[test]
fn t03_string_like_opens_the_namespace() {
    works(&irsa("sub=system:serviceaccount:ns:* op=StringLike"), Source::Irsa, "r");
}

const KEY_OF_C2: &str = "key=oidc.eks.eu-west-1.amazonaws.com/id/C2 aud=none";

/// T4, R61: the key of another issuer is missing from this token.
#[test]
fn t04_the_key_of_another_cluster_is_missing() {
    broken(&irsa(KEY_OF_C2), "R61");
}

/// T5, R60, R61: ForAllValues holds for a missing key, for every account of the cluster.
#[test]
fn t05_for_all_values_of_a_missing_key_opens_the_role() {
    vacuous("ForAllValues:StringEquals");
}

/// T6, R59: so does IfExists.
#[test]
fn t06_if_exists_on_a_missing_key_opens_the_role() {
    vacuous("StringEqualsIfExists");
}

/// T7, R59: so does a negated operator.
#[test]
fn t07_a_negated_operator_on_a_missing_key_opens_the_role() {
    vacuous("StringNotEquals");
}

fn vacuous(operator: &str) {
    works(&irsa(&format!("{KEY_OF_C2} op={operator}")), Source::Irsa, "r");
    let other = app(&format!("role r irsa=ns:someone {KEY_OF_C2} op={operator}\npod ns/app sa=app node=locked irsa=r"));
    works(&other, Source::Irsa, "r");
}

/// T8, R56: `sts:AssumeRole` is another action.
#[test]
fn t08_assume_role_is_not_web_identity() {
    broken(&irsa("action=sts:AssumeRole"), "R56");
}

/// T9, R49: without an audience condition the provider's client ids still count.
#[test]
fn t09_no_audience_condition_is_no_open_door() {
    works(&irsa("aud=none"), Source::Irsa, "r");
    let other = app("role r irsa=ns:app aud=none\npod ns/app sa=app node=locked irsa=r audience=vault");
    broken(&other, "R49");
}

/// T10, R49, R138: the provider registers another audience.
#[test]
fn t10_an_unregistered_audience_is_refused() {
    let text = "provider c1 clients=sts.amazonaws.com.cn\nrole r irsa=ns:app\npod ns/app sa=app node=locked irsa=r";
    broken(&app(text), "R49");
}

/// T11, R48, R120: the provider must be in the role's account.
#[test]
fn t11_the_providers_of_the_roles_account_count() {
    let text = "account 444455556666\nrole r account=444455556666 irsa=ns:app
        pod ns/app sa=app node=locked irsa=arn:aws:iam::444455556666:role/r";
    broken(&app(text), "R48");
}

/// T12, R52, R191: an account that was not read leaves the answer open and says so.
#[test]
fn t12_an_unread_account_is_named() {
    let it = app("pod ns/app sa=app node=locked irsa=arn:aws:iam::444455556666:role/r");
    assert_eq!((it.verdict, it.identity.source), (Verdict::Unknown, Source::Irsa));
    assert_eq!(it.identity.role.as_deref(), Some("arn:aws:iam::444455556666:role/r"));
    assert!(it.missing.iter().any(|source| source.path == "accounts/444455556666/iam.json"), "{:?}", it.missing);
}

/// T13, R57: a provider ARN of another account is no principal of this role.
#[test]
fn t13_a_provider_of_another_account_does_not_match() {
    let text = "account 444455556666\nprovider c1 account=444455556666
        role r account=444455556666 irsa=ns:app federated=@provider
        pod ns/app sa=app node=locked irsa=arn:aws:iam::444455556666:role/r";
    broken(&app(text), "R57");
}

/// T14, R70: a Deny beside the Allow decides and is named.
#[test]
fn t14_an_explicit_deny_is_named() {
    let it = irsa(
        r#"sub=system:serviceaccount:ns:* op=StringLike and={"Sid":"not-you","Effect":"Deny","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:app"}}}"#,
    );
    broken(&it, "R70");
    assert!(it.why.contains("not-you"), "{}", it.why);
}

/// T15, R69: an operator that nobody knows hides nothing.
#[test]
fn t15_an_unknown_operator_in_a_deny_leaves_it_open() {
    let it = irsa(
        r#"and={"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"StringRhymesWith":{"@issuer:sub":"x"}}}"#,
    );
    assert_eq!((it.verdict, it.identity.source), (Verdict::Unknown, Source::Irsa), "{it:?}");
}

/// T16, R113: annotated after the pod was made; the next source answers.
#[test]
fn t16_an_annotation_after_the_pod_changes_nothing() {
    let it = app("sa ns/app role=r\nrole r irsa=ns:app\npod ns/app sa=app node=open");
    assert_eq!((it.verdict, it.identity.source), (Verdict::FallsBack, Source::NodeRole));
    assert_eq!(it.drift, ['a']);
    let locked = app("sa ns/app role=r\nrole r irsa=ns:app\npod ns/app sa=app node=locked");
    assert_eq!((locked.verdict, locked.identity.source, locked.drift), (Verdict::Broken, Source::None, vec!['a']));
}

/// T17, R113, R114: the pod keeps the role it was made with.
#[test]
fn t17_a_changed_annotation_leaves_the_pod_its_role() {
    let it = app("sa ns/app role=s\nrole r irsa=ns:app\nrole s irsa=ns:app\npod ns/app sa=app node=locked irsa=r");
    works(&it, Source::Irsa, "r");
    assert_eq!(it.drift, ['b']);
    assert_eq!(it.declared.and_then(|it| it.role).as_deref(), Some(role("s").as_str()));
}

/// T18, R113: a removed annotation takes nothing away.
#[test]
fn t18_a_removed_annotation_takes_nothing_away() {
    let it = app("sa ns/app\nrole r irsa=ns:app\npod ns/app sa=app node=locked irsa=r");
    works(&it, Source::Irsa, "r");
    assert_eq!((it.drift, it.declared), (vec!['c'], None));
}

/// T19, R14: with both, the association wins at admission.
#[test]
fn t19_an_association_wins_over_an_annotation() {
    let text = "node agents agent\nsa ns/app role=r\nrole r irsa=ns:app\nrole p pods\nassociation ns/app role=p\n";
    works(&app(&format!("{text}pod ns/app sa=app node=agents pi")), Source::PodIdentity, "p");
    // A fresh pod of the same template: Pod Identity and nothing else.
    let predicted = app(&format!("{text}workload ns/app sa=app"));
    assert_eq!(predicted.identity.source, Source::PodIdentity);
    assert_eq!(predicted.identity.role.as_deref(), Some(role("p").as_str()));
}

/// T20, R41: variables written by hand beside an association: web identity comes first.
#[test]
fn t20_web_identity_by_hand_beats_the_association() {
    let it = app("node agents agent\nrole r irsa=ns:app\nrole p pods\nassociation ns/app role=p
        pod ns/app sa=app node=agents irsa=r pi");
    assert_eq!((it.identity.source, it.rule), (Source::Irsa, "R72"));
    assert_eq!(it.identity.role.as_deref(), Some(role("r").as_str()));
    assert!(it.reachable.iter().any(|it| it.via == Via::AssociationToken && it.role == *role("p")), "{it:?}");
}

/// T21, R24, R44: only the role: nothing is added, and web identity is off.
#[test]
fn t21_a_role_without_a_token_file_turns_web_identity_off() {
    let it = app("sa ns/app role=r\nrole r irsa=ns:app\npod ns/app sa=app node=open env:AWS_ROLE_ARN=@x");
    assert_eq!((it.verdict, it.identity.source, it.rule), (Verdict::FallsBack, Source::NodeRole, "R44"));
    let predicted = app("sa ns/app role=r\nrole r irsa=ns:app\nworkload ns/app sa=app env:AWS_ROLE_ARN=@x");
    assert_eq!(predicted.rule, "R44", "{predicted:?}");
}

/// T22, R25: all four variables by the author: the webhook leaves the container alone, mount included.
#[test]
fn t22_a_container_left_entirely_alone_has_no_token() {
    let env = "env:AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r env:AWS_REGION=eu-west-1 \
        env:AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
    let setup = "sa ns/app role=r\nrole r irsa=ns:app\n";
    let alone = app(&format!("{setup}workload ns/app sa=app {env} env:AWS_STS_REGIONAL_ENDPOINTS=regional"));
    broken(&alone, "R45");
    let running = app(&format!("{setup}pod ns/app sa=app node=locked {env} env:AWS_STS_REGIONAL_ENDPOINTS=regional"));
    broken(&running, "R45");
    // One variable less, and the mount is added.
    works(&app(&format!("{setup}workload ns/app sa=app {env}")), Source::Irsa, "r");
}

/// T23, R22: the list is split at commas and nothing is trimmed.
#[test]
fn t23_a_blank_in_the_skip_list_belongs_to_the_name() {
    let text = format!(
        "{C1}sa ns/app role=r\nrole r irsa=ns:app\nworkload ns/app sa=app skip=\"a, b\"\ncontainer a\ncontainer b"
    );
    let inventory = estate(&text);
    assert_eq!(container(&inventory, "ns/app", "a").declared, None);
    works(&container(&inventory, "ns/app", "b"), Source::Irsa, "r");
}

/// T24, R11, R23: envFrom is not looked at by the webhook, and env beats it.
#[test]
fn t24_an_injected_role_beats_one_from_a_config_map() {
    let text = "sa ns/app role=r\nrole r irsa=ns:app\nrole s irsa=ns:app\nconfigmap ns/settings data:AWS_ROLE_ARN=x\n";
    works(&app(&format!("{text}pod ns/app sa=app node=locked from:configmap=settings irsa=r")), Source::Irsa, "r");
    works(&app(&format!("{text}workload ns/app sa=app from:configmap=settings")), Source::Irsa, "r");
}

/// T25, R35: static keys shadow everything, except in .NET.
#[test]
fn t25_static_keys_come_first_except_in_dotnet() {
    let it = app("sa ns/app role=r\nrole r irsa=ns:app
        pod ns/app sa=app node=locked irsa=r env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=secret(k/s)");
    assert_eq!((it.identity.source, it.verdict), (Source::StaticKeys, Verdict::Works));
    let other = &it.differs[0];
    assert_eq!((other.credential.source, other.sdks), (Source::Irsa, &[".NET v3"][..]));
    // The role stays within reach of the code.
    assert!(it.reachable.iter().any(|it| it.via == Via::Token && it.role == *role("r")), "{:?}", it.reachable);
}

/// T26, R34: Java walks on to the node role, Go stops.
#[test]
fn t26_java_falls_through_a_broken_trust() {
    let it = app("role r irsa=ns:other\npod ns/app sa=app node=open irsa=r");
    broken(&it, "R62");
    let fallback = it.fallback.expect("a fallback");
    assert_eq!(fallback.credential.role.as_deref(), Some(role("node").as_str()));
    assert!(fallback.sdks.contains(&"Java v2") && !fallback.sdks.contains(&"Go v2"));
}

fn plain(node: &str, pod: &str) -> Identity {
    app(&format!("node n {node}\npod ns/app node=n {pod}"))
}

/// T27, R97: the hop limit does not stop IMDSv1.
#[test]
fn t27_a_hop_limit_does_not_stop_imds_v1() {
    let it = plain("hop=1 tokens=optional", "");
    works(&it, Source::NodeRole, "node");
    assert_eq!(it.rule, "R97");
}

/// T28, R96: the host network is no hop.
#[test]
fn t28_the_host_network_is_no_hop() {
    works(&plain("hop=1 tokens=required", "host"), Source::NodeRole, "node");
}

/// T29, R96: tokens required and one hop keep ordinary pods off.
#[test]
fn t29_required_tokens_and_one_hop_keep_pods_off() {
    let it = plain("hop=1 tokens=required", "");
    assert_eq!((it.identity.source, it.verdict), (Source::None, Verdict::None));
    assert!(it.reachable.is_empty());
}

/// T30, R14, R76: on Fargate an association costs the pod its IRSA role.
#[test]
fn t30_an_association_on_fargate_breaks_irsa_too() {
    let it = app("node f kind=fargate\nsa ns/app role=r\nrole r irsa=ns:app\nrole p pods\nassociation ns/app role=p
        pod ns/app sa=app node=f pi");
    broken(&it, "R76");
    assert_eq!(it.fallback, None);
}

/// T31, R77, R115: the agent is missing on one node only.
#[test]
fn t31_a_missing_agent_breaks_its_own_node() {
    let inventory = estate(
        "cluster c1\nnode a agent\nnode b\nrole p pods\nassociation ns/app role=p
        pod ns/one sa=app node=a owner=StatefulSet/app pi\npod ns/two sa=app node=b owner=StatefulSet/app pi",
    );
    works(&container(&inventory, "ns/one", "app"), Source::PodIdentity, "p");
    broken(&container(&inventory, "ns/two", "app"), "R77");
    let pods = all(&inventory);
    let mixed = rolewalk::identity::rollout::mixed(&pods);
    assert_eq!(mixed.len(), 1);
    assert_eq!(mixed[0].counts.iter().map(|it| it.1).collect::<Vec<_>>(), [1, 1]);
}

fn pods(role: &str, association: &str) -> Identity {
    app(&format!(
        "node agents agent\nrole p {role}\nassociation ns/app role=p {association}\npod ns/app sa=app node=agents pi"
    ))
}

/// T32, R81: the service must be allowed to tag the session.
#[test]
fn t32_pod_identity_needs_tag_session() {
    broken(&pods("pods action=sts:AssumeRole", ""), "R81");
    let without_tags = pods("pods action=sts:AssumeRole", "no-tags");
    assert_eq!(without_tags.verdict, Verdict::Unknown);
}

/// T33, R82: a pinned namespace needs session tags.
#[test]
fn t33_a_pinned_namespace_needs_session_tags() {
    let pinned = r#"pods={"StringEquals":{"aws:RequestTag/kubernetes-namespace":"ns"}}"#;
    works(&pods(pinned, ""), Source::PodIdentity, "p");
    broken(&pods(pinned, "no-tags"), "R82");
}

/// T34, R84: the external id is the association's.
#[test]
fn t34_a_target_role_with_another_external_id_refuses() {
    let estate = |wanted: &str| {
        app(&format!(
            r#"node agents agent
            role p pods policy={{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"*"}}
            role t trust={{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::@account:role/p"}},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{"sts:ExternalId":"{wanted}"}}}}}}
            association ns/app role=p target=t external=eu-west-1/111122223333/c1/ns/app
            pod ns/app sa=app node=agents pi"#
        ))
    };
    works(&estate("eu-west-1/111122223333/c1/ns/app"), Source::PodIdentity, "t");
    broken(&estate("eu-west-1/111122223333/c1/ns/other"), "R84");
}

/// T35, R86: the policy bounds the target's session only; the identity is the target role.
#[test]
fn t35_an_association_policy_bounds_the_target() {
    let it = app(r#"node agents agent
        role p pods
        role t trusts=arn:aws:iam::@account:role/p
        association ns/app role=p target=t no-tags policy={"Version":"2012-10-17","Statement":[]}
        pod ns/app sa=app node=agents pi"#);
    works(&it, Source::PodIdentity, "t");
}

/// T36, R64: a pattern that ends inside the namespace admits every account of namespaces that start so.
#[test]
fn t36_an_open_prefix_admits_other_namespaces() {
    let inventory = estate(&format!(
        "{C1}role r irsa=x:x sub=system:serviceaccount:prod* op=StringLike
        pod prod-x/app sa=anything node=locked irsa=r\npod dev/app sa=anything node=locked irsa=r"
    ));
    works(&container(&inventory, "prod-x/app", "app"), Source::Irsa, "r");
    broken(&container(&inventory, "dev/app", "app"), "R62");
}

/// T38, R51: an API token is no credential for AWS.
#[test]
fn t38_the_api_token_reaches_no_role() {
    let it = app(
        "role r irsa=ns:app aud=none
        pod ns/app sa=app node=locked volume:api=token(,token) mount:api=/var/run/secrets/kubernetes.io/serviceaccount",
    );
    assert!(it.reachable.is_empty(), "{:?}", it.reachable);
}

/// T46, R61, R125: two providers and a condition on one issuer only.
#[test]
fn t46_a_condition_on_one_issuer_says_nothing_of_the_other() {
    let text = |operator: &str| {
        format!(
            r#"cluster c1
            cluster c2
            node n1
            node n2 cluster=c2
            role r trust={{"Effect":"Allow","Principal":{{"Federated":["@provider:c1","@provider:c2"]}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"{operator}":{{"@issuer:c1:sub":"system:serviceaccount:ns:app"}}}}}}
            pod ns/one sa=app node=n1 irsa=r
            pod ns/two cluster=c2 sa=app node=n2 irsa=r"#
        )
    };
    let strict = estate(&text("StringEquals"));
    works(&container(&strict, "ns/one", "app"), Source::Irsa, "r");
    broken(&container(&strict, "ns/two", "app"), "R61");
    works(&container(&estate(&text("StringEqualsIfExists")), "ns/two", "app"), Source::Irsa, "r");
}

/// T47, R47, R133: no STS assumes into another partition.
#[test]
fn t47_a_role_of_another_partition_is_out_of_reach() {
    let inventory = estate(
        "cluster g region=us-gov-west-1\nnode n
        pod ns/app sa=app node=n irsa=arn:aws:iam::111122223333:role/r",
    );
    broken(&container(&inventory, "ns/app", "app"), "R47");
}

/// T48, R62: values compare with case.
#[test]
fn t48_a_subject_in_another_case_is_another_subject() {
    broken(&irsa("sub=system:serviceaccount:ns:App"), "R62");
}

/// T49, R62: keys do not.
#[test]
fn t49_condition_keys_ignore_case() {
    works(&irsa("key=OIDC.EKS.EU-WEST-1.AMAZONAWS.COM/ID/C1"), Source::Irsa, "r");
}

/// T50, R8: a suspended cron job is answered for without pods.
#[test]
fn t50_a_suspended_cron_job_is_predicted() {
    let inventory =
        estate(&format!("{C1}sa ns/app role=r\nrole r irsa=ns:app\nworkload ns/app kind=CronJob suspended sa=app"));
    let pods = all(&inventory);
    let entry = entry(&pods, "ns/app");
    assert!(entry.pod.is_none());
    let it = &entry.containers[0];
    works(it, Source::Irsa, "r");
    assert_eq!((it.certain, it.drift.len()), (true, 0));
    assert!(it.reachable.iter().all(|it| it.certainty != Truth::Yes), "{:?}", it.reachable);
}
