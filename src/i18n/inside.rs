//! Texts of the inspection of a run: activations, weights, gradients, profile of a step.

texts! {
    title: "Inside the run", "训练内部";
    at_step: "At step {0}, over {1} training rows. Updated after every epoch and on pause.",
        "第 {0} 步，基于训练集的 {1} 行。每轮结束或暂停后更新。";
    looking: "Computing…", "正在计算……";
    activations: "Activations", "激活值";
    no_activations: "This layer outputs IDs or leads to no task head, so there are no activations to show.",
        "此层输出的是 ID，或没有连到任何任务头：没有可显示的激活值。";
    histogram_of: "Histogram of {0}", "{0} 的直方图";
    spread: "mean {0} · standard deviation {1} · zeros {2}", "均值 {0} · 标准差 {1} · 零值 {2}";
    not_finite: "{0} values are not finite", "{0} 个值不是有限数";
    gradients: "Gradient norm per task", "各任务的梯度范数";
    gradients_help: "‖∂L/∂θ‖ of each task’s own loss over this layer’s parameters: how strongly each task pulls.",
        "每个任务自身损失对此层参数的 ‖∂L/∂θ‖：各任务对此层的作用强度。";
    gradients_per_layer: "Gradient norm per task and layer", "各任务、各层的梯度范数";
    not_reached: "no gradient", "无梯度";
    layer: "Layer", "层";

    step_title: "Time per operation", "各运算用时";
    step_about: "Runs training steps on the first batch for half a second and times every operation. The run itself does not change.",
        "用第一个批次执行半秒训练步骤，并为每个运算计时。当前训练不受影响。";
    measure: "Measure", "测量";
    measuring: "Measuring…", "正在测量……";
    step_total: "{0} ms per step of {1} rows (mean of {2} steps)", "每步 {0} 毫秒，{1} 行（{2} 步的平均）";
    forward: "forward", "前向";
    backward: "backward", "反向";
    batch: "Loading the batch", "装入批次";
    balance: "Task balancing", "任务平衡";
    update: "Clipping and optimizer", "裁剪与优化器";
    others: "{0} smaller operations", "其余 {0} 个较小的运算";
    op_time: "{0}: forward {1} ms, backward {2} ms", "{0}：前向 {1} 毫秒，反向 {2} 毫秒";
}
