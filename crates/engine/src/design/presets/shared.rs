//! What several presets are drawn with.

use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind, LabelSchema, Schema},
};

use crate::{
    design::Design,
    layers::{
        Activation, Concatenate, Dense, DenseInput, Embedding, GlobalAveragePooling, IdInput, Layer, Mixture,
        TokenInput, head_for,
    },
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

/// Whether there is something to read and there are two tasks to learn.
pub(super) fn has_two_tasks(schema: &Schema) -> bool {
    !schema.features.is_empty() && schema.labels.len() >= 2
}

/// The labels of the two tasks.
pub(super) fn two_labels(schema: &Schema) -> Vec<&LabelSchema> {
    schema.labels.iter().take(2).collect()
}

/// The inputs of any data set: the first text, and some ids and numbers.
pub(super) struct Inputs(Vec<(NodeId, String, FeatureKind)>);

/// A network of one task below its tower.
pub(super) struct Network {
    /// Its output.
    pub output: NodeId,
    /// Layers with parameters.
    pub layers: Vec<NodeId>,
}

impl Inputs {
    /// Adds the input layers; one of numbers where the data set has no feature.
    pub fn add(design: &mut Design, schema: &Schema) -> Self {
        let (mut n_texts, mut n_ids, mut n_numbers) = (0, 0, 0);
        let mut inputs = Vec::new();
        for feature in &schema.features {
            let (n, ceiling) = match feature.kind {
                FeatureKind::Tokens { .. } => (&mut n_texts, 1),
                FeatureKind::Id { .. } => (&mut n_ids, MAX_INPUTS),
                FeatureKind::Dense { .. } => (&mut n_numbers, MAX_INPUTS),
            };
            *n += 1;
            if *n <= ceiling {
                inputs.push((feature.key.clone(), feature.kind));
            }
        }
        if inputs.is_empty() {
            inputs.push(("x".to_owned(), FeatureKind::Dense { width: 1 }));
        }
        let nodes = inputs.into_iter().map(|(key, kind)| {
            let feature = key.clone();
            let layer: Layer = match kind {
                FeatureKind::Tokens { .. } => TokenInput { feature }.into(),
                FeatureKind::Id { .. } => IdInput { feature }.into(),
                FeatureKind::Dense { .. } => DenseInput { feature }.into(),
            };
            (design.add(format!("{key}_input"), layer), key, kind)
        });
        Self(nodes.collect())
    }

    /// Embeds texts and ids and puts all side by side, in one vector: its node, and the embeddings. `suffix` ends the names.
    fn embed(&self, design: &mut Design, suffix: &str) -> Network {
        let (mut vectors, mut layers) = (Vec::new(), Vec::new());
        for (input, key, kind) in &self.0 {
            let embedded = |design: &mut Design, width: usize| {
                let embedding = Embedding {
                    width,
                    ..Embedding::default()
                };
                add_after(design, *input, format!("{key}_embedding{suffix}"), embedding)
            };
            vectors.push(match kind {
                FeatureKind::Tokens { .. } => {
                    let embedding = embedded(design, 32);
                    layers.push(embedding);
                    let pooling = GlobalAveragePooling::default();
                    add_after(design, embedding, format!("{key}_pooling{suffix}"), pooling)
                }
                FeatureKind::Id { .. } => {
                    let embedding = embedded(design, 16);
                    layers.push(embedding);
                    embedding
                }
                FeatureKind::Dense { .. } => *input,
            });
        }
        let output = match vectors[..] {
            [vector] => vector,
            _ => {
                let together = design.add(format!("concatenate{suffix}"), Concatenate::default());
                for vector in vectors {
                    design.connect(vector, together, 0);
                }
                together
            }
        };
        Network { output, layers }
    }

    /// The network of one task: embeddings and a Dense layer of its own.
    pub fn network(&self, design: &mut Design, task: &str) -> Network {
        let mut network = self.embed(design, &format!("_{task}"));
        let hidden = add_after(design, network.output, format!("hidden_{task}"), relu(64));
        network.layers.push(hidden);
        network.output = hidden;
        network
    }
}

/// All inputs of the data set as one vector x.
pub(super) fn representation(design: &mut Design, schema: &Schema) -> NodeId {
    Inputs::add(design, schema).embed(design, "").output
}

/// Three experts that read x.
pub(super) fn experts(design: &mut Design, x: NodeId) -> Vec<NodeId> {
    (1..=3)
        .map(|number| add_after(design, x, format!("expert_{number}"), relu(32)))
        .collect()
}

/// A mixture of experts by a gate that reads `from`.
pub(super) fn gated(design: &mut Design, name: &str, from: NodeId, experts: &[NodeId]) -> NodeId {
    let gate = Dense {
        units: experts.len(),
        activation: Activation::Softmax,
        use_bias: false,
        ..Dense::default()
    };
    let gate = add_after(design, from, format!("gate_{name}"), gate);
    let mixture = design.add(format!("mixture_{name}"), Mixture::default());
    for expert in experts {
        design.connect(*expert, mixture, 0);
    }
    design.connect(gate, mixture, 1);
    mixture
}

/// A tower and the head of a label.
pub(super) fn add_tower(design: &mut Design, label: &LabelSchema, from: NodeId) -> NodeId {
    let tower = add_after(design, from, format!("tower_{}", label.key), relu(16));
    add_head(design, label, tower)
}

/// What the experts of a level read: one stream per task, and the shared one.
pub(super) struct Streams {
    /// Per task.
    pub tasks: Vec<NodeId>,
    /// Of the shared experts.
    pub shared: NodeId,
}

impl Streams {
    /// All of them `x`, for the tasks of `labels`.
    pub fn all(labels: &[&LabelSchema], x: NodeId) -> Self {
        Self {
            tasks: vec![x; labels.len()],
            shared: x,
        }
    }
}

/// A level of customised gate control: an expert per task and a shared one; the gate of a task mixes its own and the shared one, the
/// shared gate, if there is one, all of them. `suffix` ends the names.
pub(super) fn cgc_level(
    design: &mut Design,
    labels: &[&LabelSchema],
    streams: &Streams,
    suffix: &str,
    has_shared_gate: bool,
) -> Streams {
    let shared = add_after(design, streams.shared, format!("expert_shared{suffix}"), relu(32));
    let mut experts = Vec::new();
    for (label, stream) in labels.iter().zip(&streams.tasks) {
        experts.push(add_after(
            design,
            *stream,
            format!("expert_{}{suffix}", label.key),
            relu(32),
        ));
    }
    let mut tasks = Vec::new();
    for ((label, stream), expert) in labels.iter().zip(&streams.tasks).zip(&experts) {
        let name = format!("{}{suffix}", label.key);
        tasks.push(gated(design, &name, *stream, &[*expert, shared]));
    }
    let mut next = shared;
    if has_shared_gate {
        experts.push(shared);
        next = gated(design, &format!("shared{suffix}"), streams.shared, &experts);
    }
    Streams { tasks, shared: next }
}
