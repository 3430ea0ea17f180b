//! WebGPU kernels of the product: a thread per number.

use super::Multiply;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Output; backward: its gradient.
        y: Address,
        /// Numbers per row.
        per_row: usize,
        /// List of factors: place, gradient, whether to add.
        terms: Address,
        /// Number of factors.
        n_terms: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("multiply"), Record::FIELDS);

impl GpuOperation for Multiply {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.factors, false);
        let y = gpu.value(self.y);
        let record = Record {
            y: y.at(),
            per_row: gpu.per_row(self.y),
            terms: terms.list,
            n_terms: terms.n,
        };
        let groups = gpu.threads(y.len());
        gpu.push(
            Kernel::new(&SHADER, "forward"),
            &record,
            groups,
            terms.values,
            vec![y],
        );
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.factors, true);
        let dy = gpu.gradient(self.y);
        let record = Record {
            y: dy.at(),
            per_row: gpu.per_row(self.y),
            terms: terms.list,
            n_terms: terms.n,
        };
        let groups = gpu.threads(dy.len());
        let reads = [terms.values, vec![dy]].concat();
        gpu.push(
            Kernel::new(&SHADER, "backward"),
            &record,
            groups,
            reads,
            terms.gradients,
        );
        Ok(())
    }
}
