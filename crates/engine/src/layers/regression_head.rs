//! A task that predicts a number: loss `(ŷ - y)²`; input vector, no output.

use super::{
    Category, LayerKind, LowerError, Sample,
    head::{head_methods, logits},
    only, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{schema::LabelKind, text::Text};
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of the head.
    pub struct RegressionHead {
        /// Key of the label.
        label: String = "rating".to_owned(), Label,
            ["Label", "标签"], ["What the task learns: a label of the data set.", "任务要学习的内容：数据集中的一个标签。"];
        /// Weight of this task's loss in the total loss.
        weight: f32 = 1.0, Real { min: 0.0, max: 100.0, step: 0.1 },
            ["Loss weight", "损失权重"],
            ["Factor of this task's loss in the total loss.", "该任务的损失在总损失中的系数。"];
        /// Whether the head has a projection (a dense layer) to its prediction.
        projection: bool = true, Flag,
            ["Own output layer (linear)", "自带输出层（线性）"],
            ["A linear layer in the head turns the input into one number; off: the input is the prediction.", "任务头自带的线性层将输入变为一个数；关闭则输入即为预测。"];
        /// Factor of Σ w² of the projection in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the output layer to the loss.", "在损失中加入自带输出层权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for RegressionHead {
    const KEY: &'static str = "regression_head";
    const NAME: Text = Text::new("Regression head", "回归任务头");
    const ABOUT: Text = Text::new(
        "A task that predicts a number, with the squared error (ŷ − y)². Rows without a label do not count.",
        "预测数值的任务，损失为平方误差 (ŷ − y)²。没有标签的行不计入。",
    );
    const CATEGORY: Category = Category::Head;

    head_methods!("squared error", "均方误差");

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let kind = lowering.label(&self.label, |kind| kind == LabelKind::Real)?;
        let prediction = logits(lowering, &input, 1, self.projection, self.l2)?;
        lowering.push(ops::SquaredLoss {
            task_idx: lowering.task_idx(),
            logits: prediction,
        });
        lowering.task(&self.label, kind, 1, self.weight, prediction, prediction);
        Ok(Vec::new())
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3)]),
            Sample::new(
                Self {
                    weight: 0.5,
                    projection: false,
                    ..Self::default()
                },
                [vector(1)],
            ),
        ]
    }
}
