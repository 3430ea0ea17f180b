//! One number over several tasks.

use serde::{Deserialize, Serialize};

/// Means over the tasks whose value is defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// Unweighted mean; `None` when no task has a value.
    pub mean: Option<f64>,
    /// Mean by the tasks' weights; `None` when the weights of the tasks with a value are all 0.
    pub weighted_mean: Option<f64>,
    /// Tasks with a value.
    pub n_tasks: usize,
}

/// Σ vₜ / T and Σ wₜ·vₜ / Σ wₜ over the tasks with a value; each item is a value with its task's weight.
pub fn overall(values: impl IntoIterator<Item = (Option<f64>, f64)>) -> Overall {
    let (mut n_tasks, mut sum, mut weighted_sum, mut total_weight) = (0, 0.0, 0.0, 0.0);
    for (value, weight) in values {
        if let Some(value) = value {
            n_tasks += 1;
            sum += value;
            weighted_sum += weight * value;
            total_weight += weight;
        }
    }
    Overall {
        mean: (n_tasks > 0).then(|| sum / n_tasks as f64),
        weighted_mean: (total_weight > 0.0).then(|| weighted_sum / total_weight),
        n_tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_tasks_are_left_out() {
        let result = overall([(Some(0.5), 1.0), (None, 5.0), (Some(0.8), 3.0)]);
        assert_eq!(result.n_tasks, 2);
        assert_eq!(result.mean, Some(0.65));
        assert!((result.weighted_mean.unwrap() - 0.725).abs() < 1e-15);
        assert_eq!(overall([(None, 1.0)]), Overall::default());
        assert_eq!(overall([(Some(1.0), 0.0)]).weighted_mean, None);
    }
}
