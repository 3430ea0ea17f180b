//! Reads the files of `tests/goldens`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
struct File<Case> {
    cases: Vec<Case>,
}

/// The cases of a subject.
pub fn read<Case: DeserializeOwned>(subject: &str) -> Vec<Case> {
    let path = format!(
        "{}/../../tests/goldens/{subject}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: File<Case> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!file.cases.is_empty(), "{path} has no case");
    file.cases
}

/// A list of labels, in which a missing one is the string `"NaN"`.
#[derive(Clone, Debug)]
pub struct Labels(pub Vec<f32>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Item {
            Number(f32),
            Name(String),
        }
        let items = Vec::<Item>::deserialize(deserializer)?.into_iter();
        let labels = items.map(|item| match item {
            Item::Number(number) => number,
            Item::Name(name) => name.parse().expect("NaN or Infinity"),
        });
        Ok(Self(labels.collect()))
    }
}
