//! A network of its own for each task, embeddings included: what sharing is compared with.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{Inputs, add_tower, has_two_tasks, two_labels},
};
use crate::design::Design;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "single-task",
    name: Text::new("Any data: single-task twins", "通用：单任务孪生"),
    about: Text::new(
        "A network of its own for each task, which share nothing: the baseline of every comparison.",
        "每个任务各有一个网络，互不共享：一切比较的基线。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Single-task twins");
    let inputs = Inputs::add(&mut design, schema);
    for label in two_labels(schema) {
        let own = inputs.network(&mut design, &label.key);
        add_tower(&mut design, label, own.output);
    }
    design
}
