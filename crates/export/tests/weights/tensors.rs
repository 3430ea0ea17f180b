//! The binary form: it says what the JSON form says, other programs read it, and no bytes make the reader panic.

use mtl_base::text::Explain;
use mtl_export::weights::{
    MAX_TENSORS_BYTES, ParameterHeader, WeightsError, decode_bytes, encode, encode_header, is_tensors,
};
use mtl_kernels::random::Random;
use safetensors::{Dtype, SafeTensors};

use super::{file, text};

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensors() -> Vec<u8> {
    let (file, values) = file();
    let values = bytes_of(&values);
    let mut bytes = encode_header(&file, &values).expect("a file that can be written");
    bytes.extend(values);
    bytes
}

#[test]
fn both_forms_say_the_same() {
    let (file, values) = file();
    let bytes = tensors();
    assert!(is_tensors(&bytes) && !is_tensors(text().as_bytes()));
    assert_eq!(decode_bytes(bytes).unwrap(), (file.clone(), bytes_of(&values)));
    assert_eq!(
        decode_bytes(text().into_bytes()).unwrap(),
        (file, bytes_of(&values))
    );
}

#[test]
fn another_program_reads_it() {
    let (file, values) = file();
    let bytes = tensors();
    let read = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.len(), file.parameters.len());
    let mut rest = &values[..];
    for parameter in &file.parameters {
        let tensor = read.tensor(&parameter.name).unwrap();
        assert_eq!(
            (tensor.dtype(), tensor.shape()),
            (Dtype::F32, &parameter.shape[..])
        );
        let (own, others) = rest.split_at(parameter.n_values().unwrap());
        assert_eq!(tensor.data(), bytes_of(own));
        rest = others;
    }
    // What another program writes of the same tensors is read too, in the order in which it puts them.
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let written = safetensors::serialize(read.tensors(), metadata.metadata().clone()).unwrap();
    let (back, _) = decode_bytes(written).unwrap();
    back.check().unwrap();
    assert_eq!(back.parameters.len(), file.parameters.len());
}

#[test]
fn what_is_wrong_with_it_is_named() {
    let (file, values) = file();
    let good = tensors();
    // The same length, so that the header's length stays right.
    let with = |old: &str, new: &str| {
        assert_eq!(old.len(), new.len());
        let position = good
            .windows(old.len())
            .position(|window| window == old.as_bytes())
            .unwrap_or_else(|| panic!("{old} is not in the file"));
        let mut bytes = good.clone();
        bytes[position..position + new.len()].copy_from_slice(new.as_bytes());
        let error = decode_bytes(bytes).expect_err(new);
        assert!(error.explain().zh.chars().any(|letter| letter > '\u{4e00}'));
        error
    };
    assert!(matches!(with("\"F32\"", "\"F64\""), WeightsError::Dtype { got, .. } if got == "F64"));
    assert!(matches!(
        with("[3,4]", "[3,5]"),
        WeightsError::WrongCount {
            expected: 15,
            got: 12,
            ..
        }
    ));
    assert!(
        matches!(with("[60,108]", "[61,109]"), WeightsError::Part { part, .. } if part == "dense/kernel")
    );
    assert!(matches!(
        with("mtl-playground\": ", "mtl-playgrounds\":"),
        WeightsError::NotWeights { .. }
    ));
    assert!(matches!(
        with("\\\"version\\\": 1", "\\\"version\\\": 7"),
        WeightsError::OtherVersion { .. }
    ));
    let mut nan = good.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(
        matches!(decode_bytes(nan), Err(WeightsError::BadValue { parameter, index: 2, .. }) if parameter == "domain/bias")
    );
    let longer = [&good[..], &[0; 8]].concat();
    assert_eq!(decode_bytes(longer), Err(WeightsError::LeftOver { values: 2 }));
    for end in 9..good.len() {
        let error = decode_bytes(good[..end].to_vec()).expect_err("half a file");
        let expected = matches!(error, WeightsError::Cut { bytes, .. } if bytes == end);
        assert!(expected, "cut after {end} bytes: {error}");
    }
    assert!(matches!(
        decode_bytes(vec![0; 24_000_000]),
        Err(WeightsError::NotWeights { .. })
    ));

    let values = bytes_of(&values);
    assert!(matches!(
        encode_header(&file, &values[4..]),
        Err(WeightsError::WrongCount { .. })
    ));
    assert_eq!(
        encode_header(&file, &[&values[..], &[0; 4]].concat()),
        Err(WeightsError::LeftOver { values: 1 })
    );
    let infinite = [&f32::INFINITY.to_le_bytes()[..], &values[4..]].concat();
    assert!(matches!(
        encode_header(&file, &infinite),
        Err(WeightsError::BadValue { index: 0, .. })
    ));
}

/// The largest model that is trained: too large for JSON, and a quarter of its size in bytes.
#[test]
fn twenty_million_parameters_are_written_and_read() {
    let (mut file, _) = file();
    file.parameters = vec![ParameterHeader {
        name: "all".into(),
        shape: vec![20_000, 1_000],
    }];
    let values: Vec<f32> = (0..20_000_000).map(|index| (index as f32).sqrt()).collect();
    assert!(matches!(
        encode(&file, &values),
        Err(WeightsError::TooLarge { .. })
    ));
    let values = bytes_of(&values);
    let mut bytes = encode_header(&file, &values).unwrap();
    bytes.extend(&values);
    assert!(bytes.len() < MAX_TENSORS_BYTES && bytes.len() < values.len() + 16_384);
    let (back, read) = decode_bytes(bytes).unwrap();
    assert!(back == file && read == values);
}

#[test]
fn no_bytes_make_the_binary_reader_panic() {
    let good = tensors();
    let header = good.len() - 4 * file().1.len();
    let mut random = Random::stream(12, "fuzz");
    let mut n_read = 0;
    for _ in 0..4_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.below(4) {
            let at = if random.below(2) == 0 {
                random.below(header)
            } else {
                random.below(bytes.len())
            };
            match random.below(4) {
                0 => bytes[at] = random.next_u32() as u8,
                1 => bytes.insert(at, b"{}[]\",:0-9eN\\"[random.below(13)]),
                2 => drop(bytes.remove(at)),
                _ => bytes[at] ^= 1 << random.below(8),
            }
            if bytes.len() <= header {
                break;
            }
        }
        match decode_bytes(bytes) {
            Ok((file, values)) => {
                n_read += 1;
                let quads = values.chunks_exact(4);
                assert!(
                    quads
                        .into_iter()
                        .all(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]).is_finite())
                );
                let _ = file.check();
            }
            Err(error) => assert!(!error.explain().zh.is_empty()),
        }
    }
    assert!(n_read > 0, "some edits change a value only");
}
