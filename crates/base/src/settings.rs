//! Settings declared once: the macro [`settings!`](crate::settings!) makes the struct, its defaults, its bounds,
//! its labels in both languages, and generic `get` / `set`, so that the file format and the inspector form follow.
//!
//! ```
//! use mtl_base::settings::{Settings, Value};
//! mtl_base::settings! {
//!     pub struct Dropout {
//!         /// Share of the inputs set to zero while training.
//!         rate: f32 = 0.5, Real { min: 0.0, max: 0.95, step: 0.05 },
//!             ["Rate", "比例"], ["Share of inputs set to 0 during training.", "训练时置零的输入比例。"];
//!     }
//! }
//! let mut dropout = Dropout::default();
//! dropout.set("rate", &Value::Real(0.25))?;
//! assert_eq!(dropout.get("rate"), Some(Value::Real(0.25)));
//! assert!(dropout.set("rate", &Value::Real(7.0)).is_err());
//! # Ok::<(), mtl_base::settings::SettingError>(())
//! ```

//!
//! Settings nest: a field of kind `Group` is a settings struct, one of kind `Kinds` an enum of settings structs that
//! [`kinds!`](crate::kinds!) declares. Functions over a whole tree of settings are [`Settings::check`] (are all values within
//! their bounds?) and [`merged`] (change what an object names), and the format of files.

mod declare;
mod error;
mod file;
mod value;

pub use error::SettingError;
pub use file::{deserialize, deserialize_kinds, merged, serialize};
pub use value::{SettingType, Value};

use crate::text::{Message, Text};

/// Largest number of labels with a share in one setting.
pub const MAX_SHARES: usize = 256;

/// One declared setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Stable name, also in files.
    pub key: &'static str,
    /// Display name.
    pub label: Text,
    /// Help text, with the formula where there is one.
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
        /// Step of the arrow keys.
        step: i64,
    },
    /// A real number from `min` to `max`.
    Real {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Step of the arrow keys.
        step: f64,
    },
    /// On or off.
    Flag,
    /// One of a fixed list: stable names with their labels.
    Choice {
        /// Options: stable names with their labels.
        options: &'static [(&'static str, Text)],
    },
    /// Free text of at most `max_chars` characters.
    Words {
        /// Largest number of characters.
        max_chars: usize,
    },
    /// The key of a feature of the data set.
    Feature,
    /// The key of a label of the data set.
    Label,
    /// Real numbers separated by commas, at most `max_items`.
    Reals {
        /// Largest number of items.
        max_items: usize,
        /// Smallest value of each.
        min: f64,
        /// Largest value of each.
        max: f64,
    },
    /// A share from 0 to 1 for some labels of the data set, by key; 1 for the others.
    LabelShares,
    /// Settings of their own: see [`Settings::group`].
    Group,
    /// One of several kinds, each with settings of its own: see [`Settings::group`] and [`Settings::kind`]. The value of
    /// the setting itself is the name of the kind.
    Kinds {
        /// Stable names of the kinds with their labels.
        options: &'static [(&'static str, Text)],
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

/// The kind of settings that have several kinds, as declared by [`kinds!`](crate::kinds!).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Name of the member with the kind, in files.
    pub tag: &'static str,
    /// Stable name of this kind.
    pub key: &'static str,
    /// All kinds: stable names with their labels.
    pub options: &'static [(&'static str, Text)],
}

/// Interface of settings structs, implemented by [`settings!`](crate::settings!).
pub trait Settings {
    /// The declared settings, in the order of the file.
    fn fields(&self) -> &'static [Field];

    /// The value of setting `key`; `None` for a group.
    fn get(&self, key: &str) -> Option<Value>;

    /// Sets `key` to a value from a file without checking its bounds: the caller must check the settings before it uses them
    /// ([`faults`](Self::faults), [`check`](Self::check)). False when the value is of another type.
    fn put(&mut self, key: &str, value: &Value) -> bool;

    /// Changes setting `key`. On an error nothing changes.
    ///
    /// # Errors
    /// When there is no such setting, or the value has the wrong type or is outside the bounds.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        let field = find(self.fields(), key)?;
        self.put(key, &field.accept(value)?);
        Ok(())
    }

    /// The settings within setting `key`, when it is a group.
    fn group(&self, _key: &str) -> Option<&dyn Settings> {
        None
    }

    /// The mutable form of [`Settings::group`].
    fn group_mut(&mut self, _key: &str) -> Option<&mut dyn Settings> {
        None
    }

    /// The kind, for settings with several kinds.
    fn kind(&self) -> Option<Kind> {
        None
    }

    /// Replaces them by the defaults of another kind; returns false when there is no kind of that name.
    fn set_kind(&mut self, _key: &str) -> bool {
        false
    }

    /// Every setting that is outside the bounds of its form, groups included.
    fn faults(&self) -> Vec<SettingError> {
        let mut faults = Vec::new();
        for field in self.fields() {
            faults.extend(self.get(field.key).and_then(|value| field.accept(&value).err()));
            if let Some(group) = self.group(field.key) {
                faults.extend(group.faults().into_iter().map(|fault| fault.within(field.key)));
            }
        }
        faults
    }

    /// Checks the bounds of all settings; the error names the first violation.
    ///
    /// # Errors
    /// [`SettingError::Invalid`] with the setting, what was expected and what was found.
    fn check(&self) -> Result<(), SettingError> {
        self.faults().into_iter().next().map_or(Ok(()), Err)
    }
}

/// The declaration of setting `key`.
///
/// # Errors
/// When there is no such setting.
pub fn find(fields: &'static [Field], key: &str) -> Result<&'static Field, SettingError> {
    fields
        .iter()
        .find(|field| field.key == key)
        .ok_or_else(|| SettingError::Unknown {
            key: key.to_owned(),
            known: fields.iter().map(|field| field.key).collect(),
        })
}

/// The settings of a nested group; `path` lists the groups from the outside in.
pub fn group_at<'a>(settings: &'a dyn Settings, path: &[&str]) -> Option<&'a dyn Settings> {
    path.iter()
        .try_fold(settings, |settings, key| settings.group(key))
}

/// The mutable form of [`group_at`].
pub fn group_at_mut<'a>(settings: &'a mut dyn Settings, path: &[&str]) -> Option<&'a mut dyn Settings> {
    path.iter()
        .try_fold(settings, |settings, key| settings.group_mut(key))
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
            (FieldKind::Choice { options } | FieldKind::Kinds { options }, Value::Words(v))
                if options.iter().any(|(name, _)| name == v) =>
            {
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
        accepted.ok_or_else(|| SettingError::Invalid {
            key: self.key.to_owned(),
            kind: self.kind,
            got: value.to_string(),
        })
    }

    /// Parses the text of an input; a comma separates the items of a list.
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
            FieldKind::Choice { .. }
            | FieldKind::Words { .. }
            | FieldKind::Feature
            | FieldKind::Label
            | FieldKind::Group
            | FieldKind::Kinds { .. } => Some(Value::Words(typed.to_owned())),
        };
        self.accept(&value.unwrap_or_else(|| Value::Words(typed.to_owned())))
    }
}

impl FieldKind {
    /// A description of type and bounds, for error messages.
    pub fn describe(&self) -> Message {
        match self {
            Self::Int { min, max, .. } => Message::new(
                format!("a whole number from {min} to {max}"),
                format!("{min}～{max} 的整数"),
            ),
            Self::Real { min, max, .. } => Message::new(
                format!("a number from {min} to {max}"),
                format!("{min}～{max} 的数"),
            ),
            Self::Flag => Message::new("true or false", "true 或 false"),
            Self::Group => Message::new("settings by name", "按名称给出的设置"),
            Self::Choice { options } | Self::Kinds { options } => {
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
                format!("最多 {MAX_SHARES} 个标签，各对应一个 0～1 的数（按键）"),
            ),
            Self::Reals { max_items, min, max } => Message::new(
                format!("at most {max_items} numbers from {min} to {max}, separated by commas"),
                format!("最多 {max_items} 个 {min}～{max} 的数，用逗号分隔"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::json;

    crate::settings! {
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

    crate::settings! {
        /// No settings.
        pub struct Nothing {}
    }

    crate::kinds! {
        /// Two kinds.
        pub enum Method by "method" {
            /// One without settings.
            Plain(Nothing) = "plain", ["Plain", "普通"];
            /// One with some.
            Sampled(Sample) = "sampled", ["Sampled", "抽样"];
        }
    }

    crate::settings! {
        /// Settings within settings.
        pub struct Nested {
            /// A number.
            seed: u64 = 1, Int { min: 0, max: 100, step: 1 }, ["Seed", "种子"], ["Seed.", "种子。"];
            /// A group.
            sample: Sample = Sample::default(), Group, ["Sample", "样本"], ["Sample.", "样本。"];
            /// Kinds.
            method: Method = Method::Plain(Nothing {}), Kinds { options: Method::OPTIONS },
                ["Method", "方法"], ["Method.", "方法。"];
        }
    }

    fn object(text: &str) -> serde_json::Value {
        json::read(text).unwrap()
    }

    #[test]
    fn groups_and_kinds_are_objects_in_a_file() {
        let nested = Nested {
            seed: 9,
            method: Method::Sampled(Sample {
                units: 3,
                ..Sample::default()
            }),
            ..Nested::default()
        };
        let sample = r#"{"units":8,"rate":0.5,"masked":true,"weights":[],"shares":{}}"#;
        let method = r#"{"method":"sampled","units":3,"rate":0.5,"masked":true,"weights":[],"shares":{}}"#;
        let text = serde_json::to_string(&nested).unwrap();
        assert_eq!(
            text,
            format!(r#"{{"seed":9,"sample":{sample},"method":{method}}}"#)
        );
        assert_eq!(serde_json::from_str::<Nested>(&text).unwrap(), nested);
        assert_eq!(serde_json::from_str::<Nested>("{}").unwrap(), Nested::default());
        for (text, expected) in [
            (r#"{"method":{"method":"other"}}"#, "one of plain, sampled"),
            (
                r#"{"method":{}}"#,
                "expected one of plain, sampled for `method.method`",
            ),
            (r#"{"sample":{"units":[]}}"#, "for `sample.units`"),
            (r#"{"sample":3}"#, "expected settings by name for `sample`"),
        ] {
            let error = serde_json::from_str::<Nested>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_an_object_names_is_changed_and_the_rest_stays() {
        let before = Nested {
            seed: 9,
            ..Nested::default()
        };
        let after = merged(
            &before,
            &object(r#"{"sample":{"units":2},"method":{"method":"sampled","units":5}}"#),
        );
        let after = after.unwrap();
        assert_eq!((after.seed, after.sample.units, after.sample.rate), (9, 2, 0.5));
        assert_eq!(after.method.get("units"), Some(Value::Int(5)));
        let again = merged(&after, &object(r#"{"method":{"rate":1}}"#)).unwrap();
        assert_eq!(again.method.get("units"), Some(Value::Int(5)), "the kind stays");
        let by_name = merged(&after, &object(r#"{"method":"plain"}"#)).unwrap();
        assert_eq!(by_name.method, Method::Plain(Nothing {}));
        assert_eq!(by_name.method.label().en, "Plain");
    }

    #[test]
    fn what_is_refused_is_named_with_its_groups() {
        for (text, expected) in [
            (
                r#"{"sede":1}"#,
                "there is no setting `sede`; there are: seed, sample, method",
            ),
            (
                r#"{"sample":{"unit":1}}"#,
                "there is no setting `sample.unit`; there are: units, rate, masked, weights, shares",
            ),
            (
                r#"{"sample":{"units":99}}"#,
                "`sample.units`: expected a whole number from 1 to 16, got 99",
            ),
            (
                r#"{"seed":{"a":[]}}"#,
                r#"`seed`: expected a whole number from 0 to 100, got {"a":[]}"#,
            ),
            (r#"{"sample":1}"#, "`sample`: expected settings by name, got 1"),
            (
                r#"{"method":"other"}"#,
                "`method`: expected one of plain, sampled, got other",
            ),
            (
                r#"{"method":{"method":"other"}}"#,
                r#"`method.method`: expected one of plain, sampled, got "other""#,
            ),
        ] {
            let error = merged(&Nested::default(), &object(text)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let mut nested = Nested::default();
        assert_eq!(nested.check(), Ok(()));
        nested.sample.rate = f32::NAN;
        assert_eq!(
            nested.check().unwrap_err().to_string(),
            "`sample.rate`: expected a number from 0 to 1, got NaN"
        );
    }
}
