//! WebGPU kernel of the ordinal loss: one team, since a threshold's gradient is a sum over the rows.

use super::OrdinalLoss;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// s.
        scores: Address,
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
        /// Gradient of s; nowhere: not wanted.
        ds: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// θ_0, d_1, d_2, ….
        thresholds: Address,
        /// θ and dθ.
        cuts: Address,
        /// Gradient of the thresholds; nowhere: not wanted.
        d_thresholds: Address,
        /// Whether to add to it.
        accumulate_thresholds: bool,
        /// Per row: the class, and the derivatives by the cuts below and above it.
        by_cuts: Address,
    }
}

static SHADER: Shader = Shader::by_teams(wgsl!("ordinal_loss"), Record::FIELDS);

impl GpuOperation for OrdinalLoss {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let loss = gpu.loss(self.task_idx, self.logits);
        let [scores, p, cuts] = gpu.values_of([self.logits, self.probabilities, self.cuts]);
        let thresholds = gpu.parameter(self.thresholds);
        let by_cuts = gpu.scratch(3 * gpu.max_rows);
        let mut record = Record {
            scores: scores.at(),
            probabilities: p.at(),
            targets: gpu.words.targets(self.task_idx),
            task: self.task_idx,
            n_classes: self.n_classes,
            weights: gpu.class_weights(&self.class_weights, self.n_classes),
            rows: loss.rows.at(),
            max_rows: gpu.max_rows,
            ds: loss.d_logits,
            accumulate: loss.accumulate,
            thresholds: thresholds.at(),
            cuts: cuts.at(),
            by_cuts: by_cuts.at(),
            ..Record::default()
        };
        let mut writes = vec![p, cuts, by_cuts];
        if gpu.trains(self.thresholds) {
            let (d_thresholds, accumulate) = gpu.claim_parameter(self.thresholds);
            (record.d_thresholds, record.accumulate_thresholds) = (d_thresholds.at(), accumulate);
            writes.push(d_thresholds);
        }
        let run = (gpu.team(&SHADER, "forward", 256), [1, 1]);
        gpu.push_loss(loss, run, &record, vec![scores, thresholds], writes);
        Ok(())
    }

    /// Its forward starts the gradients.
    fn backward(&self, _gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        Ok(())
    }
}
