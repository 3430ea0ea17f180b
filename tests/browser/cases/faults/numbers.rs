//! Numbers that are not finite, and values that are refused: shown where they are, and nothing hangs.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{open_panel, settled, state};

/// The message with which a call is rejected.
async fn rejected(page: &Page, call: &str) -> Result<String> {
    page.eval(&format!(
        "await mtlPlayground.{call}.then(() => 'resolved', (error) => error.message)"
    ))
    .await
}

#[test]
fn a_run_that_is_not_finite_says_so_and_answers() {
    check("not-finite", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        // Adam divides 0 by 0 where no gradient reaches a parameter.
        page.api::<Value>("set", &[json!({ "optimizer": { "type": "adam", "epsilon": 0 } })])
            .await?;
        let why = rejected(page, "step(3)").await?;
        ensure!(why.contains("is not finite after step 1"), "{why}");
        ensure!(state(page).await?["phase"] == "diverged");
        ensure!(
            page.text(".run-note")
                .await?
                .contains("is not finite after step 1"),
            "the run bar says something else"
        );
        let outputs: Vec<String> = page
            .eval(
                "(await mtlPlayground.predict('so good')).tasks.flatMap((task) => task.outputs.map(String))",
            )
            .await?;
        ensure!(outputs.iter().any(|output| output == "NaN"), "{outputs:?}");
        page.api::<Value>("evaluate", &[json!("validation")]).await?;
        let why = rejected(page, "play()").await?;
        ensure!(why.contains("diverged"), "{why}");
        let why = rejected(page, "exportWeights()").await?;
        ensure!(why.contains("finite"), "{why}");
        open_panel(page, "try").await?;
        page.fill("#try textarea", "so good").await?;
        page.wait_for(
            "Try it shows what came",
            "[...document.querySelectorAll('.answer .bar-value')].some((one) => one.innerText === 'NaN')",
        )
        .await?;
        page.screenshot("not-finite").await?;
        page.api::<Value>("reset", &[]).await?;
        page.api::<Value>("set", &[json!({ "optimizer": "adam" })])
            .await?;
        page.api::<Value>("step", &[json!(2)]).await?;
        Ok(())
    });
}

#[test]
fn a_run_that_diverges_goes_back_to_its_last_good_state() {
    check("rewind", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        page.api::<Value>(
            "set",
            &[json!({ "optimizer": "sgd", "learning_rate": 0.05, "epochs": 50 })],
        )
        .await?;
        page.api::<Value>("step", &[json!(60)]).await?;
        page.api::<Value>("set", &[json!({ "learning_rate": 1000 })])
            .await?;
        page.click("#play").await?;
        page.wait_for(
            "it diverges",
            "document.querySelector('#run-state').dataset.phase === 'diverged'",
        )
        .await?;
        let kept = state(page).await?["rewind_step"].as_u64();
        ensure!(kept.is_some_and(|kept| (51..=61).contains(&kept)), "{kept:?}");
        let button = page.text("#rewind").await?;
        ensure!(button.contains(&kept.unwrap_or_default().to_string()), "{button}");
        page.screenshot("rewind").await?;
        page.click("#rewind").await?;
        page.wait_for("the button is gone", "!document.querySelector('#rewind')")
            .await?;
        let after = state(page).await?;
        ensure!(
            after["step"].as_u64() == kept && after["phase"] == "paused",
            "{after}"
        );
        let last: u64 = page
            .eval("(await mtlPlayground.history()).step.at(-1) ?? 0")
            .await?;
        ensure!(Some(last) <= kept, "the charts go on to step {last}");
        page.api::<Value>("set", &[json!({ "learning_rate": 0.05 })])
            .await?;
        page.api::<Value>("step", &[json!(5)]).await?;
        ensure!(state(page).await?["step"].as_u64() == kept.map(|kept| kept + 5));
        Ok(())
    });
}

#[test]
fn what_is_typed_into_try_it_is_refused_there() {
    check("try-refuses", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("load", &[json!("ad-content")]).await?;
        settled(page).await?;
        open_panel(page, "try").await?;
        page.fill("#try-user", "3").await?;
        let answer = ".answer:not(.outdated) .bar-value";
        page.find(answer).await?;
        for typed in ["99999", "-1", "1.5", ""] {
            page.fill("#try-user", typed).await?;
            page.wait_for(
                &format!("{typed:?} is refused where it stands"),
                "document.querySelector('#try-user').closest('.field').querySelector('[role=alert]')",
            )
            .await?;
            let said = page.text("#try .field [role=alert]").await?;
            ensure!(
                said.contains("whole number from 0 to") && said.contains(typed),
                "{said}"
            );
            let shown: bool = page.eval("Boolean(document.querySelector('.answer'))").await?;
            ensure!(!shown, "the answer for user 3 is still shown with {typed:?}");
        }
        page.screenshot("try-refuses").await?;
        page.fill("#try-user", "4").await?;
        page.find(answer).await?;
        ensure!(
            !page
                .eval::<bool>("Boolean(document.querySelector('#try [role=alert]'))")
                .await?
        );
        Ok(())
    });
}

#[test]
fn writing_a_file_can_be_cancelled() {
    check("cancel-writing", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": super::frozen::WORKERS }),
        )
        .await?;
        page.open("").await?;
        settled(page).await?;
        let before = state(page).await?;
        // The worker is busy with it, as with a large model.
        page.eval::<Value>("void (testWorkers.at(-1).testHears = ([kind]) => kind === 'event')")
            .await?;
        page.eval::<Value>(
            "void mtlPlayground.exportWeights().catch((error) => globalThis.testRefusal = error.message)",
        )
        .await?;
        page.click(".toast-cancel").await?;
        page.wait_for_within(Duration::from_secs(2), "the call fails", "globalThis.testRefusal")
            .await?;
        ensure!(page.eval::<String>("testRefusal").await? == "cancelled");
        page.eval::<Value>("void (testWorkers.at(-1).testHears = undefined)")
            .await?;
        ensure!(
            !page
                .eval::<bool>("Boolean(document.querySelector('.toast-cancel'))")
                .await?
        );
        page.wait_for("the worker answers", "(await mtlPlayground.state()).step >= 0")
            .await?;
        ensure!(state(page).await?["fingerprint"] == before["fingerprint"]);
        Ok(())
    });
}
