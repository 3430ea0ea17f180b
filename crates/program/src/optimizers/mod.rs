//! Optimizers: how a gradient changes the parameters. Keras's update rules and defaults.
//!
//! All parameters of a plan lie in one flat buffer `θ` of `f32`, and so do the gradients `g` and each *slot* of an
//! optimizer's state (moments, accumulators). A step is one pass over these buffers; nothing is allocated. One file per
//! method holds its formula, its settings and its update; the list below makes the enums.
//!
//! ```
//! use mtl_program::optimizers::{Optimizer, OptimizerConfig};
//! let config = OptimizerConfig::from_key("adam").unwrap_or_default();
//! let mut optimizer = Optimizer::new(&config, 2);
//! let mut parameters = [1.0, -1.0];
//! optimizer.apply(&mut parameters, &[0.5, -0.5], 0.1);
//! // Adam's first step has the length of the learning rate, whatever the gradient's.
//! assert!((parameters[0] - 0.9).abs() < 1e-5 && (parameters[1] + 0.9).abs() < 1e-5);
//! ```
//!
//! Frozen parameters are left out with [`Optimizer::apply_ranges`], and so are the rows of an embedding that the batch
//! has not touched when they are updated *lazily* (see [`parts`](crate::parts)): only rows that the batch has touched change, and so do only their moments (as in TensorFlow
//! Addons' `LazyAdam` and PyTorch's `SparseAdam`); the step count, and with it Adam's bias correction, is global. The
//! cost then does not depend on the vocabulary. It is a different method from dense Adam, whose moments go on
//! moving a row after its gradient has become 0, and AdamW's decay reaches touched rows only.

pub mod adagrad;
pub mod adam;
pub mod adamw;
pub mod sgd;

use std::fmt::Write;
use std::ops::Range;

use thiserror::Error;

use mtl_base::settings::Settings;
use mtl_base::text::{Explain, Message};
use mtl_kernels::vector::all_finite;

/// The most slots that an optimizer has per parameter.
pub const MAX_SLOTS: usize = 2;

/// Parameters that are updated at once: 16 kB with two slots.
const BLOCK: usize = 1024;

/// Keeps a [scale](Method::scales) finite where nothing has moved a parameter and ε is 0.
const SMALLEST_DIVISOR: f32 = 1e-12;

/// Interface of an optimizer.
pub trait Method: Settings {
    /// Constants of one step, the same for every parameter.
    type Constants: Copy + std::fmt::Debug;
    /// Number of state values per parameter.
    fn n_slots(&self) -> usize;
    /// Initial value of a slot.
    fn slot_start(&self) -> f32 {
        0.0
    }
    /// The factor by which it multiplies each number of a gradient, as its state `slots` stands, but for what is the same for
    /// all: `1 / (√v + ε)` of an adaptive method, 1 of another. All slices have the same length.
    fn scales(&self, slots: [&[f32]; MAX_SLOTS], scales: &mut [f32]) {
        let _ = slots;
        scales.fill(1.0);
    }
    /// The constants of step `step` (the first is 1).
    fn constants(&self, step: u64, learning_rate: f32) -> Self::Constants;
    /// Changes `values`; all slices have the same length, slots beyond [`Method::n_slots`] are empty.
    fn update(
        constants: &Self::Constants,
        values: &mut [f32],
        gradients: &[f32],
        slots: [&mut [f32]; MAX_SLOTS],
    );
}

macro_rules! optimizers {
    ($( $module:ident :: $name:ident = $key:literal, learning_rate $rate:literal, [$en:literal, $zh:literal]; )+) => {
        mtl_base::kinds! {
            /// An optimizer and its settings.
            pub enum OptimizerConfig by "type" {
                $( #[doc = concat!("See [`", stringify!($module), "`].")] $name($module::$name) = $key, [$en, $zh]; )+
            }
        }

        impl OptimizerConfig {
            /// Keras's default learning rate for it.
            pub const fn default_learning_rate(&self) -> f32 {
                match self { $( Self::$name(_) => $rate ),+ }
            }

            /// Number of state values per parameter.
            pub fn n_slots(&self) -> usize {
                match self { $( Self::$name(method) => method.n_slots() ),+ }
            }

            /// Initial values of its slots.
            pub fn slot_start(&self) -> f32 {
                match self { $( Self::$name(method) => method.slot_start() ),+ }
            }

            /// Constants of step `step` (the first is 1), the same for every parameter.
            pub fn constants(&self, step: u64, learning_rate: f32) -> StepConstants {
                match self { $( Self::$name(method) => StepConstants::$name(method.constants(step, learning_rate)) ),+ }
            }

            fn scales(&self, slots: [&[f32]; MAX_SLOTS], scales: &mut [f32]) {
                match self { $( Self::$name(method) => method.scales(slots, scales) ),+ }
            }
        }

        /// Constants of one step, the same for every parameter, as they are passed to a GPU kernel.
        #[derive(Clone, Copy, Debug)]
        pub enum StepConstants {
            $( #[doc = concat!("Those of [`", stringify!($module), "`].")]
               $name(<$module::$name as Method>::Constants), )+
        }

        impl StepConstants {
            fn update(&self, values: &mut [f32], gradients: &[f32], slots: [&mut [f32]; MAX_SLOTS]) {
                match self { $( Self::$name(constants) => $module::$name::update(constants, values, gradients, slots) ),+ }
            }
        }
    };
}

optimizers! {
    sgd::Sgd = "sgd", learning_rate 0.01, ["SGD", "SGD"];
    adagrad::Adagrad = "adagrad", learning_rate 0.001, ["Adagrad", "Adagrad"];
    adam::Adam = "adam", learning_rate 0.001, ["Adam", "Adam"];
    adamw::AdamW = "adamw", learning_rate 0.001, ["AdamW", "AdamW"];
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(adam::Adam::default())
    }
}

/// Why a saved state does not fit an optimizer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Another optimizer, or other settings, saved it.
    #[error(
        "{optimizer} keeps {expected} numbers per parameter, the saved state has {got}; it belongs to another optimizer"
    )]
    Slots {
        /// This optimizer.
        optimizer: &'static str,
        /// Number of slots of this optimizer.
        expected: usize,
        /// Number of slots in the saved state.
        got: usize,
    },
    /// It belongs to another model.
    #[error(
        "slot {slot} of the optimizer has {expected} numbers, the saved state has {got}; it belongs to another model"
    )]
    Length {
        /// Index of the slot.
        slot: usize,
        /// Parameters of this model.
        expected: usize,
        /// Number of values in the saved state.
        got: usize,
    },
}

impl Explain for StateError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Slots {
                optimizer,
                expected,
                got,
            } => {
                format!("{optimizer} 每个参数保存 {expected} 个数，存档中有 {got} 个；它属于另一个优化器")
            }
            Self::Length { slot, expected, got } => {
                format!("优化器的第 {slot} 个状态应有 {expected} 个数，存档中有 {got} 个；它属于另一个模型")
            }
        };
        Message::new(self.to_string(), zh)
    }
}

/// An optimizer with its state for a flat buffer of parameters.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    n_parameters: usize,
    step: u64,
    slots: Vec<Vec<f32>>,
}

impl Optimizer {
    /// An optimizer in its initial state.
    pub fn new(config: &OptimizerConfig, n_parameters: usize) -> Self {
        let slots = (0..config.n_slots())
            .map(|_| vec![config.slot_start(); n_parameters])
            .collect();
        Self {
            config: config.clone(),
            n_parameters,
            step: 0,
            slots,
        }
    }

    /// The settings that it was made with.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// How many steps have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Its state: for each slot one number per parameter.
    pub fn slots(&self) -> &[Vec<f32>] {
        &self.slots
    }

    /// Restores a state from [`Optimizer::step`] and [`Optimizer::slots`]. On an error nothing changes.
    pub fn restore(&mut self, step: u64, slots: &[Vec<f32>]) -> Result<(), StateError> {
        if slots.len() != self.slots.len() {
            let optimizer = self.config.key();
            return Err(StateError::Slots {
                optimizer,
                expected: self.slots.len(),
                got: slots.len(),
            });
        }
        if let Some(slot) = slots.iter().position(|values| values.len() != self.n_parameters) {
            return Err(StateError::Length {
                slot,
                expected: self.n_parameters,
                got: slots[slot].len(),
            });
        }
        for (own, saved) in self.slots.iter_mut().zip(slots) {
            own.copy_from_slice(saved);
        }
        self.step = step;
        Ok(())
    }

    /// Writes the factor by which it multiplies each number of a gradient in `range`, but for what is the same for all.
    pub fn scales(&self, range: Range<usize>, scales: &mut [f32]) {
        let mut slots = self.slots.iter();
        let mut part = || slots.next().map_or(&[][..], |slot| &slot[range.clone()]);
        let parts = [part(), part()];
        self.config.scales(parts, scales);
    }

    /// One step on every parameter.
    pub fn apply(&mut self, values: &mut [f32], gradients: &[f32], learning_rate: f32) {
        let all = 0..self.n_parameters;
        let _ = self.begin_step(learning_rate).apply_range(all, values, gradients);
    }

    /// One step on the parameters in `ranges` (which must not overlap); the others are frozen. Returns whether all new values are
    /// finite.
    pub fn apply_ranges(
        &mut self,
        ranges: &[Range<usize>],
        values: &mut [f32],
        gradients: &[f32],
        learning_rate: f32,
    ) -> bool {
        let mut step = self.begin_step(learning_rate);
        let mut is_finite = true;
        for range in ranges {
            is_finite &= step.apply_range(range.clone(), values, gradients);
        }
        is_finite
    }

    fn begin_step(&mut self, learning_rate: f32) -> Step<'_> {
        self.step += 1;
        Step {
            constants: self.config.constants(self.step, learning_rate),
            slots: &mut self.slots,
        }
    }
}

/// One step under way: each parameter may be named once.
struct Step<'a> {
    constants: StepConstants,
    slots: &'a mut [Vec<f32>],
}

impl Step<'_> {
    /// Updates the parameters in `range`, and returns whether they are finite; `values` and `gradients` are the whole flat buffers.
    fn apply_range(&mut self, range: Range<usize>, values: &mut [f32], gradients: &[f32]) -> bool {
        let mut is_finite = true;
        // In blocks, so that a block is still in the cache when it is checked.
        for start in range.clone().step_by(BLOCK) {
            let block = start..(start + BLOCK).min(range.end);
            let mut slots = self.slots.iter_mut();
            let mut part = || slots.next().map_or(&mut [][..], |slot| &mut slot[block.clone()]);
            let parts = [part(), part()];
            let values = &mut values[block.clone()];
            self.constants.update(values, &gradients[block], parts);
            is_finite &= all_finite(values);
        }
        is_finite
    }
}

/// The decimal number that a person typed for an `f32` setting: 0.999 and not 0.99900001287. Keras computes
/// `1 - beta_2` from the former, and the difference would be seen in the fifth digit of a step.
fn as_typed(setting: f32) -> f64 {
    let mut digits = Digits {
        bytes: [0; 64],
        len: 0,
    };
    let written = write!(digits, "{setting}").is_ok();
    let text = std::str::from_utf8(&digits.bytes[..digits.len]).unwrap_or_default();
    text.parse()
        .ok()
        .filter(|_| written)
        .unwrap_or(f64::from(setting))
}

/// Buffer for the digits of a number, so that a step does not allocate.
struct Digits {
    bytes: [u8; 64],
    len: usize,
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes
            .get_mut(self.len..end)
            .ok_or(std::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mtl_base::settings::Value;

    use super::*;
    use crate::parts::Parts;

    fn all_configs() -> Vec<OptimizerConfig> {
        OptimizerConfig::OPTIONS
            .iter()
            .map(|(key, _)| OptimizerConfig::from_key(key).unwrap())
            .collect()
    }

    fn gradients(n: usize, step: usize) -> Vec<f32> {
        (0..n)
            .map(|index| ((index * 7 + step * 3) % 11) as f32 * 0.1 - 0.5)
            .collect()
    }

    #[test]
    fn configs_round_trip_and_take_defaults() {
        for config in all_configs() {
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(
                serde_json::from_str::<OptimizerConfig>(&json).unwrap(),
                config,
                "{json}"
            );
        }
        let short: OptimizerConfig = serde_json::from_str(r#"{"type":"adamw","beta_1":0.8}"#).unwrap();
        assert_eq!(short.get("beta_1"), Some(Value::Real(0.8)));
        assert_eq!(short.get("weight_decay"), Some(Value::Real(0.004)));
    }

    #[test]
    fn frozen_ranges_keep_their_bits() {
        let n = 37;
        for mut config in all_configs() {
            if let OptimizerConfig::Sgd(sgd) = &mut config {
                sgd.momentum = 0.9;
            }
            let mut whole = Optimizer::new(&config, n);
            let mut parts = Optimizer::new(&config, n);
            let start: Vec<f32> = (0..n).map(|index| index as f32 * 0.01).collect();
            let (mut whole_values, mut part_values) = (start.clone(), start.clone());
            for step in 0..5 {
                whole.apply(&mut whole_values, &gradients(n, step), 0.01);
                parts.apply_ranges(&[0..10, 20..n], &mut part_values, &gradients(n, step), 0.01);
            }
            assert_eq!(part_values[..10], whole_values[..10], "{}", config.key());
            assert_eq!(part_values[20..], whole_values[20..], "{}", config.key());
            assert_eq!(part_values[10..20], start[10..20], "{}", config.key());
        }
    }

    #[test]
    fn blocks_are_the_whole_and_a_value_that_is_not_finite_is_noticed() {
        let n = 2 * BLOCK + 7;
        for config in all_configs() {
            let mut whole = Optimizer::new(&config, n);
            let mut parts = Optimizer::new(&config, n);
            let first: Vec<f32> = (0..n).map(|index| index as f32 * 1e-3 - 1.0).collect();
            let (mut whole_values, mut part_values) = (first.clone(), first);
            let ranges = [0..5, 5..BLOCK + 3, BLOCK + 3..n];
            let finite = gradients(n, 0);
            whole.apply(&mut whole_values, &finite, 0.01);
            assert!(parts.apply_ranges(&ranges, &mut part_values, &finite, 0.01));
            assert_eq!(whole_values, part_values, "{}", config.key());
            for position in [0, BLOCK + 2, n - 1] {
                let mut optimizer = Optimizer::new(&config, n);
                let (mut values, mut gradients) = (part_values.clone(), finite.clone());
                gradients[position] = f32::NAN;
                assert!(
                    !optimizer.apply_ranges(&ranges, &mut values, &gradients, 0.01),
                    "{position}"
                );
                let frozen = [0..position, position + 1..n];
                gradients[position] = f32::INFINITY;
                assert!(optimizer.apply_ranges(&frozen, &mut part_values.clone(), &gradients, 0.01));
            }
        }
    }

    #[test]
    fn lazy_rows_change_touched_rows_only() {
        let (start, width, n_rows) = (5, 3, 8);
        let n = start + width * n_rows;
        for config in all_configs() {
            let mut dense = Optimizer::new(&config, n);
            let mut lazy = Optimizer::new(&config, n);
            let first: Vec<f32> = (0..n).map(|index| index as f32 * 0.1 - 1.0).collect();
            let (mut dense_values, mut lazy_values) = (first.clone(), first.clone());
            let rows = [1, 2, 6];
            let mut parts = Parts::default();
            parts.push_rows(start, width, &rows);
            for step in 0..3 {
                let gradients = gradients(n, step);
                dense.apply(&mut dense_values, &gradients, 0.05);
                lazy.apply_ranges(parts.ranges(), &mut lazy_values, &gradients, 0.05);
            }
            assert_eq!(lazy.step(), 3);
            for index in 0..n {
                let row = index.checked_sub(start).map(|offset| (offset / width) as u32);
                let touched = row.is_some_and(|row| rows.contains(&row));
                let expected = if touched {
                    dense_values[index]
                } else {
                    first[index]
                };
                assert_eq!(
                    lazy_values[index].to_bits(),
                    expected.to_bits(),
                    "{} at {index}",
                    config.key()
                );
                for (slot, values) in lazy.slots().iter().enumerate() {
                    let expected = if touched {
                        dense.slots()[slot][index]
                    } else {
                        config.slot_start()
                    };
                    assert_eq!(
                        values[index].to_bits(),
                        expected.to_bits(),
                        "{} slot {slot}",
                        config.key()
                    );
                }
            }
        }
    }

    #[test]
    fn a_restored_optimizer_goes_on_with_the_same_bits() {
        let n = 9;
        for config in all_configs() {
            let mut first = Optimizer::new(&config, n);
            let mut values = vec![0.5; n];
            for step in 0..4 {
                first.apply(&mut values, &gradients(n, step), 0.02);
            }
            let mut second = Optimizer::new(&config, n);
            second.restore(first.step(), first.slots()).unwrap();
            let mut copy = values.clone();
            first.apply(&mut values, &gradients(n, 4), 0.02);
            second.apply(&mut copy, &gradients(n, 4), 0.02);
            assert_eq!(values, copy, "{}", config.key());
        }
    }

    #[test]
    fn a_state_of_another_kind_is_refused() {
        let mut adam = Optimizer::new(&OptimizerConfig::default(), 3);
        let error = adam.restore(1, &[vec![0.0; 3]]).unwrap_err();
        assert_eq!(
            error,
            StateError::Slots {
                optimizer: "adam",
                expected: 2,
                got: 1
            }
        );
        let error = adam.restore(1, &[vec![0.0; 3], vec![0.0; 4]]).unwrap_err();
        assert_eq!(
            error,
            StateError::Length {
                slot: 1,
                expected: 3,
                got: 4
            }
        );
        assert!(error.explain().zh.contains('4'));
    }
}
