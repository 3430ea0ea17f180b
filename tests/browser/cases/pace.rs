//! How fast the page answers: while it trains, from Play to the first step, after Pause. A machine that does other work as
//! well is slow at times, so that each bound is asked of the best of some tries; a page that is slow fails all of them.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_data, choose_preset, has_data, is_running, open_panel, play, settled};

/// No task of the page keeps it busy for longer.
const ANSWERS_WITHIN_MS: f64 = 50.0;
/// From Play to the first step.
const FIRST_STEP_WITHIN_MS: f64 = 300.0;
/// After Pause nothing runs from then on.
const STANDS_WITHIN_MS: f64 = 50.0;
const TRIES: usize = 6;

/// The epoch that the run is in.
const EPOCH: &str = "(await mtlPlayground.state()).epoch";

#[test]
fn the_page_answers_while_it_trains() {
    check("answers", Setup::default(), async |page| {
        page.open("").await?;
        let data = if has_data(page, "opinion-domains").await? {
            "opinion-domains"
        } else {
            "generated-reviews"
        };
        choose_data(page, data).await?;
        choose_preset(page, "text-towers").await?;
        page.api::<Value>("set", &[json!({ "epochs": 1000 })]).await?;
        play(page).await?;
        // The driver's own scripts (is it visible? is it covered?) are over before the page is watched; what is typed after
        // that comes as keys.
        open_panel(page, "try").await?;
        page.click("#try textarea").await?;
        page.sleep(Duration::from_secs(1)).await;
        page.watch_long_tasks().await?;
        let mut longest_ms = Vec::new();
        for _ in 0..TRIES {
            let before: f64 = page.eval(EPOCH).await?;
            page.eval::<Value>("void (testLongTasks.length = testLongFrames.length = 0)")
                .await?;
            page.sleep(Duration::from_secs(3)).await;
            page.cdp(
                "Input.insertText",
                json!({ "text": "a wonderful little hotel near the sea " }),
            )
            .await?;
            page.sleep(Duration::from_secs(3)).await;
            let tasks = page.long_tasks_ms().await?;
            for frame in page.long_frames().await? {
                println!("  {frame}");
            }
            let epochs = page.eval::<f64>(EPOCH).await? - before;
            println!(
                "{epochs:.1} epochs of {data} in 6 s, tasks of {ANSWERS_WITHIN_MS} ms or longer: {tasks:.0?}"
            );
            // What comes with the end of an epoch belongs to it.
            ensure!(
                is_running(page).await? && epochs > 1.0,
                "only {epochs} epochs were watched"
            );
            longest_ms.push(tasks.into_iter().fold(0.0, f64::max));
            if longest_ms.last() == Some(&0.0) {
                page.find(".answer .bar-value").await?;
                return Ok(());
            }
        }
        anyhow::bail!("in each of {TRIES} tries the page was busy for too long: {longest_ms:.0?} ms")
    });
}

/// Milliseconds from a click on Play until `condition` holds, looked at whenever the run bar changes.
async fn ms_from_play_until(page: &Page, condition: &str) -> Result<f64> {
    page.eval(&format!(
        "await new Promise((resolve) => {{ \
           const bar = document.querySelector('#run-state'); const start = performance.now(); \
           new MutationObserver((_, watch) => {{ if ({condition}) {{ watch.disconnect(); resolve(performance.now() - start); }} }}) \
             .observe(bar, {{ attributes: true }}); \
           document.querySelector('#play').click(); }})"
    ))
    .await
}

async fn ready(page: &Page) -> Result<()> {
    page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 4000 })])
        .await?;
    page.api::<Value>("load", &[json!("text-towers")]).await?;
    page.api::<Value>("set", &[json!({ "epochs": 1000, "batch_size": 64 })])
        .await?;
    settled(page).await
}

#[test]
fn the_first_step_is_done_soon_after_play() {
    check("first-step", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        let mut times_ms = Vec::new();
        for _ in 0..TRIES {
            // A fresh page: nothing has been compiled or trained before.
            page.open("#lang=en").await?;
            page.reload().await?;
            ready(page).await?;
            times_ms.push(ms_from_play_until(page, "Number(bar.dataset.step) > 0").await?);
        }
        println!("from Play to the first step: {times_ms:.0?} ms");
        let best = times_ms.iter().copied().fold(f64::INFINITY, f64::min);
        ensure!(best <= FIRST_STEP_WITHIN_MS, "the first step takes {best:.0} ms");
        Ok(())
    });
}

#[test]
fn nothing_runs_after_pause() {
    check("pause", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        ready(page).await?;
        let mut times_ms = Vec::new();
        for _ in 0..TRIES {
            play(page).await?;
            page.sleep(Duration::from_millis(400)).await;
            times_ms.push(ms_from_play_until(page, "bar.dataset.phase === 'still'").await?);
            // Whatever the page shows, the worker itself says how far it is.
            let steps: (u64, u64) = page
                .eval(
                    "await (async () => { const step = async () => (await mtlPlayground.state()).step; const first = await step(); \
                     await new Promise((resolve) => setTimeout(resolve, 300)); return [first, await step()]; })()",
                )
                .await?;
            ensure!(
                steps.0 > 0 && steps.0 == steps.1,
                "it went on after Pause: {steps:?}"
            );
        }
        println!("from Pause until it stands: {times_ms:.0?} ms");
        let best = times_ms.iter().copied().fold(f64::INFINITY, f64::min);
        ensure!(best <= STANDS_WITHIN_MS, "it stands only after {best:.0} ms");
        Ok(())
    });
}
