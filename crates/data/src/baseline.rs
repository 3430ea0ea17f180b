//! What simple methods reach on the same split: the lines beside which a neural model is shown.
//!
//! - **Majority**: the class shares of the training rows, or their mean, for every row.
//! - **Naive Bayes** on the first text feature, multinomial with Laplace smoothing:
//!   `P(c | text) ~ P(c) prod_w P(w | c)`, `P(w | c) = (n_wc + 1) / (n_c + V)`. Padding and unknown tokens do not count.
//! - **Biases** of the first two id features, `z = b + b_user + b_item`, with an L2 penalty, by Newton steps one bias at
//!   a time: logistic for a binary label, least squares for a real one.
//!
//! Scores have the shape of a model's outputs, so that the same metrics apply: `rows x 1` for a binary (probability of a
//! one) or a real label, `rows x n_classes` for classes.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::{baseline::{Method, baselines}, prepare::{DataSettings, prepare}};
//!
//! let dataset = generate(&ReviewSettings { rows: 1_000, ..Default::default() });
//! let prepared = prepare(&dataset, &DataSettings::default())?;
//! let of_domain = baselines(&prepared, 0, &prepared.splits.validation);
//! assert_eq!(of_domain[1].method, Method::NaiveBayes);
//! assert_eq!(of_domain[1].scores.len(), 100 * 4);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

use mtl_engine::kernels::elementary::{exp_f64, log_f64, sigmoid};
use mtl_engine::schema::LabelKind;
use serde::{Deserialize, Serialize};

use crate::prepare::{FeatureValues, Prepared, TokenValues};
use crate::tokenizer::UNKNOWN;

mtl_engine::choice! {
    /// A simple method.
    pub enum Method {
        /// The same answer for every row.
        Majority = "majority", ["Majority", "多数类"];
        /// Word counts per class.
        NaiveBayes = "naive_bayes", ["Naive Bayes", "朴素贝叶斯"];
        /// One number per user and per item.
        Biases = "biases", ["User and item biases", "用户与物品偏置"];
    }
}

/// What a method says about some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The method.
    pub method: Method,
    /// `rows x 1` or `rows x n_classes`.
    pub scores: Vec<f32>,
}

/// Naive Bayes is left out when it would need more counts than this.
const MAX_COUNTS: usize = 20_000_000;
/// Strength of the penalty on a bias: so many rows' worth of pull towards 0.
const BIAS_PENALTY: f32 = 5.0;
const BIAS_SWEEPS: usize = 12;

/// Learns every method that applies to a label from the training rows, and scores `rows` with each.
///
/// # Panics
/// When the label does not exist.
pub fn baselines(prepared: &Prepared, label_idx: usize, rows: &[u32]) -> Vec<Baseline> {
    let labels = &prepared.labels[label_idx];
    let train: Vec<u32> = prepared
        .splits
        .train
        .iter()
        .copied()
        .filter(|row| !labels[*row as usize].is_nan())
        .collect();
    if train.is_empty() {
        return Vec::new();
    }
    let n_classes = prepared.n_classes(label_idx);
    let mut baselines = vec![Baseline {
        method: Method::Majority,
        scores: match n_classes {
            Some(n_classes) => {
                let shares = class_shares(labels, &train, n_classes);
                rows.iter().flat_map(|_| outputs(&shares)).collect()
            }
            None => vec![mean(labels, &train) as f32; rows.len()],
        },
    }];
    let text = prepared.features.iter().find_map(|feature| match feature {
        FeatureValues::Tokens(tokens) => Some(tokens),
        _ => None,
    });
    if let (Some(tokens), Some(n_classes)) = (text, n_classes)
        && n_classes * tokens.vocabulary.len() <= MAX_COUNTS
    {
        let scores = naive_bayes(tokens, labels, &train, n_classes, rows);
        baselines.push(Baseline {
            method: Method::NaiveBayes,
            scores,
        });
    }
    let ids: Vec<&[u32]> = prepared
        .features
        .iter()
        .filter_map(|feature| match feature {
            FeatureValues::Ids { ids, .. } => Some(&ids[..]),
            _ => None,
        })
        .take(2)
        .collect();
    let kind = prepared.schema.labels[label_idx].kind;
    if let ([users, items], LabelKind::Binary | LabelKind::Real) = (&ids[..], kind) {
        let scores = biases([users, items], labels, &train, kind == LabelKind::Binary, rows);
        baselines.push(Baseline {
            method: Method::Biases,
            scores,
        });
    }
    baselines
}

/// Share of the rows with a known label whose best-scored class it is; none when no label is known.
///
/// `scores` are those of a [`Baseline`] or of a model: a width of 1 is a probability of class 1.
pub fn accuracy(scores: &[f32], labels: &[f32]) -> Option<f32> {
    let width = scores
        .len()
        .checked_div(labels.len())
        .filter(|width| *width > 0)?;
    let (mut right, mut known) = (0_usize, 0_usize);
    for (scores, label) in scores
        .chunks_exact(width)
        .zip(labels)
        .filter(|(_, label)| !label.is_nan())
    {
        let class = if width == 1 {
            usize::from(scores[0] > 0.5)
        } else {
            (1..width).fold(
                0,
                |best, class| if scores[class] > scores[best] { class } else { best },
            )
        };
        known += 1;
        right += usize::from(class as f32 == *label);
    }
    (known > 0).then(|| (right as f64 / known as f64) as f32)
}

/// Two classes are one output, the probability of the second.
fn outputs(probabilities: &[f64]) -> impl Iterator<Item = f32> {
    let first = usize::from(probabilities.len() == 2);
    probabilities[first..].iter().map(|p| *p as f32)
}

fn class_shares(labels: &[f32], train: &[u32], n_classes: usize) -> Vec<f64> {
    let mut counts = vec![0_u32; n_classes];
    train
        .iter()
        .for_each(|row| counts[labels[*row as usize] as usize] += 1);
    counts
        .into_iter()
        .map(|count| f64::from(count) / train.len() as f64)
        .collect()
}

fn mean(labels: &[f32], train: &[u32]) -> f64 {
    train
        .iter()
        .map(|row| f64::from(labels[*row as usize]))
        .sum::<f64>()
        / train.len() as f64
}

fn naive_bayes(
    tokens: &TokenValues,
    labels: &[f32],
    train: &[u32],
    n_classes: usize,
    rows: &[u32],
) -> Vec<f32> {
    let size = tokens.vocabulary.len();
    let known = |row: u32| {
        let start = row as usize * tokens.length;
        tokens.ids[start..start + tokens.length]
            .iter()
            .filter(|id| **id > UNKNOWN)
            .map(|id| *id as usize)
    };
    // Counts per token and class, then their logarithms in place.
    let mut table = vec![0.0_f64; size * n_classes];
    let mut totals = vec![0.0_f64; n_classes];
    for row in train {
        let class = labels[*row as usize] as usize;
        for id in known(*row) {
            table[id * n_classes + class] += 1.0;
            totals[class] += 1.0;
        }
    }
    let n_known_tokens = size.saturating_sub(UNKNOWN as usize + 1) as f64;
    for counts in table.chunks_exact_mut(n_classes) {
        for (count, total) in counts.iter_mut().zip(&totals) {
            *count = log_f64((*count + 1.0) / (total + n_known_tokens));
        }
    }
    let priors: Vec<f64> = class_shares(labels, train, n_classes)
        .into_iter()
        .map(|share| log_f64(share.max(1e-12)))
        .collect();
    let mut scores = Vec::with_capacity(rows.len() * n_classes);
    let mut logs = vec![0.0; n_classes];
    for row in rows {
        logs.copy_from_slice(&priors);
        for id in known(*row) {
            let word = &table[id * n_classes..(id + 1) * n_classes];
            logs.iter_mut().zip(word).for_each(|(sum, log)| *sum += log);
        }
        let largest = logs.iter().copied().fold(f64::MIN, f64::max);
        logs.iter_mut().for_each(|log| *log = exp_f64(*log - largest));
        let total: f64 = logs.iter().sum();
        logs.iter_mut().for_each(|weight| *weight /= total);
        scores.extend(outputs(&logs));
    }
    scores
}

fn biases(ids: [&[u32]; 2], labels: &[f32], train: &[u32], binary: bool, rows: &[u32]) -> Vec<f32> {
    let start = mean(labels, train);
    let mut intercept = if binary {
        let share = start.clamp(1e-6, 1.0 - 1e-6);
        log_f64(share / (1.0 - share)) as f32
    } else {
        start as f32
    };
    let mut tables = ids.map(|ids| vec![0.0_f32; ids.iter().max().map_or(0, |id| *id as usize + 1)]);
    let respond = |z: f32| if binary { sigmoid(z) } else { z };
    for _ in 0..BIAS_SWEEPS {
        for side in 0..2 {
            // Gradient and curvature of each bias with the others held fixed.
            let mut sums = vec![(0.0_f32, 0.0_f32); tables[side].len()];
            let mut all = (0.0_f64, 0.0_f64);
            for row in train {
                let row = *row as usize;
                let z = intercept + tables[0][ids[0][row] as usize] + tables[1][ids[1][row] as usize];
                let p = respond(z);
                let curvature = if binary { (p * (1.0 - p)).max(1e-6) } else { 1.0 };
                let sum = &mut sums[ids[side][row] as usize];
                sum.0 += labels[row] - p;
                sum.1 += curvature;
                all.0 += f64::from(labels[row] - p);
                all.1 += f64::from(curvature);
            }
            let penalty = if binary { 0.25 * BIAS_PENALTY } else { BIAS_PENALTY };
            for (bias, (gradient, curvature)) in tables[side].iter_mut().zip(sums) {
                *bias += (gradient - penalty * *bias) / (curvature + penalty);
            }
            if side == 1 {
                intercept += (all.0 / all.1 * 0.5) as f32;
            }
        }
    }
    rows.iter()
        .map(|row| {
            let row = *row as usize;
            respond(intercept + tables[0][ids[0][row] as usize] + tables[1][ids[1][row] as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Column, Dataset, DatasetInfo, Feature, LabelColumn, TextColumn};
    use crate::datasets::generated_impressions::{self, ImpressionSettings};
    use crate::datasets::generated_reviews::{self, ReviewSettings};
    use crate::prepare::{DataSettings, prepare};
    use mtl_engine::text::Message;

    fn labels(prepared: &Prepared, label_idx: usize, rows: &[u32]) -> Vec<f32> {
        rows.iter()
            .map(|row| prepared.labels[label_idx][*row as usize])
            .collect()
    }

    /// Two words, worked out by hand: P(1 | "good") with counts good 3:1, bad 0:2 and vocabulary 2.
    #[test]
    fn naive_bayes_is_the_formula() {
        let texts = ["good good", "good", "good bad", "bad"];
        let dataset = Dataset {
            info: DatasetInfo::default(),
            features: vec![Feature {
                key: "text".into(),
                name: Message::default(),
                column: Column::Text(TextColumn::from_texts((0..40).map(|row| texts[row % 4]))),
            }],
            labels: vec![LabelColumn {
                key: "positive".into(),
                name: Message::default(),
                kind: LabelKind::Binary,
                classes: vec![],
                values: (0..40).map(|row| f32::from(u8::from(row % 4 < 2))).collect(),
            }],
            truth: vec![],
        };
        let mut prepared = prepare(
            &dataset,
            &DataSettings {
                max_tokens: 4,
                ..Default::default()
            },
        )
        .unwrap();
        prepared.splits.train = (0..4).collect();
        let scores = &baselines(&prepared, 0, &[1])[1].scores;
        let (one, zero) = ((3.0 + 1.0) / (3.0 + 2.0), (1.0 + 1.0) / (3.0 + 2.0));
        assert!((scores[0] - one / (one + zero)).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    fn each_method_beats_the_majority() {
        let dataset = generated_reviews::generate(&ReviewSettings {
            rows: 3_000,
            ..Default::default()
        });
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        let rows = &prepared.splits.validation;
        for (label_idx, least) in [(0, 0.85), (1, 0.75)] {
            let found = baselines(&prepared, label_idx, rows);
            let of = |position: usize| {
                accuracy(&found[position].scores, &labels(&prepared, label_idx, rows)).unwrap()
            };
            assert!(of(0) < 0.45 && of(1) > least, "{} {}", of(0), of(1));
        }
        assert_eq!(baselines(&prepared, 2, rows).len(), 1);

        let settings = ImpressionSettings {
            rows: 20_000,
            users: 200,
            items: 200,
            ..Default::default()
        };
        let dataset = generated_impressions::generate(&settings);
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        let rows = &prepared.splits.validation;
        let found = baselines(&prepared, 0, rows);
        assert_eq!(found[1].method, Method::Biases);
        let truth = &prepared.truth[0].values;
        let error = |scores: &[f32]| {
            rows.iter()
                .zip(scores)
                .map(|(row, p)| (truth[*row as usize] - p) * (truth[*row as usize] - p))
                .sum::<f32>()
        };
        assert!(error(&found[1].scores) < 0.9 * error(&found[0].scores));
    }

    #[test]
    fn accuracy_leaves_unknown_labels_out() {
        assert_eq!(accuracy(&[0.9, 0.2, 0.4], &[1.0, 1.0, f32::NAN]), Some(0.5));
        assert_eq!(accuracy(&[0.1, 0.7, 0.2, 0.5, 0.3, 0.2], &[1.0, 0.0]), Some(1.0));
        assert_eq!(accuracy(&[0.9], &[f32::NAN]), None);
        assert_eq!(accuracy(&[], &[]), None);
    }
}
