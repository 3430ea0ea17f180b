//! Shared by the pooling layers.

use super::{LowerError, Shape, as_sequence};
use crate::lowering::{Lowering, Signal};
use mtl_program::ops::{self, PoolRule};

/// Pools the unmasked steps of a sequence into one vector of its width.
pub(crate) fn pool(
    lowering: &mut Lowering<'_>,
    input: &Signal,
    rule: PoolRule,
) -> Result<Signal, LowerError> {
    let (length, width) = as_sequence(input)?;
    let x = lowering.value_of(0, input)?;
    let y = lowering.activation(width)?;
    let mask = input.mask;
    lowering.push(ops::Pool {
        rule,
        x,
        mask,
        y,
        length,
        width,
    });
    Ok(Signal::new(Shape::Vector { width }, y))
}
