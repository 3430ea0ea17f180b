//! Appearance of every panel: light and dark, desktop and phone, both languages. Screenshots are for manual review;
//! the tests assert that nothing is wider than the screen and that every control has a name.

use std::time::Duration;

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_data, choose_preset, play, settled, trained, try_text};

#[test]
fn every_room_fits_a_phone() {
    check("rooms-phone", Setup::default(), async |page| {
        page.phone().await?;
        page.open("").await?;
        trained(page).await?;
        for scheme in ["light", "dark"] {
            page.prefer(&[("prefers-color-scheme", scheme)]).await?;
            for (room, name) in [
                ("design", "Design"),
                ("data", "Data"),
                ("train", "Train"),
                ("watch", "Watch"),
                ("try", "Try it"),
            ] {
                page.eval::<Value>(&format!(
                    "void [...document.querySelectorAll('.room-tabs button')].find((tab) => tab.innerText.trim() === '{name}').click()"
                ))
                .await?;
                page.wait_for(
                    "the room is open",
                    &format!("document.querySelector('[data-room={room}]')"),
                )
                .await?;
                if room == "try" {
                    page.fill("#try textarea", "a lovely little book").await?;
                    page.find(".answer .bar-value").await?;
                }
                page.sleep(Duration::from_millis(300)).await;
                fits(page, &format!("{room}, {scheme}")).await?;
                page.screenshot(&format!("room-{room}-phone-{scheme}")).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn every_view_on_a_desk_in_light_and_dark_and_both_languages() {
    check("views-desk", Setup::default(), async |page| {
        page.open("").await?;
        trained(page).await?;
        try_text(page, "a lovely little book").await?;
        for (scheme, lang) in [("light", "en"), ("dark", "en"), ("dark", "zh")] {
            page.prefer(&[("prefers-color-scheme", scheme)]).await?;
            page.click(&format!("#lang-{lang}")).await?;
            for view in 0..4 {
                page.eval::<Value>(&format!(
                    "void document.querySelectorAll('.watch-bar [role=tab]')[{view}].click()"
                ))
                .await?;
                page.sleep(Duration::from_millis(300)).await;
                fits(page, &format!("view {view}, {scheme}")).await?;
                page.screenshot(&format!("view-{view}-{scheme}-{lang}")).await?;
            }
            for sheet in ["presets", "datasets", "help"] {
                page.click(&format!("#{sheet}")).await?;
                page.sleep(Duration::from_millis(300)).await;
                page.screenshot(&format!("sheet-{sheet}-{scheme}-{lang}")).await?;
                page.eval::<Value>(
                    "void document.querySelector('dialog[open] .dialog-close, dialog[open] button').click()",
                )
                .await?;
                page.wait_for("the sheet is closed", "!document.querySelector('dialog[open]')")
                    .await?;
            }
        }
        Ok(())
    });
}

/// Asserts that nothing is wider than the screen, and that every control has a name.
async fn fits(page: &Page, what: &str) -> Result<()> {
    let overflow: f64 = page
        .eval("document.documentElement.scrollWidth - innerWidth")
        .await?;
    ensure!(overflow <= 0.0, "{what}: {overflow} px too wide");
    let nameless: Vec<String> = page
        .eval(
            "[...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea')] \
               .filter((e) => e.checkVisibility() && !e.ariaHidden && !e.ariaLabel && !e.innerText?.trim() && !e.title \
                 && !e.labels?.length && !e.getAttribute('aria-labelledby') && !e.querySelector('title')) \
               .map((e) => e.outerHTML.slice(0, 120))",
        )
        .await?;
    ensure!(nameless.is_empty(), "{what}: without a name: {nameless:#?}");
    Ok(())
}

#[test]
fn a_phone_trains_with_the_visible_controls() {
    check("phone-trains", Setup::chinese(), async |page| {
        page.phone().await?;
        page.open("").await?;
        choose_data(page, "generated-reviews").await?;
        choose_preset(page, "shared-lstm").await?;
        page.api::<Value>("set", &[json!({ "epochs": 200 })]).await?;
        play(page).await?;
        page.wait_for(
            "steps are shown",
            "Number(document.querySelector('#run-state').dataset.step) > 3",
        )
        .await?;
        page.screenshot("phone-trains-zh").await
    });
}

#[test]
fn the_page_at_every_width_in_light_and_dark_and_both_languages() {
    check("widths", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.resize(1440, 900).await?;
        page.open("").await?;
        trained(page).await?;
        for (width, height) in [(1440, 900), (1280, 800), (1024, 768), (390, 844)] {
            if width == 390 {
                page.phone().await?;
            } else {
                page.resize(width, height).await?;
            }
            // As seen by a user who opens the page at this width.
            page.reload().await?;
            settled(page).await?;
            page.api::<Value>("epoch", &[]).await?;
            for (scheme, lang) in [("light", "en"), ("dark", "zh"), ("light", "zh"), ("dark", "en")] {
                page.prefer(&[("prefers-color-scheme", scheme)]).await?;
                page.click(&format!("#lang-{lang}")).await?;
                page.sleep(Duration::from_millis(300)).await;
                fits(page, &format!("{width}, {scheme}, {lang}")).await?;
                ensure!(
                    page.eval::<bool>(
                        "[...document.querySelectorAll('.run-figures span')].every((e) => !e.checkVisibility() || e.getBoundingClientRect().right <= e.closest('.run-bar').getBoundingClientRect().right)"
                    )
                    .await?,
                    "{width}: the figures of the run are cut"
                );
                page.screenshot(&format!("page-{width}-{scheme}-{lang}")).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn the_charts_begin_with_the_metric_that_suits_the_task_and_keep_a_choice() {
    check("chart-metric", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        page.reload().await?;
        settled(page).await?;
        let select = ".metric-choice select";
        let chosen = format!("document.querySelector('{select}').value");
        for (data, preset, expected) in [
            ("generated-reviews", "text-towers", "accuracy"),
            ("generated-impressions", "ad-content", "auc"),
            ("generated-reviews", "text-towers", "accuracy"),
        ] {
            page.api::<Value>("data", &[json!(data)]).await?;
            page.api::<Value>("load", &[json!(preset)]).await?;
            page.wait_for(
                &format!("{preset} begins with {expected}"),
                &format!("{chosen} === '{expected}'"),
            )
            .await?;
        }
        page.select(select, "f1_macro").await?;
        page.api::<Value>("epoch", &[]).await?;
        page.wait_for("the choice is kept", &format!("{chosen} === 'f1_macro'"))
            .await
    });
}
