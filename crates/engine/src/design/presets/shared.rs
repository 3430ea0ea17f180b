//! What several presets are drawn with.

use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind, LabelSchema, Schema},
};

use crate::{
    design::Design,
    layers::{Activation, Concatenate, Dense, Embedding, IdInput, TokenInput, head_for},
};

/// Most id features, and most numeric features, that a preset reads.
pub(super) const MAX_INPUTS: usize = 4;

/// Whether there is a text and something to learn from it.
pub(super) fn has_text(schema: &Schema) -> bool {
    let is_text = |kind: &FeatureKind| matches!(kind, FeatureKind::Tokens { .. });
    schema.features.iter().any(|feature| is_text(&feature.kind)) && !schema.labels.is_empty()
}

fn text_feature(schema: &Schema) -> String {
    let text = schema
        .features
        .iter()
        .find(|feature| matches!(feature.kind, FeatureKind::Tokens { .. }));
    text.map_or_else(|| "text".to_owned(), |feature| feature.key.clone())
}

pub(super) fn id_features(schema: &Schema) -> impl Iterator<Item = &str> {
    let ids = schema
        .features
        .iter()
        .filter(|feature| matches!(feature.kind, FeatureKind::Id { .. }));
    ids.map(|feature| feature.key.as_str())
}

/// Labels with the most classes first: those that stand for items and users.
pub(super) fn classes_labels(schema: &Schema) -> Vec<&LabelSchema> {
    let n_classes = |label: &LabelSchema| match label.kind {
        LabelKind::Classes { n_classes } => n_classes,
        LabelKind::Binary | LabelKind::Real | LabelKind::MultiLabel { .. } => 0,
    };
    let mut labels: Vec<&LabelSchema> = schema
        .labels
        .iter()
        .filter(|label| n_classes(label) > 0)
        .collect();
    labels.sort_by_key(|label| std::cmp::Reverse(n_classes(label)));
    labels.truncate(2);
    labels
}

/// Adds a head for a label and connects it.
pub(super) fn add_head(design: &mut Design, label: &LabelSchema, from: NodeId) -> NodeId {
    add_after(design, from, &label.key, head_for(label.kind, &label.key))
}

/// Adds a layer behind another.
pub(super) fn add_after(
    design: &mut Design,
    from: NodeId,
    name: impl Into<String>,
    layer: impl Into<crate::layers::Layer>,
) -> NodeId {
    let node = design.add(name, layer);
    design.connect(from, node, 0);
    node
}

pub(super) fn relu(units: usize) -> Dense {
    Dense {
        units,
        activation: Activation::Relu,
        ..Dense::default()
    }
}

/// The text and its embedding.
pub(super) fn embedded_text(design: &mut Design, schema: &Schema, width: usize) -> NodeId {
    let text = design.add(
        "text_input",
        TokenInput {
            feature: text_feature(schema),
        },
    );
    let embedding = Embedding {
        width,
        ..Embedding::default()
    };
    add_after(design, text, "embedding", embedding)
}

/// Embeds id features and puts the vectors side by side.
pub(super) fn embedded_ids(
    design: &mut Design,
    schema: &Schema,
    n_features: usize,
    embedding: &Embedding,
) -> NodeId {
    let mut features: Vec<&str> = id_features(schema).take(n_features).collect();
    if features.len() < 2 {
        features = vec!["user", "item"];
    }
    let mut vectors = Vec::new();
    for feature in features {
        let input = design.add(
            format!("{feature}_input"),
            IdInput {
                feature: feature.to_owned(),
            },
        );
        vectors.push(add_after(
            design,
            input,
            format!("{feature}_embedding"),
            embedding.clone(),
        ));
    }
    let together = design.add("concatenate", Concatenate::default());
    for vector in vectors {
        design.connect(vector, together, 0);
    }
    together
}
