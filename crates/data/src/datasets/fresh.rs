//! Training rows that are drawn anew in every epoch, for generators without a limit on the number of rows.
//!
//! A row is a pure function of the settings of the generator, the epoch and the index of the row: nothing is stored or allocated,
//! several runs can read different epochs of one prepared set, and a restored run reads the same rows as an uninterrupted one.
//!
//! ```
//! use mtl_data::datasets::Generator;
//! use mtl_base::settings::{Settings, Value};
//!
//! let mut generator = Generator::with_key("generated-regression").expect("a generator");
//! assert!(generator.fresh_rows().is_none());
//! generator.set("streaming", &Value::Flag(true))?;
//! let fresh = generator.fresh_rows().expect("new rows");
//! let (mut x, mut again) = ([0.0; 100], [0.0; 100]);
//! assert_eq!(fresh.row_into(3, 17, &mut x), fresh.row_into(3, 17, &mut again));
//! assert_eq!(x, again);
//! assert_ne!(fresh.row_into(4, 17, &mut again), fresh.row_into(3, 17, &mut x));
//! # Ok::<(), mtl_base::settings::SettingError>(())
//! ```

use mtl_kernels::random::Random;

use super::generated_regression::{RegressionSettings, Rule};

/// Draws the training rows of every epoch: one dense feature, and two labels.
#[derive(Clone, Debug, PartialEq)]
pub struct FreshRows {
    rule: Rule,
    seed: u64,
}

impl FreshRows {
    pub(crate) fn new(settings: &RegressionSettings) -> Self {
        Self {
            rule: Rule::new(settings),
            seed: settings.seed as u64,
        }
    }

    /// Width of the dense feature.
    pub fn width(&self) -> usize {
        self.rule.width()
    }

    /// Writes the input of row `row` in epoch `epoch`, not standardised, to `x` and returns its labels.
    /// Allocates nothing.
    ///
    /// # Panics
    /// When `x` is shorter than [`width`](Self::width).
    pub fn row_into(&self, epoch: u64, row: u32, x: &mut [f32]) -> [f32; 2] {
        let place = (epoch << 32) ^ u64::from(row);
        let mut random = Random::stream(
            self.seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            "regression/fresh",
        );
        let width = self.rule.width();
        self.rule.draw(&mut random, &mut x[..width]).0
    }
}
