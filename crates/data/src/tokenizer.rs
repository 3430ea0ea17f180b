//! Tokeniser: Unicode words in lower case; one token per character in Chinese.
//!
//! Words follow Unicode Standard Annex 29, which keeps `don't` and `3.5` whole, drops punctuation, and makes every
//! Han character a word of its own, so that English, Chinese and mixed texts need no setting. ID 0 is padding, 1 is any
//! token outside the vocabulary.
//!
//! ```
//! use mtl_data::tokenizer::{Vocabulary, tokenize};
//!
//! let words: Vec<String> = tokenize("I don’t like 这部手机!").map(|word| word.text.into_owned()).collect();
//! assert_eq!(words, ["i", "don't", "like", "这", "部", "手", "机"]);
//!
//! let vocabulary = Vocabulary::build(["good phone", "good book"], 100, 1);
//! assert_eq!(vocabulary.tokens(), ["<pad>", "<unk>", "good", "book", "phone"]);
//! let encoded = vocabulary.encode("Good camera");
//! assert_eq!(encoded.iter().map(|token| token.id).collect::<Vec<_>>(), [2, 1]);
//! assert_eq!((encoded[1].start, encoded[1].end), (5, 11));
//! ```

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// ID of padding.
pub const PADDING: u32 = 0;
/// ID of a token outside the vocabulary.
pub const UNKNOWN: u32 = 1;
/// The two reserved tokens, by ID.
pub const RESERVED: [&str; 2] = ["<pad>", "<unk>"];

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word in lower case.
    pub text: Cow<'a, str>,
    /// Start in the text, in bytes.
    pub start: usize,
    /// End in the text, in bytes.
    pub end: usize,
}

/// A token of a text, with its position, for highlighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// ID in the vocabulary.
    pub id: u32,
    /// Start in the text, in bytes.
    pub start: usize,
    /// End in the text, in bytes.
    pub end: usize,
}

/// The words of `text` in order.
pub fn tokenize(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.unicode_word_indices().map(|(start, word)| Word {
        text: normalize(word),
        start,
        end: start + word.len(),
    })
}

/// Converts to lower case, and the typographic apostrophe to the plain one; borrowed if nothing changes.
fn normalize(word: &str) -> Cow<'_, str> {
    if word
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(word);
    }
    if word.is_ascii() {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    Cow::Owned(word.to_lowercase().replace('\u{2019}', "'"))
}

/// A vocabulary: the known tokens by ID.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl From<Vec<String>> for Vocabulary {
    /// Makes a vocabulary of the tokens by ID, as returned by [`Vocabulary::tokens`]; of equal tokens the first counts.
    fn from(tokens: Vec<String>) -> Self {
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate().skip(RESERVED.len()) {
            ids.entry(token.clone()).or_insert(id as u32);
        }
        Self { tokens, ids }
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.tokens
    }
}

impl Vocabulary {
    /// Makes a vocabulary of the `max_size - 2` most frequent tokens that occur at least `min_count` times, by count, then by text.
    pub fn build<'a>(texts: impl IntoIterator<Item = &'a str>, max_size: usize, min_count: usize) -> Self {
        let mut counts: HashMap<Cow<'a, str>, usize> = HashMap::new();
        for text in texts {
            for word in tokenize(text) {
                *counts.entry(word.text).or_default() += 1;
            }
        }
        // The iteration order of the map does not matter: no two entries compare equal.
        let mut counts: Vec<(Cow<'a, str>, usize)> = counts
            .into_iter()
            .filter(|(_, count)| *count >= min_count.max(1))
            .collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(max_size.saturating_sub(RESERVED.len()));
        let reserved = RESERVED.iter().map(|token| (*token).to_owned());
        reserved
            .chain(counts.into_iter().map(|(token, _)| token.into_owned()))
            .collect::<Vec<_>>()
            .into()
    }

    /// Number of IDs, including the two reserved ones.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no tokens, not even the reserved ones.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether the two reserved tokens are at their positions.
    pub fn is_well_formed(&self) -> bool {
        self.tokens.len() >= RESERVED.len()
            && self
                .tokens
                .iter()
                .zip(RESERVED)
                .all(|(token, reserved)| token == reserved)
    }

    /// Tokens by ID.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The token with this ID.
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(String::as_str)
    }

    /// The ID of a lower-case token; [`UNKNOWN`] if it is not in the vocabulary.
    pub fn id(&self, token: &str) -> u32 {
        self.ids.get(token).copied().unwrap_or(UNKNOWN)
    }

    /// All tokens of `text`, not truncated.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        tokenize(text)
            .map(|word| Token {
                id: self.id(&word.text),
                start: word.start,
                end: word.end,
            })
            .collect()
    }

    /// Writes the first IDs of `text` to `out`, padded; returns the number of tokens of the whole text.
    pub fn encode_into(&self, text: &str, out: &mut [u32]) -> usize {
        out.fill(PADDING);
        let mut n_tokens = 0;
        for word in tokenize(text) {
            if let Some(slot) = out.get_mut(n_tokens) {
                *slot = self.id(&word.text);
            }
            n_tokens += 1;
        }
        n_tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokenize(text).map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn words_of_both_languages() {
        assert_eq!(
            words("It's NOT bad, really -- 5/5!"),
            ["it's", "not", "bad", "really", "5", "5"]
        );
        assert_eq!(words("酒店的WiFi很慢。"), ["酒", "店", "的", "wifi", "很", "慢"]);
        assert_eq!(
            words("Don\u{2019}t STRASSE Éclair"),
            ["don't", "strasse", "éclair"]
        );
        assert_eq!(words(""), Vec::<String>::new());
        assert_eq!(words("!!! ... 。。。 😀"), Vec::<String>::new());
    }

    #[test]
    fn spans_are_those_of_the_text_as_typed() {
        let text = "Größe — 很 OK";
        for word in tokenize(text) {
            assert_eq!(normalize(&text[word.start..word.end]), word.text);
        }
    }

    #[test]
    fn the_vocabulary_is_by_count_then_text_and_bounded() {
        let texts = ["b a c", "b a", "b d"];
        assert_eq!(
            Vocabulary::build(texts, 100, 1).tokens()[2..],
            ["b", "a", "c", "d"]
        );
        assert_eq!(Vocabulary::build(texts, 100, 2).tokens()[2..], ["b", "a"]);
        assert_eq!(Vocabulary::build(texts, 3, 1).tokens()[2..], ["b"]);
        let vocabulary = Vocabulary::build(texts, 5, 1);
        assert_eq!(vocabulary.id("d"), UNKNOWN);
        assert_eq!(vocabulary.id("<pad>"), UNKNOWN);
        assert_eq!(vocabulary.token(2), Some("b"));
        let json = serde_json::to_string(&vocabulary).unwrap();
        assert_eq!(json, r#"["<pad>","<unk>","b","a","c"]"#);
        assert_eq!(serde_json::from_str::<Vocabulary>(&json).unwrap(), vocabulary);
    }

    #[test]
    fn padding_and_truncation() {
        let vocabulary = Vocabulary::build(["a b"], 10, 1);
        let mut out = [9; 3];
        assert_eq!(vocabulary.encode_into("a", &mut out), 1);
        assert_eq!(out, [2, 0, 0]);
        assert_eq!(vocabulary.encode_into("a z b b", &mut out), 4);
        assert_eq!(out, [2, 1, 3]);
        assert_eq!(vocabulary.encode_into("?!", &mut out), 0);
        assert_eq!(out, [0, 0, 0]);
    }
}
