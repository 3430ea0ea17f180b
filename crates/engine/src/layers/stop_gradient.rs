//! The identity in the forward pass, no gradient in the backward pass: `y = x`, `dx = 0`. The layers before it are not trained through it.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct StopGradient {
    }
}

impl LayerKind for StopGradient {
    const KEY: &'static str = "stop_gradient";
    const NAME: Text = Text::new("Stop gradient", "停止梯度");
    const ABOUT: Text = Text::new(
        "Passes values through but no gradient back: the layers before it are not trained by the tasks after it.",
        "前向不变，但不回传梯度：后面的任务不会训练其前面的层。",
    );
    const CATEGORY: Category = Category::Gate;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let y = lowering.activation(input.shape.size())?;
        lowering.push(ops::GradientScale { x, y, factor: 0.0 });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3)]),
            Sample::new(Self::default(), [sequence(3, 2)]),
        ]
    }

    fn stops_gradient(&self) -> bool {
        true
    }
}
