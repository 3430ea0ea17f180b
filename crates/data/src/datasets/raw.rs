//! Shared parts of the parsers of raw files: their error, and the check of the counts of rows and classes.

use mtl_base::schema::LabelKind;
use mtl_base::text::{Explain, Message};
use thiserror::Error;

use crate::dataset::{Dataset, DatasetError, LabelColumn};

/// A raw file is not the expected one.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum RawError {
    /// A line does not have the expected format.
    #[error("{file}, line {line}: expected {expected}, got {got:?}")]
    Line {
        /// Name of the file.
        file: &'static str,
        /// Line, counted from 1.
        line: usize,
        /// Expected content.
        expected: &'static str,
        /// Content of the line.
        got: String,
    },
    /// The number of rows, or of rows of a class, differs from the published one.
    #[error(
        "{what}: expected {expected}, counted {got}; the raw file is another one, or its reading has changed"
    )]
    Count {
        /// The quantity.
        what: String,
        /// Published number.
        expected: usize,
        /// Number in the file.
        got: usize,
    },
    /// The columns do not form a valid data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

impl Explain for RawError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Line {
                file,
                line,
                expected,
                got,
            } => {
                format!("{file} 第 {line} 行：应为 {expected}，得到 {got:?}")
            }
            Self::Count { what, expected, got } => {
                format!("{what}：应为 {expected}，实数 {got}；原始文件不同，或读取方式已改变")
            }
            Self::Dataset(error) => return error.explain(),
        };
        Message::new(self.to_string(), zh)
    }
}

/// Compares a count with the published one.
pub(super) fn expect_count(what: impl Into<String>, expected: usize, got: usize) -> Result<(), RawError> {
    if expected == got {
        Ok(())
    } else {
        Err(RawError::Count {
            what: what.into(),
            expected,
            got,
        })
    }
}

/// Compares the number of rows and of rows of every class with the published counts, and checks the data set.
pub(super) fn expect_counts(
    dataset: Dataset,
    rows: usize,
    labels: &[(&'static str, &[usize])],
) -> Result<Dataset, RawError> {
    dataset.check()?;
    expect_count("rows", rows, dataset.n_rows())?;
    for (key, counts) in labels {
        let values = dataset.label(key).map_or(&[][..], |label| &label.values);
        for (class, expected) in counts.iter().enumerate() {
            let got = values.iter().filter(|value| **value == class as f32).count();
            expect_count(format!("{key}, class {class}"), *expected, got)?;
        }
    }
    Ok(dataset)
}

/// A label with named classes.
pub(super) fn classes(key: &str, name: Message, classes: &[(&str, &str)], values: Vec<f32>) -> LabelColumn {
    LabelColumn {
        key: key.to_owned(),
        name,
        kind: match classes.len() {
            2 => LabelKind::Binary,
            n_classes => LabelKind::Classes { n_classes },
        },
        classes: classes.iter().map(|(en, zh)| Message::new(*en, *zh)).collect(),
        values,
        next: None,
    }
}

/// A real label.
pub(super) fn real(key: &str, name: Message, values: Vec<f32>) -> LabelColumn {
    LabelColumn {
        key: key.to_owned(),
        name,
        kind: LabelKind::Real,
        classes: vec![],
        values,
        next: None,
    }
}
