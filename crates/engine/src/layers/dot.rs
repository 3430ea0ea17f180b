//! Scalar product of two vectors: `y = Σ_i a_i b_i`, or the cosine of the angle between them. Two vectors of n to a vector of 1: matrix
//! factorisation is the dot product of a user's and an item's embedding.

use super::{
    Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape, VECTOR_OUTPUT,
    merge::equal_shapes, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of the dot product.
    pub struct Dot {
        /// Whether both are scaled to length 1 first.
        normalize: bool = false, Flag,
            ["Cosine", "余弦"], ["Scales both vectors to length 1 first.", "先将两个向量缩放为长度 1。"];
    }
}

impl LayerKind for Dot {
    const KEY: &'static str = "dot";
    const NAME: Text = Text::new("Dot product", "点积");
    const ABOUT: Text = Text::new(
        "The dot product of two vectors, Σ a b, or their cosine: how well a user matches an item.",
        "两个向量的点积 Σ a b，或其余弦：用户与物品的匹配程度。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = &[
        InputPort::one("first", "第一个", PortKind::Vector),
        InputPort::one("second", "第二个", PortKind::Vector),
    ];
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let values = equal_shapes(lowering, inputs)?;
        let [a, b] = values[..] else {
            return Err(LowerError::Count {
                expected: 2,
                got: values.len(),
            });
        };
        let width = inputs[0].shape.width();
        let mut sides = [a, lowering.distinct(b, &[a])?];
        if self.normalize {
            for side in &mut sides {
                let y = lowering.activation(width)?;
                let inverse = lowering.saved(1)?;
                lowering.push(ops::UnitNorm {
                    x: *side,
                    y,
                    inverse,
                    width,
                });
                *side = y;
            }
        }
        let y = lowering.activation(1)?;
        lowering.push(ops::Dot {
            a: sides[0],
            b: sides[1],
            y,
            width,
        });
        Ok(vec![Signal::new(Shape::Vector { width: 1 }, y)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3), vector(3)]),
            Sample::new(Self { normalize: true }, [vector(4), vector(4)]),
        ]
    }

    fn summary(&self) -> String {
        if self.normalize {
            "cosine".to_owned()
        } else {
            String::new()
        }
    }
}
