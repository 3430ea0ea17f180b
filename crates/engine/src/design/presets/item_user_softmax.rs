//! Two softmax tasks, over all items and over all users, from the same shared vectors.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_after, add_head, classes_labels, embedded_ids, id_features, relu},
};
use crate::{design::Design, layers::Embedding};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "item-user-softmax",
    name: Text::new(
        "Recommender: next item and next user",
        "推荐：下一个物品与下一个用户",
    ),
    about: Text::new(
        "Two softmax tasks over all items and over all users, from the same shared vectors.",
        "由同一组共享向量完成两个 softmax 任务：在全部物品和全部用户上预测。",
    ),
    data: "generated-impressions",
    recommended: &[Recommended::usual(5, 0.003)],
    fits,
    draw,
};

fn fits(schema: &Schema) -> bool {
    id_features(schema).count() >= 2 && classes_labels(schema).len() >= 2
}

fn draw(schema: &Schema) -> Design {
    let mut design = Design::new("Next item and next user");
    let embedding = Embedding {
        width: 32,
        ..Embedding::default()
    };
    let together = embedded_ids(&mut design, schema, 3, &embedding);
    let shared = add_after(&mut design, together, "shared", relu(64));
    for label in classes_labels(schema) {
        add_head(&mut design, label, shared);
    }
    design
}
