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

use super::{ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, SEQUENCE_INPUT, Sample, Shape, only, sequence};
use crate::{initializers::Initializer, ops, plan::{Lowering, Regulariser, Signal, Start}, text::Text};

/// Names of the parameters.
const NAMES: [&str; 3] = ["kernel", "recurrent_kernel", "bias"];

crate::settings! {
    /// Width of the state, and what is given on.
    pub struct Gru {
        /// Width of the state.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state h.", "状态 h 的宽度。"];
        /// Every h instead of the last.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Gives every step's state instead of the last one.", "输出每一步的状态，而不只是最后一步。"];
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

    fn inputs(&self) -> &'static [InputPort] {
        SEQUENCE_INPUT
    }

    fn outputs(&self) -> &'static [OutputPort] {
        ANY_OUTPUT
    }

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        Ok(vec![lower_gru(self, lowering, &input, NAMES, false)?])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { units: 3, ..Self::default() }, [sequence(4, 2)]),
            Sample::new(Self { units: 2, return_sequences: true, l2: 0.01 }, [sequence(5, 3)]),
        ]
    }

    fn summary(&self) -> String {
        format!("{} · {}", self.units, if self.return_sequences { "sequence" } else { "last" })
    }
}

/// Lowers a GRU with these names of its parameters, reading forwards or backwards.
pub(crate) fn lower_gru(
    layer: &Gru,
    lowering: &mut Lowering<'_>,
    input: &Signal,
    names: [&'static str; 3],
    backwards: bool,
) -> Result<Signal, LowerError> {
    let Shape::Sequence { length, width: n_in } = input.shape else {
        return Err(LowerError::Kind { handle: 0, expected: PortKind::Sequence, got: input.shape });
    };
    let units = layer.units;
    let x = lowering.value_of(0, input)?;
    let regulariser = Regulariser::l2(layer.l2);
    let start = Start::Initializer;
    let kernel =
        lowering.parameter(names[0], &[n_in, 3 * units], start(Initializer::GlorotUniform), regulariser);
    let recurrent_kernel =
        lowering.parameter(names[1], &[units, 3 * units], start(Initializer::Orthogonal), regulariser);
    let bias = lowering.parameter(names[2], &[2, 3 * units], start(Initializer::Zeros), Regulariser::NONE);
    let over_steps = |width: usize| length.saturating_mul(width);
    let op = ops::GruCells {
        x,
        mask: input.mask,
        kernel,
        recurrent_kernel,
        bias,
        y: lowering.activation(if layer.return_sequences { over_steps(units) } else { units })?,
        order: lowering.order(length),
        packed_x: lowering.saved(over_steps(n_in))?,
        gates: lowering.saved(over_steps(3 * units))?,
        inner: lowering.saved(over_steps(3 * units))?,
        previous: lowering.saved(over_steps(units))?,
        state: lowering.scratch(units)?,
        da: lowering.backward_scratch(over_steps(3 * units))?,
        de: lowering.backward_scratch(over_steps(3 * units))?,
        carried: lowering.backward_scratch(2 * units)?,
        packed_dx: lowering.backward_scratch(over_steps(n_in))?,
        length,
        n_in,
        units,
        sequences: layer.return_sequences,
        backwards,
    };
    let y = op.y;
    lowering.push(op);
    Ok(if layer.return_sequences {
        Signal::new(Shape::Sequence { length, width: units }, y).masked(input.mask)
    } else {
        Signal::new(Shape::Vector { width: units }, y)
    })
}
