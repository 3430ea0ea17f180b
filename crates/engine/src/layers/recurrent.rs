//! Shared by the recurrent layers: parameters, values, and output.

use super::{LowerError, Shape, as_sequence};
use crate::lowering::{Lowering, Signal};
use mtl_program::{
    ids::ValueId,
    initializers::Initializer,
    operation::recurrence::Recurrence,
    specs::{Regulariser, Start},
};

/// Names of the parameters of a unidirectional layer.
pub(crate) const NAMES: [&str; 3] = ["kernel", "recurrent_kernel", "bias"];

/// Direction of a recurrent layer, with the names of its parameters.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// Names of the parameters.
    pub names: [&'static str; 3],
    /// Whether the sequence is processed in reverse.
    pub backwards: bool,
}

impl Reading {
    /// The forward direction, with the usual names.
    pub const FORWARDS: Self = Self {
        names: NAMES,
        backwards: false,
    };
}

/// Configuration of a recurrent layer.
pub(crate) struct RecurrentSpec<'a> {
    pub n_gates: usize,
    pub units: usize,
    pub sequences: bool,
    pub l2: f32,
    pub bias_shape: &'a [usize],
    pub bias_start: Start,
}

/// Declares the parameters and the values that every recurrent op has.
pub(crate) fn recurrence(
    lowering: &mut Lowering<'_>,
    input: &Signal,
    spec: &RecurrentSpec<'_>,
    reading: Reading,
) -> Result<Recurrence, LowerError> {
    let (length, n_in) = as_sequence(input)?;
    let RecurrentSpec {
        n_gates,
        units,
        sequences,
        ..
    } = *spec;
    let width = n_gates * units;
    let regulariser = Regulariser::l2(spec.l2);
    let [kernel, recurrent_kernel, bias] = reading.names;
    let start = Start::Initializer;
    let kernel = lowering.parameter(
        kernel,
        &[n_in, width],
        start(Initializer::GlorotUniform),
        regulariser,
    );
    let recurrent_kernel = lowering.parameter(
        recurrent_kernel,
        &[units, width],
        start(Initializer::Orthogonal),
        regulariser,
    );
    let bias = lowering.parameter(bias, spec.bias_shape, spec.bias_start, Regulariser::NONE);
    Ok(Recurrence {
        x: lowering.value_of(0, input)?,
        mask: input.mask,
        kernel,
        recurrent_kernel,
        bias,
        y: lowering.activation(if sequences {
            length.saturating_mul(units)
        } else {
            units
        })?,
        order: lowering.order(length),
        packed_x: kept(lowering, length, n_in)?,
        gates: kept(lowering, length, width)?,
        previous: kept(lowering, length, units)?,
        state: lowering.scratch(units)?,
        packed_dx: lowering.backward_scratch(length.saturating_mul(n_in))?,
        n_gates,
        length,
        n_in,
        units,
        sequences,
        backwards: reading.backwards,
    })
}

/// A value of `width` numbers for each of `length` steps that the backward pass needs.
pub(crate) fn kept(lowering: &mut Lowering<'_>, length: usize, width: usize) -> Result<ValueId, LowerError> {
    lowering.saved(length.saturating_mul(width))
}

/// The output of the layer.
pub(crate) fn result(recurrence: &Recurrence) -> Signal {
    let Recurrence {
        y,
        mask,
        length,
        units: width,
        sequences,
        ..
    } = *recurrence;
    if sequences {
        Signal::new(Shape::Sequence { length, width }, y).masked(mask)
    } else {
        Signal::new(Shape::Vector { width }, y)
    }
}
