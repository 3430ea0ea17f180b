//! Inputs side by side, in the order of the wires: widths add up. Vectors, or sequences of equal length.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, Shape, sequence,
    several, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops::{self, MaskRule};

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Concatenate {
    }
}

impl LayerKind for Concatenate {
    const KEY: &'static str = "concatenate";
    const NAME: Text = Text::new("Concatenate", "拼接");
    const ABOUT: Text = Text::new(
        "Concatenates its inputs; their widths add up.",
        "将各输入首尾拼接；宽度相加。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let (first, inputs) = several(inputs)?;
        let steps = first.shape.steps();
        let is_sequence = |shape| matches!(shape, Shape::Sequence { .. });
        for input in inputs {
            if input.shape.steps() != steps || is_sequence(input.shape) != is_sequence(first.shape) {
                return Err(LowerError::UnequalSteps {
                    first: first.shape,
                    got: input.shape,
                });
            }
        }
        let width = inputs
            .iter()
            .fold(0_usize, |width, input| width.saturating_add(input.shape.width()));
        let y = lowering.activation(steps.saturating_mul(width))?;
        let mut start = 0;
        for (handle, input) in inputs.iter().enumerate() {
            let x = lowering.value_of(handle, input)?;
            let x_width = input.shape.width();
            lowering.push(ops::Columns {
                x,
                x_width,
                x_start: 0,
                y,
                y_width: width,
                y_start: start,
                width: x_width,
                steps,
            });
            start += x_width;
        }
        // A step counts where it counts in every input; an input without a mask counts everywhere.
        let mut mask = None;
        for input in inputs {
            mask = match (mask, input.mask) {
                (Some(a), Some(b)) if a != b => {
                    let both = lowering.activation(steps)?;
                    lowering.push(ops::Mask {
                        rule: MaskRule::Both(a, b),
                        y: both,
                        length: steps,
                    });
                    Some(both)
                }
                (a, b) => a.or(b),
            };
        }
        Ok(vec![Signal::new(first.shape.with_width(width), y).masked(mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(2), vector(3), vector(1)]),
            Sample::new(Self::default(), [sequence(3, 2), sequence(3, 1)]),
        ]
    }
}
