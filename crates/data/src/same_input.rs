//! Rows with equal inputs. They belong to one split; otherwise a held-out row would occur in training.
//!
//! Two rows have equal inputs if all their features agree: IDs and numbers by value, texts as sequences of words
//! ([`tokenize`]), before truncation.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::same_input::first_rows;
//!
//! let first = first_rows(&generate(&ReviewSettings { rows: 1_000, ..Default::default() }));
//! assert!(first.iter().enumerate().all(|(row, first)| *first as usize <= row));
//! ```

use crate::dataset::{Column, Dataset};
use crate::tokenizer::tokenize;

/// For every row, the first row with the same input: the row itself if there is none before it.
pub fn first_rows(dataset: &Dataset) -> Vec<u32> {
    let mut hashes: Vec<(u64, u32)> = (0..dataset.n_rows() as u32)
        .map(|row| (hash(dataset, row as usize), row))
        .collect();
    hashes.sort_unstable();
    let mut first = vec![0; hashes.len()];
    for same in hashes.chunk_by(|a, b| a.0 == b.0) {
        same.iter().for_each(|(_, row)| first[*row as usize] = same[0].1);
    }
    first
}

/// FNV-1a over 64 bits, finished by a mixing step. Two inputs that share a hash by chance (1 in 10^8 for the largest set)
/// would merely stay on one side of the split.
fn hash(dataset: &Dataset, row: usize) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for feature in &dataset.features {
        match &feature.column {
            Column::Text(column) => {
                for word in tokenize(column.get(row)) {
                    take(word.text.as_bytes());
                    // No word contains this byte, so that "ab c" and "a bc" differ.
                    take(&[0xff]);
                }
                take(&[0xfe]);
            }
            Column::Id(column) => take(&column.ids[row].to_le_bytes()),
            Column::Dense(column) => {
                for value in &column.values[row * column.width..(row + 1) * column.width] {
                    // Both zeros are the same number.
                    take(&(value + 0.0).to_bits().to_le_bytes());
                }
            }
        }
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetInfo, DenseColumn, Feature, IdColumn, TextColumn};
    use mtl_base::text::Message;

    #[test]
    fn all_features_count_and_texts_are_compared_by_their_words() {
        let feature = |key: &str, column| Feature {
            key: key.into(),
            name: Message::default(),
            column,
        };
        let dataset = Dataset {
            info: DatasetInfo::default(),
            features: vec![
                feature(
                    "text",
                    Column::Text(TextColumn::from_texts([
                        "Good phone.",
                        "good  PHONE!",
                        "goodphone",
                        "good phone",
                        "good phone",
                        "...",
                        "!",
                    ])),
                ),
                feature(
                    "item",
                    Column::Id(IdColumn {
                        cardinality: 2,
                        ids: vec![0, 0, 0, 1, 0, 0, 0],
                        names: vec![],
                    }),
                ),
                feature(
                    "age",
                    Column::Dense(DenseColumn {
                        width: 1,
                        values: vec![0.0, -0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
                    }),
                ),
            ],
            labels: vec![],
            truth: vec![],
        };
        assert_eq!(first_rows(&dataset), [0, 0, 2, 3, 4, 5, 5]);
    }
}
