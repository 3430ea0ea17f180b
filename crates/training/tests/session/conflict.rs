//! Conflict: the cosines are those of the gradients, and looking changes nothing.

use mtl_training::protocol::{Conflict, Reply, Request, Run, pairs};

use crate::driver::Driver;

fn look(driver: &mut Driver) -> Conflict {
    match driver.ask(Request::Conflict, vec![]) {
        (Ok(Reply::Conflict { conflict }), _) => *conflict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn looking_changes_no_bit_of_the_run() {
    let (mut watched, mut alone) = (Driver::ready(), Driver::ready());
    for _ in 0..3 {
        for driver in [&mut watched, &mut alone] {
            driver.run(Run::Steps { n: 5 });
            driver.finish();
        }
        look(&mut watched);
    }
    assert_eq!(watched.fingerprint(), alone.fingerprint());
}

#[test]
fn every_pair_and_shared_layer_is_told() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 5 });
    driver.finish();
    let conflict = look(&mut driver);
    let design = driver.design();
    let names: Vec<&str> = design.heads().map(|head| head.name.as_str()).collect();
    assert_eq!(conflict.tasks, names);
    assert_eq!((conflict.step, conflict.n_rows), (5, 64));
    let shared: Vec<&str> = conflict
        .layers
        .iter()
        .filter_map(|layer| design.node(layer.node))
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(
        shared,
        ["embedding", "shared"],
        "towers and heads are no one else's"
    );
    for gradients in conflict
        .layers
        .iter()
        .map(|layer| &layer.gradients)
        .chain([&conflict.overall])
    {
        assert_eq!(gradients.cosines.len(), pairs(2).count());
        for cosine in gradients.cosines.iter().chain(&gradients.noise) {
            assert!(
                (-1.0..=1.0).contains(&cosine.expect("labelled rows")),
                "{gradients:?}"
            );
        }
        assert!(
            gradients
                .norms
                .iter()
                .all(|norm| norm.is_some_and(|norm| norm > 0.0))
        );
    }
    // Squares add up over the layers.
    for task in 0..2 {
        let of = |norm: Option<f32>| f64::from(norm.expect("a norm")).powi(2);
        let sum: f64 = (conflict.layers.iter())
            .map(|layer| of(layer.gradients.norms[task]))
            .sum();
        assert!((sum / of(conflict.overall.norms[task]) - 1.0).abs() < 1e-5);
    }
    // A tenth of the labels is missing of each task.
    assert!(
        (0.6..1.0).contains(&conflict.common_rows[0]),
        "{:?}",
        conflict.common_rows
    );
}

#[test]
fn the_same_rows_are_looked_at_again() {
    let mut driver = Driver::ready();
    let before = look(&mut driver);
    assert_eq!(before, look(&mut driver));
}
