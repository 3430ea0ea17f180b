//! What a session promises.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod driver;
mod insides;
mod snapshots;

use driver::{Driver, data_settings, impressions, reviews, settings, text_input};
use mtl_base::settings::{Settings, Value};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::{Design, presets};
use mtl_engine::metrics::Metric;
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::protocol::{
    Backend, Command, DataSource, Evaluation, Event, Phase, PredictInput, Reply, Request, Run, RunSettings,
    Split, StopCondition, Watch, WatchedMetric,
};

/// Everything of the evaluations that must not depend on time.
fn history(driver: &Driver) -> Vec<(Split, u64, Vec<Option<u64>>, String)> {
    let evaluations = driver.evaluations().into_iter();
    evaluations
        .map(|evaluation| {
            let losses = evaluation
                .losses
                .iter()
                .map(|loss| loss.map(f64::to_bits))
                .collect();
            (
                evaluation.split,
                evaluation.step,
                losses,
                format!("{:?}", evaluation.tasks),
            )
        })
        .collect()
}

/// Hash of the parameters after three epochs of [`Driver::ready`]: every machine must give the same.
const GOLDEN_FINGERPRINT: &str = "4ae107f1a793dfbe";

#[test]
fn the_length_of_slices_does_not_change_a_bit() {
    let mut whole = Driver::ready();
    whole.run(Run::Play);
    assert!(!whole.slice(1e9));
    let mut parts = Driver::ready();
    parts.run(Run::Play);
    let mut n_slices = 0;
    while parts.slice(1.0) {
        n_slices += 1;
        if n_slices % 3 == 0 {
            parts.session.handle(
                Command::Ask {
                    id: 1,
                    request: Request::Predict {
                        input: text_input("the phone is great"),
                    },
                },
                vec![],
                &mut parts.out,
            );
            parts.run(Run::Pause);
            parts.slice(1.0);
            parts.run(Run::Play);
        }
    }
    assert_eq!(
        (parts.status().phase, parts.status().step, parts.status().epoch),
        (Phase::Finished, 45, 3.0)
    );
    assert_eq!(history(&whole), history(&parts));
    assert_eq!(
        history(&whole).len(),
        6,
        "three epochs, training and validation rows"
    );
    assert_eq!(whole.fingerprint(), parts.fingerprint());
    assert_eq!(format!("{:016x}", whole.fingerprint()), GOLDEN_FINGERPRINT);
    let mut other = Driver::ready();
    other.tell(Command::Settings {
        settings: RunSettings {
            seed: 2,
            ..settings()
        },
    });
    other.run(Run::Play);
    other.finish();
    assert_ne!(other.fingerprint(), whole.fingerprint());
}

#[test]
fn a_slice_ends_at_most_one_batch_after_its_budget() {
    let mut driver = Driver::ready();
    driver.run(Run::Play);
    let mut more = true;
    while more {
        let before = driver.clock.get();
        more = driver.slice(4.0);
        // One tick at the start, then one per batch.
        assert!(driver.clock.get() - before <= 5.0);
    }
}

#[test]
fn it_learns_and_reports() {
    let mut driver = Driver::ready();
    driver.run(Run::Play);
    driver.finish();
    let evaluations = driver.evaluations();
    let validation: Vec<&Evaluation> = evaluations
        .iter()
        .filter(|e| e.split == Split::Validation)
        .collect();
    let accuracy = |evaluation: &Evaluation| evaluation.tasks[0].get(Metric::Accuracy).unwrap();
    assert!(accuracy(validation[2]) > 0.6, "{}", accuracy(validation[2]));
    assert!(validation[2].losses[0] < validation[0].losses[0]);
    let train = evaluations.iter().find(|e| e.split == Split::Train).unwrap();
    assert!(
        train.tasks[0].n > 40 && train.tasks[0].n <= 60,
        "as many rows as there are validation rows"
    );
    assert!(
        evaluations.iter().all(|e| e.split != Split::Test),
        "nothing touches the test rows unasked"
    );
    let progress = driver.progress();
    // About 57 batches of 1 ms: one report at the start, one after 50 ms, perhaps one at the end.
    assert!((2..=3).contains(&progress.len()), "{}", progress.len());
    let last = progress.last().unwrap();
    assert_eq!((last.step, last.epoch), (45, 3.0));
    assert!(last.losses.iter().all(|loss| loss.unwrap() > 0.0) && last.weights == [1.0, 1.0]);
    assert!(last.steps_per_second > 0.0 && last.examples_per_second > last.steps_per_second);
    let baselines = driver.out.iter().find_map(|out| match &out.event {
        Event::Data { baselines, .. } => Some(baselines),
        _ => None,
    });
    assert!(
        baselines
            .unwrap()
            .iter()
            .all(|label| label.split == Split::Validation && !label.methods.is_empty())
    );
}

#[test]
fn steps_epochs_pause_and_reset() {
    let mut driver = Driver::ready();
    let fresh = driver.fingerprint();
    driver.run(Run::Steps { n: 4 });
    driver.finish();
    assert_eq!((driver.status().step, driver.status().phase), (4, Phase::Paused));
    assert!(driver.evaluations().is_empty());
    driver.run(Run::Epoch);
    driver.finish();
    assert_eq!((driver.status().step, driver.status().phase), (15, Phase::Paused));
    assert_eq!(driver.evaluations().len(), 2);
    driver.run(Run::Play);
    driver.slice(2.0);
    assert_eq!(driver.status().phase, Phase::Running);
    driver.run(Run::Pause);
    assert_eq!(driver.status().phase, Phase::Paused);
    assert_eq!(
        driver.progress().last().unwrap().step,
        driver.status().step,
        "the last step before a pause is told"
    );
    assert!(!driver.session.has_work());
    driver.run(Run::Reset);
    assert_eq!((driver.status().step, driver.fingerprint()), (0, fresh));
    assert_eq!(driver.last_model(), (true, None));
    driver.run(Run::Steps { n: 0 });
    assert_eq!(
        driver.last_failure(),
        "number of steps: expected a whole number from 1 to 1000000, got 0"
    );
    driver.run(Run::Play);
    driver.finish();
    driver.run(Run::Play);
    assert_eq!(
        driver.last_failure(),
        "all 3 epochs are done; raise the number of epochs or reset"
    );
    driver.tell(Command::Settings {
        settings: RunSettings {
            epochs: 4,
            ..settings()
        },
    });
    assert_eq!(driver.status().phase, Phase::Paused);
    driver.run(Run::Play);
    driver.finish();
    assert_eq!(driver.status().epoch, 4.0);
}

#[test]
fn settings_change_in_mid_run_or_reset_it() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 5 });
    driver.finish();
    let before = driver.fingerprint();
    let live = RunSettings {
        learning_rate: 0.5,
        clipping: serde_json::from_str(r#"{"kind":"global_norm","threshold":2.0}"#).unwrap(),
        optimizer: serde_json::from_str(r#"{"type":"adam","beta_1":0.5}"#).unwrap(),
        schedule: serde_json::from_str(r#"{"kind":"cosine"}"#).unwrap(),
        stop: StopCondition {
            patience: 3,
            ..StopCondition::default()
        },
        epochs: 9,
        ..settings()
    };
    driver.tell(Command::Settings {
        settings: live.clone(),
    });
    assert_eq!((driver.status().step, driver.fingerprint()), (5, before));
    driver.run(Run::Steps { n: 1 });
    driver.finish();
    let last = driver.progress().pop().unwrap();
    assert!(
        last.learning_rate < 0.5 && last.learning_rate > 0.49,
        "{}",
        last.learning_rate
    );
    for reset in [
        RunSettings {
            batch_size: 16,
            ..live.clone()
        },
        RunSettings {
            seed: 5,
            batch_size: 16,
            ..live.clone()
        },
        RunSettings {
            optimizer: OptimizerConfig::from_key("sgd").unwrap(),
            seed: 5,
            batch_size: 16,
            ..live
        },
    ] {
        driver.run(Run::Steps { n: 1 });
        driver.finish();
        driver.tell(Command::Settings { settings: reset });
        assert_eq!((driver.status().step, driver.last_model()), (0, (true, None)));
    }
    let n_events = driver.out.len();
    for (bad, expected) in [
        (
            RunSettings {
                batch_size: 0,
                ..settings()
            },
            "`batch_size`: expected a whole number from 1 to 4096, got 0",
        ),
        (
            RunSettings {
                epochs: 10_001,
                ..settings()
            },
            "`epochs`: expected a whole number from 1 to 10000, got 10001",
        ),
        (
            RunSettings {
                learning_rate: f32::NAN,
                ..settings()
            },
            "`learning_rate`: expected a number from 0.000000001 to 1000, got NaN",
        ),
    ] {
        driver.tell(Command::Settings { settings: bad });
        assert_eq!(driver.last_failure(), expected);
    }
    assert_eq!(
        driver.out.len(),
        n_events + 3,
        "a refused setting changes nothing else"
    );
}

#[test]
fn a_design_goes_on_resets_or_waits() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 5 });
    driver.finish();
    let before = driver.fingerprint();
    let mut design = driver.design();
    let head = design.heads().next().unwrap().id;
    let head = design.node_mut(head).unwrap();
    head.layer.set("weight", &Value::Real(3.0)).unwrap();
    head.name = "renamed".into();
    head.position = Some([10.0, 20.0]);
    let dropout = design
        .nodes
        .iter()
        .position(|node| node.name == "dropout")
        .unwrap();
    design.nodes[dropout]
        .layer
        .set("rate", &Value::Real(0.1))
        .unwrap();
    driver.tell(Command::Design {
        design: design.clone(),
    });
    assert_eq!(
        (driver.last_model(), driver.fingerprint(), driver.status().step),
        ((false, None), before, 5)
    );
    driver.run(Run::Steps { n: 1 });
    driver.finish();
    assert_eq!(driver.progress().pop().unwrap().weights, [3.0, 1.0]);
    assert_eq!(driver.predict("good")[0].task, "renamed");
    let trained = driver.fingerprint();

    // A wire is taken away and comes back, as by an undo: the run has waited.
    let mut broken = design.clone();
    broken.wires.pop();
    driver.run(Run::Play);
    driver.tell(Command::Design { design: broken });
    let (reset, problem) = driver.last_model();
    assert!(!reset && problem.is_some() && driver.status().phase == Phase::NotReady);
    assert!(!driver.session.has_work());
    driver.run(Run::Play);
    assert!(
        driver
            .last_failure()
            .starts_with("the design cannot be trained yet: ")
    );
    driver.tell(Command::Design {
        design: design.clone(),
    });
    assert_eq!(
        (driver.last_model(), driver.fingerprint(), driver.status().step),
        ((false, None), trained, 6)
    );

    // A frozen layer keeps its bits.
    let embedding = design
        .nodes
        .iter()
        .position(|node| node.name == "embedding")
        .unwrap();
    design.nodes[embedding].frozen = true;
    driver.tell(Command::Design {
        design: design.clone(),
    });
    let table = |driver: &mut Driver| {
        let (snapshot, [mut values, _]) = driver.snapshot();
        assert_eq!(snapshot.parameters[0].0, "embedding/embeddings");
        values.truncate(4 * snapshot.parameters[0].1.iter().product::<usize>());
        values
    };
    let frozen = table(&mut driver);
    driver.run(Run::Steps { n: 2 });
    driver.finish();
    assert_eq!(table(&mut driver), frozen);

    let shared = design
        .nodes
        .iter()
        .position(|node| node.name == "shared")
        .unwrap();
    design.nodes[shared].layer.set("units", &Value::Int(16)).unwrap();
    driver.tell(Command::Design { design });
    assert_eq!((driver.last_model(), driver.status().step), ((true, None), 0));
}

#[test]
fn divergence_stops_the_run_and_names_task_and_step() {
    let mut driver = Driver::ready();
    let optimizer = OptimizerConfig::from_key("sgd").unwrap();
    driver.tell(Command::Settings {
        settings: RunSettings {
            optimizer,
            learning_rate: 1000.0,
            ..settings()
        },
    });
    driver.run(Run::Play);
    driver.finish();
    let status = driver.status();
    assert_eq!(status.phase, Phase::Diverged);
    let note = status.note.unwrap();
    let at_step = format!("diverged in step {}:", status.step + 1);
    let design = driver.design();
    let named = design
        .heads()
        .any(|head| note.en.starts_with(&format!("task `{}` {at_step}", head.name)));
    assert!(named && note.zh.contains("发散"), "{note:?}");
    driver.run(Run::Play);
    assert_eq!(
        driver.last_failure(),
        "the run has diverged and cannot go on; lower the learning rate and reset"
    );
    driver.tell(Command::Settings { settings: settings() });
    driver.run(Run::Play);
    driver.finish();
    assert_eq!(driver.status().phase, Phase::Finished);
}

#[test]
fn patience_ends_the_run() {
    let head = Driver::ready().design().heads().nth(1).unwrap().id;
    for watch in [
        Watch::default(),
        Watch::Metric(WatchedMetric {
            task: head,
            metric: Metric::Accuracy,
        }),
    ] {
        let mut driver = Driver::ready();
        // No change is ever large enough, so that the second and third evaluations are the two without improvement.
        let stop = StopCondition {
            patience: 2,
            watch,
            min_delta: 1e6,
        };
        driver.tell(Command::Settings {
            settings: RunSettings {
                epochs: 50,
                stop,
                ..settings()
            },
        });
        driver.run(Run::Play);
        driver.finish();
        assert_eq!(
            (driver.status().phase, driver.status().epoch),
            (Phase::Finished, 3.0)
        );
        let note = driver.status().note.unwrap();
        assert!(note.en.contains("has not improved for 2 evaluations"), "{note:?}");
        driver.run(Run::Play);
        driver.finish();
        assert_eq!(driver.status().epoch, 6.0, "Play goes on with fresh patience");
    }
}

#[test]
fn predictions_and_what_drove_them() {
    let mut driver = Driver::ready();
    driver.run(Run::Play);
    driver.finish();
    let before = driver.fingerprint();
    let text = "The zzyzx phone is great";
    let (reply, _) = driver.ask(
        Request::Predict {
            input: text_input(text),
        },
        vec![],
    );
    let Ok(Reply::Prediction { tasks, tokens }) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(tokens.len(), 1);
    let words: Vec<&str> = tokens[0]
        .spans
        .iter()
        .map(|(start, end)| &text[*start..*end])
        .collect();
    assert_eq!(words, ["The", "zzyzx", "phone", "is", "great"]);
    assert!(tokens[0].known[2] && !tokens[0].known[1]);
    for task in &tasks {
        assert_eq!(task.classes.len(), task.outputs.len());
        assert!((task.outputs.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(task.attributions[0].len(), 5);
    }
    let domain = &tasks[0];
    let phone = domain
        .classes
        .iter()
        .position(|class| class.en == "phone")
        .unwrap();
    assert!(
        domain
            .outputs
            .iter()
            .all(|output| *output <= domain.outputs[phone]),
        "{domain:?}"
    );
    let drove = domain.attributions[0]
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .unwrap()
        .0;
    assert_eq!(words[drove], "phone", "{domain:?}");
    assert_eq!(
        driver.predict("")[0].outputs.len(),
        4,
        "a text without words has a prediction too"
    );
    let bad = PredictInput {
        text: [("title".into(), "x".into())].into(),
        ..PredictInput::default()
    };
    let (reply, _) = driver.ask(Request::Predict { input: bad }, vec![]);
    assert_eq!(
        reply,
        Err("the model reads no feature `title` of this kind; it reads text".into())
    );
    assert_eq!(driver.fingerprint(), before);
}

#[test]
fn a_recommender_predicts_by_ids() {
    let mut driver = Driver::new();
    driver.tell(Command::Data {
        source: impressions(),
        settings: DataSettings::default(),
    });
    let design = presets::design("ad-content", &driver.schema()).unwrap();
    driver.tell(Command::Design { design });
    driver.run(Run::Epoch);
    driver.finish();
    let mut predict = |user: u32| {
        let ids = [("user".into(), user), ("item".into(), 7)].into();
        driver
            .ask(
                Request::Predict {
                    input: PredictInput {
                        ids,
                        ..PredictInput::default()
                    },
                },
                vec![],
            )
            .0
    };
    let (Ok(Reply::Prediction { tasks: one, .. }), Ok(Reply::Prediction { tasks: other, .. })) =
        (predict(3), predict(4))
    else {
        panic!("two predictions")
    };
    assert_ne!(one, other);
    assert_eq!(one[0].outputs.len(), 2);
    assert_eq!(
        predict(20),
        Err("feature `user`: expected an id below 20, got 20".into())
    );
}

#[test]
fn evaluations_on_request() {
    let mut driver = Driver::ready();
    driver.run(Run::Epoch);
    driver.finish();
    let (reply, _) = driver.ask(Request::Evaluate { split: Split::Test }, vec![]);
    let Ok(Reply::Evaluation {
        evaluation,
        baselines,
    }) = reply
    else {
        panic!("{reply:?}")
    };
    assert_eq!((evaluation.split, evaluation.step), (Split::Test, 15));
    assert!(baselines.iter().all(|label| label.split == Split::Test) && baselines.len() >= 2);
    assert_eq!(driver.evaluations().last(), Some(&evaluation));
    driver.tell(Command::Ask {
        id: 4,
        request: Request::Evaluate { split: Split::Train },
    });
    driver.run(Run::Reset);
    let replaced = driver.out.iter().any(|out| {
        matches!(&out.event, Event::Reply { id: 4, reply: Err(message) } if message.en.starts_with("the run was replaced"))
    });
    assert!(replaced);
    let (rows, _) = driver.ask(
        Request::Rows {
            split: Split::Validation,
            n: 5,
            seed: 1,
        },
        vec![],
    );
    assert!(matches!(rows, Ok(Reply::Rows { rows, inputs })
        if rows.len() == 5 && !rows[0].features[0].is_empty() && inputs.len() == 5));
    let (rows, _) = driver.ask(
        Request::Rows {
            split: Split::Test,
            n: 5,
            seed: 1,
        },
        vec![],
    );
    assert!(rows.is_err());
    let (state, _) = driver.ask(Request::State, vec![]);
    let hash = format!("{:016x}", driver.fingerprint());
    assert!(matches!(state, Ok(Reply::State { fingerprint: Some(shown), .. }) if shown == hash));
}

/// A file or a link may ask for more rows than there is memory: it is refused before any work, and the run goes on.
#[test]
fn data_settings_out_of_bounds_are_refused_and_change_nothing() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 3 });
    driver.finish();
    let before = (driver.fingerprint(), driver.status().step);
    let sources = [
        (
            r#"{"type": "reviews", "rows": 4294967295}"#,
            "{}",
            "`rows`: expected a whole number from 100 to 100000, got 4294967295",
        ),
        (
            r#"{"type": "impressions", "users": 4000000000}"#,
            "{}",
            "`users`: expected a whole number from 2 to 5000, got 4000000000",
        ),
        (
            r#"{"type": "reviews"}"#,
            r#"{"max_tokens": 0}"#,
            "`max_tokens`: expected a whole number from 1 to 512, got 0",
        ),
        (
            r#"{"type": "reviews"}"#,
            r#"{"max_tokens": 1000000000}"#,
            "`max_tokens`: expected a whole number from 1 to 512, got 1000000000",
        ),
    ];
    for (generator, settings, expected) in sources {
        driver.tell(Command::Data {
            source: DataSource::Generated {
                generator: serde_json::from_str(generator).expect("a generator"),
            },
            settings: serde_json::from_str(settings).expect("data settings"),
        });
        assert_eq!(
            driver.last_failure(),
            format!("the data set was not loaded: {expected}")
        );
        assert_eq!((driver.fingerprint(), driver.status().step), before);
    }
    // So is a weights file that holds them.
    let (mut snapshot, payloads) = driver.snapshot();
    snapshot.data_settings.max_tokens = 0;
    let (reply, _) = driver.ask(Request::Restore { snapshot }, payloads.to_vec());
    assert!(reply.expect_err("refused").contains("`max_tokens`: expected"));
    assert_eq!((driver.fingerprint(), driver.status().step), before);
}

/// Slices, pauses and looks in between do not change which rows are drawn; WebGPU is not asked.
#[test]
fn data_without_end_gives_the_same_bits_however_it_is_sliced() {
    let run = |budget: f64, backend| {
        let mut driver = Driver::new();
        driver.tell(Command::Settings {
            settings: RunSettings {
                epochs: 2,
                backend,
                ..settings()
            },
        });
        driver.tell(Command::Data {
            source: DataSource::Generated {
                generator: serde_json::from_str(
                    r#"{"type": "regression", "rows": 400, "width": 6, "streaming": true}"#,
                )
                .expect("a generator"),
            },
            settings: DataSettings::default(),
        });
        let design = presets::design("numbers-towers", &driver.schema()).expect("a preset");
        driver.tell(Command::Design { design });
        driver.run(Run::Play);
        while driver.slice(budget) {
            driver.run(Run::Pause);
            driver.run(Run::Play);
        }
        driver
    };
    let (whole, parts) = (run(1e9, Backend::Cpu), run(1.0, Backend::Webgpu));
    assert_eq!(whole.fingerprint(), parts.fingerprint());
    assert_eq!(parts.status().phase, Phase::Finished);
    if cfg!(feature = "gpu") {
        let why = parts.status().runs_on.why.expect("a reason");
        assert!(why.en.contains("new rows in every epoch") && why.zh.contains("每轮抽取新行"));
    }
    let losses = whole.evaluations();
    let of = |place: usize| losses[place].losses[0].expect("a loss");
    assert!(of(losses.len() - 1) < of(0), "it learns");
}

#[test]
fn nothing_is_asked_of_an_empty_session_in_vain() {
    let mut driver = Driver::new();
    assert_eq!(driver.status().phase, Phase::NotReady);
    assert_eq!(
        driver.status().note.unwrap().en,
        "no data set is loaded; choose one first"
    );
    let evaluate = Request::Evaluate { split: Split::Test };
    for request in [
        Request::Snapshot,
        evaluate,
        Request::Predict {
            input: PredictInput::default(),
        },
    ] {
        assert!(driver.ask(request, vec![]).0.is_err());
    }
    let source = DataSource::Asset {
        key: "opinion-domains".into(),
    };
    let asset = Command::Data {
        source,
        settings: DataSettings::default(),
    };
    driver.tell(asset.clone());
    assert!(driver.last_failure().contains("did not arrive"));
    driver.session.handle(asset, vec![vec![1, 2, 3]], &mut driver.out);
    assert!(driver.last_failure().starts_with("the data set was not loaded: "));
    driver.tell(Command::Design {
        design: Design::new("empty"),
    });
    driver.tell(Command::Data {
        source: reviews(),
        settings: data_settings(),
    });
    let (reset, problem) = driver.last_model();
    assert!(!reset && problem.is_some());
    assert_eq!(driver.status().phase, Phase::NotReady);
}
