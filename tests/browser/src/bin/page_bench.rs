//! Response times of the page on this machine: `cargo xtask bench --page`.
//!
//! Every time is also given relative to a fixed loop of JavaScript that runs in the same page just before and after, so that
//! results of different machines, and of one machine under different load, can be compared.

use std::time::Duration;

use anyhow::Result;
use browser_tests::{Page, Setup, check, large};
use serde_json::{Value, json};

/// Number of measurements of each kind.
const TRIES: usize = 5;

/// A fixed amount of integer arithmetic; some 50 ms on a desktop of 2024.
const REFERENCE_LOOP: &str = "(() => { const start = performance.now(); let x = 88172645; \
    for (let i = 0; i < 30_000_000; i += 1) { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; } \
    globalThis.benchSink = x; return performance.now() - start; })()";

fn main() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("page-bench", setup, async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        let mut rows = Rows::default();
        interactive(page, &mut rows).await?;
        play_and_pause(page, &mut rows).await?;
        long_tasks(page, &mut rows).await?;
        frames(page, &mut rows).await?;
        println!("{}", rows.table());
        Ok(())
    });
}

/// A measurement: name, times in milliseconds, and the time of the reference loop measured together with it.
#[derive(Default)]
struct Rows(Vec<(String, Vec<f64>, f64)>);

impl Rows {
    async fn add(&mut self, page: &Page, name: &str, times_ms: Vec<f64>) -> Result<()> {
        let reference_ms = reference(page).await?;
        eprintln!("{name}: {times_ms:.1?} ms, reference {reference_ms:.1} ms");
        self.0.push((name.to_owned(), times_ms, reference_ms));
        Ok(())
    }

    fn table(&self) -> String {
        let mut table = String::from(
            "| what | median ms | worst ms | reference loop ms | median / reference |\n|---|---|---|---|---|\n",
        );
        for (name, times_ms, reference_ms) in &self.0 {
            let (median, worst) = (quantile(times_ms, 0.5), quantile(times_ms, 1.0));
            table += &format!(
                "| {name} | {median:.1} | {worst:.1} | {reference_ms:.1} | {:.2} |\n",
                median / reference_ms
            );
        }
        table
    }
}

/// The smallest of three runs of the reference loop, in milliseconds.
async fn reference(page: &Page) -> Result<f64> {
    let mut best_ms = f64::INFINITY;
    for _ in 0..3 {
        best_ms = best_ms.min(page.eval(REFERENCE_LOOP).await?);
    }
    Ok(best_ms)
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = ((sorted.len() as f64 - 1.0) * share).round();
    sorted.get(index as usize).copied().unwrap_or(f64::NAN)
}

async fn interactive(page: &Page, rows: &mut Rows) -> Result<()> {
    // No limit; then a phone on a mobile network: 1.6 Mbit/s down, 150 ms, a processor of a fourth of the speed.
    for (name, slow) in [
        ("interactive, cold cache", false),
        ("interactive, slow network and processor", true),
    ] {
        let mut times_ms = Vec::new();
        for _ in 0..if slow { 2 } else { TRIES } {
            page.cdp("Network.clearBrowserCache", json!({})).await?;
            if slow {
                page.throttle(200_000, 150).await?;
                page.cdp("Emulation.setCPUThrottlingRate", json!({ "rate": 4 }))
                    .await?;
            }
            page.goto("").await?;
            page.wait_for_within(
                Duration::from_secs(120),
                "the page answers",
                "performance.getEntriesByName('mtl-interactive').length > 0",
            )
            .await?;
            times_ms.push(
                page.eval("performance.getEntriesByName('mtl-interactive')[0].startTime")
                    .await?,
            );
        }
        if slow {
            page.throttle(u32::MAX / 2, 0).await?;
            page.cdp("Emulation.setCPUThrottlingRate", json!({ "rate": 1 }))
                .await?;
        }
        rows.add(page, name, times_ms).await?;
    }
    Ok(())
}

/// Milliseconds from a click on Play until `condition` holds, checked whenever the run bar changes.
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
    page.open("#lang=en").await?;
    page.reload().await?;
    page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 4000 })])
        .await?;
    page.api::<Value>("load", &[json!("text-towers")]).await?;
    page.api::<Value>("set", &[json!({ "epochs": 1000, "batch_size": 64 })])
        .await?;
    page.wait_for(
        "the design can be trained",
        "await mtlPlayground.state().then((s) => s.rows > 0 && !s.loading && s.resources && s.phase !== 'not-ready')",
    )
    .await
}

async fn play_and_pause(page: &Page, rows: &mut Rows) -> Result<()> {
    let (mut first_steps_ms, mut pauses_ms) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        // A fresh page: nothing has been compiled or trained before.
        ready(page).await?;
        first_steps_ms.push(ms_from_play_until(page, "Number(bar.dataset.step) > 0").await?);
        page.sleep(Duration::from_millis(400)).await;
        pauses_ms.push(ms_from_play_until(page, "bar.dataset.phase === 'still'").await?);
    }
    rows.add(page, "Play to first step", first_steps_ms).await?;
    rows.add(page, "Pause to standstill", pauses_ms).await
}

async fn long_tasks(page: &Page, rows: &mut Rows) -> Result<()> {
    ready(page).await?;
    page.api::<Value>("play", &[]).await?;
    page.sleep(Duration::from_secs(1)).await;
    page.watch_long_tasks().await?;
    page.sleep(Duration::from_secs(6)).await;
    let tasks_ms = page.long_tasks_ms().await?;
    for frame in page.long_frames().await? {
        eprintln!("  {frame}");
    }
    page.api::<Value>("pause", &[]).await?;
    let name = format!("{} tasks of 50 ms or longer in 6 s of training", tasks_ms.len());
    let worst_ms = tasks_ms.into_iter().fold(0.0, f64::max);
    rows.add(page, &name, vec![worst_ms]).await
}

async fn frames(page: &Page, rows: &mut Rows) -> Result<()> {
    ready(page).await?;
    page.api::<Value>("load", &[large::design()]).await?;
    page.wait_for("300 nodes", "document.querySelectorAll('.node').length === 300")
        .await?;
    page.sleep(Duration::from_millis(1500)).await;
    for (what, from) in [
        ("pan", large::empty_place(page).await?),
        ("drag", large::middle_node(page).await?),
    ] {
        page.eval::<Value>(
            "(() => { globalThis.benchFrames = []; let last; const note = (now) => { if (last) benchFrames.push(now - last); \
             last = now; globalThis.benchFrame = requestAnimationFrame(note); }; requestAnimationFrame(note); })()",
        )
        .await?;
        large::circle(page, from).await?;
        let frames_ms: Vec<f64> = page
            .eval("(cancelAnimationFrame(benchFrame), benchFrames)")
            .await?;
        let p95_ms = quantile(&frames_ms, 0.95);
        rows.add(
            page,
            &format!("frame, {what} of 300 nodes and 500 wires"),
            frames_ms,
        )
        .await?;
        rows.add(page, &format!("the same, 95th percentile, {what}"), vec![p95_ms])
            .await?;
    }
    Ok(())
}
