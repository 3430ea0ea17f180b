//! Rules of the page's own code: which folder of `src/` may know which, that every text is shown somewhere, and that types
//! hold data which is put into words in one place.

mod common;

use std::fs;

use common::{root, tracked_files};

/// The folders of `src/`, and what each may know of the others.
const MAY_KNOW: [(&str, &[&str]); 6] = [
    ("web", &[]),
    ("i18n", &[]),
    ("worker", &["i18n", "web"]),
    ("state", &["i18n", "web", "worker"]),
    ("ui", &["i18n", "web", "worker", "state"]),
    ("api", &["i18n", "web", "worker", "state"]),
];

fn code_of(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).expect("a tracked file");
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = product
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands in `code` with no letter before it.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '.')
            || code[..start].ends_with("crate::")
            || code[..start].ends_with("i18n::")
    })
}

#[test]
fn folders_of_the_page_know_only_those_below_them() {
    let mut found = Vec::new();
    for (folder, allowed) in MAY_KNOW {
        for path in tracked_files(|path| path.starts_with(&format!("src/{folder}/")) && path.ends_with(".rs"))
        {
            let code = code_of(&path);
            for (other, _) in MAY_KNOW {
                if other != folder && !allowed.contains(&other) && names(&code, &format!("{other}::")) {
                    found.push(format!("{path} names {other}::"));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The names of the texts that a file of `src/i18n/` declares.
fn text_names(text: &str) -> Vec<&str> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| is_name(name))
        .collect()
}

#[test]
fn every_text_is_shown_somewhere() {
    let is_text = |path: &str| path.starts_with("src/i18n/") && path.ends_with(".rs");
    let code: Vec<String> =
        tracked_files(|path| path.starts_with("src/") && path.ends_with(".rs") && !is_text(path))
            .iter()
            .map(|path| code_of(path))
            .collect();
    let mut found = Vec::new();
    let mut n_texts = 0;
    for path in tracked_files(is_text) {
        let text = fs::read_to_string(root().join(&path)).expect("a tracked file");
        let room = path.trim_start_matches("src/i18n/").trim_end_matches(".rs");
        if !text.contains("texts! {\n") || room == "mod" {
            continue;
        }
        for name in text_names(&text) {
            n_texts += 1;
            let used = format!(".{name}");
            let is_used = code.iter().any(|code| {
                names(code, room)
                    && code.match_indices(&used).any(|(start, _)| {
                        let after = code[start + used.len()..].chars().next();
                        !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
                    })
            });
            if !is_used {
                found.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(n_texts > 300, "{n_texts}");
    assert!(
        found.is_empty(),
        "texts that nothing shows:\n{}",
        found.join("\n")
    );
}

#[test]
fn types_hold_data_and_not_words_of_a_language() {
    let marks = ["_zh:", "_en:", "_zh,"];
    let mut found = Vec::new();
    for path in
        tracked_files(|path| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs"))
    {
        for (number, line) in code_of(&path).lines().enumerate() {
            // The macros that declare settings name what they take.
            let is_macro = line.contains('$');
            if !is_macro && marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
