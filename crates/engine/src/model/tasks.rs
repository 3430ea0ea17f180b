//! The gradient of each task's loss alone, of what several tasks share: see [`mtl_program::cpu::tasks`].
//!
//! ```text
//! forward -> begin_tasks -> backward_task of each task -> end_tasks -> (Gram matrix, combination) -> backward_combined
//! ```

use std::ops::Range;

use mtl_program::cpu::tasks::{TaskGradientRoom, TaskGradients};

use super::Model;

impl Model {
    /// Makes room for the gradient of each task, or gives it back; allocates only when the room is another.
    ///
    /// # Panics
    /// When the model was built without room for gradients.
    pub fn set_task_gradients(&mut self, room: Option<TaskGradientRoom>) {
        assert!(
            self.options.training || room.is_none(),
            "a model that does not train has no gradients"
        );
        self.backend.set_task_gradients(&self.plan, room);
    }

    /// Bytes that such room takes, about.
    pub fn task_gradient_bytes(&self, room: TaskGradientRoom) -> usize {
        self.backend.task_gradient_bytes(&self.plan, room)
    }

    /// The gradients of each task, where there is room for them.
    pub fn task_gradients(&mut self) -> Option<&mut TaskGradients> {
        self.backend.task_gradients()
    }

    /// Begins the backward passes of single tasks, for the batch that was run forward last.
    pub fn begin_tasks(&mut self) {
        self.backend.begin_tasks();
    }

    /// Fills the row of a task with the gradient of its loss, and the gradients of the parameters that are the task's own.
    /// Calls `after` with the position of each op.
    pub fn backward_task(&mut self, task_idx: usize, after: impl FnMut(usize)) {
        let (backend, plan, buffers, mode) = self.pass();
        backend.backward_task(plan, buffers, mode, task_idx, after);
    }

    /// Ends the backward passes of single tasks. The row of a task that had none is 0.
    pub fn end_tasks(&mut self) {
        let n_rows = self.batch.rows();
        self.backend.end_tasks(&self.plan, n_rows);
    }

    /// Fills the scale of each column: `write` is given a range of the flat parameters and its columns. Does nothing where the room has no
    /// place for it.
    pub fn measure_columns(&mut self, write: impl FnMut(Range<usize>, &mut [f32])) {
        if let Some(tasks) = self.backend.task_gradients() {
            tasks.measure(&self.plan, write);
        }
    }

    /// Makes the combination of the rows the gradient of the shared parameters. Calls `after` with the position of each op that
    /// this takes.
    pub fn backward_combined(&mut self, after: impl FnMut(usize)) {
        let (backend, plan, buffers, mode) = self.pass();
        backend.backward_combined(plan, buffers, mode, after);
    }

    /// Multiplies the gradients of each task's own parameters.
    pub fn scale_own_gradients(&mut self, factors: &[f32]) {
        self.backend.scale_own(&self.plan, factors);
    }
}
