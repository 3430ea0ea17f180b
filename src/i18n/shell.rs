//! Texts of the frame of the page: bars, menus, dialogs, messages.

texts! {
    brand: "MTL Playground", "MTL Playground";
    skip_to_content: "Skip to the design", "跳到设计区";

    design: "Design", "设计";
    design_hint: "The layers of the model on a canvas", "画布上的模型各层";
    data: "Data", "数据";
    data_hint: "Choose and inspect the training data", "选择并查看训练数据";
    train: "Train", "训练";
    train_hint: "Training settings", "训练的设置";
    watch: "Watch", "观察";
    watch_hint: "Loss and metrics of every task", "各任务的损失与指标";
    try_it: "Try it", "试一试";
    try_hint: "Predictions for an example of your own", "用自己的例子试试模型的预测";
    layer: "Layer", "层";
    layer_hint: "Settings and internals of the selected layer", "所选层的设置与内部情况";
    rooms: "Sections of the page", "页面各区";

    untitled: "Untitled design", "未命名设计";
    document_name: "Name of the design", "设计名称";
    document_name_hint: "Name of the design: click to change it", "设计名称：点击修改";
    presets: "Presets", "预设";
    presets_title: "Start from a design", "从一个设计开始";
    presets_about: "Each preset is an ordinary graph: open it, train it, take it apart. Opening one can be undone.",
        "每个预设都是普通的图：打开、训练、拆开都可以。打开之后可以撤销。";
    preset_hint: "Opens this design in place of yours; Undo brings yours back", "打开此设计以代替当前设计；撤销可恢复";
    preset_not_found: "there is no preset named `{0}`; available: {1}", "没有名为“{0}”的预设；可选：{1}";
    data_used: "Data: {0}", "数据：{0}";

    language: "Language", "语言";
    theme_auto: "Colours: system", "配色：跟随系统";
    theme_light: "Colours: light", "配色：浅色";
    theme_dark: "Colours: dark", "配色：深色";
    help: "Help and shortcuts", "帮助与快捷键";
    close: "Close", "关闭";

    files: "Save and open", "保存与打开";
    export_weights: "Save weights (JSON)", "保存权重（JSON）";
    export_weights_help: "Design, vocabulary and all parameters in one file; opening it gives the same predictions.",
        "设计、词表和全部参数保存在一个文件中；打开后得到相同的预测。";
    export_tensors: "Save weights (safetensors)", "保存权重（safetensors）";
    export_tensors_help: "The same as bytes: a quarter of the size, for other programs and for models of more than 4 million parameters, which are too large for JSON.",
        "内容相同，以二进制保存：大小约为四分之一，供其他程序使用；超过 400 万参数的模型无法保存为 JSON，请用此格式。";
    import_weights: "Open weights, a project or a design…", "打开权重、项目或设计……";
    import_weights_help: "You can also drop the file anywhere on the page.", "也可以把文件拖到页面任意位置。";
    export_project: "Save the project (.mtl.json)", "保存项目（.mtl.json）";
    export_project_help: "Design, data set, settings and seed, without weights.", "设计、数据集选择、设置和种子，不含权重。";
    export_project_weights: "Save the project with weights (.mtl.json)", "保存项目及权重（.mtl.json）";
    export_project_weights_help: "The project and all parameters: opening it resumes training where it was saved.", "项目与全部参数：打开后从当前进度继续。";
    copy_link: "Copy a link to this document", "复制此文档的链接";
    copy_link_help: "The link contains the whole design and all settings, but no weights.", "整个设计和所有设置都在链接里，不含权重。";
    link_copied: "The link was copied to the clipboard", "链接已复制到剪贴板";
    link_in_address: "The browser does not allow copying here: the link is in the address bar", "浏览器不允许复制：链接已放入地址栏";
    link_damaged: "The link is damaged: the part after “project=” was cut off or changed. Ask for the link again, or for the project file. Nothing was changed.",
        "链接已损坏：“project=”之后的内容被截断或改动。请重新索取链接或项目文件。没有做任何更改。";
    link_version: "The link has version {0}, but this page reads version {1}: use a newer page. Nothing was changed.",
        "链接的版本为 {0}，本页面读取版本 {1}：请使用更新的页面。没有做任何更改。";
    link_too_long: "The document needs {0} characters as a link, but a link holds {1}: save the project as a file instead.",
        "此文档的链接需要 {0} 个字符，而链接最多 {1} 个：请改为保存项目文件。";
    nothing_to_save: "there is nothing to save yet: the data set is still loading", "还没有可保存的内容：数据集仍在加载";
    drop_here: "Drop a weights, project or design file to open it", "松开以打开权重、项目或设计文件";
    drop_one: "Drop one file at a time; you dropped {0}.", "请一次拖入一个文件；这次有 {0} 个。";
    exported: "Saved {0}: {1} parameters after {2} steps, {3}", "已保存 {0}：{1} 个参数，训练 {2} 步之后，{3}";
    imported: "Opened {0}: {1} parameters, step {2}. Predictions are as they were when it was saved.",
        "已打开 {0}：{1} 个参数，第 {2} 步。预测与保存时相同。";
    design_saved: "Saved {0}", "已保存 {0}";
    design_opened: "Opened the design in {0}", "已打开 {0} 中的设计";
    importing: "Reading {0}…", "正在读取 {0}……";
    file_too_large: "“{0}” has {1}; a weights file of this page has at most {2}. Nothing was changed.",
        "“{0}”大小为 {1}；本页面的权重文件最大为 {2}。没有做任何更改。";
    file_unreadable: "“{0}” could not be read ({1}). Nothing was changed.", "无法读取“{0}”（{1}）。没有做任何更改。";
    file_not_design: "“{0}” is not a project or a design of this page: {1}. Nothing was changed.",
        "“{0}”不是本页面的项目或设计文件：{1}。没有做任何更改。";

    dismiss: "Dismiss", "知道了";
    messages: "Messages", "消息";

    hide_data: "Hide the data panel", "隐藏数据面板";
    show_data: "Show the data panel", "显示数据面板";
    resize_left: "Width of the data panel", "数据面板的宽度";
    resize_right: "Width of the right panel", "右侧面板的宽度";
    resize_watch: "Height of the charts", "图表区的高度";

    setting_help: "What is “{0}”?", "“{0}”是什么？";
    choose: "Choose…", "请选择……";
    not_in_data: "{0} (not in this data set)", "{0}（当前数据集中没有）";
    kept_value: "; {0} was kept.", "；已保留原值 {0}。";

    shortcuts: "Keyboard shortcuts", "键盘快捷键";
    shortcuts_about: "They work anywhere on the page, except while you type.", "在页面任何位置都有效，输入文字时除外。";
    key_space: "Space", "空格";
    shortcut_play: "Play or pause", "开始或暂停";
    shortcut_step: "Train one step", "训练一步";
    shortcut_epoch: "Train one epoch", "训练一轮";
    shortcut_reset: "Reset the run", "重置训练";
    shortcut_undo: "Undo", "撤销";
    shortcut_redo: "Redo", "重做";
    shortcut_presets: "Choose a preset", "选择预设";
    shortcut_data: "Choose a data set", "选择数据集";
    shortcut_save: "Save the weights", "保存权重";
    shortcut_help: "Show this list", "显示本页";
    shortcut_delete: "Delete the selection", "删除选中内容";
    shortcut_select_all: "Select everything", "全选";
    shortcut_add: "Search for a layer to add", "搜索并添加层";
    shortcut_escape: "Close, or cancel the current action", "关闭或取消当前操作";
    help_first: "Choose a preset and a data set, press Play, and watch the loss and metrics of every task. Click a layer to change it. Try a sentence, then save the weights.",
        "选择一个预设和数据集，点击“开始”，观察每个任务的损失和指标。点击某一层可以修改它。试一句话，然后保存权重。";
    help_private: "Everything is computed in this browser; nothing is sent anywhere.", "一切都在此浏览器中计算，不会发送任何数据。";
    help_colours: "Each task has one colour and one letter everywhere on the page.", "每个任务在整个页面上都有固定的颜色和字母。";

    worker_crashed: "The training worker stopped ({0}) and was restarted with your design, data and settings; the run starts again at step 0.",
        "训练线程意外停止（{0}）。已用你的设计、数据和设置重新启动，训练从第 0 步开始。";
    worker_recovered: "The training worker stopped ({0}) and was restarted from the last backup of the run, at step {1}. Press Play to continue.",
        "训练线程意外停止（{0}）。已重新启动，训练回到最近一次备份：第 {1} 步。点击“开始”继续。";
    part_not_loaded: "A part of the page that this needs could not be loaded ({0}). Check the connection and try again; nothing was changed.",
        "此操作需要的页面部分未能加载（{0}）。请检查网络后重试；没有做任何更改。";
    part_stopped: "A part of the page stopped on an internal error ({0}); trying again may help. Nothing was changed.",
        "页面的一个部分因内部错误而停止（{0}），可以重试。没有做任何更改。";
    try_again: "Try again", "重试";
    save_as_file: "Save as a file", "另存为文件";
    worker_gone: "the training worker stopped before it answered", "训练线程在应答之前停止了";
    internal_message: "the page and its worker exchanged an unreadable message ({0}); reload the page",
        "页面与训练线程之间的消息无法识别（{0}）；请重新加载页面";

    data_title: "Choose a data set", "选择数据集";
    data_about: "The real data sets come with this site and are loaded when you choose them; the generated ones need no download. Choosing a data set restarts training.",
        "真实数据集随站点提供，选择后才加载；生成的数据集无需下载。选择后训练会重新开始。";
    data_choose_hint: "Loads this data set and restarts training", "载入此数据集，训练重新开始";
    data_loaded: "loaded", "已加载";
    rows_and_bytes: "{0} rows, {1}", "{0} 行，{1}";
    source_generated: "Generated here, nothing to download", "在本机生成，无需下载";
    not_fetched: "not fetched: run “cargo xtask data”", "尚未获取：请运行“cargo xtask data”";
    data_not_fetched: "The data set “{0}” is not on this site: run “cargo xtask data” and build the page again. The generated data sets work without it.",
        "此站点上没有数据集“{0}”：请运行“cargo xtask data”并重新构建页面。生成的数据集无需下载即可使用。";
    data_unknown: "there is no data set named `{0}`; available: {1}", "没有名为“{0}”的数据集；可选：{1}";
    data_loading: "Loading {0}", "正在加载 {0}";
    data_preparing: "Preparing {0}: words, vocabulary, splits…", "正在准备 {0}：分词、词表、划分……";
    data_download_failed: "“{0}” could not be loaded ({1}). The previous data set is kept.",
        "无法加载“{0}”（{1}）。保留原有数据集。";
    data_too_large: "“{0}” has {1}, but this page loads at most {2}. The previous data set is kept.",
        "“{0}”大小为 {1}，超过本页面允许的 {2}。保留原有数据集。";
    data_superseded: "another data set was chosen in the meantime", "期间选择了另一个数据集";
    open_weights: "Open a weights file", "打开权重文件";
    design_too_new: "it has version {0}, this page reads up to {1}", "其版本为 {0}，本页面最高支持 {1}";
    open_design: "Open a design", "打开设计";

    api_argument: "`{0}`: expected {1}, got {2}", "`{0}`：应为{1}，得到 {2}";
    api_setting_unknown: "there is no setting `{0}`; available: {1}", "没有名为“{0}”的设置；可选：{1}";
    api_method_unknown: "there is no method `{0}`; available: {1}", "没有名为“{0}”的方法；可选：{1}";
    api_argument_plain: "`{0}`: {1}", "`{0}` 有误：{1}";
    api_feature_unknown: "the data set has no feature `{0}`; available: {1}", "数据集没有特征“{0}”；现有：{1}";
    api_task_unknown: "there is no task `{0}`; available: {1}", "没有名为“{0}”的任务；现有：{1}";
    a_data_set: "the name of a data set", "数据集的名称";
    an_input: "a sentence, or an object with one member per feature", "一个句子，或每个特征一个成员的对象";
    a_text: "a text", "一段文本";
    an_id: "a whole number", "一个整数";
    numbers: "an array of numbers", "数字数组";
    an_object: "an object", "一个对象";
    a_design_or_preset: "a design or the name of a preset", "一个设计或预设的名称";
    a_count: "a whole number from 1 to 1000000", "1 到 1000000 的整数";
    a_split: "`train`, `validation` or `test`", "`train`、`validation` 或 `test` 之一";
    a_json_text: "the text of a weights file, or its bytes", "权重文件的文本或字节";
    a_weights_form: "`json` or `safetensors`", "`json` 或 `safetensors`";
}
