//! The cross layer of DCN-v2: `y = x_0 ⊙ (x W + b) + x`, where x_0 is the input of the first cross layer. Stacked, l layers model interactions up to
//! order l + 1. Two vectors of n to a vector of n.

use super::{
    Activation, Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape,
    VECTOR_OUTPUT, merge::equal_shapes, vector,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops, specs::Regulariser};

mtl_base::settings! {
    /// Settings of the cross layer.
    pub struct Cross {
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Cross {
    const KEY: &'static str = "cross";
    const NAME: Text = Text::new("Cross layer", "交叉层");
    const ABOUT: Text = Text::new(
        "Multiplies the original features x₀ with a linear map of the current ones (DCN-v2): y = x₀ ⊙ (x W + b) + x. Stacked layers give interactions of higher order.",
        "将原始特征 x₀ 与当前特征的线性变换相乘（DCN-v2）：y = x₀ ⊙ (x W + b) + x。堆叠可得到更高阶的交互。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = &[
        InputPort::one("original features x₀", "原始特征 x₀", PortKind::Vector),
        InputPort::one("input", "输入", PortKind::Vector),
    ];
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let values = equal_shapes(lowering, inputs)?;
        let [first, x] = values[..] else {
            return Err(LowerError::Count {
                expected: 2,
                got: values.len(),
            });
        };
        let width = inputs[0].shape.width();
        let spec = LinearSpec {
            units: width,
            activation: Activation::Linear,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let view = lowering.linear(&inputs[1], &spec)?;
        let view = lowering.value_of(1, &view)?;
        let product = lowering.activation(width)?;
        let partial = lowering.backward_scratch(width)?;
        lowering.push(ops::Multiply {
            factors: vec![first, view],
            y: product,
            partial,
        });
        let y = lowering.activation(width)?;
        lowering.push(ops::Sum {
            terms: vec![(product, 1.0), (x, 1.0)],
            y,
        });
        Ok(vec![Signal::new(Shape::Vector { width }, y)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self { l2: 0.01 }, [vector(3), vector(3)])]
    }
}
