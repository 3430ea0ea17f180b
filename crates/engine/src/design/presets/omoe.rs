//! One-gate mixture of experts: `z = Σ_i g_i e_i(x)` with one gate `g = softmax(W x)`, the same z for every task.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_tower, experts, gated, has_two_tasks, representation, two_labels},
};
use crate::design::Design;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "omoe",
    name: Text::new("Any data: OMoE", "通用：OMoE"),
    about: Text::new(
        "Three experts and one gate that mixes them for all tasks alike (OMoE): what MMoE is compared with.",
        "三个专家和一个门控，所有任务共用同一混合结果（OMoE）：MMoE 的对照。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("OMoE");
    let x = representation(&mut design, schema);
    let experts = experts(&mut design, x);
    let mixture = gated(&mut design, "shared", x, &experts);
    for label in two_labels(schema) {
        add_tower(&mut design, label, mixture);
    }
    design
}
