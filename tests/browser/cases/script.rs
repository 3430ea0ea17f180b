//! The scripting API of `docs/embedding.md`.

use anyhow::{Result, ensure};
use browser_tests::{Page, Setup, check};
use serde_json::{Value, json};

#[test]
fn a_script_drives_the_page() {
    check("script", Setup::default(), async |page| {
        page.open("").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        page.api::<Value>(
            "set",
            &[json!({ "epochs": 3, "learning_rate": 0.003, "task_weights": { "sentiment": 2 } })],
        )
        .await?;
        page.api::<Value>("step", &[json!(3)]).await?;
        let state: Value = page.api("state", &[]).await?;
        ensure!(state["step"] == 3, "three steps: {state}");
        ensure!(
            state["rows"] == 1000 && state["settings"]["epochs"] == 3 && state["tasks"][1]["weight"] == 2.0,
            "what was set: {state}"
        );
        page.api::<Value>("epoch", &[]).await?;
        let metrics: Value = page.api("metrics", &[]).await?;
        ensure!(
            metrics["validation"]["tasks"]["sentiment"]["accuracy"].is_number() && metrics["test"].is_null(),
            "after an epoch: {metrics}"
        );
        let test: Value = page.api("evaluate", &[json!("test")]).await?;
        ensure!(
            test["tasks"]["domain"]["loss"].is_number(),
            "on the test rows: {test}"
        );
        let history: Value = page.api("history", &[]).await?;
        ensure!(
            history["tasks"]["domain"]["loss"].is_object() || history["tasks"]["domain"]["loss"].is_array(),
            "the history: {history}"
        );
        Ok(())
    });
}

#[test]
fn a_script_need_not_wait_between_its_calls() {
    check("script-at-once", Setup::default(), async |page| {
        page.goto("").await?;
        page.wait_for("the interface is there", "window.mtlPlayground")
            .await?;
        let steps: Vec<u64> = page
            .eval(
                "await (async () => {
                    const play = mtlPlayground;
                    await play.data('generated-reviews', { rows: 500 });
                    const steps = [];
                    for (const preset of ['text-towers', 'shared-lstm', 'text-towers']) {
                        await play.load(preset);
                        await play.step(2);
                        steps.push((await play.state()).step);
                    }
                    return steps;
                })()",
            )
            .await?;
        ensure!(steps == [2, 2, 2], "each design trains at once: {steps:?}");
        Ok(())
    });
}

#[test]
fn the_same_seed_gives_the_same_bits_and_weights_come_back_to_the_bit() {
    check("script-bits", Setup::default(), async |page| {
        page.open("").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        page.api::<Value>("step", &[json!(8)]).await?;
        let first = fingerprint(page).await?;
        page.api::<Value>("reset", &[]).await?;
        ensure!(fingerprint(page).await? != first, "reset keeps the parameters");
        page.api::<Value>("step", &[json!(8)]).await?;
        ensure!(
            fingerprint(page).await? == first,
            "the same seed gave another run"
        );
        let weights: String = page.api("exportWeights", &[]).await?;
        page.api::<Value>("step", &[json!(5)]).await?;
        page.api::<Value>("importWeights", &[json!(weights)]).await?;
        ensure!(fingerprint(page).await? == first, "other weights came back");
        Ok(())
    });
}

#[test]
fn a_script_is_refused_with_the_message_that_a_person_would_see() {
    check("script-refused", Setup::default(), async |page| {
        page.open("").await?;
        page.api::<Value>("data", &[json!("generated-reviews"), json!({ "rows": 1000 })])
            .await?;
        page.api::<Value>("load", &[json!("text-towers")]).await?;
        let before = fingerprint(page).await?;
        for (method, arguments, named) in [
            ("load", json!(["no-such-preset"]), "text-towers"),
            ("data", json!(["no-such-set"]), "generated-reviews"),
            ("set", json!([{ "epoch": 3 }]), "`epoch`"),
            (
                "set",
                json!([{ "learning_rate": "fast" }]),
                "`learning_rate`: expected a number",
            ),
            ("set", json!([{ "epochs": 2.5 }]), "from 1 to 10000, got 2.5"),
            (
                "set",
                json!([{ "task_weights": { "sentiment": "much" } }]),
                "sentiment: `weight`: expected a number from 0 to 100, got much",
            ),
            ("set", json!([{ "optimizer": { "beta_1": 2 } }]), "got 2"),
            ("set", json!([{ "lang": "fr" }]), "`lang`"),
            (
                "load",
                json!([{ "version": 99, "name": "new", "nodes": [], "wires": [] }]),
                "99",
            ),
            ("data", json!(["generated-reviews", { "rows": "many" }]), "`rows`"),
            ("set", json!([{ "task_weights": { "mood": 1 } }]), "sentiment"),
            ("step", json!([-1]), "`n`"),
            ("predict", json!([{ "colour": "red" }]), "`colour`"),
            ("evaluate", json!(["everything"]), "`split`"),
            ("importWeights", json!(["{"]), ""),
            ("importWeights", json!([{ "format": "something else" }]), ""),
        ] {
            let arguments: Vec<Value> = serde_json::from_value(arguments)?;
            let outcome = page.api::<Value>(method, &arguments).await;
            let message = match outcome {
                Err(error) => format!("{error:#}"),
                Ok(value) => anyhow::bail!("{method}({arguments:?}) was taken: {value}"),
            };
            ensure!(
                message.contains("MtlPlaygroundError") && message.contains(named),
                "{method}({arguments:?}): {message}"
            );
        }
        ensure!(
            fingerprint(page).await? == before,
            "a refused call changed the parameters"
        );
        page.api::<Value>("set", &[json!({ "lang": "zh" })]).await?;
        let outcome = page.api::<Value>("evaluate", &[json!("everything")]).await;
        ensure!(
            outcome.is_err_and(|error| format!("{error:#}").contains("应为")),
            "a page in Chinese refuses in Chinese"
        );
        Ok(())
    });
}

#[test]
fn another_page_drives_it_only_where_the_link_allows_it() {
    check("script-embedded", Setup::default(), async |page| {
        // Two names of one server are two origins.
        let (_, rest) = page.base.split_once("127.0.0.1").unwrap_or_default();
        let host = format!("http://localhost{rest}static/weights.schema.json");
        page.driver.goto(&host).await?;
        page.eval::<Value>(
            "void (globalThis.ask = (frame, method, args) => new Promise((resolve) => { \
               const id = Math.random(); \
               const hear = (event) => { \
                 if (event.data?.mtlPlayground !== 1 || event.data.id !== id) return; \
                 removeEventListener('message', hear); resolve(event.data); \
               }; \
               addEventListener('message', hear); \
               setTimeout(() => resolve('silence'), 5000); \
               frame.contentWindow.postMessage({ mtlPlayground: 1, id, method, args }, '*'); \
             }))",
        )
        .await?;
        let open = async |hash: &str| -> Result<()> {
            let address = json!(format!("{}#{hash}", page.base));
            page.eval::<Value>(&format!(
                "void (() => {{ document.querySelector('iframe')?.remove(); const frame = document.createElement('iframe'); \
                   frame.src = {address}; globalThis.isReady = false; \
                   addEventListener('message', (event) => {{ if (event.data?.ready) globalThis.isReady = true; }}); \
                   document.body.append(frame); globalThis.frame = frame; }})()"
            ))
            .await?;
            Ok(())
        };
        let origin: String = page.eval("location.origin").await?;
        open(&format!("embed={origin}&preset=text-towers")).await?;
        page.wait_for("the frame is ready", "globalThis.isReady").await?;
        let answer: Value = page.eval("await ask(frame, 'state', [])").await?;
        ensure!(answer["result"]["phase"].is_string(), "the frame says {answer}");
        let answer: Value = page.eval("await ask(frame, 'evaluate', ['x'])").await?;
        ensure!(answer["error"].is_string(), "the frame says {answer}");
        for hash in ["preset=text-towers", "embed=https://somewhere.example"] {
            open(hash).await?;
            page.sleep(std::time::Duration::from_secs(2)).await;
            let answer: Value = page.eval("await ask(frame, 'state', [])").await?;
            ensure!(answer == "silence", "with #{hash} the frame says {answer}");
        }
        page.expect_console("Failed to execute 'postMessage'");
        // The embedding page is a plain file here, for which the browser requests an icon at the root.
        page.expect_console("/favicon.ico");
        Ok(())
    });
}

async fn fingerprint(page: &Page) -> Result<String> {
    page.eval("(await mtlPlayground.state()).fingerprint").await
}
