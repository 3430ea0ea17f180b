//! Values of settings, and the Rust types that they become.

use std::collections::BTreeMap;

use serde::Serialize;

/// The generic value of a setting, as forms and files exchange it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A real number.
    Real(f64),
    /// A list of real numbers.
    Reals(Vec<f64>),
    /// Real numbers by key.
    Shares(BTreeMap<String, f64>),
    /// A choice, a key or a text.
    Words(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Real(v) => write!(f, "{v}"),
            Self::Reals(v) => {
                for (position, item) in v.iter().enumerate() {
                    write!(f, "{}{item}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Shares(v) => {
                for (position, (key, share)) in v.iter().enumerate() {
                    write!(f, "{}{key}={share}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Words(v) => write!(f, "{v}"),
        }
    }
}

/// A Rust type that a setting can have.
pub trait SettingType: Sized {
    /// Converts to the generic value.
    fn to_value(&self) -> Value;
    /// Converts from a generic value that [`Field::accept`](super::Field::accept) has accepted.
    fn from_value(value: &Value) -> Option<Self>;
}

impl SettingType for f32 {
    fn to_value(&self) -> Value {
        // Through the shortest decimal text, so that 0.1_f32 is shown as 0.1 and not as 0.10000000149011612.
        Value::Real(self.to_string().parse().unwrap_or(f64::from(*self)))
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(v) => Some(*v as f32),
            Value::Int(v) => Some(*v as f32),
            _ => None,
        }
    }
}

impl SettingType for f64 {
    fn to_value(&self) -> Value {
        Value::Real(*self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(v) => Some(*v),
            Value::Int(v) => Some(*v as f64),
            _ => None,
        }
    }
}

impl SettingType for crate::NodeId {
    fn to_value(&self) -> Value {
        self.0.to_value()
    }
    fn from_value(value: &Value) -> Option<Self> {
        SettingType::from_value(value).map(Self)
    }
}

impl SettingType for bool {
    fn to_value(&self) -> Value {
        Value::Flag(*self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Flag(v) => Some(*v),
            _ => None,
        }
    }
}

impl SettingType for String {
    fn to_value(&self) -> Value {
        Value::Words(self.clone())
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Words(v) => Some(v.clone()),
            _ => None,
        }
    }
}

impl SettingType for Vec<f32> {
    fn to_value(&self) -> Value {
        Value::Reals(
            self.iter()
                .map(|v| v.to_string().parse().unwrap_or(f64::from(*v)))
                .collect(),
        )
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Reals(v) => Some(v.iter().map(|item| *item as f32).collect()),
            _ => None,
        }
    }
}

impl SettingType for BTreeMap<String, f32> {
    fn to_value(&self) -> Value {
        let shares = self.iter().map(|(key, share)| {
            // As for one number: 0.05_f32 is 0.05.
            (
                key.clone(),
                share.to_string().parse().unwrap_or(f64::from(*share)),
            )
        });
        Value::Shares(shares.collect())
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Shares(v) => Some(
                v.iter()
                    .map(|(key, share)| (key.clone(), *share as f32))
                    .collect(),
            ),
            _ => None,
        }
    }
}

macro_rules! whole_number {
    ($( $type:ty ),+) => {
        $(
            impl SettingType for $type {
                fn to_value(&self) -> Value {
                    i64::try_from(*self).map_or(Value::Real(*self as f64), Value::Int)
                }
                fn from_value(value: &Value) -> Option<Self> {
                    match value {
                        Value::Int(v) => (*v).try_into().ok(),
                        _ => None,
                    }
                }
            }
        )+
    };
}

whole_number!(usize, u32, u64);
