//! What a step has computed.

use mtl_engine::model::Model;

/// Figures of the last step, one for each task. The step writes them in place; nothing is allocated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Number of the step, the first being 0.
    pub step: u64,
    /// Rows of its batch.
    pub n_rows: usize,
    /// Its learning rate.
    pub learning_rate: f32,
    /// Mean loss of each task over its labelled rows, without weight; 0 where no row is labelled.
    pub losses: Vec<f32>,
    /// Labelled rows of each task; of several labels side by side, known labels.
    pub labelled_rows: Vec<usize>,
    /// Weight of each task's loss or gradient: the method's times the task's own. A task without a label in the batch keeps
    /// the weight that it had.
    pub weights: Vec<f32>,
    /// What the method minimises: its own objective, or the weighted sum of the losses (without the tasks' own weights).
    pub objective: f64,
    pub(super) gram: Vec<f64>,
    pub(super) has_gram: bool,
}

impl StepReport {
    pub(super) fn new(n_tasks: usize) -> Self {
        Self {
            losses: vec![0.0; n_tasks],
            labelled_rows: vec![0; n_tasks],
            weights: vec![1.0; n_tasks],
            gram: vec![0.0; n_tasks * n_tasks],
            ..Self::default()
        }
    }

    /// Takes in the weights of the method, times the tasks' own.
    pub(super) fn put_weights(&mut self, weights: &[f64], takes_part: &[bool], model: &Model) {
        let tasks = model.tasks().iter().zip(takes_part);
        for ((to, weight), (task, takes_part)) in self.weights.iter_mut().zip(weights).zip(tasks) {
            if *takes_part || task.weight == 0.0 {
                *to = (*weight * f64::from(task.weight)) as f32;
            }
        }
    }

    /// `⟨g_a, g_b⟩` of the gradients of two tasks' losses by the shared parameters (or as the options of balancing say);
    /// `None` when they were not computed one by one.
    pub fn gradient_product(&self, a: usize, b: usize) -> Option<f64> {
        let n_tasks = self.losses.len();
        let is_there = self.has_gram && a < n_tasks && b < n_tasks;
        is_there.then(|| self.gram[a * n_tasks + b])
    }

    /// Norm of the gradient of a task's loss.
    pub fn gradient_norm(&self, task_idx: usize) -> Option<f64> {
        self.gradient_product(task_idx, task_idx).map(f64::sqrt)
    }

    /// Cosine of the angle between the gradients of two tasks; `None` also where one of them is 0.
    pub fn gradient_cosine(&self, a: usize, b: usize) -> Option<f64> {
        let norms = self.gradient_norm(a)? * self.gradient_norm(b)?;
        (norms > 0.0).then(|| self.gradient_product(a, b).map(|product| product / norms))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_and_cosines_follow_from_the_products() {
        let mut report = StepReport::new(2);
        assert_eq!(report.gradient_norm(0), None);
        report.gram = vec![4.0, -3.0, -3.0, 9.0];
        report.has_gram = true;
        assert_eq!(
            (report.gradient_norm(0), report.gradient_norm(1)),
            (Some(2.0), Some(3.0))
        );
        assert_eq!(report.gradient_cosine(1, 0), Some(-0.5));
        assert_eq!(report.gradient_cosine(1, 2), None);
        report.gram = vec![0.0, 0.0, 0.0, 9.0];
        assert_eq!(report.gradient_cosine(0, 1), None);
    }
}
