//! WebGPU kernels of the scaling to length 1: a team per step.

use super::UnitNorm;
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
        /// Steps per row of the batch.
        steps: usize,
        /// Numbers per step.
        width: usize,
        /// 1 over the length, negative where that is below the smallest.
        inverse: Address,
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
    ..Shader::by_rows(wgsl!("unit_norm"), Record::FIELDS)
};

impl UnitNorm {
    fn record(&self, gpu: &mut GpuCompiler<'_>) -> Record {
        let [x, y, inverse] = gpu
            .values_of([self.x, self.y, self.inverse])
            .map(|place| place.at());
        let steps = gpu.per_row(self.y) / self.width;
        Record {
            x,
            y,
            steps,
            width: self.width,
            inverse,
            ..Record::default()
        }
    }
}

impl GpuOperation for UnitNorm {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let record = self.record(gpu);
        let [x, y, inverse] = gpu.values_of([self.x, self.y, self.inverse]);
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", record.steps, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, vec![x], vec![y, inverse]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let ([y, inverse], dy) = (gpu.values_of([self.y, self.inverse]), gpu.gradient(self.y));
        let (dx, accumulate) = gpu.claim(self.x);
        let record = Record {
            dy: dy.at(),
            dx: dx.at(),
            accumulate,
            ..self.record(gpu)
        };
        let (kernel, groups) = gpu.by_rows(&SHADER, "backward", record.steps, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, vec![y, inverse, dy], vec![dx]);
        Ok(())
    }
}
