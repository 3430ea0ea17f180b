//! User and item vectors concatenated, a shared Dense layer, and a tower for each of two yes / no tasks.
//!
//! | data set | test, after the recommended epochs |
//! |---|---|
//! | `lecture-ratings` | like AUC .706, top AUC .712 |
//!
//! The settings were chosen by the validation rows of the split seeds 2 to 4; over the split seeds 1 to 6 the like AUC on test is then .706, .716,
//! .722, .705, .710, .714. The split decides more than any setting: compare a figure with the baselines of the same split, which the
//! page shows beside it.

use mtl_base::{
    schema::{FeatureKind, LabelKind, Schema},
    text::Text,
};

use super::{
    Preset, Recommended,
    shared::{MAX_INPUTS, add_after, add_head, embedded_ids, id_features, relu},
};
use crate::{
    design::Design,
    layers::{DenseInput, Dropout, Embedding},
};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "ad-content",
    name: Text::new("Recommender: two yes / no tasks", "推荐：两个二分类任务"),
    about: Text::new(
        "User and item vectors concatenated, a shared Dense layer, and a tower for each of two yes / no tasks.",
        "用户与物品向量拼接，一个共享全连接层，两个二分类任务各有一个任务塔。",
    ),
    data: "lecture-ratings",
    recommended: &[Recommended::usual(3, 0.001)],
    fits,
    draw,
};

fn fits(schema: &Schema) -> bool {
    id_features(schema).count() >= 2 && schema.labels.iter().any(|label| label.kind == LabelKind::Binary)
}

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Ad and content");
    let embedding = Embedding {
        width: 16,
        ..Embedding::default()
    };
    let together = embedded_ids(&mut design, schema, MAX_INPUTS, &embedding);
    let numbers = schema
        .features
        .iter()
        .filter(|feature| matches!(feature.kind, FeatureKind::Dense { .. }));
    for feature in numbers.take(MAX_INPUTS) {
        let input = design.add(
            format!("{}_input", feature.key),
            DenseInput {
                feature: feature.key.clone(),
            },
        );
        design.connect(input, together, 0);
    }
    let dropped = add_after(&mut design, together, "dropout", Dropout { rate: 0.5 });
    let shared = add_after(&mut design, dropped, "shared", relu(64));
    let binary = schema
        .labels
        .iter()
        .filter(|label| label.kind == LabelKind::Binary);
    for label in binary.take(2) {
        let tower = add_after(&mut design, shared, format!("tower_{}", label.key), relu(16));
        add_head(&mut design, label, tower);
    }
    design
}
