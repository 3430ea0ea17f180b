//! Tasks of the ops that compute number by number.

use super::{Compiler, at, product::Product, words};
use crate::{
    gpu::{
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record},
        step::Lookup,
    },
    ids::ValueId,
    ops::{
        AddPosition, Columns, DropoutMask, EmbeddingLookup, Mask, MaskRule, Noise, Pool, PoolRule, Unfold,
    },
};

impl Compiler<'_> {
    /// Where a mask is, if there is one; it is then read.
    pub(super) fn mask_of(&mut self, mask: Option<ValueId>, reads: &mut Vec<Place>) -> u32 {
        mask.map_or(NOWHERE, |mask| {
            let place = self.value(mask);
            let start = at(&place);
            reads.push(place);
            start
        })
    }

    /// The word of the step where the key of a node's draws will be.
    fn key(&mut self, stream: u64) -> u32 {
        let key = self.words.key(self.streams.len());
        self.streams.push(stream);
        key
    }

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
        let groups = self.threads(y.range.len());
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
        let groups = self.runs(op);
        self.push(
            self.team(File::Embedding, "forward", 64),
            record,
            groups,
            vec![table],
            vec![y],
        );
    }

    /// A thread that works alone takes a row of the table, others a number.
    fn runs(&self, op: &EmbeddingLookup) -> [u32; 2] {
        self.threads(self.max_rows * op.steps * if self.alone { 1 } else { op.width })
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
        let groups = self.runs(op);
        self.push(
            self.team(File::Embedding, "backward", 64),
            record,
            groups,
            vec![dy, table.clone()],
            vec![table],
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

    pub(super) fn pool(&mut self, op: &Pool) {
        let record = self.pool_record(op, NOWHERE, NOWHERE, 0);
        let mut reads = vec![self.value(op.x)];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let y = self.value(op.y);
        let groups = self.threads(y.range.len());
        self.push(Kernel::new(File::Pool, "forward"), record, groups, reads, vec![y]);
    }

    pub(super) fn pool_backward(&mut self, op: &Pool) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let record = self.pool_record(op, at(&dy), at(&dx), accumulate);
        let groups = self.threads(dy.range.len());
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

    fn columns_record(op: &Columns, x: &Place, y: &Place, accumulate: u32, per_step: usize) -> Record {
        let [x_width, x_start, y_width] = words([op.x_width, op.x_start, op.y_width]);
        let [y_start, width, per_row] = words([op.y_start, op.width, op.steps * per_step]);
        Record::new(&[
            at(x),
            x_width,
            x_start,
            at(y),
            y_width,
            y_start,
            width,
            accumulate,
            per_row,
        ])
    }

    pub(super) fn columns(&mut self, op: &Columns) {
        let x = self.value(op.x);
        let mut y = self.value(op.y);
        y.columns = Some(op.y_start..op.y_start + op.width);
        let record = Self::columns_record(op, &x, &y, 0, op.width);
        let groups = self.threads(self.max_rows * op.steps * op.width);
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
        let record = Self::columns_record(op, &dx, &dy, accumulate, op.x_width);
        let groups = self.threads(dx.range.len());
        self.push(
            Kernel::new(File::Columns, "backward"),
            record,
            groups,
            vec![dy, dx.clone()],
            vec![dx],
        );
    }

    pub(super) fn dropout(&mut self, index: usize, op: &DropoutMask) {
        let (x, y, kept) = (self.value(op.x), self.value(op.y), self.value(op.kept));
        let key = self.key(op.stream);
        let record = self.dropout_record(op, &x, &y, key, 0);
        self.scratch[index] = vec![kept.clone()];
        let groups = self.threads(y.range.len());
        self.push(
            Kernel::new(File::Dropout, "forward"),
            record,
            groups,
            vec![x],
            vec![y, kept],
        );
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
        let per_row = self.per_row(op.y);
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

    pub(super) fn dropout_backward(&mut self, index: usize, op: &DropoutMask) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let record = self.dropout_record(op, &dx, &dy, 0, accumulate);
        let groups = self.threads(dy.range.len());
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

    fn unfold_task(&mut self, op: &Unfold, entry: &'static str, x: Place, y: Place, accumulate: u32) {
        let is_forward = entry == "forward";
        let per_row = if is_forward {
            op.out_length * op.window * op.width
        } else {
            op.length * op.width
        };
        let (from, to) = if is_forward {
            (x.clone(), y.clone())
        } else {
            (y.clone(), x.clone())
        };
        let mut reads = vec![from];
        let mask = self.mask_of(op.mask, &mut reads);
        let [length, width, window, stride] = words([op.length, op.width, op.window, op.stride]);
        let [before, out_length, per_row] = words([op.before, op.out_length, per_row]);
        let record = Record::new(&[
            at(&x),
            mask,
            at(&y),
            length,
            width,
            window,
            stride,
            before,
            out_length,
            accumulate,
            per_row,
        ]);
        let groups = self.threads(to.range.len());
        self.push(Kernel::new(File::Unfold, entry), record, groups, reads, vec![to]);
    }

    pub(super) fn unfold(&mut self, op: &Unfold) {
        let (x, y) = (self.value(op.x), self.value(op.y));
        self.unfold_task(op, "forward", x, y, 0);
    }

    pub(super) fn unfold_backward(&mut self, op: &Unfold) {
        if self.wants(op.x) {
            let dy = self.gradient(op.y);
            let (dx, accumulate) = self.claim(op.x);
            self.unfold_task(op, "backward", dx, dy, accumulate);
        }
    }

    pub(super) fn noise(&mut self, op: &Noise) {
        let (x, y) = (self.value(op.x), self.value(op.y));
        let key = self.key(op.stream);
        let per_row = self.per_row(op.y);
        let record = Record::new(&[at(&x), at(&y), per_row, op.deviation.to_bits(), key]);
        let groups = self.threads(y.range.len());
        self.push(
            Kernel::new(File::Noise, "forward"),
            record,
            groups,
            vec![x],
            vec![y],
        );
    }

    pub(super) fn position(&mut self, op: &AddPosition) {
        let (x, y) = (self.value(op.x), self.value(op.y));
        let table = self.parameter(op.table);
        let record = Record::new(&[at(&x), at(&y), self.per_row(op.y), at(&table)]);
        let groups = self.threads(y.range.len());
        self.push(
            Kernel::new(File::Position, "forward"),
            record,
            groups,
            vec![x, table],
            vec![y],
        );
    }

    /// dP is the gradient of a bias: that of a product without inputs.
    pub(super) fn position_backward(&mut self, op: &AddPosition) {
        if self.trains(op.table) {
            let product = Product {
                x: self.value(op.x),
                w: self.parameter(op.table),
                bias: None,
                y: self.value(op.y),
                z: None,
                epilogue: 0,
                steps: 1,
                n_in: 0,
                n_out: self.per_row(op.y) as usize,
                dy: Some(self.gradient(op.y)),
            };
            let (gradient, accumulate) = self.claim_parameter(op.table);
            self.product_to_weight(&product, &gradient, Some(&gradient), accumulate);
        }
        self.sum_backward(op.y, &[(op.x, 1.0)]);
    }
}
