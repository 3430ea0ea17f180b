//! Kernels of batch normalisation.

use super::BatchNorm;
use crate::{
    losses::put,
    operation::{At, Cpu},
    specs::Mode,
};
use mtl_kernels::vector::{add_assign, add_product};

/// Whether a step (of all steps of the batch) counts.
fn counts(mask: &[f32], step: usize) -> bool {
    mask.get(step).is_none_or(|mask| *mask != 0.0)
}

/// Whether a pass in which `n` steps count normalises by their own mean and variance.
fn uses_batch(op: &BatchNorm, mode: Mode, n: usize) -> bool {
    matches!(mode, Mode::Train { .. }) && !op.frozen && n > 1
}

pub fn forward(op: &BatchNorm, cpu: &mut Cpu<'_>) {
    let width = op.width;
    let [gamma, beta, moving_mean, moving_variance] =
        [op.gamma, op.beta, op.moving_mean, op.moving_variance].map(|parameter| cpu.range(parameter));
    let momentum = momentum_of(op, cpu.memory.rows, cpu.memory.layout.max_rows);
    let [x, y, normalized, statistics, mask] = cpu.memory.get([
        At::Value(op.x),
        At::Value(op.y),
        At::Value(op.normalized),
        At::Value(op.statistics),
        At::optional(op.mask),
    ]);
    let (mean, rest) = statistics.split_at_mut(width);
    let (inverse, _) = rest.split_at_mut(width);
    let n = (0..x.len() / width).filter(|step| counts(mask, *step)).count();
    if uses_batch(op, cpu.mode, n) {
        let share = 1.0 / n as f32;
        mean.fill(0.0);
        inverse.fill(0.0);
        for (_, x) in x
            .chunks_exact(width)
            .enumerate()
            .filter(|(step, _)| counts(mask, *step))
        {
            add_assign(mean, x);
        }
        for mean in mean.iter_mut() {
            *mean *= share;
        }
        for (_, x) in x
            .chunks_exact(width)
            .enumerate()
            .filter(|(step, _)| counts(mask, *step))
        {
            for ((square, x), mean) in inverse.iter_mut().zip(x).zip(mean.iter()) {
                *square += (x - mean) * (x - mean);
            }
        }
        for variance in inverse.iter_mut() {
            *variance *= share;
        }
        for (range, batch) in [(moving_mean, &*mean), (moving_variance, &*inverse)] {
            for (moving, batch) in cpu.parameters[range].iter_mut().zip(batch) {
                *moving = *moving * momentum + batch * (1.0 - momentum);
            }
        }
    } else {
        mean.copy_from_slice(&cpu.parameters[moving_mean]);
        inverse.copy_from_slice(&cpu.parameters[moving_variance]);
    }
    for inverse in inverse.iter_mut() {
        *inverse = 1.0 / (*inverse + op.epsilon).sqrt();
    }
    let (gamma, beta) = (&cpu.parameters[gamma], &cpu.parameters[beta]);
    let rows = x
        .chunks_exact(width)
        .zip(y.chunks_exact_mut(width))
        .zip(normalized.chunks_exact_mut(width));
    for ((x, y), normalized) in rows {
        for column in 0..width {
            normalized[column] = (x[column] - mean[column]) * inverse[column];
            y[column] = gamma[column] * normalized[column] + beta[column];
        }
    }
}

/// Share of the running statistics that a batch of `rows` rows leaves: `1 - (1 - momentum) rows / max_rows`.
fn momentum_of(op: &BatchNorm, rows: usize, max_rows: usize) -> f32 {
    if rows == max_rows {
        op.momentum
    } else {
        1.0 - (1.0 - op.momentum) * (rows as f32 / max_rows as f32)
    }
}

pub fn backward(op: &BatchNorm, cpu: &mut Cpu<'_>) {
    let width = op.width;
    let wants_x = cpu.memory.wants(op.x);
    if !wants_x && !cpu.gradients.wants(op.gamma) {
        return;
    }
    let [normalized, statistics, dy] = cpu.memory.get([
        At::Value(op.normalized),
        At::Value(op.statistics),
        At::Gradient(op.y),
    ]);
    // Over every step: one that does not count is scaled by the statistics of the others, and so moves their gradient.
    let (_, sums) = statistics.split_at_mut(2 * width);
    sums.fill(0.0);
    let (sum, sum_product) = sums.split_at_mut(width);
    for (normalized, dy) in normalized.chunks_exact(width).zip(dy.chunks_exact(width)) {
        add_assign(sum, dy);
        add_product(sum_product, normalized, dy);
    }
    if cpu.gradients.wants(op.gamma) {
        for (parameter, sum) in [(op.gamma, &*sum_product), (op.beta, &*sum)] {
            let (gradient, accumulate) = cpu.gradients.claim(parameter);
            for (gradient, sum) in gradient.iter_mut().zip(sum) {
                put(gradient, *sum, accumulate);
            }
        }
    }
    if wants_x {
        let gamma = &cpu.parameters[cpu.range(op.gamma)];
        let accumulate = cpu.memory.claim(op.x);
        let [normalized, statistics, dy, dx, mask] = cpu.memory.get([
            At::Value(op.normalized),
            At::Value(op.statistics),
            At::Gradient(op.y),
            At::Gradient(op.x),
            At::optional(op.mask),
        ]);
        let (inverse, sums) = (&statistics[width..2 * width], &statistics[2 * width..]);
        let (sum, sum_product) = sums.split_at(width);
        let n = (0..dy.len() / width).filter(|step| counts(mask, *step)).count();
        let share = if uses_batch(op, cpu.mode, n) {
            1.0 / n as f32
        } else {
            0.0
        };
        let rows = normalized
            .chunks_exact(width)
            .zip(dy.chunks_exact(width))
            .zip(dx.chunks_exact_mut(width));
        for (step, ((normalized, dy), dx)) in rows.enumerate() {
            // A step that does not count moved neither the mean nor the variance.
            let share = if counts(mask, step) { share } else { 0.0 };
            for column in 0..width {
                let mean = sum[column] * share + normalized[column] * sum_product[column] * share;
                put(
                    &mut dx[column],
                    gamma[column] * inverse[column] * (dy[column] - mean),
                    accumulate,
                );
            }
        }
    }
}
