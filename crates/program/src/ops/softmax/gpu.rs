//! WebGPU kernels of the softmax: a team per row.

use super::Softmax;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Shader, gpu_record, rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// Output.
        y: Address,
        /// Rows per row of the batch.
        steps: usize,
        /// Numbers per row.
        width: usize,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x.
        dx: Address,
        /// Whether to add to it.
        accumulate: bool,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), rows("backward")],
    ..Shader::by_rows(wgsl!("softmax"), Record::FIELDS)
};

impl Softmax {
    fn record(&self, gpu: &mut GpuCompiler<'_>) -> Record {
        let [x, y] = gpu.values_of([self.x, self.y]);
        Record {
            x: x.at(),
            y: y.at(),
            steps: self.steps,
            width: self.width,
            ..Record::default()
        }
    }
}

impl GpuOperation for Softmax {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let record = self.record(gpu);
        let [x, y] = gpu.values_of([self.x, self.y]);
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", self.steps, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, vec![x], vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let (y, dy) = (gpu.value(self.y), gpu.gradient(self.y));
        let (dx, accumulate) = gpu.claim(self.x);
        let record = Record {
            dy: dy.at(),
            dx: dx.at(),
            accumulate,
            ..self.record(gpu)
        };
        let (kernel, groups) = gpu.by_rows(&SHADER, "backward", self.steps, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, vec![y, dy], vec![dx]);
        Ok(())
    }
}
