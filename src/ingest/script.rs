//! The shell script that makes a snapshot directory from live clusters (`rolewalk snapshot script`).

use crate::model::facts::env::KEPT_VALUES;

/// Its text, for bash 3.2 and later. It asks `kubectl` and `aws` only questions, takes the values of Secrets out before
/// anything reaches a file, and goes on where an answer is refused.
pub fn text() -> String {
    let kept = serde_json::to_string(KEPT_VALUES).expect("names are text");
    include_str!("../../assets/snapshot.sh").replace("@KEPT_VALUES@", &kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_asks_for_every_file_of_the_layout() {
        let text = text();
        assert!(!text.contains("@KEPT"));
        for (kind, _, file, ..) in crate::model::source::SourceKind::ALL {
            let stem = file.split('.').next().expect("a file has a stem");
            assert!(text.contains(stem), "{kind:?}");
        }
    }
}
