//! What can be wrong with a weights file, in both languages.

use mtl_base::text::{Explain, Message};
use mtl_engine::design::problems::Problem;
use thiserror::Error;

use super::{DTYPE, FORMAT};

/// Why a weights file was not read or not written. Nothing else has changed when one is returned.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum WeightsError {
    /// There is nothing in the file.
    #[error("the weights file is empty; export it again")]
    Empty,
    /// More bytes than are read.
    #[error("the weights file has {} MB, and at most {} MB are read; it is not a file that this page exported, or the model is too large for JSON: save it as safetensors", megabytes(*bytes), megabytes(*limit))]
    TooLarge {
        /// Of the file.
        bytes: usize,
        /// Ceiling.
        limit: usize,
    },
    /// The file ends in the middle.
    #[error(
        "the weights file is truncated: it ends after {bytes} bytes (line {line}); download or copy it again"
    )]
    Truncated {
        /// Length of what is there.
        bytes: usize,
        /// Line of the end, from 1.
        line: usize,
    },
    /// A file of binary values ends too early.
    #[error(
        "the weights file is cut off: it has {bytes} bytes and should have {expected}; download or copy it again"
    )]
    Cut {
        /// Length of what is there.
        bytes: usize,
        /// Length of the whole.
        expected: usize,
    },
    /// The bytes are not JSON.
    #[error(
        "the weights file is not JSON: byte {offset} (line {line}): {reason}; choose the file that was exported"
    )]
    NotJson {
        /// Byte of the fault.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// What the JSON reader says.
        reason: String,
    },
    /// JSON, but not a weights file.
    #[error("this is not a weights file: expected \"format\": \"{FORMAT}\", got {got}")]
    NotWeights {
        /// What its `format` says.
        got: String,
    },
    /// Written by a version with another format.
    #[error(
        "the weights file has format version {got}, but version {expected} is needed; export it again with this version of the page"
    )]
    OtherVersion {
        /// The file's.
        got: String,
        /// Ours.
        expected: u32,
    },
    /// A member is missing.
    #[error("the weights file has no \"{part}\"; it was edited or written by another program")]
    MissingPart {
        /// Which.
        part: String,
    },
    /// A member is not what it should be.
    #[error("\"{part}\" of the weights file cannot be read{}: {reason}", line_text(*line, " (line ", ")"))]
    Part {
        /// Which.
        part: String,
        /// Line in the file, from 1; 0 when it is not known.
        line: usize,
        /// What the JSON reader says.
        reason: String,
    },
    /// A parameter's values have another type.
    #[error("parameter `{parameter}`: expected dtype {DTYPE}, got {got}")]
    Dtype {
        /// Its name.
        parameter: String,
        /// What the file says.
        got: String,
    },
    /// A name stands twice.
    #[error("parameter `{parameter}` occurs twice in the weights file; every name must occur once")]
    DuplicateParameter {
        /// The name.
        parameter: String,
    },
    /// The design needs a parameter that the file does not have.
    #[error(
        "parameter `{parameter}` {} is missing in the weights file: the design needs it",
        shape_text(shape)
    )]
    MissingParameter {
        /// Its name.
        parameter: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The file has a parameter that the design does not need.
    #[error(
        "parameter `{parameter}` of the weights file is not part of its design{}",
        closest_text(parameter, known)
    )]
    UnknownParameter {
        /// Its name.
        parameter: String,
        /// Names that have a place.
        known: Vec<String>,
    },
    /// A shape that the design does not make.
    #[error(
        "parameter `{parameter}`: the design needs {}, the weights file has {}",
        shape_text(expected),
        shape_text(got)
    )]
    WrongShape {
        /// Its name.
        parameter: String,
        /// The design's.
        expected: Vec<usize>,
        /// The file's.
        got: Vec<usize>,
    },
    /// The values do not fill the shape.
    #[error(
        "parameter `{parameter}`: shape {} has {expected} values, got {got}",
        shape_text(shape)
    )]
    WrongCount {
        /// Its name.
        parameter: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Product of the shape.
        expected: usize,
        /// Values that are there.
        got: usize,
    },
    /// More values than the parameters have.
    #[error("{values} values belong to no parameter")]
    LeftOver {
        /// How many.
        values: usize,
    },
    /// A value that is not a finite 32-bit number.
    #[error("parameter `{parameter}`, value {index}: expected a finite number, got {got}")]
    BadValue {
        /// Its name.
        parameter: String,
        /// Index in the row-major list, from 0.
        index: usize,
        /// What stands there.
        got: String,
    },
    /// The design of the file is not one that can be trained.
    #[error("the design in the weights file has a problem: {}", .0.explain().en)]
    Design(Box<Problem>),
}

fn megabytes(bytes: usize) -> String {
    let tenths = bytes.saturating_mul(10) / (1024 * 1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn line_text(line: usize, before: &str, after: &str) -> String {
    if line == 0 {
        String::new()
    } else {
        format!("{before}{line}{after}")
    }
}

fn shape_text(shape: &[usize]) -> String {
    format!(
        "[{}]",
        shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
    )
}

/// The known name that shares the longest beginning, as a hint.
fn closest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let shared = |other: &str| {
        name.chars()
            .zip(other.chars())
            .take_while(|(a, b)| a == b)
            .count()
    };
    let best = known.iter().max_by_key(|other| shared(other))?;
    (shared(best) > 0).then_some(best)
}

fn closest_text(name: &str, known: &[String]) -> String {
    closest(name, known).map_or_else(String::new, |other| format!("; did you mean `{other}`?"))
}

impl Explain for WeightsError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Empty => "权重文件是空的；请重新导出".to_owned(),
            Self::TooLarge { bytes, limit } => format!(
                "权重文件有 {} MB，最多读取 {} MB；它不是本页面导出的文件，或者模型对 JSON 来说太大：请保存为 safetensors",
                megabytes(*bytes),
                megabytes(*limit)
            ),
            Self::Truncated { bytes, line } => {
                format!("权重文件不完整：内容在第 {bytes} 字节（第 {line} 行）处中断；请重新下载或复制")
            }
            Self::Cut { bytes, expected } => {
                format!("权重文件不完整：有 {bytes} 字节，应有 {expected} 字节；请重新下载或复制")
            }
            Self::NotJson { offset, line, reason } => {
                format!("权重文件不是 JSON：第 {offset} 字节（第 {line} 行）：{reason}；请选择导出的文件")
            }
            Self::NotWeights { got } => {
                format!("这不是权重文件：应有 \"format\": \"{FORMAT}\"，得到 {got}")
            }
            Self::OtherVersion { got, expected } => {
                format!("权重文件的格式版本为 {got}，而这里读取版本 {expected}；请用当前版本的页面重新导出")
            }
            Self::MissingPart { part } => format!("权重文件缺少 \"{part}\"；它被修改过，或由其他程序写成"),
            Self::Part { part, line, reason } => {
                format!(
                    "无法读取权重文件中的 \"{part}\"{}：{reason}",
                    line_text(*line, "（第 ", " 行）")
                )
            }
            Self::Dtype { parameter, got } => format!("参数“{parameter}”：类型应为 {DTYPE}，得到 {got}"),
            Self::DuplicateParameter { parameter } => {
                format!("参数“{parameter}”在权重文件中出现了两次；每个名称只能出现一次")
            }
            Self::MissingParameter { parameter, shape } => {
                format!("权重文件缺少设计所需的参数“{parameter}”{}", shape_text(shape))
            }
            Self::UnknownParameter { parameter, known } => {
                let hint = closest(parameter, known)
                    .map_or_else(String::new, |other| format!("；是否应为“{other}”？"));
                format!("权重文件中的参数“{parameter}”不属于其设计{hint}")
            }
            Self::WrongShape {
                parameter,
                expected,
                got,
            } => {
                format!(
                    "参数“{parameter}”：设计需要 {}，权重文件为 {}",
                    shape_text(expected),
                    shape_text(got)
                )
            }
            Self::WrongCount {
                parameter,
                shape,
                expected,
                got,
            } => {
                format!(
                    "参数“{parameter}”：形状 {} 应有 {expected} 个值，得到 {got} 个",
                    shape_text(shape)
                )
            }
            Self::LeftOver { values } => format!("有 {values} 个值不属于任何参数"),
            Self::BadValue {
                parameter,
                index,
                got,
            } => {
                format!("参数“{parameter}”的第 {index} 个值：应为有限的数，得到 {got}")
            }
            Self::Design(problem) => format!("权重文件中的设计有问题：{}", problem.explain().zh),
        };
        Message::new(self.to_string(), zh)
    }
}
