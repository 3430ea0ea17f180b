//! What the tests share.
#![allow(dead_code, reason = "every test takes a part of it")]

use mtl_balance::{BalanceConfig, BalanceOptions, Balancer, Needs, Rows, Setup, StepInput};
use mtl_base::settings::Settings;

/// The method called `method` with some settings, as a person types them.
pub fn config(method: &str, settings: &[(&str, &str)]) -> BalanceConfig {
    let mut config = BalanceConfig::from_key(method).expect(method);
    for (key, typed) in settings {
        let fields = config.fields();
        let field = fields.iter().find(|field| field.key == *key).expect(key);
        let value = field.parse(typed).expect(typed);
        config.set(key, &value).expect(typed);
    }
    config
}

/// A balancer for `n_tasks` tasks with the common settings' defaults.
pub fn balancer(method: &str, settings: &[(&str, &str)], n_tasks: usize) -> Balancer {
    let setup = Setup {
        n_shared: 64,
        seed: 7,
        ..Setup::with_tasks(n_tasks)
    };
    Balancer::new(&config(method, settings), &BalanceOptions::default(), &setup)
}

/// The weights of one step for these gradients, with the losses 1, 1/2, 1/3 ... .
pub fn weights(balancer: &mut Balancer, values: &[f32], stride: usize) -> Vec<f64> {
    let n = balancer.n_tasks();
    let losses: Vec<f64> = (0..n).map(|task| 1.0 / (task + 1) as f64).collect();
    step(balancer, 0, &losses, values, stride)
}

/// The weights of step `step`.
pub fn step(balancer: &mut Balancer, step: u64, losses: &[f64], values: &[f32], stride: usize) -> Vec<f64> {
    let labelled = vec![true; balancer.n_tasks()];
    step_with(balancer, step, losses, &labelled, values, stride)
}

/// The weights of step `step`, where some tasks may have no label.
pub fn step_with(
    balancer: &mut Balancer,
    step: u64,
    losses: &[f64],
    labelled: &[bool],
    values: &[f32],
    stride: usize,
) -> Vec<f64> {
    let n = balancer.n_tasks();
    let input = StepInput {
        step,
        losses,
        labelled,
    };
    if balancer.needs() == Needs::Gram {
        let mut gram = vec![0.0; n * n];
        let columns = 0..stride;
        Rows {
            values,
            stride,
            columns: std::slice::from_ref(&columns),
        }
        .gram(None, &mut gram);
        balancer.weights_from_gram(&input, &gram).to_vec()
    } else {
        balancer.weights_from_losses(&input).to_vec()
    }
}

/// The step of the shared parameters after [`step`].
pub fn direction(balancer: &mut Balancer, values: &[f32], stride: usize) -> Vec<f32> {
    let columns = 0..stride;
    let mut out = vec![0.0; stride];
    balancer.combine(
        &Rows {
            values,
            stride,
            columns: std::slice::from_ref(&columns),
        },
        &mut out,
    );
    out
}
