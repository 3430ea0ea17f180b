//! Where a training step goes: time per op, forward and backward, and of what comes before and after.
//!
//! Whole steps are made, as in training, on rows of the training split, and every part is timed with the clock that is
//! passed in. A browser's clock is coarse (0.1 ms), so that a part is often read as 0 and sometimes as too much; over many
//! steps the sums are right, as the parts fall on the clock's ticks by chance. Parameters are as before afterwards (also
//! the running statistics of a batch normalisation), and ordinary steps know nothing of it.

use mtl_engine::design::NodeId;
use mtl_engine::model::Mode;
use mtl_engine::optimizers::Optimizer;
use serde::{Deserialize, Serialize};

use crate::run::TrainingRun;
use crate::{RunError, Session};

/// Steps are made for so long, in milliseconds, but
const BUDGET_MS: f64 = 400.0;
/// no more of them than this, and
const MAX_STEPS: u32 = 400;
/// at least so many.
const MIN_STEPS: u32 = 3;

/// Mean times of one training step, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepProfile {
    /// Steps that were timed.
    pub n_steps: u32,
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
        let n_ops = run.model.n_ops();
        let mut profile = StepProfile {
            n_steps: 0,
            n_rows,
            batch_ms: 0.0,
            ops: (0..n_ops)
                .map(|op_idx| {
                    let (op, node) = run.model.op(op_idx);
                    OpTime {
                        op: op.to_owned(),
                        node,
                        forward_ms: 0.0,
                        backward_ms: 0.0,
                    }
                })
                .collect(),
            update_ms: 0.0,
        };
        let started_ms = clock();
        let mut last_ms = started_ms;
        let mut lap = || {
            let now_ms = clock();
            let passed_ms = now_ms - last_ms;
            last_ms = now_ms;
            passed_ms.max(0.0)
        };
        loop {
            let step = run.step;
            lap();
            run.columns.fill(&mut run.model, &data.prepared, &rows);
            profile.batch_ms += lap();
            forward(run, step, &mut profile.ops, &mut lap);
            profile.update_ms += backward(run, &mut profile.ops, &mut lap);
            run.model.add_penalty_gradients();
            let (values, gradients) = run.model.values_and_gradients();
            settings.clipping.apply(gradients, &trainable);
            // A rate of 0 costs the same and moves nothing.
            optimizer.apply_ranges(&trainable, values, gradients, 0.0);
            profile.update_ms += lap();
            profile.n_steps += 1;
            let is_long_enough = clock() - started_ms >= BUDGET_MS && profile.n_steps >= MIN_STEPS;
            if is_long_enough || profile.n_steps >= MAX_STEPS {
                break;
            }
        }
        run.model.values_mut().copy_from_slice(&before);
        let per_step = 1.0 / f64::from(profile.n_steps);
        profile.batch_ms *= per_step;
        profile.update_ms *= per_step;
        for op in &mut profile.ops {
            op.forward_ms *= per_step;
            op.backward_ms *= per_step;
        }
        Ok(profile)
    }
}

fn forward(run: &mut TrainingRun, step: u64, ops: &mut [OpTime], lap: &mut impl FnMut() -> f64) {
    run.model.begin_forward(Mode::Train { step });
    for (op_idx, op) in ops.iter_mut().enumerate() {
        run.model.forward_ops(op_idx..op_idx + 1);
        op.forward_ms += lap();
    }
}

/// Gives the time that making room for the gradients took.
fn backward(run: &mut TrainingRun, ops: &mut [OpTime], lap: &mut impl FnMut() -> f64) -> f64 {
    run.model.begin_backward();
    let cleared_ms = lap();
    for (op_idx, op) in ops.iter_mut().enumerate().rev() {
        run.model.backward_ops(op_idx..op_idx + 1, &run.weights);
        op.backward_ms += lap();
    }
    run.model.end_backward();
    cleared_ms
}
