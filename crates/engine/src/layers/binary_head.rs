//! A task with two outcomes: `p = σ(z)`, loss `-y log p - (1-y) log(1-p)` computed from z; input vector, no output.

use super::{Category, InputPort, LayerKind, LowerError, NO_OUTPUTS, OutputPort, Sample, VECTOR_INPUT, head::{check_class_weights, logits}, only, vector};
use crate::{ops, plan::{Lowering, Signal}, schema::LabelKind, text::Text};

crate::settings! {
    /// Which label, and how much it counts.
    pub struct BinaryHead {
        /// Key of the label.
        label: String = "like".to_owned(), Label,
            ["Label", "标签"], ["What the task learns: a label of the data set.", "任务要学习的内容：数据集中的一个标签。"];
        /// Factor of this task's loss in the sum that is trained on.
        weight: f32 = 1.0, Real { min: 0.0, max: 100.0, step: 0.1 },
            ["Loss weight", "损失权重"],
            ["Factor of this task's loss in the sum that is trained on.", "该任务的损失在训练总损失中的系数。"];
        /// Factor of the loss of each class; empty means 1 for all.
        class_weights: Vec<f32> = Vec::new(), Reals { max_items: 4096, min: 0.0, max: 1000.0 },
            ["Class weights", "类别权重"],
            ["Factor of the loss of each class, in the order of the classes; empty means 1 for all.", "每个类别的损失系数，按类别顺序；留空表示全为 1。"];
        /// Whether a Dense layer of its own makes the logits.
        projection: bool = true, Flag,
            ["Own projection", "自带投影"],
            ["A linear layer of its own turns the input into one logit; off: the input is used as it is.", "用自带的线性层将输入变为一个 logit；关闭则直接使用输入。"];
        /// Factor of Σ w² of the projection in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the projection to the loss.", "在损失中加入投影权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for BinaryHead {
    const KEY: &'static str = "binary_head";
    const NAME: Text = Text::new("Yes / no head", "二分类任务头");
    const ABOUT: Text = Text::new(
        "A task with two outcomes: p = σ(z), with the cross-entropy −y log p − (1 − y) log(1 − p) computed from z without overflow. Rows without a label do not count.",
        "两种结果的任务：p = σ(z)，由 z 稳定地计算交叉熵 −y log p − (1 − y) log(1 − p)。没有标签的行不计入。",
    );
    const CATEGORY: Category = Category::Head;

    fn inputs(&self) -> &'static [InputPort] {
        VECTOR_INPUT
    }

    fn outputs(&self) -> &'static [OutputPort] {
        NO_OUTPUTS
    }

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let kind = lowering.label(&self.label, |kind| kind == LabelKind::Binary)?;
        check_class_weights(&self.class_weights, 2)?;
        let logits = logits(lowering, &input, 1, self.projection, self.l2)?;
        let probabilities = lowering.activation(1)?;
        let class_weights = self.class_weights.clone();
        lowering.push(ops::BinaryLoss { task_idx: lowering.task_idx(), logits, probabilities, class_weights });
        lowering.task(&self.label, kind, 1, self.weight, logits, probabilities);
        Ok(Vec::new())
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3)]),
            Sample::new(Self { weight: 0.7, class_weights: vec![0.5, 2.0], l2: 0.01, ..Self::default() }, [vector(2)]),
            Sample::new(Self { projection: false, ..Self::default() }, [vector(1)]),
        ]
    }

    fn summary(&self) -> String {
        self.label.clone()
    }

    fn label(&self) -> Option<&str> {
        Some(&self.label)
    }

    fn loss(&self) -> Option<Text> {
        Some(Text::new("BCE", "二元交叉熵"))
    }

    fn loss_weight(&self) -> Option<f32> {
        Some(self.weight)
    }
}
