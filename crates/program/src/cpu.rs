//! Runs a plan on the CPU, one op after the other, without allocating.

use mtl_kernels::fused;

use crate::{
    ids::{ParameterId, ValueId},
    layout::Layout,
    operation::{Access, Cpu, Memory, ParameterGradients, RowOrder, Seed, Touched, product},
    plan::Plan,
    specs::Mode,
};

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
        let packing = product::packing_len();
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
            + self.orders.iter().map(RowOrder::bytes).sum::<usize>()
            + self.touched.iter().map(Touched::bytes).sum::<usize>()
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
                specs: &plan.parameters,
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
