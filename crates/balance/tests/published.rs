//! Weights and directions of small problems that are published with other libraries, or computed from the methods'
//! definitions.
//!
//! Two tasks: the Jacobian and values of TorchJD's own tests. Three tasks: numpy. `tests/goldens/balance.json` has
//! many more.

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
    check("upgrad", &[], TWO, &[1.1109, 0.7894], 1e-4);
    check("dual_proj", &[], TWO, &[0.6109, 0.5], 1e-4);
    check("imtl_g", &[], TWO, &[0.5923, 0.4077], 1e-4);
    check("aligned_mtl", &[], TWO, &[0.5591, 0.4083], 1e-4);
    check("cagrad", &[("rescale", "none")], TWO, &[0.7041, 0.5], 1e-4);
    check("nash_mtl", &[("max_norm", "0")], TWO, &[0.5915, 0.4071], 1e-4);
    check("fairgrad", &[("alpha", "1")], TWO, &[0.5915, 0.4071], 1e-4);
    check("fairgrad", &[("alpha", "2")], TWO, &[0.4714, 0.3195], 1e-4);
}

#[test]
fn directions_of_two_tasks() {
    check_direction("mgda", &[], [0.0, 1.0, 1.0]);
    check_direction("pcgrad", &[], [0.5848, 3.8012, 3.8012]);
    check_direction("upgrad", &[], [0.2929, 1.9004, 1.9004]);
    check_direction("dual_proj", &[], [0.5563, 1.1109, 1.1109]);
    check_direction("imtl_g", &[], [0.0767, 1.0, 1.0]);
    check_direction("aligned_mtl", &[], [0.2133, 0.9673, 0.9673]);
    check_direction("cagrad", &[("rescale", "none")], [0.1835, 1.2041, 1.2041]);
    check_direction("nash_mtl", &[], [0.0542, 0.7061, 0.7061]);
    check_direction("config", &[], [0.1588, 2.0706, 2.0706]);
}

#[test]
fn three_tasks() {
    // Frank and Wolfe's iteration with its tolerance of 1e-3.
    check("mgda", &[], THREE, &[0.460747, 0.238393, 0.300860], 3e-3);
    check("upgrad", &[], THREE, &[0.794356, 0.497531, 0.585221], 1e-6);
    check("dual_proj", &[], THREE, &[0.360953, 1.0 / 3.0, 1.0 / 3.0], 1e-6);
    check("imtl_g", &[], THREE, &[0.460366, 0.222565, 0.317068], 1e-6);
    check("aligned_mtl", &[], THREE, &[0.385551, 0.257446, 0.284328], 1e-6);
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
    check(
        "nash_mtl",
        &[("max_norm", "0")],
        THREE,
        &[0.820150, 0.514049, 0.569478],
        1e-6,
    );
    check(
        "fairgrad",
        &[("alpha", "2")],
        THREE,
        &[0.727274, 0.420625, 0.490930],
        1e-6,
    );
}
