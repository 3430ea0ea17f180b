//! Texts of the design canvas and the inspector.

texts! {
    canvas: "Design canvas", "设计画布";
    canvas_bar: "Tools of the canvas", "画布工具栏";
    keys: "Tab goes from node to node, Enter selects, Shift and Enter selects more, arrows move by 5 and with Shift by 20 pixels. The handles of the selected node follow it in the order of Tab: Enter begins a wire, Tab or the arrows choose where it ends, Enter ends it, Escape gives it up. Slash adds a layer, Delete deletes, M opens the menu.",
        "Tab 在节点间移动，回车选中，Shift 加回车可多选，方向键移动 5 像素，按住 Shift 移动 20 像素。选中节点后，Tab 依次到达它的端口：回车开始连线，Tab 或方向键选择终点，回车完成，Esc 放弃。斜杠键添加层，Delete 删除，M 打开菜单。";
    nothing_selected: "Click a layer to see and change its settings.", "点击一个层来查看和修改它的设置。";

    own_design: "My design", "我的设计";
    start_empty: "Start from empty", "从空白开始";
    start_empty_about: "An empty canvas and three steps to a model of your own.", "空白画布，三步得到自己的模型。";
    first_steps: "Three steps to a model", "三步得到一个模型";
    first_input: "Add an input: press “Layer”, double-click the canvas, or type /", "添加输入：点“添加层”、双击画布或按 /";
    first_layer: "Drag from its right handle to add and connect layers", "从它右侧的端口拖出连线，添加并连接层";
    first_head: "End with one task head per task, then press Play", "最后为每个任务接上任务头，然后点训练";

    add_layer: "Layer", "添加层";
    add_layer_help: "List of layers: click one to add it, or drag it onto the canvas", "层的列表：点击添加，或拖到画布上";
    add_node: "add {0}", "添加 {0}";
    insert_node: "insert {0}", "插入 {0}";
    insert_layer: "Insert a layer…", "插入层……";
    add_note: "Comment", "注释";
    write_note: "Write the comment", "编辑注释";
    empty_note: "Double-click to write", "双击开始书写";
    note_says: "Comment: {0}", "注释：{0}";
    layers: "Layers", "层";
    other: "Other", "其他";
    blocks: "Blocks of this design", "本设计的分组";
    copy_block: "Add a copy of {0}", "添加 {0} 的副本";
    close_palette: "Close the list of layers", "关闭层列表";
    palette_help: "Click to add, drag to place; dropped on a wire, it is inserted.", "点击添加，拖动放置；拖到连线上则插入其中。";
    search: "Find a layer", "查找层";
    search_help: "Find a layer by its name ( / )", "按名称查找层（/）";
    found_layers: "{0} layers found", "找到 {0} 个层";
    nothing_found: "No layer of that name fits here", "没有合适的同名层";

    undo_named: "Undo: {0} (Ctrl Z)", "撤销：{0}（Ctrl Z）";
    redo_named: "Redo: {0} (Ctrl Shift Z)", "重做：{0}（Ctrl Shift Z）";
    undone: "Undone: {0}", "已撤销：{0}";
    redone: "Redone: {0}", "已重做：{0}";
    nothing_to_undo: "Nothing to undo", "没有可撤销的操作";
    nothing_to_redo: "Nothing to redo", "没有可重做的操作";

    lay_out: "Lay out", "自动布局";
    lay_out_help: "Lay out from left to right (L)", "从左到右自动布局（L）";
    fit: "Show everything", "显示全部";
    fit_help: "Show everything (F)", "显示全部（F）";
    zoom_in: "Zoom in (+)", "放大（+）";
    zoom_out: "Zoom out (−)", "缩小（−）";
    zoomed_to: "Zoom {0} %", "缩放 {0}%";
    lock: "Lock the canvas", "锁定画布";
    lock_help: "Lock: nothing is moved or wired by accident", "锁定：避免误移或误连";
    lock_or_unlock: "Lock or unlock", "锁定或解锁";
    locked: "The canvas is locked", "画布已锁定";
    unlocked: "The canvas is unlocked", "画布已解锁";
    is_locked: "The canvas is locked: press the padlock to change the design.", "画布已锁定：点击锁形按钮后才能修改设计。";
    minimap: "Small map of the design", "设计缩略图";
    menu: "Menu", "菜单";

    settings: "Settings", "设置";
    copy: "Copy", "复制";
    cut: "Cut", "剪切";
    paste: "Paste", "粘贴";
    duplicate: "Duplicate", "再制";
    delete: "Delete", "删除";
    rename: "Rename", "重命名";
    select_all: "Select everything", "全选";
    copied: "Nodes copied: {0}", "已复制 {0} 个节点";
    nothing_copied: "Nothing has been copied yet", "还没有复制任何内容";
    paste_nodes: "paste nodes ({0})", "粘贴 {0} 个节点";
    duplicate_nodes: "duplicate nodes ({0})", "再制 {0} 个节点";
    selected_many: "{0} layers selected", "已选中 {0} 个层";
    nothing_is_selected: "Nothing is selected", "没有选中任何内容";
    freeze: "Freeze", "冻结";
    unfreeze: "Unfreeze", "解冻";
    frozen: "Frozen", "冻结";
    freeze_help: "The parameters are kept as they are while training.", "训练时保持参数不变。";
    picture_svg: "Picture as SVG", "导出 SVG 图片";
    picture_png: "Picture as PNG", "导出 PNG 图片";
    picture_saved: "Saved {0}", "已保存 {0}";
    no_picture: "The browser could not make the picture; a smaller design, or SVG, may work.", "浏览器无法生成图片；可以试试更小的设计或 SVG。";

    separate: "Give each task its own", "每个任务各用一份";
    share: "Share (merge equal layers)", "共享（合并相同的层）";
    tie: "Tie softly", "软共享";
    untie: "Let go", "解除软共享";
    ties: "Soft sharing", "软共享";
    tie_needs_two: "Select exactly two layers of one type to tie them.", "请恰好选中两个同类层再建立软共享。";
    tie_strength: "Strength of the tie with {0}", "与 {0} 软共享的强度";
    tie_help: "strength · Σ (a − b)² over both layers' parameters is added to the loss.", "在损失中加入 强度 · Σ (a − b)²，a、b 为两层的参数。";
    not_a_number: "Expected a number of at least 0; the old value stays.", "需要不小于 0 的数；保留原值。";
    sharing: "Sharing", "共享方式";
    sharing_help: "Hard sharing uses one layer for several tasks; “each its own” copies it per task; a tie pulls two layers together.",
        "硬共享让多个任务使用同一层；“各用一份”为每个任务复制一层；软共享使两层参数相互靠近。";
    group: "Group into a block", "编为一组";
    ungroup: "Ungroup", "解散分组";
    block: "Block", "分组";
    block_name: "Block {0}", "分组 {0}";
    block_about: "{0} layers · {1} parameters", "{0} 层 · {1} 参数";
    fold: "Fold", "折叠";
    unfold: "Unfold", "展开";
    arrange: "Arrange", "排列";
    align: "align", "对齐";
    distribute: "distribute", "均匀分布";
    align_left: "Align left edges", "左对齐";
    align_centre: "Align centres", "水平居中";
    align_right: "Align right edges", "右对齐";
    align_top: "Align upper edges", "上对齐";
    align_middle: "Align middles", "垂直居中";
    align_bottom: "Align lower edges", "下对齐";
    distribute_across: "Equal gaps across", "水平等距";
    distribute_down: "Equal gaps down", "垂直等距";

    wire: "Wire", "连线";
    from: "From", "起点";
    to: "To", "终点";
    shape: "Shape", "形状";
    wire_shape: "{0} → {1}: {2}", "{0} → {1}：形状 {2}";
    wire_no_shape: "{0} → {1}: shape not known yet", "{0} → {1}：形状未知";
    wire_help: "Drag a grip at either end to re-route it; a layer dropped on it is inserted.", "拖动两端的圆点可改接；把层拖到连线上即可插入。";
    move_start: "Move the start of {0}", "移动起点：{0}";
    move_end: "Move the end of {0}", "移动终点：{0}";
    wire_begun: "A wire has begun: choose where it ends, Escape gives it up", "已开始连线：请选择终点，Esc 放弃";
    wire_given_up: "The wire was given up", "已放弃连线";
    wire_end_at: "{0}, {1} of {2}: Enter connects", "{0}，第 {1} 个，共 {2} 个：回车连接";
    no_open_end: "There is no handle where this wire could end", "没有可以连接的端口";
    two_outputs: "A wire ends on an input; both ends here are outputs.", "连线的终点应为输入端口；这两端都是输出。";
    two_inputs: "A wire begins at an output; both ends here are inputs.", "连线的起点应为输出端口；这两端都是输入。";
    input_handle: "Input {0} of {1}, takes {2}", "{1} 的输入“{0}”，接受{2}";
    output_handle: "Output {0} of {1}, gives {2}", "{1} 的输出“{0}”，给出{2}";

    head_weight: "weight {0}", "权重 {0}";
    no_shape: "shape not known yet", "形状未知";
    shape_is: "shape {0}", "形状 {0}";
    parameters_are: "{0} parameters", "{0} 个参数";
    has_problem: "has a problem", "有问题";
    reaches_no_loss: "No task's loss reaches it: it does not learn.", "没有任务的损失能到达：它不会学习。";
    private_to: "Private: only {0} trains it.", "私有：只由 {0} 训练。";
    shared_by: "Shared by {0}.", "由 {0} 共享。";

    no_problems: "No problems", "没有问题";
    one_problem: "{0} problem", "{0} 个问题";
    problems: "{0} problems", "{0} 个问题";
    one_warning: "{0} remark", "{0} 条提醒";
    warnings: "{0} remarks", "{0} 条提醒";
    problem_list: "List of problems", "问题列表";

    layer_name: "Name of the layer", "层的名称";
    task_name: "Name of the task", "任务名称";
    what_it_computes: "What it computes", "它计算什么";
    no_settings: "This layer has no settings.", "该层没有设置。";
    who_shares: "Who shares this?", "谁在共享它？";
    shapes: "Shapes", "形状";
    cost: "Size and cost", "规模与开销";
    parameters: "Parameters", "参数";
    macs: "Multiply-adds per example", "每个样本的乘加次数";
    macs_help: "Multiplications with addition of a forward pass for one example.", "一个样本前向计算所需的乘加次数。";
    whole_design: "The whole design", "整个设计";
    shared_parameters: "Shared by tasks", "任务间共享";
    private_parameters: "Private to one task", "单个任务私有";
    idle_parameters: "Reached by no loss", "损失未到达";
    tasks: "Tasks", "任务";
    no_tasks: "No task yet: add a task head.", "还没有任务：请添加任务头。";
    task_counts: "{0} parameters, {1} of them private", "{0} 个参数，其中 {1} 个私有";
}
