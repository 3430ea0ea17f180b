//! Short names for what the module imports, and glue without its comments.
//!
//! `wasm-bindgen` ends every import's name in sixteen digits, `__wbg_append_a992ccc37aa62dc4`, so that the imports of
//! several crates never meet. They do not compress, and stand in the module and in the glue: 12 kB of the page, gzipped.
//! Here they become `__wbg_append`, and `__wbg_append_2` where there are two.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{Import, Imports, Parser};

/// The same glue and module with short names between them.
pub fn shorten(glue: &str, module: &[u8]) -> Result<(String, Vec<u8>)> {
    let mut short = Shortened::of(glue);
    let mut out = wasm_encoder::Module::new();
    short
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((without_comments(&short.text(glue)), out.finish()))
}

/// The short name of every long one.
struct Shortened(BTreeMap<String, String>);

impl Shortened {
    fn of(glue: &str) -> Self {
        let words: BTreeSet<&str> = words(glue).filter(|word| is_word(word)).collect();
        let mut taken: BTreeSet<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut short_names = BTreeMap::new();
        for word in words {
            let Some(stem) = stem(word) else { continue };
            let short = (1..)
                .map(|n| {
                    if n == 1 {
                        stem.to_owned()
                    } else {
                        format!("{stem}_{n}")
                    }
                })
                .find(|name| !taken.contains(name));
            if let Some(short) = short {
                taken.insert(short.clone());
                short_names.insert(word.to_owned(), short);
            }
        }
        Self(short_names)
    }

    fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    fn text(&self, glue: &str) -> String {
        words(glue).map(|word| self.get(word)).collect()
    }
}

/// The name without its digits, if it ends in them.
fn stem(word: &str) -> Option<&str> {
    let (stem, digits) = word.rsplit_once('_')?;
    let is_hash = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && stem.starts_with("__wb")).then_some(stem)
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

fn is_word(text: &str) -> bool {
    text.starts_with(is_word_char)
}

/// The text in pieces: names, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let in_word = is_word_char(rest.chars().next()?);
        let end = rest.find(|c| is_word_char(c) != in_word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The glue without the docstrings that were copied into it, and without what lines begin with. (It has no text that goes
/// over several lines.)
fn without_comments(glue: &str) -> String {
    let mut in_comment = false;
    let mut out = String::with_capacity(glue.len());
    for line in glue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        in_comment |= line.starts_with("/**");
        if !in_comment {
            out.push_str(line);
            out.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    out
}

impl Reencode for Shortened {
    type Error = std::convert::Infallible;

    fn parse_imports(
        &mut self,
        section: &mut wasm_encoder::ImportSection,
        imports: Imports<'_>,
    ) -> Result<(), Error> {
        match imports {
            Imports::Single(_, Import { module, name, ty }) => {
                let ty = self.entity_type(ty)?;
                section.import(module, self.get(name), ty);
                Ok(())
            }
            compact => utils::parse_imports(self, section, compact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, ImportSection, Module, TypeSection};
    use wasmparser::Payload;

    #[test]
    fn names_are_short_and_different_on_both_sides() {
        let glue = "/**\n * Doc.\n */\nexport function page_main() { wasm.page_main(); }\nconst import0 = {\n    \
            __wbg_log_0123456789abcdef: function() { },\n    \
            __wbg_log_fedcba9876543210: function() { },\n    \
            __wbg_set_0123456789abcdef: __wbg_set,\n};\n";
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for name in [
            "__wbg_log_fedcba9876543210",
            "__wbg_set_0123456789abcdef",
            "__wbg_other",
        ] {
            imports.import("./app_bg.js", name, EntityType::Function(0));
        }
        let mut module = Module::new();
        module.section(&types).section(&imports);

        let (glue, module) = shorten(glue, &module.finish()).unwrap();
        assert_eq!(
            glue,
            "export function page_main() { wasm.page_main(); }\nconst import0 = {\n\
            __wbg_log: function() { },\n__wbg_log_2: function() { },\n__wbg_set_2: __wbg_set,\n};\n"
        );
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&module) {
            if let Payload::ImportSection(section) = payload.unwrap() {
                names.extend(
                    section
                        .into_imports()
                        .map(|import| import.unwrap().name.to_owned()),
                );
            }
        }
        assert_eq!(names, ["__wbg_log_2", "__wbg_set_2", "__wbg_other"]);
    }
}
