//! Runs a plan on the CPU, one op after the other, without allocating.

pub mod tasks;

use std::ops::Range;

use mtl_kernels::fused::Rounding;

use crate::{
    clipping::Clipping,
    gradients::{Buffer, Gradients},
    ids::{ParameterId, ValueId},
    layout::Layout,
    operation::{Access, Cpu, Memory, ParameterGradients, RowOrder, Seed, product::Packing},
    parts::Parts,
    penalty,
    plan::Plan,
    specs::Mode,
};

/// The arena and what belongs to it.
#[derive(Clone, Debug)]
pub struct CpuBackend {
    layout: Layout,
    arena: Vec<f32>,
    packing: Packing,
    orders: Vec<RowOrder>,
    gradients: Gradients,
    task_gradients: Option<Box<tasks::TaskGradients>>,
    value_written: Vec<bool>,
    trained: Vec<bool>,
    all: Vec<bool>,
    run_seed: u64,
}

/// Buffers that belong to the model and that a pass reads and writes.
pub struct Buffers<'a> {
    /// Rows of the batch.
    pub rows: usize,
    /// Ids, per input slot.
    pub ids: &'a [Vec<u32>],
    /// Targets, per task.
    pub targets: &'a [Vec<f32>],
    /// Parameters.
    pub values: &'a mut [f32],
    /// Losses, per task.
    pub losses: &'a mut [f32],
    /// Labelled rows, per task.
    pub labelled: &'a mut [usize],
}

/// Whether an op has a gradient to hand on: it is a loss, or what it has written has been given one.
fn is_reached(plan: &Plan, op_idx: usize, value_written: &[bool]) -> bool {
    let op = &plan.ops[op_idx];
    let mut is_reached = op.loss_of().is_some();
    op.visit_values(&mut |access, value| {
        is_reached |= access == Access::Write && value_written[value.0];
    });
    is_reached
}

impl CpuBackend {
    /// Room for batches of up to `layout.max_rows` rows.
    pub fn new(plan: &Plan, layout: Layout, run_seed: u64) -> Self {
        let max_rows = layout.max_rows;
        Self {
            arena: vec![0.0; layout.len],
            packing: Packing::new(),
            orders: plan
                .orders
                .iter()
                .map(|length| RowOrder::new(max_rows, *length))
                .collect(),
            gradients: if layout.training {
                Gradients::new(&plan.parameters)
            } else {
                Gradients::none()
            },
            task_gradients: None,
            value_written: vec![false; plan.values.len()],
            trained: plan.trained_values(),
            all: vec![true; plan.values.len()],
            layout,
            run_seed,
        }
    }

    /// How products are rounded.
    pub fn set_rounding(&mut self, rounding: Rounding) {
        self.packing.rounding = rounding;
    }

    /// Takes over what changed in a plan of the same structure.
    pub fn update(&mut self, plan: &Plan) {
        self.trained = plan.trained_values();
        if let Some(room) = self.task_gradients.as_ref().map(|tasks| tasks.room()) {
            self.renew_task_gradients(plan, Some(room));
        }
    }

    /// Bytes of the arena and of what belongs to it, without the gradients of the parameters.
    pub fn bytes(&self) -> usize {
        let gradients = self.gradients.bytes() - 4 * self.gradients.values().len();
        4 * self.arena.len()
            + self.packing.bytes()
            + self.orders.iter().map(RowOrder::bytes).sum::<usize>()
            + gradients
            + self.task_gradients.as_ref().map_or(0, |tasks| tasks.bytes())
    }

    /// A value after a forward pass.
    pub fn value(&self, value: ValueId, rows: usize) -> &[f32] {
        &self.arena[self.layout.value(value, rows)]
    }

    /// A gradient after a backward pass, if it was kept.
    pub fn gradient(&self, value: ValueId, rows: usize) -> Option<&[f32]> {
        self.value_written[value.0].then(|| &self.arena[self.layout.gradient(value, rows)])
    }

    /// The gradients of the parameters, with their layout.
    pub fn gradients(&self) -> &[f32] {
        self.gradients.values()
    }

    /// Rows of an embedding whose gradient may differ from zero, in rising order; `None` when every row's may.
    pub fn touched_rows(&mut self, parameter: ParameterId) -> Option<&[u32]> {
        self.gradients.touched_rows(0, parameter)
    }

    fn view<'a>(&'a mut self, plan: &'a Plan, buffers: Buffers<'a>, mode: Mode, seed: Seed<'a>) -> Cpu<'a> {
        let wanted = match seed {
            Seed::Losses(_) | Seed::Loss { .. } => &self.trained,
            Seed::LossesToInputs(_) | Seed::Logit { .. } => &self.all,
        };
        let of_task = match (&mut self.task_gradients, seed) {
            (Some(tasks), Seed::Loss { task_idx }) => tasks.buffer(task_idx),
            _ => Buffer::empty(),
        };
        Cpu {
            rows: buffers.rows,
            mode,
            run_seed: self.run_seed,
            memory: Memory {
                arena: &mut self.arena,
                layout: &self.layout,
                rows: buffers.rows,
                written: &mut self.value_written,
                wanted,
            },
            parameters: buffers.values,
            gradients: ParameterGradients {
                specs: &plan.parameters,
                all: self.gradients.buffer(0),
                of_task,
            },
            orders: &mut self.orders,
            packing: &mut self.packing,
            ids: buffers.ids,
            targets: buffers.targets,
            losses: buffers.losses,
            labelled: buffers.labelled,
            seed,
            specs: &plan.parameters,
        }
    }

    /// Copies the numeric inputs of a batch into the arena.
    pub fn load(&mut self, plan: &Plan, rows: usize, dense: &[Vec<f32>]) {
        for (slot, source) in plan.slots.iter().zip(dense) {
            if let Some(value) = slot.value {
                let target = &mut self.arena[self.layout.value(value, rows)];
                target.copy_from_slice(&source[..target.len()]);
            }
        }
    }

    /// Runs the ops `range` forward, and calls `after` with the position of each when it is done.
    pub fn forward(
        &mut self,
        plan: &Plan,
        range: Range<usize>,
        buffers: Buffers<'_>,
        mode: Mode,
        mut after: impl FnMut(usize),
    ) {
        let mut cpu = self.view(plan, buffers, mode, Seed::Losses(&[]));
        for op_idx in range {
            plan.ops[op_idx].forward(&mut cpu);
            after(op_idx);
        }
    }

    /// Begins a backward pass: forgets the gradients of the one before.
    pub fn begin_backward(&mut self) {
        self.value_written.fill(false);
        self.gradients.buffer(0).begin();
    }

    /// Runs the ops `range` backward, the last first, and calls `after` with the position of each. An op whose results have no
    /// gradient is skipped: what a task with weight 0 alone needs costs nothing.
    pub fn backward(
        &mut self,
        plan: &Plan,
        range: Range<usize>,
        buffers: Buffers<'_>,
        mode: Mode,
        seed: Seed<'_>,
        mut after: impl FnMut(usize),
    ) {
        let mut cpu = self.view(plan, buffers, mode, seed);
        for op_idx in range.rev() {
            if is_reached(plan, op_idx, cpu.memory.written) {
                plan.ops[op_idx].backward(&mut cpu);
            }
            after(op_idx);
        }
    }

    /// Ends a backward pass: the gradients of parameters that it did not reach are zero.
    pub fn end_backward(&mut self) {
        self.gradients.buffer(0).end();
    }

    /// Adds the gradients of regularisers and ties; with `lazy_rows`, of tables on the rows that the pass has touched.
    pub fn add_penalty_gradients(&mut self, plan: &Plan, values: &[f32], lazy_rows: bool) {
        penalty::add_gradients(plan, values, &mut self.gradients.buffer(0), lazy_rows);
    }

    /// Clips the gradients of `parts`.
    pub fn clip(&mut self, clipping: &Clipping, parts: &Parts) {
        self.gradients.buffer(0).clip(clipping, parts);
    }
}
