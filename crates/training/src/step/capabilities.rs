//! What an executor of steps can do, and why it does not do what it cannot.

use mtl_balance::{BalanceConfig, Needs};
use mtl_base::text::{Explain, Message, Text};

use crate::protocol::RunSettings;

/// What an executor can do beside the plain step: forward, one backward pass with weights that are known before, clipping, update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Updating only those rows of an embedding that the batch has looked up.
    pub lazy_rows: bool,
    /// Weights that depend on the losses of the same step.
    pub weights_from_losses: bool,
    /// A backward pass for each task.
    pub task_passes: bool,
    /// Rows that are drawn anew in every epoch.
    pub fresh_rows: bool,
}

/// Why an executor cannot make the steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limitation {
    /// It updates whole tables.
    LazyRows,
    /// It is given all rows once.
    FreshRows,
    /// It gets the weights before it knows the losses.
    WeightsFromLosses {
        /// The balancing method.
        method: Text,
    },
    /// It has one backward pass for all tasks.
    TaskPasses {
        /// The balancing method.
        method: Text,
    },
}

impl Capabilities {
    /// The CPU makes every step.
    pub const CPU: Self = Self {
        lazy_rows: true,
        weights_from_losses: true,
        task_passes: true,
        fresh_rows: true,
    };

    /// WebGPU makes the plain step.
    pub const WEBGPU: Self = Self {
        lazy_rows: false,
        weights_from_losses: false,
        task_passes: false,
        fresh_rows: false,
    };

    /// Why it cannot make the steps of a run with these settings, whose rows may be drawn anew in every epoch; `None` when it
    /// can.
    pub fn limitation(&self, settings: &RunSettings, has_fresh_rows: bool) -> Option<Limitation> {
        let method = settings.balance.label();
        if settings.lazy_rows && !self.lazy_rows {
            return Some(Limitation::LazyRows);
        }
        if has_fresh_rows && !self.fresh_rows {
            return Some(Limitation::FreshRows);
        }
        match settings.balance.needs() {
            Needs::Gram | Needs::Jacobian => (!self.task_passes).then_some(Limitation::TaskPasses { method }),
            Needs::Losses | Needs::Alternating => {
                let is_constant = matches!(
                    settings.balance,
                    BalanceConfig::Equal(_) | BalanceConfig::Fixed(_)
                );
                (!is_constant && !self.weights_from_losses)
                    .then_some(Limitation::WeightsFromLosses { method })
            }
        }
    }
}

impl Explain for Limitation {
    fn explain(&self) -> Message {
        match self {
            Self::LazyRows => Message::new(
                "sparse embedding updates run on the CPU only; turn them off to train on WebGPU",
                "稀疏（惰性）嵌入更新只能在 CPU 上进行；关闭它即可使用 WebGPU",
            ),
            Self::FreshRows => Message::new(
                "on the CPU: the data set draws new rows in every epoch, but WebGPU uploads all rows once",
                "在 CPU 上训练：数据集每轮抽取新行，而 WebGPU 只上传一次全部行",
            ),
            Self::WeightsFromLosses { method } => Message::new(
                format!(
                    "{} runs on the CPU because its weights follow from the losses of the same step",
                    method.en
                ),
                format!("{}在 CPU 上运行，因为它的权重取决于同一步的损失", method.zh),
            ),
            Self::TaskPasses { method } => Message::new(
                format!(
                    "{} runs on the CPU because it needs one backward pass for each task",
                    method.en
                ),
                format!("{}在 CPU 上运行，因为它需要对每个任务各做一次反向传播", method.zh),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_runs_on_the_cpu_and_says_why_not_elsewhere() {
        for (key, label) in BalanceConfig::OPTIONS {
            let settings = RunSettings {
                balance: BalanceConfig::from_key(key).expect("a method"),
                ..RunSettings::default()
            };
            assert_eq!(Capabilities::CPU.limitation(&settings, true), None, "{key}");
            let limitation = Capabilities::WEBGPU.limitation(&settings, false);
            assert_eq!(limitation.is_none(), ["equal", "fixed"].contains(key), "{key}");
            if let Some(message) = limitation.map(|limitation| limitation.explain()) {
                assert!(message.en.starts_with(label.en) && message.zh.starts_with(label.zh));
            }
        }
        let lazy = RunSettings {
            lazy_rows: true,
            ..RunSettings::default()
        };
        assert_eq!(Capabilities::CPU.limitation(&lazy, true), None);
        assert_eq!(
            Capabilities::WEBGPU.limitation(&lazy, false),
            Some(Limitation::LazyRows)
        );
        let fresh = Capabilities::WEBGPU.limitation(&RunSettings::default(), true);
        assert_eq!(fresh, Some(Limitation::FreshRows));
    }
}
