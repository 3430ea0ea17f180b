//! Weights files in the format [safetensors](https://github.com/huggingface/safetensors): 8 bytes, a JSON header, and the values as
//! they lie in memory. A quarter of the size of the JSON form, and read by other programs without a line of code.
//!
//! ```text
//! n: u64, little-endian | header: n bytes of JSON, padded with spaces to a multiple of 8 | values: f32, little-endian
//! header = { "__metadata__": { "mtl-playground": TEXT }, "dense_1/kernel": { "dtype": "F32", "shape": [32, 16], "data_offsets": [0, 2048] }, ... }
//! ```
//! `TEXT` is the JSON form of the weights file without its `parameters`, as a text. The values stand in the order of the parameters
//! without gaps; `data_offsets` count from the end of the header.

use std::collections::BTreeMap;

use mtl_base::json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ParameterHeader, WeightsError, WeightsFile,
    decode::{check_names, fault, members, shortened},
    encode::{check_finite, description, too_few},
};

/// Largest file that is read: 128 MB. (The largest model that is trained has 80 MB of values.)
pub const MAX_TENSORS_BYTES: usize = 128 * 1024 * 1024;

/// Key of the description in the metadata.
const DESCRIPTION: &str = "mtl-playground";
/// Key of the metadata in the header.
const METADATA: &str = "__metadata__";
const DTYPE: &str = "F32";

/// The beginning of the file, which the values follow as they are: `values` in little-endian bytes, those of all parameters
/// in the order of [`WeightsFile::parameters`].
///
/// # Errors
/// As [`encode`](super::encode()).
pub fn encode_header(file: &WeightsFile, values: &[u8]) -> Result<Vec<u8>, WeightsError> {
    check_names(file.parameters.iter().map(|parameter| parameter.name.as_str()))?;
    let mut text = b"{".to_vec();
    description(&mut text, file);
    text.push(b'}');
    let mut out = vec![0; 8];
    out.extend_from_slice(b"{\"__metadata__\": {\"mtl-playground\": ");
    json::write_into(&mut out, &String::from_utf8_lossy(&text));
    out.push(b'}');
    let mut start = 0;
    for parameter in &file.parameters {
        let rest = &values[start..];
        let n_bytes = n_bytes(parameter);
        let Some(own) = rest.get(..n_bytes) else {
            return Err(too_few(parameter, rest.len() / 4));
        };
        check_finite(parameter, floats(own))?;
        out.extend_from_slice(b",\n");
        json::write_into(&mut out, &parameter.name);
        out.extend_from_slice(b": {\"dtype\": \"F32\", \"shape\": ");
        json::write_into(&mut out, &parameter.shape);
        out.extend_from_slice(b", \"data_offsets\": ");
        json::write_into(&mut out, &[start, start + n_bytes]);
        out.push(b'}');
        start += n_bytes;
    }
    if start != values.len() {
        return Err(WeightsError::LeftOver {
            values: (values.len() - start) / 4,
        });
    }
    out.push(b'}');
    out.resize(out.len().next_multiple_of(8), b' ');
    let n = (out.len() - 8) as u64;
    out[..8].copy_from_slice(&n.to_le_bytes());
    if out.len() + values.len() > MAX_TENSORS_BYTES {
        return Err(WeightsError::TooLarge {
            bytes: out.len() + values.len(),
            limit: MAX_TENSORS_BYTES,
        });
    }
    Ok(out)
}

/// Whether the bytes are of this format and not a text: the length of the header needs no more than four of its eight bytes.
pub fn is_tensors(bytes: &[u8]) -> bool {
    bytes.len() > 8 && bytes[4..8] == [0; 4]
}

/// One tensor of the header.
#[derive(Deserialize)]
struct Tensor<'a> {
    #[serde(borrow)]
    dtype: std::borrow::Cow<'a, str>,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// Reads a file of either format: its description, and the values in little-endian bytes. Those of a safetensors file
/// stay where they are, so that they are never there twice.
///
/// # Errors
/// As [`decode`](super::decode()).
pub fn decode_bytes(mut bytes: Vec<u8>) -> Result<(WeightsFile, Vec<u8>), WeightsError> {
    if !is_tensors(&bytes) {
        let (file, values) = super::decode(&bytes)?;
        drop(bytes);
        return Ok((
            file,
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ));
    }
    let (file, start) = decode_header(&bytes)?;
    bytes.drain(..start);
    Ok((file, bytes))
}

/// The description, and where the values begin.
fn decode_header(bytes: &[u8]) -> Result<(WeightsFile, usize), WeightsError> {
    if bytes.len() > MAX_TENSORS_BYTES {
        return Err(WeightsError::TooLarge {
            bytes: bytes.len(),
            limit: MAX_TENSORS_BYTES,
        });
    }
    let mut n = [0; 4];
    n.copy_from_slice(&bytes[..4]);
    let start = (u32::from_le_bytes(n) as usize).saturating_add(8);
    let cut = |expected| WeightsError::Cut {
        bytes: bytes.len(),
        expected,
    };
    let header = bytes.get(8..start).ok_or_else(|| cut(start))?;
    let header = std::str::from_utf8(header)
        .ok()
        .filter(|text| text.starts_with('{'));
    let header = header.ok_or_else(|| WeightsError::NotWeights {
        got: "binary data".to_owned(),
    })?;
    let entries: BTreeMap<String, &RawValue> =
        serde_json::from_str(header).map_err(|error| fault(header, &error))?;
    let metadata = entries.get(METADATA).map(|raw| raw.get()).unwrap_or("{}");
    let metadata: BTreeMap<String, String> = part(METADATA, metadata)?;
    let Some(text) = metadata.get(DESCRIPTION) else {
        return Err(WeightsError::NotWeights {
            got: shortened(header),
        });
    };
    let mut tensors = Vec::with_capacity(entries.len());
    for (name, raw) in entries.into_iter().filter(|(name, _)| name != METADATA) {
        let Tensor {
            dtype,
            shape,
            data_offsets: [begin, end],
        } = part(&name, raw.get())?;
        if dtype != DTYPE {
            return Err(WeightsError::Dtype {
                parameter: name,
                got: shortened(&dtype),
            });
        }
        let parameter = ParameterHeader { name, shape };
        if end.checked_sub(begin) != Some(n_bytes(&parameter)) {
            return Err(too_few(&parameter, end.saturating_sub(begin) / 4));
        }
        tensors.push((begin, end, parameter));
    }
    // Tensors without values begin where another one does.
    tensors.sort_by_key(|(begin, end, _)| (*begin, *end));
    let mut place = 0;
    for (begin, end, parameter) in &tensors {
        if *begin != place {
            return Err(WeightsError::Part {
                part: parameter.name.clone(),
                line: 0,
                reason: format!(
                    "data_offsets [{begin}, {end}] do not begin at {place}, where the values before end"
                ),
            });
        }
        let own = bytes[start..]
            .get(place..*end)
            .ok_or_else(|| cut(start.saturating_add(tensors.last().map_or(0, |(_, end, _)| *end))))?;
        check_finite(parameter, floats(own))?;
        place = *end;
    }
    let n_left = bytes.len() - start - place;
    if n_left > 0 {
        return Err(WeightsError::LeftOver {
            values: n_left.div_ceil(4),
        });
    }
    let parameters = tensors.into_iter().map(|(_, _, parameter)| parameter).collect();
    let file = members(text)?.file(text, parameters)?;
    Ok((file, start))
}

fn part<'a, T: Deserialize<'a>>(name: &str, raw: &'a str) -> Result<T, WeightsError> {
    json::read(raw).map_err(|error| WeightsError::Part {
        part: shortened(name),
        line: 0,
        reason: shortened(&error.to_string()),
    })
}

fn n_bytes(parameter: &ParameterHeader) -> usize {
    let n_values = parameter.n_values().unwrap_or(usize::MAX);
    n_values.saturating_mul(4)
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let quads = bytes.chunks_exact(4);
    quads.map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
}
