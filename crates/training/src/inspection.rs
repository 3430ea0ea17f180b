//! Inspection of a run: activations and parameters of a layer, and the gradient norm of each task's loss per layer.
//!
//! ```text
//! a fixed sample of training rows -> forward (as for predictions) -> activations of the layer
//!                                 -> backward, once per task      -> ‖∂L_t/∂θ_layer‖ per task t and layer
//! ```
//! Nothing of the run changes: parameters and optimizer are only read, gradients are overwritten by the next step anyway.

use mtl_base::NodeId;
use mtl_engine::model::Model;
use mtl_program::specs::Mode;
use serde::{Deserialize, Serialize};

use mtl_data::prepare::Prepared;

use crate::order::sample;
use crate::protocol::Reply;
use crate::run::TrainingRun;

/// Rows that are inspected: enough for a histogram, few enough for one backward pass per task.
const MAX_ROWS: usize = 256;
/// Bars of a histogram.
const N_BINS: usize = 32;

/// An inspection of the run at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Steps done.
    pub step: u64,
    /// Number of training rows that were inspected.
    pub n_rows: usize,
    /// Names of the tasks, in the order of the heads.
    pub tasks: Vec<String>,
    /// The layer of the request.
    pub layer: Option<LayerInspection>,
    /// Gradient norms of every layer with parameters, in the order of the parameters.
    pub gradients: Vec<LayerGradients>,
}

/// Activations and parameters of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerInspection {
    /// The layer.
    pub node: NodeId,
    /// Of its first output over the rows (a head: its logits); `None` for ids and for what leads to no head.
    pub activations: Option<Histogram>,
    /// Per parameter: its name within the layer, and its values.
    pub parameters: Vec<(String, Histogram)>,
}

/// Euclidean norm of the gradient of each task's mean loss (unweighted, without regularisers) with respect to all
/// parameters of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerGradients {
    /// The layer.
    pub node: NodeId,
    /// Per task; `None` where the loss does not reach the layer or no row is labelled.
    #[serde(with = "mtl_base::numbers")]
    pub norms: Vec<Option<f32>>,
}

/// A histogram of values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Smallest finite value: where the first bar begins.
    pub min: f32,
    /// Largest finite value: where the last bar ends.
    pub max: f32,
    /// Finite values per bar; the bars are equally wide.
    pub counts: Vec<u32>,
    /// Mean of the finite values.
    #[serde(with = "mtl_base::numbers")]
    pub mean: f64,
    /// Their standard deviation.
    #[serde(with = "mtl_base::numbers")]
    pub deviation: f64,
    /// Values that are exactly 0 (a unit that does not fire, a weight that nothing has touched).
    pub n_zero: u32,
    /// Values that are not finite.
    pub n_not_finite: u32,
}

impl Histogram {
    /// The histogram of `values`; equal values make one bar in the middle of `[v - 1/2, v + 1/2]`.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let n = finite().count();
        let n_not_finite = (values.len() - n) as u32;
        if n == 0 {
            return Self {
                n_not_finite,
                ..Self::default()
            };
        }
        let (mut min, mut max) = finite().fold((f32::MAX, f32::MIN), |(min, max), value| {
            (min.min(value), max.max(value))
        });
        if min == max {
            (min, max) = (min - 0.5, max + 0.5);
        }
        let mean = finite().map(f64::from).sum::<f64>() / n as f64;
        let variance = finite()
            .map(|value| f64::from(value) - mean)
            .map(|distance| distance * distance)
            .sum::<f64>()
            / n as f64;
        let mut counts = vec![0; N_BINS];
        // In f64: the difference of two finite f32 may not be one.
        let width = (f64::from(max) - f64::from(min)) / N_BINS as f64;
        for value in finite() {
            let bin = ((f64::from(value) - f64::from(min)) / width) as usize;
            counts[bin.min(N_BINS - 1)] += 1;
        }
        Self {
            min,
            max,
            counts,
            mean,
            deviation: variance.sqrt(),
            n_zero: finite().filter(|value| *value == 0.0).count() as u32,
            n_not_finite,
        }
    }
}

/// Answers [`Request::Inspect`](crate::protocol::Request::Inspect).
pub(crate) fn inspect(
    data: &Prepared,
    run: &mut TrainingRun,
    batch_size: usize,
    node: Option<NodeId>,
) -> Reply {
    let seed = data.settings.seed as u64;
    let rows = sample(
        &data.splits.train,
        batch_size.min(MAX_ROWS),
        seed,
        "inspected training rows",
    );
    run.columns.fill(run.trainer.model.batch_mut(), data, &rows);
    run.trainer.model.forward(Mode::Infer);
    let layer = node.map(|node| look_at(&run.trainer.model, node));
    let inspection = Inspection {
        step: run.n_steps(),
        n_rows: rows.len(),
        tasks: run
            .trainer
            .model
            .tasks()
            .iter()
            .map(|task| task.name.clone())
            .collect(),
        layer,
        gradients: gradients(&mut run.trainer.model),
    };
    Reply::Inspection {
        inspection: Box::new(inspection),
    }
}

fn look_at(model: &Model, node: NodeId) -> LayerInspection {
    let parameters = model
        .parameters()
        .iter()
        .filter(|parameter| parameter.node == node);
    LayerInspection {
        node,
        activations: model.node_output(node).map(Histogram::of),
        parameters: parameters
            .map(|parameter| {
                // A name begins with the layer's, which may hold a slash itself.
                let own = parameter.name.rsplit('/').next().unwrap_or_default().to_owned();
                (own, Histogram::of(&model.values()[parameter.range.clone()]))
            })
            .collect(),
    }
}

fn gradients(model: &mut Model) -> Vec<LayerGradients> {
    let n_tasks = model.tasks().len();
    let mut layers: Vec<LayerGradients> = Vec::new();
    for parameter in model.parameters() {
        if layers.iter().all(|layer| layer.node != parameter.node) {
            layers.push(LayerGradients {
                node: parameter.node,
                norms: vec![None; n_tasks],
            });
        }
    }
    let mut one_task = vec![0.0; n_tasks];
    for task_idx in 0..n_tasks {
        if model.labelled_rows()[task_idx] == 0 {
            continue;
        }
        one_task[task_idx] = 1.0;
        model.backward_tasks(&one_task);
        one_task[task_idx] = 0.0;
        for layer in &mut layers {
            let own = model.parameters().iter().filter(|parameter| {
                parameter.node == layer.node && parameter.trainable && parameter.tasks.contains(task_idx)
            });
            let squares = own.map(|parameter| {
                let gradient = &model.gradients()[parameter.range.clone()];
                gradient
                    .iter()
                    .map(|g| f64::from(*g) * f64::from(*g))
                    .sum::<f64>()
            });
            layer.norms[task_idx] = squares.reduce(|a, b| a + b).map(|sum| sum.sqrt() as f32);
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_finite_value_once() {
        let histogram = Histogram::of(&[0.0, 1.0, 1.0, 4.0, f32::NAN, f32::INFINITY]);
        assert_eq!((histogram.min, histogram.max), (0.0, 4.0));
        assert_eq!(histogram.counts.iter().sum::<u32>(), 4);
        assert_eq!(
            (histogram.counts[0], histogram.counts[8], histogram.counts[31]),
            (1, 2, 1)
        );
        assert_eq!((histogram.n_zero, histogram.n_not_finite), (1, 2));
        assert!((histogram.mean - 1.5).abs() < 1e-12 && (histogram.deviation - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_histogram_of_little_or_of_extremes_is_whole() {
        let same = Histogram::of(&[3.0; 5]);
        assert_eq!((same.min, same.max, same.counts[16]), (2.5, 3.5, 5));
        assert_eq!(Histogram::of(&[]), Histogram::default());
        let wide = Histogram::of(&[f32::MIN, f32::MAX]);
        assert_eq!((wide.counts[0], wide.counts[31]), (1, 1));
    }
}
