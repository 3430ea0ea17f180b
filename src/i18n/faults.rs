//! Texts of failures: missing files, timeouts, refused access.

texts! {
    embedded: "This page is embedded in another one: documents are kept until it is closed, and those of this browser are neither shown nor changed.",
        "本页面嵌入在其他页面中：文档只保留到页面关闭为止；此浏览器中已保存的文档既不显示也不更改。";
    embed_no_origin: "the link says embed={0}, which is not the origin of a page (such as https://lesson.example or http://localhost:8000): no page can drive this one",
        "链接中的 embed={0} 不是页面的来源（例如 https://lesson.example 或 http://localhost:8000）：任何页面都不能控制本页面";
    no_data: "no data set is loaded: choose one in the data panel", "没有加载数据集：请在数据面板中选择";
    data_changed: "“{0}” is not the file that was published (its SHA-256 should be {1} and is {2}): it was cut or changed on its way. Load it again. The data set that was there is kept.",
        "“{0}”不是所发布的文件（SHA-256 应为 {1}，实为 {2}）：在传输途中被截断或改动。请重新加载。保留原有数据集。";
}
