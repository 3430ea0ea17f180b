//! WebGPU kernel of the cross-entropy over classes: a team per row.

use super::ClassesLoss;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Shader, gpu_record, rows, wgsl,
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// z.
        logits: Address,
        /// p.
        probabilities: Address,
        /// Word of the step that says where the targets start.
        targets: u32,
        /// Position of the task.
        task: usize,
        /// Classes.
        n_classes: usize,
        /// Where among the constants the weights of the classes are; nowhere: 1.
        weights: Address,
        /// Losses per row, then scores per row.
        rows: Address,
        /// Rows of the largest batch.
        max_rows: usize,
        /// Gradient of z; nowhere: not wanted.
        dz: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// Rows per row of the batch: 1.
        steps: usize,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward")],
    ..Shader::by_rows(wgsl!("classes_loss"), Record::FIELDS)
};

impl GpuOperation for ClassesLoss {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let loss = gpu.loss(self.task_idx, self.logits);
        let [z, p] = gpu.values_of([self.logits, self.probabilities]);
        let record = Record {
            logits: z.at(),
            probabilities: p.at(),
            targets: gpu.words.targets(self.task_idx),
            task: self.task_idx,
            n_classes: self.n_classes,
            weights: gpu.class_weights(&self.class_weights, self.n_classes),
            rows: loss.rows.at(),
            max_rows: gpu.max_rows,
            dz: loss.d_logits,
            accumulate: loss.accumulate,
            steps: 1,
        };
        let run = gpu.by_rows(&SHADER, "forward", 1, gpu.lanes(self.n_classes));
        gpu.push_loss(loss, run, &record, vec![z], vec![p]);
        Ok(())
    }

    /// Its forward starts the gradient.
    fn backward(&self, _gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        Ok(())
    }
}
