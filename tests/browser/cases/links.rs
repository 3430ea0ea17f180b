//! A link that holds the whole document, a damaged one, and one that hides controls.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{name_is, settled, toast};

/// Chooses “Copy a link” and returns the clipboard's text.
async fn copied(page: &Page) -> Result<String> {
    page.eval::<Value>("void (navigator.clipboard.writeText = async (text) => { window.copied = text; })")
        .await?;
    page.click_named("Save and open").await?;
    page.click("#copy-link").await?;
    ensure!(toast(page, "done").await?.contains("clipboard"));
    page.eval("window.copied").await
}

#[test]
fn a_link_holds_the_whole_document_and_a_damaged_one_changes_nothing() {
    check("link", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.fill(".document-name", "共享 net").await?;
        page.api::<Value>("set", &[json!({ "epochs": 17, "seed": 5, "reproducible": true })])
            .await?;
        let link = copied(page).await?;
        let hash = link
            .split_once('#')
            .map(|(_, hash)| format!("#{hash}"))
            .unwrap_or_default();
        ensure!(hash.starts_with("#project=1."), "{link}");
        let n_nodes: usize = page.eval("document.querySelectorAll('.node').length").await?;

        // In another browser, where another document is open.
        page.api::<Value>("set", &[json!({ "epochs": 4, "reproducible": false })])
            .await?;
        page.fill(".document-name", "mine").await?;
        name_is(page, "mine").await?;
        page.eval::<Value>(&format!("void (location.hash = {})", json!(hash)))
            .await?;
        name_is(page, "共享 net").await?;
        page.wait_for(
            "its layers are there",
            &format!("document.querySelectorAll('.node').length === {n_nodes}"),
        )
        .await?;
        page.wait_for(
            "its settings are there",
            "[...document.querySelectorAll('#train input')].some((box) => box.value === '17')",
        )
        .await?;
        let state: Value = page.api("state", &[]).await?;
        ensure!(state["settings"]["reproducible"] == true, "{state}");

        // Truncated: a message, and the open document stays open.
        let cut = &hash[..hash.len() - 40];
        page.eval::<Value>(&format!("void (location.hash = {})", json!(cut)))
            .await?;
        let message = toast(page, "problem").await?;
        ensure!(message.contains("damaged"), "{message}");
        name_is(page, "共享 net").await?;

        // From a newer version of the page.
        page.eval::<Value>("void (location.hash = '#project=9.abc')")
            .await?;
        let message = toast(page, "problem").await?;
        ensure!(message.contains("version 9"), "{message}");
        name_is(page, "共享 net").await
    });
}

#[test]
fn a_link_opens_a_fresh_page_and_hides_what_it_names() {
    check("link-hides", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#preset=shared-lstm&hide=data,files,presets,nonsense")
            .await?;
        settled(page).await?;
        let shown = "(css) => { const one = document.querySelector(css); return one !== null && one.offsetParent !== null; }";
        for (css, expected) in [
            (".panel-left", false),
            (".files", false),
            ("#presets", false),
            (".panel-watch", true),
            (".panel-right", true),
            (".canvas-bar", true),
        ] {
            let is_shown: bool = page.eval(&format!("({shown})('{css}')")).await?;
            ensure!(is_shown == expected, "{css}");
        }
        let wide: f64 = page
            .eval("document.querySelector('.panel-design').getBoundingClientRect().width / innerWidth")
            .await?;
        ensure!(wide > 0.6, "the canvas takes the place of the data: {wide}");
        page.screenshot("link-hides").await?;
        Ok(())
    });
}
