//! A weighted mean over the steps that count, with learnt weights: `s_t = v · tanh(x_t W + b)`, `w = softmax s`, `y = Σ_t w_t x_t`; 0 where
//! no step counts. Sequence `length × n` to vector of n.

use super::{
    Activation, Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, Sample, Shape,
    VECTOR_OUTPUT, as_sequence, only, sequence,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops, specs::Regulariser};

mtl_base::settings! {
    /// Settings of attention pooling.
    pub struct AttentionPooling {
        /// Width of the hidden layer that scores a step.
        units: usize = 32, Int { min: 1, max: 512, step: 8 },
            ["Units", "单元数"], ["Width of the hidden layer that scores each step.", "为每一步打分的隐藏层宽度。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for AttentionPooling {
    const KEY: &'static str = "attention_pooling";
    const NAME: Text = Text::new("Attention pooling", "注意力池化");
    const ABOUT: Text = Text::new(
        "A mean over the steps that are not padding, with learnt weights: s = v · tanh(x W + b), w = softmax s, y = Σ w x.",
        "对非填充的步加权平均，权重由学习得到：s = v · tanh(x W + b)，w = softmax s，y = Σ w x。",
    );
    const CATEGORY: Category = Category::Pooling;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let (length, width) = as_sequence(&input)?;
        let x = lowering.value_of(0, &input)?;
        let spec = |units: usize, activation: Activation, use_bias: bool| LinearSpec {
            units,
            activation,
            use_bias,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let hidden = spec(self.units, Activation::Tanh, true);
        let hidden = lowering.linear_named(&input, &hidden, ["hidden_kernel", "hidden_bias"])?;
        let scores = spec(1, Activation::Linear, false);
        let scores = lowering.linear_named(&hidden, &scores, ["score_kernel", "score_bias"])?;
        let scores = lowering.value_of(0, &scores)?;
        let y = lowering.activation(width)?;
        let weights = lowering.saved(length)?;
        lowering.push(ops::AttentionPool {
            x,
            scores,
            mask: input.mask,
            y,
            weights,
            length,
            width,
        });
        Ok(vec![Signal::new(Shape::Vector { width }, y)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self { units: 3, l2: 0.01 }, [sequence(4, 3)])]
    }

    fn summary(&self) -> String {
        self.units.to_string()
    }
}
