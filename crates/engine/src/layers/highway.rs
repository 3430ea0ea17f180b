//! A highway layer: `y = t ⊙ h + (1 - t) ⊙ x` with `h = f(x W + b)` and the gate `t = σ(x W_t + b_t)` (Srivastava, Greff, Schmidhuber:
//! Highway Networks, 2015). Where t is near 0 the input passes unchanged; b_t starts below 0, so that a deep stack begins close to the
//! identity. Any shape to the same shape, the same weights at each step.

use super::{
    ANY_INPUT, ANY_OUTPUT, Activation, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only,
    sequence, vector,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops, specs::Regulariser};

mtl_base::settings! {
    /// Activation, start of the gate, and regulariser.
    pub struct Highway {
        /// f.
        activation: Activation = Activation::Relu, Choice { options: Activation::OPTIONS },
            ["Activation", "激活函数"], ["f in h = f(x W + b).", "h = f(x W + b) 中的 f。"];
        /// What every element of b_t starts at.
        transform_bias: f32 = -1.0, Real { min: -10.0, max: 10.0, step: 0.5 },
            ["Initial gate bias", "门偏置初值"],
            ["Initial value of b_t: below 0, the layer passes most of its input through at first.", "b_t 的初值：小于 0 时，该层开始时让大部分输入直接通过。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over both kernels to the loss.", "在损失中加入两个核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Highway {
    const KEY: &'static str = "highway";
    const NAME: Text = Text::new("Highway", "高速公路层");
    const ABOUT: Text = Text::new(
        "A gate decides for each number how much is transformed and how much passes through: y = t ⊙ f(x W + b) + (1 − t) ⊙ x, t = σ(x W_t + b_t).",
        "由门决定每个数值有多少被变换、多少直接通过：y = t ⊙ f(x W + b) + (1 − t) ⊙ x，t = σ(x W_t + b_t)。",
    );
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;
    const SEARCH_WORDS: &'static str = "highway network gate residual skip carry 高速网络 门控 残差 跳跃连接";

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let size = input.shape.size();
        let spec = LinearSpec {
            units: input.shape.width(),
            activation: self.activation,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let h = lowering.linear(&input, &spec)?;
        let gate = LinearSpec {
            activation: Activation::Sigmoid,
            bias_start: self.transform_bias,
            ..spec
        };
        let t = lowering.linear_named(&input, &gate, ["transform_kernel", "transform_bias"])?;
        let (h, t) = (lowering.value_of(0, &h)?, lowering.value_of(0, &t)?);
        // y = x + t ⊙ (h - x)
        let change = lowering.activation(size)?;
        lowering.push(ops::Sum {
            terms: vec![(h, 1.0), (x, -1.0)],
            y: change,
        });
        let gated = lowering.activation(size)?;
        let partial = lowering.backward_scratch(size)?;
        lowering.push(ops::Multiply {
            factors: vec![t, change],
            y: gated,
            partial,
        });
        let y = lowering.activation(size)?;
        lowering.push(ops::Sum {
            terms: vec![(x, 1.0), (gated, 1.0)],
            y,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        let smooth = Self {
            activation: Activation::Tanh,
            transform_bias: 0.5,
            l2: 0.01,
        };
        vec![
            Sample::new(Self::default(), [vector(4)]),
            Sample::new(smooth.clone(), [vector(3)]),
            Sample::new(smooth, [sequence(3, 2)]),
        ]
    }

    fn summary(&self) -> String {
        self.activation.key().to_owned()
    }
}
