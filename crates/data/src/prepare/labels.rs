//! The labels used in training: each derived from rows of its own split, and limited to the share that the settings allow.

use std::collections::BTreeMap;

use mtl_kernels::random::Random;
use serde::{Deserialize, Serialize};

use super::{DataError, DataSettings};
use crate::dataset::{Dataset, LabelColumn};
use crate::next::NextLabel;
use crate::split::{Split, Splits};

/// Number of training rows of a label that are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelUsage {
    /// Number of training rows with a known label.
    pub n_known: usize,
    /// Number of those that are used.
    pub n_used: usize,
    /// Number of training rows whose missing or unused label is read as 0.
    pub n_read_as_zero: usize,
}

/// Values and usage of every label.
pub(super) fn labels(
    dataset: &Dataset,
    settings: &DataSettings,
    splits: &Splits,
) -> Result<(Vec<Vec<f32>>, Vec<LabelUsage>), DataError> {
    check_keys(dataset, &settings.labels_used)?;
    let labels = dataset.labels.iter().map(|label| {
        let mut values = match &label.next {
            None => label.values.clone(),
            Some(next) => next_labels(dataset, next, splits),
        };
        let usage = use_some(label, settings, &splits.train, &mut values);
        (values, usage)
    });
    Ok(labels.unzip())
}

fn check_keys(dataset: &Dataset, shares: &BTreeMap<String, f32>) -> Result<(), DataError> {
    match shares.keys().find(|key| dataset.label(key).is_none()) {
        None => Ok(()),
        Some(key) => Err(DataError::LabelsUsed {
            key: key.clone(),
            labels: dataset
                .labels
                .iter()
                .map(|label| label.key.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// Values of a label that refers to rows: each to one of the same split.
fn next_labels(dataset: &Dataset, next: &NextLabel, splits: &Splits) -> Vec<f32> {
    let mut values = vec![f32::NAN; dataset.n_rows()];
    let columns = (
        dataset.ids(&next.of),
        dataset.ids(&next.names),
        dataset.label(&next.among),
    );
    // The columns exist, because the data set has been checked.
    if let (Some(of), Some(names), Some(among)) = columns {
        for part in Split::ALL {
            NextLabel::fill(
                &of.ids,
                &names.ids,
                &among.values,
                splits.rows(*part),
                &mut values,
            );
        }
    }
    values
}

/// Keeps a share of the labelled training rows. The rows are drawn by the seed and the key of the label, and the rows of
/// a smaller share are a subset of those of a larger one.
fn use_some(label: &LabelColumn, settings: &DataSettings, train: &[u32], values: &mut [f32]) -> LabelUsage {
    let width = label.kind.width();
    let of_row = |row: u32| row as usize * width..(row as usize + 1) * width;
    let mut known: Vec<u32> = train
        .iter()
        .copied()
        .filter(|row| values[of_row(*row)].iter().any(|value| !value.is_nan()))
        .collect();
    let n_known = known.len();
    let share = settings.labels_used.get(&label.key).copied().unwrap_or(1.0);
    let n_used = (f64::from(share) * n_known as f64).round() as usize;
    if n_used < n_known {
        Random::stream(settings.seed as u64, &format!("labels used/{}", label.key)).shuffle(&mut known);
        for row in &known[n_used..] {
            values[of_row(*row)].fill(f32::NAN);
        }
    }
    let mut n_read_as_zero = 0;
    if settings.missing_as_zero {
        for row in train {
            let values = &mut values[of_row(*row)];
            n_read_as_zero += usize::from(values.iter().any(|value| value.is_nan()));
            values
                .iter_mut()
                .filter(|value| value.is_nan())
                .for_each(|value| *value = 0.0);
        }
    }
    LabelUsage {
        n_known,
        n_used,
        n_read_as_zero,
    }
}

#[cfg(test)]
mod tests {
    use mtl_base::text::Explain;

    use super::*;
    use crate::datasets::generated_reviews::{ReviewSettings, generate};
    use crate::prepare::{Prepared, prepare};

    fn prepared(missing: f32, shares: &[(&str, f32)], missing_as_zero: bool, seed: usize) -> Prepared {
        let dataset = generate(&ReviewSettings {
            rows: 1_000,
            missing,
            ..Default::default()
        });
        let settings = DataSettings {
            labels_used: shares
                .iter()
                .map(|(key, share)| ((*key).to_owned(), *share))
                .collect(),
            missing_as_zero,
            seed,
            ..Default::default()
        };
        prepare(&dataset, &settings).unwrap()
    }

    fn known(prepared: &Prepared, label_idx: usize, split: Split) -> Vec<u32> {
        let width = prepared.label_width(label_idx);
        let rows = prepared.splits.rows(split).iter().copied();
        rows.filter(|row| !prepared.labels[label_idx][*row as usize * width].is_nan())
            .collect()
    }

    #[test]
    fn a_share_of_each_label_is_used_in_training_and_no_other_split_changes() {
        let whole = prepared(0.1, &[], false, 1);
        let some = prepared(
            0.1,
            &[("sentiment", 0.05), ("remarks", 0.5), ("stars", 0.0)],
            false,
            1,
        );
        for (label_idx, share) in [1.0, 0.05, 0.0, 0.5].into_iter().enumerate() {
            let (before, after) = (
                known(&whole, label_idx, Split::Train),
                known(&some, label_idx, Split::Train),
            );
            let n_used = (share * before.len() as f64).round() as usize;
            assert_eq!(after.len(), n_used);
            assert!(after.iter().all(|row| before.contains(row)));
            assert_eq!(
                some.usage[label_idx],
                LabelUsage {
                    n_known: before.len(),
                    n_used,
                    n_read_as_zero: 0
                }
            );
            for split in [Split::Validation, Split::Test] {
                assert_eq!(known(&whole, label_idx, split), known(&some, label_idx, split));
            }
        }
        assert_eq!(whole.splits, some.splits);
    }

    #[test]
    fn more_of_a_label_holds_what_less_of_it_held_and_the_seed_decides() {
        let used = |share, seed| {
            known(
                &prepared(0.0, &[("sentiment", share)], false, seed),
                1,
                Split::Train,
            )
        };
        let (few, more) = (used(0.1, 1), used(0.3, 1));
        assert_eq!((few.len(), more.len()), (80, 240));
        assert!(few.iter().all(|row| more.contains(row)));
        assert_eq!(few, used(0.1, 1));
        assert_ne!(few, used(0.1, 2));
        // Two labels keep different rows.
        let both = prepared(0.0, &[("sentiment", 0.1), ("domain", 0.1)], false, 1);
        assert_ne!(known(&both, 0, Split::Train), known(&both, 1, Split::Train));
    }

    #[test]
    fn a_missing_label_read_as_zero_is_a_zero_of_the_training_rows_alone() {
        let plain = prepared(0.4, &[("domain", 0.5)], false, 1);
        let zero = prepared(0.4, &[("domain", 0.5)], true, 1);
        for label_idx in 0..4 {
            let width = plain.label_width(label_idx);
            for split in Split::ALL {
                let mut n_zero = 0;
                for row in plain.splits.rows(*split) {
                    for place in *row as usize * width..(*row as usize + 1) * width {
                        let (before, after) = (plain.labels[label_idx][place], zero.labels[label_idx][place]);
                        match (before.is_nan(), *split) {
                            (true, Split::Train) => assert_eq!(after, 0.0),
                            _ => assert_eq!(after.to_bits(), before.to_bits()),
                        }
                    }
                    n_zero += usize::from(plain.labels[label_idx][*row as usize * width].is_nan());
                }
                if *split == Split::Train {
                    assert!(n_zero > 200);
                    assert_eq!(zero.usage[label_idx].n_read_as_zero, n_zero);
                }
            }
        }
    }

    #[test]
    fn a_share_of_no_label_is_refused() {
        let dataset = generate(&ReviewSettings::default());
        let settings = DataSettings {
            labels_used: BTreeMap::from([("colour".to_owned(), 0.5)]),
            ..Default::default()
        };
        let error = prepare(&dataset, &settings).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no label `colour` to use a share of; the labels are domain, sentiment, stars, remarks"
        );
        assert!(error.explain().zh.contains("colour"));
    }
}
