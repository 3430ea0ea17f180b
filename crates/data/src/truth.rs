//! Predictions compared with the true distribution of a generated label: bias and error, row by row.
//!
//! A conversion model that was trained on clicked impressions alone can have a good AUC among them and still be wrong over all
//! impressions; only the true probabilities show it.
//!
//! ```
//! use mtl_data::datasets::generated_impressions::{ImpressionSettings, generate};
//! use mtl_data::prepare::{DataSettings, prepare};
//! use mtl_data::truth::compare;
//!
//! let settings = ImpressionSettings { rows: 2_000, users: 50, items: 80, ..Default::default() };
//! let prepared = prepare(&generate(&settings), &DataSettings::default())?;
//! let (purchase, rows) = (2, &prepared.splits.test);
//! // The conversion rate of clicked impressions, predicted for all of them.
//! let found = compare(&prepared, purchase, rows, &vec![0.3; rows.len()]).expect("a generated set");
//! assert!(found.bias > 0.0 && found.rmse > found.bias);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::prepare::Prepared;

/// Predictions compared with the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthComparison {
    /// Number of rows.
    pub n: usize,
    /// Mean of the true probabilities or expected values.
    pub mean_truth: f64,
    /// Mean of the predictions.
    pub mean_predicted: f64,
    /// `mean_predicted - mean_truth`.
    pub bias: f64,
    /// Root of the mean squared difference, row by row.
    pub rmse: f64,
}

/// Compares predictions of a binary or real label, one for each of `rows`, with its truth; `None` if that is not known.
///
/// All rows count, also those whose label is missing: the true conversion rate of impressions without a click is known.
///
/// # Panics
/// If there is not one prediction per row, or a row does not exist.
pub fn compare(
    prepared: &Prepared,
    label_idx: usize,
    rows: &[u32],
    predicted: &[f32],
) -> Option<TruthComparison> {
    assert_eq!(rows.len(), predicted.len(), "one prediction per row");
    let schema = &prepared.schema.labels[label_idx];
    let truth = prepared.truth_of(label_idx)?;
    // For a label with more classes only the probability of the drawn class is known.
    if rows.is_empty() || schema.kind.n_classes().is_some_and(|n_classes| n_classes > 2) {
        return None;
    }
    let n = rows.len() as f64;
    let pairs = || {
        let of_row = |row: &u32| f64::from(truth.values[*row as usize]);
        rows.iter()
            .map(of_row)
            .zip(predicted.iter().map(|value| f64::from(*value)))
    };
    let mean_truth = pairs().map(|(truth, _)| truth).sum::<f64>() / n;
    let mean_predicted = pairs().map(|(_, predicted)| predicted).sum::<f64>() / n;
    let squares = pairs()
        .map(|(truth, predicted)| (predicted - truth) * (predicted - truth))
        .sum::<f64>();
    Some(TruthComparison {
        n: rows.len(),
        mean_truth,
        mean_predicted,
        bias: mean_predicted - mean_truth,
        rmse: (squares / n).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::generated_impressions::{ImpressionSettings, generate};
    use crate::prepare::{DataSettings, prepare};

    #[test]
    fn the_truth_has_no_bias_and_the_rate_among_clicks_has_one() {
        let settings = ImpressionSettings {
            correlation: 1.0,
            ..Default::default()
        };
        let prepared = prepare(&generate(&settings), &DataSettings::default()).unwrap();
        let rows = &prepared.splits.train;
        let purchase = prepared.label_idx("purchase").unwrap();
        let truth: Vec<f32> = rows
            .iter()
            .map(|row| prepared.truth[purchase].values[*row as usize])
            .collect();
        let exact = compare(&prepared, purchase, rows, &truth).unwrap();
        assert_eq!((exact.bias, exact.rmse, exact.n), (0.0, 0.0, rows.len()));
        // Sample selection: clicked impressions have a higher conversion rate than all.
        let known = |row: &&u32| !prepared.labels[purchase][**row as usize].is_nan();
        let clicked: Vec<f32> = rows
            .iter()
            .filter(known)
            .map(|row| prepared.labels[purchase][*row as usize])
            .collect();
        let rate = clicked.iter().sum::<f32>() / clicked.len() as f32;
        assert!((rate - 0.3).abs() < 0.03, "{rate}");
        let naive = compare(&prepared, purchase, rows, &vec![rate; rows.len()]).unwrap();
        assert!(naive.bias > 0.05, "{naive:?}");
        assert!((naive.mean_predicted - naive.mean_truth - naive.bias).abs() < 1e-12);
        assert_eq!(
            compare(&prepared, prepared.label_idx("next_item").unwrap(), rows, &truth),
            None
        );
        assert_eq!(compare(&prepared, purchase, &[], &[]), None);
    }
}
