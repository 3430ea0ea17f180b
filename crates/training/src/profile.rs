//! Where a training step goes: time per op, forward and backward, and of what comes before and after.
//!
//! Whole steps are made, as in training, on rows of the training split, and every part is timed with the clock that is
//! passed in. A browser's clock is coarse (0.1 ms), so that a part is often read as 0 and sometimes as too much; over many
//! steps the sums are right, as the parts fall on the clock's ticks by chance. Parameters are as before afterwards (also
//! the running statistics of a batch normalisation), and ordinary steps know nothing of it.

use mtl_base::NodeId;
use mtl_engine::model::Profile;
use mtl_program::optimizers::Optimizer;
use mtl_program::specs::Mode;
use serde::{Deserialize, Serialize};

use crate::{RunError, Session};

/// Steps are made for so long, in milliseconds, but
const BUDGET_MS: f64 = 400.0;
/// no more of them than this, and
const MAX_STEPS: u64 = 400;
/// at least so many.
const MIN_STEPS: u64 = 3;

/// Mean times of one training step, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepProfile {
    /// Steps that were timed.
    pub n_steps: u64,
    /// Rows of each.
    pub n_rows: usize,
    /// Copying the rows into the batch.
    pub batch_ms: f64,
    /// Every op, in the order in which they run forward.
    pub ops: Vec<OpTime>,
    /// Clearing the gradients, regularisers, clipping, optimizer.
    pub update_ms: f64,
}

/// Mean times of an op in one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpTime {
    /// Kind of op.
    pub op: String,
    /// The layer that it belongs to.
    pub node: NodeId,
    /// Forward.
    pub forward_ms: f64,
    /// Backward.
    pub backward_ms: f64,
}

impl StepProfile {
    /// All of it, in milliseconds.
    pub fn total_ms(&self) -> f64 {
        let ops = self.ops.iter().map(|op| op.forward_ms + op.backward_ms);
        self.batch_ms + ops.sum::<f64>() + self.update_ms
    }
}

impl Session {
    /// Times steps of the run for about half a second; `clock` gives milliseconds from any start.
    ///
    /// # Errors
    /// When nothing can be trained.
    pub fn profile_step(&mut self, clock: &dyn Fn() -> f64) -> Result<StepProfile, RunError> {
        let (data, run, settings) = self.training()?;
        let rows = &data.prepared.splits.train;
        let n_rows = settings.batch_size.min(rows.len());
        let rows: Vec<u32> = rows[..n_rows].to_vec();
        let before = run.model.values().to_vec();
        // One of its own, so that the run's keeps its state.
        let mut optimizer = Optimizer::new(&settings.optimizer, before.len());
        let trainable: Vec<_> = run
            .model
            .parameters()
            .iter()
            .filter(|parameter| parameter.trainable)
            .map(|parameter| parameter.range.clone())
            .collect();
        let mut times = Profile::new(&run.model);
        let mut batch_ms = 0.0;
        let started_ms = clock();
        loop {
            let filled_ms = clock();
            run.columns.fill(run.model.batch_mut(), &data.prepared, &rows);
            batch_ms += clock() - filled_ms;
            let mode = Mode::Train { step: run.step };
            run.model.profile_step(mode, &run.weights, clock, &mut times);
            times.time_optimizer(clock, || {
                let (values, gradients) = run.model.values_and_gradients();
                settings.clipping.apply(gradients, &trainable);
                // A rate of 0 costs the same and moves nothing.
                optimizer.apply_ranges(&trainable, values, gradients, 0.0);
            });
            let is_long_enough = clock() - started_ms >= BUDGET_MS && times.n_steps >= MIN_STEPS;
            if is_long_enough || times.n_steps >= MAX_STEPS {
                break;
            }
        }
        run.model.values_mut().copy_from_slice(&before);
        let per_step = 1.0 / times.n_steps as f64;
        Ok(StepProfile {
            n_steps: times.n_steps,
            n_rows,
            batch_ms: batch_ms * per_step,
            ops: times
                .ops
                .iter()
                .map(|op| OpTime {
                    op: op.op.to_owned(),
                    node: op.node,
                    forward_ms: op.forward_ms * per_step,
                    backward_ms: op.backward_ms * per_step,
                })
                .collect(),
            update_ms: (times.between_ms + times.optimizer_ms) * per_step,
        })
    }
}
