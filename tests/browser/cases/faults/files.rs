//! Files of the page and of the reader that are not as they should be: slow, of another type, too large, none at all; and hands that
//! do two things at once.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use browser_tests::{Fault, Host, Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{design, settled, state, toast, trained};

#[test]
fn a_module_of_another_type_and_a_slow_one_are_run() {
    check("wasm-type", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        let host = Host::before(&page.base)?;
        // What hosts that know no wasm say of it.
        host.spoil(".wasm", Fault::Type("text/plain"));
        host.spoil(".wasm", Fault::Late(Duration::from_secs(3)));
        page.driver.goto(&host.base).await?;
        settled(page).await?;
        page.api::<Value>("step", &[json!(1)]).await?;
        // The tools too.
        page.eval::<Value>(
            "void (navigator.clipboard.writeText = async (text) => { window.copied = text; })",
        )
        .await?;
        page.click_named("Save and open").await?;
        page.click("#copy-link").await?;
        page.wait_for("the link is packed", "window.copied?.includes('#project=')")
            .await
    });
}

/// The bytes of a blob that the API gives, as a file in the folder of downloads.
async fn safetensors(page: &Page) -> Result<Vec<u8>> {
    page.click_named("Save and open").await?;
    page.click("#save-tensors").await?;
    let path = page.downloaded().await?;
    ensure!(
        path.extension()
            .is_some_and(|extension| extension == "safetensors"),
        "it is called {}",
        path.display()
    );
    let bytes = fs::read(&path)?;
    fs::remove_file(path)?;
    Ok(bytes)
}

#[test]
fn weights_as_bytes_go_out_and_come_in() {
    check("safetensors", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        let before = state(page).await?;
        let bytes = safetensors(page).await?;
        let json: String = page.api("exportWeights", &[]).await?;
        ensure!(
            bytes.len() < json.len() / 2,
            "{} and {} bytes",
            bytes.len(),
            json.len()
        );
        // By a file.
        page.api::<Value>("reset", &[]).await?;
        let path = page.downloads.join("again.safetensors");
        fs::write(&path, &bytes)?;
        page.give_file("#file-picker", &path).await?;
        page.wait_for(
            "the weights are back",
            &format!(
                "(await mtlPlayground.state()).fingerprint === {}",
                before["fingerprint"]
            ),
        )
        .await?;
        ensure!(state(page).await?["step"] == before["step"], "the step is lost");
        // By a script: a blob, its bytes, and both forms the same.
        let same: Value = page
            .eval(
                "await (async () => { const play = mtlPlayground, shown = async () => (await play.state()).fingerprint; \
                   const blob = await play.exportWeights('safetensors'); const print = await shown(); \
                   await play.reset(); await play.importWeights(blob); const first = await shown(); \
                   await play.reset(); await play.importWeights(new Uint8Array(await blob.arrayBuffer())); \
                   return [blob instanceof Blob, print === first, print === await shown()]; })()",
            )
            .await?;
        ensure!(same == json!([true, true, true]), "{same}");
        // What is no such file is refused and changes nothing.
        let now = state(page).await?;
        for (what, bad) in [
            ("cut", bytes[..bytes.len() / 2].to_vec()),
            ("zeros", vec![0; 24_000_000]),
        ] {
            let path = page.downloads.join("bad.safetensors");
            fs::write(&path, bad)?;
            let start = Instant::now();
            page.give_file("#file-picker", &path).await?;
            let said = toast(page, "problem").await?;
            println!(
                "{what}: refused within {} ms: {said}",
                start.elapsed().as_millis()
            );
            ensure!(state(page).await? == now, "{what}: something has changed");
        }
        // 24 MB of JSON that is something else.
        let path = page.downloads.join("other.json");
        fs::write(
            &path,
            format!("{{\"rows\": [{}0]}}", "0.123456, ".repeat(2_400_000)),
        )?;
        let start = Instant::now();
        page.give_file("#file-picker", &path).await?;
        let said = toast(page, "problem").await?;
        println!(
            "24 MB of JSON: refused within {} ms: {said}",
            start.elapsed().as_millis()
        );
        ensure!(state(page).await? == now, "something has changed");
        Ok(())
    });
}

#[test]
fn what_trains_can_be_saved() {
    check("large-weights", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 200 })])
            .await?;
        // 3,840 x 3,840 parameters and some more.
        let large = design(
            &[
                ("text", json!({ "type": "token_input", "feature": "text" })),
                ("embedding", json!({ "type": "embedding", "width": 16 })),
                ("pool", json!({ "type": "global_average_pooling" })),
                ("wide", json!({ "type": "dense", "units": 3840 })),
                ("wider", json!({ "type": "dense", "units": 3840 })),
                ("head", json!({ "type": "classes_head", "label": "domain" })),
            ],
            &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)],
        );
        page.api::<Value>("load", &[large]).await?;
        settled(page).await?;
        page.api::<Value>("step", &[json!(1)]).await?;
        let before = state(page).await?;
        let n: u64 = before["resources"]["parameters"]
            .as_u64()
            .context("no parameters")?;
        ensure!(n > 14_000_000, "{n} parameters");
        let refused = page.api::<Value>("exportWeights", &[]).await;
        ensure!(
            refused.is_err_and(|error| format!("{error:#}").contains("safetensors")),
            "JSON took it, or says nothing of the other form"
        );
        let back: Value = page
            .eval(
                "await (async () => { const play = mtlPlayground; const blob = await play.exportWeights('safetensors'); \
                   await play.reset(); await play.importWeights(blob); return [blob.size, (await play.state()).fingerprint]; })()",
            )
            .await?;
        println!("{n} parameters: {} bytes", back[0]);
        ensure!(back[1] == before["fingerprint"], "{back}");
        Ok(())
    });
}

#[test]
fn keys_of_an_input_method_are_its_own_in_every_box() {
    check("input-method", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        let before = state(page).await?;
        page.eval::<Value>(
            "void (globalThis.testHeard = [], addEventListener('keydown', (event) => testHeard.push(event.key)))",
        )
        .await?;
        // The name of the document, the search for a layer, a number, a text to try.
        page.click("#tab-try").await?;
        for css in [".document-name", "#try textarea", ".node", "body"] {
            for key in ["Enter", "Escape", "ArrowDown", "ArrowUp", "Delete", " ", "s"] {
                for how in ["isComposing: true", "keyCode: 229"] {
                    page.eval::<Value>(&format!(
                        "void document.querySelector('{css}').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', {how}, bubbles: true, cancelable: true }}))"
                    ))
                    .await?;
                }
            }
        }
        ensure!(
            state(page).await? == before,
            "a key of the input method did something"
        );
        ensure!(
            page.eval::<Vec<String>>("testHeard").await?.is_empty(),
            "a key of the input method was heard"
        );
        // A name that is being composed stays as it is typed.
        page.eval::<Value>(
            "void (() => { const box = document.querySelector('.document-name'); box.focus(); box.value = 'wang'; \
               box.dispatchEvent(new InputEvent('input', { bubbles: true, isComposing: true })); \
               box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true })); })()",
        )
        .await?;
        ensure!(
            page.eval::<String>("document.querySelector('.document-name').value")
                .await?
                == "wang",
            "what was typed is gone"
        );
        Ok(())
    });
}
