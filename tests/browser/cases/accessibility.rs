//! axe-core finds no violation, and every control has a tooltip: every tab and panel, every sheet and menu, in both themes
//! and both languages, on a desktop and on a phone.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::steps::{design, select, trained};

/// A violated rule.
#[derive(Debug, Deserialize)]
struct Violation {
    id: String,
    help: String,
    /// The elements that violate it, with the reason.
    nodes: Vec<String>,
}

/// The start tags of visible controls without a tooltip. (Layers, wires and their handles
/// have the tooltip of the canvas: `editing::what_the_mouse_rests_on_says_what_it_is`.)
const WITHOUT_TOOLTIP: &str = "[...document.querySelectorAll('button, input, select, textarea, summary, a[href], [role=button]')] \
    .filter((control) => control.checkVisibility({ visibilityProperty: true }) && !control.closest('[aria-hidden=true], .node, .wire, .handle') \
        && !control.closest('[title]:not([title=\"\"])') && !control.querySelector('title')) \
    .map((control) => control.outerHTML.slice(0, 160))";

/// Injects axe-core, as installed by `cargo xtask test`, into the page.
async fn bring_axe(page: &Page) -> Result<()> {
    let path = std::env::var("MTL_AXE")
        .context("axe-core is not here: `cargo xtask test --only browser` brings it (npm is needed)")?;
    let script = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    page.cdp("Runtime.evaluate", json!({ "expression": script }))
        .await?;
    Ok(())
}

/// Collects violations over the variants of the page.
struct Inspection<'a> {
    page: &'a Page,
    /// The current variant of the page.
    at: String,
    /// Violations, each rule and element once.
    found: BTreeSet<String>,
}

impl Inspection<'_> {
    /// Records the violations of the page in its current state.
    async fn look(&mut self, what: &str) -> Result<()> {
        // Waits for animations to end.
        self.page.sleep(Duration::from_millis(250)).await;
        let violations: Vec<Violation> = self
            .page
            .eval(
                "(await axe.run(document, { resultTypes: ['violations'] })).violations.map((violation) => ({ \
                   id: violation.id, help: violation.help, \
                   nodes: violation.nodes.map((node) => `${node.html.slice(0, 160)} :: ${node.failureSummary?.split('\\n').slice(1).join(' ')}`) }))",
            )
            .await?;
        for control in self.page.eval::<Vec<String>>(WITHOUT_TOOLTIP).await? {
            if self.found.insert(format!("tooltip: {control}")) {
                println!("{}, {what}: no tooltip on {control}", self.at);
            }
        }
        for violation in violations {
            for node in violation.nodes {
                let line = format!("{}: {node}", violation.id);
                if self.found.insert(line.clone()) {
                    println!("{}, {what}: {line} ({})", self.at, violation.help);
                }
            }
        }
        Ok(())
    }

    /// Runs a script that opens something, waits for what it opens, and inspects the page.
    async fn open(&mut self, what: &str, script: &str, opened: &str) -> Result<()> {
        self.page.eval::<Value>(&format!("void ({script})")).await?;
        self.page
            .wait_for(opened, &format!("document.querySelector({})", json!(opened)))
            .await?;
        unfold(self.page).await?;
        self.look(what).await
    }

    /// [`Inspection::open`] by a click.
    async fn press(&mut self, css: &str, opened: &str) -> Result<()> {
        let script = format!("document.querySelector({}).click()", json!(css));
        self.open(css, &script, opened).await
    }

    /// Opens, inspects and closes each sheet.
    async fn sheets(&mut self) -> Result<()> {
        for sheet in ["presets", "datasets", "documents", "help"] {
            self.press(&format!("#{sheet}"), "dialog[open]").await?;
            self.page
                .eval::<Value>("void document.querySelector('dialog[open] .sheet-head button').click()")
                .await?;
            self.page
                .wait_for("the sheet is closed", "!document.querySelector('dialog[open]')")
                .await?;
        }
        Ok(())
    }

    async fn escape(&self) -> Result<()> {
        self.page
            .eval::<Value>("void document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))")
            .await?;
        Ok(())
    }

    fn clean(&self) -> Result<()> {
        ensure!(self.found.is_empty(), "{} violations", self.found.len());
        Ok(())
    }
}

/// A trained page with axe-core in it.
async fn begin(page: &Page) -> Result<Inspection<'_>> {
    page.expect_console("data/index.json");
    page.open("").await?;
    trained(page).await?;
    bring_axe(page).await?;
    Ok(Inspection {
        page,
        at: String::new(),
        found: BTreeSet::new(),
    })
}

/// The variants of the page: themes and languages.
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

/// Opens all folded sections, so that their content is inspected too.
async fn unfold(page: &Page) -> Result<()> {
    page.eval::<Value>("void document.querySelectorAll('details').forEach((part) => { part.open = true })")
        .await?;
    Ok(())
}

#[test]
fn nothing_bars_the_way_on_a_desk() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("axe-desk", setup, async |page| {
        let mut inspection = begin(page).await?;
        for (scheme, lang) in LOOKS {
            dress(page, scheme, lang).await?;
            inspection.at = format!("1440, {scheme}, {lang}");
            for view in 0..6 {
                let script = format!("document.querySelectorAll('.watch-bar [role=tab]')[{view}].click()");
                inspection
                    .open(
                        &format!("view {view}"),
                        &script,
                        ".watch-bar [aria-selected=true]",
                    )
                    .await?;
            }
            inspection.press("#tab-train", "#train[data-open=true]").await?;
            inspection.press("#measure-step", "#step-profile").await?;
            inspection.press("#tab-layer", "#layer[data-open=true]").await?;
            inspection.press("#tab-try", "#try[data-open=true]").await?;
            page.fill("#try textarea", "a lovely little book").await?;
            page.find(".answer .bar-value").await?;
            inspection.look("an answer").await?;
            // One layer selected, several layers selected; then the overlays of the canvas.
            select(page, &["shared"]).await?;
            page.find("#inside .histogram").await?;
            unfold(page).await?;
            inspection.look("a layer selected").await?;
            select(page, &["shared", "tower_domain"]).await?;
            inspection.look("layers selected").await?;
            inspection.press(".canvas-add", ".canvas-palette").await?;
            inspection
                .press(".canvas-bar .canvas-find", ".canvas-search input")
                .await?;
            inspection.escape().await?;
            inspection
                .open(
                    "menu of a layer",
                    "document.querySelector('.node .node-body').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, clientX: 500, clientY: 300 }))",
                    ".canvas-menu",
                )
                .await?;
            inspection.escape().await?;
            inspection.press(".menu > button", ".menu-list").await?;
            page.eval::<Value>("void document.querySelector('.menu > button').click()")
                .await?;
            inspection.sheets().await?;
            // A broken design with its list of problems, and a message.
            page.api::<Value>("load", &[broken_design()]).await?;
            page.find(".canvas-problems[data-state=error]").await?;
            inspection
                .open(
                    "problems",
                    "document.querySelector('.canvas-problems li') || document.querySelector('.problems-count').click()",
                    ".canvas-problems li",
                )
                .await?;
            inspection.press("#play", ".toast-problem").await?;
            page.eval::<Value>(
                "void document.querySelectorAll('.toast button').forEach((button) => button.click())",
            )
            .await?;
            page.api::<Value>("load", &[json!("text-towers")]).await?;
        }
        inspection.clean()
    });
}

#[test]
fn nothing_bars_the_way_on_a_phone() {
    check("axe-phone", Setup::default(), async |page| {
        page.phone().await?;
        let mut inspection = begin(page).await?;
        for (scheme, lang) in LOOKS {
            dress(page, scheme, lang).await?;
            inspection.at = format!("390, {scheme}, {lang}");
            for (room_idx, room) in ["design", "data", "train", "watch", "try"].iter().enumerate() {
                let script = format!("document.querySelectorAll('.room-tabs button')[{room_idx}].click()");
                inspection
                    .open(room, &script, &format!("[data-room={room}]"))
                    .await?;
            }
            inspection.sheets().await?;
        }
        inspection.clean()
    });
}

/// An input without a feature, and a layer without wires.
fn broken_design() -> Value {
    let layers = [
        ("words", json!({ "type": "token_input" })),
        ("dense", json!({ "type": "dense" })),
    ];
    design(&layers, &[])
}
