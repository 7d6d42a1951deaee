//! Files that hold what a test should see. `ROLEWALK_UPDATE=1` writes them anew.

use std::path::Path;

/// Compares with a file below the root of the repository.
///
/// # Errors
/// They differ: the first line that does, and how to update.
pub fn compare(path: &str, found: &str) -> Result<(), String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("ROLEWALK_UPDATE").is_some_and(|value| value == "1") {
        let written =
            std::fs::create_dir_all(file.parent().unwrap_or(&file)).and_then(|()| std::fs::write(&file, found));
        return written.map_err(|error| format!("cannot write {path}: {error}"));
    }
    let wanted = std::fs::read_to_string(&file).map_err(|error| format!("cannot read {path}: {error}"))?;
    if wanted == found {
        return Ok(());
    }
    let pairs = wanted.lines().map(Some).chain(std::iter::repeat(None)).zip(found.lines().map(Some).chain([None]));
    let (at, (wanted, found)) = pairs.enumerate().find(|(_, (a, b))| a != b).unwrap_or_default();
    let (wanted, found) = (wanted.unwrap_or("(end)"), found.unwrap_or("(end)"));
    Err(format!("{path} differs in line {}:\n- {wanted}\n+ {found}\nROLEWALK_UPDATE=1 writes what was found", at + 1))
}
