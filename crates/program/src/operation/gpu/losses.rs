//! What the losses share: a loss writes the losses of its rows and the gradient of its logits in one task; the next one
//! adds the rows up.

use super::{Address, GpuCompiler, GpuRecord, Kernel, Place, Shader, gpu_record, wgsl};
use crate::ids::ValueId;

gpu_record! {
    /// Constants of the mean over the rows.
    struct LossSumRecord {
        /// Losses per row, then scores per row.
        rows: Address,
        /// Rows of the largest batch.
        max_rows: usize,
        /// Position of the task.
        task: usize,
        /// Number of tasks.
        n_tasks: usize,
        /// Where the losses of the steps are kept.
        history: usize,
    }
}

/// The mean of a task's row losses.
pub static LOSS_SUM: Shader = Shader::by_teams(wgsl!("loss_sum"), LossSumRecord::FIELDS);

/// Places of a loss.
pub struct LossTask {
    /// Position of the task.
    pub task_idx: usize,
    /// Losses per row, then scores per row.
    pub rows: Place,
    /// Where the gradient of the logits is; nowhere when it is not wanted.
    pub d_logits: Address,
    /// Whether to add to it.
    pub accumulate: bool,
    gradient: Vec<Place>,
}

impl GpuCompiler<'_> {
    /// Places for the loss of a task.
    pub fn loss(&mut self, task_idx: usize, logits: ValueId) -> LossTask {
        let rows = self.scratch(2 * self.max_rows);
        let mut gradient = Vec::new();
        let (d_logits, accumulate) = self.claim_wanted(logits, &mut gradient);
        LossTask {
            task_idx,
            rows,
            d_logits,
            accumulate,
            gradient,
        }
    }

    /// Adds the task of a loss, which writes `writes` besides its rows and its gradient, and the sum of its rows.
    pub fn push_loss<R: GpuRecord>(
        &mut self,
        loss: LossTask,
        (kernel, groups): (Kernel, [u32; 2]),
        record: &R,
        reads: Vec<Place>,
        mut writes: Vec<Place>,
    ) {
        writes.push(loss.rows.clone());
        writes.extend(loss.gradient);
        self.push(kernel, record, groups, reads, writes);
        let record = LossSumRecord {
            rows: loss.rows.at(),
            max_rows: self.max_rows,
            task: loss.task_idx,
            n_tasks: self.n_tasks,
            history: self.history,
        };
        // What it writes, the place of this step in the history, no task of the step reads.
        let kernel = self.team(&LOSS_SUM, "reduce", 256);
        self.push(kernel, &record, [1, 1], vec![loss.rows], vec![]);
    }

    /// Where the weights of classes are among the constants; nowhere when all are 1.
    pub fn class_weights(&mut self, weights: &[f32], n_classes: usize) -> Address {
        if weights.is_empty() {
            return Address::NOWHERE;
        }
        let weights = weights.iter().copied().chain(std::iter::repeat(1.0));
        self.constants(weights.take(n_classes).map(f32::to_bits))
    }
}
