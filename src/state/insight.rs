//! What the views that compare tasks have gathered: the comparison with each task alone, and the looks at conflict.

use std::rc::Rc;

use mtl_base::text::Message;
use mtl_engine::metrics::Metric;
use mtl_training::protocol::{
    Command, Compare, ComparisonUpdate, Conflict, Differences, Reply, Request, Score, TaskOfComparison,
    Variant, differences,
};

use super::{Playground, actions::trained_part};
use crate::{
    i18n::{fill_message, shell::T},
    worker::protocol::Failure,
};

/// Looks at conflict that are kept; when they are full, every second one is dropped.
const MAX_LOOKS: usize = 512;

/// A comparison of the design with each of its tasks alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComparisonState {
    /// Name of the design that is compared.
    pub design: String,
    /// Identity of what is compared, to tell when it has changed.
    pub subject: Option<Rc<Subject>>,
    pub tasks: Vec<TaskOfComparison>,
    pub seeds: Vec<u64>,
    /// Epochs of each run.
    pub epochs: u32,
    /// The runs that have begun, in their order.
    pub runs: Vec<ComparedRun>,
    pub is_running: bool,
    /// Whether it ended before its last run.
    pub was_stopped: bool,
}

/// What a comparison was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    design: mtl_engine::design::Design,
    settings: mtl_training::protocol::RunSettings,
    source: mtl_training::protocol::DataSource,
}

/// One run of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRun {
    pub variant: Variant,
    pub seed: u64,
    /// Scores after each epoch.
    pub epochs: Vec<Vec<Score>>,
    pub diverged: bool,
}

impl ComparedRun {
    fn score(&self, task: usize, epoch: usize) -> Option<f64> {
        let scores = self.epochs.get(epoch)?;
        scores.iter().find(|score| score.task == task)?.metric
    }
}

impl ComparisonState {
    fn run(&mut self, variant: Variant, seed: u64) -> &mut ComparedRun {
        let known = |run: &ComparedRun| run.variant == variant && run.seed == seed;
        let index = self.runs.iter().position(known).unwrap_or_else(|| {
            self.runs.push(ComparedRun {
                variant,
                seed,
                epochs: Vec::new(),
                diverged: false,
            });
            self.runs.len() - 1
        });
        &mut self.runs[index]
    }

    fn update(&mut self, update: ComparisonUpdate) {
        match update {
            ComparisonUpdate::Started { tasks, seeds, epochs } => {
                *self = Self {
                    design: std::mem::take(&mut self.design),
                    subject: self.subject.take(),
                    tasks,
                    seeds,
                    epochs,
                    is_running: true,
                    ..Self::default()
                };
            }
            ComparisonUpdate::Epoch {
                variant,
                seed,
                scores,
                ..
            } => self.run(variant, seed).epochs.push(scores),
            ComparisonUpdate::Diverged { variant, seed } => self.run(variant, seed).diverged = true,
            ComparisonUpdate::Finished { stopped } => {
                self.is_running = false;
                self.was_stopped = stopped;
            }
        }
    }

    /// The worker that made it is gone: what is done of it stays.
    pub(super) fn interrupt(&mut self) {
        self.was_stopped |= self.is_running;
        self.is_running = false;
    }

    /// Runs in all.
    pub fn n_runs(&self) -> usize {
        self.seeds.len() * (self.tasks.len() + 1)
    }

    /// How many runs have diverged.
    pub fn n_diverged(&self) -> usize {
        self.runs.iter().filter(|run| run.diverged).count()
    }

    /// Scores of a task after the last epoch, shared and alone, of every seed of which both runs are done.
    pub fn pairs(&self, task: usize) -> Vec<(f64, f64)> {
        let last = (self.epochs as usize).saturating_sub(1);
        let of = |variant: Variant, seed: u64| {
            let run = self
                .runs
                .iter()
                .find(|run| run.variant == variant && run.seed == seed)?;
            run.score(task, last)
        };
        self.seeds
            .iter()
            .filter_map(|seed| Some((of(Variant::Shared, *seed)?, of(Variant::Alone { task }, *seed)?)))
            .collect()
    }

    /// What the comparison says about a task so far.
    pub fn differences(&self, task: usize) -> Option<Differences> {
        differences(&self.pairs(task), self.metric(task)?)
    }

    /// What a task is compared by.
    pub fn metric(&self, task: usize) -> Option<Metric> {
        self.tasks.get(task).map(|task| task.metric)
    }

    /// Mean score of a task over the seeds after each epoch, shared or alone: `(epoch, score)`.
    pub fn curve(&self, task: usize, shared: bool) -> Vec<(f64, f64)> {
        let variant = if shared {
            Variant::Shared
        } else {
            Variant::Alone { task }
        };
        let runs: Vec<&ComparedRun> = self
            .runs
            .iter()
            .filter(|run| run.variant == variant && !run.diverged)
            .collect();
        (0..self.epochs as usize)
            .filter_map(|epoch| {
                let scores: Vec<f64> = runs.iter().filter_map(|run| run.score(task, epoch)).collect();
                let mean = scores.iter().sum::<f64>() / scores.len() as f64;
                (!scores.is_empty()).then_some(((epoch + 1) as f64, mean))
            })
            .collect()
    }

    /// All scores as CSV: one line for each run, epoch and task.
    pub fn csv(&self) -> String {
        let mut text = String::from("variant,seed,epoch,task,metric,value,loss\n");
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for run in &self.runs {
            let variant = match run.variant {
                Variant::Shared => "shared",
                Variant::Alone { .. } => "alone",
            };
            for (epoch, scores) in run.epochs.iter().enumerate() {
                for score in scores {
                    let Some(task) = self.tasks.get(score.task) else {
                        continue;
                    };
                    text.push_str(&format!(
                        "{variant},{},{},{},{},{},{}\n",
                        run.seed,
                        epoch + 1,
                        quoted(&task.name),
                        task.metric.key(),
                        number(score.metric),
                        number(score.loss)
                    ));
                }
            }
        }
        text
    }
}

/// Looks at conflict between the gradients of the tasks of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConflictState {
    /// The newest.
    pub latest: Option<Rc<Conflict>>,
    /// Step and cosines over all shared parameters, in the order of [`mtl_training::protocol::pairs`], oldest first.
    pub looks: Vec<(u64, Vec<Option<f32>>)>,
}

impl ConflictState {
    fn push(&mut self, conflict: Conflict) {
        if self.looks.len() >= MAX_LOOKS {
            let mut index = 0;
            self.looks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        self.looks.retain(|(step, _)| *step < conflict.step);
        self.looks.push((conflict.step, conflict.overall.cosines.clone()));
        self.latest = Some(Rc::new(conflict));
    }
}

impl Playground {
    /// Compares the design with each of its tasks alone, over `n_seeds` seeds.
    pub async fn compare(&self, n_seeds: u32) -> Result<(), Failure> {
        let subject = self.subject();
        self.comparison.update(|comparison| {
            comparison.design = self.document.get().design().name.clone();
            comparison.subject = Some(Rc::new(subject));
        });
        let compare = Compare::Start { n_seeds };
        self.command(Command::Compare { compare }, Vec::new()).await?;
        Ok(())
    }

    /// Stops a comparison; what is done of it stays.
    pub async fn stop_comparing(&self) -> Result<(), Failure> {
        let compare = Compare::Stop;
        self.command(Command::Compare { compare }, Vec::new()).await?;
        Ok(())
    }

    /// What would be compared now.
    pub fn subject(&self) -> Subject {
        let mut design = trained_part(self.document.get().design());
        design.name.clear();
        Subject {
            design,
            settings: self.settings.get().as_ref().clone(),
            source: self.data.get().source.clone(),
        }
    }

    pub(super) fn handle_comparison(&self, update: ComparisonUpdate) {
        self.comparison.update(|comparison| comparison.update(update));
    }

    /// Looks at the conflict between the gradients of the tasks.
    pub async fn look_at_conflict(&self) -> Result<(), Message> {
        match self.ask(Request::Conflict).await? {
            Reply::Conflict { conflict } => {
                self.conflict.update(|state| state.push(*conflict));
                Ok(())
            }
            _ => Err(fill_message(T.internal_message, &[&"conflict"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(task: usize, metric: f64) -> Score {
        Score {
            task,
            metric: Some(metric),
            loss: None,
        }
    }

    fn task(name: &str) -> TaskOfComparison {
        TaskOfComparison {
            name: name.to_owned(),
            metric: Metric::Auc,
            shared_parameters: 2,
            alone_parameters: 1,
        }
    }

    #[test]
    fn a_comparison_is_told_epoch_by_epoch() {
        let mut state = ComparisonState::default();
        state.update(ComparisonUpdate::Started {
            tasks: vec![task("a"), task("b, \"c\"")],
            seeds: vec![1, 2],
            epochs: 2,
        });
        let mut epoch = |variant, seed, scores| {
            state.update(ComparisonUpdate::Epoch {
                variant,
                seed,
                epoch: 0,
                scores,
            });
        };
        epoch(Variant::Shared, 1, vec![score(0, 0.5), score(1, 0.6)]);
        epoch(Variant::Shared, 1, vec![score(0, 0.7), score(1, 0.8)]);
        epoch(Variant::Alone { task: 1 }, 1, vec![score(1, 0.5)]);
        epoch(Variant::Alone { task: 1 }, 1, vec![score(1, 0.6)]);
        epoch(Variant::Shared, 2, vec![score(0, 0.1), score(1, 0.2)]);
        state.update(ComparisonUpdate::Finished { stopped: true });
        assert_eq!(state.n_runs(), 6);
        // The second seed has no last epoch, the first task no run alone.
        assert_eq!(state.pairs(1), [(0.8, 0.6)]);
        assert_eq!(state.pairs(0), []);
        assert_eq!(state.curve(1, true), [(1.0, 0.4), (2.0, 0.8)]);
        assert_eq!(state.curve(1, false), [(1.0, 0.5), (2.0, 0.6)]);
        assert!(state.was_stopped && !state.is_running);
        let csv = state.csv();
        assert!(csv.contains("\nalone,1,2,\"b, \"\"c\"\"\",auc,0.6,\n"), "{csv}");
        assert_eq!(csv.lines().count(), 1 + 2 * 2 + 2 + 2);
    }
}
