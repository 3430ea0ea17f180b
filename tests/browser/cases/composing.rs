//! Commands on several layers: share and separate, tie, align, group; comments and
//! pictures.

use std::fs;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{count_is, design, open_panel, select, settled, toast};

/// Two tasks on one trunk: `user` and `item` embedded, concatenated, one shared Dense, two heads.
fn trunk() -> Value {
    let layers = [
        ("user", json!({ "type": "id_input", "feature": "user" })),
        ("embedding", json!({ "type": "embedding" })),
        ("trunk", json!({ "type": "dense", "units": 16 })),
        ("click", json!({ "type": "binary_head", "label": "click" })),
        (
            "conversion",
            json!({ "type": "binary_head", "label": "conversion" }),
        ),
    ];
    let mut trunk = design(&layers, &[(0, 1), (1, 2), (2, 3), (2, 4)]);
    for (node, position) in [[0, 0], [195, 0], [390, 0], [585, 0], [585, 150]]
        .iter()
        .enumerate()
    {
        trunk["nodes"][node]["position"] = json!(position);
    }
    trunk
}

async fn open_trunk(page: &Page) -> Result<()> {
    page.expect_console("data/index.json");
    page.open("#lang=en&data=generated-impressions").await?;
    settled(page).await?;
    page.api::<Value>("load", &[trunk()]).await?;
    count_is(page, ".node", 5).await?;
    settled(page).await
}

async fn titles(page: &Page) -> Result<Vec<String>> {
    page.eval("[...document.querySelectorAll('.node-title')].map((title) => title.textContent).sort()")
        .await
}

async fn resources(page: &Page) -> Result<Value> {
    settled(page).await?;
    let state: Value = page.api("state", &[]).await?;
    Ok(state["resources"].clone())
}

async fn undo(page: &Page) -> Result<()> {
    page.eval::<Value>(
        "void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true, cancelable: true }))",
    )
    .await?;
    Ok(())
}

#[test]
fn each_task_gets_its_own_and_shares_again() {
    check("share-and-separate", Setup::default(), async |page| {
        open_trunk(page).await?;
        let shared = resources(page).await?;
        // The default width of an embedding is 32.
        let of_trunk = 32 * 16 + 16;
        select(page, &["trunk"]).await?;
        page.click_named("Give each task its own").await?;
        count_is(page, ".node", 6).await?;
        let separate = resources(page).await?;
        ensure!(
            separate["parameters"].as_u64() == shared["parameters"].as_u64().map(|n| n + of_trunk),
            "shared {shared}, separate {separate}"
        );
        ensure!(
            separate["shared"].as_u64() == shared["shared"].as_u64().map(|n| n - of_trunk),
            "shared {shared}, separate {separate}"
        );
        // Both copies are merged again.
        let names = titles(page).await?;
        let copies: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| name.contains("trunk"))
            .collect();
        ensure!(copies.len() == 2, "the copies are {names:?}");
        select(page, &copies).await?;
        page.click_named("Share (merge equal layers)").await?;
        count_is(page, ".node", 5).await?;
        ensure!(resources(page).await? == shared, "not as before");
        // It can be trained, and each step can be undone.
        page.api::<Value>("step", &[json!(2)]).await?;
        Ok(())
    });
}

#[test]
fn two_layers_are_tied_with_a_strength() {
    check("soft-tie", Setup::default(), async |page| {
        open_trunk(page).await?;
        select(page, &["trunk"]).await?;
        page.click_named("Give each task its own").await?;
        count_is(page, ".node", 6).await?;
        let names = titles(page).await?;
        let copies: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| name.contains("trunk"))
            .collect();
        select(page, &copies).await?;
        page.click_named("Add soft sharing").await?;
        count_is(page, ".tie", 1).await?;
        // The strength can be edited with both layers selected, and with either of them.
        open_panel(page, "layer").await?;
        count_is(page, ".inspector-tie input", 1).await?;
        select(page, &copies[..1]).await?;
        page.fill(".inspector-tie input", "0.5").await?;
        page.wait_for(
            "the strength is kept",
            "document.querySelector('.inspector-tie input').value === '0.5'",
        )
        .await?;
        settled(page).await?;
        page.api::<Value>("step", &[json!(3)]).await?;
        page.screenshot("soft-tie").await?;
        page.click_named("Remove soft sharing").await?;
        count_is(page, ".tie", 0).await
    });
}

#[test]
fn layers_are_aligned_and_spread() {
    check("align", Setup::default(), async |page| {
        open_trunk(page).await?;
        let edges = "[...document.querySelectorAll('.node[data-selected]')].map((node) => node.getAttribute('transform').match(/-?[\\d.]+/g).map(Number))";
        select(page, &["embedding", "click", "conversion"]).await?;
        page.click_named("Align left edges").await?;
        page.wait_for(
            "the left edges are in line",
            &format!("new Set(({edges}).map(([x]) => x)).size === 1"),
        )
        .await?;
        undo(page).await?;
        page.wait_for(
            "they are back",
            &format!("new Set(({edges}).map(([x]) => x)).size > 1"),
        )
        .await?;
        page.click_named("Align upper edges").await?;
        page.wait_for(
            "the upper edges are in line",
            &format!("new Set(({edges}).map(([, y]) => y)).size === 1"),
        )
        .await?;
        undo(page).await?;
        select(page, &["user", "embedding", "conversion"]).await?;
        page.click_named("Equal gaps across").await?;
        page.wait_for(
            "the gaps are equal",
            &format!(
                "(() => {{ const x = ({edges}).map(([x]) => x).sort((a, b) => a - b); return x.length === 3 && Math.abs(x[2] - 2 * x[1] + x[0]) <= 15; }})()"
            ),
        )
        .await
    });
}

#[test]
fn a_block_is_grouped_renamed_folded_and_dissolved() {
    check("blocks", Setup::default(), async |page| {
        open_trunk(page).await?;
        select(page, &["embedding", "trunk"]).await?;
        page.click_named("Group into a block").await?;
        count_is(page, ".block", 1).await?;
        open_panel(page, "layer").await?;
        page.fill("#inspector-name", "Bottom").await?;
        page.wait_for(
            "it has its name",
            "document.querySelector('.block-title').textContent.includes('Bottom')",
        )
        .await?;
        page.click_named("Fold").await?;
        count_is(page, ".node", 3).await?;
        // It shows its name also when the canvas is zoomed out.
        for _ in 0..5 {
            page.click_named("Zoom out (−)").await?;
        }
        page.wait_for(
            "its name is read from afar",
            "document.querySelector('.block .node-far text').checkVisibility() && document.querySelector('.block .node-far').textContent === 'Bottom'",
        )
        .await?;
        page.screenshot("block-folded").await?;
        page.click_named("Unfold").await?;
        count_is(page, ".node", 5).await?;
        page.click_named("Ungroup").await?;
        count_is(page, ".block", 0).await
    });
}

#[test]
fn a_comment_is_written_and_pictures_are_saved() {
    check("comment-and-pictures", Setup::default(), async |page| {
        open_trunk(page).await?;
        let menu = "document.querySelector('.canvas-surface').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 700, clientY: 400 }))";
        page.eval::<Value>(&format!("void {menu}")).await?;
        page.click_named("Comment").await?;
        page.find(".memo-editor").await?;
        page.cdp("Input.insertText", json!({ "text": "one trunk, two heads" }))
            .await?;
        page.eval::<Value>("void document.activeElement.blur()").await?;
        page.wait_for(
            "it is drawn",
            "document.querySelector('.memo-text')?.textContent.includes('one trunk')",
        )
        .await?;
        for (name, extension) in [("Picture as SVG", "svg"), ("Picture as PNG", "png")] {
            page.eval::<Value>(&format!("void {menu}")).await?;
            page.click_named(name).await?;
            let file = page.downloaded().await?;
            toast(page, "done").await?;
            let bytes = fs::read(&file)?;
            ensure!(
                file.extension().is_some_and(|there| there == extension),
                "the file is {}",
                file.display()
            );
            match extension {
                "svg" => {
                    let text = String::from_utf8(bytes)?;
                    for word in ["<svg", "trunk", "click", "conversion", "one trunk"] {
                        ensure!(text.contains(word), "the picture lacks {word}");
                    }
                }
                _ => {
                    ensure!(bytes.starts_with(b"\x89PNG"), "no PNG");
                    let width = u32::from_be_bytes(bytes[16..20].try_into().context("too short")?);
                    ensure!(width > 600, "only {width} pixels wide");
                }
            }
            fs::remove_file(&file)?;
        }
        // The picture is in the page's language.
        page.click("#lang-zh").await?;
        page.eval::<Value>(&format!("void {menu}")).await?;
        page.click_named("导出 SVG 图片").await?;
        let text = fs::read_to_string(page.downloaded().await?)?;
        ensure!(
            text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "no Chinese in the picture"
        );
        Ok(())
    });
}
