//! The two builds of the page's module: which one a browser gets, and what "reproducible" promises of both.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

/// Simulates a browser without relaxed SIMD: it rejects the probe module.
const WITHOUT_RELAXED_SIMD: &str = "WebAssembly.validate = () => false;";

/// Whether this machine has a fused multiply-add, which Chromium then uses too.
fn fuses() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// The names of the modules that the page has fetched, without their hashes.
async fn modules(page: &Page) -> Result<Vec<String>> {
    page.eval(
        "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('.wasm')) \
         .map((entry) => entry.name.split('/').pop().replace(/-[0-9a-f]{12}/, ''))",
    )
    .await
}

/// Trains a few steps from the start and returns the bits of the parameters.
async fn trained(page: &Page, reproducible: bool) -> Result<Value> {
    page.api::<Value>(
        "set",
        &[json!({ "backend": "cpu", "reproducible": reproducible })],
    )
    .await?;
    page.api::<Value>("reset", &[]).await?;
    page.api::<Value>("step", &[json!(12)]).await?;
    let state: Value = page.api("state", &[]).await?;
    ensure!(state["settings"]["reproducible"] == reproducible, "{state}");
    Ok(state["fingerprint"].clone())
}

async fn open(page: &Page) -> Result<String> {
    page.open("").await?;
    page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
        .await?;
    page.api::<Value>("load", &[json!("text-towers")]).await?;
    let state: Value = page.api("state", &[]).await?;
    Ok(state["runs_on"]["build"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn each_build_is_taken_where_it_belongs_and_reproducible_gives_both_the_same_bits() {
    check("builds", Setup::default(), async |page| {
        ensure!(open(page).await? == "relaxed-simd");
        ensure!(
            modules(page).await? == ["app.wasm", "trainer-relaxed.wasm"],
            "{:?}",
            modules(page).await?
        );
        let exact = trained(page, true).await?;
        let fused = trained(page, false).await?;
        ensure!(
            (fused != exact) == fuses(),
            "fused {fused}, reproducible {exact}, and this machine fuses: {}",
            fuses()
        );
        // Switched on during a run, it applies from there on; earlier results stay.
        ensure!(trained(page, true).await? == exact);

        page.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": WITHOUT_RELAXED_SIMD }),
        )
        .await?;
        ensure!(open(page).await? == "simd128");
        ensure!(
            modules(page).await? == ["app.wasm", "trainer.wasm"],
            "{:?}",
            modules(page).await?
        );
        ensure!(
            trained(page, true).await? == exact,
            "reproducible is not the same in both builds"
        );
        ensure!(
            trained(page, false).await? == exact,
            "this build has nothing to fuse with"
        );
        Ok(())
    });
}

#[test]
fn reproducible_is_a_control_in_both_languages() {
    check("reproducible-control", Setup::default(), async |page| {
        open(page).await?;
        for (lang, label, expected) in [("en", "Reproducible", true), ("zh", "可复现", false)] {
            page.api::<Value>("set", &[json!({ "lang": lang })]).await?;
            page.click_named(label).await?;
            page.wait_for(
                "the setting follows",
                &format!("(await mtlPlayground.state()).settings.reproducible === {expected}"),
            )
            .await?;
        }
        Ok(())
    });
}
