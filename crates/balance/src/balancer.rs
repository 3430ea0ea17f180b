//! The balancer of a run: a method, what it has learned, and room for a step's work.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use mtl_base::text::{Explain, Message};

use crate::methods::BalanceConfig;
use crate::options::{BalanceOptions, Reduction};
use crate::problem::{Memory, Needs, Problem, Scratch, Setup, StepInput, Total};
use crate::rows::Rows;

/// A method with its state. See the [crate's example](crate).
#[derive(Clone, Debug)]
pub struct Balancer {
    config: BalanceConfig,
    options: BalanceOptions,
    setup: Setup,
    memory: Memory,
    epochs: u64,
    current: Current,
    scratch: Scratch,
}

/// The step under way.
#[derive(Clone, Debug)]
struct Current {
    step: u64,
    /// Tasks that take part, and for each of them its loss and weight.
    tasks: Vec<usize>,
    losses: Vec<f64>,
    part: Vec<f64>,
    gram: Vec<f64>,
    scale: f64,
    /// Of all tasks.
    weights: Vec<f64>,
    /// What a person gives each task, and the products of both.
    task_weights: Vec<f64>,
    scaled: Vec<f64>,
    /// What the option of sum or mean multiplies weights by.
    factor: f64,
    objective: f64,
}

/// What a balancer has learned, as a run saves it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BalancerState {
    /// Key of the method.
    pub method: String,
    /// Epochs that have ended.
    pub epochs: u64,
    /// One vector for each of the method's slots.
    pub slots: Vec<Vec<f64>>,
    /// The gradients that it keeps, one row after the other.
    #[serde(default)]
    pub rows: Vec<f32>,
}

/// Why a state was not taken over.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// It was saved by another method.
    #[error("the saved state belongs to the method `{got}`, not to `{expected}`")]
    Method {
        /// The balancer's.
        expected: &'static str,
        /// The state's.
        got: String,
    },
    /// It has another number of values.
    #[error(
        "{method}: vector {slot} of the saved state has {got} numbers, expected {expected}; it belongs to another design"
    )]
    Length {
        /// The method.
        method: &'static str,
        /// Which vector, from 0; the one behind the last slot is the kept gradients.
        slot: usize,
        /// Numbers that this balancer has there.
        expected: usize,
        /// Numbers that came.
        got: usize,
    },
}

impl Explain for StateError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Method { expected, got } => format!("存档属于方法“{got}”，而不是“{expected}”"),
            Self::Length {
                method,
                slot,
                expected,
                got,
            } => {
                format!("{method}：存档的第 {slot} 个向量有 {got} 个数，应为 {expected} 个；它属于另一个设计")
            }
        };
        Message::new(self.to_string(), zh)
    }
}

impl Balancer {
    /// A balancer that has made no step yet.
    pub fn new(config: &BalanceConfig, options: &BalanceOptions, setup: &Setup) -> Self {
        let n = setup.n_tasks();
        let n_kept = if config.keeps_rows() {
            n * setup.n_shared
        } else {
            0
        };
        let slots = config.slots().iter();
        let mut memory = Memory {
            slots: slots.map(|slot| vec![slot.start; slot.shape.len(n)]).collect(),
            rows: vec![0.0; n_kept],
        };
        config.start(setup, &mut memory);
        Self {
            config: config.clone(),
            options: options.clone(),
            setup: setup.clone(),
            memory,
            epochs: 0,
            current: Current {
                step: 0,
                tasks: Vec::with_capacity(n),
                losses: Vec::with_capacity(n),
                part: Vec::with_capacity(n),
                gram: Vec::with_capacity(n * n),
                scale: 1.0,
                weights: vec![0.0; n],
                task_weights: vec![1.0; n],
                scaled: Vec::with_capacity(n),
                factor: 1.0,
                objective: 0.0,
            },
            scratch: Scratch::new(n),
        }
    }

    /// The method and its settings.
    pub fn config(&self) -> &BalanceConfig {
        &self.config
    }

    /// The common settings.
    pub fn options(&self) -> &BalanceOptions {
        &self.options
    }

    /// How many tasks there are.
    pub fn n_tasks(&self) -> usize {
        self.setup.n_tasks()
    }

    /// What the method looks at, and so which calls make a step:
    ///
    /// | needs | calls |
    /// |---|---|
    /// | [`Needs::Losses`], [`Needs::Alternating`] | [`Self::weights_from_losses`], then one backward pass of the weighted sum |
    /// | [`Needs::Gram`] | a backward pass for each task, [`Rows::gram`], [`Self::weights_from_gram`], [`Self::combine`] |
    /// | [`Needs::Jacobian`] | a backward pass for each task, [`Self::weights_from_losses`], [`Self::combine`] |
    pub fn needs(&self) -> Needs {
        self.config.needs()
    }

    /// Whether [`Self::after_step`] is to be called with the losses over the same rows after the step.
    pub fn needs_losses_after(&self) -> bool {
        self.config.needs_losses_after()
    }

    /// Sets what a person gives each task: what the method gives is multiplied by it in [`Self::combine`]. At first it is 1.
    pub fn set_task_weights(&mut self, task_weights: impl IntoIterator<Item = f64>) {
        let own = self.current.task_weights.iter_mut();
        own.zip(task_weights).for_each(|(own, weight)| *own = weight);
    }

    /// The weights of the step of a method that does not ask for the Gram matrix, one for each task. For
    /// [`Needs::Jacobian`] they are those of the heads.
    pub fn weights_from_losses(&mut self, input: &StepInput<'_>) -> &[f64] {
        self.begin(input, None);
        self.weigh()
    }

    /// The weights of the step of a method that asks for the Gram matrix `gram` (`n_tasks x n_tasks`) of the tasks'
    /// gradients: the step is `Σ weight gradient`.
    ///
    /// A task without a label has weight 0. One with a label and without a gradient (a frozen trunk, a loss at its
    /// minimum) takes no part in the method's problem and has the neutral weight, 1 or 1/n by the method's
    /// convention, which matters for its head alone; and so has one whose gradient is not finite, so that the run,
    /// and not the balancer, finds it out.
    pub fn weights_from_gram(&mut self, input: &StepInput<'_>, gram: &[f64]) -> &[f64] {
        self.begin(input, Some(gram));
        self.weigh()
    }

    /// Writes the step of the shared parameters into the shared columns of `out`, which has a row's length. It follows
    /// [`Self::weights_from_losses`] or [`Self::weights_from_gram`] of the same step.
    ///
    /// The part of each task in the step is multiplied by what [`Self::set_task_weights`] has set.
    pub fn combine(&mut self, rows: &Rows<'_>, out: &mut [f32]) {
        let current = &mut self.current;
        current.scaled.clear();
        let tasks = current.weights.iter().zip(&current.task_weights);
        current
            .scaled
            .extend(tasks.map(|(weight, task_weight)| weight * task_weight));
        let Current { scaled, factor, .. } = &self.current;
        let problem = problem(&self.setup, self.epochs, &self.current);
        self.config
            .combine(&problem, rows, scaled, &mut self.memory, &mut self.scratch, out);
        if self.config.needs() == Needs::Jacobian && *factor != 1.0 {
            let factor = *factor as f32;
            for range in rows.columns {
                for value in &mut out[range.clone()] {
                    *value *= factor;
                }
            }
        }
    }

    /// Learns from the losses over the same rows after the step.
    pub fn after_step(&mut self, losses_after: &[f64]) {
        let Current { tasks, part, .. } = &mut self.current;
        part.clear();
        part.extend(tasks.iter().map(|task| losses_after[*task]));
        if part.is_empty() || part.iter().any(|loss| !loss.is_finite()) {
            return;
        }
        let problem = problem(&self.setup, self.epochs, &self.current);
        self.config
            .after_step(&problem, &self.current.part, &mut self.memory, &mut self.scratch);
    }

    /// Learns from the mean loss of each task over the epoch that has ended; NaN for a task that had no label in it.
    pub fn end_epoch(&mut self, mean_losses: &[f64]) {
        self.epochs += 1;
        self.config.end_epoch(self.epochs, mean_losses, &mut self.memory);
    }

    /// The weights of the last step, one for each task.
    pub fn weights(&self) -> &[f64] {
        &self.current.weights
    }

    /// What the method minimised in the last step: its own objective where it has one (that of uncertainty weighting
    /// can be negative), else the weighted sum of the losses.
    pub fn objective(&self) -> f64 {
        self.current.objective
    }

    /// What the method has learned by the name of its slot, such as the log-variances of uncertainty weighting.
    pub fn learned(&self, key: &str) -> Option<&[f64]> {
        let position = self.config.slots().iter().position(|slot| slot.key == key)?;
        self.memory.slots.get(position).map(Vec::as_slice)
    }

    /// What the run saves between two steps. A balancer that is made with the same settings and
    /// [restored](Self::restore) goes on with the same bits.
    pub fn state(&self) -> BalancerState {
        BalancerState {
            method: self.config.key().to_owned(),
            epochs: self.epochs,
            slots: self.memory.slots.clone(),
            rows: self.memory.rows.clone(),
        }
    }

    /// Takes over what [`Self::state`] gave, or says why not and changes nothing.
    ///
    /// # Errors
    /// The state is of another method or another number of tasks or parameters.
    pub fn restore(&mut self, state: &BalancerState) -> Result<(), StateError> {
        let expected = self.config.key();
        if state.method != expected {
            return Err(StateError::Method {
                expected,
                got: state.method.clone(),
            });
        }
        let n_slots = self.memory.slots.len().max(state.slots.len());
        for slot in 0..=n_slots {
            // Behind the last slot come the kept gradients.
            let (own, saved) = if slot == n_slots {
                (self.memory.rows.len(), state.rows.len())
            } else {
                let len = |slots: &[Vec<f64>]| slots.get(slot).map_or(0, Vec::len);
                (len(&self.memory.slots), len(&state.slots))
            };
            if own != saved {
                return Err(StateError::Length {
                    method: expected,
                    slot,
                    expected: own,
                    got: saved,
                });
            }
        }
        // A vector without numbers beyond the method's own says nothing.
        for (own, saved) in self.memory.slots.iter_mut().zip(&state.slots) {
            own.copy_from_slice(saved);
        }
        self.memory.rows.copy_from_slice(&state.rows);
        self.epochs = state.epochs;
        Ok(())
    }

    /// Finds the tasks that take part, and gives the others their weights.
    fn begin(&mut self, input: &StepInput<'_>, gram: Option<&[f64]>) {
        let n = self.n_tasks();
        let current = &mut self.current;
        current.step = input.step;
        current.tasks.clear();
        current.losses.clear();
        current.gram.clear();
        let n_labelled = input.labelled.iter().filter(|labelled| **labelled).count();
        let square = |task: usize| gram.map_or(1.0, |gram| gram[task * n + task]);
        let largest = (0..n)
            .filter(|task| input.labelled[*task] && square(*task).is_finite())
            .fold(0.0_f64, |largest, task| largest.max(square(task)));
        for task in 0..n {
            let is_whole = input.losses[task].is_finite()
                && gram.is_none_or(|gram| {
                    gram[task * n..(task + 1) * n]
                        .iter()
                        .all(|value| value.is_finite())
                });
            if input.labelled[task] && is_whole && square(task) > SMALLEST_SQUARE * largest {
                current.tasks.push(task);
                current.losses.push(input.losses[task]);
            }
        }
        let total = self.config.total();
        for (weight, labelled) in current.weights.iter_mut().zip(input.labelled) {
            *weight = match (labelled, total) {
                (false, _) => 0.0,
                (true, Total::Mean) => 1.0 / n_labelled as f64,
                (true, Total::Sum | Total::Own) => 1.0,
            };
        }
        current.factor = match (self.options.reduction, total) {
            (Reduction::Sum, Total::Mean) => n_labelled as f64,
            (Reduction::Mean, Total::Sum) if n_labelled > 0 => 1.0 / n_labelled as f64,
            _ => 1.0,
        };
        current.scale = 1.0;
        if let Some(gram) = gram {
            let trace: f64 = current.tasks.iter().map(|task| square(*task)).sum();
            if !current.tasks.is_empty() {
                current.scale = trace / current.tasks.len() as f64;
            }
            for i in &current.tasks {
                for j in &current.tasks {
                    // Both halves, so that the matrix is symmetric whatever came.
                    let sum = gram[i * n + j] + gram[j * n + i];
                    current.gram.push(0.5 * sum / current.scale);
                }
            }
        }
    }

    fn weigh(&mut self) -> &[f64] {
        let n_part = self.current.tasks.len();
        let mut objective = None;
        if n_part > 0 {
            let mut part = std::mem::take(&mut self.current.part);
            part.clear();
            part.extend(self.current.tasks.iter().map(|task| self.current.weights[*task]));
            let problem = problem(&self.setup, self.epochs, &self.current);
            objective = self
                .config
                .weigh(&problem, &mut self.memory, &mut self.scratch, &mut part);
            for (task, weight) in self.current.tasks.iter().zip(&part) {
                self.current.weights[*task] = *weight;
            }
            self.current.part = part;
        }
        let Current {
            weights,
            factor,
            tasks,
            losses,
            ..
        } = &mut self.current;
        for weight in &mut *weights {
            *weight *= *factor;
        }
        self.current.objective = objective.unwrap_or_else(|| {
            tasks
                .iter()
                .zip(losses)
                .map(|(task, loss)| weights[*task] * *loss)
                .sum()
        });
        &self.current.weights
    }
}

/// A squared gradient that is this much smaller than the largest is that of a task without a gradient.
const SMALLEST_SQUARE: f64 = 1e-30;

fn problem<'a>(setup: &'a Setup, epoch: u64, current: &'a Current) -> Problem<'a> {
    Problem {
        setup,
        step: current.step,
        epoch,
        tasks: &current.tasks,
        losses: &current.losses,
        gram: &current.gram,
        scale: current.scale,
        task_weights: &current.task_weights,
    }
}
