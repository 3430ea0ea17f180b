//! Customised gate control (Tang et al.: Progressive Layered Extraction, 2020): each task's gate mixes an expert of its own and one that all
//! tasks share, `z_t = Σ softmax(W_t x) · [e_t(x); e_s(x)]`.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{Streams, add_tower, cgc_level, has_two_tasks, representation, two_labels},
};
use crate::design::Design;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "cgc",
    name: Text::new("Any data: CGC", "通用：CGC"),
    about: Text::new(
        "Each task has an expert of its own beside a shared one, and a gate that mixes the two (CGC): sharing that cannot take all room.",
        "每个任务在共享专家之外还有自己的专家，由门控混合两者（CGC）：共享不会挤占任务自己的容量。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("CGC");
    let x = representation(&mut design, schema);
    let labels = two_labels(schema);
    let Streams { tasks, .. } = cgc_level(&mut design, &labels, &Streams::all(&labels, x), "", false);
    for (label, stream) in labels.into_iter().zip(tasks) {
        add_tower(&mut design, label, stream);
    }
    design
}
