//! The page's conversation with the tools: import and export, in a module of their own that is fetched with the first
//! question and runs in a worker of its own.
//!
//! ```text
//! page                                              tools-worker.js
//! ask(request, buffers), for the first time
//!   fetch(tools.wasm, integrity), compile
//!   Worker::new(tools-worker.js), post(module)  ->  init(module)
//!                                               <-  ready
//!   Question { id, request }, buffers           ->  answer(question, buffers)
//!                                               <-  Answer { id, reply }, buffers
//! ```
//! When the module or the worker does not come, nothing is kept of the attempt: the next question fetches it again.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures_channel::oneshot;
use js_sys::{ArrayBuffer, Function, Promise};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_tools::{Answer, Question, Reply, Request, ToolError};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{FromWorker, Script, WorkerFailure, WorkerHandle};
use crate::{
    i18n::{fill_message, shell::T},
    web,
};

/// Why a question has no reply.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ToolsError {
    /// The module or the script of the worker did not come, or is not the published one. It may come the next time.
    #[error("the tools could not be loaded: {0}")]
    NotLoaded(String),
    /// The worker has ended in the middle of the question.
    #[error("the tools stopped: {0}")]
    Stopped(String),
    /// The tool refuses.
    #[error(transparent)]
    Tool(#[from] ToolError),
}

impl Explain for ToolsError {
    fn explain(&self) -> Message {
        match self {
            Self::NotLoaded(why) => fill_message(T.part_not_loaded, &[why]),
            Self::Stopped(why) => fill_message(T.part_stopped, &[why]),
            Self::Tool(error) => match error {
                ToolError::LinkTooLong { chars, limit } => fill_message(T.link_too_long, &[chars, limit]),
                ToolError::LinkDamaged => T.link_damaged.into(),
                ToolError::LinkVersion { got, expected } => fill_message(T.link_version, &[got, expected]),
                ToolError::MissingPayload => fill_message(T.internal_message, &[error]),
            },
        }
    }
}

/// A reply with its payloads, or why there is none.
pub type ToolsAnswer = Result<(Reply, Vec<ArrayBuffer>), ToolsError>;

/// The questions that wait for their answers, by id.
#[derive(Default)]
struct Waiting {
    last_id: Cell<u32>,
    answers: RefCell<BTreeMap<u32, oneshot::Sender<ToolsAnswer>>>,
    /// The worker has ended: the next question starts another.
    has_ended: Cell<bool>,
}

/// The tools, loaded or not.
pub struct Tools {
    worker_url: JsValue,
    /// Gives a promise of the compiled module.
    load: Function,
    /// The promise, once the module was asked for; none after it was broken.
    module: RefCell<Option<Promise>>,
    worker: RefCell<Option<WorkerHandle>>,
    waiting: Rc<Waiting>,
}

impl Tools {
    /// Loads nothing yet. `worker_url` is the address of `static/tools-worker.js`; `load` gives a promise of the compiled
    /// module.
    pub fn new(worker_url: JsValue, load: Function) -> Self {
        Self {
            worker_url,
            load,
            module: RefCell::new(None),
            worker: RefCell::new(None),
            waiting: Rc::default(),
        }
    }

    /// Asks; `payloads` are moved. The first question loads the module.
    ///
    /// # Errors
    /// The module does not come, the worker ends, or the tool refuses.
    pub async fn ask(&self, request: Request, payloads: Vec<ArrayBuffer>) -> ToolsAnswer {
        let module = self.module().await?;
        let (sender, receiver) = oneshot::channel();
        let id = self.waiting.last_id.get().wrapping_add(1);
        self.waiting.last_id.set(id);
        self.start(&module)?;
        self.waiting.answers.borrow_mut().insert(id, sender);
        if let Some(worker) = &*self.worker.borrow() {
            worker.send(json::write(&Question { id, request }), payloads);
        }
        receiver
            .await
            .unwrap_or_else(|_| Err(ToolsError::Stopped(String::new())))
    }

    async fn module(&self) -> Result<JsValue, ToolsError> {
        let not_loaded = |error: JsValue| ToolsError::NotLoaded(web::describe(&error));
        let known = self.module.borrow().clone();
        let promise = match known {
            Some(promise) => promise,
            None => {
                let promise: Promise = self
                    .load
                    .call0(&JsValue::UNDEFINED)
                    .map_err(not_loaded)?
                    .unchecked_into();
                self.module.replace(Some(promise.clone()));
                promise
            }
        };
        JsFuture::from(promise).await.map_err(|error| {
            self.module.replace(None);
            not_loaded(error)
        })
    }

    /// Starts the worker unless it runs.
    fn start(&self, module: &JsValue) -> Result<(), ToolsError> {
        if self.worker.borrow().is_some() && !self.waiting.has_ended.get() {
            return Ok(());
        }
        self.waiting.has_ended.set(false);
        let script = Script {
            url: &self.worker_url,
            name: "mtl-tools",
            module,
        };
        let waiting = Rc::clone(&self.waiting);
        let worker = WorkerHandle::spawn(&script, move |message| hear(&waiting, message))
            .map_err(|error| ToolsError::NotLoaded(error.to_string()))?;
        self.worker.replace(Some(worker));
        Ok(())
    }
}

fn hear(waiting: &Waiting, message: FromWorker) {
    let error = match message {
        FromWorker::Event(text, payloads) => match json::read::<Answer>(&text) {
            Ok(Answer { id, reply }) => {
                if let Some(answer) = waiting.answers.borrow_mut().remove(&id) {
                    // Whoever asked may have gone.
                    let _ = answer.send(reply.map(|reply| (reply, payloads)).map_err(ToolsError::Tool));
                }
                return;
            }
            Err(error) => ToolsError::Stopped(error.to_string()),
        },
        FromWorker::Failed(WorkerFailure::NotStarted(why)) => ToolsError::NotLoaded(why),
        FromWorker::Failed(WorkerFailure::Panic(why) | WorkerFailure::Crash(why)) => ToolsError::Stopped(why),
        // The page pings the training worker alone, and only that one is given up for its silence.
        FromWorker::Pong { .. } | FromWorker::Failed(WorkerFailure::Silent { .. }) => return,
    };
    waiting.has_ended.set(true);
    for answer in std::mem::take(&mut *waiting.answers.borrow_mut()).into_values() {
        let _ = answer.send(Err(error.clone()));
    }
}
