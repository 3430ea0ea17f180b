//! Why a design does not train, or no longer trains, on the GPU. The run then goes on on the CPU.

use thiserror::Error;

use mtl_base::text::{Explain, Message};

/// What stopped the GPU.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GpuError {
    /// The browser or the system offers none.
    #[error("there is no WebGPU adapter here")]
    NoAdapter,
    /// There is an adapter, but it gives no device.
    #[error("the WebGPU adapter provides no device: {reason}")]
    NoDevice {
        /// What the system says.
        reason: String,
    },
    /// The device went away: unplugged, reset, or taken by the browser.
    #[error("the WebGPU device was lost: {reason}")]
    Lost {
        /// What the system says.
        reason: String,
    },
    /// The device has no room left.
    #[error("the WebGPU device is out of memory; a smaller batch size or model may fit")]
    OutOfMemory,
    /// A command was refused.
    #[error("WebGPU rejected a command, which is a bug in this program: {reason}")]
    Refused {
        /// What the system says.
        reason: String,
    },
    /// A buffer would be larger than the adapter allows, or the adapter allows less than every kernel needs.
    #[error("{what}: {needed} needed, the WebGPU adapter allows {limit}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// What is needed.
        needed: u64,
        /// What there is.
        limit: u64,
    },
    /// More tasks, inputs and random layers than the kernels have places for in a step.
    #[error(
        "the design needs {needed} words per step for its tasks, inputs and random layers; the WebGPU kernels have {limit}"
    )]
    StepWords {
        /// What is needed.
        needed: usize,
        /// What there is.
        limit: usize,
    },
    /// An op that only the CPU runs.
    #[error("the op {op} has no WebGPU kernel")]
    Unsupported {
        /// Its key.
        op: &'static str,
    },
    /// An op that only the CPU runs in this size.
    #[error("the op {op} has no WebGPU kernel for this size: {needed}, at most {limit}")]
    UnsupportedSize {
        /// Its key.
        op: &'static str,
        /// What the design asks for.
        needed: usize,
        /// What there is.
        limit: usize,
    },
    /// A column of the data, or a buffer that is written, has another length than the design asks for.
    #[error("{what} has {got} numbers, {expected} expected")]
    Length {
        /// Which.
        what: &'static str,
        /// Length that it should have.
        expected: usize,
        /// Length that it has.
        got: usize,
    },
    /// The rows of a step do not fit.
    #[error(
        "a step of {rows} rows up to row {largest}; the data on the device has {n_rows} rows, a step at most {max_rows}"
    )]
    Rows {
        /// Rows of the step.
        rows: usize,
        /// The largest one.
        largest: u32,
        /// Rows on the device.
        n_rows: usize,
        /// Most rows of a step.
        max_rows: usize,
    },
}

impl Explain for GpuError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoAdapter => "这里没有可用的 WebGPU 适配器".to_owned(),
            Self::NoDevice { reason } => format!("WebGPU 适配器未能提供设备：{reason}"),
            Self::Lost { reason } => format!("WebGPU 设备已丢失：{reason}"),
            Self::OutOfMemory => "WebGPU 设备内存不足；减小批大小或模型可能有效".to_owned(),
            Self::Refused { reason } => format!("WebGPU 拒绝了一条命令，这是本程序的错误：{reason}"),
            Self::Limit { what, needed, limit } => {
                format!("{what}：需要 {needed}，WebGPU 适配器只允许 {limit}")
            }
            Self::StepWords { needed, limit } => {
                format!("该设计每步需要 {needed} 个字来表示任务、输入和随机层；WebGPU 内核只有 {limit} 个")
            }
            Self::Unsupported { op } => format!("运算 {op} 没有 WebGPU 内核"),
            Self::UnsupportedSize { op, needed, limit } => {
                format!("运算 {op} 没有这种大小的 WebGPU 内核：需要 {needed}，至多 {limit}")
            }
            Self::Length { what, expected, got } => format!("{what} 有 {got} 个数，应有 {expected} 个"),
            Self::Rows {
                rows,
                largest,
                n_rows,
                max_rows,
            } => format!(
                "一步有 {rows} 行，最大行号 {largest}；设备上的数据有 {n_rows} 行，一步至多 {max_rows} 行"
            ),
        };
        Message::new(self.to_string(), zh)
    }
}
