//! Tasks of the ops that take any number of values: they are listed among the constants.

use super::{Compiler, at, words};
use crate::{
    gpu::{
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record},
    },
    ids::ValueId,
    ops::{Dot, GradientScale, Interaction, Maximum, Mixture, Multiply},
};

/// Values in the list of a task.
struct Terms {
    /// Where the list starts.
    list: u32,
    n: u32,
    /// The values, and their gradients where those are wanted.
    values: Vec<Place>,
    gradients: Vec<Place>,
}

impl Compiler<'_> {
    /// Lists entries among the constants.
    fn list(&mut self, entries: &[[u32; 4]]) -> u32 {
        let start = self.constants.len() as u32;
        self.constants.extend(entries.iter().flatten());
        start
    }

    /// Lists values as: its place, its gradient or [`NOWHERE`], whether to add to the gradient.
    fn terms(&mut self, terms: &[ValueId], backward: bool) -> Terms {
        let (mut values, mut gradients, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for term in terms {
            let x = self.value(*term);
            let mut entry = [at(&x), NOWHERE, 0, 0];
            if backward && self.wants(*term) {
                let (dx, accumulate) = self.claim(*term);
                entry = [at(&x), at(&dx), accumulate, 0];
                gradients.push(dx);
            }
            values.push(x);
            entries.push(entry);
        }
        Terms {
            list: self.list(&entries),
            n: entries.len() as u32,
            values,
            gradients,
        }
    }

    /// `y = Σ factor x`.
    pub(super) fn sum(&mut self, y: ValueId, terms: &[(ValueId, f32)]) {
        let reads: Vec<_> = terms.iter().map(|(x, _)| self.value(*x)).collect();
        let factors = terms.iter().map(|(_, factor)| factor.to_bits());
        let entries: Vec<_> = reads
            .iter()
            .zip(factors)
            .map(|(x, factor)| [at(x), factor, 0, 0])
            .collect();
        let y_place = self.value(y);
        self.sum_task("forward", y, &y_place, &entries, reads, vec![y_place.clone()]);
    }

    /// Adds `factor dy` to the gradient of each term.
    pub(super) fn sum_backward(&mut self, y: ValueId, terms: &[(ValueId, f32)]) {
        let dy = self.gradient(y);
        let (mut entries, mut writes) = (Vec::new(), Vec::new());
        for (x, factor) in terms {
            if self.wants(*x) {
                let (dx, accumulate) = self.claim(*x);
                entries.push([at(&dx), factor.to_bits(), accumulate, 0]);
                writes.push(dx);
            }
        }
        if !entries.is_empty() {
            self.sum_task("backward", y, &dy, &entries, vec![dy.clone()], writes);
        }
    }

    fn sum_task(
        &mut self,
        entry: &'static str,
        y: ValueId,
        place: &Place,
        entries: &[[u32; 4]],
        reads: Vec<Place>,
        writes: Vec<Place>,
    ) {
        let list = self.list(entries);
        let record = Record::new(&[at(place), self.per_row(y), list, entries.len() as u32]);
        let groups = self.threads(place.range.len());
        self.push(Kernel::new(File::Sum, entry), record, groups, reads, writes);
    }

    pub(super) fn gradient_scale_backward(&mut self, op: &GradientScale) {
        if op.factor != 0.0 {
            self.sum_backward(op.y, &[(op.x, op.factor)]);
        }
    }

    pub(super) fn multiply(&mut self, op: &Multiply) {
        let terms = self.terms(&op.factors, false);
        let y = self.value(op.y);
        let record = Record::new(&[at(&y), self.per_row(op.y), terms.list, terms.n]);
        let groups = self.threads(y.range.len());
        let kernel = Kernel::new(File::Multiply, "forward");
        self.push(kernel, record, groups, terms.values, vec![y]);
    }

    pub(super) fn multiply_backward(&mut self, op: &Multiply) {
        let terms = self.terms(&op.factors, true);
        let dy = self.gradient(op.y);
        let record = Record::new(&[at(&dy), self.per_row(op.y), terms.list, terms.n]);
        let groups = self.threads(dy.range.len());
        let kernel = Kernel::new(File::Multiply, "backward");
        let reads = [terms.values, vec![dy]].concat();
        self.push(kernel, record, groups, reads, terms.gradients);
    }

    pub(super) fn maximum(&mut self, op: &Maximum) {
        let terms = self.terms(&op.terms, false);
        let y = self.value(op.y);
        let record = Record::new(&[at(&y), self.per_row(op.y), terms.list, terms.n]);
        let groups = self.threads(y.range.len());
        let kernel = Kernel::new(File::Maximum, "forward");
        self.push(kernel, record, groups, terms.values, vec![y]);
    }

    pub(super) fn maximum_backward(&mut self, op: &Maximum) {
        let terms = self.terms(&op.terms, true);
        let (y, dy) = (self.value(op.y), self.gradient(op.y));
        let record = Record::new(&[at(&y), self.per_row(op.y), terms.list, terms.n, at(&dy)]);
        let groups = self.threads(dy.range.len());
        let kernel = Kernel::new(File::Maximum, "backward");
        let reads = [terms.values, vec![y, dy]].concat();
        self.push(kernel, record, groups, reads, terms.gradients);
    }

    fn interaction_record(&mut self, op: &Interaction, y: &Place, count: u32, terms: &Terms) -> Record {
        let sums = at(&self.value(op.sums));
        let [width, summed] = words([op.width, usize::from(op.summed)]);
        Record::new(&[at(y), count, terms.list, terms.n, sums, width, summed])
    }

    pub(super) fn interaction(&mut self, op: &Interaction) {
        let terms = self.terms(&op.terms, false);
        let y = self.value(op.y);
        let record = self.interaction_record(op, &y, 1, &terms);
        let (kernel, groups) = self.by_rows(File::Interaction, "forward", 1, self.lanes(op.width));
        let writes = vec![y, self.value(op.sums)];
        self.push(kernel, record, groups, terms.values, writes);
    }

    pub(super) fn interaction_backward(&mut self, op: &Interaction) {
        let terms = self.terms(&op.terms, true);
        let dy = self.gradient(op.y);
        let record = self.interaction_record(op, &dy, op.width as u32, &terms);
        let groups = self.threads(self.max_rows * op.width);
        let kernel = Kernel::sized(File::Interaction, "backward", 1);
        let reads = [terms.values, vec![dy, self.value(op.sums)]].concat();
        self.push(kernel, record, groups, reads, terms.gradients);
    }

    pub(super) fn dot(&mut self, op: &Dot) {
        let [a, b, y] = [op.a, op.b, op.y].map(|value| self.value(value));
        let record = Record::new(&[at(&a), at(&b), at(&y), 1, op.width as u32]);
        let (kernel, groups) = self.by_rows(File::Dot, "forward", 1, self.lanes(op.width));
        self.push(kernel, record, groups, vec![a, b], vec![y]);
    }

    pub(super) fn dot_backward(&mut self, op: &Dot) {
        let [a, b] = [op.a, op.b].map(|value| self.value(value));
        let dy = self.gradient(op.y);
        let mut writes = Vec::new();
        let [da, db] = [op.a, op.b].map(|value| self.claim_wanted(value, &mut writes));
        let width = op.width as u32;
        let record = Record::new(&[at(&a), at(&b), at(&dy), width, width, da[0], da[1], db[0], db[1]]);
        let groups = self.threads(self.max_rows * op.width);
        let kernel = Kernel::sized(File::Dot, "backward", 1);
        self.push(kernel, record, groups, vec![a, b, dy], writes);
    }

    fn mixture_record(
        &mut self,
        op: &Mixture,
        y: &Place,
        terms: &Terms,
        back: [u32; 2],
        per_step: usize,
    ) -> Record {
        let weights = at(&self.value(op.weights));
        let [width, steps, per_row] = words([op.width, op.steps, op.steps * per_step]);
        let [d_weights, accumulate] = back;
        Record::new(&[
            weights,
            at(y),
            width,
            terms.list,
            terms.n,
            d_weights,
            accumulate,
            steps,
            per_row,
        ])
    }

    pub(super) fn mixture(&mut self, op: &Mixture) {
        let terms = self.terms(&op.experts, false);
        let y = self.value(op.y);
        let record = self.mixture_record(op, &y, &terms, [NOWHERE, 0], op.width);
        let groups = self.threads(y.range.len());
        let reads = [terms.values, vec![self.value(op.weights)]].concat();
        let kernel = Kernel::new(File::Mixture, "forward");
        self.push(kernel, record, groups, reads, vec![y]);
    }

    pub(super) fn mixture_backward(&mut self, op: &Mixture) {
        let terms = self.terms(&op.experts, true);
        let dy = self.gradient(op.y);
        let mut writes = terms.gradients.clone();
        let back = self.claim_wanted(op.weights, &mut writes);
        let n_weights = if back[0] == NOWHERE { 0 } else { op.experts.len() };
        let per_step = op.width + n_weights;
        let record = self.mixture_record(op, &dy, &terms, back, per_step);
        let groups = self.threads(self.max_rows * op.steps * per_step);
        let reads = [terms.values, vec![dy, self.value(op.weights)]].concat();
        let kernel = Kernel::new(File::Mixture, "backward");
        self.push(kernel, record, groups, reads, writes);
    }
}
