//! Metrics of multi-label tasks, as scikit-learn defines them for multi-label indicators.
//!
//! With TP, FP and FN of each label at threshold 0.5: averages are macro (every label counts alike),
//! micro (TP, FP and FN summed first) or weighted by positive rows. Probabilities of all labels are measured together, their ranking
//! label by label. A label without a value is left out of an average ([`super::average`]). A label that is not known is left out, and so is a row without a known label.

use mtl_base::schema::LabelKind;
use ndarray::{ArrayView1, ArrayView2};

use super::{
    ClassMetrics, Metric, TaskMetrics,
    average::{Measured, mean},
    classification, probability, ranking,
};

/// Every metric of `n_labels` labels: `[rows, n_labels]` labels and probabilities, of rows with a known label.
pub(super) fn evaluate(
    labels: ArrayView2<'_, f32>,
    outputs: ArrayView2<'_, f32>,
    n_labels: usize,
) -> TaskMetrics {
    let n = labels.nrows();
    let (positive, probabilities) = known(labels.iter().zip(&outputs));
    let columns: Vec<(Vec<bool>, Vec<f32>)> = (0..n_labels)
        .map(|label| known(labels.column(label).iter().zip(outputs.column(label))))
        .collect();
    let areas: Vec<ranking::Areas> = columns
        .iter()
        .map(|(positive, scores)| ranking::areas(positive, scores))
        .collect();
    let (hits, per_label): (Vec<u64>, Vec<ClassMetrics>) = columns
        .iter()
        .zip(&areas)
        .map(|((positive, scores), areas)| of_label(positive, scores, areas.auc))
        .unzip();
    let n_hits = hits.iter().sum();
    let rows = labels.rows().into_iter().zip(outputs.rows());
    let n_right = rows
        .filter(|(labels, outputs)| is_right(*labels, *outputs))
        .count();
    let n_wrong = positive
        .iter()
        .zip(&probabilities)
        .filter(|(label, p)| **label != (**p > 0.5))
        .count();
    let value = |metric| -> Measured {
        match metric {
            Metric::Auc => mean(areas.iter().map(|area| area.auc)),
            Metric::AveragePrecision => mean(areas.iter().map(|area| area.average_precision)),
            Metric::LogLoss => probability::log_loss_binary(&positive, &probabilities).into(),
            Metric::Brier => probability::brier_binary(&positive, &probabilities).into(),
            Metric::CalibrationError => probability::calibration_error(&positive, &probabilities).into(),
            Metric::SubsetAccuracy => (n_right as f64 / n as f64).into(),
            Metric::HammingLoss => (n_wrong as f64 / positive.len() as f64).into(),
            other => classification::average_of_labels(other, &per_label, n_hits),
        }
    };
    let metrics = TaskMetrics::new(LabelKind::MultiLabel { n_labels }, n, value);
    TaskMetrics {
        per_class: per_label,
        ..metrics
    }
}

/// The known labels, with their probabilities.
fn known<'a>(pairs: impl Iterator<Item = (&'a f32, &'a f32)>) -> (Vec<bool>, Vec<f32>) {
    let known = pairs.filter(|(label, _)| !label.is_nan());
    known
        .map(|(label, probability)| (*label == 1.0, *probability))
        .unzip()
}

/// Whether every known label of a row is right.
fn is_right(labels: ArrayView1<'_, f32>, outputs: ArrayView1<'_, f32>) -> bool {
    let (positive, probabilities) = known(labels.iter().zip(&outputs));
    positive
        .iter()
        .zip(&probabilities)
        .all(|(label, p)| *label == (*p > 0.5))
}

/// The true positives, and the metrics of a label.
fn of_label(positive: &[bool], probabilities: &[f32], auc: Option<f64>) -> (u64, ClassMetrics) {
    let count = |counts: &dyn Fn(bool, bool) -> bool| {
        positive
            .iter()
            .zip(probabilities)
            .filter(|(label, p)| counts(**label, **p > 0.5))
            .count() as u64
    };
    let hits = count(&|label, predicted| label && predicted);
    let (support, predicted) = (count(&|label, _| label), count(&|_, predicted| predicted));
    (hits, ClassMetrics::new(hits, support, predicted, auc))
}
