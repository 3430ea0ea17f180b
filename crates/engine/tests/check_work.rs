//! What a check of a design costs grows with the design and not with its square, counted in allocations.

mod common;
mod counting;

use common::schema;
use counting::allocations;
use mtl_engine::{
    design::{Design, check::check},
    layers::{Concatenate, Dense, DenseInput, RegressionHead},
};

/// A chain with branches: every dense layer follows one of the twenty before it, and two heads end it.
fn large_design(n_layers: usize) -> Design {
    let mut design = Design::new("large");
    let input = design.add(
        "x",
        DenseInput {
            feature: "dense".into(),
        },
    );
    let mut layers = vec![input];
    for index in 0..n_layers {
        let dense = design.add(
            format!("dense_{index}"),
            Dense {
                units: 8,
                ..Dense::default()
            },
        );
        let recent = &layers[layers.len().saturating_sub(20)..];
        design.connect(recent[index % recent.len()], dense, 0);
        layers.push(dense);
    }
    let concatenate = design.add("concatenate", Concatenate::default());
    for layer in &layers[1..=n_layers * 2 / 3] {
        design.connect(*layer, concatenate, 0);
    }
    for (name, from) in [("rating", layers[n_layers]), ("again", concatenate)] {
        let head = design.add(
            name,
            RegressionHead {
                label: "rating".into(),
                ..RegressionHead::default()
            },
        );
        design.connect(from, head, 0);
    }
    design
}

#[test]
fn a_check_of_twice_the_design_takes_about_twice_the_work() {
    let schema = schema();
    let n_allocations = |n_layers: usize| {
        let design = large_design(n_layers);
        let before = allocations();
        let checked = check(&design, &schema);
        let count = allocations() - before;
        assert!(checked.trains(), "{:?}", checked.problems);
        count
    };
    let (half, whole) = (n_allocations(150), n_allocations(300));
    assert!(
        whole * 10 <= half * 25,
        "{half} allocations for 150 layers, {whole} for 300"
    );
    assert!(whole <= 100 * 300, "{whole} allocations for 300 layers");
}
