//! WebGPU kernel of the noise: a thread per number. The gradient is that of a `sum` of one term.

use super::Noise;
use crate::{
    operation::gpu::{
        Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, each, gpu_record, wgsl,
    },
    ops::sum,
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// Input.
        x: Address,
        /// Output.
        y: Address,
        /// Numbers per row.
        per_row: usize,
        /// σ.
        deviation: f32,
        /// Word of the step where the key of the draws is.
        key: u32,
    }
}

static SHADER: Shader = Shader {
    entries: &[each("forward")],
    ..Shader::plain(wgsl!("noise"), Record::FIELDS)
};

impl GpuOperation for Noise {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];
    const DRAWS: bool = true;

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, y] = gpu.values_of([self.x, self.y]);
        let record = Record {
            x: x.at(),
            y: y.at(),
            per_row: gpu.per_row(self.y),
            deviation: self.deviation,
            key: gpu.key(self.stream),
        };
        let groups = gpu.threads(y.len());
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, vec![x], vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        sum::gpu::backward(gpu, self.y, &[(self.x, 1.0)]);
        Ok(())
    }
}
