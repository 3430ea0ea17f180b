//! Errors of changing a setting.

use thiserror::Error;

use super::FieldKind;
use crate::text::{Explain, Message};

/// Error of changing a setting. Settings in groups are named with their path: `stop.patience`.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting `{key}`; there are: {}", known.join(", "))]
    Unknown {
        /// The unknown name.
        key: String,
        /// The names that exist.
        known: Vec<&'static str>,
    },
    /// The value is not of the setting's type or outside its bounds.
    #[error("`{key}`: expected {}, got {got}", kind.describe().en)]
    Invalid {
        /// The setting.
        key: String,
        /// Its type and bounds.
        kind: FieldKind,
        /// The value that was given.
        got: String,
    },
}

impl SettingError {
    /// Adds the group `group` to the setting's path.
    pub(super) fn within(mut self, group: &str) -> Self {
        let (Self::Unknown { key, .. } | Self::Invalid { key, .. }) = &mut self;
        *key = format!("{group}.{key}");
        self
    }
}

impl Explain for SettingError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Unknown { key, known } => format!("没有名为“{key}”的设置；可选：{}", known.join("、")),
            Self::Invalid { key, kind, got } => format!("“{key}”：应为{}，得到 {got}", kind.describe().zh),
        };
        Message::new(self.to_string(), zh)
    }
}
