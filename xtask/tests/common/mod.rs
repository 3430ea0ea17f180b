//! What the tests of the repository share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Paths of the tracked files that `is_wanted` accepts, relative to the root, in order.
pub fn tracked_files(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).expect("paths of this project are UTF-8");
    let files: Vec<String> = names
        .split('\0')
        .filter(|path| !path.is_empty() && is_wanted(path) && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    assert!(!files.is_empty(), "git lists no such files");
    files
}
