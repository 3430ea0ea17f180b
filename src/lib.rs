//! MTL Playground: the page.

pub mod worker;

use js_sys::ArrayBuffer;
use wasm_bindgen::prelude::*;
use worker::{FromWorker, Job, Next, Outbox, WorkerHandle};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
struct HelloProps {
    worker_url: String,
}

#[component]
fn Hello(props: &HelloProps) -> Html {
    let answer = use_state(String::new);
    {
        let (answer, url) = (answer.clone(), props.worker_url.clone());
        use_effect_with((), move |()| {
            let worker = WorkerHandle::spawn(&url, move |message| {
                if let FromWorker::Event(text, _) = message {
                    answer.set(text);
                }
            })
            .ok();
            if let Some(worker) = &worker {
                worker.send("hello".to_owned(), Vec::new());
            }
            move || drop(worker)
        });
    }
    html! { <main class="boot"><h1>{ "MTL Playground" }</h1><p id="answer">{ &*answer }</p></main> }
}

struct Echo;

impl Job for Echo {
    fn command(&mut self, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox) {
        outbox.post(&format!("the worker heard: {text}"), buffers);
    }

    fn slice(&mut self, _now_ms: &dyn Fn() -> f64, _outbox: &Outbox) -> Next {
        Next::Idle
    }
}

/// Called by `static/boot.js` on the main thread; `worker_url` is the address of `static/worker.js`.
#[wasm_bindgen]
pub fn page_main(worker_url: String) {
    let Some(place) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app")) else {
        return;
    };
    place.set_inner_html("");
    yew::Renderer::<Hello>::with_root_and_props(place, HelloProps { worker_url }).render();
}

/// Called by `static/worker.js` in the worker.
#[wasm_bindgen]
pub fn worker_main() {
    worker::run(Echo);
}
