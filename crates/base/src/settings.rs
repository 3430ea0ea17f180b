//! Settings declared once: the macro [`settings!`](crate::settings!) makes the struct, its defaults, its bounds,
//! its labels in both languages, and generic `get` / `set`, so that the file format and the inspector form follow.
//!
//! ```
//! use mtl_base::settings::{Settings, Value};
//! mtl_base::settings! {
//!     /// What a dropout layer can be told.
//!     pub struct Dropout {
//!         /// Share of the inputs set to zero while training.
//!         rate: f32 = 0.5, Real { min: 0.0, max: 0.95, step: 0.05 },
//!             ["Rate", "丢弃率"], ["Share of inputs zeroed while training.", "训练时置零的输入比例。"];
//!     }
//! }
//! let mut dropout = Dropout::default();
//! dropout.set("rate", &Value::Real(0.25))?;
//! assert_eq!(dropout.get("rate"), Some(Value::Real(0.25)));
//! assert!(dropout.set("rate", &Value::Real(7.0)).is_err());
//! # Ok::<(), mtl_base::settings::SettingError>(())
//! ```

mod file;

pub use file::{deserialize, deserialize_tagged, serialize, serialize_tagged};

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::text::{Explain, Message, Text};

/// One declared setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Stable name, also in files.
    pub key: &'static str,
    /// Name for a person.
    pub label: Text,
    /// What it does, with the formula where there is one.
    pub help: Text,
    /// Control and bounds.
    pub kind: FieldKind,
}

impl Field {
    /// A setting with its name and its help.
    pub const fn new(key: &'static str, [label, help]: [Text; 2], kind: FieldKind) -> Self {
        Self {
            key,
            label,
            help,
            kind,
        }
    }
}

/// Control and bounds of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// A whole number from `min` to `max`.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// What one press of an arrow key changes.
        step: i64,
    },
    /// A real number from `min` to `max`.
    Real {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// What one press of an arrow key changes.
        step: f64,
    },
    /// On or off.
    Flag,
    /// One of a fixed list: stable names with their labels.
    Choice {
        /// What there is to choose from.
        options: &'static [(&'static str, Text)],
    },
    /// Free text of at most `max_chars` characters.
    Words {
        /// Ceiling.
        max_chars: usize,
    },
    /// The key of a feature of the data set.
    Feature,
    /// The key of a label of the data set.
    Label,
    /// A share from 0 to 1 for some labels of the data set, by key; 1 for the others.
    LabelShares,
    /// Real numbers separated by commas, at most `max_items`.
    Reals {
        /// Ceiling.
        max_items: usize,
        /// Smallest value of each.
        min: f64,
        /// Largest value of each.
        max: f64,
    },
}

impl FieldKind {
    /// A whole number from `min` to `max`.
    pub const fn int(min: i64, max: i64, step: i64) -> Self {
        Self::Int { min, max, step }
    }

    /// A real number from `min` to `max`.
    pub const fn real(min: f64, max: f64, step: f64) -> Self {
        Self::Real { min, max, step }
    }
}

/// A value on its way between a form and a setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A real number.
    Real(f64),
    /// A list of real numbers.
    Reals(Vec<f64>),
    /// Real numbers by key.
    Shares(BTreeMap<String, f64>),
    /// A choice, a key or a text.
    Words(String),
}

/// Why a setting was not changed.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting `{key}` here")]
    Unknown {
        /// What was asked for.
        key: String,
    },
    /// The value is not of the setting's type or outside its bounds.
    #[error("`{key}`: expected {expected}, got {got}")]
    Invalid {
        /// The setting.
        key: &'static str,
        /// Its type and bounds, in English.
        expected: String,
        /// The same in Chinese.
        expected_zh: String,
        /// What came.
        got: String,
    },
}

impl Explain for SettingError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Unknown { key } => format!("这里没有名为“{key}”的设置"),
            Self::Invalid {
                key,
                expected_zh,
                got,
                ..
            } => {
                format!("“{key}”：应为{expected_zh}，得到 {got}")
            }
        };
        Message::new(self.to_string(), zh)
    }
}

/// What [`settings!`](crate::settings!) implements.
pub trait Settings {
    /// The declared settings, in the order of the form.
    fn fields(&self) -> &'static [Field];
    /// The value of setting `key`.
    fn get(&self, key: &str) -> Option<Value>;
    /// Changes setting `key`, or says why not and changes nothing.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError>;
    /// Puts a value from a file into setting `key`, whatever its bounds: whoever uses the settings checks them first
    /// ([`faults`](Self::faults), [`check`](Self::check)). False when the value is of another type.
    fn put(&mut self, key: &str, value: &Value) -> bool;

    /// Every setting that is outside the bounds of its form.
    fn faults(&self) -> Vec<SettingError> {
        let fault = |field: &Field| self.get(field.key).and_then(|value| field.accept(&value).err());
        self.fields().iter().filter_map(fault).collect()
    }

    /// Refuses settings of which one is outside the bounds of its form, naming the first.
    ///
    /// # Errors
    /// [`SettingError::Invalid`]: which, what was expected, what was there.
    fn check(&self) -> Result<(), SettingError> {
        match self.faults().into_iter().next() {
            None => Ok(()),
            Some(fault) => Err(fault),
        }
    }
}

impl Field {
    /// Checks `value` against the type and bounds, turning an Int into a Real where a Real is wanted.
    pub fn accept(&self, value: &Value) -> Result<Value, SettingError> {
        let accepted = match (self.kind, value) {
            (FieldKind::Int { min, max, .. }, Value::Int(v)) if (min..=max).contains(v) => {
                Some(value.clone())
            }
            (FieldKind::Int { min, max, .. }, Value::Real(v))
                if v.fract() == 0.0 && *v >= min as f64 && *v <= max as f64 =>
            {
                Some(Value::Int(*v as i64))
            }
            (FieldKind::Real { min, max, .. }, Value::Real(v)) if *v >= min && *v <= max => {
                Some(value.clone())
            }
            (FieldKind::Real { min, max, .. }, Value::Int(v)) if *v as f64 >= min && *v as f64 <= max => {
                Some(Value::Real(*v as f64))
            }
            (FieldKind::Flag, Value::Flag(_)) => Some(value.clone()),
            (FieldKind::Choice { options }, Value::Words(v)) if options.iter().any(|(name, _)| name == v) => {
                Some(value.clone())
            }
            (FieldKind::Words { max_chars }, Value::Words(v)) if v.chars().count() <= max_chars => {
                Some(value.clone())
            }
            (FieldKind::Feature | FieldKind::Label, Value::Words(_)) => Some(value.clone()),
            (FieldKind::LabelShares, Value::Shares(v))
                if v.len() <= MAX_SHARES && v.values().all(|share| (0.0..=1.0).contains(share)) =>
            {
                Some(value.clone())
            }
            (FieldKind::Reals { max_items, min, max }, Value::Reals(v))
                if v.len() <= max_items && v.iter().all(|x| *x >= min && *x <= max) =>
            {
                Some(value.clone())
            }
            _ => None,
        };
        accepted.ok_or_else(|| {
            let expected = self.kind.describe();
            SettingError::Invalid {
                key: self.key,
                expected: expected.en,
                expected_zh: expected.zh,
                got: value.to_string(),
            }
        })
    }

    /// Reads what a person typed; a comma separates the items of a list.
    pub fn parse(&self, typed: &str) -> Result<Value, SettingError> {
        let typed = typed.trim();
        let value = match self.kind {
            FieldKind::Int { .. } => typed
                .parse()
                .map(Value::Int)
                .or_else(|_| typed.parse().map(Value::Real))
                .ok(),
            FieldKind::Real { .. } => typed.parse().map(Value::Real).ok(),
            FieldKind::Flag => typed.parse().map(Value::Flag).ok(),
            FieldKind::Reals { .. } => typed
                .split([',', '，'])
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| item.parse().ok())
                .collect::<Option<Vec<f64>>>()
                .map(Value::Reals),
            FieldKind::LabelShares => typed
                .split([',', '，'])
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| {
                    let (key, share) = item.split_once('=')?;
                    Some((key.trim().to_owned(), share.trim().parse().ok()?))
                })
                .collect::<Option<_>>()
                .map(Value::Shares),
            FieldKind::Choice { .. } | FieldKind::Words { .. } | FieldKind::Feature | FieldKind::Label => {
                Some(Value::Words(typed.to_owned()))
            }
        };
        self.accept(&value.unwrap_or_else(|| Value::Words(typed.to_owned())))
    }
}

impl FieldKind {
    /// The type and bounds in words.
    pub fn describe(&self) -> Message {
        match self {
            Self::Int { min, max, .. } => Message::new(
                format!("a whole number from {min} to {max}"),
                format!("{min} 到 {max} 的整数"),
            ),
            Self::Real { min, max, .. } => Message::new(
                format!("a number from {min} to {max}"),
                format!("{min} 到 {max} 的数"),
            ),
            Self::Flag => Message::new("true or false", "true 或 false"),
            Self::Choice { options } => {
                let names = options
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                Message::new(format!("one of {names}"), format!("以下之一：{names}"))
            }
            Self::Words { max_chars } => Message::new(
                format!("at most {max_chars} characters"),
                format!("最多 {max_chars} 个字符"),
            ),
            Self::Feature => Message::new("the key of a feature", "特征的键"),
            Self::Label => Message::new("the key of a label", "标签的键"),
            Self::LabelShares => Message::new(
                format!("a number from 0 to 1 for each of at most {MAX_SHARES} labels, by key"),
                format!("最多 {MAX_SHARES} 个标签，各对应一个 0 到 1 的数（按键）"),
            ),
            Self::Reals { max_items, min, max } => Message::new(
                format!("at most {max_items} numbers from {min} to {max}, separated by commas"),
                format!("最多 {max_items} 个 {min} 到 {max} 的数，用逗号分隔"),
            ),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Real(v) => write!(f, "{v}"),
            Self::Reals(v) => {
                for (position, item) in v.iter().enumerate() {
                    write!(f, "{}{item}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Shares(v) => {
                for (position, (key, share)) in v.iter().enumerate() {
                    write!(f, "{}{key}={share}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Words(v) => write!(f, "{v}"),
        }
    }
}

/// Most labels that a setting gives a share.
pub const MAX_SHARES: usize = 256;

/// A Rust type that a setting can have.
pub trait SettingType: Sized {
    /// To the generic value.
    fn to_value(&self) -> Value;
    /// From a generic value that [`Field::accept`] has accepted.
    fn from_value(value: &Value) -> Option<Self>;
}

impl SettingType for usize {
    fn to_value(&self) -> Value {
        Value::Int(*self as i64)
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(v) => usize::try_from(*v).ok(),
            _ => None,
        }
    }
}

impl SettingType for f32 {
    fn to_value(&self) -> Value {
        // Through the shortest decimal text, so that 0.1_f32 is shown as 0.1 and not as 0.10000000149011612.
        Value::Real(self.to_string().parse().unwrap_or(f64::from(*self)))
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(v) => Some(*v as f32),
            Value::Int(v) => Some(*v as f32),
            _ => None,
        }
    }
}

impl SettingType for bool {
    fn to_value(&self) -> Value {
        Value::Flag(*self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Flag(v) => Some(*v),
            _ => None,
        }
    }
}

impl SettingType for String {
    fn to_value(&self) -> Value {
        Value::Words(self.clone())
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Words(v) => Some(v.clone()),
            _ => None,
        }
    }
}

impl SettingType for Vec<f32> {
    fn to_value(&self) -> Value {
        Value::Reals(
            self.iter()
                .map(|v| v.to_string().parse().unwrap_or(f64::from(*v)))
                .collect(),
        )
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Reals(v) => Some(v.iter().map(|item| *item as f32).collect()),
            _ => None,
        }
    }
}

impl SettingType for BTreeMap<String, f32> {
    fn to_value(&self) -> Value {
        let shares = self.iter().map(|(key, share)| {
            // As for one number: 0.05_f32 is 0.05.
            (
                key.clone(),
                share.to_string().parse().unwrap_or(f64::from(*share)),
            )
        });
        Value::Shares(shares.collect())
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Shares(v) => Some(
                v.iter()
                    .map(|(key, share)| (key.clone(), *share as f32))
                    .collect(),
            ),
            _ => None,
        }
    }
}

/// Declares an enum with stable names and labels that a setting can choose from.
#[macro_export]
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $key:literal, [$en:literal, $zh:literal]; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $key)] $variant, )+
        }
        impl $name {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];
            /// Stable names with their labels.
            pub const OPTIONS: &'static [(&'static str, $crate::text::Text)] =
                &[$( ($key, $crate::text::Text::new($en, $zh)) ),+];
            /// The stable name.
            pub const fn key(self) -> &'static str {
                match self { $( Self::$variant => $key ),+ }
            }
            /// The name for a person.
            pub const fn label(self) -> $crate::text::Text {
                match self { $( Self::$variant => $crate::text::Text::new($en, $zh) ),+ }
            }
        }
        impl $crate::settings::SettingType for $name {
            fn to_value(&self) -> $crate::settings::Value {
                $crate::settings::Value::Words(self.key().to_owned())
            }
            fn from_value(value: &$crate::settings::Value) -> Option<Self> {
                match value {
                    $crate::settings::Value::Words(words) => match words.as_str() {
                        $( $key => Some(Self::$variant), )+
                        _ => None,
                    },
                    _ => None,
                }
            }
        }
    };
}

/// Declares a settings struct: see the module's example. A missing field in a file takes its default.
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident : $type:ty = $default:expr, $kind:ident $({ $($bounds:tt)* })?,
                [$en:literal, $zh:literal], [$help_en:literal, $help_zh:literal]; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
        }
        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::settings::serialize(self, serializer)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut settings = Self::default();
                $crate::settings::deserialize(deserializer, &mut settings)?;
                Ok(settings)
            }
        }
        impl $crate::settings::Settings for $name {
            fn fields(&self) -> &'static [$crate::settings::Field] {
                const FIELDS: &[$crate::settings::Field] = &[
                    $( $crate::settings::Field {
                        key: stringify!($field),
                        label: $crate::text::Text::new($en, $zh),
                        help: $crate::text::Text::new($help_en, $help_zh),
                        kind: $crate::settings::FieldKind::$kind $({ $($bounds)* })?,
                    }, )*
                ];
                FIELDS
            }
            #[allow(unused_variables)]
            fn get(&self, key: &str) -> Option<$crate::settings::Value> {
                $( if key == stringify!($field) {
                    return Some($crate::settings::SettingType::to_value(&self.$field));
                } )*
                None
            }
            #[allow(unused_variables)]
            fn set(
                &mut self,
                key: &str,
                value: &$crate::settings::Value,
            ) -> Result<(), $crate::settings::SettingError> {
                for field in self.fields() {
                    if field.key == key {
                        self.put(key, &field.accept(value)?);
                        return Ok(());
                    }
                }
                Err($crate::settings::SettingError::Unknown { key: key.to_owned() })
            }
            #[allow(unused_variables)]
            fn put(&mut self, key: &str, value: &$crate::settings::Value) -> bool {
                $( if key == stringify!($field) {
                    if let Some(value) = $crate::settings::SettingType::from_value(value) {
                        self.$field = value;
                        return true;
                    }
                } )*
                false
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Field, FieldKind, Settings, Value};
    use crate::text::Text;

    settings! {
        /// One setting of each kind of value.
        pub struct Sample {
            /// Number.
            units: usize = 8, Int { min: 1, max: 16, step: 1 }, ["Units", "单元"], ["Units.", "单元。"];
            /// Real.
            rate: f32 = 0.5, Real { min: 0.0, max: 1.0, step: 0.1 }, ["Rate", "率"], ["Rate.", "率。"];
            /// Flag.
            masked: bool = true, Flag, ["Masked", "掩码"], ["Masked.", "掩码。"];
            /// List.
            weights: Vec<f32> = Vec::new(), Reals { max_items: 3, min: 0.0, max: 9.0 }, ["Weights", "权重"], ["Weights.", "权重。"];
            /// By label.
            shares: BTreeMap<String, f32> = BTreeMap::new(), LabelShares, ["Shares", "比例"], ["Shares.", "比例。"];
        }
    }

    #[test]
    fn settings_survive_a_file_whatever_is_missing_unknown_or_out_of_bounds() {
        let sample = Sample {
            units: 99,
            rate: 0.1,
            masked: false,
            weights: vec![1.0, 0.25],
            shares: BTreeMap::from([("like".to_owned(), 0.05)]),
        };
        let text = serde_json::to_string(&sample).unwrap();
        assert_eq!(
            text,
            r#"{"units":99,"rate":0.1,"masked":false,"weights":[1.0,0.25],"shares":{"like":0.05}}"#
        );
        assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample);
        let partial: Sample = serde_json::from_str(r#"{"colour":[{"r":1}],"rate":1,"weights":[2]}"#).unwrap();
        assert_eq!(
            (partial.units, partial.rate, partial.weights),
            (8, 1.0, vec![2.0])
        );
    }

    #[test]
    fn shares_are_typed_as_they_are_shown() {
        let field = Field::new(
            "shares",
            [Text::new("", ""), Text::new("", "")],
            FieldKind::LabelShares,
        );
        let value = field.parse(" sentiment = 0.05, domain=1 ").unwrap();
        assert_eq!(value.to_string(), "domain=1, sentiment=0.05");
        assert_eq!(field.parse(&value.to_string()), Ok(value));
        assert_eq!(field.parse(""), Ok(Value::Shares(BTreeMap::new())));
        for wrong in ["sentiment", "sentiment=2", "sentiment=NaN", "=x", "0.5"] {
            assert!(field.parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_file_holds_out_of_bounds_is_named() {
        assert_eq!(Sample::default().check(), Ok(()));
        let sample: Sample = serde_json::from_str(
            r#"{"units":17,"rate":-0.5,"weights":[1,9.5],"shares":{"like":1,"buy":1.5}}"#,
        )
        .unwrap();
        let said: Vec<String> = sample.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "`units`: expected a whole number from 1 to 16, got 17",
                "`rate`: expected a number from 0 to 1, got -0.5",
                "`weights`: expected at most 3 numbers from 0 to 9, separated by commas, got 1, 9.5",
                "`shares`: expected a number from 0 to 1 for each of at most 256 labels, by key, got buy=1.5, like=1"
            ]
        );
        assert_eq!(sample.check().unwrap_err().to_string(), said[0]);
        let not_a_number = Sample {
            rate: f32::NAN,
            ..Sample::default()
        };
        assert!(not_a_number.check().is_err());
    }

    #[test]
    fn a_value_of_another_type_is_named() {
        for (text, expected) in [
            (
                r#"{"units":"many"}"#,
                "expected a whole number from 1 to 16 for `units`",
            ),
            (
                r#"{"units":-1}"#,
                "expected a whole number from 1 to 16 for `units`",
            ),
            (r#"{"masked":3}"#, "expected true or false for `masked`"),
            (r#"{"rate":null}"#, "expected a number from 0 to 1 for `rate`"),
            (
                r#"{"rate":{"a":[1]}}"#,
                "invalid value: something else, expected a number from 0 to 1 for `rate`",
            ),
            (r#"{"weights":[1,"a"]}"#, "expected at most 3 numbers"),
            (r#"{"weights":{"a":1}}"#, "expected at most 3 numbers"),
            (
                r#"{"shares":{"a":"b"}}"#,
                "expected a number from 0 to 1 for each",
            ),
            (r#"{"shares":0.5}"#, "expected a number from 0 to 1 for each"),
            ("[]", "expected settings by name"),
        ] {
            let error = serde_json::from_str::<Sample>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
