//! What falls with a pod, workload, node, namespace, role, service account and subject of RBAC: things, data, score.

use rolewalk::analysis::blast::{Row, Summary, assumes, blast, services, summary};
use rolewalk::analysis::data::{Data, KINDS, data};
use rolewalk::analysis::roles;
use rolewalk::estate::{Estate, who_can};
use rolewalk::graph::reach::Direction;
use rolewalk::model::{EntityKey, Kind};

use super::{derived, key, world_of};

/// Two pods of one workload on two nodes, another tenant beside one of them, and data by bucket, object, secret and key.
const WORLD: &str = r#"
cluster c1 version=1.34
node n1 tokens=required hop=1
node n2 tokens=required hop=1
sa ns/app
sa ns/bare
sa other/batch
role reader irsa=ns:app policy=[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::invoices","arn:aws:s3:::invoices/*"]},{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-1"}]
role writer irsa=other:batch policy=[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:eu-west-1:111122223333:key/1","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}]
role unused policy={"Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::archive/in/*","arn:aws:dynamodb:eu-west-1:111122223333:table/t"]}
pod ns/app-1 sa=app node=n1 irsa=reader owner=StatefulSet/app
pod ns/app-2 sa=app node=n2 irsa=reader owner=StatefulSet/app
pod ns/bare sa=bare node=n1
pod other/batch sa=batch node=n2 irsa=writer
role.rbac other/p can:create=pods/exec
rolebinding other/b role=p to:group=dev
"#;

struct Fallen {
    rows: Vec<Row>,
    data: Data,
    summary: Summary,
}

fn fall(estate: &Estate, address: &str) -> Fallen {
    let (world, key) = (world_of(estate), key(address));
    let rows = blast(world, &key, Direction::Forward, usize::MAX).expect("can fall").rows(world);
    let data = data(&estate.inventory, who_can::roster(estate), &key, &rows);
    let summary = summary(world, &rows, &data);
    Fallen { rows, data, summary }
}

impl Fallen {
    fn addresses(&self) -> Vec<String> {
        self.rows.iter().map(|row| format!("{} {}", row.hops, row.key)).collect()
    }

    fn resources(&self) -> Vec<String> {
        let of = |it: &rolewalk::analysis::data::Touched| {
            format!("{} {} {}", it.hops, it.arn.rsplit([':', '/']).next().unwrap_or_default(), it.grant.letters())
        };
        self.data.resources.iter().map(of).collect()
    }

    fn counts(&self) -> Vec<String> {
        let of = |it: &rolewalk::analysis::data::Count| {
            format!("{} of {} {}{}", it.reached, it.known, KINDS[it.kind].word, if it.every { "+" } else { "" })
        };
        self.data.counts.iter().map(of).collect()
    }
}

#[test]
fn a_pod_has_its_own_data_and_nothing_of_its_neighbours() {
    let estate = derived(WORLD);
    let pod = fall(&estate, "pod/c1/ns/app-1");
    assert_eq!(pod.addresses(), ["1 role/111122223333:reader", "1 sa/c1/ns/app"]);
    assert_eq!(pod.resources(), ["2 invoices LR---", "2 db-1 -R---"]);
    assert_eq!(pod.counts(), ["1 of 2 buckets", "1 of 1 secrets"]);
    assert_eq!(pod.data.resources[0].from, key("role/111122223333:reader"));
    assert_eq!(fall(&estate, "pod/c1/ns/bare").resources(), [""; 0]);
}

#[test]
fn a_workload_falls_with_all_of_its_pods() {
    let estate = derived(WORLD);
    let all = fall(&estate, "statefulset/c1/ns/app");
    assert_eq!(all.addresses(), ["1 role/111122223333:reader", "1 sa/c1/ns/app"]);
    assert_eq!(all.resources(), ["2 invoices LR---", "2 db-1 -R---"]);
}

#[test]
fn a_node_falls_with_what_runs_there_alone() {
    let estate = derived(WORLD);
    let node = fall(&estate, "node/c1/n1");
    assert!(node.addresses().contains(&"2 role/111122223333:reader".to_owned()), "{:?}", node.addresses());
    assert!(!node.addresses().iter().any(|it| it.ends_with(":writer")), "{:?}", node.addresses());
    assert_eq!(node.resources(), ["3 invoices LR---", "3 db-1 -R---"]);
    let both = fall(&estate, "node/c1/n2");
    assert_eq!(both.resources(), ["3 archive LRWTP", "3 invoices LRWTP", "3 db-1 -R---", "3 1 --W--?"]);
    assert_eq!(both.counts(), ["2 of 2 buckets+", "1 of 1 secrets", "1 of 1 KMS keys"]);
}

#[test]
fn a_namespace_falls_with_its_workloads_and_not_with_its_neighbours() {
    let estate = derived(WORLD);
    let namespace = fall(&estate, "namespace/c1/ns");
    assert_eq!(namespace.resources(), ["2 invoices LR---", "2 db-1 -R---"]);
    assert!(!namespace.addresses().iter().any(|it| it.ends_with(":writer")));
    assert_eq!(fall(&estate, "namespace/c1/other").counts(), ["2 of 2 buckets+", "1 of 1 KMS keys"]);
}

#[test]
fn a_role_has_its_data_at_the_first_hop() {
    let estate = derived(WORLD);
    let role = fall(&estate, "role/111122223333:unused");
    assert_eq!(role.addresses(), [""; 0]);
    // A table is no object of a bucket: the action does not take it.
    assert_eq!(role.resources(), ["1 archive --W--"]);
    assert_eq!(role.data.resources[0].from, key("role/111122223333:unused"));
}

#[test]
fn an_account_is_worth_its_role_and_a_group_what_it_may_enter() {
    let estate = derived(WORLD);
    let account = fall(&estate, "sa/c1/ns/app");
    assert_eq!(account.addresses(), ["1 role/111122223333:reader"]);
    assert_eq!(account.resources(), ["2 invoices LR---", "2 db-1 -R---"]);
    let group = fall(&estate, "group/c1/dev");
    assert_eq!(group.addresses(), ["1 pod/c1/other/batch", "2 role/111122223333:writer", "2 sa/c1/other/batch"]);
    assert_eq!(group.resources(), ["3 archive LRWTP", "3 invoices LRWTP", "3 1 --W--?"]);
}

#[test]
fn what_is_reached_in_doubt_or_on_a_condition_is_not_certain() {
    let estate = derived(WORLD);
    let group = fall(&estate, "group/c1/dev");
    let key_of = group.data.resources.iter().find(|it| KINDS[it.kind].service == "kms").expect("a key");
    assert!(key_of.grant.certain.is_empty());
    // The same bucket behind a binding to a role that was not read.
    let text = format!("{WORLD}\ngap clusters/c1/roles.json");
    let doubtful = fall(&derived(&text), "group/c1/dev");
    assert!(!doubtful.data.resources.is_empty());
    assert!(doubtful.data.resources.iter().all(|it| it.grant.certain.is_empty()), "{:?}", doubtful.resources());
}

#[test]
fn the_worst_access_of_each_service_is_that_of_all_roles_together() {
    let estate = derived(WORLD);
    let node = fall(&estate, "node/c1/n2");
    let keys: Vec<EntityKey> = node.rows.iter().map(|row| row.key.clone()).filter(|it| it.kind == Kind::Role).collect();
    let access = keys.iter().zip(roles::access(&estate.inventory, &keys)).collect();
    let services = services(&node.rows, &access);
    let of = |service: &str| services.get(service).map(|it| it.letters());
    assert_eq!(of("s3").as_deref(), Some("LRWTP"));
    assert_eq!(of("secretsmanager").as_deref(), Some("-R---"));
    assert_eq!(of("sqs"), None);
}

#[test]
fn the_score_is_the_sum_of_what_it_names() {
    let estate = derived(WORLD);
    for address in ["pod/c1/ns/app-1", "node/c1/n2", "namespace/c1/other", "role/111122223333:unused", "group/c1/dev"] {
        let summary = fall(&estate, address).summary;
        let sum: u32 = summary.because.iter().map(|it| it.0).sum();
        assert_eq!(summary.score, sum.min(100), "{address}");
        assert!(summary.because.is_sorted_by(|a, b| a.0 >= b.0), "{address}");
    }
    // One role 6, one account 2, two things to read 2 * 2.
    let pod = fall(&estate, "pod/c1/ns/app-1").summary;
    let because: Vec<String> = pod.because.iter().map(|(points, text)| format!("{points} {text}")).collect();
    assert_eq!(because, ["6 1 roles", "4 2 data resources to read", "2 1 service accounts"]);
    assert_eq!(pod.score, 12);
    // More falls, more points.
    assert!(fall(&estate, "node/c1/n2").summary.score > fall(&estate, "node/c1/n1").summary.score);
}

#[test]
fn every_kind_of_start_says_what_it_assumes() {
    for address in [
        "pod/c1/ns/a",
        "statefulset/c1/ns/a",
        "node/c1/n",
        "namespace/c1/ns",
        "role/111122223333:r",
        "sa/c1/ns/a",
        "group/c1/g",
    ] {
        assert_ne!(assumes(&key(address), Direction::Forward), "nothing", "{address}");
    }
}

/// A role of another account, and buckets by what their own policies say of the roles.
const GUARDED: &str = r#"
cluster c1 version=1.34
account 444455556666
sa ns/app
role app irsa=ns:app policy={"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}
role bare
role far account=444455556666 policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}
role names policy={"Effect":"Allow","Action":"dynamodb:GetItem","Resource":["arn:aws:s3:::unread","arn:aws:kms:eu-west-1:111122223333:key/own"]}
resource arn:aws:s3:::open policy=none
resource arn:aws:s3:::tls policy={"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::tls","arn:aws:s3:::tls/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}
resource arn:aws:s3:::refuses policy={"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::refuses/*"}
resource arn:aws:s3:::partly policy={"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::partly/kept/*"}
resource arn:aws:s3:::endpoint policy={"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::endpoint","arn:aws:s3:::endpoint/*"],"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}
resource arn:aws:s3:::kept policy={"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/other"},"Action":"s3:*","Resource":["arn:aws:s3:::kept","arn:aws:s3:::kept/*"]}
resource arn:aws:s3:::tagged policy={"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::tagged/*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/app"}}}
resource arn:aws:s3:::others policy={"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:role/bare"},"Action":"s3:*","Resource":["arn:aws:s3:::others","arn:aws:s3:::others/*"]}
resource arn:aws:s3:::lets-in policy={"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/bare"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::lets-in/*"}
resource arn:aws:s3:::shared policy={"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::shared/*"}
"#;

/// What a role reaches of the guarded data, by name.
fn guarded(role: &str) -> Vec<String> {
    let fallen = fall(&derived(GUARDED), role);
    let of = |it: &rolewalk::analysis::data::Touched| {
        format!("{} {}", it.arn.rsplit([':', '/']).next().unwrap_or_default(), it.letters(it.grant))
    };
    fallen.data.resources.iter().map(of).collect()
}

#[test]
fn a_policy_of_the_resource_refuses_what_it_denies_and_nothing_else() {
    let found = guarded("role/111122223333:app");
    let of = |name: &str| found.iter().find_map(|it| it.strip_prefix(&format!("{name} "))).unwrap_or("nothing");
    for name in ["open", "tls", "partly", "tagged", "others", "lets-in", "shared"] {
        assert_eq!(of(name), "-RW--", "{name}: {found:?}");
    }
    assert_eq!(of("refuses"), "-R---", "{found:?}");
    assert_eq!(of("kept"), "nothing", "{found:?}");
    // It hangs on the endpoint that is used.
    assert_eq!(of("endpoint"), "-RW--?", "{found:?}");
    // A policy that was not read may refuse.
    assert_eq!(of("unread"), "-RW--?", "{found:?}");
}

#[test]
fn a_policy_of_the_resource_lets_in_whom_it_names() {
    assert_eq!(guarded("role/111122223333:bare"), ["lets-in -R---"]);
}

#[test]
fn across_accounts_both_sides_must_agree() {
    let found = guarded("role/444455556666:far");
    assert!(found.contains(&"shared -R---".to_owned()), "{found:?}");
    let refused = ["open", "tls", "refuses", "partly", "endpoint", "others", "lets-in"];
    for name in refused {
        assert!(!found.iter().any(|it| it.starts_with(&format!("{name} "))), "{name}: {found:?}");
    }
}

#[test]
fn policies_that_were_not_read_are_counted_beside_what_they_could_change() {
    let fallen = fall(&derived(GUARDED), "role/111122223333:app");
    let buckets = fallen.data.counts.iter().find(|it| KINDS[it.kind].word == "buckets").expect("buckets");
    assert_eq!((buckets.reached, buckets.known, buckets.unread), (10, 11, 1));
}
