//! Errors of [`Dataset::check`](super::Dataset::check).

use mtl_base::text::{Explain, Message, Text};
use thiserror::Error;

/// A set of columns that is not a valid data set.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DatasetError {
    /// There are no features or no labels.
    #[error("the data set has {features} feature and {labels} label columns; at least one of each is needed")]
    NoColumns {
        /// Number of feature columns.
        features: usize,
        /// Number of label columns.
        labels: usize,
    },
    /// A limit is exceeded.
    #[error("the data set has {got} {}, at most {limit} are allowed", what.label().en)]
    TooMany {
        /// The quantity that exceeds its limit.
        what: Counted,
        /// Its value.
        got: usize,
        /// Its limit.
        limit: usize,
    },
    /// Two columns have the same key.
    #[error("two columns are named `{key}`; names must differ")]
    SameKey {
        /// The key.
        key: String,
    },
    /// The lengths of the columns differ.
    #[error("column `{key}` has {got} values for {expected} rows")]
    Length {
        /// Key of the column.
        key: String,
        /// Expected number of values.
        expected: usize,
        /// Number of values.
        got: usize,
    },
    /// A value does not fit the type of its column.
    #[error("column `{key}`, row {row}: expected {}, got {got}", expected.explain().en)]
    Value {
        /// Key of the column.
        key: String,
        /// Row, counted from 0.
        row: usize,
        /// Valid values.
        expected: Fitting,
        /// The value.
        got: String,
    },
    /// The number of names of classes or IDs differs from their number.
    #[error("column `{key}` names {got} of its {expected} classes or IDs; name all or none")]
    Names {
        /// Key of the column.
        key: String,
        /// Number of classes or IDs.
        expected: usize,
        /// Number of names.
        got: usize,
    },
    /// A label refers to rows by a column that does not exist or has another type.
    #[error("label `{key}` refers to the next row by `{column}`, which is not an existing {}", expected.label().en)]
    Next {
        /// Key of the label.
        key: String,
        /// Key of the column in its rule.
        column: String,
        /// Required type of the column.
        expected: Naming,
    },
    /// A truth column belongs to no label.
    #[error("the true probabilities of `{key}` belong to no label")]
    NoLabel {
        /// Key of the label.
        key: String,
    },
}

/// Quantities of a data set that are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Columns.
    Columns,
    /// Rows.
    Rows,
    /// IDs of one column.
    Ids,
    /// Numbers per row of a dense column.
    Numbers,
    /// Labels of one multi-label column.
    Labels,
    /// Classes of one label.
    Classes,
}

impl Counted {
    const fn label(self) -> Text {
        match self {
            Self::Columns => Text::new("columns", "列"),
            Self::Rows => Text::new("rows", "行"),
            Self::Ids => Text::new("IDs in one column", "一列中的 ID"),
            Self::Numbers => Text::new("numbers per row", "每行数值"),
            Self::Labels => Text::new("labels per row", "每行标签"),
            Self::Classes => Text::new("classes of one label", "单个标签的类别"),
        }
    }
}

/// Valid values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitting {
    /// From 0 to 1.
    Probability,
    /// An ID below `cardinality`.
    Id(usize),
    /// A finite number.
    Finite,
    /// A finite number, or NaN for a missing label.
    FiniteOrUnknown,
    /// A class index below `n_classes`, or NaN for a missing label.
    Class(usize),
}

impl Explain for Fitting {
    fn explain(&self) -> Message {
        match self {
            Self::Probability => Message::new("a probability", "概率"),
            Self::Id(cardinality) => Message::new(
                format!("an ID below {cardinality}"),
                format!("小于 {cardinality} 的 ID"),
            ),
            Self::Finite => Message::new("a finite number", "有限的数"),
            Self::FiniteOrUnknown => Message::new("a finite number or NaN", "有限的数或 NaN"),
            Self::Class(n_classes) => Message::new(
                format!("a class index below {n_classes} or NaN"),
                format!("小于 {n_classes} 的类别序号或 NaN"),
            ),
        }
    }
}

/// Required type of a column that defines the next row of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// An ID feature.
    Id,
    /// An ID feature with as many IDs as the label has classes.
    IdOfSameSize,
    /// A binary label with values of its own.
    BinaryLabel,
}

impl Naming {
    const fn label(self) -> Text {
        match self {
            Self::Id => Text::new("ID feature", "ID 特征"),
            Self::IdOfSameSize => Text::new("ID feature with the same number of IDs", "ID 数相同的特征"),
            Self::BinaryLabel => Text::new("binary label", "二元标签"),
        }
    }
}

impl DatasetError {
    /// The same error for a column of `width` values per row: the index of a value becomes its row.
    pub(super) fn in_rows_of(mut self, width: usize) -> Self {
        if let Self::Value { row, .. } = &mut self {
            *row /= width.max(1);
        }
        self
    }
}

impl Explain for DatasetError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoColumns { features, labels } => {
                format!("数据集有 {features} 个特征列、{labels} 个标签列；两者至少各需一个")
            }
            Self::TooMany { what, got, limit } => {
                format!("数据集有 {got} 个{}，最多读取 {limit} 个", what.label().zh)
            }
            Self::SameKey { key } => format!("有两列都叫“{key}”；每列需要不同的名字"),
            Self::Length { key, expected, got } => format!("“{key}”列有 {got} 个值，而数据有 {expected} 行"),
            Self::Value {
                key,
                row,
                expected,
                got,
            } => {
                format!("“{key}”列第 {row} 行：应为{}，得到 {got}", expected.explain().zh)
            }
            Self::Names { key, expected, got } => {
                format!("“{key}”列有 {expected} 个类别或 ID，却命名了 {got} 个；请全部命名或都不命名")
            }
            Self::Next {
                key,
                column,
                expected,
            } => format!(
                "标签“{key}”用“{column}”指明下一行，而它不是数据集的{}",
                expected.label().zh
            ),
            Self::NoLabel { key } => format!("“{key}”的真实概率不属于任何标签"),
        };
        Message::new(self.to_string(), zh)
    }
}
