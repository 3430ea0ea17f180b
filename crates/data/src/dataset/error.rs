//! What makes a set of columns no data set.

use mtl_base::text::{Explain, Message, Text};
use thiserror::Error;

/// What makes a set of columns no data set.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DatasetError {
    /// There is nothing to read or nothing to learn.
    #[error("the data set has {features} feature and {labels} label columns; at least one of each is needed")]
    NoColumns {
        /// Feature columns.
        features: usize,
        /// Label columns.
        labels: usize,
    },
    /// A ceiling was passed.
    #[error("the data set has {got} {}; at most {limit} are read", what.label().en)]
    TooMany {
        /// What there is too much of.
        what: Counted,
        /// How many.
        got: usize,
        /// The ceiling.
        limit: usize,
    },
    /// Two columns have one name.
    #[error("two columns are named `{key}`; each needs its own name")]
    SameKey {
        /// The name.
        key: String,
    },
    /// A column is shorter or longer than the others.
    #[error("column `{key}` has {got} values for {expected} rows")]
    Length {
        /// The column.
        key: String,
        /// Values needed.
        expected: usize,
        /// Values present.
        got: usize,
    },
    /// A value does not fit its column.
    #[error("column `{key}`, row {row}: expected {}, got {got}", expected.explain().en)]
    Value {
        /// The column.
        key: String,
        /// 0-based row.
        row: usize,
        /// What fits.
        expected: Fitting,
        /// What is there.
        got: String,
    },
    /// The names of classes or ids do not match their number.
    #[error("column `{key}` names {got} of its {expected} classes or ids; name all or none")]
    Names {
        /// The column.
        key: String,
        /// Number of classes or ids.
        expected: usize,
        /// Number of names.
        got: usize,
    },
    /// A label names rows by a column that is not there or of another kind.
    #[error("label `{key}` names the next row by `{column}`, which is no {} of the data set", expected.label().en)]
    Next {
        /// The label.
        key: String,
        /// The column that its rule names.
        column: String,
        /// What the column has to be.
        expected: Naming,
    },
    /// A truth column has no label.
    #[error("the true probabilities of `{key}` belong to no label")]
    NoLabel {
        /// The label named.
        key: String,
    },
}

/// What a data set may have only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Columns.
    Columns,
    /// Rows.
    Rows,
    /// Ids of one column.
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
            Self::Ids => Text::new("ids in one column", "一列中的编号"),
            Self::Numbers => Text::new("numbers per row", "每行数值"),
            Self::Labels => Text::new("labels side by side", "并列标签"),
            Self::Classes => Text::new("classes of one label", "单个标签的类别"),
        }
    }
}

/// What a value of a column has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitting {
    /// From 0 to 1.
    Probability,
    /// An id below this.
    Id(usize),
    /// A number.
    Finite,
    /// A number, or NaN for a label that is not known.
    FiniteOrUnknown,
    /// A class below this, or NaN for a label that is not known.
    Class(usize),
}

impl Explain for Fitting {
    fn explain(&self) -> Message {
        match self {
            Self::Probability => Message::new("a probability", "概率"),
            Self::Id(cardinality) => Message::new(
                format!("an id below {cardinality}"),
                format!("小于 {cardinality} 的编号"),
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

/// What a column has to be by which a label names the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// An id feature.
    Id,
    /// An id feature with as many ids as the label has classes.
    IdOfSameSize,
    /// A binary label with values of its own.
    BinaryLabel,
}

impl Naming {
    const fn label(self) -> Text {
        match self {
            Self::Id => Text::new("id feature", "编号特征"),
            Self::IdOfSameSize => Text::new("id feature with as many ids", "编号数相同的特征"),
            Self::BinaryLabel => Text::new("binary label", "二元标签"),
        }
    }
}

impl DatasetError {
    /// The same about a column of `width` values a row: the position of a value becomes its row.
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
                format!("“{key}”列有 {expected} 个类别或编号，却命名了 {got} 个；请全部命名或都不命名")
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
