//! Progressive layered extraction (Tang et al., 2020) in two levels. A level is that of `cgc`; below the last one the shared experts
//! have a gate too, over the experts of all tasks and their own. A gate reads its own stream of the level; on the first level all streams are x.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{Streams, add_tower, cgc_level, has_two_tasks, representation, two_labels},
};
use crate::design::Design;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "ple",
    name: Text::new("Any data: PLE, two levels", "通用：PLE（两层）"),
    about: Text::new(
        "Two levels of own and shared experts: what is shared and what is a task's own part step by step (PLE).",
        "两层自有专家与共享专家：共享部分与任务自有部分逐层分离（PLE）。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("PLE");
    let x = representation(&mut design, schema);
    let labels = two_labels(schema);
    let first = cgc_level(&mut design, &labels, &Streams::all(&labels, x), "_1", true);
    let second = cgc_level(&mut design, &labels, &first, "_2", false);
    for (label, stream) in labels.into_iter().zip(second.tasks) {
        add_tower(&mut design, label, stream);
    }
    design
}
