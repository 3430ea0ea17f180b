//! Gated recurrent unit, as Keras's with `reset_after`, gate order z, r, h:
//!
//! ```text
//! z, r = σ of (x W + h U + b)      g = tanh(x W_h + b_h + r (h U_h + b'_h))      h = z h + (1 - z) g
//! ```
//! A masked step carries h on.
//!
//! | input | W, U, b | output |
//! |---|---|---|
//! | sequence `length × n` | n × 3u, u × 3u, 2 × 3u | vector of u, or sequence `length × u` |

use super::{
    ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, Sample, only,
    recurrent::{Reading, RecurrentSpec, kept, recurrence, result},
    sequence,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops, specs::Start};

mtl_base::settings! {
    /// Settings of a GRU.
    pub struct Gru {
        /// Width of the state.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state h.", "状态 h 的宽度。"];
        /// Whether the output has h at every step, instead of the last h.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Outputs the state of every step instead of the last one only.", "输出每一步的状态，而不只是最后一步。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Gru {
    const KEY: &'static str = "gru";
    const NAME: Text = Text::new("GRU", "GRU");
    const ABOUT: Text = Text::new(
        "Reads a sequence step by step with two gates, a lighter LSTM: z, r = σ of (x W + h U + b); g = tanh(x W + r (h U)); h = z h + (1 − z) g. Padding is skipped.",
        "用两个门逐步读取序列，是更轻的 LSTM：z, r 为 (x W + h U + b) 的 σ；g = tanh(x W + r (h U))；h = z h + (1 − z) g。填充步会被跳过。",
    );
    const CATEGORY: Category = Category::Recurrent;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        Ok(vec![lower_gru(self, lowering, &input, Reading::FORWARDS)?])
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
                },
                [sequence(5, 3)],
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

/// Lowers a GRU in the given direction.
pub(crate) fn lower_gru(
    layer: &Gru,
    lowering: &mut Lowering<'_>,
    input: &Signal,
    reading: Reading,
) -> Result<Signal, LowerError> {
    let units = layer.units;
    let spec = RecurrentSpec {
        n_gates: 3,
        units,
        sequences: layer.return_sequences,
        l2: layer.l2,
        bias_shape: &[2, 3 * units],
        bias_start: Start::Initializer(Initializer::Zeros),
    };
    let recurrence = recurrence(lowering, input, &spec, reading)?;
    let (length, signal) = (recurrence.length, result(&recurrence));
    let op = ops::GruCells {
        recurrence,
        inner: kept(lowering, length, 3 * units)?,
        da: lowering.backward_scratch(length.saturating_mul(3 * units))?,
        de: lowering.backward_scratch(length.saturating_mul(3 * units))?,
        carried: lowering.backward_scratch(2 * units)?,
    };
    lowering.push(op);
    Ok(signal)
}
