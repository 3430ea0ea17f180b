//! WebGPU kernels of layer normalisation: a team per step, and one per 16 columns for the parameters.

use super::LayerNorm;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Shader, by_columns, gpu_record, rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// Output.
        y: Address,
        /// Steps per row of the batch.
        steps: usize,
        /// Numbers per step.
        width: usize,
        /// γ.
        gamma: Address,
        /// β.
        beta: Address,
        /// n.
        normalized: Address,
        /// 1 / √(var + ε), one per step.
        inverse: Address,
        /// ε.
        epsilon: f32,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x.
        dx: Address,
        /// Whether to add to the gradient that the kernel writes.
        accumulate: bool,
        /// Gradient of γ.
        d_gamma: Address,
        /// Gradient of β.
        d_beta: Address,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), rows("backward"), by_columns("parameters")],
    ..Shader::by_rows(wgsl!("layer_norm"), Record::FIELDS)
};

impl LayerNorm {
    fn record(&self, gpu: &mut GpuCompiler<'_>) -> Record {
        let [x, y, normalized, inverse] = gpu
            .values_of([self.x, self.y, self.normalized, self.inverse])
            .map(|place| place.at());
        Record {
            x,
            y,
            steps: self.steps,
            width: self.width,
            gamma: gpu.parameter(self.gamma).at(),
            beta: gpu.parameter(self.beta).at(),
            normalized,
            inverse,
            epsilon: self.epsilon,
            ..Record::default()
        }
    }
}

impl GpuOperation for LayerNorm {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let record = self.record(gpu);
        let [x, y, normalized, inverse] = gpu.values_of([self.x, self.y, self.normalized, self.inverse]);
        let reads = vec![x, gpu.parameter(self.gamma), gpu.parameter(self.beta)];
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", self.steps, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, reads, vec![y, normalized, inverse]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let dy = gpu.gradient(self.y);
        let record = Record {
            dy: dy.at(),
            ..self.record(gpu)
        };
        let [normalized, inverse] = gpu.values_of([self.normalized, self.inverse]);
        let reads = vec![dy, normalized, inverse, gpu.parameter(self.gamma)];
        if gpu.trains(self.gamma) {
            let (d_gamma, accumulate) = gpu.claim_parameter(self.gamma);
            let (d_beta, _) = gpu.claim_parameter(self.beta);
            let record = Record {
                accumulate,
                d_gamma: d_gamma.at(),
                d_beta: d_beta.at(),
                ..record
            };
            let (kernel, groups) = (gpu.team(&SHADER, "parameters", 64), gpu.columns(self.width));
            gpu.push(kernel, &record, groups, reads.clone(), vec![d_gamma, d_beta]);
        }
        if gpu.wants(self.x) {
            let (dx, accumulate) = gpu.claim(self.x);
            let record = Record {
                dx: dx.at(),
                accumulate,
                ..record
            };
            let (kernel, groups) = gpu.by_rows(&SHADER, "backward", self.steps, gpu.lanes(self.width));
            gpu.push(kernel, &record, groups, reads, vec![dx]);
        }
        Ok(())
    }
}
