//! Metrics of a task's predictions, with scikit-learn's conventions.
//!
//! [`evaluate`] takes a task's labels and outputs on a split and gives every metric that applies to its kind. A label of
//! NaN is missing: its row is left out. A value whose divisor is 0 (the precision of a class that was never predicted, R² of a
//! constant target) is *undefined*, `None`, never a number in its place. An average over classes or labels is that of the defined
//! ones, and [`TaskMetrics::averaged`] says how many they are: scikit-learn's `zero_division=np.nan`, for the areas under curves too. Sums are in `f64` in row order; ranking metrics sort once.
//!
//! ```
//! use mtl_base::schema::LabelKind;
//! use mtl_engine::metrics::{Metric, evaluate};
//! let labels = [0.0, 0.0, 1.0, 1.0, f32::NAN];
//! let probabilities = [0.1, 0.4, 0.4, 0.8, 0.9];
//! let metrics = evaluate(LabelKind::Binary, &labels, &probabilities)?;
//! assert_eq!(metrics.n, 4);
//! assert_eq!(metrics.get(Metric::Auc), Some(0.875));
//! assert_eq!(metrics.get(Metric::Accuracy), Some(0.75));
//! # Ok::<(), mtl_engine::metrics::MetricError>(())
//! ```

mod average;
mod baseline;
mod catalogue;
mod classification;
mod multi_label;
mod overall;
mod probability;
mod ranking;
mod regression;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use mtl_base::{
    schema::LabelKind,
    text::{Explain, Message},
};

use average::{Measured, mean};

pub use average::Averaged;
pub use baseline::prior_baseline;
pub use catalogue::{Direction, Metric};
pub use classification::{ClassMetrics, ConfusionMatrix, first_of_largest};
pub use overall::{Overall, overall};
pub use probability::{CalibrationBin, calibration};
pub use ranking::{PrecisionRecallPoint, RocPoint, precision_recall_curve, roc_curve};

/// A task with more classes than this has no confusion matrix, no metrics per class and no areas under curves.
pub const MAX_LISTED_CLASSES: usize = 100;

/// A task's metrics on a split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskMetrics {
    /// Rows with a label (with any, of several).
    pub n: usize,
    /// Every metric that applies, in the order of [`Metric::ALL`]; `None` when it is undefined.
    #[serde(with = "mtl_base::numbers")]
    pub values: Vec<(Metric, Option<f64>)>,
    /// For the metrics that are means over classes or labels, the number of those with a value.
    #[serde(default)]
    pub averaged: Vec<(Metric, Averaged)>,
    /// Per class (for a binary task negative, positive) or per label; empty for regression and above
    /// [`MAX_LISTED_CLASSES`].
    pub per_class: Vec<ClassMetrics>,
    /// Confusion matrix; `None` for multi-label tasks.
    pub confusion: Option<ConfusionMatrix>,
}

impl TaskMetrics {
    /// Every metric of `kind` with its value, without classes.
    fn new(kind: LabelKind, n: usize, value: impl Fn(Metric) -> Measured) -> Self {
        let measured: Vec<(Metric, Measured)> =
            Metric::of(kind).map(|metric| (metric, value(metric))).collect();
        let averaged = measured
            .iter()
            .filter_map(|(metric, measured)| Some((*metric, measured.averaged?)));
        Self {
            n,
            averaged: averaged.collect(),
            values: measured
                .into_iter()
                .map(|(metric, measured)| (metric, measured.value))
                .collect(),
            per_class: Vec::new(),
            confusion: None,
        }
    }

    /// The value of `metric`; `None` when it does not apply or is undefined.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.values
            .iter()
            .find(|(name, _)| *name == metric)
            .and_then(|(_, value)| *value)
    }

    /// The number of classes or labels of which `metric` is the mean; `None` when it is not a mean.
    pub fn averaged(&self, metric: Metric) -> Option<Averaged> {
        let (_, averaged) = self.averaged.iter().find(|(name, _)| *name == metric)?;
        Some(*averaged)
    }
}

/// Error of an evaluation: labels and outputs do not fit together.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MetricError {
    /// The numbers of labels and outputs do not match.
    #[error("{n_labels} labels need {expected} outputs ({width} per row), got {got}")]
    Length {
        /// Rows.
        n_labels: usize,
        /// Outputs per row.
        width: usize,
        /// Their product.
        expected: usize,
        /// Number of outputs that were given.
        got: usize,
    },
    /// A label is not a class index.
    #[error("row {row}: expected a class index below {n_classes} or NaN for a missing label, got {label}")]
    Label {
        /// Index of the row.
        row: usize,
        /// Number of classes.
        n_classes: usize,
        /// Label that was given.
        label: f32,
    },
}

impl Explain for MetricError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Length {
                n_labels,
                width,
                expected,
                got,
            } => {
                format!("{n_labels} 个标签需要 {expected} 个输出（每行 {width} 个），得到 {got} 个")
            }
            Self::Label {
                row,
                n_classes,
                label,
            } => {
                format!("第 {row} 行：应为小于 {n_classes} 的类别序号，或以 NaN 表示缺失，得到 {label}")
            }
        };
        Message::new(self.to_string(), zh)
    }
}

/// Every metric that applies to `kind`.
///
/// `labels` has the row-major `[rows, kind.width()]` numbers (a class index, 0 or 1, or a real number; NaN is missing),
/// `outputs` the row-major `[rows, kind.prediction_width()]` probabilities or predicted values. A yes / no label is predicted above
/// 0.5, each of several on its own; of classes the first of the largest is. When an output of a labelled row is not finite, every metric
/// is undefined.
pub fn evaluate(kind: LabelKind, labels: &[f32], outputs: &[f32]) -> Result<TaskMetrics, MetricError> {
    let (width, label_width) = (kind.prediction_width(), kind.width().max(1));
    let n_rows = labels.len().div_ceil(label_width);
    let expected = n_rows * width;
    if outputs.len() != expected || !labels.len().is_multiple_of(label_width) {
        return Err(MetricError::Length {
            n_labels: n_rows,
            width,
            expected,
            got: outputs.len(),
        });
    }
    if let Some(n_classes) = kind.n_values() {
        let is_class = |label: f32| label >= 0.0 && label < n_classes as f32 && label.fract() == 0.0;
        if let Some(row) = labels
            .iter()
            .position(|label| !label.is_nan() && !is_class(*label))
        {
            return Err(MetricError::Label {
                row: row / label_width,
                n_classes,
                label: labels[row],
            });
        }
    }
    let labels = as_matrix(labels, label_width);
    let has_label = |row: &usize| labels.row(*row).iter().any(|label| !label.is_nan());
    let known: Vec<usize> = (0..n_rows).filter(has_label).collect();
    let of_known = |matrix: ArrayView2<'_, f32>| -> Vec<f32> {
        known.iter().flat_map(|row| matrix.row(*row)).copied().collect()
    };
    let (labels, outputs) = (of_known(labels), of_known(as_matrix(outputs, width)));
    if known.is_empty() || outputs.iter().any(|output| !output.is_finite()) {
        return Ok(TaskMetrics::new(kind, known.len(), |_| Measured::default()));
    }
    Ok(match kind {
        LabelKind::Binary => {
            let positive: Vec<bool> = labels.iter().map(|label| *label == 1.0).collect();
            binary(&positive, &outputs)
        }
        LabelKind::Classes { n_classes } => {
            let classes: Vec<usize> = labels.iter().map(|label| *label as usize).collect();
            multi_class(&classes, as_matrix(&outputs, width), n_classes)
        }
        LabelKind::Real => TaskMetrics::new(kind, labels.len(), |metric| match metric {
            Metric::Rmse => regression::rmse(&labels, &outputs).into(),
            Metric::Mae => regression::mae(&labels, &outputs).into(),
            Metric::R2 => regression::r2(&labels, &outputs).into(),
            _ => Measured::default(),
        }),
        LabelKind::MultiLabel { n_labels } => multi_label::evaluate(
            as_matrix(&labels, label_width),
            as_matrix(&outputs, width),
            n_labels,
        ),
    })
}

/// Row-major numbers as a matrix of so many columns.
fn as_matrix(numbers: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    let rows = numbers.len() / columns.max(1);
    ArrayView2::from_shape((rows, columns), numbers).expect("evaluate has checked the lengths")
}

fn binary(positive: &[bool], probabilities: &[f32]) -> TaskMetrics {
    let mut confusion = ConfusionMatrix::new(2);
    for (label, probability) in positive.iter().zip(probabilities) {
        confusion.add(usize::from(*label), usize::from(*probability > 0.5));
    }
    let ranking::Areas {
        auc,
        average_precision,
    } = ranking::areas(positive, probabilities);
    let per_class = confusion.per_class(|_| auc);
    let value = |metric| -> Measured {
        match metric {
            Metric::Precision => per_class[1].precision.into(),
            Metric::Recall => per_class[1].recall.into(),
            Metric::F1 => per_class[1].f1.into(),
            Metric::Auc => auc.into(),
            Metric::AveragePrecision => average_precision.into(),
            Metric::LogLoss => probability::log_loss_binary(positive, probabilities).into(),
            Metric::Brier => probability::brier_binary(positive, probabilities).into(),
            Metric::CalibrationError => probability::calibration_error(positive, probabilities).into(),
            other => classification::average(other, &per_class, confusion.correct()),
        }
    };
    let metrics = TaskMetrics::new(LabelKind::Binary, positive.len(), value);
    TaskMetrics {
        confusion: Some(confusion),
        per_class,
        ..metrics
    }
}

/// `probabilities` is `[rows, n_classes]`.
fn multi_class(classes: &[usize], probabilities: ArrayView2<'_, f32>, n_classes: usize) -> TaskMetrics {
    if n_classes > MAX_LISTED_CLASSES {
        return many_classes(classes, probabilities, n_classes);
    }
    let mut confusion = ConfusionMatrix::new(n_classes);
    let mut top_is_right = Vec::with_capacity(classes.len());
    let mut top_probability = Vec::with_capacity(classes.len());
    for (class, row) in classes.iter().zip(probabilities.rows()) {
        let top = first_of_largest(row);
        confusion.add(*class, top);
        top_is_right.push(top == *class);
        top_probability.push(row[top]);
    }
    let areas: Vec<ranking::Areas> = (0..n_classes)
        .map(|class| {
            let one: Vec<bool> = classes.iter().map(|other| *other == class).collect();
            ranking::areas(&one, &probabilities.column(class).to_vec())
        })
        .collect();
    let per_class = confusion.per_class(|class| areas[class].auc);
    let value = |metric| -> Measured {
        match metric {
            Metric::Auc => mean(areas.iter().map(|area| area.auc)),
            Metric::AveragePrecision => mean(areas.iter().map(|area| area.average_precision)),
            Metric::LogLoss => probability::log_loss_classes(classes, probabilities).into(),
            Metric::Brier => probability::brier_classes(classes, probabilities).into(),
            Metric::CalibrationError => {
                probability::calibration_error(&top_is_right, &top_probability).into()
            }
            other => classification::average(other, &per_class, confusion.correct()),
        }
    };
    let metrics = TaskMetrics::new(LabelKind::Classes { n_classes }, classes.len(), value);
    TaskMetrics {
        confusion: Some(confusion),
        per_class,
        ..metrics
    }
}

/// A task with more than [`MAX_LISTED_CLASSES`] classes, such as items of a recommender: no matrix and no entries per
/// class, and areas under curves are not computed.
fn many_classes(classes: &[usize], probabilities: ArrayView2<'_, f32>, n_classes: usize) -> TaskMetrics {
    let rows = || probabilities.rows().into_iter();
    let top: Vec<usize> = rows().map(first_of_largest).collect();
    let (per_class, correct) = classification::count_per_class(classes, &top, n_classes);
    let value = |metric| -> Measured {
        match metric {
            Metric::Auc | Metric::AveragePrecision => Measured::default(),
            Metric::LogLoss => probability::log_loss_classes(classes, probabilities).into(),
            Metric::Brier => probability::brier_classes(classes, probabilities).into(),
            Metric::CalibrationError => {
                let is_right: Vec<bool> = top.iter().zip(classes).map(|(top, class)| top == class).collect();
                let top_probability: Vec<f32> = rows().zip(&top).map(|(row, top)| row[*top]).collect();
                probability::calibration_error(&is_right, &top_probability).into()
            }
            other => classification::average(other, &per_class, correct),
        }
    };
    TaskMetrics::new(LabelKind::Classes { n_classes }, classes.len(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With many classes the averages equal those of the matrix; the list of classes is empty.
    #[test]
    fn many_classes_have_the_same_averages() {
        let n_classes = 7;
        let classes: Vec<usize> = (0..60).map(|row| row * row % n_classes).collect();
        let probabilities: Vec<f32> = (0..60 * n_classes)
            .map(|index| ((index * 37 + index / 7 * 11) % 23 + 1) as f32)
            .collect();
        let normalized: Vec<f32> = probabilities
            .chunks_exact(n_classes)
            .flat_map(|row| row.iter().map(move |value| value / row.iter().sum::<f32>()))
            .collect();
        let normalized = as_matrix(&normalized, n_classes);
        let listed = multi_class(&classes, normalized, n_classes);
        let many = many_classes(&classes, normalized, n_classes);
        assert!(
            listed
                .get(Metric::Accuracy)
                .is_some_and(|accuracy| accuracy > 0.0)
        );
        for (metric, value) in &listed.values {
            let same = many.get(*metric) == *value;
            assert_eq!(
                same,
                !matches!(metric, Metric::Auc | Metric::AveragePrecision) || value.is_none(),
                "{metric:?}"
            );
        }
        assert!(many.per_class.is_empty() && many.confusion.is_none());
    }
}
