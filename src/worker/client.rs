//! The page's conversation with the worker: commands out, events in, questions answered as futures.

use std::collections::BTreeMap;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_channel::oneshot;
use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_training::protocol::{Command, Event, Reply, Request};
use wasm_bindgen::JsValue;

use super::{
    FromWorker, SpawnError, WorkerFailure, WorkerHandle,
    protocol::{FileReply, FileRequest, FromTrainer, ToWorker},
};
use crate::i18n::{fill_message, shell::T};

/// What a client tells the page.
#[derive(Debug)]
pub enum News {
    /// The session says something that is not the answer to a question.
    Event(Box<Event>),
    /// The worker is dead; questions that were open have failed.
    Failed(WorkerFailure),
}

/// The answer to a question about a file, with its bytes.
pub type FileAnswer = Result<(FileReply, Vec<ArrayBuffer>), Message>;

type Answer<T> = oneshot::Sender<Result<(T, Vec<ArrayBuffer>), Message>>;

#[derive(Default)]
struct Open {
    next_id: Cell<u32>,
    questions: RefCell<BTreeMap<u32, Answer<Reply>>>,
    files: RefCell<BTreeMap<u32, Answer<FileReply>>>,
}

impl Open {
    fn id(&self) -> u32 {
        self.next_id.set(self.next_id.get().wrapping_add(1).max(1));
        self.next_id.get()
    }

    fn fail(&self, why: &Message) {
        for (_, answer) in std::mem::take(&mut *self.questions.borrow_mut()) {
            // Nobody waits for it any more: then nobody misses it.
            let _ = answer.send(Err(why.clone()));
        }
        for (_, answer) in std::mem::take(&mut *self.files.borrow_mut()) {
            let _ = answer.send(Err(why.clone()));
        }
    }
}

/// A conversation with one worker. Dropping it ends the worker.
pub struct Client {
    handle: WorkerHandle,
    open: Rc<Open>,
}

impl Client {
    /// Starts a worker; `on_news` hears what it says.
    pub fn spawn(url: &JsValue, on_news: impl Fn(News) + 'static) -> Result<Self, SpawnError> {
        let open = Rc::new(Open::default());
        let handle = WorkerHandle::spawn(url, {
            let open = Rc::clone(&open);
            move |message| hear(&open, &on_news, message)
        })?;
        Ok(Self { handle, open })
    }

    /// Sends a command; `payloads` are moved.
    pub fn send(&self, command: Command, payloads: Vec<ArrayBuffer>) {
        self.post(&ToWorker::Session { command }, payloads);
    }

    /// Asks a question.
    pub fn ask(&self, request: Request) -> impl Future<Output = Result<Reply, Message>> + 'static {
        let id = self.open.id();
        let (sender, receiver) = oneshot::channel();
        self.open.questions.borrow_mut().insert(id, sender);
        self.send(Command::Ask { id, request }, Vec::new());
        async move {
            receiver
                .await
                .unwrap_or_else(|_| Err(T.worker_gone.into()))
                .map(|(reply, _)| reply)
        }
    }

    /// Asks about a file; the answer comes with its bytes.
    pub fn file(
        &self,
        request: FileRequest,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = FileAnswer> + 'static {
        self.question(|id| ToWorker::File { id, request }, payloads)
    }

    /// Asks where a step goes.
    pub fn measure(&self) -> impl Future<Output = FileAnswer> + 'static {
        self.question(|id| ToWorker::Measure { id }, Vec::new())
    }

    fn question(
        &self,
        message: impl FnOnce(u32) -> ToWorker,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = FileAnswer> + 'static {
        let id = self.open.id();
        let (sender, receiver) = oneshot::channel();
        self.open.files.borrow_mut().insert(id, sender);
        self.post(&message(id), payloads);
        async move { receiver.await.unwrap_or_else(|_| Err(T.worker_gone.into())) }
    }

    fn post(&self, message: &ToWorker, payloads: Vec<ArrayBuffer>) {
        self.handle.send(json::write(message), payloads);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.open.fail(&T.worker_gone.into());
    }
}

fn hear(open: &Open, on_news: &dyn Fn(News), message: FromWorker) {
    match message {
        FromWorker::Event(text, payloads) => match json::read(&text) {
            Ok(FromTrainer::Session {
                event: Event::Reply { id, reply },
            }) => {
                if let Some(answer) = open.questions.borrow_mut().remove(&id) {
                    // Whoever asked may have gone.
                    let _ = answer.send(reply.map(|reply| (reply, payloads)));
                }
            }
            Ok(FromTrainer::Session { event }) => on_news(News::Event(Box::new(event))),
            Ok(FromTrainer::File { id, reply }) => {
                if let Some(answer) = open.files.borrow_mut().remove(&id) {
                    let _ = answer.send(reply.map(|reply| (reply, payloads)));
                }
            }
            Err(error) => {
                let message = fill_message(T.internal_message, &[&error]);
                on_news(News::Event(Box::new(Event::Failure { message })));
            }
        },
        FromWorker::Failed(failure) => {
            open.fail(&failure.explain());
            on_news(News::Failed(failure));
        }
    }
}

/// The bytes of a payload.
pub fn bytes_of(payload: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(payload).to_vec()
}
