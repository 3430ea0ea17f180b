//! The values of a feature column: texts, IDs or numbers, row by row.
//!
//! ```
//! use mtl_data::dataset::TextColumn;
//!
//! let column = TextColumn::from_texts(["good", "很好"]);
//! assert_eq!((column.len(), column.get(1)), (2, "很好"));
//! ```

/// The values of a feature.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// One text per row.
    Text(TextColumn),
    /// One id per row.
    Id(IdColumn),
    /// `width` real numbers per row.
    Dense(DenseColumn),
}

/// One text per row, stored in one allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    texts: String,
    /// End of each row's text, in bytes.
    ends: Vec<u32>,
}

/// One ID per row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdColumn {
    /// Number of IDs: every ID is smaller.
    pub cardinality: usize,
    /// ID of each row.
    pub ids: Vec<u32>,
    /// Name of each ID; empty when the IDs have no names.
    pub names: Vec<String>,
}

/// `width` real numbers per row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenseColumn {
    /// Numbers per row.
    pub width: usize,
    /// Values in row-major order: `rows * width`.
    pub values: Vec<f32>,
}

impl Column {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::Id(column) => column.ids.len(),
            Self::Dense(column) => column.values.len().checked_div(column.width).unwrap_or(0),
        }
    }
}

impl TextColumn {
    /// Collects the texts of all rows. Beyond 4 GiB of text, rows are empty.
    pub fn from_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut column = Self::default();
        for text in texts {
            column.push(text.as_ref());
        }
        column
    }

    /// Splits concatenated texts of `lengths` bytes each; `None` when the lengths do not add up or split
    /// a character.
    pub fn from_parts(texts: String, lengths: &[u32]) -> Option<Self> {
        let mut end = 0_u32;
        let mut ends = Vec::with_capacity(lengths.len());
        for length in lengths {
            end = end.checked_add(*length)?;
            if !texts.is_char_boundary(end as usize) {
                return None;
            }
            ends.push(end);
        }
        (end as usize == texts.len()).then_some(Self { texts, ends })
    }

    /// Appends a row. Beyond 4 GiB of text, the row is empty.
    pub fn push(&mut self, text: &str) {
        if self.texts.len() + text.len() <= u32::MAX as usize {
            self.texts.push_str(text);
        }
        self.ends.push(self.texts.len() as u32);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of `row`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.texts[start..self.ends[row] as usize]
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// All texts, concatenated.
    pub fn as_str(&self) -> &str {
        &self.texts
    }

    /// Length of each text in bytes.
    pub fn lengths(&self) -> impl Iterator<Item = u32> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.ends.iter().zip(starts).map(|(end, start)| end - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_cut_characters_are_refused() {
        let column = TextColumn::from_texts(["good", "", "很好"]);
        assert_eq!(column.iter().collect::<Vec<_>>(), ["good", "", "很好"]);
        assert_eq!(column.lengths().collect::<Vec<_>>(), [4, 0, 6]);
        assert_eq!(
            TextColumn::from_parts("good很好".into(), &[4, 0, 6]),
            Some(column)
        );
        assert_eq!(TextColumn::from_parts("good很好".into(), &[5, 0, 5]), None);
        assert_eq!(TextColumn::from_parts("good".into(), &[3]), None);
        assert_eq!(TextColumn::from_parts("good".into(), &[u32::MAX, 5]), None);
    }
}
