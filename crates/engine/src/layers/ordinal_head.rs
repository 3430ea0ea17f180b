//! A task with ordered classes, such as ratings: one score and rising thresholds, `P(y > k) = σ(s - θ_k)` (the proportional odds model), with the
//! loss `-log p_y`; input vector, no output.

use super::{
    Activation, Category, LayerKind, LowerError, Sample,
    head::{check_class_weights, head_methods},
    only, vector,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::{schema::LabelKind, text::Text};
use mtl_program::{
    initializers::Initializer,
    ops,
    specs::{Regulariser, Start},
};

mtl_base::settings! {
    /// Settings of the head.
    pub struct OrdinalHead {
        /// Key of the label.
        label: String = "rating".to_owned(), Label,
            ["Label", "标签"], ["What the task learns: a label of the data set with ordered classes.", "任务要学习的内容：数据集中类别有序的标签。"];
        /// Weight of this task's loss in the total loss.
        weight: f32 = 1.0, Real { min: 0.0, max: 100.0, step: 0.1 },
            ["Loss weight", "损失权重"],
            ["Factor of this task's loss in the sum that is trained on.", "该任务的损失在训练总损失中的系数。"];
        /// Factor of the loss of each class; empty means 1 for all.
        class_weights: Vec<f32> = Vec::new(), Reals { max_items: 4096, min: 0.0, max: 1000.0 },
            ["Class weights", "类别权重"],
            ["Factor of the loss of each class, in the order of the classes; empty means 1 for all.", "每个类别的损失系数，按类别顺序；留空表示全为 1。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernel to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for OrdinalHead {
    const KEY: &'static str = "ordinal_head";
    const NAME: Text = Text::new("Ordinal head", "有序分类任务头");
    const ABOUT: Text = Text::new(
        "A task with ordered classes, such as 1 to 5 stars: one score s and rising thresholds, P(y > k) = σ(s − θ_k), with the loss −log p of the true class. A prediction close to the true class costs less than a distant one.",
        "有序类别的任务，例如 1 到 5 星：一个分数 s 和递增的阈值，P(y > k) = σ(s − θ_k)，损失为真实类别的 −log p。预测越接近，代价越小。",
    );
    const CATEGORY: Category = Category::Head;

    head_methods!("ordinal cross-entropy", "有序交叉熵");

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let kind = lowering.label(
            &self.label,
            |kind| matches!(kind, LabelKind::Classes { n_classes } if n_classes > 1),
        )?;
        let LabelKind::Classes { n_classes } = kind else {
            return Err(LowerError::LabelKind {
                key: self.label.clone(),
                got: kind,
            });
        };
        check_class_weights(&self.class_weights, n_classes)?;
        let spec = LinearSpec {
            units: 1,
            activation: Activation::Linear,
            use_bias: false,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        let score = lowering.linear(&input, &spec)?;
        let logits = lowering.value_of(0, &score)?;
        let start = Start::Initializer(Initializer::Zeros);
        let thresholds = lowering.parameter("thresholds", &[n_classes - 1], start, Regulariser::NONE);
        let probabilities = lowering.activation(n_classes)?;
        let cuts = lowering.saved_fixed(2 * (n_classes - 1))?;
        let (task_idx, class_weights) = (lowering.task_idx(), self.class_weights.clone());
        lowering.push(ops::OrdinalLoss {
            task_idx,
            logits,
            thresholds,
            probabilities,
            cuts,
            n_classes,
            class_weights,
        });
        lowering.task(&self.label, kind, n_classes, self.weight, logits, probabilities);
        Ok(Vec::new())
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    label: "category".into(),
                    ..Self::default()
                },
                [vector(3)],
            ),
            Sample::new(
                Self {
                    label: "category".into(),
                    weight: 0.5,
                    class_weights: vec![0.5, 2.0, 1.0],
                    l2: 0.01,
                },
                [vector(2)],
            ),
        ]
    }
}
