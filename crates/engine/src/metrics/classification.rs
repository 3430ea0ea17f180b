//! Metrics of decisions: what follows from the confusion matrix.
//!
//! With TP, FP and FN of a class: precision = TP / (TP + FP), recall = TP / (TP + FN),
//! F1 = 2·TP / (2·TP + FP + FN), each undefined when its divisor is 0.

use serde::{Deserialize, Serialize};

use super::Metric;

/// Counts of rows by true and predicted class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// Number of classes.
    pub n_classes: usize,
    /// Row-major `[true class, predicted class]`.
    pub counts: Vec<u64>,
}

/// A class's metrics.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Of the rows predicted as this class, the share that is; undefined when none was.
    pub precision: Option<f64>,
    /// Of the rows of this class, the share that was predicted as it; undefined when there is none.
    pub recall: Option<f64>,
    /// Harmonic mean of the two; undefined when the class is neither in labels nor in predictions.
    pub f1: Option<f64>,
    /// Area under the ROC curve of this class against the rest.
    pub auc: Option<f64>,
    /// Rows of this class.
    pub support: u64,
    /// Rows predicted as this class.
    pub predicted: u64,
}

impl ConfusionMatrix {
    /// A matrix without rows.
    pub fn new(n_classes: usize) -> Self {
        Self {
            n_classes,
            counts: vec![0; n_classes * n_classes],
        }
    }

    /// Counts a row.
    pub fn add(&mut self, true_class: usize, predicted_class: usize) {
        self.counts[true_class * self.n_classes + predicted_class] += 1;
    }

    /// Rows of `true_class` that were predicted as `predicted_class`.
    pub fn count(&self, true_class: usize, predicted_class: usize) -> u64 {
        self.counts[true_class * self.n_classes + predicted_class]
    }

    /// Rows.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn correct(&self) -> u64 {
        (0..self.n_classes).map(|class| self.count(class, class)).sum()
    }

    /// The metrics of every class, with the areas that `auc` knows.
    pub(super) fn per_class(&self, auc: impl Fn(usize) -> Option<f64>) -> Vec<ClassMetrics> {
        (0..self.n_classes)
            .map(|class| {
                let hits = self.count(class, class);
                let support = (0..self.n_classes).map(|other| self.count(class, other)).sum();
                let predicted = (0..self.n_classes).map(|other| self.count(other, class)).sum();
                ClassMetrics {
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2 * hits, support + predicted),
                    auc: auc(class),
                    support,
                    predicted,
                }
            })
            .collect()
    }

    /// Accuracy, balanced accuracy, or a macro, micro or weighted average; `None` for other metrics.
    pub(super) fn average(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy | Metric::PrecisionMicro | Metric::RecallMicro | Metric::F1Micro => {
                ratio(self.correct(), self.total())
            }
            Metric::BalancedAccuracy => {
                let recalls: Vec<f64> = self
                    .per_class(|_| None)
                    .iter()
                    .filter_map(|class| class.recall)
                    .collect();
                (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
            }
            Metric::PrecisionMacro => self.macro_mean(|class| class.precision),
            Metric::RecallMacro => self.macro_mean(|class| class.recall),
            Metric::F1Macro => self.macro_mean(|class| class.f1),
            Metric::PrecisionWeighted => self.weighted_mean(|class| class.precision),
            Metric::RecallWeighted => self.weighted_mean(|class| class.recall),
            Metric::F1Weighted => self.weighted_mean(|class| class.f1),
            _ => None,
        }
    }

    /// Over the classes in labels or predictions; what is undefined counts as 0.
    fn macro_mean(&self, of: impl Fn(&ClassMetrics) -> Option<f64>) -> Option<f64> {
        let mut classes = self.per_class(|_| None);
        classes.retain(|class| class.support + class.predicted > 0);
        let sum: f64 = classes.iter().map(|class| of(class).unwrap_or(0.0)).sum();
        (!classes.is_empty()).then(|| sum / classes.len() as f64)
    }

    fn weighted_mean(&self, of: impl Fn(&ClassMetrics) -> Option<f64>) -> Option<f64> {
        let classes = self.per_class(|_| None);
        let sum: f64 = classes
            .iter()
            .map(|class| of(class).unwrap_or(0.0) * class.support as f64)
            .sum();
        let total = self.total();
        (total > 0).then(|| sum / total as f64)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The index of the first of the largest values.
pub(super) fn first_of_largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
