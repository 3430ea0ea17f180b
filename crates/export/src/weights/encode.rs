//! Writer of weights files: one line per member and per parameter, so that the file can be read in a text editor.

use mtl_base::json::write_into;
use serde::Serialize;

use super::{DTYPE, FORMAT, MAX_BYTES, ParameterHeader, VERSION, WeightsError, WeightsFile};

/// Largest number of bytes of one value, with its comma: `-1.1754944e-38,`.
const VALUE_BYTES: usize = 16;

/// Estimated size of the file in bytes, to allocate it once.
pub fn encoded_size_hint(file: &WeightsFile, n_values: usize) -> usize {
    let tokens: usize = file
        .data
        .vocabularies
        .iter()
        .flat_map(|vocabulary| &vocabulary.tokens)
        .map(|token| token.len() + 3)
        .sum();
    16 * 1024 + tokens + file.parameters.len() * 96 + n_values * 12
}

/// The bytes of the file. `values` are those of all parameters, in the order of [`WeightsFile::parameters`].
///
/// # Errors
/// When the values do not fill the parameters, when one is not a finite number, when two parameters have the same
/// name, or when the file would be larger than [`MAX_BYTES`] (it could not be read back).
pub fn encode(file: &WeightsFile, values: &[f32]) -> Result<Vec<u8>, WeightsError> {
    super::decode::check_names(file.parameters.iter().map(|parameter| parameter.name.as_str()))?;
    if values.len().saturating_mul(4) > MAX_BYTES {
        return Err(WeightsError::TooLarge {
            bytes: values.len().saturating_mul(VALUE_BYTES),
            limit: MAX_BYTES,
        });
    }
    let mut out = Vec::with_capacity(encoded_size_hint(file, values.len()));
    out.extend_from_slice(b"{\n");
    description(&mut out, file);
    out.extend_from_slice(b",\n\"parameters\": [");
    let mut rest = values;
    for (parameter_idx, parameter) in file.parameters.iter().enumerate() {
        let n_values = parameter.n_values().unwrap_or(usize::MAX);
        let Some((own, others)) = rest.split_at_checked(n_values) else {
            return Err(too_few(parameter, rest.len()));
        };
        rest = others;
        check_finite(parameter, own.iter().copied())?;
        out.extend_from_slice(if parameter_idx == 0 {
            b"\n{\"name\": "
        } else {
            b",\n{\"name\": "
        });
        write_into(&mut out, &parameter.name);
        out.extend_from_slice(b", \"shape\": ");
        write_into(&mut out, &parameter.shape);
        out.extend_from_slice(b", \"dtype\": ");
        write_into(&mut out, DTYPE);
        out.extend_from_slice(b", \"values\": ");
        write_into(&mut out, own);
        out.push(b'}');
    }
    if !rest.is_empty() {
        return Err(WeightsError::LeftOver { values: rest.len() });
    }
    out.extend_from_slice(b"\n]\n}\n");
    if out.len() > MAX_BYTES {
        return Err(WeightsError::TooLarge {
            bytes: out.len(),
            limit: MAX_BYTES,
        });
    }
    Ok(out)
}

/// All members but the parameters, one a line.
pub(super) fn description(out: &mut Vec<u8>, file: &WeightsFile) {
    member(out, "format", FORMAT);
    member(out, "version", &VERSION);
    member(out, "software", &file.software);
    member(out, "design", &file.design);
    member(out, "data", &file.data);
    member(out, "settings", &file.settings);
    member(out, "seed", &file.seed);
    member(out, "step", &file.step);
    member(out, "epoch", &file.epoch);
    write_into(out, "metrics");
    out.extend_from_slice(b": ");
    write_into(out, &file.metrics);
}

pub(super) fn too_few(parameter: &ParameterHeader, got: usize) -> WeightsError {
    WeightsError::WrongCount {
        parameter: parameter.name.clone(),
        shape: parameter.shape.clone(),
        expected: parameter.n_values().unwrap_or(usize::MAX),
        got,
    }
}

/// Refuses the first value that is not a finite number.
pub(super) fn check_finite(
    parameter: &ParameterHeader,
    values: impl Iterator<Item = f32>,
) -> Result<(), WeightsError> {
    match values.enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(WeightsError::BadValue {
            parameter: parameter.name.clone(),
            index,
            got: value.to_string(),
        }),
        None => Ok(()),
    }
}

/// One line: `"name": value,`.
fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, value: &T) {
    write_into(out, name);
    out.extend_from_slice(b": ");
    write_into(out, value);
    out.extend_from_slice(b",\n");
}
