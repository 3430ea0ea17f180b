//! The passes of a training step allocate nothing, whatever the layer: counted by an allocator. The step as a whole: `allocation.rs` of
//! `mtl-training`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
mod counting;

use common::{bench, build, fill};
use counting::allocations;
use mtl_engine::{layers::Layer, model::Model};
use mtl_program::{
    optimizers::{Optimizer, OptimizerConfig},
    specs::Mode,
};

fn check(name: &str, model: &mut Model, rows: usize) {
    let mut optimizer = Optimizer::new(&OptimizerConfig::default(), model.values().len());
    let weights: Vec<f32> = model.task_weights().collect();
    fill(model, rows, 1);
    for step in 0..3 {
        let before = allocations();
        // A short batch, as at the end of an epoch, and a full one again.
        model.batch_mut().resize(if step == 1 { 2 } else { rows });
        model.forward(Mode::Train { step });
        model.backward(&weights);
        for task in 0..weights.len() {
            std::hint::black_box(model.outputs(task));
        }
        let (values, gradients) = model.values_and_gradients();
        optimizer.apply(values, gradients, 0.01);
        std::hint::black_box((model.losses(), model.penalty()));
        assert_eq!(allocations() - before, 0, "{name}: allocations in step {step}");
    }
}

#[test]
fn a_step_of_any_layer_allocates_nothing() {
    for sample in Layer::samples() {
        check(sample.layer.key(), &mut build(&bench(&sample, true, 0), 5), 5);
    }
}
