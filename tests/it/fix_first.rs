//! What to fix first: estates where the answer is clear by hand, and the count against one that walks every pair.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolewalk::base::Truth;
use rolewalk::estate::{Estate, derive};
use rolewalk::findings::fix_first::{FixFirst, fix_first};
use rolewalk::findings::{Category, Finding, Kind, Rule, Severity};
use rolewalk::graph::cut::{Cuts, Joint, Question, Removal, cuts};
use rolewalk::graph::{AccessGraph, EdgeId, Foothold, NodeId};
use rolewalk::identity::Evidence;
use rolewalk::ingest::demo;
use rolewalk::ingest::{Input, Options};
use rolewalk::model::EntityKey;
use rolewalk::testing::estate_text::estate;

const SECRETS: &str = r#"policy={"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}"#;

fn derived(text: &str) -> Estate {
    derive(&estate(&text.replace("SENSITIVE", SECRETS)), &|| false).expect("nobody stops it")
}

fn asked(estate: &Estate, findings: &[Finding]) -> FixFirst {
    fix_first(&estate.inventory, estate.graph(), findings, 10)
}

fn answer(text: &str) -> FixFirst {
    let estate = derived(text);
    asked(&estate, &estate.findings().all)
}

/// The changes that were chosen, with what each cuts.
fn few(answer: &FixFirst) -> Vec<(&'static str, String, u64)> {
    answer.few().map(|(it, pick)| (it.change.word(), it.change.subject().to_string(), pick.pairs)).collect()
}

fn ids(answer: &FixFirst, estate: &Estate, at: usize) -> BTreeSet<&'static str> {
    answer.changes[at].findings.iter().map(|at| estate.findings().all[*at].rule.id).collect()
}

/// `api` has the sensitive role; `web`, with a token of its own, could take it as the trust is open.
const OPEN: &str = "
cluster c1
node n1 tokens=required hop=1
sa shop/api role=boss
sa shop/web role=low
role boss irsa=shop:api op=StringLike sub=system:serviceaccount:*:* SENSITIVE
role low irsa=shop:web
pod shop/api-1 sa=api node=n1 owner=StatefulSet/api irsa=boss
pod shop/web-1 sa=web node=n1 owner=StatefulSet/web irsa=low
";

#[test]
fn an_open_trust_is_narrowed_to_who_uses_the_role() {
    let answer = answer(OPEN);
    assert_eq!((answer.pairs, answer.together), (2, 1), "what api has by right stays");
    assert_eq!(few(&answer), [("trust-of-accounts", "role/111122223333:boss".to_owned(), 1)]);
    assert_eq!(answer.changes[0].alone, Some(1));
    let pick = answer.changes[0].chosen.as_ref().expect("it was chosen");
    assert_eq!((pick.starts, pick.targets), (1, 1));
}

#[test]
fn findings_with_the_same_edit_are_one_change() {
    let estate = derived(
        "
cluster c1
node n1 tokens=required hop=1
sa shop/api role=boss
role boss irsa=shop:api SENSITIVE
pod shop/api-1 sa=api node=n1 owner=StatefulSet/api irsa=boss
pod shop/agent-1 node=n1 owner=StatefulSet/agent privileged volume:k=hostpath(/var/lib/kubelet) mount:k=/k
",
    );
    let answer = asked(&estate, &estate.findings().all);
    assert_eq!(few(&answer), [("privilege", "statefulset/c1/shop/agent".to_owned(), 1)]);
    let ids = ids(&answer, &estate, 0);
    assert!(ids.is_superset(&BTreeSet::from(["POD-001", "POD-002"])), "{ids:?}");
}

/// `web` takes its node, and so the tokens of `api`; and the trust admits it too.
#[test]
fn a_fix_cuts_nothing_where_another_way_remains() {
    let text = OPEN.replace("owner=StatefulSet/web irsa=low", "owner=StatefulSet/web irsa=low privileged");
    let answer = answer(&text);
    assert_eq!(answer.pairs, 2);
    assert!(few(&answer).is_empty());
    assert!(answer.changes.len() >= 2 && answer.changes.iter().all(|it| it.alone == Some(0)));
    assert_eq!(answer.together, 1, "all of them together do");
}

#[test]
fn metadata_is_closed_for_all_pods_but_those_on_the_host() {
    let answer = answer(
        "
cluster c1
node n1 role=wn tokens=required hop=2
role wn ec2 SENSITIVE
pod shop/a-1 node=n1 owner=StatefulSet/a
pod shop/b-1 node=n1 owner=StatefulSet/b
pod shop/c-1 node=n1 owner=StatefulSet/c host
",
    );
    assert_eq!(answer.pairs, 3);
    // The role's extra right is taken away first: that leaves nobody anything.
    assert_eq!(few(&answer), [("rights", "role/111122223333:wn".to_owned(), 3)]);
    let alone = |word: &str| answer.changes.iter().find(|it| it.change.word() == word).and_then(|it| it.alone);
    assert_eq!(alone("metadata"), Some(2), "c stays on the host's network");
    assert_eq!(alone("host-network"), Some(0), "off it, c would be answered like the others");
}

#[test]
fn accepted_and_uncertain_findings_ask_for_no_change() {
    let estate = derived(OPEN);
    let mut findings = estate.findings().all.clone();
    findings.iter_mut().for_each(|it| it.certain = false);
    let answer = asked(&estate, &findings);
    assert!(answer.changes.is_empty() && answer.pairs == 2 && answer.together == 0);
}

static RULE: Rule = Rule {
    id: "RBAC-002",
    slug: "made-for-this-test",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: &[],
    references: &[],
    check: |_, _| {},
};

/// A finding that cites bindings.
fn about(bindings: &[&str]) -> Finding {
    let key = |it: &str| EntityKey::parse(it).expect("an address");
    Finding {
        rule: &RULE,
        severity: Severity::High,
        subject: key("user/c1/ann"),
        also: Vec::new(),
        message: String::new(),
        evidence: bindings
            .iter()
            .map(|it| Evidence { object: key(it), path: "roleRef.name".into(), value: String::new() })
            .collect(),
        impact: String::new(),
        fix: Vec::new(),
        fingerprint: String::new(),
        owner: None,
        certain: true,
        platform: false,
        accepted: None,
        technique: None,
    }
}

const BOUND: &str = "
cluster c1
node n1 tokens=required hop=1
sa shop/api role=boss
role boss irsa=shop:api SENSITIVE
pod shop/api-1 sa=api node=n1 owner=StatefulSet/api irsa=boss
clusterrole maker can:create=pods
rolebinding shop/one clusterrole=maker to:user=ann
";

#[test]
fn a_right_goes_when_its_binding_goes() {
    let estate = derived(BOUND);
    let answer = asked(&estate, &[about(&["rolebinding/c1/shop/one"])]);
    assert_eq!((answer.pairs, answer.together), (2, 1));
    assert_eq!(few(&answer), [("binding", "rolebinding/c1/shop/one".to_owned(), 1)]);
}

#[test]
fn a_right_that_two_bindings_give_goes_only_with_both() {
    let estate = derived(&format!("{BOUND}rolebinding shop/two clusterrole=maker to:user=ann\n"));
    let (one, two) = ("rolebinding/c1/shop/one", "rolebinding/c1/shop/two");
    let answer = asked(&estate, &[about(&[one])]);
    assert_eq!((few(&answer), answer.together), (Vec::new(), 0), "the other one is no finding, and stays");
    let answer = asked(&estate, &[about(&[one, two])]);
    assert_eq!((few(&answer), answer.together), (Vec::new(), 1));
}

#[test]
fn the_demo_has_something_to_begin_with() {
    let inventory = Input::Files(demo::files()).open(Options::default()).expect("the demo opens").load();
    let estate = derive(&inventory.expect("the demo is read"), &|| false).expect("nobody stops it");
    let answer = asked(&estate, &estate.findings().all);
    let sum: u64 = answer.few().map(|it| it.1.pairs).sum();
    assert!(sum > 0 && sum <= answer.together && answer.together <= answer.pairs);
    assert!(answer.changes.iter().all(|it| it.alone.is_some_and(|alone| alone <= answer.together)));
    assert!(answer.few().all(|(it, _)| !it.fix(&estate.findings().all).is_empty()));
}

/// Walks from every start, without the edges that are gone.
fn by_walking(graph: &AccessGraph, question: Question<'_>, made: &[usize]) -> u64 {
    let all = |changes: &[usize]| changes.iter().all(|it| made.contains(it));
    let mut gone: BTreeSet<EdgeId> = made.iter().flat_map(|at| question.removals[*at].edges.iter().copied()).collect();
    gone.extend(question.joints.iter().filter(|it| all(&it.changes)).map(|it| it.edge));
    let retired: BTreeSet<NodeId> = made.iter().flat_map(|at| question.removals[*at].targets.iter().copied()).collect();
    let mut pairs = 0;
    for start in question.starts {
        let mut seen: BTreeSet<NodeId> = start.iter().copied().collect();
        let mut open = start.clone();
        while let Some(node) = open.pop() {
            for (id, edge) in graph.out(node) {
                let counts = edge.kind.is_step() && edge.certainty >= question.certainty && !gone.contains(&id);
                if counts && seen.insert(edge.to) {
                    open.push(edge.to);
                }
            }
        }
        pairs += question.targets.iter().filter(|it| seen.contains(it) && !retired.contains(it)).count() as u64;
    }
    pairs
}

/// Nodes of the demo's graph, and of all their edges the places.
struct Ground {
    estate: Estate,
    shells: Vec<NodeId>,
    sessions: Vec<NodeId>,
    edges: Vec<EdgeId>,
}

fn ground() -> Ground {
    let inventory = Input::Files(demo::files()).open(Options::default()).expect("the demo opens").load();
    let estate = derive(&inventory.expect("the demo is read"), &|| false).expect("nobody stops it");
    let graph = estate.graph();
    let shells: Vec<NodeId> = graph.groups().map(|it| it.shell).collect();
    let mut keys: Vec<&EntityKey> = graph.keys().collect();
    keys.sort();
    let sessions = keys.iter().filter_map(|key| graph.node(Foothold::Session, key)).collect();
    let nodes: BTreeSet<NodeId> = keys.iter().flat_map(|key| graph.nodes_of(key)).copied().collect();
    let edges = nodes.iter().flat_map(|node| graph.out(*node).map(|it| it.0)).collect();
    Ground { shells, sessions, edges, estate }
}

#[test]
fn the_count_agrees_with_a_walk_from_every_start() {
    let ground = ground();
    let graph = ground.estate.graph();
    let some = |all: usize| prop::collection::vec(0..all, 1..40);
    let removal = (prop::collection::vec(0..ground.edges.len(), 0..200), prop::collection::vec(0..80usize, 0..2));
    let strategy = (
        some(ground.shells.len()),
        some(ground.sessions.len()),
        prop::collection::vec(removal, 1..5),
        prop::collection::vec((0..ground.edges.len(), 0..4usize, 0..4usize), 0..60),
        any::<bool>(),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let outcome = runner.run(&strategy, |(starts, targets, removals, joints, sure)| {
        let pick = |at: &usize| ground.edges[*at];
        let starts: Vec<Vec<NodeId>> = starts.iter().map(|at| vec![ground.shells[*at]]).collect();
        let targets: BTreeSet<NodeId> = targets.iter().map(|at| ground.sessions[*at]).collect();
        let targets: Vec<NodeId> = targets.into_iter().collect();
        let removals: Vec<Removal> = removals
            .iter()
            .map(|(edges, retired)| Removal {
                edges: edges.iter().map(pick).collect(),
                targets: retired.iter().filter_map(|at| targets.get(*at).copied()).collect(),
            })
            .collect();
        let count = removals.len();
        let joint =
            |(edge, a, b): &(usize, usize, usize)| Joint { edge: pick(edge), changes: vec![a % count, b % count] };
        let joints: Vec<Joint> = joints.iter().map(joint).collect();
        let certainty = if sure { Truth::Yes } else { Truth::Unknown };
        let question =
            Question { starts: &starts, targets: &targets, removals: &removals, joints: &joints, certainty, most: 2 };
        let Cuts { pairs, alone, first, together } = cuts(graph, question);
        let walked = |made: &[usize]| by_walking(graph, question, made);
        prop_assert_eq!(pairs, walked(&[]));
        let all: Vec<usize> = (0..count).collect();
        prop_assert_eq!(together, pairs - walked(&all));
        for (at, cut) in alone.iter().enumerate() {
            prop_assert_eq!(*cut, Some(pairs - walked(&[at])));
        }
        let mut made = Vec::new();
        for pick in &first {
            let before = walked(&made);
            made.push(pick.change);
            prop_assert_eq!(pick.pairs, before - walked(&made));
            // Nothing else would have cut more.
            let others = (0..count).map(|at| before - walked(&[&made[..made.len() - 1], &[at]].concat()));
            prop_assert!(others.max().unwrap_or(0) <= pick.pairs);
        }
        Ok(())
    });
    outcome.expect("the count agrees");
}
