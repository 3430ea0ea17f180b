//! Tasks of the ops that compute row by row or column by column.

use super::{Compiler, at, words};
use crate::{
    gpu::{
        kernels::{ALONE, File, Kernel, WORKGROUP},
        schedule::{NOWHERE, Place, Record},
    },
    ops::{Attention, AttentionPool, BatchNorm, LayerNorm, Softmax, UnitNorm},
};

/// Places and sizes of an op's record without its gradients.
type Words = Vec<u32>;

/// Groups of 16 columns, by one team or by 16 teams of one.
fn columns(width: usize) -> [u32; 2] {
    [width.div_ceil(16) as u32, 1]
}

impl Compiler<'_> {
    /// A kernel with teams of `lanes` threads, one per row, of `steps` rows for each row of the batch.
    pub(super) fn by_rows(
        &self,
        file: File,
        entry: &'static str,
        steps: usize,
        lanes: u32,
    ) -> (Kernel, [u32; 2]) {
        let per_group = if lanes == ALONE { WORKGROUP } else { 1 };
        let n_groups = (self.max_rows * steps).div_ceil(per_group as usize);
        let groups = [n_groups.clamp(1, 4096) as u32, 1];
        (Kernel::sized(file, entry, lanes), groups)
    }

    fn softmax_words(&mut self, op: &Softmax) -> Words {
        let (x, y) = (self.value(op.x), self.value(op.y));
        let [steps, width] = words([op.steps, op.width]);
        vec![at(&x), at(&y), steps, width]
    }

    pub(super) fn softmax(&mut self, op: &Softmax) {
        let record = Record::new(&self.softmax_words(op));
        let (x, y) = (self.value(op.x), self.value(op.y));
        let (kernel, groups) = self.by_rows(File::Softmax, "forward", op.steps, self.lanes(op.width));
        self.push(kernel, record, groups, vec![x], vec![y]);
    }

    pub(super) fn softmax_backward(&mut self, op: &Softmax) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let mut words = self.softmax_words(op);
        words.extend([at(&dy), at(&dx), accumulate]);
        let (kernel, groups) = self.by_rows(File::Softmax, "backward", op.steps, self.lanes(op.width));
        let reads = vec![self.value(op.y), dy];
        self.push(kernel, Record::new(&words), groups, reads, vec![dx]);
    }

    fn unit_norm_steps(&self, op: &UnitNorm) -> usize {
        self.per_row(op.y) as usize / op.width
    }

    fn unit_norm_words(&mut self, op: &UnitNorm) -> Words {
        let [x, y, inverse] = [op.x, op.y, op.inverse].map(|value| at(&self.value(value)));
        let [steps, width] = words([self.unit_norm_steps(op), op.width]);
        vec![x, y, steps, width, inverse]
    }

    pub(super) fn unit_norm(&mut self, op: &UnitNorm) {
        let record = Record::new(&self.unit_norm_words(op));
        let [x, y, inverse] = [op.x, op.y, op.inverse].map(|value| self.value(value));
        let steps = self.unit_norm_steps(op);
        let (kernel, groups) = self.by_rows(File::UnitNorm, "forward", steps, self.lanes(op.width));
        self.push(kernel, record, groups, vec![x], vec![y, inverse]);
    }

    pub(super) fn unit_norm_backward(&mut self, op: &UnitNorm) {
        if !self.wants(op.x) {
            return;
        }
        let dy = self.gradient(op.y);
        let (dx, accumulate) = self.claim(op.x);
        let mut words = self.unit_norm_words(op);
        words.extend([at(&dy), at(&dx), accumulate]);
        let steps = self.unit_norm_steps(op);
        let (kernel, groups) = self.by_rows(File::UnitNorm, "backward", steps, self.lanes(op.width));
        let reads = vec![self.value(op.y), self.value(op.inverse), dy];
        self.push(kernel, Record::new(&words), groups, reads, vec![dx]);
    }

    fn layer_norm_words(&mut self, op: &LayerNorm) -> Words {
        let [x, y, normalized, inverse] =
            [op.x, op.y, op.normalized, op.inverse].map(|value| at(&self.value(value)));
        let [gamma, beta] = [op.gamma, op.beta].map(|parameter| at(&self.parameter(parameter)));
        let [steps, width] = words([op.steps, op.width]);
        vec![
            x,
            y,
            steps,
            width,
            gamma,
            beta,
            normalized,
            inverse,
            op.epsilon.to_bits(),
        ]
    }

    pub(super) fn layer_norm(&mut self, op: &LayerNorm) {
        let record = Record::new(&self.layer_norm_words(op));
        let [x, y, normalized, inverse] =
            [op.x, op.y, op.normalized, op.inverse].map(|value| self.value(value));
        let reads = vec![x, self.parameter(op.gamma), self.parameter(op.beta)];
        let (kernel, groups) = self.by_rows(File::LayerNorm, "forward", op.steps, self.lanes(op.width));
        self.push(kernel, record, groups, reads, vec![y, normalized, inverse]);
    }

    pub(super) fn layer_norm_backward(&mut self, op: &LayerNorm) {
        let dy = self.gradient(op.y);
        let words = self.layer_norm_words(op);
        let reads = vec![
            dy.clone(),
            self.value(op.normalized),
            self.value(op.inverse),
            self.parameter(op.gamma),
        ];
        if self.trains(op.gamma) {
            let (d_gamma, accumulate) = self.claim_parameter(op.gamma);
            let (d_beta, _) = self.claim_parameter(op.beta);
            let back = [at(&dy), NOWHERE, accumulate, at(&d_gamma), at(&d_beta)];
            let record = Record::new(&[&words[..], &back].concat());
            let kernel = self.team(File::LayerNorm, "parameters", 64);
            let writes = vec![d_gamma, d_beta];
            self.push(kernel, record, columns(op.width), reads.clone(), writes);
        }
        if self.wants(op.x) {
            let (dx, accumulate) = self.claim(op.x);
            let record = Record::new(&[&words[..], &[at(&dy), at(&dx), accumulate]].concat());
            let (kernel, groups) = self.by_rows(File::LayerNorm, "backward", op.steps, self.lanes(op.width));
            self.push(kernel, record, groups, reads, vec![dx]);
        }
    }

    fn batch_norm_words(&mut self, op: &BatchNorm, reads: &mut Vec<Place>) -> Words {
        let mask = self.mask_of(op.mask, reads);
        let [x, y, normalized, statistics] =
            [op.x, op.y, op.normalized, op.statistics].map(|value| at(&self.value(value)));
        let [gamma, beta, mean, variance] = [op.gamma, op.beta, op.moving_mean, op.moving_variance]
            .map(|parameter| at(&self.parameter(parameter)));
        let [steps, width] = words([self.per_row(op.y) as usize / op.width, op.width]);
        vec![
            x,
            mask,
            y,
            steps,
            width,
            gamma,
            beta,
            mean,
            variance,
            normalized,
            statistics,
            op.momentum.to_bits(),
            op.epsilon.to_bits(),
            self.max_rows as u32,
            u32::from(op.frozen),
        ]
    }

    pub(super) fn batch_norm(&mut self, op: &BatchNorm) {
        let mut reads = vec![
            self.value(op.x),
            self.parameter(op.gamma),
            self.parameter(op.beta),
        ];
        let record = Record::new(&self.batch_norm_words(op, &mut reads));
        let mut writes = Vec::from([op.y, op.normalized, op.statistics].map(|value| self.value(value)));
        writes.extend([op.moving_mean, op.moving_variance].map(|parameter| self.parameter(parameter)));
        let kernel = self.team(File::BatchNorm, "forward", 256);
        self.push(kernel, record, columns(op.width), reads, writes);
    }

    pub(super) fn batch_norm_backward(&mut self, op: &BatchNorm) {
        let (wants_x, trains) = (self.wants(op.x), self.trains(op.gamma));
        if !wants_x && !trains {
            return;
        }
        let dy = self.gradient(op.y);
        let mut reads = vec![
            dy.clone(),
            self.value(op.normalized),
            self.value(op.statistics),
            self.parameter(op.gamma),
        ];
        let mut words = self.batch_norm_words(op, &mut reads);
        let mut writes = Vec::new();
        let [dx, accumulate] = self.claim_wanted(op.x, &mut writes);
        words.extend([at(&dy), dx, accumulate, NOWHERE, NOWHERE, 0]);
        if trains {
            let (d_gamma, accumulate) = self.claim_parameter(op.gamma);
            let (d_beta, _) = self.claim_parameter(op.beta);
            let n = words.len();
            words[n - 3..].copy_from_slice(&[at(&d_gamma), at(&d_beta), accumulate]);
            writes.extend([d_gamma, d_beta]);
        }
        let kernel = self.team(File::BatchNorm, "backward", 256);
        self.push(kernel, Record::new(&words), columns(op.width), reads, writes);
    }

    fn attention_words(&mut self, op: &Attention, reads: &mut Vec<Place>) -> Words {
        let [queries, keys, values] = [op.queries, op.keys, op.values].map(|value| self.value(value));
        let mask = self.mask_of(op.mask, reads);
        let [y, weights] = [op.y, op.weights].map(|value| at(&self.value(value)));
        let [length, heads, depth, steps] = words([op.length, op.heads, op.depth, op.heads * op.length]);
        let scale = (1.0 / (op.depth as f32).sqrt()).to_bits();
        let places = [&queries, &keys, &values].map(at);
        reads.extend([queries, keys, values]);
        let sizes = [mask, y, weights, length, heads, depth, steps, scale];
        [&places[..], &sizes].concat()
    }

    pub(super) fn attention(&mut self, op: &Attention) {
        let mut reads = Vec::new();
        let record = Record::new(&self.attention_words(op, &mut reads));
        let writes = vec![self.value(op.y), self.value(op.weights)];
        let steps = op.heads * op.length;
        let (kernel, groups) = self.by_rows(File::Attention, "forward", steps, self.lanes(op.length));
        self.push(kernel, record, groups, reads, writes);
    }

    pub(super) fn attention_backward(&mut self, op: &Attention) {
        if ![op.queries, op.keys, op.values]
            .map(|value| self.wants(value))
            .contains(&true)
        {
            return;
        }
        let dy = self.gradient(op.y);
        let mut reads = vec![dy.clone(), self.value(op.weights)];
        let mut words = self.attention_words(op, &mut reads);
        let d_scores = self.scratch(self.max_rows * op.heads * op.length * op.length);
        let (mut to_queries, mut to_keys) = (vec![d_scores.clone()], Vec::new());
        words.extend([at(&dy), at(&d_scores)]);
        words.extend(self.claim_wanted(op.queries, &mut to_queries));
        words.extend(self.claim_wanted(op.keys, &mut to_keys));
        words.extend(self.claim_wanted(op.values, &mut to_keys));
        words.push(self.per_row(op.y));
        let record = Record::new(&words);
        let steps = op.heads * op.length;
        let (kernel, groups) = self.by_rows(File::Attention, "to_queries", steps, self.lanes(op.length));
        self.push(kernel, record.clone(), groups, reads.clone(), to_queries);
        if !to_keys.is_empty() {
            reads.push(d_scores);
            let groups = self.threads(self.max_rows * self.per_row(op.y) as usize);
            let kernel = Kernel::sized(File::Attention, "to_keys", 1);
            self.push(kernel, record, groups, reads, to_keys);
        }
    }

    fn attention_pool_words(&mut self, op: &AttentionPool, reads: &mut Vec<Place>) -> Words {
        let mask = self.mask_of(op.mask, reads);
        let [x, scores, y, weights] = [op.x, op.scores, op.y, op.weights].map(|value| at(&self.value(value)));
        let [length, width] = words([op.length, op.width]);
        vec![x, scores, mask, y, weights, length, width, 1]
    }

    pub(super) fn attention_pool(&mut self, op: &AttentionPool) {
        let mut reads = vec![self.value(op.x), self.value(op.scores)];
        let record = Record::new(&self.attention_pool_words(op, &mut reads));
        let writes = vec![self.value(op.y), self.value(op.weights)];
        let lanes = self.lanes(op.length * op.width);
        let (kernel, groups) = self.by_rows(File::AttentionPool, "forward", 1, lanes);
        self.push(kernel, record, groups, reads, writes);
    }

    pub(super) fn attention_pool_backward(&mut self, op: &AttentionPool) {
        let dy = self.gradient(op.y);
        let mut reads = vec![
            dy.clone(),
            self.value(op.x),
            self.value(op.y),
            self.value(op.weights),
        ];
        let mut words = self.attention_pool_words(op, &mut reads);
        let mut writes = Vec::new();
        words.push(at(&dy));
        words.extend(self.claim_wanted(op.x, &mut writes));
        words.extend(self.claim_wanted(op.scores, &mut writes));
        let lanes = self.lanes(op.length * op.width);
        let (kernel, groups) = self.by_rows(File::AttentionPool, "backward", 1, lanes);
        self.push(kernel, Record::new(&words), groups, reads, writes);
    }
}
