//! The texts of the page and the READMEs use the words of `docs/glossary.md`.
//!
//! A text is any string literal in the code of the page and of the crates below it, outside tests: however it is declared (`texts!`,
//! `Text::new`, `settings!`, `#[error]`, `format!`), a new text cannot be missed.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{root, tracked_files};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A row of the glossary.
struct Term {
    english: String,
    chinese: String,
    forbidden: Vec<String>,
}

/// The texts of a file: each string literal with the one that follows it in the same list, which is its translation where they
/// are a pair.
type Texts = Vec<(String, Option<String>)>;

#[test]
fn no_text_has_a_forbidden_form() {
    let terms = glossary();
    let forms: BTreeSet<&str> = terms
        .iter()
        .flat_map(|term| &term.forbidden)
        .map(String::as_str)
        .collect();
    assert!(forms.len() > 50, "only {} forbidden forms were read", forms.len());
    let mut n_texts = 0;
    let mut faults = Vec::new();
    for path in code() {
        for (text, _) in texts(&read(&path)) {
            n_texts += 1;
            faults.extend(
                forms
                    .iter()
                    .filter(|form| contains(&text, form))
                    .map(|form| format!("{path}: `{form}` in {text:?}")),
            );
        }
    }
    for path in prose() {
        for (number, line) in read(&path).lines().enumerate() {
            let found = forms.iter().filter(|form| contains(line, form));
            faults.extend(found.map(|form| format!("{path}:{}: `{form}`", number + 1)));
        }
    }
    assert!(n_texts > 2000, "only {n_texts} texts were found");
    assert!(faults.is_empty(), "see docs/glossary.md:\n{}", faults.join("\n"));
}

#[test]
fn a_text_that_is_a_term_is_translated_as_the_glossary_says() {
    let terms = glossary();
    let mut n_pairs = 0;
    let mut faults = Vec::new();
    for path in code() {
        for (text, translation) in texts(&read(&path)) {
            let Some(translation) = translation.filter(|text| is_chinese(text)) else {
                continue;
            };
            n_pairs += 1;
            let term = terms.iter().find(|term| term.english.eq_ignore_ascii_case(&text));
            if let Some(term) = term.filter(|term| term.chinese != translation) {
                faults.push(format!(
                    "{path}: {text:?} is “{translation}”, and “{}” in the glossary",
                    term.chinese
                ));
            }
        }
    }
    assert!(n_pairs > 800, "only {n_pairs} texts in both languages were found");
    assert!(faults.is_empty(), "see docs/glossary.md:\n{}", faults.join("\n"));
}

#[test]
fn a_text_is_found_however_it_is_declared() {
    let has = |code: &str, form: &str| texts(code).iter().any(|(text, _)| contains(text, form));
    for code in [
        r#"texts! { name: "A tie", "绑定"; }"#,
        r#"const NAME: Text = Text::new("A tie", "绑定");"#,
        r#"settings! { ties: bool = true, Flag, ["A tie", "绑定"], ["Ties.", "绑定。"]; }"#,
        r#"fn say() -> String { format!("{a} 与 {b} 绑定") }"#,
        r#"#[error("绑定 {0}")] struct Error(u8);"#,
        "fn say() { let text = \"a long \\\n    text 绑定\"; }",
    ] {
        assert!(has(code, "绑定"), "{code}");
    }
    assert!(has(
        "fn f() { g(\"of it \\\n   the data set\"); }",
        "Of it the data set"
    ));
    assert!(!contains("knobstick", "knobs") && contains("Turn the Knobs.", "knobs"));
    for code in [
        "//! 绑定\nfn f() {}",
        "/// 绑定\nfn f() {}",
        "// 绑定\nfn f() {}",
        r#"const SEARCH_WORDS: &str = "绑定";"#,
        r#"#[cfg(test)] mod tests { const X: &str = "绑定"; }"#,
    ] {
        assert!(!has(code, "绑定"), "{code}");
    }
    let pair = texts(r#"Text::new("Early stopping", "早停")"#);
    assert_eq!(pair[0], ("Early stopping".to_owned(), Some("早停".to_owned())));
}

/// The rows of the tables of the glossary.
fn glossary() -> Vec<Term> {
    let terms: Vec<Term> = read("docs/glossary.md")
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---") && !line.starts_with("| concept"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [_, english, chinese, forbidden] = cells[..] else {
                panic!("a row of the glossary has four cells: {line}");
            };
            Term {
                english: english.to_owned(),
                chinese: chinese.to_owned(),
                forbidden: forbidden
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect(),
            }
        })
        .collect();
    assert!(terms.len() > 30, "only {} terms were read", terms.len());
    terms
}

/// The files with the texts of the page.
fn code() -> Vec<String> {
    tracked_files(|path| {
        let is_code = path.starts_with("src/") || (path.starts_with("crates/") && path.contains("/src/"));
        // The words of the generated reviews are data.
        is_code && path.ends_with(".rs") && !path.contains("/generated_reviews/words")
    })
}

/// The files that are texts as a whole.
fn prose() -> Vec<String> {
    tracked_files(|path| path.starts_with("README") || path == "index.html" || path == "static/shell.js")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a tracked file")
}

fn texts(code: &str) -> Texts {
    let mut texts = Vec::new();
    collect(code.parse().expect("Rust"), &mut texts);
    texts
}

fn collect(tokens: TokenStream, texts: &mut Texts) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => {
                // `#![...]` belongs to the module.
                if matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == '!') {
                    at += 1;
                }
                let Some(TokenTree::Group(attribute)) = tokens.get(at) else {
                    continue;
                };
                let name = attribute.stream().to_string();
                if name.starts_with("doc") {
                    at += 1;
                } else if name.replace(' ', "") == "cfg(test)" {
                    at = end_of_item(&tokens, at + 1);
                }
            }
            TokenTree::Ident(name) if name == "SEARCH_WORDS" => at = end_of_item(&tokens, at),
            TokenTree::Group(group) => collect(group.stream(), texts),
            TokenTree::Literal(literal) => {
                let Some(text) = string(&literal.to_string()) else {
                    continue;
                };
                let comma = matches!(tokens.get(at), Some(TokenTree::Punct(comma)) if comma.as_char() == ',');
                let next = match tokens.get(at + 1) {
                    Some(TokenTree::Literal(next)) if comma => string(&next.to_string()),
                    _ => None,
                };
                texts.push((text, next));
            }
            _ => {}
        }
    }
}

/// The position behind the item that begins at `at`: after its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let length = tokens[at..].iter().position(is_end);
    length.map_or(tokens.len(), |length| at + length + 1)
}

/// The text of a string literal; none for numbers, characters and bytes.
fn string(literal: &str) -> Option<String> {
    let is_raw = literal.starts_with('r');
    let text = literal
        .trim_start_matches('r')
        .trim_matches('#')
        .strip_prefix('"')?
        .strip_suffix('"')?;
    if is_raw {
        return Some(text.to_owned());
    }
    // A line that is continued goes on at the first character of the next one.
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    let joined = parts.fold(first, |joined, part| joined + part.trim_start());
    Some(joined.replace("\\\"", "\""))
}

/// Whether `text` contains `form` as whole words, in upper or lower case.
fn contains(text: &str, form: &str) -> bool {
    let (text, form) = (text.to_lowercase(), form.to_lowercase());
    let is_word =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    text.match_indices(&form).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        let starts_inside = is_word(before.chars().next_back()) && is_word(found.chars().next());
        let ends_inside = is_word(found.chars().next_back()) && is_word(after.chars().next());
        !starts_inside && !ends_inside
    })
}

fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}
