//! Multi-gate mixture of experts (Ma et al.: Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts, 2018):
//! `z_t = Σ_i g^t_i e_i(x)` with a gate `g^t = softmax(W_t x)` per task.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_tower, experts, gated, has_two_tasks, representation, two_labels},
};
use crate::design::Design;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "mmoe",
    name: Text::new("Any data: MMoE", "通用：MMoE"),
    about: Text::new(
        "Three experts that all tasks share, and a gate per task that mixes them by the input (MMoE).",
        "三个由所有任务共享的专家，每个任务有自己的门控，按输入混合它们（MMoE）。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("MMoE");
    let x = representation(&mut design, schema);
    let experts = experts(&mut design, x);
    for label in two_labels(schema) {
        let mixture = gated(&mut design, &label.key, x, &experts);
        add_tower(&mut design, label, mixture);
    }
    design
}
