//! Squeeze and excitation: the mean over the steps decides how much of each feature passes (Hu, Shen, Sun: Squeeze-and-Excitation
//! Networks, 2018).
//!
//! ```text
//! s = mean_t x_t      g = σ(relu(s W₁ + b₁) W₂ + b₂)      y_t = g ⊙ x_t
//! ```
//!
//! | input | hidden | output |
//! |---|---|---|
//! | sequence `length × n`, or vector of n (which is its own mean) | n / ratio, at least 1 | as the input |
//!
//! The mean is over the steps that are not masked; masked steps stay masked.

use super::{
    ANY_INPUT, ANY_OUTPUT, Activation, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, Shape,
    only, pool::pool, sequence, vector,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{
    initializers::Initializer,
    ops::{self, PoolRule},
    specs::Regulariser,
};

mtl_base::settings! {
    /// Settings of squeeze and excitation.
    pub struct SqueezeExcite {
        /// Features per hidden unit.
        ratio: usize = 4, Int { min: 1, max: 64, step: 1 },
            ["Reduction ratio", "压缩比"],
            ["The hidden layer has this many times fewer units than there are features, at least 1.", "隐藏层的单元数为特征数除以该值，至少为 1。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over both kernels to the loss.", "在损失中加入两个核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for SqueezeExcite {
    const KEY: &'static str = "squeeze_excite";
    const NAME: Text = Text::new("Squeeze and excitation", "挤压激励（SE）");
    const ABOUT: Text = Text::new(
        "The mean over the steps decides how much of each feature passes: s = mean x_t, g = σ(relu(s W₁ + b₁) W₂ + b₂), y_t = g ⊙ x_t.",
        "由各步的平均决定每个特征通过多少：s = mean x_t，g = σ(relu(s W₁ + b₁) W₂ + b₂)，y_t = g ⊙ x_t。",
    );
    const CATEGORY: Category = Category::Attention;
    const SEARCH_WORDS: &'static str =
        "SE SENet channel attention gate feature recalibration 通道注意力 门控 特征重标定";
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let (steps, width) = (input.shape.steps(), input.shape.width());
        let mean = match input.shape {
            Shape::Sequence { .. } => pool(lowering, &input, PoolRule::Mean)?,
            _ => input,
        };
        let squeeze = LinearSpec {
            units: (width / self.ratio).max(1),
            activation: Activation::Relu,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let excite = LinearSpec {
            units: width,
            activation: Activation::Sigmoid,
            ..squeeze
        };
        let hidden = lowering.linear_named(&mean, &squeeze, ["squeeze_kernel", "squeeze_bias"])?;
        let gate = lowering.linear_named(&hidden, &excite, ["excite_kernel", "excite_bias"])?;
        let gate = lowering.value_of(0, &gate)?;
        let y = lowering.activation(input.shape.size())?;
        lowering.push(ops::BroadcastMultiply {
            x,
            gate,
            y,
            width,
            steps,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        let small = Self { ratio: 2, l2: 0.01 };
        vec![
            Sample::new(Self::default(), [vector(5)]),
            Sample::new(small.clone(), [vector(4)]),
            Sample::new(
                Self {
                    ratio: 64,
                    ..small.clone()
                },
                [sequence(3, 2)],
            ),
            Sample::new(small, [sequence(4, 6)]),
        ]
    }

    fn summary(&self) -> String {
        format!("1 / {}", self.ratio)
    }
}
