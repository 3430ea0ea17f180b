//! The WGSL sources and their entry points.

/// A source file; it is compiled together with the prelude and, for some, a constant that shapes its workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// Numeric inputs.
    Input,
    /// See [`ops::mask`](crate::ops::mask).
    Mask,
    /// See [`ops::embedding`](crate::ops::embedding).
    Embedding,
    /// See [`ops::linear`](crate::ops::linear).
    Linear,
    /// See [`ops::softmax`](crate::ops::softmax).
    Softmax,
    /// See [`ops::lstm`](crate::ops::lstm).
    Lstm,
    /// See [`ops::pool`](crate::ops::pool).
    Pool,
    /// See [`ops::columns`](crate::ops::columns).
    Columns,
    /// See [`ops::sum`](crate::ops::sum).
    Sum,
    /// See [`ops::mixture`](crate::ops::mixture).
    Mixture,
    /// See [`ops::dropout`](crate::ops::dropout).
    Dropout,
    /// See [`ops::binary_loss`](crate::ops::binary_loss).
    BinaryLoss,
    /// See [`ops::classes_loss`](crate::ops::classes_loss).
    ClassesLoss,
    /// See [`ops::squared_loss`](crate::ops::squared_loss).
    SquaredLoss,
    /// Means of losses.
    LossSum,
    /// Gradients of regularisers.
    Penalty,
    /// Clipping by norm.
    Clip,
    /// See [`optimizers`](crate::optimizers).
    Optimizer,
}

/// What a dispatch runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// Where it is.
    pub file: File,
    /// Its entry point.
    pub entry: &'static str,
    /// Value of the file's constant; 0 when it has none.
    pub size: u32,
}

impl Kernel {
    /// An entry point of a file without a constant.
    pub const fn new(file: File, entry: &'static str) -> Self {
        Self { file, entry, size: 0 }
    }

    /// An entry point of a file with a constant.
    pub const fn sized(file: File, entry: &'static str, size: u32) -> Self {
        Self { file, entry, size }
    }
}

impl File {
    /// Every file.
    pub const ALL: [Self; 18] = [
        Self::Input,
        Self::Mask,
        Self::Embedding,
        Self::Linear,
        Self::Softmax,
        Self::Lstm,
        Self::Pool,
        Self::Columns,
        Self::Sum,
        Self::Mixture,
        Self::Dropout,
        Self::BinaryLoss,
        Self::ClassesLoss,
        Self::SquaredLoss,
        Self::LossSum,
        Self::Penalty,
        Self::Clip,
        Self::Optimizer,
    ];

    const fn text(self) -> &'static str {
        match self {
            Self::Input => include_str!("input.wgsl"),
            Self::Mask => include_str!("../../ops/mask/kernel.wgsl"),
            Self::Embedding => include_str!("../../ops/embedding/kernel.wgsl"),
            Self::Linear => include_str!("../../ops/linear/kernel.wgsl"),
            Self::Softmax => include_str!("../../ops/softmax/kernel.wgsl"),
            Self::Lstm => include_str!("../../ops/lstm/kernel.wgsl"),
            Self::Pool => include_str!("../../ops/pool/kernel.wgsl"),
            Self::Columns => include_str!("../../ops/columns/kernel.wgsl"),
            Self::Sum => include_str!("../../ops/sum/kernel.wgsl"),
            Self::Mixture => include_str!("../../ops/mixture/kernel.wgsl"),
            Self::Dropout => include_str!("../../ops/dropout/kernel.wgsl"),
            Self::BinaryLoss => include_str!("../../ops/binary_loss/kernel.wgsl"),
            Self::ClassesLoss => include_str!("../../ops/classes_loss/kernel.wgsl"),
            Self::SquaredLoss => include_str!("../../ops/squared_loss/kernel.wgsl"),
            Self::LossSum => include_str!("loss_sum.wgsl"),
            Self::Penalty => include_str!("penalty.wgsl"),
            Self::Clip => include_str!("clip.wgsl"),
            Self::Optimizer => include_str!("optimizer.wgsl"),
        }
    }

    const fn constant(self) -> Option<&'static str> {
        match self {
            Self::Linear => Some("SIDE"),
            Self::Softmax | Self::ClassesLoss => Some("LANES"),
            Self::Lstm => Some("THREADS"),
            _ => None,
        }
    }

    /// Values that the file's constant takes; a single 0 when it has none.
    pub const fn sizes(self) -> &'static [u32] {
        match self {
            Self::Linear => &[8, 16],
            Self::Softmax | Self::ClassesLoss => &[1, 64],
            Self::Lstm => &[32, 64, 128, 256],
            _ => &[0],
        }
    }

    /// The whole source.
    pub fn source(self, size: u32) -> String {
        let constant = self
            .constant()
            .map_or_else(String::new, |name| format!("const {name}: u32 = {size}u;\n"));
        [include_str!("prelude.wgsl"), &constant, self.text()].concat()
    }
}
