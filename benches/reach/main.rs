//! Times and sizes of graph, reach of all identities, blast radii and paths, on the directory in `ROLEWALK_WORLD`.

mod closure;

use std::sync::Arc;
use std::time::Instant;

use rolewalk::analysis::blast::{World, blast};
use rolewalk::analysis::path::path;
use rolewalk::estate::derive;
use rolewalk::findings::fix_first::fix_first;
use rolewalk::graph::path::Limits;
use rolewalk::graph::reach::Direction;
use rolewalk::graph::{AccessGraph, Resolved, authorization, escalation};
use rolewalk::identity::resolve;
use rolewalk::ingest::{self, Options};
use rolewalk::model::{EntityKey, Kind};

use closure::closures;

#[expect(clippy::print_stdout, reason = "the figures are its answer")]
fn main() {
    let Some(directory) = std::env::var_os("ROLEWALK_WORLD") else { return };
    let inventory = ingest::load(directory.as_ref(), Options::default()).expect("the directory opens");
    let clock = Instant::now();
    let identities = resolve::identities(&inventory, &|| false).expect("nobody stops it");
    println!("identities {:?}", clock.elapsed());
    let clock = Instant::now();
    let authorizations: Vec<_> = inventory.clusters.values().map(|it| authorization::of(it).into()).collect();
    println!("authorizations {:?}", clock.elapsed());
    let clock = Instant::now();
    let gains = Arc::new(escalation::gains(&inventory));
    println!("gains {:?}", clock.elapsed());
    let clock = Instant::now();
    let resolved = Resolved {
        pods: &identities.pods,
        accounts: &identities.accounts,
        role_steps: &identities.role_steps,
        nodes: &identities.nodes,
    };
    let graph = AccessGraph::build(&inventory, resolved, authorizations, gains);
    println!(
        "graph {:?}: {} nodes, {} edges, {} KiB",
        clock.elapsed(),
        graph.node_count(),
        graph.edge_count(),
        graph.bytes() >> 10
    );
    let clock = Instant::now();
    let (certain, possible) = closures(&graph);
    println!("reach of all {:?}: {} KiB", clock.elapsed(), (certain.bytes() + possible.bytes()) >> 10);
    drop((graph, identities));
    let estate = derive(&inventory, &|| false).expect("nobody stops it");
    let clock = Instant::now();
    let findings = estate.findings();
    println!("findings {:?}: {}", clock.elapsed(), findings.all.len());
    estate.graph();
    let clock = Instant::now();
    let first = fix_first(&estate.inventory, estate.graph(), &findings.all, 10);
    let unweighed = first.changes.iter().filter(|it| it.alone.is_none()).count();
    println!(
        "what to fix first {:?}: {} pairs, {} changes, {unweighed} not weighed, {} chosen cut {} of {}",
        clock.elapsed(),
        first.pairs,
        first.changes.len(),
        first.few().count(),
        first.few().map(|it| it.1.pairs).sum::<u64>(),
        first.together
    );
    let world = World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() };
    let mut keys: Vec<EntityKey> = estate.groups.iter().map(|it| it.key.clone()).collect();
    keys.extend(estate.groups.iter().map(|it| it.account_key()));
    keys.extend(estate.inventory.clusters.values().flat_map(|cluster| {
        cluster.nodes.iter().map(|node| EntityKey::scoped(Kind::Node, &cluster.label, &node.meta.name))
    }));
    let step = (keys.len() / 2000).max(1);
    let mut times: Vec<_> = keys
        .iter()
        .step_by(step)
        .map(|key| {
            let clock = Instant::now();
            let count = blast(world, key, Direction::Forward, usize::MAX).map_or(0, |it| it.reach.things.len());
            (clock.elapsed(), count, key)
        })
        .collect();
    times.sort();
    let at = |share: usize| &times[(times.len() - 1) * share / 1000];
    println!("blast of {}: median {:?}, p99 {:?}, worst {:?}", times.len(), at(500), at(990), at(1000));
    let roles: Vec<EntityKey> = estate
        .inventory
        .accounts
        .values()
        .flat_map(|it| &it.roles)
        .step_by(997)
        .map(|role| EntityKey::scoped(Kind::Role, &role.account, &role.name))
        .collect();
    let mut times: Vec<_> = keys
        .iter()
        .step_by(step * 20)
        .flat_map(|from| roles.iter().map(move |to| (from, to)))
        .map(|(from, to)| {
            let clock = Instant::now();
            let count = path(world, from, to, Limits { detour: 0, ..Limits::default() }).map_or(0, |it| it.paths.len());
            (clock.elapsed(), count)
        })
        .collect();
    times.sort();
    let at = |share: usize| &times[(times.len() - 1) * share / 1000];
    println!("path of {}: median {:?}, p99 {:?}, worst {:?}", times.len(), at(500), at(990), at(1000));
}
