//! What layers with several equal inputs share.

use super::LowerError;
use crate::{
    ops::{self, MaskRule},
    plan::{Lowering, Signal, ValueId},
};

/// The places of signals that must have equal shapes.
pub(crate) fn equal_shapes(lowering: &Lowering<'_>, inputs: &[Signal]) -> Result<Vec<ValueId>, LowerError> {
    let mut values = Vec::with_capacity(inputs.len());
    for (handle, input) in inputs.iter().enumerate() {
        if input.shape != inputs[0].shape {
            return Err(LowerError::UnequalShapes {
                first: inputs[0].shape,
                got: input.shape,
            });
        }
        values.push(lowering.value_of(handle, input)?);
    }
    Ok(values)
}

/// The mask of a merge, as Keras has it: a step counts where it counts in any input; every step does when an input
/// has no mask.
pub(crate) fn either_mask(
    lowering: &mut Lowering<'_>,
    inputs: &[Signal],
) -> Result<Option<ValueId>, LowerError> {
    let mut masks = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input.mask {
            Some(mask) if masks.contains(&mask) => {}
            Some(mask) => masks.push(mask),
            None => return Ok(None),
        }
    }
    let length = inputs.first().map_or(1, |input| input.shape.steps());
    let mut merged: Option<ValueId> = None;
    for mask in masks {
        merged = Some(match merged {
            None => mask,
            Some(so_far) => {
                let either = lowering.activation(length)?;
                lowering.push(ops::Mask {
                    rule: MaskRule::Either(so_far, mask),
                    y: either,
                    length,
                });
                either
            }
        });
    }
    Ok(merged)
}
