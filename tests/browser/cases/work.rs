//! Work of the page: rendered components, checks of the design, DOM mutations, messages and bytes. These counts are the
//! same on every machine; times are printed by `cargo xtask bench --page`.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::steps::{choose_data, choose_preset, is_running, open_panel, pause, play, settled};
use browser_tests::large;

/// See `src/work.rs`.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Work {
    design_checks: u64,
    node_views: u64,
    wire_views: u64,
    chart_draws: u64,
    messages_sent: u64,
    messages_received: u64,
    text_copied: u64,
}

async fn work(page: &Page) -> Result<Work> {
    page.api("work", &[]).await
}

/// Number of DOM mutations since [`watch_writes`], and number of frames shown since.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Writes {
    records: u64,
    added: u64,
    frames: u64,
}

async fn watch_writes(page: &Page) -> Result<()> {
    page.eval::<Value>(
        "(() => { globalThis.testWrites = { records: 0, added: 0, frames: 0 }; \
           globalThis.testObserver = new MutationObserver((records) => { for (const record of records) { \
             testWrites.records += 1; testWrites.added += record.addedNodes.length; } }); \
           testObserver.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true }); \
           const frame = () => { testWrites.frames += 1; globalThis.testFrame = requestAnimationFrame(frame); }; \
           globalThis.testFrame = requestAnimationFrame(frame); })()",
    )
    .await?;
    Ok(())
}

async fn writes(page: &Page) -> Result<Writes> {
    page.eval("(cancelAnimationFrame(testFrame), testObserver.disconnect(), testWrites)")
        .await
}

#[test]
fn panning_and_dragging_a_large_design_touch_what_moves_alone() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("work-large", setup, async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        settled(page).await?;
        page.api::<Value>("load", &[large::design()]).await?;
        page.wait_for("300 nodes", "document.querySelectorAll('.node').length === 300")
            .await?;
        ensure!(
            page.eval::<usize>("document.querySelectorAll('.wire').length")
                .await?
                == 500
        );
        page.screenshot("work-large").await?;
        for (what, from) in [
            ("pan", large::empty_place(page).await?),
            ("drag", large::middle_node(page).await?),
        ] {
            let before = work(page).await?;
            watch_writes(page).await?;
            let n_moves = large::circle(page, from).await?;
            let done = writes(page).await?;
            // The effects of the drop are rendered in the next frame.
            page.eval::<Value>("await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))")
                .await?;
            let after = work(page).await?;
            println!("{what}: {n_moves} moves, {done:?}, {before:?} -> {after:?}");
            // A node of this design has at most four wires; each is drawn by at most three elements. The rest is for the minimap and the tooltip
            // at the pointer.
            ensure!(
                done.records <= 30 * n_moves,
                "{what}: {} writes to the document for {n_moves} moves",
                done.records
            );
            ensure!(done.added <= 10, "{what}: {} elements were made", done.added);
            // A move of the mouse checks nothing and renders no component; the drop of the node does, once.
            let checks = after.design_checks - before.design_checks;
            let nodes = after.node_views - before.node_views;
            let wires = after.wire_views - before.wire_views;
            let dropped = u64::from(what == "drag");
            ensure!(
                checks <= dropped && nodes <= 4 * dropped && wires <= 12 * dropped,
                "{what}: {checks} checks, {nodes} nodes and {wires} wires rendered"
            );
        }
        Ok(())
    });
}

#[test]
fn training_costs_the_page_some_messages_a_frame_and_no_rendering() {
    check("work-training", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        choose_data(page, "generated-reviews").await?;
        choose_preset(page, "text-towers").await?;
        page.api::<Value>("set", &[json!({ "epochs": 1000 })]).await?;
        open_panel(page, "try").await?;
        play(page).await?;
        page.wait_for(
            "it trains",
            "Number(document.querySelector('#run-state').dataset.step) > 50",
        )
        .await?;
        let mut windows = Vec::new();
        // Late in the run, the page does no more work per frame than at its start.
        for goes_far in [false, true] {
            if goes_far {
                pause(page).await?;
                page.api::<Value>("step", &[json!(2_000)]).await?;
                play(page).await?;
            }
            let before = work(page).await?;
            let first: f64 = page.eval("(await mtlPlayground.state()).step").await?;
            watch_writes(page).await?;
            page.wait_for(
                "some hundred steps",
                &format!(
                    "Number(document.querySelector('#run-state').dataset.step) > {}",
                    first as u64 + 200
                ),
            )
            .await?;
            let done = writes(page).await?;
            let after = work(page).await?;
            let last: f64 = page.eval("(await mtlPlayground.state()).step").await?;
            println!("steps {first} to {last}: {done:?}, {before:?} -> {after:?}");
            let frames = done.frames.max(1);
            ensure!(
                after.design_checks == before.design_checks
                    && after.node_views == before.node_views
                    && after.wire_views == before.wire_views,
                "training checked or drew the design again"
            );
            ensure!(
                after.chart_draws - before.chart_draws <= 2 * frames + 4,
                "more than one drawing of each chart in a frame"
            );
            let received = after.messages_received - before.messages_received;
            let text = after.text_copied - before.text_copied;
            ensure!(
                after.messages_sent - before.messages_sent <= frames + 20,
                "{} messages to the worker in {frames} frames",
                after.messages_sent - before.messages_sent
            );
            windows.push((
                text as f64 / received.max(1) as f64,
                done.records as f64 / frames as f64,
            ));
        }
        let [(early_text, early_writes), (late_text, late_writes)] = windows[..] else {
            anyhow::bail!("two windows are watched");
        };
        ensure!(
            late_text <= 2.0 * early_text + 4_000.0 && late_writes <= 2.0 * early_writes + 40.0,
            "the work per frame grows with the run: {windows:?}"
        );
        ensure!(is_running(page).await?, "it stopped by itself");
        pause(page).await
    });
}

#[test]
fn nothing_runs_after_pause() {
    check("pause", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 4000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        page.api::<Value>("set", &[json!({ "epochs": 1000, "batch_size": 64 })])
            .await?;
        settled(page).await?;
        for _ in 0..3 {
            play(page).await?;
            page.wait_for(
                "it trains",
                "Number(document.querySelector('#run-state').dataset.step) > 5",
            )
            .await?;
            pause(page).await?;
            // Independently of what the page shows, the worker reports its step.
            let first: u64 = page.eval("(await mtlPlayground.state()).step").await?;
            page.sleep(Duration::from_millis(300)).await;
            let later: u64 = page.eval("(await mtlPlayground.state()).step").await?;
            ensure!(
                first > 0 && first == later,
                "it went on after Pause: {first}, then {later}"
            );
        }
        Ok(())
    });
}
