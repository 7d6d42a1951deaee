//! The registry: nothing forgotten, nothing undocumented, ids and slugs stable.

use std::collections::BTreeSet;

use rolewalk::findings::rule::HEADINGS;
use rolewalk::findings::{Category, rules};

use super::cases::directory;

fn source_directory() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/findings/rules")
}

fn names(directory: &std::path::Path, end: &str) -> BTreeSet<String> {
    std::fs::read_dir(directory)
        .unwrap()
        .filter_map(|it| it.unwrap().file_name().to_string_lossy().strip_suffix(end).map(str::to_owned))
        .collect()
}

#[test]
fn no_rule_file_and_no_fixture_is_forgotten() {
    let registered: BTreeSet<String> = rules::ALL.iter().map(|it| it.rule.slug.replace('-', "_")).collect();
    assert_eq!(names(&source_directory(), ".rs"), registered);
    assert_eq!(names(&directory(), ".txt"), registered);
}

#[test]
fn the_registry_is_in_alphabetical_order_and_names_nothing_twice() {
    let slugs: Vec<&str> = rules::ALL.iter().map(|it| it.rule.slug).collect();
    assert!(slugs.is_sorted_by(|a, b| a < b), "{slugs:?}");
    let ids: BTreeSet<&str> = rules::ALL.iter().map(|it| it.rule.id).collect();
    assert_eq!(ids.len(), rules::ALL.len());
}

#[test]
fn an_id_is_of_its_family_and_the_slug_is_the_name_of_the_file() {
    for entry in rules::ALL {
        let (prefix, number) = entry.rule.id.split_once('-').unwrap();
        assert_eq!(prefix, entry.rule.category.prefix(), "{}", entry.rule.id);
        assert!(number.len() == 3 && number.parse::<u32>().is_ok(), "{}", entry.rule.id);
        let file = source_directory().join(format!("{}.rs", entry.rule.slug.replace('-', "_")));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), entry.source, "{}", entry.rule.id);
    }
}

/// Ids and slugs are public: what the catalogue gave stays given.
#[test]
fn ids_and_slugs_are_those_of_the_catalogue() {
    let catalogue = std::fs::read_to_string(directory().join("../finding_ids.tsv")).unwrap();
    let given: BTreeSet<&str> = catalogue.lines().collect();
    assert_eq!(given.len(), 123);
    for entry in rules::ALL {
        let row = format!("{}\t{}\t{}", entry.rule.id, entry.rule.slug, entry.rule.kind.word());
        assert!(given.contains(row.as_str()), "`{row}` is not in the catalogue");
    }
}

#[test]
fn every_rule_explains_itself_under_all_headings() {
    for entry in rules::ALL {
        let id = entry.rule.id;
        let title = entry.title();
        assert!(!title.is_empty() && !title.ends_with('.'), "{id}: `{title}`");
        let documentation = entry.documentation();
        let headings: Vec<&str> = documentation.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{id}");
        for heading in HEADINGS {
            assert!(entry.section(heading).len() > 20, "{id}: {heading} says next to nothing");
        }
        assert!(!entry.rule.references.is_empty(), "{id} cites nothing");
    }
}

#[test]
fn a_rule_is_found_by_id_and_slug() {
    for entry in rules::ALL {
        assert!(rules::find(&entry.rule.id.to_lowercase()).is_some_and(|it| it.rule.id == entry.rule.id));
        assert!(rules::find(entry.rule.slug).is_some_and(|it| it.rule.id == entry.rule.id));
    }
    assert!(rules::find("NOPE-001").is_none());
    assert!(rules::by_id().is_sorted_by_key(|it| (it.rule.category, it.rule.id)));
    assert!(Category::ALL.is_sorted());
}
