//! Any design can be checked, and either trains or says why not.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
#[path = "common/count.rs"]
mod count;
mod random_designs;

use std::collections::{BTreeMap, BTreeSet};

use common::{fill, schema};
use mtl_base::{
    settings::{Settings, Value},
    text::Explain,
};
use mtl_engine::{
    design::{
        Design,
        check::{Severity, check},
    },
    layers::Layer,
    model::{BuildOptions, Model},
};
use mtl_program::{
    optimizers::{Optimizer, OptimizerConfig},
    specs::Mode,
};
use random_designs::random_design;

#[test]
fn ten_thousand_random_graphs_train_or_say_why_not() {
    let schema = schema();
    let (mut n_trained, mut n_refused) = (0, 0);
    let mut n_trained_with = BTreeMap::new();
    for seed in 0..count::count_or("MTL_RANDOM_GRAPHS", 10_000) {
        let design = random_design(seed);
        let checked = check(&design, &schema);
        for problem in &checked.problems {
            let message = problem.explain();
            assert!(!message.en.is_empty() && !message.zh.is_empty(), "{problem:?}");
        }
        let text = serde_json::to_string(&design).expect("a design is plain data");
        if !design
            .nodes
            .iter()
            .any(|node| node.layer.get("l2") == Some(Value::Real(f64::NAN)))
            && !text.contains("null")
        {
            assert_eq!(
                serde_json::from_str::<Design>(&text).expect("it was written"),
                design,
                "seed {seed}"
            );
        }
        let options = BuildOptions {
            max_rows: 3,
            seed,
            training: true,
        };
        match Model::build(&design, &schema, &options) {
            Ok(mut model) => {
                assert!(checked.trains(), "seed {seed}: {:?}", checked.problems);
                n_trained += 1;
                // Of the layers that a loss reaches.
                let reached = design
                    .nodes
                    .iter()
                    .filter(|node| !checked.nodes[&node.id].tasks.is_empty());
                let keys: BTreeSet<&str> = reached.map(|node| node.layer.key()).collect();
                for key in keys {
                    *n_trained_with.entry(key).or_insert(0) += 1;
                }
                fill(&mut model, 3, seed);
                let mut optimizer = Optimizer::new(&OptimizerConfig::default(), model.values().len());
                let weights: Vec<f32> = model.task_weights().collect();
                for step in 0..2 {
                    model.forward(Mode::Train { step });
                    let losses = model.losses();
                    assert!(
                        losses.iter().all(|loss| loss.is_finite()),
                        "seed {seed}: {losses:?}\n{design:#?}"
                    );
                    model.backward(&weights);
                    assert!(
                        model.gradients().iter().all(|gradient| gradient.is_finite()),
                        "seed {seed}\n{design:#?}"
                    );
                    let (values, gradients) = model.values_and_gradients();
                    optimizer.apply(values, gradients, 0.001);
                }
            }
            Err(error) => {
                n_refused += 1;
                let has_error = error
                    .problems
                    .iter()
                    .any(|problem| problem.severity == Severity::Error);
                assert!(has_error, "seed {seed}: refused without an error");
            }
        }
    }
    assert!(
        n_trained > 1500 && n_refused > 1500,
        "{n_trained} trained, {n_refused} refused"
    );
    println!("{n_trained_with:?}");
    for layer in Layer::all() {
        let n = n_trained_with.get(layer.key()).copied().unwrap_or(0);
        assert!(n >= 50, "{} is in {n} of the designs that train", layer.key());
    }
}
