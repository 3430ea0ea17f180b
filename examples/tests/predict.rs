//! `predict.py` against the session: the same tokens, and the same predictions to 1e-5.
//!
//! Python with numpy is looked for under the name in the variable `PYTHON`, or `python3`; without it these tests say that
//! they were skipped. The golden file was written by a run of `UPDATE_GOLDEN=1 cargo test -p mtl-examples`.

#[path = "predict/same.rs"]
mod same;

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
use mtl_training::protocol::{
    Command, DataSource, Event, PredictInput, Reply, Request, Run, RunSettings, TaskPrediction,
};
use mtl_training::{Outgoing, Session};

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
        self.session.handle(1, command, vec![], &mut out);
        while self.session.slice(&|| 0.0, 1.0, &mut out) {}
        for outgoing in out {
            match outgoing {
                Outgoing::Reply {
                    reply: Err(error), ..
                } => panic!("{error}"),
                Outgoing::Event(Event::Model {
                    problem: Some(message),
                    ..
                }) => panic!("{}", message.en),
                _ => {}
            }
        }
    }

    fn ask(&mut self, request: Request, payloads: Vec<Vec<u8>>) -> (Reply, Vec<Vec<u8>>) {
        let mut out = Vec::new();
        self.session
            .handle(2, Command::Ask { request }, payloads, &mut out);
        let reply = out.into_iter().find_map(|outgoing| match outgoing {
            Outgoing::Reply { reply, payloads, .. } => Some((reply.expect("an answer"), payloads)),
            Outgoing::Event(_) => None,
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
