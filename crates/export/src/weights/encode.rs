//! Writer of weights files: one line per member and per parameter, so that the file can be read in a text editor.

use mtl_base::json::write_into;
use serde::Serialize;

use super::{DTYPE, FORMAT, MAX_BYTES, VERSION, WeightsError, WeightsFile};

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
    member(&mut out, "format", FORMAT);
    member(&mut out, "version", &VERSION);
    member(&mut out, "software", &file.software);
    member(&mut out, "design", &file.design);
    member(&mut out, "data", &file.data);
    member(&mut out, "settings", &file.settings);
    member(&mut out, "seed", &file.seed);
    member(&mut out, "step", &file.step);
    member(&mut out, "epoch", &file.epoch);
    member(&mut out, "metrics", &file.metrics);
    out.extend_from_slice(b"\"parameters\": [");
    let mut rest = values;
    for (parameter_idx, parameter) in file.parameters.iter().enumerate() {
        let n_values = parameter.n_values().unwrap_or(usize::MAX);
        let Some((own, others)) = rest.split_at_checked(n_values) else {
            return Err(WeightsError::WrongCount {
                parameter: parameter.name.clone(),
                shape: parameter.shape.clone(),
                expected: n_values,
                got: rest.len(),
            });
        };
        rest = others;
        if let Some(index) = own.iter().position(|value| !value.is_finite()) {
            return Err(WeightsError::BadValue {
                parameter: parameter.name.clone(),
                index,
                got: own[index].to_string(),
            });
        }
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

/// One line: `"name": value,`.
fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, value: &T) {
    write_into(out, name);
    out.extend_from_slice(b": ");
    write_into(out, value);
    out.extend_from_slice(b",\n");
}
