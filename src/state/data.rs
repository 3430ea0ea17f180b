//! The data sets that can be chosen, the one that is loaded, and the progress of loading.

use std::rc::Rc;

use mtl_base::{json, schema::Schema, text::Message};
use mtl_data::{
    asset,
    dataset::DatasetInfo,
    datasets::{self, Generator, Origin},
    prepare::DataSettings,
    report::DataReport,
};
use mtl_training::protocol::{DataSource, LabelBaselines};
use serde::{Deserialize, Serialize};

use crate::{
    i18n::{Lang, Text, faults, fill, fill_message, shell::T},
    web::fetch,
    worker::protocol::{Cause, Failure},
};

/// The folder of the converted data sets, beside the page.
const FOLDER: &str = "data";

/// The data set that is loaded, and the progress of one that is being loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct DataState {
    /// Source of the rows.
    pub source: DataSource,
    /// Settings of their preparation.
    pub settings: DataSettings,
    /// Features and labels; empty before the first data set.
    pub schema: Rc<Schema>,
    /// Rows, distributions, findings.
    pub report: Option<Rc<DataReport>>,
    /// Metrics of simple methods on the validation rows.
    pub baselines: Rc<Vec<LabelBaselines>>,
    /// Progress of the data set that is being loaded.
    pub loading: Option<Loading>,
    /// The real data sets of this site; `None` before they are known.
    pub index: Option<Rc<Index>>,
}

/// A data set that is being loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Loading {
    /// Its name.
    pub name: Message,
    /// Stage of loading.
    pub stage: Stage,
}

/// Stage of loading a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Download of its bytes.
    Download {
        /// Bytes received.
        received: u64,
        /// Bytes in total, when that is known.
        total: Option<u64>,
    },
    /// Reading and preparation by the worker.
    Prepare,
}

/// The content of `data/index.json`: the real data sets of this site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// The data sets.
    #[serde(default)]
    pub assets: Vec<IndexEntry>,
}

/// One converted data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Its key.
    pub key: String,
    /// Its file, beside the index.
    pub file: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
}

impl Loading {
    /// The stage in words.
    pub fn message(&self) -> Message {
        let text = match self.stage {
            Stage::Download { .. } => T.data_loading,
            Stage::Prepare => T.data_preparing,
        };
        let filled = |lang| fill(text, lang, &[&self.name.get(lang)]);
        Message::new(filled(Lang::En), filled(Lang::Zh))
    }
}

impl Index {
    /// The data set with this key, when the site has it.
    pub fn find(&self, key: &str) -> Option<&IndexEntry> {
        self.assets.iter().find(|entry| entry.key == key)
    }
}

impl Default for DataState {
    fn default() -> Self {
        Self {
            source: generated(datasets::generated_reviews::KEY),
            settings: DataSettings::default(),
            schema: Rc::default(),
            report: None,
            baselines: Rc::default(),
            loading: None,
            index: None,
        }
    }
}

impl DataState {
    /// Key of the data set.
    pub fn key(&self) -> &str {
        source_key(&self.source)
    }

    /// Whether the data set `key` can be loaded here: generated, or among those that this site has.
    pub fn is_available(&self, key: &str) -> bool {
        datasets::find(key).is_some_and(|entry| match entry.origin {
            Origin::Generated => true,
            Origin::Packaged => self.index.as_ref().is_some_and(|index| index.find(key).is_some()),
        })
    }
}

/// Key of the data set that `source` names.
pub fn source_key(source: &DataSource) -> &str {
    match source {
        DataSource::Asset { key } => key,
        DataSource::Generated { generator } => generator.key(),
    }
}

/// Everything that the list of data sets says about the one named `key`.
pub fn info(key: &str) -> Option<DatasetInfo> {
    datasets::find(key).map(|entry| (entry.info)())
}

/// The source of the data set named `key` with default knobs, or what there is to choose from.
pub fn source(key: &str) -> Result<DataSource, Message> {
    match datasets::find(key) {
        Some(entry) if entry.origin == Origin::Packaged => Ok(DataSource::Asset { key: key.to_owned() }),
        Some(_) => Ok(generated(key)),
        None => {
            let keys = datasets::ALL
                .iter()
                .map(|entry| entry.key)
                .collect::<Vec<_>>()
                .join(", ");
            Err(fill_message(T.data_unknown, &[&key, &keys]))
        }
    }
}

fn generated(key: &str) -> DataSource {
    let generator = Generator::with_key(key).expect("the callers take the key from the list of generators");
    DataSource::Generated { generator }
}

/// Fetches the index of this site. A site without real data sets has none, which is no error.
pub async fn load_index() -> Index {
    match fetch::text(&format!("{FOLDER}/index.json")).await {
        Ok(text) => json::read(&text).unwrap_or_default(),
        Err(_) => Index::default(),
    }
}

/// Downloads a real data set; `on_progress` gets the bytes received and in total, and returns whether to continue.
pub async fn download(
    index: &Index,
    key: &str,
    on_progress: impl Fn(u64, Option<u64>) -> bool,
) -> Result<js_sys::ArrayBuffer, Failure> {
    let name = info(key).map_or_else(|| Message::new(key, key), |info| info.name);
    let named = |text: Text, more: &dyn Fn(Lang) -> Vec<String>| {
        let filled = |lang| {
            let mut values = vec![name.get(lang).to_owned()];
            values.extend(more(lang));
            let values = values
                .iter()
                .map(|value| value as &dyn std::fmt::Display)
                .collect::<Vec<_>>();
            fill(text, lang, &values)
        };
        Message::new(filled(Lang::En), filled(Lang::Zh))
    };
    let Some(entry) = index.find(key) else {
        return Err(named(T.data_not_fetched, &|_| Vec::new()).into());
    };
    let limit = asset::MAX_BYTES as u64;
    let too_large = |bytes: u64| {
        named(T.data_too_large, &|_| {
            vec![
                crate::i18n::format::bytes(bytes),
                crate::i18n::format::bytes(limit),
            ]
        })
    };
    if entry.bytes > limit {
        return Err(too_large(entry.bytes).into());
    }
    fetch::bytes(
        &format!("{FOLDER}/{}", entry.file),
        fetch::Promise {
            bytes: entry.bytes,
            sha256: &entry.sha256,
        },
        limit,
        on_progress,
    )
    .await
    .map_err(|error| match error {
        fetch::FetchError::TooLarge { bytes } => too_large(bytes).into(),
        fetch::FetchError::Silent { seconds } => {
            named(faults::T.data_silent, &|_| vec![seconds.to_string()]).into()
        }
        fetch::FetchError::Cancelled => Failure::new(Cause::Replaced, faults::T.load_cancelled),
        fetch::FetchError::Checksum { expected, got } => {
            named(faults::T.data_changed, &|_| vec![expected.clone(), got.clone()]).into()
        }
        other => named(T.data_download_failed, &|_| vec![other.to_string()]).into(),
    })
}
