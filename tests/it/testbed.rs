//! Generated worlds for tests: made once, kept under the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// One generation at a time: two tests may want the same world.
static MAKING: Mutex<()> = Mutex::new(());

/// A directory made by `make_world.py`, or `None` (said on stderr) where there is no Python. With
/// `ROLEWALK_REQUIRE_TESTBED=1` that is a failure.
///
/// `size` is `small`, `medium`, `large` or `huge`. The same size and seed always give the same bytes; worlds must not be
/// written to.
pub fn world(size: &str, seed: u32) -> Option<PathBuf> {
    let _lock = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/make_world.py");
    let age = fs::metadata(&script).and_then(|it| it.modified()).expect("tests/testbed/make_world.py is there");
    let age = age.duration_since(std::time::UNIX_EPOCH).map_or(0, |it| it.as_secs());
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds");
    let done = root.join(format!("{size}-{seed}-{age}"));
    if done.is_dir() {
        return Some(done);
    }
    fs::create_dir_all(&root).expect("the target directory can be written to");
    // Made under another name first, so that a broken-off run leaves no half world.
    let making = tempfile::tempdir_in(&root).expect("the target directory can be written to");
    let made = Command::new("python3")
        .arg(&script)
        .args(["--size", size, "--seed", &seed.to_string(), "--out"])
        .arg(making.path())
        .stdout(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => {
            fs::rename(making.keep(), &done).expect("a finished world can be renamed");
            Some(done)
        }
        Ok(status) => panic!("make_world.py failed: {status}"),
        Err(error) => {
            skipped(&format!("no world could be made: python3: {error}"));
            None
        }
    }
}

/// Says that a test was skipped, or fails where skipping is not allowed.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("ROLEWALK_REQUIRE_TESTBED").is_none(), "{why}");
    eprintln!("skipped: {why}");
}
