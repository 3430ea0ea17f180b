//! WebGPU kernels of dropout: a thread per number.

use super::DropoutMask;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input; backward: its gradient.
        x: Address,
        /// Output; backward: its gradient.
        y: Address,
        /// k.
        kept: Address,
        /// Numbers per row.
        per_row: usize,
        /// 24 bits against the rate; 0: nothing is dropped.
        threshold: u32,
        /// 1 / (1 - rate).
        scale: f32,
        /// Word of the step where the key of the draws is.
        key: u32,
        /// Whether to add to the gradient of x.
        accumulate: bool,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("dropout"), Record::FIELDS);

impl DropoutMask {
    fn record(&self, gpu: &GpuCompiler<'_>, x: &Place, y: &Place, kept: &Place) -> Record {
        Record {
            x: x.at(),
            y: y.at(),
            kept: kept.at(),
            per_row: gpu.per_row(self.y),
            threshold: (self.rate * 16_777_216.0) as u32,
            scale: 1.0 / (1.0 - self.rate),
            ..Record::default()
        }
    }
}

impl GpuOperation for DropoutMask {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];
    const DRAWS: bool = true;

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, y, kept] = gpu.values_of([self.x, self.y, self.kept]);
        let record = Record {
            key: gpu.key(self.stream),
            ..self.record(gpu, &x, &y, &kept)
        };
        let groups = gpu.threads(y.len());
        gpu.push(
            Kernel::new(&SHADER, "forward"),
            &record,
            groups,
            vec![x],
            vec![y, kept],
        );
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let (kept, dy) = (gpu.value(self.kept), gpu.gradient(self.y));
        let (dx, accumulate) = gpu.claim(self.x);
        let record = Record {
            accumulate,
            ..self.record(gpu, &dx, &dy, &kept)
        };
        let groups = gpu.threads(dy.len());
        gpu.push(
            Kernel::new(&SHADER, "backward"),
            &record,
            groups,
            vec![kept, dy, dx.clone()],
            vec![dx],
        );
        Ok(())
    }
}
