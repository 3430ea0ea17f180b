//! One step of a GRU over packed rows.

use crate::elementary::{sigmoid, tanh};
use crate::multiversion;

multiversion! {
    /// One step of some rows: `gates` comes in as a and goes out as z, r, g.
    pub fn step_forward(gates: &mut [f32], inner: &[f32], before: &[f32], state: &mut [f32], units: usize) {
        let rows = gates.chunks_exact_mut(3 * units).zip(inner.chunks_exact(3 * units));
        for (row, (gates, inner)) in rows.enumerate() {
            let (update, rest) = gates.split_at_mut(units);
            let (reset, candidate) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let (before, state) = (&before[row.clone()], &mut state[row]);
            for (update, inner) in update.iter_mut().zip(&inner[..units]) {
                *update = sigmoid(*update + inner);
            }
            for (reset, inner) in reset.iter_mut().zip(&inner[units..2 * units]) {
                *reset = sigmoid(*reset + inner);
            }
            for ((candidate, reset), inner) in candidate.iter_mut().zip(reset.iter()).zip(&inner[2 * units..]) {
                *candidate = tanh(*candidate + reset * inner);
            }
            let values = update.iter().zip(candidate.iter()).zip(before);
            for (state, ((update, candidate), before)) in state.iter_mut().zip(values) {
                *state = update * before + (1.0 - update) * candidate;
            }
        }
    }

    /// One step back: `dh` comes in as dh of this step and goes out as its direct part of dh of the step before.
    pub fn step_backward(
        gates: &[f32],
        inner: &[f32],
        before: &[f32],
        dh: &mut [f32],
        da: &mut [f32],
        de: &mut [f32],
        units: usize,
    ) {
        let rows = gates.chunks_exact(3 * units).zip(inner.chunks_exact(3 * units));
        let outputs = da.chunks_exact_mut(3 * units).zip(de.chunks_exact_mut(3 * units));
        for (row, ((gates, inner), (da, de))) in rows.zip(outputs).enumerate() {
            let (update, rest) = gates.split_at(units);
            let (reset, candidate) = rest.split_at(units);
            let inner_candidate = &inner[2 * units..];
            let row = row * units..(row + 1) * units;
            let (before, dh) = (&before[row.clone()], &mut dh[row]);
            for j in 0..units {
                let (z, r, g) = (update[j], reset[j], candidate[j]);
                let d_candidate = dh[j] * (1.0 - z) * (1.0 - g * g);
                let d_reset = d_candidate * inner_candidate[j] * r * (1.0 - r);
                let d_update = dh[j] * (before[j] - g) * z * (1.0 - z);
                da[j] = d_update;
                da[units + j] = d_reset;
                da[2 * units + j] = d_candidate;
                de[j] = d_update;
                de[units + j] = d_reset;
                de[2 * units + j] = d_candidate * r;
                dh[j] *= z;
            }
        }
    }
}
