//! Nothing hangs without a message: files that never arrive, a worker that does not answer, a database that does not open, broken
//! links, calls that come too early or at the same time, designs that are too large.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use browser_tests::{Fault, Host, Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{in_worker, name_is, settled, state, toast, trained};

/// Time limit for the page's message: five seconds, plus a margin for busy machines.
const SAYS_WITHIN: Duration = Duration::from_secs(15);

const HAS_STARTED: &str = "performance.getEntriesByName('mtl-interactive').length > 0";

/// Every worker is noted in `testWorkers`; what the page hears of one goes through its `testHears`, if it has one.
pub const WORKERS: &str = "globalThis.testWorkers = []; \
    globalThis.Worker = class extends Worker { \
      constructor(...given) { super(...given); testWorkers.push(this); } \
      set onmessage(hear) { super.onmessage = hear && ((event) => { if (this.testHears?.(event.data) ?? true) hear(event); }); } \
    };";

async fn note_workers(page: &Page) -> Result<()> {
    page.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": WORKERS }),
    )
    .await?;
    Ok(())
}

async fn another_worker_goes_on(page: &Page, before: &Value) -> Result<()> {
    page.wait_for_within(
        Duration::from_secs(60),
        "another worker was started",
        "testWorkers.length === 2",
    )
    .await?;
    let said = toast(page, "problem").await?;
    println!("{said}");
    let step = before["step"].as_u64().context("no step")?;
    ensure!(
        said.contains("restarted") && said.contains(&step.to_string()),
        "it says: {said}"
    );
    settled(page).await?;
    let after = state(page).await?;
    ensure!(
        after["fingerprint"] == before["fingerprint"] && after["step"] == before["step"],
        "before: {before}, after: {after}"
    );
    page.api::<Value>("set", &[json!({ "epochs": 20 })]).await?;
    page.api::<Value>("step", &[json!(3)]).await?;
    ensure!(state(page).await?["step"] == step + 3, "the run does not go on");
    Ok(())
}

#[test]
fn a_worker_that_says_nothing_is_named_and_replaced() {
    check("worker-silent", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        note_workers(page).await?;
        page.open("").await?;
        trained(page).await?;
        let before = state(page).await?;
        // The copy of the parameters is taken when the run is paused.
        page.sleep(Duration::from_secs(1)).await;
        page.eval::<Value>("void (testWorkers.at(-1).testHears = () => false)")
            .await?;
        // A request that gets no reply.
        page.eval::<Value>(
            "void mtlPlayground.predict('so good').catch((error) => globalThis.testRefusal = error.message)",
        )
        .await?;
        page.wait_for_within(
            SAYS_WITHIN,
            "the page says so",
            "document.querySelector('.toast-info')?.innerText.includes('has not answered')",
        )
        .await?;
        another_worker_goes_on(page, &before).await?;
        let refusal: String = page.eval("testRefusal").await?;
        ensure!(
            refusal.contains("not answered"),
            "the question failed with: {refusal}"
        );
        Ok(())
    });
}

#[test]
fn a_worker_that_closes_itself_is_named_and_replaced() {
    check("worker-closed", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        note_workers(page).await?;
        in_worker(
            page,
            "addEventListener('message', (event) => { if (event.data === 'close') { event.stopImmediatePropagation(); close(); } });",
        )
        .await?;
        page.open("").await?;
        trained(page).await?;
        let before = state(page).await?;
        page.sleep(Duration::from_secs(1)).await;
        page.eval::<Value>("void testWorkers.at(-1).postMessage('close')")
            .await?;
        page.wait_for_within(
            SAYS_WITHIN + Duration::from_secs(1),
            "the page says so",
            "document.querySelector('.toast-info')?.innerText.includes('has not answered')",
        )
        .await?;
        another_worker_goes_on(page, &before).await
    });
}

#[test]
fn an_answer_that_gets_lost_fails_the_question() {
    check("answer-lost", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        note_workers(page).await?;
        page.open("").await?;
        settled(page).await?;
        page.eval::<Value>(
            "void (testWorkers.at(-1).testHears = ([kind, , text]) => kind !== 'reply' || !text.includes('\"prediction\"'))",
        )
        .await?;
        page.eval::<Value>(
            "void mtlPlayground.predict('so good').catch((error) => globalThis.testRefusal = error.message)",
        )
        .await?;
        page.wait_for_within(SAYS_WITHIN, "the promise is settled", "globalThis.testRefusal")
            .await?;
        let refusal: String = page.eval("testRefusal").await?;
        ensure!(refusal.contains("was lost"), "{refusal}");
        page.eval::<Value>("void (testWorkers.at(-1).testHears = undefined)")
            .await?;
        page.api::<Value>("predict", &[json!("so good")]).await?;
        ensure!(
            page.eval::<usize>("testWorkers.length").await? == 1,
            "the worker lives"
        );
        Ok(())
    });
}

#[test]
fn after_several_crashes_the_page_says_what_to_do_and_play_starts_again() {
    check("worker-crashes", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        note_workers(page).await?;
        page.open("").await?;
        trained(page).await?;
        for n in 1..=4 {
            page.wait_for("a worker runs", &format!("testWorkers.length === {n}"))
                .await?;
            if n > 1 {
                settled(page).await?;
            }
            page.eval::<Value>("void testWorkers.at(-1).postMessage(null)")
                .await?;
        }
        page.wait_for(
            "it is not started again",
            "[...document.querySelectorAll('.toast-problem')].some((one) => one.innerText.includes('Press Play'))",
        )
        .await?;
        // The page is useful: it edits and saves.
        page.fill(".document-name", "still here").await?;
        name_is(page, "still here").await?;
        let outcome = page.api::<Value>("state", &[]).await;
        ensure!(outcome.is_err(), "there is no worker that could say its state");
        page.api::<Value>("set", &[json!({ "epochs": 500 })]).await?;
        page.click("#play").await?;
        page.wait_for("another worker runs", "testWorkers.length === 5")
            .await?;
        settled(page).await?;
        page.wait_for("it trains", "(await mtlPlayground.state()).phase === 'running'")
            .await
    });
}

#[test]
fn a_file_of_the_page_that_does_not_come_is_named() {
    check("boot-files", Setup::default(), async |page| {
        for words in [
            "Failed to load resource",
            "Failed to fetch",
            "Fetch API cannot load",
            "net::ERR",
            "404",
            "mtlModule",
            "WebAssembly",
            "favicon.ico",
            "integrity",
        ] {
            page.expect_console(words);
        }
        let host = Host::before(&page.base)?;
        // In a frame: the driver waits for a document that is not complete, and so can ask it nothing.
        let says = "document.querySelector('iframe').contentDocument?.querySelector('#boot-status')";
        page.driver
            .goto(format!("{}static/weights.schema.json", host.base))
            .await?;
        page.eval::<Value>("void document.body.prepend(document.createElement('iframe'))")
            .await?;
        for (file, fault, expected) in [
            ("/app-*.js", Fault::Missing, "could not start"),
            (".wasm", Fault::Missing, "could not start"),
            (".wasm", Fault::Cut, "could not start"),
            ("/app-*.js", Fault::Silent, "Still loading"),
            (".wasm", Fault::Silent, "Still loading"),
        ] {
            host.mend();
            host.spoil(file, fault.clone());
            page.eval::<Value>(&format!(
                "void (document.querySelector('iframe').src = {})",
                json!(format!("{}?{}", host.base, rand()))
            ))
            .await?;
            page.wait_for_within(
                SAYS_WITHIN + Duration::from_secs(1),
                &format!("{file} {fault:?} is told"),
                &format!("{says}?.textContent.includes({})", json!(expected)),
            )
            .await?;
        }
        // What takes long still comes, and another type is compiled all the same.
        for (file, fault) in [
            (".wasm", Fault::Late(Duration::from_secs(6))),
            (".wasm", Fault::Type("text/plain")),
            ("data/index.json", Fault::Silent),
            ("data/index.json", Fault::Missing),
            ("data/index.json", Fault::Is(b"{ no json".to_vec())),
        ] {
            host.mend();
            host.spoil(file, fault.clone());
            page.driver.goto(&host.base).await?;
            page.wait_for(
                &format!("the page has started with {file} {fault:?}"),
                HAS_STARTED,
            )
            .await?;
            settled(page).await?;
        }
        Ok(())
    });
}

/// Another address each time, which the browser has not seen.
fn rand() -> u128 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos())
}

#[test]
fn a_sandboxed_frame_says_what_it_needs() {
    check("sandbox", Setup::default(), async |page| {
        // The frame has an opaque origin, and cannot load anything from this site.
        for words in [
            "CORS",
            "net::ERR_FAILED",
            "favicon.ico",
            "integrity",
            "Origin",
            "origin",
        ] {
            page.expect_console(words);
        }
        page.goto("static/weights.schema.json").await?;
        page.eval::<Value>(&format!(
            "void (() => {{ const frame = document.createElement('iframe'); frame.setAttribute('sandbox', 'allow-scripts'); \
               frame.width = 800; frame.height = 500; frame.src = {}; document.body.prepend(frame); }})()",
            json!(page.base)
        ))
        .await?;
        page.driver.enter_frame(0).await?;
        page.sleep(Duration::from_secs(1)).await;
        let said = page.text(".boot-late").await?;
        ensure!(
            said.contains("allow-scripts allow-same-origin"),
            "it says: {said}"
        );
        page.driver.enter_default_frame().await?;
        Ok(())
    });
}

#[test]
fn a_link_that_leads_nowhere_opens_the_page_all_the_same() {
    check("link-nowhere", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        for (hash, names) in [
            ("#preset=no-such-preset", "no-such-preset"),
            ("#data=no-such-set", "no-such-set"),
            ("#project=1.%%%", "damaged"),
            ("#embed=somewhere", "embed=somewhere"),
        ] {
            page.goto("static/weights.schema.json").await?;
            page.goto(hash).await?;
            let said = toast(page, "problem").await?;
            ensure!(said.contains(names), "{hash}: it says {said}");
            settled(page).await?;
            page.api::<Value>("step", &[json!(1)]).await?;
        }
        page.expect_console("favicon.ico");
        Ok(())
    });
}

#[test]
fn a_store_that_does_not_open_is_told_and_done_without() {
    check("store-silent", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.expect_console("favicon.ico");
        page.goto("static/weights.schema.json").await?;
        // Another window with an old page holds the database open while a newer page waits to upgrade it.
        page.eval::<Value>(
            "await new Promise((done, fail) => { const first = indexedDB.open('mtl-playground', 1); first.onerror = fail; \
               first.onsuccess = () => { globalThis.hold = first.result; \
                 const second = indexedDB.open('mtl-playground', 2); second.onblocked = () => done(true); second.onerror = fail; }; })",
        )
        .await?;
        let holder = page.driver.window().await?;
        let tab = page.driver.new_tab().await?;
        page.driver.switch_to_window(tab.clone()).await?;
        page.open("").await?;
        page.wait_for_within(
            SAYS_WITHIN,
            "the page says so",
            "[...document.querySelectorAll('.toast-problem')].some((one) => one.innerText.includes('does not open'))",
        )
        .await?;
        toast(page, "problem").await?;
        settled(page).await?;
        page.fill(".document-name", "without a store").await?;
        page.sleep(Duration::from_secs(1)).await;
        page.reload().await?;
        name_is(page, "without a store").await?;
        // The other windows are closed, and the document moves to the database.
        page.driver.switch_to_window(holder).await?;
        page.eval::<Value>("void hold.close()").await?;
        page.driver.close_window().await?;
        page.driver.switch_to_window(tab).await?;
        page.reload().await?;
        name_is(page, "without a store").await
    });
}

#[test]
fn calls_wait_for_the_page_and_for_each_other() {
    check("calls-queue", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.goto("").await?;
        page.wait_for("the interface is there", "window.mtlPlayground")
            .await?;
        // All calls at once, while the page is still loading.
        let steps: Value = page
            .eval(
                "await (async () => { \
                   const play = mtlPlayground; \
                   const calls = [play.data('generated-reviews', { rows: 600 }), play.load('text-towers'), play.set({ epochs: 9 }), \
                                  play.step(5), play.step(5), play.step(5), play.exportWeights()]; \
                   const done = await Promise.all(calls); \
                   const state = await play.state(); \
                   return [state.step, state.rows, state.settings.epochs, state.preset]; \
                 })()",
            )
            .await?;
        ensure!(steps == json!([15, 600, 9, "text-towers"]), "{steps}");
        // Two files at once: the second one is shown and runs.
        let shown: Value = page
            .eval(
                "await (async () => { \
                   const play = mtlPlayground; \
                   const first = await play.exportWeights(); await play.load('shared-lstm'); await play.step(2); \
                   const second = await play.exportWeights(); const of = (await play.state()).fingerprint; \
                   await Promise.all([play.importWeights(first), play.importWeights(second)]); \
                   const state = await play.state(); \
                   return [state.fingerprint === of, state.step, document.querySelector('.document-name').value === JSON.parse(second).design.name]; \
                 })()",
            )
            .await?;
        ensure!(shown == json!([true, 2, true]), "{shown}");
        Ok(())
    });
}

/// The first code block of this language in a document.
fn example(language: &str) -> Result<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/embedding.md");
    let text = fs::read_to_string(path)?;
    let (_, rest) = text
        .split_once(&format!("```{language}\n"))
        .context("no example")?;
    let (example, _) = rest.split_once("```").context("no end")?;
    Ok(example.to_owned())
}

#[test]
fn the_examples_of_the_documentation_run_right_after_loading() {
    check("documented", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.expect_console("favicon.ico");
        page.goto("").await?;
        page.wait_for("the interface is there", "window.mtlPlayground")
            .await?;
        page.eval::<Value>(&format!("await (async () => {{ {} }})()", example("js")?))
            .await?;

        let html = example("html")?;
        for _ in 0..5 {
            // A separate site, since another port is another origin.
            let host = Host::before(&page.base)?;
            let origin = host.base.split('/').take(3).collect::<Vec<_>>().join("/");
            let own = html
                .replace("https://playground.example/", &page.base)
                .replace(
                    "https://playground.example",
                    page.base.split("/some").next().unwrap_or_default(),
                )
                .replace("https://lesson.example", &origin)
                .replace("</script>", "globalThis.testCall = call;\n</script>");
            ensure!(
                !own.contains(".example"),
                "an address of the example is left: {own}"
            );
            host.spoil("lesson.html", Fault::Is(own.into_bytes()));
            host.spoil("lesson.html", Fault::Type("text/html"));
            page.driver.goto(format!("{}lesson.html", host.base)).await?;
            page.wait_for("the example has played", "globalThis.testCall")
                .await?;
            let phase: String = page.eval("(await testCall('state')).phase").await?;
            ensure!(["running", "finished"].contains(&&*phase), "the page is {phase}");
        }
        Ok(())
    });
}

#[test]
fn a_crowd_of_layers_is_refused_with_the_numbers_before_any_work() {
    check("crowd", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        let before = state(page).await?;
        let nodes: Vec<Value> = (0..10_000)
            .map(|id| json!({ "id": id, "name": format!("n{id}"), "layer": { "type": "add" }, "position": [0, 0] }))
            .collect();
        let crowd = json!({ "version": 1, "name": "crowd", "nodes": nodes, "wires": [] });
        let refused = match page.api::<Value>("load", std::slice::from_ref(&crowd)).await {
            Err(error) => format!("{error:#}"),
            Ok(_) => bail!("10,000 layers were taken"),
        };
        ensure!(refused.contains("10000") && refused.contains("1000"), "{refused}");
        let path = page.downloads.join("crowd.json");
        fs::write(&path, crowd.to_string())?;
        page.give_file("#file-picker", &path).await?;
        let said = toast(page, "problem").await?;
        ensure!(said.contains("10000") && said.contains("crowd.json"), "{said}");
        ensure!(state(page).await? == before, "a refused design changed something");

        // A document from an earlier version of the page: it is kept, and the page opens without it.
        page.fill(".document-name", "kept").await?;
        page.sleep(Duration::from_secs(1)).await;
        page.eval::<Value>(&format!(
            "await new Promise((done, fail) => {{ const request = indexedDB.open('mtl-playground'); request.onerror = fail; \
               request.onsuccess = () => {{ const store = request.result.transaction('documents', 'readwrite').objectStore('documents'); \
                 const key = store.getAllKeys(); key.onsuccess = () => {{ const all = store.getAll(); all.onsuccess = () => {{ \
                   const kept = JSON.parse(all.result[0]); kept.sitting.design = {crowd}; \
                   store.put(JSON.stringify(kept), key.result[0]).onsuccess = () => {{ request.result.close(); done(true); }}; }}; }}; }}; }})"
        ))
        .await?;
        page.reload().await?;
        let said = toast(page, "problem").await?;
        ensure!(said.contains("10000") && said.contains("crowd"), "{said}");
        settled(page).await?;
        page.api::<Value>("step", &[json!(1)]).await?;
        Ok(())
    });
}

#[test]
fn loading_can_be_cancelled() {
    check("cancel-loading", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        trained(page).await?;
        let before = state(page).await?;
        page.sleep(Duration::from_secs(1)).await;
        page.eval::<Value>(
            "void mtlPlayground.data('generated-reviews', { rows: 20000 }).catch((error) => globalThis.testRefusal = error.message)",
        )
        .await?;
        page.click("#cancel-loading").await?;
        page.wait_for("the call fails", "globalThis.testRefusal").await?;
        let refusal: String = page.eval("testRefusal").await?;
        ensure!(refusal.contains("cancelled"), "{refusal}");
        settled(page).await?;
        let after = state(page).await?;
        ensure!(
            after["rows"] == before["rows"] && after["fingerprint"] == before["fingerprint"],
            "before: {before}, after: {after}"
        );
        Ok(())
    });
}
