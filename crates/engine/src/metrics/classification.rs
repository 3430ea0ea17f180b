//! Metrics of decisions: what follows from the confusion matrix.
//!
//! With TP, FP and FN of a class: precision = TP / (TP + FP), recall = TP / (TP + FN),
//! F1 = 2·TP / (2·TP + FP + FN), each undefined when its divisor is 0.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{
    Metric,
    average::{Measured, mean, weighted_mean},
};

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

    /// `[true class, predicted class]`.
    fn matrix(&self) -> ArrayView2<'_, u64> {
        let shape = (self.n_classes, self.n_classes);
        ArrayView2::from_shape(shape, &self.counts).expect("a count for every pair of classes")
    }

    pub(super) fn correct(&self) -> u64 {
        self.matrix().diag().sum()
    }

    /// The metrics of every class; `auc` gives the areas under the ROC curves.
    pub(super) fn per_class(&self, auc: impl Fn(usize) -> Option<f64>) -> Vec<ClassMetrics> {
        (0..self.n_classes)
            .map(|class| {
                let hits = self.count(class, class);
                let support = self.matrix().row(class).sum();
                let predicted = self.matrix().column(class).sum();
                ClassMetrics::new(hits, support, predicted, auc(class))
            })
            .collect()
    }
}

/// Counts per class without a confusion matrix, for tasks with so many classes that a matrix would be mostly zeros.
pub(super) fn count_per_class(
    true_classes: &[usize],
    predicted: &[usize],
    n_classes: usize,
) -> (Vec<ClassMetrics>, u64) {
    let mut counts = vec![(0_u64, 0_u64, 0_u64); n_classes];
    for (true_class, predicted) in true_classes.iter().zip(predicted) {
        counts[*true_class].0 += u64::from(true_class == predicted);
        counts[*true_class].1 += 1;
        counts[*predicted].2 += 1;
    }
    let correct = counts.iter().map(|(hits, ..)| hits).sum();
    let classes = counts
        .into_iter()
        .map(|(hits, support, predicted)| ClassMetrics::new(hits, support, predicted, None))
        .collect();
    (classes, correct)
}

impl ClassMetrics {
    pub(super) fn new(hits: u64, support: u64, predicted: u64, auc: Option<f64>) -> Self {
        Self {
            precision: ratio(hits, predicted),
            recall: ratio(hits, support),
            f1: ratio(2 * hits, support + predicted),
            auc,
            support,
            predicted,
        }
    }
}

/// Accuracy, balanced accuracy, or a macro, micro or weighted average over classes, of whose rows `correct` are
/// predicted right; undefined for other metrics.
pub(super) fn average(metric: Metric, classes: &[ClassMetrics], correct: u64) -> Measured {
    match metric {
        Metric::Accuracy | Metric::PrecisionMicro | Metric::RecallMicro | Metric::F1Micro => {
            ratio(correct, classes.iter().map(|class| class.support).sum()).into()
        }
        Metric::BalancedAccuracy | Metric::RecallMacro => mean(classes.iter().map(|class| class.recall)),
        Metric::PrecisionMacro => mean(classes.iter().map(|class| class.precision)),
        Metric::F1Macro => mean(classes.iter().map(|class| class.f1)),
        Metric::PrecisionWeighted => by_support(classes, |class| class.precision),
        Metric::RecallWeighted => by_support(classes, |class| class.recall),
        Metric::F1Weighted => by_support(classes, |class| class.f1),
        _ => Measured::default(),
    }
}

/// A macro, micro or weighted average over labels side by side, with `hits` true positives in all; undefined for other metrics.
pub(super) fn average_of_labels(metric: Metric, labels: &[ClassMetrics], hits: u64) -> Measured {
    let total = |of: &dyn Fn(&ClassMetrics) -> u64| labels.iter().map(of).sum::<u64>();
    let (support, predicted) = (total(&|label| label.support), total(&|label| label.predicted));
    match metric {
        Metric::PrecisionMicro => ratio(hits, predicted).into(),
        Metric::RecallMicro => ratio(hits, support).into(),
        Metric::F1Micro => ratio(2 * hits, support + predicted).into(),
        other => average(other, labels, 0),
    }
}

fn by_support(classes: &[ClassMetrics], of: impl Fn(&ClassMetrics) -> Option<f64>) -> Measured {
    weighted_mean(classes.iter().map(|class| (of(class), class.support)))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The index of the first of the largest values.
pub fn first_of_largest<'a>(values: impl Into<ArrayView1<'a, f32>>) -> usize {
    let values = values.into();
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
