//! A design of 300 nodes and 500 wires, with panning and dragging by mouse.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    Page,
    mouse::{canvas_corner, middle, mouse},
};

/// An empty place of the canvas.
pub async fn empty_place(page: &Page) -> Result<[f64; 2]> {
    let [left, top] = canvas_corner(page).await?;
    Ok([left + 30.0, top + 120.0])
}

/// The middle of a node in the middle of the design.
pub async fn middle_node(page: &Page) -> Result<[f64; 2]> {
    middle(page, "#mtl-node-150 .node-body").await
}

/// Presses the mouse at `from`, moves it in circles back to the start, and releases it; returns the number of moves.
pub async fn circle(page: &Page, from: [f64; 2]) -> Result<u64> {
    const MOVES: u64 = 120;
    mouse(page, "mouseMoved", from, 0).await?;
    mouse(page, "mousePressed", from, 1).await?;
    for step in 0..MOVES {
        let angle = step as f64 / 10.0;
        let at = [from[0] + 60.0 * angle.sin(), from[1] + 40.0 * (angle.cos() - 1.0)];
        mouse(page, "mouseMoved", at, 1).await?;
    }
    mouse(page, "mouseMoved", from, 1).await?;
    mouse(page, "mouseReleased", from, 1).await?;
    Ok(MOVES)
}

/// 300 nodes in 20 columns, each with an input from one or two nodes of the previous column.
pub fn design() -> Value {
    let nodes: Vec<Value> = (0..300)
        .map(|id| {
            let position = [270 * (id / 15), 105 * (id % 15)];
            let layer = if id < 15 {
                json!({ "type": "dense_input" })
            } else {
                json!({ "type": "add" })
            };
            json!({ "id": id, "name": format!("node {id}"), "layer": layer, "position": position })
        })
        .collect();
    let pairs = (15..300).flat_map(|to| [(to - 15, to), (to - 15 + if to % 15 == 14 { -1 } else { 1 }, to)]);
    let wires: Vec<Value> = pairs
        .take(500)
        .enumerate()
        .map(|(id, (from, to))| json!({ "id": id, "from": { "node": from }, "to": { "node": to } }))
        .collect();
    json!({ "version": 1, "name": "large", "nodes": nodes, "wires": wires })
}
