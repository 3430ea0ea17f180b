//! Texts of the documents that the browser keeps.

texts! {
    title: "Your documents", "你的文档";
    about: "Each design is kept in this browser with its data set and settings, and saved after every change. Weights are not: save them as a file.",
        "每个设计连同数据集和设置保存在此浏览器中，每次修改后自动保存。权重不会保存：请另存为文件。";
    new: "New document", "新建文档";
    new_hint: "An empty design; the one that is open is kept", "新建空白设计；当前设计会保留";
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
    deleted_about: "They can be taken back for 30 days.", "30 天内可以恢复。";
    restore: "Restore", "恢复";
    restore_named: "Restore “{0}”", "恢复“{0}”";
    contents: "{0} layers · {1} · {2}", "{0} 层 · {1} · {2}";
    none: "Nothing is kept yet: change something, and it is.", "还没有保存任何文档：一旦有修改就会自动保存。";
    split_in_two: "“{0}” was changed in another window too. This window goes on in a copy, so that neither is lost.",
        "“{0}”同时在另一个窗口中被修改。此窗口改为编辑副本，两边都不会丢失。";
    no_database: "this browser keeps no documents (its database is blocked); save the design as a file",
        "此浏览器无法保存文档（数据库被禁用）；请把设计另存为文件";
    database_failed: "The browser could not save the document ({0}). Save it as a file.",
        "浏览器无法保存文档（{0}）。请另存为文件。";
    document_gone: "the document is no longer there; another window may have deleted it", "该文档已不存在，可能已在另一个窗口中删除";
    changed_elsewhere: "another window has changed the document meanwhile; open it again", "该文档在此期间被另一个窗口修改；请重新打开";
    shortcut: "Your documents", "你的文档";
}
