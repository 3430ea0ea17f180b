//! Description of a prepared data set for the page: sample rows, label distributions, text lengths, coverage.
//!
//! All fields are plain numbers and texts that serialise, so that a worker can send them to the page.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::{prepare::{DataSettings, prepare}, report::report};
//!
//! let dataset = generate(&ReviewSettings { rows: 400, ..Default::default() });
//! let report = report(&dataset, &prepare(&dataset, &DataSettings::default())?);
//! assert_eq!((report.n_rows, report.samples.len()), (400, 20));
//! assert!(report.texts[0].validation_coverage > 0.9);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use mtl_kernels::random::Random;
use serde::{Deserialize, Serialize};

use crate::dataset::{Column, Dataset, DatasetInfo};
use crate::findings::{Finding, findings};
use crate::prepare::{FeatureValues, LabelUsage, Prepared, TokenValues};
use crate::split::Split;
use crate::tokenizer::{PADDING, UNKNOWN};

/// Number of sample rows.
pub const N_SAMPLES: usize = 20;
/// Number of bins of a histogram.
pub const N_BINS: usize = 24;
/// Largest number of characters of a sample text.
const MAX_SAMPLE_CHARS: usize = 400;
/// Labels with more classes than this are described by counts instead of a distribution over classes.
const MAX_CLASSES: usize = 64;

/// Description of a prepared data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// Name, source and licence.
    pub info: DatasetInfo,
    /// Number of rows.
    pub n_rows: usize,
    /// Number of rows of training, validation, test.
    pub n_split_rows: [usize; 3],
    /// Size of the prepared arrays in bytes.
    pub n_bytes: usize,
    /// Sample rows of the training and validation splits.
    pub samples: Vec<Sample>,
    /// Distribution of each label.
    pub labels: Vec<LabelReport>,
    /// Statistics of each text feature.
    pub texts: Vec<TextReport>,
    /// Columns that cannot be learned from.
    pub findings: Vec<Finding>,
    /// Correlations between labels over the training rows.
    pub correlations: Vec<Correlation>,
}

/// Pearson's correlation of two labels that are numbers (binary ones as 0 and 1), over the training rows that have both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Indices of the two labels.
    pub labels: [usize; 2],
    /// Correlation, from -1 to 1.
    pub value: f32,
    /// Number of rows with both labels.
    pub n_rows: usize,
}

/// A sample row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Index of the row in the data set.
    pub row: u32,
    /// Its split.
    pub split: Split,
    /// Text of each feature.
    pub features: Vec<String>,
    /// Text of each label; `None` if the label is missing.
    pub labels: Vec<Option<Message>>,
}

/// Distribution of a label over the splits training, validation, test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelReport {
    /// Key of the label.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Number of rows without the label (for a multi-label, without any), by split.
    pub missing: [usize; 3],
    /// Number of training rows that are used.
    pub usage: LabelUsage,
    /// The distribution.
    pub distribution: Distribution,
}

/// The distribution of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Distribution {
    /// Number of rows per class and split.
    Classes {
        /// Names of the classes.
        names: Vec<Message>,
        /// `counts[split][class]`.
        counts: [Vec<usize>; 3],
    },
    /// Number of rows with each label of a multi-label, by split.
    Labels {
        /// Names of the labels.
        names: Vec<Message>,
        /// `counts[split][label]`.
        counts: [Vec<usize>; 3],
    },
    /// Classes that are too many to list.
    ManyClasses {
        /// Number of classes.
        n_classes: usize,
        /// Number of classes with at least one row.
        n_seen: usize,
        /// Number of rows of the most frequent class.
        largest: usize,
        /// Median of the number of rows, over the classes with rows.
        median: usize,
    },
    /// A real label.
    Real {
        /// Mean over the training rows.
        mean: f32,
        /// Number of rows per bin and split.
        histograms: [Histogram; 3],
    },
}

/// A histogram; bin `i` covers `min + i width` to `min + (i + 1) width`, the last one including its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Start of the first bin.
    pub min: f32,
    /// Width of a bin.
    pub width: f32,
    /// Number of rows per bin.
    pub counts: Vec<usize>,
}

/// Lengths and coverage of a text feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextReport {
    /// Key of the feature.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Tokens per text before truncation, all rows; the last bin includes all longer texts.
    pub lengths: Histogram,
    /// Median of the number of tokens.
    pub median_tokens: u32,
    /// 95th percentile of the number of tokens.
    pub p95_tokens: u32,
    /// Share of texts that are truncated.
    pub truncated: f32,
    /// Number of texts without a known token.
    pub n_without_known_token: usize,
    /// Size of the vocabulary, including padding and unknown.
    pub vocabulary_size: usize,
    /// The most frequent tokens.
    pub commonest: Vec<String>,
    /// Share of the tokens in training rows (after truncation) that are in the vocabulary.
    pub train_coverage: f32,
    /// The same for the validation rows.
    pub validation_coverage: f32,
}

/// Describes a prepared data set; `dataset` is the set that it was prepared from.
pub fn report(dataset: &Dataset, prepared: &Prepared) -> DataReport {
    DataReport {
        info: prepared.info.clone(),
        n_rows: prepared.n_rows(),
        n_split_rows: per_split(prepared, |rows| rows.len()),
        n_bytes: prepared.n_bytes(),
        samples: samples(dataset, prepared),
        labels: (0..prepared.labels.len())
            .map(|label_idx| label_report(prepared, label_idx))
            .collect(),
        texts: prepared
            .features
            .iter()
            .zip(&prepared.schema.features)
            .filter_map(|(values, schema)| match values {
                FeatureValues::Tokens(tokens) => Some(text_report(
                    prepared,
                    tokens,
                    schema.key.clone(),
                    schema.name.clone(),
                )),
                _ => None,
            })
            .collect(),
        findings: findings(prepared),
        correlations: correlations(prepared),
    }
}

/// Correlations of all pairs of binary and real labels, except those with a constant label.
fn correlations(prepared: &Prepared) -> Vec<Correlation> {
    let is_number = |label_idx: &usize| {
        matches!(
            prepared.schema.labels[*label_idx].kind,
            LabelKind::Binary | LabelKind::Real
        )
    };
    let numbers: Vec<usize> = (0..prepared.labels.len())
        .filter(is_number)
        .take(MAX_CORRELATED)
        .collect();
    let mut found = Vec::new();
    for (place, a) in numbers.iter().enumerate() {
        for b in &numbers[place + 1..] {
            let pairs = || {
                let of_row =
                    |row: &u32| [*a, *b].map(|label| f64::from(prepared.labels[label][*row as usize]));
                prepared
                    .splits
                    .train
                    .iter()
                    .map(of_row)
                    .filter(|pair| pair.iter().all(|value| !value.is_nan()))
            };
            let n_rows = pairs().count();
            let mean = |of: usize| pairs().map(|pair| pair[of]).sum::<f64>() / n_rows.max(1) as f64;
            let means = [mean(0), mean(1)];
            let product = |of: [usize; 2]| {
                pairs()
                    .map(|pair| of.iter().map(|of| pair[*of] - means[*of]).product::<f64>())
                    .sum::<f64>()
            };
            let spread = (product([0, 0]) * product([1, 1])).sqrt();
            if spread > 0.0 {
                found.push(Correlation {
                    labels: [*a, *b],
                    value: (product([0, 1]) / spread) as f32,
                    n_rows,
                });
            }
        }
    }
    found
}

/// Labels whose correlations are computed.
const MAX_CORRELATED: usize = 8;

fn per_split<T>(prepared: &Prepared, of: impl Fn(&[u32]) -> T) -> [T; 3] {
    [Split::Train, Split::Validation, Split::Test].map(|split| of(prepared.splits.rows(split)))
}

/// Sample rows. Test rows are not shown, so that nobody learns from them.
fn samples(dataset: &Dataset, prepared: &Prepared) -> Vec<Sample> {
    let mut rows: Vec<(u32, Split)> = prepared
        .splits
        .train
        .iter()
        .map(|row| (*row, Split::Train))
        .chain(
            prepared
                .splits
                .validation
                .iter()
                .map(|row| (*row, Split::Validation)),
        )
        .collect();
    Random::stream(prepared.settings.seed as u64, "report/samples").shuffle(&mut rows);
    rows.truncate(N_SAMPLES);
    rows.into_iter()
        .map(|(row, split)| sample(dataset, prepared, row, split))
        .collect()
}

/// The texts of a row of `dataset`, which is in the split `split`.
///
/// # Panics
/// If there is no such row.
pub fn sample(dataset: &Dataset, prepared: &Prepared, row: u32, split: Split) -> Sample {
    Sample {
        row,
        split,
        features: dataset
            .features
            .iter()
            .map(|feature| feature_text(&feature.column, row as usize))
            .collect(),
        labels: (0..prepared.labels.len())
            .map(|label_idx| label_text(prepared, label_idx, row))
            .collect(),
    }
}

fn feature_text(column: &Column, row: usize) -> String {
    match column {
        Column::Text(texts) => {
            let text = texts.get(row);
            match text.char_indices().nth(MAX_SAMPLE_CHARS) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text.to_owned(),
            }
        }
        Column::Id(column) => {
            let id = column.ids[row];
            column
                .names
                .get(id as usize)
                .cloned()
                .unwrap_or_else(|| id.to_string())
        }
        Column::Dense(column) => {
            let values = &column.values[row * column.width..(row + 1) * column.width];
            values.iter().map(f32::to_string).collect::<Vec<_>>().join(", ")
        }
    }
}

fn label_text(prepared: &Prepared, label_idx: usize, row: u32) -> Option<Message> {
    let schema = &prepared.schema.labels[label_idx];
    let values = label_values(prepared, label_idx, row);
    if values.iter().all(|value| value.is_nan()) {
        return None;
    }
    if let LabelKind::MultiLabel { n_labels } = schema.kind {
        let names = label_names(&schema.classes, n_labels);
        let set: Vec<&Message> = names
            .iter()
            .zip(values)
            .filter(|(_, value)| **value == 1.0)
            .map(|(name, _)| name)
            .collect();
        let list = |of: &dyn Fn(&Message) -> &str, between: &str, none: &str| match set.len() {
            0 => none.to_owned(),
            _ => set.iter().map(|name| of(name)).collect::<Vec<_>>().join(between),
        };
        return Some(Message::new(
            list(&|name| &name.en, ", ", "none"),
            list(&|name| &name.zh, "、", "无"),
        ));
    }
    let value = values[0];
    let name = schema
        .classes
        .get(value as usize)
        .filter(|_| schema.kind != LabelKind::Real)
        .cloned();
    Some(name.unwrap_or_else(|| Message::new(value.to_string(), value.to_string())))
}

/// The values of a label in a row.
fn label_values(prepared: &Prepared, label_idx: usize, row: u32) -> &[f32] {
    let width = prepared.label_width(label_idx);
    &prepared.labels[label_idx][row as usize * width..(row as usize + 1) * width]
}

/// Names of classes or labels; their indices if they have none.
fn label_names(names: &[Message], n: usize) -> Vec<Message> {
    if names.is_empty() {
        (0..n)
            .map(|index| Message::new(index.to_string(), index.to_string()))
            .collect()
    } else {
        names.to_vec()
    }
}

fn label_report(prepared: &Prepared, label_idx: usize) -> LabelReport {
    let schema = &prepared.schema.labels[label_idx];
    if let LabelKind::MultiLabel { n_labels } = schema.kind {
        return multi_label_report(prepared, label_idx, n_labels);
    }
    let values = &prepared.labels[label_idx];
    let counts = |rows: &[u32], n_classes: usize| {
        let mut counts = vec![0; n_classes];
        for row in rows {
            let value = values[*row as usize];
            if !value.is_nan() {
                counts[value as usize] += 1;
            }
        }
        counts
    };
    let distribution = match prepared.n_classes(label_idx) {
        None => {
            let (min, max) = values
                .iter()
                .filter(|value| !value.is_nan())
                .fold((f32::MAX, f32::MIN), |(min, max), value| {
                    (min.min(*value), max.max(*value))
                });
            let (min, max) = if min <= max { (min, max) } else { (0.0, 1.0) };
            let train = &prepared.splits.train;
            let n_known = known(values, train).count().max(1);
            Distribution::Real {
                mean: (known(values, train).map(f64::from).sum::<f64>() / n_known as f64) as f32,
                histograms: per_split(prepared, |rows| histogram(known(values, rows), min, max)),
            }
        }
        Some(n_classes) if n_classes <= MAX_CLASSES => Distribution::Classes {
            names: label_names(&schema.classes, n_classes),
            counts: per_split(prepared, |rows| counts(rows, n_classes)),
        },
        Some(n_classes) => {
            let mut seen = per_split(prepared, |rows| counts(rows, n_classes))
                .into_iter()
                .fold(vec![0; n_classes], |mut sums, part| {
                    sums.iter_mut().zip(part).for_each(|(sum, count)| *sum += count);
                    sums
                });
            seen.retain(|count| *count > 0);
            seen.sort_by_key(|count| *count);
            Distribution::ManyClasses {
                n_classes,
                n_seen: seen.len(),
                largest: seen.last().copied().unwrap_or(0),
                median: seen.get(seen.len() / 2).copied().unwrap_or(0),
            }
        }
    };
    LabelReport {
        key: schema.key.clone(),
        name: schema.name.clone(),
        missing: per_split(prepared, |rows| rows.len() - known(values, rows).count()),
        usage: prepared.usage[label_idx],
        distribution,
    }
}

fn multi_label_report(prepared: &Prepared, label_idx: usize, n_labels: usize) -> LabelReport {
    let schema = &prepared.schema.labels[label_idx];
    let rows_with = |rows: &[u32], fits: &dyn Fn(&[f32]) -> bool| {
        rows.iter()
            .filter(|row| fits(label_values(prepared, label_idx, **row)))
            .count()
    };
    let is_missing = |values: &[f32]| values.iter().all(|value| value.is_nan());
    let has = |label: usize| move |values: &[f32]| values[label] == 1.0;
    LabelReport {
        key: schema.key.clone(),
        name: schema.name.clone(),
        missing: per_split(prepared, |rows| rows_with(rows, &is_missing)),
        usage: prepared.usage[label_idx],
        distribution: Distribution::Labels {
            names: label_names(&schema.classes, n_labels),
            counts: per_split(prepared, |rows| {
                (0..n_labels).map(|label| rows_with(rows, &has(label))).collect()
            }),
        },
    }
}

/// The known values of a label in some rows.
fn known<'a>(values: &'a [f32], rows: &'a [u32]) -> impl Iterator<Item = f32> + 'a {
    rows.iter()
        .map(|row| values[*row as usize])
        .filter(|value| !value.is_nan())
}

fn histogram(values: impl Iterator<Item = f32>, min: f32, max: f32) -> Histogram {
    let width = if max > min {
        (max - min) / N_BINS as f32
    } else {
        1.0
    };
    let mut counts = vec![0; N_BINS];
    for value in values {
        let bin = ((value - min) / width).max(0.0) as usize;
        counts[bin.min(N_BINS - 1)] += 1;
    }
    Histogram { min, width, counts }
}

fn text_report(prepared: &Prepared, tokens: &TokenValues, key: String, name: Message) -> TextReport {
    let mut sorted = tokens.n_tokens.clone();
    sorted.sort_unstable();
    let at = |share: usize| {
        sorted
            .get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1)))
            .copied()
    };
    let p95 = at(95).unwrap_or(0);
    // Bins of whole numbers of tokens, wide enough for nearly all texts.
    let bin_tokens = (at(99).unwrap_or(0) as usize / N_BINS + 1) as f32;
    let row = |row: usize| &tokens.ids[row * tokens.length..(row + 1) * tokens.length];
    let coverage = |rows: &[u32]| {
        let (mut known, mut all) = (0_usize, 0_usize);
        for id in rows
            .iter()
            .flat_map(|index| row(*index as usize))
            .filter(|id| **id != PADDING)
        {
            all += 1;
            known += usize::from(*id != UNKNOWN);
        }
        if all == 0 {
            0.0
        } else {
            (known as f64 / all as f64) as f32
        }
    };
    let n_rows = tokens.n_tokens.len();
    let n_truncated = tokens
        .n_tokens
        .iter()
        .filter(|n_tokens| **n_tokens as usize > tokens.length)
        .count();
    TextReport {
        key,
        name,
        lengths: histogram(
            tokens.n_tokens.iter().map(|n| *n as f32),
            0.0,
            bin_tokens * N_BINS as f32,
        ),
        median_tokens: at(50).unwrap_or(0),
        p95_tokens: p95,
        truncated: n_truncated as f32 / n_rows.max(1) as f32,
        n_without_known_token: (0..n_rows)
            .filter(|index| row(*index).iter().all(|id| *id <= UNKNOWN))
            .count(),
        vocabulary_size: tokens.vocabulary.len(),
        commonest: tokens
            .vocabulary
            .tokens()
            .iter()
            .skip(2)
            .take(20)
            .cloned()
            .collect(),
        train_coverage: coverage(&prepared.splits.train),
        validation_coverage: coverage(&prepared.splits.validation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::generated_impressions::{self, ImpressionSettings};
    use crate::datasets::generated_regression::{self, RegressionSettings};
    use crate::datasets::generated_reviews::{self, ReviewSettings};
    use crate::prepare::{DataSettings, prepare};

    #[test]
    fn counts_add_up_and_test_rows_are_not_shown() {
        let settings = ReviewSettings {
            rows: 1_000,
            missing: 0.2,
            ..Default::default()
        };
        let dataset = generated_reviews::generate(&settings);
        let prepared = prepare(
            &dataset,
            &DataSettings {
                max_tokens: 16,
                ..Default::default()
            },
        )
        .unwrap();
        let report = report(&dataset, &prepared);
        assert_eq!(report.n_split_rows, [800, 100, 100]);
        assert_eq!(report.samples.len(), N_SAMPLES);
        assert!(report.samples.iter().all(|sample| sample.split != Split::Test));
        for label in &report.labels {
            let counted: usize = match &label.distribution {
                Distribution::Classes { counts, .. } => counts.iter().flatten().sum(),
                Distribution::Real { histograms, .. } => histograms.iter().flat_map(|h| &h.counts).sum(),
                Distribution::ManyClasses { .. } => panic!("there are few classes"),
                Distribution::Labels { names, counts } => {
                    // A row has any number of the labels.
                    let sums: Vec<usize> = (0..names.len())
                        .map(|label| counts.iter().map(|part| part[label]).sum())
                        .collect();
                    assert!(sums.iter().all(|sum| (100..750).contains(sum)), "{sums:?}");
                    1_000 - label.missing.iter().sum::<usize>()
                }
            };
            assert_eq!(
                counted + label.missing.iter().sum::<usize>(),
                1_000,
                "{}",
                label.key
            );
        }
        let text = &report.texts[0];
        assert_eq!(text.lengths.counts.iter().sum::<usize>(), 1_000);
        assert!(text.median_tokens < text.p95_tokens && text.truncated > 0.2);
        assert!(text.train_coverage >= text.validation_coverage && text.validation_coverage > 0.95);
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<DataReport>(&json).unwrap(), report);
    }

    #[test]
    fn correlations_are_pearsons_over_the_rows_that_have_both() {
        let settings = RegressionSettings {
            rows: 4_000,
            width: 10,
            relatedness: -0.5,
            unit_2: 100.0,
            missing: 0.2,
            ..Default::default()
        };
        let dataset = generated_regression::generate(&settings);
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        let found = report(&dataset, &prepared).correlations;
        assert_eq!((found.len(), found[0].labels), (1, [0, 1]));
        assert!((found[0].value + 0.484).abs() < 0.06, "{}", found[0].value);
        assert!((found[0].n_rows as f64 / 3_200.0 - 0.64).abs() < 0.04);
        // Conversion after a click is known for clicks only, and there the click is always 1: no correlation.
        let dataset = generated_impressions::generate(&ImpressionSettings::default());
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        let pairs: Vec<[usize; 2]> = report(&dataset, &prepared)
            .correlations
            .iter()
            .map(|c| c.labels)
            .collect();
        assert_eq!(pairs, [[0, 1], [1, 2]]);
    }

    #[test]
    fn many_classes_are_summed_up() {
        let settings = ImpressionSettings {
            rows: 2_000,
            users: 70,
            items: 90,
            ..Default::default()
        };
        let dataset = generated_impressions::generate(&settings);
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        let report = report(&dataset, &prepared);
        let Distribution::ManyClasses {
            n_classes: 90,
            n_seen,
            largest,
            median,
        } = report.labels[3].distribution
        else {
            panic!("{:?}", report.labels[3].distribution)
        };
        assert!(n_seen <= 90 && median <= largest && largest > 2_000 / 90);
        assert!(report.texts.is_empty());
    }
}
