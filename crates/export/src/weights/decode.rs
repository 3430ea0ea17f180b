//! From bytes to the parts of a weights file, with every fault named.
//!
//! One pass over the file keeps each member as a slice of its text; then each slice is read by its own type, so that
//! a fault is told by the name of the member or parameter that it is in. Values never become a tree: they are read from
//! their text, one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use mtl_engine::design::Design;
use mtl_json::{SyntaxError, Value};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};

use super::{DTYPE, FORMAT, MAX_BYTES, ParameterHeader, VERSION, WeightsError, WeightsFile};

/// The members of an object as text.
type Members<'a> = BTreeMap<String, &'a str>;

/// One entry of `parameters`, but for the values: they stay text until the rest is known to be right.
#[derive(Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
}

/// Reads a weights file: its description, and the values of all parameters in the order of its `parameters`.
///
/// It is checked that the file is whole, of this format and version, and that every parameter has a name of its own,
/// a shape that its values fill, and finite values. Whether the design makes these parameters is
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
    // As text, all of them optional, so that a file of another kind can be told as such.
    let members = mtl_json::members(text).map_err(|error| fault(text, *error))?;
    let members = members.ok_or_else(|| WeightsError::NotWeights { got: shortened(text) })?;
    let words = |name: &str| members.get(name).copied().unwrap_or("nothing");
    let format = words("format");
    if mtl_json::read::<String>(format).ok().as_deref() != Some(FORMAT) {
        return Err(WeightsError::NotWeights {
            got: shortened(format),
        });
    }
    let version = words("version");
    if mtl_json::read::<u32>(version).ok() != Some(VERSION) {
        return Err(WeightsError::OtherVersion {
            got: shortened(version),
            expected: VERSION,
        });
    }
    let reader = Reader { text, members };
    let design: Design = reader.part("design")?;
    let entries = reader.entries()?;
    check_names(entries.iter().map(|(entry, _)| entry.name.as_str()))?;
    let file = WeightsFile {
        software: reader.part("software")?,
        design,
        data: reader.part("data")?,
        settings: reader.part("settings")?,
        seed: reader.part("seed")?,
        step: reader.part("step")?,
        epoch: reader.part("epoch")?,
        metrics: reader.part("metrics")?,
        parameters: entries
            .iter()
            .map(|(entry, _)| ParameterHeader {
                name: entry.name.clone(),
                shape: entry.shape.clone(),
            })
            .collect(),
    };
    let mut values = Vec::new();
    for ((entry, raw), parameter) in entries.iter().zip(&file.parameters) {
        if entry.dtype != DTYPE {
            return Err(WeightsError::Dtype {
                parameter: entry.name.clone(),
                got: shortened(&entry.dtype),
            });
        }
        values.append(&mut read_values(parameter, raw)?);
    }
    Ok((file, values))
}

/// Refuses a name that stands twice.
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

/// Reads members of one file.
struct Reader<'a> {
    text: &'a str,
    members: Members<'a>,
}

impl<'a> Reader<'a> {
    fn raw(&self, part: &str) -> Result<&'a str, WeightsError> {
        match self.members.get(part) {
            Some(raw) => Ok(raw),
            None => Err(WeightsError::MissingPart {
                part: part.to_owned(),
            }),
        }
    }

    fn part<T: DeserializeOwned>(&self, part: &str) -> Result<T, WeightsError> {
        let raw = self.raw(part)?;
        mtl_json::read(raw).map_err(|error| self.fault(part, raw, 1, &error))
    }

    /// The member `parameters`.
    fn entries(&self) -> Result<Vec<(Entry, &'a str)>, WeightsError> {
        const PART: &str = "parameters";
        let list = self.raw(PART)?;
        let items = mtl_json::members_of_items(list)
            .map_err(|error| self.fault(PART, list, error.line, &error.what))?
            .ok_or_else(|| self.fault(PART, list, 1, &"expected a list of objects"))?;
        let mut entries = Vec::with_capacity(items.len());
        for (index, mut members) in items.into_iter().enumerate() {
            let values = members.remove("values");
            let fault =
                |error: mtl_json::Error| self.fault(PART, values.unwrap_or(list), 1, &error.in_item(index));
            let entry = members
                .into_iter()
                .map(|(name, raw)| Ok((name, mtl_json::parse(raw)?)))
                .collect::<Result<_, _>>()
                .and_then(|members| mtl_json::read_value(&Value::Object(members)))
                .map_err(fault)?;
            let values = values.ok_or_else(|| fault(mtl_json::Error::missing_field("values")))?;
            entries.push((entry, values));
        }
        Ok(entries)
    }

    /// What is wrong in a part, at a line of it.
    fn fault(&self, part: &str, raw: &str, line: usize, why: &dyn Display) -> WeightsError {
        WeightsError::Part {
            part: part.to_owned(),
            line: line_of(self.text.as_bytes(), self.offset_of(raw)) + line.saturating_sub(1),
            reason: shortened(&why.to_string()),
        }
    }

    /// Where a slice of the file begins in it; 0 for a slice of something else.
    fn offset_of(&self, slice: &str) -> usize {
        let offset = (slice.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if self.text.is_char_boundary(offset) {
            offset
        } else {
            0
        }
    }
}

/// Reads the text of `values`, which is known to be JSON: then what lies between two commas reads as a number only if it
/// is one.
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
    // A list of nothing is the only one with an empty element.
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

/// What is wrong with a file whose JSON cannot be read.
fn fault(text: &str, error: SyntaxError) -> WeightsError {
    if error.is_truncated {
        return truncated(text.as_bytes());
    }
    not_a_number(text, error.offset).unwrap_or_else(|| WeightsError::NotJson {
        offset: error.offset,
        line: error.line,
        reason: error.what.into_owned(),
    })
}

fn truncated(bytes: &[u8]) -> WeightsError {
    WeightsError::Truncated {
        bytes: bytes.len(),
        line: line_of(bytes, bytes.len()),
    }
}

/// Other programs write `NaN` and `Infinity` into JSON, which JSON does not have: names the parameter they are in.
fn not_a_number(text: &str, offset: usize) -> Option<WeightsError> {
    const WORDS: [&str; 5] = ["-Infinity", "Infinity", "NaN", "nan", "inf"];
    let start = (offset.saturating_sub(2)..=offset).find(|start| {
        text.is_char_boundary(*start) && WORDS.iter().any(|word| text[*start..].starts_with(word))
    })?;
    let word = WORDS.iter().find(|word| text[start..].starts_with(**word))?;
    let before = &text[..start];
    let list = before.rfind('[')?;
    let name = before[..list].rfind("\"name\"")?;
    let name = before[name + 6..list]
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    let end = name.get(1..)?.find('"')? + 2;
    let parameter = mtl_json::read(name.get(..end)?).ok()?;
    Some(WeightsError::BadValue {
        parameter,
        index: before[list..].matches(',').count(),
        got: (*word).to_owned(),
    })
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    bytes[..offset.min(bytes.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// At most 120 characters of what a file says.
fn shortened(words: &str) -> String {
    const MAX_CHARS: usize = 120;
    match words.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
