//! Adam for the few numbers that a method learns, one at a time, so that a task that takes no part in a step keeps
//! its own.

use mtl_base::text::Text;

use crate::problem::Slot;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Mean of the gradients: comes after the learned vector in a method's slots.
pub(super) const MEAN: Slot = Slot::per_task("adam_mean", Text::new("Mean gradient", "梯度均值"), 0.0);
/// Mean of the squared gradients.
pub(super) const SQUARE: Slot = Slot::per_task("adam_square", Text::new("Mean square", "梯度平方均值"), 0.0);
/// Powers of the two decay rates, which the bias corrections need: first all of β₁, then all of β₂.
pub(super) const DECAY_1: Slot = Slot::per_task("adam_decay_1", Text::new("Power of β₁", "β₁ 的幂"), 1.0);
/// See [`DECAY_1`].
pub(super) const DECAY_2: Slot = Slot::per_task("adam_decay_2", Text::new("Power of β₂", "β₂ 的幂"), 1.0);

/// Moves number `index` of slot `learned` against its gradient; the four slots behind it are Adam's.
pub(super) fn step(slots: &mut [Vec<f64>], learned: usize, index: usize, gradient: f64, learning_rate: f64) {
    let [mean, square, decay_1, decay_2] = [1, 2, 3, 4].map(|offset| learned + offset);
    let at = |slots: &[Vec<f64>], slot: usize| slots[slot][index];
    slots[mean][index] = BETA_1 * at(slots, mean) + (1.0 - BETA_1) * gradient;
    slots[square][index] = BETA_2 * at(slots, square) + (1.0 - BETA_2) * gradient * gradient;
    slots[decay_1][index] *= BETA_1;
    slots[decay_2][index] *= BETA_2;
    let corrected_mean = at(slots, mean) / (1.0 - at(slots, decay_1));
    let corrected_square = at(slots, square) / (1.0 - at(slots, decay_2));
    slots[learned][index] -= learning_rate * corrected_mean / (corrected_square.sqrt() + EPSILON);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Shape;

    #[test]
    fn the_first_step_has_the_length_of_the_learning_rate() {
        let mut slots = vec![
            vec![0.5; 2],
            vec![0.0; 2],
            vec![0.0; 2],
            vec![1.0; 2],
            vec![1.0; 2],
        ];
        step(&mut slots, 0, 1, -3.0, 0.01);
        assert!(
            (slots[0][1] - 0.51).abs() < 1e-9 && slots[0][0] == 0.5,
            "{slots:?}"
        );
    }

    #[test]
    fn its_slots_are_numbers_of_tasks() {
        assert!(
            [MEAN, SQUARE, DECAY_1, DECAY_2]
                .iter()
                .all(|slot| slot.shape == Shape::PerTask)
        );
    }
}
