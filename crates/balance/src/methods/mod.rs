//! The methods: one file each, and one line in the list below.

pub mod cagrad;
pub mod equal;
pub mod fixed;
pub mod mgda;
pub mod pcgrad;
pub mod uncertainty;

mod adam;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use mtl_base::settings::{self, Field, SettingError, Settings, Value};
use mtl_base::text::Text;

use crate::card::Card;
use crate::problem::{Memory, Needs, Problem, Scratch, Setup, Slot, Total};
use crate::rows::Rows;

/// What one file of this folder implements.
pub trait Method: Settings {
    /// What it looks at.
    const NEEDS: Needs;
    /// What its published weights add up to.
    const TOTAL: Total;
    /// What a person reads about it.
    const CARD: Card;
    /// What it learns.
    const SLOTS: &'static [Slot] = &[];
    /// Whether it wants the losses over the same rows after the step ([`Method::after_step`]).
    const LOSSES_AFTER: bool = false;

    /// Whether it keeps a gradient for each task ([`Memory::rows`]).
    fn keeps_rows(&self) -> bool {
        false
    }

    /// Puts into `memory` what depends on the settings or the tasks; slots have their starting values already.
    fn start(&self, _setup: &Setup, _memory: &mut Memory) {}

    /// Writes one weight for each task that takes part, and returns the value of the method's own objective where that is not the
    /// weighted sum of the losses. `weights` hold the neutral weight (1, or 1/n for [`Total::Mean`]) on entry.
    fn weigh(
        &self,
        _problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        _weights: &mut [f64],
    ) -> Option<f64> {
        None
    }

    /// Writes the step into the shared columns of `out`. `weights` are those of all tasks.
    fn combine(
        &self,
        _problem: &Problem<'_>,
        rows: &Rows<'_>,
        weights: &[f64],
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        rows.weighted_sum(weights, out);
    }

    /// Learns from the losses over the same rows after the step, one for each task that took part.
    fn after_step(
        &self,
        _problem: &Problem<'_>,
        _losses_after: &[f64],
        _memory: &mut Memory,
        _scratch: &mut Scratch,
    ) {
    }

    /// Learns from the mean losses of the epoch that has ended, one for each task; NaN for a task without a label in it.
    /// `epoch` counts from 1.
    fn end_epoch(&self, _epoch: u64, _mean_losses: &[f64], _memory: &mut Memory) {}
}

macro_rules! methods {
    ($( $module:ident :: $name:ident = $key:literal, [$en:literal, $zh:literal]; )+) => {
        /// A balancing method and its settings.
        #[derive(Clone, Debug, PartialEq)]
        pub enum BalanceConfig {
            $( #[doc = concat!("See [`", stringify!($module), "`].")] $name($module::$name), )+
        }

        impl Serialize for BalanceConfig {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                settings::serialize_tagged(self.key(), self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for BalanceConfig {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                settings::deserialize_tagged(deserializer, &[$( $key ),+], Self::from_key)
            }
        }

        impl BalanceConfig {
            /// Stable names with their labels, in the order of the list that a person chooses from.
            pub const OPTIONS: &'static [(&'static str, Text)] = &[$( ($key, Text::new($en, $zh)) ),+];

            /// The method called `key` with its default settings.
            pub fn from_key(key: &str) -> Option<Self> {
                match key {
                    $( $key => Some(Self::$name($module::$name::default())), )+
                    _ => None,
                }
            }

            /// The stable name.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$name(_) => $key ),+ }
            }

            /// The name for a person.
            pub const fn label(&self) -> Text {
                match self { $( Self::$name(_) => Text::new($en, $zh) ),+ }
            }

            /// What it looks at.
            pub const fn needs(&self) -> Needs {
                match self { $( Self::$name(_) => <$module::$name as Method>::NEEDS ),+ }
            }

            /// What its published weights add up to.
            pub const fn total(&self) -> Total {
                match self { $( Self::$name(_) => <$module::$name as Method>::TOTAL ),+ }
            }

            /// What a person reads about it.
            pub const fn card(&self) -> &'static Card {
                match self { $( Self::$name(_) => &<$module::$name as Method>::CARD ),+ }
            }

            /// The vectors that it learns.
            pub const fn slots(&self) -> &'static [Slot] {
                match self { $( Self::$name(_) => <$module::$name as Method>::SLOTS ),+ }
            }

            /// Whether it wants the losses over the same rows after the step.
            pub const fn needs_losses_after(&self) -> bool {
                match self { $( Self::$name(_) => <$module::$name as Method>::LOSSES_AFTER ),+ }
            }

            /// Whether it keeps a gradient for each task.
            pub(crate) fn keeps_rows(&self) -> bool {
                match self { $( Self::$name(method) => method.keeps_rows() ),+ }
            }

            pub(crate) fn start(&self, setup: &Setup, memory: &mut Memory) {
                match self { $( Self::$name(method) => method.start(setup, memory) ),+ }
            }

            pub(crate) fn weigh(
                &self,
                problem: &Problem<'_>,
                memory: &mut Memory,
                scratch: &mut Scratch,
                weights: &mut [f64],
            ) -> Option<f64> {
                match self { $( Self::$name(method) => method.weigh(problem, memory, scratch, weights) ),+ }
            }

            pub(crate) fn combine(
                &self,
                problem: &Problem<'_>,
                rows: &Rows<'_>,
                weights: &[f64],
                memory: &mut Memory,
                scratch: &mut Scratch,
                out: &mut [f32],
            ) {
                match self {
                    $( Self::$name(method) => method.combine(problem, rows, weights, memory, scratch, out) ),+
                }
            }

            pub(crate) fn after_step(
                &self,
                problem: &Problem<'_>,
                losses_after: &[f64],
                memory: &mut Memory,
                scratch: &mut Scratch,
            ) {
                match self { $( Self::$name(method) => method.after_step(problem, losses_after, memory, scratch) ),+ }
            }

            pub(crate) fn end_epoch(&self, epoch: u64, mean_losses: &[f64], memory: &mut Memory) {
                match self { $( Self::$name(method) => method.end_epoch(epoch, mean_losses, memory) ),+ }
            }

            fn settings(&self) -> &dyn Settings {
                match self { $( Self::$name(method) => method ),+ }
            }

            fn settings_mut(&mut self) -> &mut dyn Settings {
                match self { $( Self::$name(method) => method ),+ }
            }
        }
    };
}

methods! {
    equal::Equal = "equal", ["Equal weights", "等权"];
    fixed::Fixed = "fixed", ["Fixed weights", "固定权重"];
    uncertainty::Uncertainty = "uncertainty", ["Uncertainty weighting", "不确定性加权"];
    mgda::Mgda = "mgda", ["MGDA", "MGDA"];
    pcgrad::PcGrad = "pcgrad", ["PCGrad", "PCGrad"];
    cagrad::CaGrad = "cagrad", ["CAGrad", "CAGrad"];
}

impl Default for BalanceConfig {
    fn default() -> Self {
        Self::Equal(equal::Equal::default())
    }
}

impl Settings for BalanceConfig {
    fn fields(&self) -> &'static [Field] {
        self.settings().fields()
    }

    fn get(&self, key: &str) -> Option<Value> {
        self.settings().get(key)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        self.settings_mut().set(key, value)
    }

    fn put(&mut self, key: &str, value: &Value) -> bool {
        self.settings_mut().put(key, value)
    }
}
