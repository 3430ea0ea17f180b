//! Shared or alone: the runs of a comparison are the runs that a person would make, and the session's own run is as before.

use mtl_engine::metrics::Metric;
use mtl_training::protocol::{
    Command, Compare, ComparisonUpdate, Event, RequestId, Run, RunSettings, Score, Split, Variant,
};
use mtl_training::{Outgoing, RunError};

use crate::driver::{Driver, settings};

fn compare(driver: &mut Driver, compare: Compare) {
    driver.tell(Command::Compare { compare });
}

fn updates(driver: &Driver) -> Vec<ComparisonUpdate> {
    let of = |event: &Event| match event {
        Event::Comparison { update } => Some(update.clone()),
        _ => None,
    };
    driver.all(of)
}

/// Scores of each epoch of one run.
fn scores(updates: &[ComparisonUpdate], wanted: Variant, wanted_seed: u64) -> Vec<Vec<Score>> {
    let of = |update: &ComparisonUpdate| match update {
        ComparisonUpdate::Epoch {
            variant,
            seed,
            scores,
            ..
        } if *variant == wanted && *seed == wanted_seed => Some(scores.clone()),
        _ => None,
    };
    updates.iter().filter_map(of).collect()
}

#[test]
fn every_run_of_a_comparison_is_the_run_that_a_session_makes() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 7 });
    driver.finish();
    let before = driver.fingerprint();
    compare(&mut driver, Compare::Start { n_seeds: 2 });
    driver.finish();
    assert_eq!(driver.fingerprint(), before, "the session's run was touched");
    assert_eq!(driver.status().step, 7);
    let told = updates(&driver);
    let Some(ComparisonUpdate::Started { tasks, seeds, epochs }) = told.first() else {
        panic!("{:?}", told.first());
    };
    assert_eq!((seeds.len(), *epochs, tasks.len()), (2, 3, 2));
    assert_eq!(told.last(), Some(&ComparisonUpdate::Finished { stopped: false }));

    let heads: Vec<_> = driver.design().heads().map(|head| head.id).collect();
    for seed in seeds.clone() {
        for variant in [
            Variant::Shared,
            Variant::Alone { task: 0 },
            Variant::Alone { task: 1 },
        ] {
            let mut own = Driver::ready();
            own.tell(Command::Settings {
                settings: RunSettings { seed, ..settings() },
            });
            let design = match variant {
                Variant::Shared => own.design(),
                Variant::Alone { task } => own.design().alone(heads[task]).expect("a head"),
            };
            own.tell(Command::Design { design });
            own.run(Run::Play);
            own.finish();
            let evaluations = own.evaluations().into_iter();
            let expected: Vec<Vec<Score>> = evaluations
                .filter(|evaluation| evaluation.split == Split::Validation)
                .map(|evaluation| {
                    let tasks = evaluation.tasks.iter().zip(&evaluation.losses).enumerate();
                    tasks
                        .map(|(index, (metrics, loss))| {
                            let task = match variant {
                                Variant::Shared => index,
                                Variant::Alone { task } => task,
                            };
                            Score {
                                task,
                                metric: metrics.get(tasks_metric(&told, task)),
                                loss: *loss,
                            }
                        })
                        .collect()
                })
                .collect();
            assert_eq!(scores(&told, variant, seed), expected, "{variant:?}, seed {seed}");
        }
    }
}

fn tasks_metric(told: &[ComparisonUpdate], task: usize) -> Metric {
    match told.first() {
        Some(ComparisonUpdate::Started { tasks, .. }) => tasks[task].metric,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_comparison_waits_for_the_run_and_can_be_stopped() {
    let mut driver = Driver::ready();
    let mut plain = Driver::ready();
    compare(&mut driver, Compare::Start { n_seeds: 1 });
    for _ in 0..20 {
        driver.slice(3.0);
    }
    let n_before = updates(&driver).len();
    for each in [&mut driver, &mut plain] {
        each.run(Run::Steps { n: 4 });
    }
    plain.finish();
    while driver.status().step < 4 {
        driver.slice(1.0);
        assert!(
            updates(&driver).len() <= n_before + 1,
            "it went on beside the run"
        );
    }
    assert_eq!(driver.fingerprint(), plain.fingerprint());
    compare(&mut driver, Compare::Stop);
    assert_eq!(
        updates(&driver).last(),
        Some(&ComparisonUpdate::Finished { stopped: true })
    );
    driver.finish();
    assert!(!driver.session.has_work());
    // Another stop has nothing to stop.
    let n = updates(&driver).len();
    compare(&mut driver, Compare::Stop);
    assert_eq!(updates(&driver).len(), n);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let refusal = |driver: &mut Driver, n_seeds: u32| {
        let id: RequestId = 77;
        let command = Command::Compare {
            compare: Compare::Start { n_seeds },
        };
        driver.session.handle(id, command, vec![], &mut driver.out);
        driver.out.iter().rev().find_map(|out| match out {
            Outgoing::Reply { id: 77, reply, .. } => reply.clone().err(),
            _ => None,
        })
    };
    assert_eq!(refusal(&mut Driver::new(), 3), Some(RunError::NoData));
    let mut driver = Driver::ready();
    let head = driver.design().heads().next().expect("a head").id;
    let design = driver.design().alone(head).expect("a head");
    driver.tell(Command::Design { design });
    assert_eq!(
        refusal(&mut driver, 3),
        Some(RunError::NothingToCompare { n_tasks: 1 })
    );
    for n_seeds in [0, 21, u32::MAX] {
        let error = refusal(&mut Driver::ready(), n_seeds);
        assert_eq!(
            error,
            Some(RunError::Seeds {
                limit: 20,
                got: n_seeds
            })
        );
    }
}
