//! The schema of a data set: its features and labels, by key.
//!
//! The engine never sees a data set; an input layer names a feature of the [`Schema`], a head names a label.

use serde::{Deserialize, Serialize};

use crate::text::Message;

/// The features and labels of a prepared data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Features, which input layers read.
    pub features: Vec<FeatureSchema>,
    /// Labels, which heads learn.
    pub labels: Vec<LabelSchema>,
}

/// One feature: `key` is how an input layer names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSchema {
    /// Stable name, for instance `text`, `user`, `item`.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Type and size.
    pub kind: FeatureKind,
}

/// Type and size of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeatureKind {
    /// A sequence of `length` token ids below `cardinality`; 0 is padding, 1 is unknown.
    Tokens {
        /// Tokens per example after padding and truncation.
        length: usize,
        /// Number of ids, padding and unknown included.
        cardinality: usize,
    },
    /// One id below `cardinality`.
    Id {
        /// Number of ids.
        cardinality: usize,
    },
    /// `width` real numbers.
    Dense {
        /// Numbers per example.
        width: usize,
    },
}

/// One label: `key` is how a head names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelSchema {
    /// Stable name, for instance `sentiment`.
    pub key: String,
    /// Display name.
    pub name: Message,
    /// Type and size.
    pub kind: LabelKind,
    /// Names of the classes (two for binary, negative first) or of the labels of a multi-label; empty for a real label.
    pub classes: Vec<Message>,
}

/// Type and size of a label. In a batch every label is [`width`](Self::width) numbers a row, and NaN means "not known".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LabelKind {
    /// 0 or 1.
    Binary,
    /// A class index below `n_classes`.
    Classes {
        /// Number of classes.
        n_classes: usize,
    },
    /// A real number.
    Real,
    /// Several yes / no labels side by side, such as tags: 0 or 1 for each.
    MultiLabel {
        /// Number of labels.
        n_labels: usize,
    },
}

impl LabelKind {
    /// Numbers per row.
    pub const fn width(self) -> usize {
        match self {
            Self::MultiLabel { n_labels } => n_labels,
            Self::Binary | Self::Classes { .. } | Self::Real => 1,
        }
    }

    /// Numbers per row that a head predicts: a probability per class, of a binary label that of yes, or the number.
    pub const fn prediction_width(self) -> usize {
        match self {
            Self::Binary | Self::Real => 1,
            Self::Classes { n_classes } => n_classes,
            Self::MultiLabel { n_labels } => n_labels,
        }
    }

    /// Number of mutually exclusive classes: 2 for binary; `None` for a real label or several labels.
    pub const fn n_classes(self) -> Option<usize> {
        match self {
            Self::Binary => Some(2),
            Self::Classes { n_classes } => Some(n_classes),
            Self::Real | Self::MultiLabel { .. } => None,
        }
    }

    /// Number of values (0, 1, …) that one number of the label can take; `None` for a real label.
    pub const fn n_values(self) -> Option<usize> {
        match self {
            Self::MultiLabel { .. } => Some(2),
            other => other.n_classes(),
        }
    }

    /// Number of names in [`LabelSchema::classes`], if it is not empty.
    pub const fn n_names(self) -> usize {
        match (self, self.n_classes()) {
            (Self::MultiLabel { n_labels }, _) => n_labels,
            (_, Some(n_classes)) => n_classes,
            (_, None) => 0,
        }
    }
}

impl Schema {
    /// The feature named `key`.
    pub fn feature(&self, key: &str) -> Option<&FeatureSchema> {
        self.features.iter().find(|feature| feature.key == key)
    }

    /// Whether this schema has all features and labels of `other`, with the same kinds and classes, so that a model that was trained
    /// on `other` predicts the same here. It may have more, and display names may differ.
    pub fn holds(&self, other: &Self) -> bool {
        let has_feature = |feature: &FeatureSchema| {
            self.feature(&feature.key)
                .is_some_and(|here| here.kind == feature.kind)
        };
        let has_label = |label: &LabelSchema| {
            self.label(&label.key)
                .is_some_and(|here| here.kind == label.kind && here.classes.len() == label.classes.len())
        };
        other.features.iter().all(has_feature) && other.labels.iter().all(has_label)
    }

    /// The label named `key`.
    pub fn label(&self, key: &str) -> Option<&LabelSchema> {
        self.labels.iter().find(|label| label.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_features_and_labels_are_welcome_but_no_others() {
        let schema = |kinds: &[(&str, LabelKind)]| Schema {
            features: Vec::new(),
            labels: kinds
                .iter()
                .map(|(key, kind)| LabelSchema {
                    key: (*key).to_owned(),
                    name: Message::default(),
                    kind: *kind,
                    classes: Vec::new(),
                })
                .collect(),
        };
        let (tags, other) = (
            LabelKind::MultiLabel { n_labels: 3 },
            LabelKind::MultiLabel { n_labels: 4 },
        );
        let before = schema(&[("like", LabelKind::Binary)]);
        let after = schema(&[("tags", tags), ("like", LabelKind::Binary)]);
        assert!(after.holds(&before) && after.holds(&after));
        assert!(!before.holds(&after));
        assert!(!after.holds(&schema(&[("tags", other)])));
    }
}
