//! Rules of the code base that the compiler does not check: dependencies between crates, what headless crates may name,
//! where `unsafe` is allowed, the length of files, and names that must not occur.
//!
//! `docs/ARCHITECTURE.md` states these rules as invariants.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use common::{root, tracked_files};

/// The crates that run without a browser.
const HEADLESS: [&str; 9] = [
    "base", "kernels", "program", "balance", "engine", "data", "training", "export", "tools",
];

/// What each headless crate may use of the others.
const MAY_KNOW: [(&str, &[&str]); 9] = [
    ("base", &[]),
    ("kernels", &[]),
    ("program", &["base", "kernels"]),
    ("balance", &["base", "kernels"]),
    ("engine", &["base", "kernels", "program"]),
    ("data", &["base", "kernels", "engine"]),
    (
        "training",
        &["base", "kernels", "program", "balance", "engine", "data"],
    ),
    ("export", &["base", "kernels", "program", "engine", "data"]),
    ("tools", &[]),
];

/// Packages that bring a browser, a page, a clock, a console or a global source of chance.
const NOT_HEADLESS: [&str; 20] = [
    "chrono",
    "console",
    "console_error_panic_hook",
    "fastrand",
    "getrandom",
    "gloo",
    "gloo-events",
    "gloo-timers",
    "instant",
    "js-sys",
    "log",
    "plotters",
    "rand",
    "time",
    "tracing",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "web-sys",
    "web-time",
    "yew",
];

/// What must not stand in the code of a headless crate, and why.
const NOT_IN_HEADLESS_CODE: [(&str, &str); 19] = [
    ("std::time::", "no clock: the caller passes the time in"),
    ("Instant::now", "no clock: the caller passes the time in"),
    ("SystemTime", "no clock: the caller passes the time in"),
    ("println!(", "no console: an error or an event says it"),
    ("print!(", "no console: an error or an event says it"),
    ("std::env::", "settings come from the caller"),
    ("std::process::", "a library does not end the program"),
    (
        "HashMap",
        "its order of iteration changes from run to run: BTreeMap",
    ),
    (
        "HashSet",
        "its order of iteration changes from run to run: BTreeSet",
    ),
    (".exp()", "not the same bits everywhere: kernels::elementary"),
    (".exp_m1()", "not the same bits everywhere: kernels::elementary"),
    (".ln()", "not the same bits everywhere: kernels::elementary"),
    (".ln_1p()", "not the same bits everywhere: kernels::elementary"),
    (".log2()", "not the same bits everywhere: kernels::elementary"),
    (".log10()", "not the same bits everywhere: kernels::elementary"),
    (".tanh()", "not the same bits everywhere: kernels::elementary"),
    (".sin()", "not the same bits everywhere: kernels::elementary"),
    (".cos()", "not the same bits everywhere: kernels::elementary"),
    (".powf(", "not the same bits everywhere: kernels::elementary"),
];

/// Where one of these may stand all the same: file, word, reason.
const MAY_NAME: [(&str, &str, &str); 1] = [(
    "crates/data/src/tokenizer.rs",
    "HashMap",
    "looked up and never walked through: the vocabulary is sorted",
)];

/// A file of code much longer than this is two files; its own tests at the end are not counted.
const MAX_LINES: usize = 650;

/// Longer ones: file, its own ceiling, reason.
const MAY_BE_LONGER: [(&str, usize, &str); 1] = [(
    "crates/engine/src/design/edit.rs",
    800,
    "one closed list of edits, each with what undoes it",
)];

#[test]
fn crates_know_only_those_below_them() {
    for (name, allowed) in MAY_KNOW {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| format!("mtl-{name}")).collect();
        let known: BTreeSet<String> = dependencies(&format!("crates/{name}/Cargo.toml"))
            .into_keys()
            .filter(|package| package.starts_with("mtl-"))
            .collect();
        let excess: Vec<_> = known.difference(&allowed).collect();
        assert!(excess.is_empty(), "crates/{name} must not know {excess:?}");
    }
}

#[test]
fn headless_crates_need_no_browser_clock_console_or_chance() {
    for name in HEADLESS {
        for package in dependencies(&format!("crates/{name}/Cargo.toml")).keys() {
            assert!(
                !NOT_HEADLESS.contains(&package.as_str()),
                "crates/{name} must not depend on {package}"
            );
        }
    }
}

#[test]
fn the_engine_builds_without_the_packages_of_the_page() {
    // Not the manifests but what cargo makes of them: nothing comes in through the back door either.
    for name in HEADLESS {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .args([
                "--target",
                "wasm32-unknown-unknown",
                "--package",
                &format!("mtl-{name}"),
            ])
            .current_dir(root())
            .output()
            .expect("cargo tree runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.contains(&format!("mtl-{name}")), "{tree}");
        for package in tree.lines().filter_map(|line| line.split(' ').next()) {
            for banned in [
                "yew",
                "web-sys",
                "js-sys",
                "plotters",
                "wasm-bindgen",
                "getrandom",
            ] {
                assert_ne!(package, banned, "mtl-{name} brings {package} in");
            }
        }
    }
}

#[test]
fn the_reference_backend_is_for_tests() {
    // What cargo makes of the manifests, for the page and for each headless crate: tests alone enable the feature.
    let packages = HEADLESS.map(|name| format!("mtl-{name}"));
    for package in packages.iter().map(String::as_str).chain(["mtl-playground"]) {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
            .args([
                "--target",
                "wasm32-unknown-unknown",
                "--format",
                "{p} {f}",
                "--package",
                package,
            ])
            .current_dir(root())
            .output()
            .expect("cargo tree runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.contains(package), "{tree}");
        for line in tree.lines().filter(|line| line.starts_with("mtl-program ")) {
            assert!(!line.contains("reference"), "{package} is built with it: {line}");
        }
    }
}

#[test]
fn headless_code_names_no_clock_console_or_platform_dependent_function() {
    let mut found = Vec::new();
    for name in HEADLESS {
        for path in tracked_files(|path| path.starts_with(&format!("crates/{name}/src/")) && is_code(path)) {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            for (number, line) in product_lines(&text) {
                for (banned, reason) in NOT_IN_HEADLESS_CODE {
                    let is_excused = MAY_NAME
                        .iter()
                        .any(|(file, word, _)| *file == path && *word == banned);
                    if line.contains(banned) && !is_excused {
                        found.push(format!(
                            "{path}:{number}: `{banned}`: {reason}\n    {}",
                            line.trim()
                        ));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn files_are_of_readable_length() {
    let longer: BTreeMap<&str, usize> = MAY_BE_LONGER
        .iter()
        .map(|(path, lines, _)| (*path, *lines))
        .collect();
    let mut found = Vec::new();
    for path in tracked_files(is_code) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let n_lines = text[..tests].lines().count();
        let ceiling = longer.get(path.as_str()).copied().unwrap_or(MAX_LINES);
        if n_lines > ceiling {
            found.push(format!("{path}: {n_lines} lines, at most {ceiling}"));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    for (path, _, _) in MAY_BE_LONGER {
        assert!(root().join(path).is_file(), "{path} is excused but not there");
    }
}

#[test]
fn the_repository_speaks_of_itself_alone() {
    // Written apart, so that this file does not contain what it looks for.
    let banned = [
        concat!("../", "shared"),
        concat!("/work/", "shared"),
        concat!("static.", "crates.io"),
        concat!("index.", "crates.io"),
        concat!("registry.", "npmjs.org"),
        concat!("files.", "pythonhosted.org"),
        concat!("deb.", "debian.org"),
        concat!("proxy.", "golang.org"),
    ];
    let mut found = Vec::new();
    for path in tracked_files(|_| true) {
        let bytes = fs::read(root().join(&path)).unwrap();
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for word in banned.iter().filter(|word| text.contains(**word)) {
            found.push(format!("{path} contains {word}"));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_is_left_open_in_the_code() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("todo", "!("),
        concat!("dbg", "!("),
    ];
    let mut found = Vec::new();
    for path in tracked_files(is_code) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn faults_the_page_needs_nothing_that_a_strict_policy_refuses() {
    // `~style` is the property, which the policy allows; the attribute is refused.
    let banned = [
        (" style=", "an attribute: `~style={...}` sets the property"),
        (" {style}", "an attribute: `~{style}` sets the property"),
        (
            "set_attribute(\"style\"",
            "an attribute: `style()` is the property",
        ),
        ("inner_html", "text that becomes markup"),
        ("insert_adjacent_html", "text that becomes markup"),
        ("from_html_unchecked", "text that becomes markup"),
        ("innerHTML", "text that becomes markup"),
        ("new Function(", "text that becomes code"),
        ("eval(", "text that becomes code"),
    ];
    let is_of_page = |path: &str| path.starts_with("src/") || path.starts_with("static/");
    let mut found = Vec::new();
    for path in tracked_files(|path| is_of_page(path) && is_code(path) && !path.ends_with(".css")) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for (number, line) in product_lines(&text) {
            for (word, why) in banned {
                if line.contains(word) {
                    found.push(format!("{path}:{number}: `{word}`: {why}\n    {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));

    let shell = fs::read_to_string(root().join("index.html")).unwrap();
    assert!(
        !shell.contains("<style") && !shell.contains(" style="),
        "an inline style"
    );
    for tag in shell.split("<script").skip(1) {
        let (tag, content) = tag.split_once('>').unwrap();
        assert!(
            tag.contains(" src=") && content.starts_with("</script>"),
            "an inline script: {tag}"
        );
    }
    let handlers = shell
        .split([' ', '\n'])
        .filter(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handlers.count(), 0, "an inline handler");
    let policy = shell
        .split_once("http-equiv=\"Content-Security-Policy\"")
        .and_then(|(_, rest)| rest.split_once("content=\""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(policy, _)| policy)
        .expect("index.html has a policy");
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains("http"),
        "{policy}"
    );
    for member in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(
            policy.split("; ").any(|own| own == member),
            "{policy} lacks {member}"
        );
    }
    // What documents and hosts are told is what the page has.
    let hosting = fs::read_to_string(root().join("docs/hosting.md")).unwrap();
    assert!(
        hosting.contains(policy),
        "docs/hosting.md states another policy than {policy}"
    );
}

#[test]
fn no_context_holds_metrics() {
    // yew renders every consumer when a context's value changes: it may hold what changes on a click, not on every frame.
    let mut contexts = BTreeSet::new();
    for path in tracked_files(|path| path.starts_with("src/") && path.ends_with(".rs")) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for (_, line) in product_lines(&text) {
            for marker in ["ContextProvider<", "use_context::<"] {
                for (start, _) in line.match_indices(marker) {
                    let rest = &line[start + marker.len()..];
                    let end = rest.find('>').unwrap_or(rest.len());
                    contexts.insert(rest[..end].to_owned());
                }
            }
        }
    }
    let expected = ["CanvasState", "Lang", "PlaygroundRef"].map(str::to_owned);
    assert_eq!(
        contexts,
        BTreeSet::from(expected),
        "the types of the page's contexts"
    );
    // The playground holds the history of the run, so it must be equal to itself whatever it holds.
    let state = fs::read_to_string(root().join("src/state/mod.rs")).unwrap();
    let comparison = state
        .split("impl PartialEq for PlaygroundRef")
        .nth(1)
        .expect("`PlaygroundRef` has its own equality");
    let body = &comparison[..comparison.find("\n}").unwrap()];
    assert!(body.contains("Rc::ptr_eq"), "{body}");
}

#[test]
fn only_kernels_and_counting_allocators_are_unsafe() {
    let marks = [
        concat!("unsafe", " {"),
        concat!("unsafe", " fn"),
        concat!("unsafe", " impl"),
        concat!("unsafe", " extern"),
        concat!("unsafe", "_code"),
    ];
    let mut found = Vec::new();
    for path in tracked_files(|path| path.ends_with(".rs") && !path.starts_with("crates/kernels/")) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let is_allocator = path.contains("/tests/") && text.contains("GlobalAlloc for");
        for (number, line) in text.lines().enumerate() {
            if !is_allocator && marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn is_code(path: &str) -> bool {
    [".rs", ".js", ".css", ".wgsl", ".py"]
        .iter()
        .any(|kind| path.ends_with(kind))
}

/// The lines that are compiled into the product, with their numbers: no comments, nothing from the tests on.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text
        .lines()
        .position(|line| line.trim_start().starts_with("#[cfg(test)]"))
        .unwrap_or(usize::MAX);
    text.lines()
        .enumerate()
        .take(end)
        .map(|(index, line)| (index + 1, line.split_once("//").map_or(line, |(code, _)| code)))
}

/// Every dependency that a manifest names for the product (not for its tests), by package name.
fn dependencies(manifest: &str) -> BTreeMap<String, String> {
    let text =
        fs::read_to_string(root().join(manifest)).unwrap_or_else(|error| panic!("{manifest}: {error}"));
    let mut found = BTreeMap::new();
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            is_inside = table == "dependencies" || table.ends_with(".dependencies");
            if let Some((_, name)) = table
                .rsplit_once("dependencies.")
                .filter(|(kind, _)| !kind.ends_with("dev-"))
            {
                found.insert(name.to_owned(), String::new());
            }
        } else if is_inside && let Some((name, value)) = line.split_once('=') {
            let name = name.trim().trim_end_matches(".workspace");
            found.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    assert!(!found.is_empty(), "{manifest} names no dependency");
    found
}
