//! Reader of weights files.
//!
//! One pass over the file keeps each member as a slice of its text; then each slice is deserialised as its own type, so that
//! an error names the member or parameter in which it is. Values are never held as a JSON tree: they are parsed from
//! their text, one by one.

use std::collections::BTreeSet;

use mtl_base::json;
use mtl_engine::design::Design;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{DTYPE, FORMAT, MAX_BYTES, ParameterHeader, VERSION, WeightsError, WeightsFile};

/// The members of the file as text. All are optional, so that a file of another kind is recognised as such.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Members<'a> {
    #[serde(borrow)]
    format: Option<&'a RawValue>,
    version: Option<&'a RawValue>,
    software: Option<&'a RawValue>,
    design: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    settings: Option<&'a RawValue>,
    seed: Option<&'a RawValue>,
    step: Option<&'a RawValue>,
    epoch: Option<&'a RawValue>,
    metrics: Option<&'a RawValue>,
    parameters: Option<&'a RawValue>,
}

/// One entry of `parameters`. The values stay text until the rest has been validated.
#[derive(Deserialize)]
struct Entry<'a> {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    #[serde(borrow)]
    values: &'a RawValue,
}

/// Reads a weights file: its description, and the values of all parameters in the order of its `parameters`.
///
/// Checks that the file is complete, of this format and version, and that every parameter has a unique name,
/// a shape that matches its values, and finite values. Whether they are the parameters of the design is checked by
/// [`WeightsFile::check`].
///
/// # Errors
/// [`WeightsError`] names what is wrong and where. Bytes of any kind never make it panic.
pub fn decode(bytes: &[u8]) -> Result<(WeightsFile, Vec<f32>), WeightsError> {
    if bytes.len() > MAX_BYTES {
        return Err(WeightsError::TooLarge {
            bytes: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(WeightsError::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        if error.error_len().is_none() {
            truncated(bytes)
        } else {
            let offset = error.valid_up_to();
            WeightsError::NotJson {
                offset,
                line: line_of(bytes, offset),
                reason: "not UTF-8 text".to_owned(),
            }
        }
    })?;
    if !text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| fault(text, &error))?;
        return Err(WeightsError::NotWeights { got: shortened(text) });
    }
    let members = members(text)?;
    let entries: Vec<Entry> = part(text, "parameters", members.parameters)?;
    check_names(entries.iter().map(|entry| entry.name.as_str()))?;
    let parameters = entries
        .iter()
        .map(|entry| ParameterHeader {
            name: entry.name.clone(),
            shape: entry.shape.clone(),
        })
        .collect();
    let file = members.file(text, parameters)?;
    let mut values = Vec::new();
    for (entry, parameter) in entries.iter().zip(&file.parameters) {
        if entry.dtype != DTYPE {
            return Err(WeightsError::Dtype {
                parameter: entry.name.clone(),
                got: shortened(&entry.dtype),
            });
        }
        values.append(&mut read_values(parameter, entry.values.get())?);
    }
    Ok((file, values))
}

/// The members of a description of this format and version.
pub(super) fn members(text: &str) -> Result<Members<'_>, WeightsError> {
    let members: Members = serde_json::from_str(text).map_err(|error| fault(text, &error))?;
    let format = members.format.map_or("nothing", RawValue::get);
    if json::read::<String>(format).ok().as_deref() != Some(FORMAT) {
        return Err(WeightsError::NotWeights {
            got: shortened(format),
        });
    }
    let version = members.version.map_or("nothing", RawValue::get);
    if json::read::<u32>(version).ok() != Some(VERSION) {
        return Err(WeightsError::OtherVersion {
            got: shortened(version),
            expected: VERSION,
        });
    }
    Ok(members)
}

impl Members<'_> {
    /// The description, of which `text` is the whole.
    pub(super) fn file(
        &self,
        text: &str,
        parameters: Vec<ParameterHeader>,
    ) -> Result<WeightsFile, WeightsError> {
        Ok(WeightsFile {
            software: part(text, "software", self.software)?,
            design: part::<Design>(text, "design", self.design)?,
            data: part(text, "data", self.data)?,
            settings: part(text, "settings", self.settings)?,
            seed: part(text, "seed", self.seed)?,
            step: part(text, "step", self.step)?,
            epoch: part(text, "epoch", self.epoch)?,
            metrics: part(text, "metrics", self.metrics)?,
            parameters,
        })
    }
}

/// Rejects duplicate names.
pub(super) fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), WeightsError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(WeightsError::DuplicateParameter {
                parameter: shortened(name),
            });
        }
    }
    Ok(())
}

/// Deserialises a member of the file `text`.
fn part<'a, T: Deserialize<'a>>(
    text: &str,
    name: &str,
    member: Option<&'a RawValue>,
) -> Result<T, WeightsError> {
    let raw = member
        .ok_or_else(|| WeightsError::MissingPart {
            part: name.to_owned(),
        })?
        .get();
    json::read(raw).map_err(|error| {
        let why = error.inner();
        let reason = match error.path().to_string().as_str() {
            "." => json::reason(why),
            path => format!("{path}: {}", json::reason(why)),
        };
        WeightsError::Part {
            part: name.to_owned(),
            line: line_of(text.as_bytes(), offset_in(text, raw)) + why.line().saturating_sub(1),
            reason: shortened(&reason),
        }
    })
}

/// Offset of a slice within a text; 0 for a slice of another text.
fn offset_in(text: &str, slice: &str) -> usize {
    let offset = (slice.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    if text.is_char_boundary(offset) { offset } else { 0 }
}

/// Parses the text of `values`, which is known to be valid JSON, so that the text between two commas parses as a number only
/// if it is one.
fn read_values(parameter: &ParameterHeader, raw: &str) -> Result<Vec<f32>, WeightsError> {
    let bad = |index, got| WeightsError::BadValue {
        parameter: parameter.name.clone(),
        index,
        got: shortened(got),
    };
    let list = raw
        .strip_prefix('[')
        .and_then(|raw| raw.strip_suffix(']'))
        .ok_or_else(|| bad(0, raw))?;
    let expected = parameter.n_values().unwrap_or(usize::MAX);
    let mut values = Vec::with_capacity(expected.min(list.len() / 2 + 1));
    let elements = list.split(',').map(str::trim_ascii);
    // Only the empty list has an empty element.
    for (index, element) in elements.filter(|element| !element.is_empty()).enumerate() {
        let value = element.parse().ok().filter(|value: &f32| value.is_finite());
        values.push(value.ok_or_else(|| bad(index, element))?);
    }
    if values.len() != expected {
        return Err(WeightsError::WrongCount {
            parameter: parameter.name.clone(),
            shape: parameter.shape.clone(),
            expected,
            got: values.len(),
        });
    }
    Ok(values)
}

/// The error for a file whose JSON is invalid.
pub(super) fn fault(text: &str, error: &serde_json::Error) -> WeightsError {
    let lines_before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let offset = lines_before.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    // A number that ends before its digits is invalid for `serde_json`, even at the end of the text.
    let is_cut_number = offset + 1 >= text.len() && text.ends_with(['-', '+', '.', 'e', 'E']);
    if error.is_eof() || is_cut_number {
        return truncated(text.as_bytes());
    }
    not_a_number(text).unwrap_or_else(|| WeightsError::NotJson {
        offset,
        line: error.line(),
        reason: json::reason(error),
    })
}

fn truncated(bytes: &[u8]) -> WeightsError {
    WeightsError::Truncated {
        bytes: bytes.len(),
        line: line_of(bytes, bytes.len()),
    }
}

/// The error for the first `NaN` or `Infinity` outside a string, which other programs write although JSON does not have them: names
/// the parameter. The position in the reader's error is not used, as it depends on the reader's build.
fn not_a_number(text: &str) -> Option<WeightsError> {
    const WORDS: [&str; 4] = ["Infinity", "NaN", "nan", "inf"];
    let bytes = text.as_bytes();
    let (mut at, mut is_in_string) = (0, false);
    let word = loop {
        match bytes.get(at)? {
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => at += 1,
            b'I' | b'N' | b'n' | b'i' if !is_in_string => {
                if let Some(word) = WORDS.iter().find(|word| text[at..].starts_with(**word)) {
                    break word;
                }
            }
            _ => {}
        }
        at += 1;
    };
    let start = if text[..at].ends_with('-') { at - 1 } else { at };
    let word = &text[start..at + word.len()];
    let before = &text[..start];
    let list = before.rfind('[')?;
    let name = before[..list].rfind("\"name\"")?;
    let name = before[name + 6..list]
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    let end = name.get(1..)?.find('"')? + 2;
    let parameter = json::read(name.get(..end)?).ok()?;
    Some(WeightsError::BadValue {
        parameter,
        index: before[list..].matches(',').count(),
        got: word.to_owned(),
    })
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    bytes[..offset.min(bytes.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// The first 120 characters of a text from a file, for an error message.
pub(super) fn shortened(words: &str) -> String {
    const MAX_CHARS: usize = 120;
    match words.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
