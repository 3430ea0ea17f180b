//! Documents: saved after every change, listed, renamed, copied, deleted and restored; recovery from crashes of the page and
//! of the worker.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_preset, name_is, settled, toast, trained};

/// Names of the documents in the sheet that is open.
const NAMES: &str = "[...document.querySelectorAll('.document input[type=text]')].map((box) => box.value)";

async fn open_sheet(page: &Page) -> Result<()> {
    page.click("#documents").await?;
    page.find("#new-document").await?;
    Ok(())
}

/// Presses a button of the document with this name.
async fn press(page: &Page, name: &str, action: &str) -> Result<()> {
    let there = format!(
        "[...document.querySelectorAll('.document')].find((one) => one.querySelector('input').value === {})",
        json!(name)
    );
    page.wait_for(&format!("“{name}” is listed"), &there).await?;
    page.eval::<Value>(&format!(
        "void {there}.querySelector('[data-action={action}]').click()"
    ))
    .await?;
    Ok(())
}

/// Name of the test document.
async fn name_it(page: &Page, name: &str) -> Result<()> {
    page.fill(".document-name", name).await?;
    name_is(page, name).await
}

async fn node_count(page: &Page) -> Result<usize> {
    page.eval("document.querySelectorAll('.node').length").await
}

#[test]
fn documents_are_kept_listed_renamed_copied_and_deleted() {
    check("documents", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        let of_preset = node_count(page).await?;
        name_it(page, "first").await?;

        // A second, empty document.
        open_sheet(page).await?;
        page.click("#new-document").await?;
        name_is(page, "New design").await?;
        ensure!(node_count(page).await? == 0, "a new document is empty");
        name_it(page, "second").await?;

        // Back to the first, which is unchanged.
        open_sheet(page).await?;
        page.screenshot("documents").await?;
        press(page, "first", "open").await?;
        name_is(page, "first").await?;
        page.wait_for(
            "its layers are there",
            &format!("document.querySelectorAll('.node').length === {of_preset}"),
        )
        .await?;

        // A copy, renamed in the list.
        open_sheet(page).await?;
        press(page, "first", "duplicate").await?;
        page.wait_for(
            "the copy is listed",
            &format!("({NAMES}).includes('first (copy)')"),
        )
        .await?;
        page.eval::<Value>(
            "(() => { const box = [...document.querySelectorAll('.document input')].find((one) => one.value === 'second'); \
             box.value = 'renamed'; box.dispatchEvent(new Event('change', { bubbles: true })); })()",
        )
        .await?;
        page.wait_for(
            "the name is in the list",
            &format!("({NAMES}).includes('renamed')"),
        )
        .await?;

        // Deleted and restored.
        press(page, "renamed", "delete").await?;
        page.wait_for("it is deleted", &format!("!({NAMES}).includes('renamed')"))
            .await?;
        page.click(".documents-deleted [data-action=restore]").await?;
        page.wait_for("it is back", &format!("({NAMES}).includes('renamed')"))
            .await?;
        page.eval::<Value>("void document.querySelector('dialog[open] .sheet-head button').click()")
            .await?;

        // After a reload the copy is still open, and all are there.
        page.reload().await?;
        name_is(page, "first (copy)").await?;
        open_sheet(page).await?;
        page.wait_for(
            "all three are there",
            &format!(
                "JSON.stringify(({NAMES}).sort()) === JSON.stringify(['first', 'first (copy)', 'renamed'])"
            ),
        )
        .await
    });
}

#[test]
fn the_open_document_can_be_deleted() {
    check("documents-delete-open", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        name_it(page, "keep me").await?;
        open_sheet(page).await?;
        page.click("#new-document").await?;
        name_it(page, "throw me away").await?;
        open_sheet(page).await?;
        press(page, "throw me away", "delete").await?;
        page.wait_for(
            "the other one is open",
            "document.querySelector('.document-name').value === 'keep me'",
        )
        .await?;
        page.sleep(Duration::from_millis(800)).await;
        page.reload().await?;
        name_is(page, "keep me").await?;
        open_sheet(page).await?;
        page.wait_for(
            "one is left",
            &format!("JSON.stringify({NAMES}) === '[\"keep me\"]'"),
        )
        .await
    });
}

#[test]
fn a_preset_does_not_take_the_place_of_ones_own_work() {
    check("documents-preset", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("load", &[own_design("mine")]).await?;
        name_is(page, "mine").await?;
        page.sleep(Duration::from_millis(600)).await;
        choose_preset(page, "shared-lstm").await?;
        open_sheet(page).await?;
        page.wait_for("one's own design is kept", &format!("({NAMES}).includes('mine')"))
            .await?;
        press(page, "mine", "open").await?;
        name_is(page, "mine").await?;
        ensure!(node_count(page).await? == 1, "its one layer is there");
        Ok(())
    });
}

#[test]
fn a_change_survives_a_page_that_is_closed_or_crashes() {
    check("documents-crash", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        // Closed immediately after the change: there is no time for the database.
        page.eval::<Value>(
            "(() => { const box = document.querySelector('.document-name'); box.value = 'closed at once'; \
             box.dispatchEvent(new Event('change', { bubbles: true })); location.reload(); })()",
        )
        .await?;
        page.wait_for(
            "the page is back with the change",
            "performance.getEntriesByName('mtl-interactive').length > 0 && document.querySelector('.document-name').value === 'closed at once'",
        )
        .await?;
        settled(page).await?;
        // The page's process is killed: the last change has been saved.
        name_it(page, "crashed").await?;
        page.api::<Value>("set", &[json!({ "batch_size": 48 })]).await?;
        page.sleep(Duration::from_millis(1000)).await;
        let first = page.driver.window().await?;
        let second = page.driver.new_tab().await?;
        page.driver.switch_to_window(first).await?;
        // The driver reports the crash of the tab, as expected.
        let _ = page.cdp("Page.crash", json!({})).await;
        page.driver.switch_to_window(second).await?;
        page.open("").await?;
        name_is(page, "crashed").await?;
        settled(page).await?;
        let state: Value = page.api("state", &[]).await?;
        ensure!(
            state["settings"]["batch_size"] == 48,
            "the settings are {}",
            state["settings"]
        );
        Ok(())
    });
}

#[test]
fn two_windows_on_one_document_lose_nothing() {
    check("documents-windows", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        name_it(page, "both").await?;
        page.sleep(Duration::from_millis(800)).await;
        let first = page.driver.window().await?;
        let second = page.driver.new_tab().await?;
        page.driver.switch_to_window(second).await?;
        page.open("").await?;
        name_is(page, "both").await?;
        settled(page).await?;
        page.wait_for(
            "the second says who has it",
            "document.querySelector('.toast-info')?.innerText.includes('another window')",
        )
        .await?;
        name_it(page, "of the second").await?;
        page.wait_for(
            "it continues in a copy",
            "[...document.querySelectorAll('.toast-info')].some((one) => one.innerText.includes('continues in a copy'))",
        )
        .await?;
        page.driver.switch_to_window(first).await?;
        name_it(page, "of the first").await?;
        page.sleep(Duration::from_millis(800)).await;
        open_sheet(page).await?;
        page.wait_for(
            "both are there",
            &format!("['of the first', 'of the second'].every((name) => ({NAMES}).includes(name))"),
        )
        .await
    });
}

#[test]
fn a_worker_that_dies_is_replaced_and_the_run_goes_on() {
    check("worker-dies", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        // Every worker is recorded, so that the test can crash it.
        let note = "globalThis.testWorkers = []; globalThis.Worker = class extends Worker { \
                    constructor(...given) { super(...given); testWorkers.push(this); } };";
        page.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": note }))
            .await?;
        page.open("").await?;
        trained(page).await?;
        let before: Value = page.api("state", &[]).await?;
        ensure!(
            before["step"].as_u64().is_some_and(|step| step > 0),
            "nothing was trained"
        );
        // The copy of the parameters is taken when the run is paused.
        page.sleep(Duration::from_secs(1)).await;
        // An invalid message throws in the worker, like an internal error.
        page.eval::<Value>("void testWorkers.at(-1).postMessage(null)")
            .await?;
        page.wait_for("another worker was started", "testWorkers.length === 2")
            .await?;
        let said = toast(page, "problem").await?;
        println!("{said}");
        let step = before["step"].as_u64().context("no step")?;
        ensure!(said.contains("restarted"), "it says: {said}");
        ensure!(
            said.contains(&step.to_string()),
            "it does not name step {step}: {said}"
        );
        settled(page).await?;
        let after: Value = page.api("state", &[]).await?;
        ensure!(
            after["fingerprint"] == before["fingerprint"] && after["step"] == before["step"],
            "before: {before}, after: {after}"
        );
        // The charts are as before, and the run continues.
        let points: usize = page.eval("(await mtlPlayground.history()).step.length").await?;
        ensure!(points > 0, "the history is gone");
        page.api::<Value>("set", &[json!({ "epochs": 20 })]).await?;
        page.api::<Value>("step", &[json!(3)]).await?;
        let state: Value = page.api("state", &[]).await?;
        ensure!(state["step"] == step + 3, "it stands at {}", state["step"]);
        Ok(())
    });
}

fn own_design(name: &str) -> Value {
    json!({
        "version": 1, "name": name,
        "nodes": [{ "id": 0, "name": "alone", "layer": { "type": "add" }, "position": [0, 0] }],
        "wires": [],
    })
}
