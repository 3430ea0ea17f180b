//! The documents agree with the repository: files that they name exist, and so do the tests of each invariant.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{root, tracked_files};

#[test]
fn documents_name_files_that_exist() {
    let files = tracked_files(|_| true);
    let mut known: BTreeSet<String> = BTreeSet::new();
    for path in &files {
        known.insert(path.clone());
        for (end, _) in path.match_indices('/') {
            known.insert(path[..=end].to_owned());
        }
    }
    let mut missing = Vec::new();
    let mut n_checked = 0;
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in text.lines().enumerate() {
            let place = format!("{document}:{}", number + 1);
            for name in code_spans(line)
                .flat_map(str::split_whitespace)
                .filter(|name| is_path(name))
            {
                n_checked += 1;
                for pattern in alternatives(name.trim_start_matches("./")) {
                    let exists = known.iter().any(|path| matches(path, &pattern));
                    if !exists {
                        missing.push(format!("{place}: `{pattern}`"));
                    }
                }
            }
            for target in link_targets(line) {
                n_checked += 1;
                let path = normalised(folder, target);
                if !known.contains(&path) && !known.contains(&format!("{path}/")) {
                    missing.push(format!("{place}: link to {target}"));
                }
            }
        }
    }
    assert!(
        n_checked > 100,
        "only {n_checked} names of files were found in the documents"
    );
    assert!(
        missing.is_empty(),
        "named, but not there:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_invariant_names_its_tests() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("Invariants"))
        .expect("a section with the invariants");
    let mut faults = Vec::new();
    let mut n_invariants = 0;
    let items = section.split("\n").fold(Vec::<String>::new(), |mut items, line| {
        let is_start = line
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<usize>().is_ok());
        if is_start {
            items.push(String::new());
        }
        if let Some(item) = items.last_mut() {
            item.push_str(line);
            item.push('\n');
        }
        items
    });
    for item in items {
        n_invariants += 1;
        let title = item.lines().next().unwrap_or_default();
        let Some((_, tests)) = item.split_once("Tests:") else {
            faults.push(format!("no tests: {title}"));
            continue;
        };
        // Each file is followed by the names of its tests (or of the constant that a build checks).
        let mut code = None;
        let mut n_tests = 0;
        for name in tests.lines().flat_map(code_spans) {
            if name.contains('/') {
                code = fs::read_to_string(root().join(name)).ok();
                if code.is_none() {
                    faults.push(format!("{name} does not exist: {title}"));
                }
            } else if let Some(code) = &code {
                n_tests += 1;
                let is_there = [format!("fn {name}("), format!("const {name}:")]
                    .iter()
                    .any(|text| code.contains(text));
                if !is_there {
                    faults.push(format!("no test `{name}` in its file: {title}"));
                }
            }
        }
        if n_tests == 0 {
            faults.push(format!("names no test: {title}"));
        }
    }
    assert!(n_invariants >= 14, "{n_invariants} invariants");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The documents that people read: the READMEs, how to contribute, and `docs/`.
fn documents() -> Vec<String> {
    tracked_files(|path| {
        let is_at_root = path.starts_with("README") || path == "CONTRIBUTING.md";
        path.ends_with(".md") && (is_at_root || path.starts_with("docs/"))
    })
}

/// What stands in backticks on a line of Markdown.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of the links on a line of Markdown that lead into the repository, without their anchors.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split_once('#').map_or(target, |(path, _)| path))
        .filter(|target| !target.is_empty() && !target.contains("://"))
}

/// Whether a word in backticks names a file or a folder of this repository.
fn is_path(word: &str) -> bool {
    const KINDS: [&str; 10] = [
        ".rs", ".md", ".py", ".wgsl", ".toml", ".js", ".css", ".html", ".json", ".png",
    ];
    const FOLDERS: [&str; 9] = [
        "crates/",
        "src/",
        "xtask/",
        "tests/",
        "examples/",
        "docs/",
        "static/",
        ".cargo/",
        ".github/",
    ];
    // Written by a command, kept out of git.
    const BUILT: [&str; 5] = ["dist/", "assets/", "data/", "data-cache/", "target/"];
    let has_characters_of_a_path = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./*{},".contains(c));
    let is_kind = word.starts_with(|c: char| c != '.') && KINDS.iter().any(|kind| word.ends_with(kind));
    let is_inside = FOLDERS.iter().any(|folder| word.starts_with(folder));
    has_characters_of_a_path && (is_kind || is_inside) && !BUILT.iter().any(|folder| word.starts_with(folder))
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn alternatives(name: &str) -> Vec<String> {
    let Some((before, rest)) = name.split_once('{') else {
        return vec![name.to_owned()];
    };
    let (choices, after) = rest.split_once('}').unwrap_or((rest, ""));
    let choices = choices.split(',');
    choices.map(|choice| format!("{before}{choice}{after}")).collect()
}

/// Whether a path is the one that a document names, whole or by its last parts; `*` stands for any part of a name.
fn matches(path: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let patterns: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let is_folder = path.ends_with('/');
    parts.len() >= patterns.len()
        && (is_folder || !pattern.ends_with('/'))
        && parts[parts.len() - patterns.len()..]
            .iter()
            .zip(&patterns)
            .all(|(part, pattern)| match pattern.split_once('*') {
                Some((start, end)) => part.starts_with(start) && part.ends_with(end),
                None => part == pattern,
            })
}

/// A link's target as a path from the root.
fn normalised(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
