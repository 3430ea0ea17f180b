//! Properties of a task that follow from the label of its head.

use mtl_base::schema::Schema;
use mtl_engine::metrics::TaskOutput;

/// Kind of output of a head with this label; `None` when the data set has no such label.
pub fn task_output(schema: &Schema, label: &str) -> Option<TaskOutput> {
    schema.label(label).map(|label| label.kind.into())
}
