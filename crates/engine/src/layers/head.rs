//! Shared by the task heads: settings, handles, and the lowering of logits and loss.

use super::{
    Activation, BinaryHead, ClassesHead, Layer, LowerError, MultiLabelHead, PortKind, RegressionHead, Shape,
    only,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::schema::LabelKind;
use mtl_program::{ids::ValueId, initializers::Initializer, losses::LossPlaces, ops::Op, specs::Regulariser};

/// Declares the settings of a head with a projection of its own and a weight per class: its name, the usual key of its label,
/// and what the weights and the projection are called in the help.
macro_rules! head_settings {
    ($name:ident, $label:literal, [$weights_en:literal, $weights_zh:literal], [$projection_en:literal, $projection_zh:literal]) => {
        mtl_base::settings! {
            /// Settings of the head.
            pub struct $name {
                /// Key of the label.
                label: String = $label.to_owned(), Label,
                    ["Label", "标签"], ["What the task learns: a label of the data set.", "任务要学习的内容：数据集中的一个标签。"];
                /// Weight of this task's loss in the total loss.
                weight: f32 = 1.0, Real { min: 0.0, max: 100.0, step: 0.1 },
                    ["Loss weight", "损失权重"],
                    ["Factor of this task's loss in the total loss.", "该任务的损失在总损失中的系数。"];
                /// Class weights of the loss; empty means 1 for all.
                class_weights: Vec<f32> = Vec::new(), Reals { max_items: 4096, min: 0.0, max: 1000.0 },
                    ["Class weights", "类别权重"], [$weights_en, $weights_zh];
                /// Whether the head has a projection (a dense layer) to its logits.
                projection: bool = true, Flag,
                    ["Own output layer (linear)", "自带输出层（线性）"], [$projection_en, $projection_zh];
                /// Factor of Σ w² of the projection in the loss.
                l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
                    ["L2", "L2"], ["Adds l2 · Σ w² over the output layer to the loss.", "在损失中加入自带输出层权重的 l2 · Σ w²。"];
            }
        }

        impl $name {
            /// Lowers its logits and its loss: see [`head::lower`](crate::layers::head::lower).
            fn lower_head<O: Into<mtl_program::ops::Op>>(
                &self,
                lowering: &mut crate::lowering::Lowering<'_>,
                inputs: &[crate::lowering::Signal],
                kind: mtl_base::schema::LabelKind,
                op: impl FnOnce(mtl_program::losses::LossPlaces) -> O,
            ) -> Result<Vec<crate::lowering::Signal>, crate::layers::LowerError> {
                let spec = crate::layers::head::HeadSpec {
                    label: &self.label,
                    weight: self.weight,
                    class_weights: &self.class_weights,
                    projection: self.projection,
                    l2: self.l2,
                };
                crate::layers::head::lower(lowering, inputs, &spec, kind, op)
            }
        }
    };
}

/// The methods of [`LayerKind`](super::LayerKind) that are the same for every head; what its loss is called.
macro_rules! head_methods {
    ($en:literal, $zh:literal) => {
        const INPUTS: &'static [crate::layers::InputPort] = crate::layers::VECTOR_INPUT;
        const OUTPUTS: &'static [crate::layers::OutputPort] = crate::layers::NO_OUTPUTS;

        fn summary(&self) -> String {
            self.label.clone()
        }

        fn label(&self) -> Option<&str> {
            Some(&self.label)
        }

        fn loss(&self) -> Option<mtl_base::text::Text> {
            Some(mtl_base::text::Text::new($en, $zh))
        }

        fn loss_weight(&self) -> Option<f32> {
            Some(self.weight)
        }
    };
}

pub(crate) use {head_methods, head_settings};

/// The settings of a head with a projection of its own.
pub(crate) struct HeadSpec<'a> {
    pub label: &'a str,
    pub weight: f32,
    pub class_weights: &'a [f32],
    pub projection: bool,
    pub l2: f32,
}

/// Lowers the logits of a head whose label is of this kind, and the loss that `op` makes.
pub(crate) fn lower<O: Into<Op>>(
    lowering: &mut Lowering<'_>,
    inputs: &[Signal],
    spec: &HeadSpec<'_>,
    kind: LabelKind,
    op: impl FnOnce(LossPlaces) -> O,
) -> Result<Vec<Signal>, LowerError> {
    let n_logits = match kind {
        LabelKind::Classes { n_classes } => n_classes,
        other => other.width(),
    };
    check_class_weights(spec.class_weights, kind.n_names())?;
    let logits = logits(lowering, &only(inputs)?, n_logits, spec.projection, spec.l2)?;
    let probabilities = lowering.activation(n_logits)?;
    let task_idx = lowering.task_idx();
    let class_weights = spec.class_weights.to_vec();
    lowering.push(op(LossPlaces {
        task_idx,
        logits,
        probabilities,
        class_weights,
    }));
    lowering.task(spec.label, kind, n_logits, spec.weight, logits, probabilities);
    Ok(Vec::new())
}

/// The logits of a head: a linear layer of its own, or the input as it is.
pub(crate) fn logits(
    lowering: &mut Lowering<'_>,
    input: &Signal,
    n_logits: usize,
    projection: bool,
    l2: f32,
) -> Result<ValueId, LowerError> {
    let Shape::Vector { width } = input.shape else {
        return Err(LowerError::Kind {
            handle: 0,
            expected: PortKind::Vector,
            got: input.shape,
        });
    };
    if projection {
        let spec = LinearSpec {
            units: n_logits,
            activation: Activation::Linear,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(l2),
        };
        let logits = lowering.linear(input, &spec)?;
        lowering.value_of(0, &logits)
    } else if width == n_logits {
        lowering.value_of(0, input)
    } else {
        Err(LowerError::Logits {
            expected: n_logits,
            got: width,
        })
    }
}

/// One weight per class, or none.
pub(crate) fn check_class_weights(weights: &[f32], n_classes: usize) -> Result<(), LowerError> {
    if weights.is_empty() || weights.len() == n_classes {
        Ok(())
    } else {
        Err(LowerError::ClassWeights {
            expected: n_classes,
            got: weights.len(),
        })
    }
}

/// The head that usually learns labels of this kind.
pub fn head_for(kind: LabelKind, label: &str) -> Layer {
    let label = label.to_owned();
    match kind {
        LabelKind::Binary => BinaryHead {
            label,
            ..BinaryHead::default()
        }
        .into(),
        LabelKind::Classes { .. } => ClassesHead {
            label,
            ..ClassesHead::default()
        }
        .into(),
        LabelKind::Real => RegressionHead {
            label,
            ..RegressionHead::default()
        }
        .into(),
        LabelKind::MultiLabel { .. } => MultiLabelHead {
            label,
            ..MultiLabelHead::default()
        }
        .into(),
    }
}
