//! All pairs of vectors multiplied: `y = Σ_{i<j} v_i v_j`, summed to one number (FM) or kept element by element (the bi-interaction of NFM). Vectors of
//! equal width k to a vector of 1 or k. It costs time linear in the number of vectors: `½ ((Σ v)² - Σ v²)`.

use super::{
    Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape, VECTOR_OUTPUT,
    merge::equal_shapes, several, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of a factorisation machine.
    pub struct FactorizationMachine {
        /// Whether the output is one number, or one per element.
        summed: bool = true, Flag,
            ["Sum to one number", "合为一个数"], ["Sums over the elements; off: one number per element.", "对各元素求和；关闭则逐元素输出。"];
    }
}

impl LayerKind for FactorizationMachine {
    const KEY: &'static str = "factorization_machine";
    const NAME: Text = Text::new("Factorisation machine", "因子分解机");
    const ABOUT: Text = Text::new(
        "The interactions of all pairs of vectors, Σ v_i · v_j, as one number or element by element.",
        "所有向量两两交互 Σ v_i · v_j，输出一个数，或逐元素输出。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = &[InputPort::many("vectors", "向量", PortKind::Vector)];
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let (first, inputs) = several(inputs)?;
        let terms = equal_shapes(lowering, inputs)?;
        let width = first.shape.width();
        let width_out = if self.summed { 1 } else { width };
        let (y, sums) = (lowering.activation(width_out)?, lowering.saved(width)?);
        lowering.push(ops::Interaction {
            terms,
            y,
            sums,
            width,
            summed: self.summed,
        });
        Ok(vec![Signal::new(Shape::Vector { width: width_out }, y)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3), vector(3), vector(3)]),
            Sample::new(Self { summed: false }, [vector(2), vector(2)]),
        ]
    }
}
