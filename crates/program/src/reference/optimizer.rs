//! Clipping and the optimizers, parameter by parameter.

use libm::{pow, sqrt};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Zip};

use super::Reference;
use crate::{
    clipping::{Clipping, ClippingKind},
    optimizers::OptimizerConfig,
};

impl Reference<'_> {
    /// Clips the gradients of what trains, with threshold c:
    /// value `g ← min(max(g, -c), c)`; norm `g ← g c / max(‖g‖, c)`, for each parameter or over all together.
    pub fn clip(&mut self, clipping: &Clipping) {
        let c = f64::from(clipping.threshold);
        let norm = |squares: f64| c / sqrt(squares).max(c);
        let squares = |gradient: &ArrayD<f64>| (gradient * gradient).sum();
        let gradients = &mut self.arrays.parameter_gradients;
        match clipping.kind {
            ClippingKind::Off => {}
            ClippingKind::Value => gradients
                .iter_mut()
                .for_each(|gradient| gradient.mapv_inplace(|g| g.clamp(-c, c))),
            ClippingKind::Norm => gradients
                .iter_mut()
                .for_each(|gradient| *gradient *= norm(squares(gradient))),
            ClippingKind::GlobalNorm => {
                let factor = norm(gradients.iter().map(squares).sum());
                gradients.iter_mut().for_each(|gradient| *gradient *= factor);
            }
        }
    }
}

/// An optimizer with its state: the arrays of each parameter.
#[derive(Clone, Debug)]
pub struct ReferenceOptimizer {
    config: OptimizerConfig,
    /// Whether only the rows of an embedding that a batch has looked up are updated, with their state.
    pub lazy_rows: bool,
    /// Steps made.
    pub step: u64,
    /// Per slot, one array per parameter: the velocity of SGD, the sum of squares of Adagrad, the means of Adam.
    pub slots: Vec<Vec<ArrayD<f64>>>,
}

impl ReferenceOptimizer {
    /// An optimizer that has made no step yet.
    pub fn new(config: &OptimizerConfig, run: &Reference<'_>) -> Self {
        let start = f64::from(config.slot_start());
        let slot = || {
            run.parameters()
                .iter()
                .map(|array| ArrayD::from_elem(array.raw_dim(), start))
                .collect()
        };
        Self {
            config: config.clone(),
            lazy_rows: false,
            step: 0,
            slots: (0..config.n_slots()).map(|_| slot()).collect(),
        }
    }

    /// Changes the parameters that train by their gradients.
    pub fn apply(&mut self, run: &mut Reference<'_>, learning_rate: f64) {
        self.step += 1;
        let plan = run.plan();
        for (index, spec) in plan
            .parameters
            .iter()
            .enumerate()
            .filter(|(_, spec)| spec.trainable)
        {
            let (values, gradients) = (
                &mut run.arrays.parameters[index],
                &run.arrays.parameter_gradients[index],
            );
            let mut slots: Vec<_> = self.slots.iter_mut().map(|slot| slot[index].view_mut()).collect();
            if !self.lazy_rows || !spec.sparse {
                update(
                    &self.config,
                    self.step,
                    learning_rate,
                    values.view_mut(),
                    gradients.view(),
                    &mut slots,
                );
                continue;
            }
            for row in &run.arrays.touched[index] {
                let mut slots: Vec<_> = slots
                    .iter_mut()
                    .map(|slot| slot.index_axis_mut(Axis(0), *row))
                    .collect();
                let (values, gradients) = (
                    values.index_axis_mut(Axis(0), *row),
                    gradients.index_axis(Axis(0), *row),
                );
                update(
                    &self.config,
                    self.step,
                    learning_rate,
                    values,
                    gradients,
                    &mut slots,
                );
            }
        }
    }
}

/// One step on θ with gradient g, learning rate η, in step t.
fn update(
    config: &OptimizerConfig,
    step: u64,
    rate: f64,
    mut theta: ArrayViewMutD<'_, f64>,
    g: ArrayViewD<'_, f64>,
    slots: &mut [ArrayViewMutD<'_, f64>],
) {
    match (config, slots) {
        // θ ← θ - η g; with momentum v ← μ v - η g, then θ ← θ + v, or θ ← θ + μ v - η g (Nesterov).
        (OptimizerConfig::Sgd(sgd), slots) => {
            let mu = typed(sgd.momentum);
            match slots {
                [] => theta.scaled_add(-rate, &g),
                [v, ..] => Zip::from(theta).and(v).and(g).for_each(|theta, v, g| {
                    *v = mu * *v - rate * g;
                    *theta += if sgd.nesterov { mu * *v - rate * g } else { *v };
                }),
            }
        }
        // a ← a + g², θ ← θ - η g / √(a + ε).
        (OptimizerConfig::Adagrad(adagrad), [a]) => {
            let epsilon = typed(adagrad.epsilon);
            Zip::from(theta).and(a).and(g).for_each(|theta, a, g| {
                *a += g * g;
                *theta -= rate * g / sqrt(*a + epsilon);
            });
        }
        (OptimizerConfig::Adam(adam), [m, v]) => {
            adam_step(
                [adam.beta_1, adam.beta_2, adam.epsilon].map(typed),
                step,
                rate,
                theta,
                g,
                m,
                v,
            );
        }
        // θ ← θ - λ η θ, then Adam.
        (OptimizerConfig::AdamW(adam), [m, v]) => {
            theta *= 1.0 - typed(adam.weight_decay) * rate;
            adam_step(
                [adam.beta_1, adam.beta_2, adam.epsilon].map(typed),
                step,
                rate,
                theta,
                g,
                m,
                v,
            );
        }
        (config, slots) => unreachable!("{} with {} slots", config.key(), slots.len()),
    }
}

/// m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - α m / (√v + ε) with α = η √(1 - β₂ᵗ) / (1 - β₁ᵗ).
fn adam_step(
    [beta_1, beta_2, epsilon]: [f64; 3],
    step: u64,
    rate: f64,
    theta: ArrayViewMutD<'_, f64>,
    g: ArrayViewD<'_, f64>,
    m: &mut ArrayViewMutD<'_, f64>,
    v: &mut ArrayViewMutD<'_, f64>,
) {
    let t = step as f64;
    let alpha = rate * sqrt(1.0 - pow(beta_2, t)) / (1.0 - pow(beta_1, t));
    Zip::from(theta).and(m).and(v).and(g).for_each(|theta, m, v, g| {
        *m = beta_1 * *m + (1.0 - beta_1) * g;
        *v = beta_2 * *v + (1.0 - beta_2) * g * g;
        *theta -= alpha * *m / (sqrt(*v) + epsilon);
    });
}

/// The decimal number that a setting was typed as: 0.999, not the nearest `f32` to it.
fn typed(setting: f32) -> f64 {
    setting.to_string().parse().unwrap_or(f64::from(setting))
}
