//! WebGPU kernels of the pairwise interaction: a team per row, and a thread per number for the gradients.

use super::Interaction;
use crate::operation::gpu::{
    ALONE, Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, Terms, each_step,
    gpu_record, rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Output; backward: its gradient.
        y: Address,
        /// Rows per row of the batch; backward: threads per row.
        steps: usize,
        /// List of vectors: place, gradient, whether to add.
        terms: Address,
        /// Number of vectors.
        n_terms: usize,
        /// Σ v.
        sums: Address,
        /// Numbers per vector.
        width: usize,
        /// Whether the elements are summed.
        summed: bool,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), each_step("backward")],
    ..Shader::by_rows(wgsl!("interaction"), Record::FIELDS)
};

impl Interaction {
    fn record(&self, gpu: &mut GpuCompiler<'_>, y: &Place, steps: usize, terms: &Terms) -> Record {
        Record {
            y: y.at(),
            steps,
            terms: terms.list,
            n_terms: terms.n,
            sums: gpu.value(self.sums).at(),
            width: self.width,
            summed: self.summed,
        }
    }
}

impl GpuOperation for Interaction {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.terms, false);
        let [y, sums] = gpu.values_of([self.y, self.sums]);
        let record = self.record(gpu, &y, 1, &terms);
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", 1, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, terms.values, vec![y, sums]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.terms, true);
        let dy = gpu.gradient(self.y);
        let record = self.record(gpu, &dy, self.width, &terms);
        let groups = gpu.threads(gpu.max_rows * self.width);
        let reads = [terms.values, vec![dy, gpu.value(self.sums)]].concat();
        gpu.push(
            Kernel::sized(&SHADER, "backward", ALONE),
            &record,
            groups,
            reads,
            terms.gradients,
        );
        Ok(())
    }
}
