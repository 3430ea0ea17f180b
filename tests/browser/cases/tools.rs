//! The tools (import and export) are a separate module: fetched when first needed, and again after a failure.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Fault, Host, Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{name_is, settled};

/// Files of the tools that the page has requested, by name without hash.
async fn fetched(page: &Page) -> Result<Vec<String>> {
    page.eval(
        "performance.getEntriesByType('resource').map((entry) => entry.name.split('/').pop()) \
         .filter((name) => name.startsWith('tools')).map((name) => name.replace(/-[0-9a-f]{12}/, ''))",
    )
    .await
}

async fn copy_link(page: &Page) -> Result<()> {
    page.eval::<Value>("void (navigator.clipboard.writeText = async (text) => { window.copied = text; })")
        .await?;
    page.click_named("Save and open").await?;
    page.click("#copy-link").await
}

async fn is_copied(page: &Page) -> Result<()> {
    page.wait_for("the link is copied", "window.copied?.includes('#project=1.')")
        .await
}

#[test]
fn the_tools_are_fetched_when_one_is_needed_and_once() {
    check("tools", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        ensure!(fetched(page).await?.is_empty(), "{:?}", fetched(page).await?);
        copy_link(page).await?;
        is_copied(page).await?;
        let once = fetched(page).await?;
        ensure!(
            once.iter().filter(|name| *name == "tools.wasm").count() == 1,
            "{once:?}"
        );
        page.eval::<Value>("void (window.copied = undefined)").await?;
        copy_link(page).await?;
        is_copied(page).await?;
        ensure!(fetched(page).await? == once, "{:?}", fetched(page).await?);

        // A link opens in the page that made it.
        page.fill(".document-name", "elsewhere").await?;
        name_is(page, "elsewhere").await?;
        page.eval::<Value>("void (location.hash = window.copied.split('#')[1])")
            .await?;
        page.wait_for(
            "the document of the link is open",
            "document.querySelector('.document-name').value !== 'elsewhere'",
        )
        .await
    });
}

#[test]
fn tools_that_do_not_come_are_told_and_fetched_again() {
    check("tools-offline", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.expect_console("Failed to load resource");
        page.expect_console("net::ERR_BLOCKED_BY_CLIENT");
        page.open("").await?;
        settled(page).await?;
        for (lang, files, said, again) in [
            ("en", "Save and open", "could not be loaded", "Try again"),
            ("zh", "保存与打开", "未能加载", "重试"),
        ] {
            page.api::<Value>("set", &[json!({ "lang": lang })]).await?;
            page.block(&["*/tools-*.wasm"]).await?;
            page.click_named(files).await?;
            page.click("#copy-link").await?;
            let message = page.text(".toast-problem p").await?;
            ensure!(message.contains(said), "{message}");
            // Still unavailable: the same message again.
            page.click_named(again).await?;
            page.wait_for(
                "it is told again",
                "document.querySelector('.toast-problem .toast-retry')",
            )
            .await?;
            if lang == "en" {
                page.click(".toast-problem .button-icon").await?;
            }
        }
        page.screenshot("tools-offline").await?;
        page.eval::<Value>(
            "void (navigator.clipboard.writeText = async (text) => { window.copied = text; })",
        )
        .await?;
        page.block(&[]).await?;
        page.click_named("重试").await?;
        is_copied(page).await?;
        page.wait_for("the message is gone", "!document.querySelector('.toast-problem')")
            .await
    });
}

#[test]
fn faults_tools_that_do_not_answer_are_given_up_and_replaced() {
    check("tools-silent", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        let note = "globalThis.testWorkers = []; globalThis.Worker = class extends Worker { \
                    constructor(...given) { super(...given); testWorkers.push(this); } };";
        page.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": note }))
            .await?;
        page.open("").await?;
        settled(page).await?;
        copy_link(page).await?;
        is_copied(page).await?;
        page.eval::<Value>("void (window.copied = undefined, testWorkers.at(-1).onmessage = () => {})")
            .await?;
        copy_link(page).await?;
        page.wait_for_within(
            Duration::from_secs(40),
            "it is told",
            "document.querySelector('.toast-problem p')?.innerText.includes('stopped')",
        )
        .await?;
        copy_link(page).await?;
        is_copied(page).await
    });
}

#[test]
fn faults_tools_with_other_bytes_are_not_run() {
    check("tools-changed", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.expect_console("integrity");
        let host = Host::before(&page.base)?;
        host.spoil("/tools-*.wasm", Fault::Changed);
        page.driver.goto(&host.base).await?;
        page.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await?;
        settled(page).await?;
        copy_link(page).await?;
        let message = page.text(".toast-problem p").await?;
        ensure!(message.contains("could not be loaded"), "{message}");
        let copied: bool = page.eval("Boolean(window.copied)").await?;
        ensure!(!copied);
        host.mend();
        page.click_named("Try again").await?;
        is_copied(page).await
    });
}
