//! Shared by layers that merge inputs of equal shape.

use super::{Layer, LayerKind, LowerError, Sample, sequence, several, vector};
use crate::lowering::{Lowering, Signal};
use mtl_program::{
    ids::ValueId,
    ops::{self, MaskRule, Op},
};

/// Lowers a merge of equal shapes, element by element: `merge` gives the op for the places of the inputs, the place of
/// the result and its size.
pub(crate) fn lower_elementwise<O: Into<Op>>(
    lowering: &mut Lowering<'_>,
    inputs: &[Signal],
    merge: impl FnOnce(&mut Lowering<'_>, Vec<ValueId>, ValueId, usize) -> Result<O, LowerError>,
) -> Result<Vec<Signal>, LowerError> {
    let (first, inputs) = several(inputs)?;
    let (shape, size) = (first.shape, first.shape.size());
    let values = equal_shapes(lowering, inputs)?;
    let y = lowering.activation(size)?;
    let op = merge(lowering, values, y, size)?;
    lowering.push(op);
    let mask = either_mask(lowering, inputs)?;
    Ok(vec![Signal::new(shape, y).masked(mask)])
}

/// Two vectors, and three sequences.
pub(crate) fn elementwise_samples<L: LayerKind + Into<Layer>>() -> Vec<Sample> {
    vec![
        Sample::new(L::default(), [vector(3), vector(3)]),
        Sample::new(L::default(), [sequence(3, 2), sequence(3, 2), sequence(3, 2)]),
    ]
}

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
