//! From a plan to a program for the GPU: records and dispatches.

use super::schedule::{Dispatch, schedule};
use super::update;
use crate::{
    clipping::Clipping,
    operation::{
        Access,
        gpu::{
            Address, CompilerOutput, GpuCompiler, GpuError, GpuRecord, Kernel, Shader, each, gpu_record,
            step::{Lookup, Words},
            wgsl,
        },
    },
    optimizers::OptimizerConfig,
    plan::Plan,
};

/// Steps whose losses are kept until they are read.
pub const HISTORY: usize = 256;

/// What a pass does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Forward only.
    Infer,
    /// Forward and backward.
    Gradients,
    /// A training step.
    Train,
}

gpu_record! {
    /// Constants of the kernel that reads numeric inputs.
    struct InputRecord {
        /// Word of the step that says where the column starts.
        column: u32,
        /// Where the numbers go.
        y: Address,
        /// Numbers per row.
        per_row: usize,
    }
}

/// Numeric inputs.
pub static INPUT: Shader = Shader {
    entries: &[each("load")],
    ..Shader::plain(wgsl!("input"), InputRecord::FIELDS)
};

/// A compiled plan.
#[derive(Clone, Debug)]
pub struct Program {
    /// Records of all dispatches.
    pub records: Vec<u32>,
    /// Dispatches per pass.
    pub passes: [Vec<Dispatch>; 3],
    /// Where the arena has a 1.
    pub one: usize,
    /// Where the losses are kept.
    pub history: usize,
    /// Words of a step.
    pub words: Words,
    /// Numbers in the arena.
    pub arena_len: usize,
    /// Places of values, by value.
    pub values: Vec<Option<usize>>,
    /// Streams of the random ops, in the order of their keys.
    pub streams: Vec<u64>,
    /// Embedding lookups whose gradients are scattered.
    pub lookups: Vec<Lookup>,
    /// Words of the lists of a step.
    pub lists_len: usize,
    /// Constants in front of the lists.
    pub constants: Vec<u32>,
}

impl Program {
    /// Compiles a plan for batches of up to `max_rows` rows; `alone`: no thread works together with another.
    ///
    /// # Errors
    /// When an op has no kernel.
    pub fn new(
        plan: &Plan,
        max_rows: usize,
        alone: bool,
        optimizer: &OptimizerConfig,
        clipping: &Clipping,
    ) -> Result<Self, GpuError> {
        let n_tasks = plan.tasks.len();
        let n_random = plan.ops.iter().filter(|op| op.draws()).count();
        let words = Words::new(n_tasks, plan.slots.len(), n_random)?;
        let mut gpu = GpuCompiler::new(
            (&plan.values, &plan.parameters),
            (plan.ops.len(), n_tasks),
            (max_rows, alone),
            words,
            plan.trained_values(),
            HISTORY,
        );
        inputs(plan, &mut gpu);
        for (op_idx, op) in plan.ops.iter().enumerate() {
            gpu.begin_op(op_idx);
            op.forward_gpu(&mut gpu)?;
        }
        let n_forward = gpu.tasks().len();
        for (op_idx, op) in plan.ops.iter().enumerate().rev() {
            let mut reached = false;
            op.visit_values(&mut |access, value| {
                reached |= access == Access::Write && gpu.is_written(value);
            });
            if reached {
                gpu.begin_op(op_idx);
                op.backward_gpu(&mut gpu)?;
            }
        }
        let n_backward = gpu.tasks().len();
        update::penalties(plan, &mut gpu);
        update::optimizer(plan, &mut gpu, optimizer, clipping);
        let mut records = Vec::new();
        let passes = [n_forward, n_backward, gpu.tasks().len()]
            .map(|n_tasks| schedule(&gpu.tasks()[..n_tasks], &mut records));
        let (one, history, words) = (gpu.one, gpu.history, gpu.words.clone());
        let CompilerOutput {
            arena_len,
            values,
            streams,
            lookups,
            lists_len,
            constants,
        } = gpu.finish();
        Ok(Self {
            records,
            passes,
            one,
            history,
            words,
            arena_len,
            values,
            streams,
            lookups,
            lists_len,
            constants,
        })
    }

    /// The dispatches of a pass.
    pub fn pass(&self, pass: Pass) -> &[Dispatch] {
        &self.passes[pass as usize]
    }
}

fn inputs(plan: &Plan, gpu: &mut GpuCompiler<'_>) {
    for (index, slot) in plan.slots.iter().enumerate() {
        if let Some(value) = slot.value {
            let y = gpu.value(value);
            let record = InputRecord {
                column: gpu.words.slot(index),
                y: y.at(),
                per_row: gpu.per_row(value),
            };
            let groups = gpu.threads(y.len());
            gpu.push(Kernel::new(&INPUT, "load"), &record, groups, vec![], vec![y]);
        }
    }
}
