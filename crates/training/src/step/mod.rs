//! One training step.
//!
//! ```text
//! rows -> forward -> losses -> balance -> backward -> combine -> clip -> update
//! ```
//! [`Trainer`] is a model with the state of its training, and makes steps on the CPU. WebGPU makes the same step of the same
//! inputs (`webgpu::DeviceRun`); what it cannot do it declares ([`Capabilities`]). Whoever wants to know what happens within
//! a step observes it ([`StepObserver`]): the step profile and the benchmark are observers of this step.
//!
//! # Balancing
//! A method of [`mtl_balance`] gives each task a weight; what a person has set as the task's weight (its slider) multiplies it.
//!
//! | the method needs | passes |
//! |---|---|
//! | losses, or nothing | one backward pass of the weighted sum of the losses |
//! | the Gram matrix, or the gradients | one backward pass for each task over the shared ops, then their combination ([`mtl_program::cpu::tasks`]) |
//!
//! A task with the weight 0, or without a label in the batch, takes no part. Regularisers and ties are no task's: their
//! gradients are added to the combination.

mod capabilities;
mod kept;
mod observer;
mod profile;
mod report;
mod state;

pub use capabilities::{Capabilities, Limitation};
use kept::Kept;
pub use observer::{Direction, Stage, StepObserver};
pub use profile::{OpTime, Profile, Timed};
pub use report::StepReport;
pub(crate) use state::{Order, RunState};
pub use state::{SavedBalancer, SavedOptimizer, SavedState};

use mtl_balance::options::{BalanceOptions, Domain, Heads, Metric};
use mtl_balance::{BalanceConfig, Balancer, Needs, Rows, Setup, StepInput, TaskKind};
use mtl_base::schema::LabelKind;
use mtl_engine::model::{Batch, Model};
use mtl_kernels::fused::Rounding;
use mtl_program::clipping::Clipping;
use mtl_program::cpu::tasks::{TaskDomain, TaskGradientRoom, TaskRows};
use mtl_program::optimizers::{Optimizer, OptimizerConfig};
use mtl_program::parts::Parts;
use mtl_program::specs::Mode;

use crate::RunError;
use crate::protocol::RunSettings;

/// Settings of the steps, which may change from one step to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSettings {
    /// Update rule.
    pub optimizer: OptimizerConfig,
    /// Bound on gradients.
    pub clipping: Clipping,
    /// Whether a step changes only the rows of an embedding that its batch has looked up.
    pub lazy_rows: bool,
    /// How products are rounded.
    pub rounding: Rounding,
    /// Method that balances the tasks.
    pub balance: BalanceConfig,
    /// What the methods have in common.
    pub balance_options: BalanceOptions,
    /// Whether the gradient of each task is measured in every step, whatever the method needs.
    pub measures_tasks: bool,
}

impl StepSettings {
    /// Those of a run.
    pub fn of(settings: &RunSettings) -> Self {
        Self {
            optimizer: settings.optimizer.clone(),
            clipping: settings.clipping.clone(),
            lazy_rows: settings.lazy_rows,
            rounding: Rounding::fused_if(!settings.reproducible),
            balance: settings.balance.clone(),
            balance_options: settings.balance_options.clone(),
            measures_tasks: false,
        }
    }

    /// Whether steps have a backward pass for each task.
    fn has_task_passes(&self) -> bool {
        matches!(self.balance.needs(), Needs::Gram | Needs::Jacobian)
    }

    /// What is needed to keep the gradients of single tasks.
    fn room(&self) -> Option<TaskGradientRoom> {
        let has_task_passes = self.has_task_passes();
        let wanted = has_task_passes || self.measures_tasks;
        let domain = match self.balance_options.domain {
            Domain::Representation if has_task_passes => TaskDomain::Representation,
            Domain::Parameters | Domain::Representation => TaskDomain::Parameters,
        };
        wanted.then(|| TaskGradientRoom {
            domain,
            every_column: has_task_passes && self.balance.keeps_rows(),
            measured: has_task_passes
                && domain == TaskDomain::Parameters
                && self.balance_options.metric == Metric::Optimizer,
        })
    }
}

/// The inputs of a step beside its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRequest {
    /// Learning rate.
    pub learning_rate: f32,
    /// Whether it is the last one of its epoch.
    pub ends_epoch: bool,
}

/// A model with the state of its training.
pub struct Trainer {
    /// The compiled design with its parameters.
    pub model: Model,
    pub(crate) state: RunState,
    settings: StepSettings,
    setup: Setup,
    /// What a step changes: the parameters that are trained, or, with lazy rows, what the batch has touched of them.
    pub(crate) parts: Parts,
    /// With lazy rows: whether a number may have become infinite unseen. Such a step looks at what it has changed, so that
    /// an epoch's end need not look at the whole vocabulary.
    pub(crate) unchecked: bool,
    pub(crate) report: StepReport,
    scratch: Scratch,
    /// The last good state, to go back to when the run diverges.
    good: Option<Kept>,
}

/// Working memory of a step, one entry for each task.
#[derive(Debug, Default)]
struct Scratch {
    losses: Vec<f64>,
    labelled: Vec<bool>,
    own_factors: Vec<f32>,
    statistics: Vec<f32>,
}

impl Trainer {
    /// A model at the start of its training. `n_labelled` are the labelled training rows of each task; empty where they are
    /// not known.
    ///
    /// # Errors
    /// When the method's gradients need more memory than there is.
    pub fn new(
        model: Model,
        settings: StepSettings,
        seed: u64,
        n_labelled: Vec<u64>,
        max_bytes: usize,
    ) -> Result<Self, RunError> {
        let n_tasks = model.tasks().len();
        let kinds = model.tasks().iter().map(|task| match task.kind {
            LabelKind::Real => TaskKind::Regression,
            LabelKind::Binary | LabelKind::Classes { .. } | LabelKind::MultiLabel { .. } => {
                TaskKind::Classification
            }
        });
        let setup = Setup {
            kinds: kinds.collect(),
            n_labelled,
            n_shared: 0,
            seed,
        };
        let mut trainer = Self {
            state: RunState::new(
                Optimizer::new(&settings.optimizer, model.values().len()),
                Balancer::new(&BalanceConfig::default(), &BalanceOptions::default(), &setup),
            ),
            settings: StepSettings {
                balance: BalanceConfig::default(),
                ..settings.clone()
            },
            setup,
            parts: Parts::default(),
            unchecked: true,
            report: StepReport::new(n_tasks),
            scratch: Scratch {
                losses: vec![0.0; n_tasks],
                labelled: vec![false; n_tasks],
                own_factors: vec![1.0; n_tasks],
                statistics: vec![0.0; model.n_running_statistics()],
            },
            good: None,
            model,
        };
        trainer.model.set_rounding(settings.rounding);
        trainer.set_balance(&settings, max_bytes)?;
        trainer.settings = settings;
        trainer.find_parts();
        trainer.show_weights();
        Ok(trainer)
    }

    /// What has been computed in the last step.
    pub fn report(&self) -> &StepReport {
        &self.report
    }

    /// Steps done.
    pub fn n_steps(&self) -> u64 {
        self.state.step
    }

    /// Replaces the settings, from the next step on. The optimizer keeps its state as far as the new settings keep one, the
    /// balancer when the method is the same.
    ///
    /// # Errors
    /// When the method's gradients need more memory than there is; nothing has changed then.
    pub fn set_settings(&mut self, settings: StepSettings, max_bytes: usize) -> Result<(), RunError> {
        self.set_balance(&settings, max_bytes)?;
        self.model.set_rounding(settings.rounding);
        if self.settings.optimizer != settings.optimizer {
            let mut optimizer = Optimizer::new(&settings.optimizer, self.model.values().len());
            // A state that does not fit (momentum switched on or off) starts afresh.
            let _ = optimizer.restore(self.state.optimizer.step(), self.state.optimizer.slots());
            self.state.optimizer = optimizer;
        }
        let changes_parts = self.settings.lazy_rows != settings.lazy_rows;
        self.settings = settings;
        if changes_parts {
            self.unchecked = true;
            self.find_parts();
        }
        Ok(())
    }

    /// How steps are made.
    pub fn settings(&self) -> &StepSettings {
        &self.settings
    }

    fn set_balance(&mut self, settings: &StepSettings, max_bytes: usize) -> Result<(), RunError> {
        let room = settings.room();
        let needed = room.map_or(0, |room| self.model.task_gradient_bytes(room));
        let in_use = self.model.task_gradients().map_or(0, |tasks| tasks.bytes());
        let others = self.model.resources().bytes.total().saturating_sub(in_use);
        if needed > 0 && others.saturating_add(needed) > max_bytes {
            return Err(RunError::TaskGradients {
                method: settings.balance.label(),
                needed_mb: ((others + needed) / 1_000_000) as u64,
                ceiling_mb: (max_bytes / 1_000_000) as u64,
            });
        }
        self.model.set_task_gradients(room);
        let (config, options) = (&settings.balance, &settings.balance_options);
        let old = &self.state.balancer;
        if old.config() != config || old.options() != options || self.setup.n_shared != self.n_columns(room) {
            self.setup.n_shared = self.n_columns(room);
            let mut balancer = Balancer::new(config, options, &self.setup);
            // What another method has learned, or gradients of another domain, mean nothing here.
            let _ = balancer.restore(&self.state.balancer.state());
            self.state.balancer = balancer;
        }
        Ok(())
    }

    /// Columns of a row whose columns always stand for the same parameters.
    fn n_columns(&mut self, room: Option<TaskGradientRoom>) -> usize {
        match (room, self.model.task_gradients()) {
            (Some(room), Some(tasks)) if room.every_column => tasks.stride(),
            _ => 0,
        }
    }

    /// Called when settings of the design have changed: what is frozen, weights of tasks.
    pub(crate) fn design_changed(&mut self) {
        self.find_parts();
        self.show_weights();
    }

    /// Shows the tasks' own weights where no step has shown others.
    fn show_weights(&mut self) {
        if self.state.step == 0 || self.settings.balance == BalanceConfig::default() {
            for (weight, task) in self.report.weights.iter_mut().zip(self.model.tasks()) {
                *weight = task.weight;
            }
        }
    }

    fn find_parts(&mut self) {
        let trained = || {
            self.model
                .parameters()
                .iter()
                .filter(|parameter| parameter.trainable)
        };
        self.parts = trained().map(|parameter| parameter.range.clone()).collect();
        if self.settings.lazy_rows {
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

    /// Makes one step on the rows that `fill` puts into the batch.
    ///
    /// # Errors
    /// When the run diverges: when the loss of a task shows it, with the parameters as before; or when a parameter is not finite
    /// after the update.
    pub fn step<O: StepObserver>(
        &mut self,
        request: &StepRequest,
        fill: impl FnOnce(&mut Batch),
        observer: &mut O,
    ) -> Result<(), RunError> {
        let step = self.state.step;
        let mode = Mode::Train { step };
        fill(self.model.batch_mut());
        observer.stage(Stage::Rows);
        self.model
            .forward_observed(mode, |op_idx| observer.op(Direction::Forward, op_idx));
        self.take_losses(request.learning_rate)?;
        observer.stage(Stage::Forward);

        if self.settings.has_task_passes() {
            self.combine_tasks(observer);
        } else {
            if self.settings.measures_tasks {
                self.run_tasks(observer);
                self.measure_tasks();
            }
            self.weigh_losses();
            observer.stage(Stage::Balance);
            let weights = &self.report.weights;
            self.model
                .backward_observed(weights, |op_idx| observer.op(Direction::Backward, op_idx));
        }
        self.model.add_penalty_gradients(self.settings.lazy_rows);
        observer.stage(Stage::Backward);

        let is_finite = self.update(request.learning_rate);
        observer.stage(Stage::Update);
        if !is_finite {
            self.state.step = step + 1;
            return Err(self.not_finite());
        }

        if self.settings.balance.needs_losses_after() {
            self.run_forward_again(mode);
            observer.stage(Stage::Balance);
        }
        self.state.step = step + 1;
        self.state
            .add_losses(&self.report.losses, &self.report.labelled_rows);
        if request.ends_epoch {
            self.state.end_epoch();
        }
        Ok(())
    }

    /// Copies the losses of the forward pass into the report, and checks them.
    fn take_losses(&mut self, learning_rate: f32) -> Result<(), RunError> {
        let step = self.state.step;
        for task_idx in 0..self.report.losses.len() {
            let (loss, n_rows) = (
                self.model.losses()[task_idx],
                self.model.labelled_rows()[task_idx],
            );
            if n_rows > 0 {
                self.check_loss(task_idx, loss, step)?;
            }
            self.report.losses[task_idx] = loss;
            self.report.labelled_rows[task_idx] = n_rows;
            self.scratch.losses[task_idx] = f64::from(loss);
            self.scratch.labelled[task_idx] = n_rows > 0 && self.model.tasks()[task_idx].weight != 0.0;
        }
        self.report.step = step;
        self.report.n_rows = self.model.batch().rows();
        self.report.learning_rate = learning_rate;
        self.report.has_gram = false;
        Ok(())
    }

    /// Refuses the loss of step `step` (the first being 0) that says that the run diverges.
    pub(crate) fn check_loss(&mut self, task_idx: usize, loss: f32, step: u64) -> Result<(), RunError> {
        if self.state.accepts_loss(task_idx, loss) {
            return Ok(());
        }
        Err(RunError::Diverged {
            task: self.model.tasks()[task_idx].name.clone(),
            step: step + 1,
            loss,
        })
    }

    /// The weights of the losses by a method that looks at nothing else.
    fn weigh_losses(&mut self) {
        let input = StepInput {
            step: self.state.step,
            losses: &self.scratch.losses,
            labelled: &self.scratch.labelled,
        };
        let weights = self.state.balancer.weights_from_losses(&input);
        self.report
            .put_weights(weights, &self.scratch.labelled, &self.model);
        self.report.objective = self.state.balancer.objective();
    }

    /// The weights of the losses of step `step`, where they depend on neither losses nor gradients: what another executor is
    /// given before it knows them. `labelled` says which tasks have a label in the batch.
    #[cfg(feature = "gpu")]
    pub(crate) fn constant_weights(&mut self, step: u64, labelled: impl Fn(usize) -> bool) -> &[f32] {
        for (task_idx, task) in self.model.tasks().iter().enumerate() {
            self.scratch.losses[task_idx] = 0.0;
            self.scratch.labelled[task_idx] = labelled(task_idx) && task.weight != 0.0;
        }
        let input = StepInput {
            step,
            losses: &self.scratch.losses,
            labelled: &self.scratch.labelled,
        };
        let weights = self.state.balancer.weights_from_losses(&input);
        self.report
            .put_weights(weights, &self.scratch.labelled, &self.model);
        &self.report.weights
    }

    /// One backward pass for each task that takes part.
    fn run_tasks<O: StepObserver>(&mut self, observer: &mut O) {
        self.model.begin_tasks();
        for task_idx in 0..self.scratch.labelled.len() {
            if self.scratch.labelled[task_idx] {
                self.model
                    .backward_task(task_idx, |op_idx| observer.op(Direction::Backward, op_idx));
            }
        }
        self.model.end_tasks();
        observer.stage(Stage::Backward);
    }

    /// The Gram matrix of the tasks' gradients.
    fn measure_tasks(&mut self) {
        let optimizer = &self.state.optimizer;
        self.model
            .measure_columns(|range, scales| optimizer.scales(range, scales));
        if let Some(tasks) = self.model.task_gradients() {
            let (rows, _) = tasks.rows_and_combined();
            // Where nothing is shared there are no columns.
            self.report.gram.fill(0.0);
            balance_rows(&rows).gram(rows.scales, &mut self.report.gram);
            self.report.has_gram = true;
        }
    }

    /// One backward pass for each task, the method's weights, and the combination of the gradients.
    fn combine_tasks<O: StepObserver>(&mut self, observer: &mut O) {
        self.run_tasks(observer);
        let needs = self.settings.balance.needs();
        if needs == Needs::Gram || self.settings.measures_tasks {
            self.measure_tasks();
        }
        let Self {
            model,
            state: RunState { step, balancer, .. },
            report,
            scratch,
            settings,
            ..
        } = self;
        let input = StepInput {
            step: *step,
            losses: &scratch.losses,
            labelled: &scratch.labelled,
        };
        let weights = match needs {
            Needs::Gram => balancer.weights_from_gram(&input, &report.gram),
            Needs::Jacobian | Needs::Losses | Needs::Alternating => balancer.weights_from_losses(&input),
        };
        report.put_weights(weights, &scratch.labelled, model);
        for (task_idx, task) in model.tasks().iter().enumerate() {
            scratch.own_factors[task_idx] = match settings.balance_options.heads {
                Heads::SharedOnly => task.weight,
                Heads::Scaled => report.weights[task_idx],
            };
        }
        report.objective = balancer.objective();
        balancer.set_task_weights(model.task_weights().map(f64::from));
        if let Some(tasks) = model.task_gradients() {
            let (rows, combined) = tasks.rows_and_combined();
            balancer.combine(&balance_rows(&rows), combined);
        }
        observer.stage(Stage::Balance);
        model.backward_combined(|op_idx| observer.op(Direction::Backward, op_idx));
        model.scale_own_gradients(&scratch.own_factors);
    }

    /// Clips the gradients and updates the parameters; returns whether the new values are finite.
    fn update(&mut self, learning_rate: f32) -> bool {
        let lazy_rows = self.settings.lazy_rows;
        if lazy_rows {
            self.find_touched_parts();
        }
        self.model.clip_gradients(&self.settings.clipping, &self.parts);
        let (values, gradients) = self.model.values_and_gradients();
        let ranges = self.parts.ranges();
        let is_finite = (self.state.optimizer).apply_ranges(ranges, values, gradients, learning_rate);
        self.unchecked |= lazy_rows && !is_finite;
        is_finite
    }

    /// The losses over the same rows after the step, for a method that learns from them. Running statistics have seen the rows
    /// already, and stay.
    fn run_forward_again(&mut self, mode: Mode) {
        self.model.keep_running_statistics(&mut self.scratch.statistics);
        self.model.forward(mode);
        self.model.restore_running_statistics(&self.scratch.statistics);
        for (to, loss) in self.scratch.losses.iter_mut().zip(self.model.losses()) {
            *to = f64::from(*loss);
        }
        self.state.balancer.after_step(&self.scratch.losses);
    }
}

fn balance_rows<'a>(rows: &TaskRows<'a>) -> Rows<'a> {
    Rows {
        values: rows.values,
        stride: rows.stride,
        columns: rows.columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtl_base::schema::{FeatureSchema, LabelSchema, Schema};
    use mtl_base::text::Message;
    use mtl_engine::design::Design;
    use mtl_engine::layers::{BinaryHead, Dense, DenseInput};
    use mtl_engine::model::BuildOptions;

    /// A shared layer and two heads.
    fn model() -> Model {
        let name = Message::default();
        let label = |key: &str| LabelSchema {
            key: key.into(),
            name: name.clone(),
            kind: LabelKind::Binary,
            classes: Vec::new(),
        };
        let schema = Schema {
            features: vec![FeatureSchema {
                key: "x".into(),
                name: name.clone(),
                kind: mtl_base::schema::FeatureKind::Dense { width: 2 },
            }],
            labels: vec![label("y"), label("z")],
        };
        let mut design = Design::new("two tasks");
        let x = design.add("x", DenseInput { feature: "x".into() });
        let dense = design.add("dense", Dense::default());
        design.connect(x, dense, 0);
        for key in ["y", "z"] {
            let label = key.to_owned();
            let head = design.add(
                key,
                BinaryHead {
                    label,
                    ..BinaryHead::default()
                },
            );
            design.connect(dense, head, 0);
        }
        let options = BuildOptions {
            max_rows: 2,
            seed: 1,
            training: true,
        };
        Model::build(&design, &schema, &options).expect("a design that trains")
    }

    fn fill(batch: &mut Batch) {
        batch.resize(2);
        batch.dense[0].copy_from_slice(&[0.0, 1.0, 1.0, 0.0]);
        batch.targets[0].copy_from_slice(&[0.0, 1.0]);
        batch.targets[1].copy_from_slice(&[1.0, f32::NAN]);
    }

    fn settings(balance: &str) -> StepSettings {
        StepSettings {
            balance: BalanceConfig::from_key(balance).expect("a method"),
            ..StepSettings::of(&RunSettings::default())
        }
    }

    fn trainer(balance: &str) -> Trainer {
        Trainer::new(model(), settings(balance), 1, Vec::new(), usize::MAX).expect("a trainer")
    }

    const REQUEST: StepRequest = StepRequest {
        learning_rate: 0.01,
        ends_epoch: false,
    };

    #[test]
    fn a_method_whose_gradients_need_too_much_memory_is_refused_by_name() {
        let mut trainer = trainer("equal");
        let now = trainer.model.resources().bytes.total();
        let refused = trainer.set_settings(settings("pcgrad"), now);
        assert!(
            matches!(refused, Err(RunError::TaskGradients { .. })),
            "{refused:?}"
        );
        assert_eq!(trainer.settings(), &settings("equal"));
        assert!(trainer.model.task_gradients().is_none());
        trainer.step(&REQUEST, fill, &mut ()).expect("a step");
        trainer
            .set_settings(settings("pcgrad"), now + 10_000)
            .expect("there is room");
        trainer.step(&REQUEST, fill, &mut ()).expect("a step");
        trainer
            .set_settings(settings("equal"), now)
            .expect("it needs nothing");
        assert_eq!(trainer.model.resources().bytes.total(), now);
    }

    #[test]
    fn a_timed_step_computes_the_same_and_every_tick_is_counted() {
        for balance in ["equal", "pcgrad"] {
            let (mut plain, mut timed) = (trainer(balance), trainer(balance));
            let ticks = std::cell::Cell::new(0.0);
            let clock = || ticks.replace(ticks.get() + 1.0);
            let mut profile = Profile::new(&timed.model);
            for _ in 0..3 {
                plain.step(&REQUEST, fill, &mut ()).expect("a step");
                timed
                    .step(&REQUEST, fill, &mut profile.observe(&clock))
                    .expect("a step");
            }
            assert_eq!(timed.model.values(), plain.model.values());
            assert_eq!(timed.report(), plain.report());
            // All readings of the clock but the one at the start of each step.
            assert_eq!((profile.total_ms(), profile.n_steps), (ticks.get() - 3.0, 3));
            assert!(profile.ops.len() >= 3, "{profile:?}");
            for op in &profile.ops {
                let backward_ms = if balance == "equal" { 3.0 } else { 6.0 };
                assert_eq!((op.forward_ms, op.backward_ms), (3.0, backward_ms), "{op:?}");
            }
        }
    }

    #[test]
    fn stages_come_in_their_order() {
        #[derive(Default)]
        struct Stages(Vec<Stage>);
        impl StepObserver for Stages {
            fn stage(&mut self, stage: Stage) {
                self.0.push(stage);
            }
        }
        let mut stages = Stages::default();
        trainer("equal")
            .step(&REQUEST, fill, &mut stages)
            .expect("a step");
        use Stage::{Backward, Balance, Forward, Rows, Update};
        assert_eq!(stages.0, [Rows, Forward, Balance, Backward, Update]);
        let mut stages = Stages::default();
        trainer("mgda").step(&REQUEST, fill, &mut stages).expect("a step");
        assert_eq!(stages.0, [Rows, Forward, Backward, Balance, Backward, Update]);
    }
}
