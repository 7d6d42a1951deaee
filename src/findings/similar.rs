//! Names that somebody may have meant.

/// The names most like `wanted`, best first, at most `most`; only those that are near indeed. Cost: one comparison a name.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let folded = wanted.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| *name != wanted)
        // An edit costs at least the difference in length, which is cheap to see.
        .filter(|name| name.len().abs_diff(wanted.len()) <= allowed(wanted))
        .map(|name| (strsim::levenshtein(&folded, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed(wanted))
        .collect();
    near.sort_unstable();
    near.truncate(most);
    near.into_iter().map(|(_, name)| name).collect()
}

/// A third of the name may differ, at most five letters.
fn allowed(wanted: &str) -> usize {
    (wanted.len() / 3).clamp(1, 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_best_first_and_far_ones_not_at_all() {
        let names = ["payments", "payment-api", "payments-api", "orders"];
        assert_eq!(nearest("paymets-api", names.into_iter(), 2), ["payments-api", "payment-api"]);
        assert!(nearest("zzz", names.into_iter(), 2).is_empty());
        assert_eq!(nearest("Orders", names.into_iter(), 2), ["orders"]);
    }
}
