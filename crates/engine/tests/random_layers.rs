//! Layers that draw at random: what they draw has the distribution that they say, and the same key gives the same bits.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;

use common::{feature, label};
use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind, Schema},
};
use mtl_engine::{
    design::Design,
    layers::{DenseInput, Dropout, GaussianNoise, Layer, RegressionHead},
    model::{BuildOptions, Model},
};
use mtl_program::specs::Mode;

const ROWS: usize = 20;
const WIDTH: usize = 3000;
const N: f64 = (ROWS * WIDTH) as f64;

/// A model that sends 1.5 through two such layers, which differ in their names only.
fn model(layer: impl Into<Layer>, seed: u64) -> (Model, [NodeId; 2]) {
    let layer = layer.into();
    let mut design = Design::new("random");
    let feature_key = "x".to_owned();
    let input = design.add("x", DenseInput { feature: feature_key });
    let nodes = ["one", "other"].map(|name| {
        let node = design.add(name, layer.clone());
        design.connect(input, node, 0);
        let head = RegressionHead {
            label: "y".into(),
            ..RegressionHead::default()
        };
        let head = design.add(format!("head_{name}"), head);
        design.connect(node, head, 0);
        node
    });
    let schema = Schema {
        features: vec![feature("x", FeatureKind::Dense { width: WIDTH })],
        labels: vec![label("y", LabelKind::Real)],
    };
    let options = BuildOptions {
        max_rows: ROWS,
        seed,
        training: true,
    };
    let mut model = Model::build(&design, &schema, &options).expect("a design that trains");
    model.batch_mut().resize(ROWS);
    model.batch_mut().dense[0].fill(1.5);
    (model, nodes)
}

fn draw(model: &mut Model, node: NodeId, mode: Mode) -> Vec<f32> {
    model.forward(mode);
    model.node_output(node).expect("it leads to a head").to_vec()
}

fn mean(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|value| of(f64::from(*value))).sum::<f64>() / N
}

/// Correlation of two draws around 1.5.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let around = |value: &f32| f64::from(*value) - 1.5;
    let product: f64 = a.iter().zip(b).map(|(a, b)| around(a) * around(b)).sum();
    let squares = |values: &[f32]| values.iter().map(|value| around(value).powi(2)).sum::<f64>();
    product / (squares(a) * squares(b)).sqrt()
}

/// Draws depend on the seed, the step and the node's name, and on nothing else; nothing is drawn for predictions.
fn check_keys(layer: impl Into<Layer>) {
    let layer = layer.into();
    let (mut first, [one, other]) = model(layer.clone(), 7);
    let (mut again, _) = model(layer.clone(), 7);
    let (mut seeded, _) = model(layer, 8);
    let step = Mode::Train { step: 5 };
    let drawn = draw(&mut first, one, step);
    assert_eq!(drawn, draw(&mut again, one, step));
    assert_eq!(drawn, draw(&mut first, one, step), "the same step again");
    let others = [
        draw(&mut seeded, one, step),
        draw(&mut first, one, Mode::Train { step: 6 }),
        draw(&mut first, other, step),
    ];
    for other in others {
        let correlation = correlation(&drawn, &other);
        assert!(correlation.abs() < 5.0 / N.sqrt(), "correlation {correlation}");
    }
    assert!(
        draw(&mut first, one, Mode::Infer)
            .iter()
            .all(|value| *value == 1.5)
    );
}

#[test]
fn noise_is_normal() {
    let deviation = 0.4;
    check_keys(GaussianNoise { deviation });
    let (mut model, [one, _]) = model(GaussianNoise { deviation }, 3);
    let values = draw(&mut model, one, Mode::Train { step: 1 });
    let normal = |value: f64| (value - 1.5) / f64::from(deviation);
    // Each within five standard errors of what a normal distribution has.
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let moment = mean(&values, |value| normal(value).powi(power));
        let error = (moment - expected).abs();
        assert!(error < 5.0 * f64::sqrt(variance / N), "moment {power}: {moment}");
    }
    let beyond = mean(&values, |value| {
        f64::from(u8::from(normal(value).abs() > 1.959_964))
    });
    assert!(
        (beyond - 0.05).abs() < 5.0 * (0.05 * 0.95 / N).sqrt(),
        "{beyond} lie beyond 1.96"
    );
}

#[test]
fn dropout_drops_a_share_and_keeps_the_mean() {
    let rate = 0.3;
    check_keys(Dropout { rate });
    let (mut model, [one, _]) = model(Dropout { rate }, 3);
    let values = draw(&mut model, one, Mode::Train { step: 1 });
    let kept = 1.5 / (1.0 - rate);
    assert!(
        values
            .iter()
            .all(|value| *value == 0.0 || (value - kept).abs() < 1e-6)
    );
    let dropped = mean(&values, |value| f64::from(u8::from(value == 0.0)));
    assert!(
        (dropped - 0.3).abs() < 5.0 * (0.3 * 0.7 / N).sqrt(),
        "{dropped} are dropped"
    );
}
