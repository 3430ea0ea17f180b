//! Processes a sequence in both directions with an LSTM or a GRU each, and concatenates, adds or averages the two outputs. As in
//! Keras, a step that is padding gives 0.
//!
//! | input | output |
//! |---|---|
//! | sequence `length × n` | vector of 2u (u when added up), or sequence `length × 2u` |

use super::{
    ANY_OUTPUT, Category, Gru, InputPort, LayerKind, LowerError, Lstm, OutputPort, SEQUENCE_INPUT, Sample,
    gru::lower_gru, lstm::lower_lstm, only, recurrent::Reading, sequence,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

/// The two directions.
const READINGS: [Reading; 2] = [
    Reading {
        names: ["forward_kernel", "forward_recurrent_kernel", "forward_bias"],
        backwards: false,
    },
    Reading {
        names: ["backward_kernel", "backward_recurrent_kernel", "backward_bias"],
        backwards: true,
    },
];

mtl_base::choice! {
    /// Recurrent cell.
    pub enum RecurrentCell {
        /// Long short-term memory.
        Lstm = "lstm", ["LSTM", "LSTM"];
        /// Gated recurrent unit.
        Gru = "gru", ["GRU", "GRU"];
    }
}

mtl_base::choice! {
    /// How the outputs of the two directions are combined.
    pub enum BidirectionalMerge {
        /// Concatenation.
        Concatenate = "concatenate", ["Concatenate", "拼接"];
        /// Sum.
        Sum = "sum", ["Sum", "求和"];
        /// Mean.
        Average = "average", ["Mean", "平均"];
    }
}

mtl_base::settings! {
    /// Settings of a bidirectional layer.
    pub struct Bidirectional {
        /// Recurrent cell.
        cell: RecurrentCell = RecurrentCell::Lstm, Choice { options: RecurrentCell::OPTIONS },
            ["Cell", "单元"], ["Recurrent cell of each direction.", "每个方向使用的循环单元。"];
        /// Width of the state of one direction.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state of one direction.", "单个方向的状态宽度。"];
        /// How the outputs of the two directions are combined.
        merge: BidirectionalMerge = BidirectionalMerge::Concatenate, Choice { options: BidirectionalMerge::OPTIONS },
            ["Combine", "合并方式"], ["How the results of the two directions are combined.", "两个方向的结果如何合并。"];
        /// Whether the output has h at every step, instead of the last h.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Outputs the state of every step instead of the last one only.", "输出每一步的状态，而不只是最后一步。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Bidirectional {
    const KEY: &'static str = "bidirectional";
    const NAME: Text = Text::new("Bidirectional", "双向循环");
    const ABOUT: Text = Text::new(
        "Reads a sequence from both ends, each with its own LSTM or GRU, and concatenates or adds the two results. Padding is skipped; its output is 0.",
        "用两个 LSTM 或 GRU 分别从两端读取序列，并将结果拼接或相加。填充步会被跳过，输出 0。",
    );
    const CATEGORY: Category = Category::Recurrent;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let mut read = |reading: Reading| match self.cell {
            RecurrentCell::Lstm => {
                let layer = Lstm {
                    units: self.units,
                    return_sequences: self.return_sequences,
                    l2: self.l2,
                    ..Lstm::default()
                };
                lower_lstm(&layer, lowering, &input, reading)
            }
            RecurrentCell::Gru => {
                let layer = Gru {
                    units: self.units,
                    return_sequences: self.return_sequences,
                    l2: self.l2,
                };
                lower_gru(&layer, lowering, &input, reading)
            }
        };
        let results = [read(READINGS[0])?, read(READINGS[1])?];
        let values = [
            lowering.value_of(0, &results[0])?,
            lowering.value_of(0, &results[1])?,
        ];
        let (units, mask) = (self.units, results[0].mask);
        let added_up = |factor: f32| values.map(|value| (value, factor)).to_vec();
        let (width, terms) = match self.merge {
            BidirectionalMerge::Concatenate => (2 * units, Vec::new()),
            BidirectionalMerge::Sum => (units, added_up(1.0)),
            BidirectionalMerge::Average => (units, added_up(0.5)),
        };
        let shape = results[0].shape.with_width(width);
        let steps = shape.steps();
        let mut y = lowering.activation(shape.size())?;
        if terms.is_empty() {
            for (index, x) in values.into_iter().enumerate() {
                let y_start = index * units;
                lowering.push(ops::Columns {
                    x,
                    x_width: units,
                    x_start: 0,
                    y,
                    y_width: width,
                    y_start,
                    width: units,
                    steps,
                });
            }
        } else {
            lowering.push(ops::Sum { terms, y });
        }
        if let Some(weights) = mask {
            let known = lowering.activation(shape.size())?;
            lowering.push(ops::Mixture {
                experts: vec![y],
                weights,
                y: known,
                width,
                steps,
            });
            y = known;
        }
        Ok(vec![Signal::new(shape, y).masked(mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    units: 2,
                    ..Self::default()
                },
                [sequence(4, 2)],
            ),
            Sample::new(
                Self {
                    units: 2,
                    return_sequences: true,
                    ..Self::default()
                },
                [sequence(3, 2)],
            ),
            Sample::new(
                Self {
                    units: 2,
                    cell: RecurrentCell::Gru,
                    return_sequences: true,
                    l2: 0.01,
                    ..Self::default()
                },
                [sequence(4, 2)],
            ),
            Sample::new(
                Self {
                    units: 2,
                    merge: BidirectionalMerge::Sum,
                    return_sequences: true,
                    ..Self::default()
                },
                [sequence(3, 2)],
            ),
            Sample::new(
                Self {
                    units: 3,
                    cell: RecurrentCell::Gru,
                    merge: BidirectionalMerge::Average,
                    ..Self::default()
                },
                [sequence(3, 2)],
            ),
        ]
    }

    fn summary(&self) -> String {
        let side_by_side = self.merge == BidirectionalMerge::Concatenate;
        format!(
            "{} · {}{}",
            self.cell.key(),
            if side_by_side { "2 × " } else { "" },
            self.units
        )
    }
}
