//! Tasks of the ops that compute number by number or row by row.

use super::{Compiler, at, lanes, spread, threads, words};
use crate::{
    backend::gpu::{
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record},
        step::Lookup,
    },
    ops::{Columns, DropoutMask, EmbeddingLookup, Mask, MaskRule, Mixture, Pool, PoolRule, Softmax, Sum},
};

/// Where the experts of a mixture and the terms of a sum start in their records, and how many there are.
const EXPERTS: (usize, usize) = (16, 12);
const TERMS: (usize, usize) = (8, 14);

impl Compiler<'_> {
    pub(super) fn mask(&mut self, op: &Mask) {
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

    pub(super) fn embedding(&mut self, op: &EmbeddingLookup) {
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

    pub(super) fn embedding_backward(&mut self, op: &EmbeddingLookup) {
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

    pub(super) fn softmax_record(
        &mut self,
        op: &Softmax,
        dy: u32,
        dx: u32,
        accumulate: u32,
    ) -> (Record, u32, [u32; 2]) {
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

    pub(super) fn softmax(&mut self, op: &Softmax) {
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

    pub(super) fn softmax_backward(&mut self, op: &Softmax) {
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

    pub(super) fn pool_record(&mut self, op: &Pool, dy: u32, dx: u32, accumulate: u32) -> Record {
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

    pub(super) fn pool(&mut self, op: &Pool) {
        let record = self.pool_record(op, NOWHERE, NOWHERE, 0);
        let mut reads = vec![self.value(op.x)];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let y = self.value(op.y);
        let groups = spread(y.range.len(), 64);
        self.push(Kernel::new(File::Pool, "forward"), record, groups, reads, vec![y]);
    }

    pub(super) fn pool_backward(&mut self, op: &Pool) {
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

    pub(super) fn columns_record(op: &Columns, x: &Place, y: &Place, accumulate: u32) -> Record {
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

    pub(super) fn columns(&mut self, op: &Columns) {
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

    pub(super) fn columns_backward(&mut self, op: &Columns) {
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

    pub(super) fn sum(&mut self, op: &Sum) {
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

    pub(super) fn sum_backward(&mut self, op: &Sum) {
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

    pub(super) fn mixture(&mut self, op: &Mixture) {
        let (weights, y) = (self.value(op.weights), self.value(op.y));
        let [width, n_experts, steps] = words([op.width, op.experts.len(), op.steps]);
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
                steps,
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

    pub(super) fn mixture_backward(&mut self, op: &Mixture) {
        let (weights, dy) = (self.value(op.weights), self.gradient(op.y));
        let [width, n_experts, steps] = words([op.width, op.experts.len(), op.steps]);
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
                steps,
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
            let groups = threads(dy.range.len() + self.max_rows * op.steps * experts.len());
            self.push(
                Kernel::new(File::Mixture, "backward"),
                record,
                groups,
                reads,
                writes,
            );
        }
    }

    pub(super) fn dropout_record(
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

    pub(super) fn dropout(&mut self, index: usize, op: &DropoutMask) {
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

    pub(super) fn dropout_backward(&mut self, index: usize, op: &DropoutMask) {
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
}
