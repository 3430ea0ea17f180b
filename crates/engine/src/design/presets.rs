//! Presets: ready-made designs, adapted to a data set.
//!
//! A preset is an ordinary design. It selects suitable features and labels from the [`Schema`], so that the same
//! preset works on every data set of its kind.
//!
//! ```
//! use mtl_engine::design::{check::check, presets};
//! # use mtl_base::{schema::*, text::Message};
//! # let name = Message::new("x", "x");
//! # let schema = Schema {
//! #     features: vec![FeatureSchema {
//! #         key: "text".into(), name: name.clone(), kind: FeatureKind::Tokens { length: 12, cardinality: 100 },
//! #     }],
//! #     labels: ["domain", "sentiment"]
//! #         .map(|key| LabelSchema {
//! #             key: key.into(), name: name.clone(), kind: LabelKind::Classes { n_classes: 3 }, classes: Vec::new(),
//! #         })
//! #         .to_vec(),
//! # };
//! let design = presets::design("text-towers", &schema).expect("a preset of this name");
//! assert!(check(&design, &schema).trains());
//! ```

use super::Design;
use crate::layers::{
    Activation, Concatenate, Dense, DenseInput, Dropout, Embedding, GlobalAveragePooling, IdInput, Lstm,
    TokenInput, head_for,
};
use mtl_base::NodeId;
use mtl_base::{
    schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema},
    text::Text,
};

/// A preset.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Stable name, also in links.
    pub key: &'static str,
    /// Display name.
    pub name: Text,
    /// Description: what the preset demonstrates.
    pub about: Text,
    /// Key of the data set that it is meant for.
    pub data: &'static str,
    fits: fn(&Schema) -> bool,
    draw: fn(&Schema) -> Design,
}

impl Preset {
    /// Whether the data set has the features and labels that the preset needs.
    pub fn fits(&self, schema: &Schema) -> bool {
        (self.fits)(schema)
    }

    /// The design, for this data set. Where a feature or label is missing, the design names that of the preset's own data set,
    /// and checking it reports a problem.
    pub fn design(&self, schema: &Schema) -> Design {
        (self.draw)(schema)
    }
}

/// All presets, in the order of the gallery.
pub fn all() -> &'static [Preset] {
    const {
        &[
            Preset {
                key: "text-towers",
                name: Text::new("Text: shared layer, two towers", "文本：共享层与双塔"),
                about: Text::new(
                    "Category and sentiment from averaged word vectors: one shared Dense layer, then a tower for each task.",
                    "由平均词向量预测类别与情感：一个共享全连接层，之后每个任务各有一座塔。",
                ),
                data: "opinion-domains",
                fits: has_text,
                draw: text_towers,
            },
            Preset {
                key: "shared-lstm",
                name: Text::new("Text: shared LSTM, two heads", "文本：共享 LSTM 与双任务头"),
                about: Text::new(
                    "Everything is shared up to the heads: word vectors and an LSTM read the text once for both tasks.",
                    "任务头之前全部共享：词向量与 LSTM 为两个任务只读一遍文本。",
                ),
                data: "opinion-domains",
                fits: has_text,
                draw: shared_lstm,
            },
            Preset {
                key: "ad-content",
                name: Text::new("Recommender: two yes / no tasks", "推荐：两个二分类任务"),
                about: Text::new(
                    "User and item vectors side by side, a shared Dense layer, and a tower for each of two yes / no tasks.",
                    "用户与物品向量拼接，一个共享全连接层，两个二分类任务各有一座塔。",
                ),
                data: "lecture-ratings",
                fits: has_ids,
                draw: ad_content,
            },
            Preset {
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
                fits: has_ids_and_classes,
                draw: item_user_softmax,
            },
            Preset {
                key: "numbers-towers",
                name: Text::new("Numbers: shared layer, two towers", "数值：共享层与双塔"),
                about: Text::new(
                    "Numbers only: one shared Dense layer, then a tower for each of two tasks (the shared bottom).",
                    "仅有数值输入：一个共享全连接层，之后两个任务各有一座塔（共享底层）。",
                ),
                data: "generated-regression",
                fits: has_numbers_alone,
                draw: numbers_towers,
            },
        ]
    }
}

/// The preset named `key`.
pub fn find(key: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.key == key)
}

/// The design of the preset named `key`, for this data set.
pub fn design(key: &str, schema: &Schema) -> Option<Design> {
    find(key).map(|preset| preset.design(schema))
}

fn has_text(schema: &Schema) -> bool {
    schema
        .features
        .iter()
        .any(|feature| matches!(feature.kind, FeatureKind::Tokens { .. }))
        && !schema.labels.is_empty()
}

fn has_ids(schema: &Schema) -> bool {
    id_features(schema).count() >= 2 && schema.labels.iter().any(|label| label.kind == LabelKind::Binary)
}

fn has_ids_and_classes(schema: &Schema) -> bool {
    id_features(schema).count() >= 2 && classes_labels(schema).len() >= 2
}

fn has_numbers_alone(schema: &Schema) -> bool {
    let is_dense = |feature: &FeatureSchema| matches!(feature.kind, FeatureKind::Dense { .. });
    !schema.features.is_empty() && schema.features.iter().all(is_dense) && !schema.labels.is_empty()
}

/// Most id features, and most numeric features, that a recommender reads.
const MAX_INPUTS: usize = 4;

fn text_feature(schema: &Schema) -> String {
    let text = schema
        .features
        .iter()
        .find(|feature| matches!(feature.kind, FeatureKind::Tokens { .. }));
    text.map_or_else(|| "text".to_owned(), |feature| feature.key.clone())
}

fn id_features(schema: &Schema) -> impl Iterator<Item = &str> {
    let ids = schema
        .features
        .iter()
        .filter(|feature| matches!(feature.kind, FeatureKind::Id { .. }));
    ids.map(|feature| feature.key.as_str())
}

/// Labels with the most classes first: those that stand for items and users.
fn classes_labels(schema: &Schema) -> Vec<&LabelSchema> {
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
fn add_head(design: &mut Design, label: &LabelSchema, from: NodeId) -> NodeId {
    add_after(design, from, &label.key, head_for(label.kind, &label.key))
}

/// Adds a layer behind another.
fn add_after(
    design: &mut Design,
    from: NodeId,
    name: impl Into<String>,
    layer: impl Into<crate::layers::Layer>,
) -> NodeId {
    let node = design.add(name, layer);
    design.connect(from, node, 0);
    node
}

fn relu(units: usize) -> Dense {
    Dense {
        units,
        activation: Activation::Relu,
        ..Dense::default()
    }
}

/// The text and its embedding.
fn embedded_text(design: &mut Design, schema: &Schema, width: usize) -> NodeId {
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

fn text_towers(schema: &Schema) -> Design {
    let mut design = Design::new("Text towers");
    let embedding = embedded_text(&mut design, schema, 64);
    let pooled = add_after(&mut design, embedding, "pooling", GlobalAveragePooling::default());
    let dropped = add_after(&mut design, pooled, "dropout", Dropout { rate: 0.5 });
    let shared = add_after(&mut design, dropped, "shared", relu(64));
    for label in schema.labels.iter().take(2) {
        let tower = add_after(&mut design, shared, format!("tower_{}", label.key), relu(32));
        add_head(&mut design, label, tower);
    }
    design
}

fn shared_lstm(schema: &Schema) -> Design {
    let mut design = Design::new("Shared LSTM");
    let embedding = embedded_text(&mut design, schema, 32);
    let lstm = add_after(
        &mut design,
        embedding,
        "lstm",
        Lstm {
            units: 32,
            ..Lstm::default()
        },
    );
    let dropped = add_after(&mut design, lstm, "dropout", Dropout { rate: 0.5 });
    for label in schema.labels.iter().take(2) {
        add_head(&mut design, label, dropped);
    }
    design
}

/// Embeds id features and puts the vectors side by side.
fn embedded_ids(design: &mut Design, schema: &Schema, n_features: usize, embedding: &Embedding) -> NodeId {
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

fn ad_content(schema: &Schema) -> Design {
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

fn numbers_towers(schema: &Schema) -> Design {
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

fn item_user_softmax(schema: &Schema) -> Design {
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
