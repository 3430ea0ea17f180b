//! WebGPU kernels of attention pooling: a team per row.

use super::AttentionPool;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Place, Shader, gpu_record, rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// s.
        scores: Address,
        /// Which steps count; nowhere: all.
        mask: Address,
        /// Output.
        y: Address,
        /// w.
        weights: Address,
        /// Steps.
        length: usize,
        /// Numbers per step.
        width: usize,
        /// Rows per row of the batch: 1.
        steps: usize,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x; nowhere: not wanted.
        dx: Address,
        /// Whether to add to it.
        accumulate_x: bool,
        /// Gradient of s; nowhere: not wanted.
        d_scores: Address,
        /// Whether to add to it.
        accumulate_scores: bool,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), rows("backward")],
    ..Shader::by_rows(wgsl!("attention_pool"), Record::FIELDS)
};

impl AttentionPool {
    fn record(&self, gpu: &mut GpuCompiler<'_>, reads: &mut Vec<Place>) -> Record {
        let mask = gpu.mask(self.mask, reads);
        let [x, scores, y, weights] = gpu
            .values_of([self.x, self.scores, self.y, self.weights])
            .map(|place| place.at());
        let (length, width) = (self.length, self.width);
        Record {
            x,
            scores,
            mask,
            y,
            weights,
            length,
            width,
            steps: 1,
            ..Record::default()
        }
    }

    fn lanes(&self, gpu: &GpuCompiler<'_>) -> u32 {
        gpu.lanes(self.length * self.width)
    }
}

impl GpuOperation for AttentionPool {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let mut reads = Vec::from(gpu.values_of([self.x, self.scores]));
        let record = self.record(gpu, &mut reads);
        let writes = Vec::from(gpu.values_of([self.y, self.weights]));
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", 1, self.lanes(gpu));
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let dy = gpu.gradient(self.y);
        let mut reads = vec![dy.clone()];
        reads.extend(gpu.values_of([self.x, self.y, self.weights]));
        let mut record = self.record(gpu, &mut reads);
        let mut writes = Vec::new();
        record.dy = dy.at();
        (record.dx, record.accumulate_x) = gpu.claim_wanted(self.x, &mut writes);
        (record.d_scores, record.accumulate_scores) = gpu.claim_wanted(self.scores, &mut writes);
        let (kernel, groups) = gpu.by_rows(&SHADER, "backward", 1, self.lanes(gpu));
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }
}
