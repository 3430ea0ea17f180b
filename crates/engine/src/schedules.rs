//! Learning-rate schedules, with the formulas of Keras's `CosineDecay`.
//!
//! A schedule is a factor f(t) on the learning rate, t = 0, 1, …:
//! - warm-up of w steps from factor s: f(t) = s + (1 − s)·t / w for t < w;
//! - constant: f(t) = 1 for t ≥ w;
//! - cosine over d steps down to α: f(t) = (1 − α)·½(1 + cos(π·min(t − w, d) / d)) + α for t ≥ w.
//!
//! ```
//! use mtl_engine::schedules::{Schedule, ScheduleKind};
//! let schedule = Schedule { kind: ScheduleKind::Cosine, warmup_steps: 10, ..Schedule::default() };
//! assert_eq!(schedule.at(5, 110), 0.5);
//! assert_eq!(schedule.at(10, 110), 1.0);
//! assert!((schedule.at(60, 110) - 0.5).abs() < 1e-6);
//! assert!(schedule.at(110, 110) < 1e-6);
//! ```

use mtl_kernels::elementary::cos;

mtl_base::choice! {
    /// Shape of the schedule after the warm-up.
    pub enum ScheduleKind {
        /// Constant.
        Constant = "constant", ["Constant", "恒定"];
        /// Cosine decay.
        Cosine = "cosine", ["Cosine decay", "余弦衰减"];
    }
}

mtl_base::settings! {
    /// A learning-rate schedule.
    pub struct Schedule {
        /// Shape after the warm-up.
        kind: ScheduleKind = ScheduleKind::Constant, Choice { options: ScheduleKind::OPTIONS },
            ["Schedule", "学习率调度"],
            ["How the learning rate changes after the warm-up.", "预热之后学习率如何变化。"];
        /// Number of warm-up steps.
        warmup_steps: usize = 0, Int { min: 0, max: 1_000_000, step: 10 },
            ["Warm-up steps", "预热步数"],
            ["Number of steps over which the learning rate rises linearly.", "学习率线性上升的步数。"];
        /// Factor at the start of the warm-up.
        warmup_from: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.05 },
            ["Warm-up from", "预热起点"],
            ["Share of the learning rate at step 0 of the warm-up.", "预热第 0 步所用的学习率比例。"];
        /// Number of decay steps.
        decay_steps: usize = 0, Int { min: 0, max: 100_000_000, step: 100 },
            ["Decay steps", "衰减步数"],
            ["Length of the cosine in steps; 0: until the last step of the run.", "余弦的长度（步数）；0 表示直到训练的最后一步。"];
        /// Factor at the end of the decay.
        alpha: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.01 },
            ["Alpha α", "终点比例 α"],
            ["Share of the learning rate that remains when the cosine ends.", "余弦结束时保留的学习率比例。"];
    }
}

impl Schedule {
    /// The factor on the learning rate in step `step` (the first is 0) of a run of `total_steps`.
    pub fn at(&self, step: u64, total_steps: u64) -> f32 {
        let warmup_steps = self.warmup_steps as u64;
        if step < warmup_steps {
            let fraction = step as f32 / warmup_steps as f32;
            return (1.0 - self.warmup_from) * fraction + self.warmup_from;
        }
        match self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Cosine => {
                let decay_steps = match self.decay_steps as u64 {
                    0 => total_steps.saturating_sub(warmup_steps).max(1),
                    chosen => chosen,
                };
                let fraction = (step - warmup_steps).min(decay_steps) as f32 / decay_steps as f32;
                let falling = 0.5 * (1.0 + cos(std::f32::consts::PI * fraction));
                (1.0 - self.alpha) * falling + self.alpha
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warmup_then_constant() {
        let schedule = Schedule {
            warmup_steps: 4,
            warmup_from: 0.2,
            ..Schedule::default()
        };
        let factors: Vec<f32> = (0..6).map(|step| schedule.at(step, 100)).collect();
        for (factor, expected) in factors.iter().zip([0.2, 0.4, 0.6, 0.8, 1.0, 1.0]) {
            assert!((factor - expected).abs() < 1e-6, "{factors:?}");
        }
    }

    #[test]
    fn cosine_ends_at_alpha_and_stays() {
        let schedule = Schedule {
            kind: ScheduleKind::Cosine,
            alpha: 0.1,
            decay_steps: 50,
            ..Schedule::default()
        };
        assert_eq!(schedule.at(0, 0), 1.0);
        assert!((schedule.at(50, 0) - 0.1).abs() < 1e-6);
        assert_eq!(schedule.at(50, 0), schedule.at(u64::MAX, 0));
        assert!((1..50).all(|step| schedule.at(step, 0) < schedule.at(step - 1, 0)));
    }

    #[test]
    fn a_run_of_no_steps_has_a_factor() {
        let schedule = Schedule {
            kind: ScheduleKind::Cosine,
            ..Schedule::default()
        };
        assert_eq!(schedule.at(0, 0), 1.0);
    }
}
