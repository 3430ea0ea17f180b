//! The prior baseline: a predictor that uses the distribution of the training labels and ignores the inputs.

use super::{MetricError, TaskMetrics, evaluate};
use mtl_base::schema::LabelKind;

/// The metrics on `labels` of the predictor that always answers with the training labels' distribution: the share of each
/// class (so the most frequent class is predicted), or the mean for regression. `None` when no training row has a
/// label. Of several labels each is answered on its own. It is scikit-learn's `DummyClassifier(strategy="prior")` and `DummyRegressor()`.
pub fn prior_baseline(
    kind: LabelKind,
    training_labels: &[f32],
    labels: &[f32],
) -> Result<Option<TaskMetrics>, MetricError> {
    let known: Vec<f32> = training_labels
        .iter()
        .copied()
        .filter(|label| !label.is_nan())
        .collect();
    if known.is_empty() {
        return Ok(None);
    }
    let n = known.len() as f64;
    let n_rows = labels.len() / kind.width().max(1);
    let answer: Vec<f32> = match kind {
        LabelKind::Binary => vec![(known.iter().filter(|label| **label == 1.0).count() as f64 / n) as f32],
        LabelKind::Classes { n_classes } => (0..n_classes)
            .map(|class| (known.iter().filter(|label| **label == class as f32).count() as f64 / n) as f32)
            .collect(),
        LabelKind::MultiLabel { n_labels } => (0..n_labels)
            .map(|label| share_of_label(training_labels, label, n_labels))
            .collect(),
        LabelKind::Real => vec![(known.iter().map(|label| f64::from(*label)).sum::<f64>() / n) as f32],
    };
    evaluate(kind, labels, &answer.repeat(n_rows)).map(Some)
}

/// Share of the rows with the label among those where it is known; 0 where it never is.
fn share_of_label(training_labels: &[f32], label: usize, n_labels: usize) -> f32 {
    let known = || {
        training_labels
            .iter()
            .skip(label)
            .step_by(n_labels)
            .filter(|value| !value.is_nan())
    };
    (known().filter(|value| **value == 1.0).count() as f64 / known().count().max(1) as f64) as f32
}
