//! Texts of the run bar and of the training panel.

texts! {
    run_controls: "Run controls", "训练控制";
    play: "Play", "开始";
    pause: "Pause", "暂停";
    step: "Step", "一步";
    one_step: "Train one step", "训练一步";
    epoch: "Epoch", "一轮";
    one_epoch: "Train to the end of the epoch", "训练到本轮结束";
    reset: "Reset", "重置";
    reset_help: "Fresh parameters from the seed, empty charts", "按种子重新初始化参数并清空图表";

    not_ready: "Not ready", "未就绪";
    paused: "Paused", "已暂停";
    ready: "Ready", "就绪";
    running: "Training", "训练中";
    finished: "Finished", "已完成";
    diverged: "Diverged", "已发散";
    starting: "Starting", "正在启动";

    epoch_of: "epoch {0} of {1}", "第 {0} / {1} 轮";
    step_count: "step {0}", "第 {0} 步";
    examples_per_second: "{0} examples/s", "{0} 样本/秒";
    run_tasks: "Loss and metric of every task", "各任务的损失与指标";
    loss: "loss", "损失";
    training_loss: "Training loss of task {0}", "任务“{0}”的训练损失";
    run_progress: "Share of the run that is done", "训练完成的比例";

    run: "Run", "训练";
    epochs: "Epochs", "轮数";
    epochs_help: "Passes over the training rows before the run ends.", "训练结束前遍历训练数据的次数。";
    batch_size: "Batch size", "批大小";
    batch_size_help: "Rows per step. A change starts the run again.", "每一步的样本数。修改后训练会重新开始。";
    learning_rate: "Learning rate", "学习率";
    learning_rate_help: "Size of a step, before the schedule. May be changed while training.", "每一步的步长（调度之前）。训练中可以修改。";
    seed: "Seed", "随机种子";
    seed_help: "Of the first parameters, the order of rows and dropout: the same seed gives the same run; to the bit on any machine if the run is reproducible. A change starts the run again.",
        "决定初始参数、样本顺序和丢弃：相同的种子得到相同的训练；若选择“可复现”，则在任何机器上逐位相同。修改后训练会重新开始。";
    new_seed: "Another seed", "换一个种子";
    backend: "Computed by", "计算方式";
    backend_help: "WebGPU is faster for large models and agrees with the CPU to some digits. Automatic times both on your design when the run starts and takes the faster. May be changed while training.",
        "WebGPU 对大模型更快，结果与 CPU 在若干位数内一致。“自动”会在训练开始时按你的设计对两者计时并选择更快的。训练中可以修改。";
    runs_on: "Runs on {0}", "运行于 {0}";
    reproducible: "Reproducible", "可复现";
    reproducible_help: "The CPU computes the same bits in every browser and natively. Without it products and sums take one instruction where your browser has it, which trains up to a quarter faster and rounds differently. May be changed while training.",
        "CPU 在任何浏览器中以及本机程序中得到逐位相同的结果。不勾选时，若浏览器支持，乘法与加法合为一条指令，训练最多快四分之一，但舍入不同。训练中可以修改。";
    lazy_rows: "Lazy rows", "惰性行更新";
    lazy_rows_help: "Only those rows of an embedding change that the batch has looked up, so that the cost of a step does not depend on the size of the vocabulary. Not the same as Keras: there, moments go on moving a row after its last gradient. Runs on the CPU. May be changed while training.",
        "只更新批中查过的嵌入行，使每一步的开销与词表大小无关。与 Keras 不同：在 Keras 中，即使某行不再有梯度，动量仍会继续移动它。在 CPU 上运行。训练中可以修改。";

    optimizer: "Optimizer", "优化器";
    optimizer_help: "How gradients change the parameters. Another optimizer starts the run again and brings its usual learning rate.",
        "梯度如何更新参数。更换优化器会重新开始训练，并使用它常用的学习率。";
    optimizer_settings: "Settings of {0}", "{0} 的设置";
    schedule: "Learning-rate schedule", "学习率调度";
    schedule_help: "How the learning rate changes in the course of the run.", "学习率在训练过程中如何变化。";
    clipping: "Gradient clipping", "梯度裁剪";
    clipping_help: "Bounds the gradient, so that one bad batch does not throw the model off.", "限制梯度大小，避免个别批次破坏模型。";

    task_weights: "Task weights", "任务权重";
    task_weights_help: "How much each task’s loss counts in the sum that is trained on. May be changed while training.",
        "每个任务的损失在总损失中的系数。训练中可以修改。";
    weight_of: "Loss weight of {0}", "“{0}”的损失权重";
    no_tasks: "The design has no task yet: add a head.", "设计中还没有任务：请添加一个任务头。";
    equal_weights: "All equal", "全部相等";

    regularisation: "Regularisation", "正则化";
    regularisation_help: "Sets the same value on every layer that has the setting; single layers can be changed after that.",
        "为所有具有该设置的层设为同一个值；之后仍可单独修改某一层。";
    dropout_all: "Dropout rate", "丢弃率";
    dropout_all_help: "Rate of every Dropout layer of the design.", "设计中所有 Dropout 层的丢弃率。";
    l1_all: "L1", "L1";
    l1_all_help: "Adds l1 · Σ |w| over the weights of every layer to the loss.", "在损失中加入每层权重的 l1 · Σ |w|。";
    l2_all: "L2", "L2";
    l2_all_help: "Adds l2 · Σ w² over the weights of every layer to the loss.", "在损失中加入每层权重的 l2 · Σ w²。";
    differs: "differs between layers", "各层不同";
    set_everywhere: "Set {0} on every layer", "为所有层设置 {0}";

    in_use: "in use", "已启用";
    off: "off", "关闭";
    stop: "Early stopping", "提前停止";
    stop_help: "Ends the run when it no longer gets better on the validation rows.", "验证集上不再改善时结束训练。";
    patience: "Patience", "耐心轮数";
    patience_help: "Evaluations in a row without improvement before the run stops; 0: off.", "连续多少次评估没有改善就停止；0 表示关闭。";
    watch_metric: "Watch", "监视";
    watch_metric_help: "What must improve on the validation rows.", "验证集上需要改善的指标。";
    watch_loss: "Weighted mean of the losses", "各任务损失的加权平均";
    min_delta: "Smallest improvement", "最小改善";
    min_delta_help: "A smaller change does not count.", "小于此值的变化不算改善。";

    resources: "Model", "模型";
    resources_help: "Parameters, memory and speed of the model.", "模型的参数、内存与速度。";
    parameters: "Parameters", "参数量";
    parameters_shared: "shared", "共享";
    parameters_private: "private", "私有";
    macs: "Multiply-adds per example", "每样本乘加数";
    memory: "Memory needed to train", "训练所需内存";
    memory_rows: "of it the data set", "其中数据集";
    step_time: "Time per step", "每步用时";
    problem: "This design cannot train yet", "此设计还不能训练";
    resets_run: "starts the run again", "会重新开始训练";
    live: "live", "即时生效";
}
