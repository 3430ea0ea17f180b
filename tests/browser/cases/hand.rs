//! Input events (mouse, touch, keys) as the browser sends them, at positions on the screen.

use anyhow::Result;
use browser_tests::{Page, mouse::mouse};
use serde_json::json;

/// Presses, moves and releases the mouse.
pub async fn drag(page: &Page, from: [f64; 2], to: [f64; 2]) -> Result<()> {
    mouse(page, "mouseMoved", from, 0).await?;
    mouse(page, "mousePressed", from, 1).await?;
    for step in 1..=6 {
        let share = f64::from(step) / 6.0;
        let at = [
            from[0] + (to[0] - from[0]) * share,
            from[1] + (to[1] - from[1]) * share,
        ];
        mouse(page, "mouseMoved", at, 1).await?;
    }
    mouse(page, "mouseReleased", to, 1).await
}

/// A double click.
pub async fn double_click(page: &Page, at: [f64; 2]) -> Result<()> {
    mouse(page, "mouseMoved", at, 0).await?;
    for clicks in [1, 2] {
        mouse(page, "mousePressed", at, clicks).await?;
        mouse(page, "mouseReleased", at, clicks).await?;
    }
    Ok(())
}

/// One touch event of several fingers.
pub async fn touch(page: &Page, kind: &str, fingers: &[[f64; 2]]) -> Result<()> {
    let points: Vec<_> = fingers
        .iter()
        .enumerate()
        .map(|(id, [x, y])| json!({ "x": x, "y": y, "id": id }))
        .collect();
    page.cdp(
        "Input.dispatchTouchEvent",
        json!({ "type": kind, "touchPoints": points }),
    )
    .await
    .map(drop)
}

/// A tap.
pub async fn tap(page: &Page, at: [f64; 2]) -> Result<()> {
    touch(page, "touchStart", &[at]).await?;
    touch(page, "touchEnd", &[]).await
}

/// A key by its name, with Ctrl (2) or Shift (8).
pub async fn key(page: &Page, key: &str, modifiers: u32) -> Result<()> {
    let code = match key {
        "Enter" => 13,
        "Tab" => 9,
        "Escape" => 27,
        "Delete" => 46,
        "ArrowRight" => 39,
        "ArrowDown" => 40,
        letter => u32::from(letter.to_ascii_uppercase().as_bytes()[0]),
    };
    let text = match key {
        "Enter" => Some("\r"),
        letter if letter.len() == 1 && modifiers & 2 == 0 => Some(letter),
        _ => None,
    };
    let mut event = json!({ "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers });
    event["type"] = json!("keyDown");
    if let Some(text) = text {
        event["text"] = json!(text);
    }
    page.cdp("Input.dispatchKeyEvent", event.clone()).await?;
    event["type"] = json!("keyUp");
    if let Some(event) = event.as_object_mut() {
        event.remove("text");
    }
    page.cdp("Input.dispatchKeyEvent", event).await.map(drop)
}

/// Types into the focused element.
pub async fn type_text(page: &Page, text: &str) -> Result<()> {
    page.cdp("Input.insertText", json!({ "text": text }))
        .await
        .map(drop)
}
