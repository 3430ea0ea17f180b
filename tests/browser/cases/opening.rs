//! Opening the page: under any path, in both languages, and with a first paint before the module has loaded.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};

#[test]
fn opens_under_a_path_and_at_the_root() {
    check("opens-under-a-path", Setup::default(), async |page| {
        ensure!(
            page.base.matches('/').count() > 4,
            "the tests' base is a sub-path: {}",
            page.base
        );
        page.open("").await?;
        page.screenshot("opens-en").await?;
        let origin: String = page.eval("location.origin").await?;
        page.driver.goto(&origin).await?;
        page.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await
    });
}

#[test]
fn speaks_the_browsers_language() {
    for (setup, name, language) in [(Setup::default(), "en", "en"), (Setup::chinese(), "zh", "zh")] {
        check(&format!("speaks-{name}"), setup, async |page| {
            page.open("").await?;
            let shown: String = page.eval("document.documentElement.lang").await?;
            ensure!(
                shown.starts_with(language),
                "the document says it is in `{shown}`"
            );
            page.screenshot(&format!("speaks-{name}")).await
        });
    }
}

#[test]
fn paints_before_the_module_has_arrived() {
    check("paints-first", Setup::default(), async |page| {
        page.throttle(150_000, 40).await?;
        page.goto("").await?;
        page.wait_for(
            "something is painted",
            "performance.getEntriesByName('first-contentful-paint').length",
        )
        .await?;
        ensure!(
            heading(page).await?.contains("MTL Playground"),
            "the shell has no heading"
        );
        page.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await?;
        let paint_ms: f64 = page
            .eval("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            .await?;
        let module_ms: f64 = page
            .eval(
                "performance.getEntriesByType('resource').find((e) => e.name.endsWith('.wasm')).responseEnd",
            )
            .await?;
        println!("first paint after {paint_ms:.0} ms, the module after {module_ms:.0} ms");
        ensure!(
            paint_ms < module_ms,
            "painted after {paint_ms} ms, the module was there after {module_ms} ms"
        );
        Ok(())
    });
}

#[test]
fn says_so_when_the_module_cannot_be_loaded() {
    check("module-blocked", Setup::default(), async |page| {
        page.expect_console("Failed to load resource");
        page.expect_console("Failed to fetch");
        page.expect_console("was preloaded using link preload but not used");
        page.block(&["*.wasm"]).await?;
        page.goto("").await?;
        page.wait_for(
            "the shell says what is wrong",
            "document.querySelector('#boot-status[role=alert]')",
        )
        .await?;
        let text = page.text("#boot-status").await?;
        ensure!(
            text.contains("could not start") && text.contains("无法启动"),
            "it says: {text}"
        );
        ensure!(
            heading(page).await?.contains("MTL Playground"),
            "the shell went away"
        );
        page.screenshot("module-blocked").await
    });
}

#[test]
fn a_visit_fetches_the_page_and_the_trainer() {
    check("visit", Setup::default(), async |page| {
        page.open("").await?;
        let fetched: Vec<String> = page
            .eval("performance.getEntriesByType('resource').map((entry) => entry.name.split('/').pop())")
            .await?;
        let mut modules: Vec<&str> = fetched
            .iter()
            .filter(|name| name.ends_with(".wasm"))
            .filter_map(|name| name.split('-').next())
            .collect();
        modules.sort_unstable();
        ensure!(modules == ["app", "trainer"], "{modules:?} of {fetched:?}");
        Ok(())
    });
}

#[test]
fn fits_a_phone_and_a_desk_in_light_and_dark() {
    check("fits", Setup::default(), async |page| {
        for (scheme, is_phone) in [("light", false), ("dark", false), ("light", true), ("dark", true)] {
            page.prefer(&[("prefers-color-scheme", scheme)]).await?;
            if is_phone {
                page.phone().await?;
            } else {
                page.resize(1280, 800).await?;
            }
            page.open("").await?;
            let overflow: f64 = page
                .eval("document.documentElement.scrollWidth - innerWidth")
                .await?;
            ensure!(
                overflow <= 0.0,
                "{scheme}, phone {is_phone}: {overflow} px too wide"
            );
            page.screenshot(&format!(
                "fits-{}-{scheme}",
                if is_phone { "phone" } else { "desk" }
            ))
            .await?;
        }
        Ok(())
    });
}

async fn heading(page: &Page) -> Result<String> {
    page.eval("document.querySelector('h1')?.textContent ?? ''").await
}
