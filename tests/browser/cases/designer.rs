//! Designs are drawn on an empty canvas with the mouse, with the keyboard alone and by touch, and
//! they can be trained; undo and redo restore them.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::hand::{double_click, drag, key, tap, type_text};
use crate::steps::{count_is, has_data};
use browser_tests::mouse::{canvas_corner, middle, mouse};

const EMPTY: &str = r#"{"version":1,"name":"drawn","nodes":[],"wires":[]}"#;

/// The drawn design as text: names, positions, wires.
const DRAWN: &str = "[...document.querySelectorAll('.node, .wire')].map((e) => [e.id, e.getAttribute('transform'), \
    e.querySelector('.wire-line')?.getAttribute('d') ?? e.textContent].join(' ')).sort().join('\\n')";

/// The data set of these tests: real ratings if they were fetched, otherwise generated impressions.
struct Drawing {
    is_real: bool,
    /// The head of the third task: ratings are numbers, the generated set has binary labels only.
    last_head: &'static str,
}

/// Opens an empty canvas on recommendation data.
async fn open_empty(page: &Page) -> Result<Drawing> {
    page.open("").await?;
    let is_real = has_data(page, "lecture-ratings").await?;
    let (data, last_head) = if is_real {
        ("lecture-ratings", "regression head")
    } else {
        ("generated-impressions", "yes / no head")
    };
    open_empty_on(page, data).await?;
    Ok(Drawing { is_real, last_head })
}

impl Drawing {
    /// The layer at an index of [`LAYERS`], with the head that fits the data.
    fn layer(&self, position: usize, name: &'static str) -> &'static str {
        if position + 1 == LAYERS.len() {
            self.last_head
        } else {
            name
        }
    }
}

async fn open_empty_on(page: &Page, data: &str) -> Result<()> {
    // Without the real data sets there is no index of them.
    page.expect_console("data/index.json");
    page.open("#lang=en").await?;
    page.wait_for("a data set is loaded", "(await mtlPlayground.state()).rows")
        .await?;
    page.api::<Value>("data", &[json!(data)]).await?;
    page.api::<Value>("load", &[json!(EMPTY)]).await?;
    count_is(page, ".node", 0).await?;
    page.wait_for(
        "the three steps are shown",
        "document.querySelector('.first-steps')",
    )
    .await
}

/// Types into the open search box and chooses the first result; returns the ID of the new node.
async fn choose_layer(page: &Page, name: &str) -> Result<u32> {
    let before: Vec<u32> = node_ids(page).await?;
    page.wait_for(
        "the search box has the focus",
        "document.activeElement?.matches('.canvas-search input')",
    )
    .await?;
    type_text(page, name).await?;
    let is_found = format!(
        "document.querySelector('.canvas-search li[aria-selected=true] span')?.innerText.toLowerCase() === {}",
        json!(name)
    );
    page.wait_for("it is found", &is_found).await?;
    key(page, "Enter", 0).await?;
    page.wait_for(
        "the layer is drawn",
        &format!("document.querySelectorAll('.node').length > {}", before.len()),
    )
    .await?;
    let after = node_ids(page).await?;
    after
        .into_iter()
        .find(|id| !before.contains(id))
        .context("no new node")
}

async fn node_ids(page: &Page) -> Result<Vec<u32>> {
    page.eval("[...document.querySelectorAll('.node')].map((e) => Number(e.dataset.node))")
        .await
}

/// The layers of a three-task design with two inputs: name to search for, column, row.
const LAYERS: &[(&str, usize, usize)] = &[
    ("id input", 0, 0),
    ("id input", 0, 2),
    ("embedding", 1, 0),
    ("embedding", 1, 2),
    ("concatenate", 2, 1),
    ("dense", 3, 1),
    ("dense", 4, 0),
    ("dense", 4, 1),
    ("dense", 4, 2),
    ("dropout", 5, 0),
    ("dropout", 5, 1),
    ("dropout", 5, 2),
    ("yes / no head", 6, 0),
    ("yes / no head", 6, 1),
    ("yes / no head", 6, 2),
];

/// Its wires, by index in [`LAYERS`].
const WIRES: &[(usize, usize)] = &[
    (0, 2),
    (1, 3),
    (2, 4),
    (3, 4),
    (4, 5),
    (5, 6),
    (5, 7),
    (5, 8),
    (6, 9),
    (7, 10),
    (8, 11),
    (9, 12),
    (10, 13),
    (11, 14),
];

async fn trains(page: &Page) -> Result<()> {
    page.wait_for(
        "there is no error",
        "document.querySelector('.canvas-problems').dataset.state !== 'error'",
    )
    .await?;
    page.wait_for(
        "the run has the design",
        "(await mtlPlayground.state()).problem === null",
    )
    .await?;
    page.api::<Value>(
        "set",
        &[json!({ "epochs": 2, "batch_size": 256, "learning_rate": 0.003 })],
    )
    .await?;
    page.api::<Value>("step", &[json!(5)]).await?;
    page.wait_for("five steps were made", "(await mtlPlayground.state()).step >= 5")
        .await
}

/// Checks that the result on the validation set of the real data is better than chance.
async fn has_learnt(page: &Page, tasks: &[&str], least_auc: f64) -> Result<()> {
    page.wait_for_within(
        Duration::from_secs(120),
        "the run is over",
        "(await mtlPlayground.state()).phase === 'finished'",
    )
    .await?;
    let metrics: Value = page.api("evaluate", &[json!("validation")]).await?;
    for task in tasks {
        let auc = metrics["tasks"][*task]["auc"]
            .as_f64()
            .with_context(|| format!("no AUC of {task} in {metrics}"))?;
        println!("drawn by hand, two epochs of lecture-ratings: {task} AUC {auc:.3}");
        ensure!(auc > least_auc, "{task}: AUC {auc}");
    }
    Ok(())
}

/// Undoes 20 steps, redoes them, and compares the drawings.
async fn undo_and_redo(page: &Page) -> Result<()> {
    let drawn: String = page.eval(DRAWN).await?;
    for _ in 0..20 {
        key(page, "z", 2).await?;
    }
    page.wait_for("something is gone", &format!("({DRAWN}) !== {}", json!(drawn)))
        .await?;
    for _ in 0..20 {
        key(page, "z", 2 | 8).await?;
    }
    page.wait_for("all is back", &format!("({DRAWN}) === {}", json!(drawn)))
        .await
}

#[test]
fn a_three_task_network_is_drawn_with_the_mouse_and_trains() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("designer-mouse", setup, async |page| {
        let drawing = open_empty(page).await?;
        for _ in 0..4 {
            page.click_named("Zoom out (−)").await?;
        }
        let [left, top] = canvas_corner(page).await?;
        let mut ids = Vec::new();
        for (position, (name, column, row)) in LAYERS.iter().enumerate() {
            let name = drawing.layer(position, name);
            let at = [
                left + 16.0 + 108.0 * *column as f64,
                top + 70.0 + 70.0 * *row as f64,
            ];
            double_click(page, at).await?;
            ids.push(choose_layer(page, name).await?);
        }
        for (from, to) in WIRES {
            let from = middle(page, &format!("#mtl-out-{}-0", ids[*from])).await?;
            let to = middle(page, &format!("#mtl-in-{}-0", ids[*to])).await?;
            drag(page, from, to).await?;
        }
        page.wait_for(
            "all wires are drawn",
            &format!("document.querySelectorAll('.wire').length === {}", WIRES.len()),
        )
        .await?;
        page.screenshot("designer-mouse").await?;
        trains(page).await?;
        undo_and_redo(page).await?;
        trains(page).await?;
        if drawing.is_real {
            page.click("#play").await?;
            has_learnt(page, &["like", "top"], 0.62).await?;
        }
        Ok(())
    });
}

#[test]
fn a_wire_that_cannot_be_says_why_while_it_is_drawn() {
    check("designer-refusal", Setup::default(), async |page| {
        open_empty(page).await?;
        let [left, top] = canvas_corner(page).await?;
        double_click(page, [left + 40.0, top + 80.0]).await?;
        let input = choose_layer(page, "id input").await?;
        double_click(page, [left + 300.0, top + 80.0]).await?;
        let dense = choose_layer(page, "dense").await?;
        let from = middle(page, &format!("#mtl-out-{input}-0")).await?;
        let to = middle(page, &format!("#mtl-in-{dense}-0")).await?;
        mouse(page, "mouseMoved", from, 0).await?;
        mouse(page, "mousePressed", from, 1).await?;
        for share in [0.3, 0.7, 1.0] {
            mouse(
                page,
                "mouseMoved",
                [
                    from[0] + (to[0] - from[0]) * share,
                    from[1] + (to[1] - from[1]) * share,
                ],
                1,
            )
            .await?;
        }
        page.wait_for(
            "it says why",
            "document.querySelector('.canvas-hint[data-refused=true]')?.innerText.includes('an ID')",
        )
        .await?;
        key(page, "Escape", 0).await?;
        mouse(page, "mouseReleased", to, 1).await?;
        count_is(page, ".wire", 0).await
    });
}

/// Presses Tab until the focused element fulfils a condition.
async fn tab_to(page: &Page, what: &str, condition: &str) -> Result<()> {
    for _ in 0..60 {
        if page.eval(&format!("Boolean({condition})")).await? {
            return Ok(());
        }
        key(page, "Tab", 0).await?;
    }
    anyhow::bail!("Tab does not reach {what}")
}

#[test]
fn a_three_task_network_is_drawn_with_the_keyboard_alone_and_trains() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("designer-keyboard", setup, async |page| {
        let drawing = open_empty(page).await?;
        page.eval::<Value>("document.querySelector('#design').focus()")
            .await?;
        let mut ids: Vec<u32> = Vec::new();
        for (place, (name, ..)) in LAYERS.iter().enumerate() {
            key(page, "/", 0).await?;
            let node = choose_layer(page, drawing.layer(place, name)).await?;
            let has_focus =
                format!("document.activeElement?.closest('[data-node]')?.dataset.node === '{node}'");
            page.wait_for("the new node has the focus", &has_focus).await?;
            // Wires its inputs: Tab reaches the handle of an input, and Tab again the other end.
            for (from, _) in WIRES.iter().filter(|(_, to)| *to == place) {
                tab_to(
                    page,
                    "an input",
                    "document.activeElement?.dataset.handle?.startsWith('in:')",
                )
                .await?;
                key(page, "Enter", 0).await?;
                let is_there = format!(
                    "document.activeElement?.dataset.handle === 'out:{}:0'",
                    ids[*from]
                );
                tab_to(page, "the output", &is_there).await?;
                key(page, "Enter", 0).await?;
                page.eval::<Value>(&format!(
                    "document.querySelector('#mtl-node-{node} .node-body').focus()"
                ))
                .await?;
            }
            ids.push(node);
        }
        page.wait_for(
            "all wires are drawn",
            &format!("document.querySelectorAll('.wire').length === {}", WIRES.len()),
        )
        .await?;
        key(page, "l", 0).await?;
        page.sleep(Duration::from_millis(500)).await;
        page.screenshot("designer-keyboard").await?;
        page.eval::<Value>("document.querySelector('#design').focus()")
            .await?;
        trains(page).await?;
        undo_and_redo(page).await?;
        trains(page).await?;
        if drawing.is_real {
            key(page, " ", 0).await?;
            has_learnt(page, &["like", "top"], 0.62).await?;
        }
        Ok(())
    });
}

/// Taps the button of the canvas whose name starts with a text, until the design satisfies a condition.
async fn tap_until(page: &Page, name: &str, condition: &str) -> Result<()> {
    let css = format!(".canvas-bar button[aria-label^=\"{name}:\"]");
    for _ in 0..40 {
        if page.eval(condition).await? {
            return Ok(());
        }
        let before: String = page.eval(DRAWN).await?;
        tap(page, middle(page, &css).await?).await?;
        page.wait_for("another drawing", &format!("({DRAWN}) !== {}", json!(before)))
            .await?;
    }
    bail!("40 times {name}, and still not {condition}")
}

#[test]
fn five_nodes_are_drawn_with_a_finger_on_a_phone_and_train() {
    check("designer-touch", Setup::default(), async |page| {
        page.phone().await?;
        let drawing = open_empty(page).await?;
        tap(page, middle(page, ".canvas-add").await?).await?;
        page.wait_for("the list is open", "document.querySelector('.canvas-palette')")
            .await?;
        // Each added layer is connected to the previous one.
        for (count, name) in ["ID input", "Embedding", "Dense", "Dropout", "Yes / no head"]
            .iter()
            .enumerate()
        {
            page.eval::<Value>(&format!(
                "[...document.querySelectorAll('.palette-item')].find((e) => e.innerText === {}).scrollIntoView({{ block: 'center' }})",
                json!(name)
            ))
            .await?;
            let item: [f64; 2] = page
                .eval(&format!(
                    "(() => {{ const r = [...document.querySelectorAll('.palette-item')].find((e) => e.innerText === {}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
                    json!(name)
                ))
                .await?;
            tap(page, item).await?;
            page.wait_for(
                "it is added",
                &format!("document.querySelectorAll('.node').length === {}", count + 1),
            )
            .await?;
        }
        count_is(page, ".wire", 4).await?;
        tap(page, middle(page, ".canvas-palette header button").await?).await?;
        count_is(page, ".canvas-palette", 0).await?;
        page.click_named("Show everything (F)").await?;
        page.screenshot("designer-touch").await?;
        trains(page).await?;
        // Everything is undone and redone.
        let drawn: String = page.eval(DRAWN).await?;
        tap_until(page, "Undo", "!document.querySelector('.node')").await?;
        tap_until(page, "Redo", &format!("({DRAWN}) === {}", json!(drawn))).await?;
        trains(page).await?;
        if drawing.is_real {
            tap(page, middle(page, "#play").await?).await?;
            has_learnt(page, &["like"], 0.55).await?;
        }
        Ok(())
    });
}
