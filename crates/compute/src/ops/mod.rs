//! The ops: what a backend runs. Some forty layers lower to these few.
//!
//! One folder per op: formula, shapes, what it reads and writes (`mod.rs`), and its CPU kernels with forward and
//! gradient side by side (`cpu.rs`). Outside, an op is one line in [`ops!`](self), which makes an enum with an
//! exhaustive `match`: a backend that does not know an op does not compile.
//!
//! Gradients follow one protocol. When an op's backward runs, the gradients of what it wrote are complete; it may
//! overwrite them. For each value that it read it asks [`Memory::wants`] whether a gradient is wanted, and
//! [`Memory::claim`] whether it must add to the gradient or may be the first to write it.

pub mod product;
pub mod recurrence;

use crate::{
    backend::cpu::Cpu,
    plan::{ParameterId, ValueId},
};

#[cfg(doc)]
use crate::backend::cpu::Memory;

/// What an op does with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reads it in forward, and gives it a gradient in backward.
    Read,
    /// Reads it in forward; it has no gradient.
    ReadOnly,
    /// Writes it in forward, and reads its gradient in backward.
    Write,
    /// Keeps it between its forward and its backward, or uses it within one of them.
    Own,
}

/// What every op is and does.
pub trait Operation: Clone + PartialEq {
    /// Stable name, as profiles show it.
    const KEY: &'static str;

    /// Whether gradients start here.
    const IS_LOSS: bool = false;

    /// Calls `visit` for each value that it touches.
    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId));

    /// Calls `visit` for each parameter that it reads.
    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        let _ = visit;
    }

    /// Multiply-adds of a forward pass for one example.
    fn macs(&self) -> u64 {
        0
    }

    /// Whether `other` differs in rates and weights only.
    fn same_structure(&self, other: &Self) -> bool {
        self == other
    }

    /// Computes what it writes from what it reads.
    fn forward(&self, cpu: &mut Cpu<'_>);

    /// Adds its share to the gradients of what it read.
    fn backward(&self, cpu: &mut Cpu<'_>);
}

/// The methods of an op whose kernels are in its module `cpu`.
macro_rules! cpu_kernels {
    () => {
        fn forward(&self, cpu: &mut crate::backend::cpu::Cpu<'_>) {
            cpu::forward(self, cpu);
        }

        fn backward(&self, cpu: &mut crate::backend::cpu::Cpu<'_>) {
            cpu::backward(self, cpu);
        }
    };
}
pub(crate) use cpu_kernels;

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
            /// Stable name, as profiles show it.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$name(_) => $name::KEY ),+ }
            }

            /// Whether gradients start here.
            pub const fn is_loss(&self) -> bool {
                match self { $( Self::$name(_) => $name::IS_LOSS ),+ }
            }

            /// Calls `visit` for each value that it touches.
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

            /// Whether `other` differs in rates and weights only.
            pub fn same_structure(&self, other: &Self) -> bool {
                match (self, other) {
                    $( (Self::$name(a), Self::$name(b)) => a.same_structure(b), )+
                    _ => false,
                }
            }

            /// Runs it forward on the CPU.
            pub fn forward(&self, cpu: &mut Cpu<'_>) {
                match self { $( Self::$name(op) => op.forward(cpu) ),+ }
            }

            /// Runs it backward on the CPU.
            pub fn backward(&self, cpu: &mut Cpu<'_>) {
                match self { $( Self::$name(op) => op.backward(cpu) ),+ }
            }
        }
    };
}

pub mod attention;
pub mod attention_pool;
pub mod batch_norm;
pub mod binary_loss;
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
