//! Long short-term memory, with Keras's gate order i, f, c, o.
//!
//! ```text
//! i, f, g, o = σ, σ, tanh, σ of (x_t W + h_{t-1} U + b)
//! c_t = f c_{t-1} + i g          h_t = o tanh c_t
//! ```
//! A masked step carries c and h on. Output: the last h, or every h (a masked step repeats the one before).
//!
//! | input | W, U, b | output |
//! |---|---|---|
//! | sequence `length × n` | n × 4u, u × 4u, 4u | vector of u, or sequence `length × u` |

use super::{
    ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, Sample, only,
    recurrent::{Reading, RecurrentSpec, kept, recurrence, result},
    sequence,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops, specs::Start};

mtl_base::settings! {
    /// Settings of an LSTM.
    pub struct Lstm {
        /// Width of h and c.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state h.", "状态 h 的宽度。"];
        /// Whether the output has h at every step, instead of the last h.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Outputs the state of every step instead of the last one only.", "输出每一步的状态，而不只是最后一步。"];
        /// Whether the bias of the forget gate is initialised to 1.
        unit_forget_bias: bool = true, Flag,
            ["Forget bias 1", "遗忘偏置为 1"],
            ["The forget gate's bias starts at 1, so that the state is kept at the start of training.", "遗忘门偏置初始为 1，使状态起初得以保留。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over W and U to the loss.", "在损失中加入 W 与 U 的 l2 · Σ w²。"];
    }
}

impl LayerKind for Lstm {
    const KEY: &'static str = "lstm";
    const NAME: Text = Text::new("LSTM", "LSTM");
    const ABOUT: Text = Text::new(
        "Reads a sequence step by step with a gated memory: i, f, g, o = σ, σ, tanh, σ of (x W + h U + b); \
         c = f c + i g; h = o tanh c. Padding is skipped.",
        "以门控记忆逐步读取序列：i, f, g, o 为 (x W + h U + b) 的 σ, σ, tanh, σ；c = f c + i g；h = o tanh c。填充步会被跳过。",
    );
    const CATEGORY: Category = Category::Recurrent;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        Ok(vec![lower_lstm(self, lowering, &input, Reading::FORWARDS)?])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    units: 3,
                    ..Self::default()
                },
                [sequence(4, 2)],
            ),
            Sample::new(
                Self {
                    units: 2,
                    return_sequences: true,
                    l2: 0.01,
                    ..Self::default()
                },
                [sequence(5, 3)],
            ),
            Sample::new(
                Self {
                    units: 2,
                    unit_forget_bias: false,
                    ..Self::default()
                },
                [sequence(1, 3)],
            ),
        ]
    }

    fn summary(&self) -> String {
        format!(
            "{} · {}",
            self.units,
            if self.return_sequences { "sequence" } else { "last" }
        )
    }
}

/// Lowers an LSTM in the given direction.
pub(crate) fn lower_lstm(
    layer: &Lstm,
    lowering: &mut Lowering<'_>,
    input: &Signal,
    reading: Reading,
) -> Result<Signal, LowerError> {
    let units = layer.units;
    let spec = RecurrentSpec {
        n_gates: 4,
        units,
        sequences: layer.return_sequences,
        l2: layer.l2,
        bias_shape: &[4 * units],
        bias_start: if layer.unit_forget_bias {
            Start::ForgetBias { units }
        } else {
            Start::Initializer(Initializer::Zeros)
        },
    };
    let recurrence = recurrence(lowering, input, &spec, reading)?;
    let (length, signal) = (recurrence.length, result(&recurrence));
    let op = ops::LstmCells {
        recurrence,
        cells: kept(lowering, length, units)?,
        squashed: kept(lowering, length, units)?,
        dz: lowering.backward_scratch(length.saturating_mul(4 * units))?,
        carried: lowering.backward_scratch(3 * units)?,
    };
    lowering.push(op);
    Ok(signal)
}
