//! Cross-stitch networks (Misra et al., 2016): two layers per task, and behind each a learnt mix with the other task's,
//! `x_t = Σ_j α_tj x_j`, whose α start at .9 for the task's own and .1 for the other.

use mtl_base::{NodeId, schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_after, add_head, has_two_tasks, relu, representation, two_labels},
};
use crate::{design::Design, layers::CrossStitch};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "cross-stitch",
    name: Text::new("Any data: cross-stitch", "通用：十字绣网络"),
    about: Text::new(
        "Two layers per task; behind each, a task takes a learnt share of the other task's representation.",
        "每个任务两层，每层之后按可学习的比例混入另一任务的表示。",
    ),
    data: "generated-regression",
    recommended: Recommended::ANY_DATA,
    fits: has_two_tasks,
    draw,
};

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Cross-stitch");
    let x = representation(&mut design, schema);
    let labels = two_labels(schema);
    let mut streams = vec![x; labels.len()];
    for (level, units) in [(1, 32), (2, 16)] {
        let layers = labels.iter().zip(&streams).map(|(label, stream)| {
            add_after(
                &mut design,
                *stream,
                format!("{}_{level}", label.key),
                relu(units),
            )
        });
        let layers: Vec<NodeId> = layers.collect();
        for (task_idx, label) in labels.iter().enumerate() {
            let name = format!("stitch_{}_{level}", label.key);
            let stitch = design.add(name, CrossStitch::default());
            // The task's own comes first.
            let others = (0..layers.len()).filter(|other| *other != task_idx);
            for from in std::iter::once(task_idx).chain(others) {
                design.connect(layers[from], stitch, 0);
            }
            streams[task_idx] = stitch;
        }
    }
    for (label, stream) in labels.into_iter().zip(streams) {
        add_head(&mut design, label, stream);
    }
    design
}
