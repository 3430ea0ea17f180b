//! The gradient of each task's loss alone, of what several tasks share: what methods that combine gradients look at.
//!
//! Task t has the gradient `g_t = ∂L_t/∂θ` of its own loss, without any weight; the rows `g_t` make the Jacobian J. A step has
//! one forward pass and one backward pass for each task. Ops behind which there is one task only (heads, towers) run once in all
//! these passes, and leave the gradients of the task's own parameters in the model's buffer.
//!
//! | [`TaskDomain`] | θ | passes over the shared ops |
//! |---|---|---|
//! | `Parameters` | the parameters that the losses of several tasks reach | one for each task |
//! | `Representation` | the values that ops of single tasks read from shared ops | one, of the combined gradient |
//!
//! Whoever combines the rows writes `d` (of a row's length) where [`TaskGradients::rows_and_combined`] says; it becomes the
//! gradient of the shared parameters, at once or by the pass over the shared ops.
//!
//! Columns: of a table, only the rows that the batch has looked up are columns of the step, so that its cost does not
//! depend on the vocabulary. A method that keeps gradients from step to step asks for every column.

use std::ops::Range;

use super::{Buffers, CpuBackend, is_reached};
use crate::{
    gradients::{Buffer, Gradients},
    ids::{ParameterId, ValueId},
    layout::Layout,
    operation::{Access, Seed},
    ops::Op,
    parts::Parts,
    plan::Plan,
    specs::{Mode, ParameterSpec, TaskSet},
};

/// Whose gradients make the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskDomain {
    /// Shared parameters.
    Parameters,
    /// The shared representation: values that ops of single tasks read from shared ops.
    Representation,
}

/// Which gradients of single tasks there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskGradientRoom {
    /// Whose gradients.
    pub domain: TaskDomain,
    /// Whether every column is one of every step, so that a column always stands for the same parameter.
    pub every_column: bool,
    /// Whether columns have scales ([`TaskGradients::measure`]); those of a representation have none.
    pub measured: bool,
}

/// The rows of the Jacobian as they lie in memory.
#[derive(Clone, Copy, Debug)]
pub struct TaskRows<'a> {
    /// One row of `stride` numbers for each task.
    pub values: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// The columns that count in this step, in order; every row is 0 outside them, or means nothing there.
    pub columns: &'a [Range<usize>],
    /// The scale of each column, for a scalar product `Σ scale a b`.
    pub scales: Option<&'a [f32]>,
}

/// Room for the gradients of each task.
#[derive(Clone, Debug)]
pub struct TaskGradients {
    room: TaskGradientRoom,
    /// Of shared parameters, one buffer for each task; none for a representation.
    rows: Gradients,
    representation: Representation,
    columns: Parts,
    scales: Vec<f32>,
    combined: Vec<f32>,
}

/// The values between shared ops and those of single tasks.
#[derive(Clone, Debug, Default)]
struct Representation {
    /// For each op, the tasks whose losses reach it.
    op_tasks: Vec<TaskSet>,
    parts: Vec<Part>,
    stride: usize,
    /// One row for each task.
    values: Vec<f32>,
}

/// One of these values.
#[derive(Clone, Debug)]
struct Part {
    value: ValueId,
    /// The op that writes it.
    producer: usize,
    /// The last op that touches it: where its gradient begins to live.
    last_use: usize,
    /// Where it starts in a row.
    start: usize,
}

impl Representation {
    /// Without room for values.
    fn find(plan: &Plan, backend: &CpuBackend) -> Self {
        let (op_tasks, value_tasks) = reached_by(plan);
        let n_values = plan.values.len();
        let (mut producers, mut last_uses) = (vec![None; n_values], vec![0; n_values]);
        let mut is_read_by_one = vec![false; n_values];
        for (op_idx, op) in plan.ops.iter().enumerate() {
            op.visit_values(&mut |access, value| {
                last_uses[value.0] = op_idx;
                match access {
                    Access::Write => producers[value.0] = Some(op_idx),
                    Access::Read => is_read_by_one[value.0] |= op_tasks[op_idx].len() == 1,
                    Access::ReadOnly | Access::Own => {}
                }
            });
        }
        let (mut parts, mut stride) = (Vec::new(), 0);
        for value_idx in 0..n_values {
            let value = ValueId(value_idx);
            let is_between = value_tasks[value_idx].is_shared() && is_read_by_one[value_idx];
            let has_gradient = backend.trained[value_idx] && backend.layout.has_gradient(value);
            if let Some(producer) = producers[value_idx].filter(|_| is_between && has_gradient) {
                parts.push(Part {
                    value,
                    producer,
                    last_use: last_uses[value_idx],
                    start: stride,
                });
                stride += backend.layout.value(value, backend.layout.max_rows).len();
            }
        }
        Self {
            op_tasks,
            parts,
            stride,
            values: Vec::new(),
        }
    }
}

/// The tasks whose losses reach each op and each value with their gradients.
fn reached_by(plan: &Plan) -> (Vec<TaskSet>, Vec<TaskSet>) {
    let mut ops = vec![TaskSet::EMPTY; plan.ops.len()];
    let mut values = vec![TaskSet::EMPTY; plan.values.len()];
    for (op_idx, op) in plan.ops.iter().enumerate().rev() {
        let mut tasks = op.loss_of().map_or(TaskSet::EMPTY, TaskSet::of);
        op.visit_values(&mut |access, value| {
            if access == Access::Write {
                tasks = tasks.union(values[value.0]);
            }
        });
        ops[op_idx] = tasks;
        let stops = matches!(op, Op::GradientScale(scale) if scale.factor == 0.0);
        op.visit_values(&mut |access, value| {
            if access == Access::Read && !stops {
                values[value.0] = values[value.0].union(tasks);
            }
        });
    }
    (ops, values)
}

impl TaskGradients {
    fn new(plan: &Plan, backend: &CpuBackend, room: TaskGradientRoom) -> Self {
        let (rows, representation) = match room.domain {
            TaskDomain::Parameters => {
                let n_tasks = plan.tasks.len();
                let rows = Gradients::of_some(&plan.parameters, n_tasks, |spec| spec.tasks.is_shared());
                (rows, Representation::default())
            }
            TaskDomain::Representation => {
                let mut representation = Representation::find(plan, backend);
                representation.values = vec![0.0; representation.stride * plan.tasks.len()];
                (Gradients::none(), representation)
            }
        };
        // Touched rows that are no neighbours are at most every second row of a table.
        let of_tables = plan.parameters.iter().filter(|spec| spec.sparse);
        let n_ranges = of_tables.map(|spec| spec.shape[0].div_ceil(2)).sum::<usize>()
            + plan.parameters.len()
            + representation.parts.len();
        let mut columns = Parts::default();
        columns.reserve(n_ranges, plan.parameters.len() + representation.parts.len());
        let n_scales = if room.measured { rows.stride() } else { 0 };
        Self {
            room,
            scales: vec![0.0; n_scales],
            combined: vec![0.0; rows.stride() + representation.stride],
            rows,
            representation,
            columns,
        }
    }

    /// Which gradients they are.
    pub fn room(&self) -> TaskGradientRoom {
        self.room
    }

    /// Length of a row.
    pub fn stride(&self) -> usize {
        self.combined.len()
    }

    /// Bytes of it.
    pub fn bytes(&self) -> usize {
        let n_other = self.representation.values.len() + self.combined.len() + self.scales.len();
        self.rows.bytes() + 4 * n_other
    }

    /// The rows of the step, after the passes of the tasks, and where their combination goes: into the columns of a row.
    pub fn rows_and_combined(&mut self) -> (TaskRows<'_>, &mut [f32]) {
        let values = match self.room.domain {
            TaskDomain::Parameters => self.rows.values(),
            TaskDomain::Representation => &self.representation.values,
        };
        let rows = TaskRows {
            values,
            stride: self.combined.len(),
            columns: self.columns.ranges(),
            scales: Some(&self.scales[..]).filter(|scales| !scales.is_empty()),
        };
        (rows, &mut self.combined)
    }

    /// Fills the scales of the columns: `write` is given a range of the flat parameters and its columns.
    pub fn measure(&mut self, plan: &Plan, mut write: impl FnMut(Range<usize>, &mut [f32])) {
        if self.scales.is_empty() {
            return;
        }
        let mut columns = self.columns.parameters();
        for (index, spec) in plan.parameters.iter().enumerate() {
            let place = self.rows.place(ParameterId(index));
            if !self.has_columns(spec, &place) {
                continue;
            }
            for column in columns.next().into_iter().flatten() {
                let start = spec.range.start + column.start - place.start;
                write(start..start + column.len(), &mut self.scales[column.clone()]);
            }
        }
    }

    /// Whether a parameter at this place of a row has columns: it is shared, and trains or always counts.
    fn has_columns(&self, spec: &ParameterSpec, place: &Range<usize>) -> bool {
        !place.is_empty() && (spec.trainable || self.room.every_column)
    }

    pub(super) fn buffer(&mut self, task_idx: usize) -> Buffer<'_> {
        self.rows.buffer(task_idx)
    }

    /// Ends the rows, and finds the columns. The rows of tables that any task has touched are marked in `all`.
    fn end(&mut self, plan: &Plan, all: &mut Gradients, n_rows: usize, layout: &Layout) {
        self.columns.clear();
        for part in &self.representation.parts {
            let len = layout.value(part.value, n_rows).len();
            self.columns.push_whole(part.start..part.start + len);
        }
        for buffer_idx in 0..self.rows.n_buffers() {
            self.rows.buffer(buffer_idx).end();
        }
        for (index, spec) in plan.parameters.iter().enumerate() {
            let parameter = ParameterId(index);
            let place = self.rows.place(parameter);
            if !self.has_columns(spec, &place) {
                continue;
            }
            if !spec.sparse || self.room.every_column {
                self.columns.push_whole(place);
                continue;
            }
            for task_idx in 0..self.rows.n_buffers() {
                let mut all = all.buffer(0);
                let (_, touched) = all.claim_rows(parameter);
                touched.mark_all(self.rows.touched(task_idx, parameter));
            }
            let rows = all.touched_rows(0, parameter).unwrap_or_default();
            self.columns.push_rows(place.start, spec.row_width(), rows);
        }
    }

    /// Writes the combination to the gradients of the shared parameters.
    fn put(&self, plan: &Plan, all: &mut Gradients) {
        for (index, spec) in plan.parameters.iter().enumerate() {
            let parameter = ParameterId(index);
            let place = self.rows.place(parameter);
            if place.is_empty() || !spec.trainable {
                continue;
            }
            let combined = &self.combined[place];
            let mut all = all.buffer(0);
            if spec.sparse && !self.room.every_column {
                let Some((gradient, rows, width)) = all.add_to_rows(parameter) else {
                    continue;
                };
                for row in rows {
                    let range = *row as usize * width..(*row as usize + 1) * width;
                    gradient[range.clone()].copy_from_slice(&combined[range]);
                }
            } else {
                let (gradient, _) = all.claim(parameter);
                gradient.copy_from_slice(combined);
            }
        }
    }
}

impl CpuBackend {
    /// Bytes of the room for the gradient of each task, about.
    pub fn task_gradient_bytes(&self, plan: &Plan, room: TaskGradientRoom) -> usize {
        let shared = plan.parameters.iter().filter(|spec| spec.tasks.is_shared());
        let stride = match room.domain {
            TaskDomain::Parameters => shared.map(|spec| spec.range.len()).sum(),
            TaskDomain::Representation => Representation::find(plan, self).stride,
        };
        let n_rows = plan.tasks.len() + 1 + usize::from(room.measured);
        n_rows.saturating_mul(stride).saturating_mul(4)
    }

    /// Makes room for the gradient of each task, or gives it back. Allocates.
    pub fn set_task_gradients(&mut self, plan: &Plan, room: Option<TaskGradientRoom>) {
        if self.task_gradients.as_ref().map(|tasks| tasks.room) != room {
            self.renew_task_gradients(plan, room);
        }
    }

    /// Makes the room anew, whatever there was: for a plan that shares or trains other parameters.
    pub(super) fn renew_task_gradients(&mut self, plan: &Plan, room: Option<TaskGradientRoom>) {
        // The old one goes first: together they may be more than there is memory for.
        self.task_gradients = None;
        let new = room.map(|room| TaskGradients::new(plan, self, room));
        self.task_gradients = new.map(Box::new);
    }

    /// The gradients of each task, where there is room for them.
    pub fn task_gradients(&mut self) -> Option<&mut TaskGradients> {
        self.task_gradients.as_deref_mut()
    }

    /// Begins the backward passes of single tasks.
    pub fn begin_tasks(&mut self) {
        self.begin_backward();
        if let Some(tasks) = &mut self.task_gradients {
            for buffer_idx in 0..tasks.rows.n_buffers() {
                tasks.rows.buffer(buffer_idx).begin();
            }
            tasks.representation.values.fill(0.0);
        }
    }

    /// Runs a task's ops backward, the last first, and calls `after` with the position of each op: all of them, or, for a
    /// representation, those that are the task's alone.
    pub fn backward_task(
        &mut self,
        plan: &Plan,
        buffers: Buffers<'_>,
        mode: Mode,
        task_idx: usize,
        mut after: impl FnMut(usize),
    ) {
        self.value_written.fill(false);
        let Some(mut tasks) = self.task_gradients.take() else {
            return;
        };
        match tasks.room.domain {
            TaskDomain::Parameters => {
                self.task_gradients = Some(tasks);
                let range = 0..plan.ops.len();
                self.backward(plan, range, buffers, mode, Seed::Loss { task_idx }, after);
                return;
            }
            TaskDomain::Representation => {
                let rows = buffers.rows;
                let mut cpu = self.view(plan, buffers, mode, Seed::Loss { task_idx });
                let representation = &mut tasks.representation;
                let start = task_idx * representation.stride;
                for (op_idx, op) in plan.ops.iter().enumerate().rev() {
                    for part in representation.parts.iter().filter(|part| part.producer == op_idx) {
                        // Further back its place may hold something else.
                        if cpu.memory.written[part.value.0] {
                            let gradient = &cpu.memory.arena[cpu.memory.layout.gradient(part.value, rows)];
                            let start = start + part.start;
                            representation.values[start..start + gradient.len()].copy_from_slice(gradient);
                        }
                    }
                    let is_own = !representation.op_tasks[op_idx].is_shared();
                    if is_own && is_reached(plan, op_idx, cpu.memory.written) {
                        op.backward(&mut cpu);
                    }
                    after(op_idx);
                }
            }
        }
        self.task_gradients = Some(tasks);
    }

    /// Ends the backward passes of single tasks: the rows are whole, and `rows_and_combined` is to be filled.
    pub fn end_tasks(&mut self, plan: &Plan, n_rows: usize) {
        if let Some(tasks) = &mut self.task_gradients {
            tasks.end(plan, &mut self.gradients, n_rows, &self.layout);
        }
    }

    /// Makes the combination the gradient of the shared parameters: for a representation by a backward pass over the shared ops,
    /// after each of which `after` is called with its position. Ends the backward pass of the step.
    pub fn backward_combined(
        &mut self,
        plan: &Plan,
        buffers: Buffers<'_>,
        mode: Mode,
        mut after: impl FnMut(usize),
    ) {
        let Some(tasks) = self.task_gradients.take() else {
            return;
        };
        match tasks.room.domain {
            TaskDomain::Parameters => tasks.put(plan, &mut self.gradients),
            TaskDomain::Representation => {
                self.value_written.fill(false);
                let rows = buffers.rows;
                let mut cpu = self.view(plan, buffers, mode, Seed::Losses(&[]));
                let representation = &tasks.representation;
                for (op_idx, op) in plan.ops.iter().enumerate().rev() {
                    for part in representation.parts.iter().filter(|part| part.last_use == op_idx) {
                        let place = cpu.memory.layout.gradient(part.value, rows);
                        let combined = &tasks.combined[part.start..part.start + place.len()];
                        cpu.memory.arena[place].copy_from_slice(combined);
                        cpu.memory.written[part.value.0] = true;
                    }
                    let is_shared = representation.op_tasks[op_idx].is_shared();
                    if is_shared && is_reached(plan, op_idx, cpu.memory.written) {
                        op.backward(&mut cpu);
                        after(op_idx);
                    }
                }
            }
        }
        self.task_gradients = Some(tasks);
        self.end_backward();
    }

    /// Multiplies the gradients of the parameters that are a task's own.
    pub fn scale_own(&mut self, plan: &Plan, factors: &[f32]) {
        let mut all = self.gradients.buffer(0);
        for (index, spec) in plan.parameters.iter().enumerate() {
            let own = spec.tasks.iter().next().filter(|_| spec.tasks.len() == 1);
            if let Some(factor) = own.and_then(|task_idx| factors.get(task_idx))
                && *factor != 1.0
            {
                all.scale(ParameterId(index), *factor);
            }
        }
    }
}
