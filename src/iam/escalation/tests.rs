//! The table holds what section 11 lists, under names that AWS knows.

use super::*;

/// Numbers of section 11 that are no right of a principal in AWS: 90 is decided by RBAC.
const ELSEWHERE: [u8; 1] = [90];

#[test]
fn every_number_has_a_row() {
    for number in (1..=90).filter(|it| !ELSEWHERE.contains(it)) {
        assert!(Technique::all().any(|row| row.number == number), "{number}");
    }
}

#[test]
fn every_action_is_in_the_catalogue_under_its_written_name() {
    let catalogue = Catalogue::bundled();
    for action in Technique::all().flat_map(Technique::actions) {
        let id = catalogue.find(action).unwrap_or_else(|| panic!("{action}"));
        let found = catalogue.action(id);
        assert_eq!(format!("{}:{}", found.service().prefix(), found.name()), action);
    }
}

#[test]
fn a_passed_role_has_a_service_and_nothing_else_has() {
    for row in Technique::all() {
        let passes = row.actions().any(|it| it == "iam:PassRole");
        let of_role = matches!(row.gives, Gives::PassedRole | Gives::Association);
        assert_eq!(passes, of_role, "{row:?}");
        assert_eq!(row.service.is_some(), of_role || row.gives == Gives::RunningRole, "{row:?}");
        assert!(row.gives != Gives::RunningRole || !row.needs.is_empty(), "{row:?}");
    }
}

#[test]
fn no_row_is_there_twice() {
    let all: Vec<&Technique> = Technique::all().collect();
    for (at, row) in all.iter().enumerate() {
        let same = |it: &&&Technique| it.number == row.number && it.steps == row.steps && it.by == row.by;
        assert!(!all[at + 1..].iter().any(|it| same(&it) && it.service == row.service), "{row:?}");
    }
}
