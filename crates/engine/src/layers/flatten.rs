//! All steps one after the other in one vector: sequence `length × n` to vector of length · n.

use super::{
    ANY_INPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, Shape, VECTOR_OUTPUT, only,
    sequence, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Flatten {
    }
}

impl LayerKind for Flatten {
    const KEY: &'static str = "flatten";
    const NAME: Text = Text::new("Flatten", "展平");
    const ABOUT: Text = Text::new(
        "Concatenates all steps into one vector. Padding is not treated specially.",
        "把所有步首尾相接成一个向量；对填充不作特殊处理。",
    );
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let value = lowering.value_of(0, &input)?;
        Ok(vec![Signal::new(
            Shape::Vector {
                width: input.shape.size(),
            },
            value,
        )])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [sequence(3, 2)]),
            Sample::new(Self::default(), [vector(4)]),
        ]
    }
}
