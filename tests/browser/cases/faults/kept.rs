//! Nothing is lost: a full disk, a slow database, other windows, a clock that is set back, storage that the browser deletes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{name_is, settled, state, toast};

/// The documents in the database, as they lie there.
async fn stored(page: &Page) -> Result<Vec<Value>> {
    page.eval(
        "await new Promise((done, fail) => { const request = indexedDB.open('mtl-playground'); request.onerror = fail; \
           request.onsuccess = () => { const all = request.result.transaction('documents').objectStore('documents').getAll(); \
             all.onerror = fail; \
             all.onsuccess = () => { request.result.close(); done(all.result.map((text) => JSON.parse(text))); }; }; })",
    )
    .await
}

async fn stored_names(page: &Page) -> Result<Vec<String>> {
    let mut names: Vec<String> = stored(page)
        .await?
        .iter()
        .filter_map(|kept| Some(kept["sitting"]["design"]["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Waits until the database holds documents with these names and no others.
async fn stored_are(page: &Page, expected: &[&str]) -> Result<()> {
    let mut names = Vec::new();
    for _ in 0..300 {
        names = stored_names(page).await?;
        if names == expected {
            return Ok(());
        }
        page.sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("stored are {names:?}, expected {expected:?}")
}

/// Gives the document a name, as a change like any other, without waiting for anything.
async fn name_it(page: &Page, name: &str) -> Result<()> {
    page.eval::<Value>(&format!(
        "void (() => {{ const box = document.querySelector('.document-name'); box.value = {}; \
           box.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        json!(name)
    ))
    .await?;
    Ok(())
}

/// Keeps the store of documents busy for so long, so that every other transaction waits.
async fn occupy_store(page: &Page, duration: Duration) -> Result<()> {
    page.eval::<Value>(&format!(
        "await new Promise((done, fail) => {{ const request = indexedDB.open('mtl-playground'); request.onerror = fail; \
           request.onsuccess = () => {{ const store = request.result.transaction('documents', 'readwrite').objectStore('documents'); \
             const end = performance.now() + {}; \
             const again = () => {{ if (performance.now() < end) store.get('x').onsuccess = again; else request.result.close(); }}; \
             again(); done(true); }}; }})",
        duration.as_millis()
    ))
    .await?;
    Ok(())
}

/// Says that a message is shown, and dismisses nothing.
async fn says(page: &Page, kind: &str, words: &str) -> Result<()> {
    page.wait_for(
        &format!("it says “{words}”"),
        &format!(
            "[...document.querySelectorAll('.toast-{kind}')].some((one) => one.innerText.includes({}))",
            json!(words)
        ),
    )
    .await
}

#[test]
fn a_slow_store_makes_one_document_of_many_edits() {
    check("store-slow", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        occupy_store(page, Duration::from_secs(3)).await?;
        for name in ["one", "two", "three"] {
            name_it(page, name).await?;
            page.sleep(Duration::from_millis(600)).await;
        }
        stored_are(page, &["three"]).await?;
        ensure!(
            page.eval::<usize>("document.querySelectorAll('.toast-info').length")
                .await?
                == 0,
            "it speaks of other windows"
        );
        // Closed while the store is slow: the edit is in the journal.
        occupy_store(page, Duration::from_secs(2)).await?;
        name_it(page, "four").await?;
        page.sleep(Duration::from_millis(900)).await;
        name_it(page, "five").await?;
        page.reload().await?;
        name_is(page, "five").await?;
        stored_are(page, &["five"]).await
    });
}

#[test]
fn edits_without_a_pause_are_saved_all_the_same() {
    check("no-pause", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        // A change every 100 ms, and none of them waits for the last.
        page.eval::<Value>(
            "void (globalThis.testHand = setInterval(() => { const box = document.querySelector('.document-name'); \
               globalThis.testEdits = (globalThis.testEdits ?? 0) + 1; box.value = `edit ${testEdits}`; \
               box.dispatchEvent(new Event('change', { bubbles: true })); }, 100))",
        )
        .await?;
        page.wait_for("many edits were made", "globalThis.testEdits > 30")
            .await?;
        let names = stored_names(page).await?;
        page.eval::<Value>("void clearInterval(testHand)").await?;
        ensure!(names.len() == 1, "stored are {names:?}");
        Ok(())
    });
}

#[test]
fn settings_of_a_preset_survive_a_reload() {
    check("preset-settings", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("set", &[json!({ "epochs": 17, "batch_size": 24 })])
            .await?;
        page.sleep(Duration::from_secs(1)).await;
        let before = state(page).await?;
        page.reload().await?;
        settled(page).await?;
        let after = state(page).await?;
        ensure!(
            (&before["settings"], &before["preset"]) == (&after["settings"], &after["preset"]),
            "before: {before}, after: {after}"
        );
        Ok(())
    });
}

#[test]
fn a_link_that_is_opened_twice_leaves_one_document() {
    check("link-twice", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.expect_console("favicon.ico");
        page.open("").await?;
        settled(page).await?;
        name_it(page, "shared").await?;
        stored_are(page, &["shared"]).await?;
        // Without the permission to use the clipboard, the link goes into the address bar.
        page.eval::<Value>("void Object.defineProperty(navigator, 'clipboard', { value: undefined })")
            .await?;
        page.click_named("Save and open").await?;
        page.click("#copy-link").await?;
        page.wait_for("the link is made", "location.hash.startsWith('#project=')")
            .await?;
        let link: String = page.eval("location.href").await?;
        // In a browser that does not have the document.
        page.goto("static/weights.schema.json").await?;
        page.eval::<Value>("await new Promise((done) => { localStorage.clear(); indexedDB.deleteDatabase('mtl-playground').onsuccess = () => done(true); })")
            .await?;
        for _ in 0..3 {
            page.goto("static/weights.schema.json").await?;
            page.driver.goto(&link).await?;
            name_is(page, "shared").await?;
            settled(page).await?;
            page.sleep(Duration::from_millis(700)).await;
        }
        stored_are(page, &["shared"]).await?;
        // The address is entered again in the open page.
        page.eval::<Value>("void (location.hash = '')").await?;
        page.eval::<Value>(&format!("void (location.href = {})", json!(link)))
            .await?;
        page.sleep(Duration::from_secs(1)).await;
        name_it(page, "changed").await?;
        stored_are(page, &["changed"]).await
    });
}

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    check("clock-back", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        name_it(page, "today").await?;
        stored_are(page, &["today"]).await?;
        let yesterday = "(() => { const now = Date.now; Date.now = () => now() - 86_400_000; })()";
        page.eval::<Value>(&format!("void {yesterday}")).await?;
        page.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": yesterday }),
        )
        .await?;
        name_it(page, "yesterday").await?;
        stored_are(page, &["yesterday"]).await?;
        name_it(page, "yesterday, at once").await?;
        page.reload().await?;
        name_is(page, "yesterday, at once").await?;
        stored_are(page, &["yesterday, at once"]).await
    });
}

#[test]
fn a_page_that_ends_in_mid_run_goes_on_from_the_last_copy() {
    check("run-resumed", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        // No evaluation and no pause for a long time.
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 20_000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        page.api::<Value>("set", &[json!({ "epochs": 500, "batch_size": 16 })])
            .await?;
        page.sleep(Duration::from_secs(1)).await;
        page.api::<Value>("play", &[]).await?;
        page.wait_for("a copy is stored", "(await indexedDB.databases()).some(({ name }) => name === 'mtl-playground-runs') && \
             (await new Promise((done, fail) => { const request = indexedDB.open('mtl-playground-runs'); request.onerror = fail; \
               request.onsuccess = () => { const all = request.result.transaction('runs').objectStore('runs').getAllKeys(); \
                 all.onsuccess = () => { request.result.close(); done(all.result.length > 0); }; }; }))")
            .await?;
        page.reload().await?;
        says(page, "info", "continues from its last backup at step").await?;
        let said = toast(page, "info").await?;
        settled(page).await?;
        let resumed = state(page).await?;
        let step = resumed["step"].as_u64().context("no step")?;
        println!("{said}");
        ensure!(
            step > 0 && said.contains(&step.to_string()),
            "{said}, but it stands at {step}"
        );
        // With the optimizer's state: the same bits as a run that was never interrupted.
        page.api::<Value>("step", &[json!(3)]).await?;
        let after = state(page).await?;
        page.api::<Value>("reset", &[]).await?;
        page.api::<Value>("step", &[json!(step + 3)]).await?;
        let whole = state(page).await?;
        ensure!(
            after["fingerprint"] == whole["fingerprint"],
            "resumed: {after}, whole: {whole}"
        );
        // A run that was begun anew stays begun anew.
        page.api::<Value>("reset", &[]).await?;
        page.sleep(Duration::from_millis(500)).await;
        page.reload().await?;
        settled(page).await?;
        ensure!(state(page).await?["step"] == 0, "the old run came back");
        Ok(())
    });
}

#[test]
fn a_tab_that_is_hidden_and_frozen_loses_nothing() {
    check("tab-hidden", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("set", &[json!({ "epochs": 50 })]).await?;
        page.api::<Value>("play", &[]).await?;
        name_it(page, "in the background").await?;
        let first = page.driver.window().await?;
        // The browser hides the first tab in the moment of the change, and freezes it.
        let second = page.driver.new_tab().await?;
        page.driver.switch_to_window(first.clone()).await?;
        page.cdp("Page.setWebLifecycleState", json!({ "state": "frozen" }))
            .await?;
        page.driver.switch_to_window(second).await?;
        page.goto("static/weights.schema.json").await?;
        page.expect_console("favicon.ico");
        let journal: String = page.eval("JSON.stringify(localStorage)").await?;
        let names = stored_names(page).await?;
        ensure!(
            names == ["in the background"] || journal.contains("in the background"),
            "neither stored nor noted: {names:?}"
        );
        page.driver.close_window().await?;
        page.driver.switch_to_window(first).await?;
        page.cdp("Page.setWebLifecycleState", json!({ "state": "active" }))
            .await?;
        name_is(page, "in the background").await?;
        page.api::<Value>("pause", &[]).await?;
        page.api::<Value>("step", &[json!(1)]).await?;
        stored_are(page, &["in the background"]).await
    });
}
