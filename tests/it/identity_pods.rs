//! Single rules of identity.md on Pod Identity, nodes, what else can be reached, drift, and missing data (R75 onwards).

use std::collections::BTreeMap;

use rolewalk::base::Truth;
use rolewalk::identity::resolve::{self, all};
use rolewalk::identity::{Identity, Reachable, Source, Verdict, Via};
use rolewalk::model::Inventory;
use rolewalk::testing::estate_text::estate;

use crate::identity_rules::{GOOD, missing, unknown, via};
use crate::identity_vectors::{app, broken, container, entry, role, works};

/// A node with the agent and an association for `ns/app`.
pub const AGENT: &str = "node a agent\nrole p pods\nassociation ns/app role=p\n";

/// R75, R191: unread associations leave the role of Pod Identity open; listed ones without description too.
#[test]
fn an_association_that_was_not_read_is_no_missing_association() {
    let pod = "pod ns/app sa=app node=a pi\n";
    works(&app(&format!("{AGENT}{pod}")), Source::PodIdentity, "p");
    let gone = app(&format!("node a agent\n{pod}"));
    broken(&gone, "R75");
    assert_eq!(gone.drift, ['e']);
    let unread = app(&format!("node a agent\n{pod}gap clusters/c1/list-pod-identity-associations.json"));
    unknown(&unread, Source::PodIdentity, "R75");
    let listed = app(&format!("node a agent\nassociation ns/app role=p undescribed\n{pod}"));
    unknown(&listed, Source::PodIdentity, "R75");
    assert!(missing(&listed, "clusters/c1/describe-pod-identity-association.jsonl"));
}

/// R76, R95: neither Windows nor Fargate; Fargate has no metadata either.
#[test]
fn pod_identity_wants_linux_on_ec2() {
    let windows = app("node w windows agent\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=w pi");
    broken(&windows, "R76");
    let fargate = app("node f kind=fargate\npod ns/app node=f");
    assert_eq!((fargate.verdict, fargate.rule, fargate.reachable.len()), (Verdict::None, "R95", 0));
}

/// R77, R94: Auto Mode has the agent built in and its role in the node class or the cluster.
#[test]
fn auto_mode_has_its_agent_built_in() {
    let it = app("node x kind=auto\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=x pi");
    works(&it, Source::PodIdentity, "p");
}

/// R78, R79: the token must be one for the agent, and it must be there.
#[test]
fn the_agent_wants_a_token_for_itself() {
    let pod = "pod ns/app sa=app node=a env:AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials \
        env:AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t/token";
    broken(&app(&format!("{AGENT}{pod}")), "R45");
    broken(&app(&format!("{AGENT}{pod} volume:t=token(vault,token) mount:t=/t")), "R79");
}

/// R80, R122: the base role is of the cluster's account.
#[test]
fn a_foreign_base_role_is_refused() {
    broken(
        &app("node a agent\nassociation ns/app role=arn:aws:iam::444455556666:role/x\npod ns/app sa=app node=a pi"),
        "R80",
    );
}

/// R81: neighbours of the service's name do not do.
#[test]
fn another_service_principal_does_not_do() {
    broken(
        &app(
            "node a agent\nrole p pods service=ec2.amazonaws.com\nassociation ns/app role=p\npod ns/app sa=app node=a pi",
        ),
        "R81",
    );
}

/// R82: the source ARN is expected to be the cluster's; what hangs on it otherwise is open.
#[test]
fn a_pinned_source_arn_works_or_is_open() {
    let ask = |arn: &str| {
        app(&format!("node a agent\nrole p pods={{\"ArnLike\":{{\"aws:SourceArn\":\"{arn}\"}}}}\nassociation ns/app role=p\npod ns/app sa=app node=a pi")).verdict
    };
    assert_eq!(ask("arn:aws:eks:eu-west-1:@account:cluster/c1"), Verdict::Works);
    assert_eq!(ask("arn:aws:eks:eu-west-1:@account:cluster/other"), Verdict::Unknown);
    let account = r#"pods={"StringEquals":{"aws:SourceAccount":"444455556666"}}"#;
    broken(
        &app(&format!("node a agent\nrole p {account}\nassociation ns/app role=p\npod ns/app sa=app node=a pi")),
        "R82",
    );
}

/// R84, R85, R86: both sides of the step to the target role must agree, tags included.
#[test]
fn the_target_role_needs_both_sides() {
    let ask = |base: &str, target: &str, association: &str| {
        app(&format!(
            "node a agent\nrole p pods {base}\nrole t {target}\nassociation ns/app role=p target=t {association}\npod ns/app sa=app node=a pi"
        ))
    };
    works(&ask("", "trusts=arn:aws:iam::@account:role/p", ""), Source::PodIdentity, "t");
    broken(&ask("", "trusts=arn:aws:iam::@account:root", ""), "R84");
    let assume = r#"policy={"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
    broken(&ask(assume, "trusts=arn:aws:iam::@account:root", ""), "R84");
    works(&ask(assume, "trusts=arn:aws:iam::@account:root", "no-tags"), Source::PodIdentity, "t");
    let tagged = |namespace: &str| {
        format!(
            r#"trust={{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::@account:role/p"}},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{"aws:RequestTag/kubernetes-namespace":"{namespace}"}}}}}}"#
        )
    };
    works(&ask("", &tagged("ns"), ""), Source::PodIdentity, "t");
    broken(&ask("", &tagged("other"), ""), "R84");
}

/// R88: an association younger than the pod reaches it only after a restart.
#[test]
fn a_younger_association_wants_a_restart() {
    let it = app(&format!("{AGENT}pod ns/app sa=app node=open"));
    assert_eq!((it.verdict, it.drift), (Verdict::FallsBack, vec!['f']));
}

/// R89: reports differ on host-network pods, and so does the answer.
#[test]
fn a_host_network_pod_with_pod_identity_is_open() {
    unknown(&app(&format!("{AGENT}pod ns/app sa=app node=a host pi")), Source::PodIdentity, "R89");
}

/// R90, R98: a policy that shuts the agent off counts where something enforces it.
#[test]
fn network_policies_count_where_they_are_enforced() {
    let shut = "netpol ns/shut to=10.0.0.0/8\n";
    let pi = app(&format!("{AGENT}{shut}pod ns/app sa=app node=a pi"));
    unknown(&pi, Source::PodIdentity, "R90");
    broken(&app(&format!("{AGENT}{shut}daemonset kube-system/cilium\npod ns/app sa=app node=a pi")), "R90");
    let imds = |policy: &str| app(&format!("{policy}daemonset kube-system/calico-node\npod ns/app node=open"));
    assert_eq!((imds(shut).verdict, imds(shut).rule), (Verdict::None, "R98"));
    works(&imds("netpol ns/open to=0.0.0.0/0\n"), Source::NodeRole, "node");
    assert_eq!(imds("netpol ns/but to=0.0.0.0/0 except=169.254.169.254/32\n").verdict, Verdict::None);
    let unread = app("pod ns/app node=open\ngap clusters/c1/networkpolicies.json");
    works(&unread, Source::NodeRole, "node");
    assert!(!unread.certain && missing(&unread, "clusters/c1/networkpolicies.json"));
}

/// R91: the agent asks as the node, whose role must be allowed to.
#[test]
fn the_node_role_must_let_its_agent_ask() {
    let ask = |role: &str, gap: &str| {
        app(&format!(
            "node m agent role=weak\nrole weak ec2 {role}\nrole p pods\nassociation ns/app role=p\npod ns/app sa=app node=m pi\n{gap}"
        ))
    };
    broken(&ask("", ""), "R91");
    works(&ask("attached=arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy", ""), Source::PodIdentity, "p");
    let unread = ask("attached=arn:aws:iam::@account:policy/own", "");
    works(&unread, Source::PodIdentity, "p");
    assert!(!unread.certain && missing(&unread, "aws/iam.json"), "{unread:?}");
}

/// R92: the first thing that fails explains.
#[test]
fn the_first_failure_of_pod_identity_explains() {
    let it = app("node n\nrole p pods action=sts:AssumeRole\nassociation ns/app role=p\npod ns/app sa=app node=n pi");
    broken(&it, "R77");
}

/// R93, R94: the role is the profile's; a node class tells what was configured where the instance was not read.
#[test]
fn karpenter_nodes_have_the_role_of_their_class() {
    let text = "node k kind=karpenter tokens=optional no-instance host
        object nodepools.json/default field:spec.template.spec.nodeClassRef.name=fast
        object ec2nodeclasses.json/fast field:spec.role=karpenter-node\nrole karpenter-node ec2\npod ns/app node=k\n"
        .replace(" host", "");
    let it = app(&text);
    unknown(&it, Source::Unknown, "R96");
    assert_eq!(it.attempted.and_then(|it| it.role).as_deref(), Some(role("karpenter-node").as_str()));
    assert_eq!(
        it.reachable,
        [Reachable { role: role("karpenter-node").into(), via: Via::Imds, certainty: Truth::Unknown }]
    );
    let none = app("node n role=none hop=2\npod ns/app node=n");
    assert_eq!((none.verdict, none.rule), (Verdict::None, "R93"));
    let profiles = app("pod ns/app node=open\ngap aws/list-instance-profiles.json");
    assert_eq!((profiles.verdict, profiles.identity.source), (Verdict::Unknown, Source::NodeRole));
    assert!(missing(&profiles, "aws/list-instance-profiles.json"));
}

/// R96: a disabled endpoint is shut to everyone; hybrid nodes have none; an unread instance leaves it open.
#[test]
fn metadata_is_asked_for_in_order() {
    let disabled = app("node n endpoint=disabled tokens=optional hop=2\npod ns/app node=n host");
    assert_eq!(disabled.verdict, Verdict::None);
    assert_eq!(app("node n kind=hybrid\npod ns/app node=n").verdict, Verdict::None);
    let unread = app("pod ns/app node=open\ngap aws/eu-west-1/ec2-describe-instances.json");
    unknown(&unread, Source::Unknown, "R96");
    assert!(missing(&unread, "aws/eu-west-1/ec2-describe-instances.json"));
}

/// R100: another identity does not take the node's away.
#[test]
fn a_pod_with_a_role_still_reaches_the_nodes() {
    let it = app("role r irsa=ns:app\npod ns/app sa=app node=open irsa=r");
    works(&it, Source::Irsa, "r");
    assert_eq!(via(&it, Via::Imds), [(role("node"), Truth::Yes)]);
}

fn cohabitation(version: &str) -> Vec<Reachable> {
    let inventory = estate(&format!(
        "cluster c1 version={version}\nnode locked\nnode other\nrole r irsa=ns:app\nrole s irsa=ns:plain\nrole far irsa=ns:far
        pod ns/app sa=app node=locked irsa=r\npod ns/plain sa=plain node=locked\npod ns/far sa=far node=other irsa=far
        pod ns/root node=locked privileged\ncontainer weak"
    ));
    let pods = all(&inventory);
    let root = entry(&pods, "ns/root");
    assert!(root.reachable(1).is_empty(), "the other container has no such privilege");
    root.reachable(0)
}

/// R101, R102, R103, R150: root on the node has its role and every token there; below 1.33 also tokens for accounts
/// whose pods carry none.
#[test]
fn root_on_a_node_has_what_lies_there() {
    let reach =
        |role_name: &str, via: Via, certainty: Truth| Reachable { role: role(role_name).into(), via, certainty };
    let node = reach("node", Via::NodeTakeover, Truth::Yes);
    let tenant = reach("r", Via::CoTenant, Truth::Yes);
    assert_eq!(cohabitation("1.33"), [node.clone(), tenant.clone()]);
    assert_eq!(cohabitation("1.32"), [node, tenant, reach("s", Via::CoTenant, Truth::Unknown)]);
}

/// R104: kube2iam and kiam make instance metadata unknown and list the annotation's role.
#[test]
fn an_interceptor_makes_metadata_unknown() {
    let it = app("daemonset kube-system/kube2iam\nrole k ec2\npod ns/app node=open note:iam.amazonaws.com/role=k");
    unknown(&it, Source::Unknown, "R104");
    assert_eq!(via(&it, Via::Interceptor), [(role("k"), Truth::Unknown)]);
    works(&app("daemonset kube-system/kiam-agent\npod ns/app node=open host"), Source::NodeRole, "node");
}

/// R111: roles that the identity may take in turn, as long as both sides agree; circles end.
#[test]
fn role_chains_are_followed_while_both_sides_agree() {
    let assume = r#"policy={"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
    let it = app(&format!(
        "role r irsa=ns:app {assume}\nrole s trusts=arn:aws:iam::@account:root {assume}\nrole t trusts=arn:aws:iam::@account:role/s
        role u trusts=arn:aws:iam::444455556666:root\nrole w trusts=arn:aws:iam::@account:role/r and={{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}}
        pod ns/app sa=app node=locked irsa=r"
    ));
    assert_eq!(via(&it, Via::RoleChain), [(role("s"), Truth::Yes), (role("t"), Truth::Yes)]);
    let poor = app(
        "role r irsa=ns:app\nrole s trusts=arn:aws:iam::@account:root\nrole t trusts=arn:aws:iam::@account:role/r\npod ns/app sa=app node=locked irsa=r",
    );
    assert_eq!(via(&poor, Via::RoleChain), [(role("t"), Truth::Yes)], "named in the trust is enough in one account");
}

/// R113, R114, R115: the letters that T16 to T18 leave out.
#[test]
fn drift_has_its_letters() {
    let dated = "association ns/app role=p created=2026-01-01T00:00:00Z modified=2026-02-01T00:00:00Z\n";
    let g = app(&format!("node a agent\nrole p pods\n{dated}pod ns/app sa=app node=a created=2026-01-15T00:00:00Z pi"));
    assert_eq!(g.drift, ['g']);
    let i = app(&format!("{} skip=app", GOOD.trim_end()));
    assert_eq!(i.drift, ['i']);
    let j = app("workload ns/app kind=Deployment env:AWS_ROLE_ARN=x env:AWS_WEB_IDENTITY_TOKEN_FILE=y
        workload ns/app-1 kind=ReplicaSet owner=Deployment/app\npod ns/app node=open owner=ReplicaSet/app-1");
    assert_eq!(j.drift, ['j']);
}

/// R120: a role of another account works with a provider there.
#[test]
fn a_role_of_another_account_works_with_a_provider_there() {
    let it = app(
        "account 444455556666\nprovider c1\nprovider c1 account=444455556666\nrole r account=444455556666 irsa=ns:app
        pod ns/app sa=app node=locked irsa=arn:aws:iam::444455556666:role/r",
    );
    assert_eq!(it.verdict, Verdict::Works, "{it:?}");
}

/// R125: the same account name in another cluster is another subject.
#[test]
fn another_cluster_is_another_subject() {
    let inventory = estate(
        "cluster c1\ncluster c2\nnode n cluster=c2\nrole r irsa=ns:app of=c1\npod ns/app cluster=c2 sa=app node=n irsa=r",
    );
    broken(&container(&inventory, "ns/app", "app"), "R57");
}

/// R138: in China too the three audiences are compared and nothing is assumed.
#[test]
fn the_audience_in_china_is_compared_not_assumed() {
    let ask = |clients: &str, audience: &str| {
        let text = format!(
            "cluster cn region=cn-north-1\nnode n\nprovider cn clients={clients}\nrole r irsa=ns:app aud={audience}
            pod ns/app sa=app node=n irsa=arn:aws-cn:iam::111122223333:role/r audience={audience}"
        );
        container(&estate(&text), "ns/app", "app").verdict
    };
    assert_eq!(ask("sts.amazonaws.com", "sts.amazonaws.com"), Verdict::Works);
    assert_eq!(ask("sts.amazonaws.com.cn", "sts.amazonaws.com.cn"), Verdict::Works);
    assert_eq!(ask("sts.amazonaws.com.cn", "sts.amazonaws.com"), Verdict::Broken);
}

/// R170: a shared process namespace opens the other containers' tokens.
#[test]
fn a_shared_process_namespace_opens_the_other_containers() {
    let text = format!("cluster c1\nnode locked\n{} sharepid\ncontainer other", GOOD.trim_end());
    let other = container(&estate(&text), "ns/app", "other");
    assert_eq!(via(&other, Via::Token), [(role("r"), Truth::Unknown)]);
}

/// R191, R192: service accounts that were not read cost the declaration and leave no silent "none".
#[test]
fn unread_service_accounts_cost_the_declaration_only() {
    let text = format!("{GOOD}pod ns/bare sa=app node=locked\ngap clusters/c1/serviceaccounts.json");
    let inventory = estate(&format!("cluster c1\nnode locked\n{text}"));
    works(&container(&inventory, "ns/app", "app"), Source::Irsa, "r");
    let bare = container(&inventory, "ns/bare", "app");
    assert_eq!((bare.verdict, bare.identity.source), (Verdict::Unknown, Source::None));
    assert!(missing(&bare, "clusters/c1/serviceaccounts.json"));
}

/// R194: the label follows from the checks; `falls-back` names both.
#[test]
fn falling_back_names_what_was_meant_and_what_answers() {
    let it = app("sa ns/app role=r\nrole r irsa=ns:app\npod ns/app sa=app node=open");
    assert_eq!(it.verdict, Verdict::FallsBack);
    assert_eq!(it.declared.and_then(|it| it.role).as_deref(), Some(role("r").as_str()));
    assert_eq!(it.identity.role.as_deref(), Some(role("node").as_str()));
}

/// R8: a pod without a node, or a template, is answered for where all nodes agree; Fargate profiles take theirs.
#[test]
fn a_pod_without_a_node_is_answered_where_all_nodes_agree() {
    let agents = estate(
        "cluster c1\nnode a agent\nnode b agent hop=2\nrole p pods\nassociation ns/app role=p\nworkload ns/app sa=app",
    );
    works(&container(&agents, "ns/app", "app"), Source::PodIdentity, "p");
    let mixed = estate("cluster c1\nnode a\nnode b hop=2\nworkload ns/app sa=app");
    let mixed = container(&mixed, "ns/app", "app");
    assert_eq!((mixed.verdict, mixed.missing.len()), (Verdict::Unknown, 0), "{mixed:?}");
    let chosen = estate("cluster c1\nnode a label:pool=x\nnode b hop=2\nworkload ns/app sa=app select:pool=x");
    assert_eq!(container(&chosen, "ns/app", "app").verdict, Verdict::None);
    let fargate = estate("cluster c1\nnode b hop=2\nfargate fp namespace=ns\nworkload ns/app sa=app");
    assert_eq!(container(&fargate, "ns/app", "app").rule, "R95");
}

/// R32: identities of other clouds are shown as theirs, checked as far as Kubernetes tells, and never called working.
#[test]
fn other_clouds_are_named_and_not_evaluated() {
    let azure = "sa ns/app note:azure.workload.identity/client-id=abc\npod ns/app sa=app node=locked ";
    let token = "volume:t=token(api://AzureADTokenExchange,t) mount:t=/t";
    let whole = app(&format!("{azure} label:azure.workload.identity/use=true {token}"));
    assert_eq!(
        (whole.verdict, whole.identity.source, whole.identity.role.as_deref()),
        (Verdict::Unknown, Source::Azure, Some("abc"))
    );
    assert_eq!(app(&format!("{azure} {token}")).verdict, Verdict::Broken);
    let gke = "node g kind=gke\nsa ns/app note:iam.gke.io/gcp-service-account=a@b\npod ns/app sa=app node=g";
    assert_eq!(app(gke).identity.source, Source::Gke);
    works(&app(&gke.replace("node=g", "node=open")), Source::NodeRole, "node");
}

/// Sharing answers among pods alike must not change one of them: all at once equals one by one.
fn sharing_changes_nothing(inventory: &Inventory) {
    let shared: BTreeMap<_, _> = all(inventory)
        .into_iter()
        .filter_map(|entry| {
            let name = entry.pod.as_ref()?.meta.name.clone();
            let answers: Vec<Identity> = entry.containers.iter().map(|it| (**it).clone()).collect();
            Some(((entry.cluster, entry.namespace, name), answers))
        })
        .collect();
    let pods = inventory.clusters.values().flat_map(|cluster| {
        cluster.pods.iter().map(|pod| (cluster.label.clone(), pod.meta.namespace.clone(), pod.meta.name.clone()))
    });
    for (key, alone) in pods.zip(resolve::one_by_one(inventory)) {
        assert_eq!(shared[&key], alone, "{key:?}");
    }
}

#[test]
fn pods_alike_share_their_answer_and_nothing_else() {
    let Some(world) = crate::testbed::world("small", 2) else { return };
    let inventory = rolewalk::ingest::load(&world, rolewalk::ingest::Options::default()).expect("the world opens");
    sharing_changes_nothing(&inventory);
}
