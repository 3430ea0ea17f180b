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

use super::{ANY_OUTPUT, Category, InputPort, LayerKind, OutputPort, SEQUENCE_INPUT};
use crate::text::Text;

crate::settings! {
    /// Width of the state, and what is given on.
    pub struct Lstm {
        /// Width of h and c.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the state h.", "状态 h 的宽度。"];
        /// Every h instead of the last.
        return_sequences: bool = false, Flag,
            ["Return sequence", "返回序列"],
            ["Gives every step's state instead of the last one.", "输出每一步的状态，而不只是最后一步。"];
        /// The forget gate's bias starts at 1.
        unit_forget_bias: bool = true, Flag,
            ["Forget bias 1", "遗忘偏置为 1"],
            ["The forget gate's bias starts at 1, so that the state is kept at first.", "遗忘门偏置初始为 1，使状态起初得以保留。"];
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

    fn inputs(&self) -> &'static [InputPort] {
        SEQUENCE_INPUT
    }

    fn outputs(&self) -> &'static [OutputPort] {
        ANY_OUTPUT
    }

    fn summary(&self) -> String {
        format!("{} · {}", self.units, if self.return_sequences { "sequence" } else { "last" })
    }
}
