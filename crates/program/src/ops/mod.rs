//! The ops that backends run. Some forty layers lower to these.
//!
//! One folder per op: formula, shapes, what it reads and writes (`mod.rs`), its formula once more as arrays of `f64`, to be
//! read first and to test with (`reference.rs`), and its CPU kernels with forward and gradient side by side (`cpu.rs`), and its WebGPU kernels with the record of constants
//! that they read (`gpu.rs`, `kernel.wgsl`). Outside, an op is one line in [`ops!`](self), which makes an enum with an
//! exhaustive `match`: a backend that does not know an op does not compile.
//!
//! Gradients follow one protocol. When an op's backward pass runs, the gradients of its outputs are complete; it may
//! overwrite them. For each of its inputs it asks [`Memory::wants`] whether a gradient is needed, and
//! [`Memory::claim`] whether it must accumulate into the gradient or is the first to write it.

use crate::{
    ids::{ParameterId, ValueId},
    operation::{Access, Cpu, Operation},
};

#[cfg(doc)]
use crate::operation::Memory;
#[cfg(feature = "gpu")]
use crate::operation::gpu::{GpuCompiler, GpuError, GpuOperation, Shader};
#[cfg(feature = "reference")]
use crate::operation::reference::{Arrays, ReferenceOperation};

macro_rules! ops {
    ($( $module:ident :: $name:ident ),+ $(,)?) => {
        $( pub use $module::$name; )+

        /// An op of a plan.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Op {
            $( #[doc = concat!("See [`", stringify!($name), "`].")] $name($name), )+
        }

        $( impl From<$name> for Op {
            fn from(op: $name) -> Self {
                Self::$name(op)
            }
        } )+

        impl Op {
            /// The names of all ops.
            pub const KEYS: &'static [&'static str] = &[$( $name::KEY ),+];

            /// Stable name, as profiles show it.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$name(_) => $name::KEY ),+ }
            }

            /// The task whose loss the op computes: backpropagation of that loss starts here.
            pub fn loss_of(&self) -> Option<usize> {
                match self { $( Self::$name(op) => op.loss_of() ),+ }
            }

            /// Calls `visit` for each value that it accesses.
            pub fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
                match self { $( Self::$name(op) => op.visit_values(visit) ),+ }
            }

            /// Calls `visit` for each parameter that it reads.
            pub fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
                match self { $( Self::$name(op) => op.visit_parameters(visit) ),+ }
            }

            /// Multiply-adds of a forward pass for one example.
            pub fn macs(&self) -> u64 {
                match self { $( Self::$name(op) => op.macs() ),+ }
            }

            /// Whether `other` is the same op up to rates and weights, which may change during a run.
            pub fn same_structure(&self, other: &Self) -> bool {
                match (self, other) {
                    $( (Self::$name(a), Self::$name(b)) => a.same_structure(b), )+
                    _ => false,
                }
            }

            /// Runs the forward pass on the CPU.
            pub fn forward(&self, cpu: &mut Cpu<'_>) {
                match self { $( Self::$name(op) => Operation::forward(op, cpu) ),+ }
            }

            /// Runs the backward pass on the CPU.
            pub fn backward(&self, cpu: &mut Cpu<'_>) {
                match self { $( Self::$name(op) => Operation::backward(op, cpu) ),+ }
            }
        }

        #[cfg(feature = "gpu")]
        impl Op {
            /// The shaders of all ops.
            pub fn shaders() -> impl Iterator<Item = &'static Shader> {
                let of_ops = [$( <$name as GpuOperation>::SHADERS ),+];
                of_ops.into_iter().flatten().copied()
            }

            /// Whether it draws random numbers.
            pub const fn draws(&self) -> bool {
                match self { $( Self::$name(_) => <$name as GpuOperation>::DRAWS ),+ }
            }

            /// Adds the tasks of its forward pass to a program for the GPU.
            pub(crate) fn forward_gpu(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
                match self { $( Self::$name(op) => GpuOperation::forward(op, gpu) ),+ }
            }

            /// Adds the tasks of its backward pass to a program for the GPU.
            pub(crate) fn backward_gpu(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
                match self { $( Self::$name(op) => GpuOperation::backward(op, gpu) ),+ }
            }
        }

        #[cfg(feature = "reference")]
        impl ReferenceOperation for Op {
            fn forward(&self, arrays: &mut Arrays) {
                match self { $( Self::$name(op) => ReferenceOperation::forward(op, arrays) ),+ }
            }

            fn backward(&self, arrays: &mut Arrays) {
                match self { $( Self::$name(op) => ReferenceOperation::backward(op, arrays) ),+ }
            }
        }
    };
}

pub mod attention;
pub mod attention_pool;
pub mod batch_norm;
pub mod binary_loss;
pub mod broadcast_multiply;
pub mod classes_loss;
pub mod columns;
pub mod dot;
pub mod dropout;
pub mod embedding;
pub mod gradient_scale;
pub mod gru;
pub mod interaction;
pub mod layer_norm;
pub mod linear;
pub mod lstm;
pub mod mask;
pub mod maximum;
pub mod mixture;
pub mod multiply;
pub mod noise;
pub mod ordinal_loss;
pub mod pool;
pub mod position;
#[cfg(feature = "gpu")]
pub(crate) mod recurrence;
pub mod softmax;
pub mod squared_loss;
pub mod sum;
pub mod unfold;
pub mod unit_norm;

pub use linear::Epilogue;
pub use mask::MaskRule;
pub use pool::PoolRule;

ops! {
    mask::Mask,
    embedding::EmbeddingLookup,
    linear::Linear,
    softmax::Softmax,
    lstm::LstmCells,
    pool::Pool,
    columns::Columns,
    sum::Sum,
    mixture::Mixture,
    dropout::DropoutMask,
    attention::Attention,
    attention_pool::AttentionPool,
    batch_norm::BatchNorm,
    broadcast_multiply::BroadcastMultiply,
    dot::Dot,
    gradient_scale::GradientScale,
    gru::GruCells,
    interaction::Interaction,
    layer_norm::LayerNorm,
    maximum::Maximum,
    multiply::Multiply,
    noise::Noise,
    ordinal_loss::OrdinalLoss,
    position::AddPosition,
    unfold::Unfold,
    unit_norm::UnitNorm,
    binary_loss::BinaryLoss,
    classes_loss::ClassesLoss,
    squared_loss::SquaredLoss,
}
