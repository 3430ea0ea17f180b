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
    reset_help: "Initialise the parameters from the seed and clear the charts", "按种子重新初始化参数并清空图表";

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
    run_progress: "Progress of the run", "训练进度";

    run: "Run", "训练";
    new_seed: "Another seed", "换一个种子";
    runs_on: "Runs on {0}", "运行于 {0}";

    task_weights: "Task weights", "任务权重";
    task_weights_help: "The factor of each task’s loss in the total loss. Can be changed during training.",
        "每个任务的损失在总损失中的系数。训练中可以修改。";
    weight_of: "Loss weight of {0}", "“{0}”的损失权重";
    no_tasks: "The design has no task yet: add a task head.", "设计中还没有任务：请添加一个任务头。";

    balance_conventions: "Conventions", "约定";
    balance_conventions_help: "Details that papers and libraries handle differently: sum or mean, whether heads are scaled, which gradients, on which scale.",
        "论文与各库没有统一的约定：求和或求均值、任务头是否缩放、取哪些梯度、在何种尺度上比较。";
    balance_sliders: "The task weights above multiply the weights of the method. Changing the method does not restart the run.",
        "上方的任务权重会与该方法给出的权重相乘。更换方法不会重新开始训练。";
    balance_one_pass: "Cost: one forward and one backward pass per step, the same as without balancing.", "开销：每步一次前向、一次反向，与不做平衡相同。";
    balance_two_forward: "Cost: one backward pass per step, and a second forward pass over the same rows after the update.",
        "开销：每步一次反向，更新后在同一批样本上再做一次前向。";
    balance_pass_per_task: "Cost: one forward pass and {0} backward passes over the shared layers per step, one for each task.",
        "开销：每步一次前向，并对共享层做 {0} 次反向，每个任务一次。";
    balance_caveat: "Known limits:", "已知局限：";

    regularisation: "Regularisation", "正则化";
    regularisation_help: "Sets one value on every layer that has the setting; layers can still be changed one by one.",
        "为所有具有该设置的层设为同一个值；之后仍可单独修改某一层。";
    dropout_all: "Dropout rate", "Dropout 率";
    dropout_all_help: "Rate of every Dropout layer of the design.", "设计中所有 Dropout 层的 Dropout 率。";
    l1_all: "L1", "L1";
    l1_all_help: "Adds l1 · Σ |w| over the weights of every layer to the loss.", "在损失中加入每层权重的 l1 · Σ |w|。";
    l2_all: "L2", "L2";
    l2_all_help: "Adds l2 · Σ w² over the weights of every layer to the loss.", "在损失中加入每层权重的 l2 · Σ w²。";
    differs: "differs between layers", "各层不同";
    set_everywhere: "Set {0} on every layer", "为所有层设置 {0}";

    in_use: "in use", "已启用";
    off: "off", "关闭";

    resources: "Model", "模型";
    resources_help: "Parameters, memory and speed of the model.", "模型的参数、内存与速度。";
    parameters: "Parameters", "参数量";
    parameters_shared: "shared", "共享";
    parameters_private: "private", "私有";
    macs: "Multiply-adds per example", "每个样本的乘加次数";
    memory: "Memory needed to train", "训练所需内存";
    memory_rows: "of which the data set", "其中数据集";
    step_time: "Time per step", "每步用时";
    problem: "This design cannot be trained yet", "此设计还不能训练";
    live: "takes effect immediately", "即时生效";
}
