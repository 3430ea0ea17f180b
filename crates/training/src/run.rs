//! One run: a compiled design with its optimizer, and what one step does.
//!
//! ```text
//! rows of the step -> batch -> forward (losses) -> loss weights -> backward -> clip -> schedule -> optimizer
//! ```

use mtl_base::NodeId;
use mtl_base::schema::FeatureKind;
use mtl_data::datasets::generated_regression::MAX_WIDTH;
use mtl_data::prepare::Prepared;
use mtl_engine::design::{Design, check::Limits};
use mtl_engine::model::{Batch, BuildOptions, Model, Resources};
use mtl_kernels::vector::all_finite;
use mtl_program::optimizers::Optimizer;
use mtl_program::parts::Parts;
use mtl_program::specs::Mode;

use crate::RunError;
use crate::order::RowOrder;
use crate::protocol::RunSettings;

/// A loss this many times the first one (or this many times 1, if that is more) counts as divergence.
const DIVERGENCE_FACTOR: f32 = 1e4;

/// A compiled design on its way.
pub(crate) struct TrainingRun {
    /// The design that `model` was built from, with later changes of settings that need no new model.
    pub(crate) design: Design,
    pub(crate) model: Model,
    pub(crate) columns: Columns,
    pub(crate) optimizer: Optimizer,
    order: RowOrder,
    /// What a step changes: the parameters that are trained, or, with lazy rows, what the last batch has touched of them.
    parts: Parts,
    lazy_rows: bool,
    /// With lazy rows: whether a number may have become infinite unseen. Such a step looks at what it has changed, so that
    /// an epoch's end need not look at the whole vocabulary.
    unchecked: bool,
    /// What the rows of the data set take in memory.
    row_bytes: usize,
    /// Steps done.
    pub(crate) step: u64,
    /// Per task, of the last step.
    pub(crate) weights: Vec<f32>,
    pub(crate) learning_rate: f32,
    first_losses: Vec<Option<f32>>,
}

/// Where the model's inputs and tasks stand in the data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Per input slot, the feature's index in the schema.
    pub(crate) features: Vec<usize>,
    /// Per task, the label's index in the schema.
    pub(crate) labels: Vec<usize>,
}

impl TrainingRun {
    /// Compiles `design` with fresh parameters from the seed.
    pub(crate) fn build(design: &Design, data: &Prepared, settings: &RunSettings) -> Result<Self, RunError> {
        let options = BuildOptions {
            max_rows: settings.batch_size,
            seed: settings.seed,
            training: true,
        };
        // The rows stand in the same memory twice: as they were read, and as batches take them.
        let limits = Limits {
            row_bytes: 2 * data.bytes(),
            ..Limits::default()
        };
        let model = Model::build_within(design, &data.schema, &options, &limits)?;
        let columns = Columns::of(&model, data)?;
        let n_tasks = model.tasks().len();
        let mut run = Self {
            design: design.clone(),
            optimizer: Optimizer::new(&settings.optimizer, model.values().len()),
            order: RowOrder::new(&data.splits.train, settings.batch_size, settings.seed),
            parts: Parts::default(),
            lazy_rows: settings.lazy_rows,
            unchecked: true,
            row_bytes: limits.row_bytes,
            columns,
            model,
            step: 0,
            weights: vec![1.0; n_tasks],
            learning_rate: settings.learning_rate,
            first_losses: vec![None; n_tasks],
        };
        run.model.set_fused(!settings.reproducible);
        run.find_parts();
        run.weigh();
        Ok(run)
    }

    /// Takes over a design that differs from the run's in settings only that change neither parameters nor shapes
    /// (names, places, loss weights, rates of dropout, regularisers, frozen layers); false when it differs in more.
    pub(crate) fn update_design(&mut self, design: &Design) -> bool {
        if !self.model.update_settings(design) {
            return false;
        }
        self.design = design.clone();
        self.find_parts();
        self.weigh();
        true
    }

    /// Takes over how its steps are computed: new constants of the optimizer, with its state as far as the new constants
    /// keep one, lazy rows, fused products.
    pub(crate) fn update_optimizer(&mut self, settings: &RunSettings) {
        self.model.set_fused(!settings.reproducible);
        if self.lazy_rows != settings.lazy_rows {
            self.lazy_rows = settings.lazy_rows;
            self.unchecked = true;
            self.find_parts();
        }
        if *self.optimizer.config() != settings.optimizer {
            let mut optimizer = Optimizer::new(&settings.optimizer, self.model.values().len());
            // A state that does not fit (momentum switched on or off) starts afresh.
            let _ = optimizer.restore(self.optimizer.step(), self.optimizer.slots());
            self.optimizer = optimizer;
        }
    }

    /// What the run costs, the rows of the data set with it.
    pub(crate) fn resources(&self) -> Resources {
        let mut resources = self.model.resources();
        resources.bytes.rows = self.row_bytes;
        resources
    }

    fn find_parts(&mut self) {
        let trained = || {
            self.model
                .parameters()
                .iter()
                .filter(|parameter| parameter.trainable)
        };
        self.parts = trained().map(|parameter| parameter.range.clone()).collect();
        if self.lazy_rows {
            // Touched rows that are no neighbours are at most every second row of a table.
            let rows = trained().map(|parameter| parameter.shape.first().map_or(0, |rows| rows.div_ceil(2)));
            self.parts.reserve(rows.sum(), trained().count());
        }
    }

    /// Finds what the batch has touched, after its backward pass.
    fn find_touched_parts(&mut self) {
        self.parts.clear();
        for parameter_idx in 0..self.model.parameters().len() {
            let parameter = &self.model.parameters()[parameter_idx];
            if !parameter.trainable {
                continue;
            }
            let range = parameter.range.clone();
            let row_width = parameter.shape.iter().skip(1).product();
            match self.model.touched_rows(parameter_idx) {
                Some(rows) => self.parts.push_rows(range.start, row_width, rows),
                None => self.parts.push_whole(range),
            }
        }
    }

    pub(crate) fn steps_per_epoch(&self) -> u64 {
        self.order.steps_per_epoch()
    }

    /// Epochs done, with the share of the one under way.
    pub(crate) fn epoch(&self) -> f64 {
        match self.steps_per_epoch() {
            0 => 0.0,
            steps => self.step as f64 / steps as f64,
        }
    }

    pub(crate) fn at_epoch_end(&self) -> bool {
        self.step > 0 && self.step.is_multiple_of(self.steps_per_epoch().max(1))
    }

    /// The weight of every task's loss in the step to come. This is the place where a method that balances tasks puts
    /// its weights; a method that combines the tasks' gradients calls `backward` once per task with a unit weight.
    fn weigh(&mut self) {
        for (weight, task) in self.weights.iter_mut().zip(self.model.tasks()) {
            *weight = task.weight;
        }
    }

    /// Trains one step; returns how many rows it read. When it fails, the parameters are as before.
    pub(crate) fn train_step(&mut self, data: &Prepared, settings: &RunSettings) -> Result<usize, RunError> {
        self.learning_rate = self.learning_rate_at(self.step, settings);
        let steps_per_epoch = self.steps_per_epoch();
        let rows = self.order.batch(self.step);
        self.columns.fill(self.model.batch_mut(), data, rows);
        if data.fresh.is_some() {
            let epoch = self.step / steps_per_epoch.max(1);
            self.columns.renew(self.model.batch_mut(), data, rows, epoch);
        }
        let n_rows = rows.len();
        self.model.forward(Mode::Train { step: self.step });
        for task_idx in 0..self.weights.len() {
            let loss = self.model.losses()[task_idx];
            if self.model.labelled_rows()[task_idx] > 0 {
                self.check_loss(task_idx, loss, self.step)?;
            }
        }
        self.weigh();
        self.model.backward(&self.weights);
        if self.lazy_rows {
            self.find_touched_parts();
        }
        let (values, gradients) = self.model.values_and_gradients();
        settings.clipping.apply_parts(gradients, &self.parts);
        self.optimizer
            .apply_ranges(self.parts.ranges(), values, gradients, self.learning_rate);
        if self.lazy_rows {
            let mut parts = self.parts.ranges().iter();
            self.unchecked |= !parts.all(|part| all_finite(&values[part.clone()]));
        }
        self.step += 1;
        Ok(n_rows)
    }

    /// The learning rate of step `step`, the first being 0.
    pub(crate) fn learning_rate_at(&self, step: u64, settings: &RunSettings) -> f32 {
        let total_steps = self.steps_per_epoch() * u64::from(settings.epochs);
        settings.learning_rate * settings.schedule.at(step, total_steps)
    }

    /// The rows of step `step` (the first being 0), and the weight of every task's loss.
    #[cfg(feature = "gpu")]
    pub(crate) fn rows_and_weights(&mut self, step: u64) -> (&[u32], &[f32]) {
        self.weigh();
        (self.order.batch(step), &self.weights)
    }

    /// Refuses the loss of step `step` (the first being 0) that says that the run diverges.
    pub(crate) fn check_loss(&mut self, task_idx: usize, loss: f32, step: u64) -> Result<(), RunError> {
        let first = *self.first_losses[task_idx].get_or_insert(loss);
        if loss.is_finite() && loss <= DIVERGENCE_FACTOR * first.max(1.0) {
            return Ok(());
        }
        Err(RunError::Diverged {
            task: self.model.tasks()[task_idx].name.clone(),
            step: step + 1,
            loss,
        })
    }

    /// Refuses a parameter that is not finite.
    pub(crate) fn check_parameters(&mut self) -> Result<(), RunError> {
        // Without lazy rows nobody has looked, and the steps may have been another device's.
        if self.lazy_rows && !self.unchecked {
            return Ok(());
        }
        for parameter in self.model.parameters() {
            if !all_finite(&self.model.values()[parameter.range.clone()]) {
                let tasks = self.model.tasks().iter().enumerate();
                return Err(RunError::NotFinite {
                    parameter: parameter.name.clone(),
                    step: self.step,
                    tasks: tasks
                        .filter(|(task_idx, _)| parameter.tasks.contains(*task_idx))
                        .map(|(_, task)| task.name.clone())
                        .collect(),
                });
            }
        }
        self.unchecked = false;
        Ok(())
    }

    /// The place among the tasks of a head.
    pub(crate) fn task_idx(&self, head: NodeId) -> Option<usize> {
        self.model.tasks().iter().position(|task| task.node == head)
    }

    /// 64-bit FNV-1a hash of the bits of all parameters.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.model
            .values()
            .iter()
            .flat_map(|value| value.to_bits().to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
    }
}

impl Columns {
    fn of(model: &Model, data: &Prepared) -> Result<Self, RunError> {
        let known = || {
            data.schema
                .features
                .iter()
                .map(|feature| feature.key.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let missing = |key: &str| RunError::UnknownFeature {
            feature: key.to_owned(),
            known: known(),
        };
        Ok(Self {
            features: model
                .inputs()
                .iter()
                .map(|slot| {
                    data.feature_idx(&slot.feature)
                        .ok_or_else(|| missing(&slot.feature))
                })
                .collect::<Result<_, _>>()?,
            labels: model
                .tasks()
                .iter()
                .map(|task| data.label_idx(&task.label).ok_or_else(|| missing(&task.label)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Puts new draws of the training rows `rows`, those of `epoch`, into a batch that holds them, for data that has no end.
    fn renew(&self, batch: &mut Batch, data: &Prepared, rows: &[u32], epoch: u64) {
        let mut x = [0.0; MAX_WIDTH];
        let Some(fresh) = &data.fresh else { return };
        let width = fresh.width();
        for (place, row) in rows.iter().enumerate() {
            let Some(labels) = data.fresh_row_into(epoch, *row, &mut x[..width]) else {
                return;
            };
            // Such a data set has one feature, which every input reads.
            for values in &mut batch.dense {
                values[place * width..(place + 1) * width].copy_from_slice(&x[..width]);
            }
            for (targets, label_idx) in batch.targets.iter_mut().zip(&self.labels) {
                targets[place] = labels[*label_idx];
            }
        }
    }

    /// Copies `rows` (at most as many as the batch was made for) into a batch of the model.
    pub(crate) fn fill(&self, batch: &mut Batch, data: &Prepared, rows: &[u32]) {
        batch.resize(rows.len());
        for (slot_idx, feature_idx) in self.features.iter().copied().enumerate() {
            match data.schema.features[feature_idx].kind {
                FeatureKind::Tokens { .. } => data.tokens_into(feature_idx, rows, &mut batch.ids[slot_idx]),
                FeatureKind::Id { .. } => data.ids_into(feature_idx, rows, &mut batch.ids[slot_idx]),
                FeatureKind::Dense { .. } => data.dense_into(feature_idx, rows, &mut batch.dense[slot_idx]),
            }
        }
        for (task_idx, label_idx) in self.labels.iter().copied().enumerate() {
            data.labels_into(label_idx, rows, &mut batch.targets[task_idx]);
        }
    }
}

#[cfg(test)]
mod tests {
    use mtl_data::datasets::Generator;
    use mtl_data::datasets::generated_impressions::{ImpressionSettings, generate};
    use mtl_data::datasets::generated_regression::RegressionSettings;
    use mtl_data::prepare::{DataSettings, prepare};
    use mtl_engine::design::presets;

    use super::*;

    /// New rows in every epoch, none of them twice; the same ones for whoever asks again.
    #[test]
    fn data_without_end_is_drawn_anew_in_every_epoch() {
        let of = |streaming: bool| {
            let settings = RegressionSettings {
                rows: 300,
                width: 8,
                streaming,
                missing: 0.1,
                ..RegressionSettings::default()
            };
            let generator = Generator::Regression(settings);
            let mut data =
                prepare(&generator.generate().expect("rows"), &DataSettings::default()).expect("a data set");
            data.fresh = generator.fresh_rows();
            let design = presets::design("numbers-towers", &data.schema).expect("a preset");
            let settings = RunSettings {
                batch_size: 60,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            // Rows by their first number, with their labels.
            let mut rows = Vec::new();
            for _ in 0..8 {
                run.train_step(&data, &settings).expect("a step");
                let batch = run.model.batch();
                let firsts = batch.dense[0].iter().step_by(8);
                let labels = batch.targets[0].iter().zip(&batch.targets[1]);
                rows.extend(
                    firsts
                        .zip(labels)
                        .map(|(x, (a, b))| [x, a, b].map(|value| value.to_bits())),
                );
            }
            (rows, run.fingerprint())
        };
        let ((fresh, fingerprint), (again, same)) = (of(true), of(true));
        assert_eq!((&fresh, fingerprint), (&again, same));
        let distinct = |rows: &[[u32; 3]]| rows.iter().collect::<std::collections::BTreeSet<_>>().len();
        // Two epochs of 240 training rows.
        assert_eq!((fresh.len(), distinct(&fresh)), (480, 480));
        let (fixed, other) = of(false);
        assert_eq!((fixed.len(), distinct(&fixed)), (480, 240));
        assert_ne!(fingerprint, other);
        // Labels are missing as often, and numbers are standardised as the others are.
        let n_missing = |rows: &[[u32; 3]]| rows.iter().filter(|row| f32::from_bits(row[1]).is_nan()).count();
        assert!((20..90).contains(&n_missing(&fresh)), "{}", n_missing(&fresh));
        let squares: f32 = fresh.iter().map(|row| f32::from_bits(row[0]).powi(2)).sum();
        assert!((squares / 480.0 - 1.0).abs() < 0.25);
    }

    #[test]
    fn the_cost_of_a_lazy_step_does_not_depend_on_the_vocabulary() {
        let dataset = generate(&ImpressionSettings {
            rows: 500,
            users: 20,
            items: 30,
            ..ImpressionSettings::default()
        });
        let mut data = prepare(&dataset, &DataSettings::default()).expect("a data set");
        let design = presets::all()
            .iter()
            .find(|preset| preset.key == "ad-content")
            .expect("a preset")
            .design(&data.schema);
        let mut changed = |cardinality: usize, lazy_rows: bool| {
            data.schema.features[0].kind = FeatureKind::Id { cardinality };
            let settings = RunSettings {
                batch_size: 32,
                lazy_rows,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            let mut before = run.model.values().to_vec();
            let mut n_changed = Vec::new();
            for _ in 0..5 {
                run.train_step(&data, &settings).expect("a step");
                let values = run.model.values();
                let pairs = values.iter().zip(&before);
                n_changed.push((
                    run.parts.len(),
                    pairs.filter(|(now, before)| now != before).count(),
                ));
                before.copy_from_slice(values);
            }
            (run.model.values().len(), n_changed)
        };
        let (few, lazy_few) = changed(5_000, true);
        let (many, lazy_many) = changed(500_000, true);
        assert!(many > 50 * few);
        let seen = |steps: &[(usize, usize)]| steps.iter().map(|step| step.0).collect::<Vec<_>>();
        assert_eq!(
            seen(&lazy_few),
            seen(&lazy_many),
            "numbers that the optimizer sees"
        );
        for (seen, n_changed) in lazy_many {
            assert!(
                n_changed <= seen && seen < few / 2,
                "{n_changed} of {seen} changed"
            );
        }
        let (_, dense) = changed(5_000, false);
        assert!(dense.iter().all(|(seen, _)| *seen == few), "{dense:?}");
    }

    #[test]
    fn a_parameter_that_is_not_finite_is_named_at_the_end_of_an_epoch() {
        let dataset = generate(&ImpressionSettings {
            rows: 200,
            ..ImpressionSettings::default()
        });
        let data = prepare(&dataset, &DataSettings::default()).expect("a data set");
        let design = presets::design("ad-content", &data.schema).expect("a preset");
        for lazy_rows in [false, true] {
            let settings = RunSettings {
                lazy_rows,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            run.train_step(&data, &settings).expect("a step");
            run.check_parameters().expect("finite numbers");
            run.train_step(&data, &settings).expect("a step");
            assert!(!run.unchecked, "a step with lazy rows has looked");
            // A row of the step to come, at a rate at which it cannot stay finite.
            let extreme = RunSettings {
                learning_rate: f32::INFINITY,
                ..settings
            };
            run.train_step(&data, &extreme)
                .expect("the loss is that before the step");
            let error = run.check_parameters().expect_err("not finite");
            assert!(matches!(error, RunError::NotFinite { step: 3, .. }), "{error:?}");
        }
        // A GPU's steps are not seen here: it puts the parameters in place, epoch after epoch.
        let mut run = TrainingRun::build(&design, &data, &RunSettings::default()).expect("a run");
        run.check_parameters().expect("finite numbers");
        run.model.values_mut()[0] = f32::NAN;
        let error = run.check_parameters().expect_err("not finite");
        assert!(matches!(error, RunError::NotFinite { .. }), "{error:?}");
    }
}
