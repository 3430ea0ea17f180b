//! JSON serialisation with `serde_json`, with the path of the fault in every error.
//!
//! ```
//! # use mtl_base::json;
//! #[derive(Debug, serde::Deserialize)]
//! struct Layer { units: usize }
//! let error = json::read::<Vec<Layer>>(r#"[{"units": 1}, {"units": "many"}]"#).unwrap_err();
//! let expected = "[1].units: invalid type: string \"many\", expected usize at line 1";
//! assert!(error.to_string().starts_with(expected), "{error}");
//! ```

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Deserializer, Value};

/// Error of deserialisation: the path (`nodes[3].units`), what was expected, what was found, line and column.
pub type Error = serde_path_to_error::Error<serde_json::Error>;

/// Deserialises a JSON text.
///
/// # Errors
/// The text is not JSON, or not of this type.
pub fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    let mut deserializer = Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let value = T::deserialize(serde_path_to_error::Deserializer::new(
        &mut deserializer,
        &mut track,
    ))
    .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Error::new(track.path(), error))
}

/// Deserialises a JSON tree.
///
/// # Errors
/// The tree is not of this type.
pub fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value)
}

/// Serialises a value without white space. A float is written as the shortest decimal that reads back as the same bits.
///
/// # Panics
/// When a map has keys that are not strings, which is a bug in the program.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    write_into(&mut out, value);
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Appends the JSON of a value to a buffer.
///
/// # Panics
/// As [`write()`].
pub fn write_into<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("plain data is JSON");
}

/// [`write()`] in the indented form, one member per line.
///
/// # Panics
/// As [`write()`].
pub fn write_pretty<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("plain data is JSON")
}

/// Converts a value to a JSON tree. It goes through text, so that the `f32` 0.1 becomes 0.1: `serde_json::to_value` widens it to
/// 0.10000000149011612.
///
/// # Panics
/// As [`write()`].
pub fn tree<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::from_str(&write(value)).expect("what was written is JSON")
}

/// The message of an error without the path, line and column.
pub fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Design {
        nodes: Vec<Node>,
        by_id: BTreeMap<u32, f32>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Node {
        Dense { units: usize, rate: f32 },
        Flatten,
    }

    fn design() -> Design {
        Design {
            nodes: vec![Node::Dense { units: 3, rate: 0.1 }, Node::Flatten],
            by_id: [(7, f32::MIN_POSITIVE), (8, 1e20)].into(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = write(&design());
        assert_eq!(
            text,
            r#"{"nodes":[{"type":"dense","units":3,"rate":0.1},{"type":"flatten"}],"by_id":{"7":1.1754944e-38,"8":1e+20}}"#
        );
        assert_eq!(read::<Design>(&text).unwrap(), design());
        assert_eq!(read::<Design>(&write_pretty(&design())).unwrap(), design());
        assert_eq!(read_value::<Design>(&tree(&design())).unwrap(), design());
        assert_eq!(write(&tree(&0.1_f32)), "0.1");
        assert_eq!(write(&[f32::NAN, f32::INFINITY]), "[null,null]");
    }

    #[test]
    fn a_float_reads_back_bit_for_bit() {
        // A coarse grid over all bit patterns.
        for bits in (0..=f32::MAX.to_bits()).step_by(9973) {
            for value in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let text = write(&value);
                assert_eq!(read::<f32>(&text).unwrap().to_bits(), value.to_bits(), "{text}");
                let through_a_tree: f32 = read_value(&tree(&value)).unwrap();
                assert_eq!(through_a_tree.to_bits(), value.to_bits(), "{text}");
            }
        }
    }

    #[test]
    fn an_error_says_where_what_was_expected_and_what_came() {
        let said = |old: &str, new: &str| {
            let text = write(&design());
            assert!(text.contains(old), "{old}");
            read::<Design>(&text.replace(old, new)).unwrap_err().to_string()
        };
        for (old, new, expected) in [
            (
                "\"units\":3",
                "\"units\":-3",
                "nodes[0]: invalid value: integer `-3`, expected usize at line 1 column",
            ),
            (
                "1e+20",
                "\"x\"",
                "by_id.8: invalid type: string \"x\", expected f32 at line 1 column",
            ),
            (
                "flatten",
                "warp",
                "nodes[1].type: unknown variant `warp`, expected `dense` or `flatten` at line 1 column",
            ),
            (
                ",\"rate\":0.1",
                "",
                "nodes[0]: missing field `rate` at line 1 column",
            ),
            ("]", ",]", "nodes: trailing comma at line 1 column"),
        ] {
            let error = said(old, new);
            assert!(error.starts_with(expected), "{error}");
        }
        let error = read::<Design>("{\"nodes\": [").unwrap_err();
        assert!(error.inner().is_eof());
        assert_eq!(reason(error.inner()), "EOF while parsing a list");
        let error = read::<u8>("1 2").unwrap_err();
        assert_eq!(error.to_string(), "trailing characters at line 1 column 3");
    }
}
