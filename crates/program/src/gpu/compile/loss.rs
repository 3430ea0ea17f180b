//! Tasks of the losses, which write their gradient too.

use super::{Compiler, HISTORY, at, words};
use crate::{
    gpu::{
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record, Task},
    },
    ids::ValueId,
    ops::{BinaryLoss, ClassesLoss, OrdinalLoss, SquaredLoss},
};

impl Compiler<'_> {
    /// What the losses share: places of the row losses and of the logits' gradient, and the latter's words in a record.
    fn loss(&mut self, task_idx: usize, logits: ValueId) -> (Place, Vec<Place>, [u32; 2]) {
        let rows = self.scratch(2 * self.max_rows);
        let mut gradient = Vec::new();
        let words_of = self.claim_wanted(logits, &mut gradient);
        let n_tasks = self.plan.tasks.len();
        let numbers = words([rows.range.start, self.max_rows, task_idx, n_tasks, self.history]);
        let start = self.history + 2 * HISTORY * n_tasks;
        let history = Place {
            range: start..start,
            ..rows.clone()
        };
        let sum = Task {
            kernel: self.team(File::LossSum, "reduce", 256),
            record: Record::new(&numbers),
            groups: [1, 1],
            reads: vec![rows.clone()],
            writes: vec![history],
        };
        self.tasks.push(sum);
        (rows, gradient, words_of)
    }

    /// Puts a loss in front of the sum of its rows, which `loss` has pushed.
    fn push_loss(
        &mut self,
        kernel: Kernel,
        record: Record,
        groups: [u32; 2],
        reads: Vec<Place>,
        mut writes: Vec<Place>,
        gradient: Vec<Place>,
    ) {
        writes.extend(gradient);
        let sum = self.tasks.pop();
        self.push(kernel, record, groups, reads, writes);
        self.tasks.extend(sum);
    }

    pub(super) fn binary_loss(&mut self, op: &BinaryLoss) {
        let (rows, gradient, [dz, accumulate]) = self.loss(op.task_idx, op.logits);
        let (z, p) = (self.value(op.logits), self.value(op.probabilities));
        let weights = self.class_weights(&op.class_weights, 2 * op.n_labels);
        let record = Record::new(&[
            at(&z),
            at(&p),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            op.n_labels as u32,
            weights,
            at(&rows),
            self.max_rows as u32,
            dz,
            accumulate,
            1,
        ]);
        let groups = self.threads(self.max_rows);
        self.push_loss(
            Kernel::new(File::BinaryLoss, "forward"),
            record,
            groups,
            vec![z],
            vec![p, rows],
            gradient,
        );
    }

    /// Where the weights of classes are among the constants.
    fn class_weights(&mut self, weights: &[f32], n_classes: usize) -> u32 {
        if weights.is_empty() {
            return NOWHERE;
        }
        let start = self.constants.len();
        let weight = |class| crate::losses::class_weight(weights, class).to_bits();
        self.constants.extend((0..n_classes).map(weight));
        start as u32
    }

    pub(super) fn classes_loss(&mut self, op: &ClassesLoss) {
        let (rows, gradient, [dz, accumulate]) = self.loss(op.task_idx, op.logits);
        let (z, p) = (self.value(op.logits), self.value(op.probabilities));
        let weights = self.class_weights(&op.class_weights, op.n_classes);
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
            1,
        ]);
        let (kernel, groups) = self.by_rows(File::ClassesLoss, "forward", 1, self.lanes(op.n_classes));
        self.push_loss(kernel, record, groups, vec![z], vec![p, rows], gradient);
    }

    pub(super) fn squared_loss(&mut self, op: &SquaredLoss) {
        let (rows, gradient, [dz, accumulate]) = self.loss(op.task_idx, op.logits);
        let z = self.value(op.logits);
        let record = Record::new(&[
            at(&z),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            at(&rows),
            self.max_rows as u32,
            dz,
            accumulate,
            1,
        ]);
        let groups = self.threads(self.max_rows);
        self.push_loss(
            Kernel::new(File::SquaredLoss, "forward"),
            record,
            groups,
            vec![z],
            vec![rows],
            gradient,
        );
    }

    pub(super) fn ordinal_loss(&mut self, op: &OrdinalLoss) {
        let (rows, gradient, [ds, accumulate]) = self.loss(op.task_idx, op.logits);
        let [scores, p, cuts] = [op.logits, op.probabilities, op.cuts].map(|value| self.value(value));
        let thresholds = self.parameter(op.thresholds);
        let by_cuts = self.scratch(3 * self.max_rows);
        let mut writes = vec![p.clone(), rows.clone(), cuts.clone(), by_cuts.clone()];
        let (d_thresholds, add_thresholds) = if self.trains(op.thresholds) {
            let (place, accumulate) = self.claim_parameter(op.thresholds);
            let start = at(&place);
            writes.push(place);
            (start, accumulate)
        } else {
            (NOWHERE, 0)
        };
        let [n_classes, max_rows] = words([op.n_classes, self.max_rows]);
        let record = Record::new(&[
            at(&scores),
            at(&p),
            self.words.targets(op.task_idx),
            op.task_idx as u32,
            n_classes,
            self.class_weights(&op.class_weights, op.n_classes),
            at(&rows),
            max_rows,
            ds,
            accumulate,
            at(&thresholds),
            at(&cuts),
            d_thresholds,
            add_thresholds,
            at(&by_cuts),
        ]);
        let kernel = self.team(File::OrdinalLoss, "forward", 256);
        let reads = vec![scores, thresholds];
        self.push_loss(kernel, record, [1, 1], reads, writes, gradient);
    }
}
