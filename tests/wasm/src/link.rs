//! The page's transport to its worker, with an echo service.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::text::Explain;
use mtl_playground::worker::{FromWorker, Job, Next, Outbox, Script, WorkerHandle, run};
use wasm_bindgen::prelude::*;

/// The digests, computed in the browser.
#[wasm_bindgen]
pub fn digests() -> String {
    crate::digests::json()
}

/// The page's end; received messages are kept as lines.
#[wasm_bindgen]
pub struct Link {
    worker: WorkerHandle,
    heard: Rc<RefCell<Vec<String>>>,
}

#[wasm_bindgen]
impl Link {
    /// Starts a worker on the script at `url`.
    #[wasm_bindgen(constructor)]
    pub fn new(url: &str) -> Result<Link, String> {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let lines = Rc::clone(&heard);
        let script = Script {
            url: &url.into(),
            name: "mtl-training",
            module: &wasm_bindgen::module(),
        };
        let worker = WorkerHandle::spawn(&script, move |message| {
            let line = match message {
                FromWorker::Reply { text, payloads, .. } => {
                    let sums: Vec<u32> = payloads.iter().map(sum).collect();
                    format!("{text} {sums:?}")
                }
                FromWorker::Event(text) => text,
                // Nobody pings here.
                FromWorker::Pong { .. } => return,
                FromWorker::Failed(failure) => format!("failed: {}", failure.explain().en),
            };
            lines.borrow_mut().push(line);
        });
        Ok(Link {
            worker: worker.map_err(|error| error.to_string())?,
            heard,
        })
    }

    /// Sends a text and `n_bytes` bytes of 1, and returns the number of bytes left on this side.
    pub fn send(&self, text: String, n_bytes: u32) -> u32 {
        let bytes = Uint8Array::new_with_length(n_bytes);
        bytes.fill(1, 0, n_bytes);
        let buffer = bytes.buffer();
        self.worker.send(0, text, vec![buffer.clone()]);
        buffer.byte_length()
    }

    /// All messages so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }
}

/// The worker's end: echoes messages; `work` makes it busy until `pause`; `panic` and `trap` end it.
#[derive(Default)]
struct Echo {
    is_working: bool,
    n_slices: u32,
}

impl Job for Echo {
    fn command(&mut self, id: u32, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox) {
        match text {
            "work" => self.is_working = true,
            "pause" => self.is_working = false,
            "panic" => panic!("it was asked to"),
            "trap" => core::arch::wasm32::unreachable(),
            _ => {}
        }
        let n_slices = self.n_slices;
        outbox.reply(id, &format!("{text} after {n_slices} slices"), buffers);
    }

    fn slice(&mut self, now_ms: &dyn Fn() -> f64, _outbox: &Outbox) -> Next {
        if !self.is_working {
            return Next::Idle;
        }
        let start_ms = now_ms();
        while now_ms() - start_ms < 10.0 {}
        self.n_slices += 1;
        Next::Again
    }
}

/// Called by `worker.js` beside this package.
#[wasm_bindgen]
pub fn echo_main() {
    run(Echo::default());
}

fn sum(buffer: &ArrayBuffer) -> u32 {
    Uint8Array::new(buffer).to_vec().into_iter().map(u32::from).sum()
}
