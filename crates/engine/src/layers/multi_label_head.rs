//! A task with several yes / no labels side by side, such as tags: `p_k = σ(z_k)` for each label k, and the mean over the known
//! labels of `-y_k log p_k - (1-y_k) log(1-p_k)`, computed from z; input vector, no output. With every label known that is Keras's
//! binary cross-entropy of a vector.

use super::{
    Category, LayerKind, LowerError, Sample,
    head::{head_methods, head_settings},
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{schema::LabelKind, text::Text};
use mtl_program::ops;

head_settings! {
    MultiLabelHead, "tags",
    ["Factor of the loss of each label, in the order of the labels; empty means 1 for all.", "每个标签的损失系数，按标签顺序；留空表示全为 1。"],
    ["A linear layer in the head turns the input into one logit per label; off: the inputs are the logits.", "任务头自带的线性层将输入变为每个标签一个 logit；关闭则输入即为 logit。"]
}

impl LayerKind for MultiLabelHead {
    const KEY: &'static str = "multi_label_head";
    const NAME: Text = Text::new("Multi-label head", "多标签任务头");
    const ABOUT: Text = Text::new(
        "A task with several labels that may all be true, such as tags: p = σ(z) for each, with the mean of their cross-entropies −y log p − (1 − y) log(1 − p) computed from z without overflow. Missing labels do not count.",
        "可同时成立的多个标签（例如话题标签）的任务：每个标签 p = σ(z)，损失为各标签交叉熵 −y log p − (1 − y) log(1 − p) 的平均，由 z 稳定计算。缺失的标签不计入。",
    );
    const CATEGORY: Category = Category::Head;

    head_methods!("mean cross-entropy", "平均二元交叉熵");

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.label(
            &self.label,
            |kind| matches!(kind, LabelKind::MultiLabel { n_labels } if n_labels > 0),
        )?;
        self.lower_head(lowering, inputs, kind, |mut places| {
            // A label's weight is that of its no and of its yes.
            places.class_weights = places
                .class_weights
                .iter()
                .flat_map(|weight| [*weight; 2])
                .collect();
            ops::BinaryLoss::new(places, kind.width())
        })
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(2)]),
            Sample::new(
                Self {
                    weight: 2.0,
                    class_weights: vec![0.5, 2.0, 1.5],
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
                [vector(3)],
            ),
        ]
    }
}
