//! Metrics of a ranking: ROC and precision-recall curves and the areas under them.
//!
//! With the rows sorted by falling score, TPᵢ and FPᵢ count the positive and negative rows at or above the i-th
//! distinct score. P positive and N negative rows in all:
//! - ROC-AUC = Σ (FPᵢ − FPᵢ₋₁)·(TPᵢ + TPᵢ₋₁) / 2 / (P·N), which is Mann and Whitney's statistic with ties ½;
//! - average precision = Σ (TPᵢ − TPᵢ₋₁) / P · TPᵢ / (TPᵢ + FPᵢ).

use serde::{Deserialize, Serialize};

/// Counts when every row with a score of at least `score` is predicted positive.
struct Threshold {
    score: f32,
    true_positives: u64,
    false_positives: u64,
}

/// One entry per distinct score, falling. Scores must not be NaN.
fn thresholds(positive: &[bool], scores: &[f32]) -> Vec<Threshold> {
    let mut rows: Vec<(f32, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut result = Vec::new();
    let (mut true_positives, mut false_positives) = (0, 0);
    for (position, (score, is_positive)) in rows.iter().enumerate() {
        true_positives += u64::from(*is_positive);
        false_positives += u64::from(!is_positive);
        if rows.get(position + 1).is_none_or(|next| next.0 != *score) {
            result.push(Threshold {
                score: *score,
                true_positives,
                false_positives,
            });
        }
    }
    result
}

/// The areas under both curves.
#[derive(Clone, Copy)]
pub(super) struct Areas {
    /// Under the ROC curve; undefined when all rows are of one class.
    pub auc: Option<f64>,
    /// Under the precision-recall curve; undefined without a positive row.
    pub average_precision: Option<f64>,
}

/// Both areas from one sort.
pub(super) fn areas(positive: &[bool], scores: &[f32]) -> Areas {
    let n_positive = positive.iter().filter(|label| **label).count() as f64;
    let n_negative = positive.len() as f64 - n_positive;
    let (mut twice_area, mut average_precision) = (0.0, 0.0);
    let (mut last_true, mut last_false) = (0, 0);
    for threshold in thresholds(positive, scores) {
        let Threshold {
            true_positives,
            false_positives,
            ..
        } = threshold;
        twice_area += (false_positives - last_false) as f64 * (true_positives + last_true) as f64;
        let precision = true_positives as f64 / (true_positives + false_positives) as f64;
        average_precision += (true_positives - last_true) as f64 / n_positive * precision;
        (last_true, last_false) = (true_positives, false_positives);
    }
    Areas {
        auc: (n_positive > 0.0 && n_negative > 0.0).then(|| twice_area / 2.0 / (n_positive * n_negative)),
        average_precision: (n_positive > 0.0).then_some(average_precision),
    }
}

/// A point of a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Share of the negative rows that are taken for positive.
    pub false_positive_rate: f64,
    /// Share of the positive rows that are taken for positive.
    pub true_positive_rate: f64,
    /// Scores from here up are taken for positive; `None` at the start, where no row is.
    pub threshold: Option<f32>,
}

/// The ROC curve from (0, 0) to (1, 1), thinned to at most `max_points` (at least 2); empty when all rows are of one
/// class. A label of NaN, or a score that is not a number, leaves its row out.
pub fn roc_curve(labels: &[f32], scores: &[f32], max_points: usize) -> Vec<RocPoint> {
    let (positive, scores) = known(labels, scores);
    let n_positive = positive.iter().filter(|label| **label).count() as f64;
    let n_negative = positive.len() as f64 - n_positive;
    if n_positive == 0.0 || n_negative == 0.0 {
        return Vec::new();
    }
    let start = RocPoint {
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
        threshold: None,
    };
    let rest = thresholds(&positive, &scores)
        .into_iter()
        .map(|threshold| RocPoint {
            false_positive_rate: threshold.false_positives as f64 / n_negative,
            true_positive_rate: threshold.true_positives as f64 / n_positive,
            threshold: Some(threshold.score),
        });
    thin(std::iter::once(start).chain(rest).collect(), max_points)
}

/// A point of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Share of the positive rows that are taken for positive.
    pub recall: f64,
    /// Of the rows taken for positive, the share that is.
    pub precision: f64,
    /// Scores from here up are taken for positive; `None` at the start (recall 0, precision 1 by convention).
    pub threshold: Option<f32>,
}

/// The precision-recall curve by rising recall, thinned to at most `max_points` (at least 2); empty without a positive
/// row. A label of NaN, or a score that is not a number, leaves its row out.
pub fn precision_recall_curve(
    labels: &[f32],
    scores: &[f32],
    max_points: usize,
) -> Vec<PrecisionRecallPoint> {
    let (positive, scores) = known(labels, scores);
    let n_positive = positive.iter().filter(|label| **label).count() as f64;
    if n_positive == 0.0 {
        return Vec::new();
    }
    let start = PrecisionRecallPoint {
        recall: 0.0,
        precision: 1.0,
        threshold: None,
    };
    let rest = thresholds(&positive, &scores)
        .into_iter()
        .map(|threshold| PrecisionRecallPoint {
            recall: threshold.true_positives as f64 / n_positive,
            precision: threshold.true_positives as f64
                / (threshold.true_positives + threshold.false_positives) as f64,
            threshold: Some(threshold.score),
        });
    thin(std::iter::once(start).chain(rest).collect(), max_points)
}

fn known(labels: &[f32], scores: &[f32]) -> (Vec<bool>, Vec<f32>) {
    let rows = labels
        .iter()
        .zip(scores)
        .filter(|(label, score)| !label.is_nan() && !score.is_nan());
    rows.map(|(label, score)| (*label == 1.0, *score)).unzip()
}

/// At most `max_points` of `points`, evenly spread, the first and the last among them.
fn thin<T: Copy>(points: Vec<T>, max_points: usize) -> Vec<T> {
    let max_points = max_points.max(2);
    if points.len() <= max_points {
        return points;
    }
    (0..max_points)
        .map(|index| points[index * (points.len() - 1) / (max_points - 1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: every pair of a positive and a negative row.
    fn auc_by_pairs(positive: &[bool], scores: &[f32]) -> f64 {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (a, _) in positive.iter().enumerate().filter(|(_, label)| **label) {
            for (b, _) in positive.iter().enumerate().filter(|(_, label)| !**label) {
                pairs += 1.0;
                won += if scores[a] > scores[b] {
                    1.0
                } else if scores[a] == scores[b] {
                    0.5
                } else {
                    0.0
                };
            }
        }
        won / pairs
    }

    #[test]
    fn area_is_that_of_all_pairs() {
        let mut random = mtl_kernels::random::Random::new(1);
        for n_distinct in [1, 2, 5, 1000] {
            for _ in 0..20 {
                let positive: Vec<bool> = (0..60).map(|_| random.chance(0.3)).collect();
                // -0 and 0 are the same score.
                let scores: Vec<f32> = (0..60)
                    .map(|_| random.below(n_distinct) as f32 * if random.chance(0.5) { 1.0 } else { -1.0 })
                    .collect();
                if let Some(area) = areas(&positive, &scores).auc {
                    assert!((area - auc_by_pairs(&positive, &scores)).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let labels: Vec<f32> = (0..1000).map(|row| (row % 3 == 0) as u8 as f32).collect();
        let scores: Vec<f32> = (0..1000).map(|row| row as f32 * 0.001).collect();
        let full = roc_curve(&labels, &scores, usize::MAX);
        assert_eq!(full.len(), 1001);
        let curve = roc_curve(&labels, &scores, 50);
        assert_eq!(curve.len(), 50);
        assert_eq!(curve[0], full[0]);
        assert_eq!(curve[49], full[1000]);
        assert_eq!(
            (curve[49].false_positive_rate, curve[49].true_positive_rate),
            (1.0, 1.0)
        );
        assert_eq!(roc_curve(&labels, &scores, 0).len(), 2);
    }
}
