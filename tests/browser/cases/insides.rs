//! Inspection of a run: histograms and gradient norms of a layer, and the profile of a step.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::Value;

use crate::steps::{open_panel, select, trained};

/// The step of the latest inspection.
const SEEN_STEP: &str = "Number(document.querySelector('#inside .muted').innerText.match(/\\d+/)[0])";

async fn look_into(page: &Page, name: &str) -> Result<()> {
    select(page, &[name]).await?;
    page.find("#inside .histogram").await.map(drop)
}

#[test]
fn a_layer_shows_what_it_has_learnt() {
    check("insides", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        open_panel(page, "layer").await?;
        // Nothing selected: the gradient norms of every layer and task.
        page.find(".inside-table tbody tr").await?;
        let table: Vec<Vec<String>> = page
            .eval("[...document.querySelectorAll('.inside-table tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))")
            .await?;
        println!("gradient norms: {table:?}");
        ensure!(
            table.len() >= 4 && table.iter().all(|row| row.len() == 3),
            "{table:?}"
        );
        let is_number = |text: &String| text.parse::<f64>().is_ok_and(|norm| norm > 0.0);
        ensure!(
            table.iter().any(|row| row[1..].iter().all(is_number)),
            "no layer is shared: {table:?}"
        );
        ensure!(
            table.iter().any(|row| row[1..].contains(&"–".to_owned())),
            "no layer is private: {table:?}"
        );

        // A layer: activations, kernel and bias as histograms, one bar per task.
        look_into(page, "shared").await?;
        let parts: Vec<String> = page
            .eval("[...document.querySelectorAll('#inside h4')].map((heading) => heading.innerText)")
            .await?;
        ensure!(parts.len() == 4 && parts[0] == "Activations", "{parts:?}");
        ensure!(
            page.eval::<usize>("document.querySelectorAll('#inside .histogram').length")
                .await?
                == 3
        );
        ensure!(
            page.eval::<usize>("document.querySelectorAll('#inside .bars li').length")
                .await?
                == 2
        );
        page.eval::<Value>("void document.querySelector('#inside').scrollIntoView()")
            .await?;
        page.screenshot("inside-layer").await?;

        // It is updated after an epoch.
        let before: u64 = page.eval(SEEN_STEP).await?;
        page.api::<Value>("set", &[serde_json::json!({ "epochs": 8 })])
            .await?;
        page.api::<Value>("epoch", &[]).await?;
        page.wait_for("it has looked again", &format!("{SEEN_STEP} > {before}"))
            .await?;

        // For a layer that one task trains, the other task has no gradient.
        look_into(page, "tower_domain").await?;
        page.wait_for(
            "the other task does not reach it",
            "[...document.querySelectorAll('#inside .bars li')].some((line) => line.innerText.includes('no gradient'))",
        )
        .await
    });
}

#[test]
fn a_step_says_where_its_time_goes() {
    check("step-profile", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        let before: Value = page.api("state", &[]).await?;
        open_panel(page, "train").await?;
        page.eval::<Value>(
            "void document.querySelectorAll('#train details').forEach((part) => { part.open = true })",
        )
        .await?;
        page.click("#measure-step").await?;
        page.find("#step-profile li").await?;
        let bars: Vec<(String, f64)> = page
            .eval("[...document.querySelectorAll('#step-profile li')].map((line) => [line.querySelector('.bar-name').innerText, parseFloat(line.querySelector('.bar-value').innerText)])")
            .await?;
        println!("one step: {bars:?}");
        let total_ms: f64 = bars.iter().map(|(_, ms)| ms).sum();
        ensure!(bars.len() >= 6 && total_ms > 0.0, "{bars:?}");
        ensure!(
            bars.windows(2)
                .take(bars.len() - 2)
                .all(|pair| pair[0].1 >= pair[1].1),
            "not in order: {bars:?}"
        );
        ensure!(
            bars.iter().any(|(name, _)| name.starts_with("embedding")),
            "{bars:?}"
        );
        page.eval::<Value>("void document.querySelector('#step-profile').scrollIntoView({ block: 'end' })")
            .await?;
        page.screenshot("step-profile").await?;
        let after: Value = page.api("state", &[]).await?;
        ensure!(
            after["fingerprint"] == before["fingerprint"],
            "measuring changed the run"
        );
        Ok(())
    });
}
