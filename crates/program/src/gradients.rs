//! Gradients of parameters: the numbers, and what is known of them.
//!
//! A buffer holds the gradient of each of its parameters. What it holds there is known at any time:
//!
//! | content | numbers |
//! |---|---|
//! | zero | all of them 0 |
//! | rows | a table (an embedding): 0 but for the rows that were touched |
//! | any | anything |
//!
//! The content changes in this module alone, with every write: by the ops of a backward pass ([`Buffer::claim`],
//! [`Buffer::claim_rows`]), by regularisers and ties ([`Buffer::add`]), by clipping ([`Buffer::clip`]). So the next pass
//! ([`Buffer::begin`], [`Buffer::end`]) finds out by itself what has to be zeroed, whatever the pass before was for and
//! whichever parameters it reached: nothing is ever added to what another pass has left.
//!
//! ```text
//! begin -> ops claim and write -> end -> add (penalties) -> clip -> an optimizer reads
//! ```

use std::ops::Range;

use crate::{clipping::Clipping, ids::ParameterId, parts::Parts, specs::ParameterSpec};

/// What is known of a parameter's gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Zero,
    /// Zero but for the touched rows.
    Rows,
    Any,
}

/// A parameter's place in a buffer.
#[derive(Clone, Debug)]
struct Entry {
    place: Range<usize>,
    /// Numbers of a row of a table; 0 where gradients reach all of a parameter.
    row_width: usize,
    content: Content,
    /// Whether the pass under way has written it.
    is_written: bool,
    touched: Touched,
}

/// Rows of a table that a pass has touched.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// The rows, in the order in which they were first touched.
    rows: Vec<u32>,
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

    /// Records several rows.
    pub fn mark_all(&mut self, rows: &[u32]) {
        for row in rows {
            self.mark(*row);
        }
    }

    fn sorted(&mut self) -> &[u32] {
        self.rows.sort_unstable();
        &self.rows
    }

    fn bytes(&self) -> usize {
        5 * self.marks.len()
    }

    fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.marks[row as usize] = false;
        }
    }
}

/// Several buffers of one layout, one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    values: Vec<f32>,
    stride: usize,
    entries: Vec<Entry>,
    n_parameters: usize,
    n_buffers: usize,
}

impl Gradients {
    /// No buffer: a model that does not train.
    pub fn none() -> Self {
        Self::default()
    }

    /// One buffer with the layout of the parameters.
    pub fn new(specs: &[ParameterSpec]) -> Self {
        let places: Vec<Range<usize>> = specs.iter().map(|spec| spec.range.clone()).collect();
        let stride = specs.last().map_or(0, |spec| spec.range.end);
        Self::with_places(specs, &places, stride, 1)
    }

    /// `n_buffers` buffers of the parameters that `chosen` picks, without holes.
    pub fn of_some(
        specs: &[ParameterSpec],
        n_buffers: usize,
        chosen: impl Fn(&ParameterSpec) -> bool,
    ) -> Self {
        let mut stride = 0;
        let places: Vec<Range<usize>> = specs
            .iter()
            .map(|spec| {
                let start = stride;
                stride += if chosen(spec) { spec.range.len() } else { 0 };
                start..stride
            })
            .collect();
        Self::with_places(specs, &places, stride, n_buffers)
    }

    fn with_places(
        specs: &[ParameterSpec],
        places: &[Range<usize>],
        stride: usize,
        n_buffers: usize,
    ) -> Self {
        let entry = |spec: &ParameterSpec, place: &Range<usize>| {
            let is_table = spec.sparse && !place.is_empty();
            Entry {
                row_width: if is_table { spec.row_width() } else { 0 },
                touched: Touched::new(if is_table { spec.shape[0] } else { 0 }),
                place: place.clone(),
                content: Content::Zero,
                is_written: false,
            }
        };
        // Made one by one: a copy would have no room for the rows that it touches.
        let entries = (0..n_buffers).flat_map(|_| specs.iter().zip(places));
        Self {
            values: vec![0.0; n_buffers * stride],
            stride,
            entries: entries.map(|(spec, place)| entry(spec, place)).collect(),
            n_parameters: specs.len(),
            n_buffers,
        }
    }

    /// The numbers of all buffers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Length of a buffer.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// How many buffers there are.
    pub fn n_buffers(&self) -> usize {
        self.n_buffers
    }

    /// Place of a parameter within each buffer; empty where it has none.
    pub fn place(&self, parameter: ParameterId) -> Range<usize> {
        let entry = self.entries.get(parameter.0);
        entry.map_or(0..0, |entry| entry.place.clone())
    }

    /// Bytes of the numbers and of what is known of them.
    pub fn bytes(&self) -> usize {
        4 * self.values.len()
            + self
                .entries
                .iter()
                .map(|entry| entry.touched.bytes())
                .sum::<usize>()
    }

    /// Rows of a table outside which its gradient is zero, in rising order; `None` where it may be anywhere.
    pub fn touched_rows(&mut self, buffer_idx: usize, parameter: ParameterId) -> Option<&[u32]> {
        let entry = self
            .entries
            .get_mut(buffer_idx * self.n_parameters + parameter.0)?;
        let is_known = entry.row_width > 0 && entry.content != Content::Any;
        is_known.then(|| entry.touched.sorted())
    }

    /// The rows of a table that the pass has touched, in any order; none of another kind of parameter.
    pub fn touched(&self, buffer_idx: usize, parameter: ParameterId) -> &[u32] {
        let entry = self.entries.get(buffer_idx * self.n_parameters + parameter.0);
        entry.map_or(&[], |entry| &entry.touched.rows)
    }

    /// One buffer; an empty one where there is none.
    pub fn buffer(&mut self, buffer_idx: usize) -> Buffer<'_> {
        if buffer_idx >= self.n_buffers {
            return Buffer::empty();
        }
        let (values, entries) = (buffer_idx * self.stride, buffer_idx * self.n_parameters);
        Buffer {
            values: &mut self.values[values..values + self.stride],
            entries: &mut self.entries[entries..entries + self.n_parameters],
        }
    }
}

/// One buffer of [`Gradients`].
#[derive(Debug)]
pub struct Buffer<'a> {
    values: &'a mut [f32],
    entries: &'a mut [Entry],
}

impl Buffer<'_> {
    /// A buffer of no parameter.
    pub fn empty() -> Self {
        Self {
            values: &mut [],
            entries: &mut [],
        }
    }

    /// Begins a backward pass: forgets the one before.
    pub fn begin(&mut self) {
        for entry in &mut *self.entries {
            entry.is_written = false;
            if entry.row_width == 0 {
                // Overwritten when it is claimed, or zeroed at the end.
                continue;
            }
            let table = &mut self.values[entry.place.clone()];
            match entry.content {
                Content::Zero => {}
                Content::Rows => {
                    for row in &entry.touched.rows {
                        let start = *row as usize * entry.row_width;
                        table[start..start + entry.row_width].fill(0.0);
                    }
                }
                Content::Any => table.fill(0.0),
            }
            entry.touched.clear();
            entry.content = Content::Zero;
        }
    }

    /// Ends a backward pass: what it has not reached is zero.
    pub fn end(&mut self) {
        for entry in &mut *self.entries {
            if !entry.is_written && entry.row_width == 0 && entry.content == Content::Any {
                self.values[entry.place.clone()].fill(0.0);
                entry.content = Content::Zero;
            }
        }
    }

    /// Whether the parameter is in this buffer.
    pub fn holds(&self, parameter: ParameterId) -> bool {
        let entry = self.entries.get(parameter.0);
        entry.is_some_and(|entry| !entry.place.is_empty())
    }

    /// The gradient of a parameter, to be written; whether this pass has written it before, so that it must be added to.
    pub fn claim(&mut self, parameter: ParameterId) -> (&mut [f32], bool) {
        let entry = &mut self.entries[parameter.0];
        let accumulate = std::mem::replace(&mut entry.is_written, true) || entry.row_width > 0;
        entry.content = Content::Any;
        (&mut self.values[entry.place.clone()], accumulate)
    }

    /// The gradient of a table, which is zero but for the rows that were touched before in this pass: to be added to, row
    /// by row, with every row recorded.
    pub fn claim_rows(&mut self, parameter: ParameterId) -> (&mut [f32], &mut Touched) {
        let entry = &mut self.entries[parameter.0];
        entry.is_written = true;
        if entry.content == Content::Zero {
            entry.content = Content::Rows;
        }
        (&mut self.values[entry.place.clone()], &mut entry.touched)
    }

    /// The gradient of a parameter after the pass, to be added to.
    pub fn add(&mut self, parameter: ParameterId) -> &mut [f32] {
        let entry = &mut self.entries[parameter.0];
        entry.content = Content::Any;
        &mut self.values[entry.place.clone()]
    }

    /// The gradient of a table after the pass and the rows that it touched, in rising order, with their width: what is added
    /// to these rows leaves the others zero. `None` for a parameter whose gradient may be anywhere.
    pub fn add_to_rows(&mut self, parameter: ParameterId) -> Option<(&mut [f32], &[u32], usize)> {
        let entry = self.entries.get_mut(parameter.0)?;
        if entry.row_width == 0 || entry.content == Content::Any {
            return None;
        }
        let gradient = &mut self.values[entry.place.clone()];
        Some((gradient, entry.touched.sorted(), entry.row_width))
    }

    /// Multiplies the gradient of a parameter, which is zero outside the rows that were touched.
    pub fn scale(&mut self, parameter: ParameterId, factor: f32) {
        let Some(entry) = self.entries.get(parameter.0) else {
            return;
        };
        let gradient = &mut self.values[entry.place.clone()];
        match entry.content {
            Content::Zero => {}
            Content::Rows => {
                for row in &entry.touched.rows {
                    let start = *row as usize * entry.row_width;
                    crate::clipping::scale(&mut gradient[start..start + entry.row_width], factor);
                }
            }
            Content::Any => crate::clipping::scale(gradient, factor),
        }
    }

    /// Clips the gradients of `parts`.
    pub fn clip(&mut self, clipping: &Clipping, parts: &Parts) {
        let is_finite = clipping.apply_parts(self.values, parts);
        if !is_finite {
            // A norm that is not finite has made every one NaN, zeros too.
            for entry in &mut *self.entries {
                entry.content = Content::Any;
            }
        }
    }

    /// The numbers.
    pub fn values(&self) -> &[f32] {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clipping::ClippingKind,
        initializers::Initializer,
        specs::{Regulariser, Start, TaskSet},
    };
    use mtl_base::NodeId;
    use mtl_kernels::random::Random;

    fn spec(start: usize, shape: &[usize], sparse: bool) -> ParameterSpec {
        ParameterSpec {
            node: NodeId(0),
            name: String::new(),
            short_name: "",
            shape: shape.to_vec(),
            range: start..start + shape.iter().product::<usize>(),
            start: Start::Initializer(Initializer::Zeros),
            regulariser: Regulariser::NONE,
            tasks: TaskSet::EMPTY,
            trainable: true,
            sparse,
        }
    }

    /// A dense parameter of 4, a table of 6 rows of 3, a dense parameter of 2.
    fn specs() -> [ParameterSpec; 3] {
        [
            spec(0, &[4], false),
            spec(4, &[6, 3], true),
            spec(22, &[2], false),
        ]
    }

    /// A pass that adds 1 to some of what there is, then what may follow a pass; what the pass alone has left.
    fn pass(buffer: &mut Buffer<'_>, random: &mut Random) -> Vec<f32> {
        let mut expected = vec![0.0; buffer.values().len()];
        buffer.begin();
        for _ in 0..random.below(4) {
            let parameter = ParameterId(random.below(3));
            if parameter.0 == 1 && random.chance(0.8) {
                let (table, touched) = buffer.claim_rows(parameter);
                let row = random.below(6);
                touched.mark(row as u32);
                for column in row * 3..row * 3 + 3 {
                    table[column] += 1.0;
                    expected[4 + column] += 1.0;
                }
            } else {
                let (gradient, accumulate) = buffer.claim(parameter);
                if !accumulate {
                    gradient.fill(0.0);
                }
                gradient.iter_mut().for_each(|value| *value += 1.0);
                let range = specs()[parameter.0].range.clone();
                expected[range].iter_mut().for_each(|value| *value += 1.0);
            }
        }
        buffer.end();
        assert_eq!(buffer.values(), expected);
        let left = buffer.values().to_vec();
        for _ in 0..random.below(3) {
            let parameter = ParameterId(random.below(3));
            match random.below(4) {
                0 => buffer.add(parameter).fill(7.0),
                1 => {
                    if let Some((table, rows, width)) = buffer.add_to_rows(parameter) {
                        for row in rows {
                            table[*row as usize * width] += 3.0;
                        }
                    }
                }
                2 => buffer.scale(parameter, 0.5),
                _ => {
                    let parts = specs().iter().map(|spec| spec.range.clone()).collect();
                    let clipping = Clipping {
                        kind: ClippingKind::GlobalNorm,
                        threshold: 0.1,
                    };
                    if random.chance(0.3) {
                        buffer.add(parameter)[0] = f32::NAN;
                    }
                    buffer.clip(&clipping, &parts);
                }
            }
        }
        left
    }

    #[test]
    fn nothing_of_a_pass_is_left_for_the_next() {
        for seed in 0..500 {
            let mut random = Random::stream(seed, "passes");
            let mut gradients = Gradients::new(&specs());
            for _ in 0..6 {
                pass(&mut gradients.buffer(0), &mut random);
            }
        }
    }

    #[test]
    fn buffers_of_some_parameters_lie_behind_each_other() {
        let mut gradients = Gradients::of_some(&specs(), 2, |spec| spec.range.start > 0);
        assert_eq!((gradients.stride(), gradients.n_buffers()), (20, 2));
        assert_eq!(gradients.place(ParameterId(2)), 18..20);
        assert!(!gradients.buffer(1).holds(ParameterId(0)) && gradients.buffer(1).holds(ParameterId(1)));
        let (gradient, accumulate) = {
            let mut buffer = gradients.buffer(1);
            buffer.begin();
            let (gradient, accumulate) = buffer.claim(ParameterId(2));
            gradient.fill(2.0);
            (gradient.to_vec(), accumulate)
        };
        assert_eq!((gradient, accumulate), (vec![2.0; 2], false));
        assert_eq!(gradients.values()[38..], [2.0; 2]);
        assert!(gradients.values()[..38].iter().all(|value| *value == 0.0));
        assert!(Gradients::none().buffer(0).values().is_empty());
    }
}
