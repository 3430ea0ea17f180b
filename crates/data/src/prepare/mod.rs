//! Preparation of a data set: vocabulary, token IDs, standardised dense columns, splits, and the schema.
//!
//! ```text
//! text column  -> [rows x max_tokens] u32, 0 = padding, 1 = unknown; the vocabulary is built from the training rows only
//! id column    -> [rows] u32
//! dense column -> [rows x width] f32, (x - mean) / standard deviation over the training rows
//! label        -> [rows] f32 ([rows x labels] for a multi-label), NaN = missing
//! ```
//! Rows with equal inputs are in one split ([`same_input`](crate::same_input)), and a label that refers to another row refers to
//! one of its own split ([`next`](crate::next)): nothing in training depends on a held-out row.
//! A row without a word stays in the set, with padding only; a pooled embedding of it is zero. Batches are filled by
//! the `*_into` methods, which allocate nothing.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::prepare::{DataSettings, prepare};
//! use mtl_base::schema::FeatureKind;
//!
//! let dataset = generate(&ReviewSettings { rows: 400, ..Default::default() });
//! let prepared = prepare(&dataset, &DataSettings { max_tokens: 12, ..Default::default() })?;
//! assert!(matches!(prepared.schema.features[0].kind, FeatureKind::Tokens { length: 12, .. }));
//! let mut batch = [0_u32; 2 * 12];
//! prepared.tokens_into(0, &prepared.splits.train[..2], &mut batch);
//! assert_ne!(batch[0], 0);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

mod labels;
mod prepared;

use std::collections::BTreeMap;

use mtl_base::schema::{FeatureKind, FeatureSchema, LabelSchema, Schema};
use mtl_base::settings::{SettingError, Settings};
use mtl_base::text::{Explain, Message};
use thiserror::Error;

use crate::dataset::{Column, Dataset, DatasetError, DenseColumn, LabelColumn, TextColumn};
use crate::same_input::first_rows;
use crate::split::{Split, Splits, split_together};
use crate::tokenizer::Vocabulary;

pub use crate::settings::DataSettings;
pub use labels::LabelUsage;
pub use prepared::{DenseScale, DenseValues, FeatureValues, Prepared, TokenValues};

/// The default label to stratify by has at most this many classes.
const MAX_STRATA: usize = 100;

/// Error of preparing a data set.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DataError {
    /// The data set is not valid.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A setting is outside its bounds.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The label to stratify by does not exist.
    #[error("there is no label `{key}` to stratify by; the labels are {labels}")]
    Stratify {
        /// Key in the settings.
        key: String,
        /// Keys that exist.
        labels: String,
    },
    /// A share is given for a label that does not exist.
    #[error("there is no label `{key}` to use a share of; the labels are {labels}")]
    LabelsUsed {
        /// Key in the settings.
        key: String,
        /// Keys that exist.
        labels: String,
    },
    /// A split is empty.
    #[error(
        "the {} set of {rows} rows with {inputs} different inputs is empty (rows with equal inputs stay in one set); \
         use more rows or another share",
        .split.label().en
    )]
    EmptySplit {
        /// The split.
        split: Split,
        /// Number of rows.
        rows: usize,
        /// Number of different inputs among them.
        inputs: usize,
    },
    /// A vocabulary from a file lacks the reserved tokens.
    #[error("the vocabulary of `{feature}` does not start with <pad> and <unk>")]
    Vocabulary {
        /// Key of the text feature.
        feature: String,
    },
}

impl Explain for DataError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Dataset(error) => return error.explain(),
            Self::Setting(error) => return error.explain(),
            Self::Stratify { key, labels } => format!("没有可用于分层的标签“{key}”；现有标签：{labels}"),
            Self::LabelsUsed { key, labels } => {
                format!("没有可设置使用比例的标签“{key}”；现有标签：{labels}")
            }
            Self::EmptySplit { split, rows, inputs } => {
                format!(
                    "共 {rows} 行、{inputs} 种不同输入，{}部分为空（输入相同的行归入同一部分）；请增加行数或调整比例",
                    split.label().zh
                )
            }
            Self::Vocabulary { feature } => format!("“{feature}”的词表不以 <pad> 和 <unk> 开头"),
        };
        Message::new(self.to_string(), zh)
    }
}

/// Prepares a data set; see the documentation of the module.
pub fn prepare(dataset: &Dataset, settings: &DataSettings) -> Result<Prepared, DataError> {
    prepare_with(dataset, settings, &BTreeMap::new())
}

/// Prepares a data set with given vocabularies, by feature key: those of trained weights.
pub fn prepare_with(
    dataset: &Dataset,
    settings: &DataSettings,
    vocabularies: &BTreeMap<String, Vocabulary>,
) -> Result<Prepared, DataError> {
    settings.check()?;
    dataset.check()?;
    let splits = split_rows(dataset, settings)?;
    prepare_on(dataset, settings, splits, vocabularies)
}

/// The rows of each split; rows with equal inputs stay together.
fn split_rows(dataset: &Dataset, settings: &DataSettings) -> Result<Splits, DataError> {
    let first = first_rows(dataset);
    let strata = strata(dataset, &settings.stratify)?;
    let splits = split_together(
        &first,
        strata.map(|label| &label.values[..]),
        settings.validation,
        settings.test,
        settings.seed as u64,
    );
    match Split::ALL.iter().find(|part| splits.rows(**part).is_empty()) {
        None => Ok(splits),
        Some(part) => Err(DataError::EmptySplit {
            split: *part,
            rows: first.len(),
            inputs: first.iter().zip(0..).filter(|(first, row)| *first == row).count(),
        }),
    }
}

/// Prepares a valid data set whose rows are split.
pub(crate) fn prepare_on(
    dataset: &Dataset,
    settings: &DataSettings,
    splits: Splits,
    vocabularies: &BTreeMap<String, Vocabulary>,
) -> Result<Prepared, DataError> {
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
    let (labels, usage) = labels::labels(dataset, settings, &splits)?;
    Ok(Prepared {
        info: dataset.info.clone(),
        settings: settings.clone(),
        schema,
        splits,
        features,
        labels,
        usage,
        truth: dataset.truth.clone(),
        fresh: None,
        n_rows: dataset.n_rows(),
    })
}

/// The label to stratify by: the one in the settings, or the first with few enough classes.
fn strata<'a>(dataset: &'a Dataset, key: &str) -> Result<Option<&'a LabelColumn>, DataError> {
    if key.is_empty() {
        let few = |label: &&LabelColumn| {
            label.next.is_none() && label.n_classes().is_some_and(|n_classes| n_classes <= MAX_STRATA)
        };
        return Ok(dataset.labels.iter().find(few));
    }
    // A label that refers to rows depends on the split and cannot define it. Ordering by a real label spreads small and large
    // values evenly, too.
    let divides = |label: &&LabelColumn| label.kind.width() == 1 && label.next.is_none();
    match dataset.label(key) {
        Some(label) if divides(&label) => Ok(Some(label)),
        _ => Err(DataError::Stratify {
            key: key.to_owned(),
            labels: dataset
                .labels
                .iter()
                .filter(divides)
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

#[cfg(test)]
mod tests {
    use mtl_base::schema::LabelKind;

    use super::*;
    use crate::dataset::{DatasetInfo, Feature, IdColumn};

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
                next: None,
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
        // Truncated to two tokens; a text without words is all padding; a word that occurs once is unknown.
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
                rows: 3,
                inputs: 3
            }
        );
        assert!(error.explain().zh.contains("验证"));
        let vocabulary: Vocabulary = vec!["<pad>".to_owned(), "<unk>".to_owned(), "green".to_owned()].into();
        let given = BTreeMap::from([("text".to_owned(), vocabulary)]);
        let prepared = prepare_with(&dataset(60), &DataSettings::default(), &given).unwrap();
        assert_eq!(prepared.vocabulary(0).unwrap().len(), 3);
        let given = BTreeMap::from([("text".to_owned(), vec!["green".to_owned()].into())]);
        let error = prepare_with(&dataset(60), &DataSettings::default(), &given).unwrap_err();
        assert_eq!(
            error,
            DataError::Vocabulary {
                feature: "text".into()
            }
        );
    }
}
