//! Comparison of a shared model with each of its tasks trained alone: does sharing help a task, or hurt it?
//!
//! ```text
//! for each seed:   the design         -> all epochs -> scores of every task     "shared"
//!                  task 0 of it alone -> all epochs -> score of task 0          "alone"
//!                  task 1 of it alone -> ...
//!
//! difference of a task and seed = score shared - score alone, signed so that positive is better shared
//! ```
//! Both sides of a difference have the same rows, settings, number of epochs and, of the layers that both have, the same first
//! parameters: parameters are drawn by node from the seed. A task alone has fewer parameters in all, and those layers that only it
//! used to share. Early stopping is off: one budget for all.
//!
//! The runs are [`TrainingRun`]s of their own. The session's run is not touched, and each of them gives the bits that it would
//! give as the session's run.

use std::sync::Arc;

use mtl_data::prepare::Prepared;
use mtl_engine::design::Design;
use mtl_engine::metrics::{Direction, Metric};
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::evaluation::EvaluationJob;
use crate::protocol::{RunSettings, Split};
use crate::run::TrainingRun;

/// Most seeds of a comparison.
pub const MAX_SEEDS: u32 = 20;

/// What a run of a comparison trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The whole design.
    Shared,
    /// What one task needs of it.
    Alone {
        /// Index of the task in the whole design.
        task: usize,
    },
}

/// Metric and loss of a task on the validation rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Index of the task in the whole design.
    pub task: usize,
    /// The metric of [`TaskOfComparison::metric`]; `None` where it is undefined.
    #[serde(with = "mtl_base::numbers")]
    pub metric: Option<f64>,
    /// Mean loss over the labelled rows.
    #[serde(with = "mtl_base::numbers")]
    pub loss: Option<f64>,
}

/// A task that is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskOfComparison {
    /// Name of its head.
    pub name: String,
    /// What it is compared by: the default metric of its kind of label.
    pub metric: Metric,
    /// Parameters that its loss reaches in the shared model.
    pub shared_parameters: usize,
    /// Parameters of the task alone.
    pub alone_parameters: usize,
}

/// A message about a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonUpdate {
    /// It has begun.
    Started {
        /// The tasks, in the order of the heads.
        tasks: Vec<TaskOfComparison>,
        /// The seeds.
        seeds: Vec<u64>,
        /// Epochs of each run.
        epochs: u32,
    },
    /// An epoch of one of its runs is done.
    Epoch {
        /// What the run trains.
        variant: Variant,
        /// Its seed.
        seed: u64,
        /// Epochs done.
        epoch: u32,
        /// Scores of its tasks.
        scores: Vec<Score>,
    },
    /// A run has diverged; it has no further scores.
    Diverged {
        /// What the run trains.
        variant: Variant,
        /// Its seed.
        seed: u64,
    },
    /// All runs are done, or the comparison was stopped.
    Finished {
        /// Whether it was stopped before its last run.
        stopped: bool,
    },
}

/// A comparison in progress.
pub struct Comparison {
    data: Arc<Prepared>,
    settings: RunSettings,
    /// The designs of all variants.
    designs: Vec<(Variant, Design)>,
    tasks: Vec<TaskOfComparison>,
    seeds: Vec<u64>,
    /// Runs that are done.
    n_done: usize,
    current: Option<Current>,
}

/// The run under way.
struct Current {
    run: TrainingRun,
    variant: Variant,
    /// Its evaluation after an epoch.
    job: Option<EvaluationJob>,
}

impl Comparison {
    /// Prepares the comparison of `design` under `settings` with `n_seeds` seeds from that of the settings on.
    ///
    /// # Errors
    /// When the number of seeds is out of bounds, the design has less than two tasks, does not fit the data, or needs more memory than there is.
    pub fn new(
        design: &Design,
        data: &Arc<Prepared>,
        settings: &RunSettings,
        n_seeds: u32,
    ) -> Result<Self, RunError> {
        if !(1..=MAX_SEEDS).contains(&n_seeds) {
            return Err(RunError::Seeds {
                limit: MAX_SEEDS,
                got: n_seeds,
            });
        }
        let n_tasks = design.heads().count();
        if n_tasks < 2 {
            return Err(RunError::NothingToCompare { n_tasks });
        }
        let shared = TrainingRun::build(design, data, settings)?;
        let mut designs = vec![(Variant::Shared, design.clone())];
        let mut tasks = Vec::new();
        let heads: Vec<_> = design.heads().map(|head| head.id).collect();
        for (task, head) in heads.into_iter().enumerate() {
            let Some(alone) = design.alone(head) else { continue };
            let run = TrainingRun::build(&alone, data, settings)?;
            let own = &shared.model().tasks()[task];
            let reached = shared.model().parameters().iter();
            tasks.push(TaskOfComparison {
                name: own.name.clone(),
                metric: Metric::default_of(own.kind),
                shared_parameters: reached
                    .filter(|parameter| parameter.tasks.contains(task))
                    .map(|parameter| parameter.range.len())
                    .sum(),
                alone_parameters: run.model().values().len(),
            });
            designs.push((Variant::Alone { task }, alone));
        }
        Ok(Self {
            data: Arc::clone(data),
            settings: settings.clone(),
            designs,
            tasks,
            seeds: (0..u64::from(n_seeds))
                .map(|offset| settings.seed.wrapping_add(offset))
                .collect(),
            n_done: 0,
            current: None,
        })
    }

    /// What is told at its beginning.
    pub fn started(&self) -> ComparisonUpdate {
        ComparisonUpdate::Started {
            tasks: self.tasks.clone(),
            seeds: self.seeds.clone(),
            epochs: self.settings.epochs,
        }
    }

    /// Trains or evaluates one batch; what is to be told of it. `None` when there is nothing to tell yet; nothing more is to be
    /// done after [`ComparisonUpdate::Finished`].
    ///
    /// # Errors
    /// When a run cannot be built.
    pub fn advance(&mut self) -> Result<Option<ComparisonUpdate>, RunError> {
        let Some(mut current) = self.current.take() else {
            let Some((variant, seed, design)) = self.next() else {
                return Ok(Some(ComparisonUpdate::Finished { stopped: false }));
            };
            let settings = RunSettings {
                seed,
                ..self.settings.clone()
            };
            let run = TrainingRun::build(design, &self.data, &settings)?;
            self.current = Some(Current {
                run,
                variant,
                job: None,
            });
            return Ok(None);
        };
        let (variant, seed) = (current.variant, current.run.settings().seed);
        if let Some(mut job) = current.job.take() {
            if !job.advance(&mut current.run, &self.data, self.settings.batch_size) {
                current.job = Some(job);
                self.current = Some(current);
                return Ok(None);
            }
            let evaluation = job.finish(&current.run, 0.0);
            let epoch = current.run.epoch().round() as u32;
            let scores = (0..evaluation.tasks.len()).map(|index| {
                let task = match variant {
                    Variant::Shared => index,
                    Variant::Alone { task } => task,
                };
                Score {
                    task,
                    metric: evaluation.tasks[index].get(self.tasks[task].metric),
                    loss: evaluation.losses[index],
                }
            });
            let update = ComparisonUpdate::Epoch {
                variant,
                seed,
                epoch,
                scores: scores.collect(),
            };
            if epoch >= self.settings.epochs {
                self.n_done += 1;
            } else {
                self.current = Some(current);
            }
            return Ok(Some(update));
        }
        if current.run.train_step().is_err() {
            self.n_done += 1;
            return Ok(Some(ComparisonUpdate::Diverged { variant, seed }));
        }
        if current.run.at_epoch_end() {
            let rows = self.data.splits.rows(Split::Validation).to_vec();
            current.job = Some(EvaluationJob::new(&current.run, Split::Validation, rows, None));
        }
        self.current = Some(current);
        Ok(None)
    }

    /// The next run: all variants of a seed before the next seed, so that whole differences come early.
    fn next(&self) -> Option<(Variant, u64, &Design)> {
        let n_variants = self.designs.len();
        let seed = *self.seeds.get(self.n_done / n_variants)?;
        let (variant, design) = &self.designs[self.n_done % n_variants];
        Some((*variant, seed, design))
    }
}

/// What a comparison says about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The mean difference is above the spread.
    Helps,
    /// The mean difference is below minus the spread: negative transfer.
    Hurts,
    /// The mean difference is within the spread.
    NoDifference,
    /// One seed, or none, has no spread.
    OneSeed,
}

/// Differences of a task over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// Their mean; positive is better shared.
    pub mean: f64,
    /// Their standard deviation, with n - 1; 0 for one seed.
    pub spread: f64,
    /// Their number.
    pub n_seeds: usize,
    /// What they say.
    pub verdict: Verdict,
}

/// Sums up pairs `(shared, alone)` of scores by `metric`, one for each seed: mean and standard deviation (with n - 1) of the
/// paired differences, signed so that positive is better shared. `None` without a pair.
pub fn differences(pairs: &[(f64, f64)], metric: Metric) -> Option<Differences> {
    let sign = match metric.direction() {
        Direction::HigherIsBetter => 1.0,
        Direction::LowerIsBetter => -1.0,
    };
    let n = pairs.len() as f64;
    let each = || pairs.iter().map(|(shared, alone)| sign * (shared - alone));
    if pairs.is_empty() {
        return None;
    }
    let mean = each().sum::<f64>() / n;
    let squares = each()
        .map(|difference| (difference - mean) * (difference - mean))
        .sum::<f64>();
    let spread = if pairs.len() < 2 {
        0.0
    } else {
        (squares / (n - 1.0)).sqrt()
    };
    let verdict = if pairs.len() < 2 {
        Verdict::OneSeed
    } else if mean > spread {
        Verdict::Helps
    } else if mean < -spread {
        Verdict::Hurts
    } else {
        Verdict::NoDifference
    };
    Some(Differences {
        mean,
        spread,
        n_seeds: pairs.len(),
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_when_it_is_beyond_the_spread() {
        let of = |pairs: &[(f64, f64)], metric| differences(pairs, metric).expect("pairs");
        let helps = of(&[(0.9, 0.8), (0.88, 0.8), (0.92, 0.8)], Metric::Auc);
        assert!((helps.mean - 0.1).abs() < 1e-12 && (helps.spread - 0.02).abs() < 1e-12);
        assert_eq!((helps.verdict, helps.n_seeds), (Verdict::Helps, 3));
        // Of an error less is better.
        let hurts = of(&[(2.0, 1.0), (2.1, 1.0)], Metric::Rmse);
        assert!(hurts.mean < -1.0 && hurts.verdict == Verdict::Hurts);
        let neither = of(&[(0.9, 0.8), (0.7, 0.8)], Metric::Auc);
        assert_eq!(neither.verdict, Verdict::NoDifference);
        assert_eq!(of(&[(0.9, 0.8)], Metric::Auc).verdict, Verdict::OneSeed);
        assert_eq!(differences(&[], Metric::Auc), None);
    }
}
