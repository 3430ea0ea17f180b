//! What task heads share.

use super::{Activation, LowerError, PortKind, Shape};
use crate::{
    initializers::Initializer,
    plan::{LinearSpec, Lowering, Regulariser, Signal, ValueId},
};

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
