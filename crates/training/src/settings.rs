//! How to train, declared once: form, file, link, script API and `docs/run-settings.md` follow from it. Beside it the bounds of
//! what a command may ask for, and which changes of the settings a run survives.

use mtl_balance::{BalanceConfig, BalanceOptions};
use mtl_base::NodeId;
use mtl_engine::metrics::Metric;
use mtl_engine::schedules::Schedule;
use mtl_program::clipping::Clipping;
use mtl_program::optimizers::OptimizerConfig;

/// Most steps that one command may ask for.
pub const MAX_STEPS_PER_COMMAND: u32 = 1_000_000;
/// Most bytes of a text to predict.
pub const MAX_TEXT_BYTES: usize = 100_000;
/// Most rows that are shown at once.
pub const MAX_SAMPLE_ROWS: usize = 1_000;
/// Most requests of a kind (evaluations; steps and epochs) that may be pending.
pub const MAX_WAITING: usize = 16;
/// Greatest number of steps of a run: a JavaScript number holds each up to it.
pub const MAX_STEPS: u64 = (1 << 53) - 1;
/// Largest seed: a larger one would not survive a round trip through a JavaScript number.
pub const MAX_SEED: u64 = (1 << 53) - 1;

mtl_base::settings! {
    /// How to train.
    pub struct RunSettings {
        /// The run ends after so many epochs.
        epochs: u32 = 10, Int { min: 1, max: 10_000, step: 1 },
            ["Epochs", "轮数"],
            ["Passes over the training rows before the run ends.", "训练结束前遍历训练数据的次数。"];
        /// Rows per step.
        batch_size: usize = 64, Int { min: 1, max: 4_096, step: 8 },
            ["Batch size", "批大小"],
            ["Rows per step. A change starts the run again.", "每一步的样本数。修改后训练会重新开始。"];
        /// Step size before the schedule.
        learning_rate: f32 = 0.001, Real { min: 1e-9, max: 1000.0, step: 0.001 },
            ["Learning rate", "学习率"],
            ["Size of a step, before the schedule. May be changed while training.", "每一步的步长（调度之前）。训练中可以修改。"];
        /// Update rule and its constants.
        optimizer: OptimizerConfig = OptimizerConfig::default(), Kinds { options: OptimizerConfig::OPTIONS },
            ["Optimizer", "优化器"],
            ["How gradients change the parameters. Another optimizer starts the run again and brings its usual learning rate.",
             "梯度如何更新参数。更换优化器会重新开始训练，并使用它常用的学习率。"];
        /// Learning rate over time.
        schedule: Schedule = Schedule::default(), Group,
            ["Learning-rate schedule", "学习率调度"],
            ["How the learning rate changes in the course of the run.", "学习率在训练过程中如何变化。"];
        /// Bound on gradients.
        clipping: Clipping = Clipping::default(), Group,
            ["Gradient clipping", "梯度裁剪"],
            ["Bounds the gradient, so that one bad batch does not throw the model off.", "限制梯度大小，避免个别批次破坏模型。"];
        /// How the tasks' losses or gradients make one step.
        balance: BalanceConfig = BalanceConfig::default(), Kinds { options: BalanceConfig::OPTIONS },
            ["Task balancing", "任务平衡"],
            ["How the tasks' losses or gradients make one step. The loss weight of each head multiplies what the method gives. May be changed while training.",
             "各任务的损失或梯度如何合成一步更新。各任务头的损失权重再乘以该方法给出的权重。训练中可以修改。"];
        /// What the balancing methods have in common.
        balance_options: BalanceOptions = BalanceOptions::default(), Group,
            ["Balancing conventions", "平衡约定"],
            ["What the literature leaves open, for every method.", "文献中未统一、对所有方法都适用的约定。"];
        /// Seed of parameters, order of rows and dropout.
        seed: u64 = 1, Int { min: 0, max: MAX_SEED as i64, step: 1 },
            ["Seed", "随机种子"],
            ["Of the first parameters, the order of rows and dropout: the same seed gives the same run; to the bit on any machine if the run is reproducible. A change starts the run again.",
             "决定初始参数、样本顺序和丢弃：相同的种子得到相同的训练；若选择“可复现”，则在任何机器上逐位相同。修改后训练会重新开始。"];
        /// When to stop before the last epoch.
        stop: StopCondition = StopCondition::default(), Group,
            ["Early stopping", "提前停止"],
            ["Ends the run when it no longer gets better on the validation rows.", "验证集上不再改善时结束训练。"];
        /// What runs the steps.
        backend: Backend = Backend::Auto, Choice { options: Backend::OPTIONS },
            ["Computed by", "计算方式"],
            ["WebGPU is faster for large models and agrees with the CPU to some digits. Automatic times both on your design when the run starts and takes the faster. May be changed while training.",
             "WebGPU 对大模型更快，结果与 CPU 在若干位数内一致。“自动”会在训练开始时按你的设计对两者计时并选择更快的。训练中可以修改。"];
        /// Whether a step changes only those rows of an embedding that its batch has looked up.
        lazy_rows: bool = false, Flag,
            ["Lazy rows", "惰性行更新"],
            ["Only those rows of an embedding change that the batch has looked up (by their L1, L2 and ties too), so that the cost of a step does not depend on the size of the vocabulary. Not the same as Keras: there, moments go on moving a row after its last gradient. Runs on the CPU. May be changed while training.",
             "只更新批中查过的嵌入行（L1、L2 与绑定也只作用于这些行），使每一步的开销与词表大小无关。与 Keras 不同：在 Keras 中，即使某行不再有梯度，动量仍会继续移动它。在 CPU 上运行。训练中可以修改。"];
        /// Whether the CPU computes the same bits on every machine, also where it could be faster with others: products are
        /// not [fused](mtl_kernels::fused).
        reproducible: bool = false, Flag,
            ["Reproducible", "可复现"],
            ["The CPU computes the same bits in every browser and natively. Without it products and sums take one instruction where your browser has it, which trains up to a quarter faster and rounds differently. May be changed while training.",
             "CPU 在任何浏览器中以及本机程序中得到逐位相同的结果。不勾选时，若浏览器支持，乘法与加法合为一条指令，训练最多快四分之一，但舍入不同。训练中可以修改。"];
    }
}

mtl_base::choice! {
    /// What runs the steps. On the CPU the same seed gives the same bits on every machine, if the run is to be reproducible;
    /// WebGPU agrees with it to some digits.
    pub enum Backend {
        /// What is faster for the design, as measured at the start of a run.
        Auto = "auto", ["Automatic", "自动"];
        /// The CPU.
        Cpu = "cpu", ["CPU", "CPU"];
        /// WebGPU where it is there and can run the design, else the CPU.
        Webgpu = "webgpu", ["WebGPU", "WebGPU"];
    }
}

mtl_base::settings! {
    /// Early stopping: off when `patience` is 0.
    pub struct StopCondition {
        /// Evaluations without improvement before the run stops.
        patience: u32 = 0, Int { min: 0, max: 1_000, step: 1 },
            ["Patience", "耐心轮数"],
            ["Evaluations in a row without improvement before the run stops; 0: off.", "连续多少次评估没有改善就停止；0 表示关闭。"];
        /// What must improve: the weighted mean of the validation losses, or a metric of one task.
        watch: Watch = Watch::default(), Kinds { options: Watch::OPTIONS },
            ["Watch", "监视"],
            ["What must improve on the validation rows.", "验证集上需要改善的指标。"];
        /// Smallest change that counts.
        min_delta: f64 = 0.0, Real { min: 0.0, max: 1e9, step: 0.001 },
            ["Smallest improvement", "最小改善"],
            ["A smaller change does not count.", "小于此值的变化不算改善。"];
    }
}

mtl_base::kinds! {
    /// What early stopping looks at.
    pub enum Watch by "watch" {
        /// Weighted mean of the tasks' validation losses.
        Loss(WatchedLoss) = "loss", ["Weighted mean of the losses", "各任务损失的加权平均"];
        /// One metric of one task.
        Metric(WatchedMetric) = "metric", ["A metric of one task", "某个任务的指标"];
    }
}

mtl_base::settings! {
    /// The mean of the losses needs no settings.
    pub struct WatchedLoss {}
}

mtl_base::settings! {
    /// The metric that early stopping looks at.
    pub struct WatchedMetric {
        /// The task's head.
        task: NodeId = NodeId(0), Int { min: 0, max: u32::MAX as i64, step: 1 },
            ["Task", "任务"], ["Id of the task's head.", "任务头的编号。"];
        /// The metric.
        metric: Metric = Metric::Accuracy, Choice { options: Metric::OPTIONS },
            ["Metric", "指标"], ["Which metric of the task.", "该任务的哪个指标。"];
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::Loss(WatchedLoss {})
    }
}

impl RunSettings {
    /// Takes another optimizer with its usual constants and learning rate; false when there is none of that name.
    pub fn choose_optimizer(&mut self, key: &str) -> bool {
        let Some(optimizer) = OptimizerConfig::from_key(key) else {
            return false;
        };
        self.learning_rate = optimizer.default_learning_rate();
        self.optimizer = optimizer;
        true
    }

    /// Whether a run under `self` can go on under `new`: it cannot when the rows of a step, the draws or the state
    /// of the optimizer would be others.
    pub fn keeps_run(&self, new: &Self) -> bool {
        self.batch_size == new.batch_size
            && self.seed == new.seed
            && self.optimizer.key() == new.optimizer.key()
    }
}
