//! Editing with the mouse: layers dragged from the palette, inserted into a wire, deleted with their neighbours connected, copied; wires
//! reconnected; the minimap; fixes of problems.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::hand::{drag, key, tap, touch};
use crate::steps::{count_is, design, select, settled};
use browser_tests::mouse::{canvas_corner, middle, mouse};

/// `user` and `item` embedded, concatenated, a shared layer, two heads.
fn two_tasks() -> Value {
    let layers = [
        ("user", json!({ "type": "id_input", "feature": "user" })),
        ("users", json!({ "type": "embedding" })),
        ("shared", json!({ "type": "dense", "units": 16 })),
        ("click", json!({ "type": "binary_head", "label": "click" })),
        (
            "conversion",
            json!({ "type": "binary_head", "label": "conversion" }),
        ),
    ];
    design(&layers, &[(0, 1), (1, 2), (2, 3), (2, 4)])
}

async fn open(page: &Page, design: Value) -> Result<()> {
    page.expect_console("data/index.json");
    page.open("#lang=en&data=generated-impressions").await?;
    settled(page).await?;
    let n_nodes = design["nodes"].as_array().map_or(0, Vec::len);
    page.api::<Value>("load", &[design]).await?;
    count_is(page, ".node", n_nodes).await
}

/// Waits until this number of nodes and wires is drawn.
async fn counts(page: &Page, n_nodes: usize, n_wires: usize) -> Result<()> {
    count_is(page, ".node", n_nodes).await?;
    count_is(page, ".wire", n_wires).await
}

/// The middle of a wire on the screen; the wire is found by its label.
async fn on_wire(page: &Page, label: &str) -> Result<[f64; 2]> {
    page.eval(&format!(
        "(() => {{ const wire = [...document.querySelectorAll('.wire')].find((wire) => wire.getAttribute('aria-label').startsWith({})); \
           const line = wire.querySelector('.wire-line'); const at = line.getPointAtLength(line.getTotalLength() / 2); \
           const to = line.getScreenCTM(); return [at.x * to.a + to.e, at.y * to.d + to.f]; }})()",
        json!(label)
    ))
    .await
}

async fn wires(page: &Page) -> Result<Vec<String>> {
    page.eval("[...document.querySelectorAll('.wire')].map((wire) => wire.getAttribute('aria-label').split(':')[0]).sort()")
        .await
}

/// Name of the step that the undo button would undo.
async fn undo_says(page: &Page, words: &str) -> Result<()> {
    page.wait_for(
        &format!("undo says {words}"),
        &format!(
            "[...document.querySelectorAll('.canvas-bar button')].some((button) => button.title.startsWith({}))",
            json!(format!("Undo: {words}"))
        ),
    )
    .await
}

async fn undo(page: &Page) -> Result<()> {
    key(page, "z", 2).await
}

/// Drags a layer from the palette.
async fn drag_out(page: &Page, name: &str, to: [f64; 2]) -> Result<()> {
    page.click(".canvas-add").await?;
    page.eval::<Value>(&format!(
        "void [...document.querySelectorAll('.palette-item')].find((item) => item.innerText === {}).setAttribute('data-test-item', '')",
        json!(name)
    ))
    .await?;
    page.find("[data-test-item]").await?.scroll_into_view().await?;
    drag(page, middle(page, "[data-test-item]").await?, to).await?;
    page.eval::<Value>("void document.querySelector('[data-test-item]').removeAttribute('data-test-item')")
        .await?;
    page.click(".canvas-add").await
}

#[test]
fn a_layer_is_dragged_out_of_the_list_onto_the_canvas_and_onto_a_wire() {
    check("editing-drag-out", Setup::default(), async |page| {
        open(page, two_tasks()).await?;
        let [left, top] = canvas_corner(page).await?;
        let free = [left + 300.0, top + 290.0];
        drag_out(page, "Dense", free).await?;
        counts(page, 6, 4).await?;
        let place: [f64; 2] = page
            .eval("(() => { const r = document.querySelector('.node[data-selected] .node-body').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
            .await?;
        ensure!(
            (place[0] - free[0]).abs() < 60.0 && (place[1] - free[1]).abs() < 60.0,
            "dropped at {free:?}, drawn at {place:?}"
        );
        undo(page).await?;
        counts(page, 5, 4).await?;
        let wire = on_wire(page, "shared → click").await?;
        drag_out(page, "Dropout", wire).await?;
        counts(page, 6, 5).await?;
        ensure!(
            !wires(page).await?.contains(&"shared → click".to_owned()),
            "the layer stands beside the wire: {:?}",
            wires(page).await?
        );
        undo(page).await?;
        counts(page, 5, 4).await
    });
}

#[test]
fn a_deleted_layer_is_spliced_and_undo_names_it() {
    check("editing-splice", Setup::default(), async |page| {
        open(page, two_tasks()).await?;
        select(page, &["shared"]).await?;
        key(page, "Delete", 0).await?;
        counts(page, 4, 3).await?;
        ensure!(
            wires(page)
                .await?
                .iter()
                .filter(|wire| wire.starts_with("users →"))
                .count()
                == 2,
            "the neighbours are not connected: {:?}",
            wires(page).await?
        );
        undo_says(page, "delete shared").await?;
        undo(page).await?;
        counts(page, 5, 4).await?;
        // Copies are placed in the visible part of the canvas.
        select(page, &["shared"]).await?;
        key(page, "c", 2).await?;
        key(page, "v", 2).await?;
        counts(page, 6, 4).await?;
        key(page, "d", 2).await?;
        counts(page, 7, 4).await?;
        let is_seen: bool = page
            .eval(
                "[...document.querySelectorAll('.node')].slice(-2).every((node) => { const r = node.getBoundingClientRect(), c = document.querySelector('.canvas-surface').getBoundingClientRect(); \
                   return r.top >= c.top && r.bottom <= c.bottom && r.left >= c.left && r.right <= c.right; })",
            )
            .await?;
        ensure!(is_seen, "a copy is out of sight");
        Ok(())
    });
}

#[test]
fn the_end_of_a_wire_is_taken_elsewhere() {
    check("editing-reroute", Setup::default(), async |page| {
        open(page, two_tasks()).await?;
        // Dropped on nothing, the wire is deleted; dropped on another input, it ends there.
        let (head, other) = (
            middle(page, "#mtl-in-3-0").await?,
            middle(page, "#mtl-in-2-0").await?,
        );
        let [left, top] = canvas_corner(page).await?;
        drag(page, head, [left + 300.0, top + 330.0]).await?;
        counts(page, 5, 3).await?;
        undo_says(page, "disconnect shared → click").await?;
        let wire = on_wire(page, "users → shared").await?;
        mouse(page, "mouseMoved", wire, 0).await?;
        mouse(page, "mousePressed", wire, 1).await?;
        mouse(page, "mouseReleased", wire, 1).await?;
        page.find("[data-grip]").await?;
        let grip: [f64; 2] = page
            .eval(&format!(
                "(() => {{ const all = [...document.querySelectorAll('[data-grip]')].map((grip) => {{ const r = grip.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }}); \
                   return all.sort((a, b) => Math.hypot(a[0] - {x}, a[1] - {y}) - Math.hypot(b[0] - {x}, b[1] - {y}))[0]; }})()",
                x = other[0],
                y = other[1]
            ))
            .await?;
        drag(page, grip, head).await?;
        page.wait_for(
            "the wire ends at the head",
            "[...document.querySelectorAll('.wire')].some((wire) => wire.getAttribute('aria-label').startsWith('users → click'))",
        )
        .await?;
        ensure!(
            !wires(page).await?.contains(&"users → shared".to_owned()),
            "it is still where it was: {:?}",
            wires(page).await?
        );
        undo(page).await?;
        page.wait_for(
            "it is back",
            "[...document.querySelectorAll('.wire')].some((wire) => wire.getAttribute('aria-label').startsWith('users → shared'))",
        )
        .await
    });
}

#[test]
fn the_small_map_moves_the_view() {
    check("editing-minimap", Setup::default(), async |page| {
        open(page, two_tasks()).await?;
        for _ in 0..8 {
            page.click_named("Zoom in (+)").await?;
        }
        for (name, share) in [("user", 0.08), ("click", 0.92)] {
            let at: [f64; 2] = page
                .eval(&format!(
                    "(() => {{ const r = document.querySelector('.minimap').getBoundingClientRect(); return [r.x + r.width * {share}, r.y + r.height / 2]; }})()"
                ))
                .await?;
            mouse(page, "mouseMoved", at, 0).await?;
            mouse(page, "mousePressed", at, 1).await?;
            mouse(page, "mouseReleased", at, 1).await?;
            page.wait_for(
                &format!("{name} is seen"),
                &format!(
                    "(() => {{ const node = [...document.querySelectorAll('.node')].find((node) => node.querySelector('.node-title').textContent === '{name}'); \
                       const r = node.querySelector('.node-body').getBoundingClientRect(), c = document.querySelector('.canvas-surface').getBoundingClientRect(); \
                       const [x, y] = [r.x + r.width / 2, r.y + r.height / 2]; return x > c.left && x < c.right && y > c.top && y < c.bottom; }})()"
                ),
            )
            .await?;
        }
        Ok(())
    });
}

/// A broken design, the label of the button that fixes it, and the expected design.
struct Mended {
    layers: Vec<(&'static str, Value)>,
    wires: Vec<(usize, usize)>,
    button: &'static str,
}

#[test]
fn problems_are_mended_with_one_click() {
    let input = || ("user", json!({ "type": "id_input", "feature": "user" }));
    let table = || ("users", json!({ "type": "embedding" }));
    let head = || ("click", json!({ "type": "binary_head", "label": "click" }));
    let dense = |name| (name, json!({ "type": "dense", "units": 8 }));
    let cases = [
        Mended {
            layers: vec![input(), table(), dense("dense")],
            wires: vec![(0, 1), (1, 2)],
            button: "Add the task",
        },
        Mended {
            layers: vec![input(), table(), head()],
            wires: vec![(0, 1)],
            button: "Connect",
        },
        Mended {
            layers: vec![
                input(),
                table(),
                dense("one"),
                ("sum", json!({ "type": "add" })),
                dense("two"),
                head(),
            ],
            wires: vec![(0, 1), (1, 3), (3, 2), (2, 4), (4, 3), (4, 5)],
            button: "Disconnect",
        },
        Mended {
            layers: vec![
                input(),
                table(),
                dense("one"),
                ("two", json!({ "type": "dense", "units": 5 })),
                ("sum", json!({ "type": "add" })),
                head(),
            ],
            wires: vec![(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)],
            button: "Set Units",
        },
    ];
    check("editing-fixes", Setup::default(), async |page| {
        for case in cases {
            open(page, design(&case.layers, &case.wires)).await?;
            mend(page, case.button).await?;
        }
        // A sequence where a vector is expected.
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 500 })])
            .await?;
        let layers = [
            ("text", json!({ "type": "token_input", "feature": "text" })),
            ("words", json!({ "type": "embedding" })),
            ("domain", json!({ "type": "classes_head", "label": "domain" })),
        ];
        page.api::<Value>("load", &[design(&layers, &[(0, 1), (1, 2)])])
            .await?;
        mend(page, "ooling").await
    });
}

/// Presses the first button with the text `words` in the list of problems, and compares the design.
async fn mend(page: &Page, words: &str) -> Result<()> {
    page.find(".canvas-problems[data-state=error]").await?;
    if !page
        .eval::<bool>("document.querySelector('.canvas-problems li') !== null")
        .await?
    {
        page.click(".problems-count").await?;
    }
    page.find(".canvas-problems li").await?;
    let said: Vec<String> = page
        .eval("[...document.querySelectorAll('.canvas-problems li')].map((line) => line.innerText)")
        .await?;
    println!("{said:?}");
    let found: bool = page
        .eval(&format!(
            "(() => {{ const button = [...document.querySelectorAll('.canvas-problems .problem-fix')].find((button) => button.innerText.includes({})); button?.click(); return Boolean(button); }})()",
            json!(words)
        ))
        .await?;
    ensure!(found, "no button says {words}: {said:?}");
    page.wait_for(
        &format!("“{words}” mends it"),
        "document.querySelector('.canvas-problems').dataset.state !== 'error'",
    )
    .await?;
    undo_says(page, "").await?;
    settled(page).await?;
    page.api::<Value>("step", &[json!(1)]).await.map(drop)
}

/// Zoom and offset of the drawing, read from the DOM.
async fn view(page: &Page) -> Result<[f64; 3]> {
    page.eval(
        "(() => { const m = document.querySelector('.node').getScreenCTM(); return [m.a, m.e, m.f]; })()",
    )
    .await
}

#[test]
fn fingers_pan_and_pinch_and_a_long_press_opens_a_menu_and_no_more() {
    check("editing-fingers", Setup::default(), async |page| {
        page.phone().await?;
        open(page, two_tasks()).await?;
        page.click_named("Show everything (F)").await?;
        let [left, top] = canvas_corner(page).await?;
        // Between the toolbar and the layers.
        let ground = [left + 180.0, top + 130.0];
        let before = view(page).await?;
        touch(page, "touchStart", &[ground]).await?;
        for step in 1..=6 {
            touch(
                page,
                "touchMove",
                &[[ground[0] - 10.0 * f64::from(step), ground[1]]],
            )
            .await?;
        }
        touch(page, "touchEnd", &[]).await?;
        let panned = view(page).await?;
        ensure!(
            (panned[1] - before[1] + 60.0).abs() < 8.0 && panned[0] == before[0],
            "panned from {before:?} to {panned:?}"
        );
        let apart = |by: f64| {
            [
                [ground[0] - 40.0 - by, ground[1]],
                [ground[0] + 40.0 + by, ground[1]],
            ]
        };
        touch(page, "touchStart", &apart(0.0)).await?;
        for step in 1..=5 {
            touch(page, "touchMove", &apart(8.0 * f64::from(step))).await?;
        }
        touch(page, "touchEnd", &[]).await?;
        let pinched = view(page).await?;
        ensure!(
            (pinched[0] / panned[0] - 2.0).abs() < 0.2,
            "zoomed from {panned:?} to {pinched:?}"
        );
        page.click_named("Show everything (F)").await?;
        let node = middle(page, "#mtl-node-2 .node-body").await?;
        touch(page, "touchStart", &[node]).await?;
        page.find(".canvas-menu").await?;
        touch(page, "touchEnd", &[]).await?;
        page.sleep(std::time::Duration::from_millis(300)).await;
        page.find(".canvas-menu").await?;
        ensure!(
            page.eval::<usize>("document.querySelectorAll('.node').length")
                .await?
                == 5,
            "lifting the finger chose a line of the menu"
        );
        // The menu closes at the next touch.
        let duplicate: [f64; 2] = page
            .eval("(() => { const r = [...document.querySelectorAll('.canvas-menu button')].find((line) => line.innerText.startsWith('Duplicate')).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
            .await?;
        tap(page, duplicate).await?;
        count_is(page, ".node", 6).await
    });
}

#[test]
fn what_the_mouse_rests_on_says_what_it_is() {
    check("editing-hints", Setup::default(), async |page| {
        open(page, two_tasks()).await?;
        page.click_named("Show everything (F)").await?;
        page.wait_for(
            "everything is seen, beside the small map",
            "(() => { const map = document.querySelector('.minimap').getBoundingClientRect(); \
               return [...document.querySelectorAll('.node-box')].map((node) => node.getBoundingClientRect()) \
                 .every((node) => node.right <= map.left || node.bottom <= map.top); })()",
        )
        .await?;
        let says = async |at: [f64; 2], words: &str| {
            mouse(page, "mouseMoved", at, 0).await?;
            page.wait_for(
                words,
                &format!(
                    "document.querySelector('.canvas-hint')?.innerText.includes({})",
                    json!(words)
                ),
            )
            .await
        };
        let body = middle(page, "#mtl-node-2 .node-body").await?;
        says(body, "Shared by click, conversion.").await?;
        says(
            middle(page, "#mtl-node-3 .node-body").await?,
            "Private: only click",
        )
        .await?;
        says(middle(page, "#mtl-out-2-0").await?, "a vector").await?;
        says(on_wire(page, "shared → click").await?, "shared → click: 16").await
    });
}
