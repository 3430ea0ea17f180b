//! From a data set to numbers: vocabulary, token ids, standardised dense columns, splits, and the schema of it all.
//!
//! ```text
//! text column  -> [rows x max_tokens] u32, 0 = padding, 1 = unknown; the vocabulary sees the training rows only
//! id column    -> [rows] u32
//! dense column -> [rows x width] f32, (x - mean) / deviation over the training rows
//! label        -> [rows] f32 ([rows x labels] for a multi-label), NaN = not known
//! ```
//! A row without a single word stays in the set as padding alone; a pooled embedding of it is zero. Batches are filled by
//! the `*_into` methods, which allocate nothing.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::prepare::{DataSettings, prepare};
//! use mtl_engine::schema::FeatureKind;
//!
//! let dataset = generate(&ReviewSettings { rows: 400, ..Default::default() });
//! let prepared = prepare(&dataset, &DataSettings { max_tokens: 12, ..Default::default() })?;
//! assert!(matches!(prepared.schema.features[0].kind, FeatureKind::Tokens { length: 12, .. }));
//! let mut batch = [0_u32; 2 * 12];
//! prepared.tokens_into(0, &prepared.splits.train[..2], &mut batch);
//! assert_ne!(batch[0], 0);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

use mtl_engine::ordered::OrderedMap;
use mtl_engine::schema::{FeatureKind, FeatureSchema, LabelSchema, Schema};
use mtl_engine::text::{Explain, Message};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dataset::{
    Column, Dataset, DatasetError, DatasetInfo, DenseColumn, LabelColumn, TextColumn, TruthColumn,
};
use crate::split::{Split, Splits, split};
use crate::tokenizer::{Token, Vocabulary};

mtl_engine::settings! {
    /// How a data set is turned into numbers.
    pub struct DataSettings {
        /// Tokens per text.
        max_tokens: usize = 64, Int { min: 1, max: 512, step: 8 },
            ["Tokens per text", "每条文本的词元数"],
            ["A longer text is cut at its end, a shorter one is padded.", "较长的文本从末尾截断，较短的补齐。"];
        /// Ceiling of the vocabulary.
        vocabulary_size: usize = 8_000, Int { min: 3, max: 100_000, step: 1_000 },
            ["Vocabulary size", "词表大小"],
            ["The commonest tokens of the training rows, padding and unknown included.",
             "训练行中最常见的词元，含补齐与未知两项。"];
        /// Rarer tokens are unknown.
        min_count: usize = 2, Int { min: 1, max: 1_000, step: 1 },
            ["Least count", "最小词频"],
            ["A token that the training rows hold less often is unknown.", "在训练行中出现次数更少的词元视为未知。"];
        /// Share of validation rows.
        validation: f32 = 0.1, Real { min: 0.01, max: 0.45, step: 0.01 },
            ["Validation share", "验证集比例"],
            ["Share of rows that are watched during training.", "训练过程中用于观察的行的比例。"];
        /// Share of test rows.
        test: f32 = 0.1, Real { min: 0.01, max: 0.45, step: 0.01 },
            ["Test share", "测试集比例"],
            ["Share of rows that only \"evaluate on test\" touches.", "只有“在测试集上评估”才会用到的行的比例。"];
        /// Label by which the splits are stratified.
        stratify: String = String::new(), Label,
            ["Stratify by", "分层依据"],
            ["Each split holds the classes of this label in equal shares; empty: the first label with classes.",
             "各部分中该标签的类别比例相同；留空则取第一个有类别的标签。"];
        /// Seed of the split.
        seed: usize = 1, Int { min: 0, max: 4_294_967_295, step: 1 },
            ["Split seed", "划分种子"], ["Same seed, same split.", "种子相同，划分相同。"];
    }
}

/// Labels with more classes than this are not stratified by unless asked for.
const MAX_STRATA: usize = 100;

/// Why a data set cannot be prepared.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DataError {
    /// The data set itself is not valid.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The label to stratify by does not exist.
    #[error("there is no label `{key}` to stratify by; the labels are {labels}")]
    Stratify {
        /// What was asked for.
        key: String,
        /// What there is.
        labels: String,
    },
    /// A split would have no row.
    #[error("the {} split of {rows} rows is empty; take more rows or another share", .split.label().en)]
    EmptySplit {
        /// The part.
        split: Split,
        /// Rows in all.
        rows: usize,
    },
    /// A vocabulary from a file is not one.
    #[error("the vocabulary of `{feature}` does not begin with <pad> and <unk>")]
    Vocabulary {
        /// The text feature.
        feature: String,
    },
}

impl Explain for DataError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Dataset(error) => return error.explain(),
            Self::Stratify { key, labels } => format!("没有可用于分层的标签“{key}”；现有标签：{labels}"),
            Self::EmptySplit { split, rows } => {
                format!("共 {rows} 行，{}部分为空；请增加行数或调整比例", split.label().zh)
            }
            Self::Vocabulary { feature } => format!("“{feature}”的词表不以 <pad> 和 <unk> 开头"),
        };
        Message::new(self.to_string(), zh)
    }
}

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
    /// For a generated set: the probability from which a label was drawn.
    pub truth: Vec<TruthColumn>,
    n_rows: usize,
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

/// Prepares a data set: see the module.
pub fn prepare(dataset: &Dataset, settings: &DataSettings) -> Result<Prepared, DataError> {
    prepare_with(dataset, settings, &OrderedMap::new())
}

/// Prepares a data set with vocabularies that are already there, by feature key: those of trained weights.
pub fn prepare_with(
    dataset: &Dataset,
    settings: &DataSettings,
    vocabularies: &OrderedMap<String, Vocabulary>,
) -> Result<Prepared, DataError> {
    dataset.check()?;
    let n_rows = dataset.n_rows();
    let strata = strata(dataset, &settings.stratify)?;
    let splits = split(
        n_rows,
        strata.map(|label| &label.values[..]),
        settings.validation,
        settings.test,
        settings.seed as u64,
    );
    for part in Split::ALL {
        if splits.rows(*part).is_empty() {
            return Err(DataError::EmptySplit {
                split: *part,
                rows: n_rows,
            });
        }
    }
    let mut schema = Schema::default();
    let mut features = Vec::with_capacity(dataset.features.len());
    for feature in &dataset.features {
        let (kind, values) = match &feature.column {
            Column::Text(column) => {
                let vocabulary = match vocabularies.get(&feature.key) {
                    Some(vocabulary) if vocabulary.is_well_formed() => vocabulary.clone(),
                    Some(_) => {
                        return Err(DataError::Vocabulary {
                            feature: feature.key.clone(),
                        });
                    }
                    None => {
                        let train = splits.train.iter().map(|row| column.get(*row as usize));
                        Vocabulary::build(train, settings.vocabulary_size, settings.min_count)
                    }
                };
                let kind = FeatureKind::Tokens {
                    length: settings.max_tokens,
                    cardinality: vocabulary.len(),
                };
                (
                    kind,
                    FeatureValues::Tokens(encode(column, vocabulary, settings.max_tokens)),
                )
            }
            Column::Id(column) => (
                FeatureKind::Id {
                    cardinality: column.cardinality,
                },
                FeatureValues::Ids {
                    ids: column.ids.clone(),
                    names: column.names.clone(),
                },
            ),
            Column::Dense(column) => (
                FeatureKind::Dense { width: column.width },
                FeatureValues::Dense(standardize(column, &splits.train)),
            ),
        };
        schema.features.push(FeatureSchema {
            key: feature.key.clone(),
            name: feature.name.clone(),
            kind,
        });
        features.push(values);
    }
    schema.labels = dataset
        .labels
        .iter()
        .map(|label| LabelSchema {
            key: label.key.clone(),
            name: label.name.clone(),
            kind: label.kind,
            classes: label.classes.clone(),
        })
        .collect();
    Ok(Prepared {
        info: dataset.info.clone(),
        settings: settings.clone(),
        schema,
        splits,
        features,
        labels: dataset.labels.iter().map(|label| label.values.clone()).collect(),
        truth: dataset.truth.clone(),
        n_rows,
    })
}

/// The label to stratify by: the one named, or the first with few enough classes.
fn strata<'a>(dataset: &'a Dataset, key: &str) -> Result<Option<&'a LabelColumn>, DataError> {
    if key.is_empty() {
        let few = |label: &&LabelColumn| label.n_classes().is_some_and(|n_classes| n_classes <= MAX_STRATA);
        return Ok(dataset.labels.iter().find(few));
    }
    match dataset.label(key) {
        // The order of a real label's values spreads small and large ones evenly too.
        Some(label) if label.kind.width() == 1 => Ok(Some(label)),
        _ => Err(DataError::Stratify {
            key: key.to_owned(),
            labels: dataset
                .labels
                .iter()
                .filter(|label| label.kind.width() == 1)
                .map(|label| label.key.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

fn encode(column: &TextColumn, vocabulary: Vocabulary, length: usize) -> TokenValues {
    let mut ids = vec![0; column.len() * length];
    let n_tokens = column
        .iter()
        .zip(ids.chunks_exact_mut(length))
        .map(|(text, out)| vocabulary.encode_into(text, out) as u32)
        .collect();
    TokenValues {
        length,
        ids,
        n_tokens,
        vocabulary,
    }
}

fn standardize(column: &DenseColumn, train: &[u32]) -> DenseValues {
    let width = column.width;
    let n = train.len() as f64;
    let mut scale = DenseScale::default();
    for position in 0..width {
        let value = |row: &u32| f64::from(column.values[*row as usize * width + position]);
        let mean = train.iter().map(value).sum::<f64>() / n;
        let variance = train
            .iter()
            .map(|row| (value(row) - mean) * (value(row) - mean))
            .sum::<f64>()
            / n;
        let deviation = variance.sqrt() as f32;
        scale.means.push(mean as f32);
        scale
            .deviations
            .push(if deviation > 0.0 { deviation } else { 1.0 });
    }
    let mut values = column.values.clone();
    for row in values.chunks_exact_mut(width.max(1)) {
        scale.apply(row);
    }
    DenseValues { width, values, scale }
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

    /// Number of classes of a label: see [`LabelKind::n_classes`](mtl_engine::schema::LabelKind::n_classes).
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

#[cfg(test)]
mod tests {
    use mtl_engine::schema::LabelKind;

    use super::*;
    use crate::dataset::{Feature, IdColumn};

    fn dataset(n_rows: usize) -> Dataset {
        let texts = (0..n_rows).map(|row| match row % 3 {
            0 => format!("red only{row}"),
            1 => "blue blue green".to_owned(),
            _ => "...".to_owned(),
        });
        Dataset {
            info: DatasetInfo::default(),
            features: vec![
                Feature {
                    key: "text".into(),
                    name: Message::default(),
                    column: Column::Text(TextColumn::from_texts(texts)),
                },
                Feature {
                    key: "id".into(),
                    name: Message::default(),
                    column: Column::Id(IdColumn {
                        cardinality: n_rows,
                        ids: (0..n_rows as u32).rev().collect(),
                        names: vec![],
                    }),
                },
                Feature {
                    key: "dense".into(),
                    name: Message::default(),
                    column: Column::Dense(DenseColumn {
                        width: 2,
                        values: (0..n_rows).flat_map(|row| [row as f32, 7.0]).collect(),
                    }),
                },
            ],
            labels: vec![LabelColumn {
                key: "third".into(),
                name: Message::default(),
                kind: LabelKind::Classes { n_classes: 3 },
                classes: vec![],
                values: (0..n_rows).map(|row| (row % 3) as f32).collect(),
            }],
            truth: vec![],
        }
    }

    #[test]
    fn the_vocabulary_comes_from_training_rows_only() {
        let dataset = dataset(300);
        let settings = DataSettings {
            min_count: 1,
            max_tokens: 2,
            ..Default::default()
        };
        let prepared = prepare(&dataset, &settings).unwrap();
        let vocabulary = prepared.vocabulary(0).unwrap();
        for row in 0..300_u32 {
            if row % 3 == 0 {
                let known = vocabulary.id(&format!("only{row}")) != crate::tokenizer::UNKNOWN;
                assert_eq!(known, prepared.splits.train.contains(&row), "{row}");
            }
        }
    }

    #[test]
    fn rows_reach_the_batch_in_the_order_asked_for() {
        let prepared = prepare(
            &dataset(300),
            &DataSettings {
                max_tokens: 2,
                ..Default::default()
            },
        )
        .unwrap();
        let vocabulary = prepared.vocabulary(0).unwrap();
        let (red, blue) = (vocabulary.id("red"), vocabulary.id("blue"));
        let rows = [4, 2, 3];
        let mut tokens = [9; 6];
        prepared.tokens_into(0, &rows, &mut tokens);
        // Cut after two; a text without words is padding alone; a word seen once is unknown.
        assert_eq!(tokens, [blue, blue, 0, 0, red, 1]);
        let mut ids = [0; 3];
        prepared.ids_into(1, &rows, &mut ids);
        assert_eq!(ids, [295, 297, 296]);
        let mut labels = [0.0; 3];
        prepared.labels_into(0, &rows, &mut labels);
        assert_eq!(labels, [1.0, 2.0, 0.0]);
        let mut dense = [0.0; 6];
        prepared.dense_into(2, &rows, &mut dense);
        assert_eq!([dense[1], dense[3], dense[5]], [0.0; 3]);
        assert!(dense[0] < 0.0 && dense[2] < dense[4]);
        let train: Vec<f32> = prepared.splits.train.iter().map(|row| *row as f32).collect();
        let mut standardised = vec![0.0; train.len() * 2];
        prepared.dense_into(2, &prepared.splits.train, &mut standardised);
        let mean = standardised.iter().step_by(2).sum::<f32>() / train.len() as f32;
        assert!(mean.abs() < 1e-4, "{mean}");
        let mut typed = [4.0, 7.0];
        let FeatureValues::Dense(values) = &prepared.features[2] else {
            panic!("dense")
        };
        values.scale.apply(&mut typed);
        assert_eq!(typed, [dense[0], dense[1]]);
    }

    #[test]
    fn typed_text_is_encoded_like_a_row() {
        let prepared = prepare(
            &dataset(300),
            &DataSettings {
                max_tokens: 3,
                ..Default::default()
            },
        )
        .unwrap();
        let mut out = [7; 3];
        let tokens = prepared.encode_text(0, "Blue, what RED green!", &mut out);
        assert_eq!(tokens.len(), 3);
        assert_eq!(
            out.to_vec(),
            tokens.iter().map(|token| token.id).collect::<Vec<_>>()
        );
        assert_eq!((tokens[1].id, tokens[2].start, tokens[2].end), (1, 11, 14));
        assert_eq!(prepared.encode_text(0, "", &mut out), vec![]);
        assert_eq!(out, [0; 3]);
    }

    #[test]
    fn faults_are_named_and_vocabularies_can_be_given() {
        let stratify = DataSettings {
            stratify: "colour".into(),
            ..Default::default()
        };
        let error = prepare(&dataset(30), &stratify).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no label `colour` to stratify by; the labels are third"
        );
        let error = prepare(&dataset(3), &DataSettings::default()).unwrap_err();
        assert_eq!(
            error,
            DataError::EmptySplit {
                split: Split::Validation,
                rows: 3
            }
        );
        assert!(error.explain().zh.contains("验证"));
        let vocabulary: Vocabulary = vec!["<pad>".to_owned(), "<unk>".to_owned(), "green".to_owned()].into();
        let given = OrderedMap::from([("text".to_owned(), vocabulary)]);
        let prepared = prepare_with(&dataset(60), &DataSettings::default(), &given).unwrap();
        assert_eq!(prepared.vocabulary(0).unwrap().len(), 3);
        let given = OrderedMap::from([("text".to_owned(), vec!["green".to_owned()].into())]);
        let error = prepare_with(&dataset(60), &DataSettings::default(), &given).unwrap_err();
        assert_eq!(
            error,
            DataError::Vocabulary {
                feature: "text".into()
            }
        );
    }
}
