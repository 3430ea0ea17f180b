//! The import graph has no circle: what a module of a crate imports does not import that module, over however many others. A module is a
//! file or a folder at the top of the crate's `src/`; inside a folder, files may know each other.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use common::{root, tracked_files};

/// The crates, by their sources.
const SOURCES: [&str; 11] = [
    "crates/base/src/",
    "crates/kernels/src/",
    "crates/program/src/",
    "crates/balance/src/",
    "crates/engine/src/",
    "crates/data/src/",
    "crates/training/src/",
    "crates/export/src/",
    "crates/tools/src/",
    "src/",
    "xtask/src/",
];

/// Modules that do form one: crate, modules, reason.
const MAY_FORM_ONE: [(&str, &[&str], &str); 1] = [(
    "crates/training/src/",
    &[
        "comparison",
        "conflict",
        "evaluation",
        "inspection",
        "prediction",
        "profile",
        "protocol",
        "run",
        "session",
        "snapshot",
        "step",
        "stopping",
        "webgpu",
    ],
    "the protocol names the answers that the modules of the session give, and these name the protocol",
)];

/// By module: the modules that it imports, each with a file that does.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_two_modules_of_a_crate_import_each_other() {
    let mut found = Vec::new();
    for source in SOURCES {
        let imports = imports(source);
        let excused = |module: &String| {
            let mut excuses = MAY_FORM_ONE.iter().filter(|(of, _, _)| *of == source);
            excuses.any(|(_, modules, _)| modules.contains(&module.as_str()))
        };
        for (module, of_module) in &imports {
            for (other, file) in of_module {
                let is_excused = excused(module) && excused(other);
                if !is_excused && reached(&imports, other).contains(module) {
                    found.push(format!("{source}: {module} imports {other} in {file}"));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "each of these is a part of a circle:\n{}",
        found.join("\n")
    );
}

/// What the test looks for is found.
#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let check = |module: &[&str], text: &str, expected: &[&str]| {
        let found: Vec<String> = paths(module, text).iter().map(|path| path.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        &["design", "check"],
        "use super::graph::Graph;",
        &["design::graph::Graph"],
    );
    check(
        &["design"],
        "pub use crate::{layers::{Shape, error as e}, lowering};",
        &["layers::Shape", "layers::error", "lowering"],
    );
    check(
        &["layers"],
        "fn f() -> crate::model::Model { super::model::new() }",
        &["model::Model", "model::new"],
    );
    check(
        &["layers"],
        "use self::shape::{self, Shape};",
        &["layers::shape", "layers::shape::Shape"],
    );
    check(&["layers"], "use mtl_base::crate_of; macro!($crate::model)", &[]);
}

fn imports(source: &str) -> Imports {
    let files = tracked_files(|path| path.starts_with(source) && path.ends_with(".rs"));
    let module_of = |file: &str| -> Vec<String> {
        let path = file.trim_start_matches(source).trim_end_matches(".rs");
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        parts.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
        parts
    };
    let modules: BTreeSet<String> = files
        .iter()
        .filter_map(|file| module_of(file).into_iter().next())
        .collect();
    let exported = exported(source, &files);
    let mut imports = Imports::new();
    for file in &files {
        let module = module_of(file);
        let Some(own) = module.first() else { continue };
        let text = fs::read_to_string(root().join(file)).expect("a tracked file");
        let text = &text[..text.find("#[cfg(test)]\nmod ").unwrap_or(text.len())];
        let code: Vec<&str> = text
            .lines()
            .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
            .collect();
        let parts: Vec<&str> = module.iter().map(String::as_str).collect();
        for path in paths(&parts, &code.join("\n")) {
            let first = path.first().map(|name| exported.get(name).unwrap_or(name));
            let other = first.filter(|other| *other != own && modules.contains(*other));
            if let Some(other) = other {
                let of_module = imports.entry(own.clone()).or_default();
                of_module.entry(other.clone()).or_insert_with(|| file.clone());
            }
        }
    }
    imports
}

/// The modules of the names that the root of the crate re-exports.
fn exported(source: &str, files: &[String]) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    for file in files
        .iter()
        .filter(|file| ["lib.rs", "main.rs"].contains(&&file[source.len()..]))
    {
        let text = fs::read_to_string(root().join(file)).expect("a tracked file");
        let tokens = tokens(&text);
        let mut found = Vec::new();
        for at in (1..tokens.len()).filter(|at| tokens[at - 1] == "use") {
            read(&tokens, at, Vec::new(), &mut found);
        }
        let names = found.into_iter().filter(|path| path.len() > 1);
        exported.extend(names.map(|mut path| (path.pop().unwrap_or_default(), path.swap_remove(0))));
    }
    exported
}

/// `module` and all that it imports, over others too.
fn reached(imports: &Imports, module: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::from([module.to_owned()]);
    let mut open = vec![module.to_owned()];
    while let Some(module) = open.pop() {
        let others = imports
            .get(&module)
            .into_iter()
            .flatten()
            .map(|(other, _)| other.clone());
        open.extend(others.filter(|other| seen.insert(other.clone())));
    }
    seen
}

/// Every path in a file of the module `module` that begins with `crate`, `super` or `self`, from the root of the crate.
fn paths(module: &[&str], text: &str) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_start = ["crate", "super", "self"].contains(&tokens[at]) && tokens.get(at + 1) == Some(&"::");
        let is_of_macro = at > 0 && ["$", "::"].contains(&tokens[at - 1]);
        if is_start && !is_of_macro {
            let module = module.iter().map(|part| (*part).to_owned()).collect();
            at = read(&tokens, at, module, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads the path that begins at `at`, relative to `path`, with all that its braces name; returns where it ends.
fn read(tokens: &[&str], mut at: usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    loop {
        match tokens.get(at).copied() {
            Some("{") => {
                at += 1;
                while !matches!(tokens.get(at), None | Some(&"}")) {
                    at = read(tokens, at, path.clone(), found);
                    // A new name, and the comma.
                    while !matches!(tokens.get(at), None | Some(&"}" | &",")) {
                        at += 1;
                    }
                    at += usize::from(tokens.get(at) == Some(&","));
                }
                return at + 1;
            }
            Some("crate") => path.clear(),
            Some("super") => drop(path.pop()),
            Some("self") => {}
            Some(name) => path.push(name.to_owned()),
            None => return at,
        }
        at += 1;
        if tokens.get(at) != Some(&"::") {
            found.push(path);
            return at;
        }
        at += 1;
    }
}

/// Names, `::`, and every other character that is no space.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_name(first) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    tokens
}
