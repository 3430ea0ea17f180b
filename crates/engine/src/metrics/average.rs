//! Averages over classes or labels, some of which may have no value.
//!
//! One rule for every metric: a class (or label) whose divisor is 0 has no value, an average is the mean of the values that
//! are defined, and says how many those are. It is what scikit-learn computes with `zero_division=np.nan`; its default puts a 0 in place
//! of every undefined value, and leaves a mean of areas undefined as soon as one is.

use serde::{Deserialize, Serialize};

/// The number of defined values in a mean over classes or labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Averaged {
    /// Classes or labels with a defined value.
    pub n_defined: usize,
    /// All classes or labels.
    pub n: usize,
}

/// A computed metric.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measured {
    /// Its value; `None` when it is undefined.
    pub value: Option<f64>,
    /// The number of values in the mean, if it is one.
    pub averaged: Option<Averaged>,
}

impl From<Option<f64>> for Measured {
    fn from(value: Option<f64>) -> Self {
        Self {
            value,
            averaged: None,
        }
    }
}

impl From<f64> for Measured {
    fn from(value: f64) -> Self {
        Some(value).into()
    }
}

/// Σ vₖ / (number of vₖ) over the defined values.
pub(super) fn mean(values: impl Iterator<Item = Option<f64>>) -> Measured {
    weighted_mean(values.map(|value| (value, 1)))
}

/// Σ wₖ·vₖ / Σ wₖ over the defined values; undefined when their weights are all 0.
pub(super) fn weighted_mean(values: impl Iterator<Item = (Option<f64>, u64)>) -> Measured {
    let (mut sum, mut total) = (0.0, 0);
    let mut averaged = Averaged { n_defined: 0, n: 0 };
    for (value, weight) in values {
        averaged.n += 1;
        if let Some(value) = value {
            averaged.n_defined += 1;
            sum += value * weight as f64;
            total += weight;
        }
    }
    Measured {
        value: (total > 0).then(|| sum / total as f64),
        averaged: Some(averaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undefined_is_left_out_and_counted() {
        let result = mean([Some(1.0), None, Some(0.5)].into_iter());
        assert_eq!(result.value, Some(0.75));
        assert_eq!(result.averaged, Some(Averaged { n_defined: 2, n: 3 }));
        let result = weighted_mean([(Some(1.0), 3), (None, 5), (Some(0.0), 1)].into_iter());
        assert_eq!(result.value, Some(0.75));
        assert_eq!(weighted_mean([(Some(1.0), 0), (None, 2)].into_iter()).value, None);
        assert_eq!(mean([None, None].into_iter()).value, None);
    }
}
