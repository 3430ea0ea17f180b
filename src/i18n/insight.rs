//! Texts of the views that compare tasks: shared or alone, conflict of gradients.

texts! {
    compare: "Shared or alone", "共享还是单独";
    compare_hint: "Train each task alone as well, and compare", "把每个任务也单独训练一遍并比较";
    compare_about: "Trains the design and, for every task, only what that task needs of it: same rows, epochs, settings and first parameters. Positive is better shared.",
        "训练整个设计，并为每个任务只训练它所需的部分：数据、轮数、设置和初始参数都相同。正值表示共享更好。";
    seeds: "Seeds", "种子数";
    seeds_hint: "Runs per variant, from 1 to {0}; with one seed there is no spread to compare with", "每种方案的训练次数，1～{0}；只有一个种子时没有离散度可供比较";
    start: "Compare", "开始比较";
    start_again: "Compare again", "重新比较";
    stop: "Stop", "停止";
    waits: "Waiting while the run is training.", "当前训练进行时会等待。";
    progress: "Run {0} of {1}: {2}, seed {3}, epoch {4} of {5}", "第 {0}/{1} 次训练：{2}，种子 {3}，第 {4}/{5} 轮";
    shared: "shared", "共享";
    alone: "{0} alone", "单独训练 {0}";
    alone_short: "alone", "单独";
    stopped: "Stopped before the last run.", "在最后一次训练前停止。";
    of_design: "Of the design “{0}” as it was when the comparison began.", "针对开始比较时的设计“{0}”。";
    changed: "The design, the data or the settings have changed since.", "此后设计、数据或设置已改变。";
    nothing_yet: "Press Compare: does sharing help each of these tasks, or hurt it?", "按“开始比较”：共享对每个任务是帮助还是损害？";
    one_task: "There is one task here: nothing is shared.", "这里只有一个任务：没有可共享的。";

    helps: "Sharing helps *{0}*: {1} {2} better than alone ({3} seeds, spread {4}).", "共享对 *{0}* 有帮助：{2}比单独训练好 {1}（{3} 个种子，离散度 {4}）。";
    hurts: "Negative transfer on *{0}*: {1} {2} worse than alone ({3} seeds, spread {4}).", "*{0}* 出现负迁移：{2}比单独训练差 {1}（{3} 个种子，离散度 {4}）。";
    no_difference: "*{0}*: no difference beyond the spread ({1} {2} over {3} seeds, spread {4}).", "*{0}*：差异未超出离散度（{2} {1}，{3} 个种子，离散度 {4}）。";
    one_seed: "*{0}*: {1} {2} with one seed; use more seeds to rule out chance.", "*{0}*：只用一个种子时{2} {1}；请用更多种子以排除偶然。";
    points: "points of {0}", "{0}（百分点）";
    units: "of {0}", "{0}";
    task: "Task", "任务";
    difference: "Difference", "差异";
    difference_bar: "{0}: {1}, spread {2}", "{0}：{1}，离散度 {2}";
    parameters: "Parameters", "参数量";
    n_seeds: "{0} seeds", "{0} 个种子";
    diverged: "{0} runs diverged and are left out.", "{0} 次训练发散，未计入。";
    curves: "Validation score, shared (solid) and alone (dashed), mean over the seeds", "验证集得分：共享（实线）与单独（虚线），各种子的均值";
    no_curve: "The first epoch is not done yet.", "第一轮尚未结束。";
    more_parameters: "The task alone trains fewer parameters than the shared model: part of a difference may be size.", "单独训练的模型参数少于共享模型：差异的一部分可能来自规模。";
    save_csv: "Save as CSV", "保存为 CSV";

    conflict: "Conflict", "冲突";
    conflict_hint: "Whether the gradients of the tasks point the same way", "各任务的梯度方向是否一致";
    conflict_about: "Cosine between the gradients of two tasks over the parameters they share, at step {0}, over {1} training rows. On the diagonal: the cosine between two halves of the rows of one task, which is what noise alone leaves of 1.",
        "两个任务在共享参数上的梯度余弦，第 {0} 步，基于 {1} 行训练数据。对角线：同一任务两半数据的梯度余弦，即仅由噪声造成的与 1 的差距。";
    conflict_no_verdict: "Conflict alone does not tell whether sharing hurts: compare with the task alone.", "仅有冲突并不能说明共享有害：请与单独训练比较。";
    looking: "Computing…", "正在计算……";
    nothing_shared: "No trainable parameter is shared by two tasks.", "没有由两个任务共享的可训练参数。";
    opposed: "*{0}* and *{1}* pull apart in *{2}*: cosine {3} (noise {4} and {5}).", "*{0}* 与 *{1}* 在 *{2}* 中方向相反：余弦 {3}（噪声基准 {4} 与 {5}）。";
    opposed_overall: "*{0}* and *{1}* pull apart: cosine {2} over all shared parameters.", "*{0}* 与 *{1}* 方向相反：全部共享参数上的余弦为 {2}。";
    unrelated: "*{0}* and *{1}* are nearly unrelated here: cosine {2}.", "*{0}* 与 *{1}* 在这里几乎无关：余弦 {2}。";
    agree: "*{0}* and *{1}* pull the same way: cosine {2}.", "*{0}* 与 *{1}* 方向一致：余弦 {2}。";
    only_noise: "*{0}* and *{1}*: cosine {2}; the gradients of one task over two halves of the rows hardly agree either ({3} and {4}), so this may be noise.", "*{0}* 与 *{1}*：余弦 {2}；同一任务两半数据的梯度也几乎不一致（{3} 与 {4}），可能只是噪声。";
    few_common: "Only {0} of the rows carry both labels of *{1}* and *{2}*: their cosine is mostly noise.", "只有 {0} 的行同时带有 *{1}* 与 *{2}* 的标签：其余弦大多是噪声。";
    all_shared: "All shared parameters", "全部共享参数";
    layer: "Layer", "层";
    norm: "Gradient norm", "梯度范数";
    pair: "{0} and {1}", "{0} 与 {1}";
    cosine: "{0}: cosine {1}", "{0}：余弦 {1}";
    noise: "noise of {0}: cosine {1} between two halves", "{0} 的噪声基准：两半数据间的余弦 {1}";
    over_time: "Cosine over the steps", "余弦随步数的变化";
    no_looks: "Start training: every measurement adds a point.", "开始训练：每次测量添加一个点。";
    in_conflict: "{0}: below 0 in {1} of {2} measurements", "{0}：{2} 次测量中有 {1} 次低于 0";
}
