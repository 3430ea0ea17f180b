//! Texts of the design canvas and the inspector.

texts! {
    canvas: "Design canvas", "设计画布";
    nothing_selected: "Click a layer to see and change its settings.", "点击一个层来查看和修改它的设置。";
}
