//! WebGPU kernels of the maximum: a thread per number.

use super::Maximum;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Output.
        y: Address,
        /// Numbers per row.
        per_row: usize,
        /// List of inputs: place, gradient, whether to add.
        terms: Address,
        /// Number of inputs.
        n_terms: usize,
        /// Gradient of y.
        dy: Address,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("maximum"), Record::FIELDS);

impl GpuOperation for Maximum {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.terms, false);
        let y = gpu.value(self.y);
        let per_row = gpu.per_row(self.y);
        let record = Record {
            y: y.at(),
            per_row,
            terms: terms.list,
            n_terms: terms.n,
            ..Record::default()
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
        let terms = gpu.terms(&self.terms, true);
        let (y, dy) = (gpu.value(self.y), gpu.gradient(self.y));
        let per_row = gpu.per_row(self.y);
        let record = Record {
            y: y.at(),
            per_row,
            terms: terms.list,
            n_terms: terms.n,
            dy: dy.at(),
        };
        let groups = gpu.threads(dy.len());
        let reads = [terms.values, vec![y, dy]].concat();
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
