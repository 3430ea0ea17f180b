//! WebGPU kernels of the mixture of experts: a thread per number of the output, or of a gradient.

use super::Mixture;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, Terms, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// The gate.
        weights: Address,
        /// Output; backward: its gradient.
        y: Address,
        /// Numbers per expert.
        width: usize,
        /// List of experts: place, gradient, whether to add.
        experts: Address,
        /// Number of experts.
        n_experts: usize,
        /// Gradient of the gate; nowhere: not wanted.
        d_weights: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// Steps per row of the batch.
        steps: usize,
        /// Threads per row of the batch.
        per_row: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("mixture"), Record::FIELDS);

impl Mixture {
    fn record(&self, gpu: &mut GpuCompiler<'_>, y: &Place, terms: &Terms) -> Record {
        Record {
            weights: gpu.value(self.weights).at(),
            y: y.at(),
            width: self.width,
            experts: terms.list,
            n_experts: terms.n,
            steps: self.steps,
            ..Record::default()
        }
    }
}

impl GpuOperation for Mixture {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.experts, false);
        let y = gpu.value(self.y);
        let record = Record {
            per_row: self.steps * self.width,
            ..self.record(gpu, &y, &terms)
        };
        let groups = gpu.threads(y.len());
        let reads = [terms.values, vec![gpu.value(self.weights)]].concat();
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, reads, vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let terms = gpu.terms(&self.experts, true);
        let dy = gpu.gradient(self.y);
        let mut writes = terms.gradients.clone();
        let (d_weights, accumulate) = gpu.claim_wanted(self.weights, &mut writes);
        let n_weights = if d_weights == Address::NOWHERE {
            0
        } else {
            self.experts.len()
        };
        let per_row = self.steps * (self.width + n_weights);
        let record = Record {
            d_weights,
            accumulate,
            per_row,
            ..self.record(gpu, &dy, &terms)
        };
        let groups = gpu.threads(gpu.max_rows * per_row);
        let reads = [terms.values, vec![dy, gpu.value(self.weights)]].concat();
        gpu.push(Kernel::new(&SHADER, "backward"), &record, groups, reads, writes);
        Ok(())
    }
}
