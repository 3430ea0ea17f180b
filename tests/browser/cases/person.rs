//! The main user journey: train a model, try it, save its weights and open them again, with visible controls only.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{
    choose_data, choose_preset, figures, has_data, open_panel, pause, play, state, step_shown, toast,
    try_text,
};

/// Labels and inputs, by language.
struct Words {
    lang: &'static str,
    play: &'static str,
    pause: &'static str,
    files: &'static str,
    sentence: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    play: "Play",
    pause: "Pause",
    files: "Save and open",
    sentence: "what a lovely book, I read it twice",
};

const CHINESE: Words = Words {
    lang: "zh",
    play: "开始",
    pause: "暂停",
    files: "保存与打开",
    sentence: "这本书非常好看，质量也不错",
};

#[test]
fn a_person_trains_and_takes_the_weights_away_in_english() {
    check("person-en", Setup::default(), async |page| {
        journey(page, &ENGLISH, "generated-reviews").await
    });
}

#[test]
fn a_person_trains_and_takes_the_weights_away_in_chinese() {
    check("person-zh", Setup::chinese(), async |page| {
        journey(page, &CHINESE, "generated-reviews").await
    });
}

#[test]
fn a_person_trains_on_real_reviews_and_takes_the_weights_away() {
    for (name, setup, words, data) in [
        ("person-real-en", Setup::default(), &ENGLISH, "opinion-domains"),
        ("person-real-zh", Setup::chinese(), &CHINESE, "chinese-reviews"),
    ] {
        check(name, setup, async |page| {
            page.open("").await?;
            if !has_data(page, data).await? {
                return Ok(());
            }
            journey(page, words, data).await
        });
    }
}

async fn journey(page: &Page, words: &Words, data: &str) -> Result<()> {
    page.open("").await?;
    let lang: String = page.eval("document.documentElement.lang").await?;
    ensure!(lang.starts_with(words.lang), "the page is in `{lang}`");
    choose_data(page, data).await?;
    page.find("#data .samples .sample-text").await?;
    choose_preset(page, "text-towers").await?;
    // Enough epochs that the run does not end before it is paused.
    page.api::<Value>("set", &[json!({ "epochs": 200 })]).await?;

    // Play: the numbers change.
    ensure!(
        page.text("#play").await? == words.play,
        "the button says {}",
        page.text("#play").await?
    );
    play(page).await?;
    ensure!(
        page.text("#play").await? == words.pause,
        "the button of a running run"
    );
    let mut steps = Vec::new();
    for _ in 0..3 {
        let last = steps.last().copied().unwrap_or(0);
        page.wait_for(
            "more steps are shown",
            &format!("Number(document.querySelector('#run-state').dataset.step) > {last}"),
        )
        .await?;
        steps.push(step_shown(page).await?);
    }
    page.wait_for_within(
        Duration::from_secs(90),
        "every task shows its loss and its metric",
        "[...document.querySelectorAll('.run-task b')].length >= 4 \
         && [...document.querySelectorAll('.run-task b')].every((figure) => /^[0-9.]+$/.test(figure.textContent))",
    )
    .await?;
    page.screenshot(&format!("watch-{data}-{}", words.lang)).await?;

    // Pause: the run stops.
    pause(page).await?;
    let paused = state(page).await?;
    page.sleep(Duration::from_millis(300)).await;
    ensure!(state(page).await? == paused, "it went on after Pause");
    let shown = step_shown(page).await?;
    ensure!(
        Some(shown) == paused["step"].as_u64(),
        "step {shown} is shown, {} is meant",
        paused["step"]
    );

    // Another weight: the run continues.
    open_panel(page, "train").await?;
    page.fill(".weight:nth-of-type(2) .number", "2.5").await?;
    page.wait_for(
        "the second task has the weight 2.5",
        "(await mtlPlayground.state()).tasks[1].weight === 2.5",
    )
    .await?;
    let changed = state(page).await?;
    ensure!(
        changed["step"] == paused["step"] && changed["fingerprint"] == paused["fingerprint"],
        "a weight started the run again"
    );
    play(page).await?;
    page.wait_for(
        "the run goes on",
        &format!("Number(document.querySelector('#run-state').dataset.step) > {shown} + 5"),
    )
    .await?;
    pause(page).await?;

    // Try a sentence.
    let said = try_text(page, words.sentence).await?;
    ensure!(said.len() >= 4, "two tasks say: {said:?}");
    page.find(".answer .highlighted .word").await?;
    page.screenshot(&format!("try-{data}-{}", words.lang)).await?;
    let predicted: Value = page.api("predict", &[json!(words.sentence)]).await?;
    let at_export = state(page).await?;

    // Save the weights.
    page.click_named(words.files).await?;
    page.screenshot(&format!("menu-{}", words.lang)).await?;
    page.click("#save-weights").await?;
    let file = page.downloaded().await?;
    toast(page, "done").await?;
    let name = file
        .file_name()
        .context("the download has no name")?
        .to_string_lossy()
        .into_owned();
    ensure!(
        name.ends_with(".json") && name.contains(data),
        "the file is named {name}"
    );
    let written: Value = serde_json::from_slice(&fs::read(&file)?).context("the weights file is no JSON")?;
    ensure!(written.is_object(), "the weights file is no object");

    // Open them in a page without any state.
    page.reload().await?;
    choose_data(page, data).await?;
    // The run of before the reload goes on.
    page.api::<Value>("reset", &[]).await?;
    let fresh = state(page).await?;
    ensure!(
        fresh["step"] == 0 && fresh["fingerprint"] != at_export["fingerprint"],
        "the weights survived a reload: nothing is tested"
    );
    page.give_file("#file-picker", &file).await?;
    page.wait_for(
        "the weights are there",
        &format!(
            "(await mtlPlayground.state()).fingerprint === {}",
            at_export["fingerprint"]
        ),
    )
    .await?;
    ensure!(same_run(&state(page).await?, &at_export), "another run came back");
    let again = try_text(page, words.sentence).await?;
    ensure!(again == said, "shown before: {said:?}, after: {again:?}");
    let again: Value = page.api("predict", &[json!(words.sentence)]).await?;
    let difference = largest_difference(&predicted, &again)?;
    ensure!(difference <= 1e-6, "predictions moved by {difference}");

    // Invalid files are refused with a message, and nothing is lost.
    refuses_bad_files(page, &file).await?;
    ensure!(
        same_run(&state(page).await?, &at_export),
        "a bad file changed the run"
    );
    ensure!(
        figures(page).await? == said,
        "a bad file changed the predictions: {:?}",
        figures(page).await?
    );

    // Training can continue.
    play(page).await?;
    page.wait_for(
        "the run goes on after the import",
        &format!(
            "Number(document.querySelector('#run-state').dataset.step) > {}",
            at_export["step"]
        ),
    )
    .await?;
    pause(page).await
}

fn same_run(a: &Value, b: &Value) -> bool {
    ["step", "fingerprint", "data", "tasks", "settings"]
        .iter()
        .all(|member| a[member] == b[member])
}

async fn refuses_bad_files(page: &Page, good: &Path) -> Result<()> {
    let text = fs::read_to_string(good)?;
    let folder = good.parent().context("the download lies nowhere")?;
    let mut other_version: Value = serde_json::from_str(&text)?;
    other_version["version"] = json!(99);
    let cases = [
        ("truncated.json", text[..text.len() / 2].to_owned()),
        ("version.json", other_version.to_string()),
        ("nan.json", text.replacen("\"values\":[", "\"values\":[NaN,", 1)),
        ("empty.json", String::new()),
    ];
    for (name, content) in cases {
        let path = folder.join(name);
        fs::write(&path, content)?;
        page.give_file("#file-picker", &path).await?;
        let said = toast(page, "problem").await.with_context(|| name.to_owned())?;
        println!("{name}: {said}");
        ensure!(said.chars().count() > 8, "{name}: it says only {said}");
    }
    Ok(())
}

/// The largest difference between two answers of `predict`, over all outputs of all tasks.
fn largest_difference(a: &Value, b: &Value) -> Result<f64> {
    let outputs = |answer: &Value| -> Vec<f64> {
        let tasks = answer["tasks"].as_array().into_iter().flatten();
        tasks
            .flat_map(|task| task["outputs"].as_array().into_iter().flatten())
            .filter_map(Value::as_f64)
            .collect()
    };
    let (a, b) = (outputs(a), outputs(b));
    ensure!(
        !a.is_empty() && a.len() == b.len(),
        "{} outputs against {}",
        a.len(),
        b.len()
    );
    Ok(a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
}
