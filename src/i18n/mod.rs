//! Every text of the page, in English and Chinese.
//!
//! One file per area of the page, each with a list made by `texts!`; a test fails on a text that is missing, empty, not translated,
//! or that has other placeholders in one language than in the other.
//!
//! ```ignore
//! use crate::i18n::{fill, shell::T, use_lang};
//! let lang = use_lang();
//! html! { <button>{ T.play.get(lang) }</button> }
//! ```
//!
//! The language of the page is a yew context: it changes rarely, and every component with a text depends on it.

use std::fmt::Display;

pub use mtl_base::text::{Lang, Message, Text};
use yew::prelude::*;

/// Declares the texts of one area: `T.name.get(lang)` is the text, `ALL` lists them for the test.
macro_rules! texts {
    ($( $name:ident: $en:literal, $zh:literal; )+) => {
        /// The texts of this area, by name.
        #[allow(missing_docs)]
        pub struct Texts { $( pub $name: mtl_base::text::Text, )+ }

        /// The texts of this area.
        pub static T: Texts = Texts { $( $name: mtl_base::text::Text::new($en, $zh), )+ };

        /// Every text of this area with its name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, mtl_base::text::Text)] =
            &[$( (stringify!($name), mtl_base::text::Text::new($en, $zh)), )+];
    };
}

pub mod canvas;
pub mod documents;
pub mod faults;
pub mod format;
pub mod inside;
pub mod insight;
pub mod panels;
pub mod shell;
pub mod train;

/// The language that the page is shown in.
#[hook]
pub fn use_lang() -> Lang {
    use_context::<Lang>().unwrap_or_default()
}

/// Replaces `{0}`, `{1}`, ... by `values`.
pub fn fill(text: Text, lang: Lang, values: &[&dyn Display]) -> String {
    fill_template(text.get(lang), values)
}

/// The same in both languages, for a message that remains visible when the language changes.
pub fn fill_message(text: Text, values: &[&dyn Display]) -> Message {
    Message::new(fill_template(text.en, values), fill_template(text.zh, values))
}

fn fill_template(template: &str, values: &[&dyn Display]) -> String {
    let mut filled = template.to_owned();
    for (position, value) in values.iter().enumerate() {
        filled = filled.replace(&format!("{{{position}}}"), &value.to_string());
    }
    filled
}

/// A message, such as an error, as a sentence of its own: with a capital letter, quotation marks in place of backticks, and a
/// full stop.
pub fn sentence(message: &Message) -> Message {
    Message::new(punctuated(&message.en, '.'), punctuated(&message.zh, '。'))
}

fn punctuated(text: &str, full_stop: char) -> String {
    let mut sentence = String::with_capacity(text.len() + full_stop.len_utf8());
    let mut is_open = false;
    for letter in text.chars() {
        if letter == '`' {
            is_open = !is_open;
            sentence.push(if is_open { '“' } else { '”' });
        } else if sentence.is_empty() {
            sentence.extend(letter.to_uppercase());
        } else {
            sentence.push(letter);
        }
    }
    if !sentence.is_empty() && !sentence.ends_with(['.', '?', '!', '…', '。', '？', '！']) {
        sentence.push(full_stop);
    }
    sentence
}

/// The tag for the `lang` attribute.
pub const fn html_lang(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Zh => "zh-CN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: &[(&str, &[(&str, Text)])] = &[
        ("shell", shell::ALL),
        ("train", train::ALL),
        ("canvas", canvas::ALL),
        ("panels", panels::ALL),
        ("documents", documents::ALL),
        ("faults", faults::ALL),
        ("inside", inside::ALL),
        ("insight", insight::ALL),
    ];

    /// Names and abbreviations that are written the same way in both languages.
    const SAME: &[&str] = &["MTL Playground", "English", "中文", "L1", "L2"];

    fn has_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    fn placeholders(text: &str) -> Vec<String> {
        let mut found = (0..10)
            .map(|i| format!("{{{i}}}"))
            .filter(|p| text.contains(p))
            .collect::<Vec<_>>();
        found.sort();
        found
    }

    #[test]
    fn every_text_is_translated() {
        for (room, texts) in ROOMS {
            for (name, text) in *texts {
                let place = format!("{room}.{name}");
                assert!(
                    !text.en.trim().is_empty() && !text.zh.trim().is_empty(),
                    "{place} is empty"
                );
                assert_eq!(
                    placeholders(text.en),
                    placeholders(text.zh),
                    "{place} fills in other values"
                );
                if SAME.contains(&text.en) {
                    continue;
                }
                assert_ne!(text.en, text.zh, "{place} is not translated");
                // Values alone, as in "{0}/{1}", are the same in every language.
                let has_words = text.zh.chars().any(char::is_alphabetic);
                assert!(
                    has_chinese(text.zh) || !has_words,
                    "{place} has no Chinese: {}",
                    text.zh
                );
                assert!(
                    !has_chinese(text.en),
                    "{place} has Chinese in English: {}",
                    text.en
                );
                assert!(!text.zh.contains("..."), "{place}: use … in Chinese");
            }
        }
    }

    #[test]
    fn an_error_becomes_a_sentence() {
        let error = Message::new("`rate`: unknown variant `warp`", "“比例”有误");
        let said = sentence(&error);
        assert_eq!(said.en, "“rate”: unknown variant “warp”.");
        assert_eq!(said.zh, "“比例”有误。");
        let said = sentence(&Message::new(
            "the design is empty; add an input",
            "没有做任何更改。",
        ));
        assert_eq!(
            (said.en.as_str(), said.zh.as_str()),
            ("The design is empty; add an input.", "没有做任何更改。")
        );
        assert_eq!(sentence(&Message::default()), Message::default());
        assert_eq!(sentence(&said), said);
    }

    #[test]
    fn values_are_filled_in_by_position() {
        let text = Text::new("step {1} of {0}", "共 {0} 步，第 {1} 步");
        assert_eq!(fill(text, Lang::En, &[&10, &3]), "step 3 of 10");
        assert_eq!(fill(text, Lang::Zh, &[&10, &3]), "共 10 步，第 3 步");
    }
}
