//! The weights file: a JSON object with everything that a prediction needs (design, schema, vocabularies,
//! parameters), and metadata (data set, settings, seed, metrics).
//!
//! ```text
//! { "format": "mtl-playground/weights", "version": 1, "software": {name, version},
//!   "design": {...}, "data": {source, settings, schema, vocabularies}, "settings": {...},
//!   "seed": 1, "step": 1200, "epoch": 5, "metrics": [...],
//!   "parameters": [ {"name": "dense_1/kernel", "shape": [32, 16], "dtype": "float32", "values": [...512 numbers]}, ... ] }
//! ```
//! Values are plain JSON numbers, row-major, each the shortest decimal that reads back as the same `f32`, so that the
//! file can be read by anything and loses nothing: 5 MB of parameters become about 14 MB of text. The format is
//! described in `docs/weights-format.md` and by the JSON Schema `static/weights.schema.json`. A model that is too large for it is
//! written as safetensors, with the same description and the values as bytes: [`encode_header`], [`decode_bytes`].
//!
//! [`encode()`] streams into one buffer without building a tree of values; [`decode()`] checks the size before it parses,
//! reads in one pass, and reports precise errors: the place where a truncated file ends, the parameter and index of a
//! value that is not a finite number, the version of a newer file. Neither panics, whatever the bytes.
//!
//! ```
//! use mtl_engine::design::Design;
//! use mtl_base::schema::Schema;
//! use mtl_export::weights::{self, DataDescription, ParameterHeader, Software, WeightsFile};
//!
//! let file = WeightsFile {
//!     software: Software::this(),
//!     design: Design::new("tiny"),
//!     data: DataDescription::default(),
//!     settings: serde_json::json!({ "epochs": 1 }),
//!     seed: 1,
//!     step: 10,
//!     epoch: 1.0,
//!     metrics: vec![],
//!     parameters: vec![ParameterHeader { name: "dense/bias".into(), shape: vec![2] }],
//! };
//! let bytes = weights::encode(&file, &[0.1, -1e-30])?;
//! let (back, values) = weights::decode(&bytes)?;
//! assert_eq!((back, values), (file, vec![0.1, -1e-30]));
//! # Ok::<(), weights::WeightsError>(())
//! ```

mod decode;
mod encode;
mod error;
mod file_name;
mod tensors;

pub use decode::decode;
pub use encode::{encode, encoded_size_hint};
pub use error::WeightsError;
pub use file_name::file_name;
pub use tensors::{MAX_TENSORS_BYTES, decode_bytes, encode_header, is_tensors};

use mtl_base::schema::Schema;
use mtl_engine::design::{Design, check};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Value of the member `format` of every weights file.
pub const FORMAT: &str = "mtl-playground/weights";
/// The version that this software writes and reads.
pub const VERSION: u32 = 1;
/// Largest JSON file that is read: 64 MB. A larger one is rejected before it is parsed.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The only data type of values, in JSON.
pub const DTYPE: &str = "float32";

/// How values stand in a weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsForm {
    /// As decimal numbers.
    Json,
    /// As bytes.
    Safetensors,
}

/// Everything in a weights file except the values.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsFile {
    /// The program that wrote the file.
    pub software: Software,
    /// The design that was trained.
    pub design: Design,
    /// The data set that it was trained on.
    pub data: DataDescription,
    /// Settings of the run, as the run serialises them.
    pub settings: Value,
    /// Seed of the run, repeated from the settings for a reader that knows only this format.
    pub seed: u64,
    /// Steps done.
    pub step: u64,
    /// Epochs done, with the share of the one under way.
    pub epoch: f64,
    /// Latest evaluation per split, as the run serialises them.
    pub metrics: Vec<Value>,
    /// Names and shapes, in the order of the values.
    pub parameters: Vec<ParameterHeader>,
}

/// The program that wrote a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    /// Name of the program.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Software {
    /// This program.
    pub fn this() -> Self {
        Self {
            name: "MTL Playground".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Description of a data set, with everything that is needed to encode an example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataDescription {
    /// Source of the rows, as the run serialises it.
    pub source: Value,
    /// Settings of the preparation, as the data set serialises them.
    pub settings: Value,
    /// Features and labels with their sizes and the names of the classes.
    pub schema: Schema,
    /// Tokens of every text feature.
    pub vocabularies: Vec<FeatureVocabulary>,
    /// Mean and standard deviation of every numeric feature.
    pub scales: Vec<FeatureScale>,
}

/// Vocabulary of a text feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureVocabulary {
    /// Key of the feature.
    pub feature: String,
    /// Tokens by id; 0 is padding, 1 is unknown.
    pub tokens: Vec<String>,
}

/// Standardisation of a dense feature: `(x - mean) / deviation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureScale {
    /// Key of the feature.
    pub feature: String,
    /// One mean per number.
    pub means: Vec<f32>,
    /// One standard deviation per number.
    pub deviations: Vec<f32>,
}

/// Name and shape of one parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterHeader {
    /// Unique in the file, for instance `dense_1/kernel`.
    pub name: String,
    /// Sizes of the axes, outermost first.
    pub shape: Vec<usize>,
}

impl ParameterHeader {
    /// Number of values; none when it does not fit `usize`.
    pub fn n_values(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1_usize, |product, size| product.checked_mul(*size))
    }
}

impl WeightsFile {
    /// Checks the consistency of the file: its design must be valid for its schema, and its parameters must be those of
    /// the design.
    pub fn check(&self) -> Result<(), WeightsError> {
        let checked = check::check(&self.design, &self.data.schema);
        if let Some(problem) = checked.first_error() {
            return Err(WeightsError::Design(Box::new(problem.clone())));
        }
        let mut expected = Vec::new();
        for node in &self.design.nodes {
            for (name, shape) in checked
                .nodes
                .get(&node.id)
                .map_or(&[][..], |report| &report.parameters)
            {
                expected.push(ParameterHeader {
                    name: format!("{}/{name}", node.name),
                    shape: shape.clone(),
                });
            }
        }
        self.check_parameters(&expected)
    }

    /// Compares the parameters of the file with those of a model, by name, in any order. Rejects the first that
    /// is missing, unknown, or of another shape.
    pub fn check_parameters(&self, expected: &[ParameterHeader]) -> Result<(), WeightsError> {
        for wanted in expected {
            match self.parameters.iter().find(|found| found.name == wanted.name) {
                None => {
                    return Err(WeightsError::MissingParameter {
                        parameter: wanted.name.clone(),
                        shape: wanted.shape.clone(),
                    });
                }
                Some(found) if found.shape != wanted.shape => {
                    return Err(WeightsError::WrongShape {
                        parameter: wanted.name.clone(),
                        expected: wanted.shape.clone(),
                        got: found.shape.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        match self
            .parameters
            .iter()
            .find(|found| !expected.iter().any(|wanted| wanted.name == found.name))
        {
            Some(unknown) => Err(WeightsError::UnknownParameter {
                parameter: unknown.name.clone(),
                known: expected.iter().map(|wanted| wanted.name.clone()).collect(),
            }),
            None => Ok(()),
        }
    }
}
