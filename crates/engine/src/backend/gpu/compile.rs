//! From a plan to a program for the GPU: the arena, the records, the dispatches.
//!
//! The arena here shares no places: activations live to the end of the backward pass anyway, and memory that is not
//! shared lets more tasks run side by side. What only a CPU kernel needs (packed rows, transposed blocks) has no place.

use std::ops::Range;

use super::{
    error::GpuError,
    kernels::{File, Kernel},
    schedule::{Buffer, Dispatch, NOWHERE, Place, Record, Task, schedule},
    step::{Lookup, Words},
};
use crate::{
    clipping::{Clipping, ClippingKind},
    ops::{
        Access, BinaryLoss, ClassesLoss, Columns, DropoutMask, EmbeddingLookup, Epilogue, Linear, LstmCells,
        Mask, MaskRule, Mixture, Op, Pool, PoolRule, Softmax, SquaredLoss, Sum,
    },
    optimizers::OptimizerConfig,
    plan::{Lifetime, ParameterId, Plan, ValueId},
};

/// Steps whose losses are kept until they are read.
pub const HISTORY: usize = 256;

/// Where the experts of a mixture and the terms of a sum start in their records, and how many there are.
const EXPERTS: (usize, usize) = (16, 12);
const TERMS: (usize, usize) = (8, 14);

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
    /// Places of values, by value.
    pub values: Vec<Option<usize>>,
    /// Where the losses are kept.
    pub history: usize,
    /// Words of a step.
    pub words: Words,
    /// Streams and rates of the dropouts.
    pub dropouts: Vec<u64>,
    /// Embedding lookups whose gradients are scattered.
    pub lookups: Vec<Lookup>,
    /// Words of the lists of a step.
    pub lists_len: usize,
    /// Constants in front of the lists.
    pub constants: Vec<u32>,
}

impl Program {
    /// Compiles a plan for batches of up to `max_rows` rows.
    pub fn new(
        plan: &Plan,
        max_rows: usize,
        optimizer: &OptimizerConfig,
        clipping: &Clipping,
    ) -> Result<Self, GpuError> {
        let n_dropouts = plan
            .ops
            .iter()
            .filter(|op| matches!(op, Op::DropoutMask(_)))
            .count();
        let mut compiler = Compiler {
            plan,
            max_rows,
            words: Words::new(plan, n_dropouts)?,
            len: 0,
            values: vec![None; plan.values.len()],
            gradients: vec![None; plan.values.len()],
            wanted: plan.trained_values(),
            written: vec![false; plan.values.len()],
            parameter_written: vec![false; plan.parameters.len()],
            scratch: vec![Vec::new(); plan.ops.len()],
            history: 0,
            dropouts: Vec::new(),
            lookups: Vec::new(),
            lists_len: max_rows,
            constants: Vec::new(),
            tasks: Vec::new(),
        };
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
            values: compiler.values,
            history: compiler.history,
            words: compiler.words,
            dropouts: compiler.dropouts,
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
    dropouts: Vec<u64>,
    lookups: Vec<Lookup>,
    lists_len: usize,
    constants: Vec<u32>,
    tasks: Vec<Task>,
}

fn at(place: &Place) -> u32 {
    place.range.start as u32
}

/// Workgroups for one thread per number; a thread takes several when there are many.
fn spread(n: usize, n_threads: usize) -> [u32; 2] {
    [n.div_ceil(n_threads).clamp(1, 1024) as u32, 1]
}

fn threads(n: usize) -> [u32; 2] {
    spread(n, 256)
}

fn lanes(width: usize) -> u32 {
    if width > 32 { 64 } else { 1 }
}

/// Whole numbers of a shader.
fn words<const N: usize>(numbers: [usize; N]) -> [u32; N] {
    numbers.map(|number| number as u32)
}

impl<'a> Compiler<'a> {
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
                let groups = threads(y.range.len());
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
            Op::LstmCells(op) => self.lstm(index, op)?,
            Op::Pool(op) => self.pool(op),
            Op::Columns(op) => self.columns(op),
            Op::Sum(op) => self.sum(op),
            Op::Mixture(op) => self.mixture(op),
            Op::DropoutMask(op) => self.dropout(index, op),
            Op::BinaryLoss(op) => self.binary_loss(op),
            Op::ClassesLoss(op) => self.classes_loss(op),
            Op::SquaredLoss(op) => self.squared_loss(op),
            // These run on the CPU only, and a design with one of them trains there.
            Op::Attention(_)
            | Op::AttentionPool(_)
            | Op::BatchNorm(_)
            | Op::Dot(_)
            | Op::GradientScale(_)
            | Op::GruCells(_)
            | Op::Interaction(_)
            | Op::LayerNorm(_)
            | Op::Maximum(_)
            | Op::Multiply(_)
            | Op::Noise(_)
            | Op::OrdinalLoss(_)
            | Op::AddPosition(_)
            | Op::Unfold(_)
            | Op::UnitNorm(_) => return Err(GpuError::NoKernel { op: op.key() }),
        }
        Ok(())
    }

    fn backward(&mut self, index: usize, op: &Op) {
        match op {
            Op::EmbeddingLookup(op) => self.embedding_backward(op),
            Op::Linear(op) => self.linear_backward(op),
            Op::Softmax(op) => self.softmax_backward(op),
            Op::LstmCells(op) => self.lstm_backward(index, op),
            Op::Pool(op) => self.pool_backward(op),
            Op::Columns(op) => self.columns_backward(op),
            Op::Sum(op) => self.sum_backward(op),
            Op::Mixture(op) => self.mixture_backward(op),
            Op::DropoutMask(op) => self.dropout_backward(index, op),
            // A mask has no gradient; losses start theirs in forward; forward has refused the others.
            Op::Mask(_)
            | Op::BinaryLoss(_)
            | Op::ClassesLoss(_)
            | Op::SquaredLoss(_)
            | Op::Attention(_)
            | Op::AttentionPool(_)
            | Op::BatchNorm(_)
            | Op::Dot(_)
            | Op::GradientScale(_)
            | Op::GruCells(_)
            | Op::Interaction(_)
            | Op::LayerNorm(_)
            | Op::Maximum(_)
            | Op::Multiply(_)
            | Op::Noise(_)
            | Op::OrdinalLoss(_)
            | Op::AddPosition(_)
            | Op::Unfold(_)
            | Op::UnitNorm(_) => {}
        }
    }

    fn mask(&mut self, op: &Mask) {
        let y = self.value(op.y);
        let mut source_length = op.length;
        let (rule, a, b, reads) = match op.rule {
            MaskRule::KnownIds(slot) => (0, self.words.slot(slot.0), 0, vec![]),
            MaskRule::Every { mask, stride, length } => {
                source_length = length;
                let mask = self.value(mask);
                (3, at(&mask), stride as u32, vec![mask])
            }
            MaskRule::Both(a, b) | MaskRule::Either(a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                let rule = if matches!(op.rule, MaskRule::Both(..)) {
                    1
                } else {
                    2
                };
                (rule, at(&a), at(&b), vec![a, b])
            }
        };
        let [length, source_length] = words([op.length, source_length]);
        let record = Record::new(&[rule, a, b, at(&y), length, source_length]);
        let groups = threads(y.range.len());
        self.push(Kernel::new(File::Mask, "forward"), record, groups, reads, vec![y]);
    }

    fn embedding(&mut self, op: &EmbeddingLookup) {
        let (table, y) = (self.parameter(op.table), self.value(op.y));
        let [steps, width, cardinality] = words([op.steps, op.width, op.cardinality]);
        let record = Record::new(&[
            self.words.slot(op.slot.0),
            at(&table),
            at(&y),
            steps,
            width,
            cardinality,
        ]);
        let groups = threads(y.range.len());
        self.push(
            Kernel::new(File::Embedding, "forward"),
            record,
            groups,
            vec![table],
            vec![y],
        );
    }

    fn embedding_backward(&mut self, op: &EmbeddingLookup) {
        if !self.trains(op.table) {
            return;
        }
        let capacity = self.max_rows * op.steps;
        let lookup = Lookup {
            slot: op.slot.0,
            steps: op.steps,
            cardinality: op.cardinality,
            list: self.lists_len,
            capacity,
        };
        self.lists_len += Lookup::len(capacity);
        self.lookups.push(lookup);
        let dy = self.gradient(op.y);
        // Rows that are not touched stay 0, so it always adds.
        let (table, _) = self.claim_parameter(op.table);
        let [steps, width, cardinality] = words([op.steps, op.width, op.cardinality]);
        let [list, capacity] = words([lookup.list, capacity]);
        let record = Record::new(&[0, at(&table), at(&dy), steps, width, cardinality, list, capacity]);
        let groups = threads(dy.range.len());
        self.push(
            Kernel::new(File::Embedding, "backward"),
            record,
            groups,
            vec![dy, table.clone()],
            vec![table],
        );
    }

    fn linear(&mut self, op: &Linear) {
        let product = self.product(op);
        self.product_forward(&product);
    }

    fn linear_backward(&mut self, op: &Linear) {
        let mut product = self.product(op);
        let wants_x = self.wants(op.x);
        product.dy = Some(self.gradient(op.y));
        if self.trains(op.kernel) {
            let (dw, accumulate) = self.claim_parameter(op.kernel);
            let db = op.bias.map(|bias| self.claim_parameter(bias).0);
            self.product_to_weight(&product, &dw, db.as_ref(), accumulate);
        }
        if wants_x {
            let (dx, accumulate) = self.claim(op.x);
            self.product_to_input(&product, &dx, accumulate);
        }
    }

    fn product(&mut self, op: &Linear) -> Product {
        Product {
            x: self.value(op.x),
            w: self.parameter(op.kernel),
            bias: op.bias.map(|bias| self.parameter(bias)),
            y: self.value(op.y),
            z: op.pre_activation.map(|z| self.value(z)),
            epilogue: match op.epilogue {
                Epilogue::Identity => 0,
                Epilogue::Relu => 1,
                Epilogue::Gelu => 2,
                Epilogue::Tanh => 3,
                Epilogue::Sigmoid => 4,
            },
            steps: op.steps,
            n_in: op.n_in,
            n_out: op.n_out,
            dy: None,
        }
    }

    fn product_forward(&mut self, product: &Product) {
        let m = self.max_rows * product.steps;
        let (kernel, groups) = if product.n_out < 16 {
            (
                Kernel::sized(File::Linear, "forward_narrow", 8),
                spread(m * product.n_out, 64),
            )
        } else {
            tiles("forward", m, product.n_out)
        };
        let mut reads = vec![product.x.clone(), product.w.clone()];
        reads.extend(product.bias.clone());
        let mut writes = vec![product.y.clone()];
        writes.extend(product.z.clone());
        self.push(
            kernel,
            product.record(NOWHERE, NOWHERE, NOWHERE, 0, [1, 0, 0]),
            groups,
            reads,
            writes,
        );
    }

    fn product_to_input(&mut self, product: &Product, dx: &Place, accumulate: u32) {
        let m = self.max_rows * product.steps;
        let (kernel, groups) = if product.n_in < 16 || product.n_out < 8 {
            (
                Kernel::sized(File::Linear, "to_input_narrow", 8),
                spread(m * product.n_in, 64),
            )
        } else {
            tiles("to_input", m, product.n_in)
        };
        let mut reads = product.backward_reads();
        reads.push(product.w.clone());
        reads.push(dx.clone());
        let record = product.record(at(dx), NOWHERE, NOWHERE, accumulate, [1, 0, 0]);
        self.push(kernel, record, groups, reads, vec![dx.clone()]);
    }

    fn product_to_weight(&mut self, product: &Product, dw: &Place, db: Option<&Place>, accumulate: u32) {
        let m = self.max_rows * product.steps;
        let n_numbers = (product.n_in + usize::from(db.is_some())) * product.n_out;
        let (kernel, groups) = if product.n_out < 16 || product.n_in < 8 {
            let n_groups = n_numbers.div_ceil(16) as u32;
            (Kernel::sized(File::Linear, "to_weight_narrow", 8), [n_groups, 1])
        } else {
            tiles("to_weight", product.n_in, product.n_out)
        };
        // A long sum over few numbers is cut, so that there is work for more workgroups.
        let n_groups = (groups[0] * groups[1]) as usize;
        let n_parts = (m / 256).min(16 / n_groups.max(1)).clamp(1, 8);
        let place = db.map_or(NOWHERE, at);
        let mut writes = vec![dw.clone()];
        writes.extend(db.cloned());
        let mut reads = product.backward_reads();
        reads.push(product.x.clone());
        if n_parts == 1 {
            reads.extend(writes.iter().cloned());
            let record = product.record(NOWHERE, at(dw), place, accumulate, [1, 0, 0]);
            self.push(kernel, record, groups, reads, writes);
            return;
        }
        let sums = self.scratch(n_parts * n_numbers);
        for part in 0..n_parts {
            let start = sums.range.start + part * n_numbers;
            let numbers = words([n_parts, part, start]);
            let own = Place {
                range: start..start + n_numbers,
                ..sums.clone()
            };
            let record = product.record(NOWHERE, at(dw), place, accumulate, numbers);
            self.push(kernel, record, groups, reads.clone(), vec![own]);
        }
        let numbers = words([n_parts, 0, sums.range.start]);
        let record = product.record(NOWHERE, at(dw), place, accumulate, numbers);
        let mut reads = vec![sums];
        reads.extend(writes.iter().cloned());
        self.push(
            Kernel::sized(File::Linear, "join", 8),
            record,
            threads(n_numbers),
            reads,
            writes,
        );
    }

    fn softmax_record(&mut self, op: &Softmax, dy: u32, dx: u32, accumulate: u32) -> (Record, u32, [u32; 2]) {
        let (x, y) = (self.value(op.x), self.value(op.y));
        let [steps, width] = words([op.steps, op.width]);
        let size = lanes(op.width);
        let rows_per_group = (64 / size) as usize;
        let groups = spread(self.max_rows * op.steps, rows_per_group);
        (
            Record::new(&[at(&x), at(&y), steps, width, dy, dx, accumulate]),
            size,
            groups,
        )
    }

    fn softmax(&mut self, op: &Softmax) {
        let (record, size, groups) = self.softmax_record(op, NOWHERE, NOWHERE, 0);
        let (x, y) = (self.value(op.x), self.value(op.y));
        self.push(
            Kernel::sized(File::Softmax, "forward", size),
            record,
            groups,
            vec![x],
            vec![y],
        );
    }

    fn softmax_backward(&mut self, op: &Softmax) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let (record, size, groups) = self.softmax_record(op, at(&dy), at(&dx), accumulate);
        let reads = vec![self.value(op.y), dy, dx.clone()];
        self.push(
            Kernel::sized(File::Softmax, "backward", size),
            record,
            groups,
            reads,
            vec![dx],
        );
    }

    fn pool_record(&mut self, op: &Pool, dy: u32, dx: u32, accumulate: u32) -> Record {
        let rule = match op.rule {
            PoolRule::Mean => 0,
            PoolRule::Max => 1,
            PoolRule::Sum => 2,
        };
        let mask = op.mask.map_or(NOWHERE, |mask| at(&self.value(mask)));
        let (x, y) = (at(&self.value(op.x)), at(&self.value(op.y)));
        let [length, width] = words([op.length, op.width]);
        Record::new(&[rule, x, mask, y, length, width, dy, dx, accumulate])
    }

    fn pool(&mut self, op: &Pool) {
        let record = self.pool_record(op, NOWHERE, NOWHERE, 0);
        let mut reads = vec![self.value(op.x)];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let y = self.value(op.y);
        let groups = spread(y.range.len(), 64);
        self.push(Kernel::new(File::Pool, "forward"), record, groups, reads, vec![y]);
    }

    fn pool_backward(&mut self, op: &Pool) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let record = self.pool_record(op, at(&dy), at(&dx), accumulate);
        let groups = spread(dy.range.len(), 64);
        let mut reads = vec![self.value(op.x), self.value(op.y), dy, dx.clone()];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        self.push(
            Kernel::new(File::Pool, "backward"),
            record,
            groups,
            reads,
            vec![dx],
        );
    }

    fn columns_record(op: &Columns, x: &Place, y: &Place, accumulate: u32) -> Record {
        let [x_width, x_start, y_width] = words([op.x_width, op.x_start, op.y_width]);
        let [y_start, width, steps] = words([op.y_start, op.width, op.steps]);
        Record::new(&[
            at(x),
            x_width,
            x_start,
            at(y),
            y_width,
            y_start,
            width,
            steps,
            accumulate,
        ])
    }

    fn columns(&mut self, op: &Columns) {
        let x = self.value(op.x);
        let mut y = self.value(op.y);
        y.columns = Some(op.y_start..op.y_start + op.width);
        let record = Self::columns_record(op, &x, &y, 0);
        let groups = threads(self.max_rows * op.steps * op.width);
        self.push(
            Kernel::new(File::Columns, "forward"),
            record,
            groups,
            vec![x],
            vec![y],
        );
    }

    fn columns_backward(&mut self, op: &Columns) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let record = Self::columns_record(op, &dx, &dy, accumulate);
        let groups = threads(dx.range.len());
        self.push(
            Kernel::new(File::Columns, "backward"),
            record,
            groups,
            vec![dy, dx.clone()],
            vec![dx],
        );
    }

    fn sum(&mut self, op: &Sum) {
        let y = self.value(op.y);
        let per_row = self.plan.values[op.y.0].per_row as u32;
        for (chunk, terms) in op.terms.chunks(TERMS.1).enumerate() {
            let mut record = Record::new(&[at(&y), per_row, terms.len() as u32, u32::from(chunk > 0)]);
            let mut reads = vec![y.clone()];
            for (index, (x, factor)) in terms.iter().enumerate() {
                let x = self.value(*x);
                record = record.with(TERMS.0 + 4 * index, [at(&x), factor.to_bits(), 0, 0]);
                reads.push(x);
            }
            let groups = threads(y.range.len());
            self.push(
                Kernel::new(File::Sum, "forward"),
                record,
                groups,
                reads,
                vec![y.clone()],
            );
        }
    }

    fn sum_backward(&mut self, op: &Sum) {
        let dy = self.gradient(op.y);
        let per_row = self.plan.values[op.y.0].per_row as u32;
        let wanted: Vec<_> = op.terms.iter().filter(|(x, _)| self.wants(*x)).copied().collect();
        for terms in wanted.chunks(TERMS.1) {
            let mut record = Record::new(&[at(&dy), per_row, terms.len() as u32, 0]);
            let mut writes = Vec::new();
            for (index, (x, factor)) in terms.iter().enumerate() {
                let (dx, accumulate) = self.claim(*x);
                record = record.with(TERMS.0 + 4 * index, [at(&dx), factor.to_bits(), accumulate, 0]);
                writes.push(dx);
            }
            let mut reads = vec![dy.clone()];
            reads.extend(writes.iter().cloned());
            let groups = threads(dy.range.len());
            self.push(Kernel::new(File::Sum, "backward"), record, groups, reads, writes);
        }
    }

    fn mixture(&mut self, op: &Mixture) {
        let (weights, y) = (self.value(op.weights), self.value(op.y));
        let [width, n_experts] = words([op.width, op.experts.len()]);
        for (chunk, experts) in op.experts.chunks(EXPERTS.1).enumerate() {
            let [first, n] = words([chunk * EXPERTS.1, experts.len()]);
            let header = [
                at(&weights),
                at(&y),
                width,
                n_experts,
                first,
                n,
                u32::from(chunk > 0),
                0,
                NOWHERE,
                0,
            ];
            let mut record = Record::new(&header);
            let mut reads = vec![weights.clone(), y.clone()];
            for (index, expert) in experts.iter().enumerate() {
                let x = self.value(*expert);
                record = record.with(EXPERTS.0 + 4 * index, [at(&x), NOWHERE, 0, 0]);
                reads.push(x);
            }
            let groups = threads(y.range.len());
            self.push(
                Kernel::new(File::Mixture, "forward"),
                record,
                groups,
                reads,
                vec![y.clone()],
            );
        }
    }

    fn mixture_backward(&mut self, op: &Mixture) {
        let (weights, dy) = (self.value(op.weights), self.gradient(op.y));
        let [width, n_experts] = words([op.width, op.experts.len()]);
        let d_weights = self.wants(op.weights).then(|| self.claim(op.weights));
        for (chunk, experts) in op.experts.chunks(EXPERTS.1).enumerate() {
            let [first, n] = words([chunk * EXPERTS.1, experts.len()]);
            let (place, accumulate) = d_weights
                .as_ref()
                .map_or((NOWHERE, 0), |(place, add)| (at(place), *add));
            let header = [
                at(&weights),
                0,
                width,
                n_experts,
                first,
                n,
                0,
                at(&dy),
                place,
                accumulate,
            ];
            let mut record = Record::new(&header);
            let mut reads = vec![weights.clone(), dy.clone()];
            let mut writes = Vec::new();
            for (index, expert) in experts.iter().enumerate() {
                let x = self.value(*expert);
                let (dx, accumulate) = if self.wants(*expert) {
                    let (dx, accumulate) = self.claim(*expert);
                    writes.push(dx.clone());
                    (at(&dx), accumulate)
                } else {
                    (NOWHERE, 0)
                };
                record = record.with(EXPERTS.0 + 4 * index, [at(&x), dx, accumulate, 0]);
                reads.push(x);
            }
            reads.extend(writes.iter().cloned());
            if let Some((place, _)) = &d_weights {
                let mut place = place.clone();
                place.columns = Some(first as usize..(first + n) as usize);
                reads.push(place.clone());
                writes.push(place);
            }
            let groups = threads(dy.range.len() + self.max_rows * experts.len());
            self.push(
                Kernel::new(File::Mixture, "backward"),
                record,
                groups,
                reads,
                writes,
            );
        }
    }

    fn dropout_record(
        &mut self,
        op: &DropoutMask,
        x: &Place,
        y: &Place,
        key: u32,
        accumulate: u32,
    ) -> Record {
        let kept = self.value(op.kept);
        let per_row = self.plan.values[op.y.0].per_row as u32;
        let threshold = (op.rate * 16_777_216.0) as u32;
        let scale = (1.0 / (1.0 - op.rate)).to_bits();
        Record::new(&[
            at(x),
            at(y),
            at(&kept),
            per_row,
            threshold,
            scale,
            key,
            accumulate,
        ])
    }

    fn dropout(&mut self, index: usize, op: &DropoutMask) {
        let (x, y, kept) = (self.value(op.x), self.value(op.y), self.value(op.kept));
        let key = self.words.key(self.dropouts.len());
        self.dropouts.push(op.stream);
        let record = self.dropout_record(op, &x, &y, key, 0);
        self.scratch[index] = vec![kept.clone()];
        let groups = threads(y.range.len());
        self.push(
            Kernel::new(File::Dropout, "forward"),
            record,
            groups,
            vec![x],
            vec![y, kept],
        );
    }

    fn dropout_backward(&mut self, index: usize, op: &DropoutMask) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let record = self.dropout_record(op, &dx, &dy, 0, accumulate);
        let groups = threads(dy.range.len());
        let mut reads = self.scratch[index].clone();
        reads.extend([dy, dx.clone()]);
        self.push(
            Kernel::new(File::Dropout, "backward"),
            record,
            groups,
            reads,
            vec![dx],
        );
    }

    /// What the three losses share: places of the row losses and of the logits' gradient.
    fn loss(&mut self, task_idx: usize, logits: ValueId) -> (Place, Option<(Place, u32)>) {
        let rows = self.scratch(2 * self.max_rows);
        let gradient = self.wants(logits).then(|| self.claim(logits));
        let n_tasks = self.plan.tasks.len();
        let numbers = words([rows.range.start, self.max_rows, task_idx, n_tasks, self.history]);
        let start = self.history + 2 * HISTORY * n_tasks;
        let history = Place {
            range: start..start,
            ..rows.clone()
        };
        let sum = Task {
            kernel: Kernel::new(File::LossSum, "reduce"),
            record: Record::new(&numbers),
            groups: [1, 1],
            reads: vec![rows.clone()],
            writes: vec![history],
        };
        self.tasks.push(sum);
        (rows, gradient)
    }

    /// Puts a loss in front of the sum of its rows, which `loss` has pushed.
    fn push_loss(
        &mut self,
        kernel: Kernel,
        record: Record,
        groups: [u32; 2],
        reads: Vec<Place>,
        mut writes: Vec<Place>,
        gradient: Option<(Place, u32)>,
    ) {
        writes.extend(gradient.map(|(place, _)| place));
        let sum = self.tasks.pop();
        self.push(kernel, record, groups, reads, writes);
        self.tasks.extend(sum);
    }

    fn binary_loss(&mut self, op: &BinaryLoss) {
        let (rows, gradient) = self.loss(op.task_idx, op.logits);
        let (z, p) = (self.value(op.logits), self.value(op.probabilities));
        let weight = |class| crate::losses::class_weight(&op.class_weights, class).to_bits();
        let (dz, accumulate) = gradient.as_ref().map_or((NOWHERE, 0), |(dz, add)| (at(dz), *add));
        let record = Record::new(&[
            at(&z),
            at(&p),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            weight(0),
            weight(1),
            at(&rows),
            self.max_rows as u32,
            dz,
            accumulate,
        ]);
        let groups = spread(self.max_rows, 64);
        self.push_loss(
            Kernel::new(File::BinaryLoss, "forward"),
            record,
            groups,
            vec![z],
            vec![p, rows],
            gradient,
        );
    }

    fn classes_loss(&mut self, op: &ClassesLoss) {
        let (rows, gradient) = self.loss(op.task_idx, op.logits);
        let (z, p) = (self.value(op.logits), self.value(op.probabilities));
        let (dz, accumulate) = gradient.as_ref().map_or((NOWHERE, 0), |(dz, add)| (at(dz), *add));
        let weights = if op.class_weights.is_empty() {
            NOWHERE
        } else {
            let start = self.constants.len();
            let weight = |class| crate::losses::class_weight(&op.class_weights, class).to_bits();
            self.constants.extend((0..op.n_classes).map(weight));
            start as u32
        };
        let [n_classes, max_rows] = words([op.n_classes, self.max_rows]);
        let record = Record::new(&[
            at(&z),
            at(&p),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            n_classes,
            weights,
            at(&rows),
            max_rows,
            dz,
            accumulate,
        ]);
        let size = lanes(op.n_classes);
        let groups = spread(self.max_rows, (64 / size) as usize);
        let kernel = Kernel::sized(File::ClassesLoss, "forward", size);
        self.push_loss(kernel, record, groups, vec![z], vec![p, rows], gradient);
    }

    fn squared_loss(&mut self, op: &SquaredLoss) {
        let (rows, gradient) = self.loss(op.task_idx, op.logits);
        let z = self.value(op.logits);
        let (dz, accumulate) = gradient.as_ref().map_or((NOWHERE, 0), |(dz, add)| (at(dz), *add));
        let record = Record::new(&[
            at(&z),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            at(&rows),
            self.max_rows as u32,
            dz,
            accumulate,
        ]);
        let groups = spread(self.max_rows, 64);
        self.push_loss(
            Kernel::new(File::SquaredLoss, "forward"),
            record,
            groups,
            vec![z],
            vec![rows],
            gradient,
        );
    }

    fn lstm(&mut self, index: usize, op: &LstmCells) -> Result<(), GpuError> {
        // dz of a step of a tile has 4096 numbers of workgroup memory.
        let limit = 1024;
        if op.units > limit {
            return Err(GpuError::Unsupported {
                op: "lstm",
                needed: op.units,
                limit,
            });
        }
        let steps = self.max_rows * op.length;
        let gates = self.scratch(steps * 4 * op.units);
        let cells = self.scratch(steps * op.units);
        let previous = self.scratch(steps * op.units);
        let product = self.lstm_product(op, op.kernel, Some(op.bias), gates.clone());
        self.product_forward(&product);
        self.scratch[index] = vec![gates.clone(), cells.clone(), previous.clone()];
        let y = self.value(op.y);
        let record = self.lstm_record(index, op, [NOWHERE; 4]);
        let mut reads = vec![self.parameter(op.recurrent_kernel), gates.clone()];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let (kernel, groups) = self.lstm_kernel(op, "forward");
        self.push(kernel, record, groups, reads, vec![gates, cells, previous, y]);
        Ok(())
    }

    fn lstm_backward(&mut self, index: usize, op: &LstmCells) {
        let (wants_x, trains) = (self.wants(op.x), self.trains(op.kernel));
        if !wants_x && !trains {
            return;
        }
        let dy = self.gradient(op.y);
        let dz = self.scratch(self.max_rows * op.length * 4 * op.units);
        let carried = self.scratch(self.max_rows * 2 * op.units);
        let turned = self.scratch(4 * op.units * op.units);
        let record = self.lstm_record(index, op, [&dy, &dz, &carried, &turned].map(at));
        self.push(
            Kernel::sized(File::Lstm, "turn", self.lstm_kernel(op, "turn").0.size),
            record.clone(),
            threads(turned.range.len()),
            vec![self.parameter(op.recurrent_kernel)],
            vec![turned.clone()],
        );
        let own = self.scratch[index].clone();
        let mut reads = own.clone();
        reads.extend([dy, turned]);
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let (kernel, groups) = self.lstm_kernel(op, "backward");
        self.push(kernel, record, groups, reads, vec![dz.clone(), carried]);
        let mut product = self.lstm_product(op, op.kernel, Some(op.bias), own[0].clone());
        product.dy = Some(dz.clone());
        if trains {
            let (dw, accumulate) = self.claim_parameter(op.kernel);
            let (db, _) = self.claim_parameter(op.bias);
            self.product_to_weight(&product, &dw, Some(&db), accumulate);
            let mut recurrent = self.lstm_product(op, op.recurrent_kernel, None, own[0].clone());
            recurrent.x = own[2].clone();
            recurrent.n_in = op.units;
            recurrent.dy = Some(dz);
            let (du, accumulate) = self.claim_parameter(op.recurrent_kernel);
            self.product_to_weight(&recurrent, &du, None, accumulate);
        }
        if wants_x {
            let (dx, accumulate) = self.claim(op.x);
            self.product_to_input(&product, &dx, accumulate);
        }
    }

    fn lstm_product(
        &mut self,
        op: &LstmCells,
        w: ParameterId,
        bias: Option<ParameterId>,
        y: Place,
    ) -> Product {
        Product {
            x: self.value(op.x),
            w: self.parameter(w),
            bias: bias.map(|bias| self.parameter(bias)),
            y,
            z: None,
            epilogue: 0,
            steps: op.length,
            n_in: op.n_in,
            n_out: 4 * op.units,
            dy: None,
        }
    }

    fn lstm_tile(op: &LstmCells) -> usize {
        match op.units {
            0..=256 => 4,
            257..=512 => 2,
            _ => 1,
        }
    }

    fn lstm_kernel(&self, op: &LstmCells, entry: &'static str) -> (Kernel, [u32; 2]) {
        let size = op.units.next_power_of_two().clamp(32, 256) as u32;
        let n_groups = self.max_rows.div_ceil(Self::lstm_tile(op)) as u32;
        (Kernel::sized(File::Lstm, entry, size), [n_groups, 1])
    }

    fn lstm_record(&mut self, index: usize, op: &LstmCells, back: [u32; 4]) -> Record {
        let mask = op.mask.map_or(NOWHERE, |mask| at(&self.value(mask)));
        let y = at(&self.value(op.y));
        let u = at(&self.parameter(op.recurrent_kernel));
        let own = &self.scratch[index];
        let [length, units, n_tile] = words([op.length, op.units, Self::lstm_tile(op)]);
        let [dy, dz, carried, turned] = back;
        Record::new(&[
            mask,
            u,
            at(&own[0]),
            at(&own[1]),
            at(&own[2]),
            y,
            length,
            units,
            u32::from(op.sequences),
            u32::from(op.backwards),
            n_tile,
            dy,
            dz,
            carried,
            turned,
        ])
    }

    fn penalties(&mut self) {
        let plan = self.plan;
        let mut push = |range: Range<usize>, other: Option<Range<usize>>, factors: [f32; 3]| {
            let [l1, twice_l2, twice_strength] = factors.map(f32::to_bits);
            let [start, len] = words([range.start, range.len()]);
            let place = other.as_ref().map_or(NOWHERE, |other| other.start as u32);
            let record = Record::new(&[start, len, place, l1, twice_l2, twice_strength]);
            let groups = threads(range.len());
            let gradient = Place {
                buffer: Buffer::Gradients,
                range: range.clone(),
                columns: None,
            };
            let mut reads = vec![
                Place {
                    buffer: Buffer::Values,
                    range,
                    columns: None,
                },
                gradient.clone(),
            ];
            reads.extend(other.map(|range| Place {
                buffer: Buffer::Values,
                range,
                columns: None,
            }));
            self.push(
                Kernel::new(File::Penalty, "add"),
                record,
                groups,
                reads,
                vec![gradient],
            );
        };
        for spec in plan
            .parameters
            .iter()
            .filter(|spec| spec.trainable && !spec.regulariser.is_none())
        {
            push(
                spec.range.clone(),
                None,
                [spec.regulariser.l1, 2.0 * spec.regulariser.l2, 0.0],
            );
        }
        for tie in plan.ties.iter().filter(|tie| tie.strength > 0.0) {
            let (a, b) = (&plan.parameters[tie.a.0], &plan.parameters[tie.b.0]);
            for (one, other) in [(a, b), (b, a)] {
                if one.trainable {
                    push(
                        one.range.clone(),
                        Some(other.range.clone()),
                        [0.0, 0.0, 2.0 * tie.strength],
                    );
                }
            }
        }
    }

    fn optimizer(&mut self, optimizer: &OptimizerConfig, clipping: &Clipping) {
        let plan = self.plan;
        let trained: Vec<Range<usize>> = plan
            .parameters
            .iter()
            .filter(|spec| spec.trainable && !spec.range.is_empty())
            .map(|spec| spec.range.clone())
            .collect();
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in &trained {
            match merged.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => merged.push(range.clone()),
            }
        }
        let threshold = clipping.threshold;
        match clipping.kind {
            ClippingKind::Off => self.updates(optimizer, &merged, None, 0.0),
            ClippingKind::Value => self.updates(optimizer, &merged, None, threshold),
            ClippingKind::GlobalNorm => {
                let factor = self.clip(&merged, true, threshold);
                self.updates(optimizer, &merged, Some(&factor), 0.0);
            }
            ClippingKind::Norm => {
                for range in &trained {
                    let range = std::slice::from_ref(range);
                    let factor = self.clip(range, false, threshold);
                    self.updates(optimizer, range, Some(&factor), 0.0);
                }
            }
        }
    }

    /// The factor that brings the norm of `ranges` below the threshold.
    fn clip(&mut self, ranges: &[Range<usize>], is_global: bool, threshold: f32) -> Place {
        let n_parts: Vec<usize> = ranges
            .iter()
            .map(|range| range.len().div_ceil(4096).clamp(1, 32))
            .collect();
        let sums = self.scratch(n_parts.iter().sum());
        let factor = self.scratch(1);
        let mut start = sums.range.start;
        for (range, n_parts) in ranges.iter().zip(n_parts) {
            let record = Record::new(&words([range.start, range.len(), n_parts, start]));
            let own = Place {
                range: start..start + n_parts,
                ..sums.clone()
            };
            let gradient = Place {
                buffer: Buffer::Gradients,
                range: range.clone(),
                columns: None,
            };
            let kernel = Kernel::new(File::Clip, "square");
            self.push(kernel, record, [n_parts as u32, 1], vec![gradient], vec![own]);
            start += n_parts;
        }
        let [from, n_sums] = words([sums.range.start, sums.range.len()]);
        let record = Record::new(&[
            from,
            n_sums,
            at(&factor),
            u32::from(is_global),
            threshold.to_bits(),
        ]);
        self.push(
            Kernel::new(File::Clip, "finish"),
            record,
            [1, 1],
            vec![sums],
            vec![factor.clone()],
        );
        factor
    }

    fn updates(
        &mut self,
        optimizer: &OptimizerConfig,
        ranges: &[Range<usize>],
        factor: Option<&Place>,
        threshold: f32,
    ) {
        let entry = match optimizer {
            OptimizerConfig::Sgd(sgd) if sgd.momentum == 0.0 => "sgd",
            OptimizerConfig::Sgd(sgd) if sgd.nesterov => "nesterov",
            OptimizerConfig::Sgd(_) => "momentum",
            OptimizerConfig::Adagrad(_) => "adagrad",
            OptimizerConfig::Adam(_) => "adam",
            OptimizerConfig::AdamW(_) => "adamw",
        };
        for range in ranges {
            let [start, len] = words([range.start, range.len()]);
            let record = Record::new(&[start, len, factor.map_or(NOWHERE, at), threshold.to_bits()]);
            let place = |buffer| Place {
                buffer,
                range: range.clone(),
                columns: None,
            };
            let both = vec![place(Buffer::Values), place(Buffer::Gradients)];
            let mut reads = both.clone();
            reads.extend(factor.cloned());
            self.push(
                Kernel::new(File::Optimizer, entry),
                record,
                threads(range.len()),
                reads,
                both,
            );
        }
    }
}

/// Tiles of 32 × 32, or of 64 × 64 where that still leaves enough of them.
fn tiles(entry: &'static str, m: usize, n: usize) -> (Kernel, [u32; 2]) {
    let groups = |tile: usize| [n.div_ceil(tile) as u32, m.div_ceil(tile) as u32];
    let large = groups(64);
    if large[0] * large[1] >= 16 {
        (Kernel::sized(File::Linear, entry, 16), large)
    } else {
        (Kernel::sized(File::Linear, entry, 8), groups(32))
    }
}

/// A product with its places.
struct Product {
    x: Place,
    w: Place,
    bias: Option<Place>,
    y: Place,
    z: Option<Place>,
    epilogue: u32,
    steps: usize,
    n_in: usize,
    n_out: usize,
    dy: Option<Place>,
}

impl Product {
    fn backward_reads(&self) -> Vec<Place> {
        let mut reads = Vec::new();
        reads.extend(self.dy.clone());
        if self.epilogue != 0 {
            reads.push(self.y.clone());
        }
        reads.extend(self.z.clone());
        reads
    }

    fn record(&self, dx: u32, dw: u32, db: u32, accumulate: u32, parts: [u32; 3]) -> Record {
        let place = |place: &Option<Place>| place.as_ref().map_or(NOWHERE, at);
        let [steps, n_in, n_out] = words([self.steps, self.n_in, self.n_out]);
        let [n_parts, part, sums] = parts;
        Record::new(&[
            at(&self.x),
            at(&self.w),
            place(&self.bias),
            at(&self.y),
            place(&self.z),
            self.epilogue,
            steps,
            n_in,
            n_out,
            place(&self.dy),
            dx,
            dw,
            db,
            accumulate,
            n_parts,
            part,
            sums,
        ])
    }
}
