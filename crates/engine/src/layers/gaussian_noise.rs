//! Adds normal noise while training: `y = x + σ n`; `y = x` otherwise.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of Gaussian noise.
    pub struct GaussianNoise {
        /// Standard deviation σ.
        deviation: f32 = 0.1, Real { min: 0.0, max: 10.0, step: 0.05 },
            ["Standard deviation", "标准差"], ["Standard deviation of the noise.", "噪声的标准差。"];
    }
}

impl LayerKind for GaussianNoise {
    const KEY: &'static str = "gaussian_noise";
    const NAME: Text = Text::new("Gaussian noise", "高斯噪声");
    const ABOUT: Text = Text::new(
        "Adds normally distributed noise to its inputs during training; does nothing in predictions.",
        "训练时为输入加入正态噪声；预测时不起作用。",
    );
    const CATEGORY: Category = Category::Regularisation;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let y = lowering.activation(input.shape.size())?;
        let stream = lowering.random_stream();
        lowering.push(ops::Noise {
            x,
            y,
            deviation: self.deviation,
            stream,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self { deviation: 0.3 }, [vector(4)])]
    }

    fn summary(&self) -> String {
        format!("{}", self.deviation)
    }
}
