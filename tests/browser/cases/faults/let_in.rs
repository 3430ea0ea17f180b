//! Security: which pages may drive this one, what it executes, and which servers it requests.

use std::fs;

use anyhow::{Context, Result, ensure};
use browser_tests::{Fault, Host, Page, Setup, check};
use serde_json::{Value, json};

use crate::steps::{choose_preset, name_is, open_panel, pause, play, settled, toast};

/// A page of this site without a policy and without content: it embeds the page, or opens it.
const OUTSIDE: &str = "static/weights.schema.json";

/// In the embedding page: `ask(window, method, args)` posts a call and returns the answer, or "silence" after three seconds.
const ASK: &str = "void (globalThis.ask = (target, method, args) => new Promise((resolve) => { \
       const id = Math.random(); \
       const hear = (event) => { \
         if (event.data?.mtlPlayground !== 1 || event.data.id !== id) return; \
         removeEventListener('message', hear); resolve(event.data); \
       }; \
       addEventListener('message', hear); \
       setTimeout(() => resolve('silence'), 3000); \
       target.postMessage({ mtlPlayground: 1, id, method, args }, '*'); \
     }))";

/// Embeds `address` and waits until it is ready.
async fn embed(page: &Page, address: &str) -> Result<()> {
    page.eval::<Value>(&format!(
        "void (() => {{ globalThis.frame = document.createElement('iframe'); globalThis.isReady = false; \
           addEventListener('message', (event) => {{ if (event.data?.ready && event.source === frame.contentWindow) isReady = true; }}); \
           frame.src = {}; document.body.append(frame); }})()",
        json!(address)
    ))
    .await?;
    page.wait_for("the frame is ready", "globalThis.isReady").await
}

/// Everything that the browser stores for this site.
async fn kept(page: &Page) -> Result<Value> {
    page.eval(
        "await new Promise((resolve, reject) => { \
           const request = indexedDB.open('mtl-playground'); \
           request.onerror = () => reject(request.error); \
           request.onsuccess = () => { \
             const all = request.result.transaction('documents').objectStore('documents').getAll(); \
             all.onsuccess = () => { request.result.close(); resolve({ local: { ...localStorage }, documents: all.result }); }; \
           }; \
         })",
    )
    .await
}

#[test]
fn only_the_parent_frame_drives_the_page() {
    check("only-the-parent", Setup::default(), async |page| {
        page.expect_console("/favicon.ico");
        page.goto(OUTSIDE).await?;
        page.eval::<Value>(ASK).await?;
        let origin: String = page.eval("location.origin").await?;
        let address = format!("{}#embed={origin}&preset=text-towers", page.base);
        embed(page, &address).await?;
        let answer: Value = page
            .eval("await ask(frame.contentWindow, 'set', [{ epochs: 7 }])")
            .await?;
        ensure!(
            answer["error"].is_null() && answer != "silence",
            "the parent hears {answer}"
        );

        // A window opened by a page of the same origin, with the link that would allow it.
        page.eval::<Value>(&format!("void (globalThis.opened = open({}))", json!(address)))
            .await?;
        page.wait_for("it has started", "opened.mtlPlayground").await?;
        page.eval::<Value>("void (await opened.mtlPlayground.state())")
            .await?;
        let answer: Value = page.eval("await ask(opened, 'state', [])").await?;
        ensure!(answer == "silence", "an opener hears {answer}");
        page.eval::<Value>("void opened.close()").await?;

        // A sibling frame of the same origin.
        let answer: Value = page
            .eval(&format!(
                "await (async () => {{ const beside = document.createElement('iframe'); beside.src = {}; \
                   document.body.append(beside); await new Promise((done) => beside.onload = done); \
                   beside.contentWindow.eval({}); return beside.contentWindow.ask(frame.contentWindow, 'state', []); }})()",
                json!(format!("{}{OUTSIDE}", page.base)),
                json!(ASK)
            ))
            .await?;
        ensure!(answer == "silence", "a frame beside it hears {answer}");

        // The parent can still call it, and the others changed nothing.
        let answer: Value = page.eval("await ask(frame.contentWindow, 'state', [])").await?;
        ensure!(answer["result"]["settings"]["epochs"] == 7, "{answer}");
        Ok(())
    });
}

#[test]
fn another_origin_that_opens_the_page_has_no_hold_on_it() {
    check("opener", Setup::default(), async |page| {
        page.expect_console("/favicon.ico");
        let (_, rest) = page
            .base
            .split_once("127.0.0.1")
            .context("the base is no address")?;
        page.driver
            .goto(format!("http://localhost{rest}{OUTSIDE}"))
            .await?;
        page.eval::<Value>(ASK).await?;
        let origin: String = page.eval("location.origin").await?;
        page.eval::<Value>(&format!(
            "void (globalThis.opened = open({}))",
            json!(format!("{}#embed={origin}", page.base))
        ))
        .await?;
        page.wait_for("the browser has cut the tie", "opened.closed")
            .await?;
        let answer: Value = page.eval("await ask(opened, 'exportWeights', [])").await?;
        ensure!(answer == "silence", "an opener of another origin hears {answer}");
        Ok(())
    });
}

/// Messages of every method with values that no method expects, by a generator with a seed.
const MESSAGES: &str = "await (async () => { \
   let seed = 12345; \
   const below = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n; \
   const junk = [undefined, null, NaN, -1, 1.5, 1e308, '', 'x', '\\u0000', 'a'.repeat(100000), [], [[[]]], {}, { toString: 1 }, \
     { nodes: 3 }, { version: 99 }, { version: 1, name: 'x', nodes: [{ id: 4294967296 }], wires: [] }, { rows: 4e9 }, { users: -1 }, { epochs: 'many' }, \
     { epochs: 1e99 }, { batch_size: 0 }, { seed: 2 ** 64 }, { task_weights: { none: 1 } }, { lang: 'xx' }, { text: 'so good', user: 99999 }, \
     new Date(), new Map([[1, 2]]), new ArrayBuffer(9), new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 123]), new Blob(['{']), /x/, 10n]; \
   const methods = ['load', 'data', 'set', 'pause', 'step', 'reset', 'state', 'metrics', 'history', 'work', 'predict', 'evaluate', \
     'exportWeights', 'importWeights', 'constructor', '__proto__', '', 'eval']; \
   const said = { result: 0, error: 0, silence: 0 }; \
   for (let n = 0; n < 250; n += 1) { \
     const method = methods[below(methods.length)], args = [junk[below(junk.length)], junk[below(junk.length)]]; \
     const answer = await ask(frame.contentWindow, method, args.slice(0, 1 + below(2))); \
     if (answer === 'silence') said.silence += 1; else said['error' in answer ? 'error' : 'result'] += 1; \
     if ('error' in answer && answer.error.length < 3) throw new Error(`${method} says ${answer.error}`); \
   } \
   return said; })()";

#[test]
fn no_message_breaks_the_page() {
    check("messages", Setup::default(), async |page| {
        page.expect_console("/favicon.ico");
        page.expect_console("data/index.json");
        page.goto(OUTSIDE).await?;
        page.eval::<Value>(ASK).await?;
        let origin: String = page.eval("location.origin").await?;
        embed(page, &format!("{}#embed={origin}&preset=text-towers", page.base)).await?;
        let said: Value = page.eval(MESSAGES).await?;
        println!("{said}");
        ensure!(
            said["silence"] == 0 && said["error"].as_u64() > Some(50) && said["result"].as_u64() > Some(20),
            "{said}"
        );
        // It works as before.
        let answer: Value = page
            .eval("await (async () => { await ask(frame.contentWindow, 'load', ['text-towers']); return ask(frame.contentWindow, 'step', [1]); })()")
            .await?;
        ensure!(answer["error"].is_null() && answer != "silence", "{answer}");
        Ok(())
    });
}

#[test]
fn an_embedded_page_touches_nothing_that_is_kept() {
    check("embedded-memory", Setup::default(), async |page| {
        page.expect_console("/favicon.ico");
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.fill(".document-name", "mine").await?;
        page.api::<Value>("set", &[json!({ "epochs": 41, "theme": "dark", "lang": "zh" })])
            .await?;
        page.wait_for(
            "it is saved",
            "JSON.stringify({ ...localStorage }).includes('zh')",
        )
        .await?;
        page.sleep(std::time::Duration::from_secs(1)).await;

        page.goto(OUTSIDE).await?;
        let before = kept(page).await?;
        ensure!(before["documents"].to_string().contains("mine"), "{before}");
        page.eval::<Value>(ASK).await?;
        let origin: String = page.eval("location.origin").await?;
        embed(page, &format!("{}#embed={origin}", page.base)).await?;
        let ask = async |call: &str| -> Result<Value> {
            let answer: Value = page
                .eval(&format!("await ask(frame.contentWindow, {call})"))
                .await?;
            ensure!(
                answer["error"].is_null() && answer != "silence",
                "{call}: {answer}"
            );
            Ok(answer["result"].clone())
        };
        let state = ask("'state', []").await?;
        ensure!(
            state["design"] != "mine" && state["settings"]["epochs"] != 41,
            "the reader's document is open: {state}"
        );
        let inside = "frame.contentDocument";
        let scheme: String = page.eval(&format!("{inside}.documentElement.lang")).await?;
        ensure!(scheme == "en", "the reader's language is read: {scheme}");
        ask("'load', ['shared-lstm']").await?;
        ask("'set', [{ epochs: 5, lang: 'zh', theme: 'light' }]").await?;
        let weights = ask("'exportWeights', []").await?;
        ask(&format!("'importWeights', [{weights}]")).await?;
        page.sleep(std::time::Duration::from_secs(1)).await;

        // Documents of its own, which are gone after closing.
        page.eval::<Value>(&format!("void {inside}.querySelector('#documents').click()"))
            .await?;
        page.wait_for(
            "its sheet says where they are kept",
            &format!("{inside}.querySelector('dialog[open] .documents .document') && {inside}.querySelector('dialog[open]').innerText.includes('嵌入')"),
        )
        .await?;
        let names: Vec<String> = page
            .eval(&format!(
                "[...{inside}.querySelectorAll('.document input[type=text]')].map((box) => box.value)"
            ))
            .await?;
        ensure!(!names.contains(&"mine".to_owned()), "it lists {names:?}");
        page.eval::<Value>("void frame.remove()").await?;
        page.sleep(std::time::Duration::from_secs(1)).await;
        let after = kept(page).await?;
        ensure!(after == before, "kept before: {before}\nafter: {after}");
        page.open("").await?;
        name_is(page, "mine").await
    });
}

#[test]
fn a_person_meets_nothing_that_the_policy_refuses() {
    check("policy", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.watch_policy().await?;
        // Every worker is recorded, so that the test can crash one.
        let note = "globalThis.testWorkers = []; globalThis.Worker = class extends Worker { \
                    constructor(...given) { super(...given); testWorkers.push(this); } };";
        page.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": note }))
            .await?;
        page.open("").await?;
        settled(page).await?;
        for preset in ["shared-lstm", "text-towers"] {
            choose_preset(page, preset).await?;
        }
        play(page).await?;
        for panel in ["train", "layer", "try"] {
            open_panel(page, panel).await?;
        }
        page.fill("#try textarea", "what a lovely book").await?;
        page.find(".answer .bar-value").await?;
        pause(page).await?;
        page.api::<Value>("epoch", &[]).await?;
        for tab in [
            "#watch [role=tab]:nth-of-type(2)",
            "#watch [role=tab]:nth-of-type(3)",
        ] {
            page.click(tab).await?;
        }
        page.click(".node-box").await?;
        page.find("#layer").await?;
        for sheet in ["#datasets", "#documents", "#help"] {
            page.click(sheet).await?;
            page.click("dialog[open] .sheet-head button").await?;
        }
        // The canvas: its menu, its search, a comment, a layer dragged from the palette.
        page.eval::<Value>(
            "void document.querySelector('.canvas-surface').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 600, clientY: 300 }))",
        )
        .await?;
        page.find(".canvas-menu").await?;
        page.eval::<Value>("void document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))")
            .await?;
        page.eval::<Value>(
            "void document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true }))",
        )
        .await?;
        page.find(".canvas-search").await?;
        page.screenshot("policy").await?;
        page.api::<Value>("set", &[json!({ "lang": "zh", "theme": "dark" })])
            .await?;
        // A new worker after a crash.
        page.eval::<Value>("void testWorkers.at(-1).postMessage(null)")
            .await?;
        page.wait_for("another worker was started", "testWorkers.length === 2")
            .await?;
        settled(page).await?;
        let violations = page.violations().await?;
        ensure!(violations.is_empty(), "{}", violations.join("\n"));

        // The policy is in force: each of these is refused.
        page.expect_console("Refused");
        page.expect_console("violates the following");
        page.expect_console("requires 'Trusted");
        page.expect_console("Content Security Policy");
        for (what, attempt) in [
            ("markup as text", "document.body.innerHTML = ''"),
            ("another policy", "trustedTypes.createPolicy('other', {})"),
            ("a worker from anywhere", "new Worker('data:text/javascript,')"),
            // Deferred, since the evaluation of the test itself may create code from text.
            (
                "code as text",
                "await new Promise((done, fail) => setTimeout(() => { try { done((0, eval)('1')); } catch (error) { fail(error); } }))",
            ),
            ("another origin", "await fetch('http://localhost:1/')"),
        ] {
            let outcome: bool = page
                .eval(&format!(
                    "await (async () => {{ try {{ {attempt}; return true; }} catch {{ return false; }} }})()"
                ))
                .await?;
            ensure!(!outcome, "{what} is taken");
        }
        let before = page.violations().await?.len();
        page.eval::<Value>(
            "void (() => { const script = document.createElement('script'); script.append('globalThis.isLetIn = true'); \
               document.body.append(script); document.body.setAttribute('style', 'color: red'); })()",
        )
        .await?;
        page.wait_for(
            "an inline script and an inline style are refused",
            &format!("testViolations.length >= {before} + 2"),
        )
        .await?;
        ensure!(!page.eval::<bool>("Boolean(globalThis.isLetIn)").await?);
        Ok(())
    });
}

#[test]
fn a_file_that_is_not_the_published_one_is_not_run() {
    check("integrity", Setup::default(), async |page| {
        for words in [
            "mtlModule is not defined",
            "mtlTrainer is not defined",
            "Failed to find a valid digest",
            "integrity",
            "Failed to fetch",
            "Failed to load",
        ] {
            page.expect_console(words);
        }
        let host = Host::before(&page.base)?;
        for file in ["/app-*.js", ".wasm"] {
            host.mend();
            host.spoil(file, Fault::Changed);
            page.driver.goto(&host.base).await?;
            page.wait_for_within(
                std::time::Duration::from_secs(5),
                &format!("the page says that {file} is not right"),
                "document.querySelector('#boot-status[role=alert]')",
            )
            .await?;
            ensure!(
                page.eval::<bool>("globalThis.mtlPlayground === undefined")
                    .await?,
                "{file} was changed, and the page runs it"
            );
        }
        // Without the first script, only the document itself can show a message.
        host.mend();
        host.spoil("/shell-", Fault::Changed);
        page.driver.goto(&host.base).await?;
        page.wait_for_within(
            std::time::Duration::from_secs(6),
            "the document says it by itself",
            "getComputedStyle(document.querySelector('.boot-late')).visibility === 'visible'",
        )
        .await?;
        // A style sheet is not applied; the page works.
        host.mend();
        host.spoil("/panels-", Fault::Changed);
        page.driver.goto(&host.base).await?;
        page.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await
    });
}

#[test]
fn no_other_site_is_asked_for_anything() {
    let setup = Setup {
        notes_requests: true,
        ..Setup::default()
    };
    check("requests", setup, async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        page.api::<Value>("epoch", &[]).await?;
        page.click("#documents").await?;
        page.api::<String>("exportWeights", &[]).await?;
        page.reload().await?;
        settled(page).await?;
        let requests = page.requests().await?;
        let own: Vec<&String> = requests
            .iter()
            .filter(|url| url.starts_with(&page.base))
            .collect();
        println!("{} requests, {} to the page's folder", requests.len(), own.len());
        for part in [".wasm", "/worker-", "/shell-", ".css", "data/index.json"] {
            ensure!(
                own.iter().any(|url| url.contains(part)),
                "{part} is not among what was asked for: {requests:?}"
            );
        }
        let others: Vec<&String> = requests
            .iter()
            .filter(|url| !url.starts_with(&page.base))
            .collect();
        ensure!(others.is_empty(), "asked of others: {others:?}");
        Ok(())
    });
}

#[test]
fn a_data_set_that_is_not_the_published_one_is_refused() {
    check("data-checksum", Setup::default(), async |page| {
        for words in ["Failed to load resource", "Failed to fetch", "net::ERR"] {
            page.expect_console(words);
        }
        let host = Host::before(&page.base)?;
        let bytes = b"not a data set at all".to_vec();
        let index = |sha256: &str| {
            let entry = json!({ "key": "opinion-domains", "file": "opinion-domains.mtld", "bytes": bytes.len(), "sha256": sha256, "rows": 3 });
            json!({ "version": 1, "assets": [entry] })
                .to_string()
                .into_bytes()
        };
        // In the format of `sha256sum`.
        let right = SHA256_OF_BYTES;
        for (what, sha256, fault, says) in [
            ("other bytes", "00".repeat(32), None, "SHA-256"),
            ("cut", right.to_owned(), Some(Fault::Cut), "could not be loaded"),
            ("missing", right.to_owned(), Some(Fault::Missing), "404"),
            (
                "the right bytes, which are no data set",
                right.to_owned(),
                None,
                "",
            ),
        ] {
            host.mend();
            host.spoil("data/index.json", Fault::Is(index(&sha256)));
            host.spoil("opinion-domains.mtld", Fault::Is(bytes.clone()));
            if let Some(fault) = fault {
                host.spoil("opinion-domains.mtld", fault);
            }
            page.driver.goto(format!("{}#lang=en", host.base)).await?;
            page.reload().await?;
            settled(page).await?;
            let before: Value = page.eval("(await mtlPlayground.state()).rows").await?;
            let outcome = page.api::<Value>("data", &[json!("opinion-domains")]).await;
            let said = match outcome {
                Err(error) => format!("{error:#}"),
                Ok(_) => anyhow::bail!("{what}: it was taken"),
            };
            println!("{what}: {said}");
            ensure!(said.contains(says), "{what}: {said}");
            let after: Value = page.eval("(await mtlPlayground.state()).rows").await?;
            ensure!(before == after, "{what}: the data set that was there is gone");
        }
        Ok(())
    });
}

const SHA256_OF_BYTES: &str = "aabe35d61c17afc0b825a4f022196e89f117bbc40fff3d6be16d7d22f139bd9e";

#[test]
fn no_letter_of_a_name_breaks_a_picture() {
    check("picture-letters", Setup::default(), async |page| {
        page.expect_console("data/index.json");
        page.open("").await?;
        settled(page).await?;
        let name = "a\u{1}b\u{8}c\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\u{ffff}\u{202e}d <&>\"'";
        let design = json!({
            "version": 1, "name": name, "wires": [],
            "nodes": [{ "id": 0, "name": name, "layer": { "type": "token_input" }, "position": [0, 0] }],
            "notes": [{ "id": 0, "text": name, "position": [200, 0], "size": [200, 100] }],
        });
        page.api::<Value>("load", &[design]).await?;
        for (ending, start) in [("svg", &b"<svg"[..]), ("png", &b"\x89PNG"[..])] {
            picture(page, ending).await?;
            let file = page.downloaded().await?;
            let bytes = fs::read(&file)?;
            ensure!(bytes.starts_with(start), "{} is none", file.display());
            ensure!(bytes.len() > 500, "{} has {} bytes", file.display(), bytes.len());
            fs::remove_file(&file)?;
        }
        Ok(())
    });
}

/// Saves the design as a picture, from the menu of the canvas.
async fn picture(page: &Page, ending: &str) -> Result<()> {
    page.eval::<Value>(
        "void document.querySelector('.canvas-surface').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 700, clientY: 150 }))",
    )
    .await?;
    page.find(".canvas-menu").await?;
    page.eval::<Value>(&format!(
        "void [...document.querySelectorAll('.canvas-menu [role=menuitem]')].find((line) => line.innerText.includes('{}')).click()",
        ending.to_uppercase()
    ))
    .await?;
    toast(page, "done").await.map(drop)
}
