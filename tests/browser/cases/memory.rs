//! Memory: the need of a run is shown before it starts, too much is refused with numbers, and the memory of the worker stays
//! constant: repeated runs do not leak.

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{design, in_worker, open_panel, settled, toast};

/// Lets a test read the size of the worker's WebAssembly memory, as the browser reports it.
/// the program counts.
const WATCH_MEMORY: &str = "
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...given) => {
      const made = await instantiate(...given);
      const { memory } = (made.instance ?? made).exports;
      new BroadcastChannel('test-memory').onmessage = ({ target, data }) => {
        if (data === 'ask') target.postMessage(memory.buffer.byteLength);
      };
      return made;
    };
";

/// Size of the worker's WebAssembly memory in bytes.
async fn worker_bytes(page: &Page) -> Result<u64> {
    page.eval(
        "await new Promise((resolve) => { const channel = new BroadcastChannel('test-memory'); \
           channel.onmessage = ({ data }) => { channel.close(); resolve(data); }; channel.postMessage('ask'); })",
    )
    .await
}

#[test]
fn fifty_runs_leave_the_workers_memory_at_its_level() {
    check("memory-runs", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        in_worker(page, WATCH_MEMORY).await?;
        page.open("#lang=en").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
            .await?;
        page.api::<Value>("set", &[json!({ "epochs": 1 })]).await?;
        let mut sizes = Vec::new();
        for run in 0..52 {
            // Two designs alternate, so that each run is built anew.
            let preset = ["text-towers", "shared-lstm"][run % 2];
            page.api::<Value>("load", &[json!(preset)]).await?;
            page.api::<Value>("set", &[json!({ "epochs": 1 })]).await?;
            settled(page).await?;
            page.api::<Value>("epoch", &[]).await?;
            page.api::<Value>("evaluate", &[json!("validation")]).await?;
            page.api::<Value>("reset", &[]).await?;
            sizes.push(worker_bytes(page).await?);
        }
        println!("the worker's memory after each run: {sizes:?} bytes");
        let (level, last) = (sizes[3], sizes[51]);
        ensure!(level > 1_000_000, "nothing was measured: {sizes:?}");
        ensure!(last <= level, "{level} bytes after 4 runs, {last} after 52");
        Ok(())
    });
}

/// Memory needed for training as the panel shows it, in megabytes: total, and the rows of the data set.
async fn stated_mb(page: &Page) -> Result<(f64, f64)> {
    let texts: Vec<String> = page
        .eval("[...document.querySelectorAll('#train .facts-memory, #train .facts-memory ~ dd')].slice(0, 2).map((dd) => dd.textContent)")
        .await?;
    let mb = |text: &String| -> Result<f64> {
        let (number, unit) = text.split_once(['\u{a0}', ' ']).context("no unit")?;
        let factor = match unit {
            "kB" => 1e-3,
            "MB" => 1.0,
            "GB" => 1e3,
            _ => anyhow::bail!("{text}"),
        };
        Ok(number.parse::<f64>()? * factor)
    };
    ensure!(texts.len() == 2, "it says {texts:?}");
    Ok((mb(&texts[0])?, mb(&texts[1])?))
}

#[test]
fn the_need_is_stated_before_a_run_and_too_much_is_refused_with_numbers() {
    check("memory-need", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("#lang=en").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        settled(page).await?;
        open_panel(page, "train").await?;
        let (few, few_rows) = stated_mb(page).await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 5000 })])
            .await?;
        settled(page).await?;
        page.wait_for(
            "more rows need more memory",
            "document.querySelectorAll('#train .facts-memory').length === 1",
        )
        .await?;
        let (many, many_rows) = stated_mb(page).await?;
        println!(
            "1,000 rows: {few} MB, {few_rows} of it rows; 5,000 rows: {many} MB, {many_rows} of it rows"
        );
        ensure!(
            few_rows > 0.0 && few > few_rows,
            "{few} MB, {few_rows} of it rows"
        );
        ensure!(
            (4.5..5.5).contains(&(many_rows / few_rows)) && many > few,
            "five times the rows: {many_rows} MB against {few_rows} MB"
        );

        // Too much: reported immediately, in the panel and by the button, with numbers and a fix.
        page.screenshot("memory-need").await?;
        page.api::<Value>("load", &[wide_lstm()]).await?;
        page.api::<Value>("set", &[json!({ "batch_size": 4096 })]).await?;
        for (lang, words) in [
            ("en", ["the limit is 900 MB", "for the data set", "smaller batch"]),
            ("zh", ["上限为 900 MB", "其中数据集", "减小批大小"]),
        ] {
            page.click(&format!("#lang-{lang}")).await?;
            let panel = page.text("#train .note-bad").await?;
            page.click("#play").await?;
            let said = toast(page, "problem").await?;
            println!("{said}");
            for word in words {
                ensure!(said.contains(word), "it does not say {word}: {said}");
                ensure!(panel.contains(word), "the panel does not say {word}: {panel}");
            }
        }
        page.screenshot("memory-refused").await?;
        // Nothing crashed.
        page.api::<Value>("set", &[json!({ "batch_size": 64 })]).await?;
        settled(page).await?;
        page.api::<Value>("step", &[json!(2)]).await?;
        Ok(())
    });
}

/// An LSTM whose values for a large batch do not fit.
fn wide_lstm() -> Value {
    let layers = [
        ("text", json!({ "type": "token_input", "feature": "text" })),
        ("table", json!({ "type": "embedding", "width": 32 })),
        ("lstm", json!({ "type": "lstm", "units": 256 })),
        ("domain", json!({ "type": "classes_head", "label": "domain" })),
    ];
    design(&layers, &[(0, 1), (1, 2), (2, 3)])
}
