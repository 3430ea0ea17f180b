//! Training, validation and test rows: seeded, stratified by a label, exact in their totals.
//!
//! The rows of each class (rows without the label are a class of their own) are shuffled and laid end to end; row `i`
//! of that line goes to the test split when `floor((i + 1) t) > floor(i t)`, and likewise to validation. Every class is
//! thus spread over the splits to within one row, and the totals are exact. Rows that stay together ([`split_together`]) are
//! spread as one, and single rows correct the totals.
//!
//! ```
//! use mtl_data::split::{Splits, split};
//!
//! let labels: Vec<f32> = (0..100).map(|row| (row % 4) as f32).collect();
//! let splits: Splits = split(100, Some(&labels), 0.1, 0.2, 1);
//! assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (70, 10, 20));
//! ```

use mtl_kernels::random::Random;
use serde::{Deserialize, Serialize};

mtl_base::choice! {
    /// A split of the rows.
    pub enum Split {
        /// Rows that a model is trained on.
        Train = "train", ["Training", "训练"];
        /// Rows for the evaluation during training.
        Validation = "validation", ["Validation", "验证"];
        /// Rows for the last evaluation only.
        Test = "test", ["Test", "测试"];
    }
}

/// Row indices of the three splits, each in ascending order; every row is in exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// Rows that a model is trained on.
    pub train: Vec<u32>,
    /// Rows for the evaluation during training.
    pub validation: Vec<u32>,
    /// Rows for the last evaluation only.
    pub test: Vec<u32>,
}

impl Splits {
    /// The rows of a split.
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
    let alone: Vec<u32> = (0..n_rows as u32).collect();
    split_together(&alone, labels, validation, test, seed)
}

/// [`split`] with rows that stay together: `first` holds for every row the first row of its group
/// ([`first_rows`](crate::same_input::first_rows)).
///
/// Groups are spread like rows, by the label of their first row. A group that would fill more than half of the validation
/// or of the test rows goes to the training rows. Then single rows are moved until the totals are those
/// of [`split`], as far as there are such rows.
pub fn split_together(
    first: &[u32],
    labels: Option<&[f32]>,
    validation: f32,
    test: f32,
    seed: u64,
) -> Splits {
    let mut sizes = vec![0_u32; first.len()];
    first.iter().for_each(|group| sizes[*group as usize] += 1);
    let largest = (0.5 * f64::from(validation.min(test)) * first.len() as f64).max(1.0);
    let mut order: Vec<u32> = (0..first.len() as u32).collect();
    Random::stream(seed, "split").shuffle(&mut order);
    // The groups, each represented by its first row.
    order.retain(|row| (1.0..=largest).contains(&f64::from(sizes[*row as usize])));
    if let Some(labels) = labels {
        // A stable sort: within a class the rows stay shuffled. NaN sorts after every class.
        order.sort_by(|a, b| labels[*a as usize].total_cmp(&labels[*b as usize]));
    }
    let taken = |share: f32, position: usize| {
        let before = (f64::from(share) * position as f64).floor();
        (f64::from(share) * (position + 1) as f64).floor() > before
    };
    let rest = (1.0 - test).max(f32::EPSILON);
    let mut parts = vec![Split::Train; first.len()];
    let mut n_rest = 0;
    for (position, group) in order.iter().enumerate() {
        if taken(test, position) {
            parts[*group as usize] = Split::Test;
            continue;
        }
        if taken(validation / rest, n_rest) {
            parts[*group as usize] = Split::Validation;
        }
        n_rest += 1;
    }
    let total = |share: f32, n_rows: usize| (f64::from(share) * n_rows as f64).floor() as usize;
    let n_test = total(test, first.len());
    let n_validation = total(validation / rest, first.len() - n_test.min(first.len()));
    order.retain(|row| sizes[*row as usize] == 1);
    for (part, wanted) in [(Split::Test, n_test), (Split::Validation, n_validation)] {
        let got = first
            .iter()
            .filter(|group| parts[**group as usize] == part)
            .count();
        let (from, to) = if got < wanted {
            (Split::Train, part)
        } else {
            (part, Split::Train)
        };
        let movable: Vec<u32> = order
            .iter()
            .copied()
            .filter(|row| parts[*row as usize] == from)
            .collect();
        let n_moved = got.abs_diff(wanted).min(movable.len());
        // Evenly spaced over the line, and so over the classes.
        for place in 0..n_moved {
            parts[movable[place * movable.len() / n_moved] as usize] = to;
        }
    }
    let rows_of = |part: Split| {
        let rows = first.iter().zip(0..);
        rows.filter(|(group, _)| parts[**group as usize] == part)
            .map(|(_, row)| row)
            .collect()
    };
    Splits {
        train: rows_of(Split::Train),
        validation: rows_of(Split::Validation),
        test: rows_of(Split::Test),
    }
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

    #[test]
    fn groups_stay_together_and_large_ones_are_trained_on() {
        // Groups of one to four rows, and one of 200.
        let mut first: Vec<u32> = Vec::new();
        let mut random = Random::stream(4, "groups");
        for group in 0..800 {
            let size = if group == 7 { 200 } else { 1 + random.below(4) };
            let start = first.len() as u32;
            first.extend(std::iter::repeat_n(start, size));
        }
        let labels: Vec<f32> = (0..first.len()).map(|row| (row % 3) as f32).collect();
        let splits = split_together(&first, Some(&labels), 0.1, 0.2, 1);
        let mut part_of = vec![None; first.len()];
        for part in Split::ALL {
            for row in splits.rows(*part) {
                assert_eq!(
                    part_of[*row as usize].replace(*part),
                    None,
                    "a row is in one part"
                );
            }
        }
        for (row, group) in first.iter().enumerate() {
            assert_eq!(part_of[row], part_of[*group as usize]);
        }
        let large = first
            .iter()
            .position(|group| first.iter().filter(|other| *other == group).count() == 200);
        assert_eq!(part_of[large.unwrap()], Some(Split::Train));
        for (part, share) in [(Split::Validation, 0.1), (Split::Test, 0.2)] {
            let wanted = (share * first.len() as f64) as usize;
            assert!(splits.rows(part).len().abs_diff(wanted) <= 1, "{part:?}");
        }
    }
}
