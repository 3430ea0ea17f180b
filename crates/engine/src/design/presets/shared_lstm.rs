//! Word vectors and an LSTM that read the text once for two heads.
//!
//! | data set | test, after the recommended epochs |
//! |---|---|
//! | `opinion-domains` | domain .88, sentiment .64 |
//!
//! Compared as the settings of `text-towers` were.

use mtl_base::{schema::Schema, text::Text};

use super::{
    Preset, Recommended,
    shared::{add_after, add_head, embedded_text, has_text},
};
use crate::{
    design::Design,
    layers::{Dropout, Lstm},
};

/// The preset.
pub(super) const PRESET: Preset = Preset {
    key: "shared-lstm",
    name: Text::new("Text: shared LSTM, two heads", "文本：共享 LSTM，两个任务头"),
    about: Text::new(
        "Everything before the task heads is shared: word vectors and an LSTM read the text once for both tasks.",
        "任务头之前全部共享：词向量与 LSTM 为两个任务只读一遍文本。",
    ),
    data: "opinion-domains",
    recommended: &[Recommended::usual(4, 0.004)],
    fits: has_text,
    draw,
};

fn draw(schema: &Schema) -> Design {
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
