//! The module of `tests/wasm` in the browser: the same bits as natively, and the transport between page and worker.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};

#[test]
fn wasm_computes_the_same_bits_as_the_native_program() {
    check("wasm-digests", Setup::default(), async |page| {
        let path =
            std::env::var("MTL_DIGESTS").context("MTL_DIGESTS is not set: `cargo xtask test --only wasm`")?;
        let native: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(path)?)?;
        ensure!(native.len() > 10, "the native program says little: {native:?}");
        for build in ["", "relaxed/"] {
            page.goto(&format!("wasm-tests/{build}")).await?;
            page.wait_for("the module is there", "globalThis.tests").await?;
            let in_browser: BTreeMap<String, String> = page.eval("JSON.parse(tests.digests())").await?;
            let names = native.keys().chain(in_browser.keys());
            let different: Vec<_> = names
                .filter(|name| native.get(*name) != in_browser.get(*name))
                .collect();
            ensure!(
                different.is_empty(),
                "these differ in the build {build:?}: {different:#?}"
            );
        }
        println!("{} digests, the same bits natively and in wasm", native.len());
        Ok(())
    });
}

#[test]
fn wasm_worker_hears_what_was_sent_before_it_was_ready_in_order_and_buffers_move() {
    check("wire-order", Setup::default(), async |page| {
        open(page).await?;
        start_link(page).await?;
        let left: Vec<u32> = page
            .eval("['a', 'b', 'c'].map((text, k) => link.send(text, 3 + k))")
            .await?;
        page.wait_for("three answers", "link.heard().length === 3")
            .await?;
        ensure!(
            heard(page).await?
                == [
                    "a after 0 slices [3]",
                    "b after 0 slices [4]",
                    "c after 0 slices [5]"
                ]
        );
        ensure!(
            left == [3, 4, 5],
            "what waits for the worker is still on this side: {left:?}"
        );
        let left: u32 = page.eval("link.send('d', 1000000)").await?;
        ensure!(
            left == 0,
            "a buffer is moved and not copied, but {left} bytes stayed"
        );
        page.wait_for("the fourth answer", "link.heard().length === 4")
            .await?;
        ensure!(heard(page).await?[3] == "d after 0 slices [1000000]");
        Ok(())
    });
}

#[test]
fn wasm_worker_hears_pause_while_it_works() {
    check("wire-pause", Setup::default(), async |page| {
        open(page).await?;
        start_link(page).await?;
        page.eval::<u32>("link.send('work', 0)").await?;
        page.wait_for("it works", "link.heard().length === 1").await?;
        page.sleep(Duration::from_millis(300)).await;
        page.eval::<u32>("link.send('pause', 0)").await?;
        page.wait_for("pause was heard", "link.heard().length === 2")
            .await?;
        let lines = heard(page).await?;
        let n_slices: u32 = lines[1]
            .split(' ')
            .nth(2)
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
        ensure!(n_slices >= 5, "it worked meanwhile: {lines:?}");
        page.sleep(Duration::from_millis(100)).await;
        page.eval::<u32>("link.send('more', 0)").await?;
        page.wait_for("an answer", "link.heard().length === 3").await?;
        ensure!(
            heard(page).await?[2].starts_with(&format!("more after {n_slices} ")),
            "nothing runs after pause"
        );
        Ok(())
    });
}

#[test]
fn wasm_worker_that_ends_is_reported_once() {
    check("wire-failures", Setup::default(), async |page| {
        // The browser itself reports an error in a worker's script.
        page.expect_console("RuntimeError: unreachable");
        page.expect_console("no-such-worker.js");
        open(page).await?;
        for (command, expected) in [
            ("panic", "it was asked to"),
            ("trap", "ended unexpectedly: Uncaught RuntimeError"),
        ] {
            start_link(page).await?;
            page.eval::<u32>(&format!("link.send('{command}', 0)")).await?;
            page.wait_for("the failure", "link.heard().length === 1").await?;
            page.sleep(Duration::from_millis(200)).await;
            page.eval::<u32>("link.send('still there?', 0)").await?;
            page.sleep(Duration::from_millis(100)).await;
            let lines = heard(page).await?;
            ensure!(
                lines.len() == 1 && lines[0].contains(expected),
                "{command}: {lines:?}"
            );
        }
        page.eval::<()>("void (globalThis.link = new tests.Link('./no-such-worker.js'))")
            .await?;
        page.wait_for("the failure", "link.heard().length === 1").await?;
        ensure!(heard(page).await?[0].contains("did not load"));
        Ok(())
    });
}

fn with_webgpu() -> Setup {
    Setup {
        webgpu: true,
        ..Setup::default()
    }
}

/// Output of [`Parity::compare`](../../wasm/src/gpu_cases.rs).
#[derive(serde::Deserialize)]
struct Compared {
    cases: usize,
    largest: f32,
    apart: Vec<String>,
}

/// Compares a group, a few cases at a time: a script has a limit of two minutes.
async fn compare(page: &Page, group: &str, alone: bool) -> Result<()> {
    const AT_A_TIME: usize = 20;
    let (mut n_cases, mut within) = (0, 0.0_f32);
    loop {
        let compared: Compared = page
            .eval(&format!(
                "JSON.parse(await parity.compare('{group}', {n_cases}, {AT_A_TIME}, {alone}))"
            ))
            .await?;
        let Compared {
            cases,
            largest,
            apart,
        } = compared;
        ensure!(apart.is_empty(), "{group}:\n{}", apart.join("\n"));
        n_cases += cases;
        within = within.max(largest);
        if cases < AT_A_TIME {
            break;
        }
    }
    ensure!(n_cases > 2, "{group}: {n_cases} cases");
    let threads = if alone { "alone" } else { "in teams" };
    println!("{group}, threads {threads}: {n_cases} cases, within {within:e}");
    Ok(())
}

#[test]
fn wasm_webgpu_computes_every_layer_as_the_cpu_does() {
    check("wasm-webgpu-layers", with_webgpu(), async |page| {
        open(page).await?;
        start_parity(page).await?;
        for group in ["every layer", "wide heads"] {
            compare(page, group, true).await?;
        }
        Ok(())
    });
}

#[test]
fn wasm_webgpu_computes_real_sizes_as_the_cpu_does() {
    check("wasm-webgpu-sizes", with_webgpu(), async |page| {
        open(page).await?;
        start_parity(page).await?;
        for group in ["products", "real sizes"] {
            compare(page, group, true).await?;
        }
        // Kernels with synchronising threads are slow on SwiftShader: the kernels for graphics cards run on some cases only.
        for group in ["wide heads", "products"] {
            compare(page, group, false).await?;
        }
        Ok(())
    });
}

#[test]
fn wasm_webgpu_that_refuses_a_command_says_so() {
    check("wasm-webgpu-refuses", with_webgpu(), async |page| {
        page.expect_console("misuse");
        page.expect_console("Invalid CommandBuffer");
        open(page).await?;
        start_parity(page).await?;
        let reported: String = page.eval("parity.misuse()").await?;
        ensure!(
            reported.starts_with("refused: WebGPU rejected a command"),
            "{reported}"
        );
        Ok(())
    });
}

async fn start_parity(page: &Page) -> Result<()> {
    page.eval::<()>("void (globalThis.parity = await tests.Parity.start())")
        .await?;
    let works_alone: bool = page.eval("parity.works_alone()").await?;
    ensure!(works_alone, "SwiftShader is not recognised");
    Ok(())
}

async fn open(page: &Page) -> Result<()> {
    page.goto("wasm-tests/").await?;
    page.wait_for("the module is there", "globalThis.tests").await
}

async fn start_link(page: &Page) -> Result<()> {
    page.eval("void (globalThis.link = new tests.Link('./worker.js'))")
        .await
}

async fn heard(page: &Page) -> Result<Vec<String>> {
    page.eval("link.heard()").await
}
