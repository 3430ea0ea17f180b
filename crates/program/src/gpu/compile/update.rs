//! Tasks after the backward pass: regularisers, ties, clipping and the optimizer.

use std::ops::Range;

use super::{Compiler, at, words};
use crate::{
    clipping::{Clipping, ClippingKind},
    gpu::{
        kernels::{File, Kernel},
        schedule::{Buffer, NOWHERE, Place, Record},
    },
    optimizers::OptimizerConfig,
};

impl Compiler<'_> {
    pub(super) fn penalties(&mut self) {
        let plan = self.plan;
        let mut push = |range: Range<usize>, other: Option<Range<usize>>, factors: [f32; 3]| {
            let [l1, twice_l2, twice_strength] = factors.map(f32::to_bits);
            let [start, len] = words([range.start, range.len()]);
            let place = other.as_ref().map_or(NOWHERE, |other| other.start as u32);
            let record = Record::new(&[start, len, place, l1, twice_l2, twice_strength]);
            let groups = self.threads(range.len());
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

    pub(super) fn optimizer(&mut self, optimizer: &OptimizerConfig, clipping: &Clipping) {
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
    pub(super) fn clip(&mut self, ranges: &[Range<usize>], is_global: bool, threshold: f32) -> Place {
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
            let kernel = self.team(File::Clip, "square", 256);
            self.push(kernel, record, self.teams(n_parts), vec![gradient], vec![own]);
            start += n_parts;
        }
        let [from, n_sums] = words([sums.range.start, sums.range.len()]);
        let record = Record::new(&[
            0,
            0,
            0,
            from,
            n_sums,
            at(&factor),
            u32::from(is_global),
            threshold.to_bits(),
        ]);
        self.push(
            self.team(File::Clip, "finish", 256),
            record,
            [1, 1],
            vec![sums],
            vec![factor.clone()],
        );
        factor
    }

    pub(super) fn updates(
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
                self.threads(range.len()),
                reads,
                both,
            );
        }
    }
}
