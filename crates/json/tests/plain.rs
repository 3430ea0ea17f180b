//! The lean reader and writer against `serde_json`: the same values, the same text, and better errors.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Design {
    nodes: Vec<Node>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    by_id: BTreeMap<u32, f32>,
    by_offset: BTreeMap<i64, Mode>,
    by_mode: BTreeMap<Mode, bool>,
    id: Id,
    pair: (u8, f64),
    nothing: (),
    sign: char,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    layer: Layer,
    mode: Mode,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Layer {
    Dense { units: usize, rate: f32 },
    Flatten,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Plain,
    Times(i64),
    Pair(u8, u8),
    Named { name: String },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Id(u32);

fn design() -> Design {
    let layer = Layer::Dense { units: 3, rate: 0.1 };
    let modes = [
        Mode::Plain,
        Mode::Times(-7),
        Mode::Pair(1, 2),
        Mode::Named {
            name: "\"a\\\n\u{1}雪".to_owned(),
        },
    ];
    Design {
        nodes: modes
            .into_iter()
            .map(|mode| Node {
                layer: layer.clone(),
                mode,
            })
            .chain([Node {
                layer: Layer::Flatten,
                mode: Mode::Plain,
            }])
            .collect(),
        note: Some("a: {[,]}".to_owned()),
        by_id: [(7, f32::MIN_POSITIVE), (8, 1e20)].into(),
        by_offset: [(-1, Mode::Plain)].into(),
        by_mode: [(Mode::Plain, true)].into(),
        id: Id(4_000_000_000),
        pair: (255, -1e-300),
        nothing: (),
        sign: '±',
    }
}

#[test]
fn what_is_written_is_what_serde_json_writes_and_reads_back() {
    for design in [design(), Design::default()] {
        let text = mtl_json::write(&design);
        assert_eq!(text, serde_json::to_string(&design).unwrap());
        assert_eq!(
            mtl_json::pretty(&text),
            serde_json::to_string_pretty(&design).unwrap()
        );
        assert_eq!(mtl_json::read::<Design>(&text).unwrap(), design);
        assert_eq!(
            mtl_json::read::<Design>(&mtl_json::pretty(&text)).unwrap(),
            design
        );
        let tree = mtl_json::tree(&design);
        assert_eq!(tree, mtl_json::parse(&text).unwrap());
        assert_eq!(mtl_json::read_value::<Design>(&tree).unwrap(), design);
    }
    assert_eq!(
        mtl_json::write(&[f32::NAN, f32::INFINITY, 0.1]),
        "[null,null,0.1]"
    );
    assert_eq!(mtl_json::write(&f64::NEG_INFINITY), "null");
    assert_eq!(
        mtl_json::pretty(&mtl_json::write(&json!({"a": [], "b": {}, "c": [[{}]]}))),
        { serde_json::to_string_pretty(&json!({"a": [], "b": {}, "c": [[{}]]})).unwrap() }
    );
}

#[test]
fn every_short_decimal_of_an_f32_is_that_f32() {
    // All bit patterns of a coarse grid, with their neighbours.
    for bits in (0..=f32::MAX.to_bits()).step_by(9973) {
        for value in [f32::from_bits(bits), -f32::from_bits(bits)] {
            let text = mtl_json::write(&value);
            assert_eq!(
                mtl_json::read::<f32>(&text).unwrap().to_bits(),
                value.to_bits(),
                "{text}"
            );
        }
    }
}

/// Both readers take it and agree, or both refuse it.
fn agree<T: DeserializeOwned + PartialEq + Debug>(texts: &[&str]) {
    for text in texts {
        match (mtl_json::read::<T>(text), serde_json::from_str::<T>(text)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
        }
    }
}

#[test]
fn it_takes_and_refuses_what_serde_json_does() {
    let numbers = [
        "0",
        "-0",
        "-1",
        "255",
        "256",
        "-129",
        "1.0",
        "1e2",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "null",
        "\"1\"",
        "[1]",
        "true",
        "",
    ];
    agree::<u8>(&numbers);
    agree::<i8>(&numbers);
    agree::<u64>(&numbers);
    agree::<i64>(&numbers);
    agree::<f32>(&numbers);
    agree::<f64>(&numbers);
    agree::<Option<u32>>(&numbers);
    agree::<serde_json::Value>(&numbers);
    agree::<(u8, u8)>(&["[1,2]", "[1]", "[1,2,3]", "[]", "{}", "null"]);
    agree::<[u8; 3]>(&["[1,2,3]", "[1,2]", "[1,2,3,4]"]);
    agree::<char>(&["\"a\"", "\"ab\"", "\"\"", "1"]);
    agree::<()>(&["null", "0", "[]"]);
    agree::<Mode>(&[
        "\"plain\"",
        "{\"plain\":null}",
        "{\"plain\":1}",
        "\"times\"",
        "{\"times\":1}",
        "{\"times\":1,\"plain\":null}",
        "{}",
        "\"other\"",
        "{\"other\":1}",
        "{\"pair\":[1,2]}",
        "{\"pair\":[1]}",
        "{\"pair\":[1,2,3]}",
        "[]",
        "null",
        "{\"named\":{\"name\":\"a\",\"unknown\":[1,{}]}}",
        "{\"named\":{}}",
        "1",
    ]);
    agree::<Layer>(&[
        "{\"rate\":1,\"units\":2,\"type\":\"dense\",\"unknown\":{}}",
        "{\"type\":\"flatten\",\"x\":1}",
        "{\"type\":\"dense\"}",
        "{}",
        "{\"type\":1}",
        "{\"type\":\"other\"}",
        "[]",
        "\"flatten\"",
    ]);
    agree::<BTreeMap<u32, u8>>(&[
        "{\"1\":2}",
        "{\"-1\":2}",
        "{\"a\":2}",
        "{\"1.0\":2}",
        "{\"4294967296\":2}",
        "{}",
        "[]",
    ]);
    agree::<BTreeMap<Mode, u8>>(&["{\"plain\":2}", "{\"times\":2}", "{\"other\":2}"]);
}

#[test]
fn an_error_says_where_what_was_expected_and_what_came() {
    let mut tree = serde_json::to_value(design()).unwrap();
    let mut said = |path: &str, value: serde_json::Value| {
        let place = tree.pointer_mut(path).unwrap();
        let there = std::mem::replace(place, value);
        let error = mtl_json::read_value::<Design>(&mtl_json::tree(&tree))
            .unwrap_err()
            .to_string();
        *tree.pointer_mut(path).unwrap() = there;
        error
    };
    assert_eq!(
        said("/nodes/3/mode/named/name", json!(1.5)),
        "nodes[3].mode.named.name: expected a string, got floating point `1.5`"
    );
    assert_eq!(
        said("/nodes/3", json!([])),
        "nodes[3]: expected struct Node, got a list"
    );
    assert_eq!(
        said("/nodes/0/mode", json!("fast")),
        "nodes[0].mode: unknown variant `fast`, expected one of `plain`, `times`, `pair`, `named`"
    );
    assert_eq!(
        said("/nodes/1", json!({"mode": "plain"})),
        "nodes[1]: missing field `layer`"
    );
    assert_eq!(
        said("/by_id/7", json!("x")),
        "by_id.7: expected f32, got string \"x\""
    );
    assert_eq!(said("/id", json!(-1)), "id: expected u32, got integer `-1`");
    assert_eq!(
        said("/id", json!(4_294_967_296_u64)),
        "id: expected u32, got integer `4294967296`"
    );
    assert_eq!(
        said("/pair", json!([1])),
        "pair: expected a tuple of size 2, got a list of 1"
    );
    assert_eq!(
        said("/pair", json!([1, 2, 3])),
        "pair: expected a list of 2, got one of 3"
    );
    assert_eq!(
        said("/pair", json!(null)),
        "pair: expected a tuple of size 2, got null"
    );
    assert_eq!(said("", json!({})), "missing field `nodes`");
    let error = mtl_json::read::<Design>("{\"nodes\": [],\n  !}")
        .unwrap_err()
        .to_string();
    assert_eq!(error, "key must be a string at line 2 column 3");
    let error = mtl_json::read::<Design>("{\"nodes\": [").unwrap_err().to_string();
    assert!(
        error.contains("EOF") && error.contains("line 1 column 11"),
        "{error}"
    );
}

#[test]
fn a_text_of_any_kind_makes_no_reader_panic() {
    let text = mtl_json::write(&design());
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(mtl_json::read::<Design>(&text[..end]).is_err());
        for other in ["null", "{", "]", "\"", "9", ","] {
            let next = (end + 1..=text.len())
                .find(|next| text.is_char_boundary(*next))
                .unwrap();
            let _ = mtl_json::read::<Design>(&format!("{}{other}{}", &text[..end], &text[next..]));
        }
    }
}

#[test]
#[should_panic(expected = "not plain data")]
fn a_map_by_something_that_is_no_text_is_a_mistake_in_the_program() {
    mtl_json::write(&BTreeMap::from([(vec![1], 1)]));
}
