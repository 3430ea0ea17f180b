//! One step of an LSTM over packed rows.

use crate::elementary::{sigmoid, tanh};
use crate::multiversion;

multiversion! {
    /// One step of some rows: z becomes the gates; `last` is c of the step before, or empty for 0.
    pub fn step_forward(
        z: &mut [f32],
        last: &[f32],
        cells: &mut [f32],
        squashed: &mut [f32],
        state: &mut [f32],
        units: usize,
    ) {
        for (row, z) in z.chunks_exact_mut(4 * units).enumerate() {
            let (input, rest) = z.split_at_mut(units);
            let (forget, rest) = rest.split_at_mut(units);
            let (candidate, output) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let cells = &mut cells[row.clone()];
            for ((cell, input), candidate) in cells.iter_mut().zip(input.iter_mut()).zip(candidate.iter_mut()) {
                *input = sigmoid(*input);
                *candidate = tanh(*candidate);
                *cell = *input * *candidate;
            }
            for forget in forget.iter_mut() {
                *forget = sigmoid(*forget);
            }
            if !last.is_empty() {
                for ((cell, forget), last) in cells.iter_mut().zip(forget.iter()).zip(&last[row.clone()]) {
                    *cell += *forget * last;
                }
            }
            let squashed = squashed[row.clone()].iter_mut();
            let values = cells.iter().zip(output.iter_mut());
            for (((cell, output), squashed), state) in values.zip(squashed).zip(state[row].iter_mut()) {
                *output = sigmoid(*output);
                *squashed = tanh(*cell);
                *state = *output * *squashed;
            }
        }
    }

    /// One step back: `dc` comes in as dc of this step and goes out as dc of the step before.
    pub fn step_backward(
        gates: &[f32],
        last: &[f32],
        squashed: &[f32],
        dh: &[f32],
        dc: &mut [f32],
        dz: &mut [f32],
        units: usize,
    ) {
        for (row, (gates, dz)) in gates.chunks_exact(4 * units).zip(dz.chunks_exact_mut(4 * units)).enumerate() {
            let (input, rest) = gates.split_at(units);
            let (forget, rest) = rest.split_at(units);
            let (candidate, output) = rest.split_at(units);
            let (d_input, rest) = dz.split_at_mut(units);
            let (d_forget, rest) = rest.split_at_mut(units);
            let (d_candidate, d_output) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let (squashed, dh, dc) = (&squashed[row.clone()], &dh[row.clone()], &mut dc[row.clone()]);
            if last.is_empty() {
                d_forget.fill(0.0);
            }
            for j in 0..units {
                let (o, t) = (output[j], squashed[j]);
                d_output[j] = dh[j] * t * o * (1.0 - o);
                dc[j] += dh[j] * o * (1.0 - t * t);
            }
            for j in 0..units {
                let (i, g) = (input[j], candidate[j]);
                d_input[j] = dc[j] * g * i * (1.0 - i);
                d_candidate[j] = dc[j] * i * (1.0 - g * g);
            }
            if !last.is_empty() {
                let last = &last[row.clone()];
                for j in 0..units {
                    d_forget[j] = dc[j] * last[j] * forget[j] * (1.0 - forget[j]);
                }
            }
            for j in 0..units {
                dc[j] *= forget[j];
            }
        }
    }
}
