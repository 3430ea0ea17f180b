//! A data set as columns: features, labels, and where it comes from.
//!
//! Every column has the same number of rows. A label is `f32` with NaN for a missing value; a class label holds class
//! indices, a multi-label one 0 or 1 for each of its labels. [`Dataset::check`] is the only definition of a valid data set; every source (asset, generator, raw
//! file, a user's own file) passes through it.
//!
//! ```
//! use mtl_data::dataset::{Column, Dataset, DatasetInfo, Feature, LabelColumn, TextColumn};
//! use mtl_base::{schema::LabelKind, text::Message};
//!
//! let dataset = Dataset {
//!     info: DatasetInfo { key: "tiny".into(), ..Default::default() },
//!     features: vec![Feature {
//!         key: "text".into(),
//!         name: Message::new("Text", "文本"),
//!         column: Column::Text(TextColumn::from_texts(["good", "bad"])),
//!     }],
//!     labels: vec![LabelColumn {
//!         key: "good".into(),
//!         name: Message::new("Good", "好"),
//!         kind: LabelKind::Binary,
//!         classes: vec![Message::new("no", "否"), Message::new("yes", "是")],
//!         values: vec![1.0, 0.0],
//!         next: None,
//!     }],
//!     truth: vec![],
//! };
//! assert_eq!(dataset.n_rows(), 2);
//! dataset.check()?;
//! # Ok::<(), mtl_data::dataset::DatasetError>(())
//! ```

mod error;

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use serde::{Deserialize, Serialize};

use crate::next::NextLabel;

pub use self::error::{Counted, DatasetError, Fitting, Naming};
pub use crate::column::{Column, DenseColumn, IdColumn, TextColumn};

/// Largest number of rows of a data set.
pub const MAX_ROWS: usize = 500_000;
/// Largest number of columns (features, labels and truths together).
pub const MAX_COLUMNS: usize = 256;
/// Largest number of IDs of an ID column, and of classes of a label.
pub const MAX_CARDINALITY: usize = 1_000_000;
/// Largest number of values per row of a dense column.
pub const MAX_DENSE_WIDTH: usize = 4_096;

/// A data set: columns with their description.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Name, source and licence.
    pub info: DatasetInfo,
    /// Feature columns: inputs of a model.
    pub features: Vec<Feature>,
    /// Label columns: targets of tasks.
    pub labels: Vec<LabelColumn>,
    /// True distributions of the labels of a generated set.
    pub truth: Vec<TruthColumn>,
}

/// Description, source and licence of a data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetInfo {
    /// Key, for instance `opinion-domains`.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Description of the rows and of the tasks.
    pub description: Message,
    /// Language of the texts.
    pub language: Language,
    /// Licence of the rows, by its usual identifier.
    pub licence: String,
    /// Attribution, as shown on the page.
    pub attribution: Message,
    /// Publication to cite, if its authors ask for it.
    pub citation: Option<String>,
    /// Published package with the raw file; `None` for a generated or own set.
    pub source: Option<Source>,
}

/// A published package with a raw file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Name of the Python package.
    pub package: String,
    /// Pinned version.
    pub version: String,
    /// Path of the raw file in the package.
    pub path: String,
}

/// Language of a data set's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// No texts.
    #[default]
    None,
    /// English.
    English,
    /// Chinese.
    Chinese,
    /// English and Chinese.
    Mixed,
}

/// A feature column.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Key, for instance `text`.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Values.
    pub column: Column,
}

/// A label column.
#[derive(Clone, Debug)]
pub struct LabelColumn {
    /// Key, for instance `sentiment`.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Type and size.
    pub kind: LabelKind,
    /// Names of the classes: two for binary, negative first; of the labels of a multi-label; empty for a real label. A
    /// class label with too many classes to name (items, users) leaves it empty too.
    pub classes: Vec<Message>,
    /// One value per row (for a multi-label, one per label, row by row); NaN where it is missing. Empty for a label that is
    /// derived from the rows of a split.
    pub values: Vec<f32>,
    /// How the label is derived from the rows of a split, for a label that refers to other rows.
    pub next: Option<NextLabel>,
}

/// True distribution of a generated label, row by row: the probability of the positive class (binary) or of the drawn class
/// (classes), or the expected value (real).
#[derive(Clone, Debug, PartialEq)]
pub struct TruthColumn {
    /// Key of the label.
    pub label: String,
    /// One probability or expected value per row.
    pub values: Vec<f32>,
    /// Share of the recorded labels (binary) that were flipped afterwards.
    pub flipped: f32,
}

/// Bitwise comparison, so that two NaN are equal and a decoded set equals the encoded one.
impl PartialEq for LabelColumn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.name == other.name
            && self.kind == other.kind
            && self.classes == other.classes
            && self.next == other.next
            && self.values.len() == other.values.len()
            && self
                .values
                .iter()
                .zip(&other.values)
                .all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

impl Dataset {
    /// Number of rows: that of the first column.
    pub fn n_rows(&self) -> usize {
        match (self.features.first(), self.labels.first()) {
            (Some(feature), _) => feature.column.n_rows(),
            (None, Some(label)) => label.values.len() / label.kind.width().max(1),
            (None, None) => 0,
        }
    }

    /// The label named `key`.
    pub fn label(&self, key: &str) -> Option<&LabelColumn> {
        self.labels.iter().find(|label| label.key == key)
    }

    /// The feature named `key`.
    pub fn feature(&self, key: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.key == key)
    }

    /// Checks counts, names, lengths and all values.
    pub fn check(&self) -> Result<(), DatasetError> {
        if self.features.is_empty() || self.labels.is_empty() {
            return Err(DatasetError::NoColumns {
                features: self.features.len(),
                labels: self.labels.len(),
            });
        }
        let columns = self.features.len() + self.labels.len() + self.truth.len();
        at_most(Counted::Columns, columns, MAX_COLUMNS)?;
        let rows = self.n_rows();
        at_most(Counted::Rows, rows, MAX_ROWS)?;
        let mut keys: Vec<&str> = self
            .features
            .iter()
            .map(|f| f.key.as_str())
            .chain(self.labels.iter().map(|l| l.key.as_str()))
            .collect();
        keys.sort_by_key(|key| *key);
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DatasetError::SameKey {
                key: pair[0].to_owned(),
            });
        }
        for feature in &self.features {
            feature.check(rows)?;
        }
        for label in &self.labels {
            match &label.next {
                None => label.check(rows)?,
                Some(next) => self.check_next(label, next)?,
            }
        }
        for truth in &self.truth {
            if self.label(&truth.label).is_none() {
                return Err(DatasetError::NoLabel {
                    key: truth.label.clone(),
                });
            }
            same_length(&truth.label, rows, truth.values.len())?;
            match self.label(&truth.label).map(|label| label.kind) {
                Some(LabelKind::Real) => {
                    every(&truth.label, &truth.values, Fitting::Finite, f32::is_finite)?;
                }
                _ => every(&truth.label, &truth.values, Fitting::Probability, |p| {
                    (0.0..=1.0).contains(&p)
                })?,
            }
        }
        Ok(())
    }
}

impl Dataset {
    /// IDs of the feature `key`.
    pub(crate) fn ids(&self, key: &str) -> Option<&IdColumn> {
        match &self.feature(key)?.column {
            Column::Id(column) => Some(column),
            _ => None,
        }
    }

    /// Checks a label that refers to other rows: no values of its own, as many classes as IDs, and existing columns.
    fn check_next(&self, label: &LabelColumn, next: &NextLabel) -> Result<(), DatasetError> {
        let refuse = |column: &str, expected| DatasetError::Next {
            key: label.key.clone(),
            column: column.to_owned(),
            expected,
        };
        same_length(&label.key, 0, label.values.len())?;
        let id = |key: &str| self.ids(key).ok_or_else(|| refuse(key, Naming::Id));
        id(&next.of)?;
        let n_classes = id(&next.names)?.cardinality;
        if label.kind != (LabelKind::Classes { n_classes }) || !label.classes.is_empty() {
            return Err(refuse(&next.names, Naming::IdOfSameSize));
        }
        match self.label(&next.among) {
            Some(among) if among.kind == LabelKind::Binary && among.next.is_none() => Ok(()),
            _ => Err(refuse(&next.among, Naming::BinaryLabel)),
        }
    }
}

impl Feature {
    fn check(&self, rows: usize) -> Result<(), DatasetError> {
        match &self.column {
            Column::Text(column) => same_length(&self.key, rows, column.len()),
            Column::Id(column) => {
                same_length(&self.key, rows, column.ids.len())?;
                at_most(Counted::Ids, column.cardinality, MAX_CARDINALITY)?;
                if !column.names.is_empty() && column.names.len() != column.cardinality {
                    return Err(DatasetError::Names {
                        key: self.key.clone(),
                        expected: column.cardinality,
                        got: column.names.len(),
                    });
                }
                match column
                    .ids
                    .iter()
                    .position(|id| *id as usize >= column.cardinality)
                {
                    None => Ok(()),
                    Some(row) => Err(DatasetError::Value {
                        key: self.key.clone(),
                        row,
                        expected: Fitting::Id(column.cardinality),
                        got: column.ids[row].to_string(),
                    }),
                }
            }
            Column::Dense(column) => {
                at_most(Counted::Numbers, column.width, MAX_DENSE_WIDTH)?;
                if column.values.len() != rows * column.width {
                    return Err(DatasetError::Length {
                        key: self.key.clone(),
                        expected: rows * column.width,
                        got: column.values.len(),
                    });
                }
                every(&self.key, &column.values, Fitting::Finite, f32::is_finite)
                    .map_err(|error| error.in_rows_of(column.width))
            }
        }
    }
}

impl LabelColumn {
    /// Number of classes: see [`LabelKind::n_classes`].
    pub fn n_classes(&self) -> Option<usize> {
        self.kind.n_classes()
    }

    fn check(&self, rows: usize) -> Result<(), DatasetError> {
        let width = self.kind.width();
        at_most(Counted::Labels, width, MAX_DENSE_WIDTH)?;
        same_length(&self.key, rows.saturating_mul(width), self.values.len())?;
        if let Some(n_classes) = self.n_classes() {
            at_most(Counted::Classes, n_classes, MAX_CARDINALITY)?;
        }
        if !self.classes.is_empty() && self.classes.len() != self.kind.n_names() {
            return Err(DatasetError::Names {
                key: self.key.clone(),
                expected: self.kind.n_names(),
                got: self.classes.len(),
            });
        }
        match self.kind.n_values() {
            None => every(&self.key, &self.values, Fitting::FiniteOrUnknown, |value| {
                value.is_finite() || value.is_nan()
            }),
            Some(n_values) => {
                let is_class = |value: f32| value >= 0.0 && value < n_values as f32 && value.fract() == 0.0;
                every(&self.key, &self.values, Fitting::Class(n_values), |value| {
                    value.is_nan() || is_class(value)
                })
                .map_err(|error| error.in_rows_of(width))
            }
        }
    }
}

fn at_most(what: Counted, got: usize, limit: usize) -> Result<(), DatasetError> {
    if got > limit {
        Err(DatasetError::TooMany { what, got, limit })
    } else {
        Ok(())
    }
}

fn same_length(key: &str, expected: usize, got: usize) -> Result<(), DatasetError> {
    if expected == got {
        Ok(())
    } else {
        Err(DatasetError::Length {
            key: key.to_owned(),
            expected,
            got,
        })
    }
}

fn every(
    key: &str,
    values: &[f32],
    expected: Fitting,
    fits: impl Fn(f32) -> bool,
) -> Result<(), DatasetError> {
    match values.iter().position(|value| !fits(*value)) {
        None => Ok(()),
        Some(row) => Err(DatasetError::Value {
            key: key.to_owned(),
            row,
            expected,
            got: values[row].to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use mtl_base::text::Explain;

    use super::*;

    fn tiny() -> Dataset {
        Dataset {
            info: DatasetInfo::default(),
            features: vec![Feature {
                key: "item".into(),
                name: Message::default(),
                column: Column::Id(IdColumn {
                    cardinality: 3,
                    ids: vec![0, 2],
                    names: vec![],
                }),
            }],
            labels: vec![LabelColumn {
                key: "stars".into(),
                name: Message::default(),
                kind: LabelKind::Classes { n_classes: 5 },
                classes: vec![],
                values: vec![4.0, f32::NAN],
                next: None,
            }],
            truth: vec![],
        }
    }

    #[test]
    fn a_valid_set_passes_and_each_fault_is_named() {
        assert_eq!(tiny().check(), Ok(()));
        let mut bad = tiny();
        bad.labels[0].values[0] = 5.0;
        let error = bad.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `stars`, row 0: expected a class index below 5 or NaN, got 5"
        );
        assert!(error.explain().zh.contains("小于 5 的类别序号"));
        bad = tiny();
        bad.labels[0].values[0] = 1.5;
        assert!(matches!(bad.check(), Err(DatasetError::Value { row: 0, .. })));
        bad = tiny();
        bad.labels[0].values.push(1.0);
        assert_eq!(
            bad.check(),
            Err(DatasetError::Length {
                key: "stars".into(),
                expected: 2,
                got: 3
            })
        );
        bad = tiny();
        bad.features[0].column = Column::Id(IdColumn {
            cardinality: 2,
            ids: vec![0, 2],
            names: vec![],
        });
        assert!(matches!(bad.check(), Err(DatasetError::Value { row: 1, .. })));
        bad = tiny();
        bad.labels[0].key = "item".into();
        assert_eq!(bad.check(), Err(DatasetError::SameKey { key: "item".into() }));
        bad = tiny();
        bad.features[0].column = Column::Dense(DenseColumn {
            width: 2,
            values: vec![0.0, 0.0, f32::INFINITY, 0.0],
        });
        assert!(matches!(bad.check(), Err(DatasetError::Value { row: 1, .. })));
        bad = tiny();
        bad.truth = vec![TruthColumn {
            label: "stars".into(),
            values: vec![0.5, 1.5],
            flipped: 0.0,
        }];
        assert!(matches!(bad.check(), Err(DatasetError::Value { row: 1, .. })));
        bad = tiny();
        bad.labels.push(LabelColumn {
            key: "next".into(),
            name: Message::default(),
            kind: LabelKind::Classes { n_classes: 3 },
            classes: vec![],
            values: vec![],
            next: Some(NextLabel {
                of: "item".into(),
                names: "item".into(),
                among: "stars".into(),
            }),
        });
        let error = bad.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "label `next` refers to the next row by `stars`, which is not an existing binary label"
        );
        assert!(error.explain().zh.contains("二元标签"));
        bad.labels[0].kind = LabelKind::Binary;
        bad.labels[0].values = vec![1.0, f32::NAN];
        assert_eq!(bad.check(), Ok(()));
        bad.labels[1].kind = LabelKind::Classes { n_classes: 4 };
        assert!(matches!(bad.check(), Err(DatasetError::Next { .. })));
        bad = tiny();
        bad.labels.clear();
        assert_eq!(
            bad.check(),
            Err(DatasetError::NoColumns {
                features: 1,
                labels: 0
            })
        );
    }
}
