//! A run: a compiled design with the data that it trains on, its settings, and everything that changes while it trains.
//!
//! Runs share nothing but the rows, which nobody changes: any number of them can stand side by side, and each gives the bits that
//! it would give alone.
//!
//! ```
//! use std::sync::Arc;
//! use mtl_data::{datasets::Generator, prepare::{DataSettings, prepare}};
//! use mtl_engine::design::presets;
//! use mtl_training::{TrainingRun, protocol::{RunSettings, Split}};
//!
//! let generator = Generator::with_key("generated-reviews").expect("a generator");
//! let data = Arc::new(prepare(&generator.generate()?, &DataSettings::default())?);
//! let design = presets::design("text-towers", &data.schema).expect("a preset");
//! let settings = |seed| RunSettings { seed, ..RunSettings::default() };
//! let mut runs = [1, 2].map(|seed| TrainingRun::build(&design, &data, &settings(seed)).expect("it fits the data"));
//! for _ in 0..3 {
//!     for run in &mut runs {
//!         run.train_step()?;
//!     }
//! }
//! assert!(runs[0].report().losses[0].is_finite());
//! assert_ne!(runs[0].fingerprint(), runs[1].fingerprint());
//! let evaluation = runs[1].evaluate(Split::Validation);
//! assert_eq!((evaluation.step, evaluation.losses.len()), (3, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use mtl_base::NodeId;
use mtl_base::schema::FeatureKind;
use mtl_data::datasets::generated_regression::MAX_WIDTH;
use mtl_data::prepare::Prepared;
use mtl_engine::design::{Design, check::Limits};
use mtl_engine::model::{Batch, BuildOptions, Model, Resources};

use crate::RunError;
use crate::evaluation::EvaluationJob;
use crate::order::RowOrder;
use crate::protocol::{Evaluation, RunSettings, Split};
use crate::step::{StepObserver, StepReport, StepRequest, StepSettings, Trainer};

/// A compiled design plus everything that changes while it trains.
pub struct TrainingRun {
    /// The design that the model was built from, with later changes of settings that need no new model.
    pub(crate) design: Design,
    /// The rows.
    pub(crate) data: Arc<Prepared>,
    settings: RunSettings,
    pub(crate) columns: Columns,
    pub(crate) trainer: Trainer,
    order: RowOrder,
}

/// Columns of the data set for the model's inputs and tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Per input slot, the feature's index in the schema.
    pub(crate) features: Vec<usize>,
    /// Per task, the label's index in the schema.
    pub(crate) labels: Vec<usize>,
}

/// Bytes of the rows of a data set, which are in memory twice: as they were read, and prepared for batches.
fn row_bytes(data: &Prepared) -> usize {
    2 * data.bytes()
}

/// Most bytes of everything but the rows.
fn max_bytes(data: &Prepared) -> usize {
    Limits::default().max_bytes.saturating_sub(row_bytes(data))
}

impl TrainingRun {
    /// Compiles `design` with fresh parameters from the seed.
    ///
    /// # Errors
    /// When the design cannot be trained on the data, or needs more memory than there is.
    pub fn build(design: &Design, data: &Arc<Prepared>, settings: &RunSettings) -> Result<Self, RunError> {
        let options = BuildOptions {
            max_rows: settings.batch_size,
            seed: settings.seed,
            training: true,
        };
        let limits = Limits {
            row_bytes: row_bytes(data),
            ..Limits::default()
        };
        let model = Model::build_within(design, &data.schema, &options, &limits)?;
        let columns = Columns::of(&model, data)?;
        let n_labelled = columns.count_labels(data);
        let (step_settings, ceiling) = (StepSettings::of(settings), max_bytes(data));
        Ok(Self {
            design: design.clone(),
            data: Arc::clone(data),
            settings: settings.clone(),
            order: RowOrder::new(&data.splits.train, settings.batch_size, settings.seed),
            trainer: Trainer::new(model, step_settings, settings.seed, n_labelled, ceiling)?,
            columns,
        })
    }

    /// Replaces the design by one that differs from the run's in settings only that change neither parameters nor shapes
    /// (names, places, loss weights, rates of dropout, regularisers, frozen layers); false when it differs in more.
    pub fn update_design(&mut self, design: &Design) -> bool {
        if !self.trainer.model.update_settings(design) {
            return false;
        }
        self.design = design.clone();
        self.trainer.design_changed();
        true
    }

    /// Replaces the settings by others under which the run continues ([`RunSettings::keeps_run`]): the optimizer and the balancing method
    /// keep their state as far as the new settings have one.
    ///
    /// # Errors
    /// When they need more memory than there is; nothing has changed then.
    pub fn update_settings(&mut self, settings: &RunSettings) -> Result<(), RunError> {
        let step_settings = StepSettings {
            measures_tasks: self.trainer.settings().measures_tasks,
            ..StepSettings::of(settings)
        };
        self.trainer.set_settings(step_settings, max_bytes(&self.data))?;
        self.settings = settings.clone();
        Ok(())
    }

    /// Whether every step measures the gradients of single tasks, also under a method that does not need them: their norms and
    /// cosines are in the [report](TrainingRun::report) then. The run's bits stay as they are.
    ///
    /// # Errors
    /// When that needs more memory than there is; nothing has changed then.
    pub fn measure_tasks(&mut self, measures_tasks: bool) -> Result<(), RunError> {
        let step_settings = StepSettings {
            measures_tasks,
            ..self.trainer.settings().clone()
        };
        self.trainer.set_settings(step_settings, max_bytes(&self.data))
    }

    /// The design that is trained.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// How it is trained.
    pub fn settings(&self) -> &RunSettings {
        &self.settings
    }

    /// The compiled design with its parameters.
    pub fn model(&self) -> &Model {
        &self.trainer.model
    }

    /// What the last step has computed.
    pub fn report(&self) -> &StepReport {
        self.trainer.report()
    }

    /// Whether every epoch draws new rows.
    pub fn has_fresh_rows(&self) -> bool {
        self.data.fresh.is_some()
    }

    /// Costs of the run, including the rows of the data set.
    pub fn resources(&self) -> Resources {
        let mut resources = self.trainer.model.resources();
        resources.bytes.rows = row_bytes(&self.data);
        resources
    }

    /// Steps done.
    pub fn n_steps(&self) -> u64 {
        self.trainer.n_steps()
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.order.steps_per_epoch()
    }

    /// Epochs done, with the share of the one under way.
    pub fn epoch(&self) -> f64 {
        match self.steps_per_epoch() {
            0 => 0.0,
            steps => self.n_steps() as f64 / steps as f64,
        }
    }

    pub(crate) fn at_epoch_end(&self) -> bool {
        self.n_steps() > 0 && self.n_steps().is_multiple_of(self.steps_per_epoch().max(1))
    }

    /// Trains one step; returns how many rows it read.
    ///
    /// # Errors
    /// When the run diverges; see [`Trainer::step`].
    pub fn train_step(&mut self) -> Result<usize, RunError> {
        self.train_step_observed(&mut ())
    }

    /// As [`TrainingRun::train_step`], watched by `observer`.
    ///
    /// # Errors
    /// When the run diverges; see [`Trainer::step`].
    pub fn train_step_observed<O: StepObserver>(&mut self, observer: &mut O) -> Result<usize, RunError> {
        let step = self.n_steps();
        let request = self.request(step);
        let Self {
            data,
            columns,
            trainer,
            order,
            ..
        } = self;
        let epoch = step / order.steps_per_epoch().max(1);
        let rows = order.batch(step);
        let fill = |batch: &mut Batch| {
            columns.fill(batch, data, rows);
            columns.renew(batch, data, rows, epoch);
        };
        trainer.step(&request, fill, observer)?;
        Ok(rows.len())
    }

    /// Keeps the state as the last good one, when that is due: see [`Trainer::keep_good`].
    pub(crate) fn keep_good(&mut self) {
        self.trainer.keep_good();
    }

    /// The step of the last good state that was kept.
    pub fn good_step(&self) -> Option<u64> {
        self.trainer.good_step()
    }

    /// Goes back to the last good state; false when none was kept.
    pub fn go_back(&mut self) -> bool {
        self.trainer.go_back()
    }

    /// The inputs of step `step` (the first being 0), on any backend.
    pub(crate) fn request(&self, step: u64) -> StepRequest {
        let steps_per_epoch = self.steps_per_epoch().max(1);
        let total_steps = steps_per_epoch * u64::from(self.settings.epochs);
        StepRequest {
            learning_rate: self.settings.learning_rate * self.settings.schedule.at(step, total_steps),
            ends_epoch: (step + 1).is_multiple_of(steps_per_epoch),
        }
    }

    /// The rows of step `step` (the first being 0), and what knows its weights.
    #[cfg(feature = "gpu")]
    pub(crate) fn rows(&mut self, step: u64) -> (&[u32], &mut Trainer) {
        (self.order.batch(step), &mut self.trainer)
    }

    /// Metrics of every task on all rows of a split.
    pub fn evaluate(&mut self, split: Split) -> Evaluation {
        let data = Arc::clone(&self.data);
        let mut job = EvaluationJob::new(self, split, data.splits.rows(split).to_vec(), None);
        while !job.advance(self, &data, self.settings.batch_size) {}
        job.finish(self, 0.0)
    }

    /// The place among the tasks of a head.
    pub(crate) fn task_idx(&self, head: NodeId) -> Option<usize> {
        let mut tasks = self.trainer.model.tasks().iter();
        tasks.position(|task| task.node == head)
    }

    /// 64-bit FNV-1a hash of the bits of all parameters: equal runs have equal ones, on every machine.
    pub fn fingerprint(&self) -> u64 {
        let values = self.trainer.model.values().iter();
        values
            .flat_map(|value| value.to_bits().to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
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

    /// Labelled training rows of each task.
    fn count_labels(&self, data: &Prepared) -> Vec<u64> {
        let rows = &data.splits.train;
        let mut targets = Vec::new();
        let labels = self.labels.iter().map(|label_idx| {
            let width = data.label_width(*label_idx);
            targets.clear();
            targets.resize(rows.len() * width, 0.0);
            data.labels_into(*label_idx, rows, &mut targets);
            let is_labelled = |row: &&[f32]| row.iter().any(|target| !target.is_nan());
            targets.chunks_exact(width.max(1)).filter(is_labelled).count() as u64
        });
        labels.collect()
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
            let data = Arc::new(data);
            let design = presets::design("numbers-towers", &data.schema).expect("a preset");
            let settings = RunSettings {
                batch_size: 60,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            // Rows by their first number, with their labels.
            let mut rows = Vec::new();
            for _ in 0..8 {
                run.train_step().expect("a step");
                let batch = run.model().batch();
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
        let mut data = Arc::new(prepare(&dataset, &DataSettings::default()).expect("a data set"));
        let design = presets::all()
            .iter()
            .find(|preset| preset.key == "ad-content")
            .expect("a preset")
            .design(&data.schema);
        let mut changed = |cardinality: usize, lazy_rows: bool| {
            let schema = &mut Arc::get_mut(&mut data).expect("no run is left").schema;
            schema.features[0].kind = FeatureKind::Id { cardinality };
            let settings = RunSettings {
                batch_size: 32,
                lazy_rows,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            let mut before = run.model().values().to_vec();
            let mut n_changed = Vec::new();
            for _ in 0..5 {
                run.train_step().expect("a step");
                let values = run.model().values();
                let pairs = values.iter().zip(&before);
                n_changed.push((
                    run.trainer.parts.len(),
                    pairs.filter(|(now, before)| now != before).count(),
                ));
                before.copy_from_slice(values);
            }
            (run.model().values().len(), n_changed)
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
    fn a_parameter_that_is_not_finite_is_named_at_the_step() {
        let dataset = generate(&ImpressionSettings {
            rows: 200,
            ..ImpressionSettings::default()
        });
        let data = Arc::new(prepare(&dataset, &DataSettings::default()).expect("a data set"));
        let design = presets::design("ad-content", &data.schema).expect("a preset");
        for lazy_rows in [false, true] {
            let settings = RunSettings {
                lazy_rows,
                ..RunSettings::default()
            };
            let mut run = TrainingRun::build(&design, &data, &settings).expect("a run");
            run.train_step().expect("a step");
            run.trainer.check_parameters().expect("finite numbers");
            run.train_step().expect("a step");
            assert!(!run.trainer.unchecked, "a step with lazy rows has looked");
            // A row of the step to come, at a rate at which it cannot stay finite.
            let extreme = RunSettings {
                learning_rate: f32::INFINITY,
                ..settings
            };
            run.update_settings(&extreme).expect("it fits");
            let error = run.train_step().expect_err("not finite");
            assert!(matches!(error, RunError::NotFinite { step: 3, .. }), "{error:?}");
        }
        // A GPU's steps are not checked: their parameters are, epoch after epoch.
        let mut run = TrainingRun::build(&design, &data, &RunSettings::default()).expect("a run");
        run.trainer.check_parameters().expect("finite numbers");
        run.trainer.model.values_mut()[0] = f32::NAN;
        let error = run.trainer.check_parameters().expect_err("not finite");
        assert!(matches!(error, RunError::NotFinite { .. }), "{error:?}");
    }
}
