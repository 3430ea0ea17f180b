//! Zeroes a random share of the inputs while training: `y = x m / (1 - rate)`, m = 0 with probability `rate`; `y = x`
//! otherwise. The draw depends on the run's seed, the node and the step only.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal, Source};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of dropout.
    pub struct Dropout {
        /// Share of the inputs set to zero while training.
        rate: f32 = 0.3, Real { min: 0.0, max: 0.95, step: 0.05 },
            ["Rate", "比例"], ["Share of inputs set to 0 during training.", "训练时置零的输入比例。"];
    }
}

impl LayerKind for Dropout {
    const KEY: &'static str = "dropout";
    const NAME: Text = Text::new("Dropout", "Dropout");
    const ABOUT: Text = Text::new(
        "Sets a random share of its inputs to 0 during training and scales the rest by 1 / (1 − rate); does nothing in predictions.",
        "训练时随机将一部分输入置零，其余乘以 1 / (1 − 比例)；预测时不起作用。",
    );
    const CATEGORY: Category = Category::Regularisation;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let size = input.shape.size();
        let y = lowering.activation(size)?;
        let kept = lowering.saved(size)?;
        let stream = lowering.random_stream();
        lowering.push(ops::DropoutMask {
            x,
            y,
            kept,
            rate: self.rate,
            stream,
        });
        Ok(vec![Signal {
            source: Source::Value(y),
            ..input
        }])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { rate: 0.4 }, [vector(6)]),
            Sample::new(Self { rate: 0.0 }, [sequence(3, 2)]),
        ]
    }

    fn summary(&self) -> String {
        format!("{}", self.rate)
    }
}
