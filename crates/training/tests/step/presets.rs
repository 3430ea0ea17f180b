//! Every preset on every data set that it fits.

use std::sync::Arc;

use mtl_data::prepare::Prepared;
use mtl_engine::design::presets;
use mtl_training::protocol::Split;

use crate::designs::{impressions, numbers, reviews, run, settings, train};

fn training_loss(run: &mut mtl_training::TrainingRun) -> f64 {
    run.evaluate(Split::Train).losses.iter().flatten().sum()
}

#[test]
fn every_preset_learns_on_every_data_set_that_it_fits() {
    let sets: [(&str, Arc<Prepared>); 3] = [
        ("reviews", reviews(300, 0.1)),
        ("impressions", impressions(300)),
        ("numbers", numbers(300)),
    ];
    let mut n_fitting = vec![0; presets::all().len()];
    for (name, data) in &sets {
        for (preset, n_fitting) in presets::all().iter().zip(&mut n_fitting) {
            if !preset.fits(&data.schema) {
                continue;
            }
            *n_fitting += 1;
            let mut run = run(&preset.design(&data.schema), data, &settings());
            let before = training_loss(&mut run);
            train(&mut run, 30);
            let after = training_loss(&mut run);
            println!("{} on {name}: {before:.3} -> {after:.3}", preset.key);
            assert!(after < before, "{} on {name}: {before} -> {after}", preset.key);
        }
    }
    assert!(n_fitting.iter().all(|n| *n > 0), "{n_fitting:?}");
}
