//! Conflict between tasks: how far the gradients of their losses point the same way, and how far that could be noise.
//!
//! ```text
//! a fixed sample of training rows, in two halves -> forward (as for predictions)
//!     -> backward, once per task and half        -> g(t, half)
//!
//! g_t          gradient of the task's mean loss over both halves (unweighted, without regularisers)
//! cos(a, b)    of g_a and g_b over the parameters that both reach: -1 opposed, 0 unrelated, 1 alike
//! noise(t)     cos of g(t, first half) and g(t, second half): what a cosine can be trusted to when only the rows differ
//! ```
//! A cosine between tasks is worth a look where it lies clearly below both tasks' noise. Conflict is no verdict: it does not
//! predict by itself whether sharing hurts; the comparison with the task alone does.
//!
//! Nothing of the run changes: parameters and optimizer are only read, gradients are overwritten by the next step anyway.

use mtl_base::NodeId;
use mtl_data::prepare::Prepared;
use mtl_engine::model::Model;
use mtl_program::specs::Mode;
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::order::sample;
use crate::run::TrainingRun;

/// Rows of both halves together.
const MAX_ROWS: usize = 512;
/// Ceiling on the gradients that are kept meanwhile.
const MAX_BYTES: usize = 256_000_000;
/// Rows with both labels below this share: cosines of the pair are said to be noise.
pub const FEW_COMMON_ROWS: f32 = 0.3;

/// Gradients of the tasks of a run at one step, compared pair by pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Steps done.
    pub step: u64,
    /// Number of training rows that were looked at.
    pub n_rows: usize,
    /// Names of the tasks, in the order of the heads.
    pub tasks: Vec<String>,
    /// Share of the rows that carry both labels, per pair in the order of [`pairs`].
    pub common_rows: Vec<f32>,
    /// Over all parameters that at least two tasks reach.
    pub overall: GradientsCompared,
    /// Layer by layer, of those that at least two tasks reach, in the order of the parameters.
    pub layers: Vec<LayerConflict>,
}

/// A layer that tasks share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerConflict {
    /// The layer.
    pub node: NodeId,
    /// Its gradients.
    pub gradients: GradientsCompared,
}

/// Gradients of all tasks by the same parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientsCompared {
    /// Euclidean norm per task; `None` where the loss does not reach these parameters or no row is labelled.
    #[serde(with = "mtl_base::numbers")]
    pub norms: Vec<Option<f32>>,
    /// Cosine of each pair of tasks in the order of [`pairs`], over the parameters that both reach; `None` where one of the gradients is 0 or missing.
    #[serde(with = "mtl_base::numbers")]
    pub cosines: Vec<Option<f32>>,
    /// Cosine between the gradients of two halves of the rows, per task.
    #[serde(with = "mtl_base::numbers")]
    pub noise: Vec<Option<f32>>,
}

/// The pairs of `n_tasks` tasks in the order in which they are told: (0, 1), (0, 2), ..., (1, 2), ...
pub fn pairs(n_tasks: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_tasks).flat_map(move |a| (a + 1..n_tasks).map(move |b| (a, b)))
}

/// Sums of products of the gradients of all tasks and halves by some parameters.
#[derive(Clone, Debug)]
struct Products {
    /// `⟨g_a, g_b⟩`, of [`Gradients::mean`], per pair; counted where both tasks reach the parameter.
    pairs: Vec<f64>,
    /// `‖g_a‖²` and `‖g_b‖²` over the same parameters.
    squares: Vec<(f64, f64)>,
    /// `⟨g, h⟩`, `‖g‖²`, `‖h‖²` of the halves, per task.
    halves: Vec<[f64; 3]>,
    /// `‖g_t‖²` per task over all that it reaches.
    norms: Vec<Option<f64>>,
}

impl Products {
    fn new(n_tasks: usize) -> Self {
        let n_pairs = pairs(n_tasks).count();
        Self {
            pairs: vec![0.0; n_pairs],
            squares: vec![(0.0, 0.0); n_pairs],
            halves: vec![[0.0; 3]; n_tasks],
            norms: vec![None; n_tasks],
        }
    }

    fn add(&mut self, other: &Self) {
        for (to, from) in self.pairs.iter_mut().zip(&other.pairs) {
            *to += from;
        }
        for (to, from) in self.squares.iter_mut().zip(&other.squares) {
            *to = (to.0 + from.0, to.1 + from.1);
        }
        for (to, from) in self.halves.iter_mut().zip(&other.halves) {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        }
        for (to, from) in self.norms.iter_mut().zip(&other.norms) {
            if let Some(from) = from {
                *to = Some(to.unwrap_or(0.0) + from);
            }
        }
    }

    fn compared(&self) -> GradientsCompared {
        let cosine = |product: f64, squares: f64| (squares > 0.0).then(|| (product / squares.sqrt()) as f32);
        let pairs = self.pairs.iter().zip(&self.squares);
        GradientsCompared {
            norms: self
                .norms
                .iter()
                .map(|square| square.map(|square| square.sqrt() as f32))
                .collect(),
            cosines: pairs.map(|(product, (a, b))| cosine(*product, a * b)).collect(),
            noise: self
                .halves
                .iter()
                .map(|[product, g, h]| cosine(*product, g * h))
                .collect(),
        }
    }
}

/// Gradients of every task over two halves of the rows, by the parameters that at least two tasks reach.
struct Gradients {
    /// Per half and task, one value for each shared parameter; empty where no row of the half is labelled.
    halves: [Vec<Vec<f32>>; 2],
    /// Labelled rows per half and task, the weights of [`Gradients::mean`].
    labelled: [Vec<usize>; 2],
}

impl Gradients {
    /// The gradient over both halves.
    fn mean(&self, task: usize, at: usize) -> f64 {
        let [first, second] = &self.labelled;
        let part = |half: usize| {
            let gradient = self.halves[half][task].get(at).copied().unwrap_or(0.0);
            f64::from(gradient) * self.labelled[half][task] as f64
        };
        (part(0) + part(1)) / (first[task] + second[task]).max(1) as f64
    }
}

/// Answers [`Request::Conflict`](crate::protocol::Request::Conflict).
///
/// # Errors
/// When the gradients need more memory than there is for a look.
pub(crate) fn conflict(
    data: &Prepared,
    run: &mut TrainingRun,
    batch_size: usize,
) -> Result<Conflict, RunError> {
    let seed = data.settings.seed as u64;
    let n_rows = (2 * batch_size).min(MAX_ROWS);
    let rows = sample(
        &data.splits.train,
        n_rows,
        seed,
        "rows whose gradients are compared",
    );
    let n_tasks = run.trainer.model.tasks().len();
    let shared: Vec<_> = (run.trainer.model.parameters().iter())
        .filter(|parameter| parameter.trainable && parameter.tasks.is_shared())
        .map(|parameter| (parameter.node, parameter.tasks, parameter.range.clone()))
        .collect();
    let n_shared: usize = shared.iter().map(|(_, _, range)| range.len()).sum();
    let bytes = 2 * n_tasks * n_shared * size_of::<f32>();
    if bytes > MAX_BYTES {
        return Err(RunError::TooMuchToLookAt {
            needed_mb: (bytes / 1_000_000) as u64,
            ceiling_mb: (MAX_BYTES / 1_000_000) as u64,
        });
    }

    let mut gradients = Gradients {
        halves: [vec![Vec::new(); n_tasks], vec![Vec::new(); n_tasks]],
        labelled: [vec![0; n_tasks], vec![0; n_tasks]],
    };
    let mut common = vec![0_usize; pairs(n_tasks).count()];
    // A half fits into the batch of the run.
    let middle = rows.len().div_ceil(2);
    for (half, rows) in [&rows[..middle], &rows[middle..]].into_iter().enumerate() {
        if rows.is_empty() {
            continue;
        }
        run.columns.fill(run.trainer.model.batch_mut(), data, rows);
        let model = &mut run.trainer.model;
        model.forward(Mode::Infer);
        count_common(model, rows.len(), &mut common);
        let mut one_task = vec![0.0; n_tasks];
        for task in 0..n_tasks {
            let n_labelled = model.labelled_rows()[task];
            gradients.labelled[half][task] = n_labelled;
            if n_labelled == 0 {
                continue;
            }
            one_task[task] = 1.0;
            model.backward_tasks(&one_task);
            one_task[task] = 0.0;
            let all = model.gradients();
            let own = &mut gradients.halves[half][task];
            own.reserve_exact(n_shared);
            for (_, tasks, range) in &shared {
                if tasks.contains(task) {
                    own.extend_from_slice(&all[range.clone()]);
                } else {
                    // Whatever stands there is of an earlier pass.
                    own.resize(own.len() + range.len(), 0.0);
                }
            }
        }
    }

    let mut overall = Products::new(n_tasks);
    let mut layers: Vec<(NodeId, Products)> = Vec::new();
    let mut start = 0;
    for (node, tasks, range) in &shared {
        let reaches = |task: usize| tasks.contains(task);
        let products = products(&gradients, start..start + range.len(), n_tasks, reaches);
        start += range.len();
        overall.add(&products);
        match layers.iter_mut().find(|(known, _)| known == node) {
            Some((_, layer)) => layer.add(&products),
            None => layers.push((*node, products)),
        }
    }
    let layers = layers.into_iter().map(|(node, products)| LayerConflict {
        node,
        gradients: products.compared(),
    });
    Ok(Conflict {
        step: run.n_steps(),
        n_rows: rows.len(),
        tasks: (run.trainer.model.tasks().iter())
            .map(|task| task.name.clone())
            .collect(),
        common_rows: common
            .iter()
            .map(|n| *n as f32 / rows.len().max(1) as f32)
            .collect(),
        overall: overall.compared(),
        layers: layers.collect(),
    })
}

/// Counts the rows of the batch that carry both labels of each pair; a missing label is not a number.
fn count_common(model: &Model, n_rows: usize, common: &mut [usize]) {
    let targets = &model.batch().targets;
    let has_label = |task: usize, row: usize| {
        let width = targets[task].len() / n_rows;
        targets[task][row * width..(row + 1) * width]
            .iter()
            .any(|value| !value.is_nan())
    };
    for (count, (a, b)) in common.iter_mut().zip(pairs(targets.len())) {
        *count += (0..n_rows)
            .filter(|row| has_label(a, *row) && has_label(b, *row))
            .count();
    }
}

fn products(
    gradients: &Gradients,
    range: std::ops::Range<usize>,
    n_tasks: usize,
    reaches: impl Fn(usize) -> bool,
) -> Products {
    let mut products = Products::new(n_tasks);
    let is_known = |task: usize| reaches(task) && gradients.labelled.iter().any(|half| half[task] > 0);
    for task in (0..n_tasks).filter(|task| is_known(*task)) {
        let squares = range.clone().map(|at| {
            let mean = gradients.mean(task, at);
            mean * mean
        });
        products.norms[task] = Some(squares.sum());
        let [first, second] = [0, 1].map(|half| gradients.halves[half][task].get(range.clone()));
        if let (Some(first), Some(second)) = (first, second) {
            for (g, h) in first.iter().zip(second) {
                let (g, h) = (f64::from(*g), f64::from(*h));
                let [product, g_square, h_square] = &mut products.halves[task];
                *product += g * h;
                *g_square += g * g;
                *h_square += h * h;
            }
        }
    }
    for (index, (a, b)) in pairs(n_tasks).enumerate() {
        if !is_known(a) || !is_known(b) {
            continue;
        }
        for at in range.clone() {
            let (g, h) = (gradients.mean(a, at), gradients.mean(b, at));
            products.pairs[index] += g * h;
            products.squares[index].0 += g * g;
            products.squares[index].1 += h * h;
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mtl_data::datasets::Generator;
    use mtl_data::datasets::generated_reviews::ReviewSettings;
    use mtl_data::prepare::{DataSettings, prepare};
    use mtl_engine::design::presets;

    use super::*;
    use crate::protocol::RunSettings;

    /// Both halves fit into one batch here, so that one pass over all rows gives the gradients that two give together.
    #[test]
    fn cosines_and_norms_are_those_of_one_pass_over_all_rows() {
        let settings = ReviewSettings {
            rows: 150,
            missing: 0.2,
            ..ReviewSettings::default()
        };
        let dataset = Generator::Reviews(settings).generate().expect("rows");
        let data = Arc::new(prepare(&dataset, &DataSettings::default()).expect("data"));
        let design = presets::design("text-towers", &data.schema).expect("a preset");
        let settings = RunSettings {
            batch_size: 200,
            reproducible: true,
            ..RunSettings::default()
        };
        let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
        run.train_step().expect("a step");
        let told = conflict(&data, &mut run, settings.batch_size).expect("a look");

        let seed = data.settings.seed as u64;
        let rows = sample(&data.splits.train, 400, seed, "rows whose gradients are compared");
        assert_eq!(told.n_rows, rows.len());
        run.columns.fill(run.trainer.model.batch_mut(), &data, &rows);
        let model = &mut run.trainer.model;
        model.forward(Mode::Infer);
        let gradients: Vec<Vec<f64>> = [[1.0, 0.0], [0.0, 1.0]]
            .map(|one_task| {
                model.backward_tasks(&one_task);
                let shared = model
                    .parameters()
                    .iter()
                    .filter(|parameter| parameter.tasks.is_shared());
                shared
                    .flat_map(|parameter| &model.gradients()[parameter.range.clone()])
                    .map(|gradient| f64::from(*gradient))
                    .collect()
            })
            .into();
        let product =
            |a: usize, b: usize| -> f64 { gradients[a].iter().zip(&gradients[b]).map(|(g, h)| g * h).sum() };
        let cosine = product(0, 1) / (product(0, 0) * product(1, 1)).sqrt();
        let got = f64::from(told.overall.cosines[0].expect("both tasks have labels"));
        assert!((got - cosine).abs() < 1e-5, "{got}, expected {cosine}");
        for task in 0..2 {
            let got = f64::from(told.overall.norms[task].expect("labels"));
            let expected = product(task, task).sqrt();
            assert!(
                (got / expected - 1.0).abs() < 1e-5,
                "task {task}: {got}, expected {expected}"
            );
        }
    }

    #[test]
    fn noise_is_the_cosine_of_the_halves_and_unreached_parameters_count_for_nobody() {
        let gradients = Gradients {
            halves: [
                vec![vec![1.0, 0.0, 5.0], vec![0.0, 2.0, 0.0]],
                vec![vec![0.0, 1.0, 5.0], vec![0.0, 2.0, 0.0]],
            ],
            labelled: [vec![1, 3], vec![3, 1]],
        };
        let found = products(&gradients, 0..2, 2, |_| true).compared();
        assert_eq!(found.noise, [Some(0.0), Some(1.0)]);
        // (1, 0) once and (0, 1) three times: (1/4, 3/4).
        let norm = (1.0_f32 + 9.0).sqrt() / 4.0;
        assert!((found.norms[0].unwrap() - norm).abs() < 1e-6 && found.norms[1] == Some(2.0));
        assert!((found.cosines[0].unwrap() - 3.0 / 10.0_f32.sqrt()).abs() < 1e-6);
        let found = products(&gradients, 2..3, 2, |task| task == 0).compared();
        assert_eq!(
            (found.cosines[0], found.norms[1], found.noise[1]),
            (None, None, None)
        );
    }
}
