//! What the page knows about a task from the label that its head learns.

use mtl_base::schema::Schema;
use mtl_engine::metrics::TaskOutput;

/// What the head of a task on this label puts out; `None` when the data set has no such label.
pub fn task_output(schema: &Schema, label: &str) -> Option<TaskOutput> {
    schema.label(label).map(|label| label.kind.into())
}
