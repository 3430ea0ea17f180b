//! Metrics of probabilities: log-loss, Brier score, calibration.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use mtl_kernels::elementary::log_f64;

/// Bins of the calibration error.
const N_BINS: usize = 10;

/// ln p with p clipped to [ε, 1 − ε], ε being the distance from 1 to the next `f64`, as in scikit-learn.
fn clipped_log(probability: f64) -> f64 {
    log_f64(probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
}

/// Mean of −y·ln p − (1 − y)·ln(1 − p).
pub(super) fn log_loss_binary(positive: &[bool], probabilities: &[f32]) -> f64 {
    let sum: f64 = positive
        .iter()
        .zip(probabilities)
        .map(|(label, p)| {
            let p = f64::from(*p);
            clipped_log(if *label { p } else { 1.0 - p })
        })
        .sum();
    -sum / positive.len() as f64
}

/// Mean of −ln p(true class).
pub(super) fn log_loss_classes(classes: &[usize], probabilities: ArrayView2<'_, f32>) -> f64 {
    let rows = classes.iter().zip(probabilities.rows());
    -rows
        .map(|(class, row)| clipped_log(f64::from(row[*class])))
        .sum::<f64>()
        / classes.len() as f64
}

/// Mean of (p − y)².
pub(super) fn brier_binary(positive: &[bool], probabilities: &[f32]) -> f64 {
    let rows = positive.iter().zip(probabilities);
    let sum: f64 = rows
        .map(|(label, p)| square(f64::from(*p) - f64::from(u8::from(*label))))
        .sum();
    sum / positive.len() as f64
}

/// Mean of Σ (p_c − y_c)² over the classes c.
pub(super) fn brier_classes(classes: &[usize], probabilities: ArrayView2<'_, f32>) -> f64 {
    let mut sum = 0.0;
    for (class, row) in classes.iter().zip(probabilities.rows()) {
        for (other, p) in row.iter().enumerate() {
            sum += square(f64::from(*p) - f64::from(u8::from(other == *class)));
        }
    }
    sum / classes.len() as f64
}

fn square(x: f64) -> f64 {
    x * x
}

/// One bar of a reliability diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Rows whose probability lies in the bin.
    pub n: u64,
    /// Mean of their probabilities; 0 when there are none.
    pub mean_probability: f64,
    /// Share of them where the event happened; 0 when there are none.
    pub observed: f64,
}

/// Puts rows into `n_bins` bins of equal width by their probability; bin b holds (b / n_bins, (b + 1) / n_bins], the
/// first one 0 as well. `happened` says of each row whether the event with that probability happened.
pub fn calibration(happened: &[bool], probabilities: &[f32], n_bins: usize) -> Vec<CalibrationBin> {
    let mut bins = vec![CalibrationBin::default(); n_bins];
    for (happened, probability) in happened.iter().zip(probabilities) {
        let probability = f64::from(*probability);
        let above = (1..n_bins)
            .filter(|edge| *edge as f64 / (n_bins as f64) < probability)
            .count();
        let bin = &mut bins[above];
        bin.n += 1;
        bin.mean_probability += probability;
        bin.observed += f64::from(u8::from(*happened));
    }
    for bin in bins.iter_mut().filter(|bin| bin.n > 0) {
        bin.mean_probability /= bin.n as f64;
        bin.observed /= bin.n as f64;
    }
    bins
}

/// Σ n_b / n · |observed − mean probability| over ten bins.
pub(super) fn calibration_error(happened: &[bool], probabilities: &[f32]) -> f64 {
    let bins = calibration(happened, probabilities, N_BINS);
    let gaps = bins
        .iter()
        .map(|bin| bin.n as f64 * (bin.observed - bin.mean_probability).abs());
    gaps.sum::<f64>() / happened.len() as f64
}
