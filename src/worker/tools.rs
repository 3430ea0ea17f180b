//! The page's connection to the tools: import and export, in a module of their own that is fetched with the first
//! request and runs in a worker of its own.
//!
//! ```text
//! page                                              tools-worker.js
//! request(request, buffers), for the first time
//!   fetch(tools.wasm, integrity), compile
//!   Worker::new(tools-worker.js), post(module)  ->  init(module)
//!                                               <-  ready
//!   id, Request, buffers                        ->  answer(request, buffers)
//!                                               <-  id, Result<Reply, ToolError>, buffers
//! ```
//! When the module or the worker cannot be loaded, the next request fetches it again; a worker that ends or that the
//! [watchdog](super::watch) gives up is replaced at the next request.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{ArrayBuffer, Function, Promise};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_tools::{Reply, Request, ToolError};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{
    Script, WorkerFailure,
    connection::{Connection, Incoming, RequestError},
};
use crate::{
    i18n::{fill_message, shell::T},
    web,
};

/// Why a request failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ToolsError {
    /// The module or the script of the worker could not be fetched, or is not the published one. A retry may succeed.
    #[error("the tools could not be loaded: {0}")]
    NotLoaded(String),
    /// The worker has ended during the request.
    #[error("the tools stopped: {0}")]
    Stopped(String),
    /// The tool refuses the request.
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

impl From<RequestError> for ToolsError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Failed(WorkerFailure::NotStarted(why)) => Self::NotLoaded(why),
            RequestError::Failed(WorkerFailure::Panic(why) | WorkerFailure::Crash(why)) => Self::Stopped(why),
            RequestError::Failed(WorkerFailure::Silent { seconds }) => Self::Stopped(format!("{seconds} s")),
            RequestError::ReplyLost | RequestError::Closed => Self::Stopped(String::new()),
        }
    }
}

/// A reply with its payloads.
pub type ToolsReply = Result<(Reply, Vec<ArrayBuffer>), ToolsError>;

/// The tools, loaded or not.
pub struct Tools {
    worker_url: JsValue,
    /// Returns a promise of the compiled module.
    load: Function,
    /// The promise of the compiled module, unless it was rejected.
    module: RefCell<Option<Promise>>,
    connection: RefCell<Option<Connection>>,
    /// Whether the worker has ended.
    has_ended: Rc<Cell<bool>>,
}

impl Tools {
    /// Loads nothing yet. `worker_url` is the address of `static/tools-worker.js`; `load` returns a promise of the compiled
    /// module.
    pub fn new(worker_url: JsValue, load: Function) -> Self {
        Self {
            worker_url,
            load,
            module: RefCell::new(None),
            connection: RefCell::new(None),
            has_ended: Rc::default(),
        }
    }

    /// Sends a request; `payloads` are moved. The first one loads the module.
    ///
    /// # Errors
    /// The module cannot be loaded, the worker ends, or the tool refuses.
    pub async fn request(&self, request: Request, payloads: Vec<ArrayBuffer>) -> ToolsReply {
        let module = self.module().await?;
        self.start(&module)?;
        let reply = match &*self.connection.borrow() {
            Some(connection) => connection.request(json::write(&request), payloads, false),
            None => return Err(RequestError::Closed.into()),
        };
        let (text, payloads) = reply.await?;
        let reply: Result<Reply, ToolError> =
            json::read(&text).map_err(|error| ToolsError::Stopped(error.to_string()))?;
        Ok((reply?, payloads))
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
        if self.connection.borrow().is_some() && !self.has_ended.get() {
            return Ok(());
        }
        self.has_ended.set(false);
        let script = Script {
            url: &self.worker_url,
            name: "mtl-tools",
            module,
        };
        let has_ended = Rc::clone(&self.has_ended);
        let connection = Connection::spawn(&script, move |incoming| {
            if let Incoming::Failed(_) = incoming {
                has_ended.set(true);
            }
        })
        .map_err(|error| ToolsError::NotLoaded(error.to_string()))?;
        self.connection.replace(Some(connection));
        Ok(())
    }
}
