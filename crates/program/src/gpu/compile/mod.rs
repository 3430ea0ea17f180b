//! From a plan to a program for the GPU: the arena, the records, the dispatches.
//!
//! The arena here shares no places: activations live to the end of the backward pass anyway, and memory that is not
//! shared lets more tasks run side by side. What only a CPU kernel needs (packed rows, transposed blocks) has no place.

mod element;
mod loss;
mod product;
mod recurrent;
mod rows;
mod terms;
mod update;

use super::{
    error::GpuError,
    kernels::{ALONE, File, Kernel, WORKGROUP},
    schedule::{Buffer, Dispatch, NOWHERE, Place, Record, Task, schedule},
    step::{Lookup, Words},
};
use crate::{
    clipping::Clipping,
    ids::{ParameterId, ValueId},
    operation::Access,
    ops::Op,
    optimizers::OptimizerConfig,
    plan::Plan,
    specs::Lifetime,
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

/// A compiled plan.
#[derive(Clone, Debug)]
pub struct Program {
    /// Records of all dispatches.
    pub records: Vec<u32>,
    /// Dispatches per pass.
    pub passes: [Vec<Dispatch>; 3],
    /// Numbers in the arena.
    pub arena_len: usize,
    /// Where the arena has a 1.
    pub one: usize,
    /// Places of values, by value.
    pub values: Vec<Option<usize>>,
    /// Where the losses are kept.
    pub history: usize,
    /// Words of a step.
    pub words: Words,
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
    pub fn new(
        plan: &Plan,
        max_rows: usize,
        alone: bool,
        optimizer: &OptimizerConfig,
        clipping: &Clipping,
    ) -> Result<Self, GpuError> {
        let n_random = plan
            .ops
            .iter()
            .filter(|op| matches!(op, Op::DropoutMask(_) | Op::Noise(_)))
            .count();
        let mut compiler = Compiler {
            plan,
            max_rows,
            alone,
            one: 0,
            words: Words::new(plan, n_random)?,
            len: 0,
            values: vec![None; plan.values.len()],
            gradients: vec![None; plan.values.len()],
            wanted: plan.trained_values(),
            written: vec![false; plan.values.len()],
            parameter_written: vec![false; plan.parameters.len()],
            scratch: vec![Vec::new(); plan.ops.len()],
            history: 0,
            streams: Vec::new(),
            lookups: Vec::new(),
            lists_len: max_rows,
            constants: Vec::new(),
            tasks: Vec::new(),
        };
        compiler.one = compiler.room(1);
        compiler.history = compiler.room(2 * HISTORY * plan.tasks.len());
        compiler.inputs();
        for (index, op) in plan.ops.iter().enumerate() {
            compiler.forward(index, op)?;
        }
        let n_forward = compiler.tasks.len();
        for (index, op) in plan.ops.iter().enumerate().rev() {
            let mut reached = false;
            op.visit_values(&mut |access, value| {
                reached |= access == Access::Write && compiler.written[value.0];
            });
            if reached {
                compiler.backward(index, op);
            }
        }
        let n_backward = compiler.tasks.len();
        compiler.penalties();
        compiler.optimizer(optimizer, clipping);
        let mut records = Vec::new();
        let passes = [n_forward, n_backward, compiler.tasks.len()]
            .map(|n_tasks| schedule(&compiler.tasks[..n_tasks], &mut records));
        Ok(Self {
            records,
            passes,
            arena_len: compiler.len,
            one: compiler.one,
            values: compiler.values,
            history: compiler.history,
            words: compiler.words,
            streams: compiler.streams,
            lookups: compiler.lookups,
            lists_len: compiler.lists_len,
            constants: compiler.constants,
        })
    }

    /// The dispatches of a pass.
    pub fn pass(&self, pass: Pass) -> &[Dispatch] {
        &self.passes[pass as usize]
    }
}

struct Compiler<'a> {
    plan: &'a Plan,
    max_rows: usize,
    alone: bool,
    /// Where the arena has a 1.
    one: usize,
    words: Words,
    len: usize,
    values: Vec<Option<usize>>,
    gradients: Vec<Option<usize>>,
    wanted: Vec<bool>,
    written: Vec<bool>,
    parameter_written: Vec<bool>,
    /// What an op's forward leaves for its backward.
    scratch: Vec<Vec<Place>>,
    history: usize,
    streams: Vec<u64>,
    lookups: Vec<Lookup>,
    lists_len: usize,
    constants: Vec<u32>,
    tasks: Vec<Task>,
}

fn at(place: &Place) -> u32 {
    place.range.start as u32
}

/// Whole numbers of a shader.
fn words<const N: usize>(numbers: [usize; N]) -> [u32; N] {
    numbers.map(|number| number as u32)
}

impl Compiler<'_> {
    /// Workgroups of `n_threads` for `n` threads, which take more than one turn when there are many. A software adapter
    /// has few cores, and starting a thread costs it more than a turn; but some end a thread after 65536 rounds of its loops.
    fn spread(&self, n: usize, n_threads: usize) -> [u32; 2] {
        let most = if self.alone { (n / 4096).max(16) } else { 4096 };
        [n.div_ceil(n_threads).clamp(1, most) as u32, 1]
    }

    /// Workgroups for one thread per number.
    fn threads(&self, n: usize) -> [u32; 2] {
        self.spread(n, 64)
    }

    /// Threads for a row of numbers.
    fn lanes(&self, width: usize) -> u32 {
        if width > 32 && !self.alone { 64 } else { ALONE }
    }

    /// A kernel for teams of `size` threads, or of one.
    fn team(&self, file: File, entry: &'static str, size: u32) -> Kernel {
        Kernel::sized(file, entry, if self.alone { ALONE } else { size })
    }

    /// Workgroups for `n` teams.
    fn teams(&self, n: usize) -> [u32; 2] {
        let per_group = if self.alone { WORKGROUP as usize } else { 1 };
        [n.div_ceil(per_group) as u32, 1]
    }

    fn room(&mut self, len: usize) -> usize {
        let start = self.len;
        self.len = (start + len).next_multiple_of(64);
        start
    }

    fn scratch(&mut self, len: usize) -> Place {
        let start = self.room(len);
        Place {
            buffer: Buffer::Arena,
            range: start..start + len,
            columns: None,
        }
    }

    fn per_row(&self, value: ValueId) -> u32 {
        self.plan.values[value.0].per_row as u32
    }

    fn size(&self, value: ValueId) -> usize {
        let spec = self.plan.values[value.0];
        spec.per_row * self.max_rows + spec.fixed
    }

    fn value(&mut self, value: ValueId) -> Place {
        let len = self.size(value);
        let start = match self.values[value.0] {
            Some(start) => start,
            None => self.room(len),
        };
        self.values[value.0] = Some(start);
        Place {
            buffer: Buffer::Arena,
            range: start..start + len,
            columns: None,
        }
    }

    fn gradient(&mut self, value: ValueId) -> Place {
        let len = self.size(value);
        let start = match self.gradients[value.0] {
            Some(start) => start,
            None => self.room(len),
        };
        self.gradients[value.0] = Some(start);
        Place {
            buffer: Buffer::Arena,
            range: start..start + len,
            columns: None,
        }
    }

    fn wants(&self, value: ValueId) -> bool {
        let spec = self.plan.values[value.0];
        self.wanted[value.0]
            && spec.differentiable
            && matches!(spec.lifetime, Lifetime::Activation | Lifetime::Output)
    }

    /// The gradient to write, and whether to add to it.
    fn claim(&mut self, value: ValueId) -> (Place, u32) {
        let accumulate = std::mem::replace(&mut self.written[value.0], true);
        (self.gradient(value), u32::from(accumulate))
    }

    /// As [`Compiler::claim`], as two words, if the gradient is wanted; it is then written.
    fn claim_wanted(&mut self, value: ValueId, writes: &mut Vec<Place>) -> [u32; 2] {
        if !self.wants(value) {
            return [NOWHERE, 0];
        }
        let (place, accumulate) = self.claim(value);
        let start = at(&place);
        writes.push(place);
        [start, accumulate]
    }

    fn parameter(&self, parameter: ParameterId) -> Place {
        let range = self.plan.parameters[parameter.0].range.clone();
        Place {
            buffer: Buffer::Values,
            range,
            columns: None,
        }
    }

    fn trains(&self, parameter: ParameterId) -> bool {
        self.plan.parameters[parameter.0].trainable
    }

    fn claim_parameter(&mut self, parameter: ParameterId) -> (Place, u32) {
        let accumulate = std::mem::replace(&mut self.parameter_written[parameter.0], true);
        let range = self.plan.parameters[parameter.0].range.clone();
        (
            Place {
                buffer: Buffer::Gradients,
                range,
                columns: None,
            },
            u32::from(accumulate),
        )
    }

    fn push(
        &mut self,
        kernel: Kernel,
        record: Record,
        groups: [u32; 2],
        reads: Vec<Place>,
        writes: Vec<Place>,
    ) {
        self.tasks.push(Task {
            kernel,
            record,
            groups,
            reads,
            writes,
        });
    }

    fn inputs(&mut self) {
        for (index, slot) in self.plan.slots.iter().enumerate() {
            if let Some(value) = slot.value {
                let y = self.value(value);
                let width = self.plan.values[value.0].per_row;
                let record = Record::new(&[self.words.slot(index), at(&y), width as u32]);
                let groups = self.threads(y.range.len());
                self.push(Kernel::new(File::Input, "load"), record, groups, vec![], vec![y]);
            }
        }
    }

    fn forward(&mut self, index: usize, op: &Op) -> Result<(), GpuError> {
        match op {
            Op::Mask(op) => self.mask(op),
            Op::EmbeddingLookup(op) => self.embedding(op),
            Op::Linear(op) => self.linear(op),
            Op::Softmax(op) => self.softmax(op),
            Op::LstmCells(op) => self.recurrent(index, op.into())?,
            Op::Pool(op) => self.pool(op),
            Op::Columns(op) => self.columns(op),
            Op::Sum(op) => self.sum(op.y, &op.terms),
            Op::Mixture(op) => self.mixture(op),
            Op::DropoutMask(op) => self.dropout(index, op),
            Op::BinaryLoss(op) => self.binary_loss(op),
            Op::ClassesLoss(op) => self.classes_loss(op),
            Op::SquaredLoss(op) => self.squared_loss(op),
            Op::Attention(op) => self.attention(op),
            Op::AttentionPool(op) => self.attention_pool(op),
            Op::BatchNorm(op) => self.batch_norm(op),
            Op::Dot(op) => self.dot(op),
            Op::GradientScale(op) => self.sum(op.y, &[(op.x, 1.0)]),
            Op::GruCells(op) => self.recurrent(index, op.into())?,
            Op::Interaction(op) => self.interaction(op),
            Op::LayerNorm(op) => self.layer_norm(op),
            Op::Maximum(op) => self.maximum(op),
            Op::Multiply(op) => self.multiply(op),
            Op::Noise(op) => self.noise(op),
            Op::OrdinalLoss(op) => self.ordinal_loss(op),
            Op::AddPosition(op) => self.position(op),
            Op::Unfold(op) => self.unfold(op),
            Op::UnitNorm(op) => self.unit_norm(op),
        }
        Ok(())
    }

    fn backward(&mut self, index: usize, op: &Op) {
        match op {
            Op::EmbeddingLookup(op) => self.embedding_backward(op),
            Op::Linear(op) => self.linear_backward(op),
            Op::Softmax(op) => self.softmax_backward(op),
            Op::LstmCells(op) => self.recurrent_backward(index, op.into()),
            Op::Pool(op) => self.pool_backward(op),
            Op::Columns(op) => self.columns_backward(op),
            Op::Sum(op) => self.sum_backward(op.y, &op.terms),
            Op::Mixture(op) => self.mixture_backward(op),
            Op::DropoutMask(op) => self.dropout_backward(index, op),
            Op::Attention(op) => self.attention_backward(op),
            Op::AttentionPool(op) => self.attention_pool_backward(op),
            Op::BatchNorm(op) => self.batch_norm_backward(op),
            Op::Dot(op) => self.dot_backward(op),
            Op::GradientScale(op) => self.gradient_scale_backward(op),
            Op::GruCells(op) => self.recurrent_backward(index, op.into()),
            Op::Interaction(op) => self.interaction_backward(op),
            Op::LayerNorm(op) => self.layer_norm_backward(op),
            Op::Maximum(op) => self.maximum_backward(op),
            Op::Multiply(op) => self.multiply_backward(op),
            Op::Noise(op) => self.sum_backward(op.y, &[(op.x, 1.0)]),
            Op::AddPosition(op) => self.position_backward(op),
            Op::Unfold(op) => self.unfold_backward(op),
            Op::UnitNorm(op) => self.unit_norm_backward(op),
            // A mask has no gradient; losses start theirs in forward.
            Op::Mask(_)
            | Op::BinaryLoss(_)
            | Op::ClassesLoss(_)
            | Op::OrdinalLoss(_)
            | Op::SquaredLoss(_) => {}
        }
    }
}
