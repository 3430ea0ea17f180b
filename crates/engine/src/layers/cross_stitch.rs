//! A cross-stitch unit of one task: a learnt mix of its own representation and those of the other tasks, `y = Σ_j α_j x_j` with one number α_j
//! per input, own first (Misra, Shrivastava, Gupta, Hebert: Cross-stitch Networks for Multi-task Learning, 2016). Equal shapes to
//! that shape. A network of several tasks has one such node per task and place, each reading all tasks.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample,
    merge::lower_elementwise, sequence, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{
    ops::{self, Epilogue},
    specs::{Regulariser, Start},
};

mtl_base::settings! {
    /// Where the weights start.
    pub struct CrossStitch {
        /// Initial α of the first input.
        own: f32 = 0.9, Real { min: -10.0, max: 10.0, step: 0.05 },
            ["Own weight at the start", "自身权重初值"],
            ["What α of the first wire starts at: the task's own representation.", "第一条连线的 α 初值：该任务自己的表示。"];
        /// Initial α of every other input.
        other: f32 = 0.1, Real { min: -10.0, max: 10.0, step: 0.05 },
            ["Other weights at the start", "其他权重初值"],
            ["What α of every other wire starts at.", "其余每条连线的 α 初值。"];
    }
}

impl LayerKind for CrossStitch {
    const KEY: &'static str = "cross_stitch";
    const NAME: Text = Text::new("Cross-stitch", "十字绣单元");
    const ABOUT: Text = Text::new(
        "A learnt mix of one task's representation (the first wire) with those of the other tasks: y = Σ α_j x_j, one number α per wire.",
        "将一个任务的表示（第一条连线）与其他任务的表示按可学习的权重混合：y = Σ α_j x_j，每条连线一个 α。",
    );
    const CATEGORY: Category = Category::Gate;
    const SEARCH_WORDS: &'static str = "crossstitch soft sharing sluice mix 交叉缝合 软共享 混合";
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let n = inputs.len();
        let start = Start::First {
            first: self.own,
            rest: self.other,
        };
        let alpha = lowering.parameter("alpha", &[n], start, Regulariser::NONE);
        lower_elementwise(lowering, inputs, |lowering, values, y, size| {
            // The inputs side by side, number by number; then α is the kernel of a product with one output.
            let together = lowering.activation(size.saturating_mul(n))?;
            for (y_start, x) in values.into_iter().enumerate() {
                lowering.push(ops::Columns {
                    x,
                    x_width: 1,
                    x_start: 0,
                    y: together,
                    y_width: n,
                    y_start,
                    width: 1,
                    steps: size,
                });
            }
            Ok(ops::Linear {
                x: together,
                kernel: alpha,
                bias: None,
                y,
                pre_activation: None,
                epilogue: Epilogue::Identity,
                steps: size,
                n_in: n,
                n_out: 1,
            })
        })
    }

    fn samples() -> Vec<Sample> {
        let even = Self { own: 0.5, other: 0.5 };
        vec![
            Sample::new(Self::default(), [vector(3), vector(3)]),
            Sample::new(even, [sequence(3, 2), sequence(3, 2), sequence(3, 2)]),
        ]
    }
}
