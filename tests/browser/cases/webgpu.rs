//! WebGPU on the page, on SwiftShader, Chromium's software adapter, which needs a flag.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{in_worker, settled, state};

/// Largest relative difference of validation losses between the backends.
const TOLERANCE: f64 = 1e-3;

const SETTINGS: &str = "{ epochs: 2, batch_size: 64, seed: 5 }";

fn with_webgpu() -> Setup {
    Setup {
        webgpu: true,
        ..Setup::default()
    }
}

#[test]
fn webgpu_trains_as_the_cpu_does() {
    check("webgpu-trains", with_webgpu(), async |page| {
        open(page).await?;
        let on_cpu = train(page, "cpu").await?;
        let on_webgpu = train(page, "webgpu").await?;
        let runs_on = &on_webgpu.state["runs_on"];
        ensure!(
            runs_on["backend"] == "webgpu",
            "it did not run on WebGPU: {runs_on}"
        );
        ensure!(on_cpu.state["runs_on"]["backend"] == "cpu");
        ensure!(on_cpu.state["step"] == on_webgpu.state["step"]);
        let adapter = runs_on["adapter"].as_str().context("no adapter")?;
        println!("adapter: {adapter}");
        let shown = page.text("#runs-on").await?;
        ensure!(
            shown.contains(&format!("WebGPU ({adapter})")),
            "the panel says {shown:?}"
        );
        compare(&on_cpu, &on_webgpu)
    });
}

#[test]
fn automatic_times_both_on_the_design_and_says_which_is_faster() {
    check("webgpu-automatic", with_webgpu(), async |page| {
        open(page).await?;
        set(page, "{ epochs: 10000, backend: 'auto' }").await?;
        page.api::<Value>("play", &[]).await?;
        page.wait_for(
            "it has measured",
            "(await mtlPlayground.state()).runs_on.why?.includes('measured on this design')",
        )
        .await?;
        let before = state(page).await?;
        let why = before["runs_on"]["why"].as_str().unwrap_or_default().to_owned();
        println!("{why}");
        // "measured on this design: CPU 812 steps/s, WebGPU (software) 52 steps/s"
        let rates: Vec<f64> = why
            .split(" steps/s")
            .filter_map(|part| part.rsplit(' ').next()?.parse().ok())
            .collect();
        let [cpu, webgpu] = rates.as_slice() else {
            anyhow::bail!("no two rates: {why:?}");
        };
        ensure!(*cpu > 0.0 && *webgpu > 0.0, "{why:?}");
        let faster = if cpu >= webgpu { "cpu" } else { "webgpu" };
        ensure!(before["runs_on"]["backend"] == faster, "{}", before["runs_on"]);
        // The page begins it with a capital letter.
        ensure!(page.text("#runs-on").await?.contains(&why[1..]));
        page.wait_for(
            "it goes on",
            &format!("(await mtlPlayground.state()).step > {}", before["step"]),
        )
        .await?;
        page.api::<Value>("pause", &[]).await?;
        Ok(())
    });
}

#[test]
fn webgpu_that_is_lost_leaves_the_run_on_the_cpu() {
    check("webgpu-lost", with_webgpu(), async |page| {
        open(page).await?;
        set(page, "{ epochs: 10000, backend: 'webgpu' }").await?;
        page.api::<Value>("play", &[]).await?;
        page.wait_for(
            "it trains on WebGPU",
            "(await mtlPlayground.state()).runs_on.backend === 'webgpu'",
        )
        .await?;
        // The error of a real driver when it crashes.
        page.expect_console("A valid external Instance reference no longer exists");
        page.cdp("Browser.crashGpuProcess", json!({})).await?;
        page.wait_for(
            "it goes on on the CPU",
            "(await mtlPlayground.state()).runs_on.backend === 'cpu'",
        )
        .await?;
        let before = state(page).await?;
        let why = before["runs_on"]["why"].as_str().unwrap_or_default().to_owned();
        ensure!(why.contains("continues on the CPU"), "{why:?}");
        page.wait_for(
            "it goes on",
            &format!("(await mtlPlayground.state()).step > {}", before["step"]),
        )
        .await?;
        ensure!(page.text(".run-note").await? == why);
        page.api::<Value>("pause", &[]).await?;
        Ok(())
    });
}

/// Errors of the device itself: a request beyond the adapter's limits, or an invalid one.
#[test]
fn what_the_device_refuses_leaves_the_run_on_the_cpu() {
    let cases = [
        (
            "webgpu-memory",
            "size: this.limits.maxBufferSize",
            "out of memory",
        ),
        ("webgpu-refuses", "usage: 0", "rejected"),
    ];
    for (name, instead, expected) in cases {
        check(name, with_webgpu(), async |page| {
            let script = format!(
                "const make = GPUDevice.prototype.createBuffer;
                 GPUDevice.prototype.createBuffer = function (asked) {{ return make.call(this, {{ ...asked, {instead} }}); }};"
            );
            in_worker(page, &script).await?;
            open(page).await?;
            let on_webgpu = train(page, "webgpu").await?;
            let runs_on = &on_webgpu.state["runs_on"];
            let why = runs_on["why"].as_str().unwrap_or_default();
            println!("{why}");
            ensure!(runs_on["backend"] == "cpu" && why.contains(expected), "{runs_on}");
            // The browser's message can have several lines.
            let first_line = why.lines().next().unwrap_or_default();
            ensure!(
                page.text("#runs-on")
                    .await?
                    .contains(first_line.trim_end_matches('.'))
            );
            let on_cpu = train(page, "cpu").await?;
            ensure!(on_cpu.state["fingerprint"] == on_webgpu.state["fingerprint"]);
            Ok(())
        });
    }
}

#[test]
fn without_webgpu_the_run_is_the_cpus_and_says_so() {
    check("webgpu-missing", Setup::default(), async |page| {
        open(page).await?;
        let on_webgpu = train(page, "webgpu").await?;
        let runs_on = &on_webgpu.state["runs_on"];
        ensure!(
            runs_on["backend"] == "cpu" && runs_on["adapter"].is_null(),
            "{runs_on}"
        );
        let why = runs_on["why"].as_str().unwrap_or_default();
        ensure!(why.contains("no WebGPU adapter"), "{why:?}");
        ensure!(page.text("#runs-on").await?.contains(why));
        let on_cpu = train(page, "cpu").await?;
        ensure!(
            on_cpu.state["fingerprint"] == on_webgpu.state["fingerprint"],
            "the same run, to the bit"
        );
        let automatic = train(page, "auto").await?;
        ensure!(automatic.state["fingerprint"] == on_cpu.state["fingerprint"]);
        Ok(())
    });
}

/// A finished run.
struct Trained {
    state: Value,
    /// Result of `evaluate` on the validation set.
    evaluation: Value,
}

async fn open(page: &Page) -> Result<()> {
    // A site without the real data sets is sufficient.
    page.expect_console("data/index.json");
    page.open("#lang=en").await?;
    settled(page).await?;
    set(page, SETTINGS).await
}

async fn set(page: &Page, settings: &str) -> Result<()> {
    page.eval::<Value>(&format!("await mtlPlayground.set({settings}) ?? null"))
        .await
        .map(drop)
}

/// Trains from the start to the end on a backend.
async fn train(page: &Page, backend: &str) -> Result<Trained> {
    set(page, &format!("{{ backend: '{backend}' }}")).await?;
    page.api::<Value>("reset", &[]).await?;
    page.api::<Value>("play", &[]).await?;
    page.wait_for(
        "the run ends",
        "(await mtlPlayground.state()).phase === 'finished'",
    )
    .await?;
    page.sleep(Duration::from_millis(100)).await;
    let metrics: Value = page.api("evaluate", &[json!("validation")]).await?;
    println!("{backend}: {metrics}");
    Ok(Trained {
        state: state(page).await?,
        evaluation: metrics,
    })
}

fn compare(one: &Trained, other: &Trained) -> Result<()> {
    let tasks = one.evaluation["tasks"].as_object().context("metrics by task")?;
    ensure!(!tasks.is_empty());
    for (task, metrics) in tasks {
        let (a, b) = (
            metrics["loss"].as_f64(),
            other.evaluation["tasks"][task]["loss"].as_f64(),
        );
        let (a, b) = a.zip(b).context("a loss")?;
        ensure!((a - b).abs() < TOLERANCE, "{task}: {a} and {b}");
    }
    Ok(())
}
