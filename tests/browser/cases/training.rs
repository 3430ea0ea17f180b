//! Metrics that training reaches, and responsiveness of the page meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use browser_tests::{Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_data, choose_preset, design, has_data, is_running, pause, play, state, try_text};

/// A real data set, a preset, the time from Play, and the required metrics on the test set.
struct Target {
    name: &'static str,
    data: &'static str,
    preset: &'static str,
    within: Duration,
    /// Task, metric, value.
    reached: &'static [(&'static str, &'static str, f64)],
}

#[test]
fn reaches_opinion_domains_with_text_towers() {
    reaches(&Target {
        name: "reach-opinion-domains",
        data: "opinion-domains",
        preset: "text-towers",
        within: Duration::from_secs(60),
        reached: &[("domain", "accuracy", 0.88), ("sentiment", "accuracy", 0.64)],
    });
}

#[test]
fn reaches_opinion_domains_with_a_shared_lstm() {
    reaches(&Target {
        name: "reach-opinion-domains-lstm",
        data: "opinion-domains",
        preset: "shared-lstm",
        within: Duration::from_secs(180),
        reached: &[("domain", "accuracy", 0.86)],
    });
}

#[test]
fn reaches_chinese_reviews_with_text_towers() {
    reaches(&Target {
        name: "reach-chinese-reviews",
        data: "chinese-reviews",
        preset: "text-towers",
        within: Duration::from_secs(90),
        reached: &[("domain", "accuracy", 0.96), ("sentiment", "accuracy", 0.79)],
    });
}

#[test]
fn reaches_clothing_reviews_with_text_towers() {
    reaches(&Target {
        name: "reach-clothing-reviews",
        data: "clothing-reviews",
        preset: "text-towers",
        within: Duration::from_secs(90),
        reached: &[("department", "accuracy", 0.80), ("recommended", "auc", 0.94)],
    });
}

#[test]
fn reaches_lecture_ratings_with_ad_content() {
    reaches(&Target {
        name: "reach-lecture-ratings",
        data: "lecture-ratings",
        preset: "ad-content",
        within: Duration::from_secs(120),
        reached: &[("like", "auc", 0.70)],
    });
}

fn reaches(target: &Target) {
    check(target.name, Setup::default(), async |page| {
        page.open("").await?;
        if !has_data(page, target.data).await? {
            return Ok(());
        }
        choose_data(page, target.data).await?;
        choose_preset(page, target.preset).await?;
        play(page).await?;
        let start = Instant::now();
        while start.elapsed() < target.within && is_running(page).await? {
            page.sleep(Duration::from_millis(200)).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        if is_running(page).await? {
            pause(page).await?;
        }
        let state = state(page).await?;
        let metrics: Value = page.api("evaluate", &[json!("test")]).await?;
        let mut missed = Vec::new();
        for (task, metric, least) in target.reached {
            let value = metrics["tasks"][task][metric]
                .as_f64()
                .with_context(|| format!("no {metric} of {task} in {metrics}"))?;
            println!(
                "{}, {}: {task} {metric} {value:.4} (at least {least}) after {seconds:.0} s, epoch {}",
                target.data, target.preset, state["epoch"]
            );
            if value < *least {
                missed.push(format!("{task} {metric} {value:.4} < {least}"));
            }
        }
        ensure!(missed.is_empty(), "after {seconds:.0} s: {}", missed.join(", "));
        Ok(())
    });
}

/// A design with a multi-label head and a multi-class head, as in a file.
fn two_heads() -> Value {
    let layers = [
        ("text", json!({ "type": "token_input", "feature": "text" })),
        ("table", json!({ "type": "embedding", "width": 16 })),
        ("pool", json!({ "type": "global_average_pooling" })),
        (
            "remarks",
            json!({ "type": "multi_label_head", "label": "remarks" }),
        ),
        ("domain", json!({ "type": "classes_head", "label": "domain" })),
    ];
    design(&layers, &[(0, 1), (1, 2), (2, 3), (2, 4)])
}

#[test]
fn several_labels_of_a_row_are_shown_trained_and_tried() {
    check("multi-label", Setup::default(), async |page| {
        page.open("").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 2000 })])
            .await?;
        page.api::<Value>("load", &[two_heads()]).await?;
        page.api::<Value>("set", &[json!({ "epochs": 12, "learning_rate": 0.03 })])
            .await?;
        for _ in 0..12 {
            page.api::<Value>("epoch", &[]).await?;
        }
        let metrics: Value = page.api("metrics", &[]).await?;
        let of = &metrics["validation"]["tasks"]["remarks"];
        let value = |metric: &str| of[metric].as_f64().with_context(|| format!("no {metric}: {of}"));
        ensure!(
            value("f1_micro")? > 0.75 && value("auc")? > 0.8 && value("hamming_loss")? < 0.3,
            "what it reaches: {of}"
        );
        ensure!(value("subset_accuracy")? > 0.1, "every label of a row: {of}");
        page.click("#datasets").await?;
        let shown = page.text(".report").await?;
        page.eval::<Value>("void document.querySelector('dialog[open]').close()")
            .await?;
        ensure!(shown.contains("Content") && shown.contains("verdict"), "{shown}");
        for (tab, expected) in [
            (1, "Hamming loss"),
            (2, "praise"),
            // Every table names its task.
            (2, "remarks · Per label"),
            (2, "domain · Per class"),
        ] {
            page.eval::<Value>(&format!(
                "void document.querySelectorAll('.watch-bar [role=tab]')[{tab}].click()"
            ))
            .await?;
            page.wait_for(
                &format!("the panel says {expected}"),
                &format!("document.querySelector('#watch').textContent.includes('{expected}')"),
            )
            .await?;
        }
        page.screenshot("multi-label-classes").await?;
        try_text(
            page,
            "I bought this phone last month. The battery dies before lunch. Never again.",
        )
        .await?;
        let best: Vec<String> = page
            .eval("[...document.querySelectorAll('.answer .best .bar-name')].map((name) => name.innerText)")
            .await?;
        ensure!(
            best.iter().any(|name| name == "complaint") && best.iter().any(|name| name == "phone"),
            "what is predicted: {best:?}"
        );
        page.screenshot("multi-label-try").await
    });
}

#[test]
fn a_run_that_diverges_stops_and_says_where() {
    check("diverges", Setup::default(), async |page| {
        page.open("").await?;
        choose_data(page, "generated-reviews").await?;
        choose_preset(page, "text-towers").await?;
        page.api::<Value>("set", &[json!({ "optimizer": "sgd", "learning_rate": 100.0 })])
            .await?;
        page.click("#play").await?;
        page.wait_for(
            "it says that it diverged",
            "document.querySelector('#run-state').dataset.phase === 'diverged'",
        )
        .await?;
        let note = page.text(".run-note").await?;
        println!("{note}");
        let names_task = ["domain", "sentiment"].iter().any(|task| note.contains(task));
        ensure!(
            names_task && note.chars().any(|c| c.is_ascii_digit()),
            "it names no task or no step: {note}"
        );
        page.screenshot("diverged").await
    });
}
