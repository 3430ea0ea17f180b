//! The parser and the writer of numbers and texts against `serde_json`: the same values, the same faults at the same
//! places, the same text. Only a member that stands twice is refused here and not there.

use mtl_json::Value;

/// Both read the same from a text, or say the same of it; then whether they read it.
fn agree(text: &str) -> bool {
    let theirs = serde_json::from_str::<Value>(text);
    match (mtl_json::parse(text), &theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(&ours, theirs, "{text}");
            true
        }
        (Err(ours), _) if ours.to_string().contains("stands twice") => false,
        (Err(ours), Err(theirs)) => {
            let (ours, theirs) = (ours.to_string(), theirs.to_string());
            // An exponent that overflows is noticed at its last digit here, and earlier there.
            let is_large = [&ours, &theirs]
                .iter()
                .all(|said| said.starts_with("number out of range"));
            assert!(ours == theirs || is_large, "{text}: {ours}, {theirs}");
            false
        }
        (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
    }
}

#[test]
fn values_of_every_kind() {
    for text in [
        "null",
        " true\n",
        "\tfalse\r\n",
        "0",
        "-0",
        "-0.0",
        "0e99999999999",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890.5e-3",
        "1E+2",
        "1e-400",
        "5e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "\"\"",
        r#""\"\\\/\b\f\n\r\t\u0000\u00e9\u96ea\ud83d\ude00 雪😀""#,
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1 , [2, {\"a\" : {}}] ]",
        "{\"b\":1, \"a\":[null]}",
    ] {
        assert!(agree(text), "{text}");
    }
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(agree(&nested(127)));
    assert!(!agree(&nested(128)));
    assert!(!agree(&"[".repeat(100_000)));
    assert!(!agree(&"{\"a\":".repeat(100_000)));
}

#[test]
fn faults_of_every_kind() {
    for text in [
        "",
        "  \n ",
        "nul",
        "nulL",
        "truth",
        "fals",
        "-",
        "-a",
        "01",
        "-01",
        "1.",
        "1.a",
        "1.e1",
        "1e",
        "1e+",
        "1e+a",
        ".5",
        "+1",
        "NaN",
        "Infinity",
        "1e309",
        "-1e309",
        "1 2",
        "\"",
        "\"a",
        "\"\n\"",
        "\"\u{1}\"",
        "\"\\",
        "\"\\a\"",
        "\"\\u",
        "\"\\u00",
        "\"\\u00\"",
        "\"\\u00g0\"",
        "\"\\u雪雪\"",
        "\"\\ud800\"",
        "\"\\ud800a\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\ud800",
        "\"\\ud800\\",
        "[",
        "[1",
        "[1,",
        "[,",
        "[1,]",
        "[1 2]",
        "[1}",
        "]",
        "{",
        "{1",
        "{\"a",
        "{\"a\"",
        "{\"a\" 1}",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{\"a\":1,2}",
        "{\"a\":1 \"b\"}",
        "{,}",
        "{\"a\":}",
        "}",
        "{\n\"a\": 1,\n  b: 2}",
        "\u{feff}1",
        "'a'",
        "雪",
    ] {
        assert!(!agree(text), "{text}");
    }
}

#[test]
fn a_text_that_could_go_on_is_truncated() {
    let text = r#"{"a": [1.5e-3, -0, true, null, "\u00e9\ud83d\ude00"], "b": {}}"#;
    for end in 0..text.len() {
        let error = mtl_json::members(&text[..end]).unwrap_err();
        let is_empty = end == 0;
        assert!(error.is_truncated || is_empty, "{}: {error}", &text[..end]);
    }
    for text in ["{\"a\": [1}", "{\"a\": 1} 2", "{a: 1}", "{\"a\": 01}"] {
        assert!(!mtl_json::members(text).unwrap_err().is_truncated, "{text}");
    }
}

#[test]
fn parts_keep_their_text() {
    let text = "{ \"b\": [1.0e2 , \"]\"] , \"a\\n\":-0 }";
    let members = mtl_json::members(text).unwrap().unwrap();
    assert_eq!((members["b"], members["a\n"]), ("[1.0e2 , \"]\"]", "-0"));
    assert_eq!(mtl_json::members("[1]"), Ok(None));
    let items = mtl_json::members_of_items("[{}, {\"a\": [1 ,2] }]");
    let items = items.unwrap().unwrap();
    assert_eq!((items.len(), items[1]["a"]), (2, "[1 ,2]"));
    for other in ["[{}, 1]", "{}", " 1 "] {
        assert_eq!(mtl_json::members_of_items(other), Ok(None));
    }
    let error = mtl_json::members_of_items("[1,\n 2,, 3]").unwrap_err();
    assert_eq!((error.offset, error.line, error.column), (7, 2, 4));
}

#[test]
fn a_member_that_stands_twice_is_refused_by_name() {
    for text in [
        "{\"a\": 1,\n \"b\": 2, \"a\": 3}",
        "{\"a\": 1,\n \"b\": 2, \"\\u0061\": [3]}",
    ] {
        let error = mtl_json::parse(text).unwrap_err().to_string();
        assert!(
            error.starts_with("the member `a` stands twice at line 2"),
            "{error}"
        );
        assert_eq!(mtl_json::members(text).unwrap_err().to_string(), error);
    }
    assert!(mtl_json::parse("{\"x\": [{\"a\": 1, \"a\": 1}]}").is_err());
}

/// A reproducible stream of numbers below `n`.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mixed = (self.0 ^ self.0 >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 32
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

#[test]
fn mutated_texts_are_taken_and_refused_alike() {
    const SEED: &str = r#"{"nodes": [{"id": 1, "layer": {"type": "dense", "rate": 1.5e-3, "units": 64}, "at": [-0.0, 12]},
        {"id": 18446744073709551615, "text": "a\"\\\u00e9\ud83d\ude00雪", "is": [true, false, null]}], "": {}, "e": [[], [{}]]}"#;
    const PIECES: [&str; 34] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "0",
        "1",
        "-",
        "+",
        ".",
        "e",
        "E",
        "9",
        " ",
        "\n",
        "\t",
        "\u{1}",
        "null",
        "tru",
        "\\u",
        "\\ud83d",
        "\\ude00",
        "雪",
        "\u{feff}",
        "1e400",
        "\"a\":",
        "123456789012345678901",
        "0.1",
        "NaN",
        "//",
        "\u{a0}",
    ];
    let mut random = Random(1);
    let mut n_read = 0;
    for _ in 0..20_000 {
        let mut text: Vec<char> = SEED.chars().collect();
        for _ in 0..1 + random.below(3) {
            let at = random.below(text.len());
            match random.below(5) {
                0 => text.truncate(at + 1),
                1 => drop(text.remove(at)),
                2 => drop(text.splice(at..=at, PIECES[random.below(PIECES.len())].chars())),
                3 => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
                _ => {
                    let other = random.below(text.len());
                    text.swap(at, other);
                }
            }
            if text.is_empty() {
                break;
            }
        }
        n_read += usize::from(agree(&text.into_iter().collect::<String>()));
    }
    assert!(n_read > 500, "{n_read} texts were JSON");
}

/// The same text; of a float midway between two shortest decimals either of them, which read as the same float.
fn written_alike(ours: &str, theirs: &str) {
    let differ = ours.bytes().zip(theirs.bytes()).filter(|(a, b)| a != b).count();
    assert!(ours.len() == theirs.len() && differ <= 1, "{ours}, {theirs}");
}

#[test]
fn random_numbers_and_texts_are_written_alike_and_come_back() {
    let mut random = Random(2);
    for _ in 0..50_000 {
        let bits = random.bits();
        let double = f64::from_bits(bits);
        let single = f32::from_bits(bits as u32);
        let decimal = format!("{}e{}", bits >> 40, random.below(40) as i32 - 25);
        let decimal: f64 = decimal.parse().unwrap();
        for value in [double, decimal, bits as f64] {
            let text = mtl_json::write(&value);
            written_alike(&text, &serde_json::to_string(&value).unwrap());
            let back = mtl_json::read::<f64>(&text);
            assert!(!value.is_finite() || back.unwrap().to_bits() == value.to_bits());
        }
        for value in [single, decimal as f32] {
            let text = mtl_json::write(&value);
            written_alike(&text, &serde_json::to_string(&value).unwrap());
            let back = text.parse::<f32>();
            assert!(!value.is_finite() || back.unwrap().to_bits() == value.to_bits());
        }
        for value in [bits as i64, (bits as i64) >> random.below(64)] {
            assert_eq!(mtl_json::write(&value), serde_json::to_string(&value).unwrap());
        }
        // Digits of a length that no program writes.
        agree(&format!(
            "{}.{}{}e{}",
            bits,
            random.bits(),
            random.bits(),
            random.below(700) as i32 - 350
        ));
    }
    for char in (0..0x11_0000).filter_map(char::from_u32) {
        assert_eq!(mtl_json::write(&char), serde_json::to_string(&char).unwrap());
    }
}
