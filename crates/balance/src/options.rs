//! What the literature leaves open and every method needs: settings beside the method's own.

use mtl_base::choice;

choice! {
    /// What the weights of a method add up to where its length is a matter of convention.
    #[derive(Default)]
    pub enum Reduction {
        /// As in the method's paper or its authors' code.
        #[default]
        Published = "published", ["as published", "按原论文"];
        /// As a sum of losses: `K` equal tasks make a step `K` times as long as one.
        Sum = "sum", ["sum of losses", "损失之和"];
        /// As a mean of losses: `K` equal tasks make the step of one.
        Mean = "mean", ["mean of losses", "损失均值"];
    }
}

choice! {
    /// Which parameters a task's weight reaches.
    #[derive(Default)]
    pub enum Heads {
        /// Shared parameters only; a task's own parameters follow its own gradient.
        #[default]
        SharedOnly = "shared_only", ["shared parameters only", "仅共享参数"];
        /// A task's own parameters too: its gradient is multiplied by the task's weight.
        Scaled = "scaled", ["task-specific parameters too", "任务私有参数也缩放"];
    }
}

choice! {
    /// Whose gradients are compared.
    #[derive(Default)]
    pub enum Domain {
        /// Those of all shared parameters.
        #[default]
        Parameters = "parameters", ["all shared parameters", "全部共享参数"];
        /// Those of the last shared representation, an upper bound of the former (MGDA-UB).
        Representation = "representation", ["shared representation", "共享表示"];
    }
}

choice! {
    /// The scale on which gradients are compared.
    #[derive(Default)]
    pub enum Metric {
        /// As they are, before the optimizer sees them.
        #[default]
        Gradient = "gradient", ["gradients as they are", "原始梯度"];
        /// On the scale of an adaptive optimizer: `⟨a, b⟩ = Σ a b / (√v + ε)`, so that `⟨gᵢ, gⱼ⟩` is what a step
        /// along task `j` does to the loss of task `i`.
        Optimizer = "optimizer", ["the optimizer's scale (whitened)", "优化器尺度（白化）"];
    }
}

mtl_base::settings! {
    /// Conventions common to all methods. [`Balancer`](crate::Balancer) applies the first; the others are for whoever
    /// computes the gradients.
    pub struct BalanceOptions {
        /// Sum or mean.
        reduction: Reduction = Reduction::Published, Choice { options: Reduction::OPTIONS },
            ["Total weight", "权重总和"],
            ["With a sum of losses, steps grow with the number of tasks, with a mean they do not; with SGD, adjust the learning rate.", "损失之和会随任务数增大步长，均值不会；使用 SGD 时学习率需相应调整。"];
        /// Whether heads are scaled.
        heads: Heads = Heads::SharedOnly, Choice { options: Heads::OPTIONS },
            ["Weights apply to", "权重作用于"],
            ["Whether a task's weight also scales the gradient of its own parameters. Libraries differ.", "任务权重是否也缩放其私有参数的梯度；各库做法不一。"];
        /// Whose gradients.
        domain: Domain = Domain::Parameters, Choice { options: Domain::OPTIONS },
            ["Gradients of", "梯度取自"],
            ["Gradients of the shared representation are cheaper than those of all shared parameters, but only an approximation.", "对共享表示求梯度比对全部共享参数更便宜，但只是近似。"];
        /// On which scale.
        metric: Metric = Metric::Gradient, Choice { options: Metric::OPTIONS },
            ["Compare gradients on", "梯度比较尺度"],
            ["Adam rescales every parameter, so that gradients balanced before it may be unbalanced after it.", "Adam 会重新缩放每个参数，因此之前平衡好的梯度之后未必平衡。"];
    }
}
