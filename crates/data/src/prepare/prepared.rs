//! The prepared data set: numbers by feature and label, read batch by batch.

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
    /// What the set is.
    pub info: DatasetInfo,
    /// With what settings it was made.
    pub settings: DataSettings,
    /// What a design may read and learn; features and labels stand in the order of the data set.
    pub schema: Schema,
    /// The rows of each part.
    pub splits: Splits,
    /// The values of each feature.
    pub features: Vec<FeatureValues>,
    /// The values of each label.
    pub labels: Vec<Vec<f32>>,
    /// How many training rows of each label are used.
    pub usage: Vec<LabelUsage>,
    /// For a generated set: from what the labels were drawn.
    pub truth: Vec<TruthColumn>,
    /// Training rows that are drawn anew in every epoch, where the generator was asked to.
    pub fresh: Option<FreshRows>,
    pub(super) n_rows: usize,
}

/// The values of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureValues {
    /// Token ids.
    Tokens(TokenValues),
    /// One id per row.
    Ids {
        /// One id per row.
        ids: Vec<u32>,
        /// Names of the ids; empty where they have none.
        names: Vec<String>,
    },
    /// Standardised numbers.
    Dense(DenseValues),
}

/// Token ids of a text feature.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenValues {
    /// Tokens per row.
    pub length: usize,
    /// `rows * length`, row by row.
    pub ids: Vec<u32>,
    /// Number of tokens in each text before it was cut.
    pub n_tokens: Vec<u32>,
    /// The tokens by id.
    pub vocabulary: Vocabulary,
}

/// Standardised numbers of a dense feature.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseValues {
    /// Numbers per row.
    pub width: usize,
    /// `rows * width`, row by row: `(x - mean) / deviation`.
    pub values: Vec<f32>,
    /// How it was standardised, and how a typed number has to be.
    pub scale: DenseScale,
}

/// Mean and deviation of each number of a dense feature, over the training rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DenseScale {
    /// One mean per number.
    pub means: Vec<f32>,
    /// One deviation per number; 1 where the number is constant.
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
    /// Number of rows in all parts together.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Bytes of the values that batches are read from.
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

    /// Position of the feature named `key`.
    pub fn feature_idx(&self, key: &str) -> Option<usize> {
        self.schema.features.iter().position(|feature| feature.key == key)
    }

    /// Position of the label named `key`.
    pub fn label_idx(&self, key: &str) -> Option<usize> {
        self.schema.labels.iter().position(|label| label.key == key)
    }

    /// From what a label was drawn, for a generated set.
    pub fn truth_of(&self, label_idx: usize) -> Option<&TruthColumn> {
        let key = &self.schema.labels[label_idx].key;
        self.truth.iter().find(|truth| truth.label == *key)
    }

    /// Number of classes of a label: see [`LabelKind::n_classes`](mtl_base::schema::LabelKind::n_classes).
    pub fn n_classes(&self, label_idx: usize) -> Option<usize> {
        self.schema.labels[label_idx].kind.n_classes()
    }

    /// The vocabulary of a text feature; none for another one.
    pub fn vocabulary(&self, feature_idx: usize) -> Option<&Vocabulary> {
        match self.features.get(feature_idx) {
            Some(FeatureValues::Tokens(tokens)) => Some(&tokens.vocabulary),
            _ => None,
        }
    }

    /// Encodes a typed text as a row of a text feature: the padded ids go to `out`, the tokens that fit into it come back
    /// with their places in the text. No tokens when the feature is not a text.
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

    /// Writes the token ids of `rows` to `out`, `length` a row.
    ///
    /// # Panics
    /// When the feature is not a text, a row does not exist or `out` is not `rows.len() * length` long.
    pub fn tokens_into(&self, feature_idx: usize, rows: &[u32], out: &mut [u32]) {
        let FeatureValues::Tokens(tokens) = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no tokens");
        };
        copy_rows(&tokens.ids, tokens.length, rows, out);
    }

    /// Writes the ids of `rows` to `out`, one a row.
    ///
    /// # Panics
    /// When the feature is no id, a row does not exist or `out` is not `rows.len()` long.
    pub fn ids_into(&self, feature_idx: usize, rows: &[u32], out: &mut [u32]) {
        let FeatureValues::Ids { ids, .. } = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no ids");
        };
        copy_rows(ids, 1, rows, out);
    }

    /// Writes the numbers of `rows` to `out`, `width` a row.
    ///
    /// # Panics
    /// When the feature is not dense, a row does not exist or `out` is not `rows.len() * width` long.
    pub fn dense_into(&self, feature_idx: usize, rows: &[u32], out: &mut [f32]) {
        let FeatureValues::Dense(dense) = &self.features[feature_idx] else {
            panic!("feature {feature_idx} holds no dense numbers");
        };
        copy_rows(&dense.values, dense.width, rows, out);
    }

    /// Numbers of a label per row: 1, or its labels for a multi-label.
    pub fn label_width(&self, label_idx: usize) -> usize {
        self.schema.labels[label_idx].kind.width()
    }

    /// Writes the values of a label to `out`, `label_width` a row, NaN where it is not known.
    ///
    /// # Panics
    /// When the label or a row does not exist, or `out` is not `rows.len() * label_width` long.
    pub fn labels_into(&self, label_idx: usize, rows: &[u32], out: &mut [f32]) {
        copy_rows(&self.labels[label_idx], self.label_width(label_idx), rows, out);
    }

    /// Writes the input of a training row that is drawn anew for `epoch` to `x`, standardised as the others are; its labels
    /// come back, NaN where they are not known or not used. None, and nothing written, where rows are not drawn anew.
    ///
    /// # Panics
    /// When the row does not exist or `x` is shorter than the one dense feature.
    pub fn fresh_row_into(&self, epoch: u64, row: u32, x: &mut [f32]) -> Option<[f32; 2]> {
        let fresh = self.fresh.as_ref()?;
        let mut drawn = fresh.row_into(epoch, row, x);
        if let Some(FeatureValues::Dense(dense)) = self.features.first() {
            dense.scale.apply(x);
        }
        for (value, labels) in drawn.iter_mut().zip(&self.labels) {
            let fixed = labels[row as usize];
            // Rows that a label is not learnt from stay the same ones in every epoch.
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

    /// Bytes held by the arrays.
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
