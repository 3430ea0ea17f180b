//! Presets: ready-made designs, adapted to a data set.
//!
//! A preset is an ordinary design, in a file of its own with its texts, the data set that it is meant for and the settings that it trains well with. A
//! new one is such a file, its `mod` line, and its place in [`all`]. It selects suitable features and labels from the [`Schema`], so that the same
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

mod ad_content;
mod cgc;
mod cross_stitch;
mod item_user_softmax;
mod mmoe;
mod numbers_towers;
mod omoe;
mod ple;
mod shared;
mod shared_lstm;
mod single_task;
mod soft_sharing;
mod text_towers;

use super::Design;
use mtl_base::{schema::Schema, text::Text};

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
    /// How to train it, by data set; one for any other data set comes last.
    pub recommended: &'static [Recommended],
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

    /// How to train it on the data set with this key.
    pub fn recommended(&self, data: &str) -> Option<&'static Recommended> {
        self.recommended
            .iter()
            .find(|recommended| recommended.data.is_none_or(|key| key == data))
    }
}

/// Settings with which the first training of a preset goes well: chosen so that a browser on two cores is through within a minute or so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recommended {
    /// Key of the data set; `None`: any.
    pub data: Option<&'static str>,
    /// Passes over the training rows.
    pub epochs: u32,
    /// Learning rate, which falls to 0 along a cosine.
    pub learning_rate: f32,
    /// Rows per step.
    pub batch_size: usize,
}

impl Recommended {
    /// Of the presets that fit any data set with two labels.
    const ANY_DATA: &'static [Self] = &[Self::on("generated-regression", 10, 0.003), Self::usual(4, 0.002)];

    const fn usual(epochs: u32, learning_rate: f32) -> Self {
        Self {
            data: None,
            epochs,
            learning_rate,
            batch_size: 128,
        }
    }

    const fn on(data: &'static str, epochs: u32, learning_rate: f32) -> Self {
        Self {
            data: Some(data),
            ..Self::usual(epochs, learning_rate)
        }
    }
}

/// All presets, in the order of the gallery.
pub fn all() -> &'static [Preset] {
    const {
        &[
            text_towers::PRESET,
            shared_lstm::PRESET,
            ad_content::PRESET,
            item_user_softmax::PRESET,
            numbers_towers::PRESET,
            single_task::PRESET,
            soft_sharing::PRESET,
            cross_stitch::PRESET,
            omoe::PRESET,
            mmoe::PRESET,
            cgc::PRESET,
            ple::PRESET,
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
