//! Properties of a task that follow from the label of its head.

use mtl_base::schema::{LabelKind, Schema};

/// Kind of a label; `None` when the data set has no such label.
pub fn label_kind(schema: &Schema, label: &str) -> Option<LabelKind> {
    schema.label(label).map(|label| label.kind)
}
