//! Soft sharing: a network for each task, whose layers are pulled together by `λ Σ (a - b)²` over their parameters.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{Inputs, add_tower, has_two_tasks, two_labels},
};
use crate::design::{Design, Tie};

/// λ.
const STRENGTH: f32 = 0.01;

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "soft-sharing",
    name: Text::new("Any data: soft sharing", "通用：软共享"),
    about: Text::new(
        "A network for each task; ties pull their layers together by the squared distance of the parameters. The strength decides how much is shared.",
        "每个任务一个网络，参数的平方距离惩罚把对应的层拉近；惩罚强度决定共享多少。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Soft sharing");
    let inputs = Inputs::add(&mut design, schema);
    let mut before: Option<Vec<_>> = None;
    for label in two_labels(schema) {
        let own = inputs.network(&mut design, &label.key);
        add_tower(&mut design, label, own.output);
        let pairs = before.iter().flatten().zip(&own.layers);
        design.ties.extend(pairs.map(|(a, b)| Tie {
            a: *a,
            b: *b,
            strength: STRENGTH,
        }));
        before = Some(own.layers);
    }
    design
}
