//! What a session promises of WebGPU. Needs an adapter (Mesa's lavapipe is enough); without one the tests say `SKIPPED` and pass.

#[path = "../session/driver.rs"]
#[allow(dead_code, reason = "the tests of the session use all of it")]
mod driver;

use std::io::Write;

use driver::{Driver, settings};
use mtl_base::settings::{Settings, Value};
use mtl_program::clipping::{Clipping, ClippingKind};
use mtl_program::gpu::{GpuDevice, GpuError};
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::Outgoing;
use mtl_training::protocol::{Backend, Command, Event, Phase, Reply, Request, Run, RunSettings, Split};

const EPOCHS: u32 = 4;

/// Text towers on generated reviews; 15 steps an epoch.
fn on(backend: Backend) -> Driver {
    let mut driver = Driver::ready();
    set(&mut driver, |settings| {
        settings.backend = backend;
        settings.epochs = EPOCHS;
    });
    driver
}

fn set(driver: &mut Driver, change: impl FnOnce(&mut RunSettings)) {
    let mut settings = driver.settings.clone();
    change(&mut settings);
    driver.tell(Command::Settings { settings });
}

/// Works until nothing is left to do; yields to the device's threads.
fn finish(driver: &mut Driver) {
    while driver.slice(7.0) {
        std::thread::yield_now();
    }
}

fn steps(driver: &mut Driver, n: u32) {
    driver.run(Run::Steps { n });
    finish(driver);
}

/// A run on WebGPU that has made its first steps; none without an adapter.
fn started() -> Option<Driver> {
    let mut driver = on(Backend::Webgpu);
    steps(&mut driver, 3);
    let runs_on = driver.status().runs_on;
    if runs_on.webgpu.is_none() {
        let why = runs_on.why.expect("a reason").en;
        assert!(why.contains("no WebGPU adapter"), "{why}");
        // Past the harness, which hides what passing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED, nothing was compared: {why}");
        return None;
    }
    assert_eq!((driver.status().step, driver.status().phase), (3, Phase::Paused));
    Some(driver)
}

/// Losses of the evaluations after each epoch.
fn curve(driver: &Driver) -> Vec<(Split, u64, Vec<f64>)> {
    let losses = |losses: &[Option<f64>]| losses.iter().flatten().copied().collect();
    let evaluations = driver.evaluations();
    let points = evaluations.iter();
    points
        .map(|evaluation| (evaluation.split, evaluation.step, losses(&evaluation.losses)))
        .collect()
}

/// Both curves have the same points, within 1e-3.
fn compare(got: &Driver, expected: &Driver) {
    let (got, expected) = (curve(got), curve(expected));
    assert_eq!(got.len(), 2 * EPOCHS as usize);
    for (got, expected) in got.iter().zip(&expected) {
        assert_eq!(
            (got.0, got.1, got.2.len()),
            (expected.0, expected.1, expected.2.len())
        );
        for (got_loss, loss) in got.2.iter().zip(&expected.2) {
            assert!(
                (got_loss - loss).abs() < 1e-3,
                "step {}: {got_loss}, not {loss}",
                got.1
            );
        }
    }
    assert!(
        got[got.len() - 1].2[0] < 0.8 * got[1].2[0],
        "nothing was learnt: {got:?}"
    );
}

fn on_cpu() -> Driver {
    let mut driver = on(Backend::Cpu);
    driver.run(Run::Play);
    driver.finish();
    driver
}

#[test]
fn switching_back_and_forth_keeps_the_curve() {
    let Some(mut driver) = started() else { return };
    for (backend, n) in [
        (Backend::Cpu, 9),
        (Backend::Webgpu, 10),
        (Backend::Cpu, 3),
        (Backend::Webgpu, 7),
    ] {
        set(&mut driver, |settings| settings.backend = backend);
        steps(&mut driver, n);
        let runs_on = driver.status().runs_on;
        assert_eq!(
            runs_on.webgpu.is_some(),
            backend == Backend::Webgpu,
            "{runs_on:?}"
        );
    }
    assert_eq!(driver.status().step, 32);
    // And while it runs.
    driver.run(Run::Play);
    driver.slice(4.0);
    set(&mut driver, |settings| settings.backend = Backend::Cpu);
    finish(&mut driver);
    let status = driver.status();
    assert_eq!((status.phase, status.step), (Phase::Finished, 60));
    assert_eq!(status.runs_on.webgpu, None);
    compare(&driver, &on_cpu());
}

#[test]
fn losses_are_reported_and_the_run_ends_as_on_the_cpu() {
    let Some(mut driver) = started() else { return };
    driver.run(Run::Play);
    finish(&mut driver);
    let status = driver.status();
    assert_eq!((status.phase, status.step), (Phase::Finished, 60));
    assert!(
        status.runs_on.webgpu.is_some() && status.elapsed_ms > 0.0,
        "{status:?}"
    );
    let progress = driver.progress();
    assert_eq!(progress.last().map(|last| last.step), Some(60));
    assert!(
        progress
            .iter()
            .all(|report| report.losses.iter().all(Option::is_some))
    );
    compare(&driver, &on_cpu());
    // A reset begins again, with the same device and the same bits.
    driver.run(Run::Reset);
    driver.run(Run::Play);
    finish(&mut driver);
    let first = driver.fingerprint();
    driver.run(Run::Reset);
    driver.run(Run::Play);
    finish(&mut driver);
    assert_eq!(driver.fingerprint(), first);
}

/// What happens to a device.
type Failure = fn(&GpuDevice);

/// What may happen to one in mid-run, and what is said of it in both languages.
const FAILURES: [(Failure, &str, &str); 3] = [
    (GpuDevice::destroy, "lost", "丢失"),
    (GpuDevice::misuse, "rejected a command", "拒绝了一条命令"),
    (
        |device| device.fail(GpuError::OutOfMemory),
        "out of memory",
        "内存不足",
    ),
];

#[test]
fn a_device_that_fails_costs_no_more_than_a_few_seconds() {
    for (fail, en, zh) in FAILURES {
        let Some(mut driver) = started() else { return };
        driver.run(Run::Play);
        while driver.status().step < 40 {
            driver.slice(2.0);
        }
        let device = driver.session.webgpu_device().expect("it is in use");
        fail(&device);
        finish(&mut driver);
        let status = driver.status();
        assert_eq!((status.phase, status.step), (Phase::Finished, 60));
        assert_eq!(status.runs_on.webgpu, None);
        let why = status.runs_on.why.expect("a reason");
        assert!(
            why.en.contains("continues on the CPU from step") && why.en.contains(en),
            "{why:?}"
        );
        assert!(why.zh.contains("CPU 上继续") && why.zh.contains(zh), "{why:?}");
        let noted = driver
            .out
            .iter()
            .filter_map(Outgoing::event)
            .any(|event| match event {
                Event::Status { status } => {
                    status.note.as_ref() == Some(&why) && status.phase == Phase::Running
                }
                _ => false,
            });
        assert!(noted, "a line says so");
        compare(&driver, &on_cpu());
        // The next run asks for a device again.
        driver.run(Run::Reset);
        steps(&mut driver, 2);
        assert!(driver.status().runs_on.webgpu.is_some());
    }
}

#[test]
fn a_device_that_fails_in_a_pause_leaves_the_run() {
    for (fail, en, _) in FAILURES {
        let Some(mut driver) = started() else { return };
        fail(&driver.session.webgpu_device().expect("it is in use"));
        steps(&mut driver, 5);
        let status = driver.status();
        assert_eq!((status.phase, status.step), (Phase::Paused, 8));
        let why = status.runs_on.why.expect("a reason").en;
        assert!(why.contains("from step 3") && why.contains(en), "{why}");
    }
}

#[test]
fn questions_wait_for_what_the_device_knows() {
    let Some(mut driver) = started() else { return };
    let mut cpu = on(Backend::Cpu);
    steps(&mut cpu, 3);
    let compare = |driver: &mut Driver, cpu: &mut Driver| {
        let (got, expected) = (driver.predict("a fine film"), cpu.predict("a fine film"));
        for (got, expected) in got.iter().zip(&expected) {
            for (got, expected) in got.outputs.iter().zip(&expected.outputs) {
                assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
            }
        }
    };
    compare(&mut driver, &mut cpu);
    // While it runs: a snapshot holds the values of the step that it names.
    driver.run(Run::Steps { n: 20 });
    driver.slice(3.0);
    let (snapshot, [values, _]) = driver.snapshot();
    assert!((4..23).contains(&snapshot.step), "{}", snapshot.step);
    steps(&mut cpu, snapshot.step as u32 - 3);
    let (_, [expected, _]) = cpu.snapshot();
    let numbers = |bytes: &[u8]| -> Vec<f32> {
        let quads = bytes.chunks_exact(4);
        quads
            .map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
            .collect()
    };
    for (got, expected) in numbers(&values).iter().zip(&numbers(&expected)) {
        assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
    }
    // The copy is what the fingerprint is of.
    match driver.ask(Request::State, vec![]) {
        (Ok(Reply::State { status, fingerprint }), _) => {
            assert_eq!(status.step, 23);
            assert_eq!(fingerprint, Some(format!("{:016x}", driver.fingerprint())));
        }
        other => panic!("{other:?}"),
    }
    // A question that the run does not live to hear is still answered.
    driver.run(Run::Play);
    driver.slice(2.0);
    let id = 77;
    let request = Request::Evaluate {
        split: Split::Validation,
    };
    let command = Command::Ask { request };
    driver.session.handle(id, command, vec![], &mut driver.out);
    driver.run(Run::Reset);
    let answers = (driver.out.iter()).filter(|out| {
        matches!(
            out,
            Outgoing::Reply {
                id: 77,
                reply: Err(_),
                ..
            }
        )
    });
    assert_eq!(answers.count(), 1);
}

#[test]
fn changes_in_mid_run_are_those_of_the_cpu() {
    let Some(mut driver) = started() else { return };
    let mut cpu = on(Backend::Cpu);
    steps(&mut cpu, 3);
    for driver in [&mut driver, &mut cpu] {
        steps(driver, 9);
        // Weights of the losses, then a rate that is compiled into the kernels, then the optimizer and the clipping.
        let (snapshot, _) = driver.snapshot();
        let mut design = snapshot.design;
        let heads: Vec<_> = design
            .nodes
            .iter()
            .filter(|node| node.layer.loss_weight().is_some())
            .map(|node| node.id)
            .collect();
        let mut weigh = |key: &str, value: f64| {
            for node in design.nodes.iter_mut().filter(|node| heads.contains(&node.id)) {
                node.layer
                    .set(key, &Value::Real(value))
                    .expect("heads have the setting");
            }
            design.clone()
        };
        let design = weigh("weight", 0.25);
        driver.tell(Command::Design { design });
        assert!(!driver.last_model().0, "the run goes on");
        steps(driver, 8);
        let design = weigh("l2", 0.01);
        driver.tell(Command::Design { design });
        assert!(!driver.last_model().0, "the run goes on");
        steps(driver, 8);
        set(driver, |settings| {
            settings.clipping = Clipping {
                kind: ClippingKind::GlobalNorm,
                threshold: 0.5,
            };
            if let OptimizerConfig::Adam(adam) = &mut settings.optimizer {
                adam.beta_1 = 0.8;
            }
        });
        driver.run(Run::Play);
        finish(driver);
        assert_eq!(driver.status().phase, Phase::Finished);
    }
    assert!(driver.status().runs_on.webgpu.is_some());
    compare(&driver, &cpu);
}

#[test]
fn divergence_is_seen() {
    let Some(mut driver) = started() else { return };
    set(&mut driver, |settings| settings.learning_rate = 900.0);
    driver.run(Run::Play);
    finish(&mut driver);
    let status = driver.status();
    assert_eq!(status.phase, Phase::Diverged);
    assert!(status.note.expect("a note").en.contains("diverged in step"));
}

/// Plays until the choice is made, with a clock of which the timed step on the CPU takes `cpu_ms` and a turn after that
/// `device_ms`.
fn choose(cpu_ms: f64, device_ms: f64) -> Driver {
    let mut driver = on(Backend::Auto);
    driver.run(Run::Play);
    let mut timed_from = None;
    loop {
        let status = driver.status();
        let why = status.runs_on.why.expect("what is going on").en;
        if status.phase != Phase::Running || why.contains("measured") {
            return driver;
        }
        if why.contains("comparing") {
            timed_from.get_or_insert(status.step);
        }
        let tick = match timed_from {
            None => 1.0,
            Some(step) if step == status.step => cpu_ms,
            Some(_) => device_ms,
        };
        let clock = &driver.clock;
        let now = || {
            clock.set(clock.get() + tick);
            clock.get()
        };
        driver.session.slice(&now, 0.0, &mut driver.out);
        std::thread::yield_now();
    }
}

#[test]
fn automatic_takes_the_faster_and_says_why() {
    if started().is_none() {
        return;
    }
    // The CPU wins, and the run is to the bit the one that never looked at the device.
    let mut driver = choose(200.0, 10_000.0);
    let runs_on = driver.status().runs_on;
    assert_eq!(runs_on.webgpu, None);
    let why = runs_on.why.expect("a reason");
    assert!(why.en.contains("CPU 5.0 steps/s, WebGPU ("), "{why:?}");
    assert!(why.zh.contains("步/秒"), "{why:?}");
    driver.run(Run::Pause);
    let step = driver.status().step;
    let mut cpu = on(Backend::Cpu);
    steps(&mut cpu, step as u32);
    finish(&mut driver);
    assert_eq!(driver.fingerprint(), cpu.fingerprint());

    // WebGPU wins, and the run goes on there.
    let mut driver = choose(1e6, 1.0);
    let runs_on = driver.status().runs_on;
    assert!(runs_on.webgpu.is_some(), "{runs_on:?}");
    assert!(runs_on.why.expect("a reason").en.contains("CPU 0.0 steps/s"));
    driver.run(Run::Pause);
    finish(&mut driver);
    driver.run(Run::Play);
    finish(&mut driver);
    assert_eq!(driver.status().step, 60);
    compare(&driver, &on_cpu());
}

#[test]
fn lazy_rows_stay_on_the_cpu() {
    let mut driver = Driver::ready();
    driver.tell(Command::Settings {
        settings: RunSettings {
            backend: Backend::Webgpu,
            lazy_rows: true,
            ..settings()
        },
    });
    steps(&mut driver, 2);
    let runs_on = driver.status().runs_on;
    assert_eq!(runs_on.webgpu, None);
    assert!(
        runs_on
            .why
            .expect("a reason")
            .en
            .contains("sparse embedding updates")
    );
}
