//! The state of the training of a run, and its serialised form.
//!
//! Parameters and running statistics are the model's; everything else that a step changes is here. Nothing random is kept: every
//! draw (order of rows, dropout, noise, a method's own) is a function of the seed and the number of the step or epoch.

use mtl_balance::{Balancer, BalancerState, Setup};
use mtl_program::optimizers::Optimizer;
use serde::{Deserialize, Serialize};

use crate::error::StateProblem;
use crate::stopping::Stopping;

/// A loss this many times the first one (or this many times 1, if that is more) counts as divergence.
const DIVERGENCE_FACTOR: f32 = 1e4;
/// A state whose losses are above the first ones (or 1, if that is more) by more than this factor is not kept as a good one.
const GOOD_FACTOR: f32 = 2.0;

/// The state that a step changes beside the parameters.
#[derive(Clone, Debug)]
pub(crate) struct RunState {
    /// Moments of the gradients, with their own count of steps.
    pub(crate) optimizer: Optimizer,
    /// What the balancing method has learned.
    pub(crate) balancer: Balancer,
    /// Steps done.
    pub(crate) step: u64,
    /// The first loss of each task: later ones are measured by it.
    first_losses: Vec<Option<f32>>,
    /// Sum and number of the losses of each task since the epoch began.
    epoch_losses: Vec<(f64, u64)>,
    /// Means of an epoch that has ended; working memory.
    epoch_means: Vec<f64>,
}

impl RunState {
    /// The state before the first step.
    pub(crate) fn new(optimizer: Optimizer, balancer: Balancer) -> Self {
        let n_tasks = balancer.n_tasks();
        Self {
            optimizer,
            balancer,
            step: 0,
            first_losses: vec![None; n_tasks],
            epoch_losses: vec![(0.0, 0); n_tasks],
            epoch_means: vec![0.0; n_tasks],
        }
    }

    /// Whether a loss is finite and not far above the first one of its task.
    pub(super) fn accepts_loss(&mut self, task_idx: usize, loss: f32) -> bool {
        let first = *self.first_losses[task_idx].get_or_insert(loss);
        loss.is_finite() && loss <= DIVERGENCE_FACTOR * first.max(1.0)
    }

    /// Whether the losses of a step are not far above the first ones.
    pub(super) fn is_good(&self, losses: &[f32], labelled_rows: &[usize]) -> bool {
        let mut tasks = self.first_losses.iter().zip(losses.iter().zip(labelled_rows));
        tasks.all(|(first, (loss, n_rows))| {
            *n_rows == 0 || *loss <= GOOD_FACTOR * first.unwrap_or_default().max(1.0)
        })
    }

    /// Copies another state of the same run into this one; the moments into the buffers that are there.
    pub(super) fn copy_from(&mut self, other: &Self) {
        if (self
            .optimizer
            .restore(other.optimizer.step(), other.optimizer.slots()))
        .is_err()
            || self.optimizer.config() != other.optimizer.config()
        {
            self.optimizer = other.optimizer.clone();
        }
        self.balancer.clone_from(&other.balancer);
        self.step = other.step;
        self.first_losses.clone_from(&other.first_losses);
        self.epoch_losses.clone_from(&other.epoch_losses);
    }

    /// Goes back to an earlier state. The optimizer and the balancing method may have other settings since: where those keep another
    /// state, it starts afresh.
    pub(super) fn go_back_to(&mut self, earlier: &Self, n_parameters: usize, setup: &Setup) {
        let (config, options) = (self.balancer.config().clone(), self.balancer.options().clone());
        let mut new = Self::new(
            Optimizer::new(self.optimizer.config(), n_parameters),
            Balancer::new(&config, &options, setup),
        );
        let _ = new
            .optimizer
            .restore(earlier.optimizer.step(), earlier.optimizer.slots());
        let _ = new.balancer.restore(&earlier.balancer.state());
        new.step = earlier.step;
        new.first_losses.clone_from(&earlier.first_losses);
        new.epoch_losses.clone_from(&earlier.epoch_losses);
        *self = new;
    }

    pub(super) fn add_losses(&mut self, losses: &[f32], labelled_rows: &[usize]) {
        for ((sum, n), (loss, n_rows)) in self.epoch_losses.iter_mut().zip(losses.iter().zip(labelled_rows)) {
            if *n_rows > 0 {
                *sum += f64::from(*loss);
                *n += 1;
            }
        }
    }

    /// Passes the mean losses of the epoch to the balancer.
    pub(super) fn end_epoch(&mut self) {
        for (mean, (sum, n)) in self.epoch_means.iter_mut().zip(&mut self.epoch_losses) {
            *mean = if *n > 0 { *sum / *n as f64 } else { f64::NAN };
            (*sum, *n) = (0.0, 0);
        }
        self.balancer.end_epoch(&self.epoch_means);
    }

    /// Whether the optimizer or the balancing method keeps anything from step to step.
    pub(crate) fn has_learned_state(&self) -> bool {
        let learned = self.balancer.state();
        !self.optimizer.slots().is_empty() || !learned.slots.is_empty() || !learned.rows.is_empty()
    }

    /// The state as data: a description, and its numbers as little-endian bytes (see [`SavedState`]).
    pub(crate) fn save(&self, stopping: &Stopping) -> (SavedState, Vec<u8>) {
        let BalancerState {
            method,
            epochs,
            slots,
            rows,
        } = self.balancer.state();
        let saved = SavedState {
            optimizer: SavedOptimizer {
                method: self.optimizer.config().key().to_owned(),
                steps: self.optimizer.step(),
                slots: self.optimizer.slots().len(),
            },
            balancer: SavedBalancer {
                method,
                epochs,
                slots: slots.iter().map(Vec::len).collect(),
                rows: rows.len(),
            },
            first_losses: self
                .first_losses
                .iter()
                .map(|loss| loss.filter(|loss| loss.is_finite()))
                .collect(),
            epoch_losses: self.epoch_losses.clone(),
            stopping: stopping.clone(),
        };
        let moments = self.optimizer.slots().iter().flatten().chain(&rows);
        let mut bytes: Vec<u8> = moments.flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend(slots.iter().flatten().flat_map(|number| number.to_le_bytes()));
        (saved, bytes)
    }

    /// Restores what [`RunState::save`] returned; on an error nothing changes. `order` gives the positions of the parameters' numbers in
    /// each of the optimizer's slots.
    pub(crate) fn restore(
        &mut self,
        saved: &SavedState,
        bytes: &[u8],
        order: &Order,
        step: u64,
    ) -> Result<(), StateProblem> {
        let n_parameters = self.optimizer.slots().first().map_or(0, Vec::len);
        let n_tasks = self.first_losses.len();
        for got in [saved.first_losses.len(), saved.epoch_losses.len()] {
            if got != n_tasks {
                return Err(StateProblem::Tasks {
                    expected: n_tasks,
                    got,
                });
            }
        }
        let expected = self.optimizer.config().key();
        if saved.optimizer.method != expected {
            let got = saved.optimizer.method.clone();
            return Err(StateProblem::Optimizer { expected, got });
        }
        let n_slots = saved.optimizer.slots;
        let n_moments = n_slots.saturating_mul(n_parameters);
        let n_learned = saved
            .balancer
            .slots
            .iter()
            .fold(0_usize, |sum, n| sum.saturating_add(*n));
        let expected = n_moments
            .saturating_add(saved.balancer.rows)
            .saturating_mul(4)
            .saturating_add(n_learned.saturating_mul(8));
        if bytes.len() != expected {
            let got = bytes.len();
            return Err(StateProblem::Bytes { expected, got });
        }
        let (moments, rest) = bytes.split_at(4 * n_moments);
        let (rows, learned) = rest.split_at(4 * saved.balancer.rows);
        if !order.is_own && saved.balancer.rows > 0 {
            return Err(StateProblem::Order);
        }
        let mut slots = vec![vec![0.0; n_parameters]; n_slots];
        for (slot, bytes) in slots
            .iter_mut()
            .zip(moments.chunks_exact((4 * n_parameters).max(1)))
        {
            for (to, from) in &order.ranges {
                let numbers = floats(&bytes[4 * from..4 * (from + to.len())]);
                slot[to.clone()]
                    .iter_mut()
                    .zip(numbers)
                    .for_each(|(to, number)| *to = number);
            }
        }
        let mut learned = learned
            .chunks_exact(8)
            .filter_map(|bytes| bytes.try_into().ok().map(f64::from_le_bytes));
        let balancer = BalancerState {
            method: saved.balancer.method.clone(),
            epochs: saved.balancer.epochs,
            slots: saved
                .balancer
                .slots
                .iter()
                .map(|n| learned.by_ref().take(*n).collect())
                .collect(),
            rows: floats(rows).collect(),
        };
        let is_finite = slots
            .iter()
            .flatten()
            .chain(&balancer.rows)
            .all(|number| number.is_finite())
            && balancer.slots.iter().flatten().all(|number| number.is_finite());
        if !is_finite {
            return Err(StateProblem::NotFinite);
        }
        let mut new = self.clone();
        new.balancer
            .restore(&balancer)
            .map_err(StateProblem::BalancerState)?;
        new.optimizer
            .restore(saved.optimizer.steps, &slots)
            .map_err(StateProblem::OptimizerState)?;
        new.first_losses.clone_from(&saved.first_losses);
        new.epoch_losses.clone_from(&saved.epoch_losses);
        new.step = step;
        *self = new;
        Ok(())
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes
        .chunks_exact(4)
        .map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
}

/// Where the parameters of a snapshot stand in the run's own order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Order {
    /// Each parameter's place in the run, and where it starts in the snapshot, in numbers.
    pub(crate) ranges: Vec<(std::ops::Range<usize>, usize)>,
    /// Whether the order is the run's own.
    pub(crate) is_own: bool,
}

/// Everything beside parameters and running statistics that a run needs to go on with the same bits. Its numbers travel as
/// bytes, little endian: the optimizer's slots (f32, in the order of the parameters), the gradients that the balancing method
/// keeps (f32), and what the method has learned (f64).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedState {
    /// The optimizer.
    pub optimizer: SavedOptimizer,
    /// The balancing method.
    pub balancer: SavedBalancer,
    /// The first loss of each task.
    pub first_losses: Vec<Option<f32>>,
    /// Sum and number of the losses of each task since the epoch began.
    pub epoch_losses: Vec<(f64, u64)>,
    /// State of early stopping.
    pub stopping: Stopping,
}

/// The description of an optimizer's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedOptimizer {
    /// Key of the optimizer.
    pub method: String,
    /// Steps that it has made.
    pub steps: u64,
    /// How many numbers it keeps for each parameter.
    pub slots: usize,
}

/// The description of what a balancing method has learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedBalancer {
    /// Key of the method.
    pub method: String,
    /// Epochs that have ended under it.
    pub epochs: u64,
    /// The length of each of its vectors.
    pub slots: Vec<usize>,
    /// How many numbers the gradients have that it keeps.
    pub rows: usize,
}
