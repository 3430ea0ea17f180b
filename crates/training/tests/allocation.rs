//! A training step allocates nothing, as it is really made: the order of the rows at the start of an epoch, rows into the batch,
//! balancing of every kind, clipping, lazy rows, an observer: counted by an allocator.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

#[path = "step/designs.rs"]
#[allow(dead_code, reason = "the tests of the step use all of it")]
mod designs;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use designs::{presets_on_data, reviews, settings, three_tasks};
use mtl_balance::BalanceConfig;
use mtl_balance::options::{BalanceOptions, Domain, Heads, Metric};
use mtl_data::prepare::Prepared;
use mtl_engine::design::Design;
use mtl_program::clipping::{Clipping, ClippingKind};
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::TrainingRun;
use mtl_training::protocol::RunSettings;
use mtl_training::step::Profile;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Two epochs, the last batch of each being short, and a step that is timed.
fn check(name: &str, design: &Design, data: &Arc<Prepared>, settings: &RunSettings, measures: bool) {
    let mut run = TrainingRun::build(design, data, settings).expect("a run");
    run.measure_tasks(measures).expect("there is memory");
    let n_steps = 2 * run.steps_per_epoch() + 1;
    for step in 0..n_steps {
        let before = COUNT.get();
        run.train_step().expect("a step");
        std::hint::black_box((run.report(), run.model().penalty()));
        assert_eq!(COUNT.get() - before, 0, "{name}: allocations in step {step}");
    }
    let mut profile = Profile::new(run.model());
    let before = COUNT.get();
    run.train_step_observed(&mut profile.observe(&|| 0.0))
        .expect("a step");
    assert_eq!(COUNT.get() - before, 0, "{name}: allocations in a timed step");
}

#[test]
fn a_step_of_any_preset_allocates_nothing() {
    for (key, design, data) in presets_on_data() {
        for lazy_rows in [false, true] {
            for kind in ClippingKind::ALL {
                let settings = RunSettings {
                    lazy_rows,
                    clipping: Clipping {
                        kind: *kind,
                        threshold: 0.5,
                    },
                    ..settings()
                };
                check(key, &design, &data, &settings, false);
            }
        }
    }
}

#[test]
fn a_step_of_any_optimizer_allocates_nothing() {
    let data = reviews(150, 0.2);
    for (key, _) in OptimizerConfig::OPTIONS {
        let optimizer = OptimizerConfig::from_key(key).expect("an optimizer");
        let settings = RunSettings {
            optimizer,
            ..settings()
        };
        check(key, &three_tasks(true), &data, &settings, true);
    }
}

#[test]
fn a_step_of_any_balancing_method_allocates_nothing() {
    let data = reviews(150, 0.2);
    for (key, _) in BalanceConfig::OPTIONS {
        for (domain, lazy_rows) in [
            (Domain::Parameters, false),
            (Domain::Parameters, true),
            (Domain::Representation, false),
        ] {
            let settings = RunSettings {
                balance: BalanceConfig::from_key(key).expect("a method"),
                balance_options: BalanceOptions {
                    heads: Heads::Scaled,
                    metric: Metric::Optimizer,
                    domain,
                    ..BalanceOptions::default()
                },
                lazy_rows,
                ..settings()
            };
            check(key, &three_tasks(true), &data, &settings, lazy_rows);
        }
    }
}
