//! Steps that several tests share.

use anyhow::{Result, bail};
use browser_tests::Page;
use serde_json::{Value, json};

/// Whether this site has a real data set. If not, the test prints so and ends.
pub async fn has_data(page: &Page, key: &str) -> Result<bool> {
    let has: bool = page
        .eval(&format!(
            "(await (await fetch('data/index.json')).json()).assets.some((entry) => entry.key === '{key}')"
        ))
        .await
        .unwrap_or(false);
    if !has {
        page.expect_console("data/index.json");
        println!("skipped: the real data set {key} is not here (`cargo xtask data`)");
    }
    Ok(has)
}

/// Chooses a data set in its sheet and waits until it is ready.
pub async fn choose_data(page: &Page, key: &str) -> Result<()> {
    settled(page).await?;
    page.click("#datasets").await?;
    page.click(&format!("[data-dataset='{key}']")).await?;
    page.wait_for(
        &format!("the data set {key} is loaded"),
        &format!("(await mtlPlayground.state()).data === '{key}'"),
    )
    .await?;
    settled(page).await
}

/// Chooses a preset in its sheet and waits until it can be trained.
pub async fn choose_preset(page: &Page, key: &str) -> Result<()> {
    page.click("#presets").await?;
    page.click(&format!("[data-preset='{key}']")).await?;
    page.wait_for(
        &format!("the preset {key} is open"),
        &format!("(await mtlPlayground.state()).preset === '{key}'"),
    )
    .await?;
    settled(page).await
}

/// Waits until data are loaded and the design can be trained.
pub async fn settled(page: &Page) -> Result<()> {
    page.wait_for(
        "the data set and the design are ready",
        "await mtlPlayground.state().then((s) => s.rows > 0 && !s.loading && s.resources && s.phase !== 'not-ready')",
    )
    .await
}

/// Presses Play and waits until the run is training.
pub async fn play(page: &Page) -> Result<()> {
    page.click("#play").await?;
    page.wait_for(
        "it trains",
        "document.querySelector('#run-state').dataset.phase === 'running'",
    )
    .await
}

/// Presses Pause and waits until the run is paused.
pub async fn pause(page: &Page) -> Result<()> {
    page.click("#play").await?;
    page.wait_for(
        "it stands",
        "document.querySelector('#run-state').dataset.phase === 'still'",
    )
    .await
}

/// Whether the run bar shows that the run is training.
pub async fn is_running(page: &Page) -> Result<bool> {
    page.eval("document.querySelector('#run-state').dataset.phase === 'running'")
        .await
}

/// Opens one of the panels on the right.
pub async fn open_panel(page: &Page, panel: &str) -> Result<()> {
    page.click(&format!("#tab-{panel}")).await?;
    page.find(&format!("#{panel}")).await.map(drop)
}

/// Types a text to try and returns every number of the answer, as shown.
pub async fn try_text(page: &Page, text: &str) -> Result<Vec<String>> {
    open_panel(page, "try").await?;
    page.fill("#try textarea", text).await?;
    page.find(".answer .bar-value").await?;
    // The answer to the last letter takes a moment.
    let mut shown = Vec::new();
    for _ in 0..20 {
        page.sleep(std::time::Duration::from_millis(400)).await;
        let now = figures(page).await?;
        if now == shown && !now.is_empty() {
            return Ok(now);
        }
        shown = now;
    }
    bail!("the answer does not come to rest: {shown:?}")
}

/// Every name and number of the shown answer.
pub async fn figures(page: &Page) -> Result<Vec<String>> {
    page.eval("[...document.querySelectorAll('.answer .bars li')].map((line) => line.innerText.replace(/\\s+/g, ' '))")
        .await
}

/// The step that the run bar shows.
pub async fn step_shown(page: &Page) -> Result<u64> {
    page.eval("Number(document.querySelector('#run-state').dataset.step)")
        .await
}

/// The state of the run from the scripting API, without values that change with time.
pub async fn state(page: &Page) -> Result<Value> {
    let mut state: Value = page.api("state", &[]).await?;
    if let Some(members) = state.as_object_mut() {
        members.remove("elapsed_ms");
    }
    Ok(state)
}

/// Waits for a toast of this kind (`done`, `info`, `problem`), returns its text and dismisses it.
pub async fn toast(page: &Page, kind: &str) -> Result<String> {
    let css = format!(".toast-{kind}");
    let text = page.text(&format!("{css} p")).await?;
    page.click(&format!("{css} button")).await?;
    page.wait_for(
        "the message is gone",
        &format!("!document.querySelector('{css}')"),
    )
    .await?;
    Ok(text)
}

/// A short run, so that every view has something to show.
pub async fn trained(page: &Page) -> Result<()> {
    page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 2000 })])
        .await?;
    page.api::<Value>("load", &[json!("text-towers")]).await?;
    page.api::<Value>("set", &[json!({ "epochs": 6 })]).await?;
    page.api::<Value>("play", &[]).await?;
    page.wait_for(
        "the run is over",
        "(await mtlPlayground.state()).phase === 'finished'",
    )
    .await?;
    page.api::<Value>("evaluate", &[json!("test")]).await?;
    Ok(())
}

/// A design as in a file: layers by name, numbered in order, and the wires between them.
pub fn design(layers: &[(&str, Value)], wires: &[(usize, usize)]) -> Value {
    let nodes: Vec<Value> = layers
        .iter()
        .enumerate()
        .map(|(id, (name, layer))| json!({ "id": id, "name": name, "layer": layer }))
        .collect();
    let wires: Vec<Value> = wires
        .iter()
        .enumerate()
        .map(|(id, (from, to))| json!({ "id": id, "from": { "node": from }, "to": { "node": to } }))
        .collect();
    json!({ "version": 1, "name": "of a test", "nodes": nodes, "wires": wires })
}

/// Selects layers by name: the first with a click, the others with Ctrl and a click.
pub async fn select(page: &Page, names: &[&str]) -> Result<()> {
    page.eval::<Value>(&format!(
        "void {}.forEach((name, position) => {{ \
           const body = [...document.querySelectorAll('.node')].find((node) => node.querySelector('.node-title').textContent === name).querySelector('.node-body'); \
           const {{ x, y, width, height }} = body.getBoundingClientRect(); \
           const at = {{ bubbles: true, clientX: x + width / 2, clientY: y + height / 2, pointerId: 7, ctrlKey: position > 0 }}; \
           body.dispatchEvent(new PointerEvent('pointerdown', at)); body.dispatchEvent(new PointerEvent('pointerup', at)); }})",
        json!(names)
    ))
    .await?;
    page.wait_for(
        "they are selected",
        &format!(
            "document.querySelectorAll('.node[data-selected]').length === {}",
            names.len()
        ),
    )
    .await
}

/// Waits until this number of elements matches a CSS selector.
pub async fn count_is(page: &Page, css: &str, n: usize) -> Result<()> {
    page.wait_for(
        &format!("there are {n} of `{css}`"),
        &format!("document.querySelectorAll({}).length === {n}", json!(css)),
    )
    .await
}

/// Waits until the document with this name is open.
pub async fn name_is(page: &Page, name: &str) -> Result<()> {
    page.wait_for(
        &format!("“{name}” is open"),
        &format!(
            "document.querySelector('.document-name').value === {}",
            json!(name)
        ),
    )
    .await
}

/// Runs a script in every worker of pages opened later.
pub async fn in_worker(page: &Page, script: &str) -> Result<()> {
    // The policy of the page allows no other workers than its own.
    page.cdp("Page.setBypassCSP", json!({ "enabled": true })).await?;
    let source = format!(
        "const NativeWorker = Worker;
         globalThis.Worker = class extends NativeWorker {{
           constructor(url, options) {{
             const script = `import ${{JSON.stringify(String(new URL(url, location.href)))}};\n` + {};
             super(URL.createObjectURL(new Blob([script], {{ type: 'text/javascript' }})), options);
           }}
         }};",
        Value::from(script)
    );
    page.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": source }),
    )
    .await
    .map(drop)
}
