//! Fully connected layer: `y = f(x W + b)`.
//!
//! | input | W | output |
//! |---|---|---|
//! | vector of n | n × units | vector of `units` |
//! | sequence of `length × n` | n × units, the same at each step | sequence `length × units` |

use super::{
    ANY_INPUT, ANY_OUTPUT, Activation, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only,
    sequence, vector,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, specs::Regulariser};

mtl_base::settings! {
    /// Settings of a dense layer: units, activation, initialiser and regularisers of the kernel.
    pub struct Dense {
        /// Number of outputs.
        units: usize = 64, Int { min: 1, max: 4096, step: 8 },
            ["Units", "单元数"], ["Number of outputs.", "输出个数。"];
        /// Activation function f.
        activation: Activation = Activation::Relu, Choice { options: Activation::OPTIONS },
            ["Activation", "激活函数"], ["f in y = f(x W + b).", "y = f(x W + b) 中的 f。"];
        /// Whether there is a bias b.
        use_bias: bool = true, Flag,
            ["Bias", "偏置"], ["Adds a learnt b to each output.", "为每个输出加上可学习的 b。"];
        /// Initialiser of W.
        kernel_initializer: Initializer = Initializer::GlorotUniform, Choice { options: Initializer::OPTIONS },
            ["Initializer", "初始化"], ["Initial values of W.", "W 的初始值。"];
        /// Factor of Σ |w| in the loss.
        l1: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L1", "L1"], ["Adds l1 · Σ |w| over W to the loss.", "在损失中加入 W 的 l1 · Σ |w|。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over W to the loss.", "在损失中加入 W 的 l2 · Σ w²。"];
    }
}

impl LayerKind for Dense {
    const KEY: &'static str = "dense";
    const NAME: Text = Text::new("Dense", "全连接");
    const ABOUT: Text = Text::new(
        "Every output is a weighted sum of every input: y = f(x W + b). On a sequence, the same W is used at each step.",
        "每个输出都是所有输入的加权和：y = f(x W + b)。作用于序列时，每一步使用相同的 W。",
    );
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let spec = LinearSpec {
            units: self.units,
            activation: self.activation,
            use_bias: self.use_bias,
            initializer: self.kernel_initializer,
            bias_start: 0.0,
            regulariser: Regulariser {
                l1: self.l1,
                l2: self.l2,
            },
        };
        Ok(vec![lowering.linear(&input, &spec)?])
    }

    fn samples() -> Vec<Sample> {
        Activation::ALL
            .iter()
            .map(|activation| {
                Sample::new(
                    Self {
                        units: 5,
                        activation: *activation,
                        ..Self::default()
                    },
                    [vector(4)],
                )
            })
            .chain([
                Sample::new(
                    Self {
                        units: 3,
                        use_bias: false,
                        l1: 0.01,
                        l2: 0.02,
                        ..Self::default()
                    },
                    [vector(2)],
                ),
                Sample::new(
                    Self {
                        units: 3,
                        activation: Activation::Tanh,
                        ..Self::default()
                    },
                    [sequence(4, 2)],
                ),
                Sample::new(
                    Self {
                        units: 3,
                        activation: Activation::Softmax,
                        ..Self::default()
                    },
                    [sequence(3, 2)],
                ),
            ])
            .collect()
    }

    fn summary(&self) -> String {
        format!("{} · {}", self.units, self.activation.key())
    }
}
