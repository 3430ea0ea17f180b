//! Compares numbers of a backend with those of the reference.

use std::collections::BTreeMap;

/// How far apart two tensors may be: `of_largest` of the largest number of the expected tensor, and at least `at_least`.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub of_largest: f64,
    pub at_least: f64,
}

impl Tolerance {
    /// The distance of two tensors in units of the tolerance; infinite for a number that is no number.
    fn units(self, got: &[f32], expected: &[f64]) -> (f64, usize) {
        assert_eq!(got.len(), expected.len(), "lengths");
        let largest = expected
            .iter()
            .fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let bound = (self.of_largest * largest).max(self.at_least);
        let mut worst = (0.0, 0);
        for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
            let apart = (f64::from(*got) - expected).abs() / bound;
            // Both may overflow to the same infinity; a NaN is never right.
            let apart = if f64::from(*got) == *expected {
                0.0
            } else if apart.is_nan() {
                f64::INFINITY
            } else {
                apart
            };
            if apart > worst.0 {
                worst = (apart, index);
            }
        }
        worst
    }
}

/// Comparisons of one test: what was compared, how near it was, and what was apart.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The largest distance of each kind of number, in units of the tolerance.
    pub worst: BTreeMap<String, f64>,
    /// What is further apart than its tolerance.
    pub apart: Vec<String>,
}

impl Comparison {
    /// Compares two tensors; `kind` is what the distance is noted under, `what` says which tensors they are.
    pub fn check<'a>(
        &mut self,
        kind: &str,
        what: impl FnOnce() -> String,
        got: &[f32],
        expected: impl IntoIterator<Item = &'a f64>,
        tolerance: Tolerance,
    ) {
        let expected: Vec<f64> = expected.into_iter().copied().collect();
        let (units, index) = tolerance.units(got, &expected);
        let worst = self.worst.entry(kind.to_owned()).or_insert(0.0);
        *worst = worst.max(units);
        if units > 1.0 {
            let largest = expected
                .iter()
                .fold(0.0_f64, |largest, value| largest.max(value.abs()));
            self.apart.push(format!(
                "{kind}: {}, number {index}: {} where the reference has {} (largest {largest}): {units:.1} × the tolerance",
                what(),
                got[index],
                expected[index]
            ));
        }
    }

    /// Fails when anything was apart; otherwise prints the largest distances.
    pub fn finish(self) {
        assert!(
            self.apart.is_empty(),
            "{} of the comparisons are apart; the first:\n{}",
            self.apart.len(),
            self.apart.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
        );
        for (kind, units) in self.worst {
            println!("{kind}: within {units:.3} of the tolerance");
        }
    }
}
