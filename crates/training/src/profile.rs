//! Profile of a training step: time per op, forward and backward, and of the stages before and after.
//!
//! The next steps of the run are made, as in training, and every part is timed with the clock that is passed in; then the state
//! before them is restored. A browser's clock is coarse (0.1 ms), so that a part is often read as 0 and sometimes as
//! too much; over many steps the sums are right, as the parts fall on the clock's ticks by chance. Ordinary steps know
//! nothing of it.

use serde::{Deserialize, Serialize};

use crate::step::{OpTime, Profile};
use crate::{RunError, Session};

/// Time for which steps are made.
const BUDGET_MS: f64 = 400.0;
/// Most steps.
const MAX_STEPS: u64 = 400;
/// Fewest steps.
const MIN_STEPS: u64 = 3;

/// Mean times of one training step, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepProfile {
    /// Number of steps that were timed.
    pub n_steps: u64,
    /// Mean number of rows of a step.
    pub n_rows: usize,
    /// Copying the rows into the batch.
    pub batch_ms: f64,
    /// Mean times of every op, in the order in which they run forward.
    pub ops: Vec<OpTime>,
    /// Weights of the tasks, and combination of their gradients.
    #[serde(default)]
    pub balance_ms: f64,
    /// Clearing the gradients, regularisers, clipping, optimizer.
    pub update_ms: f64,
}

impl StepProfile {
    /// All of it, in milliseconds.
    pub fn total_ms(&self) -> f64 {
        let ops = self.ops.iter().map(|op| op.forward_ms + op.backward_ms);
        self.batch_ms + ops.sum::<f64>() + self.balance_ms + self.update_ms
    }
}

impl Session {
    /// Times steps of the run for about half a second; `clock` gives milliseconds from any start.
    ///
    /// # Errors
    /// When nothing can be trained, or the run diverges in the first of these steps.
    pub fn profile_step(&mut self, clock: &dyn Fn() -> f64) -> Result<StepProfile, RunError> {
        let run = self.training()?;
        let before = run.trainer.keep();
        let mut times = Profile::new(run.model());
        let mut n_rows = 0;
        let started_ms = clock();
        let mut outcome = Ok(());
        loop {
            match run.train_step_observed(&mut times.observe(clock)) {
                Ok(n) => n_rows += n,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            let is_long_enough = clock() - started_ms >= BUDGET_MS && times.n_steps >= MIN_STEPS;
            if is_long_enough || times.n_steps >= MAX_STEPS {
                break;
            }
        }
        run.trainer.put_back(before);
        if times.n_steps == 0 {
            outcome?;
        }
        let per_step = 1.0 / times.n_steps.max(1) as f64;
        Ok(StepProfile {
            n_steps: times.n_steps,
            n_rows: (n_rows as f64 * per_step).round() as usize,
            batch_ms: times.rows_ms * per_step,
            ops: times
                .ops
                .into_iter()
                .map(|op| OpTime {
                    forward_ms: op.forward_ms * per_step,
                    backward_ms: op.backward_ms * per_step,
                    ..op
                })
                .collect(),
            balance_ms: times.balance_ms * per_step,
            update_ms: (times.between_ms + times.update_ms) * per_step,
        })
    }
}
