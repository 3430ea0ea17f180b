//! Labels that refer to a later row: the row that follows a row among those of its own split.
//!
//! A reference to another row of the whole table could leak a held-out row into training, so such a label is a rule
//! of the data set and not a column; [`prepare`](crate::prepare::prepare) applies it within each split.
//!
//! ```
//! use mtl_data::next::NextLabel;
//!
//! let rule = NextLabel { of: "user".into(), names: "item".into(), among: "like".into() };
//! // User 0 likes the items 5, 6 and 7 in turn; user 1 likes item 5 alone.
//! let (users, items, likes) = ([0, 0, 1, 0, 0], [5, 6, 5, 4, 7], [1.0, 1.0, 1.0, 0.0, 1.0]);
//! let mut next = [f32::NAN; 5];
//! NextLabel::fill(&users, &items, &likes, &[0, 1, 2, 3, 4], &mut next);
//! assert_eq!((next[0], next[1], next[4]), (6.0, 7.0, 5.0));
//! assert!(next[2].is_nan() && next[3].is_nan());
//! assert_eq!(rule.names, "item");
//! ```

use serde::{Deserialize, Serialize};

/// The ID of the next row with the same ID `of`, among the rows of one split whose label `among` is 1.
///
/// The order is that of the table, and the last row is followed by the first. Missing (NaN) for the other rows, and if the
/// next row has the same ID as the row itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextLabel {
    /// Key of the ID feature whose rows follow each other.
    pub of: String,
    /// Key of the ID feature that is the target.
    pub names: String,
    /// Key of the binary label that selects the rows.
    pub among: String,
}

impl NextLabel {
    /// Fills `next` for `rows` (ascending, of one split); the columns and `next` have one value per row of the table.
    ///
    /// # Panics
    /// When a row does not exist.
    pub fn fill(of: &[u32], names: &[u32], among: &[f32], rows: &[u32], next: &mut [f32]) {
        let mut selected: Vec<(u32, u32)> = rows
            .iter()
            .filter(|row| among[**row as usize] == 1.0)
            .map(|row| (of[*row as usize], *row))
            .collect();
        selected.sort_unstable();
        for same in selected.chunk_by(|a, b| a.0 == b.0) {
            for (position, (_, row)) in same.iter().enumerate() {
                let (_, following) = same[(position + 1) % same.len()];
                let (own, named) = (names[*row as usize], names[following as usize]);
                if named != own {
                    next[*row as usize] = named as f32;
                }
            }
        }
    }
}
