//! axe-core finds no violation: every room and panel, every sheet and menu, in both themes and both languages, on a desk and
//! on a phone.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::steps::{design, select, trained};

/// A rule that something breaks.
#[derive(Debug, Deserialize)]
struct Violation {
    id: String,
    help: String,
    /// The elements that break it, with why.
    nodes: Vec<String>,
}

/// Brings axe-core into the page, as `cargo xtask test` has fetched it.
async fn bring_axe(page: &Page) -> Result<()> {
    let path = std::env::var("MTL_AXE")
        .context("axe-core is not here: `cargo xtask test --only browser` brings it (npm is needed)")?;
    let script = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    page.cdp("Runtime.evaluate", json!({ "expression": script }))
        .await?;
    Ok(())
}

/// Notes what is wrong with the page as it stands, each rule and element once.
async fn look(page: &Page, what: &str, found: &mut BTreeSet<String>) -> Result<()> {
    // What glides in has arrived.
    page.sleep(Duration::from_millis(250)).await;
    let violations: Vec<Violation> = page
        .eval(
            "(await axe.run(document, { resultTypes: ['violations'] })).violations.map((violation) => ({ \
               id: violation.id, help: violation.help, \
               nodes: violation.nodes.map((node) => `${node.html.slice(0, 160)} :: ${node.failureSummary?.split('\\n').slice(1).join(' ')}`) }))",
        )
        .await?;
    for violation in violations {
        for node in violation.nodes {
            let line = format!("{}: {node}", violation.id);
            if found.insert(line.clone()) {
                println!("{what}: {line} ({})", violation.help);
            }
        }
    }
    Ok(())
}

/// Runs a script that opens something, and waits for what it opens.
async fn open(page: &Page, script: &str, opened: &str) -> Result<()> {
    page.eval::<Value>(&format!("void ({script})")).await?;
    page.wait_for(opened, &format!("document.querySelector({})", json!(opened)))
        .await
}

async fn close_sheet(page: &Page) -> Result<()> {
    page.eval::<Value>("void document.querySelector('dialog[open] .sheet-head button').click()")
        .await?;
    page.wait_for("the sheet is closed", "!document.querySelector('dialog[open]')")
        .await
}

/// Every look of the page: theme and language.
const LOOKS: [(&str, &str); 4] = [("light", "en"), ("light", "zh"), ("dark", "en"), ("dark", "zh")];

async fn dress(page: &Page, scheme: &str, lang: &str) -> Result<()> {
    page.prefer(&[("prefers-color-scheme", scheme)]).await?;
    page.eval::<Value>(&format!("void document.querySelector('#lang-{lang}').click()"))
        .await?;
    page.wait_for(
        "the page has the look",
        &format!("document.documentElement.dataset.scheme === '{scheme}' && document.documentElement.lang.startsWith('{lang}')"),
    )
    .await
}

/// Folded parts are opened: what is in them is looked at too.
async fn unfold(page: &Page) -> Result<()> {
    page.eval::<Value>("void document.querySelectorAll('details').forEach((part) => { part.open = true })")
        .await?;
    Ok(())
}

fn clean(found: &BTreeSet<String>) -> Result<()> {
    ensure!(found.is_empty(), "{} violations", found.len());
    Ok(())
}

#[test]
fn nothing_bars_the_way_on_a_desk() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("axe-desk", setup, async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        bring_axe(page).await?;
        let mut found = BTreeSet::new();
        for (scheme, lang) in LOOKS {
            dress(page, scheme, lang).await?;
            let look_at = format!("1440, {scheme}, {lang}");
            for view in 0..4 {
                open(
                    page,
                    &format!("document.querySelectorAll('.watch-bar [role=tab]')[{view}].click()"),
                    ".watch-bar [aria-selected=true]",
                )
                .await?;
                look(page, &format!("{look_at}, view {view}"), &mut found).await?;
            }
            for tab in ["train", "layer", "try"] {
                open(
                    page,
                    &format!("document.querySelector('#tab-{tab}').click()"),
                    &format!("#{tab}[data-open=true]"),
                )
                .await?;
                unfold(page).await?;
                if tab == "train" {
                    open(
                        page,
                        "document.querySelector('#measure-step').click()",
                        "#step-profile",
                    )
                    .await?;
                }
                if tab == "try" {
                    page.fill("#try textarea", "a lovely little book").await?;
                    page.find(".answer .bar-value").await?;
                }
                look(page, &format!("{look_at}, {tab}"), &mut found).await?;
            }
            // A layer, several layers, a wire; then what lies over the canvas.
            select(page, &["shared"]).await?;
            page.find("#inside .histogram").await?;
            unfold(page).await?;
            look(page, &format!("{look_at}, a layer selected"), &mut found).await?;
            select(page, &["shared", "tower_domain"]).await?;
            look(page, &format!("{look_at}, layers selected"), &mut found).await?;
            open(
                page,
                "document.querySelector('.canvas-add').click()",
                ".canvas-palette",
            )
            .await?;
            look(page, &format!("{look_at}, palette"), &mut found).await?;
            open(
                page,
                "document.querySelector('.canvas-bar .canvas-find').click()",
                ".canvas-search input",
            )
            .await?;
            look(page, &format!("{look_at}, search"), &mut found).await?;
            page.eval::<Value>("void document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))").await?;
            open(
                page,
                "document.querySelector('.node .node-body').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, clientX: 500, clientY: 300 }))",
                ".canvas-menu",
            )
            .await?;
            look(page, &format!("{look_at}, menu of a layer"), &mut found).await?;
            page.eval::<Value>("void document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))").await?;
            open(
                page,
                "document.querySelector('.menu > button').click()",
                ".menu-list",
            )
            .await?;
            look(page, &format!("{look_at}, files"), &mut found).await?;
            page.eval::<Value>("void document.querySelector('.menu > button').click()")
                .await?;
            for sheet in ["presets", "datasets", "documents", "help"] {
                open(
                    page,
                    &format!("document.querySelector('#{sheet}').click()"),
                    "dialog[open]",
                )
                .await?;
                look(page, &format!("{look_at}, sheet {sheet}"), &mut found).await?;
                close_sheet(page).await?;
            }
            // A broken design with its list of problems, and a message.
            page.api::<Value>("load", &[broken_design()]).await?;
            page.find(".canvas-problems[data-state=error]").await?;
            open(
                page,
                "document.querySelector('.canvas-problems li') || document.querySelector('.problems-count').click()",
                ".canvas-problems li",
            )
            .await?;
            open(page, "document.querySelector('#play').click()", ".toast-problem").await?;
            look(page, &format!("{look_at}, problems"), &mut found).await?;
            page.eval::<Value>(
                "void document.querySelectorAll('.toast button').forEach((button) => button.click())",
            )
            .await?;
            page.api::<Value>("load", &[json!("text-towers")]).await?;
        }
        clean(&found)
    });
}

#[test]
fn nothing_bars_the_way_on_a_phone() {
    check("axe-phone", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.phone().await?;
        page.open("").await?;
        trained(page).await?;
        bring_axe(page).await?;
        let mut found = BTreeSet::new();
        for (scheme, lang) in LOOKS {
            dress(page, scheme, lang).await?;
            let look_at = format!("390, {scheme}, {lang}");
            for (room_idx, room) in ["design", "data", "train", "watch", "try"].iter().enumerate() {
                open(
                    page,
                    &format!("document.querySelectorAll('.room-tabs button')[{room_idx}].click()"),
                    &format!("[data-room={room}]"),
                )
                .await?;
                unfold(page).await?;
                look(page, &format!("{look_at}, {room}"), &mut found).await?;
            }
            for sheet in ["presets", "datasets", "documents", "help"] {
                open(
                    page,
                    &format!("document.querySelector('#{sheet}').click()"),
                    "dialog[open]",
                )
                .await?;
                look(page, &format!("{look_at}, sheet {sheet}"), &mut found).await?;
                close_sheet(page).await?;
            }
        }
        clean(&found)
    });
}

/// An input that reads nothing, and a layer that is connected with nothing.
fn broken_design() -> Value {
    let layers = [
        ("words", json!({ "type": "token_input" })),
        ("dense", json!({ "type": "dense" })),
    ];
    design(&layers, &[])
}
