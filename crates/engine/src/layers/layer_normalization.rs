//! Normalises each step over its width: `y = γ (x - mean x) / √(var x + ε) + β`. Any shape to the same shape.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{
    initializers::Initializer,
    ops,
    specs::{Regulariser, Start},
};

mtl_base::settings! {
    /// Settings of layer normalisation.
    pub struct LayerNormalization {
        /// ε.
        epsilon: f32 = 0.001, Real { min: 1e-7, max: 1.0, step: 0.001 },
            ["ε", "ε"], ["Added to the variance, to avoid a division by 0.", "加到方差上，避免除以 0。"];
    }
}

impl LayerKind for LayerNormalization {
    const KEY: &'static str = "layer_normalization";
    const NAME: Text = Text::new("Layer norm", "层归一化");
    const ABOUT: Text = Text::new(
        "Normalises the numbers of each step to mean 0 and variance 1, then scales and shifts them: y = γ (x − mean) / √(var + ε) + β.",
        "将每一步的数值归一化为均值 0、方差 1，再缩放和平移：y = γ (x − 均值) / √(方差 + ε) + β。",
    );
    const CATEGORY: Category = Category::Normalisation;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let (steps, width, size) = (input.shape.steps(), input.shape.width(), input.shape.size());
        let mut parameter =
            |name, start| lowering.parameter(name, &[width], Start::Initializer(start), Regulariser::NONE);
        let (gamma, beta) = (
            parameter("gamma", Initializer::Ones),
            parameter("beta", Initializer::Zeros),
        );
        let y = lowering.activation(size)?;
        let normalized = lowering.saved(size)?;
        let inverse = lowering.saved(steps)?;
        let epsilon = self.epsilon;
        lowering.push(ops::LayerNorm {
            x,
            gamma,
            beta,
            y,
            normalized,
            inverse,
            epsilon,
            steps,
            width,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(5)]),
            Sample::new(Self::default(), [sequence(3, 4)]),
        ]
    }
}
