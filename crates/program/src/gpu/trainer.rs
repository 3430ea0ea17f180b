//! A run on the device.

use std::collections::VecDeque;

use super::{
    device::GpuDevice,
    pipelines::{Compiled, MAX_QUEUED},
    program::{HISTORY, Pass, Program},
    reading::UnreadStep,
    schedule::MAX_GROUPED,
};
use crate::{
    clipping::Clipping,
    ids::ValueId,
    operation::gpu::{
        GpuError, RECORD_WORDS,
        step::{self, Inverter, STEP_WORDS},
    },
    ops::dropout::counter_key,
    optimizers::{MAX_SLOTS, OptimizerConfig},
    plan::Plan,
};
use mtl_base::schema::{FeatureKind, LabelKind};

/// How a run is set up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuOptions {
    /// Most rows of a batch.
    pub max_rows: usize,
    /// Seed of the run: dropout depends on it.
    pub run_seed: u64,
    /// How gradients change the parameters.
    pub optimizer: OptimizerConfig,
    /// What is held below a threshold.
    pub clipping: Clipping,
}

/// Rows for the device: the whole training split, or as many as fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuData {
    /// Number of rows.
    pub rows: usize,
    /// Per input slot: `rows × length` ids; empty for a numeric slot.
    pub ids: Vec<Vec<u32>>,
    /// Per input slot: `rows × width` numbers; empty for a slot of ids.
    pub dense: Vec<Vec<f32>>,
    /// Per task: `rows × labels` targets (one label, unless there are several side by side), NaN where one is not known.
    pub targets: Vec<Vec<f32>>,
}

/// What a step is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpuStep<'a> {
    /// Number of the step, from 0: dropout depends on it.
    pub step: u64,
    /// Learning rate.
    pub learning_rate: f32,
    /// Weight of each task's loss.
    pub task_weights: &'a [f32],
}

/// The losses of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLosses {
    /// Number of the step.
    pub step: u64,
    /// Per task, the mean loss over its labelled rows.
    pub losses: Vec<f32>,
    /// Per task, the share of rows that were predicted right, or the mean absolute error of a number.
    pub scores: Vec<f32>,
    /// Per task, how many targets were known.
    pub labelled_rows: Vec<usize>,
}

struct Uploaded {
    rows: usize,
    ids: Vec<Vec<u32>>,
    /// Per task, how many known targets each row has.
    labelled: Vec<Vec<u16>>,
    /// Where columns start: slots, then targets.
    columns: Vec<u32>,
    buffer: wgpu::Buffer,
}

/// Parameters and the optimizer's state.
pub(super) struct Parameters {
    pub(super) len: usize,
    pub(super) values: wgpu::Buffer,
    pub(super) gradients: wgpu::Buffer,
    pub(super) slots: [wgpu::Buffer; MAX_SLOTS],
}

// In a browser a buffer lives until the garbage collector finds it, unless it is given back.

impl Drop for Uploaded {
    fn drop(&mut self) {
        self.buffer.destroy();
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        for buffer in [&self.values, &self.gradients].into_iter().chain(&self.slots) {
            buffer.destroy();
        }
    }
}

/// A run on the device: see [the module](super).
pub struct GpuTrainer {
    pub(super) device: GpuDevice,
    pub(super) options: GpuOptions,
    kinds: Vec<FeatureKind>,
    pub(super) n_tasks: usize,
    labels: Vec<LabelKind>,
    pub(super) widths: Vec<usize>,
    pub(super) outputs: Vec<ValueId>,
    pub(super) parameters: Parameters,
    pub(super) compiled: Compiled,
    data: Option<Uploaded>,
    bind_group: Option<wgpu::BindGroup>,
    pub(super) optimizer_step: u64,
    queued: usize,
    n_steps: usize,
    pub(super) unread: VecDeque<UnreadStep>,
    dirty: bool,
    /// Per task, of the last step.
    labelled_rows: Vec<usize>,
    words: Vec<u32>,
    lists: Vec<u32>,
    inverter: Inverter,
}

impl GpuTrainer {
    /// Compiles a plan for the device and makes room for it. Parameters are 0 until they are written.
    ///
    /// # Errors
    /// When the device is lost, has no room, or the design needs more than it allows.
    pub async fn new(device: &GpuDevice, plan: &Plan, options: &GpuOptions) -> Result<Self, GpuError> {
        let options = GpuOptions {
            max_rows: options.max_rows.max(1),
            ..options.clone()
        };
        let program = Program::new(
            plan,
            options.max_rows,
            device.works_alone(),
            &options.optimizer,
            &options.clipping,
        )?;
        let len = plan.n_parameters();
        let (parameters, compiled) = device
            .checked(|| {
                let usage =
                    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
                let n_slots = options.optimizer.n_slots();
                let slot =
                    |index| device.buffer("optimizer state", if index < n_slots { len } else { 0 }, usage);
                let parameters = Parameters {
                    len,
                    values: device.buffer("parameters", len, usage)?,
                    gradients: device.buffer("gradients", len, usage)?,
                    slots: [slot(0)?, slot(1)?],
                };
                Ok((parameters, Compiled::new(device, program)?))
            })
            .await?;
        // Not before the device has said that they are well.
        device.pipelines().extend(compiled.pipelines.clone());
        let capacity = compiled
            .program
            .lookups
            .iter()
            .map(|lookup| lookup.capacity)
            .max();
        let mut trainer = Self {
            device: device.clone(),
            kinds: plan.slots.iter().map(|slot| slot.kind).collect(),
            n_tasks: plan.tasks.len(),
            labels: plan.tasks.iter().map(|task| task.kind).collect(),
            widths: plan.tasks.iter().map(|task| task.width).collect(),
            outputs: plan.tasks.iter().map(|task| task.output).collect(),
            parameters,
            data: None,
            bind_group: None,
            optimizer_step: 0,
            queued: 0,
            n_steps: 0,
            unread: VecDeque::with_capacity(HISTORY),
            labelled_rows: vec![0; plan.tasks.len()],
            dirty: false,
            words: vec![0; STEP_WORDS],
            lists: vec![0; compiled.program.lists_len],
            inverter: Inverter::new(capacity.unwrap_or(0)),
            compiled,
            options,
        };
        let start =
            vec![vec![trainer.options.optimizer.slot_start(); len]; trainer.options.optimizer.n_slots()];
        trainer.write_optimizer(0, &start)?;
        Ok(trainer)
    }

    /// Takes over a plan of the same structure with other rates, weights, regularisers or frozen layers. Parameters,
    /// optimizer state and data stay.
    ///
    /// # Errors
    /// As [`GpuTrainer::new`]; the trainer then goes on with the plan that it had.
    pub async fn update(&mut self, plan: &Plan) -> Result<(), GpuError> {
        self.submit()?;
        let options = &self.options;
        let program = Program::new(
            plan,
            options.max_rows,
            self.device.works_alone(),
            &options.optimizer,
            &options.clipping,
        )?;
        let device = &self.device;
        let compiled = device.checked(|| Compiled::new(device, program)).await?;
        device.pipelines().extend(compiled.pipelines.clone());
        self.lists = vec![0; compiled.program.lists_len];
        self.compiled = compiled;
        self.unread.clear();
        self.bind();
        Ok(())
    }

    /// The device that it runs on.
    pub fn device(&self) -> &GpuDevice {
        &self.device
    }

    /// Dispatches of a training step.
    pub fn n_dispatches(&self) -> usize {
        self.compiled.program.pass(Pass::Train).len()
    }

    /// Bytes on the device, without the data.
    pub fn bytes(&self) -> usize {
        4 * (self.compiled.program.arena_len + (2 + self.options.optimizer.n_slots()) * self.parameters.len)
    }

    /// Rows of data that fit into one buffer of the device.
    pub fn row_capacity(&self) -> usize {
        let n_targets: usize = self.labels.iter().map(|kind| kind.width()).sum();
        let per_row = self.per_row().sum::<usize>() + n_targets;
        usize::try_from(self.device.max_buffer_bytes() / (4 * per_row.max(1) as u64)).unwrap_or(usize::MAX)
    }

    fn per_row(&self) -> impl Iterator<Item = usize> {
        self.kinds.iter().map(|kind| match *kind {
            FeatureKind::Tokens { length, .. } => length,
            FeatureKind::Id { .. } => 1,
            FeatureKind::Dense { width } => width,
        })
    }

    /// Puts parameters on the device.
    ///
    /// # Errors
    /// When there are not as many as the plan has.
    pub fn write_values(&mut self, values: &[f32]) -> Result<(), GpuError> {
        self.submit()?;
        expect_len("parameters", self.parameters.len, values.len())?;
        self.write(&self.parameters.values, values);
        Ok(())
    }

    /// Puts an optimizer's state on the device: how many steps it has made, and its slots.
    ///
    /// # Errors
    /// When it belongs to another optimizer or another plan.
    pub fn write_optimizer(&mut self, step: u64, slots: &[Vec<f32>]) -> Result<(), GpuError> {
        self.submit()?;
        expect_len(
            "the optimizer's slots",
            self.options.optimizer.n_slots(),
            slots.len(),
        )?;
        for values in slots {
            expect_len("an optimizer's slot", self.parameters.len, values.len())?;
        }
        for (buffer, values) in self.parameters.slots.iter().zip(slots) {
            self.write(buffer, values);
        }
        self.optimizer_step = step;
        Ok(())
    }

    fn write(&self, buffer: &wgpu::Buffer, values: &[f32]) {
        self.device
            .queue
            .write_buffer(buffer, 0, bytemuck::cast_slice(values));
    }

    /// Puts rows on the device; steps name them by number.
    ///
    /// # Errors
    /// When a column has another length than the design asks for, or they do not fit: see
    /// [`GpuTrainer::row_capacity`].
    pub async fn upload(&mut self, data: GpuData) -> Result<(), GpuError> {
        self.submit()?;
        expect_len(
            "the data's input slots",
            self.kinds.len(),
            data.ids.len().max(data.dense.len()),
        )?;
        expect_len("the data's tasks", self.n_tasks, data.targets.len())?;
        let mut words = Vec::new();
        let mut columns = Vec::with_capacity(self.kinds.len() + self.n_tasks);
        for ((index, kind), per_row) in self.kinds.iter().enumerate().zip(self.per_row()) {
            columns.push(words.len() as u32);
            if matches!(kind, FeatureKind::Dense { .. }) {
                expect_len("a numeric column", data.rows * per_row, data.dense[index].len())?;
                words.extend(data.dense[index].iter().map(|number| number.to_bits()));
            } else {
                expect_len("a column of ids", data.rows * per_row, data.ids[index].len())?;
                words.extend_from_slice(&data.ids[index]);
            }
        }
        let mut labelled = Vec::with_capacity(self.n_tasks);
        for (targets, kind) in data.targets.iter().zip(&self.labels) {
            let per_row = kind.width();
            expect_len("a column of targets", data.rows * per_row, targets.len())?;
            columns.push(words.len() as u32);
            words.extend(targets.iter().map(|target| target.to_bits()));
            let is_known = |target: &&f32| match *kind {
                LabelKind::Classes { n_classes } => (0.0..n_classes as f32).contains(*target),
                _ => !target.is_nan(),
            };
            let n_known = |row: &[f32]| row.iter().filter(is_known).count() as u16;
            labelled.push(targets.chunks_exact(per_row).map(n_known).collect());
        }
        let device = &self.device;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = device
            .checked(|| {
                let buffer = device.buffer("data", words.len(), usage)?;
                device
                    .queue
                    .write_buffer(&buffer, 0, bytemuck::cast_slice(&words));
                Ok(buffer)
            })
            .await?;
        self.data = Some(Uploaded {
            rows: data.rows,
            ids: data.ids,
            labelled,
            columns,
            buffer,
        });
        self.bind();
        Ok(())
    }

    fn bind(&mut self) {
        let Some(data) = &self.data else { return };
        let Compiled {
            arena,
            records,
            steps,
            index,
            ..
        } = &self.compiled;
        let window = |buffer, words: usize| {
            wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset: 0,
                size: wgpu::BufferSize::new(4 * words as u64),
            })
        };
        let Parameters {
            values,
            gradients,
            slots,
            ..
        } = &self.parameters;
        let whole = [
            &data.buffer,
            index,
            arena,
            values,
            gradients,
            &slots[0],
            &slots[1],
        ];
        let mut entries = vec![
            wgpu::BindGroupEntry {
                binding: 0,
                resource: window(records, MAX_GROUPED * RECORD_WORDS),
            },
            wgpu::BindGroupEntry {
                binding: 1,
                resource: window(steps, STEP_WORDS),
            },
        ];
        for (binding, buffer) in (2..).zip(whole) {
            entries.push(wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            });
        }
        self.bind_group = Some(self.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("training"),
            layout: &self.device.layout,
            entries: &entries,
        }));
    }

    /// Queues a training step on these rows of the data. It is sent with others; [`GpuTrainer::submit`] sends it now.
    ///
    /// # Errors
    /// When the device failed, or the rows do not fit.
    pub fn step(&mut self, rows: &[u32], settings: &GpuStep<'_>) -> Result<(), GpuError> {
        self.device.check()?;
        self.prepare(rows, settings, true)?;
        self.optimizer_step += 1;
        let constants = self
            .options
            .optimizer
            .constants(self.optimizer_step, settings.learning_rate);
        step::write_constants(&mut self.words, &constants);
        self.send_step();
        self.remember(settings.step);
        self.queued += 1;
        if self.queued == MAX_QUEUED {
            self.submit()?;
        }
        Ok(())
    }

    /// Fills the words and lists of a step.
    fn prepare(&mut self, rows: &[u32], settings: &GpuStep<'_>, training: bool) -> Result<(), GpuError> {
        let data = self.data.as_ref().ok_or(GpuError::Length {
            what: "the data",
            expected: 1,
            got: 0,
        })?;
        let largest = rows.iter().copied().max().unwrap_or(0);
        if rows.len() > self.options.max_rows || largest as usize >= data.rows {
            return Err(GpuError::Rows {
                rows: rows.len(),
                largest,
                n_rows: data.rows,
                max_rows: self.options.max_rows,
            });
        }
        let program = &self.compiled.program;
        let base = program.constants.len() + self.queued * program.lists_len;
        self.words.fill(0);
        self.words[0] = rows.len() as u32;
        self.words[1] = u32::from(training);
        self.words[2] = base as u32;
        self.words[3] = (self.n_steps % HISTORY) as u32;
        for (task, labelled) in data.labelled.iter().enumerate() {
            let weight = settings.task_weights.get(task).copied().unwrap_or(0.0);
            let n_labelled = rows.iter().map(|row| usize::from(labelled[*row as usize])).sum();
            self.labelled_rows[task] = n_labelled;
            step::write_task(&mut self.words, task, weight, n_labelled);
        }
        for (index, stream) in program.streams.iter().enumerate() {
            let key = counter_key(self.options.run_seed, *stream, settings.step);
            let at = program.words.key(index) as usize;
            self.words[at..at + 2].copy_from_slice(&key);
        }
        let at = program.words.slot(0) as usize;
        self.words[at..at + data.columns.len()].copy_from_slice(&data.columns);
        self.lists[..rows.len()].copy_from_slice(rows);
        if training {
            for lookup in &program.lookups {
                let (ids, steps) = (&data.ids[lookup.slot], lookup.steps);
                let of_rows = rows.iter().flat_map(|row| {
                    let start = *row as usize * steps;
                    ids[start..start + steps].iter().copied()
                });
                self.inverter
                    .invert(of_rows, lookup, &mut self.lists[lookup.list..]);
            }
        }
        Ok(())
    }

    fn send_step(&self) {
        let Compiled {
            program,
            steps,
            index,
            ..
        } = &self.compiled;
        let queue = &self.device.queue;
        let base = u64::from(self.words[2]);
        queue.write_buffer(
            steps,
            (4 * STEP_WORDS * self.queued) as u64,
            bytemuck::cast_slice(&self.words),
        );
        queue.write_buffer(
            index,
            4 * base,
            bytemuck::cast_slice(&self.lists[..program.lists_len]),
        );
    }

    fn encode(&self, encoder: &mut wgpu::CommandEncoder, pass: Pass, n_steps: usize) {
        let Some(bind_group) = &self.bind_group else {
            return;
        };
        let mut commands = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for step in 0..n_steps {
            for dispatch in self.compiled.program.pass(pass) {
                let offsets =
                    [4 * dispatch.record * RECORD_WORDS, 4 * step * STEP_WORDS].map(|offset| offset as u32);
                commands.set_pipeline(&self.compiled.pipelines[&dispatch.kernel]);
                commands.set_bind_group(0, bind_group, &offsets);
                let [x, y, z] = dispatch.groups;
                commands.dispatch_workgroups(x, y, z);
            }
        }
    }

    /// Sends the steps that wait.
    ///
    /// # Errors
    /// When the device failed.
    pub fn submit(&mut self) -> Result<(), GpuError> {
        self.device.check()?;
        if self.queued > 0 {
            let mut encoder = self
                .device
                .device
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            if std::mem::take(&mut self.dirty) {
                encoder.clear_buffer(&self.parameters.gradients, 0, None);
            }
            self.encode(&mut encoder, Pass::Train, self.queued);
            self.queued = 0;
            self.device.queue.submit([encoder.finish()]);
        }
        self.device.check()
    }

    /// Runs a pass that changes no parameter: forward only, as for predictions, or forward in training mode and backward.
    ///
    /// # Errors
    /// When the device failed, or the rows do not fit.
    pub fn run(&mut self, pass: Pass, rows: &[u32], settings: &GpuStep<'_>) -> Result<(), GpuError> {
        self.submit()?;
        self.prepare(rows, settings, pass != Pass::Infer)?;
        self.send_step();
        let mut encoder = self
            .device
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if pass != Pass::Infer {
            encoder.clear_buffer(&self.parameters.gradients, 0, None);
            self.dirty = true;
        }
        self.encode(&mut encoder, pass, 1);
        self.device.queue.submit([encoder.finish()]);
        self.remember(settings.step);
        self.device.check()
    }

    /// Notes where the losses of a step will be.
    fn remember(&mut self, step: u64) {
        if self.unread.len() == HISTORY {
            self.unread.pop_front();
        }
        self.unread.push_back(UnreadStep {
            step,
            place: self.n_steps % HISTORY,
            labelled_rows: self.labelled_rows.clone(),
        });
        self.n_steps += 1;
    }
}

fn expect_len(what: &'static str, expected: usize, got: usize) -> Result<(), GpuError> {
    if expected == got {
        Ok(())
    } else {
        Err(GpuError::Length { what, expected, got })
    }
}
