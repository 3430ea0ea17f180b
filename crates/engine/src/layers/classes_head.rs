//! A task with several classes: `p = softmax(z)`, loss `-log p_y` computed from z; input vector, no output.

use super::{
    Category, LayerKind, LowerError, Sample,
    head::{head_methods, head_settings},
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{schema::LabelKind, text::Text};
use mtl_program::{losses::LossPlaces, ops};

head_settings! {
    ClassesHead, "category",
    ["Factor of the loss of each class, in the order of the classes; empty means 1 for all.", "每个类别的损失系数，按类别顺序；留空表示全为 1。"],
    ["A linear layer in the head turns the input into one logit per class; off: the inputs are the logits.", "任务头自带的线性层将输入变为每类一个 logit；关闭则输入即为 logit。"]
}

impl LayerKind for ClassesHead {
    const KEY: &'static str = "classes_head";
    const NAME: Text = Text::new("Multi-class head", "多分类任务头");
    const ABOUT: Text = Text::new(
        "A task with several classes: p = softmax(z), with the loss −log p of the true class computed from z without overflow. Rows without a label do not count.",
        "多个类别的任务：p = softmax(z)，由 z 稳定地计算真实类别的损失 −log p。没有标签的行不计入。",
    );
    const CATEGORY: Category = Category::Head;

    head_methods!("cross-entropy", "交叉熵");

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.label(&self.label, |kind| matches!(kind, LabelKind::Classes { .. }))?;
        let n_classes = kind.n_classes().unwrap_or(0).max(1);
        self.lower_head(lowering, inputs, LabelKind::Classes { n_classes }, |places| {
            let LossPlaces {
                task_idx,
                logits,
                probabilities,
                class_weights,
            } = places;
            ops::ClassesLoss {
                task_idx,
                logits,
                probabilities,
                n_classes,
                class_weights,
            }
        })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(2)]),
            Sample::new(
                Self {
                    weight: 2.0,
                    class_weights: vec![0.5, 2.0, 1.5],
                    ..Self::default()
                },
                [vector(2)],
            ),
            Sample::new(
                Self {
                    projection: false,
                    ..Self::default()
                },
                [vector(3)],
            ),
        ]
    }
}
