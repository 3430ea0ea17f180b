//! WebGPU kernels of pooling: a thread per column.

use super::{Pool, PoolRule};
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// 0 mean, 1 max, 2 sum.
        rule: u32,
        /// Input.
        x: Address,
        /// Which steps count; nowhere: all.
        mask: Address,
        /// Output.
        y: Address,
        /// Steps.
        length: usize,
        /// Numbers per step.
        per_row: usize,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x.
        dx: Address,
        /// Whether to add to it.
        accumulate: bool,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("pool"), Record::FIELDS);

impl Pool {
    fn record(&self, gpu: &mut GpuCompiler<'_>, reads: &mut Vec<Place>) -> Record {
        let rule = match self.rule {
            PoolRule::Mean => 0,
            PoolRule::Max => 1,
            PoolRule::Sum => 2,
        };
        let mask = gpu.mask(self.mask, reads);
        let [x, y] = gpu.values_of([self.x, self.y]).map(|place| place.at());
        Record {
            rule,
            x,
            mask,
            y,
            length: self.length,
            per_row: self.width,
            ..Record::default()
        }
    }
}

impl GpuOperation for Pool {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, y] = gpu.values_of([self.x, self.y]);
        let mut reads = vec![x];
        let record = self.record(gpu, &mut reads);
        let groups = gpu.threads(y.len());
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, reads, vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let dy = gpu.gradient(self.y);
        let (dx, accumulate) = gpu.claim(self.x);
        let mut reads = Vec::from(gpu.values_of([self.x, self.y]));
        reads.extend([dy.clone(), dx.clone()]);
        let record = Record {
            dy: dy.at(),
            dx: dx.at(),
            accumulate,
            ..self.record(gpu, &mut reads)
        };
        let groups = gpu.threads(dy.len());
        gpu.push(Kernel::new(&SHADER, "backward"), &record, groups, reads, vec![dx]);
        Ok(())
    }
}
