//! Baselines: what simple methods reach on the same split, shown next to the metrics of the model.
//!
//! - **Majority**: the class frequencies of the training rows, or their mean, as the prediction for every row.
//! - **Naive Bayes** on the first text feature, multinomial with Laplace smoothing:
//!   `P(c | text) ~ P(c) prod_w P(w | c)`, `P(w | c) = (n_wc + 1) / (n_c + V)`, over the `V` terms `w`: tokens, and pairs
//!   of neighbouring tokens that occur at least twice in the training rows. Padding and unknown tokens do not count.
//! - **Optimum** (Bayes), for a generated label whose true distribution is known: `P(1 | x)`, with flipped labels
//!   `p (1 - r) + (1 - p) r`, or `E[y | x]`.
//! - **Biases** of the first two ID features, `z = b + b_user + b_item`, with an L2 penalty, by Newton steps on one bias at
//!   a time: logistic for a binary label, least squares for a real one.
//!
//! Scores have the shape of a model's outputs, so that the same metrics apply: `rows x 1` for a binary (probability of a
//! one) or a real label, `rows x n_classes` for classes, `rows x labels` for a multi-label, each label on its own.
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

use mtl_base::schema::LabelKind;
use mtl_kernels::elementary::{exp_f64, log_f64, sigmoid};
use serde::{Deserialize, Serialize};

use crate::prepare::{FeatureValues, Prepared, TokenValues};
use crate::tokenizer::UNKNOWN;

mtl_base::choice! {
    /// A baseline method.
    pub enum Method {
        /// The same prediction for every row.
        Majority = "majority", ["Majority", "多数类"];
        /// Multinomial naive Bayes on token counts.
        NaiveBayes = "naive_bayes", ["Naive Bayes", "朴素贝叶斯"];
        /// One bias per user and per item.
        Biases = "biases", ["User and item biases", "用户与物品偏置"];
        /// Expected value under the distribution that the generator drew the labels from: no method is better on average.
        Bayes = "bayes", ["Optimum", "理论最优"];
    }
}

/// Scores of a method on some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The method.
    pub method: Method,
    /// `rows x 1`, `rows x n_classes` or `rows x labels`.
    pub scores: Vec<f32>,
}

/// Largest number of counts of naive Bayes: above it, pairs are left out, or the method itself.
const MAX_COUNTS: usize = 6_000_000;
/// Strength of the L2 penalty on a bias, in rows.
const BIAS_PENALTY: f32 = 5.0;
const BIAS_SWEEPS: usize = 12;

/// Fits every method that applies to a label on the training rows, and scores `rows` with each.
///
/// # Panics
/// When the label does not exist.
pub fn baselines(prepared: &Prepared, label_idx: usize, rows: &[u32]) -> Vec<Baseline> {
    let (labels, kind) = (
        &prepared.labels[label_idx],
        prepared.schema.labels[label_idx].kind,
    );
    let LabelKind::MultiLabel { n_labels } = kind else {
        let mut found = of_column(prepared, labels, kind, rows);
        found.extend(best_possible(prepared, label_idx, rows));
        return found;
    };
    let columns: Vec<Vec<Baseline>> = (0..n_labels)
        .map(|label| {
            let column: Vec<f32> = labels.iter().skip(label).step_by(n_labels).copied().collect();
            of_column(prepared, &column, LabelKind::Binary, rows)
        })
        .collect();
    // No method applies to a label without a labelled training row.
    let n_methods = columns.iter().map(Vec::len).min().unwrap_or(0);
    (0..n_methods)
        .map(|position| Baseline {
            method: columns[0][position].method,
            scores: (0..rows.len())
                .flat_map(|row| columns.iter().map(move |column| column[position].scores[row]))
                .collect(),
        })
        .collect()
}

/// The methods that apply to a label with one value per row.
fn of_column(prepared: &Prepared, labels: &[f32], kind: LabelKind, rows: &[u32]) -> Vec<Baseline> {
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
    let n_classes = kind.n_classes();
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
    if let ([users, items], LabelKind::Binary | LabelKind::Real) = (&ids[..], kind) {
        let scores = biases([users, items], labels, &train, kind == LabelKind::Binary, rows);
        baselines.push(Baseline {
            method: Method::Biases,
            scores,
        });
    }
    baselines
}

/// The Bayes optimum of a binary or real label; for a label with more classes only the probability of the drawn class is known.
fn best_possible(prepared: &Prepared, label_idx: usize, rows: &[u32]) -> Option<Baseline> {
    let truth = prepared.truth_of(label_idx)?;
    let of_row = |row: &u32| truth.values[*row as usize];
    let scores = match prepared.schema.labels[label_idx].kind {
        LabelKind::Binary => {
            let recorded = |p: f32| p * (1.0 - truth.flipped) + (1.0 - p) * truth.flipped;
            rows.iter().map(of_row).map(recorded).collect()
        }
        LabelKind::Real => rows.iter().map(of_row).collect(),
        LabelKind::Classes { .. } | LabelKind::MultiLabel { .. } => return None,
    };
    Some(Baseline {
        method: Method::Bayes,
        scores,
    })
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

/// Terms of naive Bayes: known tokens, then pairs of known neighbours that occur at least twice in the training rows.
struct Terms<'a> {
    tokens: &'a TokenValues,
    /// Packed pairs, ascending; the term of a pair is its position plus the size of the vocabulary.
    pairs: Vec<u64>,
}

impl<'a> Terms<'a> {
    fn new(tokens: &'a TokenValues, train: &[u32], max_terms: usize) -> Self {
        let mut terms = Self {
            tokens,
            pairs: Vec::new(),
        };
        let mut all: Vec<u64> = train.iter().flat_map(|row| terms.pairs_of(*row)).collect();
        all.sort_unstable();
        terms.pairs = all
            .chunk_by(|a, b| a == b)
            .filter(|same| same.len() >= 2)
            .map(|same| same[0])
            .collect();
        if terms.len() > max_terms {
            terms.pairs.clear();
        }
        terms
    }

    /// Number of terms, including the unused ones for padding and unknown tokens.
    fn len(&self) -> usize {
        self.tokens.vocabulary.len() + self.pairs.len()
    }

    fn row(&self, row: u32) -> &'a [u32] {
        let start = row as usize * self.tokens.length;
        &self.tokens.ids[start..start + self.tokens.length]
    }

    fn pairs_of(&self, row: u32) -> impl Iterator<Item = u64> + 'a {
        let known = |pair: &&[u32]| pair[0] > UNKNOWN && pair[1] > UNKNOWN;
        self.row(row)
            .windows(2)
            .filter(known)
            .map(|pair| u64::from(pair[0]) << 32 | u64::from(pair[1]))
    }

    /// Terms of a row, with repetitions.
    fn of(&self, row: u32) -> impl Iterator<Item = usize> {
        let singles = self
            .row(row)
            .iter()
            .filter(|id| **id > UNKNOWN)
            .map(|id| *id as usize);
        let pairs = self
            .pairs_of(row)
            .filter_map(|pair| self.pairs.binary_search(&pair).ok());
        singles.chain(pairs.map(|position| self.tokens.vocabulary.len() + position))
    }
}

fn naive_bayes(
    tokens: &TokenValues,
    labels: &[f32],
    train: &[u32],
    n_classes: usize,
    rows: &[u32],
) -> Vec<f32> {
    let terms = Terms::new(tokens, train, MAX_COUNTS / n_classes);
    // Counts per term and class; replaced by their logarithms in place.
    let mut table = vec![0.0_f64; terms.len() * n_classes];
    let mut totals = vec![0.0_f64; n_classes];
    for row in train {
        let class = labels[*row as usize] as usize;
        for term in terms.of(*row) {
            table[term * n_classes + class] += 1.0;
            totals[class] += 1.0;
        }
    }
    let n_terms = terms.len().saturating_sub(UNKNOWN as usize + 1) as f64;
    for counts in table.chunks_exact_mut(n_classes) {
        for (count, total) in counts.iter_mut().zip(&totals) {
            *count = log_f64((*count + 1.0) / (total + n_terms));
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
        for term in terms.of(*row) {
            let word = &table[term * n_classes..(term + 1) * n_classes];
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
    use crate::dataset::{Column, Dataset, DatasetInfo, Feature, IdColumn, LabelColumn, TextColumn};
    use crate::datasets::generated_impressions::{self, ImpressionSettings};
    use crate::datasets::generated_regression::{self, RegressionSettings};
    use crate::datasets::generated_reviews::{self, ReviewSettings};
    use crate::prepare::{DataSettings, prepare};
    use mtl_base::text::Message;
    use mtl_engine::metrics::{Metric, evaluate};

    fn labels(prepared: &Prepared, label_idx: usize, rows: &[u32]) -> Vec<f32> {
        rows.iter()
            .map(|row| prepared.labels[label_idx][*row as usize])
            .collect()
    }

    /// No method is better than the true distribution, and its loss is the one that its own probabilities predict.
    #[test]
    fn the_best_possible_is_computed_from_the_truth() {
        let settings = ImpressionSettings {
            label_noise: 0.2,
            ..Default::default()
        };
        let prepared = prepare(
            &generated_impressions::generate(&settings),
            &DataSettings::default(),
        )
        .unwrap();
        let rows = &[&prepared.splits.validation[..], &prepared.splits.test].concat();
        for label_idx in 0..3 {
            let labels = labels(&prepared, label_idx, rows);
            let found = baselines(&prepared, label_idx, rows);
            let metric = |of: usize, metric| {
                evaluate(LabelKind::Binary, &labels, &found[of].scores)
                    .unwrap()
                    .get(metric)
                    .unwrap()
            };
            let best = found.len() - 1;
            assert_eq!(found[best].method, Method::Bayes);
            for other in 0..best {
                assert!(metric(best, Metric::LogLoss) < metric(other, Metric::LogLoss));
            }
            // The expected log loss of a true probability is its entropy.
            let known = rows
                .iter()
                .zip(&labels)
                .zip(&found[best].scores)
                .filter(|((_, label), _)| !label.is_nan());
            let entropy = known
                .map(|(_, p)| f64::from(*p))
                .map(|p| -p * log_f64(p) - (1.0 - p) * log_f64(1.0 - p));
            let entropy: Vec<f64> = entropy.collect();
            let expected = entropy.iter().sum::<f64>() / entropy.len() as f64;
            assert!(
                (metric(best, Metric::LogLoss) - expected).abs() < 0.02,
                "{label_idx}: {expected}"
            );
        }
        // The truth of a label with many classes is not known for every class.
        assert!(
            baselines(&prepared, 3, rows)
                .iter()
                .all(|baseline| baseline.method != Method::Bayes)
        );
        let settings = RegressionSettings {
            noise: 0.25,
            unit_2: 100.0,
            ..Default::default()
        };
        let prepared = prepare(
            &generated_regression::generate(&settings),
            &DataSettings::default(),
        )
        .unwrap();
        for (label_idx, expected) in [(0, 0.25), (1, 25.0)] {
            let labels = labels(&prepared, label_idx, rows_of(&prepared));
            let found = baselines(&prepared, label_idx, rows_of(&prepared)).pop().unwrap();
            let rmse = evaluate(prepared.schema.labels[label_idx].kind, &labels, &found.scores)
                .unwrap()
                .get(Metric::Rmse)
                .unwrap();
            assert!((rmse / expected - 1.0).abs() < 0.03, "{rmse}");
        }
    }

    fn rows_of(prepared: &Prepared) -> &[u32] {
        &prepared.splits.train
    }

    /// Computed by hand: P(1 | "good") with counts good 6:2, bad 0:4, good+good 2:0, good+bad 0:2 and four terms.
    #[test]
    fn naive_bayes_is_the_formula() {
        let texts = ["good good", "good", "good bad", "bad"];
        let dataset = Dataset {
            info: DatasetInfo::default(),
            features: vec![
                Feature {
                    key: "text".into(),
                    name: Message::default(),
                    column: Column::Text(TextColumn::from_texts((0..40).map(|row| texts[row % 4]))),
                },
                // Equal rows would stay in one split.
                Feature {
                    key: "row".into(),
                    name: Message::default(),
                    column: Column::Id(IdColumn {
                        cardinality: 40,
                        ids: (0..40).collect(),
                        names: vec![],
                    }),
                },
            ],
            labels: vec![LabelColumn {
                key: "positive".into(),
                name: Message::default(),
                kind: LabelKind::Binary,
                classes: vec![],
                values: (0..40).map(|row| f32::from(u8::from(row % 4 < 2))).collect(),
                next: None,
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
        prepared.splits.train = (0..8).collect();
        let scores = &baselines(&prepared, 0, &[1])[1].scores;
        let (one, zero) = ((6.0 + 1.0) / (8.0 + 4.0), (2.0 + 1.0) / (8.0 + 4.0));
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
            let labels = labels(&prepared, label_idx, rows);
            let kind = LabelKind::Classes {
                n_classes: prepared.n_classes(label_idx).unwrap(),
            };
            let of = |position: usize| {
                evaluate(kind, &labels, &found[position].scores)
                    .unwrap()
                    .get(Metric::Accuracy)
                    .unwrap()
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
}
