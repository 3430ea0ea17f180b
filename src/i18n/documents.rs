//! Texts of the documents that the browser keeps.

texts! {
    title: "Your documents", "你的文档";
    about: "Each design is kept in this browser with its data set and settings, and saved after every change. Weights are not: save them as a file.",
        "每个设计连同数据集和设置保存在此浏览器中，每次修改后自动保存。权重不会保存：请另存为文件。";
    new: "New document", "新建文档";
    new_hint: "Start an empty design; the current one is kept", "新建空白设计；当前设计会保留";
    new_name: "New design", "新设计";
    copy_of: "{0} (copy)", "{0}（副本）";
    name_of: "Name of “{0}”", "“{0}”的名称";
    open: "Open", "打开";
    is_open: "Already open", "已打开";
    duplicate: "Duplicate", "创建副本";
    duplicate_named: "Duplicate “{0}”", "为“{0}”创建副本";
    delete: "Delete", "删除";
    delete_named: "Delete “{0}”", "删除“{0}”";
    deleted: "Deleted", "已删除";
    deleted_about: "They can be restored for 30 days.", "30 天内可以恢复。";
    restore: "Restore", "恢复";
    restore_named: "Restore “{0}”", "恢复“{0}”";
    contents: "{0} layers · {1} · {2}", "{0} 层 · {1} · {2}";
    none: "No documents yet. Your design is saved automatically after the first change.", "还没有保存任何文档：第一次修改后会自动保存。";
    split_in_two: "“{0}” was changed in another window too. This window continues in a copy, so that neither version is lost.",
        "“{0}”同时在另一个窗口中被修改。此窗口改为编辑副本，两边都不会丢失。";
    open_elsewhere: "“{0}” is open in another window: changes in this window are kept in a copy.",
        "“{0}”已在另一个窗口中打开，由那个窗口保存：在此处的修改会保存为副本。";
    store_full: "There is no room left for “{0}” in this browser's storage. It is kept in this window, and saving is retried automatically. Save it as a file, or free some space.",
        "浏览器的存储空间已满，无法保存“{0}”。它保留在此窗口中，并会自动重试保存。请另存为文件，或腾出空间。";
    store_failed: "The browser could not save “{0}” ({1}). It is kept in this window, and saving is retried automatically. Save it as a file to be sure.",
        "浏览器无法保存“{0}”（{1}）。它保留在此窗口中，并会自动重试保存。为保险起见请另存为文件。";
    stored_again: "Everything is saved again.", "所有内容均已重新保存。";
    evicted: "This browser has deleted the saved documents of this page (to free space, or because the site's data was cleared). The documents that are open here have been saved again; save important work as a file.",
        "浏览器删除了本页面已保存的内容（空间不足，或有人清除了站点数据）。此处打开的文档已重新保存；重要内容请另存为文件。";
    run_resumed: "The page was closed during training: the run continues from its last backup at step {0}, with the state of the optimizer. Press Play.",
        "页面在训练途中被关闭：训练从最近一次备份的第 {0} 步继续，优化器状态一并恢复。请点击“开始”。";
    database_failed: "The browser could not read your documents ({0}).", "浏览器无法读取你的文档（{0}）。";
    document_gone: "the document no longer exists; another window may have deleted it", "该文档已不存在，可能已在另一个窗口中删除";
    changed_elsewhere: "another window has changed the document in the meantime; open it again", "该文档在此期间被另一个窗口修改；请重新打开";
    shortcut: "Your documents", "你的文档";
}
