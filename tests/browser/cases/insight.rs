//! Shared or alone, and conflict: what a person sees who asks whether sharing helps.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_preset, settled, state};

/// Opens a tab of the panel below the canvas by its name.
async fn open_view(page: &Page, name: &str) -> Result<()> {
    page.eval::<Value>(&format!(
        "void [...document.querySelectorAll('.watch-bar [role=tab]')].find((tab) => tab.innerText.trim() === '{name}').click()"
    ))
    .await?;
    Ok(())
}

async fn small_run(page: &Page) -> Result<()> {
    page.expect_console("data/index.json");
    page.open("#lang=en").await?;
    settled(page).await?;
    page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 800 })])
        .await?;
    choose_preset(page, "text-towers").await?;
    page.api::<Value>("set", &[json!({ "epochs": 2, "seed": 5 })])
        .await?;
    settled(page).await
}

#[test]
fn a_comparison_says_for_each_task_whether_sharing_helps() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("shared-or-alone", setup, async |page| {
        small_run(page).await?;
        let before = state(page).await?;
        open_view(page, "Shared or alone").await?;
        let says = page.text("#comparison-says").await?;
        ensure!(says.contains("Press Compare"), "{says}");
        page.eval::<Value>(
            "(() => { const seeds = document.querySelector('#comparison-seeds'); seeds.value = '2'; \
               seeds.dispatchEvent(new Event('change', { bubbles: true })); })()",
        )
        .await?;
        page.click("#compare").await?;
        page.find("#comparison-progress").await?;
        page.wait_for_within(
            Duration::from_secs(120),
            "the comparison is done",
            "document.querySelector('#comparison-table') && !document.querySelector('#comparison-progress')",
        )
        .await?;
        let says = page.text("#comparison-says").await?;
        for task in ["domain", "sentiment"] {
            ensure!(says.contains(task), "no sentence about {task}: {says}");
        }
        ensure!(says.contains("2 seeds") && says.contains("spread"), "{says}");
        let rows: Vec<String> = page
            .eval("[...document.querySelectorAll('#comparison-table tbody tr')].map((row) => row.innerText.replace(/\\s+/g, ' '))")
            .await?;
        ensure!(rows.len() == 2, "{rows:?}");
        page.screenshot("shared-or-alone").await?;
        // The run that is shown is as it was.
        ensure!(state(page).await? == before, "the comparison has touched the run");
        // What was compared is not what is there any more, and the page says so.
        page.api::<Value>("set", &[json!({ "learning_rate": 0.123 })])
            .await?;
        page.find("#comparison-outdated").await?;
        page.api::<Value>("set", &[json!({ "lang": "zh", "theme": "dark" })])
            .await?;
        let says = page.text("#comparison-says").await?;
        ensure!(says.contains("离散度") && says.contains("个种子"), "{says}");
        page.screenshot("shared-or-alone-zh-dark").await?;
        page.phone().await?;
        page.screenshot("shared-or-alone-phone").await
    });
}

#[test]
fn a_comparison_can_be_stopped_and_keeps_what_is_done() {
    check("comparison-stopped", Setup::default(), async |page| {
        small_run(page).await?;
        page.api::<Value>("set", &[json!({ "epochs": 500 })]).await?;
        open_view(page, "Shared or alone").await?;
        page.click("#compare").await?;
        page.find("#comparison-table").await?;
        page.click("#compare").await?;
        page.wait_for(
            "it has stopped",
            "!document.querySelector('#comparison-progress')",
        )
        .await?;
        let hint = page.text("#comparison").await?;
        ensure!(hint.contains("Stopped before the last run"), "{hint}");
        Ok(())
    });
}

#[test]
fn conflict_is_looked_at_while_the_run_trains() {
    let setup = Setup {
        size: (1440, 900),
        ..Setup::default()
    };
    check("conflict", setup, async |page| {
        small_run(page).await?;
        page.api::<Value>("set", &[json!({ "epochs": 1000 })]).await?;
        open_view(page, "Conflict").await?;
        page.find("#conflict-matrix").await?;
        let layers: Vec<String> = page
            .eval("[...document.querySelectorAll('#conflict-layers tbody th')].map((cell) => cell.innerText)")
            .await?;
        ensure!(
            layers.contains(&"embedding".to_owned()) && layers.contains(&"shared".to_owned()),
            "{layers:?}"
        );
        page.click("#play").await?;
        page.wait_for_within(
            Duration::from_secs(30),
            "there are several looks",
            "Number(document.querySelector('#conflict').dataset.step) > 30",
        )
        .await?;
        page.click("#play").await?;
        let says = page.text("#conflict-says").await?;
        ensure!(
            says.contains("domain") && says.contains("sentiment") && says.contains("cosine"),
            "{says}"
        );
        let cells: Vec<String> = page
            .eval("[...document.querySelectorAll('#conflict-matrix td.cosine')].map((cell) => cell.title)")
            .await?;
        ensure!(
            cells.len() == 4 && cells.iter().all(|title| title.contains("cosine")),
            "{cells:?}"
        );
        page.screenshot("conflict").await?;
        page.api::<Value>("set", &[json!({ "lang": "zh", "theme": "dark" })])
            .await?;
        let says = page.text("#conflict-says").await?;
        ensure!(says.contains("余弦"), "{says}");
        page.screenshot("conflict-zh-dark").await?;
        // Another view: nothing more is looked at.
        open_view(page, "曲线").await?;
        page.sleep(Duration::from_millis(300)).await;
        let before: Value = page.api("work", &[]).await?;
        page.sleep(Duration::from_millis(2_000)).await;
        let after: Value = page.api("work", &[]).await?;
        ensure!(
            before["messages_sent"] == after["messages_sent"],
            "a view that is not shown asks: {before} -> {after}"
        );
        Ok(())
    });
}
