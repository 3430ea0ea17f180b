//! Metrics of real-valued predictions.

/// √ mean (ŷ − y)².
pub(super) fn rmse(targets: &[f32], predictions: &[f32]) -> f64 {
    (squared_error(targets, predictions) / targets.len() as f64).sqrt()
}

/// Mean |ŷ − y|.
pub(super) fn mae(targets: &[f32], predictions: &[f32]) -> f64 {
    let rows = targets.iter().zip(predictions);
    rows.map(|(y, p)| (f64::from(*p) - f64::from(*y)).abs())
        .sum::<f64>()
        / targets.len() as f64
}

/// 1 − Σ(y − ŷ)² / Σ(y − ȳ)². Undefined below two rows and for constant targets, whose divisor is 0 (scikit-learn with
/// `force_finite=False`).
pub(super) fn r2(targets: &[f32], predictions: &[f32]) -> Option<f64> {
    if targets.len() < 2 {
        return None;
    }
    let mean = targets.iter().map(|y| f64::from(*y)).sum::<f64>() / targets.len() as f64;
    let total: f64 = targets
        .iter()
        .map(|y| (f64::from(*y) - mean) * (f64::from(*y) - mean))
        .sum();
    (total > 0.0).then(|| 1.0 - squared_error(targets, predictions) / total)
}

fn squared_error(targets: &[f32], predictions: &[f32]) -> f64 {
    let rows = targets.iter().zip(predictions);
    rows.map(|(y, p)| (f64::from(*p) - f64::from(*y)) * (f64::from(*p) - f64::from(*y)))
        .sum()
}
