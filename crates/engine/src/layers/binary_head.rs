//! A task with two outcomes: `p = σ(z)`, loss `-y log p - (1-y) log(1-p)` computed from z; input vector, no output.

use super::{
    Category, LayerKind, LowerError, Sample,
    head::{head_methods, head_settings},
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{schema::LabelKind, text::Text};
use mtl_program::ops;

head_settings! {
    BinaryHead, "like",
    ["Factor of the loss of each class, in the order of the classes; empty means 1 for all.", "每个类别的损失系数，按类别顺序；留空表示全为 1。"],
    ["A linear layer in the head turns the input into one logit; off: the input is the logit.", "任务头自带的线性层将输入变为一个 logit；关闭则输入即为 logit。"]
}

impl LayerKind for BinaryHead {
    const KEY: &'static str = "binary_head";
    const NAME: Text = Text::new("Yes / no head", "二分类任务头");
    const ABOUT: Text = Text::new(
        "A task with two outcomes: p = σ(z), with the cross-entropy −y log p − (1 − y) log(1 − p) computed from z without overflow. Rows without a label do not count.",
        "两种结果的任务：p = σ(z)，由 z 稳定地计算交叉熵 −y log p − (1 − y) log(1 − p)。没有标签的行不计入。",
    );
    const CATEGORY: Category = Category::Head;

    head_methods!("binary cross-entropy", "二元交叉熵");

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.label(&self.label, |kind| kind == LabelKind::Binary)?;
        self.lower_head(lowering, inputs, kind, |places| ops::BinaryLoss::new(places, 1))
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3)]),
            Sample::new(
                Self {
                    weight: 0.7,
                    class_weights: vec![0.5, 2.0],
                    l2: 0.01,
                    ..Self::default()
                },
                [vector(2)],
            ),
            Sample::new(
                Self {
                    projection: false,
                    ..Self::default()
                },
                [vector(1)],
            ),
        ]
    }
}
