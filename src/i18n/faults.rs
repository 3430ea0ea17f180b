//! Texts of failures: missing files, timeouts, refused access.

texts! {
    embedded: "This page is embedded in another one: documents are kept until it is closed, and those of this browser are neither shown nor changed.",
        "本页面嵌入在其他页面中：文档只保留到页面关闭为止；此浏览器中已保存的文档既不显示也不更改。";
    embed_no_origin: "the link says embed={0}, which is not the origin of a page (such as https://lesson.example or http://localhost:8000): no page can drive this one",
        "链接中的 embed={0} 不是页面的来源（例如 https://lesson.example 或 http://localhost:8000）：任何页面都不能控制本页面";
    no_data: "no data set is loaded: choose one in the data panel", "没有加载数据集：请在数据面板中选择";
    answer_lost: "the answer got lost on its way from the training worker: ask again", "训练线程的应答在途中丢失：请重试";
    worker_silent: "The training worker has not answered for {0} s: it is busy with something long, or it stands still. After {1} s of silence it is started again from the last copy of the run.",
        "训练线程已有 {0} 秒没有应答：可能正忙于耗时的工作，也可能已停住。静默 {1} 秒后会从最近一次备份重新启动。";
    worker_given_up: "The training worker stopped {1} times within five minutes ({0}) and is not started again by itself. Your design and settings are kept and can be changed and saved; a smaller model or data set may help. Press Play to start it again.",
        "训练线程在五分钟内停止了 {1} 次（{0}），不再自动重新启动。你的设计和设置都还在，可以修改和保存；换用更小的模型或数据集可能有帮助。点击“开始”重新启动。";
    data_silent: "“{0}” does not arrive: nothing came for {1} s. Load it again when the connection is better. The data set that was there is kept.",
        "“{0}”没有到达：已有 {1} 秒没有收到数据。请在网络好转后重新加载。保留原有数据集。";
    rewind: "Back to step {0}", "退回第 {0} 步";
    rewind_help: "Restores the parameters and the optimizer of step {0}, the last one before the run diverged. Lower the learning rate or clip the gradients before you train on.",
        "恢复发散前最后一次保存的第 {0} 步的参数与优化器状态。继续训练前请降低学习率或裁剪梯度。";
    try_id_refused: "expected a whole number from 0 to {0}, got “{1}”", "应为 0 到 {0} 的整数，得到“{1}”";
    try_numbers_refused: "expected {0} numbers, separated by commas, got “{1}”", "应为 {0} 个用逗号分隔的数，得到“{1}”";
    load_cancelled: "loading was cancelled; the data set that was there is kept", "已取消加载；保留原有数据集";
    cancelled: "cancelled", "已取消";
    writing_weights: "The weights file is being written …", "正在写入权重文件……";
    reading_file: "{0} is being read …", "正在读取 {0}……";
    cancel: "Cancel", "取消";
    cancel_hint: "Stop loading and keep the data set that was there", "停止加载，保留原有数据集";
    store_closed: "This browser does not open its store of documents ({0}). The page works without: what is open is kept as far as the browser allows it; save your work as a file.",
        "此浏览器无法打开文档存储（{0}）。页面仍可使用：当前文档会在浏览器允许的范围内保留；请把工作另存为文件。";
    store_silent: "The store of documents does not open: another tab with this page may stand in its way (close it and reload). The page works without: what is open is kept as far as the browser allows it; save your work as a file.",
        "文档存储没有打开：可能被本页面的另一个标签页占用（请关闭它并重新加载）。页面仍可使用：当前文档会在浏览器允许的范围内保留；请把工作另存为文件。";
    store_late: "The store of documents has opened after all: what is open is saved in it.", "文档存储现已打开：当前文档已保存到其中。";
    document_unreadable: "The document “{0}” that was open last cannot be opened: {1}. It is kept as it is.", "无法打开上次的文档“{0}”：{1}。它仍原样保留。";
    data_changed: "“{0}” is not the file that was published (its SHA-256 should be {1} and is {2}): it was cut or changed on its way. Load it again. The data set that was there is kept.",
        "“{0}”不是所发布的文件（SHA-256 应为 {1}，实为 {2}）：在传输途中被截断或改动。请重新加载。保留原有数据集。";
}
