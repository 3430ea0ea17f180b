//! The prepared data set: numbers by feature and label, read in batches.

use mtl_base::schema::Schema;
use serde::{Deserialize, Serialize};

use super::{DataSettings, LabelUsage};
use crate::dataset::{DatasetInfo, TruthColumn};
use crate::datasets::FreshRows;
use crate::split::Splits;
use crate::tokenizer::{Token, Vocabulary};

/// A data set as numbers, ready for batches.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Description of the data set.
    pub info: DatasetInfo,
    /// Settings of the preparation.
    pub settings: DataSettings,
    /// Features and labels, in the order of the data set.
    pub schema: Schema,
    /// Rows of each split.
    pub splits: Splits,
    /// Values of each feature.
    pub features: Vec<FeatureValues>,
    /// Values of each label.
    pub labels: Vec<Vec<f32>>,
    /// Number of training rows of each label that are used.
    pub usage: Vec<LabelUsage>,
    /// True distributions of the labels of a generated set.
    pub truth: Vec<TruthColumn>,
    /// Source of new training rows for every epoch, if the generator is set to draw them.
    pub fresh: Option<FreshRows>,
    pub(super) n_rows: usize,
}

/// The values of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureValues {
    /// Token ids.
    Tokens(TokenValues),
    /// One ID per row.
    Ids {
        /// ID of each row.
        ids: Vec<u32>,
        /// Names of the IDs; empty if they have none.
        names: Vec<String>,
    },
    /// Standardised numbers.
    Dense(DenseValues),
}

/// Token IDs of a text feature.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenValues {
    /// Tokens per row.
    pub length: usize,
    /// `rows * length` IDs, row by row.
    pub ids: Vec<u32>,
    /// Number of tokens of each text before truncation.
    pub n_tokens: Vec<u32>,
    /// The tokens by ID.
    pub vocabulary: Vocabulary,
}

/// Standardised numbers of a dense feature.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseValues {
    /// Numbers per row.
    pub width: usize,
    /// `rows * width` values, row by row: `(x - mean) / standard deviation`.
    pub values: Vec<f32>,
    /// Mean and standard deviation, also for numbers that are typed.
    pub scale: DenseScale,
}

/// Mean and standard deviation of each number of a dense feature, over the training rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DenseScale {
    /// Mean of each number.
    pub means: Vec<f32>,
    /// Standard deviation of each number; 1 where the number is constant.
    pub deviations: Vec<f32>,
}

impl DenseScale {
    /// Standardises the numbers of one row.
    pub fn apply(&self, row: &mut [f32]) {
        for ((value, mean), deviation) in row.iter_mut().zip(&self.means).zip(&self.deviations) {
            *value = (*value - mean) / deviation;
        }
    }
}

impl Prepared {
    /// Number of rows of all splits together.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Bytes of the values that batches are filled from.
    pub fn bytes(&self) -> usize {
        let of_feature = |values: &FeatureValues| match values {
            FeatureValues::Tokens(tokens) => tokens.ids.len() + tokens.n_tokens.len(),
            FeatureValues::Ids { ids, .. } => ids.len(),
            FeatureValues::Dense(dense) => dense.values.len(),
        };
        let features: usize = self.features.iter().map(of_feature).sum();
        let labels: usize = self.labels.iter().map(Vec::len).sum();
        4 * (features + labels)
    }

    /// Index of the feature named `key`.
    pub fn feature_idx(&self, key: &str) -> Option<usize> {
        self.schema.features.iter().position(|feature| feature.key == key)
    }

    /// Index of the label named `key`.
    pub fn label_idx(&self, key: &str) -> Option<usize> {
        self.schema.labels.iter().position(|label| label.key == key)
    }

    /// True distribution of a label of a generated set.
    pub fn truth_of(&self, label_idx: usize) -> Option<&TruthColumn> {
        let key = &self.schema.labels[label_idx].key;
        self.truth.iter().find(|truth| truth.label == *key)
    }

    /// Number of classes of a label: see [`LabelKind::n_classes`](mtl_base::schema::LabelKind::n_classes).
    pub fn n_classes(&self, label_idx: usize) -> Option<usize> {
        self.schema.labels[label_idx].kind.n_classes()
    }

    /// Vocabulary of a text feature; `None` for other features.
    pub fn vocabulary(&self, feature_idx: usize) -> Option<&Vocabulary> {
        match self.features.get(feature_idx) {
            Some(FeatureValues::Tokens(tokens)) => Some(&tokens.vocabulary),
            _ => None,
        }
    }

    /// Encodes a text as a row of a text feature: writes the padded IDs to `out` and returns the tokens that fit into it,
    /// with their positions in the text. No tokens if the feature is not a text.
    pub fn encode_text(&self, feature_idx: usize, text: &str, out: &mut [u32]) -> Vec<Token> {
        let mut tokens = self
            .vocabulary(feature_idx)
            .map(|vocabulary| vocabulary.encode(text))
            .unwrap_or_default();
        tokens.truncate(out.len());
        out.fill(0);
        for (slot, token) in out.iter_mut().zip(&tokens) {
            *slot = token.id;
        }
        tokens
    }

    /// Writes the token IDs of `rows` to `out`, `length` per row.
    ///
    /// # Panics
    /// If the feature is not a text, a row does not exist or `out` is not `rows.len() * length` long.
    pub fn tokens_into(&self, feature_idx: usize, rows: &[u32], out: &mut [u32]) {
        let FeatureValues::Tokens(tokens) = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no tokens");
        };
        copy_rows(&tokens.ids, tokens.length, rows, out);
    }

    /// Writes the IDs of `rows` to `out`, one per row.
    ///
    /// # Panics
    /// If the feature is not an ID, a row does not exist or `out` is not `rows.len()` long.
    pub fn ids_into(&self, feature_idx: usize, rows: &[u32], out: &mut [u32]) {
        let FeatureValues::Ids { ids, .. } = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no ids");
        };
        copy_rows(ids, 1, rows, out);
    }

    /// Writes the numbers of `rows` to `out`, `width` per row.
    ///
    /// # Panics
    /// If the feature is not dense, a row does not exist or `out` is not `rows.len() * width` long.
    pub fn dense_into(&self, feature_idx: usize, rows: &[u32], out: &mut [f32]) {
        let FeatureValues::Dense(dense) = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no dense numbers");
        };
        copy_rows(&dense.values, dense.width, rows, out);
    }

    /// Number of values of a label per row: 1, or the number of labels of a multi-label.
    pub fn label_width(&self, label_idx: usize) -> usize {
        self.schema.labels[label_idx].kind.width()
    }

    /// Writes the values of a label to `out`, `label_width` per row, NaN where it is missing.
    ///
    /// # Panics
    /// If the label or a row does not exist, or `out` is not `rows.len() * label_width` long.
    pub fn labels_into(&self, label_idx: usize, rows: &[u32], out: &mut [f32]) {
        copy_rows(&self.labels[label_idx], self.label_width(label_idx), rows, out);
    }

    /// Writes the standardised input of a training row that is drawn anew for `epoch` to `x` and returns its labels, NaN where
    /// they are missing or not used. Returns `None`, and writes nothing, if rows are not drawn anew.
    ///
    /// # Panics
    /// If the row does not exist or `x` is shorter than the dense feature.
    pub fn fresh_row_into(&self, epoch: u64, row: u32, x: &mut [f32]) -> Option<[f32; 2]> {
        let fresh = self.fresh.as_ref()?;
        let mut drawn = fresh.row_into(epoch, row, x);
        if let Some(FeatureValues::Dense(dense)) = self.features.first() {
            dense.scale.apply(x);
        }
        for (value, labels) in drawn.iter_mut().zip(&self.labels) {
            let fixed = labels[row as usize];
            // The rows whose label is not used are the same in every epoch.
            if self.settings.missing_as_zero {
                if fixed == 0.0 || value.is_nan() {
                    *value = 0.0;
                }
            } else if fixed.is_nan() {
                *value = f32::NAN;
            }
        }
        Some(drawn)
    }

    /// Size of the arrays in bytes.
    pub fn n_bytes(&self) -> usize {
        let features = self.features.iter().map(|feature| match feature {
            FeatureValues::Tokens(tokens) => tokens.ids.len() + tokens.n_tokens.len(),
            FeatureValues::Ids { ids, .. } => ids.len(),
            FeatureValues::Dense(dense) => dense.values.len(),
        });
        let labels = self.labels.iter().map(Vec::len);
        let truth = self.truth.iter().map(|truth| truth.values.len());
        4 * (features.sum::<usize>() + labels.sum::<usize>() + truth.sum::<usize>() + self.n_rows)
    }
}

fn copy_rows<T: Copy>(values: &[T], width: usize, rows: &[u32], out: &mut [T]) {
    assert_eq!(
        out.len(),
        rows.len() * width,
        "the slice does not fit {} rows of {width}",
        rows.len()
    );
    for (row, out) in rows.iter().zip(out.chunks_exact_mut(width.max(1))) {
        let start = *row as usize * width;
        out.copy_from_slice(&values[start..start + width]);
    }
}
