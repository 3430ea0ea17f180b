//! Multi-head self-attention over the steps that are not masked:
//!
//! ```text
//! q, k, v = x W_q + b_q, …      P = softmax(q kᵀ / √depth)      y = (P v of all heads) W_o + b_o
//! ```
//!
//! | input | output |
//! |---|---|
//! | sequence `length × n` | sequence `length × n` |

use super::{
    Activation, Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, SEQUENCE_OUTPUT,
    Sample, Shape, as_sequence, only, sequence,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{ids::ValueId, initializers::Initializer, ops, specs::Regulariser};

mtl_base::settings! {
    /// Settings of self-attention.
    pub struct SelfAttention {
        /// Number of heads.
        heads: usize = 2, Int { min: 1, max: 16, step: 1 },
            ["Heads", "头数"], ["Number of attention heads.", "注意力头的个数。"];
        /// Numbers per head.
        head_width: usize = 16, Int { min: 1, max: 256, step: 8 },
            ["Width per head", "每头宽度"], ["Width of the queries, keys and values of one head.", "单个头的查询、键、值的宽度。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for SelfAttention {
    const KEY: &'static str = "self_attention";
    const NAME: Text = Text::new("Self-attention", "自注意力");
    const ABOUT: Text = Text::new(
        "Every step attends to all steps that are not padding: P = softmax(q kᵀ / √depth), y = P v, in several heads, followed by a linear layer back to the input's width.",
        "每一步都关注所有非填充的步：P = softmax(q kᵀ / √depth)，y = P v，多个头并行，最后由线性层变回输入宽度。",
    );
    const CATEGORY: Category = Category::Attention;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = SEQUENCE_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let (length, width) = as_sequence(&input)?;
        let (heads, depth) = (self.heads, self.head_width);
        let spec = |units: usize| LinearSpec {
            units,
            activation: Activation::Linear,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let mut project = |names: [&'static str; 2]| -> Result<ValueId, LowerError> {
            let signal = lowering.linear_named(&input, &spec(heads * depth), names)?;
            lowering.value_of(0, &signal)
        };
        let queries = project(["query_kernel", "query_bias"])?;
        let keys = project(["key_kernel", "key_bias"])?;
        let values = project(["value_kernel", "value_bias"])?;
        let size = length.saturating_mul(heads).saturating_mul(depth);
        let y = lowering.activation(size)?;
        let weights = lowering.saved(heads.saturating_mul(length).saturating_mul(length))?;
        let dscores = lowering.backward_scratch_fixed(length.saturating_mul(length))?;
        let mask = input.mask;
        lowering.push(ops::Attention {
            queries,
            keys,
            values,
            mask,
            y,
            weights,
            dscores,
            length,
            heads,
            depth,
        });
        let together = Signal::new(
            Shape::Sequence {
                length,
                width: heads * depth,
            },
            y,
        )
        .masked(mask);
        Ok(vec![lowering.linear_named(
            &together,
            &spec(width),
            ["output_kernel", "output_bias"],
        )?])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    heads: 2,
                    head_width: 3,
                    ..Self::default()
                },
                [sequence(4, 3)],
            ),
            Sample::new(
                Self {
                    heads: 1,
                    head_width: 2,
                    l2: 0.01,
                },
                [sequence(3, 2)],
            ),
        ]
    }

    fn summary(&self) -> String {
        format!("{} × {}", self.heads, self.head_width)
    }
}
