//! WebGPU kernel of the squared error: a thread per row.

use super::SquaredLoss;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, each, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// z.
        logits: Address,
        /// Word of the step that says where the targets start.
        targets: u32,
        /// Position of the task.
        task: usize,
        /// Losses per row, then scores per row.
        rows: Address,
        /// Rows of the largest batch.
        max_rows: usize,
        /// Gradient of z; nowhere: not wanted.
        dz: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// Threads per row: 1.
        per_row: usize,
    }
}

static SHADER: Shader = Shader {
    entries: &[each("forward")],
    ..Shader::plain(wgsl!("squared_loss"), Record::FIELDS)
};

impl GpuOperation for SquaredLoss {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let loss = gpu.loss(self.task_idx, self.logits);
        let z = gpu.value(self.logits);
        let record = Record {
            logits: z.at(),
            targets: gpu.words.targets(self.task_idx),
            task: self.task_idx,
            rows: loss.rows.at(),
            max_rows: gpu.max_rows,
            dz: loss.d_logits,
            accumulate: loss.accumulate,
            per_row: 1,
        };
        let run = (Kernel::new(&SHADER, "forward"), gpu.threads(gpu.max_rows));
        gpu.push_loss(loss, run, &record, vec![z], vec![]);
        Ok(())
    }

    /// Its forward starts the gradient.
    fn backward(&self, _gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        Ok(())
    }
}
