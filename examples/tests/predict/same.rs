//! What `predict.py` computes is what the crates compute: tokens of every character, predictions of every layer.

use super::*;

#[test]
fn python_finds_the_same_tokens() {
    let Some(python) = python() else { return };
    for text in [
        "It's NOT bad, really -- 5/5! 1,000.50 e-mail a:b foo_bar U.S.A. rock'n'roll 'quoted'",
        "酒店的WiFi很慢。第3天、2024年、iPhone15 真好用",
        "Don’t STRASSE Éclair naïve İstanbul ΣΊΣΥΦΟΣ ﬁne",
        "http://t.co/x?y=1 @user #hash_tag :) 😀👍🏽 🇨🇭 x²",
        "カタカナ ひらがな 한국어 ру́сский अनुच्छेद",
        "tab\tand\r\nline \u{a0}break\u{200d}joined zero\u{200b}width soft\u{ad}hyphen",
        "1.2.3 3,4,5 1:2 a.b.c a..b _x_ __ '' can''t 5's 3rd",
        "",
    ] {
        let expected: Vec<String> = tokenize(text).map(|word| word.text.into_owned()).collect();
        let got: Vec<String> = run_python(&python, &["--tokens", text]);
        assert_eq!(got, expected, "{text}");
    }
}

/// What every character is put into: alone, and beside a quote, a letter, a digit and a combining mark.
const PAIRS: [(&str, &str); 9] = [
    ("", ""),
    ("", "'"),
    ("'", ""),
    ("a", ""),
    ("", "a"),
    ("1", ""),
    ("", "1"),
    ("", "\u{301}"),
    ("\u{301}", ""),
];

/// Imports `predict.py` from the folder `sys.argv[1]`. Tokens need no numpy.
const IMPORT: &str = r#"
import json, sys, unittest.mock
sys.path.insert(0, sys.argv[1])
try:
    import numpy
except ImportError:
    sys.modules["numpy"] = unittest.mock.MagicMock()
import predict
"#;

/// Tokenizes the text `sys.argv[2]` (as JSON) with every character in the place of U+E000, and writes a line of tokens for each.
const EVERY_CHARACTER: &str = r#"
text = json.loads(sys.argv[2])
for code in range(0x110000):
    if not 0xD800 <= code < 0xE000:
        words = predict.tokenize(text.replace("\ue000", chr(code)))
        sys.stdout.buffer.write(("\x1f".join(words) + "\n").encode())
"#;

#[test]
fn python_finds_the_same_tokens_around_every_character() {
    let Some(python) = python_that("import json") else {
        return;
    };
    let text: Vec<String> = PAIRS
        .iter()
        .map(|(before, after)| format!("{before}\u{e000}{after}"))
        .collect();
    let text = text.join("\n");
    let mut child = Process::new(python)
        .args([
            "-c",
            &format!("{IMPORT}{EVERY_CHARACTER}"),
            env!("CARGO_MANIFEST_DIR"),
        ])
        .arg(serde_json::to_string(&text).expect("JSON"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let out = child.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(out).lines();
    let (mut n, mut wrong) = (0, Vec::new());
    for c in '\0'..=char::MAX {
        let text = text.replace('\u{e000}', c.encode_utf8(&mut [0; 4]));
        let words: Vec<_> = tokenize(&text).map(|word| word.text).collect();
        let got = lines.next().expect("a line for every character").expect("UTF-8");
        n += 1;
        if got != words.join("\u{1f}") {
            wrong.push(format!("U+{:04X}: {got:?} {words:?}", u32::from(c)));
        }
    }
    assert!(child.wait().expect("Python ends").success());
    assert_eq!(n, 1_112_064);
    assert!(
        wrong.is_empty(),
        "{} characters, {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}

/// A character of each class, in every sequence of up to four: joiners, emoji, flags, quotes in Hebrew, signs inside words.
#[test]
fn python_finds_the_same_tokens_in_every_sequence_of_classes() {
    let Some(python) = python_that("import json") else {
        return;
    };
    let classes = [
        "a",
        "\u{5d0}",
        "1",
        "\u{30a2}",
        "_",
        "\u{1f1e6}",
        "\n",
        "\u{200d}",
        " ",
        "\u{301}",
        "\"",
        "'",
        ":",
        ".",
        ",",
        "!",
        "\u{1f600}",
        "\u{24c2}",
        "\u{93e}",
        "\u{3a3}",
        "\u{e9}",
    ];
    let n = classes.len();
    let sequence = |mut index: usize| {
        let mut text = String::new();
        for _ in 0..4 {
            text.push_str(classes[index % n]);
            index /= n;
        }
        text
    };
    let texts: Vec<String> = (0..n * n * n * n).step_by(3).map(sequence).collect();
    let file = std::env::temp_dir().join(format!("mtl-texts-{}.json", std::process::id()));
    std::fs::write(&file, serde_json::to_vec(&texts).expect("JSON")).expect("a file");
    let script = r#"
with open(sys.argv[2], encoding="utf-8") as file:
    texts = json.load(file)
print(json.dumps([predict.tokenize(text) for text in texts]))
"#;
    let out = Process::new(python)
        .args(["-c", &format!("{IMPORT}{script}"), env!("CARGO_MANIFEST_DIR")])
        .arg(&file)
        .output()
        .expect("Python starts");
    std::fs::remove_file(&file).expect("the file is removed");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let got: Vec<Vec<String>> = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(got.len(), texts.len());
    for (text, got) in texts.iter().zip(got) {
        let expected: Vec<String> = tokenize(text).map(|word| word.text.into_owned()).collect();
        assert_eq!(got, expected, "{text:?}");
    }
}

#[test]
fn python_predicts_the_same() {
    let Some(python) = python() else { return };
    let file = std::env::temp_dir().join(format!("mtl-predict-{}.json", std::process::id()));
    let path = file.to_str().expect("a path in UTF-8");
    for design in [text_design(), designer_design()] {
        let mut text = Asked::trained(design, text_data());
        std::fs::write(&file, text.file()).expect("a file");
        for words in TEXTS {
            let got: Outputs = run_python(&python, &[path, "--json", words]);
            assert_close(&got, &as_map(&text.predict(text_input(words))), words);
        }
    }
    let mut ids = Asked::trained(id_design(), id_data());
    std::fs::write(&file, ids.file()).expect("a file");
    for (user, item) in [(3, 7), (0, 14), (11, 0)] {
        let got: Outputs = run_python(
            &python,
            &[
                path,
                "--json",
                "--user",
                &user.to_string(),
                "--item",
                &item.to_string(),
            ],
        );
        let ids_of = [("user".to_owned(), user), ("item".to_owned(), item)].into();
        let input = PredictInput {
            ids: ids_of,
            ..PredictInput::default()
        };
        assert_close(
            &got,
            &as_map(&ids.predict(input)),
            &format!("user {user}, item {item}"),
        );
    }
    std::fs::remove_file(&file).expect("the file is removed");
}

/// Predicts the batch of every case of a file of goldens, row by row, and prints how far the predictions are from Keras's, by case.
const EVERY_SAMPLE: &str = r#"
import numpy as np

class Sample(predict.Model):
    def numbers(self, key, given):
        return np.array(given[key], dtype=np.float32 if self.features[key]["kind"]["type"] == "dense" else int)

with open(sys.argv[2], encoding="utf-8") as file:
    cases = [case for case in json.load(file)["cases"] if not case.get("training")]
apart = {}
for case in cases:
    array = lambda a: np.array(a["data"]).reshape(a["shape"])
    parameters = [{"name": name, "shape": a["shape"], "values": a["data"]} for name, a in case["weights"].items()]
    data = {"schema": case["schema"], "vocabularies": [], "scales": []}
    model = Sample({"format": predict.FORMAT, "version": predict.VERSION, "design": case["design"], "data": data,
                    "parameters": parameters})
    inputs = {key: array(a) for key, a in case["inputs"].items()}
    expected = {task: array(a) for task, a in case["predictions"].items()}
    worst = 0.0
    for row in range(len(next(iter(expected.values())))):
        got = model.predict({key: values[row] for key, values in inputs.items()})
        for task, values in expected.items():
            numbers = np.atleast_1d(got[task])[-len(values[row]):]
            worst = max(worst, float(np.abs(numbers - values[row]).max() / max(1, np.abs(values[row]).max())))
    apart[case["name"]] = worst
print(json.dumps(apart))
"#;

#[test]
fn python_predicts_the_samples_of_every_layer() {
    let Some(python) = python() else { return };
    let out = Process::new(python)
        .args([
            "-c",
            &format!("{IMPORT}{EVERY_SAMPLE}"),
            env!("CARGO_MANIFEST_DIR"),
        ])
        .arg(here("../tests/goldens/samples.json"))
        .output()
        .expect("Python starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let apart: std::collections::BTreeMap<String, f64> = serde_json::from_slice(&out.stdout).expect("JSON");
    for layer in Layer::all() {
        let of_layer = |name: &&String| name.split(['#', ' ']).next() == Some(layer.key());
        assert!(
            apart.keys().any(|name| of_layer(&name)),
            "no sample of {}",
            layer.key()
        );
    }
    for (name, apart) in apart {
        assert!(apart <= TOLERANCE, "{name}: {apart:e} from Keras");
    }
}

/// `predict.py` has a method for every layer, whether there is a Python to try it or not.
#[test]
fn predict_py_knows_every_layer() {
    let source = std::fs::read_to_string(here("predict.py")).expect("predict.py");
    for layer in Layer::all() {
        let key = layer.key();
        let is_method = |line: &str| line.starts_with(&format!("    def {key}(self"));
        let is_alias =
            |line: &str| line.starts_with("    ") && line.split(" = ").any(|name| name.trim() == key);
        assert!(
            source.lines().any(|line| is_method(line) || is_alias(line)),
            "{key}"
        );
    }
}

/// A file that was written once is still read, and still gives what was predicted when it was written.
#[test]
fn the_golden_file_predicts_what_it_did() {
    let (file, expected) = (
        here("tests/golden/weights.json"),
        here("tests/golden/predictions.json"),
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let mut text = Asked::trained(text_design(), text_data());
        let predictions: Vec<(&str, Outputs)> = TEXTS
            .iter()
            .map(|words| (*words, as_map(&text.predict(text_input(words)))))
            .collect();
        std::fs::write(&file, text.file()).expect("a file");
        std::fs::write(&expected, serde_json::to_vec_pretty(&predictions).expect("JSON")).expect("a file");
    }
    let (snapshot, values) =
        weights::decode(std::fs::read(&file).expect("the golden file")).expect("a weights file");
    let expected: Vec<(String, Outputs)> =
        serde_json::from_slice(&std::fs::read(&expected).expect("the golden predictions")).expect("JSON");
    let mut asked = Asked {
        session: Session::new(),
    };
    let (reply, _) = asked.ask(
        Request::Restore {
            snapshot: Box::new(snapshot),
        },
        vec![values],
    );
    assert_eq!(reply, Reply::Done);
    for (words, expected) in &expected {
        assert_close(&as_map(&asked.predict(text_input(words))), expected, words);
        if let Some(python) = python() {
            let path = file.to_str().expect("a path in UTF-8");
            assert_close(&run_python(&python, &[path, "--json", words]), expected, words);
        }
    }
}
