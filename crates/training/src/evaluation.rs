//! Evaluation of many rows, batch by batch, within the slices of a session.

use mtl_base::schema::LabelKind;
use mtl_data::baseline;
use mtl_data::prepare::Prepared;
use mtl_engine::metrics::{self, TaskMetrics};
use mtl_program::specs::Mode;

use crate::protocol::{Evaluation, LabelBaselines, RequestId, Split};
use crate::run::TrainingRun;

/// An evaluation in progress.
#[derive(Debug)]
pub(crate) struct EvaluationJob {
    pub(crate) split: Split,
    /// The request that it answers; none for the evaluation after an epoch.
    pub(crate) id: Option<RequestId>,
    rows: Vec<u32>,
    n_done: usize,
    tasks: Vec<Collected>,
}

/// Outputs, labels and losses of a task so far.
#[derive(Clone, Debug, Default)]
struct Collected {
    outputs: Vec<f32>,
    targets: Vec<f32>,
    loss_sum: f64,
    n_labelled: usize,
}

impl EvaluationJob {
    pub(crate) fn new(run: &TrainingRun, split: Split, rows: Vec<u32>, id: Option<RequestId>) -> Self {
        let tasks = run
            .trainer
            .model
            .tasks()
            .iter()
            .map(|task| Collected {
                outputs: Vec::with_capacity(rows.len() * task.width),
                targets: Vec::with_capacity(rows.len() * task.kind.width()),
                ..Collected::default()
            })
            .collect();
        Self {
            split,
            id,
            rows,
            n_done: 0,
            tasks,
        }
    }

    /// Evaluates one more batch; true when none is left.
    pub(crate) fn advance(&mut self, run: &mut TrainingRun, data: &Prepared, batch_size: usize) -> bool {
        let end = (self.n_done + batch_size).min(self.rows.len());
        let rows = &self.rows[self.n_done..end];
        if !rows.is_empty() {
            run.columns.fill(run.trainer.model.batch_mut(), data, rows);
            run.trainer.model.forward(Mode::Infer);
            for (task_idx, collected) in self.tasks.iter_mut().enumerate() {
                collected
                    .outputs
                    .extend_from_slice(run.trainer.model.outputs(task_idx));
                let n_labelled = run.trainer.model.labelled_rows()[task_idx];
                collected.loss_sum += f64::from(run.trainer.model.losses()[task_idx]) * n_labelled as f64;
                collected.n_labelled += n_labelled;
                collected
                    .targets
                    .extend_from_slice(&run.trainer.model.batch().targets[task_idx]);
            }
        }
        self.n_done = end;
        self.n_done == self.rows.len()
    }

    /// The metrics; the losses are means over the labelled rows.
    pub(crate) fn finish(self, run: &TrainingRun, elapsed_ms: f64) -> Evaluation {
        Evaluation {
            split: self.split,
            step: run.n_steps(),
            epoch: run.epoch(),
            elapsed_ms,
            losses: self
                .tasks
                .iter()
                .map(|task| (task.n_labelled > 0).then(|| task.loss_sum / task.n_labelled as f64))
                .collect(),
            tasks: self
                .tasks
                .iter()
                .zip(run.trainer.model.tasks())
                .map(|(collected, task)| task_metrics(task.kind, &collected.targets, &collected.outputs))
                .collect(),
        }
    }
}

/// Every metric of a task. Labels and outputs that come from one prepared data set and one model always fit each other;
/// if they did not, there would be no metric to show.
fn task_metrics(kind: LabelKind, labels: &[f32], outputs: &[f32]) -> TaskMetrics {
    metrics::evaluate(kind, labels, outputs).unwrap_or_default()
}

/// Labels with more classes than this have no baselines: a score per row and class would be too many.
const MAX_BASELINE_CLASSES: usize = 100;

/// Metrics of simple methods on the rows of a split.
pub(crate) fn baselines(data: &Prepared, split: Split) -> Vec<LabelBaselines> {
    let rows = data.splits.rows(split);
    let few = |label_idx: &usize| {
        data.n_classes(*label_idx)
            .is_none_or(|n| n <= MAX_BASELINE_CLASSES)
    };
    (0..data.labels.len())
        .filter(few)
        .map(|label_idx| {
            let kind = data.schema.labels[label_idx].kind;
            let mut labels = vec![0.0; rows.len() * data.label_width(label_idx)];
            data.labels_into(label_idx, rows, &mut labels);
            let methods = baseline::baselines(data, label_idx, rows);
            LabelBaselines {
                label: data.schema.labels[label_idx].key.clone(),
                split,
                methods: methods
                    .into_iter()
                    .map(|baseline| (baseline.method, task_metrics(kind, &labels, &baseline.scores)))
                    .collect(),
            }
        })
        .collect()
}
