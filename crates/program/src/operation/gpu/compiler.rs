//! What an op may do while a plan is compiled for the GPU: find places, claim gradients, add tasks.

use super::{
    ALONE, Address, Buffer, GpuRecord, Kernel, Place, Shader, Task, WORKGROUP,
    step::{Lookup, Words},
};
use crate::{
    ids::{ParameterId, ValueId},
    specs::{Lifetime, ParameterSpec, ValueSpec},
};

/// A program for the GPU under construction.
///
/// The arena here shares no places: activations live to the end of the backward pass anyway, and memory that is not shared
/// lets more tasks run side by side. What only a CPU kernel needs (packed rows, transposed blocks) has no place.
pub struct GpuCompiler<'a> {
    value_specs: &'a [ValueSpec],
    parameter_specs: &'a [ParameterSpec],
    /// Rows of the largest batch.
    pub max_rows: usize,
    /// Whether no thread works together with another, as suits a software adapter.
    pub alone: bool,
    /// Number of tasks of the design.
    pub n_tasks: usize,
    /// Where the arena has a 1.
    pub one: usize,
    /// Where the losses of the steps are kept.
    pub history: usize,
    /// Where things are among the words of a step.
    pub words: Words,
    len: usize,
    values: Vec<Option<usize>>,
    gradients: Vec<Option<usize>>,
    wanted: Vec<bool>,
    written: Vec<bool>,
    parameter_written: Vec<bool>,
    op_idx: usize,
    kept: Vec<Vec<Place>>,
    streams: Vec<u64>,
    lookups: Vec<Lookup>,
    lists_len: usize,
    constants: Vec<u32>,
    pub(super) tasks: Vec<Task>,
}

/// What a compiler has made.
#[derive(Clone, Debug)]
pub struct CompilerOutput {
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

/// For the backend.
impl<'a> GpuCompiler<'a> {
    /// An empty program for batches of up to `max_rows` rows. `wanted`: whether gradients are wanted, by value; `history`:
    /// for how many steps losses are kept.
    pub(crate) fn new(
        (value_specs, parameter_specs): (&'a [ValueSpec], &'a [ParameterSpec]),
        (n_ops, n_tasks): (usize, usize),
        (max_rows, alone): (usize, bool),
        words: Words,
        wanted: Vec<bool>,
        history: usize,
    ) -> Self {
        let mut compiler = Self {
            value_specs,
            parameter_specs,
            max_rows,
            alone,
            n_tasks,
            one: 0,
            history: 0,
            words,
            len: 0,
            values: vec![None; value_specs.len()],
            gradients: vec![None; value_specs.len()],
            wanted,
            written: vec![false; value_specs.len()],
            parameter_written: vec![false; parameter_specs.len()],
            op_idx: 0,
            kept: vec![Vec::new(); n_ops],
            streams: Vec::new(),
            lookups: Vec::new(),
            lists_len: max_rows,
            constants: Vec::new(),
            tasks: Vec::new(),
        };
        compiler.one = compiler.room(1);
        compiler.history = compiler.room(2 * history * n_tasks);
        compiler
    }

    /// Says which op adds the tasks to come.
    pub(crate) fn begin_op(&mut self, op_idx: usize) {
        self.op_idx = op_idx;
    }

    /// Whether the gradient of a value has been written.
    pub(crate) fn is_written(&self, value: ValueId) -> bool {
        self.written[value.0]
    }

    /// The tasks so far.
    pub(crate) fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The program but for its tasks.
    pub(crate) fn finish(self) -> CompilerOutput {
        CompilerOutput {
            arena_len: self.len,
            values: self.values,
            streams: self.streams,
            lookups: self.lookups,
            lists_len: self.lists_len,
            constants: self.constants,
        }
    }
}

/// Places.
impl GpuCompiler<'_> {
    fn room(&mut self, len: usize) -> usize {
        let start = self.len;
        self.len = (start + len).next_multiple_of(64);
        start
    }

    /// A place of its own in the arena.
    pub fn scratch(&mut self, len: usize) -> Place {
        let start = self.room(len);
        Place::new(Buffer::Arena, start..start + len)
    }

    /// Keeps places that the op's forward has filled for its backward.
    pub fn keep(&mut self, places: Vec<Place>) {
        self.kept[self.op_idx] = places;
    }

    /// What the op's forward has kept.
    pub fn kept(&self) -> Vec<Place> {
        self.kept[self.op_idx].clone()
    }

    /// Numbers of a value per row.
    pub fn per_row(&self, value: ValueId) -> usize {
        self.value_specs[value.0].per_row
    }

    fn size(&self, value: ValueId) -> usize {
        let spec = self.value_specs[value.0];
        spec.per_row * self.max_rows + spec.fixed
    }

    /// A value.
    pub fn value(&mut self, value: ValueId) -> Place {
        let len = self.size(value);
        let start = match self.values[value.0] {
            Some(start) => start,
            None => self.room(len),
        };
        self.values[value.0] = Some(start);
        Place::new(Buffer::Arena, start..start + len)
    }

    /// Several values.
    pub fn values_of<const N: usize>(&mut self, values: [ValueId; N]) -> [Place; N] {
        values.map(|value| self.value(value))
    }

    /// The gradient of a value.
    pub fn gradient(&mut self, value: ValueId) -> Place {
        let len = self.size(value);
        let start = match self.gradients[value.0] {
            Some(start) => start,
            None => self.room(len),
        };
        self.gradients[value.0] = Some(start);
        Place::new(Buffer::Arena, start..start + len)
    }

    /// Whether the gradient of a value that was read is wanted.
    pub fn wants(&self, value: ValueId) -> bool {
        let spec = self.value_specs[value.0];
        self.wanted[value.0]
            && spec.differentiable
            && matches!(spec.lifetime, Lifetime::Activation | Lifetime::Output)
    }

    /// The gradient to write, and whether to add to it.
    pub fn claim(&mut self, value: ValueId) -> (Place, bool) {
        let accumulate = std::mem::replace(&mut self.written[value.0], true);
        (self.gradient(value), accumulate)
    }

    /// As [`GpuCompiler::claim`], if the gradient is wanted: its address, nowhere otherwise; it is then among `writes`.
    pub fn claim_wanted(&mut self, value: ValueId, writes: &mut Vec<Place>) -> (Address, bool) {
        if !self.wants(value) {
            return (Address::NOWHERE, false);
        }
        let (place, accumulate) = self.claim(value);
        let address = place.at();
        writes.push(place);
        (address, accumulate)
    }

    /// A parameter.
    pub fn parameter(&self, parameter: ParameterId) -> Place {
        Place::new(Buffer::Values, self.parameter_specs[parameter.0].range.clone())
    }

    /// Whether the gradient of a parameter is wanted.
    pub fn trains(&self, parameter: ParameterId) -> bool {
        self.parameter_specs[parameter.0].trainable
    }

    /// The gradient of a parameter to write, and whether to add to it.
    pub fn claim_parameter(&mut self, parameter: ParameterId) -> (Place, bool) {
        let accumulate = std::mem::replace(&mut self.parameter_written[parameter.0], true);
        let range = self.parameter_specs[parameter.0].range.clone();
        (Place::new(Buffer::Gradients, range), accumulate)
    }

    /// Where a mask is, if there is one; it is then among `reads`.
    pub fn mask(&mut self, mask: Option<ValueId>, reads: &mut Vec<Place>) -> Address {
        let place = mask.map(|mask| self.value(mask));
        let address = Address::of(place.as_ref());
        reads.extend(place);
        address
    }

    /// The word of the step where the key of a node's draws will be.
    pub fn key(&mut self, stream: u64) -> u32 {
        let key = self.words.key(self.streams.len());
        self.streams.push(stream);
        key
    }

    /// Room among the lists of a step for the places that look up each row of a table.
    pub fn lookup(&mut self, slot: usize, steps: usize, cardinality: usize) -> Lookup {
        let capacity = self.max_rows * steps;
        let lookup = Lookup {
            slot,
            steps,
            cardinality,
            list: self.lists_len,
            capacity,
        };
        self.lists_len += Lookup::len(capacity);
        self.lookups.push(lookup);
        lookup
    }

    /// Where these words are among the constants.
    pub fn constants(&mut self, words: impl IntoIterator<Item = u32>) -> Address {
        let start = self.constants.len() as u32;
        self.constants.extend(words);
        Address(start)
    }
}

/// Tasks.
impl GpuCompiler<'_> {
    /// Adds a task.
    ///
    /// # Panics
    /// When the record is not that of the kernel's shader.
    pub fn push<R: GpuRecord>(
        &mut self,
        kernel: Kernel,
        record: &R,
        groups: [u32; 2],
        reads: Vec<Place>,
        writes: Vec<Place>,
    ) {
        assert_eq!(
            kernel.shader.record,
            R::FIELDS,
            "{}: the record of another shader",
            kernel.shader.name()
        );
        self.tasks.push(Task {
            kernel,
            record: record.words(),
            groups,
            reads,
            writes,
        });
    }

    /// Workgroups of `n_threads` for `n` threads, which take more than one turn when there are many. A software adapter
    /// has few cores, and starting a thread costs it more than a turn; but some end a thread after 65536 rounds of its loops.
    fn spread(&self, n: usize, n_threads: usize) -> [u32; 2] {
        let most = if self.alone { (n / 4096).max(16) } else { 4096 };
        [n.div_ceil(n_threads).clamp(1, most) as u32, 1]
    }

    /// Workgroups for one thread per number.
    pub fn threads(&self, n: usize) -> [u32; 2] {
        self.spread(n, 64)
    }

    /// Threads for a row of numbers.
    pub fn lanes(&self, width: usize) -> u32 {
        if width > 32 && !self.alone { 64 } else { ALONE }
    }

    /// A kernel for teams of `size` threads, or of one.
    pub fn team(&self, shader: &'static Shader, entry: &'static str, size: u32) -> Kernel {
        Kernel::sized(shader, entry, if self.alone { ALONE } else { size })
    }

    /// Workgroups for `n` teams.
    pub fn teams(&self, n: usize) -> [u32; 2] {
        let per_group = if self.alone { WORKGROUP as usize } else { 1 };
        [n.div_ceil(per_group) as u32, 1]
    }

    /// A kernel with a team of `lanes` threads for each of `steps` rows of each row of the batch, and its workgroups.
    pub fn by_rows(
        &self,
        shader: &'static Shader,
        entry: &'static str,
        steps: usize,
        lanes: u32,
    ) -> (Kernel, [u32; 2]) {
        let per_group = if lanes == ALONE { WORKGROUP } else { 1 };
        let n_groups = (self.max_rows * steps).div_ceil(per_group as usize);
        let groups = [n_groups.clamp(1, 4096) as u32, 1];
        (Kernel::sized(shader, entry, lanes), groups)
    }

    /// Workgroups for groups of 16 columns, by one team or by 16 teams of one.
    pub fn columns(&self, width: usize) -> [u32; 2] {
        [width.div_ceil(16) as u32, 1]
    }
}
