//! Mouse input.

use anyhow::Result;
use serde_json::json;

use crate::Page;

/// One event of the mouse; `clicks` is 0 while no button is held.
pub async fn mouse(page: &Page, kind: &str, [x, y]: [f64; 2], clicks: u32) -> Result<()> {
    let (button, buttons) = match (kind, clicks) {
        ("mouseMoved", 0) => ("none", 0),
        ("mouseReleased", _) => ("left", 0),
        _ => ("left", 1),
    };
    let event =
        json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": clicks });
    page.cdp("Input.dispatchMouseEvent", event).await.map(drop)
}

/// The middle of an element on the screen.
pub async fn middle(page: &Page, css: &str) -> Result<[f64; 2]> {
    let css = json!(css);
    page.eval(&format!(
        "(() => {{ const r = document.querySelector({css}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
    ))
    .await
}

/// The upper left corner of the canvas.
pub async fn canvas_corner(page: &Page) -> Result<[f64; 2]> {
    page.eval("(() => { const r = document.querySelector('.canvas-surface').getBoundingClientRect(); return [r.x, r.y]; })()")
        .await
}
