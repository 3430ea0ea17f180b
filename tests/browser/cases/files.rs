//! Files: projects and weights, dropped and selected; invalid ones are refused with a reason and nothing is lost; a large
//! one is saved without blocking the page.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{design, settled, state, toast, trained};

/// Drops a file with this text on the page.
async fn drop_file(page: &Page, name: &str, text: &str) -> Result<()> {
    page.eval::<Value>(&format!(
        "(() => {{ const data = new DataTransfer(); data.items.add(new File([{text}], {name}, {{ type: 'application/json' }})); \
           const at = {{ bubbles: true, cancelable: true, dataTransfer: data }}; \
           document.body.dispatchEvent(new DragEvent('dragover', at)); document.body.dispatchEvent(new DragEvent('drop', at)); }})()",
        text = json!(text),
        name = json!(name)
    ))
    .await?;
    Ok(())
}

#[test]
fn a_project_is_saved_and_dropped_back() {
    check("project-file", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("set", &[json!({ "seed": 77, "batch_size": 48 })])
            .await?;
        page.fill(".document-name", "to take away").await?;
        let before = state(page).await?;
        page.click_named("Save and open").await?;
        page.click("#save-project").await?;
        let file = page.downloaded().await?;
        toast(page, "done").await?;
        let name = file
            .file_name()
            .context("no name")?
            .to_string_lossy()
            .into_owned();
        ensure!(name.ends_with(".mtl.json"), "the file is named {name}");
        let text = fs::read_to_string(&file)?;

        // Change everything else, then drop the file on the page.
        page.api::<Value>("load", &[json!("shared-lstm")]).await?;
        page.api::<Value>("set", &[json!({ "seed": 1, "batch_size": 32 })])
            .await?;
        drop_file(page, &name, &text).await?;
        page.wait_for(
            "the project is open",
            "document.querySelector('.document-name').value === 'to take away'",
        )
        .await?;
        settled(page).await?;
        let after = state(page).await?;
        ensure!(
            after["settings"] == before["settings"] && after["tasks"] == before["tasks"],
            "before: {before}, after: {after}"
        );

        // Damaged files are refused, and the open document stays.
        for (name, damaged) in [
            ("cut.mtl.json", text[..text.len() / 2].to_owned()),
            (
                "newer.mtl.json",
                text.replacen("\"version\": 1", "\"version\": 99", 1),
            ),
            (
                "wire.mtl.json",
                text.replacen(
                    "\"wires\": [",
                    "\"wires\": [{ \"id\": 900, \"from\": { \"node\": 900 }, \"to\": { \"node\": 901 } },",
                    1,
                ),
            ),
        ] {
            ensure!(damaged != text, "{name} is not damaged");
            drop_file(page, name, &damaged).await?;
            let said = toast(page, "problem").await?;
            println!("{name}: {said}");
            ensure!(said.contains(name), "it does not name the file: {said}");
            ensure!(state(page).await? == after, "{name} changed something");
        }
        Ok(())
    });
}

#[test]
fn a_project_with_weights_opens_to_the_same_run_and_what_was_open_is_kept() {
    check("project-weights", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        page.api::<Value>("set", &[json!({ "epochs": 9 })]).await?;
        let before = state(page).await?;
        page.click_named("Save and open").await?;
        page.click("#save-project-weights").await?;
        let file = page.downloaded().await?;
        toast(page, "done").await?;
        let name = file.to_string_lossy().into_owned();
        ensure!(name.ends_with(".mtl.json"), "the file is named {name}");

        // The user's own document, which the file must not replace.
        page.api::<Value>(
            "load",
            &[design(&[("only", json!({ "type": "token_input" }))], &[])],
        )
        .await?;
        page.api::<Value>("set", &[json!({ "epochs": 4 })]).await?;
        page.fill(".document-name", "mine").await?;
        drop_file(page, "taken.mtl.json", &fs::read_to_string(&file)?).await?;
        page.wait_for(
            "the run is back",
            &format!(
                "(await mtlPlayground.state()).fingerprint === {}",
                before["fingerprint"]
            ),
        )
        .await?;
        let after = state(page).await?;
        ensure!(
            ["step", "settings", "tasks", "data"]
                .iter()
                .all(|member| after[member] == before[member]),
            "before: {before}, after: {after}"
        );
        page.click("#documents").await?;
        page.wait_for(
            "what was open is among the documents",
            "[...document.querySelectorAll('.document input[type=text]')].some((box) => box.value === 'mine')",
        )
        .await?;
        page.eval::<Value>(
            "void [...document.querySelectorAll('.document')].find((one) => one.querySelector('input').value === 'mine').querySelector('[data-action=open]').click()",
        )
        .await?;
        page.wait_for(
            "it is open, with its own settings",
            "await mtlPlayground.state().then((s) => s.settings.epochs === 4) && document.querySelectorAll('.node').length === 1",
        )
        .await
    });
}

/// An invalid file, and the words that its message must contain.
struct Bad {
    name: &'static str,
    content: String,
    names: &'static [&'static str],
}

#[test]
fn bad_weights_are_refused_with_what_is_wrong() {
    check("bad-weights", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        let good: String = page.api("exportWeights", &[]).await?;
        let before = state(page).await?;
        let parsed: Value = serde_json::from_str(&good)?;
        let parameter = parsed["parameters"][0]["name"].as_str().context("no parameter")?;
        let parameter: &'static str = Box::leak(parameter.to_owned().into_boxed_str());
        let mut version = parsed.clone();
        version["version"] = json!(99);
        let mut shape = parsed.clone();
        shape["parameters"][0]["shape"][0] = json!(3);
        let cases = [
            Bad {
                name: "truncated.json",
                content: good[..good.len() / 2].to_owned(),
                names: &["end"],
            },
            Bad {
                name: "version.json",
                content: version.to_string(),
                names: &["99"],
            },
            Bad {
                name: "shape.json",
                content: shape.to_string(),
                names: Box::leak(Box::new([parameter])),
            },
        ];
        for case in cases {
            let path = page.downloads.join(case.name);
            fs::write(&path, &case.content)?;
            refused(page, &path, case.names, &before).await?;
        }
        // 200 MB, sparse on disk: refused by size before any of it is read.
        let path = page.downloads.join("large.json");
        fs::File::create(&path)?.set_len(200_000_000)?;
        let work_before = work(page).await?;
        refused(page, &path, &["200.0 MB"], &before).await?;
        let work_after = work(page).await?;
        ensure!(
            work_after["bytes_transferred"] == work_before["bytes_transferred"],
            "a file of 200 MB was read: {work_before} -> {work_after}"
        );
        Ok(())
    });
}

async fn refused(page: &Page, path: &Path, names: &[&str], before: &Value) -> Result<()> {
    page.give_file("#file-picker", path).await?;
    let said = toast(page, "problem")
        .await
        .with_context(|| path.display().to_string())?;
    println!("{}: {said}", path.display());
    for name in names {
        ensure!(
            said.contains(name),
            "{}: it does not name {name}: {said}",
            path.display()
        );
    }
    ensure!(
        state(page).await? == *before,
        "{} changed something",
        path.display()
    );
    Ok(())
}

/// Counters of the page since it was opened.
async fn work(page: &Page) -> Result<Value> {
    page.api("work", &[]).await
}

#[test]
fn five_megabytes_are_saved_by_the_worker_and_moved_not_copied() {
    check("large-export", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 2000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        settled(page).await?;
        // A wide layer, for a file of several megabytes.
        let mut design: Value = page
            .eval("(await mtlPlayground.exportWeights().then(JSON.parse)).design")
            .await?;
        let nodes = design["nodes"].as_array_mut().context("no nodes")?;
        for node in nodes.iter_mut().filter(|node| node["layer"]["type"] == "dense") {
            node["layer"]["units"] = json!(600);
        }
        page.api::<Value>("load", &[design]).await?;
        settled(page).await?;
        page.api::<Value>("step", &[json!(3)]).await?;
        let before = work(page).await?;
        page.click_named("Save and open").await?;
        page.click("#save-weights").await?;
        let file = page.downloaded().await?;
        let bytes = fs::metadata(&file)?.len();
        toast(page, "done").await?;
        let after = work(page).await?;
        let grown = |name: &str| after[name].as_u64().unwrap_or(0) - before[name].as_u64().unwrap_or(0);
        let (copied, moved) = (grown("text_copied"), grown("bytes_transferred"));
        println!(
            "{:.1} MB saved; {copied} characters copied, {moved} bytes moved",
            bytes as f64 / 1e6
        );
        ensure!(bytes > 5_000_000, "the file has only {bytes} bytes");
        // The worker writes the file; the page receives its bytes by transfer, and never as a string.
        ensure!(
            moved >= bytes && copied < 100_000,
            "{copied} characters copied, {moved} bytes moved"
        );
        Ok(())
    });
}
