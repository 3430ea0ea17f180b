//! Runs a plan on the CPU, one op after the other, without allocating.

use crate::{
    kernels::fused,
    ops::Access,
    ordered,
    plan::{Layout, Mode, OrderId, ParameterId, Plan, SlotId, ValueId},
};

/// A place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A value.
    Value(ValueId),
    /// The gradient of a value.
    Gradient(ValueId),
    /// Nowhere: an empty slice, for what an op may do without.
    Nothing,
}

impl At {
    /// A value that may not be there.
    pub fn optional(value: Option<ValueId>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
}

/// The arena as an op sees it.
pub struct Memory<'a> {
    arena: &'a mut [f32],
    layout: &'a Layout,
    rows: usize,
    written: &'a mut [bool],
    wanted: &'a [bool],
}

impl Memory<'_> {
    /// Several places at once.
    ///
    /// # Panics
    /// When two of them overlap: the layout keeps apart what one op uses, so this is a fault of the op.
    pub fn get<const N: usize>(&mut self, places: [At; N]) -> [&mut [f32]; N] {
        let ranges = places.map(|place| match place {
            At::Value(value) => self.layout.value(value, self.rows),
            At::Gradient(value) => self.layout.gradient(value, self.rows),
            At::Nothing => 0..0,
        });
        self.arena
            .get_disjoint_mut(ranges)
            .expect("the layout keeps apart what one op uses")
    }

    /// Values at once.
    pub fn values<const N: usize>(&mut self, values: [ValueId; N]) -> [&mut [f32]; N] {
        self.get(values.map(At::Value))
    }

    /// One place.
    pub fn one(&mut self, place: At) -> &mut [f32] {
        let [slice] = self.get([place]);
        slice
    }

    /// Whether the gradient of a value that was read is wanted.
    pub fn wants(&self, value: ValueId) -> bool {
        self.wanted[value.0] && self.layout.has_gradient(value)
    }

    /// Says that the gradient of `value` is about to be written; true when it has been written before in this pass, so
    /// that the op must add to it.
    pub fn claim(&mut self, value: ValueId) -> bool {
        std::mem::replace(&mut self.written[value.0], true)
    }
}

/// The flat gradient buffer as an op sees it.
pub struct ParameterGradients<'a> {
    plan: &'a Plan,
    values: &'a mut [f32],
    written: &'a mut [bool],
    touched: &'a mut [Touched],
}

impl ParameterGradients<'_> {
    /// Whether the gradient of a parameter is wanted.
    pub fn wants(&self, parameter: ParameterId) -> bool {
        self.plan.parameters[parameter.0].trainable
    }

    /// The gradient to write, and whether to add to it.
    pub fn claim(&mut self, parameter: ParameterId) -> (&mut [f32], bool) {
        let accumulate = std::mem::replace(&mut self.written[parameter.0], true);
        (
            &mut self.values[self.plan.parameters[parameter.0].range.clone()],
            accumulate,
        )
    }

    /// The gradient of a table, which is zero but for the rows that were touched before in this pass. Always add to
    /// it, and record the rows.
    pub fn claim_rows(&mut self, parameter: ParameterId) -> (&mut [f32], &mut Touched) {
        self.written[parameter.0] = true;
        (
            &mut self.values[self.plan.parameters[parameter.0].range.clone()],
            &mut self.touched[parameter.0],
        )
    }
}

/// Rows of a table whose gradient may differ from zero.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// The rows, in the order in which they were first touched.
    pub rows: Vec<u32>,
    marks: Vec<bool>,
}

impl Touched {
    fn new(n_rows: usize) -> Self {
        Self {
            rows: Vec::with_capacity(n_rows),
            marks: vec![false; n_rows],
        }
    }

    /// Records a row.
    pub fn mark(&mut self, row: u32) {
        if !std::mem::replace(&mut self.marks[row as usize], true) {
            self.rows.push(row);
        }
    }

    /// The rows in rising order.
    fn sorted(&mut self) -> &[u32] {
        ordered::sort_numbers(&mut self.rows);
        &self.rows
    }

    fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.marks[row as usize] = false;
        }
    }
}

/// The order in which a recurrent op reads a batch: rows by falling length, so that the rows that are still going at
/// a step are the first ones, and padding costs nothing.
#[derive(Clone, Debug, Default)]
pub struct RowOrder {
    /// Row of the batch at each position.
    pub rows: Vec<u32>,
    /// Steps of the row at each position: up to the last one that counts.
    pub lengths: Vec<u32>,
    /// Start of each step's block among the packed rows; one more than there are steps.
    pub starts: Vec<usize>,
    /// Whether a step before the end of some row is masked.
    pub has_holes: bool,
    counts: Vec<u32>,
}

impl RowOrder {
    fn new(max_rows: usize, length: usize) -> Self {
        Self {
            rows: vec![0; max_rows],
            lengths: vec![0; max_rows],
            starts: Vec::with_capacity(length + 1),
            has_holes: false,
            counts: vec![0; length + 2],
        }
    }

    /// Sorts the rows of a batch by the mask (`rows × length`), longest first, stably.
    pub fn sort(&mut self, mask: Option<&[f32]>, n_rows: usize, length: usize) {
        self.has_holes = false;
        self.counts.fill(0);
        let row_length = |row: usize| match mask {
            None => length,
            Some(mask) => {
                let steps = &mask[row * length..(row + 1) * length];
                steps
                    .iter()
                    .rposition(|step| *step != 0.0)
                    .map_or(0, |last| last + 1)
            }
        };
        for row in 0..n_rows {
            let n_steps = row_length(row);
            // A counting sort over length - n_steps, so that the longest come first.
            self.counts[length - n_steps + 1] += 1;
            if let Some(mask) = mask {
                self.has_holes |= mask[row * length..row * length + n_steps].contains(&0.0);
            }
        }
        for bucket in 1..self.counts.len() {
            self.counts[bucket] += self.counts[bucket - 1];
        }
        for row in 0..n_rows {
            let n_steps = row_length(row);
            let position = self.counts[length - n_steps] as usize;
            self.counts[length - n_steps] += 1;
            self.rows[position] = row as u32;
            self.lengths[position] = n_steps as u32;
        }
        self.starts.clear();
        self.starts.push(0);
        let mut active = n_rows;
        for step in 0..length {
            while active > 0 && self.lengths[active - 1] as usize <= step {
                active -= 1;
            }
            if active == 0 {
                break;
            }
            self.starts.push(self.starts[step] + active);
        }
    }

    /// Steps of the longest row.
    pub fn n_steps(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Packed rows in all.
    pub fn n_packed(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }
}

/// What the gradients start from.
#[derive(Clone, Copy, Debug)]
pub enum Seed<'a> {
    /// The sum of the tasks' losses with these weights, back to what trains.
    Losses(&'a [f32]),
    /// The same, back to the inputs.
    LossesToInputs(&'a [f32]),
    /// One logit of one task.
    Logit {
        /// The task.
        task_idx: usize,
        /// Which of its logits.
        output: usize,
    },
}

/// Everything that an op may touch.
pub struct Cpu<'a> {
    /// Rows of the batch.
    pub rows: usize,
    /// Whether the batch is trained on.
    pub mode: Mode,
    /// Seed of the run.
    pub run_seed: u64,
    /// Values and their gradients.
    pub memory: Memory<'a>,
    /// Parameters, flat; only running statistics are written.
    pub parameters: &'a mut [f32],
    /// Gradients of parameters, flat.
    pub gradients: ParameterGradients<'a>,
    /// Orders of rows.
    pub orders: &'a mut [RowOrder],
    /// Working space of the matrix product.
    pub packing: &'a mut [f32],
    /// Ids, per input slot.
    pub ids: &'a [Vec<u32>],
    /// Targets, per task; NaN where a row has none.
    pub targets: &'a [Vec<f32>],
    /// Mean loss over the labelled rows, per task.
    pub losses: &'a mut [f32],
    /// Number of labelled rows, per task.
    pub labelled: &'a mut [usize],
    /// What the gradients start from.
    pub seed: Seed<'a>,
    plan: &'a Plan,
}

impl<'a> Cpu<'a> {
    /// A parameter's place in the flat buffers.
    pub fn range(&self, parameter: ParameterId) -> std::ops::Range<usize> {
        self.plan.parameters[parameter.0].range.clone()
    }

    /// The ids of a slot.
    pub fn ids(&self, slot: SlotId, per_row: usize) -> &'a [u32] {
        &self.ids[slot.0][..self.rows * per_row]
    }

    /// An order of rows.
    pub fn order(&mut self, order: OrderId) -> &mut RowOrder {
        &mut self.orders[order.0]
    }
}

/// The arena and what belongs to it.
#[derive(Clone, Debug)]
pub struct CpuBackend {
    layout: Layout,
    arena: Vec<f32>,
    packing: Vec<f32>,
    orders: Vec<RowOrder>,
    touched: Vec<Touched>,
    value_written: Vec<bool>,
    parameter_written: Vec<bool>,
    parameter_clean: Vec<bool>,
    trained: Vec<bool>,
    all: Vec<bool>,
    run_seed: u64,
    fused: bool,
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
    /// Gradients.
    pub gradients: &'a mut [f32],
    /// Losses, per task.
    pub losses: &'a mut [f32],
    /// Labelled rows, per task.
    pub labelled: &'a mut [usize],
}

impl CpuBackend {
    /// Room for batches of up to `layout.max_rows` rows.
    pub fn new(plan: &Plan, layout: Layout, run_seed: u64) -> Self {
        let max_rows = layout.max_rows;
        let training = layout.training;
        let packing = crate::ops::product::packing_len();
        Self {
            arena: vec![0.0; layout.len],
            packing: vec![0.0; packing],
            orders: plan
                .orders
                .iter()
                .map(|length| RowOrder::new(max_rows, *length))
                .collect(),
            touched: plan
                .parameters
                .iter()
                .map(|parameter| {
                    let n_rows = if parameter.sparse && training {
                        parameter.shape[0]
                    } else {
                        0
                    };
                    Touched::new(n_rows)
                })
                .collect(),
            value_written: vec![false; plan.values.len()],
            parameter_written: vec![false; plan.parameters.len()],
            parameter_clean: vec![true; plan.parameters.len()],
            trained: plan.trained_values(),
            all: vec![true; plan.values.len()],
            layout,
            run_seed,
            fused: false,
        }
    }

    /// Whether products may be [fused].
    pub fn set_fused(&mut self, fused: bool) {
        self.fused = fused;
    }

    /// Takes over what changed in a plan of the same structure.
    pub fn update(&mut self, plan: &Plan) {
        self.trained = plan.trained_values();
        self.parameter_clean.fill(false);
    }

    /// Bytes of the arena and of what belongs to it.
    pub fn bytes(&self) -> usize {
        4 * (self.arena.len() + self.packing.len())
            + self
                .orders
                .iter()
                .map(|order| 8 * order.rows.len() + 12 * order.counts.len())
                .sum::<usize>()
            + self
                .touched
                .iter()
                .map(|touched| 5 * touched.marks.len())
                .sum::<usize>()
    }

    /// A value after a forward pass.
    pub fn value(&self, value: ValueId, rows: usize) -> &[f32] {
        &self.arena[self.layout.value(value, rows)]
    }

    /// A gradient after a backward pass, if it was kept.
    pub fn gradient(&self, value: ValueId, rows: usize) -> Option<&[f32]> {
        self.value_written[value.0].then(|| &self.arena[self.layout.gradient(value, rows)])
    }

    /// Rows of an embedding whose gradient may differ from zero, in rising order; `None` when every row's may.
    pub fn touched(&mut self, plan: &Plan, parameter: ParameterId) -> Option<&[u32]> {
        let spec = &plan.parameters[parameter.0];
        spec.has_sparse_gradient()
            .then(|| self.touched[parameter.0].sorted())
    }

    fn view<'a>(&'a mut self, plan: &'a Plan, buffers: Buffers<'a>, mode: Mode, seed: Seed<'a>) -> Cpu<'a> {
        // Every pass of every backend chooses for itself: they take turns in a thread.
        fused::choose(self.fused);
        let wanted = match seed {
            Seed::Losses(_) => &self.trained,
            Seed::LossesToInputs(_) | Seed::Logit { .. } => &self.all,
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
                plan,
                values: buffers.gradients,
                written: &mut self.parameter_written,
                touched: &mut self.touched,
            },
            orders: &mut self.orders,
            packing: &mut self.packing,
            ids: buffers.ids,
            targets: buffers.targets,
            losses: buffers.losses,
            labelled: buffers.labelled,
            seed,
            plan,
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

    /// Runs the ops `range` forward.
    pub fn forward(&mut self, plan: &Plan, range: std::ops::Range<usize>, buffers: Buffers<'_>, mode: Mode) {
        let mut cpu = self.view(plan, buffers, mode, Seed::Losses(&[]));
        for op in &plan.ops[range] {
            op.forward(&mut cpu);
        }
    }

    /// Forgets the gradients of the last pass.
    pub fn begin_backward(&mut self, plan: &Plan, gradients: &mut [f32]) {
        self.value_written.fill(false);
        self.parameter_written.fill(false);
        for (index, parameter) in plan.parameters.iter().enumerate() {
            if !parameter.sparse {
                continue;
            }
            let table = &mut gradients[parameter.range.clone()];
            let width = parameter.shape.last().copied().unwrap_or(1);
            let touched = &mut self.touched[index];
            if parameter.has_sparse_gradient() && self.parameter_clean[index] {
                for row in &touched.rows {
                    table[*row as usize * width..(*row as usize + 1) * width].fill(0.0);
                }
            } else {
                table.fill(0.0);
                self.parameter_clean[index] = true;
            }
            touched.clear();
        }
    }

    /// Runs the ops `range` backward, the last first. An op whose results have no gradient is skipped: what a task with
    /// weight 0 alone needs costs nothing.
    pub fn backward(
        &mut self,
        plan: &Plan,
        range: std::ops::Range<usize>,
        buffers: Buffers<'_>,
        mode: Mode,
        seed: Seed<'_>,
    ) {
        let mut cpu = self.view(plan, buffers, mode, seed);
        for op in plan.ops[range].iter().rev() {
            let mut reached = false;
            op.visit_values(&mut |access, value| {
                reached |= access == Access::Write && cpu.memory.written[value.0];
            });
            if reached || op.is_loss() {
                op.backward(&mut cpu);
            }
        }
    }

    /// Zeroes the gradients of parameters that the pass did not reach.
    pub fn end_backward(&mut self, plan: &Plan, gradients: &mut [f32]) {
        for (index, parameter) in plan.parameters.iter().enumerate() {
            if parameter.sparse {
                continue;
            }
            if self.parameter_written[index] {
                self.parameter_clean[index] = false;
            } else if !self.parameter_clean[index] {
                gradients[parameter.range.clone()].fill(0.0);
                self.parameter_clean[index] = true;
            }
        }
    }
}
