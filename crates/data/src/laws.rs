//! Laws of every data set: nothing in training depends on a held-out row.
//!
//! Packaged sets are tested with a few rows of the same format, and as a whole where `cargo xtask data` has fetched them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mtl_base::schema::LabelKind;
use mtl_base::settings::{Settings, Value};

use crate::asset;
use crate::dataset::{Column, Dataset, Feature, TextColumn};
use crate::datasets::{self, Entry, Generator, Origin};
use crate::prepare::{DataSettings, FeatureValues, Prepared, prepare, prepare_on};
use crate::split::Split;
use crate::tokenizer::tokenize;

/// The asset of a packaged set, if it has been fetched.
pub(crate) fn fetched(key: &str) -> Option<Dataset> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../data-cache/assets/{key}.mtld"));
    let bytes = std::fs::read(path).ok()?;
    Some(asset::decode(&bytes).expect("an asset that cargo xtask data has written"))
}

/// Every variant of a data set that the laws are tested with.
fn sets(entry: &Entry) -> Vec<Dataset> {
    match entry.origin {
        Origin::Packaged => {
            let fixture = datasets::fixture(entry.key).expect("every packaged set has a fixture");
            std::iter::once(fixture).chain(fetched(entry.key)).collect()
        }
        Origin::Generated => {
            let with = |seed: i64, missing: f64| {
                let mut generator = Generator::with_key(entry.key).expect("a generator");
                generator.set("rows", &Value::Int(2_000)).expect("a setting");
                generator.set("seed", &Value::Int(seed)).expect("a setting");
                // Few IDs, so that inputs repeat.
                for key in ["users", "items"] {
                    let _ = generator.set(key, &Value::Int(40));
                }
                let _ = generator.set("missing", &Value::Real(missing));
                generator.generate().expect("settings within bounds")
            };
            vec![with(1, 0.0), with(2, 0.3)]
        }
    }
}

fn settings() -> impl Iterator<Item = DataSettings> {
    [(1, 0.1, 0.1, 64), (7, 0.3, 0.2, 3)]
        .into_iter()
        .map(|(seed, validation, test, max_tokens)| DataSettings {
            seed,
            validation,
            test,
            max_tokens,
            ..Default::default()
        })
}

/// The input of a row, as text.
fn input(dataset: &Dataset, row: usize) -> String {
    let text = |column: &Column| match column {
        Column::Text(texts) => {
            let words: Vec<_> = tokenize(texts.get(row))
                .map(|word| word.text.into_owned())
                .collect();
            words.join(" ")
        }
        Column::Id(ids) => ids.ids[row].to_string(),
        Column::Dense(dense) => format!("{:?}", &dense.values[row * dense.width..(row + 1) * dense.width]),
    };
    dataset
        .features
        .iter()
        .map(|feature| text(&feature.column))
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn the_same_input_is_never_on_both_sides_of_a_split() {
    for entry in datasets::ALL {
        let mut n_repeated = 0;
        for dataset in sets(entry) {
            let inputs: Vec<String> = (0..dataset.n_rows()).map(|row| input(&dataset, row)).collect();
            // Large sets with one set of settings: a second one covers nothing more.
            for settings in settings().take(if dataset.n_rows() > 10_000 { 1 } else { 2 }) {
                let prepared = prepare(&dataset, &settings).unwrap();
                let mut side: BTreeMap<&str, Split> = BTreeMap::new();
                for part in Split::ALL {
                    for row in prepared.splits.rows(*part) {
                        let other = side.insert(&inputs[*row as usize], *part);
                        n_repeated += usize::from(other.is_some());
                        assert!(
                            other.is_none_or(|other| other == *part),
                            "{}: `{}` is in {other:?} and in {part:?}",
                            entry.key,
                            inputs[*row as usize]
                        );
                    }
                }
                // The shares agree with the settings, as far as groups allow.
                for (part, share) in [
                    (Split::Validation, settings.validation),
                    (Split::Test, settings.test),
                ] {
                    let got = prepared.splits.rows(part).len() as f32 / dataset.n_rows() as f32;
                    assert!(
                        (got - share).abs() < 0.25 * share,
                        "{} {part:?}: {got}",
                        entry.key
                    );
                }
            }
        }
        // Inputs of real numbers alone do not repeat.
        let is_dense = |feature: &Feature| matches!(feature.column, Column::Dense(_));
        let can_repeat = !sets(entry)[0].features.iter().all(is_dense);
        assert!(
            n_repeated > 0 || !can_repeat,
            "{} repeats no input, so that nothing was tried",
            entry.key
        );
    }
}

/// The data set with changed values in all rows of `parts`.
fn changed(dataset: &Dataset, rows: &[u32]) -> Dataset {
    let mut changed = dataset.clone();
    for feature in &mut changed.features {
        match &mut feature.column {
            Column::Text(texts) => {
                let mut is_changed = vec![false; texts.len()];
                rows.iter().for_each(|row| is_changed[*row as usize] = true);
                let new = texts
                    .iter()
                    .zip(is_changed)
                    .map(|(text, is_changed)| if is_changed { "changed words" } else { text });
                *texts = TextColumn::from_texts(new);
            }
            Column::Id(ids) => rows.iter().for_each(|row| {
                let id = &mut ids.ids[*row as usize];
                *id = (*id + 1) % ids.cardinality as u32;
            }),
            Column::Dense(dense) => {
                let width = dense.width;
                rows.iter().for_each(|row| {
                    dense.values[*row as usize * width..][..width]
                        .iter_mut()
                        .for_each(|value| *value += 1.0);
                });
            }
        }
    }
    for label in changed.labels.iter_mut().filter(|label| label.next.is_none()) {
        let (width, n_values) = (label.kind.width(), label.kind.n_values());
        rows.iter()
            .flat_map(|row| *row as usize * width..(*row as usize + 1) * width)
            .for_each(|place| {
                let value = &mut label.values[place];
                *value = match n_values {
                    Some(n_values) if !value.is_nan() => (*value + 1.0) % n_values as f32,
                    _ => *value + 1.0,
                };
            });
    }
    changed
}

fn labels_of(prepared: &Prepared, rows: &[u32]) -> Vec<Vec<u32>> {
    (0..prepared.labels.len())
        .map(|label_idx| {
            let mut values = vec![0.0; rows.len() * prepared.label_width(label_idx)];
            prepared.labels_into(label_idx, rows, &mut values);
            values.into_iter().map(f32::to_bits).collect()
        })
        .collect()
}

fn features_of(prepared: &Prepared, rows: &[u32]) -> Vec<Vec<u32>> {
    let of_feature = |feature_idx: usize| match &prepared.features[feature_idx] {
        FeatureValues::Tokens(tokens) => {
            let mut ids = vec![0; rows.len() * tokens.length];
            prepared.tokens_into(feature_idx, rows, &mut ids);
            ids
        }
        FeatureValues::Ids { .. } => {
            let mut ids = vec![0; rows.len()];
            prepared.ids_into(feature_idx, rows, &mut ids);
            ids
        }
        FeatureValues::Dense(dense) => {
            let mut values = vec![0.0; rows.len() * dense.width];
            prepared.dense_into(feature_idx, rows, &mut values);
            values.into_iter().map(f32::to_bits).collect()
        }
    };
    (0..prepared.features.len()).map(of_feature).collect()
}

/// Whatever the values of the other splits: no label of a split changes, and nothing of the training rows.
#[test]
fn nothing_comes_from_a_row_of_another_split() {
    for entry in datasets::ALL {
        for dataset in sets(entry) {
            let settings = DataSettings {
                validation: 0.2,
                test: 0.2,
                ..Default::default()
            };
            let prepared = prepare(&dataset, &settings).unwrap();
            for part in Split::ALL {
                let others: Vec<u32> = Split::ALL
                    .iter()
                    .filter(|other| *other != part)
                    .flat_map(|other| prepared.splits.rows(*other).iter().copied())
                    .collect();
                let other = changed(&dataset, &others);
                let again = prepare_on(&other, &settings, prepared.splits.clone(), &BTreeMap::new()).unwrap();
                let rows = prepared.splits.rows(*part);
                assert_eq!(
                    labels_of(&prepared, rows),
                    labels_of(&again, rows),
                    "{} {part:?}",
                    entry.key
                );
                if *part == Split::Train {
                    assert_eq!(
                        features_of(&prepared, rows),
                        features_of(&again, rows),
                        "{}",
                        entry.key
                    );
                }
            }
        }
    }
}

/// A label that refers to a row refers to one of its own split, and is known for nearly every row with such a row.
#[test]
fn the_next_lecturer_and_student_are_of_the_same_split() {
    let key = datasets::lecture_ratings::KEY;
    for dataset in sets(datasets::find(key).unwrap()) {
        let prepared = prepare(&dataset, &DataSettings::default()).unwrap();
        for label in dataset.labels.iter() {
            let Some(next) = &label.next else { continue };
            assert!(matches!(label.kind, LabelKind::Classes { .. }));
            let values = &prepared.labels[prepared.label_idx(&label.key).unwrap()];
            let (of, names) = (dataset.ids(&next.of).unwrap(), dataset.ids(&next.names).unwrap());
            let likes = &dataset.label(&next.among).unwrap().values;
            let mut n_known = 0;
            for part in Split::ALL {
                let mut pairs = BTreeSet::new();
                let liked = || {
                    prepared
                        .splits
                        .rows(*part)
                        .iter()
                        .map(|row| *row as usize)
                        .filter(|row| likes[*row] == 1.0)
                };
                pairs.extend(liked().map(|row| (of.ids[row], names.ids[row])));
                for row in prepared.splits.rows(*part).iter().map(|row| *row as usize) {
                    if values[row].is_nan() {
                        continue;
                    }
                    n_known += 1;
                    assert!(likes[row] == 1.0 && pairs.contains(&(of.ids[row], values[row] as u32)));
                    assert_ne!(values[row] as u32, names.ids[row]);
                }
            }
            let n_liked = likes.iter().filter(|like| **like == 1.0).count();
            assert!(n_known * 3 > n_liked * 2, "{}: {n_known} of {n_liked}", label.key);
        }
    }
}
