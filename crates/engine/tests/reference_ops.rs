//! The CPU backend computes what the reference computes, op by op: over the samples of every layer, what each op writes,
//! the gradient of each value when it is complete, and the gradients of the parameters.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
#[path = "reference/compare.rs"]
mod compare;

use std::collections::BTreeSet;

use common::{Bench, bench, build, fill, scatter};
use compare::{Comparison, Tolerance};
use mtl_engine::layers::{Layer, Shape};
use mtl_program::{
    cpu::{Buffers, CpuBackend},
    operation::{Access, Seed},
    ops::Op,
    plan::Plan,
    reference::Reference,
    specs::{Lifetime, Mode},
};

const ROWS: usize = 5;
const SEED: u64 = 5;
const WEIGHTS: [f32; 3] = [1.0, 0.7, 0.4];

/// What `f32` loses over the few ops of a sample; sums of products may cancel to less than their terms.
const TOLERANCE: Tolerance = Tolerance {
    of_largest: 4e-6,
    at_least: 1e-7,
};

/// Every sample between inputs and heads, with its name.
fn benches() -> Vec<(String, Bench)> {
    let mut benches = Vec::new();
    for (index, sample) in Layer::samples().iter().enumerate() {
        let name = format!("{}#{index}", sample.layer.key());
        let is_sequence = |shape: &Shape| matches!(shape, Shape::Sequence { .. });
        if sample.inputs.iter().any(is_sequence) {
            benches.push((format!("{name} unmasked"), bench(sample, false, 0)));
            benches.push((format!("{name} with holes"), bench(sample, true, 1)));
        }
        let mut frozen = bench(sample, true, 0);
        if let Some(node) = frozen.design.node_mut(frozen.under_test) {
            node.frozen = true;
        }
        benches.push((format!("{name} frozen"), frozen));
        benches.push((format!("{name} longer"), bench(sample, true, 2)));
        benches.push((name, bench(sample, true, 0)));
    }
    benches
}

/// The plan, but every gradient stays readable.
fn keeping_gradients(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for value in &mut plan.values {
        value.keeps_gradient =
            value.differentiable && matches!(value.lifetime, Lifetime::Activation | Lifetime::Output);
    }
    plan
}

/// What the gradients of a pass start from, on both backends.
#[derive(Clone, Copy, Debug)]
enum Start {
    Losses,
    Logit { task_idx: usize, output: usize },
}

/// Runs the ops one by one, compares what each writes and the gradient of that before its backward; the ops that ran, and
/// those whose backward ran.
fn check(
    comparison: &mut Comparison,
    name: &str,
    bench: &Bench,
    mode: Mode,
    start: Start,
) -> [BTreeSet<&'static str>; 2] {
    let mut model = build(bench, ROWS);
    scatter(&mut model, 11);
    fill(&mut model, ROWS, 7);
    if name.ends_with("with holes") {
        // Padding before the end of a text.
        for ids in model.batch_mut().ids.iter_mut().filter(|ids| ids.len() > ROWS) {
            let length = ids.len() / ROWS;
            ids[length - 2] = 0;
            ids[3 * length] = 0;
        }
    }
    let plan = keeping_gradients(model.plan());
    let weights = &WEIGHTS[..plan.tasks.len()];
    let batch = model.batch().clone();
    let mut reference = Reference::new(&plan, SEED);
    reference.set_parameters(model.values());
    reference.read_batch(ROWS, &batch.ids, &batch.dense, &batch.targets);
    reference.forward(mode);

    let mut backend = CpuBackend::new(&plan, plan.layout(ROWS, true), SEED);
    let mut values = model.values().to_vec();
    let (mut losses, mut labelled) = (vec![0.0; plan.tasks.len()], vec![0; plan.tasks.len()]);
    macro_rules! buffers {
        () => {
            Buffers {
                rows: ROWS,
                ids: &batch.ids,
                targets: &batch.targets,
                values: &mut values,
                losses: &mut losses,
                labelled: &mut labelled,
            }
        };
    }
    backend.load(&plan, ROWS, &batch.dense);
    backend.forward(&plan, 0..plan.ops.len(), buffers!(), mode, |_| ());
    let mut keys: [BTreeSet<_>; 2] = Default::default();
    for op in &plan.ops {
        keys[0].insert(op.key());
        op.visit_values(&mut |access, value| {
            if access == Access::Write {
                let what = || format!("{name}, {mode:?}, value {}", value.0);
                let expected = reference.flat_value(value);
                comparison.check(op.key(), what, backend.value(value, ROWS), expected, TOLERANCE);
            }
        });
    }
    let what = || format!("{name}, {mode:?}");
    comparison.check("losses", what, &losses, reference.losses(), TOLERANCE);
    assert_eq!(labelled, reference.labelled_rows(), "{name}: labelled rows");

    backend.begin_backward();
    let seed = match start {
        Start::Losses => {
            reference.backward_tasks(&weights.iter().copied().map(f64::from).collect::<Vec<_>>());
            Seed::LossesToInputs(weights)
        }
        Start::Logit { task_idx, output } => {
            reference.backward_from_logit(task_idx, output);
            Seed::Logit { task_idx, output }
        }
    };
    for (index, op) in plan.ops.iter().enumerate().rev() {
        op.visit_values(&mut |access, value| {
            if access == Access::Write
                && let (Some(got), Some(expected)) =
                    (backend.gradient(value, ROWS), reference.flat_gradient(value))
                && plan.values[value.0].differentiable
            {
                let what = || {
                    format!(
                        "{name}, {mode:?}, {start:?}, gradient of value {} that {} wrote",
                        value.0,
                        op.key()
                    )
                };
                comparison.check("gradients of values", what, got, expected, TOLERANCE);
                keys[1].insert(op.key());
            }
        });
        if op.loss_of().is_some() {
            keys[1].insert(op.key());
        }
        backend.backward(&plan, index..index + 1, buffers!(), mode, seed, |_| ());
    }
    backend.end_backward();
    for slot in &plan.slots {
        if let Some(value) = slot.value
            && let Some(expected) = reference.flat_gradient(value)
        {
            let what = || format!("{name}, {mode:?}, {start:?}, input {}", slot.feature);
            let got = backend.gradient(value, ROWS).unwrap_or_default();
            comparison.check("gradients of inputs", what, got, expected, TOLERANCE);
        }
    }
    let (expected_values, expected_gradients) = (reference.parameters(), reference.gradients());
    for ((spec, expected), expected_gradient) in plan
        .parameters
        .iter()
        .zip(expected_values)
        .zip(expected_gradients)
    {
        let what = || format!("{name}, {mode:?}, {start:?}, {}", spec.name);
        comparison.check(
            "parameters",
            what,
            &values[spec.range.clone()],
            expected,
            TOLERANCE,
        );
        let what = || format!("{name}, {mode:?}, {start:?}, {}", spec.name);
        let got = &backend.gradients()[spec.range.clone()];
        comparison.check("gradients of parameters", what, got, expected_gradient, TOLERANCE);
    }
    keys
}

#[test]
fn every_op_computes_its_formula() {
    let mut comparison = Comparison::default();
    let mut keys: [BTreeSet<_>; 2] = Default::default();
    for (name, bench) in benches() {
        for mode in [Mode::Train { step: 3 }, Mode::Infer] {
            let of_bench = check(&mut comparison, &name, &bench, mode, Start::Losses);
            for (keys, of_bench) in keys.iter_mut().zip(of_bench) {
                keys.extend(of_bench);
            }
        }
        let n_tasks = build(&bench, 1).tasks().len();
        for task_idx in 0..n_tasks {
            let start = Start::Logit { task_idx, output: 0 };
            check(&mut comparison, &name, &bench, Mode::Infer, start);
        }
    }
    comparison.finish();
    let all: BTreeSet<_> = Op::KEYS.iter().copied().collect();
    assert_eq!(keys[0], all, "ops that ran forward");
    let differentiable = all.iter().copied().filter(|key| *key != "mask").collect();
    assert_eq!(keys[1], differentiable, "ops that ran backward");
}
