//! Normalises each column over the batch: `y = γ (x - μ) / √(v + ε) + β`. While training μ and v are those of the batch (over the steps that
//! count), and running ones follow them; predictions use the running ones, and so does a frozen layer in training. What a batch of few rows does is in
//! [`mtl_program::ops::BatchNorm`]. Any shape to the same shape.

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
    /// Settings of batch normalisation.
    pub struct BatchNormalization {
        /// Share of the running statistics that is kept in a step.
        momentum: f32 = 0.99, Real { min: 0.0, max: 0.9999, step: 0.01 },
            ["Momentum", "动量"], ["Share of the running statistics that is kept after a full batch; a shorter last batch counts by its number of rows.", "一个完整批次之后保留的滑动统计量比例；较短的最后一批按其行数计。"];
        /// ε.
        epsilon: f32 = 0.001, Real { min: 1e-7, max: 1.0, step: 0.001 },
            ["ε", "ε"], ["Added to the variance, to avoid a division by 0.", "加到方差上，避免除以 0。"];
    }
}

impl LayerKind for BatchNormalization {
    const KEY: &'static str = "batch_normalization";
    const NAME: Text = Text::new("Batch norm", "批归一化");
    const ABOUT: Text = Text::new(
        "Normalises each column to mean 0 and variance 1 over the batch, then scales and shifts it: y = γ (x − μ) / √(v + ε) + β. Predictions and frozen layers use running statistics. Needs batches of several rows.",
        "在批内将每一列归一化为均值 0、方差 1，再缩放和平移：y = γ (x − μ) / √(v + ε) + β。预测时以及冻结后使用滑动统计量。每批需要多行数据。",
    );
    const CATEGORY: Category = Category::Normalisation;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let (width, size) = (input.shape.width(), input.shape.size());
        let mut parameter =
            |name, start| lowering.parameter(name, &[width], Start::Initializer(start), Regulariser::NONE);
        let (gamma, beta) = (
            parameter("gamma", Initializer::Ones),
            parameter("beta", Initializer::Zeros),
        );
        let moving_mean = lowering.statistic("moving_mean", &[width], Initializer::Zeros);
        let moving_variance = lowering.statistic("moving_variance", &[width], Initializer::Ones);
        let op = ops::BatchNorm {
            x,
            mask: input.mask.filter(|_| input.shape.steps() > 1),
            gamma,
            beta,
            moving_mean,
            moving_variance,
            y: lowering.activation(size)?,
            normalized: lowering.saved(size)?,
            statistics: lowering.saved_fixed(4 * width)?,
            momentum: self.momentum,
            epsilon: self.epsilon,
            width,
            frozen: lowering.is_frozen(),
        };
        let y = op.y;
        lowering.push(op);
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3)]),
            Sample::new(
                Self {
                    momentum: 0.5,
                    ..Self::default()
                },
                [sequence(3, 2)],
            ),
        ]
    }
}
