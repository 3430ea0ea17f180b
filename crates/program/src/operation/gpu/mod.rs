//! What an op's WebGPU kernels are declared with: its shader, the record of constants that the shader reads, and the tasks
//! that it adds to a program. All of it is data: nothing in here needs a device.
//!
//! An op's part is `ops/<op>/gpu.rs`, beside its `kernel.wgsl`: a `gpu_record!`, a
//! [`Shader`], and an implementation of [`GpuOperation`]. The WGSL struct `Record` of a shader is generated from the Rust
//! struct, so that the two cannot differ.

mod compiler;
mod error;
mod losses;
mod record;
mod shader;
pub(crate) mod step;
mod task;
mod terms;

pub(crate) use compiler::CompilerOutput;
pub use compiler::GpuCompiler;
pub use error::GpuError;
pub use losses::{LOSS_SUM, LossTask};
pub(crate) use record::gpu_record;
pub use record::{Address, Field, GpuRecord, RECORD_WORDS, Word};
pub use shader::{ALONE, Entry, Kernel, Shader, WORKGROUP, Wgsl};
pub(crate) use shader::{block, by_columns, each, each_step, of_range, rows, tile, wgsl};
pub use task::{Buffer, Place, Task};
pub use terms::Terms;

use super::Operation;

/// What an op adds to a program for the GPU. An op without kernels implements it with nothing in it, and says so by name.
pub trait GpuOperation: Operation {
    /// Its shaders.
    const SHADERS: &'static [&'static Shader] = &[];

    /// Whether it draws random numbers: each such op has a key among the words of a step.
    const DRAWS: bool = false;

    /// Adds the tasks that compute what it writes; a loss also starts its gradient.
    ///
    /// # Errors
    /// When it has no kernel, or none for its size.
    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let _ = gpu;
        Err(GpuError::Unsupported { op: Self::KEY })
    }

    /// Adds the tasks that add its share to the gradients of what it read.
    ///
    /// # Errors
    /// When it has no kernel, or none for its size.
    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let _ = gpu;
        Err(GpuError::Unsupported { op: Self::KEY })
    }
}

#[cfg(test)]
mod tests {
    use super::{step::Words, *};
    use crate::{
        ids::ValueId,
        operation::{Access, Cpu},
    };
    use mtl_base::text::Explain;

    /// An op that only the CPU runs.
    #[derive(Clone, PartialEq)]
    struct OnlyOnTheCpu;

    impl Operation for OnlyOnTheCpu {
        const KEY: &'static str = "only_on_the_cpu";

        fn visit_values(&self, _visit: &mut dyn FnMut(Access, ValueId)) {}

        fn forward(&self, _cpu: &mut Cpu<'_>) {}

        fn backward(&self, _cpu: &mut Cpu<'_>) {}
    }

    impl GpuOperation for OnlyOnTheCpu {}

    #[test]
    fn an_op_without_kernels_says_so_by_name() {
        let words = Words::new(0, 0, 0).unwrap();
        let mut gpu = GpuCompiler::new((&[], &[]), (1, 0), (4, false), words, Vec::new(), 1);
        for answer in [
            GpuOperation::forward(&OnlyOnTheCpu, &mut gpu),
            GpuOperation::backward(&OnlyOnTheCpu, &mut gpu),
        ] {
            let error = answer.unwrap_err();
            assert_eq!(
                error,
                GpuError::Unsupported {
                    op: "only_on_the_cpu"
                }
            );
            let message = error.explain();
            assert!(message.en.contains("only_on_the_cpu") && message.zh.contains("only_on_the_cpu"));
        }
        assert!(<OnlyOnTheCpu as GpuOperation>::SHADERS.is_empty());
    }
}
