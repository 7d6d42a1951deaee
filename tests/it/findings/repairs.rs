//! The fix that a finding prints makes it go away: applied to the facts as cluster and account would, derived again.
//!
//! To add one more rule: put its id into [`TABLE`]. [`Mends::Commands`] applies every kubectl and AWS command of the first
//! finding on the example, in their order. A fix that is a decision of people, or changes what is in no source, is
//! [`Mends::Nothing`] with the reason.

use std::collections::BTreeSet;
use std::fmt::Write;

use rolewalk::base::Name;
use rolewalk::findings::{self, Finding, Tool, rules};
use rolewalk::identity::resolve;
use rolewalk::model::Inventory;
use rolewalk::testing::estate_text::estate;

use super::applier::World;
use super::cases;

enum Mends {
    Commands,
    Nothing(&'static str),
}

use Mends::{Commands, Nothing};

const RIGHTS: &str = "which rights the program needs is a decision, and no source says it";
const PROSE: &str = "the fix is a decision: which rights, which image, which owner";

const TABLE: &[(&str, Mends)] = &[
    ("IRSA-001", Commands),
    ("IRSA-002", Nothing("the registration of the webhook is restored by EKS, no single command does")),
    ("IRSA-003", Commands),
    ("IRSA-004", Commands),
    ("IRSA-005", Commands),
    ("IRSA-006", Commands),
    ("IRSA-007", Commands),
    ("IRSA-008", Commands),
    ("IRSA-009", Commands),
    ("IRSA-010", Commands),
    ("IRSA-011", Commands),
    ("IRSA-012", Commands),
    ("IRSA-013", Commands),
    ("IRSA-014", Commands),
    ("IRSA-015", Commands),
    ("IRSA-016", Commands),
    ("TRUST-001", Commands),
    ("TRUST-002", Commands),
    ("TRUST-003", Commands),
    ("TRUST-004", Commands),
    ("TRUST-005", Commands),
    ("TRUST-006", Commands),
    ("TRUST-007", Commands),
    ("TRUST-008", Commands),
    ("TRUST-009", Commands),
    ("TRUST-010", Commands),
    ("TRUST-011", Nothing("which workload gets an account of its own, and its name, is a decision")),
    ("TRUST-012", Nothing("a role for each cluster is new roles and new policies")),
    ("TRUST-013", Commands),
    ("TRUST-014", Commands),
    ("TRUST-015", Commands),
    ("TRUST-016", Commands),
    ("TRUST-017", Commands),
    ("TRUST-018", Nothing("the present ARN of a deleted principal stands nowhere")),
    ("TRUST-019", Commands),
    ("TRUST-020", Commands),
    ("PODID-001", Commands),
    ("PODID-002", Commands),
    ("PODID-003", Commands),
    ("PODID-004", Commands),
    ("PODID-005", Commands),
    ("PODID-006", Commands),
    ("PODID-007", Commands),
    ("PODID-008", Commands),
    ("PODID-009", Commands),
    ("PODID-010", Commands),
    ("PODID-011", Commands),
    ("PODID-012", Commands),
    ("PODID-013", Commands),
    ("NODE-001", Commands),
    ("NODE-002", Commands),
    ("NODE-003", Nothing("which role the workload should have is a decision")),
    ("NODE-004", Commands),
    ("NODE-005", Nothing("the role for aws-node has to be made first")),
    ("NODE-006", Nothing("which role the workload should have is a decision")),
    ("NODE-007", Nothing(PROSE)),
    ("NODE-008", Commands),
    ("NODE-009", Commands),
    ("NODE-010", Nothing("taints of nodes are in no source")),
    ("POD-001", Nothing(PROSE)),
    ("POD-002", Nothing(PROSE)),
    ("POD-003", Commands),
    ("POD-004", Commands),
    ("POD-005", Nothing(PROSE)),
    ("POD-006", Nothing("the role of the new account is a decision")),
    ("POD-007", Commands),
    ("POD-008", Commands),
    ("POD-009", Nothing("how a driver is set up is in its chart")),
    ("RBAC-001", Commands),
    ("RBAC-002", Commands),
    ("RBAC-003", Commands),
    ("RBAC-004", Commands),
    ("RBAC-005", Commands),
    ("RBAC-006", Commands),
    ("RBAC-007", Commands),
    ("RBAC-008", Commands),
    ("RBAC-009", Commands),
    ("RBAC-010", Commands),
    ("RBAC-011", Commands),
    ("RBAC-012", Commands),
    ("RBAC-013", Commands),
    ("RBAC-014", Commands),
    ("RBAC-015", Commands),
    ("RBAC-016", Commands),
    ("RBAC-017", Commands),
    ("PERM-001", Nothing(RIGHTS)),
    ("PERM-002", Nothing(RIGHTS)),
    ("PERM-003", Nothing(RIGHTS)),
    ("PERM-004", Nothing(RIGHTS)),
    ("PERM-005", Nothing(RIGHTS)),
    ("PERM-006", Nothing(RIGHTS)),
    ("PERM-007", Commands),
    ("PERM-008", Nothing("tags by Pod Identity, or another condition, is a decision")),
    ("PERM-009", Nothing("whether the boundary is right or the policy is a decision")),
    ("PERM-010", Nothing("the other account belongs to somebody else")),
    ("PERM-011", Nothing(RIGHTS)),
    ("PERM-012", Commands),
    ("PERM-013", Nothing(RIGHTS)),
    ("PERM-014", Nothing("the document is written by hand with the resource that is shown")),
    ("AUTH-001", Commands),
    ("AUTH-002", Nothing("which actions the role needs is a decision")),
    ("AUTH-003", Nothing("which roles may be passed is a decision")),
    ("AUTH-004", Commands),
    ("AUTH-005", Commands),
    ("AUTH-006", Nothing("a line of the map is taken out by eksctl or by hand")),
    ("AUTH-007", Nothing("a line of the map is taken out by eksctl or by hand")),
    ("AUTH-008", Commands),
    ("AUTH-009", Commands),
    ("AUTH-010", Nothing("a role of its own for what is no node has to be made first")),
    ("AUTH-011", Commands),
    ("AUTH-012", Nothing("it tells of a gap in a tool, and nothing is to be mended")),
    ("DRIFT-001", Commands),
    ("DRIFT-002", Commands),
    ("DRIFT-003", Commands),
    ("DRIFT-004", Commands),
    ("DRIFT-005", Commands),
    ("DRIFT-006", Commands),
    ("HYG-001", Commands),
    ("HYG-002", Nothing("pods take the setting up when they are made again")),
    ("HYG-003", Commands),
    ("HYG-004", Nothing("which of two tools keeps the account is a decision")),
    ("HYG-005", Nothing("a role with a better name is a new role")),
    ("HYG-006", Nothing("what is read next time is up to who reads")),
];

fn findings(inventory: &Inventory) -> Vec<Finding> {
    findings::run(inventory, &resolve::all(inventory)).all
}

/// The example of a rule with its bare pods owned: a pod that nothing makes is mended by hand.
fn example(slug: &str) -> Inventory {
    let text = cases::example(&slug.replace('-', "_"));
    let owned =
        text.lines().map(|line| match line.trim().strip_prefix("pod ").and_then(|rest| rest.split(' ').next()) {
            Some(name) if !line.contains(" owner=") => {
                let short = name.rsplit('/').next().unwrap_or(name);
                format!("{line} owner=StatefulSet/{short}\n")
            }
            _ => format!("{line}\n"),
        });
    estate(&owned.collect::<String>())
}

/// The cluster that a finding is about.
fn cluster_of(finding: &Finding, inventory: &Inventory) -> Name {
    let mut keys =
        std::iter::once(&finding.subject).chain(&finding.also).chain(finding.evidence.iter().map(|it| &it.object));
    let named = keys.find(|it| it.kind.is_of_cluster()).map(|it| it.scope.clone());
    named.or_else(|| inventory.clusters.keys().next().cloned()).expect("a cluster")
}

/// What is wrong with the fix of a rule, if anything.
fn mend(id: &str, slug: &str) -> Result<(), String> {
    let inventory = example(slug);
    let before = findings(&inventory);
    let Some(finding) = before.iter().find(|it| it.rule.id == id) else {
        return Err("its example does not fire".into());
    };
    let commands = finding.fix.iter().filter(|it| matches!(it.tool, Tool::Kubectl | Tool::Aws));
    let texts: Vec<&str> = commands.map(|it| it.text.as_str()).collect();
    if texts.is_empty() {
        return Err(format!("prints no command: {:#?}", finding.fix));
    }
    let cluster = cluster_of(finding, &inventory);
    let mut world = World { inventory, cluster };
    for text in &texts {
        world.apply(text)?;
    }
    let after = findings(&world.inventory);
    if after.iter().any(|it| it.rule.id == id && it.subject == finding.subject) {
        return Err(format!("leaves the finding: {texts:#?}"));
    }
    let known: BTreeSet<(&str, String)> = before.iter().map(|it| (it.rule.id, it.subject.to_string())).collect();
    let new: Vec<String> = after
        .iter()
        .filter(|it| it.severity <= finding.severity && !known.contains(&(it.rule.id, it.subject.to_string())))
        .map(|it| format!("{} {} {}: {}", it.rule.id, it.severity.word(), it.subject, it.message))
        .collect();
    if new.is_empty() { Ok(()) } else { Err(format!("brings about {new:#?}\nby {texts:#?}")) }
}

#[test]
fn the_fix_of_every_rule_makes_its_finding_go_away_and_brings_nothing_as_bad() {
    let mut wrong = String::new();
    for entry in rules::ALL {
        let (id, slug) = (entry.rule.id, entry.rule.slug);
        let result = match TABLE.iter().find(|row| row.0 == id).map(|row| &row.1) {
            None => Err("is not in the table of repairs".to_owned()),
            Some(Nothing(_)) => continue,
            Some(Commands) => mend(id, slug),
        };
        if let Err(why) = result {
            let _ = writeln!(wrong, "{id} {slug} {why}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_table_of_repairs_names_every_rule_once_and_says_why_where_nothing_is_mended() {
    let rules: BTreeSet<&str> = rules::ALL.iter().map(|it| it.rule.id).collect();
    let listed: Vec<&str> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), rules);
    assert_eq!(listed.len(), rules.len());
    assert!(TABLE.iter().all(|row| !matches!(row.1, Nothing(why) if why.len() < 20)));
}
