//! Runs that diverge: noticed at the step, shown as they are, and taken back to the last good state.

use mtl_base::json;
use mtl_base::settings::{Settings, Value};
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::RunError;
use mtl_training::protocol::{Command, Evaluation, Phase, Reply, Request, Run, RunSettings, Split};

use crate::driver::{Driver, settings, text_input};

fn optimizer(text: &str) -> OptimizerConfig {
    serde_json::from_str(text).expect("an optimizer")
}

/// Parameters overflow while the losses stay finite: the kernel of a saturated layer grows by its penalty.
fn growing_kernel() -> Driver {
    let mut driver = Driver::ready();
    let mut design = driver.design();
    let shared = design
        .nodes
        .iter_mut()
        .find(|node| node.name == "shared")
        .expect("the preset has it");
    shared
        .layer
        .set("activation", &Value::Words("sigmoid".into()))
        .expect("an activation");
    shared.layer.set("l2", &Value::Real(1.0)).expect("a penalty");
    driver.tell(Command::Design { design });
    driver.tell(Command::Settings {
        settings: RunSettings {
            optimizer: optimizer(r#"{"type":"sgd"}"#),
            learning_rate: 10.0,
            ..settings()
        },
    });
    driver
}

/// Adam divides 0 by 0 where no gradient reaches a parameter.
fn zero_divisor() -> Driver {
    let mut driver = Driver::ready();
    driver.tell(Command::Settings {
        settings: RunSettings {
            optimizer: optimizer(r#"{"type":"adam","epsilon":0.0}"#),
            ..settings()
        },
    });
    driver
}

#[test]
fn a_parameter_that_is_not_finite_stops_the_run_at_its_step() {
    for (mut driver, within) in [(growing_kernel(), 60), (zero_divisor(), 1)] {
        driver.run(Run::Play);
        driver.finish();
        let status = driver.status();
        assert_eq!(status.phase, Phase::Diverged);
        assert!(status.step <= within, "noticed in step {}", status.step);
        let note = status.note.unwrap();
        assert!(
            note.en.contains("is not finite after step") || note.en.contains("diverged in step"),
            "{note:?}"
        );
        assert!(note.en.len() < 200, "{note:?}");
    }
}

/// What is not finite crosses the border between worker and page as itself.
#[test]
fn predictions_evaluations_and_looks_of_a_diverged_run_read_back() {
    for mut driver in [growing_kernel(), zero_divisor()] {
        driver.run(Run::Play);
        driver.finish();
        let node = driver
            .design()
            .nodes
            .iter()
            .find(|node| node.name == "shared")
            .map(|node| node.id);
        let input = text_input("the phone is great");
        let mut n_not_finite = 0;
        for request in [
            Request::Predict { input },
            Request::Evaluate {
                split: Split::Validation,
            },
            Request::Inspect { node },
            Request::State,
        ] {
            let (reply, _) = driver.ask(request, vec![]);
            let text = json::write(&reply.expect("a reply"));
            n_not_finite += text.matches("\"NaN\"").count() + text.matches("Infinity\"").count();
            let back: Reply = json::read(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
            assert_eq!(json::write(&back), text);
        }
        assert!(n_not_finite > 0, "the test shows nothing");
        for out in &driver.out {
            if let Some(event) = out.event() {
                let text = json::write(event);
                let back: mtl_training::protocol::Event =
                    json::read(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
                assert_eq!(json::write(&back), text);
            }
        }
    }
    let evaluation =
        r#"{"split":"train","step":1,"epoch":1.0,"elapsed_ms":0.0,"losses":["Infinity",null],"tasks":[]}"#;
    let read: Evaluation = json::read(evaluation).unwrap();
    assert_eq!(read.losses, [Some(f64::INFINITY), None]);
}

#[test]
fn a_diverged_run_goes_back_to_its_last_good_state_and_trains_on() {
    let mut driver = Driver::ready();
    let good = RunSettings {
        epochs: 20,
        ..settings()
    };
    driver.tell(Command::Settings {
        settings: good.clone(),
    });
    driver.run(Run::Rewind);
    assert_eq!(driver.last_failure(), RunError::NoGoodState.to_string());
    driver.run(Run::Steps { n: 120 });
    driver.finish();
    driver.tell(Command::Settings {
        settings: RunSettings {
            learning_rate: 1000.0,
            ..good.clone()
        },
    });
    driver.run(Run::Play);
    driver.finish();
    let status = driver.status();
    assert_eq!(status.phase, Phase::Diverged);
    let kept = status.rewind_step.expect("a good state");
    assert!((101..=121).contains(&kept), "{kept}");
    driver.run(Run::Rewind);
    let status = driver.status();
    assert_eq!(
        (status.phase, status.step, status.rewind_step),
        (Phase::Paused, kept, None)
    );
    assert!(driver.session.status().note.is_none());

    // It is the very state of that step: what follows has the bits of a run that never diverged.
    driver.tell(Command::Settings {
        settings: good.clone(),
    });
    let mut straight = Driver::ready();
    straight.tell(Command::Settings { settings: good });
    straight.run(Run::Steps { n: kept as u32 });
    straight.finish();
    assert_eq!(driver.fingerprint(), straight.fingerprint());
    for driver in [&mut driver, &mut straight] {
        driver.run(Run::Steps { n: 40 });
        driver.finish();
    }
    assert_eq!(driver.fingerprint(), straight.fingerprint());
    assert_eq!(
        driver.evaluations().last().map(|evaluation| &evaluation.losses),
        straight.evaluations().last().map(|evaluation| &evaluation.losses)
    );
}

#[test]
fn requests_for_steps_fail_with_the_divergence() {
    let mut driver = zero_divisor();
    driver.run(Run::Steps { n: 3 });
    driver.finish();
    assert!(
        driver.last_failure().contains("is not finite after step 1"),
        "{}",
        driver.last_failure()
    );
}

#[test]
fn a_snapshot_beyond_the_last_step_is_refused() {
    let mut driver = Driver::ready();
    let (mut snapshot, payloads) = driver.snapshot();
    snapshot.step = u64::MAX;
    let before = driver.fingerprint();
    let (reply, _) = driver.ask(
        Request::Restore {
            snapshot: snapshot.clone(),
        },
        payloads.to_vec(),
    );
    assert!(
        reply
            .unwrap_err()
            .contains("18446744073709551615; expected at most 9007199254740991")
    );
    assert_eq!((driver.status().step, driver.fingerprint()), (0, before));
    snapshot.step = (1 << 53) - 1;
    let (reply, _) = driver.ask(Request::Restore { snapshot }, payloads.to_vec());
    assert_eq!(reply, Ok(Reply::Done));
    driver.run(Run::Steps { n: 2 });
    driver.finish();
    assert_eq!(driver.status().step, (1 << 53) + 1);
}
