//! Writes what the tokeniser knows of each character into `examples/predict.py`, between the marks around its table.
//!
//! ```text
//! cargo run -p mtl-data --example word_table
//! ```
//!
//! The table is read off the tokeniser's own sources: how `unicode-segmentation` cuts a character out of a few contexts tells its class, and
//! `str::to_lowercase` its lower case. A character is a number of nine bits: its class (the place in [`CLASSES`], from 1) in the lowest five, then the flags below.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a program prints what it makes"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use unicode_segmentation::UnicodeSegmentation;

/// Classes of the property Word_Break, with a character of each; 0 is every other character. Format characters are cut as extending ones, and
/// line ends all alike.
const CLASSES: [(&str, char); 15] = [
    ("letter", 'a'),
    ("hebrew", 'א'),
    ("numeric", '1'),
    ("katakana", 'ア'),
    ("extend_num_let", '_'),
    ("regional", '🇦'),
    ("newline", '\n'),
    ("joiner", '\u{200d}'),
    ("space", ' '),
    ("extend", '\u{301}'),
    ("double_quote", '"'),
    ("single_quote", '\''),
    ("mid_letter", ':'),
    ("mid_num_let", '.'),
    ("mid_num", ','),
];
/// An emoji, which a zero-width joiner before it joins to what stands before that.
const EMOJI: u32 = 1 << 5;
/// Makes a word of the part that it is in.
const WORD: u32 = 1 << 6;
/// A sigma behind it, at the end of a word, is a final sigma.
const CASED: u32 = 1 << 7;
/// Is looked through when that is decided.
const IGNORED: u32 = 1 << 8;

/// The first and the last line of the block in the Python file.
const MARKS: [&str; 2] = ["# The table, generated", "# End of the table."];
/// Most characters of a line.
const LINE: usize = 118;

/// What stands before and after a character to find its class. Each begins with a letter that is not ASCII, so that the short way for ASCII
/// texts is not taken.
const CONTEXTS: [(&str, &str); 18] = [
    ("é", ""),
    ("é", "é"),
    ("é1", "1"),
    ("א", ""),
    ("א", "א"),
    ("éא", ""),
    ("éア", ""),
    ("éア", "é"),
    ("é!_", ""),
    ("é!🇦", ""),
    ("é ", ""),
    ("é!", "\u{b}"),
    ("é!", "😀"),
    ("é!", ".1"),
    ("é!", "\"א"),
    ("é!", "ア"),
    ("é!", "\u{301}"),
    ("é!", "\u{301}a"),
];

/// How many characters each part has into which a context with the character is cut.
fn cuts(c: char) -> Vec<Vec<usize>> {
    let cut = |(before, after): &(&str, &str)| {
        let text = format!("{before}{c}{after}");
        let parts = text.split_word_bounds();
        parts.map(|part| part.chars().count()).collect()
    };
    CONTEXTS.iter().map(cut).collect()
}

/// Whether a sigma behind `before` is written as the last letter of a word.
fn ends_a_word(before: &str) -> bool {
    format!("{before}Σ").to_lowercase().ends_with('ς')
}

/// Class and flags of a character.
fn properties(c: char, known: &[(Vec<Vec<usize>>, u32)]) -> Result<u32, Box<dyn Error>> {
    let cuts = cuts(c);
    let (_, class) = known
        .iter()
        .find(|(others, _)| *others == cuts)
        .ok_or_else(|| format!("U+{:04X} is cut like no known class: {cuts:?}", u32::from(c)))?;
    // What extends the part before it always stands with a joiner.
    let extends = cuts[0] == [2] && cuts[11] == [1, 2, 1];
    let joined = format!("\u{200d}{c}").split_word_bounds().count() == 1;
    let cased = ends_a_word(&c.to_string());
    let flags = [
        (EMOJI, joined && !extends),
        (WORD, c.to_string().unicode_words().next().is_some()),
        (CASED, cased),
        (IGNORED, !cased && ends_a_word(&format!("a{c}"))),
    ];
    let holding = flags.iter().filter(|(_, holds)| *holds);
    Ok(holding.fold(*class, |all, (flag, _)| all | flag))
}

/// Equal neighbours as `count*value`, in base 36; one alone as `value`.
fn runs(values: &[i64]) -> String {
    let mut words = Vec::new();
    let mut rest = values;
    while let Some(first) = rest.first() {
        let n = rest.iter().take_while(|value| *value == first).count();
        rest = &rest[n..];
        let value = base_36(*first);
        words.push(if n == 1 {
            value
        } else {
            format!("{}*{value}", base_36(n as i64))
        });
    }
    words.join(" ")
}

fn base_36(number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[(rest % 36) as usize]));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    let sign = if number < 0 { "-" } else { "" };
    sign.chars().chain(digits.into_iter().rev()).collect()
}

/// A string literal of Python over several lines.
fn literal(name: &str, text: &str) -> String {
    let mut out = format!("{name} = (");
    let mut line = String::new();
    for word in text.split(' ') {
        if line.len() + word.len() > LINE - 8 {
            let _ = write!(out, "\n    \"{line}\"");
            line.clear();
        }
        let _ = write!(line, "{word} ");
    }
    let _ = writeln!(out, "\n    \"{}\")", line.trim_end());
    out
}

fn table() -> Result<String, Box<dyn Error>> {
    let mut known = vec![(cuts('!'), 0)];
    for (index, (name, c)) in CLASSES.iter().enumerate() {
        let cuts = cuts(*c);
        if known.iter().any(|(others, _)| *others == cuts) {
            return Err(format!("the contexts do not tell {name} from another class").into());
        }
        known.push((cuts, index as u32 + 1));
    }
    let all = || (0..=u32::from(char::MAX)).map(char::from_u32);
    let mut classes = Vec::new();
    for c in all() {
        classes.push(i64::from(c.map_or(Ok(0), |c| properties(c, &known))?));
    }
    // The distance of a character to its lower case; one that becomes several characters stands apart.
    let (mut distances, mut several) = (Vec::new(), Vec::new());
    for c in all() {
        let lower: Vec<u32> = c
            .into_iter()
            .flat_map(char::to_lowercase)
            .map(u32::from)
            .collect();
        distances.push(match (c, lower.as_slice()) {
            (Some(c), [one]) => i64::from(*one) - i64::from(u32::from(c)),
            (Some(c), many) => {
                let many: Vec<String> = many.iter().map(|code| base_36(i64::from(*code))).collect();
                several.push(format!("{}={}", base_36(i64::from(u32::from(c))), many.join("+")));
                0
            }
            (None, _) => 0,
        });
    }
    let names: Vec<&str> = CLASSES.iter().map(|(name, _)| *name).collect();
    Ok([
        literal("CLASS_NAMES", &format!("other {}", names.join(" "))),
        literal("CLASSES", &runs(&classes)),
        literal("LOWER", &runs(&distances)),
        literal("LOWER_SEVERAL", &several.join(" ")),
    ]
    .concat())
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/predict.py");
    let source = std::fs::read_to_string(&file)?;
    let [start, end] = MARKS.map(|mark| source.find(mark));
    let (start, end) = start
        .zip(end)
        .ok_or("examples/predict.py has no marks around its table")?;
    let start = start + source[start..].find('\n').ok_or("the first mark has no line")? + 1;
    let table = table()?;
    println!("{} bytes", table.len());
    std::fs::write(&file, [&source[..start], &table, &source[end..]].concat())?;
    Ok(())
}
