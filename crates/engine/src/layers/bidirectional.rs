//! Reads a sequence from both ends with an LSTM or a GRU each, and puts the two results side by side.
//!
//! | input | output |
//! |---|---|
//! | sequence `length × n` | vector of 2u, or sequence `length × 2u` |

use super::{ANY_OUTPUT, Category, Gru, InputPort, LayerKind, LowerError, Lstm, OutputPort, SEQUENCE_INPUT, Sample, gru::lower_gru, lstm::lower_lstm, only, sequence};
use crate::{ops, plan::{Lowering, Signal}, text::Text};

/// Names of the parameters, forwards and backwards.
const NAMES: [[&str; 3]; 2] = [
    ["forward_kernel", "forward_recurrent_kernel", "forward_bias"],
    ["backward_kernel", "backward_recurrent_kernel", "backward_bias"],
];

crate::choice! {
    /// What reads a sequence step by step.
    pub enum RecurrentCell {
        /// Long short-term memory.
        Lstm = "lstm", ["LSTM", "LSTM"];
        /// Gated recurrent unit.
        Gru = "gru", ["GRU", "GRU"];
    }
}

crate::settings! {
    /// What it can be told.
    pub struct Bidirectional {
        /// What reads.
        cell: RecurrentCell = RecurrentCell::Lstm, Choice { options: RecurrentCell::OPTIONS },
            ["Cell", "单元"], ["What reads in each direction.", "每个方向使用的单元。"];
        /// Width of the state of one direction.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state of one direction.", "单个方向的状态宽度。"];
        /// Every h instead of the last.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Gives every step's state instead of the last one.", "输出每一步的状态，而不只是最后一步。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Bidirectional {
    const KEY: &'static str = "bidirectional";
    const NAME: Text = Text::new("Bidirectional", "双向循环");
    const ABOUT: Text = Text::new(
        "Reads a sequence from both ends with an LSTM or a GRU each, and puts the two results side by side.",
        "用两个 LSTM 或 GRU 分别从两端读取序列，并将结果并排放置。",
    );
    const CATEGORY: Category = Category::Recurrent;

    fn inputs(&self) -> &'static [InputPort] {
        SEQUENCE_INPUT
    }

    fn outputs(&self) -> &'static [OutputPort] {
        ANY_OUTPUT
    }

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let mut read = |backwards: bool| match self.cell {
            RecurrentCell::Lstm => {
                let layer = Lstm {
                    units: self.units,
                    return_sequences: self.return_sequences,
                    l2: self.l2,
                    ..Lstm::default()
                };
                lower_lstm(&layer, lowering, &input, NAMES[usize::from(backwards)], backwards)
            }
            RecurrentCell::Gru => {
                let layer = Gru { units: self.units, return_sequences: self.return_sequences, l2: self.l2 };
                lower_gru(&layer, lowering, &input, NAMES[usize::from(backwards)], backwards)
            }
        };
        let results = [read(false)?, read(true)?];
        let (steps, units) = (results[0].shape.steps(), self.units);
        let y = lowering.activation(results[0].shape.size().saturating_mul(2))?;
        for (index, result) in results.iter().enumerate() {
            let x = lowering.value_of(0, result)?;
            let (y_width, y_start) = (2 * units, index * units);
            lowering.push(ops::Columns { x, x_width: units, x_start: 0, y, y_width, y_start, width: units, steps });
        }
        Ok(vec![Signal::new(results[0].shape.with_width(2 * units), y).masked(results[0].mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { units: 2, ..Self::default() }, [sequence(4, 2)]),
            Sample::new(Self { units: 2, return_sequences: true, ..Self::default() }, [sequence(3, 2)]),
            Sample::new(
                Self { units: 2, cell: RecurrentCell::Gru, return_sequences: true, l2: 0.01 },
                [sequence(4, 2)],
            ),
        ]
    }

    fn summary(&self) -> String {
        format!("{} · 2 × {}", self.cell.key(), self.units)
    }
}
