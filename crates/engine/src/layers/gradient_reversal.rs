//! The identity in the forward pass, reversed gradients in the backward pass: `y = x`, `dx = -λ dy`. The layers before it learn to make the task behind it fail, that is,
//! features that carry no information about, for instance, the domain.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of gradient reversal.
    pub struct GradientReversal {
        /// λ.
        strength: f32 = 1.0, Real { min: 0.0, max: 10.0, step: 0.1 },
            ["Strength", "强度"], ["λ in dx = −λ dy.", "dx = −λ dy 中的 λ。"];
    }
}

impl LayerKind for GradientReversal {
    const KEY: &'static str = "gradient_reversal";
    const NAME: Text = Text::new("Gradient reversal", "梯度反转");
    const ABOUT: Text = Text::new(
        "Passes values through unchanged and reverses the gradient: dx = −λ dy. The layers before it learn features that do not help the task after it (adversarial training).",
        "前向不变，反向将梯度取反：dx = −λ dy。其前面的层会学到对后面任务无用的特征（对抗训练）。",
    );
    const CATEGORY: Category = Category::Gate;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let y = lowering.activation(input.shape.size())?;
        lowering.push(ops::GradientScale {
            x,
            y,
            factor: -self.strength,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { strength: 0.5 }, [vector(3)]),
            Sample::new(Self::default(), [sequence(3, 2)]),
        ]
    }

    fn summary(&self) -> String {
        format!("−{}", self.strength)
    }
}
