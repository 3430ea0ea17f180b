//! Weights and directions of small problems that are published with other libraries, or computed from the methods' definitions.
//!
//! Two tasks: the Jacobian and values of TorchJD's own tests. Three tasks: numpy. `tests/goldens/balance.json` has many more.

mod common;

use common::{balancer, direction, weights};

const TWO: (&[f32], usize) = (&[-4.0, 1.0, 1.0, 6.0, 1.0, 1.0], 3);
const THREE: (&[f32], usize) = (
    &[1.0, 2.0, 0.0, -1.0, -2.0, 1.0, 1.0, 0.0, 0.5, -3.0, 2.0, 1.0],
    4,
);

/// The settings of the published numbers: no rescaling, a fixed order.
fn check(
    method: &str,
    settings: &[(&str, &str)],
    (values, stride): (&[f32], usize),
    expected: &[f64],
    tolerance: f64,
) {
    let mut balancer = balancer(method, settings, values.len() / stride);
    let found = weights(&mut balancer, values, stride);
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{method}: {found} {expected}"
        );
    }
}

fn check_direction(method: &str, settings: &[(&str, &str)], expected: [f32; 3]) {
    let mut balancer = balancer(method, settings, 2);
    weights(&mut balancer, TWO.0, TWO.1);
    let found = direction(&mut balancer, TWO.0, TWO.1);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-4, "{method}: {found} {expected}");
    }
}

#[test]
fn two_tasks() {
    check("mgda", &[], TWO, &[0.6, 0.4], 1e-9);
    check("pcgrad", &[], TWO, &[20.0 / 9.0, 30.0 / 19.0], 1e-9);
    check("cagrad", &[("rescale", "none")], TWO, &[0.7041, 0.5], 1e-4);
}

#[test]
fn directions_of_two_tasks() {
    check_direction("mgda", &[], [0.0, 1.0, 1.0]);
    check_direction("pcgrad", &[], [0.5848, 3.8012, 3.8012]);
    check_direction("cagrad", &[("rescale", "none")], [0.1835, 1.2041, 1.2041]);
}

#[test]
fn three_tasks() {
    // Frank and Wolfe's iteration with its tolerance of 1e-3.
    check("mgda", &[], THREE, &[0.460747, 0.238393, 0.300860], 3e-3);
    check(
        "pcgrad",
        &[("shuffle", "false")],
        THREE,
        &[2.083333, 1.333333, 1.596491],
        1e-6,
    );
    check(
        "cagrad",
        &[("rescale", "none")],
        THREE,
        &[0.590535, 0.333333, 0.387872],
        1e-5,
    );
}
