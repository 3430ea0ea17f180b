//! Floating-point numbers in JSON, those that are not finite included.
//!
//! JSON has no text for them, and `serde_json` writes `null`, which does not read back. Here a finite number is a JSON number,
//! and the others are the texts `"NaN"`, `"Infinity"` and `"-Infinity"`, as in the JSON mapping of Protocol Buffers.
//!
//! ```
//! #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Losses {
//!     #[serde(with = "mtl_base::numbers")]
//!     losses: Vec<Option<f32>>,
//! }
//! let losses = Losses { losses: vec![Some(0.5), None, Some(f32::INFINITY)] };
//! let text = mtl_base::json::write(&losses);
//! assert_eq!(text, r#"{"losses":[0.5,null,"Infinity"]}"#);
//! assert_eq!(mtl_base::json::read::<Losses>(&text).unwrap(), losses);
//! ```

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, Visitor},
};

/// For `#[serde(with = "mtl_base::numbers")]`: writes a number, an optional one, one with a key, or a list of these.
pub fn serialize<T: Numbers, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// For `#[serde(with = "mtl_base::numbers")]`: reads what [`serialize`] wrote.
///
/// # Errors
/// What is there is neither a number nor one of the three texts.
pub fn deserialize<'de, T: Numbers, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// What is written by [`serialize`].
pub trait Numbers: Sized {
    /// See [`serialize`].
    ///
    /// # Errors
    /// Those of the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// See [`deserialize`].
    ///
    /// # Errors
    /// Another type.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// The text of a number that is not finite.
fn name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }
}

impl Numbers for f64 {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_finite() {
            serializer.serialize_f64(*self)
        } else {
            serializer.serialize_str(name(*self))
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Numbers for f32 {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_finite() {
            serializer.serialize_f32(*self)
        } else {
            serializer.serialize_str(name(f64::from(*self)))
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::read(deserializer).map(|value| value as Self)
    }
}

/// One element, as serde knows it.
struct Element<T>(T);

impl<T: Numbers> Serialize for Element<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<'de, T: Numbers> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<T: Numbers> Numbers for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Element).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Element<T>>::deserialize(deserializer).map(|value| value.map(|element| element.0))
    }
}

impl<K: Serialize + DeserializeOwned, T: Numbers> Numbers for (K, T) {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.0, Element(&self.1)).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, element) = <(K, Element<T>)>::deserialize(deserializer)?;
        Ok((key, element.0))
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Element))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let elements = Vec::<Element<T>>::deserialize(deserializer)?;
        Ok(elements.into_iter().map(|element| element.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[derive(Debug, Serialize, Deserialize)]
    struct Sample {
        #[serde(with = "crate::numbers")]
        one: f32,
        #[serde(with = "crate::numbers")]
        double: f64,
        #[serde(with = "crate::numbers")]
        lists: Vec<Vec<f32>>,
        #[serde(with = "crate::numbers")]
        some: Vec<Option<f64>>,
        #[serde(with = "crate::numbers")]
        keyed: Vec<(String, f32)>,
    }

    #[test]
    fn every_number_reads_back_as_itself() {
        let all = [
            0.1,
            -0.0,
            1e38,
            f32::MIN_POSITIVE,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        for one in all {
            let sample = Sample {
                one,
                double: f64::from(one) * 3.0,
                lists: vec![all.to_vec(), vec![]],
                some: vec![None, Some(f64::from(one))],
                keyed: vec![("one".to_owned(), one)],
            };
            let back: Sample = json::read(&json::write(&sample)).unwrap();
            assert_eq!(back.one.to_bits(), one.to_bits());
            assert_eq!(back.double.to_bits(), sample.double.to_bits());
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&back.lists[0]), bits(&all));
            assert_eq!(
                (&*back.keyed[0].0, back.keyed[0].1.to_bits()),
                ("one", one.to_bits())
            );
            assert!(back.lists[1].is_empty() && back.some[0].is_none());
            assert_eq!(back.some[1].map(f64::to_bits), sample.some[1].map(f64::to_bits));
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        let error = json::read::<Sample>(r#"{"one": "many"}"#)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("one: invalid value: string \"many\", expected a number, \"NaN\""),
            "{error}"
        );
        assert!(json::read::<Sample>(r#"{"one": null}"#).is_err());
    }
}
