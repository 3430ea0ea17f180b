//! Early stopping: the run ends after a number of evaluations of the validation rows without improvement.

use mtl_engine::metrics::Direction;
use serde::{Deserialize, Serialize};

use crate::protocol::{Evaluation, StopCondition, Watch};

/// State of early stopping between evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    #[serde(with = "mtl_base::numbers")]
    best: Option<f64>,
    n_without_improvement: u32,
}

impl Stopping {
    /// Records an evaluation of the validation rows; true when the run should end. `task_idx` is the index of the watched task;
    /// `weights` are the loss weights.
    pub(crate) fn observe(
        &mut self,
        condition: &StopCondition,
        evaluation: &Evaluation,
        task_idx: Option<usize>,
        weights: &[f32],
    ) -> bool {
        if condition.patience == 0 {
            *self = Self::default();
            return false;
        }
        let Some(value) = watched(&condition.watch, evaluation, task_idx, weights) else {
            return false;
        };
        // Negated where needed, so that more is better.
        let value = if lower_is_better(&condition.watch) {
            -value
        } else {
            value
        };
        if self.best.is_none_or(|best| value > best + condition.min_delta) {
            self.best = Some(value);
            self.n_without_improvement = 0;
        } else {
            self.n_without_improvement += 1;
        }
        self.n_without_improvement >= condition.patience
    }
}

fn lower_is_better(watch: &Watch) -> bool {
    match watch {
        Watch::Loss(_) => true,
        Watch::Metric(watched) => watched.metric.direction() == Direction::LowerIsBetter,
    }
}

fn watched(watch: &Watch, evaluation: &Evaluation, task_idx: Option<usize>, weights: &[f32]) -> Option<f64> {
    match watch {
        Watch::Loss(_) => weighted_mean_loss(&evaluation.losses, weights),
        Watch::Metric(watched) => evaluation.tasks.get(task_idx?)?.get(watched.metric),
    }
}

/// Σ w L / Σ w over the tasks that have a loss; none when there is none.
pub(crate) fn weighted_mean_loss(losses: &[Option<f64>], weights: &[f32]) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (loss, weight) in losses.iter().zip(weights) {
        if let Some(loss) = loss {
            sum += loss * f64::from(*weight);
            total += f64::from(*weight);
        }
    }
    (total > 0.0).then(|| sum / total)
}
