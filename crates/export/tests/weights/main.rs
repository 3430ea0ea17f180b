//! Weights files: round trips are lossless, errors name the fault, and no input makes the reader panic.

mod schema;
mod tensors;

use mtl_base::schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema};
use mtl_base::text::{Explain, Message};
use mtl_engine::design::Design;
use mtl_engine::layers::{BinaryHead, ClassesHead, Dense, Embedding, GlobalAveragePooling, TokenInput};
use mtl_export::weights::{
    DataDescription, FeatureScale, FeatureVocabulary, MAX_BYTES, ParameterHeader, Software, WeightsError,
    WeightsFile, decode, encode,
};
use mtl_kernels::random::Random;
use serde_json::{Value, json};

fn design() -> Design {
    let mut design = Design::new("Two heads");
    let text = design.add(
        "text",
        TokenInput {
            feature: "text".into(),
        },
    );
    let embedding = design.add(
        "embedding",
        Embedding {
            width: 3,
            ..Embedding::default()
        },
    );
    let pool = design.add("pool", GlobalAveragePooling {});
    let dense = design.add(
        "dense",
        Dense {
            units: 4,
            ..Dense::default()
        },
    );
    let yes = design.add(
        "recommended",
        BinaryHead {
            label: "recommended".into(),
            ..BinaryHead::default()
        },
    );
    let class = design.add(
        "domain",
        ClassesHead {
            label: "domain".into(),
            ..ClassesHead::default()
        },
    );
    for (from, to) in [
        (text, embedding),
        (embedding, pool),
        (pool, dense),
        (dense, yes),
        (dense, class),
    ] {
        design.connect(from, to, 0);
    }
    design
}

fn tiny_schema() -> Schema {
    let name = |name: &str| Message::new(name, name);
    Schema {
        features: vec![FeatureSchema {
            key: "text".into(),
            name: name("Text"),
            kind: FeatureKind::Tokens {
                length: 6,
                cardinality: 5,
            },
        }],
        labels: vec![
            LabelSchema {
                key: "recommended".into(),
                name: name("Recommended"),
                kind: LabelKind::Binary,
                classes: vec![name("no"), name("yes")],
            },
            LabelSchema {
                key: "domain".into(),
                name: name("Domain"),
                kind: LabelKind::Classes { n_classes: 3 },
                classes: vec![name("a"), name("b"), name("c")],
            },
        ],
    }
}

fn file() -> (WeightsFile, Vec<f32>) {
    let shapes: [(&str, &[usize]); 7] = [
        ("embedding/embeddings", &[5, 3]),
        ("dense/kernel", &[3, 4]),
        ("dense/bias", &[4]),
        ("recommended/kernel", &[4, 1]),
        ("recommended/bias", &[1]),
        ("domain/kernel", &[4, 3]),
        ("domain/bias", &[3]),
    ];
    let parameters: Vec<ParameterHeader> = shapes
        .iter()
        .map(|(name, shape)| ParameterHeader {
            name: (*name).into(),
            shape: shape.to_vec(),
        })
        .collect();
    let n_values = parameters.iter().filter_map(ParameterHeader::n_values).sum();
    let file = WeightsFile {
        software: Software::this(),
        design: design(),
        data: DataDescription {
            source: json!({ "source": "asset", "key": "tiny" }),
            settings: json!({ "max_tokens": 6 }),
            schema: tiny_schema(),
            vocabularies: vec![FeatureVocabulary {
                feature: "text".into(),
                tokens: ["<pad>", "<unk>", "good", "\"quoted\"\\", "很"]
                    .map(String::from)
                    .to_vec(),
            }],
            scales: vec![FeatureScale {
                feature: "age".into(),
                means: vec![40.5],
                deviations: vec![12.25],
            }],
        },
        settings: json!({ "epochs": 3, "learning_rate": 0.001 }),
        seed: (1 << 53) - 1,
        step: 1200,
        epoch: 2.5,
        metrics: vec![json!({ "split": "validation" })],
        parameters,
    };
    (
        file,
        (0..n_values).map(|index| index as f32 * 0.1 - 1.0).collect(),
    )
}

fn text() -> String {
    let (file, values) = file();
    String::from_utf8(encode(&file, &values).expect("a file that can be written")).expect("JSON is UTF-8")
}

/// The error of reading a valid file in which `old` is replaced by `new`.
fn with(old: &str, new: &str) -> WeightsError {
    let good = text();
    assert!(good.contains(old), "{old} is not in the file");
    let error = decode(good.replacen(old, new, 1).as_bytes()).expect_err(new);
    let message = error.explain();
    assert!(
        !message.en.is_empty() && message.zh.chars().any(|letter| letter > '\u{4e00}'),
        "{message:?}"
    );
    error
}

#[test]
fn a_file_comes_back_bit_for_bit() {
    let (mut file, _) = file();
    let mut values = vec![
        0.0,
        -0.0,
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        -f32::from_bits(0x007f_ffff),
        f32::MAX,
        f32::MIN,
        1.0 / 3.0,
        16_777_217.0,
        1e-7,
        0.1 + 0.2,
    ];
    let mut random = Random::stream(5, "bits");
    while values.len() < 200_000 {
        let value = f32::from_bits(random.next_u32());
        if value.is_finite() {
            values.push(value);
        }
    }
    file.parameters = vec![ParameterHeader {
        name: "all".into(),
        shape: vec![values.len() / 4, 4],
    }];
    let bytes = encode(&file, &values).unwrap();
    let (back, read) = decode(&bytes).unwrap();
    assert_eq!(back, file);
    let differs = values
        .iter()
        .zip(&read)
        .position(|(a, b)| a.to_bits() != b.to_bits());
    assert_eq!(differs, None);
    assert_eq!(encode(&back, &read).unwrap(), bytes);
}

#[test]
fn a_good_file_passes_every_check() {
    let (file, values) = file();
    let (back, read) = decode(text().as_bytes()).unwrap();
    assert_eq!((&back, &read), (&file, &values));
    back.check().unwrap();
    // A byte order mark and CRLF come from editors.
    let edited = format!("\u{feff}{}", text().replace('\n', "\r\n"));
    assert_eq!(decode(edited.as_bytes()).unwrap().0, file);
}

#[test]
fn what_is_wrong_is_named() {
    let name = |name: &str| name.to_owned();
    assert_eq!(decode(b" \n"), Err(WeightsError::Empty));
    let half = &text()[..text().len() / 2];
    assert!(
        matches!(decode(half.as_bytes()), Err(WeightsError::Truncated { bytes, .. }) if bytes == half.len())
    );
    assert!(matches!(
        decode(b"\x89PNG\r\n\x1a\n"),
        Err(WeightsError::NotJson { offset: 0, .. })
    ));
    assert!(matches!(
        decode(b"<html></html>"),
        Err(WeightsError::NotJson {
            offset: 0,
            line: 1,
            ..
        })
    ));
    assert!(matches!(decode(b"[1, 2]"), Err(WeightsError::NotWeights { .. })));
    assert!(matches!(
        decode(b"{\"model\": {}}"),
        Err(WeightsError::NotWeights { .. })
    ));
    assert_eq!(
        with("\"version\": 1,", "\"version\": 7,"),
        WeightsError::OtherVersion {
            got: name("7"),
            expected: 1
        }
    );
    assert_eq!(
        with("\"seed\": ", "\"sead\": "),
        WeightsError::MissingPart { part: name("seed") }
    );
    assert!(
        matches!(with("\"step\": 1200", "\"step\": -3"), WeightsError::Part { part, .. } if part == "step")
    );
    assert!(matches!(
        with("\"type\":\"dense\"", "\"type\":\"warp_drive\""),
        WeightsError::Part { part, line: 5, reason } if part == "design" && reason.contains("warp_drive")
    ));
    assert_eq!(
        with("\"name\": \"dense/bias\"", "\"name\": \"dense/kernel\""),
        WeightsError::DuplicateParameter {
            parameter: name("dense/kernel")
        }
    );
    assert_eq!(
        with("\"shape\": [3,4]", "\"shape\": [3,5]"),
        WeightsError::WrongCount {
            parameter: name("dense/kernel"),
            shape: vec![3, 5],
            expected: 15,
            got: 12
        }
    );
    assert!(matches!(
        with("\"seed\": ", "\"step\": 3, \"seed\": "),
        WeightsError::NotJson { reason, .. } if reason == "duplicate field `step`"
    ));
    assert!(matches!(
        with("\"dtype\": ", "\"values\": [], \"dtype\": "),
        WeightsError::Part { part, reason, .. } if part == "parameters" && reason.contains("`values`")
    ));
    let huge = format!("\"shape\": [{0},{0}]", usize::MAX);
    assert!(matches!(
        with("\"shape\": [3,4]", &huge),
        WeightsError::WrongCount { .. }
    ));
    assert!(matches!(
        with("\"shape\": [3,4]", "\"shape\": [-3]"),
        WeightsError::Part { .. }
    ));
    assert_eq!(
        with("\"dtype\": \"float32\"", "\"dtype\": \"float64\""),
        WeightsError::Dtype {
            parameter: name("embedding/embeddings"),
            got: name("float64")
        }
    );
}

#[test]
fn values_that_are_not_finite_numbers_are_named() {
    let bad = |index, got: &str| WeightsError::BadValue {
        parameter: "embedding/embeddings".into(),
        index,
        got: got.into(),
    };
    for word in [
        "NaN",
        "Infinity",
        "-Infinity",
        "null",
        "\"0.5\"",
        "true",
        "1e39",
        "-1e400",
        "[]",
    ] {
        assert_eq!(with("[-1.0,-0.9,", &format!("[-1.0,{word},")), bad(1, word));
    }
    assert_eq!(with("[-1.0,", "[NaN,"), bad(0, "NaN"));
    assert_eq!(with("[-1.0,", "[ NaN,"), bad(0, "NaN"));
    assert_eq!(
        with("\"values\": [", "\"values\": 0.5, \"others\": ["),
        bad(0, "0.5")
    );
    assert_eq!(
        with("\"values\": [", "\"values\": [[1.0, 2.0]], \"others\": ["),
        bad(0, "[1.0")
    );
    assert!(matches!(
        with("\"values\": [", "\"values\": [ ], \"others\": ["),
        WeightsError::WrongCount { got: 0, .. }
    ));
    assert!(matches!(
        with("[-1.0,-0.9,", "[-1.0,,"),
        WeightsError::NotJson { .. }
    ));
    let (file, mut values) = file();
    values[16] = f32::INFINITY;
    let expected = WeightsError::BadValue {
        parameter: "dense/kernel".into(),
        index: 1,
        got: "inf".into(),
    };
    assert_eq!(encode(&file, &values), Err(expected));
    values.pop();
    assert!(matches!(
        encode(&file, &values[..16]),
        Err(WeightsError::WrongCount { .. })
    ));
    values = vec![0.0; values.len() + 3];
    assert_eq!(encode(&file, &values), Err(WeightsError::LeftOver { values: 2 }));
}

#[test]
fn a_huge_file_is_refused_by_its_size() {
    let bytes = vec![b' '; 200 * 1024 * 1024];
    let error = decode(&bytes).unwrap_err();
    assert_eq!(
        error,
        WeightsError::TooLarge {
            bytes: bytes.len(),
            limit: MAX_BYTES
        }
    );
    assert!(
        error.to_string().contains("200.0 MB") && error.to_string().contains("64.0 MB"),
        "{error}"
    );
}

#[test]
fn parameters_are_held_against_the_design() {
    let (file, _) = file();
    file.check().unwrap();
    let mut other = file.clone();
    other.parameters.rotate_left(3);
    other.check().expect("the order does not count");
    let mut missing = file.clone();
    missing.parameters.remove(2);
    let expected = WeightsError::MissingParameter {
        parameter: "dense/bias".into(),
        shape: vec![4],
    };
    assert_eq!(missing.check(), Err(expected));
    let mut shape = file.clone();
    shape.parameters[1].shape = vec![4, 3];
    assert!(
        matches!(shape.check(), Err(WeightsError::WrongShape { parameter, .. }) if parameter == "dense/kernel")
    );
    let mut unknown = file.clone();
    unknown.parameters.push(ParameterHeader {
        name: "dense/gain".into(),
        shape: vec![1],
    });
    let error = unknown.check().unwrap_err();
    assert!(error.to_string().contains("did you mean `dense/"), "{error}");
    let mut design = file.clone();
    design.design.wires.pop();
    assert!(matches!(design.check(), Err(WeightsError::Design(_))));
}

/// Every truncation and many random edits: an error or a file, never a panic, and never a value that is not finite.
#[test]
fn no_bytes_make_it_panic() {
    let good = text().into_bytes();
    assert!(matches!(decode(&good[..0]), Err(WeightsError::Empty)));
    for end in 1..good.len() - 2 {
        let error = decode(&good[..end]).expect_err("half a file");
        assert!(
            matches!(error, WeightsError::Truncated { .. }),
            "cut after {end} bytes: {error}"
        );
    }
    let mut random = Random::stream(11, "fuzz");
    for _ in 0..4_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.next_u32() as u8,
                1 => bytes.insert(at, b"{}[]\",:0-eN\\"[random.below(12)]),
                2 => drop(bytes.remove(at)),
                _ => {
                    let end = (at + random.below(40)).min(bytes.len());
                    let copied = bytes[at..end].to_vec();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, copied);
                }
            }
        }
        match decode(&bytes) {
            Ok((file, values)) => {
                assert!(values.iter().all(|value| value.is_finite()));
                let _ = file.check();
            }
            Err(error) => assert!(!error.explain().zh.is_empty()),
        }
    }
    let nested = [b"{\"format\": ".to_vec(), vec![b'['; 100_000]].concat();
    assert!(decode(&nested).is_err());
    let nested = text().replace("\"metrics\": [", &format!("\"metrics\": [{}", "[".repeat(10_000)));
    assert!(decode(nested.as_bytes()).is_err());
}

#[test]
fn the_schema_accepts_what_is_written_and_refuses_what_is_not() {
    let schema: Value = serde_json::from_str(include_str!("../../../../static/weights.schema.json")).unwrap();
    let good: Value = serde_json::from_str(&text()).unwrap();
    assert_eq!(schema::check(&schema, &good), Ok(()));
    for (pointer, bad) in [
        ("/format", json!("other")),
        ("/version", json!(2)),
        ("/parameters/0/dtype", json!("float64")),
        ("/parameters/0/values/0", json!("NaN")),
        ("/parameters/0/shape", json!([-1])),
        ("/data/schema/features/0/kind", json!({ "type": "picture" })),
        ("/design/wires/0/from", json!({})),
        ("/seed", json!(-1)),
        ("/step", json!(1.5)),
    ] {
        let mut file = good.clone();
        *file.pointer_mut(pointer).unwrap() = bad;
        assert!(schema::check(&schema, &file).is_err(), "{pointer}");
    }
    let mut file = good.clone();
    file.as_object_mut().unwrap().insert("extra".into(), json!(1));
    assert!(schema::check(&schema, &file).is_err());
}
