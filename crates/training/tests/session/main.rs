//! What a session promises.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod divergence;
mod driver;
mod insides;
mod questions;
mod replies;
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
use mtl_training::{Outgoing, RunError};

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
                1,
                Command::Ask {
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
    let baselines = driver
        .out
        .iter()
        .filter_map(Outgoing::event)
        .find_map(|event| match event {
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
    let n_outputs = driver.out.len();
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
        n_outputs + 3,
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
