//! The page's end of the transport.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer};
use mtl_base::text::{Explain, Message};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::work::{self, Counter};

/// First element of a message from the worker.
pub(super) mod kind {
    /// The worker listens; it has no more elements.
    pub const READY: &str = "ready";
    /// The text of an event follows.
    pub const EVENT: &str = "event";
    /// The id of a request follows, then the text of its reply and the buffers.
    pub const REPLY: &str = "reply";
    /// The text of a panic follows; the worker has ended.
    pub const PANIC: &str = "panic";
    /// The number of a ping follows, and the ids of the requests without a reply.
    pub const PONG: &str = "pong";
}

/// What arrives from the worker.
#[derive(Debug)]
pub enum FromWorker {
    /// The JSON text of an event.
    Event(String),
    /// The reply to a request.
    Reply {
        /// Id of the request.
        id: u32,
        /// JSON text.
        text: String,
        /// Buffers that were transferred with it.
        payloads: Vec<ArrayBuffer>,
    },
    /// The answer to a ping: the worker returns to its event loop.
    Pong {
        /// Number of the ping.
        ping: u32,
        /// Ids of the requests that arrived before the ping and have no reply yet.
        owed: Vec<u32>,
    },
    /// The worker has ended; a new one has to be started.
    Failed(WorkerFailure),
}

/// Why the worker ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkerFailure {
    /// A bug in the worker's code: the text of its panic.
    #[error("the training worker stopped on an internal error: {0}")]
    Panic(String),
    /// Its script did not load, or failed before the worker listened.
    #[error("the training worker did not start: {0}")]
    NotStarted(String),
    /// The module trapped (out of memory, for one).
    #[error("the training worker ended unexpectedly: {0}")]
    Crash(String),
    /// It has not answered pings for too long.
    #[error("the training worker has not answered for {seconds} s")]
    Silent {
        /// Seconds of silence.
        seconds: u32,
    },
}

impl Explain for WorkerFailure {
    fn explain(&self) -> Message {
        let chinese = match self {
            Self::Panic(text) => format!("训练线程因内部错误而停止：{text}"),
            Self::NotStarted(text) => format!("训练线程未能启动：{text}"),
            Self::Crash(text) => format!("训练线程意外终止：{text}"),
            Self::Silent { seconds } => format!("训练线程已有 {seconds} 秒没有应答"),
        };
        Message::new(self.to_string(), chinese)
    }
}

/// The browser would not start a worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the browser could not start the training worker: {0}")]
pub struct SpawnError(String);

impl Explain for SpawnError {
    fn explain(&self) -> Message {
        Message::new(self.to_string(), format!("浏览器无法启动训练线程：{}", self.0))
    }
}

#[wasm_bindgen]
extern "C" {
    /// A worker whose address may be a `TrustedScriptURL`: `web_sys` would make a text of it.
    #[wasm_bindgen(extends = Worker, js_name = Worker)]
    type AddressedWorker;

    #[wasm_bindgen(constructor, catch, js_class = "Worker")]
    fn new(url: &JsValue, options: &WorkerOptions) -> Result<AddressedWorker, JsValue>;
}

/// What a worker runs.
pub struct Script<'a> {
    /// Its address, as a `TrustedScriptURL` where the browser knows such.
    pub url: &'a JsValue,
    /// Name of the worker in the browser's tools.
    pub name: &'a str,
    /// The compiled module that its first message brings.
    pub module: &'a JsValue,
}

/// A running worker. Dropping the handle ends it.
pub struct WorkerHandle {
    worker: Worker,
    state: Rc<RefCell<State>>,
    // The browser calls into these as long as the worker lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

enum State {
    /// Messages that arrive before the worker listens are lost, so they wait here.
    Starting(VecDeque<(u32, String, Vec<ArrayBuffer>)>),
    Ready,
    Failed,
}

impl WorkerHandle {
    /// Starts a worker; `on_message` is called with every message.
    ///
    /// # Errors
    /// When the browser refuses to create the worker or to hand it the module.
    pub fn spawn(script: &Script<'_>, on_message: impl Fn(FromWorker) + 'static) -> Result<Self, SpawnError> {
        let refused = |error: JsValue| SpawnError(describe(&error));
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(script.name);
        let worker: Worker = AddressedWorker::new(script.url, &options)
            .map_err(refused)?
            .into();
        let state = Rc::new(RefCell::new(State::Starting(VecDeque::new())));
        let on_message: Rc<dyn Fn(FromWorker)> = Rc::new(on_message);

        let message_listener = {
            let (worker, state, on_message) = (worker.clone(), Rc::clone(&state), Rc::clone(&on_message));
            Closure::new(move |event: MessageEvent| receive(&worker, &state, &*on_message, &event))
        };
        let error_listener = {
            let state = Rc::clone(&state);
            Closure::new(move |event: Event| {
                // The page reports it, so the console need not; a panic has been reported already.
                event.prevent_default();
                let why = describe_event(&event);
                match state.replace(State::Failed) {
                    State::Starting(_) => on_message(FromWorker::Failed(WorkerFailure::NotStarted(why))),
                    State::Ready => on_message(FromWorker::Failed(WorkerFailure::Crash(why))),
                    State::Failed => {}
                }
            })
        };
        worker.set_onmessage(Some(message_listener.as_ref().unchecked_ref()));
        worker.set_onerror(Some(error_listener.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(error_listener.as_ref().unchecked_ref()));
        worker.post_message(script.module).map_err(refused)?;
        Ok(Self {
            worker,
            state,
            _on_message: message_listener,
            _on_error: error_listener,
        })
    }

    /// Sends a request; `buffers` are moved and are empty on this side afterwards.
    ///
    /// A request to a worker that has failed is dropped: the failure has been reported.
    pub fn send(&self, id: u32, text: String, buffers: Vec<ArrayBuffer>) {
        let mut state = self.state.borrow_mut();
        match &mut *state {
            State::Starting(waiting) => waiting.push_back((id, text, buffers)),
            State::Ready => post(&self.worker, id, text, buffers),
            State::Failed => {}
        }
    }

    /// Sends a ping, which is answered by a [`FromWorker::Pong`]. A worker that is not ready yet is not pinged.
    pub fn ping(&self, ping: u32) {
        if matches!(*self.state.borrow(), State::Ready) {
            // A number can always be posted.
            let _ = self.worker.post_message(&ping.into());
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

fn receive(worker: &Worker, state: &RefCell<State>, on_message: &dyn Fn(FromWorker), event: &MessageEvent) {
    let message: Array = event.data().unchecked_into();
    let mut parts = message.iter();
    let kind = parts.next().and_then(|part| part.as_string());
    let number = |part: JsValue| part.as_f64().unwrap_or_default() as u32;
    if kind.as_deref() == Some(kind::PONG) {
        let ping = number(parts.next().unwrap_or_default());
        let owed = parts.map(number).collect();
        return on_message(FromWorker::Pong { ping, owed });
    }
    let id = match kind.as_deref() {
        Some(kind::REPLY) => number(parts.next().unwrap_or_default()),
        _ => 0,
    };
    let text = parts.next().and_then(|part| part.as_string()).unwrap_or_default();
    work::add(Counter::MessagesReceived, 1);
    work::add(Counter::TextCopied, text.len() as u64);
    match kind.as_deref() {
        Some(kind::READY) => {
            if let State::Starting(waiting) = state.replace(State::Ready) {
                for (id, text, buffers) in waiting {
                    post(worker, id, text, buffers);
                }
            }
        }
        Some(kind::EVENT) => on_message(FromWorker::Event(text)),
        Some(kind::REPLY) => {
            let payloads: Vec<ArrayBuffer> = parts.filter_map(|part| part.dyn_into().ok()).collect();
            count_transferred(&payloads);
            on_message(FromWorker::Reply { id, text, payloads });
        }
        // A panic may be reported twice: by the hook, and by the caller of what panicked.
        Some(kind::PANIC) if !matches!(state.replace(State::Failed), State::Failed) => {
            on_message(FromWorker::Failed(WorkerFailure::Panic(text)));
        }
        // Nothing else is ever posted by the worker's end.
        _ => {}
    }
}

fn count_transferred(buffers: &[ArrayBuffer]) {
    let bytes = buffers.iter().map(|buffer| u64::from(buffer.byte_length())).sum();
    work::add(Counter::BytesTransferred, bytes);
}

fn post(worker: &Worker, id: u32, text: String, buffers: Vec<ArrayBuffer>) {
    work::add(Counter::MessagesSent, 1);
    work::add(Counter::TextCopied, text.len() as u64);
    count_transferred(&buffers);
    let message = Array::of2(&id.into(), &text.into());
    let transfer = Array::new();
    for buffer in buffers {
        message.push(&buffer);
        transfer.push(&buffer);
    }
    if let Err(error) = worker.post_message_with_transfer(&message, &transfer) {
        // Only a buffer that was given away before cannot be transferred: a bug of the page.
        web_sys::console::error_2(&"a request could not be sent to the worker".into(), &error);
    }
}

fn describe_event(event: &Event) -> String {
    match event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message) {
        Some(message) if !message.is_empty() => message,
        _ => "its script did not load".to_owned(),
    }
}

/// A JavaScript error as text.
pub(super) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
