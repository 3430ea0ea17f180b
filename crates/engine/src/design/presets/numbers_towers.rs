//! Numbers only: one shared Dense layer (the shared bottom), then a tower for each of two tasks.

use mtl_base::{
    NodeId,
    schema::{FeatureKind, FeatureSchema, Schema},
    text::Text,
};

use super::{
    Preset, Recommended,
    shared::{MAX_INPUTS, add_after, add_head, relu},
};
use crate::{
    design::Design,
    layers::{Concatenate, DenseInput},
};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "numbers-towers",
    name: Text::new("Numbers: shared bottom, two towers", "数值：共享底层＋任务塔"),
    about: Text::new(
        "Numbers only: one shared Dense layer (the shared bottom), then a tower for each of two tasks.",
        "仅有数值输入：一个共享全连接层（共享底层），之后两个任务各有一个任务塔。",
    ),
    data: "generated-regression",
    recommended: &[Recommended::usual(10, 0.003)],
    fits,
    draw,
};

fn fits(schema: &Schema) -> bool {
    let is_dense = |feature: &FeatureSchema| matches!(feature.kind, FeatureKind::Dense { .. });
    !schema.features.is_empty() && schema.features.iter().all(is_dense) && !schema.labels.is_empty()
}

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Numbers towers");
    let inputs: Vec<NodeId> = (schema.features.iter().take(MAX_INPUTS))
        .map(|feature| {
            let layer = DenseInput {
                feature: feature.key.clone(),
            };
            design.add(format!("{}_input", feature.key), layer)
        })
        .collect();
    let together = match inputs[..] {
        [input] => input,
        _ => {
            let together = design.add("concatenate", Concatenate::default());
            for input in &inputs {
                design.connect(*input, together, 0);
            }
            together
        }
    };
    let shared = add_after(&mut design, together, "shared", relu(64));
    for label in schema.labels.iter().take(2) {
        let tower = add_after(&mut design, shared, format!("tower_{}", label.key), relu(16));
        add_head(&mut design, label, tower);
    }
    design
}
