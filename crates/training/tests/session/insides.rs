//! Looking inside a run and timing its steps: what is seen is right, and nothing of the run changes.

use mtl_base::settings::{Settings, Value};
use mtl_training::protocol::{Command, Inspection, Phase, Reply, Request, Run};

use crate::driver::Driver;

fn inspect(driver: &mut Driver, name: &str) -> Inspection {
    let node = driver
        .design()
        .nodes
        .iter()
        .find(|node| node.name == name)
        .map(|node| node.id);
    assert!(node.is_some(), "no layer {name}");
    match driver.ask(Request::Inspect { node }, vec![]) {
        (Ok(Reply::Inspection { inspection }), _) => *inspection,
        other => panic!("{other:?}"),
    }
}

fn names(driver: &Driver) -> Vec<String> {
    let design = driver.design();
    design
        .nodes
        .iter()
        .map(|node| format!("{} {}", node.layer.key(), node.name))
        .collect()
}

/// The first layer of a type.
fn named(driver: &Driver, key: &str) -> String {
    let design = driver.design();
    let node = design.nodes.iter().find(|node| node.layer.key() == key);
    node.unwrap_or_else(|| panic!("no {key} among {:?}", names(driver)))
        .name
        .clone()
}

#[test]
fn looking_and_timing_change_nothing_of_the_run() {
    let mut watched = Driver::ready();
    let mut alone = Driver::ready();
    for _ in 0..3 {
        for driver in [&mut watched, &mut alone] {
            driver.run(Run::Steps { n: 5 });
            driver.finish();
        }
        let embedding = named(&watched, "embedding");
        inspect(&mut watched, &embedding);
        let clock = watched.clock.clone();
        let tick = || {
            clock.set(clock.get() + 1.0);
            clock.get()
        };
        let profile = watched.session.profile_step(&tick).expect("a run");
        assert!(profile.n_steps >= 3 && profile.n_rows == 32, "{profile:?}");
    }
    assert_eq!(watched.fingerprint(), alone.fingerprint());
    assert_eq!(watched.status().step, 15);
}

#[test]
fn a_step_is_timed_part_by_part() {
    let mut driver = Driver::ready();
    // A clock that ticks once per reading: every part takes one tick, and each of them is counted.
    let clock = driver.clock.clone();
    let tick = || {
        clock.set(clock.get() + 1.0);
        clock.get()
    };
    let profile = driver.session.profile_step(&tick).expect("a run");
    let n_ops = profile.ops.len() as f64;
    assert!(n_ops > 5.0);
    for op in &profile.ops {
        assert_eq!((op.forward_ms, op.backward_ms), (1.0, 1.0), "{op:?}");
        assert!(driver.design().node(op.node).is_some());
    }
    assert_eq!(profile.batch_ms, 1.0);
    assert!(profile.update_ms >= 1.0);
    assert_eq!(profile.balance_ms, 1.0);
    assert_eq!(profile.total_ms(), 2.0 * n_ops + 2.0 + profile.update_ms);
    assert_eq!(
        Driver::new()
            .session
            .profile_step(&|| 0.0)
            .unwrap_err()
            .to_string(),
        "no data set is loaded; choose one first"
    );
}

#[test]
fn histograms_hold_every_value_and_norms_follow_the_wires() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 5 });
    driver.finish();
    let embedding = named(&driver, "embedding");
    let seen = inspect(&mut driver, &embedding);
    assert_eq!((seen.step, seen.n_rows, seen.tasks.len()), (5, 32, 2));
    let layer = seen.layer.expect("the layer that was asked for");
    let activations = layer.activations.expect("a sequence");
    // 32 rows of 16 tokens, each as wide as a row of the table.
    let (_, table) = &layer.parameters[0];
    let n_table: u32 = table.counts.iter().sum();
    let n_activations: u32 = activations.counts.iter().sum();
    let (snapshot, _) = driver.snapshot();
    let (_, shape) = snapshot
        .parameters
        .iter()
        .find(|(name, _)| name.starts_with(&embedding))
        .expect("the table");
    assert_eq!(n_table as usize, shape.iter().product::<usize>());
    assert_eq!(n_activations as usize, 32 * 16 * shape[1]);
    assert!(table.min < table.mean as f32 && (table.mean as f32) < table.max && table.n_not_finite == 0);
    // The embedding is shared: both tasks pull. A tower is one task's own.
    let norms = |seen: &[mtl_training::protocol::LayerGradients], name: &str| {
        let node = driver
            .design()
            .nodes
            .iter()
            .find(|node| node.name == name)
            .unwrap()
            .id;
        seen.iter()
            .find(|layer| layer.node == node)
            .unwrap()
            .norms
            .clone()
    };
    let shared = norms(&seen.gradients, &embedding);
    assert!(
        shared.iter().all(|norm| norm.is_some_and(|norm| norm > 0.0)),
        "{shared:?}"
    );
    let own: Vec<_> = seen
        .gradients
        .iter()
        .filter(|layer| layer.norms.iter().filter(|norm| norm.is_some()).count() == 1)
        .collect();
    assert!(own.len() >= 2, "{:?}", seen.gradients);
}

#[test]
fn frozen_layers_and_ids_have_nothing_to_show() {
    let mut driver = Driver::ready();
    let mut design = driver.design();
    for node in &mut design.nodes {
        node.frozen = node.layer.key() == "embedding";
    }
    driver.tell(Command::Design { design });
    assert_eq!(driver.status().phase, Phase::Paused);
    let input = named(&driver, "token_input");
    let seen = inspect(&mut driver, &input);
    let layer = seen.layer.expect("the input");
    assert!(layer.activations.is_none() && layer.parameters.is_empty());
    let embedding = named(&driver, "embedding");
    let node = driver
        .design()
        .nodes
        .iter()
        .find(|node| node.name == embedding)
        .unwrap()
        .id;
    let frozen = seen.gradients.iter().find(|layer| layer.node == node).unwrap();
    assert!(frozen.norms.iter().all(Option::is_none), "{frozen:?}");
}

/// The norm is that of the loss's slope: a step of plain gradient descent on one task alone moves a layer by rate x norm.
#[test]
fn a_norm_is_how_far_a_unit_step_of_descent_goes() {
    let mut driver = Driver::ready();
    let (embedding, rate) = (named(&driver, "embedding"), 1e-3);
    // The first task alone, without dropout, the whole sample in one batch.
    let mut design = driver.design();
    let heads: Vec<_> = design.heads().map(|head| head.id).collect();
    for node in &mut design.nodes {
        if node.id == heads[1] {
            node.layer.set("weight", &Value::Real(0.0)).unwrap();
        }
        if node.layer.key() == "dropout" {
            node.layer.set("rate", &Value::Real(0.0)).unwrap();
        }
    }
    driver.tell(Command::Design { design });
    let settings = mtl_training::protocol::RunSettings {
        // Every training row is in the batch, and in the sample: 480 of them, of which 256 are looked at at the most.
        batch_size: 256,
        learning_rate: rate,
        optimizer: mtl_program::optimizers::OptimizerConfig::from_key("sgd").expect("plain descent"),
        ..crate::driver::settings()
    };
    driver.tell(Command::Settings { settings });
    let [before, _] = driver.snapshot().1;
    let seen = inspect(&mut driver, &embedding);
    let node = seen.layer.as_ref().expect("the layer").node;
    let norm = seen
        .gradients
        .iter()
        .find(|layer| layer.node == node)
        .unwrap()
        .norms[0]
        .expect("it is reached");
    driver.run(Run::Steps { n: 1 });
    driver.finish();
    let (snapshot, [after, _]) = driver.snapshot();
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes
            .chunks_exact(4)
            .map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
            .collect()
    };
    let (before, after) = (floats(&before), floats(&after));
    let mut start = 0;
    let mut moved = 0.0;
    for (name, shape) in &snapshot.parameters {
        let end = start + shape.iter().product::<usize>();
        if name.starts_with(&embedding) {
            moved = before[start..end]
                .iter()
                .zip(&after[start..end])
                .map(|(a, b)| f64::from(a - b).powi(2))
                .sum::<f64>()
                .sqrt();
        }
        start = end;
    }
    // Another batch of the same rows: not the same slope, but one of its size.
    let ratio = moved / (f64::from(rate) * f64::from(norm));
    assert!((0.6..1.6).contains(&ratio), "moved {moved}, norm {norm}: {ratio}");
}
