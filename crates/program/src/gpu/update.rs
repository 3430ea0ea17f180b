//! Tasks after the backward pass: regularisers, ties, clipping and the optimizer.

use std::ops::Range;

use crate::{
    clipping::{Clipping, ClippingKind},
    operation::gpu::{
        Address, Buffer, GpuCompiler, GpuRecord, Kernel, Place, Shader, gpu_record, of_range, wgsl,
    },
    optimizers::OptimizerConfig,
    plan::Plan,
};

gpu_record! {
    /// Constants of the penalty kernel.
    struct PenaltyRecord {
        /// Where the parameter starts.
        start: usize,
        /// Its numbers.
        length: usize,
        /// Where the tied parameter starts; nowhere: none.
        other: Address,
        /// Factor of Σ |w|.
        l1: f32,
        /// Twice the factor of Σ w².
        twice_l2: f32,
        /// Twice the strength of the tie.
        twice_strength: f32,
    }
}

/// Gradients of regularisers and ties.
pub static PENALTY: Shader = Shader {
    entries: &[of_range("add")],
    ..Shader::plain(wgsl!("penalty"), PenaltyRecord::FIELDS)
};

gpu_record! {
    /// Constants of the clipping kernels.
    struct ClipRecord {
        /// Where the gradients start.
        start: usize,
        /// Numbers.
        length: usize,
        /// Parts that are summed on their own.
        n_parts: usize,
        /// Where their sums are.
        sums: usize,
        /// Number of sums, of all ranges.
        n_sums: usize,
        /// Where the factor goes.
        factor: Address,
        /// Whether the norm is that of all parameters.
        is_global: bool,
        /// The threshold.
        threshold: f32,
    }
}

/// Clipping by norm.
pub static CLIP: Shader = Shader::by_teams(wgsl!("clip"), ClipRecord::FIELDS);

gpu_record! {
    /// Constants of the optimizers' kernels.
    struct UpdateRecord {
        /// Where the parameters start.
        start: usize,
        /// Numbers.
        length: usize,
        /// Where in the arena clipping by norm has left its factor; nowhere: not clipped so.
        factor: Address,
        /// Threshold of clipping by value; 0: off.
        threshold: f32,
    }
}

/// See [`optimizers`](crate::optimizers).
pub static OPTIMIZER: Shader = Shader {
    entries: &[
        of_range("sgd"),
        of_range("momentum"),
        of_range("nesterov"),
        of_range("adagrad"),
        of_range("adam"),
        of_range("adamw"),
    ],
    ..Shader::plain(wgsl!("optimizer"), UpdateRecord::FIELDS)
};

/// Adds the tasks that add the gradients of regularisers and ties.
pub fn penalties(plan: &Plan, gpu: &mut GpuCompiler<'_>) {
    let mut push =
        |range: Range<usize>, other: Option<Range<usize>>, [l1, twice_l2, twice_strength]: [f32; 3]| {
            let other = other.map(|range| Place::new(Buffer::Values, range));
            let record = PenaltyRecord {
                start: range.start,
                length: range.len(),
                other: Address::of(other.as_ref()),
                l1,
                twice_l2,
                twice_strength,
            };
            let groups = gpu.threads(range.len());
            let gradient = Place::new(Buffer::Gradients, range.clone());
            let mut reads = vec![Place::new(Buffer::Values, range), gradient.clone()];
            reads.extend(other);
            gpu.push(
                Kernel::new(&PENALTY, "add"),
                &record,
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

/// Adds the tasks of clipping and of the optimizer.
pub fn optimizer(plan: &Plan, gpu: &mut GpuCompiler<'_>, optimizer: &OptimizerConfig, clipping: &Clipping) {
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
        ClippingKind::Off => updates(gpu, optimizer, &merged, None, 0.0),
        ClippingKind::Value => updates(gpu, optimizer, &merged, None, threshold),
        ClippingKind::GlobalNorm => {
            let factor = clip(gpu, &merged, true, threshold);
            updates(gpu, optimizer, &merged, Some(&factor), 0.0);
        }
        ClippingKind::Norm => {
            for range in &trained {
                let range = std::slice::from_ref(range);
                let factor = clip(gpu, range, false, threshold);
                updates(gpu, optimizer, range, Some(&factor), 0.0);
            }
        }
    }
}

/// The factor that brings the norm of `ranges` below the threshold.
fn clip(gpu: &mut GpuCompiler<'_>, ranges: &[Range<usize>], is_global: bool, threshold: f32) -> Place {
    let n_parts: Vec<usize> = ranges
        .iter()
        .map(|range| range.len().div_ceil(4096).clamp(1, 32))
        .collect();
    let sums = gpu.scratch(n_parts.iter().sum());
    let factor = gpu.scratch(1);
    let mut start = sums.range.start;
    for (range, n_parts) in ranges.iter().zip(n_parts) {
        let record = ClipRecord {
            start: range.start,
            length: range.len(),
            n_parts,
            sums: start,
            ..ClipRecord::default()
        };
        let own = Place::new(Buffer::Arena, start..start + n_parts);
        let gradient = Place::new(Buffer::Gradients, range.clone());
        let (kernel, groups) = (gpu.team(&CLIP, "square", 256), gpu.teams(n_parts));
        gpu.push(kernel, &record, groups, vec![gradient], vec![own]);
        start += n_parts;
    }
    let record = ClipRecord {
        sums: sums.range.start,
        n_sums: sums.len(),
        factor: factor.at(),
        is_global,
        threshold,
        ..ClipRecord::default()
    };
    let kernel = gpu.team(&CLIP, "finish", 256);
    gpu.push(kernel, &record, [1, 1], vec![sums], vec![factor.clone()]);
    factor
}

fn updates(
    gpu: &mut GpuCompiler<'_>,
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
        let record = UpdateRecord {
            start: range.start,
            length: range.len(),
            factor: Address::of(factor),
            threshold,
        };
        let both = vec![
            Place::new(Buffer::Values, range.clone()),
            Place::new(Buffer::Gradients, range.clone()),
        ];
        let mut reads = both.clone();
        reads.extend(factor.cloned());
        let groups = gpu.threads(range.len());
        gpu.push(Kernel::new(&OPTIMIZER, entry), &record, groups, reads, both);
    }
}
