//! Training, validation and test rows: seeded, stratified by a label, exact in their totals.
//!
//! The rows of each class (rows without the label are a class of their own) are shuffled and laid end to end; row `i`
//! of that line goes to the test split when `floor((i + 1) t) > floor(i t)`, and likewise to validation. Every class is
//! so spread over the splits to within one row, and the totals are exact.
//!
//! ```
//! use mtl_data::split::{Splits, split};
//!
//! let labels: Vec<f32> = (0..100).map(|row| (row % 4) as f32).collect();
//! let splits: Splits = split(100, Some(&labels), 0.1, 0.2, 1);
//! assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (70, 10, 20));
//! ```

use mtl_engine::ordered;
use mtl_engine::random::Random;
use serde::{Deserialize, Serialize};

mtl_engine::choice! {
    /// A part of the rows.
    pub enum Split {
        /// What a model learns from.
        Train = "train", ["Training", "训练"];
        /// What is watched while it learns.
        Validation = "validation", ["Validation", "验证"];
        /// What is touched only by "evaluate on test".
        Test = "test", ["Test", "测试"];
    }
}

/// Row numbers of the three parts, each in ascending order; every row is in exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// What a model learns from.
    pub train: Vec<u32>,
    /// What is watched while it learns.
    pub validation: Vec<u32>,
    /// What is touched only by "evaluate on test".
    pub test: Vec<u32>,
}

impl Splits {
    /// The rows of a part.
    pub fn rows(&self, split: Split) -> &[u32] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}

/// Splits `n_rows` rows; `labels` holds the classes to stratify by.
pub fn split(n_rows: usize, labels: Option<&[f32]>, validation: f32, test: f32, seed: u64) -> Splits {
    let mut order: Vec<u32> = (0..n_rows as u32).collect();
    Random::stream(seed, "split").shuffle(&mut order);
    if let Some(labels) = labels {
        // Stable: within a class the order stays the shuffled one. NaN sorts after every class.
        let by_class = ordered::order_of_values(order.iter().map(|row| labels[*row as usize]));
        order = by_class.into_iter().map(|place| order[place as usize]).collect();
    }
    let taken = |share: f32, position: usize| {
        let before = (f64::from(share) * position as f64).floor();
        (f64::from(share) * (position + 1) as f64).floor() > before
    };
    let rest = (1.0 - test).max(f32::EPSILON);
    let mut splits = Splits::default();
    let mut n_rest = 0;
    for (position, row) in order.into_iter().enumerate() {
        if taken(test, position) {
            splits.test.push(row);
            continue;
        }
        let part = if taken(validation / rest, n_rest) {
            &mut splits.validation
        } else {
            &mut splits.train
        };
        part.push(row);
        n_rest += 1;
    }
    for part in [&mut splits.train, &mut splits.validation, &mut splits.test] {
        ordered::sort_numbers(part);
    }
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_every_class_in_proportion() {
        let labels: Vec<f32> = (0..2_000)
            .map(|row| match row % 20 {
                0 => f32::NAN,
                1 => 2.0,
                2..7 => 1.0,
                _ => 0.0,
            })
            .collect();
        let splits = split(2_000, Some(&labels), 0.15, 0.1, 3);
        let mut all: Vec<u32> = [&splits.train[..], &splits.validation, &splits.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..2_000).collect::<Vec<_>>());
        assert_eq!(splits.test.len(), 200);
        assert!(
            splits.validation.len().abs_diff(300) <= 1,
            "{}",
            splits.validation.len()
        );
        let count = |rows: &[u32], class: f32| {
            rows.iter()
                .filter(|row| labels[**row as usize].total_cmp(&class).is_eq())
                .count()
        };
        for (class, total) in [(0.0, 1300), (1.0, 500), (2.0, 100), (f32::NAN, 100)] {
            assert!(count(&splits.test, class).abs_diff(total / 10) <= 1);
            assert!(count(&splits.validation, class).abs_diff(total * 15 / 100) <= 2);
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(split(500, None, 0.1, 0.1, 1), split(500, None, 0.1, 0.1, 1));
        assert_ne!(split(500, None, 0.1, 0.1, 1), split(500, None, 0.1, 0.1, 2));
        let none = split(10, None, 0.0, 0.0, 1);
        assert_eq!(
            (none.train.len(), none.validation.len(), none.test.len()),
            (10, 0, 0)
        );
    }
}
