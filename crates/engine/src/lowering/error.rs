//! Errors of lowering a layer.

use thiserror::Error;

use super::{PortKind, Shape};
use mtl_base::{
    schema::{FeatureKind, LabelKind},
    text::{Explain, Message},
};

/// Error of lowering a layer: its inputs, or the feature or label that it names, do not fit.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LowerError {
    /// An input has a kind of value that the handle does not take.
    #[error("takes {}, got {got}{}", expected.label().en, kind_hint(*expected, *got).en)]
    Kind {
        /// Index of the input handle.
        handle: usize,
        /// Kind that it takes.
        expected: PortKind,
        /// Shape that was given.
        got: Shape,
    },
    /// Inputs that must have equal shapes differ.
    #[error(
        "all inputs must have the shape of the first, {first}, got {got}; a Dense layer changes the width, pooling or Flatten turns a sequence into a vector"
    )]
    UnequalShapes {
        /// Shape of the first input.
        first: Shape,
        /// The shape that differs.
        got: Shape,
    },
    /// Sequences that are put side by side have different lengths, or a vector meets a sequence.
    #[error(
        "all inputs must be vectors, or sequences of equal length; the first is {first}, got {got}; pooling or Flatten turns a sequence into a vector"
    )]
    UnequalSteps {
        /// Shape of the first input.
        first: Shape,
        /// The shape that differs.
        got: Shape,
    },
    /// The number of wires is wrong.
    #[error("takes {expected} inputs, got {got}")]
    Count {
        /// Number of wires that it takes.
        expected: usize,
        /// Number of wires that were given.
        got: usize,
    },
    /// The data set has no such feature.
    #[error("the data set has no feature `{key}`; it has {}", list(available))]
    UnknownFeature {
        /// Key that the input names.
        key: String,
        /// Keys of the right kind.
        available: Vec<String>,
    },
    /// The feature is of another kind.
    #[error("feature `{key}` is {}, which this input does not read; use {}", feature_name(*got).en, input_for(*got).en)]
    FeatureKind {
        /// Key that the input names.
        key: String,
        /// Its kind.
        got: FeatureKind,
    },
    /// The data set has no such label.
    #[error("the data set has no label `{key}`; it has {}", list(available))]
    UnknownLabel {
        /// Key that the head names.
        key: String,
        /// Keys of the right kind.
        available: Vec<String>,
    },
    /// The label is of another kind.
    #[error("label `{key}` is {}, which this head does not learn; use {}", label_name(*got).en, head_for(*got).en)]
    LabelKind {
        /// Key that the head names.
        key: String,
        /// Its kind.
        got: LabelKind,
    },
    /// Without a projection of its own, the head needs exactly as many inputs as logits.
    #[error("without its own output layer it needs {expected} inputs, got {got}; turn the output layer on")]
    Logits {
        /// Number of logits.
        expected: usize,
        /// Width of the input.
        got: usize,
    },
    /// One weight per class is needed, or none.
    #[error("{got} class weights for {expected} classes; give one per class, or none")]
    ClassWeights {
        /// Number of classes.
        expected: usize,
        /// Number of weights.
        got: usize,
    },
    /// The gate does not have one number per expert.
    #[error(
        "the gate must have one number per expert, {experts}, got {got}; set the gate's units to {experts}"
    )]
    Gate {
        /// Number of experts.
        experts: usize,
        /// Width of the gate.
        got: usize,
    },
    /// The window of a convolution without padding is longer than the sequence.
    #[error("`kernel_size` must be at most the length of the sequence, {length}, got {got}")]
    KernelSize {
        /// Steps of the sequence.
        length: usize,
        /// The kernel's.
        got: usize,
    },
    /// Columns beyond the input's.
    #[error("`{key}` must be columns within 0 to {last}, got {start} to {end}")]
    Columns {
        /// The setting that reaches too far.
        key: &'static str,
        /// Last column of the input.
        last: usize,
        /// First column that is asked for.
        start: usize,
        /// Last column that is asked for.
        end: usize,
    },
    /// A size exceeds the limit.
    #[error("one example would take {got} numbers, the limit is {ceiling}; use smaller layers")]
    TooLarge {
        /// Numbers per example.
        got: usize,
        /// Limit.
        ceiling: usize,
    },
}

fn list(keys: &[String]) -> String {
    if keys.is_empty() {
        "none that fits".to_owned()
    } else {
        keys.join(", ")
    }
}

fn list_zh(keys: &[String]) -> String {
    if keys.is_empty() {
        "没有合适的".to_owned()
    } else {
        keys.join("、")
    }
}

fn kind_hint(expected: PortKind, got: Shape) -> Message {
    match (expected, got) {
        (PortKind::Vector, Shape::Sequence { .. }) => {
            Message::new("; insert a pooling layer or Flatten", "；请插入池化层或展平层")
        }
        (PortKind::Vector | PortKind::Sequence | PortKind::Any, Shape::Tokens { .. } | Shape::Id { .. }) => {
            Message::new("; insert an Embedding", "；请插入嵌入层")
        }
        _ => Message::default(),
    }
}

fn feature_name(kind: FeatureKind) -> Message {
    match kind {
        FeatureKind::Tokens { .. } => Message::new("a text", "文本"),
        FeatureKind::Id { .. } => Message::new("an ID", "ID"),
        FeatureKind::Dense { .. } => Message::new("a list of numbers", "一组数值"),
    }
}

fn input_for(kind: FeatureKind) -> Message {
    match kind {
        FeatureKind::Tokens { .. } => Message::new("a text input", "文本输入"),
        FeatureKind::Id { .. } => Message::new("an ID input", "ID 输入"),
        FeatureKind::Dense { .. } => Message::new("a numeric input", "数值输入"),
    }
}

fn label_name(kind: LabelKind) -> Message {
    match kind {
        LabelKind::Binary => Message::new("yes / no", "二分类"),
        LabelKind::Classes { n_classes } => Message::new(
            format!("one of {n_classes} classes"),
            format!("{n_classes} 类之一"),
        ),
        LabelKind::Real => Message::new("a number", "数值"),
        LabelKind::MultiLabel { n_labels } => Message::new(
            format!("{n_labels} labels per row"),
            format!("每行 {n_labels} 个标签"),
        ),
    }
}

fn head_for(kind: LabelKind) -> Message {
    match kind {
        LabelKind::Binary => Message::new("a yes / no head", "二分类任务头"),
        LabelKind::Classes { .. } => Message::new("a multi-class head", "多分类任务头"),
        LabelKind::Real => Message::new("a regression head", "回归任务头"),
        LabelKind::MultiLabel { .. } => Message::new("a multi-label head", "多标签任务头"),
    }
}

impl Explain for LowerError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Kind { expected, got, .. } => {
                format!(
                    "需要{}，得到 {got}{}",
                    expected.label().zh,
                    kind_hint(*expected, *got).zh
                )
            }
            Self::UnequalShapes { first, got } => format!(
                "所有输入的形状必须与第一个（{first}）相同，得到 {got}；全连接层可改变宽度，池化或展平可把序列变为向量"
            ),
            Self::UnequalSteps { first, got } => format!(
                "所有输入必须都是向量，或长度相同的序列；第一个为 {first}，得到 {got}；池化或展平可把序列变为向量"
            ),
            Self::Count { expected, got } => format!("需要 {expected} 个输入，得到 {got} 个"),
            Self::UnknownFeature { key, available } => {
                format!("数据集没有特征“{key}”；可用：{}", list_zh(available))
            }
            Self::FeatureKind { key, got } => format!(
                "特征“{key}”是{}，该输入层无法读取；请使用{}",
                feature_name(*got).zh,
                input_for(*got).zh
            ),
            Self::UnknownLabel { key, available } => {
                format!("数据集没有标签“{key}”；可用：{}", list_zh(available))
            }
            Self::LabelKind { key, got } => {
                format!(
                    "标签“{key}”是{}，该任务头无法学习；请使用{}",
                    label_name(*got).zh,
                    head_for(*got).zh
                )
            }
            Self::Logits { expected, got } => {
                format!("不使用自带输出层时需要 {expected} 个输入，得到 {got} 个；请打开自带输出层（线性）")
            }
            Self::ClassWeights { expected, got } => {
                format!("{expected} 个类别却有 {got} 个类别权重；请每类填一个，或全部留空")
            }
            Self::Gate { experts, got } => {
                format!(
                    "门控必须为每个专家给出一个数，即 {experts} 个；得到 {got} 个；请将门控的单元数设为 {experts}"
                )
            }
            Self::KernelSize { length, got } => {
                format!("“kernel_size”应为不超过序列长度 {length}，得到 {got}")
            }
            Self::Columns {
                key,
                last,
                start,
                end,
            } => format!("“{key}”应为 0 到 {last} 之内的列，得到 {start} 到 {end}"),
            Self::TooLarge { got, ceiling } => {
                format!("单个样本将占用 {got} 个数，上限为 {ceiling}；请使用更小的层")
            }
        };
        Message::new(self.to_string(), zh)
    }
}
