//! `predict.py` against the session: the same tokens, and the same predictions to 1e-5.
//!
//! Python with numpy is looked for under the name in the variable `PYTHON`, or `python3`; without it these tests say that
//! they were skipped. The golden file was written by a run of `UPDATE_GOLDEN=1 cargo test -p mtl-examples`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use mtl_base::NodeId;
use mtl_data::datasets::Generator;
use mtl_data::datasets::generated_impressions::ImpressionSettings;
use mtl_data::datasets::generated_reviews::ReviewSettings;
use mtl_data::prepare::DataSettings;
use mtl_data::tokenizer::tokenize;
use mtl_engine::design::Design;
use mtl_engine::layers::{
    Activation, Add, AttentionPooling, Average, BagRule, BatchNormalization, Bidirectional,
    BidirectionalMerge, BinaryHead, ClassesHead, Concatenate, Conv1d, ConvolutionPadding, Cross, Dense, Dot,
    Dropout, Embedding, EmbeddingBag, FactorizationMachine, Flatten, GaussianNoise, GlobalAveragePooling,
    GlobalMaxPooling, GradientReversal, Gru, IdInput, Layer, LayerNormalization, Lstm, Maximum, Mixture,
    MultiLabelHead, Multiply, OrdinalHead, PositionalEmbedding, RecurrentCell, RegressionHead, Scale,
    SelfAttention, Slice, StopGradient, Subtract, TokenInput, UnitNormalization,
};
use mtl_examples::weights;
use mtl_training::Session;
use mtl_training::protocol::{
    Command, DataSource, Event, PredictInput, Reply, Request, Run, RunSettings, TaskPrediction,
};

const TOLERANCE: f64 = 1e-5;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Python with numpy, or none.
fn python() -> Option<String> {
    python_that("import numpy")
}

/// Python that can run a line, or none.
fn python_that(line: &str) -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Process::new(&python)
        .args(["-c", line])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {python} cannot `{line}` (set PYTHON to one that can)");
    }
    found.then_some(python)
}

/// Output of `predict.py`, parsed as JSON.
fn run_python<T: serde::de::DeserializeOwned>(python: &str, arguments: &[&str]) -> T {
    let output = Process::new(python)
        .arg(here("predict.py"))
        .args(arguments)
        .output()
        .expect("python starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn dense(units: usize, activation: Activation) -> Dense {
    Dense {
        units,
        activation,
        ..Dense::default()
    }
}

/// Every layer that a text can go through, with masks that meet in merges.
fn text_design() -> Design {
    let mut design = Design::new("Every text layer");
    let mut after = |from: &[NodeId], name: &str, layer: Layer| {
        let node = design.add(name, layer);
        for from in from {
            design.connect(*from, node, 0);
        }
        node
    };
    let text = after(
        &[],
        "text_input",
        TokenInput {
            feature: "text".into(),
        }
        .into(),
    );
    let embedding = after(
        &[text],
        "embedding",
        Embedding {
            width: 6,
            ..Embedding::default()
        }
        .into(),
    );
    let unmasked = Embedding {
        width: 4,
        mask_zero: false,
        ..Embedding::default()
    };
    let unmasked = after(&[text], "unmasked", unmasked.into());
    let sequence = Lstm {
        units: 4,
        return_sequences: true,
        ..Lstm::default()
    };
    let sequence = after(&[embedding], "lstm_sequence", sequence.into());
    let gelu = after(&[sequence], "gelu", dense(4, Activation::Gelu).into());
    let added = after(&[gelu, sequence], "add_masked", Add::default().into());
    let half_masked = after(&[added, unmasked], "add_unmasked", Add::default().into());
    let side_by_side = after(
        &[embedding, unmasked],
        "concatenate_sequences",
        Concatenate::default().into(),
    );
    let softmax = after(&[side_by_side], "softmax", dense(5, Activation::Softmax).into());
    let last = after(
        &[softmax],
        "lstm_last",
        Lstm {
            units: 3,
            ..Lstm::default()
        }
        .into(),
    );
    let mean = after(&[side_by_side], "mean", GlobalAveragePooling::default().into());
    let largest = after(&[half_masked], "largest", GlobalMaxPooling::default().into());
    let masked_largest = after(&[added], "masked_largest", GlobalMaxPooling::default().into());
    let narrow = Dense {
        use_bias: false,
        ..dense(1, Activation::Tanh)
    };
    let narrow = after(&[embedding], "narrow", narrow.into());
    let flat = after(&[narrow], "flatten", Flatten::default().into());
    let all = after(
        &[mean, last, largest, masked_largest, flat],
        "concatenate",
        Concatenate::default().into(),
    );
    let dropped = after(&[all], "dropout", Dropout { rate: 0.2 }.into());
    let relu = after(&[dropped], "relu", dense(8, Activation::Relu).into());
    let sigmoid = after(&[relu], "sigmoid", dense(8, Activation::Sigmoid).into());
    let linear = after(&[sigmoid], "linear", dense(3, Activation::Linear).into());
    let domain = ClassesHead {
        label: "domain".into(),
        ..ClassesHead::default()
    };
    after(&[relu], "domain", domain.into());
    let sentiment = ClassesHead {
        label: "sentiment".into(),
        projection: false,
        ..ClassesHead::default()
    };
    after(&[linear], "sentiment", sentiment.into());
    after(
        &[sigmoid],
        "stars",
        RegressionHead {
            label: "stars".into(),
            ..RegressionHead::default()
        }
        .into(),
    );
    design
}

/// A design under construction.
struct Drawing {
    design: Design,
}

impl Drawing {
    /// A layer with a wire from each of `from` to its first handle.
    fn after(&mut self, from: &[NodeId], name: &str, layer: impl Into<Layer>) -> NodeId {
        let node = self.design.add(name, layer);
        for from in from {
            self.design.connect(*from, node, 0);
        }
        node
    }

    /// A layer with two handles.
    fn pair(&mut self, [a, b]: [NodeId; 2], name: &str, layer: impl Into<Layer>) -> NodeId {
        let node = self.after(&[a], name, layer);
        self.design.connect(b, node, 1);
        node
    }

    fn both_ways(&mut self, from: NodeId, name: &str, settings: Bidirectional) -> NodeId {
        self.after(&[from], name, Bidirectional { units: 3, ..settings })
    }

    fn convolution(
        &mut self,
        from: NodeId,
        name: &str,
        padding: ConvolutionPadding,
        strides: usize,
    ) -> NodeId {
        let settings = Conv1d {
            filters: 4,
            padding,
            strides,
            activation: Activation::Tanh,
            ..Conv1d::default()
        };
        self.after(&[from], name, settings)
    }
}

/// The layers of the designer: on sequences with and without a mask, then on vectors, then heads of every kind.
fn designer_design() -> Design {
    let mut d = Drawing {
        design: Design::new("Every layer of the designer"),
    };
    let feature = "text".to_owned();
    let text = d.after(&[], "text_input", TokenInput { feature });
    let mut vectors = Vec::new();
    for (masked, suffix) in [(true, ""), (false, "_unmasked")] {
        let name = |name: &str| format!("{name}{suffix}");
        let embedding = Embedding {
            width: 4,
            mask_zero: masked,
            ..Embedding::default()
        };
        let table = d.after(&[text], &name("embedding"), embedding);
        let positions = d.after(&[table], &name("positions"), PositionalEmbedding::default());
        let attention = SelfAttention {
            heads: 2,
            head_width: 3,
            ..SelfAttention::default()
        };
        let attention = d.after(&[positions], &name("attention"), attention);
        let steps = d.after(&[attention], &name("steps"), LayerNormalization::default());
        let norm = d.after(&[table], &name("batch_norm"), BatchNormalization::default());
        let product = d.after(&[steps, norm, table], &name("product"), Multiply::default());
        let largest = d.after(&[steps, norm], &name("maximum"), Maximum::default());
        let mean = d.after(&[product, largest], &name("average"), Average::default());
        let difference = d.pair([mean, table], &name("difference"), Subtract::default());
        let every = Bidirectional {
            return_sequences: true,
            ..Bidirectional::default()
        };
        let both = d.both_ways(difference, &name("both_ways"), every.clone());
        let gru = Gru {
            units: 3,
            return_sequences: true,
            ..Gru::default()
        };
        let gru = d.after(&[both], &name("gru"), gru);
        let padded = d.after(&[both], &name("padding_shows"), dense(1, Activation::Linear));
        let summed = Bidirectional {
            cell: RecurrentCell::Gru,
            merge: BidirectionalMerge::Sum,
            ..every
        };
        let summed = d.both_ways(gru, &name("summed"), summed);
        let averaged = Bidirectional {
            merge: BidirectionalMerge::Average,
            ..Bidirectional::default()
        };
        let windows = d.convolution(summed, &name("same"), ConvolutionPadding::Same, 2);
        let causal = d.convolution(table, &name("causal"), ConvolutionPadding::Causal, 1);
        let inside = d.convolution(positions, &name("inside"), ConvolutionPadding::Valid, 2);
        let pool = AttentionPooling {
            units: 3,
            ..AttentionPooling::default()
        };
        vectors.extend([
            d.both_ways(steps, &name("averaged"), averaged),
            d.after(&[windows], &name("attention_pooling"), pool.clone()),
            d.after(&[causal], &name("causal_pooling"), pool),
            d.after(&[inside], &name("inside_pooling"), GlobalMaxPooling::default()),
            d.after(&[padded], &name("flatten"), Flatten::default()),
        ]);
    }
    for (combine, name) in [(BagRule::Mean, "bag_mean"), (BagRule::Sum, "bag_sum")] {
        let settings = EmbeddingBag {
            width: 4,
            combine,
            ..EmbeddingBag::default()
        };
        vectors.push(d.after(&[text], name, settings));
    }
    let all = d.after(&vectors, "concatenate", Concatenate::default());
    let [a, b, c] = ["a", "b", "c"].map(|name| d.after(&[all], name, dense(4, Activation::Tanh)));
    let norm = d.after(&[a], "normalised", BatchNormalization::default());
    let unit = d.after(&[b], "unit", UnitNormalization::default());
    let crossed = d.pair([norm, c], "cross", Cross::default());
    let noisy = d.after(&[crossed], "noise", GaussianNoise::default());
    let halved = d.after(&[noisy], "scale", Scale { factor: -0.5 });
    let some = d.after(&[halved], "slice", Slice { start: 1, width: 2 });
    let parts = [
        d.pair([a, b], "dot", Dot::default()),
        d.pair([a, c], "cosine", Dot { normalize: true }),
        d.after(&[a, b, c], "pairs", FactorizationMachine::default()),
        d.after(
            &[a, b, unit],
            "pairs_each",
            FactorizationMachine { summed: false },
        ),
        some,
    ];
    let trunk = d.after(&parts, "trunk", Concatenate::default());
    let reversed = d.after(&[trunk], "reversed", GradientReversal::default());
    let stopped = d.after(&[trunk], "stopped", StopGradient::default());
    let label = |key: &str| key.to_owned();
    let (domain, sentiment) = (label("domain"), label("sentiment"));
    let ordinal = OrdinalHead {
        label: sentiment,
        ..OrdinalHead::default()
    };
    d.after(&[trunk], "sentiment", ordinal);
    let classes = ClassesHead {
        label: domain,
        ..ClassesHead::default()
    };
    d.after(&[reversed], "domain", classes);
    let labels = MultiLabelHead {
        label: label("remarks"),
        ..MultiLabelHead::default()
    };
    d.after(&[trunk], "remarks", labels);
    let stars = RegressionHead {
        label: label("stars"),
        ..RegressionHead::default()
    };
    d.after(&[stopped], "stars", stars);
    d.design
}

fn id_design() -> Design {
    let mut design = Design::new("Two yes / no tasks");
    let mut vectors = Vec::new();
    for feature in ["user", "item"] {
        let input = design.add(
            format!("{feature}_input"),
            IdInput {
                feature: feature.into(),
            },
        );
        let embedding = design.add(
            format!("{feature}_embedding"),
            Embedding {
                width: 5,
                ..Embedding::default()
            },
        );
        design.connect(input, embedding, 0);
        vectors.push(embedding);
    }
    let together = design.add("concatenate", Concatenate::default());
    for vector in vectors {
        design.connect(vector, together, 0);
    }
    let experts = ["expert_a", "expert_b"].map(|name| design.add(name, dense(4, Activation::Relu)));
    for expert in experts {
        design.connect(together, expert, 0);
    }
    for label in ["click", "conversion"] {
        let gate = design.add(format!("gate_{label}"), dense(2, Activation::Softmax));
        let tower = design.add(format!("mixture_{label}"), Mixture::default());
        design.connect(together, gate, 0);
        // The gate's wire is the oldest, to test that wires are ordered by handle before age.
        design.connect(gate, tower, 1);
        for expert in experts {
            design.connect(expert, tower, 0);
        }
        let head = design.add(
            label,
            BinaryHead {
                label: label.into(),
                ..BinaryHead::default()
            },
        );
        design.connect(tower, head, 0);
    }
    design
}

fn text_data() -> (DataSource, DataSettings) {
    let settings = ReviewSettings {
        rows: 300,
        ..ReviewSettings::default()
    };
    let source = DataSource::Generated {
        generator: Generator::Reviews(settings),
    };
    (
        source,
        DataSettings {
            max_tokens: 10,
            vocabulary_size: 120,
            ..DataSettings::default()
        },
    )
}

fn id_data() -> (DataSource, DataSettings) {
    let settings = ImpressionSettings {
        rows: 300,
        users: 12,
        items: 15,
        ..ImpressionSettings::default()
    };
    (
        DataSource::Generated {
            generator: Generator::Impressions(settings),
        },
        DataSettings::default(),
    )
}

/// A session and the latest reply.
struct Asked {
    session: Session,
}

impl Asked {
    fn tell(&mut self, command: Command) {
        let mut out = Vec::new();
        self.session.handle(command, vec![], &mut out);
        while self.session.slice(&|| 0.0, 1.0, &mut out) {}
        for outgoing in out {
            match outgoing.event {
                Event::Failure { message }
                | Event::Model {
                    problem: Some(message),
                    ..
                } => panic!("{}", message.en),
                _ => {}
            }
        }
    }

    fn ask(&mut self, request: Request, payloads: Vec<Vec<u8>>) -> (Reply, Vec<Vec<u8>>) {
        let mut out = Vec::new();
        self.session
            .handle(Command::Ask { id: 1, request }, payloads, &mut out);
        let reply = out.into_iter().find_map(|outgoing| match outgoing.event {
            Event::Reply { reply, .. } => Some((reply.expect("an answer"), outgoing.payloads)),
            _ => None,
        });
        reply.expect("a reply")
    }

    fn trained(design: Design, (source, settings): (DataSource, DataSettings)) -> Self {
        let mut asked = Self {
            session: Session::new(),
        };
        // A high learning rate, so that a few steps move the parameters away from their small initial values.
        let run = RunSettings {
            batch_size: 16,
            learning_rate: 0.05,
            ..RunSettings::default()
        };
        asked.tell(Command::Settings { settings: run });
        asked.tell(Command::Data { source, settings });
        asked.tell(Command::Design { design });
        asked.tell(Command::Run {
            run: Run::Steps { n: 20 },
        });
        asked
    }

    fn file(&mut self) -> Vec<u8> {
        let (Reply::Snapshot { snapshot }, payloads) = self.ask(Request::Snapshot, vec![]) else {
            panic!()
        };
        weights::encode(&snapshot, &payloads[0]).expect("a weights file")
    }

    fn predict(&mut self, input: PredictInput) -> Vec<TaskPrediction> {
        match self.ask(Request::Predict { input }, vec![]).0 {
            Reply::Prediction { tasks, .. } => tasks,
            other => panic!("{other:?}"),
        }
    }
}

const TEXTS: [&str; 6] = [
    "The phone is great, and the battery lasts!",
    "这家酒店的服务很差，但是 room 很大。",
    "zzyzx",
    "",
    "I don’t like the book; it's boring, boring and far too long to be read by anybody at all.",
    "3.5 stars",
];

fn text_input(text: &str) -> PredictInput {
    PredictInput {
        text: [("text".to_owned(), text.to_owned())].into(),
        ..PredictInput::default()
    }
}

type Outputs = std::collections::BTreeMap<String, Vec<f64>>;

fn as_map(tasks: &[TaskPrediction]) -> Outputs {
    let outputs = |task: &TaskPrediction| task.outputs.iter().copied().map(f64::from).collect();
    tasks
        .iter()
        .map(|task| (task.task.clone(), outputs(task)))
        .collect()
}

fn assert_close(got: &Outputs, expected: &Outputs, what: &str) {
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (task, expected) in expected {
        let got = &got[task];
        assert_eq!(got.len(), expected.len(), "{what}: {task}");
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (got - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
                "{what}: {task}: {got} {expected}"
            );
        }
    }
}

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
        weights::decode(&std::fs::read(&file).expect("the golden file")).expect("a weights file");
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
    assert_eq!(reply, Reply::Restored);
    for (words, expected) in &expected {
        assert_close(&as_map(&asked.predict(text_input(words))), expected, words);
        if let Some(python) = python() {
            let path = file.to_str().expect("a path in UTF-8");
            assert_close(&run_python(&python, &[path, "--json", words]), expected, words);
        }
    }
}
