//! Names of weights files.

/// Largest number of characters of one part of a file name.
const MAX_PART_CHARS: usize = 40;

/// A descriptive name that is valid on every file system, for instance
/// `opinion-domains_text-towers_step-1200.json`. Letters and digits of any script stay; all else becomes `-`.
///
/// ```
/// use mtl_export::weights::file_name;
/// assert_eq!(file_name("opinion-domains", "Text towers", 1200), "opinion-domains_text-towers_step-1200.json");
/// assert_eq!(file_name("../etc", "塔: A/B?", 0), "etc_塔-a-b_step-0.json");
/// assert_eq!(file_name("", "***", 7), "data_model_step-7.json");
/// ```
pub fn file_name(data_key: &str, design_name: &str, step: u64) -> String {
    format!(
        "{}_{}_step-{step}.json",
        part(data_key, "data"),
        part(design_name, "model")
    )
}

fn part(words: &str, when_empty: &str) -> String {
    let mut out = String::new();
    for letter in words.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let short: String = out.chars().take(MAX_PART_CHARS).collect();
    let short = short.trim_end_matches('-');
    if short.is_empty() {
        when_empty.to_owned()
    } else {
        short.to_owned()
    }
}
